r"""Shows a text with its escapes undone, and tells where that which is shown stands in the text. It must not know what
is looked for.

A secret may stand in a text escaped, in more than one way. It is easy to find where nothing is escaped. So it is looked
for in each **view** of the text, which is the text with some escapes undone. ``{"to": "/?key=a%2Fb\u0021"}`` has these:

====  ===============================  =======================================================
1     ``{"to": "/?key=a%2Fb\u0021"}``  the text itself
2     ``{"to": "/?key=a%2Fb!"}``       JSON undone in 1
3     ``{"to": "/?key=a/b!"}``         percent encoding undone in 2: here ``a/b!`` is found
4     ``{"to": "/?key=a/b\u0021"}``    percent encoding undone in 1
5     ``{"to": "/?key=a/b!"}``         JSON undone in 4
====  ===============================  =======================================================

In view 3, ``span`` tells where the found bytes stand in the text: from ``a`` to ``0021``. And ``escape`` writes other
bytes as the found ones are written: ``c/d`` as ``c%2Fd``.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator

from .escapes import CHAR, ESCAPES, Escape

#: How many escapes inside one another are undone.
DEPTH = 3

#: An escaped character: where it starts and ends in a view, and where in the outer view, which shows it escaped.
Escaped = tuple[int, int, int, int]


class View:
    """The bytes ``data`` that are shown when one escape is undone in the view ``outer``: the escape that has the letter
    ``step`` in ``ESCAPES``. The text itself is a view without ``outer``."""

    __slots__ = ("_escaped", "_starts", "data", "outer", "step")

    def __init__(
        self, data: bytes, outer: View | None = None, step: str = "", escaped: list[Escaped] | None = None
    ) -> None:
        self.data = data
        self.outer = outer
        self.step = step
        self._escaped = escaped or []
        self._starts = [one[0] for one in self._escaped]

    # -- where it stands in the text ----------------------------------------------------------------------------------

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where the bytes ``data[start:end]`` of this view start and end in the text itself."""
        view, span = self, (start, end)
        while view.outer is not None:
            span = view.outer_span(*span)
            view = view.outer
        return span

    def outer_span(self, start: int, end: int) -> tuple[int, int]:
        """Where the bytes ``data[start:end]`` of this view start and end in the outer view. Of an escaped character
        that is only partly in them, the whole escape counts."""
        return self._outer_offset(start, is_end=False), self._outer_offset(end, is_end=True)

    def _outer_offset(self, offset: int, is_end: bool) -> int:
        """The offset in the outer view. Within an escaped character: of its start, or of its end if ``is_end``."""
        index = bisect_right(self._starts, offset - 1 if is_end else offset) - 1
        if index < 0:
            return offset
        start, end, outer_start, outer_end = self._escaped[index]
        if offset >= end and not (is_end and offset == start):
            return outer_end + offset - end
        return outer_end if is_end else outer_start

    def escaped_in(self, start: int, end: int) -> list[Escaped]:
        """The escaped characters in ``data[start:end]``."""
        first = bisect_right(self._starts, start - 1)
        last = bisect_right(self._starts, end - 1)
        return [one for one in self._escaped[first:last] if one[0] < one[1]]

    def identity(self) -> int:
        """A number that two views have in common if they show the same bytes, and the characters that were escaped
        come from the same places of the text."""
        return hash((self.data, tuple(self.span(start, start)[0] for start in self._starts)))

    # -- other bytes in its place -------------------------------------------------------------------------------------

    def escape(self, new: bytes, start: int, end: int) -> bytes:
        """The bytes for the text that show ``new`` in this view in the place of ``data[start:end]``."""
        view = self
        while view.outer is not None:
            new = view._escape_once(new, start, end)
            start, end = view.outer_span(start, end)
            view = view.outer
        return new

    def _escape_once(self, new: bytes, start: int, end: int) -> bytes:
        """``new`` for the outer view. A character that occurs in ``data[start:end]`` is written as there. Any other is
        escaped if programs usually do; or, where every character is escaped, in the style of the first of them."""
        assert self.outer is not None
        data, outer, escape, escaped = self.data, self.outer.data, ESCAPES[self.step], self.escaped_in(start, end)
        not_escaped = escape.pattern.sub(b"", outer[slice(*self.outer_span(start, end))])
        written = {bytes((byte,)): bytes((byte,)) for byte in not_escaped}
        written |= {data[first:last]: outer[a:b] for first, last, a, b in escaped}
        write = escape.usual
        if escaped and sum(last - first for first, last, _, _ in escaped) == end - start:
            write = escape.styles.get(self.style_of(escaped[0]), write)
        return b"".join([written.get(char) or write(char) for char in CHAR.findall(new)])

    def style_of(self, one: Escaped) -> str:
        """The letter of the style (``Escape.styles``) in which a character is escaped; ``?`` if there is none."""
        assert self.outer is not None
        plain, escaped = self.data[one[0] : one[1]], self.outer.data[one[2] : one[3]]
        if not CHAR.fullmatch(plain):  # an entity of two characters, such as &fjlig;
            return "?"
        styles = ESCAPES[self.step].styles
        return next((letter for letter, write in styles.items() if write(plain) == escaped), "?")


def views(data: bytes, near: int | None = None) -> Iterator[View]:
    """The views of the text ``data``, itself first. At most ``DEPTH`` escapes inside one another are undone.

    ``near``: in all views but the first, the bytes that are farther than ``near`` from any escape are left out. Nothing
    is missed so if no value is longer: what is far from an escape is shown by the outer view, too.
    """
    # Depth first: no more than ``DEPTH`` copies of a large text are in memory.
    return _views(View(data), len(data) if near is None else near, DEPTH, set())


def _views(outer: View, near: int, depth: int, seen: set[int]) -> Iterator[View]:
    yield outer
    for step, escape in ESCAPES.items() if depth else ():
        inner = _unescaped(outer, step, escape, near)
        if inner is not None and (identity := inner.identity()) not in seen:
            seen.add(identity)
            yield from _views(inner, near, depth - 1, seen)


#: What a view shows in the place of bytes that are left out: no value that is looked for contains it.
_GAP = b"\0\n\0"


def _unescaped(outer: View, step: str, escape: Escape, near: int) -> View | None:
    """The view of ``outer`` with one escape undone; None if ``outer`` has no such escape."""
    data, shown = outer.data, bytearray()
    escaped: list[Escaped] = []
    known: dict[bytes, bytes] = {}
    last = 0  # all before this offset of ``data`` is shown
    for found in escape.pattern.finditer(data):
        char = found[0]
        plain = known.get(char)
        if plain is None:
            plain = known[char] = escape.decode(char)
        if plain == char:
            continue  # such as an entity that HTML does not have
        start, end = found.span()
        behind = near if escaped else 0  # so many bytes behind the last escape are shown
        if start - last > behind + near:  # a gap is like an escape of what is left out
            shown += data[last : last + behind]
            escaped.append((len(shown), len(shown) + len(_GAP), last + behind, start - near))
            shown += _GAP
            last = start - near
        shown += data[last:start]
        escaped.append((len(shown), len(shown) + len(plain), start, end))
        shown += plain
        last = end
    if not escaped:
        return None
    shown += data[last : last + near]
    return View(bytes(shown), outer, step, escaped)
