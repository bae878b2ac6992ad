"""Where something leaves the process that no cassette can hold: sockets of the program's own, WebSockets, gRPC, and
httpcore without a pool. Inside a cassette each is judged (``on_unrecordable``). It is no client's file.

Requests that vcr lets go live are marked while they connect (``_active.passing``, ``_active.outside``), and pass. Of a
connection to this machine, which may lead to a database, the first bytes say whether it is of the HTTP family.
"""

from __future__ import annotations

import functools
import re
import socket
import weakref
from collections.abc import Awaitable, Callable, Iterable, Iterator
from types import ModuleType
from typing import Any, NamedTuple, Protocol, cast

from .. import _active
from .._engine.cassette import Cassette
from .._engine.unrecordable import judge_http, judge_socket, lets
from .._hosts import is_loopback
from ..errors import AmbiguousCassetteError
from ..stubs.connection import address_door
from .client import Client
from .replace import Replacement, class_in, once_for_each

CLIENTS: tuple[Client, ...] = ()
MODULES: dict[str, tuple[str, ...]] = dict.fromkeys(
    (
        *("socket", "asyncio.proactor_events", "uvloop", "httpcore", "httpcore2"),
        *("websockets.client", "websockets.legacy.client", "grpc._channel", "grpc.aio._channel"),
    ),
    (),
)


def replacements(module: ModuleType) -> Iterable[Replacement]:
    """The doors of one of ``MODULES``."""
    return _DOORS[module.__name__](module)


# -- doors that a block uses too ---------------------------------------------------------------------------------------


class Reach(NamedTuple):
    """What is about to be reached: the family and the kind of a socket, the address, and the socket if there is one."""

    family: int
    kind: int
    address: object
    sock: socket.socket | None = None


#: A coroutine function.
Waits = Callable[..., Awaitable[object]]
#: What ``getaddrinfo`` finds: the address stands in the fifth place.
Found = Iterable[tuple[object, object, object, object, tuple[object, ...]]]
#: Raises when what is about to be reached must not be.
Check = Callable[[Reach], object]


def connect_door(check: Check, original: Callable[..., object]) -> Callable[..., object]:
    """``connect`` and ``connect_ex`` of a socket."""

    @functools.wraps(original)
    def connect(self: socket.socket, address: object, *args: object) -> object:
        try:
            check(Reach(self.family, self.type, address, self))
        except Exception:
            self.close()  # socket.create_connection closes it after an OSError only
            raise
        return original(self, address, *args)

    return connect


def loop_door(check: Check, original: Waits) -> Waits:
    """``sock_connect`` of asyncio's loops."""

    @functools.wraps(original)
    async def sock_connect(self: object, sock: socket.socket, address: object) -> object:
        check(Reach(sock.family, sock.type, address, sock))
        return await original(self, sock, address)

    return sock_connect


_connect_door = once_for_each(connect_door)
_loop_door = once_for_each(loop_door)


def uvloop_doors(check: Check, uvloop: ModuleType) -> Iterable[Replacement]:
    """What connects in uvloop, which has sockets of its own."""
    loop = class_in(uvloop, "Loop")
    for name, door in (
        ("create_connection", _uvloop_connection_door),
        ("create_datagram_endpoint", _uvloop_datagram_door),
        ("create_unix_connection", _uvloop_unix_door),
    ):
        yield Replacement(loop, name, door(check, getattr(loop, name)))


def _uvloop_connection_door(check: Check, original: Waits) -> Waits:
    async def create_connection(
        self: object, factory: object, host: object = None, port: object = None, **options: object
    ) -> object:
        if host is not None:
            check(Reach(socket.AF_INET, socket.SOCK_STREAM, (host, port)))
        return await original(self, factory, host, port, **options)

    return create_connection


