"""Reads and writes YAML. No Python object is made from a file, or written to one, but by ``with_custom_tags``.

Keys are sorted, as in VCR.py; header fields stay in their order.
"""

from __future__ import annotations

import base64
import io
import re
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import yaml
from yaml.constructor import SafeConstructor
from yaml.reader import ReaderError
from yaml.representer import Representer, RepresenterError, SafeRepresenter

from ..errors import CassetteLoadError
from . import jsonserializer, yamlpieces
from .yamlpieces import Pieces
from .yamlreader import STANDARD, TAGS, Tag, is_text, plain, plain_of_1_2, read

if TYPE_CHECKING:
    from yaml import SafeDumper as Dumper
else:
    # libyaml's emitter when PyYAML was built with it: the same result, several times faster.
    Dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

WIDE = 2**31 - 1  # lines are never folded: a folded line cannot be read in a diff
_IN_ORDER = ("headers", "trailers")
#: What comes first: VCR.py's cassettes begin each interaction with its request.
_FIRST = ("request", "response")

# -- writing -----------------------------------------------------------------------------------------------------------


class PlainDumper(Dumper):
    """Plain data, and nothing by reference. ``binary``: the tag of bytes."""

    binary = "!!binary"

    @staticmethod
    def stands_unquoted(text: str) -> bool:
        """Whether text is taken for nothing else when it stands without quotes."""
        return is_text(text)

    def ignore_aliases(self, _: object) -> bool:
        """Whether a value that is there twice is written twice."""
        return True


#: Types, and what makes a plain value of one of a class derived from them: an enum's, a header name of some library's.
_PLAIN: tuple[tuple[Any, Callable[[Any], object]], ...] = (
    (str, str.__str__),  # str() would ask the class how it wants to be shown
    (bytes, bytes),
    (int, int),
    (float, float),
    (list, list),
    (tuple, list),
    (Mapping, dict),
)


def _represent_plain(dumper: Dumper, value: object) -> yaml.Node:
    plain = next((make for kind, make in _PLAIN if isinstance(value, kind)), None)
    if plain is None:
        raise RepresenterError(f"a cassette cannot hold a {type(value).__name__} in YAML: {value!r}")
    return dumper.represent_data(plain(value))


def _style(text: str) -> str | None:
    # PyYAML's own emitter lets the line ends of YAML 1.1 stand in single quotes, where they are read as blanks.
    return '"' if "\r" in text or (not text.isascii() and any(mark in text for mark in "\x85\u2028\u2029")) else None


PlainDumper.add_representer(bytearray, lambda dumper, value: dumper.represent_binary(bytes(value)))
PlainDumper.add_multi_representer(object, _represent_plain)


#: What a block may hold: no character that is written in quotes only, and none that YAML 1.1 takes for a line's end.
_BLOCK = re.compile("[\t\n -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]*")


_OPENING = re.compile(r"( *(?:[-:?] )*)(.*)")

_MAPPING, _MAPPING_END = yaml.MappingStartEvent(None, None, True, flow_style=False), yaml.MappingEndEvent()
_SEQUENCE, _SEQUENCE_END = yaml.SequenceStartEvent(None, None, True, flow_style=False), yaml.SequenceEndEvent()


