"""Keeps a program from the network: what is blocked raises an error before anything is sent or looked up.

A request of a client that vcr covers is refused as a request, by ``Outside``, and the error names the request. For
everything else, a block replaces the functions with which sockets connect, names are looked up, asyncio connects and
pycurl transfers. Other libraries in C (drivers of databases) are not blocked; the calls of grpcio are.

This file must not know how a client's functions are replaced.
"""

from __future__ import annotations

import functools
import os
import re
import socket
import sys
import threading
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextvars import ContextVar
from types import ModuleType, TracebackType
from typing import Any, NamedTuple, TypeVar, cast
from urllib.parse import urlsplit

import wrapt

from . import _active, _children, patch
from ._context import runner
from ._engine.turn import Turn
from ._hosts import Host, Hosts, address_in
from ._hosts import HostRule as HostRule  # noqa: PLC0414  (described where hosts are given)
from ._locks import new_lock
from ._shared import BLOCK
from .cassette import Cassette
from .errors import place_in_program, warn
from .patch.replace import Replacement, writable
from .patch.sockets import Reach, connect_door, loop_door, uvloop_doors
from .request import Request

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., object])


class NetworkBlockedError(RuntimeError):
    """The program tried to reach a host while the network is blocked, or outside a cassette. Nothing was sent.

    ``host``: the name, address or path. ``request``: method and URI, where a request was made. ``test``: the test that
    pytest was running. ``is_brief``: whether the text says no more than pytest-recording's, which its users compare.
    """

    def __init__(self, host: object, request: str = "", test: str = "", *, is_brief: bool = False) -> None:
        self.host, self.request, self.test = host, request, test
        disabled = f"Network is disabled for host {host!r}"
        super().__init__(disabled if is_brief or not request else f"{disabled}: {self.advice}")
        self._is_brief = is_brief

    @property
    def advice(self) -> str:
        """Which request it was, in which test, and what to do about it; empty where it was no request."""
        if not self.request:
            return ""
        where = f" in {self.test}" if self.test else ""
        mark = "@pytest.mark.vcr" if self.test else "vcr.use_cassette(path)"
        return (
            f"{self.request} was made outside a cassette{where}. Record it in one ({mark}), or let the host pass "
            f"(allowed_hosts=[{str(self.host)!r}])"
        )

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        arguments = self.host, self.request, self.test
        return functools.partial(type(self), is_brief=self._is_brief), arguments


#: The request that was begun here last, outside a cassette: what it connects to is refused in its name.
_begun: ContextVar[Request | None] = ContextVar("vcr_begun", default=None)


