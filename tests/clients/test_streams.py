"""Streams stay streams: bytes reach the client as they arrive, and the cassette has what there was to have."""

from __future__ import annotations

import http.client
import threading
from contextlib import closing

import pytest

import vcr
from tests.server import CHUNKS, EVENTS, TEXT, all_bytes

from .entries import AsyncClient, Raised, body_of, having, outcome


def read_event(pieces):
    """The next event of an event stream; it must not take a byte of the one after."""
    event = b""
    while not event.endswith(b"\n\n"):
        event += next(pieces)
    return event


# -- event by event ----------------------------------------------------------------------------------------------------


@having("streams")
@pytest.mark.parametrize("framing", ["chunked", "until-close"])
def test_an_event_is_seen_before_the_next_one_is_sent(framing, client, server, cassette_path):
    url = f"{server.url}/sse/{framing}"
    with vcr.use_cassette(cassette_path) as cassette, client() as session, session.stream(url) as pieces:
        for event in EVENTS:
            server.release()
            assert read_event(pieces) == event
        assert list(pieces) == []
    assert "incomplete" not in cassette.responses[0]
    server.close()
    with vcr.use_cassette(cassette_path, record_mode="none"), client() as session, session.stream(url) as pieces:
        assert [read_event(pieces) for _ in EVENTS] == EVENTS
        assert list(pieces) == []


@pytest.mark.parametrize("size", [1, 512])
def test_iter_lines_of_requests_yields_line_by_line(size, server, cassette_path):
    requests = pytest.importorskip("requests")

    def lines(release):
        with requests.get(server.url + "/sse", stream=True, timeout=20) as response:
            iterator = response.iter_lines(chunk_size=size)
            for _ in EVENTS:
                release()
                yield next(iterator)
                assert next(iterator) == b""
            assert list(iterator) == []

    expected = [event.strip() for event in EVENTS]
    with vcr.use_cassette(cassette_path):
        assert list(lines(server.release)) == expected
    server.close()
    with vcr.use_cassette(cassette_path, record_mode="none"):
        assert list(lines(lambda: None)) == expected


@having("streams")
def test_the_pieces_are_those_the_server_sent(client, server, alike):
    if client.name == "tornado":
        pytest.skip("without a cassette too, it joins the chunks that have arrived when it looks")

    def act(session):
        with session.stream(server.url + "/chunked") as pieces:
            return list(pieces)

    assert alike(server, act).outcome == CHUNKS


@having("streams")
def test_events_that_arrived_apart_are_replayed_apart(client, server, alike):
    if client.name == "tornado":
        pytest.skip("without a cassette too, it joins the chunks that have arrived when it looks")

    def act(session):
        server.release(len(EVENTS))
        with session.stream(server.url + "/sse") as pieces:
            return list(pieces)

    assert alike(server, act).outcome == EVENTS


def test_urllib3_yields_the_same_smaller_pieces(server, cassette_path):
    urllib3 = pytest.importorskip("urllib3")

    def act():
        with urllib3.PoolManager() as pools:
            response = pools.request("GET", server.url + "/chunked", preload_content=False)
            return list(response.stream(500))

    live = act()
    with vcr.use_cassette(cassette_path):
        assert act() == live
    server.close()
    with vcr.use_cassette(cassette_path, record_mode="none"):
        assert act() == live


# -- closed early ------------------------------------------------------------------------------------------------------


@having("streams")
@pytest.mark.parametrize("framing", ["length", "chunked", "until-close"])
def test_a_body_that_the_client_leaves_early_is_recorded_whole(framing, client, server, cassette_path):
    content = all_bytes(30_000)  # more than any client reads ahead
    server.route("/long", lambda exchange: _send_long(exchange, content, framing))
    url = server.url + "/long"

    def first_piece():
        with client() as session, session.stream(url) as pieces:
            return next(pieces)

    with vcr.use_cassette(cassette_path) as cassette:
        first_piece()
    (response,) = cassette.responses
    assert body_of(response) == content
    assert "incomplete" not in response
    server.close()
    with vcr.use_cassette(cassette_path, record_mode="none", allow_playback_repeats=True):
        assert content.startswith(first_piece())
        with client() as session, session.stream(url) as pieces:
            assert b"".join(pieces) == content


