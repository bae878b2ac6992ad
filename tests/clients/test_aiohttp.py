"""What aiohttp has, and other clients have not. ``three_ways`` runs the same code live, recording and replaying."""

from __future__ import annotations

import asyncio
import base64
import gc
import gzip
import hashlib
import json
import logging
import ssl
import weakref
from contextlib import suppress

import pytest

import vcr
from tests.server import CHUNKS, EVENTS, TEXT, all_bytes
from vcr.errors import CannotOverwriteExistingCassetteException, VCRWarning

from .entries import Raised, outcome
from .entries.aiohttp import VERSION, close

aiohttp = pytest.importorskip("aiohttp")


def run(act, **options):
    """Run ``act(session)`` in a new loop, with a new session. ``connector``: a function that makes the connector."""

    async def main():
        made = {name: value() if name == "connector" else value for name, value in options.items()}
        session = aiohttp.ClientSession(**made)
        try:
            return await act(session)
        finally:
            await close(session)

    return asyncio.run(main())


@pytest.fixture
def three_ways(server, cassette_path):
    """``three_ways(act)``: the outcome of ``act(session)``, which must be the same live, recording and on replay."""

    def three_ways(act, server=server, **options):
        def once():
            return outcome(lambda: run(act, **options))

        live = once()
        with vcr.use_cassette(cassette_path):
            recorded = once()
        server.close()
        with vcr.use_cassette(cassette_path, record_mode="none") as cassette:
            replayed = once()
        assert recorded == live
        assert replayed == live
        assert cassette.all_played
        return live

    return three_ways


@pytest.fixture
def recorded(cassette_path):
    """``recorded(act)``: a new cassette in which ``act(session)`` has been recorded."""

    def recorded(act, **options):
        with vcr.use_cassette(cassette_path) as cassette:
            run(act, **options)
        return cassette

    return recorded


# -- what a response is ------------------------------------------------------------------------------------------------


ATTRIBUTES = """
    version status reason ok method url real_url host headers raw_headers content_type charset content_disposition links
    cookies history request_info closed connection
"""


@pytest.mark.parametrize(
    "path", ["/text", "/headers", "/gzip", "/chunked", "/status/404", "/redirect/1", "/until-close"]
)
def test_every_attribute_of_a_response_is_the_same(path, server, three_ways):
    async def act(session):
        async with session.get(server.url + path, params={"a": "1"}) as response:
            await response.read()
            shown = {name: repr(getattr(response, name)) for name in ATTRIBUTES.split()}
            return type(response), shown, await response.text("latin-1"), outcome(response.get_encoding)

    assert three_ways(act)[0] is aiohttp.ClientResponse


def test_raise_for_status_raises_the_same_error(server, three_ways):
    async def act(session):
        try:
            await session.get(server.url + "/status/404")
        except aiohttp.ClientResponseError as error:
            return error.status, error.message, error.request_info, error.headers, error.history

    assert three_ways(act, raise_for_status=True)[:2] == (404, "Not Found")


# -- ways to read ------------------------------------------------------------------------------------------------------


async def _lines(content):
    return [line async for line in content]


async def _pieces(content):
    return [(piece, ends) async for piece, ends in content.iter_chunks() if piece]


async def _any(content):
    return b"".join([piece async for piece in content.iter_any()])


async def _sized(content):
    return b"".join([piece async for piece in content.iter_chunked(100)])


async def _exactly(content):
    start = await content.readexactly(20)
    return start, outcome(lambda: content.read_nowait(1)), await content.read()


async def _too_much(content):
    try:
        await content.readexactly(10**6)
    except asyncio.IncompleteReadError as error:
        return error.partial, error.expected


async def _until(content):
    return await content.readuntil(b"\xff"), await content.read(3), content.at_eof(), await content.read(-1)


async def _to_the_end(content):
    await content.wait_eof()
    return content.is_eof(), content.total_bytes, await content.read()


