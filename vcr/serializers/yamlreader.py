"""Turns YAML text into plain data, in one pass over the parser's events. It makes no object that a tag names, and must
not know what the data means.

PyYAML's own loaders build a tree of nodes first. That takes most of their time, and a text that nests very deep ends
the process. Apart from the tags in ``TAGS``, the result is the same as from ``yaml.safe_load``.
"""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import yaml
from yaml.constructor import SafeConstructor

from ..errors import CassetteLoadError
from . import MAX_DEPTH, Data

# libyaml's parser, if PyYAML was built with libyaml.
_Parser: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

STANDARD = "tag:yaml.org,2002:"

#: How many values all aliases of a text may stand for. No cassette needs so many.
MAX_ALIASED = 1_000_000
#: Text counts as one value more for each so many characters.
_PIECE_OF_TEXT = 100

#: A longer scalar without quotes is text, whatever it looks like: some long numbers take minutes to read.
_LONGEST_NUMBER = 64

#: A function that turns the data behind a tag, or a scalar without quotes, into a value.
Tag = Callable[[Any], object]

#: How many characters of base64 are decoded at a time: a large body is not in memory as text and as bytes twice over.
_PART = 1 << 15

# -- tags --------------------------------------------------------------------------------------------------------------


def _itself(value: Any) -> object:
    return value


def binary(text: str, start: int = 0, end: int | None = None) -> bytes:
    """The bytes of the base64 in ``text[start:end]``, in lines that may be indented. Raises ValueError."""
    decoded = io.BytesIO()
    rest, end = b"", len(text) if end is None else end
    for at in range(start, end, _PART):
        try:
            part = rest + text[at : min(at + _PART, end)].encode("ascii").translate(None, b"\n ")
            # Only the last part may end with padding: of the others, the last letters wait for the next part.
            whole = len(part) if at + _PART >= end else max(len(part) - 4, 0) // 4 * 4
            rest = part[whole:]
            if rest and b"=" in part[:whole]:
                raise ValueError("there are letters behind the padding")
            # validate: PyYAML's own constructor ignores characters that are not base64, and so loses bytes.
            decoded.write(base64.b64decode(part[:whole], validate=True))
        except ValueError as error:
            raise ValueError(f"not readable as base64: {error}") from error
    return decoded.getvalue()


def _binary(text: object) -> bytes:
    if not isinstance(text, str):
        raise ValueError("not readable as base64: the value is not text")
    return binary("".join(text.split()))


def _first(data: Any) -> object:
    """The first argument of a call that a tag names, such as ``iter([...])`` or ``frozenset([...])``."""
    arguments = data.get("args") if isinstance(data, dict) else data
    if not isinstance(arguments, (list, tuple)) or not arguments:
        raise ValueError("the call has no argument")
    return arguments[0]


def _iterator(data: Any) -> object:
    """The items of an iterator: a tuple, to tell them from a body that was a list."""
    pieces = _first(data)
    return tuple(pieces) if isinstance(pieces, list) else pieces


def _file(data: Any) -> object:
    """The whole content of an open file, even if a part of it had been read."""
    if isinstance(data, dict) and "buf" in data:
        return "".join((data["buf"], *data.get("buflist", ())))  # Python 2's StringIO
    if isinstance(data, dict) and isinstance(data.get("state"), (list, tuple)) and data["state"]:
        return data["state"][0]
    return _first(data)


def _form(data: Data) -> list[tuple[object, object]]:
    """The fields of aiohttp's FormData, which keeps each field as ``({"name": …}, headers, value)``."""
    return [(dict(options)["name"], value) for options, _, value in data["_fields"]]


def _string(data: object) -> object:
    """The text of a Ruby string. One with instance variables is a mapping with the text under ``str``."""
    return data.get("str") if isinstance(data, dict) else data


def _pairs(data: Iterable[Data]) -> list[object]:
    return [pair for item in data for pair in item.items()]


def _scalar(name: str) -> Tag:
    """A function that reads a scalar of the type ``name`` as PyYAML does."""
    tag = STANDARD + name

    def construct(text: object) -> object:
        if not isinstance(text, str) or len(text) > _LONGEST_NUMBER:
            raise ValueError(f"expected {name}")
        return SafeConstructor.yaml_constructors[tag](_constructor, yaml.ScalarNode(tag, text))

    return construct


_constructor = SafeConstructor()

#: The types of YAML 1.1.
_TYPES: dict[str, Tag] = {
    **{STANDARD + name: _scalar(name) for name in ("null", "bool", "int", "float", "timestamp")},
    **{STANDARD + name: _itself for name in ("str", "seq", "map", "value")},
    STANDARD + "binary": _binary,
    STANDARD + "set": set,
    STANDARD + "omap": _pairs,
    STANDARD + "pairs": _pairs,
}

