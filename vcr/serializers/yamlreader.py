"""Turns YAML text into plain data, in one pass over the parser's events. It must not know what the data means.

PyYAML's own loaders build a tree of nodes first. That takes most of their time, and a text that nests very deep ends
the process. Apart from the tags in ``TAGS``, the result is the same as from ``yaml.safe_load``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml
from yaml.reader import ReaderError

from ..errors import CassetteLoadError
from . import MAX_DEPTH
from .yamltypes import IMPLICIT, MERGE, STANDARD, TAGS, Tag, meaning_of, plain

# libyaml's parser, if PyYAML was built with libyaml.
_Parser: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

#: How many values all aliases of a text may stand for. No cassette needs so many.
MAX_ALIASED = 1_000_000
#: Text counts as one value more for each so many characters.
_LONG_TEXT = 100


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


def read(text: str, tags: Mapping[str, Tag] = TAGS, meaning: Tag = plain) -> object:
    """The plain data in ``text``; None for an empty text.

    ``tags``: the functions for tags that are not YAML's own. ``meaning``: the function for a scalar without quotes.
    Raises CassetteLoadError, with the line, for a text that is not YAML, and for YAML that no cassette may have:
    unknown tags, several documents, too much nesting, too many aliases.
    """
    try:
        parser = _Parser(text)
        try:
            return _Reader(parser, tags, meaning).document()
        finally:
            parser.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = mark.line + 1 if mark is not None else None
        raise CassetteLoadError(f"not readable as YAML: {error.problem}", line=line) from error
    except ReaderError as error:
        # libyaml gives the position in bytes, PyYAML's own parser in characters: so the character is looked for.
        line = text.partition(chr(error.character))[0].count("\n") + 1
        raise CassetteLoadError(f"not readable as YAML: character #x{error.character:x}", line=line) from error


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
                    if event.implicit[0] and value[:1] in IMPLICIT:
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
        meaning = meaning_of(event.tag, self._tags)
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
        if MERGE in data and any(key is MERGE for key in keys):
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
            return 1 + (len(value) // _LONG_TEXT if isinstance(value, (str, bytes)) else 0), 0
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