@pytest.mark.parametrize("read", [_lines, _pieces, _any, _sized, _exactly, _too_much, _until, _to_the_end])
def test_every_way_to_read_reads_the_same(read, server, three_ways):
    async def act(session):
        async with session.get(server.url + "/paced") as response:
            return await read(response.content)

    def paced(exchange):
        exchange.head(200, [("Transfer-Encoding", "chunked")])
        exchange.sock.sendall(b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in (*CHUNKS, b"")))

    server.route("/paced", paced)
    assert not isinstance(three_ways(act), Raised)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br"])
def test_a_coded_body_that_is_not_to_be_decoded(coding, server, three_ways):
    async def act(session):
        async with session.get(f"{server.url}/{coding}") as response:
            return response.headers["Content-Encoding"], await response.read()

    assert three_ways(act, auto_decompress=False)[1] != TEXT


@pytest.mark.parametrize("framing", ["length", "chunked", "until-close"])
def test_a_body_that_unpacks_to_a_hundred_times_its_size(framing, server, three_ways):
    content = bytes(5_000_000) + TEXT
    packed = gzip.compress(content, mtime=0)

    def bomb(exchange):
        fields = [("Content-Encoding", "gzip")]
        if framing == "length":
            exchange.respond(200, fields, packed)
        elif framing == "chunked":
            exchange.head(200, [*fields, ("Transfer-Encoding", "chunked")])
            for start in range(0, len(packed), 1000):
                exchange.chunk(packed[start : start + 1000])
            exchange.send(b"0\r\n\r\n")
        else:
            exchange.hang_up()
            exchange.head(200, [*fields, ("Connection", "close")])
            exchange.send(packed)

    async def act(session):
        async with session.get(server.url + "/bomb") as response:
            digest = hashlib.sha256()
            async for piece in response.content.iter_any():
                digest.update(piece)
            return digest.hexdigest()

    server.route("/bomb", bomb)
    assert three_ways(act) == hashlib.sha256(content).hexdigest()


def test_a_body_without_an_end_of_its_own_is_not_read_unless_asked_to(server, three_ways):
    async def act(session):
        async with session.get(server.url + "/until-close", read_until_eof=False) as response:
            return await response.read()

    assert three_ways(act) == b""


def test_what_has_been_read_before_a_cut_is_seen(server, three_ways):
    def cut(exchange):
        exchange.hang_up()
        exchange.head(200, [("Transfer-Encoding", "chunked")])
        exchange.chunk(b"a whole chunk")
        exchange.send(b"64\r\nhalf a chunk")
        server.await_release()

    async def act(session):
        async with session.get(server.url + "/cut-later") as response:
            seen = [await response.content.readany()]
            while len(b"".join(seen)) < 25:
                seen.append(await response.content.readany())
            server.release()
            try:
                await response.content.readany()
            except aiohttp.ClientPayloadError as error:
                return b"".join(seen), type(error)

    server.route("/cut-later", cut)
    assert three_ways(act) == (b"a whole chunkhalf a chunk", aiohttp.ClientPayloadError)


def test_an_event_is_seen_before_the_next_one_is_sent(server, three_ways):
    async def act(session):
        seen = []
        async with session.get(server.url + "/sse") as response:
            for _ in EVENTS:
                server.release()
                seen.append(await response.content.readany())
            return seen, await response.content.read()

    assert three_ways(act) == (EVENTS, b"")


# -- what is sent ------------------------------------------------------------------------------------------------------


def _form():
    form = aiohttp.FormData()
    form.add_field("name", "value")
    form.add_field("file", b"\x00\xff", filename="a.bin", content_type="application/x-bin")
    return form


async def _generated():
    yield b"one"
    yield b"two"


