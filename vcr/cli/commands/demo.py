"""``vcr demo``: shows what the demo has found. What the demo does is another module's."""

from __future__ import annotations

from collections.abc import Sequence

import click

from .. import clients, demo, reading, report


@click.command("demo", short_help="Record and replay with every installed client.", epilog="Example: vcr demo")
def command() -> int:
    """Record with every installed client, stop the server, replay, compare.

    A server on 127.0.0.1 is all that is talked to, and a temporary directory all that is written to. The exit status
    is 1 when a client sees anything else on replay than while recording, or when one of its requests gets out.
    """
    outcomes = demo.run(clients.CLIENTS, lambda found, word: reading.shown_progress(found, word, many=1))
    _show(outcomes)
    return report.status(outcomes)


def _show(outcomes: Sequence[demo.Outcome]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    table = Table(*report.COLUMNS, title=report.TITLE)
    for outcome in outcomes:
        table.add_row(*report.cells(outcome), style=None if outcome.fine else "red")
    console.print(table)
    for remark in report.remarks(outcomes):
        console.print(Text(remark), soft_wrap=True)
