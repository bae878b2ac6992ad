"""Splits a URI (RFC 3986) into its parts, and joins scheme, host and port to an origin. No other module does either.

It must not know a request or a client. Each pattern here takes a time in proportion to the length of the URI: no part
of a pattern can match the character with which the next part begins.
"""

from __future__ import annotations

import functools
import re
from urllib.parse import SplitResult, urlsplit

DEFAULT_PORTS = {"http": 80, "https": 443}

#: An absolute URI that ``urlsplit`` would only cut into its parts: nothing to remove, to check or to change.
_PLAIN = re.compile(r"(https?)://([\w.:-]+)((?:/[!$-;=@-~]*)?)(?:\?([!$-~]*))?", re.ASCII)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_AUTHORITY = re.compile(r"[^/?#]*")


def split(uri: str) -> SplitResult:
    """The parts of ``uri``. Raises ValueError for a URI that ``urlsplit`` cannot read."""
    plain = _PLAIN.fullmatch(uri)
    if plain is None:
        return urlsplit(uri)
    scheme, authority, path, query = plain.groups("")
    return SplitResult(scheme, authority, path, query, "")


def plain_path(uri: str) -> str | None:
    """The path of a URI that has only usual characters and no path parameters (``;``); None for any other URI."""
    plain = _PLAIN.fullmatch(uri)
    return None if plain is None or ";" in plain[3] else plain[3] or "/"


@functools.lru_cache
def host_and_port(authority: str) -> tuple[str | None, int | None]:
    """The host, in lower case and without brackets, and the port; None for what is not given.

    Raises ValueError for a port that is no number up to 65535.
    """
    parts = SplitResult("", authority, "", "", "")
    return parts.hostname, parts.port


def is_absolute(target: str) -> bool:
    """Whether the target of a request begins with a scheme."""
    return _SCHEME.match(target) is not None


def authority(scheme: str, host: str, port: int | str | None) -> str:
    """Host and port as they stand in a URI: an IPv6 address in brackets, the default port of the scheme left out."""
    shown = f"[{host}]" if host.count(":") > 1 and not host.startswith("[") else host
    return shown if port in (None, DEFAULT_PORTS.get(scheme)) else f"{shown}:{port}"


def origin(scheme: str, host: str, port: int | str | None) -> str:
    """Scheme and authority, such as ``http://a.example:8080``: the part of a URI before the path."""
    return f"{scheme}://{authority(scheme, host, port)}"


def origin_of(uri: str) -> str:
    """The origin of an absolute URI: scheme and authority, without user and password and without a default port."""
    parts = split(uri)
    without_user = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{without_user.removesuffix(f':{DEFAULT_PORTS.get(parts.scheme)}')}"


def without_default_port(uri: str) -> str:
    """``uri`` without the port if that is the default port of the scheme."""
    scheme = uri.partition("://")[0]
    if scheme not in DEFAULT_PORTS:
        return uri
    found = _AUTHORITY.match(uri, len(scheme) + 3)
    end = len(uri) if found is None else found.end()
    return uri[:end].removesuffix(f":{DEFAULT_PORTS[scheme]}") + uri[end:]


def bare(uri: str) -> str:
    """A URI to show to a person: without user, password, query and fragment, which may hold secrets."""
    return _QUERY.sub("", _USERINFO.sub("://", str(uri)))


_USERINFO = re.compile(r"://[^/?#]*@")
_QUERY = re.compile(r"[?#].*", re.DOTALL)
