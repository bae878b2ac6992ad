"""The values in the text of a cassette, each with its place: YAML and JSON. It must not know what they mean."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import yaml

from .._http.json_texts import texts
from ..errors import CassetteLoadError
from .lines import LISTS

_BINARY = "tag:yaml.org,2002:binary"
_BASE64_KEY = "base64_string"


class Leaf(NamedTuple):
    """A value in ``text[start:end]``, which is ``source``. ``keys``: the way to it, from the top.

    ``value``: bytes where the text has them in base64, else text: in YAML, of a number the digits.
    """

    start: int
    end: int
    source: str
    keys: tuple[str | int, ...]
    value: str | bytes
    is_json: bool

    @property
    def interaction(self) -> int | None:
        """In which interaction it is, from 0 on; None where it is in none."""
        for before, key in zip(("interactions", *self.keys), self.keys, strict=False):
            if isinstance(key, int):
                return key if before in LISTS else None
        return None

    @property
    def side(self) -> str:
        """``request`` or ``response``; empty where it is in neither."""
        return next((key for key in self.keys if key in ("request", "response")), "")

    @property
    def name(self) -> str:
        """The key under which it stands, alone or in a list, in lower case."""
        return next((key.lower() for key in reversed(self.keys) if isinstance(key, str)), "")

    def in_base64(self) -> Leaf:
        """The same, its text taken for base64 (a body in HAR)."""
        return self._replace(value=_bytes(self.value) if isinstance(self.value, str) else self.value)

    def written(self, new: str | bytes) -> str:
        """Another value as this one is written."""
        if isinstance(new, bytes):
            return self._in_base64(new)
        if self.is_json:
            return json.dumps(new, ensure_ascii=self.source.isascii())
        return json.dumps(new, ensure_ascii=False) + self._tail  # (which is YAML, too)

    @property
    def _tail(self) -> str:
        """The line feeds at the end of a block."""
        return self.source[len(self.source.rstrip("\n")) :]

    def _in_base64(self, new: bytes) -> str:
        letters = base64.b64encode(new).decode("ascii")
        if self.is_json:
            return f'"{letters}"'
        head, _, block = self.source.partition("\n")
        indent = block[: len(block) - len(block.lstrip(" "))]
        if not block:
            return f"{head.split()[0]} {letters}" if head.startswith("!") else letters
        width = len(block.split("\n")[0]) - len(indent)
        lines = [indent + letters[at : at + width] for at in range(0, len(letters), width)]
        return "\n".join((head, *lines)) + self._tail

    def read(self, source: str) -> str | bytes | None:
        """The value of another source in this place; None where that is none."""
        try:
            found = _json_leaves(source) if self.is_json else _yaml_leaves(f"- {source}")
            (leaf,) = found
        except (CassetteLoadError, ValueError):
            return None
        if isinstance(self.value, bytes) and isinstance(leaf.value, str):
            return _bytes(leaf.value)
        return leaf.value


def leaves_of(text: str) -> list[Leaf]:
    """Every value in the text. Raises CassetteLoadError for what is neither YAML nor JSON."""
    is_json = text.lstrip("\ufeff \t\r\n")[:1] in ("{", "[")
    return list(_json_leaves(text) if is_json else _yaml_leaves(text))


def _bytes(letters: str) -> str | bytes:
    """What stands in base64; the text as it is where it is none."""
    try:
        return base64.b64decode("".join(letters.split()), validate=True)
    except (binascii.Error, ValueError):
        return letters


# -- YAML --------------------------------------------------------------------------------------------------------------


def _yaml_leaves(text: str) -> Iterator[Leaf]:
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        root = yaml.compose(text, loader)
    except yaml.YAMLError as error:
        raise CassetteLoadError(f"not readable as YAML: {error}") from error
    seen: set[int] = set()
    rest: list[tuple[Any, tuple[str | int, ...]]] = [(root, ())] if root is not None else []
    while rest:
        node, keys = rest.pop()
        if id(node) in seen:
            continue  # (the same node under another name)
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            rest += [(value, (*keys, str(key.value))) for key, value in node.value]
        elif isinstance(node, yaml.SequenceNode):
            rest += [(value, (*keys, place)) for place, value in enumerate(node.value)]
        else:
            start, end = node.start_mark.index, node.end_mark.index
            value = _bytes(node.value) if node.tag == _BINARY else node.value
            yield Leaf(start, end, text[start:end], keys, value, is_json=False)


# -- JSON --------------------------------------------------------------------------------------------------------------


def _json_leaves(text: str) -> Iterator[Leaf]:
    for start, end, keys in texts(text):
        source = text[start:end]
        value = json.loads(source, strict=False)
        yield Leaf(start, end, source, keys, _bytes(value) if keys[-1:] == (_BASE64_KEY,) else value, is_json=True)
