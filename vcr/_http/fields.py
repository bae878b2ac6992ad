"""Header fields, and what they say of a message (RFC 9110, RFC 9112). It must not know a client or a cassette."""

from __future__ import annotations

import re
from collections.abc import Container
from enum import Enum, auto

from ..request import Headers

HeaderPairs = list[tuple[str, str]]


class Dialect(Enum):
    """How a client reads HTTP/1.1 where clients differ.

    - ``COMMON``: as most clients do. A bare LF may end the size line of a chunk, but not the chunk.
    - ``HTTP_CLIENT``: as http.client and the clients built on http.client. Of the interim responses (1xx) only 100 is
      passed over. Chunks are read whatever the status. If the connection ends within the last size line or right after
      the line, that ends the message.
    - ``LIBCURL``: as libcurl. A bare LF may end a size line, and a chunk, too.
    - ``AIOHTTP``: as aiohttp. A bare LF may end neither. Blank lines before a status line are passed over.
    - ``TORNADO``: as aiohttp, but a size line has nothing but the size: no blank, no extension.
    """

    COMMON = auto()
    HTTP_CLIENT = auto()
    LIBCURL = auto()
    AIOHTTP = auto()
    TORNADO = auto()


_NAME = re.compile(r"[!-9;-~]*:")
_LINE_END = re.compile(r"\r\n|\r|\n")


def field_pairs(fields: bytes) -> HeaderPairs:
    """The fields of a message head or of a trailer section (RFC 9112 §5), read as http.client reads them.

    A continuation line (obs-fold) belongs to the field before. Blanks at the end of a value stay. A bare CR ends a
    field. A line that is no field ends the reading.
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
    """Whether the headers say that the body is in chunks: ``chunked`` is the last transfer coding (RFC 9112 §6.1)."""
    if "Transfer-Encoding" not in headers:
        return False
    codings = ",".join(headers.get_all("Transfer-Encoding")).lower()
    return codings.rpartition(",")[2].strip() == "chunked"


def content_length(headers: Headers) -> int | None:
    """The length in bytes that the headers announce; None if they announce none, or none that http.client accepts."""
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
    """Whether a cassette keeps the pieces in which the body of a response came.

    It keeps chunks, and the DATA frames of an HTTP/2 or HTTP/3 response without a length: the server chose these
    pieces. It also keeps the pieces of an event stream that ends with the connection: only the pieces show which events
    came together. The pieces of all other bodies depend on the network alone, and are joined.
    """
    if is_chunked(headers):
        return True
    return content_length(headers) is None and (
        media_type(headers) == "text/event-stream" or not http_version.startswith(("0", "1"))
    )


def asks_for_upgrade(headers: Container[str]) -> bool:
    """Whether a request asks to switch its connection to another protocol, such as WebSocket (RFC 9110 §7.8).

    ``headers``: the names of its header fields, which compare without case, as ``Headers`` do."""
    return "Upgrade" in headers


def may_have_body(method: str, status: int) -> bool:
    """Whether a response to ``method`` with ``status`` can carry a body (RFC 9112 §6.3)."""
    return method.upper() != "HEAD" and status >= 200 and status not in (204, 304)


def has_chunks(method: str, status: int, dialect: Dialect = Dialect.COMMON) -> bool:
    """Whether a client reads chunks in a response whose fields say ``chunked``. http.client, and the clients built on
    http.client, read chunks in a 1xx, a 204 and a 304, too."""
    return method.upper() != "HEAD" if dialect is Dialect.HTTP_CLIENT else may_have_body(method, status)


def field_bytes(text: str) -> bytes:
    """The bytes of a field name, a field value or a reason phrase: latin-1, as they are read, or UTF-8 if ``text`` has
    characters that latin-1 lacks."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8")


def raw_fields(headers: Headers) -> list[tuple[bytes, bytes]]:
    """The bytes of each field name and value: see ``field_bytes``."""
    pairs = headers.pairs()
    try:
        return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in pairs]
    except UnicodeEncodeError:
        return [(field_bytes(name), field_bytes(value)) for name, value in pairs]
