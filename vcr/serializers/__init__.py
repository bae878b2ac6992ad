"""Turns the plain data of a cassette into text, and back. A serializer has ``serialize(dict) -> str`` and
``deserialize(str) -> dict``. It must not know what the data means.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from importlib import import_module
from types import ModuleType
from typing import Any, Protocol

#: Plain data, which is what a file holds: mappings with text for keys, lists, text, bytes, numbers, dates, truths and
#: None. ``Data`` comes out of a file, and nobody has looked yet what stands in it; ``Plain`` is made here.
Data = Mapping[str, Any]
Plain = dict[str, Any]

#: How deep the data in a cassette may nest: far more than any cassette needs, and what a copy or a save can follow.
MAX_DEPTH = 200


class Deserializer(Protocol):
    """The half of a serializer that reads."""

    def deserialize(self, cassette_string: Any, /) -> Any:
        """The data in a text; raises CassetteLoadError when it cannot be read."""


class Serializer(Deserializer, Protocol):
    """Turns the plain data of a cassette into text and back. A module may be one."""

    def serialize(self, cassette_dict: Any, /) -> str:
        """The text of a cassette."""


class _Module:
    """One of the modules here, imported when it is first used: whoever writes JSON never waits for YAML."""

    def __init__(self, module: str) -> None:
        self._name = f"{__name__}.{module}"

    @functools.cached_property
    def _module(self) -> ModuleType:
        return import_module(self._name)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return _Module, (self._name.rpartition(".")[2],)

    def __repr__(self) -> str:
        return f"<serializer {self._name}>"


#: The serializer that is used where none is chosen.
YAML = _Module("yamlserializer")
JSON = _Module("jsonserializer")


class Text:
    """A serializer that writes in a way of its own, and reads all that ``language`` (``YAML``, ``JSON``) reads."""

    def __init__(self, name: str, language: _Module, serialize: Callable[[Mapping[str, object]], str]) -> None:
        self._name = name
        self._language = language
        self.serialize = serialize

    @property
    def deserialize(self) -> Callable[[str], object]:
        """The plain data in a text."""
        read: Callable[[str], object] = self._language.deserialize
        return read

    def __repr__(self) -> str:
        return f"<serializer {self._name}>"
