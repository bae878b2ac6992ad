"""Room: Cassette and Turn: order, counters, and the one decision about each request.

It knows no socket, client or file: storage is a persister handed to it, filters are functions handed to it.
"""

from __future__ import annotations

import functools
import logging
import weakref
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timedelta, timezone
from importlib import import_module
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any, Protocol

from .errors import (
    CannotOverwriteExistingCassetteException,
    CassetteDecodeError,
    CassetteNotFoundError,
    MissingMetadataError,
    UnhandledHTTPRequestError,
)
from .failure import Failure
from .index import ALL, LATEST_FIRST, UNPLAYED, Index, Interaction
from .locks import BusyLock
from .matchers import Predicate
from .matchers import method as match_method
from .matchers import uri as match_uri
from .record_mode import RecordMode
from .request import Request
from .response import Response, ResponseDict

if TYPE_CHECKING:
    from .explain import Closest, Refusal

log = logging.getLogger(__name__)

RequestFilter = Callable[[Request], "Request | None"]
ResponseFilter = Callable[[ResponseDict], "ResponseDict | None"]
InteractionFilter = Callable[[Request, ResponseDict, "Cassette"], "tuple[Request, ResponseDict] | None"]


class Persister(Protocol):
    """Where cassettes are kept. The interface is VCR.py's.

    It may also have ``version(path)``, a value that changes whenever what is stored does, and ``exclusive(path)``, a
    context manager within which nobody else stores: then what several cassettes add to one path is merged. And
    ``journal(path)``, an object that keeps interactions before they are saved (``vcr/persisters/journal.py``).
    """

    def load_cassette(self, cassette_path: Any, serializer: Any) -> Any:
        """``(requests, responses)``, or raise CassetteNotFoundError when there is none."""

    def save_cassette(self, cassette_path: Any, cassette_dict: Any, serializer: Any) -> None:
        """Keep ``{"requests": [...], "responses": [...]}`` under this path."""


class Turn:
    """One request's passage through a cassette: made by ``begin``, over after ``finish``.

    ``response``: what to replay, or None: go live. ``records``: whether what comes back is kept; when it is not, the
    exchange is none of the cassette's business. A turn that never finishes leaves no trace.
    """

    __slots__ = ("_cassette", "_interaction", "_settle", "response")

    def __init__(
        self, cassette: Cassette | None, interaction: Interaction | None, response: Response | None = None
    ) -> None:
        self._cassette = cassette
        self._interaction = interaction
        self._settle: weakref.WeakMethod[Callable[[], None]] | None = None
        self.response = response

    @property
    def records(self) -> bool:
        """Whether ``finish`` is to be called with the live response."""
        return self._interaction is not None

    def stream(self, settle: Callable[[], None]) -> None:
        """The live response is on its way. Should the cassette close first, ``settle`` is called once: it finishes
        the turn with what can be had. It is a method, held weakly: a response that nobody reads must be able to go."""
        self._settle = weakref.WeakMethod(settle)
        if self._cassette is not None:
            self._cassette._stream(self)

    def fail(self, failure: Failure | None, so_far: Response | None = None) -> None:
        """The exchange has failed, and the client knows. ``so_far``: what has come of the response, which is kept
        in any case; the failure is where the cassette keeps them."""
        if failure is not None and self._cassette is not None and self._cassette.record_errors:
            self.finish(Response.failed(failure, so_far))
        elif so_far is not None:
            self.finish(so_far)

    def settle(self) -> None:
        """Finish now, if a response is on its way."""
        settle = self._settle() if self._settle is not None else None
        if settle is not None:
            settle()

    def finish(self, response: Response) -> Response:
        """Keep ``response`` in the place that ``begin`` reserved. The caller gets back what it gave."""
        interaction, self._interaction, self._settle = self._interaction, None, None
        if interaction is not None and self._cassette is not None:
            self._cassette._finish(self, interaction, response)
        return response


