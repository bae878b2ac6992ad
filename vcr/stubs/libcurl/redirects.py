"""The request that libcurl makes after a redirect (see ``Curl_follow`` in lib/http.c). It must not know a cassette."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import SplitResult, urljoin, urlsplit

from ..._http.uri import DEFAULT_PORTS
from ...request import Headers, Request
from .abi import FOLLOW_FIRSTONLY, FOLLOW_OBEYCODE, KEEP_POST, Opt
from .handle import Handle
from .request import uri_of


class Hop(NamedTuple):
    """One request of a transfer. ``kind``: the method for which the options ask; CUSTOMREQUEST may replace it."""

    request: Request
    kind: str


def next_hop(handle: Handle, hop: Hop, first_uri: str, status: int, headers: Headers) -> Hop | None:
    """The request that libcurl makes after a response with this status and these headers to ``hop``; None when it makes
    none. ``first_uri``: the URI of the transfer's first request."""
    mode = handle.number(Opt.FOLLOWLOCATION)
    location = headers.get("Location")
    if not mode or not location or not 300 <= status < 400:
        return None
    request, kind = hop
    url = urlsplit(urljoin(request.uri, location.strip().replace(" ", "%20")))
    if url.scheme not in DEFAULT_PORTS:
        return None
    keeps = handle.number(Opt.POSTREDIR) & KEEP_POST.get(status, 0)
    switches = not keeps and (
        (status in (301, 302) and kind == "POST") or (status == 303 and kind not in ("GET", "HEAD"))
    )
    custom = handle.text(Opt.CUSTOMREQUEST)
    if mode == FOLLOW_FIRSTONLY or (mode == FOLLOW_OBEYCODE and switches):
        custom = ""
    kind = "GET" if switches else kind
    fields = _fields_for(handle, request, first_uri, url)
    return Hop(Request(custom or kind, uri_of(url), None if switches else request.body, fields), kind)


def is_last(handle: Handle, followed: int) -> bool:
    """Whether libcurl has followed as many redirects as it may. ``followed``: how many it has followed."""
    most = handle.number(Opt.MAXREDIRS, -1)
    return 0 <= most <= followed


def _fields_for(handle: Handle, request: Request, first_uri: str, url: SplitResult) -> Headers:
    """The header fields of the next request. Credentials and cookies go only to the server of the first request."""
    headers = request.headers.copy()
    if urlsplit(first_uri)[:2] != urlsplit(uri_of(url))[:2] and not handle.options.get(Opt.UNRESTRICTED_AUTH):
        for name in ("Authorization", "Cookie"):
            headers.pop(name, None)
    return headers
