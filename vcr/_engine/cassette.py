"""The one decision about each request: replay it, record it, or refuse it. Also what happens when a cassette is loaded,
closed and saved.

It must not know a client or a file: it is given a ``Storage``, and filters that are functions.
"""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from ..errors import CannotOverwriteExistingCassetteException, CassetteLoadError, OutOfOrderError, warn
from ..matchers import Predicate
from ..record_mode import RecordMode
from ..request import Request
from ..response import Response, ResponseDict
from .holding import Holding
from .interaction import Interaction
from .pipeline import NOTHING_CHANGED, Pair, Pipeline
from .saving import to_save
from .shown import Shown
from .storage import Changes, Storage
from .strict import DEFAULT, Played, Refused, Sent, Strictness, first_unplayed, may_keep, out_of_order
from .turn import Turn
from .unrecordable import Unrecordable

if TYPE_CHECKING:
    from ..sanitize.notes import Masked
    from .explain import Closest, Refusal

__all__ = ["Cassette", "Turn"]

log = logging.getLogger("vcr.cassette")
log_of_stubs = logging.getLogger("vcr.stubs")  # VCR.py says there whether a request is replayed

# Taken at import: libraries that stop the clock of a test replace the function in its module.
_clock = time.monotonic


class Cassette(Holding, Unrecordable):
    """Recorded HTTP interactions, in the order in which their requests were started.

    Every argument but ``storage`` may be left out. ``match_on``: matchers that must all agree. ``pipeline``: the
    filters, hooks and the sanitizer that change an interaction when it is recorded, saved and loaded. ``mask(text)``:
    takes secrets out of a text that a person will read. ``filters``: the names of the filtering options that are set,
    for the text of a refusal. ``passes_by``: see the method of that name.
    """

    #: Two options that are read when the cassette is opened: what is replaced while it is open, and whether a decorator
    #: passes the cassette to its function.
    custom_patches: tuple[tuple[object, str, object], ...] = ()
    inject: bool = False
    #: What happens to the requests of processes that are started inside: "ignore", "join" or "refuse".
    child_processes: str = "ignore"
    #: The cassette inside whose block this one was opened.
    around: Cassette | None = None
    #: Whether the interactions can be replayed: the cassette was loaded, or ``rewind`` was called.
    rewound: bool = False
    #: Whether the cassette has been closed: a response that comes later is not recorded.
    closed: bool = False
    _is_prepared: bool = False  # whether ``prepare_to_save`` has been called

    def __init__(
        self,
        storage: Storage,
        *,
        record_mode: RecordMode | str = RecordMode.ONCE,
        match_on: Sequence[Predicate] = (),
        pipeline: Pipeline = NOTHING_CHANGED,
        allow_playback_repeats: bool | str = False,
        drop_unused_requests: bool = False,
        record_errors: bool = False,
        strictness: Strictness = DEFAULT,
        passes_by: Callable[[str, Sequence[type]], bool] | None = None,
        mask: Callable[[str], str] = str,
        filters: Sequence[str] = (),
    ) -> None:
        super().__init__(match_on, allow_playback_repeats=allow_playback_repeats, sanitizer=pipeline.sanitizer)
        self.storage = storage
        self.pipeline = pipeline
        self.record_mode = record_mode
        self.drop_unused_requests = drop_unused_requests
        self.record_errors = record_errors
        #: What is an error or a warning at the end of the cassette, and whether requests have to come in order.
        self.strictness = strictness
        sanitizer = pipeline.sanitizer
        #: Takes secrets out of a text that a person will read.
        self.mask = mask if sanitizer is None else lambda text: sanitizer.text(mask(text))
        self._passes_by = passes_by
        self._filters = tuple(filters)
        #: Whether this file holds the code that opened the cassette. A refusal that is caught there was not swallowed.
        self.is_file_of_block: Callable[[str], bool] = lambda _: False
        #: The requests refused so far. They are kept because an SDK may swallow the errors.
        self.refused: list[Request] = []
        self.refusals: list[Refused] = []
        #: The requests as the program made them, before any filter, in order. They are never written to the file.
        self.sent = Sent()
        #: Each replay: the request as the program made it, and what was played.
        self.plays: list[tuple[Request, Interaction]] = []
        self._streaming: set[Turn] = set()  # the turns whose live responses are on their way

    @property
    def record_mode(self) -> RecordMode:
        """When the cassette replays and when it records. A mode, or its name, may be assigned at any time."""
        return self._record_mode

    @record_mode.setter
    def record_mode(self, mode: RecordMode | str) -> None:
        self._record_mode = RecordMode(mode)

    # -- the decision ----------------------------------------------------------------------------------------------

    def passes_by(self, host: str, client: Sequence[type]) -> bool:
        """Whether requests to ``host``, or by ``client``, go live as if there were no cassette. It is asked before a
        request is made; a filter that ignores a request is asked in ``begin``.

        ``client``: the client's class and its base classes, the most derived one first.
        """
        return self._passes_by is not None and self._passes_by(host, client)

    def begin(self, request: Request) -> Turn:
        """Filter ``request``, look it up, and decide: once for each request, before anything is sent.

        Raises CannotOverwriteExistingCassetteException when the record mode allows neither replay nor recording.
        """
        if self._sanitizer is not None:
            request.mask_with(self.mask)
        kept = self.filter_request(request)
        if kept is None:
            return Turn(None, None)
        key = self.key(kept)
        with self.changing():
            self.sent.append(request)
            # (A request with another secret than the recorded one is recorded, if it may be.)
            same_sender = not self.write_protected
            recorded = self.find(kept, key, same_sender=same_sender) if self.replays else None
            if recorded is not None and self._index.asks:
                # VCR.py asks the user's matchers twice: whether it can play a response, and which one it plays.
                recorded = self.find(kept, key, same_sender=same_sender)
            if recorded is not None:
                if self.strictness.ordered:
                    self._check_order(kept, recorded)
                self.play(recorded)
                self.plays.append((request, recorded))
            elif self.write_protected:
                raise self.refusal(kept)
            else:
                interaction = self.reserve(kept)
                self.pipeline.note_changed(request, kept)
        if recorded is None:
            self.prepare_to_save()
            log_of_stubs.info("%s not in cassette, sending to real server", self.shown(kept))
            return Turn(self, interaction)
        log_of_stubs.info("Playing response for %s from cassette", self.shown(kept))
        # Outside the lock: reading the response takes long where the file has not been parsed yet.
        return Turn(self, None, self.answered(request, kept, recorded, self.answer(recorded)), recorded)

    def shown(self, value: object) -> Shown:
        """``str(value)`` without secrets, for a log or a message. The text is made only when somebody reads it."""
        return Shown(value, self.mask)

    def answer(self, recorded: Interaction) -> Response:
        """The recorded response, to be replayed. Raises CassetteLoadError when it cannot be replayed."""
        response = recorded.response
        assert response is not None
        fault = response.fault
        if fault is not None:
            message = f"the response recorded for {self.shown(recorded.request)} cannot be replayed: {fault}"
            raise CassetteLoadError(message, path=self.path)
        return response

    def prepare_to_save(self) -> None:
        """Warn at the first request that is recorded if the cassette cannot be saved."""
        if self._is_prepared:
            return
        self._is_prepared = True
        if (reason := self.storage.prepare()) is not None:
            warn(f"what is recorded into the cassette {self.path} cannot be saved: {reason}")

    def note_streaming(self, turn: Turn) -> None:
        """Note that the live response of this turn is on its way: the turn is settled when the cassette closes."""
        with self.lock:
            self._streaming.add(turn)

    def drop(self, turn: Turn, interaction: Interaction) -> None:
        """Remove everything that the cassette has noted of a turn."""
        with self.lock:
            self._streaming.discard(turn)
            self.give_up(interaction)

    def keep(self, turn: Turn, interaction: Interaction, response: Response) -> None:
        """Filter a live response, and put it in the place that its turn has reserved."""
        kept = self.when_recorded(interaction, response)
        if kept is not None:
            self.pipeline.note_changed(response, kept)
        with self.changing():
            self._streaming.discard(turn)
            if self.closed:
                shown = self.shown(interaction.request)
                log.warning("The response to %s came after its cassette was saved: not recorded", shown)
                return
            if kept is None:
                self.give_up(interaction)
                return
            interaction.response = kept
            self._added(interaction)
            self.make_findable(interaction, is_replayed=bool(self.allow_playback_repeats))

    def changing(self) -> AbstractContextManager[object]:
        """The lock, to be held while a request is decided about, and while a finished interaction is added."""
        return self.lock

    def _added(self, interaction: Interaction) -> None:
        self.mark_recorded(interaction)
        self.storage.add_to_journal(interaction, self)

    def settle(self) -> None:
        """Finish the turns whose live responses are still on their way, which may take seconds. Raises what a hook
        raises, when all are finished."""
        with self.lock:
            streaming, self._streaming = self._streaming, set()
        errors: list[Exception] = []
        began = _clock()
        for turn in streaming:
            try:
                turn.settle(began)
            except Exception as error:  # noqa: BLE001  (a hook's: raised below)
                errors.append(error)
        if errors:
            raise errors[0]

    def close(self, *, save: bool = True) -> None:
        """Finish the turns whose live responses are still on their way, then save, unless ``save`` is false."""
        try:
            self.settle()
        finally:
            with self.lock:
                self.closed = True
                if save and may_keep(self):
                    self.save()
                else:
                    self.storage.empty_journal()

    @property
    def replays(self) -> bool:
        """Whether requests are answered from the cassette now. What only this session has recorded is not replayed,
        except with ``allow_playback_repeats``."""
        return self.record_mode.replays and bool(self.rewound or self.has_borrowed or self.allow_playback_repeats)

    def refusal(self, request: Request) -> CannotOverwriteExistingCassetteException:
        """Make the error for a filtered request that is refused now, and note the refusal."""
        # The text is made when somebody reads it, but it says how many interactions had been played now.
        explain = functools.partial(self.explain, request, self._played)
        shown = self.pipeline.stored(request)
        error = CannotOverwriteExistingCassetteException(cassette=self, failed_request=shown, refusal=explain)
        self._refuse(shown, error)
        return error

    def _refuse(self, request: Request, error: CannotOverwriteExistingCassetteException) -> None:
        self.note_refusal(Refused.now(request, error if self.strictness.on_refused == "raise" else None))

    def note_refusal(self, refused: Refused) -> None:
        """Note a refusal, of this process or of a child."""
        self.refused.append(refused.request)
        self.refusals.append(refused)

    def _check_order(self, request: Request, found: Interaction) -> None:
        """Raise OutOfOrderError when another recorded interaction is to be played before ``found``."""
        due = first_unplayed(self)
        if due is None or due is found or found.plays:
            return
        error = OutOfOrderError(cassette=self, failed_request=request, message=out_of_order(self, found))
        self._refuse(request, error)
        raise error

    def unplay(self, interaction: Interaction) -> None:
        """Count one replay less of an interaction, whose response the client never got."""
        super().unplay(interaction)
        with self.lock:
            last = max(place for place, (_, played) in enumerate(self.plays) if played is interaction)
            del self.plays[last]

    @property
    def played(self) -> list[Played]:
        """Each replay, in order: the request as the program made it, the recorded request, the response."""
        return [Played(sent, *self.seen(interaction)) for sent, interaction in self.plays]

    # -- how an interaction is changed: a face may override these four -----------------------------------------------

    def filter_request(self, request: Request) -> Request | None:
        """A copy of ``request`` as it is kept and matched; None when a filter ignores the request."""
        return self.pipeline.request(request)

    def when_recorded(self, interaction: Interaction, response: Response) -> Response | None:  # noqa: ARG002
        """The response that is kept of a live ``response``; None: the interaction is not kept.

        ``interaction``: the place where it is kept. An override may replace the request there.
        """
        return self.pipeline.response(response)

    def when_loaded(self, interactions: list[Interaction]) -> list[Interaction]:
        """The interactions that the cassette holds of these stored ones. Without filters none of them is parsed now."""
        return self.pipeline.all_loaded(interactions, self)

    def when_saved(self, interaction: Interaction) -> Pair | None:
        """The request and the response as they are written; None: the interaction is not written."""
        return self.pipeline.saved(interaction, self)

    @property
    def saves_as_held(self) -> bool:
        """Whether ``when_saved`` leaves loaded interactions as they are."""
        return self.pipeline.before_save_interaction is None

    def content(self, interaction: Interaction) -> Hashable:
        """A value that is equal for interactions that would be stored with the same content."""
        return self.pipeline.content(interaction)

    @property
    def masked(self) -> list[Masked]:
        """What the sanitizer has masked in the file: each with its rule, its place, and what stands there now. No
        secret is in it."""
        return [one for interaction in self.held() for one in interaction.masked]

    # -- what it holds ----------------------------------------------------------------------------------------------

    @property
    def path(self) -> str:
        """Where the cassette is kept."""
        return self.storage.path

    @property
    def write_protected(self) -> bool:
        """Whether the record mode forbids recording now."""
        return not self.record_mode.records(existing=self.rewound)

    def append(self, request: Request, response: ResponseDict | Mapping[str, object]) -> None:
        """Add an interaction, through the filters."""
        given = Response(response)
        kept_request = self.filter_request(request)
        kept_response = self.pipeline.response(given)
        if kept_request is None or kept_response is None:
            return
        self.pipeline.note_changed(request, kept_request)
        self.pipeline.note_changed(given, kept_response)
        interaction = Interaction(kept_request, kept_response)
        with self.changing():
            self.put(interaction)
            self._added(interaction)
            self.make_findable(interaction)

    def rewind(self) -> None:
        """Let every interaction be played again from the start; those recorded in this session, too."""
        self.rewound = True
        self.reset_plays()

    def explain(self, request: Request, played: int | None = None, similar: Closest | None = None) -> Refusal:
        """The facts that say why this cassette refuses ``request``, which has been filtered.

        ``played``: how many interactions had been played then. ``similar``: the closest recorded requests, if the
        caller knows them.
        """
        from .facts import facts

        count = self._played if played is None else played
        return facts(self, request, matchers=self._match_on, filters=self._filters, played=count, similar=similar)

    # -- storage ----------------------------------------------------------------------------------------------------

    def restore(self) -> None:
        """Load what is stored under the path, if anything is. Raises CassetteLoadError when it cannot be read."""
        stored = self.storage.load(self, may_be_too_old=self.record_mode.records(existing=False))
        if stored is None:
            return
        self.hold(stored, are_stored=True)
        self.followed = 0
        self.rewound = True
        self.dirty = False

    def save(self, *, force: bool = False) -> bool:
        """Write the cassette if there is something to write, or with ``force``. Returns whether it was written.

        What other processes have stored since the cassette was read is kept.
        """
        with self.lock:  # What another thread records from here on is not in these changes: it is saved the next time.
            kept, held, added = self.to_save(), self.held(borrowed=False, aside=True), self.unsaved()
            changes = Changes(kept, added, set(held).difference(kept), self.recorded_before_fork())
        if not self.storage.stores or not (force or self.dirty or len(kept) != len(held)):
            return False
        self.pipeline.learn_secrets(kept)
        if not self.storage.save(changes, self):
            return False
        self.mark_saved(added)
        self.pipeline.warn_of_secrets(self.path)
        return True

    def borrow(self, path: str) -> bool:
        """Replay also what is stored under another path; it is never saved into this cassette.

        Returns whether anything is stored there. Raises CassetteLoadError when it cannot be read.
        """
        lent = self.storage.load_from(path, self)
        if lent is None:
            return False
        self.add_borrowed(lent)
        return True

    def recover(self) -> int:
        """Add the interactions of interrupted recordings (``journal=True``), and save. Returns how many were added.

        Raises CassetteNotFoundError when there is no journal.
        """
        with self.storage.place.exclusive():  # Nobody else recovers the same.
            stored, recovered = self.storage.load_with_journal(self)
            self.hold([*stored, *recovered], are_stored=True)
            for interaction in recovered:
                self.mark_recorded(interaction)
            self.save(force=True)
            self.storage.remove_journal()
        return len(recovered)

    def to_save(self) -> list[Interaction]:
        """The interactions that the file is to hold, in order; which ones depends on the record mode."""
        return to_save(self)
