"""Turns a recorded response into what a client gets on replay: the bytes of an HTTP/1.1 message, or headers and the
pieces of a body.

It adds no header field, and drops none but a ``Content-Encoding`` that cannot be applied for want of a library. It
frames and codes the body as the fields say, and corrects a ``Content-Length`` that is not the length of the body. It
must not know a client or a cassette.
"""

from __future__ import annotations

import re

from ..request import Headers
from ..response import Response
from . import content_coding
from .fields import Dialect, content_length, field_bytes, has_chunks, is_chunked, may_have_body

#: A body of at most so many bytes is joined with the head; a larger one is not copied.
_JOINED = 256 * 1024

_VERSION = re.compile(r"0\.9|1\.\S*")


def render(response: Response, method: str, dialect: Dialect = Dialect.COMMON) -> list[bytes]:
    """The bytes of ``response`` to a request with ``method``, in the pieces in which the client is to read them.

    ``dialect``: how the client reads HTTP/1.1.
    """
    headers, pieces = content(response, method, dialect)
    in_chunks = is_chunked(headers) and has_chunks(method, response.status, dialect)
    body = _chunks(response, pieces) if in_chunks else pieces
    head = _head(response, headers)
    is_joined = len(pieces) <= 1 and sum(map(len, body)) <= _JOINED
    return [head + b"".join(body)] if is_joined else [head, *body]


def content(response: Response, method: str, dialect: Dialect = Dialect.COMMON) -> tuple[Headers, list[bytes]]:
    """The headers and the pieces of the body of a response to ``method``, for a client whose stub parses nothing.

    The headers and the body agree on the content coding and on ``Content-Length``. There are no pieces if the response
    can have no body.
    """
    in_chunks = is_chunked(response.headers)
    if not (may_have_body(method, response.status) or (in_chunks and has_chunks(method, response.status, dialect))):
        return response.headers, []
    headers, pieces = _coded(response)
    if not in_chunks and not response.incomplete:
        length = sum(map(len, pieces))
        if content_length(headers) not in (None, length):
            headers = Headers(
                (name, str(length) if name.lower() == "content-length" else value) for name, value in headers.pairs()
            )
    return headers, pieces


def is_mislabelled(response: Response) -> bool:
    """Whether a response that has just come from the server names a content coding that its body does not have.

    Such a response is to be marked ``as_sent``: otherwise the replay would take it for a body that the recording client
    has decoded. False if its length or its chunks show the same.
    """
    codings = content_coding.of(response.headers)
    if not codings or response.incomplete or _is_as_sent(response):
        return False
    return content_coding.encode(response.body, codings) is not response.body


def _is_as_sent(response: Response) -> bool:
    """Whether the body is known to be what the server sent, never decoded: by its mark, its length or its chunks."""
    is_as_long = content_length(response.headers) == len(response.body)
    return response.is_as_sent or is_as_long or len(response.pieces) > 1


def _chunks(response: Response, pieces: list[bytes]) -> list[bytes]:
    """The pieces as chunks (RFC 9112 §7.1). They end as the recorded message ended: with the last chunk and the
    trailers, in the middle of a chunk, or with bytes that are no chunk."""
    framed = [b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces]
    if not response.incomplete:
        return [*framed, b"0\r\n" + _fields(response.trailers) + b"\r\n"]
    if response.broken_by:
        framed[-1:] = [piece[:-2] for piece in framed[-1:]]
        return [*framed, response.broken_by]
    came, announced = response.cut_chunk or (0, 0)
    if came and pieces and came == len(pieces[-1]):
        framed[-1] = b"%x\r\n%b" % (announced, pieces[-1])
    elif announced and not came:
        framed.append(b"%x\r\n" % announced)
    return framed


def _coded(response: Response) -> tuple[Headers, list[bytes]]:
    """The headers, and the pieces of the body, coded as the headers say; the cassette may have the body decoded.

    Without a library for a coding that is to be applied, ``Content-Encoding`` is left out.
    """
    headers = response.headers
    # A part of a coded body (206) cannot be decoded, so the recording client has not decoded it either.
    if "Content-Encoding" not in headers or response.incomplete or response.status == 206 or _is_as_sent(response):
        return headers, response.pieces
    body = response.body
    coded = content_coding.encode(body, content_coding.of(headers))
    if coded is None:
        headers = headers.copy()
        del headers["Content-Encoding"]
    elif coded is not body:
        return headers, [coded]
    return headers, response.pieces


def _head(response: Response, headers: Headers) -> bytes:
    # A response that came over HTTP/2 or HTTP/3 is replayed as HTTP/1.1: the client that reads it knows no other.
    version = response.http_version
    version = version if version == "1.1" or _VERSION.fullmatch(version) else "1.1"
    return field_bytes(f"HTTP/{version} {response.status} {response.reason or ''}\r\n") + _fields(headers) + b"\r\n"


def _fields(headers: Headers) -> bytes:
    """The field lines of a head or a trailer section."""
    lines = [f"{name}: {value}\r\n" for name, value in headers.pairs()]
    text = "".join(lines)
    return text.encode("ascii") if text.isascii() else b"".join(map(field_bytes, lines))
