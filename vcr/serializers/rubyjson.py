"""Writes the JSON of Ruby VCR. It reads any cassette that is in JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..formats import ruby
from .jsonserializer import deserialize

__all__ = ["deserialize", "serialize"]


def serialize(cassette_dict: Mapping[str, Any]) -> str:
    """The cassette as Ruby VCR's JSON."""
    return json.dumps(ruby.write(cassette_dict), indent=2, default=_as_text) + "\n"


def _as_text(value: Any) -> str:
    """JSON has no bytes: those that are not UTF-8 are told by the surrogates in whose place they stand."""
    if isinstance(value, (bytes, bytearray)):
        return value.decode("utf-8", "surrogateescape")
    raise TypeError(f"a cassette cannot hold a {type(value).__name__} in JSON: {value!r}")
