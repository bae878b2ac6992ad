"""Responses as a client is given them: as the bytes of an HTTP/1.1 message, or as headers and pieces of a body.

Rendering adds and drops no header field. It frames and codes the body as the fields say, and corrects a
``Content-Length`` that is not the length of the body. It must not know a client or a cassette.
"""

from __future__ import annotations

import re

from ..request import Headers
from ..response import Response
from . import content_coding
from .fields import Dialect, content_length, field_bytes, has_chunks, is_chunked, may_have_body

#: Bytes of a body that are handed over together with the head.
_JOINED = 256 * 1024

_VERSION = re.compile(r"0\.9|1\.\S*")


def render(response: Response, method: str, dialect: Dialect = Dialect.COMMON) -> list[bytes]:
    """The bytes of ``response`` for a client that asked with ``method``, in the pieces it is to see them in.

    ``dialect``: how the client reads them.
    """
    headers, pieces = content(response, method, dialect)
    in_chunks = is_chunked(headers) and has_chunks(method, response.status, dialect)
    body = _chunks(response, pieces) if in_chunks else pieces
    head = _head(response, headers)
    # (A large body is not copied.)
    is_one = len(pieces) <= 1 and sum(map(len, body)) <= _JOINED
    return [head + b"".join(body)] if is_one else [head, *body]


def content(response: Response, method: str, dialect: Dialect = Dialect.COMMON) -> tuple[Headers, list[bytes]]:
    """Headers and body, in its pieces, for a client that asked with ``method`` and parses nothing itself: they agree
    on the content coding and on ``Content-Length``, and there is no body where there can be none."""
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


def says_what_it_is_not(response: Response) -> bool:
    """Whether the body of a response, just as the server sent it, is not coded as its fields say, and nothing else
    would tell so later."""
    codings = content_coding.of(response.headers)
    if not codings or response.incomplete or _is_as_sent(response):
        return False
    return content_coding.encode(response.body, codings) is not response.body


def _is_as_sent(response: Response) -> bool:
    """Whether nobody has decoded the body since it was sent: it has the length, or the chunks, of what was sent."""
    is_as_long = content_length(response.headers) == len(response.body)
    return response.is_as_sent or is_as_long or len(response.pieces) > 1


def _chunks(response: Response, pieces: list[bytes]) -> list[bytes]:
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
    """Headers and body that agree on the content coding, whichever form the body was kept in.

    The one place where a header is dropped: a coding that cannot be put back on, for want of its library.
    """
    headers, body = response.headers, response.body
    if "Content-Encoding" not in headers or response.incomplete or response.status == 206 or _is_as_sent(response):
        return headers, response.pieces  # (A part of a coded body decodes no more than a plain one.)
    coded = content_coding.encode(body, content_coding.of(headers))
    if coded is None:
        headers = headers.copy()
        del headers["Content-Encoding"]
    elif coded is not body:
        return headers, [coded]
    return headers, response.pieces


def _head(response: Response, headers: Headers) -> bytes:
    # A response that came over HTTP/2 or 3 is replayed over this version: no client of HTTP/1 reads another.
    version = response.http_version
    version = version if version == "1.1" or _VERSION.fullmatch(version) else "1.1"
    return field_bytes(f"HTTP/{version} {response.status} {response.reason or ''}\r\n") + _fields(headers) + b"\r\n"


def _fields(headers: Headers) -> bytes:
    """Field lines."""
    lines = [f"{name}: {value}\r\n" for name, value in headers.pairs()]
    text = "".join(lines)
    return text.encode("ascii") if text.isascii() else b"".join(map(field_bytes, lines))
