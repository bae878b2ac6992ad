"""Finds what a filter or a hook of a program has written in the place of a secret. It must not know a hook.

Such a text is no secret: a program that replaces its tokens by itself finds its own words in the file.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from urllib.parse import unquote_plus

from .._http.text import as_bytes
from .finding import Shapes

#: A text is taken from a secret if it has so many characters in a row from it, or a shorter secret as a whole.
_SHARED = 12
#: A shorter secret may stand in any text.
_SHORTEST = 4


def written(before: Mapping[str, Sequence[str]], after: Mapping[str, Sequence[str]], shapes: Shapes) -> set[str]:
    """The texts that stand in the places of secrets now. ``before``, ``after``: by place, the secrets of a message.

    A text with the shape of a well-known token is not among them, nor is a text that was a secret of the message
    before, or that has a part of such a secret: a hook may move a secret to another place, or decode it. What stands
    where no secret was is not among them, either: a hook may have decoded a body.
    """
    secrets = {spelling for found in before.values() for secret in found for spelling in _spellings(secret)}
    new = {text for place in before.keys() & after.keys() for text in after[place]}.difference(secrets)
    return {text for text in new if not any(shapes.find(as_bytes(text))) and not _has_part_of(text, secrets)}


def _spellings(secret: str) -> Iterator[str]:
    """The secret as it is, and without an encoding that it may be in."""
    yield secret
    yield unquote_plus(secret)
    with suppress(ValueError):
        yield bytes.fromhex(secret).decode("utf-8")
    with suppress(ValueError):
        yield base64.b64decode(secret.translate(_OF_BASE64) + "=" * (-len(secret) % 4)).decode("utf-8")


_OF_BASE64 = str.maketrans("-_", "+/")


def _has_part_of(text: str, secrets: set[str]) -> bool:
    return any(
        secret[start : start + _SHARED] in text
        for secret in secrets
        if len(secret) >= _SHORTEST
        for start in range(max(1, len(secret) - _SHARED + 1))
    )
