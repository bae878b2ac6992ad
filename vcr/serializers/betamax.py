"""Room: plain data <-> the JSON that Betamax writes, in one line. What is read may be any cassette in JSON."""

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
