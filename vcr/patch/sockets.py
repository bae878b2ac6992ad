"""Notices what a program sends over sockets of its own, which no cassette can hold. An open cassette judges each
connection and each datagram (``on_unrecordable``). It is no client's file.

A request that vcr lets go live is marked while it connects (``_active.passing``, ``_active.outside``), and is not
judged. A connection to this machine may lead to a database: only the first bytes that are sent say whether it speaks
HTTP.
"""

from __future__ import annotations

import functools
import re
import socket
import weakref
from collections.abc import Callable, Iterable, Iterator
from types import ModuleType
from typing import cast

from .. import _active
from .._engine.cassette import Cassette
from .._engine.unrecordable import judge_http, judge_socket, lets
from .._hosts import is_loopback
from ..errors import AmbiguousCassetteError
from ..stubs.connection import address_door
from .client import Client
from .connecting import Reach, connect_door, is_address, loop_door, uvloop_doors
from .replace import Replacement, class_in, once_for_each

CLIENTS: tuple[Client, ...] = ()
MODULES: dict[str, tuple[str, ...]] = {"socket": (), "asyncio.proactor_events": (), "uvloop": ()}

#: What ``getaddrinfo`` returns: the address stands in the fifth place of each entry.
Found = Iterable[tuple[object, object, object, object, tuple[object, ...]]]

_connect_door = once_for_each(connect_door)
_loop_door = once_for_each(loop_door)

#: The sockets that were connected inside a cassette and have sent nothing yet; the host and port of each connection.
_watched: weakref.WeakKeyDictionary[socket.socket, tuple[str, int | None]] = weakref.WeakKeyDictionary()
#: The name under which each address was last looked up, because ``allowed_hosts`` and ``ignore_hosts`` hold names.
_names: dict[str, str] = {}
_MOST_NAMES = 1000

_REQUEST = re.compile(rb"(?:[A-Z]{3,20} \S+ HTTP/1\.[01]|PRI \* HTTP/2\.0)\r?\n")


def replacements(module: ModuleType) -> Iterable[Replacement]:
    """The doors of one of ``MODULES``."""
    return _DOORS[module.__name__](module)


def judging_cassette() -> Cassette | None:
    """The cassette that judges what is sent here and now; None where no cassette does."""
    if _active.is_passing():
        return None
    try:
        cassette = _active.current()
    except AmbiguousCassetteError:  # a request raises it; what is no request passes
        return None
    if cassette is None or cassette.unrecordable.action == "allow":
        return None
    # The socket may belong to a client that skip_patchers names: nothing tells here.
    if getattr(cassette, "skip_patchers", ()):
        return None
    # While a cassette records, a thread in which it was not opened may be at work for a request that goes live.
    return cassette if cassette.write_protected or _active.entered_here() else None


def _check(reach: Reach) -> None:
    """Judge a connection that a program is about to make, and watch the socket: a connection to this machine, and a
    datagram socket, are judged when they send."""
    cassette = judging_cassette()
    if cassette is None:
        return
    if reach.family == getattr(socket, "AF_UNIX", None):
        path = reach.address.decode("latin-1") if isinstance(reach.address, bytes) else str(reach.address)
        if not cassette.unrecordable.hosts.allow_path(path):
            judge_http(cassette, "a unix socket", path, None)
        _watch(reach.sock, path, None)
    elif is_address(reach.address, reach.family):
        host, port = _host(cassette, reach.address)
        if host is None:
            return
        if reach.kind != socket.SOCK_DGRAM:
            judge_socket(cassette, "TCP", host, port)
        elif reach.sock is None:  # of uvloop: nothing tells when it sends
            judge_socket(cassette, "UDP", host, port)
        _watch(reach.sock, host, port)


def _watch(sock: socket.socket | None, host: str, port: int | None) -> None:
    if sock is not None:
        _watched[sock] = host, port


def _host(cassette: Cassette, address: tuple[object, ...]) -> tuple[str | None, int | None]:
    """Host and port of an address. The host is the name under which the address was last looked up, unless it is of
    this machine; None when the cassette lets the name or the address pass."""
    given, port = address[0], address[1] if isinstance(address[1], int) else None
    host = given.decode("latin-1") if isinstance(given, (bytes, bytearray)) else str(given or "localhost")
    name = _names.get(host, host)
    if lets(cassette, host, port) or lets(cassette, name, port):
        return None, port
    return host if is_loopback(host) else name, port


def _check_sent(sock: socket.socket, data: bytes) -> None:
    """Judge the connection of a watched socket by the first bytes that it sends."""
    if not data:
        return
    watched = _watched.pop(sock, None)
    cassette = judging_cassette() if watched is not None else None
    if watched is None or cassette is None:
        return
    host, port = watched
    if sock.type == socket.SOCK_DGRAM:
        judge_socket(cassette, "UDP", host, port)
        return
    first = bytes(memoryview(data).cast("B")[:8192])
    # A WebSocket may have been noted already, under another name of this machine.
    if _REQUEST.match(first) and not any(where.endswith(f":{port}") for where in cassette.unrecorded):
        judge_http(cassette, _protocol(first), host, port)


def _protocol(request: bytes) -> str:
    if request.startswith(b"PRI "):
        return "HTTP/2"
    return "WebSocket" if re.search(rb"(?im)^upgrade:[ \t]*websocket", request) else "HTTP"


@once_for_each
def _send_door(original: Callable[..., object]) -> Callable[..., object]:
    """The door for ``send`` and ``sendall``."""

    @functools.wraps(original)
    def send(self: socket.socket, data: bytes, *args: object) -> object:
        if _watched:
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
        elif _watched:
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
    cassette = judging_cassette()
    if cassette is not None and is_address(address, sock.family):
        host, port = _host(cassette, address)
        if host is not None:
            judge_socket(cassette, "UDP", host, port)


@once_for_each
def _lookup_door(original: Callable[..., object]) -> Callable[..., object]:
    """The door for ``getaddrinfo``: it notes the addresses that were found, and raises a recorded failure to connect
    (``address_door``)."""
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
    # The real module, whatever stands for it in sys.modules: every client uses the real one.
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


def _of_proactor(module: ModuleType) -> Iterator[Replacement]:  # pragma: no cover  (Windows only)
    loop = class_in(module, "BaseProactorEventLoop")
    yield Replacement(loop, "sock_connect", _loop_door(_check, vars(loop)["sock_connect"]))


_DOORS: dict[str, Callable[[ModuleType], Iterable[Replacement]]] = {
    "socket": _of_sockets,
    "asyncio.proactor_events": _of_proactor,
    "uvloop": functools.partial(uvloop_doors, _check),
}
