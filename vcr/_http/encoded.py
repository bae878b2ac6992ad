"""Finds words of base64 (also broken into lines) and of hexadecimal in a text, and puts other bytes into such a word.
It must not know what the bytes mean.

A **run** is a sequence of letters of one of these alphabets. A run may begin with letters that do not belong to the
word (``token_`` before base64): ``words`` tries to skip one letter, two and so on.
"""

from __future__ import annotations

import base64
import binascii
import functools
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from . import content_coding, readable
from .spellings import View, is_escape

_TO_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_FROM_URL_SAFE = bytes.maketrans(b"-_", b"+/")
#: How many letters may be skipped: four letters of base64 hold three bytes, two letters of hexadecimal hold one.
_BASE64_STARTS, _HEX_STARTS = range(4), range(2)

#: The letters of a ``Word.shape``: alphabet with ``-`` and ``_``; alphabet with ``+`` and ``/``; no ``=`` at the end.
URL_SAFE, USUAL, NOT_PADDED = "U", "S", "N"


class Word(NamedTuple):
    """A run from ``start`` to ``end`` of a view, and the bytes ``inner`` that it holds if its first ``skipped`` letters
    are left out. ``text``: the run itself."""

    start: int
    end: int
    text: bytes
    skipped: int
    inner: bytes
    is_hex: bool

    @property
    def shape(self) -> str:
        """How the word is written: its alphabet, and whether its padding is left out. It is kept beside a placeholder,
        because the letters of a word with other bytes in it may not show it."""
        if self.is_hex:
            return ""
        text = self.text[self.skipped :]
        letters = text.rstrip(b"=")
        # "_" may also end a name before the word; a word with "+" or "/" in it is not URL-safe.
        may_be_url_safe = _OF_URL_SAFE.search(letters) is not None
        alphabet = "" if not may_be_url_safe else USUAL if _OF_USUAL.search(letters) else URL_SAFE
        return alphabet + (NOT_PADDED if letters == text and len(letters) % 4 else "")

    def wrapped(self, inner: bytes, shape: str) -> bytes:
        """The run with ``inner`` encoded in the place of the bytes that it held; in ``shape``, or, if that is empty, in
        the shape of the word."""
        head = self.text[: self.skipped]
        if self.is_hex:
            new = inner.hex().encode("ascii")
            return head + (new.upper() if _CAPITALS.search(self.text) else new)
        shape = shape or self.shape
        new = base64.b64encode(inner)
        lines = _lines_of(self.text)
        if lines is not None:
            width, end = lines
            return head + end.join(new[at : at + width] for at in range(0, len(new), width))
        letters = self.text.rstrip(b"=")
        # The first letters that do not change stay as they are written: they may be a name that ends in "_".
        old = letters[self.skipped :].translate(_FROM_URL_SAFE)
        same = next((at for at, (a, b) in enumerate(zip(new, old, strict=False)) if a != b), min(len(new), len(old)))
        head, new = letters[: self.skipped + same], new[same:]
        new = new.translate(_TO_URL_SAFE) if URL_SAFE in shape else new
        if NOT_PADDED in shape:
            return head + new.rstrip(b"=") + self.text[len(letters) :]
        # A "=" that does not fill up four letters is no padding, but follows the word, in a form for example.
        is_padded = (len(self.text) - self.skipped) % 4 == 0
        return head + (new if is_padded else new.rstrip(b"=") + self.text[len(letters) :])


_OF_URL_SAFE, _OF_USUAL = re.compile(rb"[-_]"), re.compile(rb"[+/]")
_CAPITALS = re.compile(rb"[A-F]")
_LINES = re.compile(rb"(?:[A-Za-z0-9+/]{16,100}\r?\n[ \t]{0,8})+[A-Za-z0-9+/]{1,100}={0,2}")
_LINE_END = re.compile(rb"\r?\n[ \t]*")


@functools.lru_cache(maxsize=32)
def _pattern(kind: str, shortest: int) -> re.Pattern[bytes]:
    letters = rb"[0-9A-Fa-f]" if kind == "hex" else rb"[A-Za-z0-9+/_-]"
    return re.compile(letters + rb"{%d,}" % shortest + (b"" if kind == "hex" else rb"={0,2}"))


