"""Recognises a text that is compressed or in UTF-16 as a whole, though no header says so, and puts another text in its
place. It must not know a message or a filter.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable
from typing import NamedTuple

from . import content_coding


class Wrapping(NamedTuple):
    """A text that was found. ``inner``: its bytes, unpacked. ``wrapped``: packs other bytes in the same way."""

    inner: bytes
    wrapped: Callable[[bytes], bytes]


def around(data: bytes, limit: int = content_coding.MOST_DECODED) -> Wrapping | None:
    """The text in ``data`` and how to pack it again; None if ``data`` is neither compressed nor in UTF-16.

    ``limit``: how many bytes may come out of compressed data.
    """
    unzipped = content_coding.unzipped(data, limit)
    return _in_utf16(data) if unzipped is None else Wrapping(*unzipped)


def _in_utf16(data: bytes) -> Wrapping | None:
    """Recognises UTF-16 by a byte order mark, or by zeros: half of all characters at least have a zero byte, nearly
    always on the same side."""
    if len(data) < 4 or len(data) % 2:
        return None
    mark = data[:2] if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else b""
    few, many = sorted((data[::2].count(0), data[1::2].count(0)))
    if not mark and (many * 4 < len(data) or few * 10 > many):
        return None
    is_little = mark == codecs.BOM_UTF16_LE if mark else data[1::2].count(0) == many
    coding = "utf-16-le" if is_little else "utf-16-be"
    try:
        inner = data[len(mark) :].decode(coding).encode("utf-8")
    except UnicodeError:
        return None
    return Wrapping(inner, lambda new: mark + new.decode("utf-8", "replace").encode(coding, "surrogatepass"))
