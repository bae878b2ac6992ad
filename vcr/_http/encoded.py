"""Finds words of base64 and of hexadecimal in a text, and encodes other bytes in their places. It must not know what
the bytes mean.

In ``token_c2VjcmV0`` the word ``c2VjcmV0`` is base64 for ``secret``. Nothing tells where it begins, because ``token_``
is of the same letters. But four letters of base64 hold three bytes. So it is enough to decode the whole **run** of
letters four times, with none, one, two or three letters skipped at its start. The third time, ``ken_c2VjcmV0`` gives
three other bytes and then ``secret``. A ``Word`` is one such reading of a run. A run of hexadecimal has two readings.
"""

from __future__ import annotations

import base64
import binascii
import functools
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol

from . import content_coding, readable
from .escapes import is_escape
from .views import View

#: The letters of a ``Word.style``: alphabet with ``-`` and ``_``; alphabet with ``+`` and ``/``; no ``=`` at the end.
URL_SAFE, USUAL, NOT_PADDED = "U", "S", "N"


class Encoding(Protocol):
    """A way to write bytes in letters. ``skips``: how many letters at the start of a run are skipped in turn.

    The ``letters`` that the functions take are those behind the skipped ones.
    """

    skips: range

    def decode(self, letters: bytes) -> bytes:
        """The bytes in the letters. Letters at the end that hold no whole byte are left out."""

    def word(self, letters: bytes) -> bytes:
        """The letters without those at the end that do not belong to the word."""

    def style(self, letters: bytes) -> str:
        """See ``Word.style``."""

    def encode(self, letters: bytes, new: bytes, style: str) -> bytes:
        """The bytes ``new``, in the style ``style``, in the place of what ``letters`` hold."""


class Word(NamedTuple):
    """One reading of a run, which stands in a view from ``start`` to ``end``.

    ``skipped``: the letters at its start that do not count. ``letters``: the others. ``inner``: the bytes in them.
    """

    start: int
    end: int
    skipped: bytes
    letters: bytes
    inner: bytes
    encoding: Encoding

    @property
    def style(self) -> str:
        """How the word is written: its alphabet, and whether its padding is left out. It is kept beside a placeholder,
        because the letters of a word with other bytes in it may not show it."""
        return self.encoding.style(self.letters)

    def written(self, new: bytes, style: str) -> bytes:
        """The run with the bytes ``new`` in it. ``style``: how they are written; if it is empty, as the word is."""
        return self.skipped + self.encoding.encode(self.letters, new, style or self.style)


# -- the ways to write bytes in letters --------------------------------------------------------------------------------

_TO_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_FROM_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_OF_URL_SAFE, _OF_USUAL = re.compile(rb"[-_]"), re.compile(rb"[+/]")


class _Base64:
    """``c2VjcmV0``, in both alphabets, with ``=`` at the end or without."""

    skips = range(4)

    def decode(self, letters: bytes) -> bytes:
        letters = letters.rstrip(b"=").translate(_FROM_URL_SAFE)
        rest = len(letters) % 4
        if rest == 1:  # one letter alone holds no byte, so it does not belong to the word
            letters = letters[:-1]
        elif rest:
            letters += b"=" * (4 - rest)
        return binascii.a2b_base64(letters)

    def word(self, letters: bytes) -> bytes:
        stripped = letters.rstrip(b"=")
        return stripped[:-1] if len(stripped) % 4 == 1 else letters

    def style(self, letters: bytes) -> str:
        stripped = letters.rstrip(b"=")
        # "_" may also end a name before the word; a word with "+" or "/" in it is not URL-safe.
        may_be_url_safe = _OF_URL_SAFE.search(stripped) is not None
        alphabet = "" if not may_be_url_safe else USUAL if _OF_USUAL.search(stripped) else URL_SAFE
        return alphabet + (NOT_PADDED if stripped == letters and len(letters) % 4 else "")

    def encode(self, letters: bytes, new: bytes, style: str) -> bytes:
        stripped = letters.rstrip(b"=")
        made = base64.b64encode(new)
        # The first letters that do not change stay as they are written: they may be a name that ends in "_".
        pairs = zip(made, stripped.translate(_FROM_URL_SAFE), strict=False)
        same = next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(made), len(stripped)))
        made = stripped[:same] + (made[same:].translate(_TO_URL_SAFE) if URL_SAFE in style else made[same:])
        # A "=" that does not fill up four letters is no padding, but follows the word, in a form for example.
        is_padded = NOT_PADDED not in style and len(letters) % 4 == 0
        return made if is_padded else made.rstrip(b"=") + letters[len(stripped) :]


_LINES = re.compile(rb"(?:[A-Za-z0-9+/]{16,100}\r?\n[ \t]{0,8})+[A-Za-z0-9+/]{1,100}={0,2}")
_LINE_END = re.compile(rb"\r?\n[ \t]*")


