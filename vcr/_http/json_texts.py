"""The texts in JSON, each with its place: so that one can be changed and every other byte stays. It must not know what
they mean.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import NamedTuple

_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\],:]', re.DOTALL)


class Place(NamedTuple):
    """A text that stands, with its quotes, in ``json_text[start:end]``. ``keys``: the way to it, from the top."""

    start: int
    end: int
    keys: tuple[str | int, ...]


def texts(json_text: str) -> Iterator[Place]:
    """Every text that is a value, in JSON that can be read."""
    keys: list[str | int] = []  # of what is read: a key or a number for each object and list that is open
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
