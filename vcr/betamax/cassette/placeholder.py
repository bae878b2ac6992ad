"""Betamax's placeholders: their values, and how two lists of them are merged. It must not know a cassette:
``vcr._placeholders`` puts placeholders into one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypedDict

Replaced = str | bytes | Sequence[str | bytes] | None


class PlaceholderData(TypedDict):
    """The dictionary with which users of Betamax define a placeholder."""

    placeholder: str
    replace: Replaced


class Placeholder(NamedTuple):
    """``placeholder`` stands in the cassette in the place of ``replace``, which is text, bytes, or a list of these
    (header values are lists). A ``replace`` that is None or empty masks nothing."""

    placeholder: str
    replace: Replaced

    @classmethod
    def from_dict(cls, dictionary: PlaceholderData) -> Placeholder:
        """The placeholder that a dictionary of the user's defines."""
        return cls(dictionary["placeholder"], dictionary["replace"])

    def unpack(self, serializing: bool) -> tuple[Replaced, Replaced]:
        """``(old, new)``: what is replaced by what. ``serializing``: on the way into a cassette, else out of it."""
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
    """The pairs of placeholder and secret for ``vcr._placeholders``, in reverse order: there the last of two equal ones
    counts, in Betamax the first."""
    found = []
    for placeholder, replace in placeholders:
        found += [(placeholder, one) for one in (replace if isinstance(replace, (list, tuple)) else (replace,))]
    return found[::-1]
