"""Eight threads, 2,000 requests in one cassette."""

from __future__ import annotations

from contextvars import copy_context
from threading import Thread
from typing import TYPE_CHECKING

from ..cassettes import uri
from ..clock import Clock
from ..model import CASSETTER, OURS, VCRPY, Limit, Row, Stored, Task, at_most

if TYPE_CHECKING:
    from ..bench import Bench


def _task(threads: int) -> Task:
    return Task("threads", (("count", 2000), ("threads", threads)), Stored("text", 2000))


_ALONE = "2,000 requests of 1 thread"
_WHO = (OURS, VCRPY, CASSETTER)

ROWS = (
    Row(_ALONE, _task(1), "s", (OURS, CASSETTER)),
    Row("… of 8 threads", _task(8), "s", _WHO, (Limit(1.3, OURS, row=_ALONE),)),
    Row("… how many get no answer", _task(8), "lost", _WHO, (at_most(0),), "lost"),
)


def measure(bench: Bench, count: int, threads: int) -> dict[str, float]:
    """``cpu``: for all; ``lost``: how many requests had no answer."""
    bench.warm_up()
    answered: list[int] = []

    def work(numbers: range) -> None:
        for number in numbers:
            try:
                bench.get([uri(number)])
            except Exception:  # noqa: BLE001  (it counts as lost)
                continue
            answered.append(number)

    clock = Clock()
    with bench.open(bench.stored):
        # cassetter's users hand the context on.
        shares = [range(first, count, threads) for first in range(threads)]
        workers = [Thread(target=copy_context().run, args=(work, share)) for share in shares]
        with clock:
            for worker in workers:
                worker.start()
            for worker in workers:
                worker.join()
    return {"cpu": clock.cpu, "lost": float(count - len(answered))}
