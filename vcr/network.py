"""Keeps a program from the network: what is blocked raises an error before anything is sent or looked up.

A request of a client that vcr covers is refused as a request, by an ``Outside`` (``_outside.py``), and the error names
the request. For everything else there are doors (``_network_doors.py``). Other libraries in C (drivers of databases)
are not blocked; the calls of grpcio are.

This file must not know how a function is replaced.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, TypeVar, cast

import wrapt

from . import _children, _network_doors
from ._context import runner
from ._hosts import Host, Hosts, address_in
from ._hosts import HostRule as HostRule  # noqa: PLC0414  (described where hosts are given)
from ._outside import Outside, begun, current_test, shown
from ._shared import BLOCK
from .errors import NetworkBlockedError as NetworkBlockedError  # noqa: PLC0414  (raised here)

F = TypeVar("F", bound=Callable[..., object])
_EVERY_HOST = Hosts([re.compile("")])


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
        self._entered: list[_network_doors.Level] = []
        #: The hosts from which the program was kept.
        self.blocked: list[object] = []

    def __enter__(self) -> block_network:
        level = _network_doors.Level(self, self.fallback())
        self._entered.append(level)
        try:
            _network_doors.enter(level)
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
        _network_doors.leave(level)
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
        last = begun.get()
        if not request and last is not None and last.host == _text(host):
            request = shown(last)
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
