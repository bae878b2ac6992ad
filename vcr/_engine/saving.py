"""Chooses the interactions of a cassette that are saved, by its record mode. It must not know a file or a client."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .rows import ALL

if TYPE_CHECKING:
    from .cassette import Cassette
    from .interaction import Interaction


def to_save(cassette: Cassette) -> list[Interaction]:
    """The interactions that the file is to hold, in order."""
    finished = cassette.held(borrowed=False, aside=True)
    if not cassette.record_mode.keeps and cassette.recorded:
        return [interaction for interaction in finished if interaction in cassette.recorded]
    if not cassette.record_mode.replays and cassette.recorded:
        recorded_again = cassette.new_index()
        for interaction in cassette.recorded:
            recorded_again.add(interaction)
        finished = [
            interaction
            for interaction in finished
            if interaction in cassette.recorded
            or not any(recorded_again.matching(interaction.request, recorded_again.key(interaction.request), ALL))
        ]
    if cassette.drop_unused_requests and (cassette.record_mode.replays or cassette.recorded):
        finished = [i for i in finished if i in cassette.recorded or i.plays]
    return finished
