"""What ``cassette.data`` and ``cassette.play_counts`` return: a list and a counter. What a program changes in them is
changed in the cassette. This file must not know when a cassette records or replays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, MutableSequence
from typing import TYPE_CHECKING, Any

from ._engine.interaction import Interaction
from .request import Request
from .response import Response, ResponseDict
from .serializers.compat import convert_body_to_unicode

if TYPE_CHECKING:
    from .cassette import Cassette


class Pairs(MutableSequence[tuple[Request, ResponseDict]]):
    """``cassette.data``: VCR.py's users append to this list, delete from it, and compare it with others."""

    def __init__(self, cassette: Cassette) -> None:
        self._cassette = cassette

    def __len__(self) -> int:
        return len(self._cassette.held())

    def __getitem__(self, index: Any) -> Any:
        found = self._cassette.held()[index]
        return [self._pair(one) for one in found] if isinstance(index, slice) else self._pair(found)

    def _pair(self, interaction: Interaction) -> tuple[Request, ResponseDict]:
        """The request and the response dictionary of an interaction, in the shape that VCR.py shows.

        The body is bytes until the cassette is saved, and then text: VCR.py's serializer changes the dictionary itself.
        With a ``before_save_interaction`` hook VCR.py saves a copy, and the body stays bytes.
        """
        cassette = self._cassette
        request, response = cassette.seen(interaction)
        is_saved = cassette.has_saved and not cassette.dirty and cassette.pipeline.before_save_interaction is None
        if not is_saved or not isinstance(response.data.get("body"), dict):
            return request, response.data
        return request, convert_body_to_unicode({**response.data, "body": {**response.data["body"]}})

    def __setitem__(self, index: Any, value: Any) -> None:
        held = self._cassette.held()
        held[index] = [_interaction(pair) for pair in value] if isinstance(index, slice) else _interaction(value)
        self._cassette.hold(held)

    def __delitem__(self, index: Any) -> None:
        held = self._cassette.held()
        del held[index]
        self._cassette.hold(held)

    def insert(self, index: int, value: tuple[Request, ResponseDict]) -> None:
        """Put a ``(request, response)`` pair before the one at ``index``."""
        self[index:index] = [value]

    def __eq__(self, other: object) -> bool:
        return list(self) == list(other) if isinstance(other, (list, tuple, Pairs)) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(list(self))


def _interaction(pair: tuple[Request, ResponseDict]) -> Interaction:
    request, response = pair
    return Interaction(request, Response(response))


class PlayCounts(Counter[int]):
    """``cassette.play_counts``: VCR.py's users set counts in this dictionary, or clear it, to play something again."""

    def __init__(self, cassette: Cassette) -> None:
        super().__init__()
        dict.update(self, {index: one.plays for index, one in enumerate(cassette.held()) if one.plays})
        self._cassette = cassette

    def __setitem__(self, index: int, count: int) -> None:
        super().__setitem__(index, count)
        self._cassette.play_counts = self

    def __delitem__(self, index: object) -> None:
        super().__delitem__(index)
        self._cassette.play_counts = self

    def pop(self, index: int, *default: Any) -> Any:
        """Count this interaction as not played, and return how often it had been."""
        count = super().pop(index, *default)
        self._cassette.play_counts = self
        return count

    def update(self, *counts: Any, **named: int) -> None:
        """Add these counts to those that are there, as a Counter does."""
        for index, count in Counter(*counts, **named).items():
            self[index] += count

    def clear(self) -> None:
        """Count every interaction as not played."""
        super().clear()
        self._cassette.play_counts = self

    def copy(self) -> Counter[int]:  # type: ignore[override]
        """A plain Counter: what is changed in the copy does not change the cassette."""
        return Counter(dict(self))

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return Counter, (dict(self),)
