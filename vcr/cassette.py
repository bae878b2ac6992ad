"""VCR.py's ``Cassette``, which programs build by hand, look into, change while it is open, subclass and patch.

The decision about a request is the engine's. This file must not know a client or a file format.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableSequence
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, cast

from . import matchers
from ._assembly import cassette_path, filters_of, matchers_of, policy_of, storage_of
from ._data import Pairs, PlayCounts
from ._engine import cassette as engine
from ._engine.cassette import Turn
from ._engine.interaction import Interaction
from ._engine.persister import Persister
from ._engine.strict import Strictness
from ._options import OPENING_OPTIONS, changed, completed, refuse_unknown
from ._vcrpy import leftovers
from .errors import CassetteDecodeError, CassetteNotFoundError, MissingMetadataError, UnhandledHTTPRequestError
from .matchers import get_matchers_results, requests_match
from .persisters.filesystem import FilesystemPersister
from .request import Request
from .response import Response, ResponseDict

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._context import CassetteContextDecorator
    from ._engine.explain import Closest
    from ._engine.pipeline import RequestFilter
    from ._options import (
        CassetteArguments,
        Mode,
        MoreArguments,
        Patches,
        RequestHooks,
        ResponseHooks,
        Serializer,
    )
    from .matchers import Predicate

T = TypeVar("T")

__all__ = [
    "Cassette",
    "CassetteDecodeError",
    "CassetteNotFoundError",
    "FilesystemPersister",
    "Persister",
    "Turn",
    "get_matchers_results",
    "requests_match",
]

_REQUESTS_MATCH = requests_match


class Cassette(engine.Cassette):
    """Recorded HTTP interactions.

    ``path`` is where they are kept. The other arguments are the options of ``use_cassette``; ``inject`` is VCR.py's
    name for ``inject_cassette``. ``match_on`` takes matchers, or the names of built-in ones. A cassette made by hand is
    empty until ``append`` adds to it: ``Cassette.load`` reads what is stored. Raises TypeError for an unknown option.
    """

    #: What ``load`` was given: a child process makes the same cassette from it.
    arguments: Mapping[str, object] | None = None
    #: Whether the cassette has been saved since it was opened.
    has_saved: bool = False

    def __init__(  # noqa: PLR0917  (VCR.py's signature)
        self,
        path: str | PathLike[str],
        serializer: str | Serializer | None = None,
        persister: Persister | None = None,
        record_mode: Mode = "once",
        match_on: Iterable[str | Predicate] | None = (matchers.uri, matchers.method),
        before_record_request: RequestHooks = None,
        before_record_response: ResponseHooks = None,
        custom_patches: Patches = (),
        inject: bool = False,
        **options: Unpack[MoreArguments],
    ) -> None:
        refuse_unknown(options, without=OPENING_OPTIONS)
        settings = completed(
            {
                "record_mode": record_mode,
                "match_on": match_on,
                "before_record_request": before_record_request,
                "before_record_response": before_record_response,
                "custom_patches": custom_patches,
                "persister": persister,
                **options,
            }
        )
        super().__init__(
            storage_of(settings, fspath(path), serializer or "yaml"),
            record_mode=settings.record_mode,
            match_on=matchers_of(settings, matchers.builtin()),
            allow_playback_repeats=settings.allow_playback_repeats,
            drop_unused_requests=settings.drop_unused_requests,
            record_errors=settings.record_errors,
            strictness=Strictness(settings.save, settings.on_unused, settings.on_refused, settings.ordered),
            **filters_of(settings),
        )
        self.inject = inject
        self.custom_patches = settings.custom_patches
        self.skip_patchers = settings.skip_patchers
        self.child_processes = settings.child_processes
        self.unrecordable = policy_of(settings)

    # -- opening one --------------------------------------------------------------------------------------------------

    @classmethod
    def load(cls, **kwargs: Unpack[CassetteArguments]) -> Cassette:
        """A cassette with what is stored under its path (arguments as for ``Cassette``).

        Raises CassetteLoadError when what is stored cannot be read.
        """
        cassette = cls(**kwargs)
        cassette.arguments = kwargs
        cassette._load()
        return cassette

    @classmethod
    def use(cls, **kwargs: Unpack[CassetteArguments]) -> CassetteContextDecorator:
        """A context manager and decorator that opens a cassette: ``path``, and every option of ``use_cassette``."""
        return cls.use_arg_getter(lambda: kwargs)

    @classmethod
    def use_arg_getter(cls, arg_getter: Callable[[], Mapping[str, object]]) -> CassetteContextDecorator:
        """As ``use``, with the arguments that ``arg_getter()`` returns each time when a cassette is opened."""
        from ._context import CassetteContextDecorator, Settings

        def settings() -> Settings:
            given: dict[str, Any] = dict(arg_getter())
            opening = completed({name: given.pop(name) for name in OPENING_OPTIONS & given.keys()})
            if opening.inject_cassette:
                given["inject"] = True
            if opening.func_path_generator is None:
                opening = changed(opening, {"func_path_generator": lambda function: function.__name__})
            path = given.pop("path", None)

            def load(function: Callable[..., object] | None) -> Cassette:
                return cls.load(path=cassette_path(opening, path, function), **given)

            return Settings(load, opening.record_on_exception)

        return CassetteContextDecorator(settings)

    # -- what it holds ------------------------------------------------------------------------------------------------

    @property
    def data(self) -> MutableSequence[tuple[Request, ResponseDict]]:
        """``(request, response)`` pairs, in order. What is changed in this list is changed in the cassette."""
        return Pairs(self)

    @data.setter
    def data(self, pairs: Iterable[tuple[Request, ResponseDict]]) -> None:
        self.data[:] = pairs

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
        """How often each interaction has been replayed, by its index. A program sets a count to 0 to replay it
        again."""
        return PlayCounts(self)

    @play_counts.setter
    def play_counts(self, counts: Mapping[int, int]) -> None:
        finished = self.held()
        for index, interaction in enumerate(finished):
            interaction.plays = counts.get(index, 0)
        self.hold(finished)

    @property
    def play_count(self) -> int:
        """How many responses have been replayed. A fetch of tornado's that follows redirects counts as one."""
        return sum(interaction.plays for interaction in self.held()) - self.followed

    @property
    def all_played(self) -> bool:
        """Whether every interaction that the cassette holds has been replayed."""
        return all(interaction.plays for interaction in self.held())

    def get_metadata(self, key: str, default: T) -> T:
        """The value that the cassette holds under ``key``. Where it holds none, ``default`` is added first (VCR.py 9).

        Raises MissingMetadataError when it holds none and the record mode forbids adding it.
        """
        metadata = self.storage.metadata
        with self.lock:
            if key not in metadata:
                if self.write_protected:
                    raise MissingMetadataError(cassette=self, key=key)
                metadata[key] = default
                self.dirty = True
            return cast(T, metadata[key])

    def __str__(self) -> str:
        return f"<Cassette containing {len(self)} recorded response(s)>"

    # Private names of VCR.py's, which public projects read, call and replace.

    @property
    def _before_record_request(self) -> RequestFilter | None:
        return self.pipeline.before_record_request

    @_before_record_request.setter
    def _before_record_request(self, function: RequestFilter | None) -> None:
        self.pipeline = self.pipeline._replace(before_record_request=function)

    def _load(self) -> None:
        self.restore()

    def save(self, *, force: bool = False) -> bool:
        """Write the cassette if there is something to write: by ``_save``, which the program may have replaced."""
        return bool(self._save(force) if force else self._save())

    def _save(self, force: bool = False) -> bool:
        saved = super().save(force=force)
        self.has_saved = self.has_saved or saved
        return saved

    def _as_dict(self) -> dict[str, object]:
        return {"requests": self.requests, "responses": self.responses}

    @property
    def _path(self) -> str:
        return self.path

    @property
    def _persister(self) -> Persister:
        return cast(Persister, self.storage.place.persister)

    @property
    def _serializer(self) -> Serializer:
        return cast("Serializer", self.storage.place.serializer)

    # -- find and play by hand ----------------------------------------------------------------------------------------

    def can_play_response_for(self, request: Request) -> bool:
        """Whether a response would be replayed for this request now."""
        kept = self.filter_request(request)
        if kept is None or not self.replays:
            return False
        if type(self).__contains__ is not _METHODS_OF_STUBS["__contains__"] and request not in self:
            return False  # as the program says, which has replaced the method
        return self._next_for(kept, recorded=False) is not None

    def play_response(self, request: Request) -> ResponseDict:
        """The next recorded response, counted as played. Raises UnhandledHTTPRequestError when there is none."""
        kept = self.filter_request(request)
        with self.lock:
            found = None if kept is None else self._next_for(kept)
            if kept is None or found is None:
                self._raise_not_held(request)
            self.play(found)
            response = found.pair()[1]
            return (self.answered(request, kept, found, response) if response.fault is None else response).data

    def responses_of(self, request: Request) -> list[ResponseDict]:
        """Every recorded response to this request, played or not. Raises UnhandledHTTPRequestError when none is."""
        responses = [response for _, response in self._responses(request)]
        if not responses:
            self._raise_not_held(request)
        return responses

    def find_requests_with_most_matches(self, request: Request) -> Closest:
        """The recorded requests most like this one: ``(request, matchers that agree, [(matcher, difference)])``."""
        from ._engine.explain import most_similar

        kept = self.filter_request(request)
        return [] if kept is None else most_similar(kept, self.requests, self._match_on)

    def __contains__(self, request: Request) -> bool:
        kept = self.filter_request(request)
        return kept is not None and self._next_for(kept) is not None

    def _responses(self, request: Request) -> list[tuple[int, ResponseDict]]:
        """``(index, response)`` of each interaction that matches. Programs call this private method of VCR.py's."""
        kept = self.filter_request(request)
        matching = set() if kept is None else set(self._matching(kept))
        return [(index, self.seen(i)[1].data) for index, i in enumerate(self.held()) if i in matching]

    def _matching(self, request: Request) -> Iterator[Interaction]:
        if requests_match is not _REQUESTS_MATCH:  # the program has put a function of its own there
            return (i for i in self.held() if requests_match(request, i.pair()[0], self._match_on))
        return iter(self.matching(request, recorded=True))

    def _next_for(self, kept: Request, *, recorded: bool = True) -> Interaction | None:
        """The first interaction that matches this filtered request and may be played, whatever the record mode; None:
        there is none. ``recorded``: also among what this session has recorded and does not replay."""
        if requests_match is not _REQUESTS_MATCH:
            return next((i for i in self._matching(kept) if self.allow_playback_repeats or not i.plays), None)
        with self.lock:
            if recorded:
                return self.find_unplayed(kept)
            return self.find(kept, self.key(kept), same_sender=not self.write_protected)

    def _raise_not_held(self, request: Request) -> NoReturn:
        message = f"The cassette ({self.path!r}) doesn't contain the request ({request!r}) asked for"
        raise UnhandledHTTPRequestError(message)

    # -- replaced by the program --------------------------------------------------------------------------------------

    def begin(self, request: Request) -> Turn:
        """Decide about ``request`` as the engine does; where the program has replaced a method that VCR.py's stubs
        call, let those methods decide."""
        return self._begin_by_methods(request) if _has_replaced_methods(self) else super().begin(request)

    def _begin_by_methods(self, request: Request) -> Turn:
        """Ask ``can_play_response_for``, ``play_response`` and ``append``, one after the other, as VCR.py does."""
        self.sent.append(request)
        if self.can_play_response_for(request):
            played = Interaction(request, Response(self.play_response(request)))
            return Turn(self, None, self.answer(played))
        kept = self.filter_request(request)
        if kept is None:
            return Turn(None, None)
        if self.write_protected:
            raise self.refusal(kept)
        self.prepare_to_save()
        return _AppendingTurn(self, request)


