"""Undoes the escapes in a text (percent, JSON, HTML), finds out where decoded bytes stand in the text, and escapes
other bytes in the same way. It must not know a message, a cassette or a secret: only bytes.

``views`` gives the text as it is, and with its escapes undone in every order that matters. A value is looked for in the
*decoded* bytes of each view, so it does not matter which characters the client or the server has escaped, and how.
``View.span`` then tells where the found bytes stand in the text.

A **spelling** says in one word how a text is escaped. ``pa3b.pa3ba2`` is the spelling of ``abc/`` in ``abc%252F``,
which has two percent escapes, one inside the other: ``p`` names the escape (``ESCAPES``), ``a3`` says that three
characters are not escaped, ``b`` how the next character is (``Escape.written``).
"""

from __future__ import annotations

import html
import json
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from html.entities import codepoint2name
from typing import NamedTuple
from urllib.parse import quote_from_bytes

from .text import as_bytes, as_text

#: How many escapes inside one another are undone.
DEPTH = 3


class Escape(NamedTuple):
    """One way to escape characters.

    ``pieces`` finds the escaped characters in a text, ``decode`` undoes one of them. ``written`` has, under one letter
    each, the functions that escape a character: programs differ in small and capital letters, for example. ``usually``
    escapes a character only where most programs do. ``by_bytes``: the functions get single bytes, not characters.
    """

    pieces: re.Pattern[bytes]
    decode: Callable[[bytes], bytes]
    written: dict[str, Callable[[bytes], bytes]]
    usually: Callable[[bytes], bytes]
    by_bytes: bool = False


def _unpercent(piece: bytes) -> bytes:
    return b" " if piece == b"+" else bytes.fromhex(piece[1:].decode("ascii"))


def _unbackslash(piece: bytes) -> bytes:
    kind = piece[1:2]
    if kind not in b"ux":
        return _SHORT.get(kind, kind)
    units = [int(word, 16) for word in piece.replace(b"\\x", b"\\u").split(b"\\u")[1:]]
    if len(units) == 2:
        units = [0x10000 + ((units[0] - 0xD800) << 10) + (units[1] - 0xDC00)]
    return chr(units[0]).encode("utf-8", "surrogatepass")


def _unentity(piece: bytes) -> bytes:
    return html.unescape(piece.decode("ascii")).encode("utf-8", "surrogatepass")


def _units(char: bytes) -> list[int]:
    code = ord(char.decode("utf-8", "surrogatepass"))
    return [code] if code < 0x10000 else [0xD800 + ((code - 0x10000) >> 10), 0xDC00 + ((code - 0x10000) & 0x3FF)]


def _as_u(form: str) -> Callable[[bytes], bytes]:
    return lambda char: "".join(form % unit for unit in _units(char)).encode("ascii")


def _short(char: bytes) -> bytes:
    return b"\\" + _LONG.get(char, char)


def _entity(char: bytes) -> bytes:
    code = ord(char.decode("utf-8", "surrogatepass"))
    return f"&{'apos' if code == 0x27 else codepoint2name.get(code, '')};".encode("ascii")


def _as_reference(form: str) -> Callable[[bytes], bytes]:
    return lambda char: (form % ord(char.decode("utf-8", "surrogatepass"))).encode("ascii")


def _as_percent(char: bytes) -> bytes:
    return b"%%%02X" % char[0]


def _usual_percent(char: bytes) -> bytes:
    return quote_from_bytes(char, safe="").encode("ascii")


def _usual_json(char: bytes) -> bytes:
    return as_bytes(json.dumps(as_text(char), ensure_ascii=False)[1:-1])


def _usual_html(char: bytes) -> bytes:
    return as_bytes(html.escape(as_text(char)))


_SHORT = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t"}
_LONG = {plain: letter for letter, plain in _SHORT.items()}
_HEX = rb"[0-9A-Fa-f]"
_PERCENT = {
    "b": _as_percent,
    "c": lambda char: _as_percent(char).lower(),
    "d": lambda char: _as_percent(char)[:2] + _as_percent(char)[2:].lower(),
    "e": lambda char: _as_percent(char)[:2].lower() + _as_percent(char)[2:],
}

#: The escapes (percent, form, JSON, HTML), by the letter that names each in a spelling.
ESCAPES = {
    "p": Escape(re.compile(rb"%" + _HEX + rb"{2}"), _unpercent, _PERCENT, _usual_percent, by_bytes=True),
    "f": Escape(
        re.compile(rb"%" + _HEX + rb"{2}|\+"),
        _unpercent,
        {"f": lambda _: b"+", **_PERCENT},
        _usual_percent,
        by_bytes=True,
    ),
    "j": Escape(
        re.compile(
            rb"\\u[Dd][89ABab]" + _HEX + rb"{2}\\u[Dd][C-Fc-f]" + _HEX + rb"{2}"
            rb"|\\u" + _HEX + rb"{4}|\\x" + _HEX + rb'{2}|\\[bfnrt"\'/\\]'
        ),
        _unbackslash,
        {"b": _as_u("\\u%04x"), "c": _as_u("\\u%04X"), "d": _short, "e": _as_u("\\x%02x"), "f": _as_u("\\x%02X")},
        _usual_json,
    ),
    "h": Escape(
        re.compile(rb"&(?:#[0-9]{1,7}|#[xX]" + _HEX + rb"{1,6}|[A-Za-z][A-Za-z0-9]{1,31});"),
        _unentity,
        {
            "b": _entity,
            "c": _as_reference("&#%d;"),
            "d": _as_reference("&#x%x;"),
            "e": _as_reference("&#x%X;"),
            "f": _as_reference("&#%03d;"),
            "g": _as_reference("&#x%02x;"),
            "h": _as_reference("&#x%02X;"),
        },
        _usual_html,
    ),
}


