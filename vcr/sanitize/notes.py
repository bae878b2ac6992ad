"""Says what takes the place of each secret that is found, and notes it. It must not know a message, or how a secret is
found.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from .._http.text import as_bytes
from .finding import Shapes
from .placeholder import is_placeholder
from .rule import Rule


class Masked(NamedTuple):
    """A secret that was masked. ``rule``: the name of the rule that found the secret. ``place``: the place where it
    stood, such as ``request header Authorization``. ``placeholder``: the text that stands there now."""

    rule: str
    place: str
    placeholder: str


class Note(NamedTuple):
    """A secret that was found by ``rule``. ``is_new``: whether the message had the secret itself, and not its
    placeholder."""

    masked: Masked
    rule: Rule
    is_new: bool


class Writer:
    """The ``Put`` of the sanitizer: returns what takes the place of a secret, and notes it.

    ``new(rule, secret)``: returns the placeholder. ``place``: the place that is read now. ``shapes``: a secret with a
    known shape gets the name of its shape, whatever the name of its field.
    """

    def __init__(self, new: Callable[[Rule, str], str], shapes: Shapes) -> None:
        self._new = new
        self._shapes = shapes
        self.place = ""
        self.notes: list[Note] = []
        self._seen: set[str] = set()

    def at(self, place: str) -> Writer:
        """See ``Put``."""
        self.place = place
        return self

    def __call__(self, rule: Rule, secret: str) -> str:
        """See ``Put``."""
        # A secret of the request is a secret in the response, too, even if it does not look like one there.
        if rule.where != "shape" and not rule.fits(secret) and secret not in self._seen:
            return secret
        self._seen.add(secret)
        new = self._new(self._by_shape(rule, secret), secret)
        if new != secret or is_placeholder(new) or new == rule.replacement:
            self.notes.append(Note(Masked(rule.name, self.place, new), rule, new != secret))
        return new

    def _by_shape(self, rule: Rule, secret: str) -> Rule:
        """``rule`` with the name of the secret's shape, if it has one: elsewhere the secret is found by that shape, and
        must have the same placeholder."""
        data = as_bytes(secret) if rule.replacement is None else b""
        for start, end, shape in self._shapes.find(data):
            if (start, end) == (0, len(data)):
                return replace(rule, name=shape.name, chosen=shape.chosen)
        return rule
