"""tornado's two clients: callbacks, redirects inside one fetch, the queue, and the attributes of responses."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import logging
import warnings
from contextlib import suppress
from pathlib import Path

import pytest

import vcr
from tests.server import EVENTS, TEXT, all_bytes
from vcr.errors import CannotOverwriteExistingCassetteException

from .entries import body_of

tornado = pytest.importorskip("tornado")
from tornado.httpclient import HTTPClient, HTTPClientError, HTTPRequest  # noqa: E402
from tornado.simple_httpclient import HTTPStreamClosedError, HTTPTimeoutError, SimpleAsyncHTTPClient  # noqa: E402
from tornado.websocket import websocket_connect  # noqa: E402

BOTH = ["simple", "curl"]


def _class(name):
    if name == "simple":
        return SimpleAsyncHTTPClient
    pytest.importorskip("pycurl")
    from tornado.curl_httpclient import CurlAsyncHTTPClient

    return CurlAsyncHTTPClient


@pytest.fixture(params=BOTH)
def run(request):
    """``run(act, **options)``: what ``act(client)`` returns, with a new client that has these options."""
    return _runner(_class(request.param))


@pytest.fixture
def run_simple():
    """As ``run``, for the simple client alone."""
    return _runner(SimpleAsyncHTTPClient)


def _runner(cls):
    def run(act, **options):
        async def main():
            client = cls(force_instance=True, **options)
            try:
                return await act(client)
            finally:
                while len(asyncio.all_tasks()) > 1:  # those of fetches that the program does not wait for
                    await asyncio.sleep(0)
                client.close()

        return asyncio.run(main())

    return run


def seen(response):
    """The attributes of a response, but for times and durations."""
    return (
        response.code,
        response.reason,
        list(response.headers.get_all()),
        response.effective_url,
        None if response.buffer is None else response.buffer.getvalue(),
        response.body,
        type(response.error),
        str(response.error),
        response.request.url,
        response.request.method,
        sorted(response.time_info),
        type(response.request_time),
        type(response.start_time),
    )


@pytest.fixture
def alike(run, server, cassette_path):
    """``alike(act)``: what ``act(client)`` returns, and the cassette. The same must be returned live, recording and on
    replay, which must play the whole cassette."""

    def alike(act, **options):
        live = run(act, **options)
        with vcr.use_cassette(cassette_path) as recorded:
            assert run(act, **options) == live
        server.close()
        with vcr.use_cassette(cassette_path, record_mode="none") as cassette:
            assert run(act, **options) == live
        assert cassette.all_played
        return live, recorded

    return alike


# -- attributes of a response ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/text", "/gzip", "/status/204", "/status/404", "/until-close/1.0", "/redirect/3"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_every_attribute_is_the_same(method, path, server, alike):
    async def act(client):
        return seen(await client.fetch(server.url + path, method=method, raise_error=False))

    alike(act)


#: A followed redirect as VCR.py 9.4.2 records it: the first request with the last response.
VCRPY_REDIRECT = """interactions:
- request: {body: null, headers: {}, method: GET, uri: 'http://h.example/redirect'}
  response:
    body: {string: hi}
    headers:
    - !!python/tuple [Content-Length, ['2']]
    status: {code: 200, message: OK}
    url: http://h.example/get
