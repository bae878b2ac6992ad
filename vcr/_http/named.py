"""Replaces the values of named fields in a text of any kind: forms, JSON, multipart, XML, GraphQL and similar formats,
whole or broken, inside one another and escaped. It must not know a message or a filter.

It is for a text whose structure cannot be trusted: it looks for a name with a value beside it. Each reader goes through
the text, and through each view of it (``views``), once from start to end, so the time is in proportion to the
length of the text.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple
from urllib.parse import unquote, unquote_plus

from . import readable
from .edits import Edits
from .names import Names
from .text import as_bytes, as_text
from .views import View, views

#: The longest name, in bytes, that is looked at.
LONGEST = 200

Write = Callable[[str | None], bytes]


class Value(NamedTuple):
    """A value that stands in a view of a text from ``start`` to ``end``.

    ``write`` turns a new value into the bytes to put there; for None, that is an empty string or ``null``.
    """

    start: int
    end: int
    name: str
    text: str
    write: Write


Replace = Callable[[str, str], str | None]
Reader = Callable[[bytes, Names], Iterator[Value]]


def replaced(data: bytes, names: Names, replace: Replace, readers: tuple[Reader, ...] | None = None) -> bytes:
    """``data`` with the value of each named field replaced by what ``replace(name, value)`` returns.

    All other bytes stay as they are, and so does a value that ``replace`` returns unchanged. ``readers``: the formats
    in which fields are looked for; None means ``ANYHOW``.
    """
    readers = ANYHOW if readers is None else readers
    short, files = shortened = readable.short(data)
    if files:  # nothing is looked for in a file, but a whole file may be a value

        def replace_whole(name: str, text: str) -> str | None:
            whole = as_text(shortened.restored(as_bytes(text)))
            new = replace(name, whole)
            return text if new == whole else new

        made = replaced(short, names, replace_whole, readers)
        return data if made == short else shortened.restored(made)
    edits = Edits(data)
    runs = readable.runs(data)
    if runs is None:
        runs = [(0, len(data))]
    elif parts in readers:  # the value of a part may be a whole file
        _edit(edits, 0, View(data), parts(data, names), replace)
    for start, end in runs:
        text = data[start:end]
        for view in views(text) if names.stand_in(text) else ():
            for read in readers:
                _edit(edits, start, view, read(view.data, names), replace)
    return edits.made()


def _edit(edits: Edits, at: int, view: View, values: Iterable[Value], replace: Replace) -> None:
    """Replace ``values``, found in ``view``, which shows the part of the text that begins at ``at``."""
    for value in values:
        start, end = view.span(value.start, value.end)
        span = at + start, at + end
        if not edits.are_free(*span):
            continue
        new = replace(value.name, value.text)
        if new == value.text:
            edits.keep(*span)
        else:
            edits.add(*span, view.escape(value.write(new), value.start, value.start))


def plain_value(new: str | None) -> bytes:
    """A new value as it is (see ``Value``)."""
    return as_bytes(new or "")


# -- forms -------------------------------------------------------------------------------------------------------------

_PAIR = re.compile(
    rb"(?:(?<=[&;?#\s\"'<>(,])|\A)([^&;=?#\s\"'<>(),{}]{1,%d}|[^&;=?#\"'<>(),{}:\n]{1,%d})=" % (LONGEST, LONGEST)
)
_FORM = re.compile(rb"[^\s\"'{}<>=&:]+=")
#: A quote, an ampersand or an angle bracket that JSON has escaped, once or twice: it ends a value. The number of
#: backslashes is limited, because a longer row would be read again for each backslash in it.
_ESCAPED_END = rb"\\{0,7}(?:[\"']|u00(?:2[267]|3[CcEe]))"
_TO_NEXT = re.compile(rb"(?:[^&\s\"'<>\\]|\\(?!%b))*" % _ESCAPED_END)
#: In JSON an escaped control character, such as the end of a line, ends a value, too.
_TO_NEXT_IN_JSON = re.compile(
    rb"(?:[^&\s\"'<>\\]|\\\\(?!%b)|\\(?!\\|[bfnrt]|u00[01][0-9A-Fa-f]|%b))*" % (_ESCAPED_END, _ESCAPED_END)
)
#: The beginning of JSON, or of an event with JSON.
_JSON = re.compile(rb"\s*(?:data:\s*)?[\[{\"]")
_TO_AMPERSAND = re.compile(rb"[^&]*")


def pairs(data: bytes, names: Names) -> Iterator[Value]:
    """The values in ``a=1&name=value``, also behind a ``?`` or a ``;``."""
    is_json = _JSON.match(data) is not None
    is_form = looks_like_form(data)
    until = _TO_AMPERSAND if is_form else (_TO_NEXT_IN_JSON if is_json else _TO_NEXT)
    at = 0
    while (sign := data.find(b"=", at)) >= 0:
        # From every other byte on, the pattern would be tried in vain: that takes twenty times as long.
        found = _PAIR.search(data, max(at, sign - LONGEST), sign + 1)
        at = sign + 1
        if found is None or (name := names.of(as_text(found[1]))) is None or data[at : at + 1] in (b'"', b"'"):
            continue
        value = until.match(data, at)
        assert value is not None
        at = value.end()
        if value[0]:
            text = unescaped(value[0]) if is_json else as_text(value[0])
            is_encoded = (
                is_form or data[max(0, found.start() - 1) : found.start()] in (b"&", b"?") or data[at : at + 1] == b"&"
            )
            if is_encoded and names.of_texts:  # a secret is the same text wherever it stands
                yield Value(*value.span(), name, unquote_plus(text, errors="surrogateescape"), _encoded_value)
            else:
                yield Value(*value.span(), name, text, _form_value)


def looks_like_form(data: bytes) -> bool:
    """Whether a text is a form, and no other text with an equals sign in it. Its values end at an ampersand only."""
    return _FORM.match(data) is not None and b"\n" not in data


def _encoded_value(new: str | None) -> bytes:
    return re.sub(rb"[&\s\"'<>\\%+#]", lambda found: b"%%%02X" % found[0][0], plain_value(new))


def _form_value(new: str | None) -> bytes:
    return re.sub(rb"[&\s\"'<>\\]", lambda found: b"%%%02X" % found[0][0], plain_value(new))


# -- JSON and its relatives --------------------------------------------------------------------------------------------

_KEY = re.compile(rb"([\"'])((?:(?!\1)[^\\\r\n]|\\.){1,%d}?)\1\s*(?::|=>)[\s+]*" % LONGEST)
_STRINGS = {
    b'"': re.compile(rb'"([^"\\]*(?:\\.[^"\\]*)*)', re.DOTALL),
    b"'": re.compile(rb"'([^'\\]*(?:\\.[^'\\]*)*)", re.DOTALL),
}
_SCALAR = re.compile(rb"[^\s,{}\[\]()&;<>\"']+")
_LINE = re.compile(rb"[^\r\n]+")
_NESTING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"?|[{}\[\]]', re.DOTALL)


def quoted(data: bytes, names: Names) -> Iterator[Value]:
    """The values in ``"name": value``. A value is a string, a scalar, an object or a list."""
    yield from _beside(data, names, _KEY, 2, _SCALAR)


def _bare(data: bytes, names: Names) -> Iterator[Value]:
    """The values in ``name: value``, as in GraphQL, YAML and header fields."""
    yield from _beside(data, names, names.bare, 1, None)


def _beside(
    data: bytes, names: Names, key: re.Pattern[bytes], group: int, scalar: re.Pattern[bytes] | None
) -> Iterator[Value]:
    """The values behind what ``key`` finds, whose ``group`` is the name. ``scalar`` finds a value without quotes; if it
    is None, such a value goes to the end of its line, if the name begins the line, and else to a delimiter."""
    others: set[bytes] = set()  # what is none of the names: in a large text the same ones come again
    at = 0
    while (found := key.search(data, at)) is not None:
        at = found.end(group)
        written = found[group]
        if written in others:
            continue
        name = names.of(unescaped(written))
        if name is None:
            others.add(written)
            continue
        at = found.end()
        value = _value(data, at, names, name, scalar or (_LINE if _begins_line(data, found.start()) else _SCALAR))
        if value is not None:
            at = max(at, value.end)
            yield value


def _begins_line(data: bytes, at: int) -> bool:
    before = data[max(0, at - 64) : at].rpartition(b"\n")
    return not before[2].strip() and (bool(before[1]) or at < 64)


def _value(data: bytes, at: int, names: Names, name: str, scalar: re.Pattern[bytes]) -> Value | None:
    """The value that begins at ``at``. One that never ends goes to the end of the text."""
    first = data[at : at + 1]
    if first in _STRINGS:
        string = _STRINGS[first].match(data, at)
        assert string is not None
        quote = first.decode()
        return Value(*string.span(1), name, unescaped(string[1]), lambda new: string_value(new, quote))
    if names.of_texts:
        return None
    if first and first in b"{[":
        end = _end_of_nesting(data, at)
        return Value(at, end, name, as_text(data[at:end]), _json_value)
    found = scalar.match(data, at)
    return None if found is None else Value(*found.span(), name, as_text(found[0]), _json_value)


def _end_of_nesting(data: bytes, at: int) -> int:
    depth = 0
    for found in _NESTING.finditer(data, at):
        depth += (found[0] in b"{[") - (found[0] in b"}]")
        if depth == 0:
            return found.end()
    return len(data)


def unescaped(string: bytes) -> str:
    if b"\\" not in string:
        return as_text(string)
    try:
        return str(json.loads(b'"' + string + b'"', strict=False))
    except ValueError:
        return as_text(string)


def string_value(new: str | None, quote: str) -> bytes:
    text = json.dumps(new or "", ensure_ascii=False)[1:-1]
    return as_bytes(text if quote == '"' else text.replace('\\"', '"').replace("'", "\\'"))


def _json_value(new: str | None) -> bytes:
    return b"null" if new is None else as_bytes(json.dumps(new, ensure_ascii=False))


# -- multipart ---------------------------------------------------------------------------------------------------------

_DISPOSITION = re.compile(rb"^content-disposition[ \t]*:((?:[^\r\n]|\r?\n[ \t])*)", re.IGNORECASE | re.MULTILINE)
_NAME = re.compile(rb"\bname(\*?)(?:\d+\*?)?\s*=\s*(?:\"((?:[^\"\\]|\\.)*)\"?|([^;\s]+))", re.IGNORECASE)
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_DELIMITER = re.compile(rb"^--([^\r\n]{1,200})\r?\n(?=[A-Za-z-]+[ \t]*:)", re.MULTILINE)
_FEW = 8


def parts(data: bytes, names: Names) -> Iterator[Value]:
    """The values in a multipart body of any kind. Its lines may end in LF, its last part may be cut off."""
    ending: re.Pattern[bytes] | None = None
    at = 0
    while (found := _DISPOSITION.search(data, at)) is not None:
        at = found.end()
        name = next(filter(None, map(names.of, _part_names(found[1]))), None)
        if name is None:
            continue
        head_end = _HEAD_END.search(data, at)
        if head_end is None:
            return
        ending = ending or _ending(data)
        end = ending.search(data, head_end.end() - 2)
        start, stop = head_end.end(), max(head_end.end(), end.start() if end else len(data))
        at = stop
        if stop > start:
            yield Value(start, stop, name, as_text(data[start:stop]), plain_value)


def _part_names(parameters: bytes) -> Iterator[str]:
    for extended, quoted, token in _NAME.findall(parameters):
        value = as_text(quoted or token)
        yield unquote(value.rpartition("'")[2]) if extended else re.sub(r"\\(.)", r"\1", value)


def _ending(data: bytes) -> re.Pattern[bytes]:
    """What ends a part: one of the delimiters in ``data`` that a head follows. If there is no such delimiter, or more
    than ``_FEW``, any line that begins with two dashes."""
    boundaries: dict[bytes, None] = {}
    for found in _DELIMITER.finditer(data):
        boundaries[found[1]] = None
        if len(boundaries) > _FEW:
            break
    known = b"|".join(map(re.escape, boundaries)) if 0 < len(boundaries) <= _FEW else b""
    return re.compile(rb"\r?\n--(?:" + known + rb")")


# -- XML ---------------------------------------------------------------------------------------------------------------

_VALUE_TAG = re.compile(rb"<(/?)value>", re.IGNORECASE)
_TAG = re.compile(rb"<((?:[\w.-]{1,100}:)?([^\s<>/:\"'=&?!]{1,200}))(\s[^<>]*)?(?<!/)>")
_MEMBER = re.compile(rb"<name>\s*([^<>]{1,200}?)\s*</name>\s*<value>", re.IGNORECASE)
_ATTRIBUTE_VALUE = re.compile(rb"=\s*[\"']([^\"'<>]{1,200})[\"']")


def elements(data: bytes, names: Names) -> Iterator[Value]:
    """The values in ``<name>value</name>``, ``<field key="name">value</field>``, and in the members of XML-RPC."""
    is_xml = data.lstrip()[:1] == b"<"
    never_closed: set[bytes] = set()
    at = 0
    while (found := _TAG.search(data, at)) is not None:
        start = at = found.end()
        tag = found[1]
        name = names.of(as_text(found[2]))
        member = _MEMBER.match(data, found.start()) if name is None and found[2].lower() == b"name" else None
        if member is not None:
            start, tag, name = member.end(), b"value", names.of(as_text(member[1]))
        elif name is None and found[3]:
            name = next(filter(None, map(names.of, map(as_text, _ATTRIBUTE_VALUE.findall(found[3])))), None)
        if name is None or tag in never_closed:
            continue
        end = data.find(b"</" + tag, start) if member is None else _end_of_value(data, start)
        if end < 0:
            never_closed.add(tag)
        if end < 0 and not is_xml:
            continue  # not XML, and never closed: most likely a placeholder such as <TOKEN>
        end = len(data) if end < 0 else end
        if end > start:
            at = end
            yield Value(start, end, name, html.unescape(as_text(data[start:end])), xml_value)


def _end_of_value(data: bytes, at: int) -> int:
    depth = 1
    for found in _VALUE_TAG.finditer(data, at):
        depth += -1 if found[1] else 1
        if depth == 0:
            return found.start()
    return -1


def _attributes(data: bytes, names: Names) -> Iterator[Value]:
    """The values in ``name="value"``, in a tag or elsewhere."""
    at = 0
    while (found := names.attribute.search(data, at)) is not None:
        start = found.end()
        end = data.find(found[2], start)
        at = end = len(data) if end < 0 else end
        name = names.of(as_text(found[1]))
        if name is not None and end > start:
            yield Value(start, end, name, html.unescape(as_text(data[start:end])), xml_value)


def xml_value(new: str | None) -> bytes:
    return as_bytes(html.escape(new or ""))


#: All readers. What one of them finds, the next ones leave alone.
ANYHOW: tuple[Reader, ...] = (parts, pairs, quoted, _bare, elements, _attributes)
