"""The demo's outcomes as text: the cells of a table, what is to be said below it, and the exit status."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .demo import Outcome

TITLE = "Recorded, server stopped, replayed"
COLUMNS = ("client", "version", "recorded", "replayed", "server hits\n(rec./replay)", "same?")


def cells(outcome: Outcome) -> tuple[str, ...]:
    """The row of one client."""
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


def remarks(outcomes: Sequence[Outcome]) -> Iterable[str]:
    """What went wrong, a line for each client, and one sentence."""
    wrong = [outcome for outcome in outcomes if not outcome.fine]
    for outcome in wrong:
        if outcome.failure is not None:
            yield f"{outcome.client.name}, {outcome.failure}"
    if wrong:
        yield f"Not replayed as recorded: {', '.join(outcome.client.name for outcome in wrong)}."
    else:
        yield "Every client saw the same on replay, and no request reached the server."


def status(outcomes: Iterable[Outcome]) -> int:
    """The exit status: 0 when everything was replayed as recorded, else 1."""
    return 0 if all(outcome.fine for outcome in outcomes) else 1


def plain(outcomes: Sequence[Outcome]) -> str:
    """Table and remarks in plain text."""
    rows = [[name.replace("\n", " ") for name in COLUMNS], *map(cells, outcomes)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["| " + " | ".join(map(str.ljust, row, widths)) + " |" for row in rows]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([TITLE, "", lines[0], rule, *lines[1:], "", *remarks(outcomes), ""])
