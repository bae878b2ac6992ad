"""Wrappers around the methods that a request passes through, put on a class or on one object, before a cassette opens
or inside it: what is wrapped is recorded and replayed, and the wrapper goes on working."""

from __future__ import annotations

import asyncio
import functools
import http.client
import importlib
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import pytest
import wrapt

import vcr
from tests.server import TEXT
from vcr.errors import CannotOverwriteExistingCassetteException

from .entries import outcome

# -- how a method is wrapped -------------------------------------------------------------------------------------------
# Each is given the method as it stands in its class, and notes each call.

Calls = list[str]


def by_function(method: Any, calls: Calls) -> Any:
    @functools.wraps(method)
    def wrapper(*args, **kwargs):
        calls.append("called")
        return method(*args, **kwargs)

    return wrapper


def by_wrapt(method: Any, calls: Calls) -> Any:
    def wrapper(wrapped, instance, args, kwargs):
        calls.append("called")
        assert instance is not None
        return wrapped(*args, **kwargs)

    return wrapt.FunctionWrapper(method, wrapper)


class Decorator:
    """A decorator made of a class, as a compiler's method: it is bound, and it is no function."""

    def __init__(self, method: Any, calls: Calls) -> None:
        self.method, self.calls = method, calls

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self if instance is None else functools.partial(self, instance)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.calls.append("called")
        return self.method(*args, **kwargs)


def by_partialmethod(method: Any, calls: Calls) -> Any:
    def wrapper(self, inner, *args, **kwargs):
        calls.append("called")
        return inner(self, *args, **kwargs)

    return functools.partialmethod(wrapper, method)


WAYS = {"function": by_function, "wrapt": by_wrapt, "class": Decorator, "partialmethod": by_partialmethod}

# -- what is wrapped ---------------------------------------------------------------------------------------------------


def by_http_client(url: str) -> bytes:
    host = url.partition("//")[2].partition("/")[0]
    connection = http.client.HTTPConnection(host, timeout=20)
    try:
        connection.request("GET", "/text")
        return connection.getresponse().read()
    finally:
        connection.close()


def by_urllib3(url: str) -> bytes:
    with importlib.import_module("urllib3").PoolManager() as pool:
        return pool.request("GET", url).data


def by_requests(url: str) -> bytes:
    return importlib.import_module("requests").get(url, timeout=20).content


def by_httpx(url: str, module: str = "httpx") -> bytes:
    return importlib.import_module(module).get(url).content


def by_async_httpx(url: str, module: str = "httpx") -> bytes:
    async def act() -> bytes:
        async with importlib.import_module(module).AsyncClient() as client:
            return (await client.get(url)).content

    return asyncio.run(act())


def by_aiohttp(url: str) -> bytes:
    async def act() -> bytes:
        async with importlib.import_module("aiohttp").ClientSession() as session, session.get(url) as response:
            return await response.read()

    return asyncio.run(act())


def by_tornado(url: str) -> bytes:
    async def act() -> bytes:
        client = importlib.import_module("tornado.simple_httpclient").SimpleAsyncHTTPClient(force_instance=True)
        try:
            return (await client.fetch(url)).body
        finally:
            client.close()

    return asyncio.run(act())


def by_niquests(url: str) -> bytes:
    return pytest.importorskip("niquests").get(url, timeout=20).content


