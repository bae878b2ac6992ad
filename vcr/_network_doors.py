"""The doors of a block (``network.py``): functions with which sockets connect, names are looked up, asyncio and uvloop
connect, and pycurl transfers. Each asks the innermost block before it goes on. This file must not know which hosts are
allowed.
"""

from __future__ import annotations

import functools
import socket
import sys
import threading
from collections.abc import Awaitable, Callable, Iterable
from types import ModuleType
from typing import Any, NamedTuple, Protocol, cast
from urllib.parse import urlsplit

import wrapt

from . import _active, patch
from ._engine.cassette import Cassette
from ._locks import new_lock
from .patch.connecting import Reach, connect_door, is_address, loop_door, uvloop_doors
from .patch.replace import Replacement, writable


class Block(Protocol):
    """What a door asks. Each method raises NetworkBlockedError for what is not allowed."""

    @property
    def is_over(self) -> bool:
        """Whether the block has ended in the process that has started this one."""

    def check(self, host: object, port: int | None = None, request: str = "") -> None:
        """Judge a host. ``request``: the URI, if it is known."""

    def check_unix(self, path: object) -> None:
        """Judge a unix socket."""

    def check_name(self, host: object) -> None:
        """Judge a name, whatever its address is."""

    def check_lookup(
        self, host: object, look_up: Callable[[], object], addresses: Callable[[object], Iterable[str]]
    ) -> object:
        """Return what ``look_up()`` returns, after judging the name, and its addresses: those that ``addresses`` finds
        in the result."""

    def refusal(self, host: object, request: str = "") -> Exception:
        """The error for a host."""


class Level(NamedTuple):
    """A block that has been entered, and what takes the place of a cassette in it (``_outside.py``)."""

    block: Block
    outside: Cassette


_levels: tuple[Level, ...] = ()
_replacements: list[Replacement] = []
_lock = new_lock()
#: ``_pairing.now``: whether this thread makes a pair of sockets, of which one connects to the other on Windows.
_pairing = threading.local()


def enter(level: Level) -> None:
    """Let a block judge what is done from now on. The first one puts the doors up."""
    global _levels
    patch.install(level.outside)
    _active.fallbacks.append(level.outside)
    with _lock:
        if not _levels:
            _put_up(_doors())
        _levels = (*_levels, level)


def _put_up(doors: Iterable[Replacement]) -> None:
    for replacement in doors:
        replacement.apply()
        _replacements.append(replacement)


def leave(level: Level) -> None:
    """Undo ``enter``, also where it was interrupted. The last one takes the doors down."""
    global _levels
    with _lock:
        _levels = tuple(one for one in _levels if one is not level)
        while not _levels and _replacements:
            _replacements.pop().revert()
    _active.fallbacks[:] = [one for one in _active.fallbacks if one is not level.outside]
    patch.uninstall(level.outside)


def _innermost() -> Block | None:
    return next((level.block for level in reversed(_levels) if not level.block.is_over), None)


def has_pycurl() -> bool:
    """Whether pycurl has its doors."""
    return any(one.name == "perform" for one in _replacements)


def _check(reach: Reach) -> None:
    """Ask the innermost block about the address that a socket is given."""
    family, address = reach.family, reach.address
    block = _innermost()
    if block is None or getattr(_pairing, "now", False):
        return
    if family == getattr(socket, "AF_UNIX", None):
        block.check_unix(address)
    elif is_address(address, family):
        block.check(address[0], cast(int, address[1]))
    else:
        raise block.refusal("")


