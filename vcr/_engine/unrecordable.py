"""Judges the traffic inside an open cassette that cannot be recorded: a WebSocket, gRPC, a socket of the program's own.

It must not know how such traffic is noticed.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, NamedTuple, cast

from .._hosts import Hosts
from ..errors import UnsupportedProtocolError, warn

if TYPE_CHECKING:
    from .cassette import Cassette


class Policy(NamedTuple):
    """What to do with such traffic. ``action``: the option ``on_unrecordable``. ``hosts``: the hosts that are
    allowed."""

    action: str = "allow"
    hosts: Hosts = Hosts()


ALLOW = Policy()
BY_DEFAULT = Policy("warn")


class Unrecordable:
    """The part of a cassette that judges and notes traffic which cannot be recorded."""

    #: What to do with such traffic.
    unrecordable: Policy = ALLOW

    @functools.cached_property
    def unrecorded(self) -> dict[str, str]:
        """The traffic that has passed: the protocol, by ``host:port``."""
        return {}

    def let_pass(self, protocol: str, host: str, port: int | None) -> None:
        """Judge traffic of the HTTP family, such as a WebSocket, before it begins: see ``judge_http``."""
        judge_http(cast("Cassette", self), protocol, host, port)


def judge_http(cassette: Cassette, protocol: str, host: str, port: int | None) -> None:
    """Judge traffic of the HTTP family. This machine counts as any other host.

    ``protocol``: such as "WebSocket". Raises UnsupportedProtocolError where ``on_unrecordable`` is "error" and the
    cassette may not record; otherwise the traffic is noted for the warning at the end of the cassette.
    """
    policy = cassette.unrecordable
    if policy.action == "allow" or lets(cassette, host, port):
        return
    where = host if port is None else f"{host}:{port}"
    if policy.action == "error" and cassette.write_protected:
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
    """Judge other traffic in the same way; traffic to this machine is always allowed."""
    if not cassette.unrecordable.hosts.allow(host, port):
        judge_http(cassette, protocol, host, port)


def report(cassette: Cassette) -> None:
    """Warn, when a cassette has closed, of the traffic that was not recorded."""
    passed = [f"{where} ({protocol})" for where, protocol in cassette.unrecorded.items()]
    if passed:
        warn(
            f"inside the cassette {cassette.path} the program reached {', '.join(passed)}, which is neither recorded "
            'nor replayed. Let it pass with allowed_hosts, ignore_hosts or on_unrecordable="allow"; "error" refuses it '
            "where nothing may be recorded"
        )