#: The class, its method, what makes a request, and whether a replay passes through the method, too.
TARGETS = {
    "http.client: __init__": ("http.client.HTTPConnection.__init__", by_http_client, True),
    "http.client: putrequest": ("http.client.HTTPConnection.putrequest", by_http_client, True),
    "http.client: request": ("http.client.HTTPConnection.request", by_http_client, True),
    "http.client: getresponse": ("http.client.HTTPConnection.getresponse", by_http_client, True),
    "http.client: connect": ("http.client.HTTPConnection.connect", by_http_client, False),
    "urllib3: urlopen": ("urllib3.connectionpool.HTTPConnectionPool.urlopen", by_urllib3, True),
    "urllib3: request": ("urllib3.connection.HTTPConnection.request", by_urllib3, True),
    "urllib3: connect": ("urllib3.connection.HTTPConnection.connect", by_urllib3, False),
    "requests: Session.send": ("requests.Session.send", by_requests, True),
    "requests: HTTPAdapter.send": ("requests.adapters.HTTPAdapter.send", by_requests, True),
    "httpx: transport": ("httpx.HTTPTransport.handle_request", by_httpx, True),
    "httpx: pool": ("httpcore.ConnectionPool.handle_request", by_httpx, False),
    "httpx: asynchronous transport": ("httpx.AsyncHTTPTransport.handle_async_request", by_async_httpx, True),
    "httpx: asynchronous pool": ("httpcore.AsyncConnectionPool.handle_async_request", by_async_httpx, False),
    "httpx2: transport": (
        "httpx2.HTTPTransport.handle_request",
        functools.partial(by_httpx, module="httpx2"),
        True,
    ),
    "aiohttp: session": ("aiohttp.ClientSession._request", by_aiohttp, True),
    "aiohttp: connector": ("aiohttp.BaseConnector.connect", by_aiohttp, False),
    "aiohttp: one connector": ("aiohttp.TCPConnector.connect", by_aiohttp, False),
    "aiohttp: header fields": ("aiohttp.ClientRequest.update_headers", by_aiohttp, True),
    "tornado: fetch": ("tornado.httpclient.AsyncHTTPClient.fetch", by_tornado, True),
    "tornado: fetch_impl": ("tornado.simple_httpclient.SimpleAsyncHTTPClient.fetch_impl", by_tornado, True),
}

#: The same of methods that nobody wraps who does not know how vcr takes hold of the client.
INNER = {
    "tornado: connection": ("tornado.simple_httpclient._HTTPConnection.__init__", by_tornado),
    "niquests: backend": ("urllib3.backend.hface.HfaceBackend.putrequest", by_niquests),
}


def _in_class(cls: type, name: str) -> Any:
    """The method as it stands in the class, or in the one that it comes from."""
    return next(vars(base)[name] for base in cls.__mro__ if name in vars(base))


@contextmanager
def kept(path: str) -> Iterator[None]:
    """Put the method back at the end: who takes a wrapper off puts back what was there when it was put on, a door."""
    module, cls_name, name = path.rsplit(".", 2)
    cls = getattr(pytest.importorskip(module), cls_name)
    original = vars(cls).get(name)
    yield
    if original is not None:
        setattr(cls, name, original)


@contextmanager
def wrapped(path: str, way: Callable[[Any, Calls], Any], calls: Calls) -> Iterator[None]:
    """In here the method is wrapped. Afterwards it is again what it was, if the wrapper is still in its place."""
    module, cls_name, name = path.rsplit(".", 2)
    cls = getattr(pytest.importorskip(module), cls_name)
    is_its_own, original = name in vars(cls), _in_class(cls, name)
    wrapper = way(original, calls)
    setattr(cls, name, wrapper)
    try:
        yield
    finally:
        assert vars(cls)[name] is wrapper  # no cassette has left anything
        if is_its_own:
            setattr(cls, name, original)
        else:
            delattr(cls, name)


@pytest.fixture(params=TARGETS)
def target(request) -> tuple[str, Callable[[str], bytes], bool]:
    path, fetch, runs_on_replay = TARGETS[request.param]
    pytest.importorskip(path.rsplit(".", 2)[0].partition(".")[0] if "." in path else path)
    if "httpcore" in path:
        pytest.importorskip("httpx")
    return path, fetch, runs_on_replay


@pytest.fixture(params=WAYS)
def way(request) -> Callable[[Any, Calls], Any]:
    return WAYS[request.param]


@pytest.mark.parametrize("is_after_a_cassette", [False, True], ids=["at first", "after a cassette"])
def test_a_method_that_is_wrapped_before_the_cassette(is_after_a_cassette, way, target, server, tmp_path):
    path, fetch, runs_on_replay = target
    url, calls = server.url + "/text", []
    if is_after_a_cassette:
        with vcr.use_cassette(tmp_path / "earlier.yaml"):
            fetch(url)
    before = server.hits
    with wrapped(path, way, calls):
        assert fetch(url) == TEXT
        often = len(calls)
        assert often > 0
        with vcr.use_cassette(tmp_path / "cassette.yaml") as cassette:
            assert fetch(url) == TEXT
        assert (len(cassette), len(calls)) == (1, 2 * often)
        with vcr.use_cassette(tmp_path / "cassette.yaml", record_mode="none") as cassette:
            assert fetch(url) == TEXT
            refused = outcome(lambda: fetch(server.url + "/other"))
        assert cassette.all_played
        assert cassette.refused
        assert refused != TEXT
        assert server.hits == before + 2
        if runs_on_replay:
            assert len(calls) > 2 * often
    assert fetch(url) == TEXT


