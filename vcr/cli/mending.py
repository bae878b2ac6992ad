"""Masks secrets in the text of a cassette, in place: every byte that is no part of a secret stays. It must not know
how a secret is found, or a file.

What has changed between an interaction and its masked copy are values: an address, a header, a body. Each is looked for
in the text. Where a secret stands in its source as it is, the secret alone is replaced; else (base64, escapes) the
value is written anew, in the way in which it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from .._http import content_coding
from .._http.text import as_bytes
from ..request import Request
from ..response import Response
from .leaves import Leaf, leaves_of

#: What follows from the length of a body, and is looked for under its own name alone.
LENGTHS = ("content-length", "chunks")


class Masking(NamedTuple):
    """An interaction and its masked copy. ``number``: its place, from 0 on."""

    number: int
    before: tuple[Request, Response]
    after: tuple[Request, Response]


class Edit(NamedTuple):
    """``new`` instead of ``old``, which is at ``start``. ``interaction``: from 0 on; -1 where it is in none."""

    start: int
    old: str
    new: str
    interaction: int
    side: str


class Secrets(NamedTuple):
    """Secrets, each with its placeholder. ``anywhere``: those that are secret wherever they stand."""

    all: Mapping[str, str]
    anywhere: Mapping[str, str]


def edits(text: str, maskings: Sequence[Masking], secrets: Secrets) -> list[Edit]:
    """What is to be replaced in a text. Raises CassetteLoadError for one that is neither YAML nor JSON."""
    changes = {masking.number: changes_of(masking) for masking in maskings}
    for masking in maskings:  # Betamax has the URI in the response, too
        changes[masking.number]["response"].update(_changed([("url", masking.before[0].uri, masking.after[0].uri)]))
    made = []
    for leaf in leaves_of(text):
        number = -1 if leaf.interaction is None else leaf.interaction
        new = _new_source(leaf, changes.get(number, {}).get(leaf.side, {}), secrets)
        if new != leaf.source:
            made.append(Edit(leaf.start, leaf.source, new, number, leaf.side))
    return sorted(made)


def mended(text: str, made: Sequence[Edit]) -> str:
    """The text with these replacements, which are in order."""
    parts, last = [], 0
    for edit in made:
        parts += [text[last : edit.start], edit.new]
        last = edit.start + len(edit.old)
    return "".join((*parts, text[last:]))


# -- what has changed --------------------------------------------------------------------------------------------------

Value = str | bytes
#: By the name under which a value stands, or by none, and the value: what the value is now.
Changes = dict[tuple[str, Value], Value]


def changes_of(masking: Masking) -> dict[str, Changes]:
    """What has changed in the request, and what in the response."""
    (request, response), (kept, data) = masking.before, masking.after
    pairs = zip(request.headers.pairs(), kept.headers.pairs(), strict=False)
    asked = [("uri", request.uri, kept.uri), ("body", request.body, kept.body)]
    asked += [(name, old, new) for (name, old), (_, new) in pairs]
    answered = [*_differences("", response.data, data.data), _decoded(response, data)]
    return {"request": dict(_changed(asked)), "response": dict(_changed(answered))}


def _decoded(before: Response, after: Response) -> tuple[str, bytes, bytes]:
    """The body without its content codings: HAR has both."""
    old, new = (content_coding.decode(one.body, content_coding.of(one.headers))[0] for one in (before, after))
    return "", old, new


def _differences(name: str, old: object, new: object) -> Iterator[tuple[str, object, object]]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in old:
            yield from _differences(str(key), old[key], new.get(key))
    elif isinstance(old, list) and isinstance(new, list):
        for one, other in zip(old, new, strict=False):
            yield from _differences(name, one, other)
    else:
        yield name, old, new


def _changed(values: Any) -> Iterator[tuple[tuple[str, Value], Value]]:
    for name, old, new in values:
        if old != new and isinstance(old, (str, bytes)) and isinstance(new, (str, bytes)):
            key = name.lower() if name.lower() in LENGTHS else ""
            yield (key, bytes_of(old)), new


def bytes_of(value: Value) -> bytes:
    """A text as it is sent; bytes as they are."""
    return as_bytes(value) if isinstance(value, str) else value


# -- how it is written -------------------------------------------------------------------------------------------------


def _new_source(leaf: Leaf, changes: Changes, secrets: Secrets) -> str:
    """The source of a value as it is to be; the same where nothing is to be replaced, or nothing can be."""
    key = leaf.name if leaf.name in LENGTHS else ""
    found = changes.get((key, bytes_of(leaf.value)))
    if found is None:
        leaf = leaf.in_base64() if (key, bytes_of(leaf.in_base64().value)) in changes else leaf
        found = changes.get((key, bytes_of(leaf.value)))
    if found is None:  # What else holds a secret: HAR has a cookie twice.
        replaced = _replaced(leaf.source, secrets.anywhere)
        return replaced if not key and leaf.read(replaced) is not None else leaf.source
    new = _like(leaf.value, found)
    if new is None:
        return leaf.source
    value = leaf.value if isinstance(leaf.value, str) else ""
    tried = [_replaced(leaf.source, secrets.anywhere), _replaced(leaf.source, secrets.all), leaf.written(new)]
    if value and isinstance(new, str):
        tried.insert(0, leaf.source.replace(value, new))
    return next((source for source in tried if leaf.read(source) == new), leaf.source)


def _replaced(source: str, secrets: Mapping[str, str]) -> str:
    for secret in sorted(secrets, key=len, reverse=True):
        source = source.replace(secret, secrets[secret])
    return source


def _like(value: Value, new: Value) -> Value | None:
    """``new`` as text or as bytes, as ``value`` is; None where it is no text."""
    if isinstance(value, bytes):
        return bytes_of(new)
    try:
        return new if isinstance(new, str) else new.decode("utf-8")
    except UnicodeDecodeError:
        return None
