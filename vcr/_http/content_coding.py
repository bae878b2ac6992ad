"""Puts content codings (gzip, deflate, br, zstd; RFC 9110 §8.4) on a body, takes them off, and tells whether a body has
one. It must not know a request, a response or a cassette: only bytes, and names of codings.

A cassette holds a body in one of two forms under the same ``Content-Encoding``: as the server sent it, or decoded by
the client that recorded it. The standard library has gzip and deflate. br and zstd need a library: without it, a body
in one of them is recognised by its first bytes and left as it is.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any, NamedTuple

ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
GZIP_MAGIC = b"\x1f\x8b"


class Coding(NamedTuple):
    """``decode`` raises what its library raises for what it cannot decode, ImportError for want of a library."""

    is_on: Callable[[bytes], bool]
    decode: Callable[[bytes], bytes]
    encode: Callable[[bytes], bytes]


def _members(body: bytes, reader: Callable[[], Any], padding: bytes = b"") -> bytes:
    """What stands in a body of members (gzip), or frames (zstd), that follow one another."""
    plain = []
    while body:
        member = reader()
        plain.append(member.decompress(body))
        if not member.eof:
            raise EOFError("the body is cut off")
        body = member.unused_data.lstrip(padding)
    return b"".join(plain)


def _gunzip(body: bytes) -> bytes:
    return _members(body, lambda: zlib.decompressobj(zlib.MAX_WBITS | 16), padding=b"\0")  # RFC 1952 §2.2


def _inflate(body: bytes) -> bytes:
    try:
        return zlib.decompress(body)
    except zlib.error:
        # RFC 9110 §8.4.1.2: some send the raw format, without the zlib wrapper.
        reader = zlib.decompressobj(-zlib.MAX_WBITS)
        plain = reader.decompress(body)
        if not reader.eof or reader.unused_data:
            raise
        return plain


def _is_deflated(body: bytes) -> bool:
    try:
        _inflate(body)
    except zlib.error:
        return False
    return True


def _library(*names: str) -> Any:
    for name in names:
        try:
            return import_module(name)
        except ImportError:
            continue
    raise ImportError(f"no library for this content coding is installed; one of these would do: {', '.join(names)}")


def _brotli() -> Any:
    return _library("brotli", "brotlicffi")


def _zstd() -> Any:
    return _library("compression.zstd", "backports.zstd", "zstandard")


def _is_brotli(body: bytes) -> bool:
    # The format has no mark: it is what decodes, or, with no library to ask, what does not read as text.
    try:
        _unbrotli(body)
    except ImportError:
        return not is_text(body)
    except ValueError:
        return False
    return True


def is_text(body: bytes) -> bool:
    """Whether it reads as UTF-8."""
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _unbrotli(body: bytes) -> bytes:
    brotli = _brotli()
    try:
        decoded: bytes = brotli.decompress(body)
    except brotli.error as error:
        raise ValueError(f"not brotli: {error}") from error
    return decoded


def _unzstd(body: bytes) -> bytes:
    zstd = _zstd()

    def reader() -> Any:
        made = zstd.ZstdDecompressor()
        return made.decompressobj() if hasattr(made, "decompressobj") else made  # the package zstandard, or the others

    try:
        return _members(body, reader)
    except zstd.ZstdError as error:
        raise ValueError(f"not zstd: {error}") from error


CODINGS: dict[str, Coding] = {
    "gzip": Coding(lambda body: body.startswith(GZIP_MAGIC), _gunzip, lambda body: gzip.compress(body, mtime=0)),
    "deflate": Coding(_is_deflated, _inflate, zlib.compress),
    "br": Coding(_is_brotli, _unbrotli, lambda body: _brotli().compress(body)),
    "zstd": Coding(lambda body: body.startswith(ZSTD_MAGIC), _unzstd, lambda body: _zstd().compress(body)),
    "identity": Coding(lambda _: True, lambda body: body, lambda body: body),
}
CODINGS["x-gzip"] = CODINGS["gzip"]


def named(values: Iterable[str]) -> list[str]:
    """The codings in the values of a ``Content-Encoding``, in the order in which they were put on."""
    return [coding for value in values for coding in (word.strip().lower() for word in value.split(",")) if coding]


def decode(body: bytes, codings: list[str]) -> tuple[bytes, list[str]]:
    """Take off every coding that can be: the body, and the codings still on it.

    A coding that the body does not have was taken off by the client that recorded it.
    """
    left = list(codings)
    while left and left[-1] in CODINGS:
        try:
            body = CODINGS[left[-1]].decode(body) if body else body
        except _UNDECODABLE:
            if CODINGS[left[-1]].is_on(body) or not is_text(body):
                break  # Cut off, or there is no library for it.
        left.pop()
    return body, left


def encode(body: bytes, codings: list[str]) -> bytes | None:
    """The body as these codings say it is: unchanged when the outermost is on it already, put on when none is; None
    when a library is missing."""
    if not body or not codings or codings[-1] not in CODINGS or CODINGS[codings[-1]].is_on(body):
        return body
    for name in codings:
        if name not in CODINGS:
            return None
        try:
            body = CODINGS[name].encode(body)
        except ImportError:
            return None
    return body


_UNDECODABLE = (ValueError, EOFError, ImportError, zlib.error)
