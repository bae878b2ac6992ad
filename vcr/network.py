"""Keeps a program from the network: what is blocked raises an error before anything is sent or looked up.

It takes hold beneath every client: where a socket connects, where a name is looked up, where asyncio connects and where
pycurl transfers. It must not know a cassette or a client of the HTTP family.

Not seen: libraries in C that bring sockets of their own (uvloop, grpcio, curl_cffi, database drivers), and other
processes.
"""

from __future__ import annotations

import functools
import ipaddress
import re
import socket
import sys
import threading
from collections.abc import Awaitable, Callable, Iterable
from fnmatch import fnmatchcase
from types import TracebackType
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

import wrapt

from . import _active
from ._context import runner
from ._locks import new_lock
from .patch.replace import Replacement, writable

F = TypeVar("F", bound=Callable[..., object])
Host = str | re.Pattern[str]

_ADDRESS = re.compile(r"[\d.:*\[\]()|\\a-fA-F/-]*\d[\d.:*\[\]()|\\a-fA-F/-]*")


class NetworkBlockedError(RuntimeError):
    """The program tried to reach a host while the network is blocked. Nothing was sent.

    ``host``: the name, address or path.
    """

    def __init__(self, host: object) -> None:
        super().__init__(f"Network is disabled for host {host!r}")
        self.host = host

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return type(self), (self.host,)


class HostRule:
    """One host, or several, that stay allowed.

    ``pattern``: a regular expression, compiled or not, that the name or address begins with (as in pytest-recording); a
    name with wildcards (``*.example.com``); a network (``10.0.0.0/8``); each but the compiled one also with a port
    (``localhost:8000``). Raises ValueError for a text that is none of these, TypeError for what is no text.
    """

    def __init__(self, pattern: Host) -> None:
        self._port: int | None = None
        self._network: ipaddress.IPv4Network | ipaddress.IPv6Network | None = None
        self._text = ""
        if isinstance(pattern, re.Pattern):
            self._regex: re.Pattern[str] | None = pattern
            return
        if not isinstance(pattern, str):
            raise TypeError(f"expected names of hosts and patterns, got {pattern!r}")
        self._text, self._port = _without_port(pattern.strip())
        if not self._text:
            raise ValueError(f"{pattern!r} is not a host")
        if "/" in self._text and self._text[0] not in "./":
            self._network = _network(self._text)
        self._regex = None if self._network else _regex(self._text)

    @property
    def may_be_address(self) -> bool:
        """Whether only an address can tell if this rule allows it."""
        is_compiled = not self._text
        return is_compiled or self._network is not None or _ADDRESS.fullmatch(self._text) is not None

    def allows(self, host: str, port: int | None) -> bool:
        """Whether this host and port are allowed; ``port`` is None where it is not known yet."""
        if None not in (self._port, port) and self._port != port:
            return False
        if self._network is not None:
            address = _address(host)
            return address is not None and address in self._network
        if self._regex is not None and self._regex.match(host):
            return True
        return bool(self._text) and fnmatchcase(host.lower(), self._text.lower())


def _without_port(text: str) -> tuple[str, int | None]:
    host, colon, port = text.rpartition(":")
    if colon and port.isdecimal() and (":" not in host or host.endswith("]")):
        return host.strip("[]"), int(port)
    return text, None


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError as error:
        raise ValueError(f"{text!r} is not a network of addresses: {error}") from None


def _regex(text: str) -> re.Pattern[str] | None:
    """None for what only a wildcard can be, such as ``*.example.com``."""
    try:
        return re.compile(text)
    except re.error as error:
        if not text.startswith("*"):
            raise ValueError(f"{text!r} is neither a host nor a regular expression: {error}") from None
        return None


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None