@pytest.mark.parametrize(
    "options",
    [
        {"json": {"a": [1, None]}},
        {"data": {"a": "1", "b": "é"}},
        {"data": _form},
        {"data": _generated},
        {"data": b"x" * 100_000, "compress": "gzip"},
        {"data": b"held back until asked for", "expect100": True},
        {"expect100": True},
        {"data": b"in chunks", "chunked": True},
    ],
    ids=["json", "form", "multipart", "generator", "gzip", "expect", "expect nothing", "chunked"],
)
def test_a_body_is_recorded_as_it_is_sent(options, server, three_ways, cassette_path):
    async def act(session):
        made = {name: value() if callable(value) else value for name, value in options.items()}
        async with session.post(server.url + "/counted", **made) as response:
            return await response.read()

    server.route("/counted", lambda exchange: exchange.text(str(len(exchange.request.headers))))
    assert not isinstance(three_ways(act), Raised)
    live, sent = server.requests
    assert [name for name, _ in sent.headers] == [name for name, _ in live.headers]
    with vcr.use_cassette(cassette_path) as cassette:
        (request,) = cassette.requests
    assert (request.body or b"") == sent.body
    # Of the headers, those that aiohttp adds by itself are not recorded: tests/clients/test_headers.py.
    assert request.headers["Content-Type"] == sent.get("Content-Type")
    assert set(request.headers.pairs()) <= set(sent.headers)


@pytest.mark.filterwarnings("ignore:BasicAuth is deprecated", "ignore:The 'auth' parameter is deprecated")
def test_credentials_of_a_request_are_recorded_and_those_of_its_session_are_not(server, cassette_path):
    async def act():
        async with aiohttp.ClientSession(auth=aiohttp.BasicAuth("u", "p"), headers={"X-Own": "1"}) as session:
            for auth in (None, aiohttp.BasicAuth("other", "p")):
                async with session.get(server.url + "/text", auth=auth) as response:
                    await response.read()

    with vcr.use_cassette(cassette_path) as cassette:
        asyncio.run(act())
    # VCR.py does not record what a session adds.
    assert [sorted(request.headers) for request in cassette.requests] == [["X-Own"], ["Authorization", "X-Own"]]
    assert all(request.get("Authorization") for request in server.requests)


def test_a_request_goes_live_when_its_whole_body_has_been_made(server, recorded):
    async def body():
        for _ in range(3):
            assert not server.connections
            yield b"piece"

    async def act(session):
        await session.post(server.url + "/echo", data=body())

    assert recorded(act).requests[0].body == b"piecepiecepiece"


# -- the client's own --------------------------------------------------------------------------------------------------


def test_traces_tell_of_the_same_events(server, three_ways):
    """All events but those of the connection, which a replay does not have."""
    names = "request_start request_headers_sent request_chunk_sent request_redirect response_chunk_received request_end"
    told = []
    tracing = aiohttp.TraceConfig()
    for name in names.split():

        async def tell(session, context, event, name=name):
            told.append((name, getattr(event, "chunk", None), str(event.url)))

        getattr(tracing, f"on_{name}").append(tell)

    async def act(session):
        told.clear()
        await (await session.post(server.url + "/redirect/1", data=b"body")).read()
        return list(told)

    assert len(three_ways(act, trace_configs=[tracing])) >= len(names.split())


@pytest.mark.skipif(VERSION < (3, 12), reason="middlewares are of aiohttp 3.12")
def test_each_request_that_a_middleware_makes_is_an_interaction(server, three_ways, cassette_path):
    async def insistent(request, handler):
        while (response := await handler(request)).status == 503:
            response.release()
        return response

    async def act(session):
        return await (await session.get(server.url + "/flaky/2")).text()

    async def started_anew(session):
        server.requests.clear()
        return await act(session)

    assert three_ways(started_anew, middlewares=(insistent,)) == "at last"
    with vcr.use_cassette(cassette_path) as cassette:
        assert [response["status"]["code"] for response in cassette.responses] == [503, 503, 200]


def test_a_connector_that_is_the_users_own(server, cassette_path):
    """The connector outlives the session and the cassettes, and has its connection back after each request."""

    async def main():
        connector = aiohttp.TCPConnector(limit=1)

        async def ask():
            session = aiohttp.ClientSession(connector=connector, connector_owner=False)
            response = await session.get(server.url + "/text")
            text = await response.read()
            await session.close()
            return text

        texts = [await ask()]
        for mode in ("once", "none"):
            with vcr.use_cassette(cassette_path, record_mode=mode):
                texts.append(await ask())
        texts.append(await ask())
        await close(connector)
        return texts

    assert asyncio.run(main()) == [TEXT] * 4
    assert server.connections == 1
    assert server.hits == 3