def _depth(path: str) -> int:
    """How many functions stand one inside the other in the place of a method."""
    module, cls, name = path.rsplit(".", 2)
    function, depth = getattr(getattr(importlib.import_module(module), cls), name), 0
    while (function := getattr(function, "__wrapped__", None)) is not None:
        depth += 1
    return depth


def test_a_method_that_is_wrapped_inside_the_cassette(target, server, cassette_path):
    path, fetch, _ = target
    _wrap_inside(path, fetch, by_wrapt, server, cassette_path)


@pytest.mark.parametrize(("path", "fetch"), INNER.values(), ids=INNER)
def test_an_inner_method_that_is_wrapped_inside_the_cassette(path, fetch, server, cassette_path):
    pytest.importorskip(path.rsplit(".", 2)[0])
    _wrap_inside(path, fetch, by_function, server, cassette_path)


def _wrap_inside(path: str, fetch: Callable[[str], bytes], way: Any, server: Any, cassette_path: Any) -> None:
    """The cassette is closed before the wrapper is taken off, again and again: what is left does not grow."""
    url, calls = server.url + "/text", []
    with kept(path):
        for _ in range(3):
            with vcr.use_cassette(cassette_path, record_mode="all"):
                within = wrapped(path, way, calls)
                within.__enter__()
                assert fetch(url) == TEXT
            within.__exit__(None, None, None)
        assert calls
        with vcr.use_cassette(cassette_path, record_mode="none"):
            assert fetch(url) == TEXT
        assert server.hits == 3
        assert _depth(path) <= 2


@pytest.mark.parametrize("httpcore", ["httpcore", "httpcore2"])
def test_the_methods_of_httpx_look_like_themselves_inside_the_cassette(httpcore, server, cassette_path):
    """respx takes them out of their classes, and looks at their parameters and whether they are coroutine functions."""
    module = pytest.importorskip(httpcore)
    methods = [
        *((module.ConnectionPool, "handle_request"), (module.AsyncConnectionPool, "handle_async_request")),
        *((module.HTTPConnection, "handle_request"), (module.AsyncHTTPConnection, "handle_async_request")),
    ]

    def look() -> list[Any]:
        found = [vars(cls)[name] for cls, name in methods]
        return [(inspect.getfullargspec(one).args, inspect.iscoroutinefunction(one)) for one in found]

    before = look()
    with vcr.use_cassette(cassette_path):
        assert look() == before
        with mock.patch.object(module.ConnectionPool, "handle_request", autospec=True) as handle_request:
            handle_request.side_effect = ZeroDivisionError
            with pytest.raises(ZeroDivisionError):
                by_httpx(server.url + "/text", httpcore.replace("core", "x"))
    assert server.hits == 0


# -- one object --------------------------------------------------------------------------------------------------------


def on_object(holder: Any, name: str, calls: Calls) -> None:
    """Wrap a bound method of one object, as an instrumentation of one client does."""
    wrapt.wrap_function_wrapper(
        holder, name, lambda wrapped, _, args, kwargs: (calls.append(name), wrapped(*args, **kwargs))[1]
    )


class OnHttpx:
    kind, module = "Client", "httpx"

    def __init__(self, **options: Any) -> None:
        self.client = getattr(importlib.import_module(self.module), self.kind)(**options)
        self.transport = self.client._transport

    def get(self, url: str) -> bytes:
        return self.client.get(url).content

    def close(self) -> None:
        self.client.close()


@pytest.fixture(params=["httpx", "httpx2"])
def httpx(request) -> Any:
    return pytest.importorskip(request.param)


def _engine(httpx: Any, url: str) -> Any:
    """A transport without a pool of httpx's: it asks by http.client."""

    class Engine(httpx.BaseTransport):
        def handle_request(self, request: Any) -> Any:
            return httpx.Response(200, content=by_http_client(url))

    return Engine()