def _uvloop_datagram_door(check: Check, original: Waits) -> Waits:
    async def create_datagram_endpoint(
        self: object, factory: object, local_addr: object = None, remote_addr: object = None, **options: object
    ) -> object:
        if isinstance(remote_addr, tuple):
            check(Reach(socket.AF_INET, socket.SOCK_DGRAM, remote_addr))
        return await original(self, factory, local_addr, remote_addr, **options)

    return create_datagram_endpoint


def _uvloop_unix_door(check: Check, original: Waits) -> Waits:
    async def create_unix_connection(self: object, factory: object, path: object = None, **options: object) -> object:
        if path is not None:
            check(Reach(socket.AF_UNIX, socket.SOCK_STREAM, path))
        return await original(self, factory, path, **options)

    return create_unix_connection


# -- sockets -----------------------------------------------------------------------------------------------------------

#: Sockets that were connected inside a cassette, and what their first bytes are waited for to tell.
_watched: weakref.WeakKeyDictionary[socket.socket, tuple[str, int | None]] = weakref.WeakKeyDictionary()
#: The names that addresses were found under, the last ones: what is allowed, or ignored, is known by name.
_names: dict[str, str] = {}
_MOST_NAMES = 1000

_REQUEST = re.compile(rb"(?:[A-Z]{3,20} \S+ HTTP/1\.[01]|PRI \* HTTP/2\.0)\r?\n")


def _cassette() -> Cassette | None:
    """The cassette that judges what happens here and now; None where nothing does."""
    if _active.is_passing():
        return None
    try:
        cassette = _active.current()
    except AmbiguousCassetteError:  # (which is raised where a request is made)
        return None
    if cassette is None or cassette.unrecordable.action == "allow":
        return None
    # Of a client whose requests pass by, nothing tells here that it is one. While something is recorded, a thread that
    # was not handed the cassette may be at work for a request that is.
    is_known = cassette.write_protected or bool(_active.entered_here())
    return cassette if is_known and not getattr(cassette, "skip_patchers", ()) else None


def _check(reach: Reach) -> None:
    """Judge a connection; one to this machine, and one that sends nothing yet, by what is sent first."""
    cassette = _cassette()
    if cassette is None:
        return
    if reach.family == getattr(socket, "AF_UNIX", None):
        path = reach.address.decode("latin-1") if isinstance(reach.address, bytes) else str(reach.address)
        if not cassette.unrecordable.hosts.allow_path(path):
            judge_http(cassette, "a unix socket", path, None)
        _watch(reach.sock, path, None)
    elif reach.family in (socket.AF_INET, socket.AF_INET6) and isinstance(reach.address, tuple):
        host, port = _host(cassette, reach.address)
        if host is None:
            return
        if reach.kind != socket.SOCK_DGRAM:
            judge_socket(cassette, "TCP", host, port)
        elif reach.sock is None:
            judge_socket(cassette, "UDP", host, port)
        _watch(reach.sock, host, port)


def _watch(sock: socket.socket | None, host: str, port: int | None) -> None:
    if sock is not None:
        _watched[sock] = host, port


def _host(cassette: Cassette, address: tuple[object, ...]) -> tuple[str | None, int | None]:
    """The address, or the name under which another machine's was found last; None when either is let pass."""
    given, port = address[0], address[1] if isinstance(address[1], int) else None
    host = given.decode("latin-1") if isinstance(given, (bytes, bytearray)) else str(given or "localhost")
    name = _names.get(host, host)
    if lets(cassette, host, port) or lets(cassette, name, port):
        return None, port
    return host if is_loopback(host) else name, port


def _check_sent(sock: socket.socket, data: bytes) -> None:
    """Judge a watched connection by the first bytes that are sent."""
    host, port = _watched.pop(sock)
    cassette = _cassette()
    if cassette is None:
        return
    if sock.type == socket.SOCK_DGRAM:
        judge_socket(cassette, "UDP", host, port)
        return
    first = bytes(memoryview(data).cast("B")[:8192])
    # (What was let pass under another name of this machine has been noted.)
    if _REQUEST.match(first) and not any(where.endswith(f":{port}") for where in cassette.unrecorded):
        judge_http(cassette, _protocol(first), host, port)


