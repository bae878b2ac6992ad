"""Room: each recorder, as its user opens a cassette. What is imported here is in that recorder's environment only."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from pathlib import Path
from typing import Any

from .model import BETAMAX, CASSETTER, FLOOR, OURS, VCRPY

#: The clients that a recorder knows, its best-supported first: that one is used where a row asks for no client.
SUPPORTS = {
    OURS: ("http.client", "urllib3", "requests", "httplib2", "httpx", "httpx async", "aiohttp"),
    VCRPY: ("http.client", "urllib3", "requests", "httplib2", "httpx", "httpx async", "aiohttp"),
    BETAMAX: ("requests",),
    CASSETTER: ("urllib3", "requests", "httpx", "httpx async", "aiohttp"),
    FLOOR: ("http.client", "urllib3", "requests", "httplib2", "httpx", "httpx async", "aiohttp"),
}

MODULES = {OURS: "vcr", VCRPY: "vcr", BETAMAX: "betamax", CASSETTER: "cassetter"}


def who_supports(client: str) -> tuple[str, ...]:
    """The contenders that take part in a row about this client."""
    return tuple(contender for contender, clients in SUPPORTS.items() if client in clients)


def _vcr(path: Path, mode: str, _session: Any, match_body: bool) -> AbstractContextManager[Any]:
    import vcr

    options: dict[str, Any] = {"match_on": ["method", "uri", "body"]} if match_body else {}
    if path.suffix == ".json":
        options["serializer"] = "json"
    cassette: AbstractContextManager[Any] = vcr.use_cassette(str(path), record_mode=mode, **options)
    return cassette


def _betamax(path: Path, mode: str, session: Any, match_body: bool) -> AbstractContextManager[Any]:
    betamax = import_module("betamax")  # untyped, and installed in its own environment only

    match_on = ["method", "uri", *(["body"] if match_body else [])]
    recorder = betamax.Betamax(session, cassette_library_dir=str(path.parent))
    cassette: AbstractContextManager[Any] = recorder.use_cassette(path.stem, record=mode, match_requests_on=match_on)
    return cassette


def _cassetter(path: Path, mode: str, _session: Any, match_body: bool) -> AbstractContextManager[Any]:
    cassetter = import_module("cassetter")
    match_on = ["method", "uri", "json_body"] if match_body else None
    cassette: AbstractContextManager[Any] = cassetter.use_cassette(path, record_mode=mode, match_on=match_on)
    return cassette


#: Called with the path, the record mode (``none`` or ``once``, which mean the same to all), the requests.Session (only
#: Betamax needs one) and whether bodies are to match.
OPEN: dict[str, Callable[[Path, str, Any, bool], AbstractContextManager[Any]]] = {
    OURS: _vcr,
    VCRPY: _vcr,
    BETAMAX: _betamax,
    CASSETTER: _cassetter,
    FLOOR: lambda *_: nullcontext(),
}