class _Lines(_Base64):
    """Base64 in lines of one length, as in e-mail and PEM files. It begins with the first letter of its first line."""

    skips = range(1)

    def decode(self, letters: bytes) -> bytes:
        return super().decode(_LINE_END.sub(b"", letters))

    def word(self, letters: bytes) -> bytes:
        return letters

    def encode(self, letters: bytes, new: bytes, style: str) -> bytes:  # noqa: ARG002
        measured = _measured(letters)
        assert measured is not None  # ``words`` takes no other lines
        width, end = measured
        made = base64.b64encode(new)
        return end.join(made[at : at + width] for at in range(0, len(made), width))


def _measured(text: bytes) -> tuple[int, bytes] | None:
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


_CAPITALS = re.compile(rb"[A-F]")


class _Hexadecimal:
    """``736563726574``, in capital or small letters."""

    skips = range(2)

    def decode(self, letters: bytes) -> bytes:
        return bytes.fromhex(self.word(letters).decode("ascii"))

    def word(self, letters: bytes) -> bytes:
        return letters[: len(letters) // 2 * 2]

    def style(self, letters: bytes) -> str:  # noqa: ARG002
        return ""

    def encode(self, letters: bytes, new: bytes, style: str) -> bytes:  # noqa: ARG002
        made = new.hex().encode("ascii")
        return made.upper() if _CAPITALS.search(letters) else made


_BASE64, _IN_LINES, _HEXADECIMAL = _Base64(), _Lines(), _Hexadecimal()


# -- words in a text ---------------------------------------------------------------------------------------------------


@functools.lru_cache(maxsize=32)
def _base64_runs(shortest: int) -> re.Pattern[bytes]:
    return re.compile(rb"[A-Za-z0-9+/_-]{%d,}={0,2}" % ((shortest * 8 + 5) // 6))


@functools.lru_cache(maxsize=32)
def _hexadecimal_runs(shortest: int) -> re.Pattern[bytes]:
    return re.compile(rb"[0-9A-Fa-f]{%d,}" % (shortest * 2))


def words(view: View, shortest: int, near: int, may_hold: Callable[[bytes], bool]) -> Iterator[Word]:
    """The words in a view of ``shortest`` bytes or more that may hold what is looked for.

    ``may_hold`` says whether bytes hold what is looked for. It is asked once about the bytes of many words, so there
    may be words among the result that hold nothing. ``near``: an escape that is cut off a run of at most so many
    letters may belong to its word, so the run does not count (see ``_is_cut``).
    """
    text = view.data
    lines = [found for found in _LINES.finditer(text) if _measured(found[0])] if b"\n" in text else []
    yield from _words(lines, _IN_LINES, may_hold)
    yield from _words(_whole_runs(view, _base64_runs(shortest), near), _BASE64, may_hold)
    yield from _words(_whole_runs(view, _hexadecimal_runs(shortest), near), _HEXADECIMAL, may_hold)


#: Stands between the bytes of two words: no value contains it.
_BETWEEN = b"\0\n\0"


def _words(runs: list[re.Match[bytes]], encoding: Encoding, may_hold: Callable[[bytes], bool]) -> Iterator[Word]:
    for skip in encoding.skips if runs else ():
        # The bytes of a file in base64 begin with the first letter of its run.
        read = [found for found in runs if len(found[0]) < readable.SHORTEST_FILE] if skip else runs
        inners = [encoding.decode(found[0][skip:]) for found in read]
        may_be_inside = may_hold(_BETWEEN.join(inners))
        for found, inner in zip(read, inners, strict=True):
            if may_be_inside or inner.startswith(content_coding.ZIPPED):
                skipped, letters = found[0][:skip], encoding.word(found[0][skip:])
                end = found.start() + skip + len(letters)
                yield Word(found.start(), end, skipped, letters, inner, encoding)


def _whole_runs(view: View, pattern: re.Pattern[bytes], near: int) -> list[re.Match[bytes]]:
    """The runs of letters that no escape cuts. In a view with an escape undone, only those with that escape in them or
    beside them: the others stand in the outer view, too."""
    return [
        found
        for found in pattern.finditer(view.data)
        if not _is_cut(view.data, *found.span(), near)
        if view.outer is None or view.escaped_in(max(0, found.start() - 1), found.end() + 1)
    ]


#: The first byte of an escape.
_FIRST = (b"%", b"\\", b"&")


def _is_cut(text: bytes, start: int, end: int, near: int) -> bool:
    """Whether there is an escape beside the run: its word may go on there, and is whole where that escape is undone."""
    if end - start > near:
        return False
    return (text[end : end + 1] in _FIRST and is_escape(text, end)) or (
        start > 0 and text[start - 1 : start] in _FIRST and is_escape(text, start - 1)
    )
