"""Finds the strings in a JSON text and where each stands, so that one of them can be replaced and every other byte
stays. It must not know what the strings mean.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import NamedTuple

_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\],:]', re.DOTALL)


class Place(NamedTuple):
    """Where a string stands: with its quotes, in ``json_text[start:end]``. ``keys``: the path to it from the top, a key
    for each object and a number for each list."""

    start: int
    end: int
    keys: tuple[str | int, ...]


def texts(json_text: str) -> Iterator[Place]:
    """The place of every string that is a value, not a key. ``json_text`` must be valid JSON."""
    keys: list[str | int] = []  # the path to the next value
    is_key = False
    for found in _TOKEN.finditer(json_text):
        token = found[0]
        if token == "{":
            keys.append("")
            is_key = True
        elif token == "[":
            keys.append(0)
            is_key = False
        elif token in ("}", "]"):
            keys.pop()
        elif token == ",":
            last = keys[-1]
            is_key = isinstance(last, str)
            if isinstance(last, int):
                keys[-1] = last + 1
        elif token == ":":
            is_key = False
        elif is_key:
            keys[-1] = str(json.loads(token, strict=False))
        else:
            yield Place(*found.span(), tuple(keys))
