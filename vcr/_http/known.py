"""Replaces known values in bytes of any kind, however they are written there: escaped, in base64 or hexadecimal,
compressed, in UTF-16, one inside the other. It must not know what the values mean, or a message.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from . import content_coding, readable, wrapping
from .encoded import Word, words
from .spellings import Edits, View, views

#: How many words of base64 or hexadecimal inside one another are decoded.
_DEPTH = 2
#: Words are decoded only if all values have so many bytes: the base64 of a shorter value stands everywhere by chance.
_SHORTEST = 4


#: What takes the place of a value: bytes, or a function that gives them, or None if the value is to stay. The function
#: is called only if no other replacement has taken the place of the value.
New = bytes | Callable[[], bytes | None]


class Values(Protocol):
    """The values that are looked for. ``shortest``, ``longest``: the bytes of the shortest and of the longest value."""

    shortest: int
    longest: int

    def suspects(self, data: bytes) -> bool:
        """Whether a value may stand in ``data``, however it is written. This check is quick: it may return True where
        there is none."""

    def find(self, view: View) -> Iterator[tuple[int, int, New]]:
        """The values in a view. Of each: where it starts and ends in the view, and what takes its place in the text."""

    def inside(self) -> Values:
        """The values that are looked for inside a word. Here the same; a subclass may look for others."""
        return self

    def shape(self, word: Word, inner: bytes) -> tuple[bytes, str]:
        """The bytes that a word is to hold, and the shape (``Word.shape``) that the word is to have.

        ``inner``: what the word holds, with the values replaced. Here ``inner`` and the shape stay as they are; a
        subclass may change them.
        """
        return inner, word.shape


def replaced(data: bytes, values: Values, limit: int = content_coding.MOST_DECODED, depth: int = _DEPTH) -> bytes:
    """``data`` with every value replaced; the same object if there is no value in it.

    ``limit``: how many bytes may come out of compressed data. ``depth``: how many words inside one another are decoded.
    """
    if not values.suspects(data):
        return data
    around = wrapping.around(data, limit)
    if around is not None:
        inner = replaced(around.inner, values, limit, depth)
        if inner is not around.inner:
            return around.wrapped(inner)
    if readable.runs(data) is None and not readable.short(data).files:
        return _replaced_in_text(data, values, limit, depth)
    return _replaced_in_parts(data, values, limit, depth)


def _replaced_in_text(text: bytes, values: Values, limit: int, depth: int) -> bytes:
    """``text`` with the values replaced in each view of it, and inside the words of each view."""
    edits = Edits(text)
    for view in views(text, _near(values)):
        _find(edits, view, values)
        _open(edits, view, values, limit, depth)
    return edits.made()


def _replaced_in_parts(data: bytes, values: Values, limit: int, depth: int) -> bytes:
    """``data``, which is not all text, with the values replaced: first those that stand in ``data`` as they are, then
    those in each run of text, then those inside each file in base64."""
    edits = Edits(data)
    _find(edits, View(data, None, ""), values)
    data = edits.made()
    edits = Edits(data)
    runs = readable.runs(data)
    for start, end in [(0, len(data))] if runs is None else runs:
        text = data[start:end]
        short, files = readable.short(text)
        new = replaced(short, values, limit, depth)
        if not all(word in new for word in files):  # a value stands in such a word, which had to stay
            edits.add(start, end, _replaced_in_text(text, values, limit, depth))
            continue
        opened = {word: _opened(file, values, limit, depth) for word, file in files.items()}
        if new is not short or opened != files:
            edits.add(start, end, readable.Short(new, opened).restored(new))
    return edits.made()


def _opened(file: bytes, values: Values, limit: int, depth: int) -> bytes:
    """A file in base64 with the values inside it replaced."""
    edits = Edits(file)
    _open(edits, View(file, None, ""), values, limit, depth)
    return edits.made()


def _find(edits: Edits, view: View, values: Values) -> None:
    """Replace the values that stand in a view as they are."""
    for start, end, new in values.find(view):
        span = view.span(start, end)
        if edits.are_free(*span):
            _put(edits, span, new)


def _open(edits: Edits, view: View, values: Values, limit: int, depth: int) -> None:
    """Replace the values inside the words of a view that hold other bytes."""
    for word in _words(view, values, depth):
        span = view.span(word.start, word.end)
        inner = replaced(word.inner, values.inside(), limit, depth - 1) if edits.are_free(*span) else word.inner
        if inner is not word.inner:
            new = word.wrapped(*values.shape(word, inner))
            edits.add(*span, view.written(new, word.start, word.end))


def _put(edits: Edits, span: tuple[int, int], new: New) -> None:
    made = new if isinstance(new, bytes) else new()
    if made is None:
        edits.keep(*span)
    else:
        edits.add(*span, made)


def may_stand_in(data: bytes, values: Values, depth: int = _DEPTH) -> bool:
    """Whether there is a value to replace in ``data``. True of compressed data as well, which is not decoded here."""
    if not values.suspects(data):
        return False
    if data.startswith(content_coding.ZIPPED):
        return True
    runs = readable.runs(data)
    if runs is None and not readable.short(data).files:
        return any(_stands_in(view, values, depth) for view in views(data, _near(values)))
    if next(values.find(View(data, None, "")), None) is not None:
        return True
    for start, end in [(0, len(data))] if runs is None else runs:
        short, files = readable.short(data[start:end])
        if may_stand_in(short, values, depth):
            return True
        if any(_stands_in(View(file, None, ""), values, depth) for file in files.values()):
            return True
    return False


def _stands_in(view: View, values: Values, depth: int) -> bool:
    return next(values.find(view), None) is not None or next(iter(_words(view, values, depth)), None) is not None


def _near(values: Values) -> int:
    """How many bytes from an escape a value can begin or end, even if it is in base64 or UTF-16."""
    return 5 * values.longest + 64


def _words(view: View, values: Values, depth: int) -> Iterable[Word]:
    if not depth or values.shortest < _SHORTEST:
        return ()
    return words(view, values.shortest, _near(values), lambda inners: may_stand_in(inners, values.inside(), depth - 1))
