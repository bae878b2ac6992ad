"""The doors at which the sockets of a program connect: an open cassette has them, and so has a block.

Each door is made with a ``Check``, which raises where the connection must not be made. This file must not know a
cassette. It is no client's file.
"""

from __future__ import annotations

import functools
import socket
from collections.abc import Awaitable, Callable, Iterable
from types import ModuleType
from typing import NamedTuple, TypeGuard

from .replace import Replacement, class_in


class Reach(NamedTuple):
    """What a program is about to connect to: the family and the kind of the socket, the address, and the socket itself;
    None where the program has none (uvloop)."""

    family: int
    kind: int
    address: object
    sock: socket.socket | None = None


def is_address(address: object, family: int) -> TypeGuard[tuple[object, ...]]:
    """Whether ``address`` has a host and a port. (If it should and does not, the method of the socket raises.)"""
    return family in (socket.AF_INET, socket.AF_INET6) and isinstance(address, tuple) and len(address) > 1


#: A coroutine function.
Waits = Callable[..., Awaitable[object]]
#: It raises where the connection must not be made.
Check = Callable[[Reach], object]


def connect_door(check: Check, original: Callable[..., object]) -> Callable[..., object]:
    """The door for ``connect`` and ``connect_ex`` of ``socket.socket``."""

    @functools.wraps(original)
    def connect(self: socket.socket, address: object, *args: object) -> object:
        try:
            check(Reach(self.family, self.type, address, self))
        except Exception:
            self.close()  # socket.create_connection closes the socket only after an OSError
            raise
        return original(self, address, *args)

    return connect


def loop_door(check: Check, original: Waits) -> Waits:
    """The door for ``sock_connect`` of an event loop of asyncio."""

    @functools.wraps(original)
    async def sock_connect(self: object, sock: socket.socket, address: object) -> object:
        check(Reach(sock.family, sock.type, address, sock))
        return await original(self, sock, address)

    return sock_connect


def uvloop_doors(check: Check, uvloop: ModuleType) -> Iterable[Replacement]:
    """The doors for the methods with which uvloop's event loop connects: it does not use ``socket.socket``."""
    loop = class_in(uvloop, "Loop")
    for name, door in (
        ("create_connection", _uvloop_connection_door),
        ("create_datagram_endpoint", _uvloop_datagram_door),
        ("create_unix_connection", _uvloop_unix_door),
    ):
        yield Replacement(loop, name, door(check, getattr(loop, name)))


def _uvloop_connection_door(check: Check, original: Waits) -> Waits:
    async def create_connection(
        self: object, protocol_factory: object, host: object = None, port: object = None, **options: object
    ) -> object:
        if host is not None:
            check(Reach(socket.AF_INET, socket.SOCK_STREAM, (host, port)))
        return await original(self, protocol_factory, host, port, **options)

    return create_connection


def _uvloop_datagram_door(check: Check, original: Waits) -> Waits:
    async def create_datagram_endpoint(
        self: object, protocol_factory: object, local_addr: object = None, remote_addr: object = None, **options: object
    ) -> object:
        if isinstance(remote_addr, tuple):
            check(Reach(socket.AF_INET, socket.SOCK_DGRAM, remote_addr))
        return await original(self, protocol_factory, local_addr, remote_addr, **options)

    return create_datagram_endpoint


def _uvloop_unix_door(check: Check, original: Waits) -> Waits:
    async def create_unix_connection(
        self: object, protocol_factory: object, path: object = None, **options: object
    ) -> object:
        if path is not None:
            check(Reach(socket.AF_UNIX, socket.SOCK_STREAM, path))
        return await original(self, protocol_factory, path, **options)

    return create_unix_connection