def test_over_a_unix_socket(unix_server, three_ways):
    async def act(session):
        return await (await session.get("http://localhost/text")).read()

    connector = lambda: aiohttp.UnixConnector(path=unix_server.address)  # noqa: E731
    assert three_ways(act, unix_server, connector=connector) == TEXT


def test_a_request_without_a_session(server, cassette_path):
    async def act():
        async with aiohttp.request("GET", server.url + "/text") as response:
            return await response.read()

    with vcr.use_cassette(cassette_path):
        assert asyncio.run(act()) == TEXT
    server.close()
    with vcr.use_cassette(cassette_path, record_mode="none"):
        assert asyncio.run(act()) == TEXT


def test_a_client_that_is_skipped_is_not_recorded(server, cassette_path):
    async def act(session):
        return await (await session.get(server.url + "/text")).read()

    with vcr.use_cassette(cassette_path, skip_patchers=("aiohttp",)) as cassette:
        assert run(act) == TEXT
    assert len(cassette) == 0


# -- timeouts ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", ["total", "sock_read"])
@pytest.mark.parametrize("path", ["/silent", "/endless"])
def test_a_timeout_is_raised_and_nothing_is_recorded(limit, path, server, cassette_path):
    async def act(session):
        async with session.get(server.url + path) as response:
            await response.read()

    def once():
        return outcome(lambda: run(act, timeout=aiohttp.ClientTimeout(**{limit: 0.2})))

    live = once()
    assert issubclass(live.kind, asyncio.TimeoutError)
    with vcr.use_cassette(cassette_path) as cassette:
        assert once() == live
    assert len(cassette) == 0


def test_a_replay_is_never_late(server, cassette_path):
    async def act(session):
        async with session.get(server.url + "/sse") as response:
            seen = []
            for _ in EVENTS:
                server.release()
                seen.append(await response.content.readany())
                await asyncio.sleep(wait)
            return seen

    wait = 0
    with vcr.use_cassette(cassette_path):
        assert run(act) == EVENTS
    wait = 0.02
    with vcr.use_cassette(cassette_path, record_mode="none"):
        assert run(act, timeout=aiohttp.ClientTimeout(sock_read=0.01)) == EVENTS


def test_a_connection_that_takes_too_long_is_the_same_error(server, cassette_path):
    class Slow(aiohttp.TCPConnector):
        async def _create_connection(self, *args, **options):
            await asyncio.Event().wait()

    async def act(session):
        await session.get(server.url + "/text")

    def once():
        return outcome(lambda: run(act, connector=Slow, timeout=aiohttp.ClientTimeout(connect=0.01)))

    live = once()
    assert "Connection timeout to host" in live.text
    with vcr.use_cassette(cassette_path) as cassette:
        assert once() == live
    assert len(cassette) == 0


# -- a response that is left early -------------------------------------------------------------------------------------


@pytest.mark.parametrize("leave", ["async with", "release", "close", "wait_eof"])
def test_a_response_left_in_any_way_is_recorded_whole(leave, server, recorded):
    content = all_bytes(500_000)
    server.route("/long", lambda exchange: exchange.respond(body=content))

    async def act(session):
        response = await session.get(server.url + "/long")
        await response.content.read(10)
        if leave == "async with":
            async with response:
                pass
        elif leave != "wait_eof":
            getattr(response, leave)()
        else:
            await response.content.wait_eof()

    if leave == "wait_eof":
        content = content[:1000]  # so little that it comes although nobody reads
    (response,) = recorded(act).responses
    assert response["body"]["string"] == content
    assert "incomplete" not in response


def test_a_program_that_is_cancelled_does_not_wait_for_the_rest(server, cassette_path):
    async def act(session):
        async def read():
            async with session.get(server.url + "/endless") as response:
                server.release()
                await response.content.readany()
                begun.set()
                await response.read()

        begun = asyncio.Event()
        task = asyncio.ensure_future(read())
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return len(asyncio.all_tasks())

    with vcr.use_cassette(cassette_path) as cassette:
        assert run(act) == 1
    assert [response["error"]["kind"] for response in cassette.responses] == ["cancelled"]


# -- a response that is read after it has been closed ------------------------------------------------------------------


