"""The interactions that a cassette holds, in order, and what has become of each: played, recorded now, saved, borrowed.

It must not know why one is added or played: that is the cassette's decision. It must not know a file.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence

from .._locks import new_lock
from ..matchers import Predicate
from ..request import Request
from ..response import Response
from .disguise import Disguise
from .index import ALL, LATEST_FIRST, UNPLAYED, Index
from .interaction import Interaction, forks


class Holding:
    """What a cassette holds.

    ``match_on``: matchers that must all agree. ``allow_playback_repeats``: False plays each interaction once, True the
    first one always, ``"last"`` each once and then the last one always. ``disguise``: requests that it makes the same
    match, too.
    """

    def __init__(
        self,
        match_on: Sequence[Predicate],
        *,
        allow_playback_repeats: bool | str,
        disguise: Disguise | None = None,
    ) -> None:
        self._disguise = disguise
        self.allow_playback_repeats = allow_playback_repeats
        #: Whether there is something to save.
        self.dirty = False
        #: How many plays count together with the one before.
        self.followed = 0
        #: Guards the interactions; held for a moment only.
        self.lock = new_lock()
        #: What this session has added, by identity.
        self.recorded: set[Interaction] = set()
        self._unsaved: dict[Interaction, int] = {}  # of these, what has not been saved; and how many forks there were
        self._borrowed: set[Interaction] = set()  # replayed from other cassettes, and never saved into this one
        self._interactions: list[Interaction] = []
        self._played = 0  # how many interactions have been
        self._match_on = tuple(match_on)
        self._index = Index(self._match_on, disguise)

    # -- finding ------------------------------------------------------------------------------------------------------

    def match_by(self, matchers: Sequence[Predicate]) -> None:
        """Compare requests by these matchers, which must all agree, from now on."""
        with self.lock:
            self._match_on = tuple(matchers)
            self._index = Index(self._match_on, self._disguise)
            # What this session has recorded is not replayed in it, unless repeats are allowed.
            self._index_anew([one for one in self.held() if self.allow_playback_repeats or one not in self.recorded])

    def _index_anew(self, interactions: Iterable[Interaction]) -> None:
        self._index.clear()
        self._played = 0
        for interaction in interactions:
            self._index.add(interaction)
            self._played += bool(interaction.plays)

    def key(self, request: Request) -> Hashable:
        """What requests that match this one exactly have in common with it."""
        return self._index.key(request)

    def find(self, request: Request, key: Hashable) -> Interaction | None:
        """What would be played for this request, whatever the record mode. ``key``: of the same request."""
        which = ALL if self.allow_playback_repeats is True else UNPLAYED
        found = next(self._index.matching(request, key, which), None)
        if found is None and self.allow_playback_repeats == "last":
            found = next(self._index.matching(request, key, LATEST_FIRST), None)
        return found

    def matching(self, request: Request) -> list[Interaction]:
        """What matches this request, which has been through the filters, played or not; best first."""
        key = self.key(request)
        with self.lock:
            return list(dict.fromkeys(self._index.matching(request, key, ALL)))

    # -- what is held -------------------------------------------------------------------------------------------------

    def held(self, *, borrowed: bool = True) -> list[Interaction]:
        """Every interaction that is finished, in order; with those borrowed from other cassettes, or without."""
        with self.lock:
            if borrowed or not self._borrowed:
                return [one for one in self._interactions if one.finished]
            return [one for one in self._interactions if one.finished and one not in self._borrowed]

    def __len__(self) -> int:
        return len(self.held())

    def unsaved(self) -> set[Interaction]:
        """What has been added and not been saved."""
        with self.lock:
            return set(self._unsaved)

    def recorded_before_fork(self) -> set[Interaction]:
        """Of these, what other processes have inherited, and may save too."""
        with self.lock:
            return {one for one, count in self._unsaved.items() if count != forks()}

    @property
    def has_borrowed(self) -> bool:
        """Whether some are other cassettes'."""
        return bool(self._borrowed)

    # -- changing it --------------------------------------------------------------------------------------------------

    def reserve(self, request: Request) -> Interaction:
        """A place in the order, for a request that is sent to its server now."""
        interaction = Interaction(request)
        self.put(interaction)
        return interaction

    def put(self, interaction: Interaction) -> None:
        """Put it behind the others."""
        with self.lock:
            self._interactions.append(interaction)

    def give_up(self, interaction: Interaction) -> None:
        """Leave no trace of it."""
        with self.lock:
            if interaction in self._interactions:
                self._interactions.remove(interaction)

    def make_findable(self, interaction: Interaction) -> None:
        """Let it be played, too."""
        with self.lock:
            self._index.add(interaction)

    def mark_recorded(self, interaction: Interaction) -> None:
        """This session has added it, now if it is not known when: it is to be saved."""
        if interaction.response is not None:
            interaction.response.stamp()
        self.recorded.add(interaction)
        self._unsaved[interaction] = forks()
        self.dirty = True

    def mark_saved(self, interactions: Iterable[Interaction]) -> None:
        """Note that these interactions have been saved."""
        with self.lock:
            for interaction in interactions:
                self._unsaved.pop(interaction, None)
            self.dirty = bool(self._unsaved)

    def add_borrowed(self, interactions: Iterable[Interaction]) -> None:
        """Play these too, which are another cassette's."""
        with self.lock:
            for interaction in interactions:
                self._borrowed.add(interaction)
                self._interactions.append(interaction)
                self._index.add(interaction)

    def hold(self, interactions: list[Interaction], *, are_stored: bool = False) -> None:
        """Hold these interactions and no others, from now on; each stays played as often as it has been.

        ``are_stored``: they are what the file has.
        """
        with self.lock:
            if not are_stored:
                self._unsaved.update(dict.fromkeys(set(interactions).difference(self._interactions), forks()))
            self._interactions = interactions + [one for one in self._interactions if not one.finished]
            self._index_anew(interactions)

    def play(self, interaction: Interaction) -> None:
        """Count one replay of it."""
        self._played += not interaction.plays
        interaction.plays += 1

    def answered(self, request: Request, kept: Request, interaction: Interaction, response: Response) -> Response:
        """The response of an interaction as it answers ``request``, which is ``kept`` behind the filters: what it
        repeats of the request, and the file does not show, is what this request has sent."""
        recorded = interaction.request
        if self._disguise is None or not interaction.is_from_file or not self._disguise.may_hide_any(recorded):
            return response
        response = self._disguise.as_answered(request, recorded, response)
        interaction.replay = kept, response
        return response

    def seen(self, interaction: Interaction) -> tuple[Request, Response]:
        """An interaction as a program sees it: once it has been played, with what the last request has sent where the
        file does not show it."""
        request, response = interaction.own()
        if self._disguise is None or interaction.replay is None:
            return request, response
        asked, response = interaction.replay
        return self._disguise.as_sent(asked, request), response

    def unplay(self, interaction: Interaction) -> None:
        """Count one replay less of an interaction, whose response no client got. What is not played stays so."""
        with self.lock:
            if interaction.plays:
                interaction.plays -= 1
                self._played -= not interaction.plays
                self._index.refile()

    def play_anew(self) -> None:
        """Count every interaction as not played; what was recorded in this session can be played too."""
        with self.lock:
            held = self.held()
            for interaction in held:
                interaction.plays = 0
            self._index_anew(held)
            self.followed = 0
