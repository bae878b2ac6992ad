"""Decodes a body as libcurl does, which decodes each piece as it comes. It must not know a request or a response.

So a body that is cut off is no error to libcurl, and when it finds a fault in a body, it has handed over the bytes
before the fault already.
"""

from __future__ import annotations

import zlib
from importlib import import_module

from ..._http import content_coding
from .abi import MAX_WRITE_SIZE, Code
from .errors import LibcurlError

#: How many bytes are decoded at a time. When there is a fault among them, they are decoded one by one.
_STEP = 1024
_NOT_WRITTEN = "Failed writing received data to disk/application"
_BAD_CHUNKED = "Failed reading the chunked-encoded stream"
_WBITS = {"gzip": zlib.MAX_WBITS | 16, "x-gzip": zlib.MAX_WBITS | 16, "deflate": zlib.MAX_WBITS}


def decoded(body: bytes, codings: list[str], *, chunked: bool = False) -> tuple[bytes, LibcurlError | None]:
    """The bytes that libcurl hands over for ``body``, and the error that it returns; None if it returns none.
    ``codings``: the content codings, in the order in which the server applied them. ``chunked``: whether the body came
    in chunks."""
    error: LibcurlError | None = None
    for coding in reversed(codings):
        if not body:
            break
        body, fault = _without(body, coding)
        error = error or fault
    if error is not None and not error.text and chunked:
        error = LibcurlError(error.code, _BAD_CHUNKED)
    return body, error


def _without(body: bytes, coding: str) -> tuple[bytes, LibcurlError | None]:
    if coding in _WBITS:
        return _inflated(body, coding)
    if coding in ("identity", "none"):
        return body, None
    if coding not in content_coding.CODINGS:
        return b"", LibcurlError(Code.BAD_CONTENT_ENCODING, "Unrecognized content encoding type")
    plain, left = content_coding.decode(body, [coding])
    if not left and plain != body:
        return plain, None
    return _as_far_as_it_goes(body) if coding == "br" else (b"", LibcurlError(Code.BAD_CONTENT_ENCODING, ""))


def _inflated(body: bytes, coding: str) -> tuple[bytes, LibcurlError | None]:
    plain, rest, fault = _inflate(body, _WBITS[coding])
    if fault and not plain and coding == "deflate":
        # Some servers send "deflate" without the zlib format around it (RFC 9110 §8.4.1.2).
        plain, rest, fault = _inflate(body, -zlib.MAX_WBITS)
    if fault:
        text = f"Error while processing content unencoding: {fault}"
        return plain, LibcurlError(Code.BAD_CONTENT_ENCODING, text)
    if rest:
        is_member = coding != "deflate" and rest.startswith(content_coding.GZIP_MAGIC)
        text = "Multi-member gzip response not supported" if is_member else _NOT_WRITTEN
        return plain, LibcurlError(Code.WRITE_ERROR, text)
    return plain, None


def _inflate(body: bytes, wbits: int) -> tuple[bytes, bytes, str]:
    """The decoded bytes, the bytes that follow the end of the coded data, and the fault in zlib's words; "" if there is
    none."""
    reader = zlib.decompressobj(wbits)
    plain, at, step = bytearray(), 0, _STEP
    while at < len(body) and not reader.eof:
        before = reader.copy()
        try:
            plain += reader.decompress(body[at : at + step])
        except zlib.error as error:
            if step == 1:
                fault = str(error).rpartition(": ")[2]
                return bytes(plain[: _written(len(plain), fault)]), b"", fault
            reader, step = before, 1
        else:
            at += step
    return bytes(plain), reader.unused_data + body[at:] if reader.eof else b"", ""


def _written(size: int, fault: str) -> int:
    """How many of the ``size`` bytes that were decoded before a fault libcurl has handed over. It hands over full
    buffers of 16 KiB; all bytes, when the fault is in the check sum at the end."""
    return size if "check" in fault and "header" not in fault else size - size % MAX_WRITE_SIZE


def _as_far_as_it_goes(body: bytes) -> tuple[bytes, LibcurlError | None]:
    """The bytes that the library for Brotli decodes of a body that is cut off or faulty, and the error."""
    try:
        brotli = import_module("brotli")
        return brotli.Decompressor().process(body), None
    except ImportError:
        return b"", LibcurlError(Code.BAD_CONTENT_ENCODING, "br: no library for this content coding is installed")
    except brotli.error:
        return b"", LibcurlError(Code.BAD_CONTENT_ENCODING, "")
