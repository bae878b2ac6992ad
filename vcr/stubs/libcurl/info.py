"""What ``getinfo`` returns after a replay. This file must not know a cassette or a binding.

There are three kinds of answers:

- What follows from the request, the options and the recorded response is the same as live: URL, method, scheme, port,
  status, version, sizes, redirects, lengths, cookies, the time of the file, when to retry, the authentication schemes.
- The rest is true of a replay. It makes no connection: ``NUM_CONNECTS`` and ``CONN_ID`` are 0, there is no socket,
  ``LOCAL_IP`` is empty, ``LOCAL_PORT`` is 0, and ``PRIMARY_IP`` is the host of the URL if that is an address, otherwise
  empty. It takes no time: each ``…_TIME`` and ``SPEED_…`` is 0. It sends nothing: ``REQUEST_SIZE`` is 0.
- What does not depend on a transfer (``SSL_ENGINES``, ``COOKIELIST``) is left to libcurl.
"""

from __future__ import annotations

import email.utils
import errno
import ipaddress
import time
from typing import Any
from urllib.parse import urljoin, urlsplit

from ..._http.failure import Failure
from ..._http.fields import content_length
from ...request import Headers, Request
from ...response import Response
from .abi import AUTH_SCHEMES, HTTP_VERSIONS, Info, Opt
from .handle import Handle
from .transfer import Transfer

#: The infos that do not depend on a transfer: libcurl itself answers.
LEFT_TO_LIBCURL = (Info.COOKIELIST, Info.SSL_ENGINES)

#: The answer where nothing is known, by the type of the info, which is a part of its number.
_UNKNOWN: dict[int, object] = {0x100000: None, 0x200000: 0, 0x300000: 0.0, 0x400000: [], 0x500000: -1, 0x600000: 0}
#: The infos that tell the same as another one, in another type.
_SAME: dict[int, int] = {
    Info.SIZE_UPLOAD_T: Info.SIZE_UPLOAD,
    Info.SIZE_DOWNLOAD_T: Info.SIZE_DOWNLOAD,
    Info.CONTENT_LENGTH_DOWNLOAD_T: Info.CONTENT_LENGTH_DOWNLOAD,
    Info.CONTENT_LENGTH_UPLOAD_T: Info.CONTENT_LENGTH_UPLOAD,
    Info.FILETIME_T: Info.FILETIME,
}


def answer(info: dict[int, object], option: int) -> object:
    """The answer to ``getinfo`` after a replay. Strings are bytes, or None."""
    option = int(option)
    kind = option & 0xF00000
    value: Any = info.get(_SAME.get(option, option), _UNKNOWN.get(kind))
    return float(value) if kind == 0x300000 else value


def new_info(handle: Handle) -> dict[int, Any]:
    """The answers before the first request of a transfer; the functions below add to them."""
    return {
        Info.COOKIECHANGES: [],
        Info.HEADER_SIZE: 0,
        Info.LOCAL_IP: b"",
        Info.LASTSOCKET: -1,
        Info.FILETIME: -1,
        Info.REFERER: handle.text(Opt.REFERER).encode("latin-1") or None,
    }


def note_request(info: dict[int, object], transfer: Transfer) -> None:
    """Add the answers that follow from the present request."""
    request, followed = transfer.request, transfer.followed
    info.update(
        {
            Info.EFFECTIVE_URL: request.uri.encode(),
            Info.EFFECTIVE_METHOD: request.method.encode(),
            Info.SCHEME: request.scheme.encode(),
            Info.PRIMARY_IP: _address(request),
            Info.PRIMARY_PORT: request.port or 0,
            Info.REDIRECT_COUNT: len(followed),
            Info.REDIRECT_HISTORY: [f"{status}\t{uri}".encode() for status, uri in followed],
            Info.CONTENT_LENGTH_DOWNLOAD: -1,
            Info.SIZE_DOWNLOAD: 0,
            Info.SIZE_DELIVERED: 0,
        }
    )


def note_response(info: dict[int, object], transfer: Transfer, response: Response, headers: Headers) -> None:
    """Add the answers that follow from a response. ``headers``: those that the client sees."""
    request, options = transfer.request, transfer.handle.options
    length = content_length(headers)
    info.update(
        {
            Info.CONTENT_TYPE: headers["Content-Type"].encode("latin-1") if "Content-Type" in headers else None,
            Info.RESPONSE_CODE: response.status,
            Info.HTTP_VERSION: HTTP_VERSIONS.get(response.http_version, 2),
            Info.CONTENT_LENGTH_DOWNLOAD: -1 if length is None else length,
            Info.CONTENT_LENGTH_UPLOAD: len(request.body or b""),
            Info.SIZE_UPLOAD: len(request.body or b""),
            Info.RETRY_AFTER: _retry_after(headers.get("Retry-After", "")),
            Info.FILETIME: _time(headers.get("Last-Modified", "")) if options.get(Opt.FILETIME) else -1,
            Info.HTTPAUTH_AVAIL: _schemes(headers, "WWW-Authenticate") if response.status == 401 else 0,
            Info.PROXYAUTH_AVAIL: _schemes(headers, "Proxy-Authenticate") if response.status == 407 else 0,
        }
    )
    if response.effective_url:
        info[Info.EFFECTIVE_URL] = response.effective_url.encode()
    if not options.get(Opt.FOLLOWLOCATION) and headers.get("Location"):
        info[Info.REDIRECT_URL] = urljoin(request.uri, headers["Location"]).encode()


def note_failure(info: dict[int, object], failure: Failure) -> None:
    """Add the answer that follows from a failure: the number that the system has for the error."""
    info[Info.OS_ERRNO] = getattr(errno, failure.code, 0) if failure.code else 0


def _address(request: Request) -> bytes:
    host = urlsplit(request.uri).hostname or ""
    try:
        return str(ipaddress.ip_address(host)).encode()
    except ValueError:
        return b""


def _time(date: str) -> int:
    parts = email.utils.parsedate_tz(date)
    return -1 if parts is None else int(email.utils.mktime_tz(parts))


def _retry_after(value: str) -> int:
    """The seconds that a ``Retry-After`` field names, or the seconds until its date."""
    if value.isdecimal():
        return int(value)
    return max(_time(value) - int(time.time()), 0)


def _schemes(headers: Headers, name: str) -> int:
    """The bits (CURLAUTH_BASIC and so on) of the schemes that the fields of this name offer."""
    offered = {value.split(None, 1)[0].lower() for value in headers.get_all(name) if value.strip()}
    return sum(bit for scheme, bit in AUTH_SCHEMES.items() if scheme in offered)
