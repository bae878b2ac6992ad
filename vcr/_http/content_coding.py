"""Applies content codings (gzip, deflate, br, zstd; RFC 9110 §8.4) to a body, decodes them, and tells whether a body
has one. It must not know a request, a response or a cassette: only bytes, and names of codings.

A cassette holds a body in one of two forms under the same ``Content-Encoding``: as the server sent it, or decoded by
the client that recorded it. The standard library has gzip and deflate; br and zstd need a library. Without that library
a body in br or zstd is recognised (zstd by its first bytes, br because it is not text) and left as it is.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterable
from importlib import import_module
from types import ModuleType
from typing import Any, NamedTuple, Protocol

ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
GZIP_MAGIC = b"\x1f\x8b"
#: The first bytes of compressed data. The last four are zlib's (RFC 1950 §2.2), as the usual libraries write them.
ZIPPED = (ZSTD_MAGIC, GZIP_MAGIC, b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")

#: A body with more codings is not decoded: each one takes time, and clients decode fewer (urllib3 five, others one to
#: three).
MOST_CODINGS = 10
#: To how many bytes a body may decode, unless an option says otherwise.
MOST_DECODED = 256 << 20


class TooLargeError(ValueError):
    """A body decodes to more bytes than the limit."""


class Coding(NamedTuple):
    """One content coding.

    ``is_on`` tells whether a body has this coding. ``decode(body, limit)`` raises ImportError if its library is not
    installed, TooLargeError if more than ``limit`` bytes come out, and an error of its library if ``body`` does not
    have the coding or is cut off. ``encode`` raises ImportError if its library is not installed.
    """

    is_on: Callable[[bytes], bool]
    decode: Callable[[bytes, int], bytes]
    encode: Callable[[bytes], bytes]


#: A body of members is decoded in pieces of so many bytes, because what follows a member in a piece is copied.
_PIECE = 4096
#: The pieces for a library without a limit: so few bytes decode to little more than the limit.
_SMALL_PIECE = 64


class _Decoder(Protocol):
    """A decoder of a library, which is given a body in pieces. ``eof``: whether the coded data has ended.
    ``unused_data``: the bytes behind its end."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, most: int, /) -> bytes: ...


class _Decoded:
    """The bytes that have been decoded so far. ``room``: how many more there may be."""

    def __init__(self, limit: int) -> None:
        self._parts: list[bytes] = []
        self.room = limit

    def add(self, part: bytes) -> None:
        self._parts.append(part)
        self.room -= len(part)
        if self.room < 0:
            raise TooLargeError("the body decodes to more bytes than the limit")

    def joined(self) -> bytes:
        return b"".join(self._parts)


def _members(body: bytes, limit: int, reader: Callable[[], _Decoder], padding: bytes = b"") -> bytes:
    """Decode a body of one or more members (gzip) or frames (zstd), with ``padding`` between them."""
    plain, member, is_first, is_open = _Decoded(limit), reader(), True, False
    for start in range(0, len(body), _PIECE):
        rest = body[start : start + _PIECE]
        while rest := rest if is_first or is_open else rest.lstrip(padding):
            plain.add(member.decompress(rest, plain.room + 1))
            is_first, is_open, rest = False, not member.eof, member.unused_data
            if member.eof:
                member = reader()
    if is_open:
        raise EOFError("the body is cut off")
    return plain.joined()


def _gunzip(body: bytes, limit: int) -> bytes:
    return _members(body, limit, lambda: zlib.decompressobj(_GZIP), padding=b"\0")  # RFC 1952 §2.2


#: The argument ``wbits`` of zlib for gzip, and for raw deflate without a wrapper.
_GZIP, _RAW = zlib.MAX_WBITS | 16, -zlib.MAX_WBITS


def _inflate(body: bytes, limit: int) -> bytes:
    try:
        return _inflated(zlib.decompressobj(), body, limit)
    except zlib.error:
        # RFC 9110 §8.4.1.2: some servers send raw deflate, without the zlib wrapper.
        return _inflated(zlib.decompressobj(_RAW), body, limit, to_the_end=True)