async def _leave_with(session, url):
    async with session.get(url) as response:
        pass
    return response


async def _leave_with_when_read(session, url):
    async with session.get(url) as response:
        await response.read()
    return response


async def _release(session, url):
    response = await session.get(url)
    response.release()
    return response


async def _close(session, url):
    response = await session.get(url)
    response.close()
    return response


async def _raise_for_status(session, url):
    response = await session.get(url)
    with suppress(aiohttp.ClientResponseError):
        response.raise_for_status()
    return response


LEAVE = (_leave_with, _leave_with_when_read, _release, _close, _raise_for_status)


@pytest.mark.parametrize("path", ["/text", "/gzip", "/chunked", "/until-close", "/bytes/300000", "/status/404"])
@pytest.mark.parametrize("leave", LEAVE, ids=lambda leave: leave.__name__)
def test_a_response_can_be_read_after_it_has_been_closed(leave, path, server, cassette_path):
    """As with VCR.py, which has read the response to its end by then. Without a cassette this is an error."""

    async def read(session):
        async with session.get(server.url + path) as response:
            return await response.read()

    async def act(session):
        response = await leave(session, server.url + path)
        return await response.read(), await response.text("latin-1")

    expected = run(read)
    for mode in ("once", "none"):
        with vcr.use_cassette(cassette_path, record_mode=mode) as cassette:
            assert run(act)[0] == expected
        assert "incomplete" not in cassette.responses[0]
        server.close()


def test_an_ignored_response_cannot_be_read_after_it_has_been_closed(server, cassette_path):
    async def act(session):
        response = await _release(session, server.url + "/bytes/300000")
        return await response.read()

    live = outcome(lambda: run(act))
    with vcr.use_cassette(cassette_path, before_record_request=lambda _: None):
        assert outcome(lambda: run(act)) == live
    assert live.kind is aiohttp.ClientConnectionError


# -- cassettes of others -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Length": ["2"], "Transfer-Encoding": ["chunked"]},
        {"Content-Length": ["5"], "Transfer-Encoding": ["gzip, chunked"]},
        {"Content-Length": ["5", "2"]},
        {"Content-Length": ["x"]},
        {"Bad Name": ["1"], "Content-Length": ["2"]},
    ],
    ids=str,
)
def test_headers_that_aiohttp_would_refuse_are_replayed(headers, tmp_path):
    async def act(session):
        async with session.get("http://h.example/") as response:
            return await response.read(), response.raw_headers, list(response.headers.items())

    path = tmp_path / "cassette.json"
    response = {"status": {"code": 200, "message": "OK"}, "headers": headers, "body": {"string": "hi"}}
    request = {"method": "GET", "uri": "http://h.example/", "body": None, "headers": {}}
    path.write_text(json.dumps({"version": 1, "interactions": [{"request": request, "response": response}]}))
    with vcr.use_cassette(path, serializer="json", record_mode="none"):
        body, raw, shown = run(act)
    pairs = [(name, value) for name, values in headers.items() for value in values]
    assert body == b"hi"
    assert shown == pairs
    assert raw == tuple((name.encode(), value.encode()) for name, value in pairs)


# -- failures ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def fails(cassette_path):
    """``fails(act, *servers)``: the class of the error of ``act(session)``, which must be the same live, recording, and
    on replay, when the servers are closed."""

    def fails(act, *servers, **options):
        def once():
            return outcome(lambda: run(act, **options))

        live = once()
        with vcr.use_cassette(cassette_path, record_errors=True) as recorded:
            assert once() == live
        assert all(response["error"] for response in recorded.responses)
        for server in servers:
            server.close()
        with vcr.use_cassette(cassette_path, record_mode="none") as cassette:
            assert once() == live
        assert cassette.all_played
        return live.kind

    return fails


def _get(url, **options):
    async def act(session):
        await (await session.get(url, **options)).read()

    return act


@pytest.mark.parametrize("path", ["/silent", "/endless"])
@pytest.mark.parametrize("limit", ["total", "sock_read"])
def test_a_timeout_is_replayed_where_it_was_seen(limit, path, server, fails):
    timeout = aiohttp.ClientTimeout(**{limit: 0.2})
    kind = fails(_get(server.url + path), server, timeout=timeout)
    assert kind is asyncio.TimeoutError if limit == "total" else issubclass(kind, aiohttp.ServerTimeoutError)


