"""Record from a server on loopback: what a request costs when so many have been recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..model import BETAMAX, CASSETTER, FLOOR, OURS, VCRPY, Limit, Row, Task
from ..server import serving

if TYPE_CHECKING:
    from ..bench import Bench

_MEASURED = 200  # requests, at the end
_MORE = Limit(at_most=0.1, more=True)


def _row(work: str, client: str, count: int, *contenders: str) -> Row:
    task = Task("record", (("client", client), ("count", count)))
    return Row(work, task, "ms", (OURS, *contenders, FLOOR), (_MORE,))


ROWS = (
    _row("record one when there are 500, http.client", "http.client", 500, VCRPY),
    _row("… 1,000", "http.client", 1000, VCRPY),
    _row("… 4,000", "http.client", 4000),
    _row("record one when there are 500, requests", "requests", 500, VCRPY, BETAMAX, CASSETTER),
)


def measure(bench: Bench, client: str, count: int) -> dict[str, float]:
    """``cpu``: for one of the last requests. The floor makes them with nothing recording."""
    session = bench.session(client)
    with serving() as origin:
        urls = [f"{origin}/items/{number}" for number in range(count + _MEASURED)]
        with bench.open(bench.directory / "new.yaml", session, mode="once"):
            bench.get(urls[:count], session, client=client, live=True)
            cpu = bench.get(urls[count:], session, client=client, live=True)
    return {"cpu": cpu / _MEASURED}
