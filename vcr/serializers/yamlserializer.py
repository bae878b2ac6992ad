"""Room: plain data <-> YAML. No Python object is ever made from a file or written to one, save by ``with_custom_tags``.

Keys are sorted, as in VCR.py; header fields stay in their order.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import yaml
from yaml.constructor import SafeConstructor
from yaml.reader import ReaderError
from yaml.representer import Representer, RepresenterError, SafeRepresenter

from ..errors import CassetteLoadError
from . import jsonserializer, yamlpieces
from .yamlpieces import Pieces
from .yamlreader import STANDARD, TAGS, Tag, read

if TYPE_CHECKING:
    from yaml import SafeDumper as Dumper
else:
    # libyaml's emitter when PyYAML was built with it: the same result, several times faster.
    Dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

WIDE = 2**31 - 1  # lines are never folded: a folded line cannot be read in a diff
_IN_ORDER = ("headers", "trailers")

# -- writing -----------------------------------------------------------------------------------------------------------


class PlainDumper(Dumper):
    """Plain data, and nothing by reference."""

    def ignore_aliases(self, _: Any) -> bool:
        """Whether a value that is there twice is written twice."""
        return True


#: Types, and what makes a plain value of one of a class derived from them: an enum's, a header name of some library's.
_PLAIN: tuple[tuple[Any, Callable[[Any], Any]], ...] = (
    (str, str.__str__),  # str() would ask the class how it wants to be shown
    (bytes, bytes),
    (int, int),
    (float, float),
    (list, list),
    (tuple, list),
    (Mapping, dict),
)


def _represent_plain(dumper: Dumper, value: Any) -> yaml.Node:
    plain = next((make for kind, make in _PLAIN if isinstance(value, kind)), None)
    if plain is None:
        raise RepresenterError(f"a cassette cannot hold a {type(value).__name__} in YAML: {value!r}")
    return dumper.represent_data(plain(value))


def represent_text(dumper: Dumper, text: str) -> yaml.ScalarNode:
    """A string."""
    # PyYAML's own emitter lets the line ends of YAML 1.1 stand in single quotes, where they are read as blanks.
    style = '"' if any(mark in text for mark in "\r\x85\u2028\u2029") else None
    return dumper.represent_scalar(STANDARD + "str", text, style=style)


PlainDumper.add_representer(str, represent_text)
PlainDumper.add_representer(bytearray, lambda dumper, value: dumper.represent_binary(bytes(value)))
PlainDumper.add_multi_representer(object, _represent_plain)


#: What a block may hold: no character that is written in quotes only, and none that YAML 1.1 takes for a line's end.
_BLOCK = re.compile("[\t\n -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]*")


_OPENING = re.compile(r"( *(?:[-:?] )*)(.*)")


class _Layout:
    """Keys in order, and text as a person would write it: several lines as a block, an emoji as itself.

    libyaml's emitter quotes a text that has a tab, a blank at the end of a line, or an emoji. So it is given a mark in
    the place of such a text, and the text is put in when it is done.
    """

    def __init__(self) -> None:
        self._mark = f"text-{uuid4().hex}-"
        self._texts: list[str] = []

    def arrange(self, data: Any, *, sort: bool = True) -> Any:
        """``data`` as it is to be dumped."""
        if type(data) is dict:
            items = sorted(data.items(), key=lambda item: str(item[0])) if sort else data.items()
            return {key: self.arrange(value, sort=sort and key not in _IN_ORDER) for key, value in items}
        if type(data) in (list, tuple):
            return [self.arrange(item, sort=sort) for item in data]
        if type(data) is str and ("\n" in data or _has_astral(data)) and _BLOCK.fullmatch(data):
            self._texts.append(data)
            return f"{self._mark}{len(self._texts) - 1}"
        return data

    def fill(self, written: str) -> str:
        """What has been dumped, with the texts in the place of their marks."""
        before, *marked = written.split(self._mark)
        parts = [before]
        for piece in marked:
            number, _, after = piece.partition("\n")  # a mark is the last thing in its line
            line = before[before.rfind("\n") + 1 :]
            parts += [self._spelled(self._texts[int(number)], line), "\n", after]
            before = after
        return "".join(parts)

    def _spelled(self, text: str, line: str) -> str:
        """``text`` as it stands behind ``line``."""
        if "\n" not in text:
            return _quoted(text)
        opening = _OPENING.match(line)
        assert opening is not None
        # As deep as the mapping or the sequence that it is in, and two more.
        return _block(text, " " * (len(opening[1]) + (2 if opening[2] else 0)))


def _has_astral(text: str) -> bool:
    return not text.isascii() and max(text) > "\uffff"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _block(text: str, margin: str) -> str:
    indentation = "2" if text[0] in " \t\n" else ""
    ending = "-" if not text.endswith("\n") else "+" if text.endswith("\n\n") or text == "\n" else ""
    lines = text.removesuffix("\n").split("\n")
    return "\n".join([f"|{indentation}{ending}", *(margin + line if line else "" for line in lines)])


# -- the serializer ----------------------------------------------------------------------------------------------------


def dump(cassette_dict: Mapping[str, Any], dumper: type[Dumper], *, sort: bool = True) -> str:
    """``cassette_dict`` as YAML that a person can read; in its own order unless ``sort``."""
    layout = _Layout()
    data = layout.arrange(dict(cassette_dict), sort=sort)
    written: str = yaml.dump(
        data, Dumper=dumper, allow_unicode=True, sort_keys=False, width=WIDE, default_flow_style=False
    )
    return layout.fill(written)


def _load(cassette_string: str, tags: Mapping[str, Tag]) -> Any:
    try:
        return read(cassette_string, tags)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = mark.line + 1 if mark is not None else None
        raise CassetteLoadError(f"not readable as YAML: {error.problem}", line=line) from error
    except ReaderError as error:
        # Its position is in bytes or in characters: it depends on which parser it was.
        line = cassette_string.partition(chr(error.character))[0].count("\n") + 1
        raise CassetteLoadError(f"not readable as YAML: character #x{error.character:x}", line=line) from error


def serialize(cassette_dict: Mapping[str, Any]) -> str:
    """The cassette as YAML."""
    return dump(cassette_dict, PlainDumper)


def deserialize(cassette_string: str) -> Any:
    """The plain data in a YAML cassette, or one in JSON. Raises CassetteLoadError with the line when it is neither."""
    if cassette_string.lstrip()[:1] in ("{", "["):
        # JSON is YAML, but for its escapes: an emoji is two of them. What is not JSON may be YAML in flow style.
        with suppress(CassetteLoadError):
            return jsonserializer.deserialize(cassette_string)
    return _load(cassette_string, TAGS)


def split(cassette_string: str) -> Pieces | None:
    """The cassette in pieces, to be parsed when they are needed; None when it is not in the usual shape."""
    return yamlpieces.split(cassette_string, deserialize)


class CustomTagSerializer:
    """What ``with_custom_tags`` returns: ``serialize`` and ``deserialize`` as this module has them."""

    def __init__(self, constructors: Mapping[str, Callable[[Any, Any], Any]]) -> None:
        class CustomDumper(PlainDumper):
            pass

        class CustomConstructor(_Constructor):
            pass

        def represent(dumper: Any, value: Any) -> yaml.Node:
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

    def serialize(self, cassette_dict: Mapping[str, Any]) -> str:
        """The cassette as YAML, objects of the custom tags included."""
        return dump(cassette_dict, self._dumper)

    def deserialize(self, cassette_string: str) -> Any:
        """The data in a YAML cassette, objects of the custom tags included."""
        return _load(cassette_string, self._tags)


class _Nodes(SafeRepresenter):
    """Data as the node that PyYAML's constructors ask for; an object that has been made already stands for itself."""


class _Constructor(SafeConstructor):
    """What a constructor is given as its loader."""


_MADE = "!made"
_Nodes.add_multi_representer(object, lambda _, made: yaml.ScalarNode(_MADE, made))
_Constructor.add_constructor(_MADE, lambda _, node: node.value)


def _construct(constructor: type[SafeConstructor], tag: str, data: Any) -> Any:
    node = _Nodes().represent_data(data)
    node.tag = tag
    return constructor().construct_document(node)


def with_custom_tags(constructors: Mapping[str, Callable[[Any, Any], Any]]) -> CustomTagSerializer:
    """A serializer that reads and writes Python objects of these tags, and of no others.

    ``constructors``: for each whole tag (``tag:yaml.org,2002:python/object/new:app.Header``) what makes the object,
    called as ``constructor(loader, node)``. Hand the result to ``VCR.register_serializer``.
    """
    return CustomTagSerializer(constructors)
