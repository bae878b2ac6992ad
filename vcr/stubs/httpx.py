"""Stands between httpx's transports, or httpcore's pools of connections, and a cassette.

The turn is taken in the *engine*, which is the last object on the way to the server. What wraps the engine (a retry, a
cache, a router, an instrumentation, a subclass) works as without a cassette, and so do the client's redirects, cookies
and authentication. httpx's own transports hand their requests to a pool of httpcore: that pool is the engine. Every
other engine is a transport of httpx.

``Pools`` reads and makes the requests and responses of httpcore, ``Transports`` those of httpx. ``Engines`` has what
both share. This file must not know an option or a file.
"""

from __future__ import annotations

import contextlib
import functools
import sys
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from http import HTTPStatus
from types import ModuleType
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import anyio.lowlevel

from .._engine.cassette import Cassette, Turn
from .._http import uri as uris
from .._http.failure import CANCELLED
from .._http.fields import asks_for_upgrade, content_length, field_bytes, is_chunked, raw_fields
from .._http.render import content
from ..request import Headers, Request
from ..response import Response
from .cancellation import CANCEL_LIMIT, not_cancelled, wait_for_cancellation, was_cancelled
from .door import bound
from .exchange import Exchange, cassette_for, going_live
from .httpx_errors import ANYIO, Errors
from .httpx_tee import AsyncTee, NoNetwork, Pieces, Streamed, Tee
from .upgrade import let_upgrade

if TYPE_CHECKING:
    import httpcore
    import httpx

NativeRequest = TypeVar("NativeRequest", bound=Streamed)
NativeResponse = TypeVar("NativeResponse", bound=Streamed)
#: ``handle_request(engine, request)``, and ``handle_async_request``.
Handle = Callable[[object, NativeRequest], NativeResponse]
AsyncHandle = Callable[[object, NativeRequest], Awaitable[NativeResponse]]


