"""The cassette, its interactions and placeholders, under Betamax's names."""

from .cassette import Cassette, dispatch_hooks
from .interaction import Interaction
from .placeholder import Placeholder

__all__ = ["Cassette", "Interaction", "Placeholder", "dispatch_hooks"]