def _send_long(exchange, content, framing):
    if framing == "length":
        exchange.respond(body=content)
    elif framing == "chunked":
        exchange.head(200, [("Transfer-Encoding", "chunked")])
        for start in range(0, len(content), 10_000):
            exchange.chunk(content[start : start + 10_000])
        exchange.send(b"0\r\n\r\n")
    else:
        exchange.hang_up()
        exchange.head(200, [("Connection", "close")])
        exchange.send(content)


@having("streams", "redirects", "keep-alive")
def test_a_session_goes_on_after_a_stream_left_early(server, alike):
    def act(session):
        with session.stream(server.url + "/bytes/30000") as pieces:
            next(pieces)
        return session.get(server.url + "/text").body

    assert alike(server, act).outcome == TEXT


@having("streams")
def test_an_endless_stream_is_recorded_as_far_as_it_went(client, server, cassette_path):
    url = server.url + "/endless/event-stream"
    pieces_seen = [b"piece %d\n" % number for number in (1, 2, 3)]

    def first_three():
        with client() as session, session.stream(url) as pieces:
            seen = b""
            while len(seen) < len(b"".join(pieces_seen)):
                server.release()
                seen += next(pieces)
            return seen

    with vcr.use_cassette(cassette_path) as cassette:
        assert first_three() == b"".join(pieces_seen)
    (response,) = cassette.responses
    assert response["incomplete"] is True
    assert body_of(response) == b"".join(pieces_seen)
    server.close()
    with vcr.use_cassette(cassette_path, record_mode="none"):
        assert first_three() == b"".join(pieces_seen)


def test_an_endless_body_of_another_type_does_not_hold_its_client_up(server, cassette_path):
    """Whether it will end cannot be known: the cassette looks a little further, then lets go."""
    with vcr.use_cassette(cassette_path) as cassette:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
        connection.request("GET", "/endless")
        with connection.getresponse() as response:
            server.release()
            assert response.readline() == b"piece 1\n"
        connection.close()
    (response,) = cassette.responses
    assert response["incomplete"] is True
    assert body_of(response) == b"piece 1\n"


def test_little_is_read_ahead_of_a_body_that_floods_in(server, cassette_path):
    def flood(exchange):
        exchange.head(200, [("Transfer-Encoding", "chunked")])
        while True:
            exchange.chunk(bytes(65536))

    server.route("/flood", flood)
    with vcr.use_cassette(cassette_path) as cassette:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
        connection.request("GET", "/flood")
        with connection.getresponse() as response:
            response.read(10)
        connection.close()
        recorded = cassette.responses[0]
        assert recorded["incomplete"] is True
        assert len(recorded["body"]["string"]) < 10_000_000
        cassette.dirty = False  # do not write what a failure here would have gathered


@having("streams")
def test_asking_for_more_than_an_incomplete_recording_has_is_an_error(client, server, cassette_path):
    url = server.url + "/endless/event-stream"
    with vcr.use_cassette(cassette_path), client() as session, session.stream(url) as pieces:
        server.release()
        next(pieces)
    server.close()
    with vcr.use_cassette(cassette_path, record_mode="none"), client() as session, session.stream(url) as pieces:
        assert next(pieces) == b"piece 1\n"
        assert isinstance(outcome(lambda: next(pieces)), Raised)


# -- cut in the middle -------------------------------------------------------------------------------------------------


CUTS = {"length": b"only this much", "chunk": b"a whole chunkhalf a chunk", "between-chunks": b"a whole chunk"}


