"""The commands, with click and rich: their options and exit statuses. What a command does is another module's."""

from __future__ import annotations

from collections.abc import Sequence

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from .. import __version__
from . import clients, demo, report


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="vcr %(version)s")
def cli() -> None:
    """Record the HTTP traffic of any Python program to a file, and replay it."""


@cli.command("demo")
@click.pass_context
def demo_command(context: click.Context) -> None:
    """Record with every installed client, stop the server, replay, compare.

    A server on 127.0.0.1 is all that is talked to, and a temporary directory all that is written to. The exit status
    is 1 when a client sees anything else on replay than while recording, or when one of its requests gets out.
    """
    outcomes = demo.run(clients.CLIENTS)
    _show(outcomes, Console())
    context.exit(report.status(outcomes))


def _show(outcomes: Sequence[demo.Outcome], console: Console) -> None:
    table = Table(*report.COLUMNS, title=report.TITLE)
    for outcome in outcomes:
        table.add_row(*report.cells(outcome), style=None if outcome.fine else "red")
    console.print(table)
    for remark in report.remarks(outcomes):
        console.print(Text(remark), soft_wrap=True)