@pytest.mark.parametrize("limit", ["total", "connect"])
def test_a_connection_that_takes_too_long_is_replayed(limit, server, fails):
    class Slow(aiohttp.TCPConnector):
        async def _create_connection(self, *args, **options):
            await asyncio.Event().wait()

    kind = fails(_get(server.url), server, connector=Slow, timeout=aiohttp.ClientTimeout(**{limit: 0.2}))
    assert kind is asyncio.TimeoutError if limit == "total" else issubclass(kind, aiohttp.ServerTimeoutError)


def test_what_came_before_a_timeout_is_replayed(server, cassette_path):
    async def act(session):
        pieces = []
        try:
            async with session.get(server.url + "/sse") as response:
                while True:
                    server.release(len(pieces) < 2)
                    pieces.append(await response.content.readany())
        except aiohttp.ServerTimeoutError:
            return pieces

    timeout = aiohttp.ClientTimeout(sock_read=0.2)
    with vcr.use_cassette(cassette_path, record_errors=True):
        assert run(act, timeout=timeout) == EVENTS[:2]
    server.close()
    with vcr.use_cassette(cassette_path, record_mode="none"):
        assert run(act, timeout=timeout) == EVENTS[:2]


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_is_not_there(scheme, proxy, fails):
    proxy.close()
    assert fails(_get(scheme + "://example.com/", proxy=proxy.url)) is aiohttp.ClientProxyConnectionError


def test_a_proxy_whose_name_is_unknown(fails):
    async def unknown(host, *_args, **_options):
        raise OSError(None, "There is no " + host)  # as aiohttp's resolvers do

    def connector():
        connector = aiohttp.TCPConnector()
        connector._resolver.resolve = unknown
        return connector

    act = _get("http://example.com/", proxy="http://nowhere.example:3128")
    assert issubclass(fails(act, connector=connector), aiohttp.ClientConnectorError)


def test_a_proxy_that_hangs_up_on_a_tunnel(server, fails):
    def hang_up(exchange, *_):
        exchange.hang_up()

    server.route("", hang_up)
    assert fails(_get("https://example.com/", proxy=server.url), server) is aiohttp.ServerDisconnectedError


def test_a_server_that_has_no_cipher_in_common(tls_server, fails):
    context = ssl.create_default_context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("AES128-SHA")
    assert fails(_get(tls_server.url + "/text", ssl=context), tls_server) is aiohttp.ClientConnectorSSLError


def test_a_unix_socket_that_is_not_there(tmp_path, fails):
    connector = lambda: aiohttp.UnixConnector(path=str(tmp_path / "none"))  # noqa: E731
    assert fails(_get("http://localhost/"), connector=connector).__name__ == "UnixClientConnectorError"


def test_a_head_that_breaks_off(server, fails):
    def half(exchange):
        exchange.hang_up()
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Half:")

    server.route("/half", half)
    assert fails(_get(server.url + "/half"), server) is aiohttp.ServerDisconnectedError


@pytest.mark.parametrize("path", ["/silent", "/endless"])
def test_a_request_that_the_program_gives_up_is_given_up_on_replay(path, server, cassette_path):
    async def act(session):
        async def get():
            async with session.get(server.url + path) as response:
                await response.read()

        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(get(), 0.2)

    for mode in ("once", "none"):
        with vcr.use_cassette(cassette_path, record_mode=mode) as cassette:
            run(act)
        assert [response["error"]["kind"] for response in cassette.responses] == ["cancelled"]
        assert server.hits == 1
    assert cassette.all_played


# -- requests whose body waits, or fails -------------------------------------------------------------------------------


class BodyError(Exception):
    """The program fails to make a body."""


async def _broken():
    yield b"one"
    raise BodyError


