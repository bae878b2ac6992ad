"""Turns YAML text into plain data, in one pass over the parser's events. It makes no object that a tag names.

PyYAML's own loaders build a tree of nodes first. That takes most of their time, and a text that nests deep enough ends
the process. The result here is what ``yaml.safe_load`` gives for the same text.
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

# libyaml's parser when PyYAML was built with it.
_Parser: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

STANDARD = "tag:yaml.org,2002:"

#: How many values its aliases may stand for, text counted in pieces: far more than any cassette needs.
MAX_ALIASED = 1_000_000
_PIECE_OF_TEXT = 100

#: A longer plain scalar is text, whatever it looks like: no number has so many digits, and some take for ever to read.
_LONGEST_NUMBER = 64

Tag = Callable[[Any], object]

#: Characters that are decoded at a time: a large body is not to be there in all of its forms at once, and what is small
#: stays where the processor has it at hand.
_PART = 1 << 15

# -- tags --------------------------------------------------------------------------------------------------------------


def _itself(value: Any) -> object:
    return value


def binary(text: str, start: int = 0, end: int | None = None) -> bytes:
    """The bytes in base64, which may be a part of ``text``, in lines that may be indented. Raises ValueError."""
    decoded = io.BytesIO()
    rest, end = b"", len(text) if end is None else end
    for at in range(start, end, _PART):
        try:
            part = rest + text[at : min(at + _PART, end)].encode("ascii").translate(None, b"\n ")
            # Its end, which may be padded, is for the last.
            whole = len(part) if at + _PART >= end else max(len(part) - 4, 0) // 4 * 4
            rest = part[whole:]
            if rest and b"=" in part[:whole]:
                raise ValueError("it goes on after its end")
            # PyYAML's own skips what is not base64, and loses it.
            decoded.write(base64.b64decode(part[:whole], validate=True))
        except ValueError as error:
            raise ValueError(f"not readable as base64: {error}") from error
    return decoded.getvalue()


def _binary(text: object) -> bytes:
    if not isinstance(text, str):
        raise ValueError("not readable as base64: it is no text")
    return binary("".join(text.split()))


def _first(data: Any) -> object:
    """The first argument of a call: ``iter([...])``, ``frozenset([...])``."""
    arguments = data.get("args") if isinstance(data, dict) else data
    if not isinstance(arguments, (list, tuple)) or not arguments:
        raise ValueError("it has no content")
    return arguments[0]


def _iterator(data: Any) -> object:
    """What an iterator gave, as a tuple: what has been a list is one."""
    pieces = _first(data)
    return tuple(pieces) if isinstance(pieces, list) else pieces


def _file(data: Any) -> object:
    """The whole content of an open file, however far it had been read."""
    if isinstance(data, dict) and "buf" in data:
        return "".join((data["buf"], *data.get("buflist", ())))  # Python 2's StringIO
    if isinstance(data, dict) and isinstance(data.get("state"), (list, tuple)) and data["state"]:
        return data["state"][0]
    return _first(data)


def _form(data: Data) -> list[tuple[object, object]]:
    """The fields of aiohttp's FormData, each of which it keeps with what is told of it: ``({"name": …}, …, value)``."""
    return [(dict(told)["name"], value) for told, _, value in data["_fields"]]


def _string(data: object) -> object:
    """A Ruby string with instance variables, which stand beside it."""
    return data.get("str") if isinstance(data, dict) else data


def _pairs(data: Iterable[Data]) -> list[object]:
    return [pair for item in data for pair in item.items()]


def _scalar(name: str) -> Tag:
    """As PyYAML reads a scalar of this type."""
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

#: Python tags that VCR.py has written, from 2012 to this day, and how to read them without making any object.
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

#: Objects of aiohttp's, in the bodies that its stub kept, by what their tags start with: read as the data in them.
_OF_AIOHTTP: tuple[tuple[str, Tag], ...] = (
    (STANDARD + "python/object:aiohttp.formdata.FormData", _form),
    (STANDARD + "python/object:aiohttp.", _itself),
    (STANDARD + "python/object/new:multidict.", _first),
    (STANDARD + "python/object/apply:multidict.", _first),
)

#: Ruby's: what VCR 1.x is a list of, and what Ruby's YAML makes of symbols, bytes and strings that carry more.
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
    """The key ``<<``, unquoted: the mapping in its value is merged into the one that it stands in."""

    __slots__ = ()


_MERGE = _Merge("<<")
_IMPLICIT: Mapping[str, Sequence[tuple[str, re.Pattern[str]]]] = yaml.SafeLoader.yaml_implicit_resolvers


def plain(text: str) -> object:
    """What an unquoted scalar stands for: a number, a date, a truth, nothing, or itself."""
    if len(text) > _LONGEST_NUMBER:
        return text
    for tag, pattern in _IMPLICIT.get(text[:1], ()):
        if pattern.match(text):
            return _MERGE if text == "<<" else _TYPES[tag](text)
    return text


#: What YAML 1.2 has no more.
_OF_1_1 = (STANDARD + "timestamp", STANDARD + "merge")


def plain_of_1_2(text: str) -> object:
    """The same in YAML 1.2, which has no dates, and no numbers with a colon (``1:30``)."""
    if len(text) > _LONGEST_NUMBER or ":" in text:
        return text
    for tag, pattern in _IMPLICIT.get(text[:1], ()):
        if pattern.match(text):
            return text if tag in _OF_1_1 else _TYPES[tag](text)
    return text


