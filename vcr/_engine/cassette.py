"""A cassette and a turn: the order of interactions, their counters, and the one decision about each request.

This file must not know a socket, a client or a file: a ``Storage`` is handed to it, filters are functions handed to it.
"""

from __future__ import annotations

import functools
import logging
import time
import weakref
from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from .._http.failure import CANCELLED, CLOSED, Failure
from .._locks import BusyLock
from ..errors import (
    CannotOverwriteExistingCassetteException,
    CassetteLoadError,
    CassetteNotFoundError,
    OutOfOrderError,
    warn,
)
from ..matchers import Predicate
from ..record_mode import RecordMode
from ..request import Request
from ..response import Response, ResponseDict, now
from .index import ALL, LATEST_FIRST, UNPLAYED, Index, Interaction
from .storage import Storage
from .strict import DEFAULT, Played, Refused, Sent, Strictness, first_unplayed, may_keep, out_of_order

if TYPE_CHECKING:
    from .explain import Closest, Refusal

log = logging.getLogger("vcr.cassette")

# Taken at import: libraries that stop the clock of a test replace the function in its module.
_clock = time.monotonic

RequestFilter = Callable[[Request], "Request | None"]
ResponseFilter = Callable[[ResponseDict], "ResponseDict | None"]
InteractionFilter = Callable[[Request, ResponseDict, Any], "tuple[Request, ResponseDict] | None"]


class Turn:
    """One request's passage through a cassette: made by ``begin``, over after ``complete``, ``fail`` or ``drop``.

    ``response``: what to replay, or None: go live. ``records``: whether what comes back is kept; when it is not, the
    exchange is none of the cassette's business. A turn that is never completed leaves no trace; one of a live request
    lets its cassette go when it is over. ``closing_since``: when the cassette began to close while this turn was under
    way, by ``time.monotonic``.
    """

    __slots__ = ("_cassette", "_interaction", "_played", "_settle", "closing_since", "response")

    def __init__(
        self,
        cassette: Cassette | None,
        interaction: Interaction | None,
        response: Response | None = None,
        played: Interaction | None = None,
    ) -> None:
        self._cassette = cassette
        self._interaction = interaction
        self._played = played
        self._settle: Callable[[], Callable[[], None] | None] | None = None
        self.closing_since: float | None = None
        self.response = response

    @property
    def records(self) -> bool:
        """Whether ``complete`` is to be called with the live response."""
        return self._interaction is not None

    def stream(self, settle: Callable[[], None], *, weakly: bool = True) -> None:
        """The live response is on its way. Should the cassette close first, ``settle`` is called once: it finishes
        the turn with what can be had. It is a method, held weakly: a response that nobody reads must be able to go."""
        self._settle = weakref.WeakMethod(settle) if weakly else lambda: settle
        if self._cassette is not None:
            self._cassette._stream(self)

    def complete(self, response: Response) -> Response:
        """Keep ``response`` in the place that ``begin`` reserved: it went well, or the client left it early, and it is
        incomplete. The caller gets back what it gave."""
        cassette, interaction = self._take_over()
        if interaction is not None and cassette is not None:
            cassette._complete(self, interaction, response)
        return response

    def fail(self, failure: Failure | None, so_far: Response | None = None) -> None:
        """The exchange failed. ``failure``: what the client saw. ``so_far``: what has come of the response.

        What is kept has to end on replay as it did live. A response that ended too early says so by its own framing,
        and what the program cancelled is always kept; every other failure is kept where the cassette keeps errors, and
        there is no trace of the exchange elsewhere.
        """
        if failure is None:  # (of stubs that do not drive an Exchange yet)
            if so_far is not None:
                self.complete(so_far)
        elif failure.kind == CANCELLED or (self._cassette is not None and self._cassette.record_errors):
            self.complete(Response.failed(failure, so_far))
        elif so_far is not None and failure.kind == CLOSED:
            self.complete(so_far)
        else:
            self.drop()

    def drop(self) -> None:
        """Keep nothing of the exchange: no replay could end as it did."""
        cassette, interaction = self._take_over()
        if interaction is not None and cassette is not None:
            cassette._drop(self, interaction)

    def give_back(self) -> None:
        """The client can never get the response: what was to be replayed counts as not played, and nothing of a live
        exchange is kept."""
        cassette, played, self._played = self._cassette, self._played, None
        if played is not None and cassette is not None:
            cassette._unplay(played)
        self.drop()

    def follow(self) -> None:
        """This request follows a redirect inside one fetch of its client: what is replayed counts as one play with the
        response that redirected to it."""
        if self._cassette is not None and self.response is not None:
            self._cassette._followed += 1

    def amend(self, request: Request) -> None:
        """The request has gone on since ``begin``, while its answer came: what is recorded is ``request``, filtered."""
        if self._interaction is not None and self._cassette is not None:
            kept = self._cassette.filter_request(request)
            if kept is not None:
                self._interaction.request = kept

    def settle(self, closing_since: float | None = None) -> None:
        """Finish now, if a response is on its way. ``closing_since``: see the class."""
        self.closing_since = closing_since
        settle = self._settle() if self._settle is not None else None
        if settle is not None:
            settle()

    def _take_over(self) -> tuple[Cassette | None, Interaction | None]:
        """What the turn held, which is over now."""
        cassette, interaction = self._cassette, self._interaction
        if interaction is not None:
            self._cassette = self._interaction = self._settle = None
        return cassette, interaction