version: 1
"""


def test_a_redirect_that_is_followed_counts_as_one_play(run, server, cassette_path):
    async def act(client):
        return [(await client.fetch(server.url + path)).body for path in ("/redirect/3", "/text")]

    with vcr.use_cassette(cassette_path) as cassette:
        assert run(act) == [TEXT] * 2
        assert cassette.play_count == 0
    with vcr.use_cassette(cassette_path, record_mode="none") as cassette:
        assert run(act) == [TEXT] * 2
        assert (cassette.play_count, len(cassette), cassette.all_played) == (2, 5, True)
        cassette.rewind()
        assert cassette.play_count == 0


def test_a_cassette_of_vcrpy_tells_where_a_redirect_led_to(run, cassette_path):
    async def act(client):
        return seen(await client.fetch("http://h.example/redirect"))

    Path(cassette_path).write_text(VCRPY_REDIRECT)
    with vcr.use_cassette(cassette_path, record_mode="none") as cassette:
        response = run(act)
    assert (response[0], response[3], response[5]) == (200, "http://h.example/get", b"hi")
    assert cassette.play_count == 1


def test_a_status_is_raised_as_tornados_own_error(server, alike):
    async def act(client):
        with pytest.raises(HTTPClientError) as caught:
            await client.fetch(server.url + "/status/404")
        return str(caught.value), caught.value.code, seen(caught.value.response)

    alike(act)


@pytest.mark.parametrize("decompress", [True, False])
def test_a_body_is_decompressed_as_asked(decompress, server, alike):
    async def act(client):
        return seen(await client.fetch(server.url + "/gzip", decompress_response=decompress))

    alike(act)


def test_what_tornado_itself_refuses_to_send(server, run, cassette_path):
    async def act(client):
        with pytest.raises(ValueError, match="Body must not be None"):
            await client.fetch(server.url + "/echo", method="POST")

    with vcr.use_cassette(cassette_path) as cassette:
        run(act)
    assert len(cassette) == server.hits == 0


def test_the_synchronous_client(server, cassette_path):
    for mode in ("once", "none"):
        with vcr.use_cassette(cassette_path, record_mode=mode):
            client = HTTPClient(SimpleAsyncHTTPClient)
            assert client.fetch(HTTPRequest(server.url + "/text")).body == TEXT
            client.close()
    assert server.hits == 1


# -- callbacks ---------------------------------------------------------------------------------------------------------


def test_each_piece_is_seen_before_the_next_is_sent_and_again_on_replay(server, run, cassette_path):
    async def act(client):
        pieces = []

        def take(piece):
            pieces.append(piece)
            server.release()

        server.release()
        response = await client.fetch(server.url + "/sse", streaming_callback=take)
        return pieces, response.body

    with vcr.use_cassette(cassette_path) as cassette:
        assert run(act) == (EVENTS, b"")
    assert "incomplete" not in cassette.responses[0]
    server.close()
    with vcr.use_cassette(cassette_path, record_mode="none"):
        assert run(act) == (EVENTS, b"")


@pytest.mark.parametrize("path", ["/text", "/gzip", "/chunked", "/status/404"])
def test_the_header_callback_gets_the_same_lines(path, server, alike):
    async def act(client):
        lines = []
        await client.fetch(server.url + path, header_callback=lines.append, raise_error=False)
        return lines

    lines, _ = alike(act)
    assert lines[0].startswith("HTTP/1.1 ")
    assert lines[-1] == "\r\n"


def test_more_than_tornado_holds_at_once_is_streamed(server, alike):
    """tornado's curl client pauses libcurl when the callback has a megabyte left to take."""

    async def act(client):
        pieces = []
        await client.fetch(server.url + "/bytes/3000000", streaming_callback=pieces.append)
        return b"".join(pieces)

    assert alike(act)[0] == all_bytes(3_000_000)


@pytest.mark.parametrize("name", ["streaming_callback", "header_callback"])
def test_a_fetch_that_a_callback_makes_belongs_to_the_same_cassette(name, server, run, cassette_path):
    async def act(client):
        fetches = []

        def fetch(_):
            if not fetches:
                fetches.append(asyncio.ensure_future(client.fetch(server.url + "/json")))

        await client.fetch(server.url + "/text", **{name: fetch})
        return (await fetches[0]).body

    with vcr.use_cassette(cassette_path) as cassette:
        recorded = run(act)
    assert [request.path for request in cassette.requests] == ["/text", "/json"]
    server.close()
    with vcr.use_cassette(cassette_path, record_mode="none"):
        assert run(act) == recorded


def test_an_error_in_a_streaming_callback_ends_the_fetch_and_the_cassette_has_the_whole(
    server, run_simple, cassette_path
):
    async def act(client):
        def fail(_):
            raise RuntimeError("enough")

        with suppress(HTTPClientError, RuntimeError):
            await client.fetch(server.url + "/bytes/300000", streaming_callback=fail, request_timeout=5)

    with vcr.use_cassette(cassette_path) as cassette:
        run_simple(act)
    assert body_of(cassette.responses[0]) == all_bytes(300_000)
    assert "incomplete" not in cassette.responses[0]


# -- bodies ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("headers", [{}, {"Content-Length": "6"}], ids=["chunked", "length"])
@pytest.mark.parametrize("expect", [True, False])
def test_a_body_that_is_produced_while_it_is_sent(expect, headers, server, run_simple, cassette_path):
    async def produce(write):
        await write(b"one")
        await asyncio.sleep(0)
        await write(b"two")

    async def act(client):
        options = {"body_producer": produce, "headers": headers, "expect_100_continue": expect}
        return (await client.fetch(server.url + "/echo", method="POST", **options)).body

    with vcr.use_cassette(cassette_path) as cassette:
        recorded = run_simple(act)
    assert server.requests[0].body == cassette.requests[0].body == b"onetwo"
    server.close()
    with vcr.use_cassette(cassette_path, record_mode="none"):
        assert run_simple(act) == recorded


