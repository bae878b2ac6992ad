"""Says what a value in YAML is as plain data: a value without quotes (``5``, ``null``, ``2026-01-01``), or with a tag.
No object is made that a tag names: the Python tags that VCR.py has written, and the Ruby tags of Ruby VCR, are read as
plain data. This module must not know where the value stands.
"""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import yaml
from yaml.constructor import SafeConstructor

from . import Data

STANDARD = "tag:yaml.org,2002:"

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
TYPES: dict[str, Tag] = {
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
        "python/long": TYPES[STANDARD + "int"],
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


def meaning_of(tag: str, tags: Mapping[str, Tag]) -> Tag | None:
    """The function for ``tag``: YAML's own, one in ``tags``, or that of an object of aiohttp; None if there is none."""
    known = TYPES.get(tag) or tags.get(tag)
    return known or next((read for start, read in _OF_AIOHTTP if tag.startswith(start)), None)


# -- plain scalars -----------------------------------------------------------------------------------------------------


class _Merge(str):
    """The key ``<<`` without quotes: the mapping in its value is merged into the mapping that has the key."""

    __slots__ = ()


MERGE = _Merge("<<")
IMPLICIT: Mapping[str, Sequence[tuple[str, re.Pattern[str]]]] = yaml.SafeLoader.yaml_implicit_resolvers


def plain(text: str) -> object:
    """The value of a scalar without quotes: a number, a date, a boolean, None, or the text itself."""
    if len(text) > _LONGEST_NUMBER:
        return text
    for tag, pattern in IMPLICIT.get(text[:1], ()):
        if pattern.match(text):
            return MERGE if text == "<<" else TYPES[tag](text)
    return text


#: The types of YAML 1.1 that YAML 1.2 does not have.
_OF_1_1 = (STANDARD + "timestamp", STANDARD + "merge")


def plain_of_1_2(text: str) -> object:
    """The value of a scalar without quotes in YAML 1.2, which has no dates, and no numbers with a colon (``1:30``)."""
    if len(text) > _LONGEST_NUMBER or ":" in text:
        return text
    for tag, pattern in IMPLICIT.get(text[:1], ()):
        if pattern.match(text):
            return text if tag in _OF_1_1 else TYPES[tag](text)
    return text


def is_text(text: str) -> bool:
    """Whether ``text`` without quotes is read as text by every reader of YAML 1.1."""
    return not any(pattern.match(text) for _, pattern in IMPLICIT.get(text[:1], ()))