class View:
    """What another view, ``outer``, shows when one escape, ``step``, is undone; or the text itself, without ``outer``.

    ``data``: the bytes of this view.
    """

    __slots__ = ("_pieces", "_starts", "data", "outer", "step")

    def __init__(
        self, data: bytes, outer: View | None, step: str, pieces: list[tuple[int, int, int, int]] | None = None
    ) -> None:
        self.data = data
        self.outer = outer
        self.step = step
        # Of each escaped character: where it starts and ends in this view, and where in the outer view.
        self._pieces = pieces or []
        self._starts = [piece[0] for piece in self._pieces]

    def place(self) -> int:
        """A hash that is equal for two views that show the same bytes from the same place of the text."""
        return hash((self.data, tuple(self.span(start, start)[0] for start in self._starts)))

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
        start, end, outer_start, outer_end = self._pieces[index]
        if offset >= end and not (is_end and offset == start):
            return outer_end + offset - end
        return outer_end if is_end else outer_start

    def written(self, new: bytes, start: int, end: int) -> bytes:
        """``new``, escaped as the text escapes ``data[start:end]``, which ``new`` is to replace.

        A character that occurs in ``data[start:end]`` is written as there. Any other character is written as this
        escape usually writes it; where all characters are escaped, it is escaped as the first of them.
        """
        view = self
        while view.outer is not None:
            outer, escape = view.outer.data, ESCAPES[view.step]
            pieces = view.within(start, end)
            as_it_is = escape.pieces.sub(b"", outer[slice(*view.outer_span(start, end))])
            known = {bytes((byte,)): bytes((byte,)) for byte in as_it_is}
            known |= {view.data[a:b]: outer[c:d] for a, b, c, d in pieces}
            usually = escape.usually
            if pieces and sum(b - a for a, b, _, _ in pieces) == end - start:  # every character is escaped
                letter = _mask(view, start, end)[:1]
                usually = escape.written.get(letter, usually)
            new = b"".join([known.get(char) or usually(char) for char in _CHAR.findall(new)])
            start, end = view.outer_span(start, end)
            view = view.outer
        return new

    def within(self, start: int, end: int) -> list[tuple[int, int, int, int]]:
        """The escaped characters in ``data[start:end]``. Of each: where it starts and ends in this view, and where in
        the outer view."""
        first = bisect_right(self._starts, start - 1)
        last = bisect_right(self._starts, end - 1)
        return [piece for piece in self._pieces[first:last] if piece[0] < piece[1]]


def views(data: bytes, near: int | None = None) -> Iterator[View]:
    """``data`` as it is, then with its escapes undone, one inside the other, ``DEPTH`` of them at most.

    ``near``: all views but the first leave out the bytes that are farther than ``near`` from any escape.
    """
    return _views(View(data, None, ""), near, DEPTH, set())


def _views(outer: View, near: int | None, depth: int, seen: set[int]) -> Iterator[View]:
    # Depth first: no more than ``depth`` copies of a large text are in memory.
    yield outer
    for step in _ORDER if depth else ():
        escape = ESCAPES[step]
        inner = _unescaped(outer, step, escape, len(outer.data) if near is None else near)
        if inner is not None and (place := inner.place()) not in seen:
            seen.add(place)
            yield from _views(inner, near, depth - 1, seen)


#: In which order escapes are taken off: first those around a whole text, as JSON and HTML have. In such a text, a "%26"
#: or a "+" that is taken off first would end a value.
_ORDER = "jhpf"
#: What stands in a view instead of the bytes that are left out: no value that is looked for contains it.
_GAP = b"\0\n\0"


def _unescaped(outer: View, step: str, escape: Escape, near: int) -> View | None:
    """The view of ``outer`` with one escape undone; None if ``outer`` has no such escape."""
    data, decoded = outer.data, bytearray()
    pieces: list[tuple[int, int, int, int]] = []
    known: dict[bytes, bytes] = {}
    last = 0
    for found in escape.pieces.finditer(data):
        piece = found[0]
        plain = known.get(piece)
        if plain is None:
            plain = known[piece] = escape.decode(piece)
        if plain == piece:
            continue  # such as an entity that HTML does not have
        start, end = found.span()
        left_out = start - last - (2 * near if pieces else near)
        if left_out > 0:
            if pieces:
                decoded += data[last : last + near]
            gap = _GAP if pieces else b""
            pieces.append((len(decoded), len(decoded) + len(gap), start - near - left_out, start - near))
            decoded += gap
            last = start - near
        decoded += data[last:start]
        pieces.append((len(decoded), len(decoded) + len(plain), start, end))
        decoded += plain
        last = end
    if not pieces:
        return None
    decoded += data[last : last + near]
    return View(bytes(decoded), outer, step, pieces)


