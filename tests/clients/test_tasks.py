"""Concurrent tasks: those inside one cassette share it, in order; those with cassettes of their own stay apart."""

from __future__ import annotations

import asyncio

import pytest

import vcr
from tests.server import EVENTS, TEXT
from vcr.errors import CannotOverwriteExistingCassetteException

from .entries import AsyncClient, params

pytestmark = pytest.mark.parametrize(
    "client", [entry for entry in params() if issubclass(entry.values[0], AsyncClient)], indirect=True
)

MANY = 200


def test_two_hundred_at_once_are_recorded_and_replayed_in_the_order_started(client, server, cassette_path):
    urls = [f"{server.url}/echo?n={number}" for number in range(MANY)]

    async def act(session):
        return await asyncio.gather(*(session.afetch("GET", url) for url in urls))

    # (tornado counts the time in its queue, too, where most of these wait.)
    with vcr.use_cassette(cassette_path) as cassette, client(timeout=200) as session:
        recorded = session.run(act(session))
    started = [request.uri for request in cassette.requests]
    if "overtaking" in client.can:
        started.insert(0, started.pop(started.index(urls[0])))
    assert started == urls
    assert len({result.body for result in recorded}) == server.hits == MANY
    server.close()
    with vcr.use_cassette(cassette_path, record_mode="none") as cassette, client(timeout=200) as session:
        assert session.run(act(session)) == recorded
    assert cassette.all_played


def test_what_finishes_first_does_not_change_the_order(client, server, cassette_path):
    async def act(session):
        slow = asyncio.ensure_future(session.afetch("GET", server.url + "/wait"))
        while not server.hits:
            await asyncio.sleep(0)
        fast = await session.afetch("GET", server.url + "/text")
        server.release()
        return await slow, fast

    server.route("/wait", lambda exchange: (server.await_release(), exchange.respond(body=b"slow")))
    with vcr.use_cassette(cassette_path) as cassette, client() as session:
        session.run(act(session))
    assert [request.path for request in cassette.requests] == ["/wait", "/text"]


def test_tasks_with_cassettes_of_their_own_stay_apart(client, server, tmp_path):
    names = ["a", "b", "c"]

    async def one(session, name, met, mode):
        with vcr.use_cassette(tmp_path / f"{name}.yaml", record_mode=mode) as cassette:
            await met.wait()
            bodies = [(await session.afetch("GET", f"{server.url}/echo?{name}={n}")).body for n in range(5)]
        return bodies, [request.uri for request in cassette.requests]

    async def act(session, mode):
        met = asyncio.Barrier(len(names)) if hasattr(asyncio, "Barrier") else _Together(len(names))
        return await asyncio.gather(*(one(session, name, met, mode) for name in names))

    with client() as session:
        recorded = session.run(act(session, "once"))
    for name, (bodies, uris) in zip(names, recorded, strict=True):
        assert uris == [f"{server.url}/echo?{name}={n}" for n in range(5)]
        assert len(bodies) == 5
    server.close()
    with client() as session:
        assert session.run(act(session, "none")) == recorded


class _Together:
    """Nobody goes on before so many have come (asyncio.Barrier is of Python 3.11)."""

    def __init__(self, count: int) -> None:
        self._missing, self._all_here = count, asyncio.Event()

    async def wait(self) -> None:
        self._missing -= 1
        if not self._missing:
            self._all_here.set()
        await self._all_here.wait()


@pytest.mark.parametrize("path", ["/silent", "/sse"])
def test_a_cancelled_request_leaves_the_cassette_whole(path, client, server, cassette_path):
    server.route("/silent", lambda exchange: server.await_release())

    async def act(session):
        before = server.hits
        task = asyncio.ensure_future(session.afetch("GET", server.url + path))
        while server.hits == before:
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return await session.afetch("GET", server.url + "/text")

    with client() as session:
        with vcr.use_cassette(cassette_path):
            assert session.run(act(session)).body == TEXT
        server.release(len(EVENTS) + 1)
    server.close()
    with vcr.use_cassette(cassette_path, record_mode="none") as cassette, client() as session:
        assert session.run(session.afetch("GET", server.url + "/text")).body == TEXT
    complete = [request.path for request, response in cassette.data if not {"incomplete", "error"} & response.keys()]
    assert complete == ["/text"]


def test_a_refusal_reaches_the_task_that_made_the_request(client, server, cassette_path):
    async def act(session):
        return await asyncio.gather(
            session.afetch("GET", server.url + "/text"),
            session.afetch("GET", server.url + "/unknown"),
            return_exceptions=True,
        )

    with vcr.use_cassette(cassette_path), client() as session:
        session.get(server.url + "/text")
    with vcr.use_cassette(cassette_path, record_mode="none") as cassette, client() as session:
        known, unknown = session.run(act(session))
    assert known.body == TEXT
    assert isinstance(unknown, CannotOverwriteExistingCassetteException)
    assert [request.path for request in cassette.refused] == ["/unknown"]
    assert server.hits == 1