async def _patiently(act, session):
    return await asyncio.wait_for(act(session), 20)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", 204),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204),
        (b"HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n", 417),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200),
        (b"HTTP/1.1 100 Continue\r\n\r\n", aiohttp.ServerDisconnectedError),
        (b"", aiohttp.ServerDisconnectedError),
    ],
    ids=["100 204", "204", "417", "100 200", "100 and no more", "nothing"],
)
@pytest.mark.parametrize("data", [b"content", b""], ids=["body", "no body"])
def test_any_response_to_a_body_that_waits_for_100_continue(data, answer, expected, server, cassette_path):
    def raw(exchange):
        exchange.hang_up()
        exchange.send(answer)

    async def act(session):
        async with session.put(server.url + "/raw", data=data, expect100=True) as response:
            await response.read()
            return response.status

    server.route("/raw", raw)
    for mode in ("once", "none"):
        with vcr.use_cassette(cassette_path, record_mode=mode, record_errors=True):
            seen = outcome(lambda: run(lambda session: _patiently(act, session)))
        assert (seen.kind if isinstance(seen, Raised) else seen) == expected


def test_the_time_limit_runs_on_after_100_continue(server, fails):
    """aiohttp stops its time limit when it reads ``100 Continue``, and starts it again when it has sent the body."""

    async def act(session):
        await session.put(server.url + "/silent", data=b"content", expect100=True)

    timeout = aiohttp.ClientTimeout(sock_read=0.2)
    kind = fails(lambda session: _patiently(act, session), server, timeout=timeout)
    assert issubclass(kind, aiohttp.ServerTimeoutError)


@pytest.mark.parametrize("expect", [True, False])
def test_a_body_that_fails_is_not_waited_for(expect, server, cassette_path):
    async def act(session):
        await session.put(server.url + "/echo", data=_broken(), expect100=expect)

    with vcr.use_cassette(cassette_path, record_errors=True) as cassette:
        failed = outcome(lambda: run(lambda session: _patiently(act, session)))
    assert issubclass(failed.kind, (aiohttp.ClientConnectionError, BodyError))
    assert len(cassette) == server.connections == 0


@pytest.mark.parametrize("expect", [True, False])
def test_a_server_that_is_not_there_is_not_waited_for(expect, server, fails):
    async def act(session):
        await session.put(server.url + "/echo", data=b"content", expect100=expect)

    server.close()
    assert fails(lambda session: _patiently(act, session)) is aiohttp.ClientConnectorError


# -- refusals, hooks, upgrades -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [None, b"body", _generated], ids=["none", "bytes", "generator"])
def test_a_refusal_is_raised_unwrapped_and_once(data, server, cassette_path):
    events = []
    tracing = aiohttp.TraceConfig()

    async def failed(session, context, event):
        events.append(type(event.exception))

    tracing.on_request_exception.append(failed)

    async def act(session):
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: events.append(context))
        await session.put(server.url + "/text", data=data() if callable(data) else data)

    with vcr.use_cassette(cassette_path, record_mode="none") as cassette:
        assert outcome(lambda: run(act, trace_configs=[tracing])).kind is CannotOverwriteExistingCassetteException
    assert events == [CannotOverwriteExistingCassetteException]
    assert len(cassette.refused) == 1
    assert server.connections == 0


class HookError(Exception):
    """A hook of the program fails."""


@pytest.mark.parametrize("read", ["read", "readany"])
@pytest.mark.parametrize("path", ["/text", "/sse", "/bytes/500000"])
def test_the_error_of_a_hook_reaches_the_program(path, read, server, cassette_path):
    def hook(response):
        raise HookError

    async def act(session):
        server.release(len(EVENTS))
        async with session.get(server.url + path) as response:
            await getattr(response.content, read)()

    with vcr.use_cassette(cassette_path, before_record_response=hook):
        assert outcome(lambda: run(act)) == Raised(HookError, "")


