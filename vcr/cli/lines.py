"""Where in a cassette's text each of its interactions stands: in which line, and from where to where. It must not know
files.

The text is not parsed as a whole for that: in YAML, the items of a list begin at one margin; in JSON, each element is
skipped by the standard library's scanner.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from itertools import pairwise
from typing import NamedTuple

#: Of VCR.py, Betamax, Ruby VCR and HAR: under these keys is the list of the interactions.
LISTS = ("interactions", "http_interactions", "entries")
_YAML_KEY = re.compile(r"^(?:interactions|http_interactions):[ \t]*(?:#.*)?$", re.MULTILINE)
_ITEM = re.compile(r"^( *)- ", re.MULTILINE)
_KEY_AT_MARGIN = re.compile(r"^[^\s#-]", re.MULTILINE)
_BLANK = re.compile(r"[ \t\n\r]*")
_TOML_ITEM = re.compile(r"^\[\[interactions\]\]", re.MULTILINE)
_DECODER = json.JSONDecoder()


class Span(NamedTuple):
    """Where an interaction begins, and where it ends: the separator behind it (JSON) is not a part of it."""

    start: int
    end: int


def lines_of(text: str, count: int | None = None) -> list[int]:
    """The line, from 1 on, of each interaction; none where there are not ``count`` of them, or it cannot be told."""
    found = spans(text)
    if count is not None and len(found) != count:
        return []
    lines, line, before = [], 1, 0
    for place, _ in found:
        line += text.count("\n", before, place)
        before = place
        lines.append(line)
    return lines


def spans(text: str) -> list[Span]:
    """Where each interaction stands; none where that cannot be told."""
    if _TOML_ITEM.search(text) is not None:
        return _between([item.start() for item in _TOML_ITEM.finditer(text)], len(text))
    return _in_json(text) if text.lstrip("\ufeff \t\n\r")[:1] in ("{", "[") else _in_yaml(text)


def without(text: str, numbers: Collection[int]) -> str | None:
    """The text without the interactions of these numbers, from 1 on, every other character as it is; None where it
    cannot be told where they stand, or where no other is left."""
    found = spans(text)
    kept = [number for number, _ in enumerate(found, 1) if number not in numbers]
    if not kept or max(numbers, default=0) > len(found):
        return None
    parts = [text[: found[0].start]]
    for place, number in enumerate(kept):
        if place:  # what separates it from the one before, there as in the text
            parts.append(text[found[number - 2].end : found[number - 1].start])
        parts.append(text[slice(*found[number - 1])])
    return "".join([*parts, text[found[-1].end :]])


def _between(starts: list[int], end: int) -> list[Span]:
    return [Span(*one) for one in pairwise([*starts, end])]


def _in_yaml(text: str) -> list[Span]:
    key = _YAML_KEY.search(text)
    start = key.end() if key else 0  # before 1.0 the whole was the list
    first = _ITEM.search(text, start)
    if first is None:
        return []
    margin = re.compile(rf"^{first[1]}- ", re.MULTILINE)
    after = _KEY_AT_MARGIN.search(text, first.end())
    end = after.start() if after else len(text)
    return _between([item.start() for item in margin.finditer(text, first.start(), end)], end)


def _in_json(text: str) -> list[Span]:
    try:
        at = _list_in(text, _skip(text, 1 if text.startswith("\ufeff") else 0))
        return _elements(text, at) if at is not None else []
    except (ValueError, IndexError, StopIteration):
        return []


def _elements(text: str, at: int) -> list[Span]:
    """Where each element of the list at this place stands."""
    found = []
    at = _skip(text, at + 1)
    while text[at] != "]":
        start, at = at, _DECODER.raw_decode(text, at)[1]
        found.append(Span(start, at))
        at = _skip(text, at)
        if text[at] == ",":
            at = _skip(text, at + 1)
    return found


def _list_in(text: str, at: int) -> int | None:
    """Where the list of the interactions begins, in the value at this place."""
    if text[at] == "[":
        return at
    at = _skip(text, at + 1)
    while text[at] == '"':
        key, at = _DECODER.raw_decode(text, at)
        at = _skip(text, _skip(text, at) + 1)
        if key in LISTS and text[at] == "[":
            return at
        if key == "log" and text[at] == "{":  # of a HAR file
            return _list_in(text, at)
        at = _skip(text, _DECODER.raw_decode(text, at)[1])
        if text[at] == ",":
            at = _skip(text, at + 1)
    return None


def _skip(text: str, at: int) -> int:
    blank = _BLANK.match(text, at)
    assert blank is not None
    return blank.end()
