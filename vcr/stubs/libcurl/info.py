"""What ``getinfo`` returns after a replay. This file must not know a cassette or a binding."""

from __future__ import annotations

from typing import Any
from urllib.parse import urljoin

from ..._http.wire import content_length
from ...request import Headers
from ...response import Response
from .abi import HTTP_VERSIONS, Info, Opt
from .transfer import Transfer

#: The answer when the recorded response does not tell it, by the type that the number of the info names.
_UNKNOWN: dict[int, Any] = {0x100000: None, 0x200000: 0, 0x300000: 0.0, 0x400000: [], 0x500000: -1, 0x600000: 0}
#: Infos that are the same numbers as others, in another type.
_SAME: dict[int, int] = {
    Info.SIZE_UPLOAD_T: Info.SIZE_UPLOAD,
    Info.SIZE_DOWNLOAD_T: Info.SIZE_DOWNLOAD,
    Info.CONTENT_LENGTH_DOWNLOAD_T: Info.CONTENT_LENGTH_DOWNLOAD,
}


def new_info() -> dict[int, Any]:
    """The answers before the first response."""
    return {Info.COOKIECHANGES: [], Info.REDIRECT_HISTORY: [], Info.HEADER_SIZE: 0}


def describe(info: dict[int, Any], transfer: Transfer, response: Response, headers: Headers) -> None:
    """Note the answers that a response tells. ``headers``: those that the client sees."""
    request, followed = transfer.request, transfer.followed
    length = content_length(headers)
    info.update(
        {
            Info.EFFECTIVE_URL: (response.effective_url or request.uri).encode(),
            Info.CONTENT_TYPE: headers["Content-Type"].encode("latin-1") if "Content-Type" in headers else None,
            Info.SCHEME: request.scheme.encode(),
            Info.EFFECTIVE_METHOD: request.method.encode(),
            Info.RESPONSE_CODE: response.status,
            Info.REDIRECT_COUNT: len(followed),
            Info.REDIRECT_HISTORY: [f"{status}\t{uri}".encode() for status, uri in followed],
            Info.HTTP_VERSION: HTTP_VERSIONS.get(response.http_version, 2),
            Info.CONTENT_LENGTH_DOWNLOAD: -1 if length is None else length,
            Info.SIZE_UPLOAD: len(request.body or b""),
        }
    )
    if not transfer.handle.options.get(Opt.FOLLOWLOCATION) and headers.get("Location"):
        info[Info.REDIRECT_URL] = urljoin(request.uri, headers["Location"]).encode()


def told(info: dict[int, Any], option: int) -> Any:
    """The answer to ``getinfo`` after a replay. Strings are bytes, or None."""
    option = int(option)
    kind = option & 0xF00000
    value: Any = info.get(_SAME.get(option, option), _UNKNOWN.get(kind))
    return float(value) if kind == 0x300000 else value
