"""How a cassette is kept: loaded, merged with what others have stored, dated, saved, recovered, and when it is too old.

It must not know requests on their way, matching or record modes. The cassette says what it holds (``Changes``), and
what an interaction becomes on its way in and out (``Holder``); a persister does the storing.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple, Protocol

from ..errors import CassetteNotFoundError
from ..response import now
from .interaction import Interaction, value_of
from .persister import Place, Written
from .pipeline import Pair

log = logging.getLogger("vcr.cassette")


class Holder(Protocol):
    """The cassette, as its storage sees it."""

    def when_loaded(self, interactions: list[Interaction]) -> list[Interaction]:
        """What the cassette holds of these, which are stored."""

    def when_saved(self, interaction: Interaction) -> Pair | None:
        """The request and the response that are written; None: neither."""

    @property
    def saves_as_held(self) -> bool:
        """Whether ``when_saved`` changes nothing of what was loaded."""

    def content(self, interaction: Interaction) -> Hashable:
        """Equal for interactions that would be stored with the same content, whenever they were recorded."""


class Changes(NamedTuple):
    """What a cassette is to hold from now on.

    ``kept``: all of it, in order. ``added``: of these, what this cassette has not stored yet. ``inherited``: of those,
    what was recorded before a fork, and may have been stored by another process. ``dropped``: what was held and goes.
    """

    kept: list[Interaction]
    added: set[Interaction]
    dropped: set[Interaction]
    inherited: set[Interaction]


class Storage:
    """Where one cassette is kept, and how.

    ``path`` and ``persister`` say where; without a persister nothing is stored, ever. ``re_record_interval``: what is
    older counts as not stored, until something takes its place. ``journal``: keep each interaction at once, until the
    cassette is saved. Raises TypeError when the persister has no journal.
    """

    def __init__(
        self,
        path: str,
        persister: object,
        serializer: object,
        *,
        preserve_exact_body_bytes: bool = False,
        re_record_interval: timedelta | None = None,
        journal: bool = False,
    ) -> None:
        self.place = Place(path, persister, serializer, preserve_exact_body_bytes=preserve_exact_body_bytes)
        self.path = path
        #: What is stored beside the interactions. What is changed in it is saved with them.
        self.metadata: dict[str, object] = {}
        #: How many interactions were stored when the cassette was last read, and are not in it: a filter dropped them.
        self.hidden = 0
        self._others: Mapping[str, object] = {}
        #: How many interactions are stored, if what is held comes from there.
        self.count: int | None = None
        self._re_record_interval = re_record_interval
        self._journal: Any = self.place.offered("journal")
        if journal and self._journal is None:
            raise TypeError(f"journal: the persister {persister!r} keeps none (it has no journal(path))")
        self._journals = journal

    @property
    def stores(self) -> bool:
        """Whether anything is stored, ever."""
        return self.place.persister is not None

    # -- loading ------------------------------------------------------------------------------------------------------

    def load(self, holder: Holder, *, may_be_too_old: bool) -> list[Interaction] | None:
        """What is stored, as the cassette holds it; None when nothing is, or when all of it is too old.

        Raises CassetteLoadError when it cannot be read.
        """
        loaded = self._read(holder)
        if self._journal is not None and self._journal.exists:
            log.warning(
                "A recording of cassette %s was interrupted, or is going on elsewhere. What it has so far is in %s; "
                "vcr.recover(%r) adds it to the cassette",
                *(self.path, self._journal.path, self.path),
            )
        if loaded is not None and may_be_too_old and self._is_too_old(loaded):
            log.info("Cassette %s is older than its re_record_interval: recording it anew", self.path)
            return None
        return loaded

    def load_from(self, path: str, holder: Holder) -> list[Interaction] | None:
        """What is stored under another path, in the same way; None when nothing is."""
        stored = self.place.at(path).read()
        return None if stored is None else holder.when_loaded(stored.interactions)

    def _read(self, holder: Holder) -> list[Interaction] | None:
        stored = self.place.read()
        self.count = None if stored is None else len(stored.interactions)
        if stored is None:
            return None
        self.metadata = {**stored.metadata, **self.metadata}
        self._others = stored.others
        loaded = holder.when_loaded(stored.interactions)
        self.hidden = len(stored.interactions) - len(loaded)
        return loaded

    def _is_too_old(self, loaded: Sequence[Interaction]) -> bool:
        """Whether to record anew. What is stored stays until there is something to take its place."""
        if self._re_record_interval is None:
            return False
        dates = [one.response.recorded_at for one in loaded if one.response is not None]
        known = [date for date in dates if date is not None]
        if len(known) < len(dates):
            log.warning(
                "Cassette %s does not say when %d of its %d interactions were recorded: re_record_interval has no "
                'effect on these until they are recorded anew, with record_mode="all"',
                *(self.path, len(dates) - len(known), len(dates)),
            )
        return bool(known) and now() - min(known) > self._re_record_interval

    # -- before it is saved -------------------------------------------------------------------------------------------

    def prepare(self) -> str | None:
        """Why nothing can be saved, where that can be told beforehand. From now on saving needs no import, which the
        end of an interpreter does not give."""
        serializer = self.place.serializer
        for name in ("serialize", "deserialize", "parts"):
            getattr(serializer, name, None)  # (one of this package's is imported when it is first used)
        return self.place.unwritable()

    def note(self, interaction: Interaction, holder: Holder) -> None:
        """Keep an interaction now, lest the program does not come to save the cassette; where a journal is wanted."""
        pair = holder.when_saved(interaction) if self._journals else None
        if pair is None:
            return
        try:
            self._journal.add(*pair, _beside(interaction))
        except OSError as error:  # the recording itself goes on
            log.warning("What cassette %s records is no longer kept until it is saved: %s", self.path, error)
            self._journals = False

    def keep_notes_in(self, journal: object) -> None:
        """Keep what ``note`` is given in this journal from now on; with None, nowhere."""
        self._journal, self._journals = journal, journal is not None

    def discard_notes(self) -> None:
        """Forget what ``note`` has kept: it is not wanted, or it has been saved."""
        if self._journals:
            self._journal.discard()

    # -- saving -------------------------------------------------------------------------------------------------------

    def save(self, changes: Changes, holder: Holder) -> bool:
        """Write the cassette: the whole of it or, when anything fails, nothing. What others have stored since it was
        read stays. Returns whether there was anything to write: of a new cassette a hook may drop everything."""
        self._date_as_before(changes, holder)
        with self.place.exclusive():
            kept = self._merged(changes, holder) if self.place.has_changed() else changes.kept
            if not self._added(kept, changes.added, holder):
                written = _written(kept, holder)
                if kept and not written and self.place.read() is None:
                    return False
                self.place.write(written, self.metadata, self._others)
            self.count = None  # what is held is not read from what is stored now
            self.discard_notes()
        return True

    def _added(self, kept: Sequence[Interaction], added: set[Interaction], holder: Holder) -> bool:
        """Whether the new interactions could be put behind those that are stored, which all stay as they are."""
        before = [one for one in kept if one not in added]
        if (
            len(before) == len(kept)
            or len(before) != self.count
            or self.metadata
            or not holder.saves_as_held
            or not all(one.is_as_stored for one in before)
            or not added.issuperset(kept[len(before) :])
        ):
            return False
        return self.place.add(_written(kept[len(before) :], holder), len(before))

    def _date_as_before(self, changes: Changes, holder: Holder) -> None:
        """What was recorded again, unchanged, keeps its date, so that the file does not change either.

        Not so where age matters: with its old date it would be recorded again and again.
        """
        if self._re_record_interval is not None or not changes.dropped:
            return
        dates = {holder.content(one): _timestamp(one) for one in changes.dropped}
        for one in changes.added.intersection(changes.kept):
            if one.response is not None and (date := dates.get(holder.content(one))) is not None:
                one.response.timestamp = date

    def _merged(self, changes: Changes, holder: Holder) -> list[Interaction]:
        """What is stored now, without what this cassette drops, with what it adds."""
        stored = self._read(holder)
        if stored is None:
            return changes.kept
        mine = [one for one in changes.kept if one in changes.added]
        if changes.inherited:
            before = [one for one in changes.kept if one not in changes.added]
            mine = self._not_yet_stored(mine, changes.inherited, stored, before, holder)
        return _without(stored, changes.dropped) + mine

    def _not_yet_stored(
        self,
        mine: list[Interaction],
        inherited: set[Interaction],
        stored: Sequence[Interaction],
        before: Sequence[Interaction],
        holder: Holder,
    ) -> list[Interaction]:
        """``mine`` without what another process, which has inherited it too, has added to what was there ``before``."""

        def value(one: Interaction) -> Hashable:
            pair = holder.when_saved(one)
            return None if pair is None else value_of(*pair)

        there = Counter(map(value, stored)) - Counter(map(value, before))
        left = []
        for one in mine:
            if one in inherited and there[of := value(one)]:
                there[of] -= 1
            else:
                left.append(one)
        return left

    # -- what interrupted recordings have left ------------------------------------------------------------------------

    def load_with_notes(self, holder: Holder) -> tuple[list[Interaction], list[Interaction]]:
        """What is stored, and what interrupted recordings have left (``journal=True``).

        Raises CassetteNotFoundError when they have left nothing.
        """
        if self._journal is None or not self._journal.exists:
            raise CassetteNotFoundError(f"there is nothing to recover for the cassette at {self.path}")
        return self._read(holder) or [], holder.when_loaded(self._journal.interactions())

    def remove_notes(self) -> None:
        """Forget what interrupted recordings have left."""
        self._journal.remove()


def _written(interactions: Iterable[Interaction], holder: Holder) -> list[Written]:
    return [Written(pair, _beside(one)) for one in interactions if (pair := holder.when_saved(one)) is not None]


def _without(interactions: list[Interaction], dropped: set[Interaction]) -> list[Interaction]:
    """``interactions`` but for one of the same content for each that is dropped."""
    if not dropped:
        return interactions  # To compare contents, all of them would have to be read.
    values = Counter(one.value() for one in dropped)
    left = []
    for one in interactions:
        value = one.value()
        if values[value]:
            values[value] -= 1
        else:
            left.append(one)
    return left


def _beside(interaction: Interaction) -> Mapping[str, object]:
    return {} if interaction.response is None else interaction.response.beside


def _timestamp(interaction: Interaction) -> object:
    return None if interaction.response is None else interaction.response.timestamp
