"""Writes the JSON of Betamax's ``prettyjson``: indented, keys sorted, header fields in their order. It reads any
cassette that is in JSON.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..formats import betamax
from .jsonserializer import deserialize, encode

__all__ = ["deserialize", "serialize"]

_IN_ORDER = ("headers", "trailers")


def serialize(cassette_dict: Mapping[str, Any]) -> str:
    """The cassette as Betamax's JSON, for people to read."""
    return json.dumps(_sorted(betamax.write(cassette_dict)), indent=2, default=encode)


def _sorted(data: Any) -> Any:
    if isinstance(data, Mapping):
        items = sorted(data.items(), key=lambda item: str(item[0]))
        return {key: value if key in _IN_ORDER else _sorted(value) for key, value in items}
    return [_sorted(item) for item in data] if isinstance(data, (list, tuple)) else data