def _text_or_nothing(text: str) -> str | None:
    """The same of what stands for text: ``1.50`` is not the number 1.5."""
    return None if plain(text) is None else text


def _is_text_of_body(items: list[object], outer: list[tuple[list[object], object]]) -> bool:
    """Whether the value that follows ``items`` is the text of a response's body: response, body, string."""
    return (
        len(outer) > 2
        and items[-1:] == ["string"]
        and len(items) % 2 == 1
        and outer[-1][0][-1:] == ["body"]
        and outer[-2][0][-1:] == ["response"]
    )


def is_text(text: str) -> bool:
    """Whether it stands for itself when it is unquoted, to whichever reader."""
    return not any(pattern.match(text) for _, pattern in _IMPLICIT.get(text[:1], ()))


# -- the reader --------------------------------------------------------------------------------------------------------


def read(text: str, tags: Mapping[str, Tag] = TAGS, meaning: Tag = plain) -> object:
    """The plain data in ``text``; None when there is nothing in it. ``meaning``: what an unquoted scalar stands for.

    Raises CassetteLoadError with the line for what is well-formed but refused, and ``yaml.YAMLError`` for what is not.
    """
    parser = _Parser(text)
    try:
        return _Reader(parser, tags, meaning).document()
    finally:
        parser.dispose()


class _Reader:
    """One pass over one document."""

    def __init__(self, parser: Any, tags: Mapping[str, Tag], meaning: Tag) -> None:
        self._next = parser.get_event
        self._tags = tags
        self._plain = meaning
        self._anchors: dict[str, object] = {}
        # By identity, which is a value's own as long as it is kept here too.
        self._measures: dict[int, tuple[int, int, object]] = {}
        self._aliased = 0

    def document(self) -> object:
        """The one document of the stream."""
        self._next()  # the stream's start
        if isinstance(self._next(), yaml.StreamEndEvent):
            return None
        value = self._value()
        self._next()  # the document's end
        more = self._next()
        if not isinstance(more, yaml.StreamEndEvent):
            raise _refusal(more, "not readable as YAML: more than one document")
        return value

    def _value(self) -> object:
        """The next value, with all that is in it."""
        # The keys and values of a mapping stand one after the other until it ends, as the items of a sequence do.
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
            raise _refusal(
                event, f"There was a problem loading the cassette: {message}; see yamlserializer.with_custom_tags"
            )
        return meaning

    def _tagged(self, event: object, meaning: Tag, value: object) -> object:
        try:
            return meaning(value)
        except CassetteLoadError:
            raise
        except (ValueError, TypeError, AttributeError, LookupError, OverflowError, yaml.YAMLError) as error:
            raise _refusal(event, f"not readable as YAML: {error}") from error

    def _mapping(self, start: object, items: list[object]) -> dict[object, object]:
        keys, values = items[::2], items[1::2]
        try:
            data = dict(zip(keys, values, strict=True))
        except TypeError as error:
            raise _refusal(start, f"not readable as YAML: a key is not text ({error})") from error
        if _MERGE in data and any(key is _MERGE for key in keys):
            return self._merged(start, data)
        return data

    def _merged(self, start: object, data: dict[object, object]) -> dict[object, object]:
        """``data`` with what its ``<<`` brings; its own keys win, and the first of several mappings."""
        brought = data.pop("<<")
        sources = brought if isinstance(brought, list) else [brought]
        if not all(isinstance(source, dict) for source in sources):
            raise _refusal(start, 'not readable as YAML: "<<" takes a mapping, or a list of them')
        merged: dict[object, object] = {}
        for source in (*reversed(sources), data):
            merged.update(source)
        return merged

    def _aliased_value(self, event: yaml.AliasEvent, outside: int) -> object:
        if event.anchor not in self._anchors:
            raise _refusal(
                event, f"not readable as YAML: the alias {event.anchor!r} stands for nothing, or for what it is in"
            )
        value = self._anchors[event.anchor]
        weight, depth = self._measure(value)
        if outside + depth > MAX_DEPTH:
            raise _too_deep(event)
        self._aliased += weight
        if self._aliased > MAX_ALIASED:
            raise _refusal(event, f"its aliases stand for more than {MAX_ALIASED:,} values")
        return value

    def _measure(self, value: object) -> tuple[int, int]:
        """How many values this one is, everything that is in it counted as often as it stands there, and how deep."""
        if not isinstance(value, (dict, list, tuple, set)):
            return 1 + (len(value) // _PIECE_OF_TEXT if isinstance(value, (str, bytes)) else 0), 0
        if id(value) not in self._measures:
            inside = (*value.keys(), *value.values()) if isinstance(value, dict) else value
            measures = [self._measure(one) for one in inside]
            weight, depth = sum(weight for weight, _ in measures), max((depth for _, depth in measures), default=0)
            self._measures[id(value)] = 1 + weight, 1 + depth, value
        return self._measures[id(value)][:2]


def _too_deep(event: object) -> CassetteLoadError:
    return _refusal(event, f"it nests deeper than {MAX_DEPTH} levels")


def _refusal(event: Any, message: str) -> CassetteLoadError:
    return CassetteLoadError(message, line=event.start_mark.line + 1)
