"""Finds the text in bytes of any kind: a picture, a message of protobuf, a form with a file in it. What looks for names
and values in text does not have to read the rest, by which it would be misled and kept busy.

It must not know what is looked for.
"""

from __future__ import annotations

import re
from typing import NamedTuple

#: Bytes that stand in no text: all controls but tab, the ends of lines, form feed and escape.
_CONTROLS = bytes(byte for byte in (*range(0x20), 0x7F) if byte not in b"\t\n\r\f\x1b")
#: Text has fewer controls than one in so many bytes. Of bytes that chance has made, one in nine is a control.
_ONE_IN = 64
#: So many printable ASCII characters in a row are text; what stands around them, up to the next controls, is, too.
_READABLE = re.compile(rb"[\t\n\r -~]{8}")
_AS_MASK = bytes(0x20 if byte in _CONTROLS else 0x78 for byte in range(256))


def runs(data: bytes) -> list[tuple[int, int]] | None:
    """From where to where text stands in ``data``; None when all of it is text."""
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

#: So many letters of base64 in a row are a file: longer than any token, and each short word stands there by chance.
SHORTEST_FILE = 8192
_LETTERS = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz+/-_"
_AS_LETTERS = bytes(0x78 if byte in _LETTERS else 0x20 for byte in range(256))


class Short(NamedTuple):
    """A text with a word in the place of each file in it. ``files``: each with the word."""

    text: bytes
    files: dict[bytes, bytes]

    def restored(self, text: bytes) -> bytes:
        """``text`` with the files in the place of their words."""
        for word, file in self.files.items():
            text = text.replace(word, file)
        return text


def short(data: bytes) -> Short:
    """``data`` without the files that stand in it in base64, in one line each."""
    files: dict[bytes, bytes] = {}
    kept, last = bytearray(), 0
    mask = data.translate(_AS_LETTERS) if len(data) >= SHORTEST_FILE else b""
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
