"""The interface between the modules that read the places of secrets in a message, and the module that decides what
takes the place of a secret. It has no logic.
"""

from __future__ import annotations

from typing import Protocol

from .rule import Rule


class Put(Protocol):
    """A function that says what takes the place of a secret."""

    def at(self, place: str) -> Put:
        """The function for secrets at ``place``, such as ``request header Authorization``."""

    def __call__(self, rule: Rule, secret: str) -> str:
        """The text that takes the place of ``secret``, which ``rule`` has found; ``secret`` itself if that stays."""
