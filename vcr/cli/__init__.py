"""The command line, a face: it uses the library as any program does, and no other room uses it.

This file knows no command: it chooses between the command line of click and rich, and the plain one without them.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from io import TextIOWrapper

OPTIONAL = ("click", "rich")


def main(prog_name: str = "vcr") -> None:
    """Run the command line. ``prog_name``: what the user typed to start it."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A cassette may hold any character; the encoding of the output need not know it.
            stream.reconfigure(errors="backslashreplace")
    missing = [name for name in OPTIONAL if find_spec(name) is None]
    if missing:
        from .plain import cli as plain

        plain(prog_name, missing)
    else:
        from .commands import cli

        cli(prog_name=prog_name)
