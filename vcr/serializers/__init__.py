"""Turns the plain data of a cassette into text, and back. A serializer has ``serialize(dict) -> str`` and
``deserialize(str) -> dict``. It must not know what the data means.
"""

from __future__ import annotations

import functools
from importlib import import_module
from typing import Any

_MODULES = {
    "yaml": "yamlserializer",
    "json": "jsonserializer",
    "betamax": "betamax",
    "prettyjson": "prettyjson",
    "ruby": "ruby",
    "rubyjson": "rubyjson",
}


class _Serializer:
    """One of the modules here, imported when it is first used: whoever writes JSON never waits for YAML."""

    def __init__(self, module: str) -> None:
        self._name = f"{__name__}.{module}"

    @functools.cached_property
    def _module(self) -> Any:
        return import_module(self._name)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)

    def __repr__(self) -> str:
        return f"<serializer {self._name}>"


#: The serializer that is used where none is chosen.
YAML = _Serializer(_MODULES["yaml"])


def builtin() -> dict[str, Any]:
    """The serializers that every ``VCR`` starts with, by name."""
    return {name: YAML if name == "yaml" else _Serializer(module) for name, module in _MODULES.items()}