class Cassette:
    """Recorded HTTP interactions, in the order in which their requests were started."""

    def __init__(  # noqa: PLR0917  (VCR.py's signature)
        self,
        path: str | PathLike[str],
        serializer: Any = None,
        persister: Persister | None = None,
        record_mode: RecordMode | str = RecordMode.ONCE,
        match_on: Sequence[Predicate] = (match_uri, match_method),
        before_record_request: RequestFilter | None = None,
        before_record_response: ResponseFilter | None = None,
        custom_patches: Iterable[tuple[Any, str, Any]] = (),
        inject: bool = False,
        allow_playback_repeats: bool | str = False,
        drop_unused_requests: bool = False,
        before_save_interaction: InteractionFilter | None = None,
        after_load_interaction: InteractionFilter | None = None,
        re_record_interval: timedelta | None = None,
        preserve_exact_body_bytes: bool = False,
        journal: bool = False,
        record_errors: bool = False,
        passes_by: Callable[[str, Sequence[type]], bool] | None = None,
        mask: Callable[[str], str] = str,
        filters: Sequence[str] = (),
    ) -> None:
        self._path = fspath(path)
        self._serializer = serializer
        self._persister = persister
        self._match_on = tuple(match_on)
        self._before_record_request = before_record_request
        self._before_record_response = before_record_response
        self.custom_patches = tuple(custom_patches)
        self.inject = inject
        self.record_mode = RecordMode(record_mode)
        self.allow_playback_repeats = allow_playback_repeats
        self.drop_unused_requests = drop_unused_requests
        self._before_save_interaction = before_save_interaction
        self._after_load_interaction = after_load_interaction
        self._re_record_interval = re_record_interval
        self._preserve_exact_body_bytes = preserve_exact_body_bytes
        self._journal = _journal(persister, self._path)
        if journal and self._journal is None:
            raise TypeError(f"journal: the persister {persister!r} keeps none (it has no journal(path))")
        self._journals = journal
        self.record_errors = record_errors
        self._passes_by = passes_by
        self._mask = mask
        self._filters = tuple(filters)  # the names of the options above that are in use
        self._metadata: dict[str, Any] = {}
        self._hidden = 0  # stored interactions that a filter dropped while loading
        #: Whether there is something to save.
        self.dirty = False
        #: Whether what the cassette holds can be replayed: it was loaded, or wound back.
        self.rewound = False
        #: Requests refused so far: they stay visible when an SDK swallows the exception.
        self.refused: list[Request] = []
        self._interactions: list[Interaction] = []
        self._recorded: set[Interaction] = set()  # by identity: what this session added
        self._unsaved: set[Interaction] = set()  # of these, what has not been saved
        self._version: Hashable = None  # of what is stored, when it was read or written
        self._index = Index(self._match_on)
        self._streaming: set[Turn] = set()  # their live responses are on their way
        self._played = 0  # how many interactions have been
        self._closed = False
        self._lock = BusyLock()

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
            recorded = self._find(kept, key)
            if recorded is not None:
                self._play(recorded)
            elif self.write_protected:
                self.refused.append(kept)
                # The text is for later, but it is to tell how things are now.
                raise CannotOverwriteExistingCassetteException(
                    cassette=self, failed_request=kept, refusal=functools.partial(self.explain, kept, self._played)
                )
            else:
                interaction = Interaction(kept)
                self._interactions.append(interaction)
        if recorded is None:
            log.info("%s not in cassette, sending to real server", kept)
            return Turn(self, interaction)
        log.info("Playing response for %s from cassette", kept)
        # It may have to be read first, which takes long: other threads do not wait for it.
        return Turn(self, None, recorded.response)

    def _stream(self, turn: Turn) -> None:
        with self._lock:
            self._streaming.add(turn)

    def _finish(self, turn: Turn, interaction: Interaction, response: Response) -> None:
        kept = self._filter_response(response)
        with self._lock:
            self._streaming.discard(turn)
            if self._closed:
                log.warning("The response to %s came after its cassette was saved: not recorded", interaction.request)
                return
            if kept is None:
                self._interactions.remove(interaction)
                return
            if self._re_record_interval is not None:
                kept.stamp(datetime.now(timezone.utc))
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
            self._journal.add(*pair)
        except OSError as error:  # the recording itself goes on
            log.warning("What cassette %s records is no longer kept until it is saved: %s", self._path, error)
            self._journals = False

    def close(self, *, save: bool = True) -> None:
        """The end of the cassette: finish the turns whose live responses are still on their way, then save."""
        with self._lock:
            streaming = list(self._streaming)
        errors: list[Exception] = []
        for turn in streaming:
            try:
                turn.settle()
            except Exception as error:  # noqa: BLE001  (a hook's: raised below, when all is saved)
                errors.append(error)
        with self._lock:
            self._closed = True
            if save:
                self._save()
            elif self._journals:
                self._journal.discard()
        if errors:
            raise errors[0]

    def _add(self, interaction: Interaction) -> None:
        self._recorded.add(interaction)
        self._unsaved.add(interaction)
        self.dirty = True

    def _play(self, interaction: Interaction) -> None:
        self._played += not interaction.plays
        interaction.plays += 1

    def _find(self, request: Request, key: Hashable) -> Interaction | None:
        if not self.record_mode.replays:
            return None
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
        return None if data is None else Response(data)

    # -- what it holds ----------------------------------------------------------------------------------------------

    def _finished(self) -> list[Interaction]:
        with self._lock:
            return [interaction for interaction in self._interactions if interaction.finished]

    @property
    def path(self) -> str:
        """Where the cassette is kept."""
        return self._path

    @property
    def data(self) -> list[tuple[Request, ResponseDict]]:
        """``(request, response)`` pairs, in order."""
        return [(request, response.data) for request, response in (i.own() for i in self._finished())]

    @property
    def requests(self) -> list[Request]:
        """The recorded requests, in order."""
        return [request for request, _ in self.data]

    @property
    def responses(self) -> list[ResponseDict]:
        """The recorded responses, in order, as VCR.py's dictionaries."""
        return [response for _, response in self.data]

    @property
    def play_counts(self) -> Counter[int]:
        """How often each interaction has been replayed, by its index."""
        return Counter({index: i.plays for index, i in enumerate(self._finished()) if i.plays})

    @property
    def play_count(self) -> int:
        """How many responses have been replayed."""
        return sum(interaction.plays for interaction in self._finished())

    @property
    def all_played(self) -> bool:
        """Whether every interaction that the cassette holds has been replayed."""
        return all(interaction.plays for interaction in self._finished())

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
            self._played = 0

    def can_play_response_for(self, request: Request) -> bool:
        """Whether ``begin`` would replay a response for this request."""
        kept = self.filter_request(request)
        if kept is None:
            return False
        with self._lock:
            return self._find(kept, self._index.key(kept)) is not None

    def play_response(self, request: Request) -> ResponseDict:
        """The next recorded response, counted as played. Raises UnhandledHTTPRequestError when there is none."""
        kept = self.filter_request(request)
        with self._lock:
            found = None if kept is None else self._find(kept, self._index.key(kept))
            if found is None:
                raise self._unhandled(request)
            self._play(found)
            return found.own()[1].data

    def responses_of(self, request: Request) -> list[ResponseDict]:
        """Every recorded response to this request, played or not. Raises UnhandledHTTPRequestError when none is."""
        responses = [response for _, response in self._responses(request)]
        if not responses:
            raise self._unhandled(request)
        return responses

    def _unhandled(self, request: Request) -> UnhandledHTTPRequestError:
        return UnhandledHTTPRequestError(
            f"The cassette ({self._path!r}) doesn't contain the request ({request.method} {request.uri}) asked for"
        )

    def find_requests_with_most_matches(self, request: Request) -> Closest:
        """The recorded requests most like this one: ``(request, matchers that agree, [(matcher, difference)])``."""
        from .explain import most_similar

        kept = self.filter_request(request)
        return [] if kept is None else most_similar(kept, self.requests, self._match_on)

    def explain(self, request: Request, played: int | None = None) -> Refusal:
        """Why this cassette refuses ``request``, which has been through the filters. ``played``: how many interactions
        had been when it did."""
        from .explain import Refusal

        finished = self._finished()
        return Refusal(
            request=request,
            path=self._path,
            record_mode=self.record_mode,
            matchers=self._match_on,
            found=self.rewound,
            total=len(finished),
            played=self._played if played is None else played,
            hidden=self._hidden,
            filters=self._filters,
            recorded=lambda: [interaction.request for interaction in finished],
            mask=self._mask,
        )

    def __len__(self) -> int:
        return len(self._finished())

    def __contains__(self, request: Request) -> bool:
        kept = self.filter_request(request)
        if kept is None:
            return False
        with self._lock:
            which = ALL if self.allow_playback_repeats else UNPLAYED
            matching = self._index.matching(kept, self._index.key(kept), which)
            return next(matching, None) is not None

    def __str__(self) -> str:
        return f"<Cassette containing {len(self)} recorded response(s)>"

    def get_metadata(self, key: str, default: Any) -> Any:
        """The value kept under ``key`` in the cassette; ``default`` is put there first where there is none (VCR.py 9).

        Raises MissingMetadataError when there is none and the record mode forbids adding it.
        """
        with self._lock:
            if key not in self._metadata:
                if self.write_protected:
                    raise MissingMetadataError(cassette=self, key=key)
                self._metadata[key] = default
                self.dirty = True
            return self._metadata[key]

    # -- storage ----------------------------------------------------------------------------------------------------

    @classmethod
    def load(cls, **kwargs: Any) -> Cassette:
        """A cassette with what is stored under its path (arguments as for ``Cassette``)."""
        cassette = cls(**kwargs)
        cassette._load()
        return cassette

    @classmethod
    def use(cls, **kwargs: Any) -> Any:
        """A context manager and decorator that opens such a cassette (arguments as for ``Cassette``)."""
        return cls.use_arg_getter(lambda: kwargs)

    @classmethod
    def use_arg_getter(cls, arg_getter: Callable[[], dict[str, Any]]) -> Any:
        """As ``use``, with the arguments of the moment when it is opened."""
        return import_module(".context", __package__).opener(cls, arg_getter)

    def _responses(self, request: Request) -> list[tuple[int, ResponseDict]]:
        """``(index, response)`` of each interaction that matches: kept for the users of VCR.py who build on it."""
        kept = self.filter_request(request)
        with self._lock:
            matching = set() if kept is None else set(self._index.matching(kept, self._index.key(kept), ALL))
            found = enumerate(self._finished())
            return [(index, i.own()[1].data) for index, i in found if i in matching]

    def _load(self) -> None:
        """Read what is stored under the path; a cassette that is not there is new. Any other failure is an error."""
        stored = self._read()
        if self._journal is not None and self._journal.exists:
            log.warning(
                "A recording of cassette %s was interrupted, or is going on elsewhere. What it has so far is in %s; "
                "vcr.recover(%r) adds it to the cassette",
                *(self._path, self._journal.path, self._path),
            )
        if stored is None:
            return
        if self._is_too_old(stored):
            log.info("Cassette %s is older than its re_record_interval: recording it anew", self._path)
            return
        self._interactions = stored
        self.rewind()
        self.dirty = False

    def _is_too_old(self, stored: list[Interaction]) -> bool:
        """Whether to record anew. What is stored stays until there is something to take its place."""
        if self._re_record_interval is None or not self.record_mode.records(existing=False):
            return False
        dates = [i.response.recorded_at for i in stored if i.response is not None and i.response.recorded_at]
        return bool(dates) and datetime.now(timezone.utc) - min(dates) > self._re_record_interval

    def recover(self) -> int:
        """Add what interrupted recordings have left (``journal=True``), and save. Returns how many interactions.

        Raises CassetteNotFoundError when nothing is left.
        """
        if self._journal is None or not self._journal.exists:
            raise CassetteNotFoundError(f"there is nothing to recover for the cassette at {self._path}")
        self._interactions = self._read() or []
        recovered = self._loaded(self._journal.interactions())
        self._interactions += recovered
        for interaction in recovered:
            self._add(interaction)
        self._save(force=True)
        self._journal.remove()
        return len(recovered)

    def _read(self) -> list[Interaction] | None:
        """What is stored now, through the filters; None when nothing is. Its metadata joins what is here."""
        if self._persister is None:
            return None
        self._version = self._version_stored()
        try:
            stored = self._persister.load_cassette(self._path, serializer=self._serializer)
        except CassetteNotFoundError:
            return None
        except CassetteDecodeError as error:
            log.warning("Cassette %s counts as empty: %s", self._path, error)
            return None
        # A third value, or an attribute: VCR.py's persisters and the plugins that unpack two.
        metadata = stored[2] if len(stored) > 2 else getattr(stored, "metadata", None)
        self._metadata = {**(metadata or {}), **self._metadata}
        interactions = getattr(stored, "interactions", None)
        if interactions is None:
            interactions = [Interaction(*pair) for pair in zip(stored[0], map(Response, stored[1]), strict=True)]
        loaded = self._loaded(interactions)
        self._hidden = len(interactions) - len(loaded)
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
            request, response = pair[0], Response(pair[1])
        kept_request = self.filter_request(request)
        kept_response = None if kept_request is None else self._filter_response(response)
        return None if kept_request is None or kept_response is None else Interaction(kept_request, kept_response)

    def _save(self, force: bool = False) -> None:
        """Write the cassette if there is something to write; what others have stored since it was read stays."""
        kept = self._to_save()
        if self._persister is None or not (force or self.dirty or len(kept) != len(self)):
            return
        with self._storage():
            if self._version_stored() != self._version:
                kept = self._merged(kept)
            pairs = [pair for interaction in kept if (pair := self._stored(interaction)) is not None]
            cassette_dict: dict[str, Any] = {
                "requests": [request for request, _ in pairs],
                "responses": [response for _, response in pairs],
            }
            if self._metadata:
                cassette_dict["metadata"] = self._metadata
            if self._preserve_exact_body_bytes:
                cassette_dict["preserve_exact_body_bytes"] = True
            self._persister.save_cassette(self._path, cassette_dict, serializer=self._serializer)
            self._version = self._version_stored()
            if self._journals:
                self._journal.discard()
        self._unsaved.clear()
        self.dirty = False

    def _storage(self) -> AbstractContextManager[object]:
        """The storage under the path for this cassette alone, where the persister can give it."""
        exclusive = getattr(self._persister, "exclusive", None)
        return nullcontext() if exclusive is None else exclusive(self._path)

    def _version_stored(self) -> Hashable:
        """What changes whenever what is stored under the path does, where the persister can tell."""
        version = getattr(self._persister, "version", None)
        return None if version is None else version(self._path)

    def _merged(self, kept: list[Interaction]) -> list[Interaction]:
        """What is stored now, without what this cassette drops, with what it adds."""
        dropped = Counter(interaction.value() for interaction in set(self._finished()).difference(kept))
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
        finished = self._finished()
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
        if self.drop_unused_requests:
            finished = [i for i in finished if i in self._recorded or i.plays]
        return finished


def _journal(persister: Any, path: str) -> Any:
    journal = getattr(persister, "journal", None)
    return None if journal is None else journal(path)


def __getattr__(name: str) -> Any:
    # VCR.py's home of it; it leads up, and waits until it is asked for.
    if name == "CassetteContextDecorator":
        return import_module(".context", __package__).CassetteContextDecorator
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
