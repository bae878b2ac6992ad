"""Keeps a program from the network: what is blocked raises an error before anything is sent or looked up.

A request of a client that vcr covers is refused as a request: what stands where no cassette is open refuses it, and the
error names it. Beneath that, for everything else, a block takes hold where a socket connects, where a name is looked
up, where asyncio connects and where pycurl transfers. This file must not know how a client is taken hold of.

Not seen: libraries in C that bring sockets of their own (drivers of databases); of grpcio its calls are.
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
    """Stands where no cassette is open: it refuses each request to a host that is not allowed, or warns of it.

    ``then``: "error"; "warn"; or "note": a block judges what the request connects to, for something in between (a
    proxy, a test's own sockets) may keep it from the network. ``hosts``: gives what is allowed, when it is asked.
    ``error``: makes the error for a host and a request.
    """

    def __init__(self, then: str, hosts: Callable[[], Hosts], error: Callable[[str, str], NetworkBlockedError]) -> None:
        super().__init__("no cassette")
        self.child_processes = ""  # none is told, unless this stands in a block
        self._then, self._hosts, self._error = then, hosts, error
        self._warned: set[tuple[str, str]] = set()

    @property
    def write_protected(self) -> bool:
        """Nothing is recorded here."""
        return True

    def passes_by(self, host: str, client: Sequence[type]) -> bool:
        """Whether a request does not reach the network by this client, is allowed at any port, or passes with a
        warning. Raises NetworkBlockedError where nothing beneath could judge it."""
        names = {cls.__name__ for cls in client}
        packages = {cls.__module__.partition(".")[0] for cls in client}
        if any(_IS_ELSEWHERE.search(name) for name in names) or self._allows(host, _NO_PORT):
            return True
        if self._then == "warn":
            if not self._allows(host, None):
                self._warn_of(host)
            return True
        if self._then != "note":
            return False
        if "pycurl" in packages and any(one.name == "perform" for one in _replacements):  # whose doors judge it
            return True
        if packages & {"curl_cffi", "pycurl"} or "CurlAsyncHTTPClient" in names:
            raise self._error(host, f"a request to {host}")
        return False

    def begin(self, request: Request) -> Turn:
        """Raise NetworkBlockedError when the host is not allowed at this port."""
        host = request.host or ""
        if self._then == "note" or self._allows(host, request.port):
            _begun.set(request)
            return Turn(None, None)
        raise self._error(host, f"{request.method} {request.uri}")

    def let_pass(self, protocol: str, host: str, port: int | None) -> None:
        """Raise NetworkBlockedError for what is of the HTTP family and no request, when the host is not allowed; or
        warn of it."""
        if self._allows(host, port):
            return
        if self._then != "warn":
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


#: Classes of clients that connect to unix sockets, and httpx's transports: these answer in the process, or ask a pool,
#: or another client, which is asked in its turn.
_IS_ELSEWHERE = re.compile("[Uu]nix|Transport$")
_EVERY_HOST = Hosts([re.compile("")])
#: No rule that names a port allows this one.
_NO_PORT = -1


def current_test() -> str:
    """The test that pytest runs, and which part of it."""
    return os.environ.get("PYTEST_CURRENT_TEST", "")


class block_network:
    """Inside, whatever the thread, a connection to a host that is not allowed raises NetworkBlockedError.

    ``allowed_hosts``: what stays allowed: see ``HostRule``. This machine and unix sockets do too, unless
    ``block_loopback`` is set. Inside another block, the inner one alone counts. A request outside a cassette is judged
    by the host of its URI, also where a proxy would be asked; what a cassette replays is no connection. A Python
    that is started inside is inside, too; where that cannot be, a warning at the end says so.
    """

    #: Whether requests are judged where they connect, and errors say no more than pytest-recording's.
    is_brief = False

    def __init__(self, allowed_hosts: str | Iterable[Host] = (), *, block_loopback: bool = False) -> None:
        self._hosts = Hosts(allowed_hosts, block_loopback=block_loopback)
        self._resolved: set[str] = set()
        self._entered: list[_Level] = []
        #: The hosts that the program was kept from.
        self.blocked: list[object] = []

    def __enter__(self) -> block_network:
        level = _Level(self, self.stand_in())
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
        """The error for this host, which is remembered. ``request``: method and URI; looked for where none is given."""
        self.blocked.append(host)
        begun = _begun.get()
        if not request and begun is not None and begun.host == _text(host):
            request = f"{begun.method} {begun.uri}"
        return NetworkBlockedError(host, request, current_test(), is_brief=self.is_brief)

    def stand_in(self) -> Outside:
        """What stands where no cassette is open inside this block, with what child processes need for the same one."""
        then = "note" if self.is_brief else "error"
        outside = Outside(then, lambda: _EVERY_HOST if self.is_over else self._hosts, self.refusal)
        outside.child_processes = BLOCK
        # pytest-recording's block reaches no process that is started: they may go on to use this machine.
        hosts = self._hosts.with_loopback() if self.is_brief else self._hosts
        outside.arguments = {"hosts": hosts, "is_brief": self.is_brief}
        return outside

    @property
    def is_over(self) -> bool:
        """Whether the block has ended elsewhere: in the process that has started this one."""
        return False

    # -- what is asked before something happens ---------------------------------------------------------------------

    def check(self, host: object, port: int | None = None, request: str = "") -> None:
        """Raise NetworkBlockedError when this host is not allowed. ``request``: what is asked for, if that is known."""
        name = _text(host)
        if name not in self._resolved and not self._hosts.allow(name, port):
            raise self.refusal(host, request)

    def check_unix(self, path: object) -> None:
        """Raise NetworkBlockedError when the unix socket at this path is not allowed."""
        if not self._hosts.allow_path(_text(path)):
            raise self.refusal(path)

    def check_name(self, host: object) -> None:
        """Raise NetworkBlockedError when no address could make this name allowed."""
        name = _text(host)
        if name and address_in(name) is None and not self._hosts.may_be_address:
            self.check(host)

    def check_lookup(
        self, host: object, look_up: Callable[[], object], addresses: Callable[[object], Iterable[str]]
    ) -> object:
        """What ``look_up()`` returns, if the name, or an address that it has, is allowed."""
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
    """A block that has been entered, and what stands where no cassette is open inside it."""

    block: block_network
    outside: Outside


_levels: tuple[_Level, ...] = ()
_replacements: list[Replacement] = []
_lock = new_lock()
#: Whether this thread makes a pair of sockets, which on Windows connects to itself.
_pairing = threading.local()


def _enter(level: _Level) -> None:
    global _levels
    patch.install(level.outside)
    _active.stand_ins.append(level.outside)
    with _lock:
        if not _levels:
            _put_up(_doors())
        _levels = (*_levels, level)


def _put_up(doors: Iterable[Replacement]) -> None:
    for replacement in doors:
        replacement.apply()
        _replacements.append(replacement)


def _leave(level: _Level) -> None:
    """Undo ``_enter``, also one that was interrupted."""
    global _levels
    with _lock:
        _levels = tuple(one for one in _levels if one is not level)
        while not _levels and _replacements:
            _replacements.pop().revert()
    _active.stand_ins[:] = [one for one in _active.stand_ins if one is not level.outside]
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
        door.__name__ = "network_guard"  # by which pytest-recording's users see that the network is blocked
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


#: Libraries in C with sockets of their own, and those that will tell when the program has imported them.
_OF_LIBRARIES: dict[str, Callable[[ModuleType], Iterable[Replacement]]] = {
    "uvloop": functools.partial(uvloop_doors, _check),
    "pycurl": _curl_doors,
}
_awaited: set[str] = set()


def _put_up_late(module: ModuleType) -> None:
    """The program has imported one of these libraries, perhaps inside a block."""
    _awaited.discard(module.__name__)
    with _lock:
        if _levels:
            _put_up(_OF_LIBRARIES[module.__name__](module))


#: The functions that look up a name, and where their answers have the addresses.
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
    """asyncio looks names up in another thread, where nothing tells for which request."""

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
