"""Finds the values of named fields where a program has written them: in entries of lists, in the arguments of GraphQL,
in the tags of XML and of pages. It must not know a message.

Each function is a reader for ``named.replaced``.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from .named import LONGEST, Reader, Value, elements, pairs, parts, quoted, string_value, unescaped, xml_value
from .names import Names
from .text import as_text

_STRING = rb"\"(?P<text>[^\"\\]*(?:\\.[^\"\\]*)*)\""
#: A member that says what the member ``value`` of its object is.
_ENTRY = re.compile(
    rb"\"(?:(?:[Nn]ame|[Kk]ey)\"\s*:\s*\"((?:[^\"\\]|\\.){1,%d})|[Tt]ype\"\s*:\s*\"(password|SecureString))\""
    % LONGEST,
    re.DOTALL,
)
_OTHERS = rb"(?:\s*,\s*\"[^\"\\]{1,40}\"\s*:\s*(?:\"[^\"\\]{0,200}\"|[\w.+-]{1,40})){0,8}\s*,\s*"
_VALUE = rb"\"[Vv]alue\"\s*:\s*" + _STRING
_VALUE_BEHIND = re.compile(_OTHERS + _VALUE, re.DOTALL)
_VALUE_BEFORE = re.compile(_VALUE + _OTHERS + rb"\Z", re.DOTALL)
#: A value that stands before its name is looked for within so many bytes.
_LONGEST_BEFORE = 5000


def entries(data: bytes, names: Names) -> Iterator[Value]:
    """The values in ``{"name": "password", "value": "x"}``, for ``name`` also ``key``; those of ``"type": "password"``,
    too. The members come in any order, and others may stand between them."""
    for entry in _ENTRY.finditer(data):
        written = entry[1] or entry[2]
        # (In a long list each name is another one, and ``of`` is slow for a new name.)
        name = names.of(unescaped(written)) if b"\\" in written or names.may_stand_in(written) else None
        if name is None:
            continue
        found = _VALUE_BEHIND.match(data, entry.end())
        if found is None:
            begin = data.rfind(b"{", max(0, entry.start() - _LONGEST_BEFORE), entry.start())
            found = _VALUE_BEFORE.search(data, begin, entry.start()) if begin >= 0 else None
        if found is not None:
            yield _text_of(found, name)


_TEXT_MEMBER = re.compile(rb"\"(?P<name>[\w.$-]{1,%d})\"\s*:\s*" % LONGEST + _STRING, re.DOTALL)


def members(data: bytes, names: Names) -> Iterator[Value]:
    """The values in ``"name": "value"``. It is quicker than ``quoted`` in a text that is not JSON as a whole."""
    yield from _texts_beside(_TEXT_MEMBER, data, names)


_ARGUMENT = re.compile(rb"(?<![\w$.\"'-])(?P<name>[A-Za-z_]\w{0,%d})\s*:\s*" % LONGEST + _STRING, re.DOTALL)


def arguments(data: bytes, names: Names) -> Iterator[Value]:
    """The values in ``name: "value"``, as in the arguments of GraphQL."""
    yield from _texts_beside(_ARGUMENT, data, names)


def _texts_beside(pattern: re.Pattern[bytes], data: bytes, names: Names) -> Iterator[Value]:
    """The groups ``text`` of what ``pattern`` finds, where the group ``name`` is one of the names."""
    for found in pattern.finditer(data):
        name = names.of(unescaped(found["name"]))
        if name is not None:
            yield _text_of(found, name)


def _text_of(found: re.Match[bytes], name: str) -> Value:
    return Value(*found.span("text"), name, unescaped(found["text"]), lambda new: string_value(new, '"'))


# -- tags --------------------------------------------------------------------------------------------------------------

_OF_TAG = re.compile(rb"\s([\w.-]{1,100})\s*=\s*(?:\"([^\"<>]+)\"|'([^'<>]+)')")


def attributes(data: bytes, names: Names) -> Iterator[Value]:
    """The values in ``name="value"``. It is quicker than ``_attributes`` where there are many names."""
    for found in _OF_TAG.finditer(data):
        name = names.of(as_text(found[1]))
        if name is not None:
            text = found[2] or found[3]
            yield Value(*found.span(found.lastindex or 0), name, html.unescape(as_text(text)), xml_value)


_INPUT = re.compile(rb"<(?:input|meta)\s[^<>]{1,8000}>", re.IGNORECASE)
_ATTRIBUTE = re.compile(rb"([\w-]{1,100})\s*=\s*(?:\"([^\"<>]*)\"|'([^'<>]*)'|([^\s\"'<>=]+))")


def inputs(data: bytes, names: Names) -> Iterator[Value]:
    """The values in the ``<input name= value=>`` and ``<meta name= content=>`` of a page."""
    for tag in _INPUT.finditer(data):
        name, value = None, None
        for found in _ATTRIBUTE.finditer(data, tag.start(), tag.end()):
            group = next((number for number in (2, 3, 4) if found[number] is not None), 4)
            kind = found[1].lower()
            if kind == b"name":
                name = names.of(html.unescape(as_text(found[group])))
            elif kind in (b"value", b"content"):
                value = found.span(group)
        if name is not None and value is not None and value[0] < value[1]:
            yield Value(*value, name, html.unescape(as_text(data[slice(*value)])), xml_value)


#: The readers that find nothing in a text that a person has written, only in data that a program has written.
IN_DATA: tuple[Reader, ...] = (parts, quoted, entries, elements, pairs)
#: The readers for a page, in which a script may have data.
IN_PAGES: tuple[Reader, ...] = (inputs, members)
