"""Masks secrets that are spread over several events of an event stream: a language model sends a few letters in each
event. It must not know what a secret looks like, or a message.

The texts at the same place of all events are joined and searched. The first text with a part of the secret gets the
placeholder; the other parts are removed from their texts.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import Any, NamedTuple

from .._http.edits import Edits
from .._http.json_texts import texts
from .._http.text import as_bytes, as_text
from .finding import Found, Shapes
from .put import Put

_DATA = re.compile(rb"^data: ?([^\r\n]+)", re.MULTILINE)
#: Stands for a text with a whole secret in it, which is masked elsewhere: no secret contains this byte.
_BREAK = b"\0"

#: The keys and the numbers that lead to a text in the JSON of an event; empty if the event is no JSON.
_Place = tuple[str | int, ...]


class _Piece(NamedTuple):
    """The text in ``body[start:end]``; there it is a JSON string, or the text as it is."""

    start: int
    end: int
    text: bytes
    is_json: bool

    def written(self, new: bytes) -> bytes:
        return json.dumps(new.decode("utf-8", "replace"), ensure_ascii=False).encode("utf-8") if self.is_json else new


def replaced(body: bytes, shapes: Shapes, put: Put) -> bytes:
    """The event stream ``body`` with each secret that is spread over several events replaced by ``put(rule,
    secret)``."""
    if not any(shapes.may_stand_in(text) for text in _joined(body)):
        return body
    edits = Edits(body)
    for pieces in _by_place(body):
        parts = [_BREAK if any(shapes.find(piece.text)) else piece.text for piece in pieces]
        joined = b"".join(parts)
        if len(pieces) > 1 and shapes.may_stand_in(joined):
            for piece, new in _masked(pieces, parts, shapes.find(joined), put):
                edits.add(piece.start, piece.end, piece.written(new))
    return edits.made()


def _masked(
    pieces: list[_Piece], texts: list[bytes], found: Iterable[Found], put: Put
) -> Iterator[tuple[_Piece, bytes]]:
    ends = list(accumulate(map(len, texts)))
    joined = b"".join(texts)
    new: dict[int, bytes] = {}
    for start, end, rule in reversed(list(found)):
        first, last = bisect_right(ends, start), bisect_right(ends, end - 1)
        secret = as_text(joined[start:end])
        for place in range(first, last + 1):
            begin = ends[place] - len(texts[place])
            text = new.get(place, texts[place])
            head, tail = text[: max(0, start - begin)], text[end - begin :] if place == last else b""
            new[place] = head + (put(rule, secret).encode("utf-8") if place == first else b"") + tail
    for place, text in new.items():
        yield pieces[place], text


def _joined(body: bytes) -> Iterator[bytes]:
    """The texts of all events, joined for each place. This is quick, because it does not find out where each stands."""
    found: dict[_Place, list[str]] = {}
    for event in _DATA.finditer(body):
        try:
            value = json.loads(event[1], object_pairs_hook=list)
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, list):
            _add_texts(found, (), value)
        else:
            found.setdefault((), []).append(as_text(event[1]))
    return (as_bytes("".join(texts)) for texts in found.values())


def _add_texts(found: dict[_Place, list[str]], place: _Place, values: list[Any]) -> None:
    """Add the texts in an array, or in an object: a list of its pairs, because an object may have a key twice."""
    for key, value in enumerate(values):
        if isinstance(value, tuple):
            key, value = value  # noqa: PLW2901
        if isinstance(value, str):
            found.setdefault((*place, key), []).append(value)
        elif isinstance(value, list):
            _add_texts(found, (*place, key), value)


def _by_place(body: bytes) -> Iterable[list[_Piece]]:
    """The texts of all events, in one list for each place."""
    found: dict[_Place, list[_Piece]] = {}
    for event in _DATA.finditer(body):
        for place, piece in _pieces(event.start(1), event[1]):
            found.setdefault(place, []).append(piece)
    return found.values()


def _pieces(at: int, data: bytes) -> Iterator[tuple[_Place, _Piece]]:
    try:
        written = data.decode("utf-8")
        is_json = isinstance(json.loads(written), (dict, list))
    except (ValueError, RecursionError):
        is_json = False
    if not is_json:
        yield (), _Piece(at, at + len(data), data, is_json=False)
        return
    for start, end, keys in texts(written):
        before, source = written[:start].encode("utf-8"), written[start:end]
        text = json.loads(source).encode("utf-8", "surrogatepass")
        yield keys, _Piece(at + len(before), at + len(before) + len(source.encode("utf-8")), text, is_json=True)
