"""Takes the place of a cassette where none is open: an ``Outside`` refuses requests, or warns of them. It must not know
why the program is kept from the network: for a block (``network.py``) or for the option ``no_cassette``.
"""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Callable, Sequence
from contextvars import ContextVar

from . import _network_doors
from ._engine.turn import Turn
from ._hosts import Hosts, address_in
from .cassette import Cassette
from .errors import NetworkBlockedError, place_in_program, warn
from .request import Request

#: The request that was begun here last, outside a cassette: what it connects to is refused in its name.
begun: ContextVar[Request | None] = ContextVar("vcrbegun", default=None)


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
        if "pycurl" in packages and _network_doors.has_pycurl():  # these doors will judge it
            return True
        if packages & {"curl_cffi", "pycurl"} or "CurlAsyncHTTPClient" in names:
            raise self._error(host, f"a request to {host}")
        return False

    def begin(self, request: Request) -> Turn:
        """Raise NetworkBlockedError when the host is not allowed at this port."""
        host = request.host or ""
        if self._action == "note" or self._allows(host, request.port):
            begun.set(request)
            return Turn(None, None)
        raise self._error(host, shown(request))

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
#: A port that no rule with a port allows.
_NO_PORT = -1


def shown(request: Request) -> str:
    """The method and the URI of a request that belongs to no cassette, for an error: without secrets."""
    from .sanitize.defaults import RULES
    from .sanitize.masking import Sanitizer

    return f"{request.method} {Sanitizer(RULES).text(request.uri)}"


def current_test() -> str:
    """The id of the test that pytest runs, and its phase; empty outside pytest."""
    return os.environ.get("PYTEST_CURRENT_TEST", "")