class Cassette:
    """Recorded HTTP interactions, in the order in which their requests were started.

    Every argument but ``storage`` may be left out. ``match_on``: matchers that must all agree. ``mask``: takes secrets
    out of a text that a person will read. ``filters``: the names of the options at work, for the text of a refusal.
    ``passes_by``: see the method of that name.
    """

    #: What is replaced while the cassette is open, and whether a decorator passes it on: read when it is opened.
    custom_patches: tuple[tuple[Any, str, Any], ...] = ()
    inject: bool = False
    #: The cassette inside whose block this one was opened.
    around: Cassette | None = None

    def __init__(
        self,
        storage: Storage,
        *,
        record_mode: RecordMode | str = RecordMode.ONCE,
        match_on: Sequence[Predicate] = (),
        before_record_request: RequestFilter | None = None,
        before_record_response: ResponseFilter | None = None,
        before_save_interaction: InteractionFilter | None = None,
        after_load_interaction: InteractionFilter | None = None,
        allow_playback_repeats: bool | str = False,
        drop_unused_requests: bool = False,
        re_record_interval: timedelta | None = None,
        journal: bool = False,
        record_errors: bool = False,
        strictness: Strictness = DEFAULT,
        passes_by: Callable[[str, Sequence[type]], bool] | None = None,
        mask: Callable[[str], str] = str,
        filters: Sequence[str] = (),
    ) -> None:
        self._storage = storage
        self._match_on = tuple(match_on)
        self._before_record_request = before_record_request
        self._before_record_response = before_record_response
        self._before_save_interaction = before_save_interaction
        self._after_load_interaction = after_load_interaction
        self.record_mode = record_mode
        self.allow_playback_repeats = allow_playback_repeats
        self.drop_unused_requests = drop_unused_requests
        self._re_record_interval = re_record_interval
        if journal and storage.journal is None:
            raise TypeError(f"journal: the persister {storage.persister!r} keeps none (it has no journal(path))")
        self._journals = journal
        self.record_errors = record_errors
        #: What is said at the end of the cassette, and in which order requests have to come.
        self.strictness = strictness
        self._passes_by = passes_by
        self._mask = mask
        self._filters = tuple(filters)
        self._metadata: dict[str, Any] = {}
        self._hidden = 0  # stored interactions that a filter dropped while loading
        #: Whether there is something to save.
        self.dirty = False
        self._has_saved = False
        #: Whether what the cassette holds can be replayed: it was loaded, or wound back.
        self.rewound = False
        #: Requests refused so far: they stay visible when an SDK swallows the exception.
        self.refused: list[Request] = []
        self.refusals: list[Refused] = []
        #: Whether a file holds the code around the cassette: what is caught there has not been swallowed.
        self.is_own: Callable[[str], bool] = lambda _: False
        #: The requests as the program made them, before any filter, in order. They are never written to the file.
        self.sent = Sent()
        self._plays: list[tuple[Request, Interaction]] = []
        self._interactions: list[Interaction] = []
        self._recorded: set[Interaction] = set()  # by identity: what this session added
        self._unsaved: set[Interaction] = set()  # of these, what has not been saved
        self._borrowed: set[Interaction] = set()  # replayed from other cassettes, and never saved into this one
        self._index = Index(self._match_on)
        self._streaming: set[Turn] = set()  # their live responses are on their way
        self._played = 0  # how many interactions have been
        self._followed = 0  # how many plays count together with the one before
        self._closed = False
        self._is_checked = False  # whether it can be saved
        self._lock = BusyLock()

    @property
    def record_mode(self) -> RecordMode:
        """When the cassette replays and when it records. A mode, or its name, may be assigned at any time."""
        return self._record_mode

    @record_mode.setter
    def record_mode(self, mode: RecordMode | str) -> None:
        self._record_mode = RecordMode(mode)

    # -- the one moment ---------------------------------------------------------------------------------------------

    def passes_by(self, host: str, client: Sequence[type]) -> bool:
        """Whether requests to ``host``, or by ``client`` (the classes it is made of, most derived first), are none of
        this cassette's business; asked before one is made. What only a filter can tell is decided in ``begin``."""
        return self._passes_by is not None and self._passes_by(host, client)

    def begin(self, request: Request) -> Turn:
        """Take ``request`` in: filter it, look it up, decide; once per request, before anything is sent.

        Raises CannotOverwriteExistingCassetteException when the record mode allows neither replay nor recording.
        """
        kept = self.filter_request(request)
        if kept is None:
            return Turn(None, None)
        key = self._index.key(kept)
        with self._lock:
            self.sent.append(request)
            recorded = self._find(kept, key) if self._replays else None
            if recorded is not None and self._index.asks:
                # VCR.py asks the user's matchers twice: whether it can play a response, and which one it plays.
                recorded = self._find(kept, key)
            if recorded is not None:
                if self.strictness.ordered:
                    self._check_order(kept, recorded)
                self._play(recorded)
                self._plays.append((request, recorded))
            elif self.write_protected:
                raise self._refusal(kept)
            else:
                interaction = Interaction(kept)
                self._interactions.append(interaction)
        if recorded is None:
            self._check_place()
            log.info("%s not in cassette, sending to real server", kept)
            return Turn(self, interaction)
        log.info("Playing response for %s from cassette", kept)
        # It may have to be read first, which takes long: other threads do not wait for it.
        return Turn(self, None, self._answer(recorded), recorded)

    def _answer(self, recorded: Interaction) -> Response:
        """The response to replay. Raises CassetteLoadError when what is stored in its place cannot be replayed."""
        response = recorded.response
        assert response is not None
        fault = response.fault
        if fault is not None:
            message = f"the response recorded for {recorded.request} cannot be replayed: {fault}"
            raise CassetteLoadError(message, path=self.path)
        return response

    def _check_place(self) -> None:
        """Say now, with the first request that is recorded, what would be an error when the cassette is saved."""
        if self._is_checked:
            return
        self._is_checked = True
        if (reason := self._storage.unwritable()) is not None:
            warn(f"what is recorded into the cassette {self.path} cannot be saved: {reason}")

    def _stream(self, turn: Turn) -> None:
        with self._lock:
            self._streaming.add(turn)

    def _drop(self, turn: Turn, interaction: Interaction) -> None:
        with self._lock:
            self._streaming.discard(turn)
            if interaction in self._interactions:
                self._interactions.remove(interaction)

    def _complete(self, turn: Turn, interaction: Interaction, response: Response) -> None:
        kept = self._filter_response(response)
        with self._lock:
            self._streaming.discard(turn)
            if self._closed:
                log.warning("The response to %s came after its cassette was saved: not recorded", interaction.request)
                return
            if kept is None:
                self._interactions.remove(interaction)
                return
            interaction.response = kept
            self._add(interaction)
            if self.allow_playback_repeats:
                self._index.add(interaction)
            if self._journals:
                self._note(interaction)

    def _note(self, interaction: Interaction) -> None:
        """Keep it now, lest the program does not come to save the cassette."""
        pair = self._stored(interaction)
        if pair is None:
            return
        try:
            self._storage.journal.add(*pair, _beside(interaction))
        except OSError as error:  # the recording itself goes on
            log.warning("What cassette %s records is no longer kept until it is saved: %s", self.path, error)
            self._journals = False

    def close(self, *, save: bool = True) -> None:
        """The end of the cassette: finish the turns whose live responses are still on their way, then save."""
        with self._lock:
            streaming = list(self._streaming)
        errors: list[Exception] = []
        began = _clock()
        for turn in streaming:
            try:
                turn.settle(began)
            except Exception as error:  # noqa: BLE001  (a hook's: raised below, when all is saved)
                errors.append(error)
        with self._lock:
            self._closed = True
            if save and may_keep(self):
                self._save()
            elif self._journals:
                self._storage.journal.discard()
        if errors:
            raise errors[0]

    def _add(self, interaction: Interaction) -> None:
        if interaction.response is not None:
            interaction.response.stamp()
        self._recorded.add(interaction)
        self._unsaved.add(interaction)
        self.dirty = True

    def _play(self, interaction: Interaction) -> None:
        self._played += not interaction.plays
        interaction.plays += 1

    def _unplay(self, interaction: Interaction) -> None:
        with self._lock:
            interaction.plays -= 1
            self._played -= not interaction.plays
            self._index.refile()

    @property
    def _replays(self) -> bool:
        """Whether requests are answered from the cassette now: not with what this session alone has recorded."""
        return self.record_mode.replays and bool(self.rewound or self._borrowed or self.allow_playback_repeats)

    def _refusal(self, request: Request) -> CannotOverwriteExistingCassetteException:
        """The error for a request that is refused now; ``request`` has been through the filters."""
        # The text is made when it is read, but it tells how things are now.
        explain = functools.partial(self.explain, request, self._played)
        error = CannotOverwriteExistingCassetteException(cassette=self, failed_request=request, refusal=explain)
        self._refuse(request, error)
        return error

    def _refuse(self, request: Request, error: CannotOverwriteExistingCassetteException) -> None:
        self.refused.append(request)
        self.refusals.append(Refused.now(request, error if self.strictness.on_refused == "raise" else None))

    def _check_order(self, request: Request, found: Interaction) -> None:
        """Raise OutOfOrderError when another recorded interaction is to be played before ``found``."""
        due = first_unplayed(self)
        if due is None or due is found or found.plays:
            return
        error = OutOfOrderError(cassette=self, failed_request=request, message=out_of_order(self, found))
        self._refuse(request, error)
        raise error

    @property
    def played(self) -> list[Played]:
        """Each replay, in order: the request as the program made it, the recorded request, the response."""
        return [Played(sent, *interaction.own()) for sent, interaction in self._plays]

    def _find(self, request: Request, key: Hashable) -> Interaction | None:
        """What would be played for this request, whatever the record mode."""
        # False: each once. True: the first one always, as in VCR.py. "last": each once, then the last one always.
        which = ALL if self.allow_playback_repeats is True else UNPLAYED
        found = next(self._index.matching(request, key, which), None)
        if found is None and self.allow_playback_repeats == "last":
            found = next(self._index.matching(request, key, LATEST_FIRST), None)
        return found

    # -- filters ----------------------------------------------------------------------------------------------------

    def filter_request(self, request: Request) -> Request | None:
        """``request`` as it is kept and matched (a copy), or None when it is to be ignored."""
        if self._before_record_request is None:
            return request
        return self._before_record_request(request.copy())

    def _filter_response(self, response: Response) -> Response | None:
        if self._before_record_response is None:
            return response
        data = self._before_record_response(response.copy_data())
        return None if data is None else Response(data, response.beside)

    # -- what it holds ----------------------------------------------------------------------------------------------

    def _finished(self) -> list[Interaction]:
        with self._lock:
            return [interaction for interaction in self._interactions if interaction.finished]

    def _own(self) -> list[Interaction]:
        """What is finished and not borrowed."""
        return [one for one in self._finished() if one not in self._borrowed] if self._borrowed else self._finished()

    @property
    def path(self) -> str:
        """Where the cassette is kept."""
        return self._storage.path

    @property
    def write_protected(self) -> bool:
        """Whether the record mode forbids recording now."""
        return not self.record_mode.records(existing=self.rewound)

    def append(self, request: Request, response: ResponseDict) -> None:
        """Add an interaction, through the filters."""
        kept_request = self.filter_request(request)
        kept_response = self._filter_response(Response(response))
        if kept_request is None or kept_response is None:
            return
        interaction = Interaction(kept_request, kept_response)
        with self._lock:
            self._interactions.append(interaction)
            self._add(interaction)
            self._index.add(interaction)

    def rewind(self) -> None:
        """Play everything from the start again, what was recorded in this session included."""
        with self._lock:
            self.rewound = True
            self._index.clear()
            for interaction in self._finished():
                interaction.plays = 0
                self._index.add(interaction)
            self._played = self._followed = 0

    def _hold(self, interactions: list[Interaction]) -> None:
        """Hold these interactions and no others, from now on; each stays played as often as it has been."""
        with self._lock:
            self._unsaved.update(set(interactions).difference(self._interactions))
            self._interactions = interactions + [one for one in self._interactions if not one.finished]
            self._index.clear()
            for interaction in interactions:
                self._index.add(interaction)
            self._played = sum(bool(interaction.plays) for interaction in interactions)

    def explain(self, request: Request, played: int | None = None, similar: Closest | None = None) -> Refusal:
        """Why this cassette refuses ``request``, which has been through the filters.

        ``played``: how many interactions had been played when it did. ``similar``: the closest recorded requests, where
        the caller knows them.
        """
        from .explain import Refusal

        finished = self._finished()
        return Refusal(
            request=request,
            path=self.path,
            record_mode=self.record_mode,
            matchers=self._match_on,
            found=self.rewound,
            total=len(finished),
            played=self._played if played is None else played,
            hidden=self._hidden,
            filters=self._filters,
            recorded=lambda: finished,
            mask=self._mask,
            similar=similar,
            place=self._storage.nearby,
            around=functools.partial(self._around, request),
        )

    def _around(self, request: Request) -> tuple[str, bool] | None:
        """The path of the cassette around this one, and whether that holds ``request``."""
        outer = self.around
        if outer is None:
            return None
        kept = outer.filter_request(request)
        with outer._lock:
            found = kept is not None and next(outer._index.matching(kept, outer._index.key(kept), ALL), None)
        return outer.path, bool(found)

    def __len__(self) -> int:
        return len(self._finished())

    # -- storage ----------------------------------------------------------------------------------------------------

    def _load(self) -> None:
        """Read what is stored under the path; a cassette that is not there is new. Any other failure is an error."""
        stored = self._read()
        journal = self._storage.journal
        if journal is not None and journal.exists:
            log.warning(
                "A recording of cassette %s was interrupted, or is going on elsewhere. What it has so far is in %s; "
                "vcr.recover(%r) adds it to the cassette",
                *(self.path, journal.path, self.path),
            )
        if stored is None:
            return
        if self._is_too_old(stored):
            log.info("Cassette %s is older than its re_record_interval: recording it anew", self.path)
            return
        self._interactions = stored
        self.rewind()
        self.dirty = False

    def _is_too_old(self, stored: list[Interaction]) -> bool:
        """Whether to record anew. What is stored stays until there is something to take its place."""
        if self._re_record_interval is None or not self.record_mode.records(existing=False):
            return False
        dates = [i.response.recorded_at for i in stored if i.response is not None]
        known = [date for date in dates if date is not None]
        if len(known) < len(dates):
            log.warning(
                "Cassette %s does not say when %d of its %d interactions were recorded: re_record_interval has no "
                'effect on these until they are recorded anew, with record_mode="all"',
                *(self.path, len(dates) - len(known), len(dates)),
            )
        return bool(known) and now() - min(known) > self._re_record_interval

    def borrow(self, path: str) -> bool:
        """Replay what is stored under another path too; it is never saved into this cassette.

        Returns whether anything is stored there. Raises CassetteLoadError when it cannot be read.
        """
        stored = self._storage.at(path).load()
        if stored is None:
            return False
        lent = self._loaded(stored.interactions)
        with self._lock:
            self._borrowed.update(lent)
            self._interactions += lent
            for interaction in lent:
                self._index.add(interaction)
        return True

    def recover(self) -> int:
        """Add what interrupted recordings have left (``journal=True``), and save. Returns how many interactions.

        Raises CassetteNotFoundError when nothing is left.
        """
        journal = self._storage.journal
        if journal is None or not journal.exists:
            raise CassetteNotFoundError(f"there is nothing to recover for the cassette at {self.path}")
        self._interactions = self._read() or []
        recovered = self._loaded(journal.interactions())
        self._interactions += recovered
        for interaction in recovered:
            self._add(interaction)
        self._save(force=True)
        journal.remove()
        return len(recovered)

    def _read(self) -> list[Interaction] | None:
        """What is stored now, through the filters; None when nothing is. Its metadata joins what is here."""
        stored = self._storage.load()
        if stored is None:
            return None
        self._metadata = {**stored.metadata, **self._metadata}
        loaded = self._loaded(stored.interactions)
        self._hidden = len(stored.interactions) - len(loaded)
        return loaded

    def _loaded(self, interactions: list[Interaction]) -> list[Interaction]:
        """What the filters leave of these; without filters they need not even be read now."""
        filters = (self._after_load_interaction, self._before_record_request, self._before_record_response)
        if filters == (None, None, None):
            return list(interactions)
        return [kept for interaction in interactions if (kept := self._load_one(interaction)) is not None]

    def _load_one(self, interaction: Interaction) -> Interaction | None:
        request, response = interaction.own()
        if self._after_load_interaction is not None:
            pair = self._after_load_interaction(request.copy(), response.copy_data(), self)
            if pair is None:
                return None
            request, response = pair[0], Response(pair[1], response.beside)
        kept_request = self.filter_request(request)
        kept_response = None if kept_request is None else self._filter_response(response)
        return None if kept_request is None or kept_response is None else Interaction(kept_request, kept_response)

    def _save(self, force: bool = False) -> None:
        """Write the cassette if there is something to write; what others have stored since it was read stays."""
        kept = self._to_save()
        storage = self._storage
        if storage.persister is None or not (force or self.dirty or len(kept) != len(self._own())):
            return
        self._date_as_before(kept)
        with storage.exclusive():
            if storage.has_changed():
                kept = self._merged(kept)
            stored = [(pair, _beside(i)) for i in kept if (pair := self._stored(i)) is not None]
            storage.save([pair for pair, _ in stored], self._metadata, [beside for _, beside in stored])
            if self._journals:
                storage.journal.discard()
        self._unsaved.clear()
        self.dirty = False
        self._has_saved = True

    def _date_as_before(self, kept: list[Interaction]) -> None:
        """What was recorded again, unchanged, keeps its date, so that the file does not change either.

        Not so where age matters: with its old date it would be recorded again and again.
        """
        replaced = set(self._own()).difference(kept)
        if self._re_record_interval is not None or not replaced:
            return
        dates = {interaction.value(): _timestamp(interaction) for interaction in replaced}
        for interaction in self._unsaved.intersection(kept):
            if interaction.response is not None and (date := dates.get(interaction.value())) is not None:
                interaction.response.timestamp = date

    def _merged(self, kept: list[Interaction]) -> list[Interaction]:
        """What is stored now, without what this cassette drops, with what it adds."""
        dropped = Counter(interaction.value() for interaction in set(self._own()).difference(kept))
        stored = self._read()
        if stored is None:
            return kept
        theirs = []
        for interaction in stored:
            value = interaction.value()
            if dropped[value]:
                dropped[value] -= 1
            else:
                theirs.append(interaction)
        return theirs + [interaction for interaction in kept if interaction in self._unsaved]

    def _stored(self, interaction: Interaction) -> tuple[Request, ResponseDict] | None:
        request, response = interaction.own()
        if self._before_save_interaction is None:
            return request, response.data
        return self._before_save_interaction(request.copy(), response.copy_data(), self)

    def _to_save(self) -> list[Interaction]:
        finished = self._own()
        if not self.record_mode.keeps and self._recorded:
            return [interaction for interaction in finished if interaction in self._recorded]
        if not self.record_mode.replays and self._recorded:
            again = Index(self._match_on)
            for interaction in self._recorded:
                again.add(interaction)
            finished = [
                interaction
                for interaction in finished
                if interaction in self._recorded
                or not any(again.matching(interaction.request, again.key(interaction.request), ALL))
            ]
        if self.drop_unused_requests and (self.record_mode.replays or self._recorded):
            finished = [i for i in finished if i in self._recorded or i.plays]
        return finished


def _beside(interaction: Interaction) -> Mapping[str, Any]:
    return {} if interaction.response is None else interaction.response.beside


def _timestamp(interaction: Interaction) -> object:
    return None if interaction.response is None else interaction.response.timestamp
