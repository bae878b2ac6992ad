"""Header fields, and what they say of a message (RFC 9110, RFC 9112). It must not know a client or a cassette."""

from __future__ import annotations

import re
from enum import Enum, auto

from ..request import Headers

HeaderPairs = list[tuple[str, str]]


class Dialect(Enum):
    """How a client reads HTTP/1.1, where clients differ: one of these, handed on whole.

    ``COMMON``: as strict as most of them are. ``HTTP_CLIENT``: as http.client and what is built on it: the only 1xx
    that is passed over is 100, chunks are read whatever the status, and a message may end with the connection within
    or right after its last size line. ``LIBCURL``: a chunk may end in a bare line feed, as in every dialect but the
    last its size line may. ``NEEDS_CRLF``: as aiohttp and tornado: neither may.
    """

    COMMON = auto()
    HTTP_CLIENT = auto()
    LIBCURL = auto()
    NEEDS_CRLF = auto()


_NAME = re.compile(r"[!-9;-~]*:")
_LINE_END = re.compile(r"\r\n|\r|\n")


def field_pairs(fields: bytes) -> HeaderPairs:
    """The fields of a message head or a trailer section; a folded line stays with its field (RFC 9112 §5.2).

    As http.client: what follows a value stays, a bare CR ends a field, and no field is read after what is none.
    """
    pairs: HeaderPairs = []
    for line in _LINE_END.split(fields.decode("latin-1")):
        if line[:1] in (" ", "\t"):
            if pairs:
                name, value = pairs[-1]
                pairs[-1] = (name, f"{value}\r\n{line}")
        elif _NAME.match(line):
            name, _, value = line.partition(":")
            pairs.append((name, value.lstrip(" \t")))
        else:
            break
    return pairs


def is_chunked(headers: Headers) -> bool:
    """Whether the message body is in chunks: ``chunked`` is the last transfer coding (RFC 9112 §6.1)."""
    if "Transfer-Encoding" not in headers:
        return False
    codings = ",".join(headers.get_all("Transfer-Encoding")).lower()
    return codings.rpartition(",")[2].strip() == "chunked"


def content_length(headers: Headers) -> int | None:
    """The length that the headers announce; None when they announce none, or none that http.client would read."""
    if "Content-Length" not in headers:
        return None
    try:
        length = int(headers["Content-Length"])
    except ValueError:
        return None
    return length if length >= 0 else None


def media_type(headers: Headers) -> str:
    """The Content-Type without its parameters, in lower case."""
    return headers.get("Content-Type", "").partition(";")[0].strip().lower()


def keeps_pieces(headers: Headers, http_version: str) -> bool:
    """Whether the pieces that a body comes in are worth keeping.

    Chunks are, and frames of HTTP/2 and 3 that no length announces. How other bytes arrive is the network's accident,
    except in an event stream that ends with the connection: there it is all that tells the events apart in time.
    """
    if is_chunked(headers):
        return True
    return content_length(headers) is None and (
        media_type(headers) == "text/event-stream" or not http_version.startswith(("0", "1"))
    )


def asks_for_upgrade(headers: Headers) -> bool:
    """Whether a request is to turn its connection into something else, such as a WebSocket (RFC 9110 §7.8)."""
    return "Upgrade" in headers


def may_have_body(method: str, status: int) -> bool:
    """Whether a response to ``method`` with ``status`` can carry a body (RFC 9112 §6.3)."""
    return method.upper() != "HEAD" and status >= 200 and status not in (204, 304)


def has_chunks(method: str, status: int, dialect: Dialect = Dialect.COMMON) -> bool:
    """Whether a response whose fields say ``chunked`` has chunks. http.client, and what is built on it, reads them
    behind a 1xx, a 204 and a 304, too."""
    return method.upper() != "HEAD" if dialect is Dialect.HTTP_CLIENT else may_have_body(method, status)


def field_bytes(text: str) -> bytes:
    """A name, a value or a reason as it is sent: the latin-1 that it was read as, else UTF-8."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8")