#: The Python tags that VCR.py has written since 2012. They are read as plain data; no object is made.
TAGS: dict[str, Tag] = {
    STANDARD + tag: read
    for tag, read in {
        "python/unicode": _itself,
        "python/str": _itself,
        "python/long": _TYPES[STANDARD + "int"],
        "python/tuple": tuple,
        "python/object:vcr.request.Request": _itself,
        "python/object/apply:__builtin__.frozenset": _first,
        "python/object/apply:builtins.frozenset": _first,
        "python/object/apply:__builtin__.iter": _iterator,
        "python/object/apply:builtins.iter": _iterator,
        "python/object/new:_io.BytesIO": _file,
        "python/object/new:_io.StringIO": _file,
        "python/object:StringIO.StringIO": _file,
    }.items()
}

#: The first part of the tags of aiohttp's objects, which VCR.py has written as bodies. They are read as plain data.
_OF_AIOHTTP: tuple[tuple[str, Tag], ...] = (
    (STANDARD + "python/object:aiohttp.formdata.FormData", _form),
    (STANDARD + "python/object:aiohttp.", _itself),
    (STANDARD + "python/object/new:multidict.", _first),
    (STANDARD + "python/object/apply:multidict.", _first),
)

#: Ruby's tags: the structs of VCR 1.x; and symbols, bytes, and strings with instance variables.
TAGS |= {
    "!ruby/struct:VCR::HTTPInteraction": _itself,
    "!ruby/struct:VCR::Request": _itself,
    "!ruby/struct:VCR::Response": _itself,
    "!ruby/struct:VCR::ResponseStatus": _itself,
    "!ruby/sym": _itself,
    "!ruby/symbol": _itself,
    "!ruby/string": _string,
    "!str": _string,
    "!binary": _binary,
}


# -- plain scalars -----------------------------------------------------------------------------------------------------


class _Merge(str):
    """The key ``<<`` without quotes: the mapping in its value is merged into the mapping that has the key."""

    __slots__ = ()


_MERGE = _Merge("<<")
_IMPLICIT: Mapping[str, Sequence[tuple[str, re.Pattern[str]]]] = yaml.SafeLoader.yaml_implicit_resolvers


def plain(text: str) -> object:
    """The value of a scalar without quotes: a number, a date, a boolean, None, or the text itself."""
    if len(text) > _LONGEST_NUMBER:
        return text
    for tag, pattern in _IMPLICIT.get(text[:1], ()):
        if pattern.match(text):
            return _MERGE if text == "<<" else _TYPES[tag](text)
    return text


#: The types of YAML 1.1 that YAML 1.2 does not have.
_OF_1_1 = (STANDARD + "timestamp", STANDARD + "merge")


def plain_of_1_2(text: str) -> object:
    """The value of a scalar without quotes in YAML 1.2, which has no dates, and no numbers with a colon (``1:30``)."""
    if len(text) > _LONGEST_NUMBER or ":" in text:
        return text
    for tag, pattern in _IMPLICIT.get(text[:1], ()):
        if pattern.match(text):
            return text if tag in _OF_1_1 else _TYPES[tag](text)
    return text


def _text_or_nothing(text: str) -> str | None:
    """The value of a scalar without quotes where text is expected: None, or the text, so that ``1.50`` stays."""
    return None if plain(text) is None else text


def _is_text_of_body(items: list[object], outer: list[tuple[list[object], object]]) -> bool:
    """Whether the value that follows ``items`` is the text of a response's body: its keys are response, body, string.

    ``items``: the keys and values of the innermost mapping so far. ``outer``: those of the mappings around it.
    """
    return (
        len(outer) > 2
        and items[-1:] == ["string"]
        and len(items) % 2 == 1
        and outer[-1][0][-1:] == ["body"]
        and outer[-2][0][-1:] == ["response"]
    )


def is_text(text: str) -> bool:
    """Whether ``text`` without quotes is read as text by every reader of YAML 1.1."""
    return not any(pattern.match(text) for _, pattern in _IMPLICIT.get(text[:1], ()))


# -- the reader --------------------------------------------------------------------------------------------------------


def read(text: str, tags: Mapping[str, Tag] = TAGS, meaning: Tag = plain) -> object:
    """The plain data in ``text``; None for an empty text.

    ``tags``: the functions for tags that are not YAML's own. ``meaning``: the function for a scalar without quotes.
    Raises ``yaml.YAMLError`` for a text that is not YAML, and CassetteLoadError, with the line, for YAML that no
    cassette may have: unknown tags, several documents, too much nesting, too many aliases.
    """
    parser = _Parser(text)
    try:
        return _Reader(parser, tags, meaning).document()
    finally:
        parser.dispose()