def _protocol(request: bytes) -> str:
    if request.startswith(b"PRI "):
        return "HTTP/2"
    return "WebSocket" if re.search(rb"(?im)^upgrade:[ \t]*websocket", request) else "HTTP"


@once_for_each
def _send_door(original: Callable[..., object]) -> Callable[..., object]:
    """``send`` and ``sendall``."""

    @functools.wraps(original)
    def send(self: socket.socket, data: bytes, *args: object) -> object:
        if _watched and self in _watched:
            _check_sent(self, data)
        return original(self, data, *args)

    return send


@once_for_each
def _sendmsg_door(original: Callable[..., object]) -> Callable[..., object]:
    @functools.wraps(original)
    def sendmsg(self: socket.socket, buffers: Iterable[bytes], *args: object) -> object:
        buffers = list(buffers)
        if len(args) > 2 and args[2] is not None:
            _check_datagram(self, args[2])
        elif _watched and self in _watched:
            _check_sent(self, b"".join(buffers))
        return original(self, buffers, *args)

    return sendmsg


@once_for_each
def _sendto_door(original: Callable[..., object]) -> Callable[..., object]:
    @functools.wraps(original)
    def sendto(self: socket.socket, data: object, *args: object) -> object:
        if args:
            _check_datagram(self, args[-1])
        return original(self, data, *args)

    return sendto


def _check_datagram(sock: socket.socket, address: object) -> None:
    cassette = _cassette()
    if cassette is not None and sock.family in (socket.AF_INET, socket.AF_INET6) and isinstance(address, tuple):
        host, port = _host(cassette, address)
        if host is not None:
            judge_socket(cassette, "UDP", host, port)


@once_for_each
def _lookup_door(original: Callable[..., object]) -> Callable[..., object]:
    """``getaddrinfo``: what was found is remembered; a recorded failure to connect is raised."""
    look_up = address_door(original)

    @functools.wraps(original)
    def getaddrinfo(host: object, *args: object, **kwargs: object) -> object:
        found = cast(Found, look_up(host, *args, **kwargs))
        name = host.decode("latin-1") if isinstance(host, bytes) else host
        if isinstance(name, str):
            for entry in found:
                _names[str(entry[4][0])] = name
            while len(_names) > _MOST_NAMES:
                _names.pop(next(iter(_names)), None)
        return found

    return getaddrinfo


def _of_sockets(_: ModuleType) -> Iterator[Replacement]:
    """(Whatever stands for the module in ``sys.modules``: every client uses that one.)"""
    cls = socket.socket
    for name in ("connect", "connect_ex"):
        yield Replacement(cls, name, _connect_door(_check, getattr(cls, name)))
    for name, door in (
        *(("send", _send_door), ("sendall", _send_door)),
        *(("sendmsg", _sendmsg_door), ("sendto", _sendto_door)),
    ):
        if hasattr(cls, name):  # (Windows has no sendmsg)
            yield Replacement(cls, name, door(getattr(cls, name)))
    yield Replacement(socket, "getaddrinfo", _lookup_door(socket.getaddrinfo))


def _of_proactor(module: ModuleType) -> Iterator[Replacement]:  # pragma: no cover  (of Windows)
    loop = class_in(module, "BaseProactorEventLoop")
    yield Replacement(loop, "sock_connect", _loop_door(_check, vars(loop)["sock_connect"]))


# -- libraries of the HTTP family --------------------------------------------------------------------------------------


class _Place(Protocol):
    """A URI, as websockets has it."""

    host: str
    port: int


class _Protocol(Protocol):
    """``ClientProtocol`` of websockets."""

    uri: _Place