def _inflated(reader: _Decoder, body: bytes, limit: int, to_the_end: bool = False) -> bytes:
    plain = _Decoded(limit)
    plain.add(reader.decompress(body, limit + 1))
    if not reader.eof or (to_the_end and reader.unused_data):
        raise zlib.error("the body is cut off, or not deflated")
    return plain.joined()


def _is_deflated(body: bytes) -> bool:
    try:
        _inflate(body, MOST_DECODED)
    except TooLargeError:
        return True
    except zlib.error:
        return False
    return True


def _library(*names: str) -> ModuleType:
    for name in names:
        try:
            return import_module(name)
        except ImportError:
            continue
    raise ImportError(f"no library for this content coding is installed; one of these would do: {', '.join(names)}")


def _brotli() -> ModuleType:
    return _library("brotli", "brotlicffi")


def _zstd() -> ModuleType:
    return _library("compression.zstd", "backports.zstd", "zstandard")


def _is_brotli(body: bytes) -> bool:
    # br has no first bytes of its own: a body has it if it decodes or, without the library, if it is not text.
    try:
        _unbrotli(body, MOST_DECODED)
    except ImportError:
        return not is_text(body)
    except TooLargeError:
        return True
    except ValueError:
        return False
    return True


def is_text(body: bytes) -> bool:
    """Whether ``body`` is valid UTF-8."""
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _unbrotli(body: bytes, limit: int) -> bytes:
    brotli = _brotli()
    reader, plain = brotli.Decompressor(), _Decoded(limit)
    try:
        for start in range(0, len(body), _SMALL_PIECE):
            plain.add(reader.process(body[start : start + _SMALL_PIECE]))
    except brotli.error as error:
        raise ValueError(f"not brotli: {error}") from error
    if not reader.is_finished():
        raise ValueError("not brotli: the body is cut off")
    return plain.joined()


def _unzstd(body: bytes, limit: int) -> bytes:
    zstd = _zstd()

    def reader() -> _Decoder:
        made = zstd.ZstdDecompressor()
        limited: _Decoder = _InSmallPieces(made.decompressobj()) if hasattr(made, "decompressobj") else made
        return limited

    try:
        return _members(body, limit, reader)
    except zstd.ZstdError as error:
        raise ValueError(f"not zstd: {error}") from error


class _InSmallPieces:
    """A decoder of the package zstandard, which has no limit: it is given a few bytes at a time until ``most`` bytes
    have come out."""

    def __init__(self, reader: Any) -> None:  # a ZstdDecompressionObj
        self._reader = reader
        self.eof = False
        self.unused_data = b""

    def decompress(self, data: bytes, most: int) -> bytes:
        plain = []
        for start in range(0, len(data), _SMALL_PIECE):
            plain.append(self._reader.decompress(data[start : start + _SMALL_PIECE]))
            most -= len(plain[-1])
            self.eof = self._reader.eof
            if self.eof:
                self.unused_data = self._reader.unused_data + data[start + _SMALL_PIECE :]
            if self.eof or most <= 0:
                break
        return b"".join(plain)


CODINGS: dict[str, Coding] = {
    "gzip": Coding(lambda body: body.startswith(GZIP_MAGIC), _gunzip, lambda body: gzip.compress(body, mtime=0)),
    "deflate": Coding(_is_deflated, _inflate, zlib.compress),
    "br": Coding(_is_brotli, _unbrotli, lambda body: _brotli().compress(body)),
    "zstd": Coding(lambda body: body.startswith(ZSTD_MAGIC), _unzstd, lambda body: _zstd().compress(body)),
}
CODINGS["x-gzip"] = CODINGS["gzip"]


class _Fields(Protocol):
    def get_all(self, name: str, /) -> Iterable[str]: ...


def is_among(names: Iterable[object]) -> bool:
    """Whether ``Content-Encoding`` is one of these names of header fields."""
    return any(str(name).lower() == "content-encoding" for name in names)


def of(headers: _Fields) -> list[str]:
    """The codings that the header fields of a message name, in the order in which they were applied."""
    return named(headers.get_all("Content-Encoding"))


