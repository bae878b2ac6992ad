"""Room: the command line, a face: it uses the library as any program does, and no other room uses it.

This file knows no command, so that it can say what is missing when click or rich is.
"""

from __future__ import annotations

import sys

NEEDED = ("click", "rich")


def main() -> None:
    """Run the command line. Exits with status 2 and one sentence when click or rich is not installed."""
    try:
        from .commands import cli
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in NEEDED:
            raise
        sys.stderr.write('The command line needs click and rich; install them with: pip install "vcrpy[cli]"\n')
        raise SystemExit(2) from None
    cli(prog_name="python -m vcr")