def _doors() -> Iterable[Replacement]:
    for name in ("connect", "connect_ex"):
        door = connect_door(_check, getattr(socket.socket, name))
        door.__name__ = "network_guard"  # pytest-recording's users look for this name
        yield Replacement(socket.socket, name, door)
    for name, addresses in _LOOKUPS.items():
        yield Replacement(socket, name, _lookup_door(getattr(socket, name), addresses))
    if sys.platform == "win32":
        yield Replacement(socket, "socketpair", _pair_door(socket.socketpair))
    for module, cls in (("selector_events", "BaseSelectorEventLoop"), ("proactor_events", "BaseProactorEventLoop")):
        loop = getattr(sys.modules.get(f"asyncio.{module}"), cls, None)
        if loop is not None:
            yield Replacement(loop, "sock_connect", loop_door(_check, loop.sock_connect))
    loop = getattr(sys.modules.get("asyncio.base_events"), "BaseEventLoop", None)
    if loop is not None:
        yield Replacement(loop, "getaddrinfo", _loop_lookup_door(loop.getaddrinfo))
    for name, doors in _OF_LIBRARIES.items():
        if name in sys.modules:
            yield from doors(sys.modules[name])
        elif name not in _awaited:
            _awaited.add(name)
            wrapt.register_post_import_hook(_put_up_late, name)


def _curl_doors(_: object) -> Iterable[Replacement]:
    from .stubs.pycurl import Curl

    for name in ("perform", "perform_rb", "perform_rs"):
        yield Replacement(writable(Curl), name, _curl_door(getattr(Curl, name)))


#: For libraries in C with sockets of their own: the function that makes their doors.
_OF_LIBRARIES: dict[str, Callable[[ModuleType], Iterable[Replacement]]] = {
    "uvloop": functools.partial(uvloop_doors, _check),
    "pycurl": _curl_doors,
}
#: Those of them that the program has not imported yet: a hook puts their doors up when it does.
_awaited: set[str] = set()


def _put_up_late(module: ModuleType) -> None:
    """Put up the doors of a library that the program has just imported, if a block is open."""
    _awaited.discard(module.__name__)
    with _lock:
        if _levels:
            _put_up(_OF_LIBRARIES[module.__name__](module))


#: The functions that look up a name, and for each a function that finds the addresses in its result.
_LOOKUPS: dict[str, Callable[[Any], Iterable[str]]] = {
    "getaddrinfo": lambda found: (str(entry[4][0]) for entry in found),
    "gethostbyname": lambda found: (found,),
    "gethostbyname_ex": lambda found: found[2],
}


def _lookup_door(original: Callable[..., object], addresses: Callable[[Any], Iterable[str]]) -> Callable[..., object]:
    @functools.wraps(original)
    def look_up(host: object, *args: object, **kwargs: object) -> object:
        block = _innermost()
        if block is None:
            return original(host, *args, **kwargs)
        return block.check_lookup(host, lambda: original(host, *args, **kwargs), addresses)

    return look_up


def _loop_lookup_door(original: Callable[..., Awaitable[object]]) -> Callable[..., Awaitable[object]]:
    """asyncio looks names up in another thread, which does not know the request: the name is checked before."""

    @functools.wraps(original)
    async def getaddrinfo(self: object, host: object, *args: object, **kwargs: object) -> object:
        block = _innermost()
        if block is not None:
            block.check_name(host)
        return await original(self, host, *args, **kwargs)

    return getaddrinfo


def _pair_door(original: Callable[..., object]) -> Callable[..., object]:  # pragma: no cover  (of Windows)
    @functools.wraps(original)
    def socketpair(*args: object, **kwargs: object) -> object:
        _pairing.now = True
        try:
            return original(*args, **kwargs)
        finally:
            _pairing.now = False

    return socketpair


def _curl_door(original: Callable[..., object]) -> Callable[..., object]:
    @functools.wraps(original)
    def perform(curl: Any, *args: object) -> object:
        from .stubs.libcurl.abi import Info

        block, current = _innermost(), _active.current()
        url = curl.getinfo(Info.EFFECTIVE_URL) if block is not None else ""
        # What a cassette replays needs no network: whether it may go live is the cassette's decision.
        if block is not None and url and (current is None or any(current is one for one in _active.fallbacks)):
            parts = urlsplit(url if "://" in url else f"http://{url}")
            block.check(parts.hostname or "", parts.port, url)
        return original(curl, *args)

    return perform
