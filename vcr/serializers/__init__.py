"""Serializers: they turn the plain data of a cassette into text and back. A serializer has ``serialize(dict) -> str``
and ``deserialize(str) -> dict``, and must not know what the data means.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from importlib import import_module
from types import ModuleType
from typing import Any, Protocol

#: Plain data, which a file can hold: mappings with text for keys, lists, text, bytes, numbers, dates, booleans, None.
#: ``Data`` comes from a file and has not been checked; ``Plain`` is made by this package.
Data = Mapping[str, Any]
Plain = dict[str, Any]

#: How deep the data in a cassette may nest. No cassette needs so much, and recursive functions can follow it.
MAX_DEPTH = 200


class Deserializer(Protocol):
    """What reads the text of a cassette: a serializer, or an object with this method alone."""

    def deserialize(self, cassette_string: Any, /) -> Any:
        """The data in a text. Raises CassetteLoadError for a text that cannot be read."""


class Serializer(Deserializer, Protocol):
    """Turns the plain data of a cassette into text and back. A module may be one."""

    def serialize(self, cassette_dict: Any, /) -> str:
        """The text of a cassette."""


class Module:
    """A module of this package as a serializer, imported on first use: a program with JSON never imports PyYAML."""

    def __init__(self, module: str) -> None:
        self._name = f"{__name__}.{module}"

    @functools.cached_property
    def _module(self) -> ModuleType:
        return import_module(self._name)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return Module, (self._name.rpartition(".")[2],)

    def __repr__(self) -> str:
        return f"<serializer {self._name}>"


#: The default serializer.
YAML = Module("yamlserializer")
JSON = Module("jsonserializer")


class Text:
    """A serializer that writes with the function ``serialize``, and reads with ``language`` (``YAML`` or ``JSON``).

    ``name``: the name under which it is registered.
    """

    def __init__(self, name: str, language: Module, serialize: Callable[[Mapping[str, object]], str]) -> None:
        self._name = name
        self._language = language
        self.serialize = serialize

    @property
    def deserialize(self) -> Callable[[str], object]:
        """The function that returns the plain data in a text."""
        read: Callable[[str], object] = self._language.deserialize
        return read

    def __repr__(self) -> str:
        return f"<serializer {self._name}>"
