"""Keeps a cassette under its path: loads it, merges it with what others have stored, saves it, recovers it, and tells
when it is too old.

It must not know live requests, matching or record modes. The cassette says what is to be stored (``Changes``), and how
an interaction is changed when it is loaded and saved (``Holder``); a persister reads and writes.
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
    """What a storage needs of its cassette."""

    def when_loaded(self, interactions: list[Interaction]) -> list[Interaction]:
        """The interactions that the cassette holds of these stored ones."""

    def when_saved(self, interaction: Interaction) -> Pair | None:
        """The request and the response as they are written; None: the interaction is not written."""

    @property
    def saves_as_held(self) -> bool:
        """Whether ``when_saved`` leaves loaded interactions as they are."""

    def content(self, interaction: Interaction) -> Hashable:
        """A value that is equal for interactions that would be stored with the same content."""


class Changes(NamedTuple):
    """What is to be stored.

    ``kept``: all interactions that the cassette is to have, in order. ``added``: those of ``kept`` that have not been
    stored yet. ``dropped``: interactions that the cassette had and is to lose. ``inherited``: those of ``added`` that
    were recorded before a fork, or recovered from the journal, so that another process may have stored them.
    """

    kept: list[Interaction]
    added: set[Interaction]
    dropped: set[Interaction]
    inherited: set[Interaction]


class Storage:
    """Where one cassette is kept, and how.

    ``persister``: None: nothing is ever stored. ``re_record_interval``: a cassette that is older counts as not stored,
    and is replaced when it has been recorded again. ``journal``: write each interaction at once to a journal, which is
    kept until the cassette is saved. Raises TypeError when the persister has no journal.
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
        #: What is stored beside the interactions. A change in this dictionary is saved with them.
        self.metadata: dict[str, object] = {}
        #: How many stored interactions a filter dropped when the cassette was last read.
        self.hidden = 0
        self._others: Mapping[str, object] = {}
        #: How many interactions were stored when the cassette was read; None when it was saved since, or nothing was.
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
        """The stored interactions as the cassette holds them; None when nothing is stored, or when it is too old.

        ``may_be_too_old``: False in a record mode that could not record the cassette again. Raises CassetteLoadError
        when it cannot be read.
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
        """The interactions stored under another path; None when nothing is stored there."""
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
        self.hidden = len(stored.interactions) - sum(not one.is_aside for one in loaded)
        return loaded

    def _is_too_old(self, loaded: Sequence[Interaction]) -> bool:
        """Whether the oldest interaction is older than ``re_record_interval``."""
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
        """Why nothing can be saved, if the persister can tell that now; else None.

        The serializer is imported now, because at the end of the interpreter, when a cassette may be saved, no module
        can be imported any more.
        """
        serializer = self.place.serializer
        for name in ("serialize", "deserialize", "parts"):
            getattr(serializer, name, None)  # (asking for a name imports a serializer of this package)
        return self.place.unwritable()

    def add_to_journal(self, interaction: Interaction, holder: Holder) -> None:
        """Write an interaction to the journal, if one is wanted: the program may end before it saves the cassette."""
        pair = holder.when_saved(interaction) if self._journals else None
        if pair is None:
            return
        try:
            self._journal.add(*pair, _beside(interaction))
        except OSError as error:  # (recording goes on without a journal)
            log.warning("What cassette %s records is no longer kept until it is saved: %s", self.path, error)
            self._journals = False

    def use_journal(self, journal: object) -> None:
        """Use this journal from now on; None: none."""
        self._journal, self._journals = journal, journal is not None

    def empty_journal(self) -> None:
        """Remove from the journal what this session has written: it has been saved, or it is not wanted."""
        if self._journals:
            self._journal.discard()

    # -- saving -------------------------------------------------------------------------------------------------------

    def save(self, changes: Changes, holder: Holder) -> bool:
        """Write the cassette; when anything fails, what is stored stays as it was. What others have stored since the
        cassette was read is kept. Returns False where nothing is written, because a hook drops all of a new
        cassette."""
        self._date_as_before(changes, holder)
        with self.place.exclusive():
            if self._journals and self._journal.was_recovered:
                changes = changes._replace(inherited=changes.inherited | changes.added)
            kept = self._merged(changes, holder) if self.place.has_changed() else changes.kept
            if not self._added(kept, changes.added, holder):
                written = _written(kept, holder)
                if kept and not written and self.place.read() is None:
                    return False
                self.place.write(written, self.metadata, self._others)
            self.count = None
            self.empty_journal()
        return True

    def _added(self, kept: Sequence[Interaction], added: set[Interaction], holder: Holder) -> bool:
        """Append the new interactions to the stored ones, and return True; False, and nothing is written, where a
        stored interaction has to be changed, or the persister cannot append."""
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
        """Give an interaction that was recorded again, and is the same, its old date: so the file does not change.

        With ``re_record_interval`` it gets the new date: with the old one it would be recorded again every time.
        """
        if self._re_record_interval is not None or not changes.dropped:
            return
        dates = {holder.content(one): _timestamp(one) for one in changes.dropped}
        for one in changes.added.intersection(changes.kept):
            if one.response is not None and (date := dates.get(holder.content(one))) is not None:
                one.response.timestamp = date

    def _merged(self, changes: Changes, holder: Holder) -> list[Interaction]:
        """The interactions stored now, without those that this cassette drops, and with those that it adds."""
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
        """``mine``, the interactions to be added, without those that another process has stored already.

        ``inherited``: those that another process has, too. ``stored``: what is stored now. ``before``: what was stored
        when this cassette was read.
        """

        def value(one: Interaction) -> Hashable:
            pair = holder.when_saved(one)
            return None if pair is None else value_of(*pair)

        stored_since = Counter(map(value, stored)) - Counter(map(value, before))
        not_stored = []
        for one in mine:
            if one in inherited and stored_since[content := value(one)]:
                stored_since[content] -= 1
            else:
                not_stored.append(one)
        return not_stored

    # -- the journals of interrupted recordings ------------------------------------------------------------------------

    def load_with_journal(self, holder: Holder) -> tuple[list[Interaction], list[Interaction]]:
        """The stored interactions, and those in the journal of interrupted recordings (``journal=True``).

        Raises CassetteNotFoundError when there is no journal.
        """
        if self._journal is None or not self._journal.exists:
            raise CassetteNotFoundError(f"there is nothing to recover for the cassette at {self.path}")
        return self._read(holder) or [], holder.when_loaded(self._journal.interactions())

    def remove_journal(self) -> None:
        """Remove the journal."""
        self._journal.remove()


def _written(interactions: Iterable[Interaction], holder: Holder) -> list[Written]:
    return [Written(pair, _beside(one)) for one in interactions if (pair := holder.when_saved(one)) is not None]


def _without(interactions: list[Interaction], dropped: set[Interaction]) -> list[Interaction]:
    """``interactions`` without one of the same content for each in ``dropped``."""
    if not dropped:
        return interactions  # without parsing them all, which comparing their content would do
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
