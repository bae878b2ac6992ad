"""Writes plain data as YAML: text of several lines as a block, an emoji as itself, no line folded. It must not know
what the data means.

Keys are sorted, as in VCR.py, but header fields stay in their order.
"""

from __future__ import annotations

import base64
import io
import re
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import yaml
from yaml.representer import RepresenterError

from .yamltypes import STANDARD, is_text

if TYPE_CHECKING:
    from yaml import SafeDumper as Dumper
else:
    # libyaml's emitter, if PyYAML was built with libyaml: the same result, several times faster.
    Dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

WIDE = 2**31 - 1  # lines are never folded, because a folded line is hard to read in a diff
#: The mappings whose keys are not sorted.
_IN_ORDER = ("headers", "trailers")
#: The keys that come before all others: an interaction begins with its request, as in VCR.py's cassettes.
_FIRST = ("request", "response")


class PlainDumper(Dumper):
    """PyYAML's dumper for plain data, without anchors and aliases. ``binary``: the tag for bytes."""

    binary = "!!binary"

    @staticmethod
    def stands_unquoted(text: str) -> bool:
        """Whether ``text`` without quotes is read as text."""
        return is_text(text)

    def ignore_aliases(self, _: object) -> bool:
        """Whether a value that occurs twice is written twice, not as an alias: always."""
        return True


#: Types, and the function that turns an object of a subclass (an enum, a library's header name) into this type.
_PLAIN: tuple[tuple[Any, Callable[[Any], object]], ...] = (
    (str, str.__str__),  # str() would call the __str__ of the subclass
    (bytes, bytes),
    (int, int),
    (float, float),
    (list, list),
    (tuple, list),
    (Mapping, dict),
)


def represent_plain(dumper: Dumper, value: object) -> yaml.Node:
    """The node of an object of a subclass, as of the type itself. Raises RepresenterError for any other object."""
    plain = next((make for kind, make in _PLAIN if isinstance(value, kind)), None)
    if plain is None:
        raise RepresenterError(f"a cassette cannot hold a {type(value).__name__} in YAML: {value!r}")
    return dumper.represent_data(plain(value))


def _style(text: str) -> str | None:
    """The quotes that ``text`` needs; None leaves the choice to the emitter."""
    # PyYAML's own emitter writes the line ends of YAML 1.1 in single quotes, and they are read back as blanks.
    return '"' if "\r" in text or (not text.isascii() and any(mark in text for mark in "\x85\u2028\u2029")) else None


PlainDumper.add_representer(bytearray, lambda dumper, value: dumper.represent_binary(bytes(value)))
PlainDumper.add_multi_representer(object, represent_plain)


#: Text that may be written as a block: no character that needs quotes, and none that ends a line in YAML 1.1 but LF.
_BLOCK = re.compile("[\t\n -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]*")


_OPENING = re.compile(r"( *(?:[-:?] )*)(.*)")

_MAPPING, _MAPPING_END = yaml.MappingStartEvent(None, None, True, flow_style=False), yaml.MappingEndEvent()
_SEQUENCE, _SEQUENCE_END = yaml.SequenceStartEvent(None, None, True, flow_style=False), yaml.SequenceEndEvent()


class _Writer:
    """Turns data into the emitter's events, without a tree of nodes in between. It writes text as a person would: text
    of several lines as a block, an emoji as itself.

    libyaml's emitter quotes text that has a tab, a blank at the end of a line, or an emoji, and is slow with base64. So
    the emitter is given a mark, a unique text, in the place of such a value, and ``_filled`` replaces the marks.
    """

    def __init__(self, dumper: type[PlainDumper]) -> None:
        self._written = io.StringIO()
        self._dumper = dumper(self._written, allow_unicode=True, width=WIDE, default_flow_style=False, sort_keys=False)
        self._emit: Callable[[yaml.Event], None] = self._dumper.emit
        self._mark = f"text-{uuid4().hex}-"
        self._marked: list[str | bytes] = []

    def document(self, data: object, *, sort: bool) -> Iterator[str]:
        """``data`` as YAML, in parts. ``sort``: whether keys are sorted. Raises before the first part if ``data``
        cannot be written."""
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
        """Write a node, which PyYAML or a representer of the user's has made."""
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
        """The text that the emitter has written, with each mark replaced by its value."""
        before, *marked = written.split(self._mark)
        yield before
        for text in marked:
            number, _, after = text.partition("\n")  # a mark ends its line
            yield from self._marked_value(self._marked[int(number)], before[before.rfind("\n") + 1 :])
            yield "\n" + after
            before = after

    def _marked_value(self, value: str | bytes, line: str) -> Iterable[str]:
        """The YAML of ``value`` behind ``line``, which is the beginning of its line."""
        if isinstance(value, str) and "\n" not in value:
            return [_quoted(value)]
        opening = _OPENING.match(line)
        assert opening is not None
        # The indentation of the mapping or the sequence that has the value, and two blanks more.
        margin = " " * (len(opening[1]) + (2 if opening[2] else 0))
        if isinstance(value, str):
            return _block(value, margin)
        return chain([f"{self._dumper.binary} |"], _base64(value, margin))


def _has_astral(text: str) -> bool:
    return not text.isascii() and max(text) > "\uffff"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


#: A long text is written in slices of about so many characters.
_SLICE = 1 << 16


def _block(text: str, margin: str) -> Iterator[str]:
    indentation = "2" if text[0] in " \t\n" else ""
    ending = "-" if not text.endswith("\n") else "+" if text.endswith("\n\n") or text == "\n" else ""
    yield f"|{indentation}{ending}"
    start, end = 0, len(text) - text.endswith("\n")
    while start <= end:
        stop = text.find("\n", start + _SLICE, end)
        stop = end if stop < 0 else stop
        yield "".join([f"\n{margin}{line}" if line else "\n" for line in text[start:stop].split("\n")])
        start = stop + 1


#: How many lines of base64 are made at a time. Each line has 57 bytes, as PyYAML writes them.
_LINES = 500


def _base64(data: bytes, margin: str) -> Iterator[str]:
    start = b"\n" + margin.encode("ascii")
    for at in range(0, len(data), 57 * _LINES):
        encoded = base64.b64encode(data[at : at + 57 * _LINES])
        whole = len(encoded) // 76
        lines = struct.unpack_from("76s" * whole, encoded)
        last = encoded[76 * whole :]
        yield start.join([b"", *lines, last] if last else [b"", *lines]).decode("ascii")


def _place(item: tuple[object, object]) -> tuple[bool, str]:
    """The key by which the items of a mapping are sorted."""
    return item[0] not in _FIRST, str(item[0])


def write(data: Mapping[str, object], dumper: type[PlainDumper], *, sort: bool = True) -> Iterator[str]:
    """``data`` as YAML, in parts that are never in memory all at once. ``sort``: whether keys are sorted; otherwise
    they stay in their order. Raises before the first part if ``data`` cannot be written."""
    return _Writer(dumper).document(dict(data), sort=sort)


def dump(data: Mapping[str, object], dumper: type[PlainDumper], *, sort: bool = True) -> str:
    """``data`` as YAML; see ``write``."""
    return "".join(write(data, dumper, sort=sort))