class _AppendingTurn(Turn):
    """A turn of a cassette whose methods the program has replaced: the interaction is kept by ``cassette.append``."""

    __slots__ = ("_request",)

    def __init__(self, cassette: Cassette, request: Request) -> None:
        super().__init__(cassette, Interaction(request))
        self._request = request

    def complete(self, response: Response) -> Response:
        """Hand the interaction to ``append``, once. Returns ``response``."""
        cassette, pending = self._end()
        if pending is not None and cassette is not None:
            cassette.append(self._request, response.copy_data())
        return response


#: The methods that VCR.py's stubs call, and that programs replace on the class, in a subclass or on one cassette.
_METHODS_OF_STUBS = {
    name: getattr(Cassette, name) for name in ("__contains__", "append", "can_play_response_for", "play_response")
}


def _has_replaced_methods(cassette: Cassette) -> bool:
    """Whether the program has replaced a method or a function that VCR.py's stubs would call."""
    if requests_match is not _REQUESTS_MATCH or not _METHODS_OF_STUBS.keys().isdisjoint(vars(cassette)):
        return True
    kind = type(cassette)
    return any(getattr(kind, name) is not method for name, method in _METHODS_OF_STUBS.items())


if not TYPE_CHECKING:
    __getattr__ = leftovers("cassette")
