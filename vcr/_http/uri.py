"""Takes a URI apart, and makes the part that says which server it is: the one place for both.

It must not know a request or a client. No pattern here takes longer than the URI is long: no part of one can match a
character that the next part begins with.
"""

from __future__ import annotations

import functools
import re
from urllib.parse import SplitResult, urlsplit

DEFAULT_PORTS = {"http": 80, "https": 443}

#: An absolute URI in which there is nothing that ``urlsplit`` would take out, check or change.
_PLAIN = re.compile(r"(https?)://([\w.:-]+)((?:/[!$-;=@-~]*)?)(?:\?([!$-~]*))?", re.ASCII)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_AUTHORITY = re.compile(r"[^/?#]*")


def split(uri: str) -> SplitResult:
    """``uri`` in its parts. Raises ValueError for one that cannot be taken apart."""
    plain = _PLAIN.fullmatch(uri)
    if plain is None:
        return urlsplit(uri)
    scheme, authority, path, query = plain.groups("")
    return SplitResult(scheme, authority, path, query, "")


def plain_path(uri: str) -> str | None:
    """The path of a URI in which nothing is unusual, and which has no parameters (``;``); None of any other."""
    plain = _PLAIN.fullmatch(uri)
    return None if plain is None or ";" in plain[3] else plain[3] or "/"


@functools.lru_cache
def host_and_port(authority: str) -> tuple[str | None, int | None]:
    """The host in lower case and without brackets, and the port, where each is given. Raises ValueError."""
    parts = SplitResult("", authority, "", "", "")
    return parts.hostname, parts.port


def is_absolute(target: str) -> bool:
    """Whether the target of a request begins with a scheme."""
    return _SCHEME.match(target) is not None


def authority(scheme: str, host: str, port: int | str | None) -> str:
    """Host and port as they stand in a URI: an IPv6 address in brackets, and no port that the scheme has anyway."""
    shown = f"[{host}]" if host.count(":") > 1 and not host.startswith("[") else host
    return shown if port in (None, DEFAULT_PORTS.get(scheme)) else f"{shown}:{port}"


def origin(scheme: str, host: str, port: int | str | None) -> str:
    """Scheme and authority: what is before the path in the URI of each request to this server."""
    return f"{scheme}://{authority(scheme, host, port)}"


def origin_of(uri: str) -> str:
    """The same of an absolute URI, without the user that it may name."""
    parts = split(uri)
    without_user = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{without_user.removesuffix(f':{DEFAULT_PORTS.get(parts.scheme)}')}"


def without_default_port(uri: str) -> str:
    """``uri`` without a port that its scheme has anyway."""
    scheme = uri.partition("://")[0]
    if scheme not in DEFAULT_PORTS:
        return uri
    found = _AUTHORITY.match(uri, len(scheme) + 3)
    end = len(uri) if found is None else found.end()
    return uri[:end].removesuffix(f":{DEFAULT_PORTS[scheme]}") + uri[end:]


def bare(uri: str) -> str:
    """A URI for the eyes of a person, without what it may hold of secrets: no user, query and fragment."""
    return _QUERY.sub("", _USERINFO.sub("://", str(uri)))


_USERINFO = re.compile(r"://[^/?#]*@")
_QUERY = re.compile(r"[?#].*", re.DOTALL)
