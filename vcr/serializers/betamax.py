"""Writes the JSON that Betamax writes, on one line. It reads any cassette that is in JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..formats import betamax
from .jsonserializer import deserialize, encode

__all__ = ["deserialize", "serialize"]


def serialize(cassette_dict: Mapping[str, Any]) -> str:
    """The cassette as Betamax's JSON."""
    return json.dumps(betamax.write(cassette_dict), default=encode)
