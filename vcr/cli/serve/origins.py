"""Says which URI a request means, and where it is sent when it goes live. It must not know a cassette or a socket.

A client that asks this server by its address does not name the recorded one. What does is, in this order: the target of
a request to a proxy; ``--origin``; the only origin in the cassette; where there are several, the ``Host`` field, or the
first segment of the path (``/api.example/users``).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from ..._http import uri as uris


class UnclearError(ValueError):
    """A request that does not say which server it is meant for, or means one that there cannot be."""


class Upstream(NamedTuple):
    """Where a live request goes. ``authority``: what its ``Host`` field says; ``target``: what its first line says."""

    scheme: str
    host: str
    port: int
    authority: str
    target: str


def base_of(url: str) -> str:
    """``url`` as the beginning of URIs: an origin, and perhaps a path. Raises ValueError for what cannot be one."""
    parts = urlsplit(url)
    if parts.scheme not in uris.DEFAULT_PORTS or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(f"expected a URL like https://api.example, got {url!r}")
    return uris.origin_of(url) + parts.path.rstrip("/")


class Origins:
    """``recorded``: the URIs in the cassette. ``base``: what each URI begins with, where the user has said it.
    ``upstream``: where requests are sent in the place of the base. ``is_proxy``: whether a request may name any server.
    """

    def __init__(
        self, recorded: Iterable[str], base: str | None = None, upstream: str | None = None, *, is_proxy: bool = False
    ) -> None:
        self._base = base or upstream
        self._upstream = upstream
        self._is_proxy = is_proxy
        #: The origins in the cassette, by their authorities, in recorded order.
        self._recorded: dict[str, str] = {}
        for uri in filter(_is_whole, recorded):
            origin = uris.origin_of(uri)
            self._recorded.setdefault(origin.partition("://")[2].lower(), origin)

    @property
    def names(self) -> list[str]:
        """What a URI may begin with."""
        return [self._base] if self._base else list(self._recorded.values())

    def uri(self, target: str, host: str, tunnel: str | None, own: Iterable[str]) -> str:
        """The URI that a request means. ``target``: of its first line. ``host``: its ``Host`` field. ``tunnel``: the
        origin that a CONNECT has named before. ``own``: the authorities of this server. Raises UnclearError."""
        if uris.is_absolute(target):
            parts = _parts(target)
            if self._is_proxy and tunnel is None and parts.netloc.lower() not in own:
                return target
            host, target = parts.netloc, _rest(parts)
        target = "/*" if target == "*" else target
        if not target.startswith("/"):
            raise UnclearError(f"{target!r} is neither a path nor a URI")
        return self._base + target if tunnel is None and self._base else self._found(target, host, tunnel)

    def _found(self, target: str, host: str, tunnel: str | None) -> str:
        """The URI, where the user has not said what it begins with."""
        origins = list(self._recorded.values())
        named = tunnel or (origins[0] if len(origins) == 1 else self._recorded.get(host.lower()))
        if named is not None:
            return named + target
        first, slash, rest = target[1:].partition("/")
        if first.lower() in self._recorded:
            return f"{self._recorded[first.lower()]}/{rest}" if slash else self._recorded[first.lower()] + "/"
        if not origins:
            raise UnclearError("the cassette holds no server yet; `vcr serve --origin URL` says which one is meant")
        raise UnclearError(
            f"the cassette holds {len(origins)} servers ({', '.join(origins)}), and this request does not say which is "
            f"meant: name it in the Host field or as the first segment of the path (/{next(iter(self._recorded))}/), "
            "use `vcr serve --proxy`, or choose one with --origin URL"
        )

    def upstream_of(self, uri: str) -> Upstream:
        """Where a request for ``uri`` is sent. Raises UnclearError."""
        if self._upstream is not None and self._base is not None and uri.startswith(self._base):
            rest = uri[len(self._base) :]
            uri = self._upstream + rest if rest[:1] in ("", "/", "?") else uri
        parts = _parts(uri)
        host, port = uris.host_and_port(parts.netloc)
        if not host:
            raise UnclearError(f"{uri} names no server")
        authority = parts.netloc.rpartition("@")[2]
        return Upstream(parts.scheme, host, port or uris.DEFAULT_PORTS[parts.scheme], authority, _rest(parts))


def authority_of(target: str) -> tuple[str, int]:
    """Host and port that a CONNECT names. Raises UnclearError."""
    try:
        host, port = uris.host_and_port(target)
    except ValueError as error:
        raise UnclearError(f"CONNECT {target}: {error}") from None
    if not host or port is None or "@" in target or "/" in target:
        raise UnclearError(f"CONNECT {target}: expected a host and a port")
    return host, port


def _is_whole(uri: str) -> bool:
    """Whether a URI names a server that can be asked. (A file that was written by hand may hold any text.)"""
    try:
        return bool(_parts(uri).hostname)
    except UnclearError:
        return False


def _parts(uri: str) -> SplitResult:
    try:
        parts = urlsplit(uri)
        uris.host_and_port(parts.netloc)
    except ValueError as error:
        raise UnclearError(f"{uri} is no URI: {error}") from None
    if parts.scheme not in uris.DEFAULT_PORTS:
        raise UnclearError(f"{uri}: only http and https are served")
    return parts


def _rest(parts: SplitResult) -> str:
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
