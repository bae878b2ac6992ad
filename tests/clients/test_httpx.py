"""httpx and httpx2: transports of every kind, HTTP/2, and the attributes of responses."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import io
import json
import logging
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest

import vcr
from tests.server import CHUNKS, EVENTS, TEXT, all_bytes
from vcr.errors import CannotOverwriteExistingCassetteException

from .entries import Raised, body_of, outcome

MODULES = ["httpx", "httpx2"]


@pytest.fixture(params=MODULES)
def httpx(request) -> Any:
    """The module, httpx or httpx2."""
    return pytest.importorskip(request.param)


class Sync:
    """A synchronous client, with the methods of an asynchronous one."""

    kind, handles, stream_kind = "Client", "handle_request", "SyncByteStream"

    def __init__(self, client: Any) -> None:
        self.client = client

    async def get(self, url: str, **options: Any) -> Any:
        return self.client.get(url, **options)

    async def post(self, url: str, **options: Any) -> Any:
        return self.client.post(url, **options)

    @asynccontextmanager
    async def stream(self, url: str):
        with self.client.stream("GET", url) as response:
            yield response, _asynchronous(response.iter_raw())

    async def close(self) -> None:
        self.client.close()


async def _asynchronous(pieces):
    for piece in pieces:
        yield piece


class Async(Sync):
    """An asynchronous client."""

    kind, handles, stream_kind = "AsyncClient", "handle_async_request", "AsyncByteStream"

    async def get(self, url: str, **options: Any) -> Any:
        return await self.client.get(url, **options)

    async def post(self, url: str, **options: Any) -> Any:
        return await self.client.post(url, **options)

    @asynccontextmanager
    async def stream(self, url: str):
        async with self.client.stream("GET", url) as response:
            yield response, response.aiter_raw()

    async def close(self) -> None:
        await self.client.aclose()


@pytest.fixture(params=[Sync, Async])
def way(request) -> type[Sync]:
    """The class of the client: synchronous or asynchronous."""
    return request.param


@pytest.fixture
def run(httpx, way) -> Callable[..., Any]:
    """``run(act, **options)``: what ``act(client)`` returns, with a new client that has these options."""

    def run(act: Callable[[Any], Any], **options: Any) -> Any:
        async def visit() -> Any:
            client = way(getattr(httpx, way.kind)(timeout=20, **options))
            try:
                return await act(client)
            finally:
                await client.close()

        return asyncio.run(visit())

    return run


@pytest.fixture
def alike(run, cassette_path) -> Callable[..., Any]:
    """``alike(act, gone, **options)``: what ``run`` returns, and the cassette. The same must be returned live,
    recording, and, after ``gone()``, on replay. ``options``: functions that make an option anew each time.
    """

    def alike(act: Callable[[Any], Any], gone: Callable[[], Any] = lambda: None, **options: Any) -> Any:
        def once() -> Any:
            return outcome(lambda: run(act, **{name: value() for name, value in options.items()}))

        live = once()
        with vcr.use_cassette(cassette_path):
            assert once() == live
        gone()
        with vcr.use_cassette(cassette_path, record_mode="none") as cassette:
            assert once() == live
        assert cassette.all_played
        return live, cassette

    return alike


def _seen(response: Any) -> Any:
    """The attributes of a response, and of the responses that redirected to it."""
    return (
        [_seen(hop) for hop in response.history],
        *(response.status_code, response.reason_phrase, response.http_version, response.headers.raw),
        *(str(response.url), response.content, response.text, response.encoding, response.charset_encoding),
        *(dict(response.cookies), response.links, response.num_bytes_downloaded, repr(response)),
        *(response.is_closed, response.is_stream_consumed, response.elapsed.total_seconds() > 0),
        *(response.request.method, response.request.headers.raw, repr(response.next_request)),
    )


# -- the client's own --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/headers", "/redirect/2", "/gzip", "/chunked", "/status/404", "/until-close/1.0", "/reason"]
)
def test_every_attribute_of_a_response_is_the_same(path, server, alike):
    async def act(client):
        return _seen(await client.get(server.url + path))

    alike(act, server.close, follow_redirects=lambda: True)


def test_a_replayed_response_has_the_extensions_of_a_live_one(server, run, cassette_path):
    async def act(client):
        return (await client.get(server.url + "/text")).extensions

    for mode in ("once", "none"):
        with vcr.use_cassette(cassette_path, record_mode=mode):
            extensions = run(act)
        assert (extensions["http_version"], extensions["reason_phrase"]) == (b"HTTP/1.1", b"OK")
        assert extensions["network_stream"].get_extra_info("ssl_object") is None


def test_hooks_and_authentication_see_every_hop(httpx, way, server, alike):
    events = []

    class Token(httpx.Auth):
        requires_response_body = True

        def auth_flow(self, request):
            answer = yield httpx.Request("POST", server.url + "/echo", content=b"a token, please")
            request.headers["X-Token"] = answer.json()["method"]
            yield request

    def hooks():
        def note(message):
            events.append((type(message).__name__, str(message.url)))

        async def note_async(message):
            note(message)

        hook = note_async if way is Async else note
        return {"request": [hook], "response": [hook]}

    async def act(client):
        events.clear()
        response = await client.get(server.url + "/redirect/1", auth=Token(), follow_redirects=True)
        return list(events), _seen(response)

    (seen, _), cassette = alike(act, server.close, event_hooks=hooks)
    assert [kind for kind, _ in seen] == ["Request", "Response"] * len(cassette)
    assert [request.method for request in cassette.requests] == ["POST", "GET", "GET"]
    assert cassette.requests[1].headers["X-Token"] == "POST"


def test_a_body_that_is_read_once_is_not_sent_again_after_a_redirect(httpx, way, server, alike):
    def body():
        yield b"one"
        yield b"two"

    async def act(client):
        content = body() if way is Sync else _asynchronous(body())
        return await client.post(server.url + "/redirect-as/307", content=content, follow_redirects=True)

    error, cassette = alike(act, server.close)
    assert error.kind is httpx.StreamConsumed
    assert cassette.requests[0].body == b"onetwo"


def test_a_multipart_upload(way, server, run, cassette_path):
    content = all_bytes(100_000)

    async def act(client):
        parts = {"file": ("name.bin", io.BytesIO(content), "application/octet-stream")}
        response = await client.post(server.url + "/echo", data={"field": "value"}, files=parts)
        return response.json()["body"]

    with vcr.use_cassette(cassette_path, record_mode="once") as cassette:
        assert content.decode("latin-1") in run(act)
    assert cassette.requests[0].body == server.requests[0].body
    assert cassette.requests[0].headers.pairs() == server.requests[0].headers


@pytest.mark.parametrize(
    ("url", "recorded"),
    [
        ("http://user:secret@127.0.0.1:{}/echo?a=b#part", "http://127.0.0.1:{}/echo?a=b"),
        ("http://127.0.0.1:{}/echo?q=%20+%C3%A9", "http://127.0.0.1:{}/echo?q=%20+%C3%A9"),
    ],
)
def test_the_recorded_uri_has_neither_user_nor_fragment(url, recorded, server, alike):
    async def act(client):
        return _seen(await client.get(url.format(server.port)))

    _, cassette = alike(act, server.close)
    assert cassette.requests[0].uri == recorded.format(server.port)


def test_lines_and_characters_of_a_stream(httpx, way, server, alike):
    async def act(client):
        server.release(len(EVENTS))
        async with client.stream(server.url + "/sse") as (response, _):
            if way is Sync:
                return list(response.iter_lines())
            return [line async for line in response.aiter_lines()]

    lines, _ = alike(act, server.close)
    assert lines == b"".join(EVENTS).decode().splitlines()


def test_a_replay_lets_other_tasks_go_on(httpx, server, cassette_path):
    async def poll():
        seen = asyncio.Event()
        waiting = asyncio.ensure_future(seen.wait())
        asyncio.get_running_loop().call_soon(seen.set)
        async with httpx.AsyncClient() as client:
            while not waiting.done():
                await client.get(server.url + "/text")

    with vcr.use_cassette(cassette_path), httpx.Client() as client:
        client.get(server.url + "/text")
    with vcr.use_cassette(cassette_path, record_mode="none", allow_playback_repeats=True):
        asyncio.run(asyncio.wait_for(poll(), 20))


def test_an_upgrade_is_let_through_and_named(server, run, cassette_path, caplog):
    async def act(client):
        return (await client.get(server.url + "/text", headers={"Upgrade": "websocket"})).text

    options = {"on_unrecordable": "allow"}
    with caplog.at_level(logging.INFO, "vcr"), vcr.use_cassette(cassette_path, **options) as cassette:
        assert run(act) == TEXT.decode()
    assert len(cassette) == 0
    assert f"{server.url}/text is to become another protocol" in caplog.text


def test_an_error_of_a_hook_reaches_the_caller(server, run, cassette_path):
    def unlucky(response):
        raise ZeroDivisionError

    async def act(client):
        return (await client.get(server.url + "/text")).text

    with vcr.use_cassette(cassette_path, before_record_response=unlucky) as cassette:
        assert outcome(lambda: run(act)).kind is ZeroDivisionError
    assert len(cassette) == 0


# -- streams -----------------------------------------------------------------------------------------------------------


def test_a_connection_goes_back_to_the_pool_however_its_stream_is_left(httpx, server, run, cassette_path):
    async def act(client):
        async with client.stream(server.url + "/bytes/300000") as (_, pieces):
            await anext(pieces)
        async with client.stream(server.url + "/chunked"):
            pass
        await client.get(server.url + "/text")
        return (await client.get(server.url + "/text")).content

    limits = {"max_connections": 1}
    for mode in ("once", "none"):
        with vcr.use_cassette(cassette_path, record_mode=mode) as cassette:
            assert run(act, limits=httpx.Limits(**limits)) == TEXT
        assert [len(response["body"]["string"]) for response in cassette.responses[:2]] == [300_000, 1218]
        assert not any("incomplete" in response for response in cassette.responses)


def test_a_stream_that_stalls_does_not_hold_up_a_client_that_leaves_it(server, run, cassette_path):
    """The stream may go on at any time, or never, and the client has set no time limit."""

    async def act(client):
        client.client.timeout = None
        async with client.stream(server.url + "/endless") as (_, pieces):
            server.release()
            first = await anext(pieces)
        return first, (await client.get(server.url + "/text")).content

    with vcr.use_cassette(cassette_path) as cassette:
        assert run(act) == (b"piece 1\n", TEXT)
    assert [response.get("incomplete") for response in cassette.responses] == [True, None]


def test_a_stream_that_stalls_goes_on_after_its_cassette_has_closed(server, run, cassette_path):
    async def act(client):
        client.client.timeout = None
        with vcr.use_cassette(cassette_path) as cassette:
            context = client.stream(server.url + "/endless")
            _, pieces = await context.__aenter__()
            server.release()
            assert await anext(pieces) == b"piece 1\n"
        server.release(2)
        seen = b""
        while len(seen) < 16:
            seen += await anext(pieces)
        server.close()
        await context.__aexit__(None, None, None)
        return cassette, seen

    cassette, seen = run(act)
    assert seen == b"piece 2\npiece 3\n"
    assert body_of(cassette.responses[0]) == b"piece 1\n"
    assert cassette.responses[0]["incomplete"] is True


# -- HTTP/2 ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def h2(ca_file) -> dict[str, Callable[[], Any]]:
    """The options of a client that speaks HTTP/2, as functions that make them."""
    return {"http2": lambda: True, "verify": lambda: ssl.create_default_context(cafile=ca_file)}


@pytest.mark.parametrize("path", ["/json", "/headers", "/gzip", "/redirect/2", "/status/204", "/trailers", "/chunked"])
def test_http2(path, h2_server, h2, alike):
    async def act(client):
        return _seen(await client.get(h2_server.url + path, follow_redirects=True))

    seen, cassette = alike(act, h2_server.close, **h2)
    assert seen[3] == "HTTP/2"
    assert cassette.responses[0]["http_version"] == "2"


def test_frames_of_http2_are_the_pieces_of_a_replay(h2_server, h2, alike):
    async def act(client):
        async with client.stream(h2_server.url + "/chunked") as (_, pieces):
            return [piece async for piece in pieces]

    assert alike(act, h2_server.close, **h2)[0] == CHUNKS


def test_a_reset_stream_of_http2(httpx, h2_server, h2, run, cassette_path):
    async def act(client):
        seen = []
        async with client.stream(h2_server.url + "/cut") as (_, pieces):
            seen.append(await anext(pieces))
            with pytest.raises(httpx.RemoteProtocolError):
                await anext(pieces)
        return seen

    for mode in ("once", "none"):
        with vcr.use_cassette(cassette_path, record_mode=mode) as cassette:
            assert run(act, **{name: value() for name, value in h2.items()}) == [b"only this much"]
        assert cassette.responses[0]["incomplete"] is True
        h2_server.close()


def _stalls(exchange):
    exchange.head(200)
    exchange.chunk(b"piece 1")
    exchange.server.closing.wait()


def _leaves_one_of_two_streams(h2_server):
    async def act(client):
        async with client.stream(h2_server.url + "/stream/event-stream") as (_, events):
            h2_server.release()
            first = await anext(events)
            async with client.stream(h2_server.url + "/stalls") as (_, pieces):
                assert await anext(pieces) == b"piece 1"
            h2_server.release(len(EVENTS))
            return [first, *[event async for event in events]]

    h2_server.route("/stalls", _stalls)
    return act


def test_leaving_one_stream_of_a_connection_does_not_disturb_the_others(h2_server, h2, run, cassette_path):
    act = _leaves_one_of_two_streams(h2_server)
    with vcr.use_cassette(cassette_path) as cassette:
        assert run(act, **{name: value() for name, value in h2.items()}) == EVENTS
    assert h2_server.connections == 1
    assert [response.get("incomplete") for response in cassette.responses] == [None, True]


def test_leaving_one_stream_does_not_disturb_the_others_while_the_clock_stands(
    httpx, h2_server, h2, cassette_path, monkeypatch
):
    """Libraries that stop the time for a test replace ``time.monotonic``."""
    act, now = _leaves_one_of_two_streams(h2_server), time.monotonic()
    with vcr.use_cassette(cassette_path), httpx.Client(**{name: value() for name, value in h2.items()}) as client:
        monkeypatch.setattr(time, "monotonic", lambda: now)
        with pytest.raises(StopIteration) as seen:  # (a synchronous client needs no event loop)
            act(Sync(client)).send(None)
    assert seen.value.value == EVENTS


def test_many_streams_at_once(httpx, h2_server, h2, cassette_path):
    async def act():
        async with httpx.AsyncClient(**{name: value() for name, value in h2.items()}) as client:
            asked = (client.get(f"{h2_server.url}/echo?n={number}") for number in range(50))
            return [response.json()["target"] for response in await asyncio.gather(*asked)]

    for mode in ("once", "none"):
        with vcr.use_cassette(cassette_path, record_mode=mode) as cassette:
            assert asyncio.run(act()) == [f"/echo?n={number}" for number in range(50)]
        assert [request.uri.partition("=")[2] for request in cassette.requests] == [str(n) for n in range(50)]
        h2_server.close()


# -- transports --------------------------------------------------------------------------------------------------------


def wsgi_application(environ, start_response):
    body = environ["wsgi.input"].read()
    start_response("201 Created", [("Content-Type", "text/plain"), ("X-Path", environ["PATH_INFO"])])
    return [b"got ", body]


async def asgi_application(scope, receive, send):
    body = (await receive())["body"]
    headers = [(b"content-type", b"text/plain"), (b"x-path", scope["raw_path"])]
    await send({"type": "http.response.start", "status": 201, "headers": headers})
    await send({"type": "http.response.body", "body": b"got ", "more_body": True})
    await send({"type": "http.response.body", "body": body})


def _custom(httpx, way):
    """A transport that makes the response itself, in pieces."""

    class Pieces(getattr(httpx, way.stream_kind)):
        def __iter__(self):
            yield b"got "
            yield bytearray(b"content")  # httpx takes any bytes

        async def __aiter__(self):
            for piece in Pieces.__iter__(self):
                yield piece

    def answer(self, request):
        return httpx.Response(201, headers=[("Content-Type", "text/plain"), ("X-Path", "/path")], stream=Pieces())

    async def answer_async(self, request):
        return answer(self, request)

    base = getattr(httpx, "BaseTransport" if way is Sync else "AsyncBaseTransport")
    return type("Custom", (base,), {way.handles: answer_async if way is Async else answer})()


def _application(httpx, way):
    return httpx.WSGITransport(wsgi_application) if way is Sync else httpx.ASGITransport(asgi_application)


def _mock(httpx, way):
    headers = {"X-Path": "/path", "Content-Type": "text/plain"}
    return httpx.MockTransport(lambda request: httpx.Response(201, headers=headers, content=b"got " + request.content))


@pytest.mark.parametrize("transport", [_custom, _application, _mock])
def test_a_transport_without_a_network(transport, httpx, way, run, cassette_path):
    async def act(client):
        response = await client.post("http://application.test/path", content=b"content")
        return response.status_code, response.reason_phrase, response.headers.multi_items(), response.text

    expected = run(act, transport=transport(httpx, way))
    assert expected[3] == "got content"
    with vcr.use_cassette(cassette_path) as cassette:
        assert run(act, transport=transport(httpx, way)) == expected
    assert [(request.uri, request.body) for request in cassette.requests] == [
        ("http://application.test/path", b"content")
    ]
    with vcr.use_cassette(cassette_path, record_mode="none"):
        # (This transport would fail if it were called.)
        assert run(act, transport=httpx.MockTransport(None)) == expected


def test_requests_that_an_application_makes_are_not_recorded_beside_its_response(httpx, server, cassette_path):
    def application(environ, start_response):
        start_response("200 OK", [])
        yield httpx.get(server.url + "/text").content

    with (
        vcr.use_cassette(cassette_path) as cassette,
        httpx.Client(transport=httpx.WSGITransport(application)) as client,
    ):
        assert client.get("http://application.test/").content == TEXT
    assert [request.host for request in cassette.requests] == ["application.test"]


def test_requests_that_an_ignored_application_makes_are_recorded(httpx, server, cassette_path):
    def application(environ, start_response):
        start_response("200 OK", [])
        yield httpx.get(server.url + "/text").content

    for mode in ("once", "none"):
        with (
            vcr.use_cassette(cassette_path, record_mode=mode, ignore_hosts=["application.test"]) as cassette,
            httpx.Client(transport=httpx.WSGITransport(application)) as client,
        ):
            assert client.get("http://application.test/").content == TEXT
        assert [request.path for request in cassette.requests] == ["/text"]
        server.close()


def _retrying(httpx, way, base, inner=None):
    """A transport that repeats a request: by ``inner``, or, if that is None, by the class that it extends."""

    class Retrying(base):
        def __init__(self):
            super().__init__()
            self.inner = inner

        def handle_request(self, request):
            while (response := self._ask(request)).status_code == 503:
                response.close()
            return response

        async def handle_async_request(self, request):
            while (response := await self._ask(request)).status_code == 503:
                await response.aclose()
            return response

        def _ask(self, request):
            return getattr(inner or super(), way.handles)(request)

        def close(self):
            (inner or super()).close()

        async def aclose(self):
            await (inner or super()).aclose()

    return Retrying()


@pytest.mark.parametrize("how", ["holds", "extends", "extends and holds a client"])
def test_each_try_of_a_transport_that_tries_again_is_recorded(how, httpx, way, server, alike):
    own = getattr(httpx, "HTTPTransport" if way is Sync else "AsyncHTTPTransport")

    def transport():
        if how == "holds":
            return _retrying(httpx, way, getattr(httpx, own.__mro__[1].__name__), own())
        made = _retrying(httpx, way, own)
        made.client = httpx.Client() if how == "extends and holds a client" else None
        return made

    async def act(client):
        server.requests.clear()
        return (await client.get(server.url + "/flaky/2")).text

    _, cassette = alike(act, server.close, transport=transport)
    assert [response["status"]["code"] for response in cassette.responses] == [503, 503, 200]


def test_each_mounted_transport_is_recorded(httpx, way, server, run, cassette_path):
    own = getattr(httpx, "HTTPTransport" if way is Sync else "AsyncHTTPTransport")

    async def act(client):
        first = await client.post("http://application.test/", content=b"content")
        return first.text, (await client.get(server.url + "/text")).text

    for mode in ("once", "none"):
        with vcr.use_cassette(cassette_path, record_mode=mode) as cassette:
            mounts = {"all://application.test": _application(httpx, way), "http://127.0.0.1": own()}
            assert run(act, mounts=mounts) == ("got content", TEXT.decode())
        assert [request.host for request in cassette.requests] == ["application.test", "127.0.0.1"]
        server.close()


def test_a_transport_that_is_defined_inside_the_cassette(httpx, way, run, cassette_path):
    async def act(client):
        return (await client.get("http://application.test/path")).text

    with vcr.use_cassette(cassette_path) as cassette:
        transport = _custom(httpx, way)
        with_its_door = vars(type(transport))[way.handles]
        assert run(act, transport=transport) == "got content"
    assert len(cassette) == 1
    assert vars(type(transport))[way.handles] is with_its_door.__wrapped__
    assert "__init_subclass__" not in vars(httpx.BaseTransport)


def test_a_refusal_is_not_wrapped(server, run, cassette_path):
    async def act(client):
        return await client.get(server.url + "/text")

    with vcr.use_cassette(cassette_path, record_mode="none") as cassette:
        assert outcome(lambda: run(act)).kind is CannotOverwriteExistingCassetteException
    assert len(cassette.refused) == 1
    assert server.hits == 0


def test_clients_that_are_turned_off(httpx, server, run, cassette_path):
    async def act(client):
        return (await client.get(server.url + "/text")).content

    with vcr.use_cassette(cassette_path, record_mode="none", skip_patchers=[httpx.__name__]):
        assert run(act) == TEXT


# -- other engines under httpx -----------------------------------------------------------------------------------------

ENGINES = {
    "httpx-aiohttp": ("httpx_aiohttp", "AiohttpTransport", Async),
    "httpx-curl-cffi": ("httpx_curl_cffi", "CurlTransport", Sync),
    "httpx-curl-cffi-async": ("httpx_curl_cffi", "AsyncCurlTransport", Async),
    "pyreqwest": ("pyreqwest.compatibility.httpx", "SyncHttpxTransport", Sync),
    "pyreqwest-async": ("pyreqwest.compatibility.httpx", "HttpxTransport", Async),
}


@pytest.fixture(scope="module", autouse=True)
def the_runtime_of_pyreqwest():
    """Let pyreqwest open, before the tests, the descriptors that its first request opens and that stay open."""
    if importlib.util.find_spec("pyreqwest"):
        from pyreqwest.client import ClientBuilder, SyncClientBuilder

        with socket.socket() as bound, SyncClientBuilder().build() as client:
            bound.bind(("127.0.0.1", 0))
            nobody = "http://{}:{}/".format(*bound.getsockname())
            assert isinstance(outcome(lambda: client.get(nobody).build().send()), Raised)

            async def ask():
                async with ClientBuilder().build() as asynchronous:
                    await asynchronous.get(nobody).build().send()

            assert isinstance(outcome(lambda: asyncio.run(ask())), Raised)


@pytest.fixture(params=ENGINES)
def engine(request) -> tuple[type, type[Sync]]:
    """A transport over another client, and the class of the client that uses it."""
    module, name, way = ENGINES[request.param]
    pytest.importorskip("httpx")
    pytest.importorskip(module.partition(".")[0])
    return getattr(importlib.import_module(module), name), way


@pytest.fixture
def visit(engine) -> Callable[..., Any]:
    """``visit(act)``: what ``act(client)`` returns, with a new client that has this transport."""
    transport, way = engine

    def visit(act: Callable[[Any], Any]) -> Any:
        async def once() -> Any:
            client = way(getattr(importlib.import_module("httpx"), way.kind)(transport=transport(), timeout=20))
            try:
                return await act(client)
            finally:
                await client.close()

        return asyncio.run(once())

    return visit


@pytest.mark.parametrize("path", ["/text", "/gzip", "/chunked", "/status/302"])
def test_another_engine_is_recorded_once(path, server, visit, cassette_path):
    async def act(client):
        response = await client.get(server.url + path)
        return response.status_code, response.reason_phrase, response.http_version, response.content

    live = visit(act)
    hits = server.hits
    with vcr.use_cassette(cassette_path) as cassette:
        assert visit(act) == live
    assert len(cassette) == hits == server.hits - hits
    server.close()
    with vcr.use_cassette(cassette_path, record_mode="none"):
        assert visit(act) == live


def test_the_body_of_a_request_to_another_engine(server, visit, cassette_path):
    async def act(client):
        return (await client.post(server.url + "/echo", content=b"content")).json()["body"]

    for mode in ("once", "none"):
        with vcr.use_cassette(cassette_path, record_mode=mode) as cassette:
            assert visit(act) == "content"
        assert [request.body for request in cassette.requests] == [b"content"]
        server.close()


def test_another_engine_is_refused(server, visit, cassette_path):
    async def act(client):
        return await client.get(server.url + "/text")

    with vcr.use_cassette(cassette_path, record_mode="none") as cassette:
        assert outcome(lambda: visit(act)).kind is CannotOverwriteExistingCassetteException
    assert (len(cassette.refused), server.hits) == (1, 0)


def test_an_ignored_request_of_another_engine(server, visit, cassette_path):
    async def act(client):
        return (await client.get(server.url + "/text")).content

    with vcr.use_cassette(cassette_path, record_mode="none", before_record_request=lambda request: None) as cassette:
        assert visit(act) == TEXT
    assert not cassette.refused


# -- test clients ------------------------------------------------------------------------------------------------------


def test_a_test_client_of_starlette_is_not_recorded_but_what_its_application_asks_for_is(server, cassette_path):
    pytest.importorskip("starlette")
    pytest.importorskip("httpx2")
    from starlette.testclient import TestClient

    httpx = importlib.import_module("httpx2")

    async def application(scope, receive, send):
        async with httpx.AsyncClient() as client:
            body = (await client.get(server.url + "/text")).content
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})

    for mode in ("once", "none"):
        with vcr.use_cassette(cassette_path, record_mode=mode) as cassette:
            assert TestClient(application).get("/").content == TEXT
        assert [request.uri for request in cassette.requests] == [server.url + "/text"]
        server.close()


# -- a stream that fails -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reading", ["reads", "a network's error", "an application's error"])
@pytest.mark.parametrize("record_errors", [False, True])
@pytest.mark.parametrize("closes", [True, False])
def test_nothing_is_kept_of_a_stream_that_fails_or_cannot_be_closed(  # noqa: PLR0917
    closes, record_errors, reading, httpx, way, run, cassette_path
):
    """The client gets the first error (as with VCR.py; without a cassette, the last one). Nothing is kept of a stream
    that cannot be closed, nor of one that fails, unless the error comes from the network and errors are recorded."""
    errors = {"a network's error": httpx.ReadError("reading"), "an application's error": RuntimeError("a bug")}
    expected = errors.get(reading) or (None if closes else ValueError("closing"))

    class Stream(httpx.SyncByteStream, httpx.AsyncByteStream):
        def __iter__(self):
            yield b"part"
            if reading in errors:
                raise errors[reading]

        async def __aiter__(self):
            for piece in self:
                yield piece

        def close(self):
            if not closes:
                raise ValueError("closing")

        async def aclose(self):
            self.close()

    async def act(client):
        return (await client.get("http://h.example/")).content

    transport = httpx.MockTransport(lambda _: httpx.Response(200, stream=Stream()))
    first = b"part" if expected is None else Raised(type(expected), str(expected))
    assert not closes or outcome(lambda: run(act, transport=transport)) == first
    with vcr.use_cassette(cassette_path, record_errors=record_errors) as cassette:
        assert outcome(lambda: run(act, transport=transport)) == first
    assert len(cassette) == (expected is None or (record_errors and reading == "a network's error"))


def test_a_stream_whose_closing_is_interrupted_is_kept(httpx, way, run, cassette_path):
    class InterruptError(BaseException):
        """As asyncio.CancelledError, or KeyboardInterrupt."""

    class Stream(httpx.SyncByteStream, httpx.AsyncByteStream):
        def __iter__(self):
            yield b"part"

        async def __aiter__(self):
            yield b"part"

        def close(self):
            raise InterruptError

        async def aclose(self):
            raise InterruptError

    async def act(client):
        await client.get("http://h.example/")

    transport = httpx.MockTransport(lambda _: httpx.Response(200, stream=Stream()))
    with vcr.use_cassette(cassette_path) as cassette:
        with pytest.raises(InterruptError):
            run(act, transport=transport)
        assert [body_of(response) for response in cassette.responses] == [b"part"]


def test_what_fails_after_the_client_has_left_is_kept_as_far_as_it_came(httpx, way, run, cassette_path):
    class Stream(httpx.SyncByteStream, httpx.AsyncByteStream):
        def __iter__(self):
            yield b"part"
            raise httpx.ReadError("reading")

        async def __aiter__(self):
            for piece in self:
                yield piece

    async def act(client):
        async with client.stream("http://h.example/") as (_, pieces):
            return await anext(pieces)

    answer = lambda _: httpx.Response(200, headers={"Content-Length": "9"}, stream=Stream())  # noqa: E731
    with vcr.use_cassette(cassette_path) as cassette:
        assert run(act, transport=httpx.MockTransport(answer)) == b"part"
    (response,) = cassette.responses
    assert (response["incomplete"], body_of(response)) == (True, b"part")


def test_a_stream_that_is_read_and_never_closed_is_kept(httpx, cassette_path):
    class Stream(httpx.SyncByteStream):
        def __iter__(self):
            yield b"content"

    inner = httpx.MockTransport(lambda _: httpx.Response(200, stream=Stream()))
    with vcr.use_cassette(cassette_path) as cassette, httpx.Client(transport=inner) as client:
        request = client.build_request("GET", "http://h.example/")
        assert b"".join(inner.handle_request(request).stream) == b"content"
    assert [body_of(response) for response in cassette.responses] == [b"content"]


# -- cassettes of others -----------------------------------------------------------------------------------------------

_HEAD = {"status": {"code": 200, "message": "OK"}, "headers": {"Content-Type": ["text/plain"]}}
_CODED = {"Content-Encoding": ["gzip"], "Content-Length": ["9"]}

OTHERS = {
    "VCR.py": {**_HEAD, "body": {"string": "caf\u00e9"}},
    "VCR.py 4, with httpx": {"status_code": 200, "headers": {"Content-Type": ["text/plain"]}, "content": "caf\u00e9"},
    "VCR.py, decoded by aiohttp": {**_HEAD, "headers": _CODED, "body": {"string": "caf\u00e9"}},
    "over HTTP/2, with no reason": {**_HEAD, "http_version": "2", "body": {"string": "caf\u00e9"}},
}


@pytest.mark.parametrize("response", OTHERS.values(), ids=OTHERS)
def test_cassettes_of_others_replay(response, run, tmp_path):
    async def act(client):
        return (await client.get("http://example.test/")).text

    request = {"method": "GET", "uri": "http://example.test/", "body": None, "headers": {}}
    path = tmp_path / "cassette.json"
    path.write_text(json.dumps({"version": 1, "interactions": [{"request": request, "response": response}]}))
    with vcr.use_cassette(path, serializer="json", record_mode="none"):
        assert run(act) == "caf\u00e9"


# -- recorded errors ---------------------------------------------------------------------------------------------------


def _causes(error: BaseException | None) -> list[type]:
    """The classes of an error and of its causes, as a traceback shows them."""
    causes = []
    while error is not None:
        causes.append(type(error))
        error = error.__cause__ if error.__cause__ or error.__suppress_context__ else error.__context__
    return causes


def _too_late(server):
    return server.url + "/silent", {"timeout": 0.2}


def _nobody_there(server):
    return f"http://127.0.0.1:{_free_port()}/", {}


def _hangs_up(server):
    return server.url + "/hang-up", {}


def _free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])


@pytest.mark.parametrize("fails", [_too_late, _nobody_there, _hangs_up])
def test_a_recorded_error_has_its_request_and_its_causes(fails, run, server, cassette_path):
    url, options = fails(server)

    async def act(client):
        try:
            await client.get(url, **options)
        except Exception as error:  # noqa: BLE001
            return type(error), str(error), _causes(error), error.request.url

    live = run(act)
    for mode in ("once", "none"):
        with vcr.use_cassette(cassette_path, record_mode=mode, record_errors=True):
            assert run(act) == live


def test_a_pool_that_has_no_connection_in_time(httpx, way, server, cassette_path):
    limits = httpx.Limits(max_connections=1)

    async def act():
        client = way(getattr(httpx, way.kind)(limits=limits, timeout=httpx.Timeout(20, pool=0.1)))
        try:
            async with client.stream(server.url + "/text"):  # keeps the only connection
                try:
                    await client.get(server.url + "/text")
                except httpx.PoolTimeout as error:
                    return type(error), str(error), _causes(error), error.request.url
        finally:
            await client.close()

    live = asyncio.run(act())
    assert live is not None
    for mode in ("once", "none"):
        with vcr.use_cassette(cassette_path, record_mode=mode, record_errors=True) as cassette:
            assert asyncio.run(act()) == live
    assert cassette.all_played


@pytest.mark.parametrize("kind", [Sync, Async], ids=lambda kind: kind.kind)
def test_a_body_that_comes_too_late_is_replayed_as_far_as_it_came(kind, httpx, server, cassette_path):
    def stalls(exchange):
        exchange.head(200, [("Content-Length", "100")])
        exchange.send(b"only this much")
        exchange.server.await_release()

    async def act():
        client = kind(getattr(httpx, kind.kind)(timeout=1))
        came = []
        try:
            async with client.stream(server.url + "/stalls") as (_, pieces):
                async for piece in pieces:
                    came.append(piece)
        except httpx.ReadTimeout as error:
            return came, str(error), error.request.url
        finally:
            await client.close()

    server.route("/stalls", stalls)
    live = asyncio.run(act())
    assert live[0] == [b"only this much"]
    for mode in ("once", "none"):
        with vcr.use_cassette(cassette_path, record_mode=mode, record_errors=True):
            assert asyncio.run(act()) == live


def test_a_failure_that_another_client_has_recorded_is_raised_as_an_error_of_httpx(httpx, cassette_path):
    with socket.socket() as bound:  # nobody listens
        bound.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{bound.getsockname()[1]}/"
        with pytest.raises(httpx.ConnectError) as live:
            httpx.get(url)
        with vcr.use_cassette(cassette_path, record_errors=True), pytest.raises(URLError):
            urlopen(url)
    with vcr.use_cassette(cassette_path, record_mode="none"), pytest.raises(httpx.ConnectError) as replayed:
        httpx.get(url)
    assert str(replayed.value) == str(live.value)


def test_an_error_that_does_not_come_from_the_network_is_not_recorded(httpx, server, cassette_path):
    class Broken(httpx.BaseTransport):
        def handle_request(self, request):
            raise ValueError("a bug")

    with (
        vcr.use_cassette(cassette_path, record_errors=True) as cassette,
        httpx.Client(transport=Broken()) as client,
        pytest.raises(ValueError, match="a bug"),
    ):
        client.get(server.url + "/text")
    assert len(cassette) == 0