def is_escape(data: bytes, at: int) -> bool:
    """Whether an escaped character begins at ``data[at]``."""
    return any(escape.pieces.match(data, at) for escape in ESCAPES.values())


# -- how a text is spelled ---------------------------------------------------------------------------------------------


def spelling(view: View, start: int, end: int) -> str | None:
    """The spelling of ``view.data[start:end]`` in the text: a word of letters, digits and dots, from which ``spelled``
    writes it again. The word tells which characters are escaped, and nothing else about them. None if the text escapes
    a character in a way that no letter stands for."""
    steps = []
    while view.outer is not None:
        steps.append(f"{view.step}{_mask(view, start, end)}")
        start, end = view.outer_span(start, end)
        view = view.outer
    return None if any("?" in step for step in steps) else ".".join(steps)


def spelled(plain: bytes, word: str) -> bytes | None:
    """``plain``, escaped as the spelling ``word`` says; None if ``word`` does not fit ``plain`` or is no spelling."""
    for step in word.split(".") if word else ():
        if step[:1] not in ESCAPES:
            return None
        written = _written(plain, ESCAPES[step[0]], step[1:])
        if written is None:
            return None
        plain = written
    return plain


def _mask(view: View, start: int, end: int) -> str:
    """How each character of ``view.data[start:end]`` is written: ``a`` for one that is not escaped, otherwise its
    letter in ``Escape.written``, ``?`` if there is none. A number says how often the letter before it is repeated."""
    assert view.outer is not None
    escape, data, outer = ESCAPES[view.step], view.data, view.outer.data
    runs: list[tuple[str, int]] = []
    at = start
    for first, last, outer_first, outer_last in view.within(start, end):
        _add(runs, "a", first - at)
        _add(runs, _letter(escape, data[first:last], outer[outer_first:outer_last]), 1)
        at = last
    _add(runs, "a", end - at)
    return "".join(letter if count == 1 else f"{letter}{count}" for letter, count in runs)


def _letter(escape: Escape, plain: bytes, piece: bytes) -> str:
    """The letter of the function that writes ``plain`` as ``piece``; ``?`` if none does."""
    if not _CHAR.fullmatch(plain):  # an entity of two characters, such as &fjlig;
        return "?"
    return next((letter for letter, write in escape.written.items() if write(plain) == piece), "?")


def _add(runs: list[tuple[str, int]], letter: str, count: int) -> None:
    if count > 0 and runs and runs[-1][0] == letter:
        runs[-1] = (letter, runs[-1][1] + count)
    elif count > 0:
        runs.append((letter, count))


_RUN = re.compile(r"([a-h])([1-9][0-9]{0,5})?")
_CHAR = re.compile(rb"[\xc0-\xff][\x80-\xbf]+|.", re.DOTALL)


def _written(plain: bytes, escape: Escape, mask: str) -> bytes | None:
    """``plain``, each character written as ``mask`` says; None if ``mask`` does not fit."""
    if not all(between == "" for between in _RUN.split(mask)[::3]):
        return None
    written, at = bytearray(), 0
    for letter, count in _RUN.findall(mask):
        if letter == "a":
            written += plain[at : at + int(count or 1)]
            at += int(count or 1)
            continue
        if letter not in escape.written:
            return None
        for _ in range(int(count or 1)):
            char = plain[at : at + 1] if escape.by_bytes else (found[0] if (found := _CHAR.match(plain, at)) else b"")
            if not char:
                return None
            try:
                written += escape.written[letter](char)
            except UnicodeDecodeError:
                return None
            at += len(char)
    return bytes(written) if at == len(plain) else None


class Edits:
    """Replacements in a text that do not overlap: a replacement is added only where ``are_free`` says so."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._taken = bytearray(len(data))
        self._new: list[tuple[int, int, bytes]] = []

    def are_free(self, start: int, end: int) -> bool:
        """Whether the bytes from ``start`` to ``end`` are neither replaced nor kept so far. No bytes are not free."""
        return start < end and self._taken.find(1, start, end) < 0

    def keep(self, start: int, end: int) -> None:
        """Let ``data[start:end]`` stay as it is: from now on it is not free."""
        self._taken[start:end] = b"\1" * (end - start)

    def add(self, start: int, end: int, new: bytes) -> None:
        """Replace ``data[start:end]`` by ``new``."""
        self.keep(start, end)
        self._new.append((start, end, new))

    def made(self) -> bytes:
        """The text with all replacements; the same object if there are none."""
        if not self._new:
            return self._data
        made, last = bytearray(), 0
        for start, end, new in sorted(self._new):
            made += self._data[last:start] + new
            last = end
        return bytes(made + self._data[last:])
