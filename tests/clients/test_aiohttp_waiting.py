"""aiohttp: a body that waits for the response, tasks that wait for the same response, and ``get_extra_info``."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import pytest

import vcr
from vcr.errors import CannotOverwriteExistingCassetteException

from .entries.aiohttp import VERSION

aiohttp = pytest.importorskip("aiohttp")


# -- both ways at once -------------------------------------------------------------------------------------------------


@asynccontextmanager
async def _duplex_server():
    """A server that responds when it has the first piece of a body, and sends back what comes after that."""

    async def talk(reader, writer):
        try:
            await reader.readuntil(b"first\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ngot\r\n")
            rest = await reader.readuntil(b"0\r\n\r\n")
            writer.write(b"%x\r\n%b\r\n0\r\n\r\n" % (len(rest), rest))
            await writer.drain()
        finally:
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"


async def _converse(session, url):
    """Send a first piece, wait for the head and the first piece of the response, send a second piece, read the rest."""
    answered = asyncio.Event()

    async def body():
        yield b"first"
        await answered.wait()
        yield b"second"

    async with session.post(url, data=body()) as response:
        came = [response.status, await response.content.readexactly(3)]
        answered.set()
        return [*came, await response.read()]


def test_a_body_that_waits_for_the_answer_is_sent_while_it_is_made(monkeypatch, cassette_path):
    for name in ("STALL_LIMIT", "STALL_LIMIT_WHEN_NEW"):
        monkeypatch.setattr(f"vcr.stubs.aiohttp_protocol.{name}", 0.05)

    async def act(url=None):
        async with aiohttp.ClientSession() as session:
            if url is not None:
                return await _converse(session, url)
            async with _duplex_server() as here:
                live = await _converse(session, here)
                with vcr.use_cassette(cassette_path) as cassette:
                    assert await _converse(session, here) == live
                return live, cassette

    live, cassette = asyncio.run(act())
    assert live == [200, b"got", b"6\r\nsecond\r\n0\r\n\r\n"]
    (request,) = cassette.requests
    assert request.body == b"firstsecond"
    with vcr.use_cassette(cassette_path, record_mode="none") as cassette:
        assert asyncio.run(act(request.uri)) == live
    assert cassette.all_played


def test_a_body_that_waits_for_an_answer_which_is_not_there_is_refused(monkeypatch, cassette_path):
    monkeypatch.setattr("vcr.stubs.aiohttp_protocol.STALL_LIMIT_WHEN_NEW", 0.05)

    async def act():
        async with aiohttp.ClientSession() as session:
            return await _converse(session, "http://127.0.0.1:1/")

    with vcr.use_cassette(cassette_path, record_mode="none"), pytest.raises(CannotOverwriteExistingCassetteException):
        asyncio.run(act())


# -- what waits beside the reader --------------------------------------------------------------------------------------


@pytest.mark.parametrize("read", ["read", "readany", "readline", "readexactly", "iter_chunks"])
@pytest.mark.parametrize("path", ["/chunked", "/text", "/until-close/1.1", "/gzip"])
def test_one_task_reads_while_another_waits_for_the_end(path, read, server, three_ways):
    async def all_of(content):
        if read == "iter_chunks":
            return b"".join([piece async for piece, _ in content.iter_chunks()])
        if read == "readexactly":
            return await content.readexactly(2) + await content.read()
        came = bytearray()
        while piece := await getattr(content, read)():
            came += piece
        return bytes(came)

    async def act():
        async with aiohttp.ClientSession() as session, session.get(server.url + path) as response:
            end = asyncio.ensure_future(response.content.wait_eof())
            body = await all_of(response.content)
            await end
            return body

    assert three_ways(lambda: asyncio.run(act()))


def test_a_connection_answers_what_it_knows_of_itself(server, cassette_path):
    """The same live and recording. On replay every answer is None, and nothing raises."""
    names = ("peername", "sockname", "socket", "ssl_object", "peercert", "cipher", "compression", "sslcontext", "else")

    async def act():
        async with aiohttp.ClientSession() as session, session.get(server.url + "/bytes/3000000") as response:
            transport = response.connection.transport
            return {name: transport.get_extra_info(name) is not None for name in names}, await response.read()

    live, _ = asyncio.run(act())
    assert live["peername"]
    with vcr.use_cassette(cassette_path):
        assert asyncio.run(act())[0] == live
    if VERSION >= (3, 10):  # before, the response has no connection once all of it has come, as on replay
        with vcr.use_cassette(cassette_path, record_mode="none"):
            assert not any(asyncio.run(act())[0].values())
