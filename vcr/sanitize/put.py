"""What takes the place of a secret, as the files see it that read the places where secrets stand."""

from __future__ import annotations

from typing import Protocol

from .rule import Rule


class Put(Protocol):
    """Says what takes the place of a secret."""

    def at(self, place: str) -> Put:
        """The same for what is found at this place, such as ``request header Authorization``."""

    def __call__(self, rule: Rule, secret: str) -> str:
        """What takes the place of ``secret``, which this rule has found."""