class Engines(ABC, Generic[NativeRequest, NativeResponse]):
    """The engines of one module: httpx, httpcore, or the second version of one of them.

    ``errors`` and ``async_errors``: make the errors of the module's synchronous and asynchronous engines.
    """

    def __init__(self, module: ModuleType, errors: Errors, async_errors: Errors) -> None:
        self._module = module
        self._errors, self._async_errors = errors, async_errors
        #: The base classes that the module's client expects of a body.
        self._streams: tuple[type, ...] = ()

    @functools.cached_property
    def _pieces(self) -> type[Pieces]:
        return type("Pieces", (Pieces, *self._streams), {})

    # -- the doors ----------------------------------------------------------------------------------------------------

    def door(
        self, owner: type | None, original: Handle[NativeRequest, NativeResponse]
    ) -> Handle[NativeRequest, NativeResponse]:
        """``handle_request`` of the class ``owner``; None: of an object that is known to be the engine."""
        engines, errors = self, self._errors

        @functools.wraps(original)
        def handle_request(self: object, request: NativeRequest) -> NativeResponse:
            taken_in = engines._take_in(self, request, owner, "handle_request")
            if taken_in is None:
                return bound(original, self)(request)
            cassette, vcr_request = taken_in
            sent = list(request.stream)
            vcr_request.body = b"".join(sent)
            turn = cassette.begin(vcr_request)
            if turn.response is not None:
                if was_cancelled(turn.response):
                    wait_for_cancellation(vcr_request)
                return engines.replay(turn.response, vcr_request, errors)
            exchange = Exchange(turn, vcr_request.method)
            exchange.sent()
            with going_live(turn), engines._sending(request, sent), exchange.reporting(errors.failure):
                response = bound(original, self)(request)
            return engines._record(turn, exchange, response, functools.partial(engines._tee, errors))

        return handle_request

    def async_door(
        self, owner: type | None, original: AsyncHandle[NativeRequest, NativeResponse]
    ) -> AsyncHandle[NativeRequest, NativeResponse]:
        """``handle_async_request`` of the class ``owner``; None: of an object that is known to be the engine."""
        engines, errors = self, self._async_errors

        @functools.wraps(original)
        async def handle_async_request(self: object, request: NativeRequest) -> NativeResponse:
            taken_in = engines._take_in(self, request, owner, "handle_async_request")
            if taken_in is None:
                return await bound(original, self)(request)
            cassette, vcr_request = taken_in
            stream = request.stream
            sent = list(stream) if engines._is_whole(stream) else [piece async for piece in stream]
            vcr_request.body = b"".join(sent)
            turn = cassette.begin(vcr_request)
            if turn.response is not None:
                await anyio.lowlevel.checkpoint()  # lets other tasks run, as a live request does
                if was_cancelled(turn.response):
                    await anyio.sleep(CANCEL_LIMIT)
                    raise not_cancelled(vcr_request)
                return engines.replay(turn.response, vcr_request, errors)
            exchange = Exchange(turn, vcr_request.method)
            exchange.sent()
            with going_live(turn), engines._sending(request, sent), exchange.reporting(errors.failure):
                response = await bound(original, self)(request)
            return engines._record(turn, exchange, response, functools.partial(engines._async_tee, errors))

        return handle_async_request

    def _take_in(
        self, engine: object, request: NativeRequest, owner: type | None, method: str
    ) -> tuple[Cassette, Request] | None:
        """The cassette to which the request belongs, and the request without its body. None when the original method
        is to be called: there is no cassette, another engine takes the turn, or the request passes unrecorded."""
        vcr_request = self._vcr_request(request)
        cassette = cassette_for(vcr_request.host or "", type(engine))
        if cassette is None or (owner is not None and self._passes_on(engine, owner, method)):
            return None
        if asks_for_upgrade(vcr_request.headers):
            let_upgrade(cassette, vcr_request.uri, vcr_request.headers["Upgrade"])
            return None
        return cassette, vcr_request

    @abstractmethod
    def _vcr_request(self, request: NativeRequest) -> Request:
        """The request without its body."""

    def _passes_on(self, engine: object, owner: type, method: str) -> bool:
        """Whether ``engine``, in the ``method`` of its class ``owner``, hands the request to another engine: to the
        method of a base class, or to an engine among its attributes."""
        if owner.__module__.partition(".")[0] == self._module.__name__:
            return False  # the module's own classes are engines, whatever their subclasses have
        classes = type(engine).__mro__
        for cls in classes[classes.index(owner) + 1 :]:
            if method in vars(cls) and not self._is_abstract(cls):
                return True
        return any(self._is_engine(part) for part in _parts(engine))

    @abstractmethod
    def _is_abstract(self, cls: type) -> bool:
        """Whether the method of this class only raises NotImplementedError."""

    def _is_engine(self, part: object) -> bool:
        """Whether ``part``, an attribute of an engine, is an engine or a client that has one."""
        return is_pool(type(part))

    @abstractmethod
    def _is_whole(self, stream: object) -> bool:
        """Whether ``stream`` is a body in memory. Such a body can be read again, and without ``await``."""

    @contextlib.contextmanager
    def _sending(self, request: NativeRequest, sent: list[bytes]) -> Iterator[None]:
        """A block in which the request can be sent, although ``sent``, the pieces of its body, have been read from it
        already."""
        stream = request.stream
        if self._is_whole(stream):
            yield
            return
        request.stream = again = self._pieces(sent)
        try:
            yield
        finally:
            # A transport that calls ``request.read()`` replaces the stream: then that one stays.
            if request.stream is again:
                request.stream = stream

    # -- the response -------------------------------------------------------------------------------------------------

    def replay(self, recorded: Response, vcr_request: Request, errors: Errors | None = None) -> NativeResponse:
        """The recorded response as a response of the module. Raises the module's error if a failure was recorded
        instead of a response."""
        errors, failure = errors or self._errors, recorded.failure
        waits = failure is not None and failure.kind == CANCELLED
        error = None if failure is None else not_cancelled(vcr_request) if waits else errors.error(failure)
        if error is not None and not recorded.incomplete:
            raise error
        headers, pieces = content(recorded, vcr_request.method)
        if error is None and recorded.incomplete:
            error = errors.cut(_cut_text(headers, pieces))
        extensions = {"http_version": field_bytes(f"HTTP/{recorded.http_version}"), "network_stream": NoNetwork()}
        reason = recorded.reason
        if reason or recorded.has_no_reason:  # httpx derives an unknown reason from the status
            extensions["reason_phrase"] = field_bytes(reason or "")
        stream = self._pieces(pieces, error, waits=waits)
        return self._native(recorded.status, raw_fields(headers), stream, extensions)

    @abstractmethod
    def _native(
        self, status: int, headers: list[tuple[bytes, bytes]], stream: Pieces, extensions: dict[str, object]
    ) -> NativeResponse:
        """Make a response of the module."""

    @abstractmethod
    def _head(self, response: NativeResponse) -> tuple[int, str, Headers, str]:
        """The status, the reason, the header fields and the HTTP version of a response."""

    def _tee(self, errors: Errors, response: NativeResponse, exchange: Exchange, turn: Turn) -> Tee:
        return Tee(errors, response, exchange, turn)

    def _async_tee(self, errors: Errors, response: NativeResponse, exchange: Exchange, turn: Turn) -> AsyncTee:
        return AsyncTee(errors, response, exchange, turn)

    def _record(
        self, turn: Turn, exchange: Exchange, response: NativeResponse, tee: Callable[..., object]
    ) -> NativeResponse:
        if turn.records:
            exchange.head(*self._head(response))
            response.stream = tee(response, exchange, turn)
        return response


