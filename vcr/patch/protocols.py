"""Notices WebSockets, gRPC, and connections of httpcore without a pool, which no cassette can hold. An open cassette
judges each of them (``on_unrecordable``) before it begins. It is no client's file.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator
from types import ModuleType
from typing import Any, Protocol

from .client import Client
from .replace import Replacement, class_in, once_for_each
from .sockets import judging_cassette

CLIENTS: tuple[Client, ...] = ()
MODULES: dict[str, tuple[str, ...]] = dict.fromkeys(
    (
        *("httpcore", "httpcore2", "websockets.client", "websockets.legacy.client"),
        *("grpc._channel", "grpc.aio._channel"),
    ),
    (),
)

#: Finds the host and the port that a method leads to, from the arguments with which the method is called.
Where = Callable[..., tuple[str, int | None]]


def replacements(module: ModuleType) -> Iterable[Replacement]:
    """The doors of one of ``MODULES``."""
    return _DOORS[module.__name__](module)


@once_for_each
def _protocol_door(protocol: str, where: Where, original: Callable[..., object]) -> Callable[..., object]:
    """The door for a method that begins to speak ``protocol`` with a server."""

    @functools.wraps(original)
    def door(*args: object, **kwargs: object) -> object:
        _judge(protocol, where, *args, **kwargs)
        return original(*args, **kwargs)

    return door


def _judge(protocol: str, where: Where, *args: object, **kwargs: object) -> None:
    """Let an open cassette judge the call of a method that begins to speak ``protocol``."""
    cassette = judging_cassette()
    if cassette is not None:
        cassette.let_pass(protocol, *where(*args, **kwargs))


# -- httpcore ----------------------------------------------------------------------------------------------------------


def _httpcore(module: ModuleType) -> Iterator[Replacement]:
    """The doors of connections without a pool. (Pools are recorded, and mark the requests that go live.)"""
    connection, async_connection = class_in(module, "HTTPConnection"), class_in(module, "AsyncHTTPConnection")
    method, async_method = connection.handle_request, async_connection.handle_async_request
    yield Replacement(connection, "handle_request", _connection_door(method))
    yield Replacement(async_connection, "handle_async_request", _async_connection_door(async_method))


# These two doors have the parameters of the method, and one is a coroutine function: respx looks at both.


@once_for_each
def _connection_door(original: Callable[..., object]) -> Callable[..., object]:
    @functools.wraps(original)
    def handle_request(self: object, request: object) -> object:
        _judge("HTTP", _where_request_goes, self, request)
        return original(self, request)

    return handle_request


@once_for_each
def _async_connection_door(original: Callable[..., Awaitable[object]]) -> Callable[..., Awaitable[object]]:
    @functools.wraps(original)
    async def handle_async_request(self: object, request: object) -> object:
        _judge("HTTP", _where_request_goes, self, request)
        return await original(self, request)

    return handle_async_request


def _where_request_goes(_: object, request: Any) -> tuple[str, int | None]:
    return request.url.host.decode("ascii"), request.url.port


# -- WebSockets --------------------------------------------------------------------------------------------------------


class _WebSocketURI(Protocol):
    """The class that websockets has for a URI."""

    host: str
    port: int


class _ClientProtocol(Protocol):
    """The class of websockets that has this name."""

    uri: _WebSocketURI


def _websockets(module: ModuleType) -> Iterator[Replacement]:
    cls = class_in(module, "ClientProtocol")
    yield Replacement(cls, "connect", _protocol_door("WebSocket", _where_protocol_leads, cls.connect))


def _where_protocol_leads(protocol: _ClientProtocol) -> tuple[str, int | None]:
    return protocol.uri.host, protocol.uri.port


def _legacy_websockets(module: ModuleType) -> Iterator[Replacement]:
    cls = class_in(module, "WebSocketClientProtocol")
    yield Replacement(cls, "handshake", _protocol_door("WebSocket", _where_handshake_goes, cls.handshake))


def _where_handshake_goes(_: object, wsuri: _WebSocketURI, *__: object, **___: object) -> tuple[str, int | None]:
    return wsuri.host, wsuri.port


# -- gRPC --------------------------------------------------------------------------------------------------------------


def _grpc(module: ModuleType) -> Iterator[Replacement]:
    """The doors of the methods that call a server. The calls of ``grpc.aio`` do not know where they go, so its channels
    have a door too, which notes the target."""
    if module.__name__.startswith("grpc.aio"):
        channel = class_in(module, "Channel")
        yield Replacement(channel, "__init__", _channel_door(channel.__init__))
    for name, cls in list(vars(module).items()):
        if name.endswith("MultiCallable") and isinstance(cls, type) and cls.__module__ == module.__name__:
            for method in ("__call__", "with_call", "future"):
                if method in vars(cls):
                    yield Replacement(cls, method, _protocol_door("gRPC", _where_call_goes, vars(cls)[method]))


@once_for_each
def _channel_door(original: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(original)
    def __init__(self: Any, target: str, *args: object, **kwargs: object) -> None:
        original(self, target, *args, **kwargs)
        self._vcr_target = target

    return __init__


def _where_call_goes(call: Any, *_: object, **__: object) -> tuple[str, int | None]:
    """The host and the port in the target of a call, such as ``dns:///a.example:443``."""
    targets_of_channels = (getattr(one, "_vcr_target", "") for one in getattr(call, "_references", None) or ())
    target = getattr(call, "_target", b"") or next(filter(None, targets_of_channels), "")
    text = target.decode("latin-1") if isinstance(target, bytes) else str(target)
    text = re.sub(r"^(?:dns|ipv4|ipv6):(?://[^/]*/)?", "", text)
    host, colon, port = text.rpartition(":")
    has_port = bool(colon) and port.isdecimal()
    return (host.strip("[]"), int(port)) if has_port else (text or "a server", None)


_DOORS: dict[str, Callable[[ModuleType], Iterable[Replacement]]] = {
    "httpcore": _httpcore,
    "httpcore2": _httpcore,
    "websockets.client": _websockets,
    "websockets.legacy.client": _legacy_websockets,
    "grpc._channel": _grpc,
    "grpc.aio._channel": _grpc,
}
