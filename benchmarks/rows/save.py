"""Save a cassette of 4,000 interactions of 1 KB."""

from __future__ import annotations

from contextlib import ExitStack
from importlib import import_module
from typing import TYPE_CHECKING, Any

from .. import cassettes
from ..clock import Clock
from ..model import BETAMAX, CASSETTER, FLOOR, OURS, VCRPY, Limit, Row, Stored, Task
from ..server import serving

if TYPE_CHECKING:
    from ..bench import Bench


def _task(serializer: str) -> Task:
    return Task("save", (("count", 4000), ("serializer", serializer)))


ROWS = (
    Row("save 4,000 as YAML", _task("yaml"), "s", (OURS, VCRPY, CASSETTER, FLOOR), (Limit(1.2), Limit(0.5, VCRPY))),
    Row("save 4,000 as JSON", _task("json"), "s", (OURS, VCRPY, BETAMAX, FLOOR), (Limit(1.2),)),
)


def measure(bench: Bench, count: int, serializer: str) -> dict[str, float]:
    """``cpu``: leaving the cassette. The floor writes the same by the serializer alone."""
    path = bench.directory / f"saved.{serializer}"
    clock = Clock()
    if bench.is_floor:
        content = cassettes.data(Stored("json", count), serializer)
        with clock:
            path.write_text(cassettes.dump(content, serializer))
        return {"cpu": clock.cpu}
    session = bench.session()
    with serving() as origin, ExitStack() as inside:
        cassette = inside.enter_context(bench.open(path, session, mode="once"))
        if bench.contender in (OURS, VCRPY):
            _append(cassette, count)
        else:
            bench.get([f"{origin}/items/{number}" for number in range(count)], session)
        with clock:
            inside.close()
    return {"cpu": clock.cpu}


def _append(cassette: Any, count: int) -> None:
    new = import_module("vcr.request").Request
    for interaction in cassettes.data(Stored("json", count), "yaml")["interactions"]:
        request, response = interaction["request"], interaction["response"]
        body = {"string": response["body"]["string"].encode()}
        cassette.append(new("GET", request["uri"], None, request["headers"]), response | {"body": body})
