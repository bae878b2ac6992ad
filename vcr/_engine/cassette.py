"""The one decision about each request: replay it, record it, or refuse it. And the opening and closing around it.

It must not know a client or a file: a ``Storage`` is handed to it, and filters are functions handed to it.
"""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from ..errors import (
    CannotOverwriteExistingCassetteException,
    CassetteLoadError,
    OutOfOrderError,
    warn,
)
from ..matchers import Predicate
from ..record_mode import RecordMode
from ..request import Request
from ..response import Response, ResponseDict
from .disguise import as_compared
from .holding import Holding
from .index import ALL, Index
from .interaction import Interaction
from .pipeline import NOTHING_CHANGED, Pair, Pipeline
from .shown import Shown
from .storage import Changes, Storage
from .strict import DEFAULT, Played, Refused, Sent, Strictness, first_unplayed, may_keep, out_of_order
from .turn import Turn
from .unrecordable import Permeable

if TYPE_CHECKING:
    from ..sanitize.masking import Masked
    from .explain import Closest, Refusal

__all__ = ["Cassette", "Turn"]

log = logging.getLogger("vcr.cassette")

# Taken at import: libraries that stop the clock of a test replace the function in its module.
_clock = time.monotonic


class Cassette(Holding, Permeable):
    """Recorded HTTP interactions, in the order in which their requests were started.

    Every argument but ``storage`` may be left out. ``match_on``: matchers that must all agree. ``pipeline``: what
    changes an interaction on its way, and takes secrets out of what is stored. ``mask``: takes secrets out of a text
    that a person will read. ``filters``: the names of the options at work, for the text of a refusal. ``passes_by``:
    see the method of that name.
    """

    #: What is replaced while the cassette is open, and whether a decorator passes it on: read when it is opened.
    custom_patches: tuple[tuple[object, str, object], ...] = ()
    inject: bool = False
    #: What becomes of the requests of processes that are started inside: "ignore", "join" or "refuse".
    child_processes: str = "ignore"
    #: The cassette inside whose block this one was opened.
    around: Cassette | None = None
    #: Whether what the cassette holds can be replayed: it was loaded, or wound back.
    rewound: bool = False
    #: Whether the cassette has been closed: what comes now is not recorded.
    closed: bool = False
    _is_prepared: bool = False  # to save

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
        super().__init__(match_on, allow_playback_repeats=allow_playback_repeats, disguise=pipeline.sanitizer)
        self.storage = storage
        self.pipeline = pipeline
        self.record_mode = record_mode
        self.drop_unused_requests = drop_unused_requests
        self.record_errors = record_errors
        #: What is said at the end of the cassette, and in which order requests have to come.
        self.strictness = strictness
        sanitizer = pipeline.sanitizer
        #: Takes secrets out of a text that a person will read.
        self.mask = mask if sanitizer is None else lambda text: sanitizer.text(mask(text))
        self._passes_by = passes_by
        self._filters = tuple(filters)
        #: Whether a file holds the code around the cassette: what is caught there has not been swallowed.
        self.is_file_of_block: Callable[[str], bool] = lambda _: False
        #: Requests refused so far: they stay visible when an SDK swallows the exception.
        self.refused: list[Request] = []
        self.refusals: list[Refused] = []
        #: The requests as the program made them, before any filter, in order. They are never written to the file.
        self.sent = Sent()
        #: Each replay: the request as the program made it, and what was played.
        self.plays: list[tuple[Request, Interaction]] = []
        self._streaming: set[Turn] = set()  # their live responses are on their way

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
        if self._disguise is not None:
            request.mask_with(self.mask)
        kept = self.filter_request(request)
        if kept is None:
            return Turn(None, None)
        key = self.key(kept)
        with self.changing():
            self.sent.append(request)
            recorded = self.find(kept, key) if self.replays else None
            if recorded is not None and self._index.asks:
                # VCR.py asks the user's matchers twice: whether it can play a response, and which one it plays.
                recorded = self.find(kept, key)
            if recorded is not None:
                if self.strictness.ordered:
                    self._check_order(kept, recorded)
                self.play(recorded)
                self.plays.append((request, recorded))
            elif self.write_protected:
                raise self.refusal(kept)
            else:
                interaction = self.reserve(kept)
        if recorded is None:
            self.prepare_to_save()
            log.info("%s not in cassette, sending to real server", self.shown(kept))
            return Turn(self, interaction)
        log.info("Playing response for %s from cassette", self.shown(kept))
        # It may have to be read first, which takes long: other threads do not wait for it.
        return Turn(self, None, self.answered(request, kept, recorded, self.answer(recorded)), recorded)

    def shown(self, value: object) -> Shown:
        """What stands for ``value`` where a person reads it: its text, without secrets, made when it is needed."""
        return Shown(value, self.mask)

    def answer(self, recorded: Interaction) -> Response:
        """The response to replay. Raises CassetteLoadError when what is stored in its place cannot be replayed."""
        response = recorded.response
        assert response is not None
        fault = response.fault
        if fault is not None:
            message = f"the response recorded for {self.shown(recorded.request)} cannot be replayed: {fault}"
            raise CassetteLoadError(message, path=self.path)
        return response

    def prepare_to_save(self) -> None:
        """Say now, with the first request that is recorded, what would be an error when the cassette is saved."""
        if self._is_prepared:
            return
        self._is_prepared = True
        if (reason := self.storage.prepare()) is not None:
            warn(f"what is recorded into the cassette {self.path} cannot be saved: {reason}")

    def awaits(self, turn: Turn) -> None:
        """The live response of this turn is on its way: the turn is settled when the cassette closes."""
        with self.lock:
            self._streaming.add(turn)

    def drop(self, turn: Turn, interaction: Interaction) -> None:
        """Leave no trace of a turn."""
        with self.lock:
            self._streaming.discard(turn)
            self.give_up(interaction)

    def keep(self, turn: Turn, interaction: Interaction, response: Response) -> None:
        """Put what is kept of a live response in the place that its turn has reserved."""
        kept = self.when_recorded(interaction, response)
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
            if self.allow_playback_repeats:
                self.make_findable(interaction)

    def changing(self) -> AbstractContextManager[object]:
        """What is held while a request is decided about, and while a finished interaction is added: the lock."""
        return self.lock

    def _added(self, interaction: Interaction) -> None:
        self.mark_recorded(interaction)
        self.storage.note(interaction, self)

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
        """The end of the cassette: finish the turns whose live responses are still on their way, then save."""
        try:
            self.settle()
        finally:
            with self.lock:
                self.closed = True
                if save and may_keep(self):
                    self.save()
                else:
                    self.storage.discard_notes()

    @property
    def replays(self) -> bool:
        """Whether requests are answered from the cassette now: not with what this session alone has recorded."""
        return self.record_mode.replays and bool(self.rewound or self.has_borrowed or self.allow_playback_repeats)

    def refusal(self, request: Request) -> CannotOverwriteExistingCassetteException:
        """The error for a request that is refused now, which has been through the filters."""
        # The text is made when it is read, but it tells how things are now.
        explain = functools.partial(self.explain, request, self._played)
        shown = self.pipeline.stored(request)
        error = CannotOverwriteExistingCassetteException(cassette=self, failed_request=shown, refusal=explain)
        self._refuse(shown, error)
        return error

    def _refuse(self, request: Request, error: CannotOverwriteExistingCassetteException) -> None:
        self.note_refusal(Refused.now(request, error if self.strictness.on_refused == "raise" else None))

    def note_refusal(self, refused: Refused) -> None:
        """Remember a refusal, of this process or of a child."""
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
        """Count one replay less of an interaction: the client never got the response."""
        super().unplay(interaction)
        with self.lock:
            last = max(place for place, (_, played) in enumerate(self.plays) if played is interaction)
            del self.plays[last]

    @property
    def played(self) -> list[Played]:
        """Each replay, in order: the request as the program made it, the recorded request, the response."""
        return [Played(sent, *self.seen(interaction)) for sent, interaction in self.plays]

    # -- what an interaction becomes: a face may override these four -----------------------------------------------

    def filter_request(self, request: Request) -> Request | None:
        """``request`` as it is kept and matched (a copy), or None when it is to be ignored."""
        return self.pipeline.request(request)

    def when_recorded(self, interaction: Interaction, response: Response) -> Response | None:  # noqa: ARG002
        """What is kept of a live ``response``, in the place ``interaction``, whose request may be replaced; None:
        neither is kept."""
        return self.pipeline.response(response)

    def when_loaded(self, interactions: list[Interaction]) -> list[Interaction]:
        """What the cassette holds of these, which are stored; without filters they need not even be read now."""
        return self.pipeline.all_loaded(interactions, self)

    def when_saved(self, interaction: Interaction) -> Pair | None:
        """The request and the response that are written; None: neither."""
        return self.pipeline.saved(interaction, self)

    @property
    def saves_as_held(self) -> bool:
        """Whether ``when_saved`` changes nothing of what was loaded."""
        return self.pipeline.before_save_interaction is None

    def content(self, interaction: Interaction) -> Hashable:
        """Equal for interactions that would be stored with the same content."""
        return self.pipeline.content(interaction)

    @property
    def masked(self) -> list[Masked]:
        """What was masked in what this cassette has written: by which rule, where, and what stands there; no secret."""
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
        kept_request = self.filter_request(request)
        kept_response = self.pipeline.response(Response(response))
        if kept_request is None or kept_response is None:
            return
        interaction = Interaction(kept_request, kept_response)
        with self.changing():
            self.put(interaction)
            self._added(interaction)
            self.make_findable(interaction)

    def rewind(self) -> None:
        """Play everything from the start again, what was recorded in this session included."""
        self.rewound = True
        self.play_anew()

    def explain(self, request: Request, played: int | None = None, similar: Closest | None = None) -> Refusal:
        """Why this cassette refuses ``request``, which has been through the filters. ``played``: how many interactions
        had been played when it did. ``similar``: the closest recorded requests, where the caller knows them."""
        from .explain import Refusal

        finished = self.held()
        shown, recorded, secrets = as_compared(self._disguise, request, finished)
        return Refusal(
            request=shown,
            path=self.path,
            record_mode=self.record_mode,
            matchers=self._match_on,
            found=self.rewound,
            total=len(finished),
            played=self._played if played is None else played,
            hidden=self.storage.hidden,
            filters=self._filters,
            recorded=lambda: recorded,
            secrets=secrets,
            mask=self.mask,
            similar=similar,
            place=self.storage.place.nearby,
            around=functools.partial(self._around, request),
        )

    def _around(self, request: Request) -> tuple[str, bool] | None:
        """The path of the cassette around this one, and whether that holds ``request``."""
        outer = self.around
        if outer is None:
            return None
        kept = outer.filter_request(request)
        return outer.path, kept is not None and bool(outer.matching(kept))

    # -- storage ----------------------------------------------------------------------------------------------------

    def restore(self) -> None:
        """Hold what is stored under the path; a cassette that is not there is new. Any other failure is an error."""
        stored = self.storage.load(self, may_be_too_old=self.record_mode.records(existing=False))
        if stored is None:
            return
        self.hold(stored, are_stored=True)
        self.followed = 0
        self.rewound = True
        self.dirty = False

    def save(self, *, force: bool = False) -> bool:
        """Write the cassette if there is something to write, and return whether there was; what others have stored
        since it was read stays."""
        with self.lock:  # What another thread records from here on is not in these changes: it is saved the next time.
            kept, held, added = self.to_save(), self.held(borrowed=False), self.unsaved()
            changes = Changes(kept, added, set(held).difference(kept), self.recorded_before_fork())
        if not self.storage.stores or not (force or self.dirty or len(kept) != len(held)):
            return False
        self.pipeline.learn(kept)
        if not self.storage.save(changes, self):
            return False
        self.mark_saved(added)
        self.pipeline.tell(self.path)
        return True

    def borrow(self, path: str) -> bool:
        """Replay what is stored under another path too; it is never saved into this cassette.

        Returns whether anything is stored there. Raises CassetteLoadError when it cannot be read.
        """
        lent = self.storage.load_from(path, self)
        if lent is None:
            return False
        self.add_borrowed(lent)
        return True

    def recover(self) -> int:
        """Add what interrupted recordings have left (``journal=True``), and save. Returns how many interactions.

        Raises CassetteNotFoundError when nothing is left.
        """
        stored, recovered = self.storage.load_with_notes(self)
        self.hold([*stored, *recovered], are_stored=True)
        for interaction in recovered:
            self.mark_recorded(interaction)
        self.save(force=True)
        self.storage.remove_notes()
        return len(recovered)

    def to_save(self) -> list[Interaction]:
        """What the file is to hold, in order."""
        finished = self.held(borrowed=False)
        if not self.record_mode.keeps and self.recorded:
            return [interaction for interaction in finished if interaction in self.recorded]
        if not self.record_mode.replays and self.recorded:
            again = Index(self._match_on, self._disguise)
            for interaction in self.recorded:
                again.add(interaction)
            finished = [
                interaction
                for interaction in finished
                if interaction in self.recorded
                or not any(again.matching(interaction.request, again.key(interaction.request), ALL))
            ]
        if self.drop_unused_requests and (self.record_mode.replays or self.recorded):
            finished = [i for i in finished if i in self.recorded or i.plays]
        return finished