def rules(allowed_hosts: str | Host | Iterable[Host] | None) -> tuple[HostRule, ...]:
    """The rules in a list of hosts, or in a text that has commas between them."""
    if allowed_hosts is None:
        return ()
    if isinstance(allowed_hosts, str):
        return tuple(HostRule(one) for one in allowed_hosts.split(",") if one.strip())
    given = (allowed_hosts,) if isinstance(allowed_hosts, re.Pattern) else allowed_hosts
    return tuple(HostRule(one) for one in given)


class block_network:
    """Inside, whatever the thread, a connection to a host that is not allowed raises NetworkBlockedError.

    ``allowed_hosts``: what stays allowed: see ``HostRule``. This machine and unix sockets do too, unless
    ``block_loopback`` is set. Inside another block, the inner one alone counts.
    """

    def __init__(self, allowed_hosts: str | Iterable[Host] = (), *, block_loopback: bool = False) -> None:
        self._rules = rules(allowed_hosts)
        self._block_loopback = block_loopback
        self._resolved: set[str] = set()
        #: The hosts that the program was kept from.
        self.blocked: list[object] = []

    def __enter__(self) -> block_network:
        _enter(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        _leave(self)

    def __call__(self, function: F) -> F:
        """Decorate a function of any kind."""
        plain: Any = getattr(function, "__func__", function)
        return cast(F, wrapt.FunctionWrapper(function, runner(plain, lambda _: self)))

    def refusal(self, host: object) -> NetworkBlockedError:
        """The error for this host, which is remembered."""
        self.blocked.append(host)
        return NetworkBlockedError(host)

    # -- what is asked before something happens ---------------------------------------------------------------------

    def check(self, host: object, port: int | None = None) -> None:
        """Raise NetworkBlockedError when this host is not allowed."""
        if not self._allows(_text(host), port):
            raise self.refusal(host)

    def check_unix(self, path: object) -> None:
        """Raise NetworkBlockedError when the unix socket at this path is not allowed."""
        if self._block_loopback and not any(rule.allows(_text(path), None) for rule in self._rules):
            raise self.refusal(path)

    def check_lookup(
        self, host: object, look_up: Callable[[], object], addresses: Callable[[object], Iterable[str]]
    ) -> object:
        """What ``look_up()`` returns, if the name, or an address that it has, is allowed."""
        name = _text(host)
        if _address(name) is not None or not name:
            return look_up()
        if self._allows(name, None):
            found = look_up()
            self._resolved.update(addresses(found))
            return found
        if not any(rule.may_be_address for rule in self._rules):
            raise self.refusal(host)
        try:
            found = look_up()
        except OSError as error:  # nobody knows it, and it is not allowed by name
            raise self.refusal(host) from error
        if not any(self._allows(address, None) for address in addresses(found)):
            raise self.refusal(host)
        return found

    def _allows(self, host: str, port: int | None) -> bool:
        if not self._block_loopback and _is_loopback(host):
            return True
        return host in self._resolved or any(rule.allows(host, port) for rule in self._rules)


def _text(host: object) -> str:
    return host.decode("latin-1") if isinstance(host, (bytes, bytearray)) else "" if host is None else str(host)


def _is_loopback(host: str) -> bool:
    address = _address(host)
    return host in ("", "localhost") or host.endswith(".localhost") or (address is not None and address.is_loopback)


# -- the open blocks, and the doors ------------------------------------------------------------------------------------

_blocks: tuple[block_network, ...] = ()
_replacements: list[Replacement] = []
_lock = new_lock()
#: Whether this thread makes a pair of sockets, which on Windows connects to itself.
_pairing = threading.local()


def _enter(block: block_network) -> None:
    global _blocks
    with _lock:
        if not _blocks:
            for replacement in _doors():
                replacement.apply()
                _replacements.append(replacement)
        _blocks = (*_blocks, block)


def _leave(block: block_network) -> None:
    global _blocks
    with _lock:
        place = max(number for number, one in enumerate(_blocks) if one is block)
        _blocks = _blocks[:place] + _blocks[place + 1 :]
        while not _blocks and _replacements:
            _replacements.pop().revert()


def _check(family: int, address: object) -> None:
    """Ask the innermost block about the address that a socket is given."""
    blocks = _blocks
    if not blocks or getattr(_pairing, "now", False):
        return
    if family == getattr(socket, "AF_UNIX", None):
        blocks[-1].check_unix(address)
    elif family in (socket.AF_INET, socket.AF_INET6) and isinstance(address, tuple) and len(address) > 1:
        blocks[-1].check(address[0], address[1])
    else:
        raise blocks[-1].refusal("")


def _doors() -> Iterable[Replacement]:
    for name in ("connect", "connect_ex"):
        yield Replacement(socket.socket, name, _connect_door(getattr(socket.socket, name)))
    for name, addresses in _LOOKUPS.items():
        yield Replacement(socket, name, _lookup_door(getattr(socket, name), addresses))
    if sys.platform == "win32":
        yield Replacement(socket, "socketpair", _pair_door(socket.socketpair))
    for module, cls in (("selector_events", "BaseSelectorEventLoop"), ("proactor_events", "BaseProactorEventLoop")):
        loop = getattr(sys.modules.get(f"asyncio.{module}"), cls, None)
        if loop is not None:
            yield Replacement(loop, "sock_connect", _loop_door(loop.sock_connect))
    if "pycurl" in sys.modules:
        from .stubs.pycurl import Curl

        for name in ("perform", "perform_rb", "perform_rs"):
            yield Replacement(writable(Curl), name, _curl_door(getattr(Curl, name)))


#: The functions that look up a name, and where their answers have the addresses.
_LOOKUPS: dict[str, Callable[[Any], Iterable[str]]] = {
    "getaddrinfo": lambda found: (str(entry[4][0]) for entry in found),
    "gethostbyname": lambda found: (found,),
    "gethostbyname_ex": lambda found: found[2],
}


def _connect_door(original: Callable[..., object]) -> Callable[..., object]:
    @functools.wraps(original)
    def network_guard(self: socket.socket, address: object, *args: object) -> object:
        try:
            _check(self.family, address)
        except NetworkBlockedError:
            self.close()  # socket.create_connection closes it after an OSError only
            raise
        return original(self, address, *args)

    network_guard.__name__ = "network_guard"  # by which pytest-recording's users see that the network is blocked
    return network_guard


def _lookup_door(
    original: Callable[..., object], addresses: Callable[[object], Iterable[str]]
) -> Callable[..., object]:
    @functools.wraps(original)
    def look_up(host: object, *args: object, **kwargs: object) -> object:
        blocks = _blocks
        if not blocks:
            return original(host, *args, **kwargs)
        return blocks[-1].check_lookup(host, lambda: original(host, *args, **kwargs), addresses)

    return look_up


def _pair_door(original: Callable[..., object]) -> Callable[..., object]:
    @functools.wraps(original)
    def socketpair(*args: object, **kwargs: object) -> object:
        _pairing.now = True
        try:
            return original(*args, **kwargs)
        finally:
            _pairing.now = False

    return socketpair


def _loop_door(original: Callable[..., Awaitable[object]]) -> Callable[..., Awaitable[object]]:
    @functools.wraps(original)
    async def sock_connect(self: object, sock: socket.socket, address: object) -> object:
        _check(sock.family, address)
        return await original(self, sock, address)

    return sock_connect


def _curl_door(original: Callable[..., object]) -> Callable[..., object]:
    @functools.wraps(original)
    def perform(curl: Any, *args: object) -> object:
        from .stubs.libcurl.abi import Info

        # What a cassette replays needs no network: whether it may go live is the cassette's decision.
        blocks = () if _active.current() is not None else _blocks
        url = curl.getinfo(Info.EFFECTIVE_URL) if blocks else ""
        if url:  # else libcurl says that there is none
            parts = urlsplit(url if "://" in url else f"http://{url}")
            blocks[-1].check(parts.hostname or "", parts.port)
        return original(curl, *args)

    return perform
