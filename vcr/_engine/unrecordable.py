"""What passes an open cassette and cannot be recorded: a WebSocket, gRPC, a socket of the program's own.

It must not know how such a thing is noticed.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, NamedTuple, cast

from .._hosts import Hosts
from ..errors import UnsupportedProtocolError, warn

if TYPE_CHECKING:
    from .cassette import Cassette


class Policy(NamedTuple):
    """``then``: the option ``on_unrecordable``. ``hosts``: those that may be reached all the same."""

    then: str = "allow"
    hosts: Hosts = Hosts()


ALLOW = Policy()
BY_DEFAULT = Policy("warn")


class Permeable:
    """A cassette, for what it cannot hold."""

    #: What becomes of that.
    unrecordable: Policy = ALLOW

    @functools.cached_property
    def unrecorded(self) -> dict[str, str]:
        """What has passed: host and port, and the protocol."""
        return {}

    def let_pass(self, protocol: str, host: str, port: int | None) -> None:
        """Something of the HTTP family, such as a WebSocket, is about to pass. Raises UnsupportedProtocolError where
        ``on_unrecordable`` is "error" and the record mode allows no recording."""
        judge_http(cast("Cassette", self), protocol, host, port)


def judge_http(cassette: Cassette, protocol: str, host: str, port: int | None) -> None:
    """Judge what is of the HTTP family: this machine counts as any other does.

    ``protocol``: such as "WebSocket". Raises UnsupportedProtocolError where ``on_unrecordable`` is "error" and the
    cassette may not record; else it is remembered for the warning at the end of the cassette.
    """
    policy = cassette.unrecordable
    if policy.then == "allow" or lets(cassette, host, port):
        return
    where = host if port is None else f"{host}:{port}"
    if policy.then == "error" and cassette.write_protected:
        raise UnsupportedProtocolError(
            f"{protocol} to {where} was refused: the cassette {cassette.path} is open, and {protocol} can be neither "
            'recorded nor replayed. Let it pass with allowed_hosts or ignore_hosts, with on_unrecordable="warn", or in '
            "vcr.outside()"
        )
    cassette.unrecorded.setdefault(where, protocol)


def lets(cassette: Cassette, host: str, port: int | None) -> bool:
    """Whether ``allowed_hosts`` or ``ignore_hosts`` lets this host pass."""
    return cassette.unrecordable.hosts.names(host, port) or cassette.passes_by(host, ())


def judge_socket(cassette: Cassette, protocol: str, host: str, port: int | None) -> None:
    """Judge what is not of the HTTP family, as ``judge_http`` does: this machine is no network."""
    if not cassette.unrecordable.hosts.allow(host, port):
        judge_http(cassette, protocol, host, port)


def report(cassette: Cassette) -> None:
    """Warn, when a cassette has closed, of what has passed it."""
    passed = [f"{where} ({protocol})" for where, protocol in cassette.unrecorded.items()]
    if passed:
        warn(
            f"inside the cassette {cassette.path} the program reached {', '.join(passed)}, which is neither recorded "
            'nor replayed. Let it pass with allowed_hosts, ignore_hosts or on_unrecordable="allow"; "error" refuses it '
            "where nothing may be recorded"
        )
