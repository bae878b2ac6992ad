"""Reads HTTP/1.1 messages from bytes (RFC 9112). It must not open a socket, or know a client or a cassette.

Rules:
- Reading is incremental: a reader is given bytes as they come, and its ``complete`` says when the message has ended.
- A reader never raises for what a peer sent. A message that cannot be read is ``broken``: the client's own parser sees
  the same bytes, and raises what it always raises.
- Clients differ in which bytes they accept as a message. A reader is as strict as most clients, unless it is given
  another ``Dialect``.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Container
from typing import TYPE_CHECKING, NamedTuple

from ..request import Headers, Request
from ..response import Response
from .fields import (
    Dialect,
    HeaderPairs,
    asks_for_upgrade,
    content_length,
    field_pairs,
    has_chunks,
    is_chunked,
    keeps_pieces,
    may_have_body,
)
from .uri import is_absolute

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

#: The most bytes that a head may have. The most patient client, http.client, gives up before (100 lines of 64 KiB).
MAX_HEAD = 8 * 1024 * 1024

#: How many bytes are kept of something that is not HTTP: clients show one line of it in their error.
_KEPT_OF_WRONG = 1024

#: Field sections of at most so many bytes are cached with what was read from them.
_CACHED_FIELDS = 4096

_VERSION = re.compile(r"HTTP/(?:0\.9|1\.\S*)")  # the versions that http.client accepts
_CODE = re.compile(r"[1-9][0-9]{2}")
_BLANK_LINE = re.compile(rb"\n\r?\n")
_BARE_SIZE = re.compile(rb"[0-9A-Fa-f]+\r")  # the line without its line feed
_PASSING_BLANK_LINES = (Dialect.AIOHTTP, Dialect.TORNADO)

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
HTTP2_PREFACE = b"PRI * HTTP/2.0"


class _Fields(NamedTuple):
    """The fields of a message head, and what they say about the message."""

    headers: Headers
    length: int | None
    chunked: bool
    upgrade: bool


def _split_head(head: bytes) -> tuple[str, _Fields]:
    """The start line and the fields of a message head."""
    start, _, fields = head.partition(b"\n")
    read = _read_fields_cached if len(fields) <= _CACHED_FIELDS else _read_fields
    return start.decode("latin-1").rstrip("\r"), read(fields)


def _status_line(line: str) -> list[str]:
    """Version, status code and reason of a status line; three empty strings if ``line`` is not a status line."""
    version, code, reason = [*line.split(None, 2), "", "", ""][:3]
    is_status_line = _VERSION.fullmatch(version) and _CODE.fullmatch(code)
    return [version, code, reason] if is_status_line else ["", "", ""]


def _read_fields(fields: bytes) -> _Fields:
    headers = Headers.from_pairs(field_pairs(fields))
    return _Fields(headers, content_length(headers), is_chunked(headers), asks_for_upgrade(headers))


#: A client sends the same fields with each request.
_read_fields_cached = functools.lru_cache(maxsize=256)(_read_fields)


def _end_of_head(data: bytes | bytearray, start: int = 0) -> int:
    """The offset of the first byte after the head, or -1 if the head has not ended. An earlier call has searched the
    bytes before ``start``. A bare LF ends a line too, as in http.client (RFC 9112 §2.2)."""
    blank_line = _BLANK_LINE.search(data, max(start - 2, 0))
    return blank_line.end() if blank_line else -1


class ChunkedReader:
    """Removes the chunked transfer coding (RFC 9112 §7.1) from bytes as they come.

    ``chunks`` has each chunk that has come whole, ``trailers`` the fields behind the last chunk.
    """

    def __init__(self, dialect: Dialect = Dialect.COMMON) -> None:
        self._dialect = dialect
        self.chunks: list[bytes] = []
        self.trailers: HeaderPairs = []
        self.complete = False
        self.broken = False
        self.in_trailers = False  # whether the last chunk, the one of size 0, has come
        self._rest = bytearray()  # bytes that have come and are not read yet
        self._searched = 0  # so many bytes of ``_rest`` have no line feed
        self._wrong = b""  # the line that broke the message: no size of a chunk, and no line break behind one
        self._parts: list[bytes] = []  # the present chunk, as far as it has come
        self._missing = 0  # how many bytes of the present chunk are to come; -1: only its line break is

    def feed(self, data: bytes) -> None:
        """Read the next bytes."""
        self._rest += data
        while not (self.complete or self.broken) and self._step():
            pass

    def eof(self) -> None:
        """Say that no more bytes will come. For http.client, and for no other client, that may end the message."""
        if self._dialect is not Dialect.HTTP_CLIENT or self.complete:
            return
        if self._rest and self._missing != -1:
            self.feed(b"\n")
        self.complete = self.complete or self.in_trailers

    @property
    def cut_chunk(self) -> tuple[int, int] | None:
        """How many bytes of the unfinished chunk have come, and how many its size line announced; None if no chunk is
        unfinished. The two are equal when only the line break behind the chunk is missing."""
        if self._missing == -1 and not self._rest:
            return len(self.chunks[-1]), len(self.chunks[-1])
        came = sum(map(len, self._parts))
        return (came, came + self._missing) if self._missing > 0 else None

    @property
    def broken_by(self) -> bytes:
        """The bytes behind the last good chunk that are no chunk: 1024 of them at most; empty if nothing is wrong. When
        only a part of the line break behind the chunk has come, that part."""
        if self._missing == -1:
            return bytes(self._rest)
        return (self._wrong + self._rest)[:_KEPT_OF_WRONG] if self.broken else b""

    def partial(self) -> list[bytes]:
        """The chunks so far; the last one may be unfinished."""
        return [*self.chunks, b"".join(self._parts)] if self._parts else self.chunks

    def _step(self) -> bool:
        """Read the rest of a chunk, and one line. Return False when more bytes are needed for that."""
        if self._missing > 0:
            piece = bytes(self._rest[: self._missing])
            del self._rest[: self._missing]
            if piece:
                self._parts.append(piece)
            self._missing -= len(piece)
            if self._missing:
                return False
            self.chunks.append(b"".join(self._parts))
            self._parts = []
            self._missing = -1
        end = self._rest.find(b"\n", self._searched)
        if end < 0:
            self._searched = len(self._rest)
            return False
        self._searched = 0
        line = bytes(self._rest[:end])
        del self._rest[: end + 1]
        if self._missing == -1:
            self._missing = 0
            if line != b"\r" and (line or self._dialect is not Dialect.LIBCURL):
                self._break(line)
            return True
        if self.in_trailers:
            line = line.rstrip(b"\r")
            if line:
                self.trailers += field_pairs(line)
            self.complete = not line
        else:
            self._size(line)
        return True

    def _size(self, line: bytes) -> None:
        number, semicolon, _ = line.partition(b";")
        accepted: object = True
        if self._dialect is Dialect.AIOHTTP:
            accepted = line.endswith(b"\r") or semicolon  # behind a chunk extension aiohttp does not check the line end
        elif self._dialect is Dialect.TORNADO:
            accepted = _BARE_SIZE.fullmatch(line)
        try:
            size = int(number.strip(), 16) if accepted else -1
        except ValueError:
            size = -1
        if size < 0:
            self._break((b"\r\n" if self.chunks else b"") + line)
        else:
            self._missing = size
            self.in_trailers = size == 0

    def _break(self, wrong: bytes) -> None:
        self.broken, self._wrong = True, wrong + b"\n"


def without_chunks(body: bytes, headers: Headers) -> bytes:
    """``body`` without the chunked coding, if the headers name this coding and the body still has it."""
    if not is_chunked(headers):
        return body
    reader = ChunkedReader()
    reader.feed(body)
    return b"".join(reader.chunks) if reader.complete else body


_NO_FIELDS = _Fields(Headers(), None, chunked=False, upgrade=False)


class RequestReader:
    """Reads one request from the bytes that a client sends."""

    def __init__(self) -> None:
        self.sent = bytearray()
        self.method = ""
        self.target = ""
        self.has_head = False
        #: Whether the client has sent the whole body that the head announces.
        self.complete = False
        self._fields = _NO_FIELDS
        self._body_start = 0
        self._chunks: ChunkedReader | None = None

    def feed(self, data: ReadableBuffer) -> None:
        """Read the next bytes that the client sends."""
        seen = len(self.sent)
        self.sent += data
        if not self.has_head:
            self._body_start = _end_of_head(self.sent, seen)
            if self._body_start < 0:
                return
            self.has_head = True
            start, self._fields = _split_head(bytes(self.sent[: self._body_start]))
            self.method, _, rest = start.partition(" ")
            self.target = rest.rpartition(" ")[0]
            if self._fields.chunked:
                self._chunks = ChunkedReader()
                data = bytes(self.sent[self._body_start :])
        if self._chunks is None:
            self.complete = len(self.sent) - self._body_start >= (self._fields.length or 0)
        else:
            self._chunks.feed(bytes(data))
            self.complete = self._chunks.complete

    @property
    def expects_continue(self) -> bool:
        """Whether the head asks the server to answer ``100 Continue`` before the body is sent (RFC 9110 §10.1.1)."""
        return self._fields.headers.get("Expect", "").lower() == "100-continue"

    @property
    def awaits_continue(self) -> bool:
        """Whether the client now waits for ``100 Continue`` before it sends the body."""
        return self.has_head and not self.complete and self.expects_continue

    @property
    def speaks_http2(self) -> bool:
        """Whether the client speaks HTTP/2."""
        return self.sent.startswith(HTTP2_PREFACE)

    @property
    def upgrades(self) -> bool:
        """Whether the client asks to switch this connection to another protocol (RFC 9110 §7.8)."""
        return self._fields.upgrade

    def request(self, origin: str, skip: int = 0, given: Container[str] | None = None) -> Request:
        """The request, as far as it has been sent.

        ``origin``: scheme and authority of the server, for a target that is only a path. ``skip``: how many of the
        first fields to leave out, because the client's library added them. ``given``: the names, in lower case, of the
        fields to keep; None keeps all.
        """
        body = b"".join(self._chunks.partial()) if self._chunks else bytes(self.sent[self._body_start :])
        # RFC 9112 §3.2: the target is an absolute URI in a request to a proxy, and "*" in OPTIONS for a whole server.
        target = "/*" if self.target == "*" else self.target
        uri = origin + target if target[:1] == "/" or not is_absolute(target) else target
        fields = self._fields.headers.pairs()[skip:]
        headers = Headers.from_pairs(
            fields if given is None else [field for field in fields if field[0].lower() in given]
        )
        return Request(self.method, uri, body or None, headers)


class ResponseReader:
    """Reads one response from the bytes that a server sends, as a client with this dialect does. It passes over the
    interim responses (1xx) before the response."""

    def __init__(self, method: str, dialect: Dialect = Dialect.COMMON) -> None:
        self._method, self._dialect = method, dialect
        self._head = bytearray()
        self._status = 0
        self._reason = ""
        self._version = "1.1"
        self.headers = Headers()
        self.has_head = False
        self.complete = False
        self.broken = False
        #: The line that came in the place of a status line, if that is why the response is broken. A CR LF at its end
        #: is left out, a bare LF is not.
        self.start_line: str | None = None
        self._pieces: list[bytes] = []
        self._chunks: ChunkedReader | None = None
        self._missing: int | None = None  # bytes of the body that are to come; None: no length was announced

    @property
    def finite(self) -> bool:
        """Whether the head says how long the message is."""
        return self._missing is not None

    @property
    def missing(self) -> int | None:
        """How many bytes of the body are still to come; None if the head announced no length."""
        return self._missing

    def feed(self, data: bytes) -> None:
        """Read the next bytes that the server sends."""
        if self.complete or (self.broken and self._chunks is None):
            return
        if not self.has_head:
            seen = len(self._head)
            self._head += data
            data = self._read_head(seen)
        if data and self.has_head and not self.complete:
            self._read_body(data)

    def eof(self) -> None:
        """Say that the server has closed the connection. That ends a message without length and chunks (RFC 9112
        §6.3)."""
        if self._head and not self.has_head:
            # As in http.client, the end of the connection ends the head, even within a line.
            seen = len(self._head)
            self._head += b"\r\n\r\n"
            self._read_head(seen)
        if self._chunks is not None:
            self._chunks.eof()
            self.complete = self._chunks.complete
        elif self.has_head and self._missing is None:
            self.complete = True

    def _read_head(self, seen: int) -> bytes:
        """Read the head if all of it has come, and return the bytes behind it. Before ``seen`` no head ends."""
        while not self.broken:
            if self._dialect in _PASSING_BLANK_LINES and self._head.startswith((b"\r", b"\n")):
                self._head, seen = self._head.lstrip(b"\r\n"), 0
            end = _end_of_head(self._head, seen)
            seen = 0
            if end < 0 or end > MAX_HEAD:
                line, newline, _ = bytes(self._head[:_KEPT_OF_WRONG]).partition(b"\n")
                if newline and not _status_line(line.decode("latin-1"))[1]:
                    self._break_at(line)
                self.broken = self.broken or len(self._head) > MAX_HEAD
                return b""
            head = bytes(self._head[:end])
            start, fields = _split_head(head)
            del self._head[:end]
            version, code, reason = _status_line(start)
            if not code:
                self._break_at(head.partition(b"\n")[0])
            elif code != "100" and (code[0] != "1" or self._dialect is Dialect.HTTP_CLIENT):
                self._status, self._reason, self._version = int(code), reason.strip(), version[5:]
                self.headers = fields.headers
                self.has_head = True
                self._frame(fields)
                return bytes(self._head)
        return b""

    def _break_at(self, line: bytes) -> None:
        """Give up, because the first line of the response, here without its line feed, is no status line."""
        text = line.decode("latin-1")
        self.broken, self.start_line = True, text[:-1] if text.endswith("\r") else text + "\n"

    def _frame(self, fields: _Fields) -> None:
        if fields.chunked and has_chunks(self._method, self._status, self._dialect):
            self._chunks = ChunkedReader(self._dialect)
        elif not may_have_body(self._method, self._status):
            self._missing = 0
        else:
            self._missing = fields.length
        self.complete = self._missing == 0

    def _read_body(self, data: bytes) -> None:
        if self._chunks is not None:
            self._chunks.feed(data)
            self.complete, self.broken = self._chunks.complete, self._chunks.broken
            return
        if self._missing is not None:
            data = data[: self._missing]
            self._missing -= len(data)
            self.complete = not self._missing
        self._pieces.append(data)

    def response(self) -> Response:
        """The response as far as it has come. It is marked ``incomplete`` unless all of it has come."""
        pieces = self._chunks.partial() if self._chunks is not None else self._pieces
        return Response.of(
            self._status,
            self._reason,
            self.headers,
            b"".join(pieces),
            http_version=self._version,
            chunks=[*map(len, pieces)] if len(pieces) > 1 and keeps_pieces(self.headers, self._version) else (),
            trailers=self._chunks.trailers if self._chunks is not None else None,
            incomplete=not self.complete,
            cut_chunk=self._chunks.cut_chunk if self._chunks is not None else None,
            broken_by=self._chunks.broken_by if self._chunks is not None else b"",
        )
