"""A request that matches nothing of 5,000 interactions: refused, and told why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..cassettes import ORIGIN
from ..clock import Clock
from ..model import BETAMAX, CASSETTER, OURS, VCRPY, Row, Stored, Task, at_most

if TYPE_CHECKING:
    from ..bench import Bench

_MISSES = 10
_TASK = Task("miss", stored=Stored("text", 5000))
_WHO = (OURS, VCRPY, BETAMAX, CASSETTER)

ROWS = (
    Row("a miss among 5,000, its message unread", _TASK, "ms", _WHO, (at_most(0.2),)),
    Row("a miss among 5,000, its message read", _TASK, "ms", _WHO, (at_most(60),), "told"),
)


def measure(bench: Bench) -> dict[str, float]:
    """``cpu``: until the error is raised; ``told``: until it has been read, too."""
    raised, told = Clock(), Clock()
    session = bench.session()
    with bench.open(bench.stored, session):
        for number in range(_MISSES + 1):
            if number == 1:  # the first has warmed up
                raised, told = Clock(), Clock()
            refusal: Exception | None = None
            with raised:
                try:
                    bench.get([f"{ORIGIN}/not-there/{number}"], session)
                except Exception as error:  # noqa: BLE001  (each recorder has its own)
                    refusal = error
            if refusal is None:
                raise AssertionError("a request that is not in the cassette was answered")
            with told:
                str(refusal)
    return {"cpu": raised.cpu / _MISSES, "told": (raised.cpu + told.cpu) / _MISSES}