@once_for_each
def _named_door(
    protocol: str, where: Callable[..., tuple[str, int | None]], original: Callable[..., object]
) -> Callable[..., object]:
    """A method that sends something of the HTTP family. ``where``: host and port, from the method's arguments."""

    @functools.wraps(original)
    def door(self: object, *args: object, **kwargs: object) -> object:
        cassette = _cassette()
        if cassette is not None:
            cassette.let_pass(protocol, *where(self, *args))
        return original(self, *args, **kwargs)

    return door


def _of_websockets(module: ModuleType) -> Iterator[Replacement]:
    cls = class_in(module, "ClientProtocol")
    yield Replacement(cls, "connect", _named_door("WebSocket", _of_protocol, cls.connect))


def _of_protocol(protocol: _Protocol) -> tuple[str, int | None]:
    return protocol.uri.host, protocol.uri.port


def _of_legacy_websockets(module: ModuleType) -> Iterator[Replacement]:
    cls = class_in(module, "WebSocketClientProtocol")
    yield Replacement(cls, "handshake", _named_door("WebSocket", _of_handshake, cls.handshake))


def _of_handshake(_: object, uri: _Place, *__: object) -> tuple[str, int | None]:
    return uri.host, uri.port


def _of_httpcore(module: ModuleType) -> Iterator[Replacement]:
    """Connections that are used without a pool: pools are recorded, and mark what goes live."""
    for name, method in (("HTTPConnection", "handle_request"), ("AsyncHTTPConnection", "handle_async_request")):
        cls = class_in(module, name)
        yield Replacement(cls, method, _named_door("HTTP", _of_connection, getattr(cls, method)))


def _of_connection(_: object, request: Any) -> tuple[str, int | None]:
    return request.url.host.decode("ascii"), request.url.port


def _of_grpc(module: ModuleType) -> Iterator[Replacement]:
    """What calls a method of a server; and of ``grpc.aio``, whose calls do not know where they go, the channel."""
    if module.__name__.startswith("grpc.aio"):
        channel = class_in(module, "Channel")
        yield Replacement(channel, "__init__", _channel_door(channel.__init__))
    for name, cls in list(vars(module).items()):
        if name.endswith("MultiCallable") and isinstance(cls, type) and cls.__module__ == module.__name__:
            for method in ("__call__", "with_call", "future"):
                if method in vars(cls):
                    yield Replacement(cls, method, _named_door("gRPC", _of_call, vars(cls)[method]))


@once_for_each
def _channel_door(original: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(original)
    def __init__(self: Any, target: str, *args: object, **kwargs: object) -> None:
        original(self, target, *args, **kwargs)
        self._vcr_target = target

    return __init__


def _of_call(call: Any, *_: object) -> tuple[str, int | None]:
    """Host and port of a target such as ``dns:///a.example:443``."""
    of_channels = (getattr(one, "_vcr_target", "") for one in getattr(call, "_references", None) or ())
    target = getattr(call, "_target", b"") or next(filter(None, of_channels), "")
    text = target.decode("latin-1") if isinstance(target, bytes) else str(target)
    text = re.sub(r"^(?:dns|ipv4|ipv6):(?://[^/]*/)?", "", text)
    host, colon, port = text.rpartition(":")
    is_split = bool(colon) and port.isdecimal()
    return (host.strip("[]"), int(port)) if is_split else (text or "a server", None)


_DOORS: dict[str, Callable[[ModuleType], Iterable[Replacement]]] = {
    "socket": _of_sockets,
    "asyncio.proactor_events": _of_proactor,
    "uvloop": functools.partial(uvloop_doors, _check),
    "httpcore": _of_httpcore,
    "httpcore2": _of_httpcore,
    "websockets.client": _of_websockets,
    "websockets.legacy.client": _of_legacy_websockets,
    "grpc._channel": _of_grpc,
    "grpc.aio._channel": _of_grpc,
}
