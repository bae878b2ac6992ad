"""The commands where click or rich is not installed. What a command does is another module's."""

from __future__ import annotations

import argparse
import sys

from .. import __version__
from . import clients, demo, report


def cli(prog_name: str) -> None:
    """Run the command that the arguments of the program name. Exits with its status."""
    parser = argparse.ArgumentParser(
        prog_name, description="Record the HTTP traffic of any Python program to a file, and replay it."
    )
    parser.add_argument("--version", action="version", version=f"vcr {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    commands.add_parser("demo", help="record with every installed client, stop the server, replay, compare")
    parser.parse_args()
    outcomes = demo.run(clients.CLIENTS)
    sys.stdout.write(report.plain(outcomes))
    raise SystemExit(report.status(outcomes))
