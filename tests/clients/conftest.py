"""The heart of the conformance suite: ``alike`` runs the same code live, recording and replaying, and compares."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

import vcr
from tests.server import Received, Server
from vcr.cassette import Cassette

from .entries import Client, outcome, params


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch):
    """The clients look into the environment for proxies and certificates."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
            monkeypatch.delenv(name)


@pytest.fixture(params=params())
def client(request) -> type[Client]:
    """Every client in turn; ``@having(...)`` chooses."""
    return request.param


@dataclass
class Seen:
    """What was the same all three ways, and what the cassette made of it.

    ``outcome``: of the code that ran. ``received``: by the server. ``connections``: that it accepted.
    ``cassette``: as it was loaded for the replay.
    """

    outcome: Any
    received: list[Received]
    connections: int
    cassette: Cassette


@pytest.fixture
def alike(client, cassette_path):
    """``alike(server, act, **options)``: ``act(session)``, live, recording, and with the server gone.

    It has to end the same every time; the server has to receive the same bytes over as many connections live and
    recording (``same_bytes=False``: for what a client makes up anew each time); the replay has to use up the cassette.
    """

    def alike(server: Server, act: Callable[[Client], Any], *, same_bytes: bool = True, **options: Any) -> Seen:
        def once() -> Any:
            with client(**options) as session:
                return outcome(lambda: act(session))

        live, sent_live, connections_live = _watched(server, once)
        with vcr.use_cassette(cassette_path):
            recorded, sent, connections = _watched(server, once)
        server.close()
        with vcr.use_cassette(cassette_path, record_mode="none") as cassette:
            replayed = once()
        assert recorded == live
        assert replayed == live
        assert connections == connections_live
        assert len(sent) == len(sent_live)
        if same_bytes:
            assert [request.raw for request in sent] == [request.raw for request in sent_live]
        assert cassette.all_played
        return Seen(live, sent, connections, cassette)

    return alike


def _watched(server: Server, act: Callable[[], Any]) -> tuple[Any, list[Received], int]:
    """``act`` with what the server noticed of it; the server's counts start anew."""
    server.requests.clear()
    before = server.connections
    result = act()
    return result, list(server.requests), server.connections - before


@pytest.fixture
def fails_alike(client, cassette_path):
    """``fails_alike(url, **options)``: the error of a GET, the same live and recording, of which nothing is kept; and
    with ``record_errors`` replayed, unless it is not of a kind that ``is_kept``."""

    def fails_alike(url, *, is_kept=True, **options):
        def act():
            with client(**options) as session:
                return outcome(lambda: session.get(url))

        live = act()
        with vcr.use_cassette(cassette_path) as cassette:
            recorded = act()
        assert recorded == live
        assert len(cassette) == 0
        if "errors" not in client.can:
            return live
        with vcr.use_cassette(cassette_path, record_errors=True) as cassette:
            assert act() == live
        assert bool(cassette) is is_kept
        if is_kept:
            with vcr.use_cassette(cassette_path, record_mode="none") as cassette:
                assert act() == live
            assert cassette.all_played
        return live

    return fails_alike


@pytest.fixture
def three_ways(server, cassette_path):
    """``three_ways(act)``: the one outcome of ``act()``, live, recording, and with the server gone."""

    def three_ways(act):
        live = outcome(act)
        with vcr.use_cassette(cassette_path):
            recorded = outcome(act)
        server.close()
        with vcr.use_cassette(cassette_path, record_mode="none") as cassette:
            replayed = outcome(act)
        assert recorded == live
        assert replayed == live
        assert cassette.all_played
        return live

    return three_ways


@pytest.fixture
def lacks(client, request):
    """``lacks("trailers are not recorded", "httpx")``: a known limit of a client, with which the test has to fail."""

    def lacks(limit: str, *modules: str) -> None:
        if client.module.partition(".")[0] not in modules and client.name not in modules:
            return
        request.applymarker(pytest.mark.xfail(strict=True, reason=f"{client.name}: {limit}"))

    return lacks
