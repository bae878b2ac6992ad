"""In which line of a cassette's text each of its interactions begins. It must not know files.

The text is not parsed as a whole for that: in YAML, the items of a list begin at one margin; in JSON, each element is
skipped by the standard library's scanner.
"""

from __future__ import annotations

import json
import re

_LIST = ("interactions", "http_interactions", "entries")
_YAML_KEY = re.compile(r"^(?:interactions|http_interactions):[ \t]*(?:#.*)?$", re.MULTILINE)
_ITEM = re.compile(r"^( *)- ", re.MULTILINE)
_KEY_AT_MARGIN = re.compile(r"^[^\s#-]", re.MULTILINE)
_BLANK = re.compile(r"[ \t\n\r]*")
_TOML_ITEM = re.compile(r"^\[\[interactions\]\]", re.MULTILINE)
_DECODER = json.JSONDecoder()


def lines_of(text: str, count: int | None = None) -> list[int]:
    """The line, from 1 on, of each interaction; none where there are not ``count`` of them, or it cannot be told."""
    places = [item.start() for item in _TOML_ITEM.finditer(text)]
    if not places:
        places = _in_json(text) if text.lstrip("\ufeff \t\n\r")[:1] in ("{", "[") else _in_yaml(text)
    if count is not None and len(places) != count:
        return []
    lines, line, before = [], 1, 0
    for place in places:
        line += text.count("\n", before, place)
        before = place
        lines.append(line)
    return lines


def _in_yaml(text: str) -> list[int]:
    key = _YAML_KEY.search(text)
    start = key.end() if key else 0  # before 1.0 the whole was the list
    first = _ITEM.search(text, start)
    if first is None:
        return []
    margin = re.compile(rf"^{first[1]}- ", re.MULTILINE)
    after = _KEY_AT_MARGIN.search(text, first.end())
    return [item.start() for item in margin.finditer(text, first.start(), after.start() if after else len(text))]


def _in_json(text: str) -> list[int]:
    try:
        at = _list_in(text, _skip(text, 1 if text.startswith("\ufeff") else 0))
        return _elements(text, at) if at is not None else []
    except (ValueError, IndexError, StopIteration):
        return []


def _elements(text: str, at: int) -> list[int]:
    """Where each element of the list at this place begins."""
    places = []
    at = _skip(text, at + 1)
    while text[at] != "]":
        places.append(at)
        at = _skip(text, _DECODER.raw_decode(text, at)[1])
        if text[at] == ",":
            at = _skip(text, at + 1)
    return places


def _list_in(text: str, at: int) -> int | None:
    """Where the list of the interactions begins, in the value at this place."""
    if text[at] == "[":
        return at
    at = _skip(text, at + 1)
    while text[at] == '"':
        key, at = _DECODER.raw_decode(text, at)
        at = _skip(text, _skip(text, at) + 1)
        if key in _LIST and text[at] == "[":
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