@pytest.mark.skipif(tornado.version_info < (6, 6), reason="what tornado cannot read ends in its own timeout")
@pytest.mark.parametrize("path", ["/bytes/300000", "/chunked"])
def test_a_body_above_the_limit_of_the_client_is_refused_again(path, server, run_simple, cassette_path):
    async def act(client):
        with pytest.raises(HTTPStreamClosedError, match="Connection closed"):
            await client.fetch(server.url + path)

    for mode in ("once", "none"):
        with vcr.use_cassette(cassette_path, record_mode=mode) as cassette:
            run_simple(act, max_body_size=1000)
    assert cassette.all_played
    assert server.hits == 1


# -- redirects ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "hops"),
    [({}, 4), ({"max_redirects": 3}, 4), ({"follow_redirects": False}, 1)],
    ids=["followed", "as many as allowed", "not followed"],
)
def test_each_hop_is_an_interaction(options, hops, server, alike):
    async def act(client):
        return seen(await client.fetch(server.url + "/redirect/3", raise_error=False, **options))

    _, cassette = alike(act)
    assert [request.path for request in cassette.requests] == ["/redirect/3", "/redirect/2", "/redirect/1", "/text"][
        :hops
    ]


def test_too_many_redirects(server, alike):
    async def act(client):
        try:
            return seen(await client.fetch(server.url + "/redirect/3", max_redirects=2, raise_error=False))
        except HTTPClientError as error:
            return str(error)

    assert len(alike(act)[1]) == 3


def test_a_post_becomes_a_get(server, alike):
    async def act(client):
        response = await client.fetch(server.url + "/redirect-as/303", method="POST", body=b"content")
        return response.effective_url, response.body

    _, cassette = alike(act)
    assert [(request.method, request.body) for request in cassette.requests] == [("POST", b"content"), ("GET", None)]


def test_a_hop_that_is_refused_reaches_the_caller_unwrapped(server, run, cassette_path):
    async def act(client):
        return await client.fetch(server.url + "/redirect/1", follow_redirects=False, raise_error=False)

    async def follow(client):
        await asyncio.wait_for(client.fetch(server.url + "/redirect/1"), 20)

    with vcr.use_cassette(cassette_path):
        run(act)
    hits = server.hits
    with (
        vcr.use_cassette(cassette_path, record_mode="none") as cassette,
        pytest.raises(CannotOverwriteExistingCassetteException),
    ):
        run(follow)
    assert [request.path for request in cassette.refused] == ["/text"]
    assert server.hits == hits


def test_a_live_hop_may_lead_to_a_recorded_one(server, run, cassette_path):
    async def fetch(client, path):
        return seen(await client.fetch(server.url + path))

    with vcr.use_cassette(cassette_path):
        run(lambda client: fetch(client, "/text"))
    with vcr.use_cassette(cassette_path, record_mode="new_episodes") as cassette:
        result = run(lambda client: fetch(client, "/redirect/1"))
    assert result[5] == TEXT
    assert result[3] == server.url + "/text"
    assert [request.path for request in cassette.requests] == ["/text", "/redirect/1"]
    assert [request.path for request in server.requests] == ["/text", "/redirect/1"]


# -- the queue, timeouts, the end of the cassette ----------------------------------------------------------------------


def test_a_fetch_that_waits_in_the_queue_belongs_to_its_callers_cassette(server, run, tmp_path):
    urls = [f"{server.url}/echo?{number}" for number in range(8)]

    async def one(client, place, url):
        with vcr.use_cassette(tmp_path / f"{place}.yaml") as cassette:
            body = (await client.fetch(url)).body
        return body, [request.uri for request in cassette.requests]

    async def act(client):
        return await asyncio.gather(*(one(client, place, url) for place, url in enumerate(urls)))

    recorded = run(act, max_clients=1)
    assert [uris for _, uris in recorded] == [[url] for url in urls]
    server.close()
    assert run(act, max_clients=1) == recorded


def test_a_request_that_takes_too_long_raises_tornados_own_error(server, run, cassette_path):
    async def act(client):
        with pytest.raises(HTTPClientError) as caught:
            await client.fetch(server.url + "/silent", request_timeout=0.2)
        return type(caught.value), caught.value.code

    live = run(act)
    with vcr.use_cassette(cassette_path) as cassette:
        assert run(act) == live
    assert len(cassette) == 0


def test_a_stream_goes_on_after_its_cassette_has_closed(server, run, cassette_path):
    async def act(client):
        pieces, first = [], asyncio.Event()

        def take(piece):
            pieces.append(piece)
            first.set()

        with vcr.use_cassette(cassette_path) as cassette:
            fetch = asyncio.ensure_future(client.fetch(server.url + "/sse", streaming_callback=take))
            server.release()
            await first.wait()
        server.release(len(EVENTS))
        await fetch
        return b"".join(pieces), cassette.responses[0]

    whole, response = run(act)
    assert whole == b"".join(EVENTS)
    assert response["incomplete"] is True
    assert body_of(response) == EVENTS[0]


