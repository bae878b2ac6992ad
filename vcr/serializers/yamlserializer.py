"""Room: plain data <-> YAML. No Python object is ever made from a file or written to one, save by ``with_custom_tags``.

Keys are sorted, as in VCR.py; header fields stay in their order.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import yaml
from yaml.reader import ReaderError
from yaml.representer import Representer, RepresenterError

from ..errors import CassetteLoadError
from . import jsonserializer

if TYPE_CHECKING:
    from yaml import SafeDumper as Dumper
    from yaml import SafeLoader as Loader
else:
    # libyaml's classes when PyYAML was built with it: the same result, several times faster.
    Dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

WIDE = 2**31 - 1  # lines are never folded: a folded line cannot be read in a diff
_STANDARD = "tag:yaml.org,2002:"
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
    return dumper.represent_scalar(_STANDARD + "str", text, style=style)


PlainDumper.add_representer(str, represent_text)
PlainDumper.add_representer(bytearray, lambda dumper, value: dumper.represent_binary(bytes(value)))
PlainDumper.add_multi_representer(object, _represent_plain)


#: What a block may hold: no character that is written in quotes only, and none that YAML 1.1 takes for a line's end.
_BLOCK = re.compile("[\t\n -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]*")


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
        return re.sub(rf"^( *(?:[-:?] )*)(.*){self._mark}(\d+)$", self._filled, written, flags=re.MULTILINE)

    def _filled(self, line: re.Match[str]) -> str:
        text = self._texts[int(line[3])]
        if "\n" not in text:
            return f"{line[1]}{line[2]}" + _quoted(text)
        # As deep as the mapping or the sequence that it is in, and two more.
        return f"{line[1]}{line[2]}" + _block(text, " " * (len(line[1]) + (2 if line[2] else 0)))


def _has_astral(text: str) -> bool:
    return not text.isascii() and max(text) > "\uffff"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _block(text: str, margin: str) -> str:
    indentation = "2" if text[0] in " \t\n" else ""
    ending = "-" if not text.endswith("\n") else "+" if text.endswith("\n\n") or text == "\n" else ""
    lines = text.removesuffix("\n").split("\n")
    return "\n".join([f"|{indentation}{ending}", *(margin + line if line else "" for line in lines)])


# -- reading -----------------------------------------------------------------------------------------------------------


class _Loader(Loader):
    """Plain data, and the tags that VCR.py's cassettes carry, read as what they stand for."""


def _line(node: yaml.Node) -> int | None:
    return node.start_mark.line + 1 if node.start_mark is not None else None


def _shown(tag: str) -> str:
    return "!!" + tag.removeprefix(_STANDARD) if tag.startswith(_STANDARD) else tag


def _refuse(_: Any, node: yaml.Node) -> Any:
    message = f"the tag {_shown(node.tag)} stands for an object that is not made from a cassette"
    raise CassetteLoadError(f"{message}; see yamlserializer.with_custom_tags", line=_line(node))


def _plain(loader: Any, node: yaml.Node) -> Any:
    """What stands behind the tag."""
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_scalar(node)


def _tuple(loader: Any, node: yaml.Node) -> Any:
    return tuple(loader.construct_sequence(node, deep=True))


def _binary(loader: Any, node: yaml.Node) -> Any:
    # PyYAML's own skips what is not base64, and loses it.
    try:
        return base64.b64decode("".join(loader.construct_scalar(node).split()), validate=True)
    except ValueError as error:
        raise CassetteLoadError(f"not readable as base64: {error}", line=_line(node)) from error


def _integer(loader: Any, node: yaml.Node) -> Any:
    return loader.construct_yaml_int(node)


def _first(loader: Any, node: yaml.Node) -> Any:
    """The first argument of a call: ``iter([...])``, ``frozenset([...])``."""
    data = _plain(loader, node)
    arguments = data.get("args") if isinstance(data, dict) else data
    if not isinstance(arguments, (list, tuple)) or not arguments:
        raise CassetteLoadError(f"the tag {_shown(node.tag)} has no content", line=_line(node))
    return arguments[0]


def _file(loader: Any, node: yaml.Node) -> Any:
    """The whole content of an open file, however far it had been read."""
    data = _plain(loader, node)
    if isinstance(data, dict) and "buf" in data:
        return "".join((data["buf"], *data.get("buflist", ())))  # Python 2's StringIO
    if isinstance(data, dict) and isinstance(data.get("state"), (list, tuple)) and data["state"]:
        return data["state"][0]
    return _first(loader, node)


def _string(loader: Any, node: yaml.Node) -> Any:
    """A Ruby string with instance variables, which stand beside it."""
    data = _plain(loader, node)
    return data.get("str") if isinstance(data, dict) else data


