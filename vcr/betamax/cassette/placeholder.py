"""Betamax's placeholders. What replaces them in a cassette is ``vcr._placeholders``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypedDict

Replaced = str | bytes | Sequence[str | bytes] | None


class PlaceholderData(TypedDict):
    """A placeholder as Betamax's users write it."""

    placeholder: str
    replace: Replaced


class Placeholder(NamedTuple):
    """``placeholder`` stands in the cassette where ``replace`` stood in the traffic: text, bytes, or a list of them
    (header values are lists). None and the empty hide nothing."""

    placeholder: str
    replace: Replaced

    @classmethod
    def from_dict(cls, dictionary: PlaceholderData) -> Placeholder:
        """One from Betamax's dictionary."""
        return cls(dictionary["placeholder"], dictionary["replace"])

    def unpack(self, serializing: bool) -> tuple[Replaced, Replaced]:
        """``(old, new)`` on the way into a cassette, or out of it."""
        return (self.replace, self.placeholder) if serializing else (self.placeholder, self.replace)


def merge_placeholder_lists(
    defaults: Sequence[PlaceholderData], overrides: Sequence[PlaceholderData]
) -> list[PlaceholderData]:
    """``defaults`` in order, each replaced by an override with the same placeholder; then the other overrides."""
    replacing = {item["placeholder"]: item for item in overrides}
    known = {item["placeholder"] for item in defaults}
    merged = [replacing.get(item["placeholder"], item) for item in defaults]
    return [*merged, *(item for item in overrides if item["placeholder"] not in known)]


def pairs(placeholders: Iterable[Placeholder]) -> list[tuple[str, object]]:
    """Pairs for ``vcr._placeholders``, of which the last of a kind counts: in Betamax it is the first."""
    found = []
    for placeholder, replace in placeholders:
        found += [(placeholder, one) for one in (replace if isinstance(replace, (list, tuple)) else (replace,))]
    return found[::-1]