def named(values: Iterable[str]) -> list[str]:
    """The codings in the values of ``Content-Encoding``, in lower case and in the order in which they were applied.
    ``identity``, which means no coding, is left out."""
    words = [word.strip().lower() for value in values for word in value.split(",")]
    return [coding for coding in words if coding not in ("", "identity")]


def decode(body: bytes, codings: list[str], limit: int = MOST_DECODED) -> tuple[bytes, list[str]]:
    """Decode as many codings as can be decoded. Returns the body, and the codings that it still has.

    A coding that the body does not have counts as decoded by the client that recorded it. A body that would decode to
    more than ``limit`` bytes, or has more than ``MOST_CODINGS`` codings, is not decoded.
    """
    left = list(codings)
    while left and left[-1] in CODINGS and len(codings) <= MOST_CODINGS:
        try:
            body = CODINGS[left[-1]].decode(body, limit) if body else body
        except TooLargeError:
            break
        except _UNDECODABLE:
            if CODINGS[left[-1]].is_on(body) or not is_text(body):
                break  # the body is cut off, or the library is not installed
        left.pop()
    return body, left


def encode(body: bytes, codings: list[str]) -> bytes | None:
    """``body`` with these codings applied; None if one of them cannot be, because its library is not installed.

    The same object if the body has the last coding already, or if there are more than ``MOST_CODINGS``.
    """
    if not body or not codings or codings[-1] not in CODINGS or len(codings) > MOST_CODINGS:
        return body
    if CODINGS[codings[-1]].is_on(body):
        return body
    for name in codings:
        if name not in CODINGS:
            return None
        try:
            body = CODINGS[name].encode(body)
        except ImportError:
            return None
    return body


def unzipped(body: bytes, limit: int = MOST_DECODED) -> tuple[bytes, Callable[[bytes], bytes]] | None:
    """Decode a body that begins like gzip, zlib or zstd, whatever its headers say.

    Returns what comes out of it, and a function that compresses other bytes in the same way; None if nothing or more
    than ``limit`` bytes come out. A body in gzip or zlib may be cut off, or have other bytes behind it.
    """
    if body.startswith(ZSTD_MAGIC):
        plain, left = decode(body, ["zstd"], limit)
        return None if left else (plain, CODINGS["zstd"].encode)
    if not body.startswith(ZIPPED):
        return None
    wrapper = _GZIP if body.startswith(GZIP_MAGIC) else zlib.MAX_WBITS
    reader = zlib.decompressobj(wrapper)
    try:
        plain = reader.decompress(body, limit + 1)
    except zlib.error:
        return _cut_off(body, wrapper, limit)
    if not plain or len(plain) > limit:
        return None
    ends, behind = reader.eof, reader.unused_data
    whole, left = decode(body, ["gzip"], limit) if behind and wrapper == _GZIP else (plain, ["gzip"])
    if not left:
        return whole, CODINGS["gzip"].encode
    return plain, lambda new: _zipped(new, wrapper, ends) + behind


def _cut_off(body: bytes, wrapper: int, limit: int) -> tuple[bytes, Callable[[bytes], bytes]] | None:
    """As ``unzipped`` for a body that is damaged: what comes out before the damage."""
    reader, plain = zlib.decompressobj(wrapper), bytearray()
    try:
        for start in range(0, len(body), _SMALL_PIECE):
            plain += reader.decompress(body[start : start + _SMALL_PIECE], limit + 1)
            if len(plain) > limit:
                return None
    except zlib.error:
        pass  # here is the damage: what came before counts
    return (bytes(plain), lambda new: _zipped(new, wrapper, ends=False)) if plain else None


def _zipped(plain: bytes, wrapper: int, ends: bool) -> bytes:
    compressor = zlib.compressobj(wbits=wrapper)
    return compressor.compress(plain) + compressor.flush(zlib.Z_FINISH if ends else zlib.Z_SYNC_FLUSH)


_UNDECODABLE = (ValueError, EOFError, ImportError, zlib.error)
