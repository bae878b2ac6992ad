"""The command line where click or rich is not installed: the demo, and what to install for the other commands."""

from __future__ import annotations

import argparse
import pkgutil
import sys
from collections.abc import Sequence
from pathlib import Path

from .. import __version__
from . import clients, demo, report
from .status import USAGE


def cli(prog_name: str, missing: Sequence[str]) -> None:
    """Run the command that the arguments of the program name. Exits with its status.

    ``missing``: the packages that the other commands need.
    """
    others = {module.name for module in pkgutil.iter_modules([str(Path(__file__).parent / "commands")])} - {"demo"}
    needed = f"{' and '.join(missing)}, which this Python does not have. Install: pip install 'vcrpy[cli]'"
    parser = argparse.ArgumentParser(
        prog_name,
        description="Record the HTTP traffic of any Python program to a file, and replay it.",
        epilog=f"The other commands ({', '.join(sorted(others))}) need {needed}",
    )
    parser.add_argument("--version", action="version", version=f"vcr {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    commands.add_parser("demo", help="record with every installed client, stop the server, replay, compare")
    if sys.argv[1:2] and sys.argv[1] in others:
        sys.stderr.write(f"{prog_name} {sys.argv[1]} needs {needed}\n")
        raise SystemExit(USAGE)
    parser.parse_args()
    outcomes = demo.run(clients.CLIENTS)
    sys.stdout.write(report.plain(outcomes))
    raise SystemExit(report.status(outcomes))