#: Python tags that VCR.py has written, from 2012 to this day, and how to read them without making any object.
TAGS: dict[str, Callable[[Any, Any], Any]] = {
    "python/unicode": _plain,
    "python/str": _plain,
    "python/long": _integer,
    "python/tuple": _tuple,
    "python/object:vcr.request.Request": _plain,
    "python/object/apply:__builtin__.frozenset": _first,
    "python/object/apply:builtins.frozenset": _first,
    "python/object/apply:__builtin__.iter": _first,
    "python/object/apply:builtins.iter": _first,
    "python/object/new:_io.BytesIO": _file,
    "python/object/new:_io.StringIO": _file,
    "python/object:StringIO.StringIO": _file,
}

#: Ruby's: what VCR 1.x is a list of, and what Ruby's YAML makes of symbols, bytes and strings that carry more.
RUBY_TAGS: dict[str, Callable[[Any, Any], Any]] = {
    "!ruby/struct:VCR::HTTPInteraction": _plain,
    "!ruby/struct:VCR::Request": _plain,
    "!ruby/struct:VCR::Response": _plain,
    "!ruby/struct:VCR::ResponseStatus": _plain,
    "!ruby/sym": _plain,
    "!ruby/symbol": _plain,
    "!ruby/string": _string,
    "!str": _string,
    "!binary": _binary,
}

for _tag, _constructor in TAGS.items():
    _Loader.add_constructor(_STANDARD + _tag, _constructor)
for _tag, _constructor in RUBY_TAGS.items():
    _Loader.add_constructor(_tag, _constructor)
_Loader.add_constructor(_STANDARD + "binary", _binary)
_Loader.add_constructor(None, _refuse)


# -- the serializer ----------------------------------------------------------------------------------------------------


def dump(cassette_dict: Mapping[str, Any], dumper: type[Dumper], *, sort: bool = True) -> str:
    """``cassette_dict`` as YAML that a person can read; in its own order unless ``sort``."""
    layout = _Layout()
    data = layout.arrange(dict(cassette_dict), sort=sort)
    written: str = yaml.dump(
        data, Dumper=dumper, allow_unicode=True, sort_keys=False, width=WIDE, default_flow_style=False
    )
    return layout.fill(written)


def _load(cassette_string: str, loader: type[Loader]) -> Any:
    try:
        return yaml.load(cassette_string, Loader=loader)
    except CassetteLoadError:
        raise
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = mark.line + 1 if mark is not None else None
        raise CassetteLoadError(f"not readable as YAML: {error.problem}", line=line) from error
    except ReaderError as error:
        # Its position is in bytes or in characters: it depends on which loader it was.
        line = cassette_string.partition(chr(error.character))[0].count("\n") + 1
        raise CassetteLoadError(f"not readable as YAML: character #x{error.character:x}", line=line) from error
    except (RecursionError, ValueError, TypeError, AttributeError) as error:
        # A scalar that is not what its tag says.
        raise CassetteLoadError(f"not readable as YAML: {error}") from error


def serialize(cassette_dict: Mapping[str, Any]) -> str:
    """The cassette as YAML."""
    return dump(cassette_dict, PlainDumper)


def deserialize(cassette_string: str) -> Any:
    """The plain data in a YAML cassette, or one in JSON. Raises CassetteLoadError with the line when it is neither."""
    if cassette_string.lstrip()[:1] in ("{", "["):
        # JSON is YAML, but for its escapes: an emoji is two of them. What is not JSON may be YAML in flow style.
        with suppress(CassetteLoadError):
            return jsonserializer.deserialize(cassette_string)
    return _load(cassette_string, _Loader)


class CustomTagSerializer:
    """What ``with_custom_tags`` returns: ``serialize`` and ``deserialize`` as this module has them."""

    def __init__(self, constructors: Mapping[str, Callable[[Any, Any], Any]]) -> None:
        class CustomDumper(PlainDumper):
            pass

        class CustomLoader(_Loader):
            pass

        def represent(dumper: Any, value: Any) -> yaml.Node:
            node = Representer.represent_object(dumper, value)
            return node if node.tag in constructors else _represent_plain(dumper, value)

        CustomDumper.add_multi_representer(object, represent)
        for tag, constructor in constructors.items():
            CustomLoader.add_constructor(tag, constructor)
        self._dumper, self._loader = CustomDumper, CustomLoader

    def serialize(self, cassette_dict: Mapping[str, Any]) -> str:
        """The cassette as YAML, objects of the custom tags included."""
        return dump(cassette_dict, self._dumper)

    def deserialize(self, cassette_string: str) -> Any:
        """The data in a YAML cassette, objects of the custom tags included."""
        return _load(cassette_string, self._loader)


def with_custom_tags(constructors: Mapping[str, Callable[[Any, Any], Any]]) -> CustomTagSerializer:
    """A serializer that reads and writes Python objects of these tags, and of no others.

    ``constructors``: for each whole tag (``tag:yaml.org,2002:python/object/new:app.Header``) what makes the object,
    called as ``constructor(loader, node)``. Hand the result to ``VCR.register_serializer``.
    """
    return CustomTagSerializer(constructors)