def test_a_websocket_passes_the_cassette_and_is_named(server, cassette_path, caplog):
    def websocket(exchange):
        exchange.hang_up()
        proof = hashlib.sha1(exchange.request.get("Sec-WebSocket-Key").encode() + aiohttp.http.WS_KEY).digest()
        exchange.head(
            101,
            [
                ("Upgrade", "websocket"),
                ("Connection", "Upgrade"),
                ("Sec-WebSocket-Accept", base64.b64encode(proof).decode()),
            ],
        )
        exchange.send(b"\x81\x05hello" + b"\x88\x02\x03\xe8")
        exchange.sock.recv(100)  # its answer to our goodbye

    async def act(session):
        async with session.ws_connect(server.url + "/ws") as ws:
            return [message.data async for message in ws]

    server.route("/ws", websocket)
    with (
        caplog.at_level(logging.INFO, "vcr"),
        pytest.warns(VCRWarning, match=rf":{server.port} \(WebSocket\)"),
        vcr.use_cassette(cassette_path, record_mode="none") as cassette,
    ):
        assert run(act) == ["hello"]
    assert len(cassette) == 0
    assert any(server.url + "/ws" in message for message in caplog.messages)


# -- cassettes of other recorders --------------------------------------------------------------------------------------


OLD = """\
interactions:
- request:
    body: null
    headers: {}
    method: GET
    uri: http://example.com/
  response:
    body:
      string: 'To be, or not to be'
    headers:
      Content-Encoding: [%s]
      Content-Type: [text/plain; charset=utf-8]
      %s
    status: {code: 200, message: OK}
    url: http://example.com/
version: 1
"""
FRAMINGS = ["Content-Length: ['33']", "Transfer-Encoding: [chunked]", "Server: [nginx]"]


@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("coding", ["gzip", "deflate", "br"])
def test_a_cassette_of_vcrpy_whose_body_has_been_decoded(coding, framing, tmp_path):
    async def act(session):
        async with session.get("http://example.com/") as response:
            return response.headers["Content-Encoding"], await response.text()

    (tmp_path / "old.yaml").write_text(OLD % (coding, framing))
    with vcr.use_cassette(tmp_path / "old.yaml", record_mode="none"):
        assert run(act) == (coding, "To be, or not to be")


def test_a_cassette_of_another_client(server, cassette_path):
    httplib = pytest.importorskip("urllib.request")
    with vcr.use_cassette(cassette_path):
        httplib.urlopen(server.url + "/gzip").close()
    server.close()

    async def act(session):
        return await (await session.get(server.url + "/gzip")).read()

    with vcr.use_cassette(cassette_path, record_mode="none"):
        assert run(act) == TEXT


def test_a_replayed_response_is_freed_although_the_loop_does_not_run(server, cassette_path):
    async def act(session):
        async with session.get(server.url + "/text") as response:
            await response.read()
            return weakref.ref(response._protocol)

    async def replay(session):  # the loop runs nothing between the replays of a task
        replayed = [await act(session) for _ in range(2)]
        gc.collect()
        return [protocol() for protocol in replayed]

    with vcr.use_cassette(cassette_path):
        run(act)
    server.close()
    with vcr.use_cassette(cassette_path, record_mode="none", allow_playback_repeats=True):
        assert run(replay) == [None, None]


# -- aiobotocore -------------------------------------------------------------------------------------------------------


def test_aiobotocore_puts_an_object_and_gets_it_back(server, cassette_path):
    session = pytest.importorskip("aiobotocore.session").get_session()
    kept, content = {}, all_bytes(50_000)

    def bucket(exchange, name):
        if exchange.request.method == "PUT":
            kept[name] = exchange.request.body
        exchange.respond(200, [("ETag", '"1"')], kept[name] if exchange.request.method == "GET" else b"")

    async def act():
        keys = {"aws_access_key_id": "key", "aws_secret_access_key": "secret", "region_name": "us-east-1"}
        async with session.create_client("s3", endpoint_url=server.url, **keys) as client:
            await client.put_object(Bucket="bucket", Key="object", Body=content)
            answer = await client.get_object(Bucket="bucket", Key="object")
            async with answer["Body"] as body:
                return await body.read()

    server.route("/bucket", bucket)
    with vcr.use_cassette(cassette_path) as cassette:
        assert asyncio.run(act()) == content
    assert [request.method for request in cassette.requests] == ["PUT", "GET"]
    server.close()
    with vcr.use_cassette(cassette_path, record_mode="none"):
        assert asyncio.run(act()) == content