class Transports(Engines["httpx.Request", "httpx.Response"]):
    """The transports of httpx, or of httpx2, that are engines themselves."""

    def __init__(self, module: ModuleType) -> None:
        super().__init__(module, Errors(module, {}), Errors(module, ANYIO))
        self._bases = (self._module.BaseTransport, self._module.AsyncBaseTransport)
        self._inner = (*self._bases, self._module.Client, self._module.AsyncClient)
        self._streams = (self._module.SyncByteStream, self._module.AsyncByteStream)

    def _vcr_request(self, request: httpx.Request) -> Request:
        url = request.url
        # httpcore sends the extension, if there is one, instead of the path.
        target = request.extensions.get("target", url.raw_path)
        uri = _uri(url.scheme, url.netloc.decode("ascii"), target)
        return Request(request.method, uri, None, _headers(request.headers.raw))

    def _is_abstract(self, cls: type) -> bool:
        return cls in self._bases

    def _is_engine(self, part: object) -> bool:
        return isinstance(part, self._inner) or super()._is_engine(part)

    def _is_whole(self, stream: object) -> bool:
        return isinstance(stream, self._module.ByteStream)

    def _native(
        self, status: int, headers: list[tuple[bytes, bytes]], stream: Pieces, extensions: dict[str, object]
    ) -> httpx.Response:
        response: httpx.Response = self._module.Response(status, headers=headers, stream=stream, extensions=extensions)
        return response

    def _head(self, response: httpx.Response) -> tuple[int, str, Headers, str]:
        reason: bytes | None = response.extensions.get("reason_phrase")
        text = response.reason_phrase if reason is None else reason.decode("latin-1")
        version = response.http_version.removeprefix("HTTP/")
        return response.status_code, text, _headers(response.headers.raw), version

    @functools.cached_property
    def _tee_class(self) -> type[Tee]:
        return type("Tee", (Tee, self._streams[0]), {})

    @functools.cached_property
    def _async_tee_class(self) -> type[AsyncTee]:
        return type("AsyncTee", (AsyncTee, self._streams[1]), {})

    def _tee(self, errors: Errors, response: httpx.Response, exchange: Exchange, turn: Turn) -> Tee:
        return self._tee_class(errors, response, exchange, turn)

    def _async_tee(self, errors: Errors, response: httpx.Response, exchange: Exchange, turn: Turn) -> AsyncTee:
        return self._async_tee_class(errors, response, exchange, turn)

    def _record(
        self, turn: Turn, exchange: Exchange, response: httpx.Response, tee: Callable[..., object]
    ) -> httpx.Response:
        if turn.records and self._is_whole(response.stream):
            whole: Any = response.stream  # both a synchronous and an asynchronous iterable
            body = b"".join(whole)
        elif turn.records and response.is_stream_consumed:
            body = response.content
        else:
            return super()._record(turn, exchange, response, tee)
        exchange.head(*self._head(response))
        exchange.piece(body)
        exchange.end()
        return response


