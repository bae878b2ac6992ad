"""Room: the demo's outcomes as a table. It runs nothing."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from .demo import Outcome

COLUMNS = ("client", "version", "recorded", "replayed", "server hits\n(rec./replay)", "same?")


def show(outcomes: Sequence[Outcome], console: Console) -> None:
    """Print the table, what went wrong, and one sentence."""
    table = Table(*COLUMNS, title="Recorded, server stopped, replayed")
    for outcome in outcomes:
        table.add_row(*_cells(outcome), style=None if outcome.fine else "red")
    console.print(table)
    wrong = [outcome for outcome in outcomes if not outcome.fine]
    for outcome in wrong:
        if outcome.failure is not None:
            console.print(Text(f"{outcome.client.name}, {outcome.failure}"), soft_wrap=True)
    console.print(Text(_sentence(wrong)), soft_wrap=True)


def _cells(outcome: Outcome) -> tuple[str, ...]:
    recording, replay = outcome.recording, outcome.replay
    if recording is None or replay is None:
        return outcome.client.name, "not installed", "", "", "", ""
    return (
        outcome.client.name,
        str(outcome.version),
        str(recording.count),
        str(replay.count),
        f"{recording.hits} / {replay.hits}",
        "yes" if outcome.same else "NO",
    )


def _sentence(wrong: Sequence[Outcome]) -> str:
    if not wrong:
        return "Every client saw the same on replay, and no request reached the server."
    return f"Not replayed as recorded: {', '.join(outcome.client.name for outcome in wrong)}."