class _Writer:
    """Data straight to the emitter's events: no tree of nodes is made first. Keys in order, and text as a person would
    write it: several lines as a block, an emoji as itself.

    libyaml's emitter quotes a text that has a tab, a blank at the end of a line, or an emoji; and it takes long over
    base64. So it is given a mark in the place of such a value, and the value is put in when it is done.
    """

    def __init__(self, dumper: type[PlainDumper]) -> None:
        self._written = io.StringIO()
        self._dumper = dumper(self._written, allow_unicode=True, width=WIDE, default_flow_style=False, sort_keys=False)
        self._emit: Callable[[yaml.Event], None] = self._dumper.emit
        self._mark = f"text-{uuid4().hex}-"
        self._marked: list[str | bytes] = []

    def document(self, data: object, *, sort: bool) -> Iterator[str]:
        """``data`` as YAML, in parts. What cannot be written is an error before the first."""
        try:
            self._emit(yaml.StreamStartEvent())
            self._emit(yaml.DocumentStartEvent(explicit=False))
            self._write(data, sort)
            self._emit(yaml.DocumentEndEvent(explicit=False))
            self._emit(yaml.StreamEndEvent())
        finally:
            self._dumper.dispose()
        return self._filled(self._written.getvalue())

    def _write(self, data: Any, sort: bool) -> None:
        kind = type(data)
        if kind is str:
            if ("\n" in data or _has_astral(data)) and _BLOCK.fullmatch(data):
                self._write_marked(data)
            else:
                self._write_text(data)
        elif kind is dict:
            self._emit(_MAPPING)
            for key, value in sorted(data.items(), key=_place) if sort else data.items():
                self._write_text(key) if type(key) is str else self._write_node(self._dumper.represent_data(key))
                self._write(value, sort and key not in _IN_ORDER)
            self._emit(_MAPPING_END)
        elif kind is list or kind is tuple:
            self._emit(_SEQUENCE)
            for item in data:
                self._write(item, sort)
            self._emit(_SEQUENCE_END)
        elif kind is bytes and data:
            self._write_marked(data)
        else:
            self._write_node(self._dumper.represent_data(data))

    def _write_text(self, text: str) -> None:
        implicit = (self._dumper.stands_unquoted(text), True)
        self._emit(yaml.ScalarEvent(None, None, implicit, text, style=_style(text)))

    def _write_marked(self, value: str | bytes) -> None:
        self._marked.append(value)
        mark = f"{self._mark}{len(self._marked) - 1}"
        self._emit(yaml.ScalarEvent(None, None, (True, True), mark))

    def _write_node(self, node: yaml.Node) -> None:
        """What PyYAML, or somebody's own representer, makes of it."""
        if node.tag == STANDARD + "str":
            self._write_text(node.value)
        elif isinstance(node, yaml.ScalarNode):
            resolve: Callable[..., str] = self._dumper.resolve
            unquoted, quoted = (resolve(yaml.ScalarNode, node.value, how) for how in ((True, False), (False, True)))
            implicit = (node.tag == unquoted, node.tag == quoted)
            self._emit(yaml.ScalarEvent(None, node.tag, implicit, node.value, style=node.style))
        elif isinstance(node, yaml.MappingNode):
            self._emit(yaml.MappingStartEvent(None, node.tag, node.tag == STANDARD + "map", flow_style=False))
            for key, value in node.value:
                self._write_node(key)
                self._write_node(value)
            self._emit(_MAPPING_END)
        else:
            self._emit(yaml.SequenceStartEvent(None, node.tag, node.tag == STANDARD + "seq", flow_style=False))
            for item in node.value:
                self._write_node(item)
            self._emit(_SEQUENCE_END)

    def _filled(self, written: str) -> Iterator[str]:
        """What has been written, with the values in the place of their marks."""
        before, *marked = written.split(self._mark)
        yield before
        for piece in marked:
            number, _, after = piece.partition("\n")  # a mark is the last thing in its line
            yield from self._spelled(self._marked[int(number)], before[before.rfind("\n") + 1 :])
            yield "\n" + after
            before = after

    def _spelled(self, value: str | bytes, line: str) -> Iterable[str]:
        """``value`` as it stands behind ``line``."""
        if isinstance(value, str) and "\n" not in value:
            return [_quoted(value)]
        opening = _OPENING.match(line)
        assert opening is not None
        # As deep as the mapping or the sequence that it is in, and two more.
        margin = " " * (len(opening[1]) + (2 if opening[2] else 0))
        if isinstance(value, str):
            return [_block(value, margin)]
        return chain([f"{self._dumper.binary} |"], _base64(value, margin))


def _has_astral(text: str) -> bool:
    return not text.isascii() and max(text) > "\uffff"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _block(text: str, margin: str) -> str:
    indentation = "2" if text[0] in " \t\n" else ""
    ending = "-" if not text.endswith("\n") else "+" if text.endswith("\n\n") or text == "\n" else ""
    lines = text.removesuffix("\n").split("\n")
    return "\n".join([f"|{indentation}{ending}", *(margin + line if line else "" for line in lines)])


#: Lines of base64 that are made at a time, each of 57 bytes, as PyYAML writes them.
_LINES = 500


def _base64(data: bytes, margin: str) -> Iterator[str]:
    start = b"\n" + margin.encode("ascii")
    for at in range(0, len(data), 57 * _LINES):
        encoded = base64.b64encode(data[at : at + 57 * _LINES])
        whole = len(encoded) // 76
        lines = struct.unpack_from("76s" * whole, encoded)
        last = encoded[76 * whole :]
        yield start.join([b"", *lines, last] if last else [b"", *lines]).decode("ascii")


# -- the serializer ----------------------------------------------------------------------------------------------------


def _place(item: tuple[object, object]) -> tuple[bool, str]:
    return item[0] not in _FIRST, str(item[0])


def dump(cassette_dict: Mapping[str, object], dumper: type[PlainDumper], *, sort: bool = True) -> str:
    """``cassette_dict`` as YAML that a person can read; in its own order unless ``sort``."""
    return "".join(_Writer(dumper).document(dict(cassette_dict), sort=sort))


