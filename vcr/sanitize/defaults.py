"""The default rules: those that go by name, and those that go by shape. It must not know how a secret is found."""

from __future__ import annotations

from . import names, shapes

RULES = (*names.RULES, *shapes.RULES)
