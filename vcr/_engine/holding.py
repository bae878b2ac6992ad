"""The interactions that a cassette holds, in order, and the state of each: played, recorded in this session, saved,
borrowed from another cassette.

It must not know why an interaction is added or played, which is the cassette's decision. It must not know a file.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import TYPE_CHECKING

from .._locks import new_lock
from ..matchers import Predicate
from ..request import Request
from ..response import Response
from .index import Index
from .interaction import Interaction, forks
from .rows import ALL, LATEST_FIRST, UNPLAYED
from .secret_index import SecretIndex

if TYPE_CHECKING:
    from ..sanitize.masking import Sanitizer


class Holding:
    """The interactions of a cassette.

    ``match_on``: matchers that must all agree. ``allow_playback_repeats``: False: each match is played once; True: the
    first match is played again and again; ``"last"``: each match is played once, then the last one again and again.
    ``sanitizer``: lets requests match that differ only in their secrets.
    """

    def __init__(
        self,
        match_on: Sequence[Predicate],
        *,
        allow_playback_repeats: bool | str,
        sanitizer: Sanitizer | None = None,
    ) -> None:
        self._sanitizer = sanitizer
        self.allow_playback_repeats = allow_playback_repeats
        #: Whether there is something to save.
        self.dirty = False
        #: How many plays were redirects that a client followed inside one fetch: each counts as one with the play
        #: before.
        self.followed = 0
        #: Guards the interactions. It is held only for short operations.
        self.lock = new_lock()
        #: The interactions that this session has added.
        self.recorded: set[Interaction] = set()
        self._unsaved: dict[Interaction, int] = {}  # those not saved yet, with ``forks()`` at that time
        self._borrowed: set[Interaction] = set()  # of other cassettes: replayed, and never saved here
        self._interactions: list[Interaction] = []
        self._played = 0  # how many interactions have been played
        self._match_on = tuple(match_on)
        self._index = self.new_index()
        # What this session has recorded, and does not replay: a program that asks by hand finds it.
        self._not_replayed = self.new_index()
        self._aside: list[Interaction] = []  # those that are not played until a request matches: see ``is_aside``

    # -- finding ------------------------------------------------------------------------------------------------------

    def match_by(self, matchers: Sequence[Predicate]) -> None:
        """Use these matchers from now on, which must all agree."""
        with self.lock:
            self._match_on = tuple(matchers)
            self._index, self._not_replayed = self.new_index(), self.new_index()
            held = self.held()
            # What this session has recorded is not replayed in it, unless repeats are allowed.
            self._rebuild_index([one for one in held if self.allow_playback_repeats or one not in self.recorded])
            if not self.allow_playback_repeats:
                for interaction in filter(self.recorded.__contains__, held):
                    self._not_replayed.add(interaction)

    def new_index(self) -> Index:
        """An empty index by the matchers of this cassette."""
        return Index(self._match_on) if self._sanitizer is None else SecretIndex(self._match_on, self._sanitizer)

    def _rebuild_index(self, interactions: Iterable[Interaction]) -> None:
        self._index.clear()
        self._not_replayed.clear()
        self._played = 0
        for interaction in interactions:
            if not interaction.is_aside and self.may_play(interaction):
                self._index.add(interaction)
            self._played += bool(interaction.plays)

    def may_play(self, interaction: Interaction) -> bool:  # noqa: ARG002
        """Whether an interaction is ever played. Here each of them is; a face may leave some out."""
        return True

    def key(self, request: Request) -> Hashable:
        """A value that is equal for requests that match exactly."""
        return self._index.key(request)

    def find(self, request: Request, key: Hashable, *, same_sender: bool = False) -> Interaction | None:
        """The interaction that would be played for this request, whatever the record mode; None when there is none.

        ``key``: ``self.key(request)``. ``same_sender``: not one with the secrets of another sender, where secrets are
        compared. An interaction that hooks have dropped, and that is found, is held from then on.
        """
        which = ALL if self.allow_playback_repeats is True else UNPLAYED
        found = next(self._index.matching(request, key, which, same_sender=same_sender), None)
        if found is None and self.allow_playback_repeats == "last":
            found = next(self._index.matching(request, key, LATEST_FIRST, same_sender=same_sender), None)
        return self._taken_back(request, key, same_sender) if found is None and self._aside else found

    def _taken_back(self, request: Request, key: Hashable, same_sender: bool) -> Interaction | None:
        """The interaction that hooks have dropped and that matches ``request``, which the hooks have let pass."""
        aside = self.new_index()
        for interaction in self._aside:
            aside.add(interaction)
        found = next(aside.matching(request, key, ALL, same_sender=same_sender), None)
        if found is not None:
            self._aside.remove(found)
            found.is_aside = False
            self.make_findable(found)
        return found

    def find_unplayed(self, request: Request) -> Interaction | None:
        """As ``find``, also among what this session has recorded and does not replay."""
        key = self.key(request)
        with self.lock:
            found = self.find(request, key)
            return next(self._not_replayed.matching(request, key, UNPLAYED), None) if found is None else found

    def matching(self, request: Request, *, recorded: bool = False) -> list[Interaction]:
        """The interactions that match this filtered request, played or not; the best match first. ``recorded``: also
        what this session has recorded and does not replay."""
        key = self.key(request)
        with self.lock:
            found = list(self._index.matching(request, key, ALL))
            found += self._not_replayed.matching(request, key, ALL) if recorded else ()
            return list(dict.fromkeys(found))

    # -- what is held -------------------------------------------------------------------------------------------------

    def held(self, *, borrowed: bool = True, aside: bool = False) -> list[Interaction]:
        """Every finished interaction, in order. ``borrowed``: also those borrowed from other cassettes. ``aside``: also
        those that hooks have dropped, and that stay in the file (``Interaction.is_aside``)."""
        with self.lock:
            if (borrowed or not self._borrowed) and (aside or not self._aside):
                return [one for one in self._interactions if one.finished]
            left = {*(() if borrowed else self._borrowed), *(() if aside else self._aside)}
            return [one for one in self._interactions if one.finished and one not in left]

    def __len__(self) -> int:
        return len(self.held())

    def unsaved(self) -> set[Interaction]:
        """The interactions that have been added and not saved yet."""
        with self.lock:
            return set(self._unsaved)

    def recorded_before_fork(self) -> set[Interaction]:
        """The unsaved interactions that other processes have inherited by a fork, and may save, too."""
        with self.lock:
            return {one for one, count in self._unsaved.items() if count != forks()}

    @property
    def has_borrowed(self) -> bool:
        """Whether some interactions are borrowed from other cassettes."""
        return bool(self._borrowed)

    # -- changing it --------------------------------------------------------------------------------------------------

    def reserve(self, request: Request) -> Interaction:
        """Add an unfinished interaction for a request that is sent to its server now: it keeps the request's place."""
        interaction = Interaction(request)
        self.put(interaction)
        return interaction

    def put(self, interaction: Interaction) -> None:
        """Add an interaction behind the others."""
        with self.lock:
            self._interactions.append(interaction)

    def give_up(self, interaction: Interaction) -> None:
        """Remove an interaction."""
        with self.lock:
            if interaction in self._interactions:
                self._interactions.remove(interaction)

    def make_findable(self, interaction: Interaction, *, is_replayed: bool = True) -> None:
        """Let an interaction be found, and be played if ``is_replayed``."""
        with self.lock:
            (self._index if is_replayed else self._not_replayed).add(interaction)

    def mark_recorded(self, interaction: Interaction) -> None:
        """Note that this session has added an interaction, which has to be saved. It was recorded now, if it has no
        date."""
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
        """Play these interactions of another cassette, too."""
        with self.lock:
            for interaction in interactions:
                self._borrowed.add(interaction)
                self._interactions.append(interaction)
                (self._aside.append if interaction.is_aside else self._index.add)(interaction)

    def hold(self, interactions: list[Interaction], *, are_stored: bool = False) -> None:
        """Hold these finished interactions and no others. The number of plays of each stays.

        ``are_stored``: they were read from the file, so that none of them has to be saved. Else those that hooks have
        dropped, and that a program does not see, are held on.
        """
        with self.lock:
            if are_stored:
                self._aside = [one for one in interactions if one.is_aside]
            else:
                self._unsaved.update(dict.fromkeys(set(interactions).difference(self._interactions), forks()))
                interactions = interactions + self._aside
            self._interactions = interactions + [one for one in self._interactions if not one.finished]
            self._rebuild_index(interactions)

    def play(self, interaction: Interaction) -> None:
        """Count one replay of an interaction."""
        self._played += not interaction.plays
        interaction.plays += 1

    def answered(self, request: Request, kept: Request, interaction: Interaction, response: Response) -> Response:
        """The recorded ``response`` as it answers ``request``. Where the response repeats a secret of the request, or
        the value of an environment variable, the file has a placeholder: the client gets the secret that this request
        has sent, or the value that the variable has now.

        ``kept``: the request as the filters have left it.
        """
        sanitizer, recorded = self._sanitizer, interaction.request
        if sanitizer is None or not interaction.is_from_file:
            return response
        response = sanitizer.as_answered(request, recorded, response)
        interaction.replay = kept, response
        return response

    def seen(self, interaction: Interaction) -> tuple[Request, Response]:
        """The request and the response of an interaction as a program sees them. Once it has been played, the secrets
        of the last request stand in the place of placeholders."""
        request, response = interaction.pair()
        sanitizer = self._sanitizer
        if sanitizer is None or interaction.replay is None:
            return request, response
        asked, response = interaction.replay
        is_masked = sanitizer.may_hide_any(request) or sanitizer.may_hide_any(asked)
        return (sanitizer.as_sent(asked, request) if is_masked else request), response

    def unplay(self, interaction: Interaction) -> None:
        """Count one replay less of an interaction, whose response no client got. What is not played stays so."""
        with self.lock:
            if interaction.plays:
                interaction.plays -= 1
                self._played -= not interaction.plays
                self._index.rebuild()

    def reset_plays(self) -> None:
        """Count every interaction as not played. Those recorded in this session can be played, too."""
        with self.lock:
            held = self.held()
            for interaction in held:
                interaction.plays = 0
            self._rebuild_index(held)
            self.followed = 0
