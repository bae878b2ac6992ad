"""Finds secrets by what they look like, in plain bytes, and tells in a few microseconds that there is none.

It must not know a message, or what takes the place of a secret. Of spellings it knows one thing: where none can hide a
secret, nobody has to look (``Shapes.may_be_hidden_in``).

Why it is quick. One search for all keywords takes a quarter of a millisecond for 2 kB, for nearly each letter begins
one. But a token is a long word, and ordinary text has short ones: each byte is mapped to ``x`` where it may stand in a
token, and a row of ``x`` is looked for. Only where there is one, the keywords are.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from .._http import readable
from .._http.content_coding import ZIPPED
from . import shapes
from .rule import Rule

#: No secret is looked for behind escapes, or in base64, that is longer.
LONGEST = 4096

#: Words of these letters alone (UUIDs, digests, dates, numbers) are no tokens.
_HEX_LETTERS = b"0123456789abcdef-"
#: Of so many bytes one is zero, or more are, in text in UTF-16.
_IN_UTF16 = 5
#: The bytes of which escapes are made (percent, JSON, HTML): what is escaped is a part of the word, too.
_ESCAPES = b"%\\&;#"


class Found(NamedTuple):
    """A secret in ``data[start:end]``, and the rule by which it was found."""

    start: int
    end: int
    rule: Rule


class _Words:
    """Finds the long words of a text: rows of so many of these bytes, or more."""

    def __init__(self, letters: bytes, shortest: int) -> None:
        self._as_mask = bytes(0x78 if byte in letters else 0x20 for byte in range(256))
        self._row = b"x" * shortest

    def spans(self, data: bytes) -> Iterator[tuple[int, int]]:
        """From where to where each of them stands; the first ``x`` of a row is its beginning."""
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
    """The rules of a sanitizer that go by shape. ``shortest``, ``longest``: of what is looked for, in bytes."""

    longest = LONGEST

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.rules = tuple(rules)
        words, texts = frozenset(shapes.WORDS), frozenset(shapes.TEXTS)
        self._in_words = _any_of(key for rule in self.rules if rule in words for key in rule.keywords)
        self._in_texts = _any_of(key for rule in self.rules if rule in texts for key in rule.keywords)
        others = [rule for rule in self.rules if rule not in words and rule not in texts]
        self._anywhere = [rule for rule in others if rule.keywords]
        self._without_keyword = [rule for rule in others if not rule.keywords]
        self.shortest = 1 if self._without_keyword else shapes.SHORTEST_WORD

    def may_stand_in(self, data: bytes) -> bool:
        """Whether a secret may stand in ``data`` as it is; "no" is certain."""
        short = readable.short(data).text  # (in a file, each keyword stands by chance)
        return (
            self._may_stand_in_words(short)
            or any(self._in_texts.search(short, start, end) for start, end in _TEXTS.spans(short))
            or any(_stands_in(rule, data) for rule in self._anywhere)
            or any(_compiled(rule.pattern).search(data) for rule in self._without_keyword)
        )

    def _may_stand_in_words(self, data: bytes) -> bool:
        for start, end in _WORDS.spans(data):
            follows = start > 0 and data[start - 1] in shapes.MARKS
            word = data[max(0, start - shapes.BEFORE) if follows else start : end]
            if word.strip(_HEX_LETTERS) and self._in_words.search(word):
                return True
        return False

    def may_be_hidden_in(self, data: bytes) -> bool:
        """Whether a secret may stand in ``data`` in another spelling: escaped, in base64 or hexadecimal, compressed, in
        UTF-16; "no" is certain, but for what stands in base64 beside bytes that are not ASCII."""
        return (
            data.count(0) * _IN_UTF16 > len(data)
            or data.startswith(ZIPPED)
            or bool(self._without_keyword)
            or readable.short(data).text is not data
            or any(_may_hide(data[start:end]) for start, end in _WORDS.spans(data))
            or any(_IN_TEXT.search(data, start, end) for start, end in _TEXTS.spans(data))
        )

    def find(self, data: bytes) -> Iterator[Found]:
        """The secrets in ``data`` as it is, in order. Where two would overlap, the one that begins first is found."""
        found = self._found(data) if self.may_stand_in(data) else []
        end = 0
        for one in sorted(found, key=lambda one: one.start):
            if end <= one.start < one.end:
                yield one
                end = one.end

    def _found(self, data: bytes) -> list[Found]:
        found = []
        for rule in self.rules:
            if not rule.keywords or _has_keyword(rule, data):
                pattern = _compiled(rule.pattern)
                group = "secret" if "secret" in pattern.groupindex else 0
                found += [Found(*one.span(group), rule) for one in pattern.finditer(data)]
        return found


def _has_keyword(rule: Rule, data: bytes) -> bool:
    return any(key in data for key in rule.keywords)


def _stands_in(rule: Rule, data: bytes) -> bool:
    """Whether the pattern of a rule of ``shapes.BLOCKS`` fits where one of its keywords stands, for a keyword of two
    letters stands in every picture."""
    for keyword in rule.keywords:
        at = data.find(keyword)
        while at >= 0:
            starts = range(max(0, at - shapes.BEFORE_BLOCK), at + 1)
            if any(_compiled(rule.pattern).match(data, start) for start in starts):
                return True
            at = data.find(keyword, at + 1)
    return False


@functools.lru_cache(maxsize=512)
def _compiled(pattern: bytes) -> re.Pattern[bytes]:
    """A pattern, compiled when it is first needed: all of them take 40 milliseconds."""
    return re.compile(pattern)


def _any_of(keywords: Iterable[bytes]) -> re.Pattern[bytes]:
    """A pattern for any of these."""
    words = sorted(set(keywords))
    return re.compile(_tree(words) if words else rb"(?!)")


def _tree(words: list[bytes]) -> bytes:
    """A pattern for any of these, with what several of them begin with written once."""
    if b"" in words:
        return b""
    by_first: dict[bytes, list[bytes]] = {}
    for word in words:
        by_first.setdefault(word[:1], []).append(word[1:])
    branches = [re.escape(first) + _tree(rest) for first, rest in by_first.items()]
    return branches[0] if len(branches) == 1 else b"(?:%b)" % b"|".join(branches)


# -- what may hide a secret --------------------------------------------------------------------------------------------

#: Of base64, four letters hold three bytes. Where these are ASCII, of which the highest bit is not set, three of the
#: letters are one of 32 each: other words pass for base64 of 15 bytes once in 30,000 times.
_OF_TEXT = rb"(?:[A-Za-f][A-HQ-Xg-nw-z0-3][ABEFIJMNQRUVYZcdghklopstwx014589][\w+/-]){5}"
#: The same for UTF-16, of which each second byte is zero.
_OF_UTF16 = rb"(?:[A-Za-f][AQgw][AB][\w+/-]A[A-H][AEIMQUYcgkosw048]A){4}"
#: How gzip, zlib and zstd begin.
_OF_ZIPPED = rb"(?<![0-9A-Za-z])(?:H4sI|KLUv|eJ[w-z]|eA[E-H]|eF[4-7]|eN[o-r])"
_BASE64 = re.compile(_OF_TEXT + b"|" + _OF_UTF16)
_HEX = re.compile(rb"(?:[2-7][0-9A-Fa-f]){18}|1[Ff]8[Bb]08")
_ESCAPE = re.compile(rb"[%\\]|&#?\w{2,10};")
#: What is looked for in words that may have ``/`` in them: base64 of bytes that are no text has.
_IN_TEXT = re.compile(_ESCAPE.pattern + b"|" + _OF_ZIPPED)
#: With fewer letters, no word is hexadecimal of a secret; and a UUID has as many, with marks among them.
_SHORTEST_HEX = 37


def _may_hide(word: bytes) -> bool:
    """Whether a secret may be in a long word in another spelling."""
    if _ESCAPE.search(word):
        return True
    if word.islower():  # base64 of a text has capitals
        return (len(word) >= _SHORTEST_HEX or b"-" not in word) and _HEX.search(word) is not None
    return _BASE64.search(word) is not None or _HEX.search(word) is not None