def words(view: View, shortest: int, near: int, holds: Callable[[bytes], bool]) -> Iterator[Word]:
    """The words in a view that hold ``shortest`` bytes or more, and may hold what is looked for.

    ``holds`` says whether bytes hold what is looked for. It is asked once for the bytes of all words together, so it is
    True for words that hold nothing, too. In a view with an escape undone, only words with that escape in them or
    beside them count: the others were found in the outer view. A run of at most ``near`` bytes beside an escape that is
    not undone does not count: it is whole in a view with that escape undone.
    """
    text = view.data
    runs = _whole(view, _pattern("base64", (shortest * 8 + 5) // 6), near)
    lined = [found for found in _LINES.finditer(text) if _lines_of(found[0])] if b"\n" in text else []
    hexed = _whole(view, _pattern("hex", shortest * 2), near)
    for some, ways, opened, is_hex in (
        (lined, range(1), _lines_opened, False),
        (runs, _BASE64_STARTS, _opened, False),
        (hexed, _HEX_STARTS, _hex_opened, True),
    ):
        for skipped in ways if some else ():
            # The bytes of a file in base64 begin with the first letter of its run.
            tried = [found for found in some if len(found[0]) < readable.SHORTEST_FILE] if skipped else some
            inners = [opened(found[0], skipped) for found in tried]
            are_suspect = holds(_BETWEEN.join(inners))
            for found, inner in zip(tried, inners, strict=True):
                if are_suspect or inner.startswith(content_coding.ZIPPED):
                    yield _word(found, skipped, inner, is_hex)


#: Stands between the bytes of two words: no value contains it.
_BETWEEN = b"\0\n\0"


def _whole(view: View, pattern: re.Pattern[bytes], near: int) -> list[re.Match[bytes]]:
    """The runs that no escape cuts in this view; in a view with an escape undone, only those near such an escape."""
    is_inner = view.outer is not None
    return [
        found
        for found in pattern.finditer(view.data)
        if not _is_cut(view.data, *found.span(), near)
        if not is_inner or view.within(max(0, found.start() - 1), found.end() + 1)
    ]


def _is_cut(text: bytes, start: int, end: int, near: int) -> bool:
    if end - start > near:
        return False
    return (text[end : end + 1] in _FIRST and is_escape(text, end)) or (
        start > 0 and text[start - 1 : start] in _FIRST and is_escape(text, start - 1)
    )


#: The first byte of an escape.
_FIRST = (b"%", b"\\", b"&")


def _opened(text: bytes, skipped: int) -> bytes:
    letters = text.rstrip(b"=").translate(_FROM_URL_SAFE)[skipped:]
    rest = len(letters) % 4
    if rest == 1:  # one letter alone holds no byte, so it does not belong to the word
        letters = letters[:-1]
    elif rest:
        letters += b"=" * (4 - rest)
    return binascii.a2b_base64(letters)


def _lines_opened(text: bytes, _: int) -> bytes:
    return _opened(_LINE_END.sub(b"", text), 0)


def _hex_opened(text: bytes, skipped: int) -> bytes:
    letters = text[skipped:]
    return bytes.fromhex(letters[: len(letters) // 2 * 2].decode("ascii"))


def _word(found: re.Match[bytes], skipped: int, inner: bytes, is_hex: bool) -> Word:
    start, text = found.start(), found[0]
    if is_hex:
        text = text[: skipped + 2 * len(inner)]
    elif b"\n" not in text and len(letters := text.rstrip(b"=")) % 4 == (1 + skipped) % 4:
        text = letters[:-1]
    return Word(start, start + len(text), text, skipped, inner, is_hex)


def _lines_of(text: bytes) -> tuple[int, bytes] | None:
    """The length of the lines of base64, and what ends each line; None if they are not all of one length, or do not end
    in the same way. The last line may be shorter."""
    ends = set(_LINE_END.findall(text))
    if len(ends) != 1:
        return None
    (end,) = ends
    lines = text.split(end)
    widths = {len(line) for line in lines[:-1]}
    if len(widths) != 1 or len(lines[-1]) > len(lines[0]) or len(lines[0]) % 4:
        return None
    return len(lines[0]), end
