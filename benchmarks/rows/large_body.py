"""A body of 100 MB, read in pieces by the client: replayed from a cassette, and recorded into one."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ..cassettes import uri
from ..clock import Clock, peak
from ..model import BETAMAX, CASSETTER, FLOOR, OURS, VCRPY, Limit, Row, Stored, Task, at_most
from ..server import serving

if TYPE_CHECKING:
    from ..bench import Bench

_PIECE = 65536
_REPLAY = Task("large_body", stored=Stored("binary", 100))
_RECORD = Task("large_body", (("count", 100),))
_SIZE = "x its size"
_REPLAYING = (OURS, VCRPY, BETAMAX, FLOOR)  # cassetter 0.16.1 refuses the file
_RECORDING = (OURS, VCRPY, CASSETTER, FLOOR)  # Betamax 0.9.0 raises IncompleteRead: it counts the bytes twice

ROWS = (
    Row("replay a body of 100 MB", _REPLAY, "s", _REPLAYING, (Limit(1.1),)),
    Row("… memory", _REPLAY, _SIZE, _REPLAYING, (at_most(1.5),), "memory"),
    Row("record a body of 100 MB, and save", _RECORD, "s", _RECORDING, (at_most(1.2),)),
    Row("… memory", _RECORD, _SIZE, _RECORDING, (at_most(2.5),), "memory"),
)


def measure(bench: Bench, count: int | None = None) -> dict[str, float]:
    """``cpu``; ``memory``: how much the process has grown, in sizes of the body. ``count``: megabytes to record, or
    None to replay what is stored. The floor decodes the base64 that is in the file; recording, it is not recorded."""
    bench.warm_up()
    clock = Clock()
    before = peak()
    if count is not None:
        with serving() as origin, clock:
            size = _visit(bench, f"{origin}/megabytes/{count}", "once")
    elif bench.is_floor:
        with clock:
            encoded = bench.stored.read_text().partition("!!binary |\n")[2].partition("\n    headers:")[0]
            size = len(base64.b64decode(encoded))
    else:
        with clock:
            size = _visit(bench, uri(0), "none")
    return {"cpu": clock.cpu, "memory": (peak() - before) / size}


def _visit(bench: Bench, url: str, mode: str) -> int:
    session = bench.session()
    path = bench.stored if mode == "none" else bench.directory / "new.yaml"
    with bench.open(path, session, mode=mode):
        return _read(bench.client, url, session)


def _read(client: str, url: str, session: Any) -> int:
    if client == "requests":
        return sum(map(len, session.get(url, stream=True).iter_content(_PIECE)))
    if client == "urllib3":
        import urllib3

        return sum(map(len, urllib3.PoolManager().request("GET", url, preload_content=False).stream(_PIECE)))
    from http.client import HTTPConnection

    parts = urlsplit(url)
    connection = HTTPConnection(parts.netloc)
    connection.request("GET", f"{parts.path}?{parts.query}" if parts.query else parts.path)
    response = connection.getresponse()
    size = sum(map(len, iter(lambda: response.read(_PIECE), b"")))
    connection.close()
    return size
