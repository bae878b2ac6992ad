"""Replaces known values in bytes of any kind, in whatever spelling they stand there: escaped, in base64 or hexadecimal,
compressed, in UTF-16, one inside the other. It must not know what the values are, or a message.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from . import content_coding, readable, wrapping
from .encoded import Word, words
from .spellings import Edits, View, views

#: How many words of base64 inside one another are opened.
_DEPTH = 2
#: With fewer bytes, what a value looks like in base64 stands everywhere by chance.
_SHORTEST = 4


#: What takes the place of a value. A function is asked only where nothing else has been put, and may return None: the
#: value stays.
New = bytes | Callable[[], bytes | None]


class Values(Protocol):
    """What is looked for. ``shortest``, ``longest``: the lengths, in bytes, of the shortest and the longest."""

    shortest: int
    longest: int

    def suspects(self, data: bytes) -> bool:
        """Whether a value may stand in ``data``, in any spelling: a quick look, for mostly there is none."""

    def find(self, view: View) -> Iterator[tuple[int, int, New]]:
        """From where to where in a view a value stands, and what takes its place in the text."""

    def inside(self) -> Values:
        """What is looked for inside a word: the same, unless a subclass says otherwise."""
        return self

    def shape(self, word: Word, inner: bytes) -> tuple[bytes, str]:
        """What a word is to hold, and the shape that it is to have: ``inner`` holds values instead of others. Both stay
        as they are, unless a subclass says otherwise."""
        return inner, word.shape


def replaced(data: bytes, values: Values, limit: int = content_coding.MOST_DECODED, depth: int = _DEPTH) -> bytes:
    """``data`` with every value replaced; the same object when it holds none."""
    if not values.suspects(data):
        return data
    around = wrapping.around(data, limit)
    if around is not None:
        inner = replaced(around.inner, values, limit, depth)
        if inner is not around.inner:
            return around.wrapped(inner)
    if readable.runs(data) is None and not readable.short(data).files:
        edits = Edits(data)
        for view in views(data, _near(values)):
            _find(edits, view, values)
            _open(edits, view, values, limit, depth)
        return edits.made()
    return _replaced_in_parts(data, values, limit, depth)


def _replaced_in_parts(data: bytes, values: Values, limit: int, depth: int) -> bytes:
    """The same where not all of ``data`` is text: what stands there as it is, then each text, then what is inside the
    files in base64."""
    edits = Edits(data)
    _find(edits, View(data, None, ""), values)
    data = edits.made()
    edits = Edits(data)
    runs = readable.runs(data)
    for start, end in [(0, len(data))] if runs is None else runs:
        short, files = readable.short(data[start:end])
        new = replaced(short, values, limit, depth)
        opened = {word: _opened(file, values, limit, depth) for word, file in files.items()}
        if new is not short or opened != files:
            edits.add(start, end, readable.Short(new, opened).restored(new))
    return edits.made()


def _opened(file: bytes, values: Values, limit: int, depth: int) -> bytes:
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
    """Whether there is anything to replace in ``data``, or something compressed, which has to be opened to tell."""
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
    """How far from an escape a value can reach, in base64 and UTF-16, too."""
    return 5 * values.longest + 64


def _words(view: View, values: Values, depth: int) -> Iterable[Word]:
    if not depth or values.shortest < _SHORTEST:
        return ()
    return words(view, values.shortest, _near(values), lambda inners: may_stand_in(inners, values.inside(), depth - 1))
