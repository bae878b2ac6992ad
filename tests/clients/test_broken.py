"""A response that breaks off: its replay ends as the recording did, or nothing of it is kept."""

from __future__ import annotations

import asyncio
import http.client
import socket
from contextlib import closing

import pytest

import vcr
from tests.server import EVENTS

from .entries import AsyncClient, Raised, body_of, having, outcome

FRAMES = {
    "length": [("Content-Length", "100")],
    "chunked": [("Transfer-Encoding", "chunked")],
    "nothing": [("Connection", "close")],
}


def _breaking(frame, end):
    """A handler that sends a part of a body, framed by ``frame``, and then ``end``s the connection, or is silent."""

    def handler(exchange):
        exchange.head(200, FRAMES[frame])
        exchange.send(b"4\r\npart\r\n8\r\npart" if frame == "chunked" else b"part")
        if end == "silence":
            exchange.server.await_release()
        elif end == "reset":
            exchange.reset()
        else:
            exchange.hang_up()

    return handler


def _kind(result):
    return result.kind if isinstance(result, Raised) else type(result)


def _limit(client, end):
    """Seconds. tornado does not notice a reset: it waits until its time is up."""
    return 1 if end == "reset" and client.name == "tornado" else 2


BREAKS = [(frame, end) for frame in FRAMES for end in ("close", "reset")] + [("length", "silence")]


@pytest.mark.parametrize("record_errors", [False, True])
@pytest.mark.parametrize(("frame", "end"), BREAKS)
def test_a_replay_ends_as_the_recording_did(  # noqa: PLR0917
    frame, end, record_errors, client, server, cassette_path
):
    def act():
        with client(timeout=0.3 if end == "silence" else _limit(client, end)) as session:
            return outcome(lambda: session.get(server.url + "/breaks"))

    server.route("/breaks", _breaking(frame, end))
    live = act()
    with vcr.use_cassette(cassette_path, record_errors=record_errors) as cassette:
        recorded = act()
        kept = len(cassette)
    if end != "reset":  # (it is chance how much a client sees before a reset)
        assert _kind(recorded) is _kind(live)
    if end == "close":
        assert kept == 1  # the framing tells that it is not whole, and without any it is
    if not kept:
        hits = server.hits
        with vcr.use_cassette(cassette_path):
            act()
        assert server.hits > hits  # the next run asks the server again
        return
    server.close()
    with vcr.use_cassette(cassette_path, record_mode="none") as cassette:
        assert _kind(act()) is _kind(recorded)
    assert cassette.play_count


@having("streams")
@pytest.mark.parametrize("record_errors", [False, True])
@pytest.mark.parametrize("frame", FRAMES)
def test_a_reset_is_no_end_of_a_body(frame, record_errors, client, server, cassette_path):
    def resets(exchange):
        exchange.head(200, FRAMES[frame])
        exchange.send(b"4\r\npart\r\n8\r\npart" if frame == "chunked" else b"part")
        exchange.server.await_release()
        exchange.reset()

    def act():
        with client(timeout=_limit(client, "reset")) as session, session.stream(server.url + "/resets") as pieces:
            next(pieces)
            server.release()
            return _kind(outcome(lambda: list(pieces)))

    server.route("/resets", resets)
    live = act()
    with vcr.use_cassette(cassette_path, record_errors=record_errors) as cassette:
        assert act() == live
    if len(cassette):
        server.close()
        with vcr.use_cassette(cassette_path, record_mode="none"):
            assert act() == live


def _reads_until_it_is_cancelled(client, url):
    """Reads a stream in a task that is cancelled while it waits for the second piece."""

    async def read(session, seen):
        async with session.astream(url) as pieces:
            async for _ in pieces:
                seen.set()

    async def act(session):
        seen = asyncio.Event()
        task = asyncio.ensure_future(read(session, seen))
        await seen.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with client() as session:
        session.run(act(session))


@having("streams")
@pytest.mark.parametrize("record_errors", [False, True])
@pytest.mark.parametrize("frame", FRAMES)
def test_a_task_cancelled_while_it_waits_for_the_body_is_so_on_replay(
    frame, record_errors, client, server, cassette_path
):
    if not issubclass(client, AsyncClient):
        pytest.skip("it has no tasks")
    if client.name.startswith("tornado"):
        pytest.skip("cancelling a fetch does not stop it, with a cassette or without")
    server.route("/breaks", _breaking(frame, "silence"))
    for mode in ("once", "none"):
        with vcr.use_cassette(cassette_path, record_mode=mode, record_errors=record_errors) as cassette:
            _reads_until_it_is_cancelled(client, server.url + "/breaks")
        assert [response["error"]["kind"] for response in cassette.responses] == ["cancelled"]
        assert server.hits == 1
        server.release()
    assert cassette.all_played


@having("streams")
def test_an_event_stream_whose_reader_is_cancelled_is_kept_as_far_as_it_went(client, server, cassette_path):
    if not issubclass(client, AsyncClient) or client.name.startswith("tornado"):
        pytest.skip("it has no tasks to cancel")
    server.release()
    with vcr.use_cassette(cassette_path) as cassette:
        _reads_until_it_is_cancelled(client, server.url + "/sse/until-close")
    (response,) = cassette.responses
    assert (response["incomplete"], body_of(response)) == (True, EVENTS[0])


@pytest.mark.parametrize("frame", FRAMES)
def test_an_interrupt_in_the_middle_of_the_body_leaves_no_trace(frame, server, cassette_path, monkeypatch):
    class Interrupted(socket.socket):
        def recv_into(self, *args):
            if has_begun:
                raise KeyboardInterrupt
            return super().recv_into(*args)

    has_begun = False
    server.route("/breaks", _breaking(frame, "silence"))
    with (
        vcr.use_cassette(cassette_path) as cassette,
        monkeypatch.context() as sockets,
        closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)) as connection,
    ):
        sockets.setattr(socket, "socket", Interrupted)
        connection.request("GET", "/breaks")
        response = connection.getresponse()
        assert response.read(1) == b"p"
        has_begun = True
        with pytest.raises(KeyboardInterrupt):
            response.read()
        response.close()
    assert len(cassette) == 0
