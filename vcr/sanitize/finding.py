"""Finds secrets by their shape in bytes as they are, and tells in a few microseconds if there is none.

It must not know a message, or what takes the place of a secret. It does not decode anything, but it tells whether a
text could hold a secret, also one that is escaped or encoded (``Shapes.suspects``).

Why it is fast: a search for all keywords takes 0.25 ms for 2 kB, because nearly every letter begins some keyword. But
tokens are long words, and ordinary text has short words. So each byte that may stand in a token is mapped to ``x``, and
the text is searched for a row of ``x``. Only in such rows keywords are looked for.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from .._http import readable
from .._http.content_coding import ZIPPED
from .._http.encoded import words
from .._http.views import View
from . import shapes
from .rule import Rule

#: The most bytes of a secret that is looked for in escaped or encoded text.
LONGEST = 4096

#: A word of these letters alone (a UUID, a digest, a date, a number) is not a token.
_HEX_LETTERS = b"0123456789abcdef-"
#: Data may be text in UTF-16 if one byte of so many is zero.
_IN_UTF16 = 5
#: The bytes of escapes (percent, JSON, HTML). They count as letters of a word, because a word may be escaped.
_ESCAPES = b"%\\&;#"
#: How many words without a secret are remembered while a text is looked at.
_MOST_HARMLESS = 4096


class Found(NamedTuple):
    """A secret in ``data[start:end]``, and the rule by which it was found."""

    start: int
    end: int
    rule: Rule


class _Words:
    """Finds the long words of a text: ``shortest`` or more of ``letters`` in a row."""

    def __init__(self, letters: bytes, shortest: int) -> None:
        self._as_mask = bytes(0x78 if byte in letters else 0x20 for byte in range(256))
        self._row = b"x" * shortest

    def spans(self, data: bytes) -> Iterator[tuple[int, int]]:
        """Where each long word starts and ends."""
        mask = data.translate(self._as_mask)
        start = mask.find(self._row)
        while start >= 0:
            end = mask.find(b" ", start)
            end = len(data) if end < 0 else end
            yield start, end
            start = mask.find(self._row, end)


_WORDS = _Words(shapes.WORD_LETTERS + _ESCAPES, shapes.SHORTEST_WORD)
_TEXTS = _Words(shapes.TEXT_LETTERS + _ESCAPES, shapes.SHORTEST_TEXT)


class Shapes:
    """The rules that go by shape. ``shortest``, ``longest``: the bytes of the shortest and of the longest secret."""

    longest = LONGEST

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.rules = tuple(rules)
        words, texts = frozenset(shapes.WORDS), frozenset(shapes.TEXTS)
        self._in_words = _any_of(key for rule in self.rules if rule in words for key in rule.keywords)
        self._in_texts = _any_of(key for rule in self.rules if rule in texts for key in rule.keywords)
        others = [rule for rule in self.rules if rule not in words and rule not in texts]
        self._anywhere = [(key[-1], key, rule) for rule in others for key in rule.keywords]
        self._without_keyword = [rule for rule in others if not rule.keywords]
        self.shortest = 1 if self._without_keyword else shapes.SHORTEST_WORD

    def may_stand_in(self, data: bytes) -> bool:
        """Whether a secret may stand in ``data`` as it is. If this returns False, there is none."""
        short = readable.short(data).text  # a file in base64 has any keyword by chance
        return (
            any(self._has_keyword(short, start, end) for start, end in _WORDS.spans(short))
            or any(self._in_texts.search(short, start, end) for start, end in _TEXTS.spans(short))
            or any(_stands_in(key, rule, data) for _, key, rule in self._anywhere)
            or any(_compiled(rule.pattern).search(data) for rule in self._without_keyword)
        )

    def _has_keyword(self, data: bytes, start: int, end: int) -> bool:
        """Whether there is a keyword in the long word ``data[start:end]``, or beside it."""
        follows = start > 0 and data[start - 1] in shapes.MARKS
        word = data[max(0, start - shapes.BEFORE) if follows else start : end]
        return bool(word.strip(_HEX_LETTERS)) and self._in_words.search(word) is not None

    def suspects(self, data: bytes, others: Callable[[bytes], bool] = lambda _: False) -> bool:
        """Whether a secret, or a value that ``others`` suspects, may stand in ``data``: as it is, escaped, in base64 or
        hexadecimal, compressed, or in UTF-16. If this returns False, there is none, except perhaps in base64 beside
        bytes that are not ASCII."""
        if (
            (0 in data and data.count(0) * _IN_UTF16 > len(data))
            or data.startswith(ZIPPED)
            or self._without_keyword
            or others(data)
            or (len(data) >= readable.SHORTEST_FILE and readable.short(data).text is not data)
        ):
            return True
        for last, key, rule in self._anywhere:  # (a byte is found ten times faster than two)
            if last in data and key in data and _stands_in(key, rule, data):
                return True
        return self._has_odd_word(data) and self._suspects_words(_ENDS_WORD.sub(b" ", data), others)

    def _has_odd_word(self, data: bytes) -> bool:
        """Whether a long word has a keyword, or may hold an escaped or encoded secret."""
        harmless: set[bytes] = set()  # most words of a large body come again
        for start, end in _WORDS.spans(data):
            word = data[start:end]
            follows = data[start - 1] in shapes.MARKS
            if word in harmless and not follows:
                continue
            if word.strip(_HEX_LETTERS) or follows:
                if _ESCAPE.search(word) or _may_hide(word) or self._has_keyword(data, start, end):
                    return True
            elif _may_be_hexadecimal(word):
                return True
            if len(harmless) < _MOST_HARMLESS:
                harmless.add(word)
        for start, end in _TEXTS.spans(data):
            if _may_hide_in_text(data, start, end) or self._in_texts.search(data, start, end):
                return True
        return False

    def _suspects_words(self, data: bytes, others: Callable[[bytes], bool]) -> bool:
        """``suspects`` by a closer look: decodes the long words of ``data``, and searches it for the patterns."""
        spans, escaped = list(_WORDS.spans(data)), _may_be_escaped(data)
        if escaped and any(_ESCAPE.search(data, *span) for span in spans):
            return True
        if any(_may_hide_in_text(data, *span, escaped=escaped) for span in _TEXTS.spans(data)):
            return True
        runs = [_base64_around(data, start, end) for start, end in spans if _may_hide(data[start:end])]
        text = View(b" ".join(filter(None, runs)))
        inside = words(text, _SHORTEST_INSIDE, LONGEST, lambda inner: self.suspects(inner, others))
        if None in runs or _BASE64_OF_UTF16.search(text.data) or next(iter(inside), None) is not None:
            return True
        # A token of several words may be escaped in one of them: then the patterns do not find it.
        return self.may_stand_in(data) and ((escaped and _ESCAPE.search(data) is not None) or bool(self._found(data)))

    def find(self, data: bytes) -> Iterator[Found]:
        """The secrets in ``data`` as it is, in order. Of two that overlap, only the one that begins first."""
        found = self._found(data) if self.may_stand_in(data) else []
        end = 0
        for one in sorted(found, key=lambda one: one.start):
            if end <= one.start < one.end:
                yield one
                end = one.end

    def _found(self, data: bytes) -> list[Found]:
        found = []
        for rule in self.rules:
            if not rule.keywords or _may_match(rule, data):
                pattern = _compiled(rule.pattern)
                group = "secret" if "secret" in pattern.groupindex else 0
                found += [Found(*one.span(group), rule) for one in pattern.finditer(data)]
        return found


def _may_match(rule: Rule, data: bytes) -> bool:
    return any(key in data for key in rule.keywords)


def _stands_in(keyword: bytes, rule: Rule, data: bytes) -> bool:
    """Whether the pattern of a rule of ``shapes.BLOCKS`` matches near one of its keywords. The keyword alone proves
    nothing: one of two letters stands in every picture."""
    at = data.find(keyword)
    while at >= 0:
        starts = range(max(0, at - shapes.BEFORE_BLOCK), at + 1)
        if any(_compiled(rule.pattern).match(data, start) for start in starts):
            return True
        at = data.find(keyword, at + 1)
    return False


@functools.lru_cache(maxsize=512)
def _compiled(pattern: bytes) -> re.Pattern[bytes]:
    """A pattern, compiled on first use: to compile all of them takes 40 ms."""
    return re.compile(pattern)


def _any_of(keywords: Iterable[bytes]) -> re.Pattern[bytes]:
    """A pattern that finds any of these keywords."""
    words = sorted(set(keywords))
    return re.compile(_tree(words) if words else rb"(?!)")


def _tree(words: list[bytes]) -> bytes:
    """A pattern that finds any of these words; a beginning that several words share is written once."""
    if b"" in words:
        return b""
    by_first: dict[bytes, list[bytes]] = {}
    for word in words:
        by_first.setdefault(word[:1], []).append(word[1:])
    branches = [re.escape(first) + _tree(rest) for first, rest in by_first.items()]
    return branches[0] if len(branches) == 1 else b"(?:%b)" % b"|".join(branches)


# -- escaped and encoded secrets ---------------------------------------------------------------------------------------

#: 20 letters of base64 that hold 15 bytes of ASCII. Four letters hold three bytes; the highest bit of each ASCII byte
#: is 0, so for three of the four letters only 32 are possible. A random word matches once in 30,000 times.
_OF_TEXT = rb"(?:[A-Za-f][A-HQ-Xg-nw-z0-3][ABEFIJMNQRUVYZcdghklopstwx014589][\w+/-]){5}"
#: Letters of base64 that hold ASCII in UTF-16: every second byte is zero.
_OF_UTF16 = rb"(?:[A-Za-f][AQgw][AB][\w+/-]A[A-H][AEIMQUYcgkosw048]A){4}"
_BASE64, _BASE64_OF_UTF16 = re.compile(_OF_TEXT), re.compile(_OF_UTF16)
_BASE64_LETTERS = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz+/-_"
_GOES_ON = re.compile(rb"[\r\n%\\&;]")
#: The first letters of the base64 of gzip, zlib and zstd.
_BASE64_OF_ZIPPED = re.compile(
    rb"(?:H4sI|KLUv)(?<![0-9A-Za-z].{4})|e(?:J[w-z]|A[E-H]|F[4-7]|N[o-r])(?<![0-9A-Za-z].{3})", re.DOTALL
)
_HEX = re.compile(rb"(?:[2-7][0-9A-Fa-f]){18}")
_HEX_OF_GZIP = b"1f8b08"
#: A known secret, inside a word, may have so few bytes.
_SHORTEST_INSIDE = 4
#: A word with fewer letters is too short for a secret in hexadecimal.
_SHORTEST_HEX = 36
_ESCAPE = re.compile(rb"[%\\]|&#?\w{2,10};")
#: Escaped characters that stand in no word: quotes, blanks and angle brackets.
_ENDS_WORD = re.compile(rb"&(?:quot|apos|#39|lt|gt|nbsp|copy);|%2[02]|\\\"")


def _may_be_escaped(data: bytes) -> bool:
    return b"%" in data or b"\\" in data or b"&" in data


def _may_hide_in_text(data: bytes, start: int, end: int, *, escaped: bool = True) -> bool:
    """Whether a long text with ``/``, as in base64 of bytes that are not text, may hold an escaped or zipped secret."""
    found = _BASE64_OF_ZIPPED.search(data, start, end) or (escaped and _ESCAPE.search(data, start, end))
    return bool(found)


def _base64_around(data: bytes, start: int, end: int) -> bytes | None:
    """The letters of base64 in and around a long word; None if they may go on: in the next line, behind an escape."""
    before, behind = data[:start], data[end:]
    start, end = len(before.rstrip(_BASE64_LETTERS)), len(data) - len(behind.lstrip(_BASE64_LETTERS))
    beside = data[max(0, start - 1) : start] + data[end : end + 3].lstrip(b"=")[:1]
    return None if _GOES_ON.search(beside) else data[start:end]


def _may_hide(word: bytes) -> bool:
    """Whether a long word without an escape may hold an encoded secret."""
    # (Base64 of a text has capitals. Four letters of base64 of UTF-16 have at least one A.)
    is_base64 = not word.islower() and (
        _BASE64.search(word) or (word.count(b"A") >= 8 and _BASE64_OF_UTF16.search(word))
    )
    return bool(is_base64) or _may_be_hexadecimal(word)


def _may_be_hexadecimal(word: bytes) -> bool:
    # (A UUID has 36 letters, with its hyphens.)
    is_long = len(word) > _SHORTEST_HEX or (len(word) == _SHORTEST_HEX and b"-" not in word)
    return is_long and (_HEX.search(word) is not None or _HEX_OF_GZIP in word.lower())