@pytest.mark.parametrize("where", CUTS)
def test_a_response_cut_in_the_middle_fails_the_same_every_time(where, server, alike):
    seen = alike(server, lambda session: session.get(f"{server.url}/cut/{where}"))
    (response,) = seen.cassette.responses
    assert response["incomplete"] is True
    assert body_of(response) == CUTS[where]


@having("streams")
@pytest.mark.parametrize("where", CUTS)
def test_what_comes_before_the_cut_is_seen(where, client, server, alike):
    if "forgetting" in client.can:
        pytest.skip("without a cassette too, it is chance how much it sees")

    def act(session):
        seen = []
        with session.stream(f"{server.url}/cut/{where}") as pieces:
            error = outcome(lambda: seen.extend(pieces))
        return seen, error

    alike(server, act)


# -- and the end of the cassette ---------------------------------------------------------------------------------------


@having("streams")
@pytest.mark.parametrize("path", ["/text", "/chunked", "/until-close"])
def test_a_response_can_be_read_after_the_cassette_has_closed(path, client, server, cassette_path):
    if issubclass(client, AsyncClient) or client.module == "curl_cffi":
        pytest.skip("closing a cassette cannot wait for what comes through a loop or thread: it keeps what has come")
    content = b"".join(CHUNKS) if path == "/chunked" else TEXT
    for mode in ("once", "none"):
        with client() as session:
            with vcr.use_cassette(cassette_path, record_mode=mode) as cassette:
                stream = session.stream(server.url + path)
                pieces = stream.__enter__()
            assert b"".join(pieces) == content
            stream.__exit__(None, None, None)
        assert body_of(cassette.responses[0]) == content
        server.close()


@pytest.mark.parametrize("path", ["/bytes/30000", "/chunked", "/text"])
def test_a_response_half_read_when_the_cassette_closes_leaves_its_connection_usable(path, server, cassette_path):
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)) as connection:
        with vcr.use_cassette(cassette_path) as cassette:
            connection.request("GET", path)
            response = connection.getresponse()
            start = response.read(3)
        assert body_of(cassette.responses[0]) == start + response.read()
        connection.request("GET", "/text")
        assert connection.getresponse().read() == TEXT
    assert server.connections == 1


def test_a_response_asked_for_after_the_cassette_has_closed_is_recorded(server, cassette_path):
    for mode in ("once", "none"):
        with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)) as connection:
            with vcr.use_cassette(cassette_path, record_mode=mode):
                connection.request("GET", "/text")
            assert connection.getresponse().read() == TEXT
    assert server.hits == 1


@having("streams")
def test_an_event_stream_goes_on_after_its_cassette_has_closed(client, server, cassette_path):
    with client() as session:
        with vcr.use_cassette(cassette_path) as cassette:
            stream = session.stream(server.url + "/sse")
            pieces = stream.__enter__()
            for event in EVENTS[:2]:
                server.release()
                assert read_event(pieces) == event
        for event in EVENTS[2:]:
            server.release()
            assert read_event(pieces) == event
        assert list(pieces) == []
        stream.__exit__(None, None, None)
    (response,) = cassette.responses
    assert response["incomplete"] is True
    assert body_of(response) == b"".join(EVENTS[:2])


def test_a_cassette_closes_while_another_thread_waits_for_the_next_event(server, cassette_path):
    waiting, seen = threading.Event(), []

    def read():
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
        connection.request("GET", "/sse")
        with connection.getresponse() as response:
            pieces = iter(lambda: response.read1(1000), b"")
            seen.append(read_event(pieces))
            waiting.set()
            seen.extend(pieces)
        connection.close()

    with vcr.use_cassette(cassette_path) as cassette:
        thread = threading.Thread(target=read)
        thread.start()
        server.release()
        assert waiting.wait(20)
    server.release(4)
    thread.join()
    assert seen == EVENTS
    assert body_of(cassette.responses[0]) == EVENTS[0]
    assert cassette.responses[0]["incomplete"] is True