@pytest.mark.parametrize("of", ["httpx's own", "an engine of its own"])
@pytest.mark.parametrize("is_wrapped", ["before the cassette", "inside it"])
def test_a_transport_object_of_httpx(of, is_wrapped, httpx, server, tmp_path):
    calls: Calls = []
    url = server.url + "/text"
    for mode in ("once", "none"):
        with httpx.Client(transport=None if of == "httpx's own" else _engine(httpx, url)) as client:
            if is_wrapped == "before the cassette":
                on_object(client._transport, "handle_request", calls)
            with vcr.use_cassette(tmp_path / "cassette.yaml", record_mode=mode) as cassette:
                if is_wrapped == "inside it":
                    on_object(client._transport, "handle_request", calls)
                assert client.get(url).content == TEXT
            assert len(cassette) == server.hits == 1
    if (of, is_wrapped) != ("an engine of its own", "before the cassette"):
        assert len(calls) == 2
    with httpx.Client(transport=None if of == "httpx's own" else _engine(httpx, url)) as client:
        on_object(client._transport, "handle_request", calls)
        with (
            vcr.use_cassette(tmp_path / "empty.yaml", record_mode="none"),
            pytest.raises(CannotOverwriteExistingCassetteException),
        ):
            client.get(url)
    assert server.hits == 1


def test_an_asynchronous_transport_object_of_httpx(httpx, server, cassette_path):
    calls: Calls = []

    async def act(mode: str) -> bytes:
        async with httpx.AsyncClient() as client:
            on_object(client._transport, "handle_async_request", calls)
            on_object(client._transport._pool, "handle_async_request", calls)
            with vcr.use_cassette(cassette_path, record_mode=mode):
                return (await client.get(server.url + "/text")).content

    assert [asyncio.run(act(mode)) for mode in ("once", "none")] == [TEXT, TEXT]
    assert server.hits == 1
    assert len(calls) == 3  # the pool is not asked by a replay


def test_a_connector_object_of_aiohttp(server, cassette_path):
    aiohttp = pytest.importorskip("aiohttp")
    calls: Calls = []

    async def act(mode: str) -> bytes:
        async with aiohttp.ClientSession() as session:
            on_object(session.connector, "connect", calls)
            with vcr.use_cassette(cassette_path, record_mode=mode):
                async with session.get(server.url + "/text") as response:
                    return await response.read()

    assert [asyncio.run(act(mode)) for mode in ("once", "none")] == [TEXT, TEXT]
    assert (server.hits, calls) == (1, ["connect"])


def test_an_adapter_object_of_requests(server, cassette_path):
    requests = pytest.importorskip("requests")
    calls: Calls = []
    for mode in ("once", "none"):
        with requests.Session() as session:
            on_object(session.get_adapter(server.url), "send", calls)
            on_object(session, "send", calls)
            with vcr.use_cassette(cassette_path, record_mode=mode):
                assert session.get(server.url + "/text").content == TEXT
    assert server.hits == 1
    assert len(calls) == 4


@pytest.mark.parametrize("by_hand", [False, True], ids=["request", "putrequest"])
def test_putrequest_of_one_connection_that_is_wrapped_before_the_cassette(by_hand, server, cassette_path):
    def fetch(is_wrapped):
        connection = http.client.HTTPConnection(server.host, server.port, timeout=20)
        if is_wrapped:
            original = connection.putrequest
            connection.putrequest = functools.partial(original)
        try:
            with vcr.use_cassette(cassette_path, record_mode="new_episodes", match_on=["headers"]) as cassette:
                for name in ("one", "two"):
                    if by_hand:
                        connection.putrequest("GET", "/json")
                        connection.putheader("X-Name", name)
                        connection.endheaders()
                    else:
                        connection.request("GET", "/json", headers={"X-Name": name, "Host": "a.example"})
                    assert connection.getresponse().read()
            return [request.headers for request in cassette.requests]
        finally:
            connection.close()

    recorded = fetch(is_wrapped=True)
    assert (len(recorded), server.hits) == (2, 2)
    assert fetch(is_wrapped=False) == fetch(is_wrapped=True) == recorded
    assert server.hits == 2
