"""Whether a secret stands in bytes, in any spelling: by the standard library's decoders, and by nothing of ``vcr``."""

from __future__ import annotations

import base64
import binascii
import codecs
import html
import re
import zlib
from collections.abc import Iterator
from urllib.parse import unquote_to_bytes

LAYERS = 3
#: How much is decoded in all, of one text: a search ends.
MOST = 2_000_000
_JSON = re.compile(rb"\\(?:u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|([\"\\/bfnrt']))")
_SHORT = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t"}


def spellings(secret: str) -> list[bytes]:
    """The bytes of a secret, in the codings in which it may stand."""
    found = [secret.encode(coding) for coding in ("utf-8", "utf-16-le", "utf-16-be")]
    if secret.encode("latin-1", "ignore").decode("latin-1") == secret:
        found.append(secret.encode("latin-1"))
    return found


def decodings(data: bytes) -> bytes:
    """``data``, and all that comes out of it, three layers of encoding deep, in one text to search."""
    seen, level, size = {data}, [data], len(data)
    for _ in range(LAYERS):
        inner = []
        for new in (new for text in level for new in _decoded(text)):
            if new not in seen and len(new) > 3 and size < MOST:
                seen.add(new)
                inner.append(new)
                size += len(new)
        level = inner
    return b"\n\0\0\0\n".join(seen)


def _decoded(data: bytes) -> Iterator[bytes]:
    yield unquote_to_bytes(data)
    yield unquote_to_bytes(data.replace(b"+", b" "))
    yield _JSON.sub(_unescaped, data)
    yield html.unescape(data.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
    for coding in ("utf-16-le", "utf-16-be"):
        yield data.decode(coding, "ignore").encode("utf-8", "ignore")
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        yield data.decode("utf-16", "ignore").encode("utf-8", "ignore")
    for found in re.finditer(rb"\x1f\x8b|\x78[\x01\x5e\x9c\xda]", data):
        for wbits in (zlib.MAX_WBITS | 32,):
            try:
                yield zlib.decompressobj(wbits).decompress(data[found.start() :])
            except zlib.error:
                continue
    for text in {data, re.sub(rb"\r?\n[ \t]*", b"", data)}:
        yield from _words(text)


def _unescaped(found: re.Match[bytes]) -> bytes:
    code = found[1] or found[2]
    return chr(int(code, 16)).encode("utf-8", "replace") if code else _SHORT.get(found[3], found[3])


def _words(data: bytes) -> Iterator[bytes]:
    for word in re.findall(rb"[A-Za-z0-9+/_-]{6,}", data):
        letters = word.translate(bytes.maketrans(b"-_", b"+/"))
        for start in range(4):
            part = letters[start : start + (len(letters) - start) // 4 * 4 or None]
            for end in (len(letters), start + len(part)):
                try:
                    yield base64.b64decode(letters[start:end] + b"=" * (-(end - start) % 4))
                except (binascii.Error, ValueError):
                    continue
    for word in re.findall(rb"[0-9A-Fa-f]{8,}", data):
        yield bytes.fromhex(word[: len(word) // 2 * 2].decode())
