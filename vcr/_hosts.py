"""Decides which hosts a program may reach. Blocks of the network, options and pytest marks use the same patterns. It
must not know a socket or a cassette.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from fnmatch import fnmatchcase

Host = str | re.Pattern[str]

_ADDRESS = re.compile(r"[\d.:*\[\]()|\\a-fA-F/-]*\d[\d.:*\[\]()|\\a-fA-F/-]*")


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
        """Whether this rule may allow addresses, so that a host name has to be looked up to tell whether it is
        allowed."""
        is_compiled = not self._text
        return is_compiled or self._network is not None or _ADDRESS.fullmatch(self._text) is not None

    def allows(self, host: str, port: int | None) -> bool:
        """Whether this host and port are allowed; ``port`` is None where it is not known yet."""
        if None not in (self._port, port) and self._port != port:
            return False
        if self._network is not None:
            address = address_in(host)
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
    """The pattern in ``text``; None where ``text`` is no regular expression but begins with a wildcard
    (``*.example.com``)."""
    try:
        return re.compile(text)
    except re.error as error:
        if not text.startswith("*"):
            raise ValueError(f"{text!r} is neither a host nor a regular expression: {error}") from None
        return None


def address_in(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that this text is; None for a name."""
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None


def host_list(hosts: str | Host | Iterable[Host] | None) -> tuple[Host, ...]:
    """The hosts in a list, or in a text with commas between them; one pattern, or None, is a list, too."""
    if hosts is None:
        return ()
    if isinstance(hosts, re.Pattern):
        return (hosts,)
    given = hosts.split(",") if isinstance(hosts, str) else hosts
    if not isinstance(given, Iterable):
        raise TypeError(f"expected a list of hosts and patterns, got {given!r}")
    return tuple(host for host in given if not isinstance(host, str) or host.strip())


def rules(allowed_hosts: str | Host | Iterable[Host] | None) -> tuple[HostRule, ...]:
    """A rule for each host in the list: see ``host_list``. Raises ValueError or TypeError: see ``HostRule``."""
    return tuple(map(HostRule, host_list(allowed_hosts)))


def is_one_of(name: str, hosts: Iterable[str | re.Pattern[str]]) -> bool:
    """Whether a host is one of these: names, compared without case, or compiled patterns that match the whole name."""
    low = name.lower()
    return any(host.fullmatch(low) if hasattr(host, "fullmatch") else str(host).lower() == low for host in hosts)


def is_loopback(host: str) -> bool:
    """Whether this is a name or an address of this machine."""
    address = address_in(host)
    return host in ("", "localhost") or host.endswith(".localhost") or (address is not None and address.is_loopback)


class Hosts:
    """The hosts that stay allowed: see ``HostRule``. This machine and unix sockets do too, unless ``block_loopback``.

    ``ignored``: the option ``ignore_hosts``, whose names and patterns mean a whole name: these hosts are allowed, too.
    """

    def __init__(
        self,
        allowed_hosts: str | Iterable[Host] | None = (),
        *,
        block_loopback: bool = False,
        ignored: tuple[Host, ...] = (),
    ) -> None:
        self._rules = rules(allowed_hosts)
        self._block_loopback = block_loopback
        self._ignored = ignored

    def with_loopback(self) -> Hosts:
        """The same hosts, and this machine."""
        hosts = Hosts(ignored=self._ignored)
        hosts._rules = self._rules
        return hosts

    @property
    def may_be_address(self) -> bool:
        """Whether a name that is not allowed may have an address that is."""
        return any(rule.may_be_address for rule in self._rules)

    def names(self, host: str, port: int | None) -> bool:
        """Whether a rule allows this host and port, or the host is ignored."""
        return any(rule.allows(host, port) for rule in self._rules) or is_one_of(host, self._ignored)

    def allow(self, host: str, port: int | None) -> bool:
        """Whether a host is allowed, because a rule allows it or because it is this machine."""
        return (not self._block_loopback and is_loopback(host)) or self.names(host, port)

    def allow_path(self, path: str) -> bool:
        """Whether the unix socket at this path is allowed."""
        return not self._block_loopback or self.names(path, None)
