"""Open and close a cassette of one interaction, and ask it nothing."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..clock import Clock
from ..model import CONTENDERS, Limit, Row, Stored, Task, at_most

if TYPE_CHECKING:
    from ..bench import Bench

_TASK = Task("open_tiny", (("count", 200),), Stored("json", 1))

_SETTLED = 2.1  # seconds: a suite's files were not written just now

ROWS = (
    Row("open and close a tiny cassette", _TASK, "ms", CONTENDERS, (Limit(1.3),)),
    Row("… that was open before", _TASK, "ms", CONTENDERS, (at_most(0.05),), "again"),
)


def measure(bench: Bench, count: int) -> dict[str, float]:
    """``cpu``: each file for the first time; ``again``: one of them, over and over. The floor parses the file."""
    copies = [bench.directory / f"{number}{bench.stored.suffix}" for number in range(count)]
    for copy in copies:
        shutil.copy(bench.stored, copy)
    bench.warm_up()
    time.sleep(_SETTLED)
    _open(bench, [bench.tiny])
    return {"cpu": _open(bench, copies), "again": _open(bench, copies[:1] * count)}


def _open(bench: Bench, paths: Sequence[Path]) -> float:
    clock = Clock()
    session = bench.session()
    if bench.is_floor:
        import yaml

        with clock:
            for path in paths:
                yaml.load(path.read_text(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    else:
        with clock:
            for path in paths:
                with bench.open(path, session):
                    pass
    return clock.cpu / len(paths)