class Outside(Cassette):
    """Takes the place of a cassette where none is open: it refuses requests to hosts that are not allowed, or warns.

    ``action``: "error"; "warn"; or "note": the request is only noted, and its connection is judged: a proxy or a test's
    own sockets may keep it from the network. ``hosts()``: the allowed hosts. ``error(host, request)``: the error.
    """

    def __init__(self, action: str, hosts: Callable[[], Hosts], error: Callable[..., NetworkBlockedError]) -> None:
        super().__init__("no cassette")
        self.child_processes = ""  # children are told nothing, except in a block
        self._action, self._hosts, self._error = action, hosts, error
        self._warned: set[tuple[str, str]] = set()

    @property
    def write_protected(self) -> bool:
        """Nothing is recorded here."""
        return True

    def passes_by(self, host: str, client: Sequence[type]) -> bool:
        """Whether ``begin`` is not asked: the client itself does not reach the network, the host is allowed at any
        port, or a warning is enough. Raises NetworkBlockedError for a client whose connections cannot be judged."""
        names = {cls.__name__ for cls in client}
        packages = {cls.__module__.partition(".")[0] for cls in client}
        if any(_IS_ELSEWHERE.search(name) for name in names) or self._allows(host, _NO_PORT):
            return True
        if self._action == "warn":
            if not self._allows(host, None):
                self._warn_of(host)
            return True
        if self._action != "note":
            return False
        has_doors = any(one.name == "perform" for one in _replacements)
        if has_doors and "pycurl" in packages:  # these doors will judge it
            return True
        if packages & {"curl_cffi", "pycurl"} or "CurlAsyncHTTPClient" in names:
            raise self._error(host, f"a request to {host}")
        return False

    def begin(self, request: Request) -> Turn:
        """Raise NetworkBlockedError when the host is not allowed at this port."""
        host = request.host or ""
        if self._action == "note" or self._allows(host, request.port):
            _begun.set(request)
            return Turn(None, None)
        raise self._error(host, f"{request.method} {request.uri}")

    def let_pass(self, protocol: str, host: str, port: int | None) -> None:
        """Judge a WebSocket, or the like: raise NetworkBlockedError, or warn, when the host is not allowed."""
        if self._allows(host, port):
            return
        if self._action != "warn":
            raise self._error(host, f"{protocol} to {host}")
        self._warn_of(host)

    def _allows(self, host: str, port: int | None) -> bool:
        hosts = self._hosts()
        if hosts.allow(host, port):
            return True
        if not hosts.may_be_address or address_in(host) is not None:
            return False
        try:
            found = socket.getaddrinfo(host, None)
        except (OSError, UnicodeError, NetworkBlockedError):  # unknown, no valid name, or not to be looked up
            return False
        return any(hosts.allow(str(entry[4][0]), port) for entry in found)

    def _warn_of(self, host: str) -> None:
        place = place_in_program()
        if (host, place) in self._warned:
            return
        self._warned.add((host, place))
        test = current_test()
        warn(
            f"a request to {host} was made outside a cassette, at {place}{f' in {test}' if test else ''}, and reached "
            "the network. Record it in a cassette, or let the host pass (allowed_hosts)"
        )


#: The names of classes that are not judged: clients on unix sockets; and httpx's transports, whose pools are judged.
_IS_ELSEWHERE = re.compile("[Uu]nix|Transport$")
_EVERY_HOST = Hosts([re.compile("")])
#: A port that no rule with a port allows.
_NO_PORT = -1


def current_test() -> str:
    """The id of the test that pytest runs, and its phase; empty outside pytest."""
    return os.environ.get("PYTEST_CURRENT_TEST", "")


