"""What replaying one response costs when the cassette holds more of them, each for the first time. The tasks are those
of ``replay.py``."""

from __future__ import annotations

from ..model import OURS, VCRPY, Limit, Row
from .replay import task

_FEWEST = "replay one of 500, http.client"

ROWS = (
    Row(_FEWEST, task("http.client", 500), "µs", (OURS, VCRPY), metric="first"),
    Row("… of 2,000", task("http.client", 2000), "µs", (OURS, VCRPY), metric="first"),
    Row("… of 8,000", task("http.client", 8000), "µs", (OURS,), metric="first"),
    Row("… of 32,000", task("http.client", 32000), "µs", (OURS,), (Limit(1.2, OURS, row=_FEWEST),), "first"),
)
