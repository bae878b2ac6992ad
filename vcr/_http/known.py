r"""Replaces values in bytes of any kind, however they are written there: escaped, in base64 or hexadecimal, compressed,
in UTF-16, one inside the other. It must not know what the values mean, or a message.

If the value ``secret`` is replaced by ``<TOKEN>``, the text ``{"auth": "c2Vjc\u006dV0"}`` becomes
``{"auth": "PFRPS0VOPg=="}``: the search goes from the outside to the inside.

1. What is compressed or in UTF-16 as a whole is decoded (``wrapping``).
2. In the text, escapes are undone (``views``).
3. In each view of the text, the values are looked for, and words of base64 and hexadecimal (``encoded``).
4. In each word, the search begins again.

What is replaced is written as the value was: compressed, escaped and encoded in the same ways.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from . import content_coding, readable, wrapping
from .edits import Edits
from .encoded import Word, words
from .views import View, views

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

    def noted(self, word: Word, inner: bytes) -> tuple[bytes, str]:
        """The bytes that a word is to hold, and the style (``Word.style``) in which it is to be written.

        ``inner``: what the word holds, with the values replaced. Here ``inner`` and the style stay as they are; a
        subclass may note the style in the bytes, or read it from them.
        """
        return inner, word.style


def replaced(data: bytes, values: Values, limit: int = content_coding.MOST_DECODED) -> bytes:
    """``data`` with every value replaced; the same object if there is no value in it.

    ``limit``: how many bytes may come out of compressed data.
    """
    return _Search(values, limit, _DEPTH).replaced(data)


def may_stand_in(data: bytes, values: Values) -> bool:
    """Whether there is a value to replace in ``data``. True of compressed data as well, which is not decoded here."""
    return _Search(values, 0, _DEPTH).may_find(data)


class _Search:
    """A search for ``values``. ``depth``: how many words inside one another are decoded."""

    def __init__(self, values: Values, limit: int, depth: int) -> None:
        self.values = values
        self.limit = limit
        self.depth = depth

    def replaced(self, data: bytes) -> bytes:
        """See the function ``replaced``."""
        if not self.values.suspects(data):
            return data
        around = wrapping.around(data, self.limit)
        if around is not None:
            inner = self.replaced(around.inner)
            if inner is not around.inner:
                return around.wrapped(inner)
        if readable.runs(data) is None and not readable.short(data).files:
            return self._replaced_in_text(data)
        return self._replaced_in_parts(data)

    def _replaced_in_text(self, text: bytes) -> bytes:
        edits = Edits(text)
        for view in self._views(text):
            self._replace_values(edits, view)
            self._replace_in_words(edits, view)
        return edits.made()

    def _replaced_in_parts(self, data: bytes) -> bytes:
        """``data``, which is not all text, with the values replaced: first those that stand in ``data`` as they are,
        then those in each run of text, then those inside each file in base64."""
        edits = Edits(data)
        self._replace_values(edits, View(data))
        data = edits.made()
        edits = Edits(data)
        for start, end in _runs(data):
            text = data[start:end]
            short, files = readable.short(text)
            new = self.replaced(short)
            if not all(word in new for word in files):  # a value stands in such a word, which had to stay
                edits.add(start, end, self._replaced_in_text(text))
                continue
            opened = {word: self._replaced_in_file(file) for word, file in files.items()}
            if new is not short or opened != files:
                edits.add(start, end, readable.Short(new, opened).restored(new))
        return edits.made()

    def _replaced_in_file(self, file: bytes) -> bytes:
        """A file in base64 with the values inside it replaced."""
        edits = Edits(file)
        self._replace_in_words(edits, View(file))
        return edits.made()

    def _replace_values(self, edits: Edits, view: View) -> None:
        for start, end, new in self.values.find(view):
            span = view.span(start, end)
            if not edits.are_free(*span):
                continue
            made = new if isinstance(new, bytes) else new()
            if made is None:
                edits.keep(*span)
            else:
                edits.add(*span, made)

    def _replace_in_words(self, edits: Edits, view: View) -> None:
        for word in self._words(view):
            span = view.span(word.start, word.end)
            inner = self._inside().replaced(word.inner) if edits.are_free(*span) else word.inner
            if inner is not word.inner:
                new = word.written(*self.values.noted(word, inner))
                edits.add(*span, view.escape(new, word.start, word.end))

    # -- only a look --------------------------------------------------------------------------------------------------

    def may_find(self, data: bytes) -> bool:
        """See the function ``may_stand_in``."""
        if not self.values.suspects(data):
            return False
        if data.startswith(content_coding.ZIPPED):
            return True
        if readable.runs(data) is None and not readable.short(data).files:
            return any(_has_any(self.values.find(view)) or _has_any(self._words(view)) for view in self._views(data))
        return _has_any(self.values.find(View(data))) or any(
            self._may_find_in_part(data[start:end]) for start, end in _runs(data)
        )

    def _may_find_in_part(self, text: bytes) -> bool:
        short, files = readable.short(text)
        return self.may_find(short) or any(_has_any(self._words(View(file))) for file in files.values())

    # -- both ---------------------------------------------------------------------------------------------------------

    def _views(self, text: bytes) -> Iterator[View]:
        # A value begins or ends no farther from an escape, even if it is in base64 or UTF-16.
        return views(text, self._near)

    @property
    def _near(self) -> int:
        return 5 * self.values.longest + 64

    def _words(self, view: View) -> Iterable[Word]:
        if not self.depth or self.values.shortest < _SHORTEST:
            return ()
        return words(view, self.values.shortest, self._near, self._inside().may_find)

    def _inside(self) -> _Search:
        """The search in the bytes of a word."""
        return _Search(self.values.inside(), self.limit, self.depth - 1)


def _runs(data: bytes) -> list[tuple[int, int]]:
    """Where each run of text starts and ends."""
    runs = readable.runs(data)
    return [(0, len(data))] if runs is None else runs


def _has_any(found: Iterable[object]) -> bool:
    return next(iter(found), None) is not None
