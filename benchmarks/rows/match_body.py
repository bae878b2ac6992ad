"""Replay with bodies that must match: 10 KB of JSON each, every one to the same URL."""

from __future__ import annotations

import http.client
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ..cassettes import ORIGIN, payload
from ..clock import Clock
from ..model import BETAMAX, FLOOR, OURS, VCRPY, Limit, Row, Stored, Task

if TYPE_CHECKING:
    from ..bench import Bench

_REQUESTS, _ENOUGH = 200, 10.0  # spread over the cassette; seconds
_HEADERS = {"Content-Type": "application/json"}

ROWS = (
    Row(
        "match_on body, 10 KB JSON, one of 2,000",
        Task("match_body", (("count", 2000),), Stored("bodies", 2000)),
        "ms",
        (OURS, VCRPY, BETAMAX, FLOOR),
        (Limit(2),),
    ),
)


def _post(session: Any, body: bytes) -> None:
    if session is not None:
        session.post(f"{ORIGIN}/items", data=body, headers=_HEADERS)
        return
    connection = http.client.HTTPConnection(urlsplit(ORIGIN).netloc)
    connection.request("POST", "/items", body=body, headers=_HEADERS)
    connection.getresponse().read()
    connection.close()


def measure(bench: Bench, count: int) -> dict[str, float]:
    """``cpu``: for one request, after the first, when the cassette has been read. The floor makes the JSON canonical,
    once, and no request."""
    numbers = range(0, count, max(1, count // _REQUESTS))
    first, *bodies = (payload(number, 10_000).encode() for number in numbers)
    session = bench.session()
    clock = Clock()
    made = 0
    with bench.open(bench.stored, session, match_body=True):
        if not bench.is_floor:
            _post(session, first)
        for body in bodies:
            with clock:
                json.dumps(json.loads(body), sort_keys=True) if bench.is_floor else _post(session, body)
            made += 1
            if clock.cpu > _ENOUGH:
                break
    return {"cpu": clock.cpu / made}