class _Reader:
    """Reads one document in one pass over the events of ``parser``."""

    def __init__(self, parser: Any, tags: Mapping[str, Tag], meaning: Tag) -> None:
        self._next = parser.get_event
        self._tags = tags
        self._plain = meaning
        self._anchors: dict[str, object] = {}
        # By id(). The value is kept, too, so that no other object can get its id.
        self._measures: dict[int, tuple[int, int, object]] = {}
        self._aliased = 0

    def document(self) -> object:
        """The data of the document; None if there is none. Raises CassetteLoadError for a second document."""
        self._next()  # the stream's start
        if isinstance(self._next(), yaml.StreamEndEvent):
            return None
        value = self._value()
        self._next()  # the document's end
        more = self._next()
        if not isinstance(more, yaml.StreamEndEvent):
            raise _load_error(more, "not readable as YAML: more than one document")
        return value

    def _value(self) -> object:
        """The next value, with all values in it."""
        # A mapping is read like a sequence: its keys and values, one after the other, are ``items`` until it ends.
        items: list[object] = []
        start: Any = None
        outer: list[tuple[list[object], object]] = []
        anchors, following = self._anchors, self._next
        while True:
            event = following()
            kind = type(event)
            if kind is yaml.ScalarEvent:
                value = event.value
                if event.tag is None or event.tag == "!":
                    if event.implicit[0] and value[:1] in _IMPLICIT:
                        meaning = self._plain if not _is_text_of_body(items, outer) else _text_or_nothing
                        value = self._tagged(event, meaning, value)
                else:
                    value = self._tagged(event, self._meaning(event), value)
            elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
                outer.append((items, start))
                items, start = [], event
                if len(outer) > MAX_DEPTH:
                    raise _too_deep(event)
                continue
            elif kind is yaml.AliasEvent:
                value = self._aliased_value(event, len(outer))
            else:
                value = self._mapping(start, items) if kind is yaml.MappingEndEvent else items
                event = start
                items, start = outer.pop()
                if event.tag is not None and event.tag != "!":
                    value = self._tagged(event, self._meaning(event), value)
            if not outer:
                return value
            if event.anchor is not None and kind is not yaml.AliasEvent:
                anchors[event.anchor] = value
            items.append(value)

    def _meaning(self, event: Any) -> Tag:
        meaning = _TYPES.get(event.tag) or self._tags.get(event.tag)
        if meaning is None:
            meaning = next((read for start, read in _OF_AIOHTTP if event.tag.startswith(start)), None)
        if meaning is None:
            shown = "!!" + event.tag.removeprefix(STANDARD) if event.tag.startswith(STANDARD) else event.tag
            message = f"the tag {shown} stands for an object that is not made from a cassette"
            raise _load_error(
                event, f"There was a problem loading the cassette: {message}; see yamlserializer.with_custom_tags"
            )
        return meaning

    def _tagged(self, event: object, meaning: Tag, value: object) -> object:
        try:
            return meaning(value)
        except CassetteLoadError:
            raise
        except (ValueError, TypeError, AttributeError, LookupError, OverflowError, yaml.YAMLError) as error:
            raise _load_error(event, f"not readable as YAML: {error}") from error

    def _mapping(self, start: object, items: list[object]) -> dict[object, object]:
        keys, values = items[::2], items[1::2]
        try:
            data = dict(zip(keys, values, strict=True))
        except TypeError as error:
            raise _load_error(start, f"not readable as YAML: a key is not text ({error})") from error
        if _MERGE in data and any(key is _MERGE for key in keys):
            return self._merged(start, data)
        return data

    def _merged(self, start: object, data: dict[object, object]) -> dict[object, object]:
        """``data`` with the mappings under its key ``<<`` merged into it. The keys of ``data`` win, then those of the
        first mapping."""
        value = data.pop("<<")
        sources = value if isinstance(value, list) else [value]
        if not all(isinstance(source, dict) for source in sources):
            raise _load_error(start, 'not readable as YAML: "<<" takes a mapping, or a list of mappings')
        merged: dict[object, object] = {}
        for source in (*reversed(sources), data):
            merged.update(source)
        return merged

    def _aliased_value(self, event: yaml.AliasEvent, outside: int) -> object:
        if event.anchor not in self._anchors:
            raise _load_error(
                event, f"not readable as YAML: the alias {event.anchor!r} stands for nothing, or for what it is in"
            )
        value = self._anchors[event.anchor]
        weight, depth = self._measure(value)
        if outside + depth > MAX_DEPTH:
            raise _too_deep(event)
        self._aliased += weight
        if self._aliased > MAX_ALIASED:
            raise _load_error(event, f"its aliases stand for more than {MAX_ALIASED:,} values")
        return value

    def _measure(self, value: object) -> tuple[int, int]:
        """How many values there are in ``value``, itself and repetitions counted; and how deep it nests."""
        if not isinstance(value, (dict, list, tuple, set)):
            return 1 + (len(value) // _PIECE_OF_TEXT if isinstance(value, (str, bytes)) else 0), 0
        if id(value) not in self._measures:
            inside = (*value.keys(), *value.values()) if isinstance(value, dict) else value
            measures = [self._measure(one) for one in inside]
            weight, depth = sum(weight for weight, _ in measures), max((depth for _, depth in measures), default=0)
            self._measures[id(value)] = 1 + weight, 1 + depth, value
        return self._measures[id(value)][:2]


def _too_deep(event: object) -> CassetteLoadError:
    return _load_error(event, f"it nests deeper than {MAX_DEPTH} levels")


def _load_error(event: Any, message: str) -> CassetteLoadError:
    return CassetteLoadError(message, line=event.start_mark.line + 1)