# -- failures ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "begun",
    [b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", b"Connection: close\r\n\r\nhello"],
    ids=["chunked", "until-close"],
)
def test_what_came_before_a_timeout_is_replayed_and_then_the_timeout(begun, server, run_simple, cassette_path):
    def begins(exchange):
        exchange.send(b"HTTP/1.1 200 OK\r\n" + begun)  # in one piece
        exchange.server.closing.wait()

    async def act(client, seconds):
        pieces, loop = [], asyncio.get_running_loop()
        clock = loop.time

        def skip(_):
            loop.time = lambda: clock() + seconds  # the time is up as soon as a part of the head has come

        options = {"streaming_callback": pieces.append, "header_callback": skip, "request_timeout": seconds}
        with pytest.raises(HTTPTimeoutError, match="Timeout during request"):
            await client.fetch(server.url + "/begins", **options)
        return pieces

    server.route("/begins", begins)
    with vcr.use_cassette(cassette_path, record_errors=True) as cassette:
        assert run_simple(lambda client: act(client, seconds=100)) == [b"hello"]
    assert cassette.responses[0]["incomplete"] is True
    assert body_of(cassette.responses[0]) == b"hello"
    server.close()
    with vcr.use_cassette(cassette_path, record_mode="none"):
        # Without a limit of its own, so the timeout is the recorded one.
        assert run_simple(lambda client: act(client, seconds=0)) == [b"hello"]


def test_a_connection_that_takes_too_long_is_replayed(server, run_simple, cassette_path, monkeypatch):
    async def act(client):
        async def resolve(*_args, **_options):
            await over.wait()
            return []

        over = asyncio.Event()
        monkeypatch.setattr(client.tcp_client.resolver, "resolve", resolve)
        with pytest.raises(HTTPTimeoutError) as caught:
            await client.fetch(server.url, connect_timeout=0.1)
        over.set()
        return str(caught.value)

    live = run_simple(act)
    for mode in ("once", "none"):
        with vcr.use_cassette(cassette_path, record_mode=mode, record_errors=True):
            assert run_simple(act) == live
    assert server.connections == 0


@pytest.mark.parametrize("path", ["/silent", "/sse"])
def test_a_fetch_that_the_program_leaves_is_no_failure(path, server, run_simple, cassette_path):
    async def act(client):
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(client.fetch(server.url + path, request_timeout=5), 0.2)
        server.close()

    server.release(path == "/sse")
    with vcr.use_cassette(cassette_path) as cassette:
        run_simple(act)
    assert ["error" in response for response in cassette.responses] == [False] * (path == "/sse")


# -- WebSockets --------------------------------------------------------------------------------------------------------


def test_the_debug_lines_of_libcurl_are_logged_and_not_after_the_fetch(server, cassette_path, caplog):
    async def act(client):
        for _ in range(2):
            await client.fetch(server.url + "/text")

    def logged():
        caplog.clear()
        _runner(_class("curl"))(act)
        return [line for line in caplog.messages if line.startswith(("<", ">")) and ":" not in line]

    caplog.set_level(logging.DEBUG, "tornado.curl_httpclient")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # pycurl 7.45: a callback is called while an option is set
        live = logged()
        with vcr.use_cassette(cassette_path):
            assert logged() == live
    assert [line for line in live if line.startswith(">")].count("> GET /text HTTP/1.1") == 2
    caplog.set_level(logging.INFO, "tornado.curl_httpclient")
    with vcr.use_cassette(cassette_path, record_mode="all"):
        assert logged() == []


def test_a_websocket_passes_untouched(server, run_simple, cassette_path, caplog):
    def greet(exchange):
        key = exchange.request.get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
        exchange.head(101, [("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", accept)])
        exchange.send(b"\x81\x05hello\x88\x00")
        exchange.hang_up()

    async def act(_):
        connection = await websocket_connect(server.url.replace("http", "ws") + "/greet")
        message = await connection.read_message()
        connection.close()
        assert await connection.read_message() is None
        return message

    server.route("/greet", greet)
    caplog.set_level(logging.INFO, "vcr")
    with vcr.use_cassette(cassette_path, record_mode="none", on_unrecordable="allow") as cassette:
        assert run_simple(act) == "hello"
    assert len(cassette) == 0
    assert "/greet is to become another protocol than HTTP: not recorded" in caplog.text
