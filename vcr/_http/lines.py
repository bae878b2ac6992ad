"""Finds the values of named fields in texts that are made of lines: assignments (``.env``, INI, TOML), YAML and CSV. It
must not know a message.

Each function is a reader for ``named.replaced``.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator

from .named import Value, Write, plain_value
from .names import Names
from .text import as_bytes, as_text

_QUOTED = rb"\"([^\"\r\n]*)\"|'([^'\r\n]*)'"
_NAME = rb"([A-Za-z_][\w.-]{0,199})"
#: Of code, nothing is read but texts in quotes: a call or an item of a list is no value.
_ASSIGNED = re.compile(
    rb"^[ \t]*(?:export[ \t]+|set[ \t]+)?"
    + _NAME
    + rb"[ \t]*=[ \t]*(?:"
    + _QUOTED
    + rb"|([^\s\"'()\[\]{}$<>;,=][^\s\"'()"
    rb"\[\]{}$<>;,]*)[ \t]*\r?$)",
    re.MULTILINE,
)
_YAML = re.compile(
    rb"^[ \t]*(?:-[ \t]+)*"
    + _NAME
    + rb"[ \t]*:[ \t]+(?:"
    + _QUOTED
    + rb"|([^\s\"'#&*!|>{\[@%][^#\r\n]*?)[ \t]*(?:#.*)?\r?$)",
    re.MULTILINE,
)
_ROW = re.compile(rb"[^\r\n]+")


def assigned(data: bytes, names: Names) -> Iterator[Value]:
    """The values in lines such as ``name = value`` and ``export NAME="value"``."""
    yield from _beside(_ASSIGNED, plain_value, data, names)


def yaml_lines(data: bytes, names: Names) -> Iterator[Value]:
    """The values in lines such as ``name: value`` and ``- name: "value"``."""
    yield from _beside(_YAML, _in_quotes, data, names)


def _beside(line: re.Pattern[bytes], bare: Write, data: bytes, names: Names) -> Iterator[Value]:
    """The values that ``line`` finds. ``bare``: how a value is written where none stood in quotes."""
    for found in line.finditer(data):
        name = names.of(as_text(found[1]))
        group = next((number for number in (2, 3, 4) if found[number]), None)
        if name is not None and group is not None:
            yield Value(*found.span(group), name, as_text(found[group]), bare if group == 4 else plain_value)


def _in_quotes(new: str | None) -> bytes:
    """``new`` as YAML needs it, in which ``<`` and other characters have a meaning."""
    return as_bytes(json.dumps(new or "", ensure_ascii=False))


def _cell(new: str | None) -> bytes:
    text = new or ""
    return b'"' + _inside_quotes(new) + b'"' if re.search(r"[,;\t\"\r\n]", text) else as_bytes(text)


def _inside_quotes(new: str | None) -> bytes:
    return as_bytes((new or "").replace('"', '""'))


def table(data: bytes, names: Names) -> Iterator[Value]:
    """The values in the columns of CSV whose names stand in the first row. A row that goes over several lines ends the
    search."""
    rows = _ROW.finditer(data)
    first = next(rows, None)
    if first is None:
        return
    mark = max(b",;\t", key=first[0].count).to_bytes(1, "big")
    titles = next(csv.reader([as_text(first[0])], delimiter=mark.decode("ascii")), [])
    meant = {at: name for at, name in enumerate(map(names.of, titles)) if name is not None}
    if not meant:
        return
    cell = re.compile(rb"\"((?:[^\"]|\"\")*)\"|([^\"%b]*)" % mark)
    for row in rows:
        at = 0
        for column in range(len(titles)):
            found = cell.match(row[0], at)
            if found is None or row[0].count(b'"') % 2:
                return
            is_quoted = found[1] is not None
            group = 1 if is_quoted else 2
            if found[group] and column in meant:
                start, end = (row.start() + place for place in found.span(group))
                text = as_text(found[group].replace(b'""', b'"') if is_quoted else found[group])
                yield Value(start, end, meant[column], text, _inside_quotes if is_quoted else _cell)
            if row[0][found.end() : found.end() + 1] != mark:
                break
            at = found.end() + 1
