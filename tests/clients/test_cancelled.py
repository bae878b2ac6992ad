"""What the program gives up: the exchange is kept as cancelled, and its replay waits to be cancelled again."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

import vcr
from tests.server import TEXT
from vcr.errors import NotCancelledError

from .entries import AsyncClient, Raised, having, outcome

pytestmark = having("cancels")


def _stalls(framing: str) -> Callable[[Any], None]:
    """A server that says nothing, only a head, or a head and a part of the body."""

    def handler(exchange: Any) -> None:
        exchange.hang_up()
        if framing == "length":
            exchange.head(200, [("Content-Length", "100")])
            exchange.send(b"only this much")
        elif framing == "chunked":
            exchange.head(200, [("Transfer-Encoding", "chunked")])
            exchange.chunk(b"a chunk")
        elif framing == "events":
            exchange.head(200, [("Content-Type", "text/event-stream")])
            exchange.send(b"data: 1\n\n")
        exchange.server.await_release()

    return handler


STALLS = ["head", "length", "chunked", "events"]

# -- how a program gives up --------------------------------------------------------------------------------------------
# Each starts ``get()``, and gives it up once ``begun`` is set.

Get = Callable[[], Awaitable[Any]]


async def by_wait_for(get: Get, begun: asyncio.Event) -> None:
    task = asyncio.ensure_future(get())
    await begun.wait()
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(task, 0)


async def by_timeout(get: Get, begun: asyncio.Event) -> None:
    async def end() -> None:
        await begun.wait()
        limit.reschedule(asyncio.get_running_loop().time())

    with pytest.raises(TimeoutError):  # noqa: PT012
        async with asyncio.timeout(None) as limit:
            ending = asyncio.ensure_future(end())
            await get()
    await ending


async def by_cancel(get: Get, begun: asyncio.Event) -> None:
    task = asyncio.ensure_future(get())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def by_task_group(get: Get, begun: asyncio.Event) -> None:
    """Another task of the group fails."""

    async def fail() -> None:
        await begun.wait()
        raise LookupError

    with pytest.raises(BaseExceptionGroup):  # noqa: F821, PT012
        async with asyncio.TaskGroup() as group:
            group.create_task(get())
            group.create_task(fail())


async def by_faster_mirror(get: Get, begun: asyncio.Event) -> None:
    slow, fast = asyncio.ensure_future(get()), asyncio.ensure_future(begun.wait())
    _, pending = await asyncio.wait([slow, fast], return_when=asyncio.FIRST_COMPLETED)
    assert pending == {slow}
    slow.cancel()
    await asyncio.wait([slow])


async def by_anyio(get: Get, begun: asyncio.Event) -> None:
    anyio = pytest.importorskip("anyio")

    async def end() -> None:
        await begun.wait()
        scope.cancel()

    with anyio.CancelScope() as scope:
        ending = asyncio.ensure_future(end())
        await get()
    assert scope.cancelled_caught
    await ending


GIVING_UP = [by_wait_for, by_cancel, by_faster_mirror, by_anyio]
if sys.version_info >= (3, 11):
    GIVING_UP += [by_timeout, by_task_group]


async def _read(session: AsyncClient, url: str, came: list[bytes], begun: asyncio.Event) -> None:
    async with session.astream(url) as pieces:
        async for piece in pieces:
            came.append(piece)
            begun.set()


async def _given_up(
    give_up: Callable[[Get, asyncio.Event], Awaitable[None]],
    session: AsyncClient,
    url: str,
    is_asked: Callable[[], bool] | None,
) -> list[bytes]:
    """The pieces that came, before the program gave up: with the first of them, or as soon as the server is asked."""
    came: list[bytes] = []
    begun = asyncio.Event()

    async def watch() -> None:
        while is_asked is not None and not is_asked():
            await asyncio.sleep(0.001)
        if is_asked is not None:
            begun.set()

    watcher = asyncio.ensure_future(watch())
    await give_up(lambda: _read(session, url, came, begun), begun)
    await watcher
    return came


@pytest.mark.parametrize("stalls", STALLS)
@pytest.mark.parametrize("give_up", GIVING_UP)
def test_what_is_given_up_is_given_up_again(give_up, stalls, client, server, cassette_path):
    server.route("/stalls", _stalls(stalls))

    async def act(session: AsyncClient, is_asked: Callable[[], bool]) -> tuple[list[bytes], bytes]:
        came = await _given_up(give_up, session, server.url + "/stalls", is_asked if stalls == "head" else None)
        return came, (await session.afetch("GET", server.url + "/text")).body

    with client() as session:
        live = session.run(act(session, lambda: server.hits == 1))
    with client() as session, vcr.use_cassette(cassette_path):
        assert session.run(act(session, lambda: server.hits == 3)) == live
    with client() as session, vcr.use_cassette(cassette_path, record_mode="none") as cassette:
        assert session.run(act(session, lambda: len(cassette.sent) == 1)) == live
    assert live[1] == TEXT
    assert cassette.all_played
    kinds = [response.get("error", {}).get("kind") for response in cassette.responses]
    assert kinds == ["cancelled", None]
    assert server.hits == 4


@pytest.mark.parametrize("stalls", STALLS)
def test_a_replay_that_is_not_cancelled_says_so(stalls, client, server, monkeypatch, cassette_path):
    for module in ("aiohttp_protocol", "httpx", "httpx_tee", "cancellation"):
        monkeypatch.setattr(f"vcr.stubs.{module}.CANCEL_LIMIT", 0.01)
    server.route("/stalls", _stalls(stalls))

    url = server.url + "/stalls"
    is_asked = (lambda: server.hits == 1) if stalls == "head" else None
    with client() as session, vcr.use_cassette(cassette_path):
        session.run(_given_up(by_wait_for, session, url, is_asked))
    with (
        client() as session,
        vcr.use_cassette(cassette_path, record_mode="none"),
        pytest.raises(NotCancelledError, match="cancelled this request while it was recorded") as raised,
    ):
        session.run(_read(session, url, [], asyncio.Event()))
    assert f"GET {url}" in str(raised.value)


def test_a_time_limit_of_the_clients_own_is_a_failure_and_no_cancellation(client, server, cassette_path):
    with client(timeout=0.2) as session, vcr.use_cassette(cassette_path, record_errors=True) as cassette:
        assert isinstance(outcome(lambda: session.get(server.url + "/silent")), Raised)
    assert [response["error"]["kind"] for response in cassette.responses] == ["timeout"]


@pytest.mark.parametrize("module", ["httpx", "httpx2"])
@pytest.mark.parametrize("stalls", STALLS)
def test_a_scope_of_trio_that_ends(stalls, module, client, server, cassette_path):
    if client.module != module:
        pytest.skip("it is no client of trio's")
    trio, httpx = pytest.importorskip("trio"), pytest.importorskip(module)
    server.route("/stalls", _stalls(stalls))

    async def act(is_asked: Callable[[], bool]) -> tuple[list[bytes], bytes]:
        came: list[bytes] = []

        async def end() -> None:
            while not (is_asked() if stalls == "head" else came):
                await trio.sleep(0.001)
            scope.cancel()

        async with httpx.AsyncClient() as session, trio.open_nursery() as nursery:
            with trio.CancelScope() as scope:
                nursery.start_soon(end)
                async with session.stream("GET", server.url + "/stalls") as response:
                    async for piece in response.aiter_raw():
                        came.append(piece)
            assert scope.cancelled_caught
            return came, (await session.get(server.url + "/text")).content

    live = trio.run(act, lambda: server.hits == 1)
    with vcr.use_cassette(cassette_path):
        assert trio.run(act, lambda: server.hits == 3) == live
    with vcr.use_cassette(cassette_path, record_mode="none") as cassette:
        assert trio.run(act, lambda: len(cassette.sent) == 1) == live
    assert cassette.all_played
    assert server.hits == 4
