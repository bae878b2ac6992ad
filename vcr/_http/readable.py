"""Finds the parts of a body that are text: in a protobuf message, for example, or in a form with a picture in it.

Names and values are looked for in these parts only. The other bytes look like names and values by chance, and reading
them takes long. This module must not know what is looked for.
"""

from __future__ import annotations

import re
from typing import NamedTuple

#: The bytes that text does not have: all control characters but tab, line end, form feed and escape.
_CONTROLS = bytes(byte for byte in (*range(0x20), 0x7F) if byte not in b"\t\n\r\f\x1b")
#: Data is text if it has at most one control character in so many bytes. Random bytes have one in nine.
_ONE_IN = 64
#: Eight printable ASCII characters in a row are text, together with the bytes around them up to the next controls.
_READABLE = re.compile(rb"[\t\n\r -~]{8}")
_AS_MASK = bytes(0x20 if byte in _CONTROLS else 0x78 for byte in range(256))


def runs(data: bytes) -> list[tuple[int, int]] | None:
    """Where each run of text in ``data`` starts and ends; None if all of ``data`` is text."""
    controls = len(data) - len(data.translate(None, _CONTROLS))
    if controls * _ONE_IN <= len(data):
        return None
    found: list[tuple[int, int]] = []
    mask = data.translate(_AS_MASK)
    at = 0
    while (readable := _READABLE.search(data, at)) is not None:
        start = mask.rfind(b" ", at, readable.start()) + 1 or at
        end = mask.find(b" ", readable.end())
        at = len(data) if end < 0 else end
        found.append((start, at))
    return found


# -- files in base64 ---------------------------------------------------------------------------------------------------

#: So many letters of base64 in a row are a file. No token is so long, and in so many letters any short word may stand
#: by chance.
SHORTEST_FILE = 8192
#: Every file has a letter at each place that this number divides: most data is proved to have none by these places.
_STEP = 64
_LETTERS = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz+/-_"
_AS_LETTERS = bytes(0x78 if byte in _LETTERS else 0x20 for byte in range(256))


class Short(NamedTuple):
    """A text with a short word in the place of each file in base64. ``files``: each file by its word."""

    text: bytes
    files: dict[bytes, bytes]

    def restored(self, text: bytes) -> bytes:
        """``text`` with the files in the place of their words."""
        for word, file in self.files.items():
            text = text.replace(word, file)
        return text


def short(data: bytes) -> Short:
    """``data`` with a word in the place of each file in base64. A file in base64 that is broken into lines stays."""
    files: dict[bytes, bytes] = {}
    kept, last = bytearray(), 0
    may_have_any = b"x" * (SHORTEST_FILE // _STEP) in data[::_STEP].translate(_AS_LETTERS)
    mask = data.translate(_AS_LETTERS) if may_have_any else b""
    start = mask.find(b"x" * SHORTEST_FILE)
    while start >= 0:
        end = mask.find(b" ", start)
        end = len(data) if end < 0 else end
        end += next(count for count in (2, 1, 0) if data.startswith(b"=" * count, end))
        word = b"vcrFile%06dIsHere" % len(files)
        while word in data:
            word += b"x"
        files[word] = data[start:end]
        kept += data[last:start] + word
        last = end
        start = mask.find(b"x" * SHORTEST_FILE, end)
    return Short(bytes(kept + data[last:]), files) if files else Short(data, files)
