"""Replay a 1 KB JSON response from each of so many URLs, in order; the cassette is open before."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from ..cassettes import uri
from ..model import CASSETTER, FLOOR, OURS, VCRPY, Limit, Row, Stored, Task
from ..recorders import who_supports

if TYPE_CHECKING:
    from ..bench import Bench

_PASSES, _ENOUGH = 4, 10.0  # seconds


_LIMITS = {
    "http.client": (Limit(1.6),),
    "urllib3": (Limit(1.4),),
    "requests": (Limit(1.25), Limit(1.5, CASSETTER)),
    "httplib2": (Limit(1.6),),
    "httpx": (Limit(1.4),),
    "httpx async": (Limit(1.4),),
    "aiohttp": (Limit(1.7),),
}


def task(client: str, count: int) -> Task:
    """So many, by this client."""
    return Task("replay", (("client", client), ("count", count)), Stored("json", count))


ROWS = (
    *(
        Row(f"replay one of 200, {client}", task(client, 200), "µs", who_supports(client), limits)
        for client, limits in _LIMITS.items()
    ),
    Row("… the first time, http.client", task("http.client", 200), "µs", (OURS, VCRPY, FLOOR), metric="first"),
)


def measure(bench: Bench, client: str, count: int) -> dict[str, float]:
    """``cpu``: for one request, the cassette not being opened for the first time; ``first``: then, which with some
    recorders takes reading what is replayed."""
    bench.warm_up(client)
    urls = [uri(number) for number in range(count)]
    times: list[float] = []
    while len(times) < _PASSES and sum(times) < _ENOUGH:
        session = bench.session(client)
        with bench.open(bench.stored, session):
            times.append(bench.get(urls, session, client=client))
    return {"cpu": median(times[1:] or times) / count, "first": times[0] / count}