def _load(cassette_string: str, tags: Mapping[str, Tag], meaning: Tag = plain) -> object:
    try:
        return read(cassette_string, tags, meaning)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = mark.line + 1 if mark is not None else None
        raise CassetteLoadError(f"not readable as YAML: {error.problem}", line=line) from error
    except ReaderError as error:
        # Its position is in bytes or in characters: it depends on which parser it was.
        line = cassette_string.partition(chr(error.character))[0].count("\n") + 1
        raise CassetteLoadError(f"not readable as YAML: character #x{error.character:x}", line=line) from error


def serialize(cassette_dict: Mapping[str, object]) -> str:
    """The cassette as YAML."""
    return dump(cassette_dict, PlainDumper)


def parts(cassette_dict: Mapping[str, object]) -> Iterator[str]:
    """The same in parts, which never are in memory all at once."""
    return _Writer(PlainDumper).document(dict(cassette_dict), sort=True)


def deserialize(cassette_string: str) -> object:
    """The plain data in a YAML cassette, or one in JSON. Raises CassetteLoadError with the line when it is neither."""
    if cassette_string.lstrip()[:1] in ("{", "["):
        # JSON is YAML, but for its escapes: an emoji is two of them. What is not JSON may be YAML in flow style.
        with suppress(CassetteLoadError):
            return jsonserializer.deserialize(cassette_string)
    return _load(cassette_string, TAGS)


def deserialize_1_2(cassette_string: str) -> object:
    """The plain data in a text that was written as YAML 1.2: dates, and ``1:30``, are text.

    Raises CassetteLoadError with the line when it is no YAML.
    """
    return _load(cassette_string, TAGS, plain_of_1_2)


def split(cassette_string: str) -> Pieces | None:
    """The cassette in pieces, to be parsed when they are needed; None when it is not in the usual shape."""
    return yamlpieces.split(cassette_string, deserialize)


def addition(cassette_string: str, cassette_dict: Mapping[str, object]) -> tuple[str, str] | None:
    """How interactions are added to a cassette: the end of its text, and what is to stand in its place.

    ``cassette_dict``: the interactions to add, and nothing else. None: the cassette is not as it is written here.
    """
    end = yamlpieces.usual_end(cassette_string)
    if end is None:
        return None
    return end, serialize(cassette_dict).removeprefix(yamlpieces.OPENING)


class CustomTagSerializer:
    """What ``with_custom_tags`` returns: ``serialize`` and ``deserialize`` as this module has them."""

    def __init__(self, constructors: Mapping[str, Callable[..., object]]) -> None:
        class CustomDumper(PlainDumper):
            pass

        class CustomConstructor(_Constructor):
            pass

        def represent(dumper: Any, value: object) -> yaml.Node:
            node = Representer.represent_object(dumper, value)
            return node if node.tag in constructors else _represent_plain(dumper, value)

        CustomDumper.add_multi_representer(object, represent)
        for tag, constructor in constructors.items():
            CustomConstructor.add_constructor(tag, constructor)
        self._dumper = CustomDumper
        self._tags: dict[str, Tag] = {
            **TAGS,
            **{tag: partial(_construct, CustomConstructor, tag) for tag in constructors},
        }

    def serialize(self, cassette_dict: Mapping[str, object]) -> str:
        """The cassette as YAML, objects of the custom tags included."""
        return dump(cassette_dict, self._dumper)

    def deserialize(self, cassette_string: str) -> object:
        """The data in a YAML cassette, objects of the custom tags included."""
        return _load(cassette_string, self._tags)


class _Nodes(SafeRepresenter):
    """Data as the node that PyYAML's constructors ask for; an object that has been made already stands for itself."""


class _Constructor(SafeConstructor):
    """What a constructor is given as its loader."""


_MADE = "!made"
_Nodes.add_multi_representer(object, lambda _, made: yaml.ScalarNode(_MADE, made))
_Constructor.add_constructor(_MADE, lambda _, node: node.value)


def _construct(constructor: type[SafeConstructor], tag: str, data: object) -> object:
    node = _Nodes().represent_data(data)
    node.tag = tag
    return constructor().construct_document(node)


def with_custom_tags(constructors: Mapping[str, Callable[..., object]]) -> CustomTagSerializer:
    """A serializer that reads and writes Python objects of these tags, and of no others.

    ``constructors``: for each whole tag (``tag:yaml.org,2002:python/object/new:app.Header``) what makes the object,
    called as ``constructor(loader, node)``. Hand the result to ``VCR.register_serializer``.
    """
    return CustomTagSerializer(constructors)
