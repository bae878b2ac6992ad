"""The command line, a face: it uses the library as any program does, and no other room uses it.

This file knows no command: it chooses between the command line of click and rich, and the plain one without them.
"""

from __future__ import annotations

OPTIONAL = ("click", "rich")


def main() -> None:
    """Run the command line."""
    try:
        from .commands import cli
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in OPTIONAL:
            raise
        from .plain import cli as plain

        plain("python -m vcr")
    else:
        cli(prog_name="python -m vcr")