class Pools(Engines["httpcore.Request", "httpcore.Response"]):
    """The pools of connections of httpcore, or of httpcore2."""

    def __init__(self, module: ModuleType) -> None:
        super().__init__(module, Errors(module, {}, shows_cause=False), Errors(module, ANYIO, shows_cause=False))

    def _vcr_request(self, request: httpcore.Request) -> Request:
        url = request.url
        scheme, host = url.scheme.decode("ascii"), url.host.decode("ascii")
        authority = uris.authority(scheme, host, url.port)
        uri = _uri(scheme, authority, url.target)
        return Request(request.method.decode("ascii"), uri, None, _headers(request.headers))

    def _is_abstract(self, cls: type) -> bool:
        return cls.__name__.endswith("Interface") and is_pool(cls)

    def _is_whole(self, _: object) -> bool:
        return False  # httpcore's streams can be read only once

    def _native(
        self, status: int, headers: list[tuple[bytes, bytes]], stream: Pieces, extensions: dict[str, object]
    ) -> httpcore.Response:
        response: httpcore.Response = self._module.Response(
            status, headers=headers, content=stream, extensions=extensions
        )
        return response

    def _head(self, response: httpcore.Response) -> tuple[int, str, Headers, str]:
        extensions = response.extensions
        reason: bytes | None = extensions.get("reason_phrase")
        text = self._phrase(response.status) if reason is None else reason.decode("latin-1")
        version = extensions.get("http_version", b"HTTP/1.1").decode("ascii").removeprefix("HTTP/")
        return response.status, text, _headers(response.headers), version

    def _phrase(self, status: int) -> str:
        """The reason phrase for a response of HTTP/2, which has none: as httpx says it, if the program uses httpx."""
        httpx = sys.modules.get(self._module.__name__.replace("core", "x"))
        if httpx is not None:
            return str(httpx.codes.get_reason_phrase(status))
        return next((known.phrase for known in HTTPStatus if known == status), "")


def is_pool(cls: type) -> bool:
    """Whether ``cls`` derives from the interface of httpcore's pools and connections."""
    return any(
        base.__module__.startswith("httpcore") and base.__name__.endswith("RequestInterface") for base in cls.__mro__
    )


def _parts(engine: object) -> Iterable[object]:
    """The attributes of an engine, and what they contain."""
    for value in getattr(engine, "__dict__", {}).values():
        if isinstance(value, Mapping):
            yield from value.values()
        elif isinstance(value, (list, tuple)):
            yield from value
        else:
            yield value


def _headers(raw: Iterable[tuple[bytes, bytes]]) -> Headers:
    return Headers.from_pairs([(name.decode("latin-1"), value.decode("latin-1")) for name, value in raw])


def _uri(scheme: str, authority: str, target: bytes) -> str:
    """The absolute URI of a request, without user and password (they are in a header field) and without fragment."""
    path = target.decode("latin-1")
    if "://" in path.partition("?")[0]:
        return path
    # The target of OPTIONS may be "*", which means the whole server (RFC 9112 §3.2.4).
    return f"{scheme}://{authority}{'' if path.startswith('/') else '/'}{path}"


def _cut_text(headers: Headers, pieces: list[bytes]) -> str:
    """The text of h11's error for a message that ends early."""
    length = None if is_chunked(headers) else content_length(headers)
    how = "incomplete chunked read"
    if length is not None:
        how = f"received {sum(map(len, pieces))} bytes, expected {length}"
    return f"peer closed connection without sending complete message body ({how})"