class block_network:
    """A context manager and decorator: inside, a connection of any thread to another host raises NetworkBlockedError.

    ``allowed_hosts``: the hosts that stay allowed: see ``HostRule``. This machine and unix sockets do too, unless
    ``block_loopback`` is set. Of several blocks around each other only the innermost counts. A request outside a
    cassette is judged by the host of its URI, also where a proxy would be asked. What a cassette replays is no
    connection. Pythons that are started inside are blocked, too; where that fails, a warning at the end says so.
    """

    #: Whether requests are judged where they connect, and errors say no more than pytest-recording's.
    is_brief = False

    def __init__(self, allowed_hosts: str | Iterable[Host] = (), *, block_loopback: bool = False) -> None:
        self._hosts = Hosts(allowed_hosts, block_loopback=block_loopback)
        self._resolved: set[str] = set()
        self._entered: list[_Level] = []
        #: The hosts from which the program was kept.
        self.blocked: list[object] = []

    def __enter__(self) -> block_network:
        level = _Level(self, self.fallback())
        self._entered.append(level)
        try:
            _enter(level)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        level = self._entered.pop()
        _leave(level)
        self.blocked += _children.end_block(level.outside)
        if kind is None:
            _children.report(level.outside)

    def __call__(self, function: F) -> F:
        """Decorate a function of any kind."""
        plain: Any = getattr(function, "__func__", function)
        return cast(F, wrapt.FunctionWrapper(function, runner(plain, lambda _: self)))

    def refusal(self, host: object, request: str = "") -> NetworkBlockedError:
        """Make the error for this host, and add the host to ``blocked``. ``request``: method and URI; if it is empty,
        the last request that was begun here is named, if it was for this host."""
        self.blocked.append(host)
        begun = _begun.get()
        if not request and begun is not None and begun.host == _text(host):
            request = f"{begun.method} {begun.uri}"
        return NetworkBlockedError(host, request, current_test(), is_brief=self.is_brief)

    def fallback(self) -> Outside:
        """The ``Outside`` of this block. Its ``arguments`` are what a child process needs to make the same block."""
        action = "note" if self.is_brief else "error"
        outside = Outside(action, lambda: _EVERY_HOST if self.is_over else self._hosts, self.refusal)
        outside.child_processes = BLOCK
        # pytest-recording does not block child processes: here, they may still use this machine.
        hosts = self._hosts.with_loopback() if self.is_brief else self._hosts
        outside.arguments = {"hosts": hosts, "is_brief": self.is_brief}
        return outside

    @property
    def is_over(self) -> bool:
        """Whether the block has ended in the process that has started this one."""
        return False

    # -- what the doors ask before they go on ---------------------------------------------------------------------

    def check(self, host: object, port: int | None = None, request: str = "") -> None:
        """Raise NetworkBlockedError when this host is not allowed. ``request``: the URI, if it is known."""
        name = _text(host)
        if name not in self._resolved and not self._hosts.allow(name, port):
            raise self.refusal(host, request)

    def check_unix(self, path: object) -> None:
        """Raise NetworkBlockedError when the unix socket at this path is not allowed."""
        if not self._hosts.allow_path(_text(path)):
            raise self.refusal(path)

    def check_name(self, host: object) -> None:
        """Raise NetworkBlockedError when this name is not allowed, whatever its address is."""
        name = _text(host)
        if name and address_in(name) is None and not self._hosts.may_be_address:
            self.check(host)

    def check_lookup(
        self, host: object, look_up: Callable[[], object], addresses: Callable[[object], Iterable[str]]
    ) -> object:
        """Return what ``look_up()`` returns. Raises NetworkBlockedError when neither the name nor one of its addresses
        is allowed: those that ``addresses`` finds in the result."""
        name = _text(host)
        if address_in(name) is not None or not name:
            return look_up()
        if name in self._resolved or self._hosts.allow(name, None):
            found = look_up()
            self._resolved.update(addresses(found))
            return found
        if not self._hosts.may_be_address:
            raise self.refusal(host)
        try:
            found = look_up()
        except (OSError, UnicodeError) as error:  # unknown, or no valid name; and it is not allowed by name
            raise self.refusal(host) from error
        if not any(self._hosts.allow(address, None) for address in addresses(found)):
            raise self.refusal(host)
        return found


def _text(host: object) -> str:
    return host.decode("latin-1") if isinstance(host, (bytes, bytearray)) else "" if host is None else str(host)


# -- the open blocks, and the doors ------------------------------------------------------------------------------------


class _Level(NamedTuple):
    """A block that has been entered, and its ``Outside``."""

    block: block_network
    outside: Outside


_levels: tuple[_Level, ...] = ()
_replacements: list[Replacement] = []
_lock = new_lock()
#: ``_pairing.now``: whether this thread makes a pair of sockets, of which one connects to the other on Windows.
_pairing = threading.local()


def _enter(level: _Level) -> None:
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


def _leave(level: _Level) -> None:
    """Undo ``_enter``, also where it was interrupted."""
    global _levels
    with _lock:
        _levels = tuple(one for one in _levels if one is not level)
        while not _levels and _replacements:
            _replacements.pop().revert()
    _active.fallbacks[:] = [one for one in _active.fallbacks if one is not level.outside]
    patch.uninstall(level.outside)


def _innermost() -> block_network | None:
    return next((level.block for level in reversed(_levels) if not level.block.is_over), None)


def _check(reach: Reach) -> None:
    """Ask the innermost block about the address that a socket is given."""
    family, address = reach.family, reach.address
    block = _innermost()
    if block is None or getattr(_pairing, "now", False):
        return
    if family == getattr(socket, "AF_UNIX", None):
        block.check_unix(address)
    elif family in (socket.AF_INET, socket.AF_INET6) and isinstance(address, tuple) and len(address) > 1:
        block.check(address[0], address[1])
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
        if block is not None and url and (current is None or isinstance(current, Outside)):
            parts = urlsplit(url if "://" in url else f"http://{url}")
            block.check(parts.hostname or "", parts.port, url)
        return original(curl, *args)

    return perform
