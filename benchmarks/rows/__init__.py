"""The parts of the table, in its order. Each has ``ROWS``, and ``measure``, which gives one sample of a
task, unless its tasks are another's."""

from __future__ import annotations

from importlib import import_module

from ..model import Row

PARTS = (
    "replay",
    "linear",
    "match_body",
    "miss",
    "opening",
    "open_tiny",
    "import_vcr",
    "record",
    "save",
    "large_body",
    "threads",
)


def rows(parts: tuple[str, ...] = PARTS) -> list[Row]:
    """Those of these parts."""
    return [row for part in parts for row in import_module(f".{part}", __name__).ROWS]
