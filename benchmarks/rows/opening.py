"""Open a cassette, to the first response: here that of the interaction in its middle."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import TYPE_CHECKING

from ..cassettes import uri
from ..clock import Clock, peak
from ..model import BETAMAX, CASSETTER, FLOOR, OURS, VCRPY, Limit, Row, Stored, Task, at_most

if TYPE_CHECKING:
    from ..bench import Bench


def _task(kind: str, count: int, serializer: str = "yaml", *, rest: bool = False) -> Task:
    return Task("opening", (("count", count), ("rest", rest)), Stored(kind, count, serializer))


_LARGE, _JSON, _WHOLE = _task("text", 10_000), _task("text", 10_000, "json"), _task("text", 10_000, rest=True)

ROWS = (
    Row("open 10 MB of YAML, to the first response", _LARGE, "s", (OURS, VCRPY, FLOOR), (at_most(0.07),)),
    Row("… memory of the process", _LARGE, "MB", (OURS, VCRPY, FLOOR), (at_most(90),), "peak"),
    Row("… then every other response", _WHOLE, "s", (OURS,), (at_most(0.8),), "rest"),
    Row("open 10 MB of JSON, to the first response", _JSON, "s", (OURS, VCRPY, BETAMAX, FLOOR), (Limit(2),)),
    Row(
        "open 1,000 interactions, to the first response",
        _task("json", 1000),
        "ms",
        (OURS, VCRPY, BETAMAX, CASSETTER),
        (Limit(1, CASSETTER),),
    ),
)


def measure(bench: Bench, count: int, rest: bool) -> dict[str, float]:
    """``cpu``: to the first response; ``peak``: the process's memory by then; ``rest``: what all the others take.
    The floor reads the file, and parses it if it is JSON."""
    bench.warm_up()
    clock = Clock()
    session = bench.session()
    numbers = list(range(count))
    first = numbers.pop(count // 2)
    with ExitStack() as inside:
        with clock:
            if bench.is_floor:
                text = bench.stored.read_text()
                _ = json.loads(text) if bench.stored.suffix == ".json" else text
            else:
                inside.enter_context(bench.open(bench.stored, session))
                bench.get([uri(first)], session)
        sample = {"cpu": clock.cpu, "peak": float(peak())}
        if rest:
            sample["rest"] = bench.get([uri(number) for number in numbers], session)
    return sample
