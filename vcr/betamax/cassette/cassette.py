"""Room: the engine's Cassette with Betamax's attributes, hooks and placeholders. It knows no session and no recorder.

CHOICES, where Betamax's engine and this one differ: ``new_episodes`` does not replay what it has just recorded, ``all``
replaces every interaction that was asked for again, and both write the file only when something is new; what is new
is written whole or not at all, into a directory that is made when it is missing. A cassette without interactions (which
Betamax leaves behind when a first recording fails) is recorded into as if it were not there. With ``once``, one
that is older than its ``re_record_interval`` is recorded anew.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any, ClassVar

from ... import index, placeholders
from ..._engine import cassette as engine
from ..._engine.storage import Storage
from ...index import Index
from ...matchers import Predicate
from ...persisters.filesystem import FilesystemPersister
from ...record_mode import RecordMode
from ...request import Request
from ...response import Response, ResponseDict, now
from .. import matchers, util
from ..exceptions import MissingCassetteError
from ..serializers import BinaryPersister, SerializerProxy, serializer_registry
from .interaction import Interaction
from .placeholder import Placeholder, pairs
from .placeholder import merge_placeholder_lists as merge_placeholder_lists  # noqa: PLC0414  (Betamax has it here)

Hook = Callable[..., Any]
Hooks = Callable[[str], list[Hook]]

_DROPPED = Response({})


class _Ignored(Request):
    """A request in a cassette that a hook wants passed over: it stays, and matches nothing."""

    __slots__ = ()


def _not_ignored(_: Request, recorded: Request) -> bool:
    return not isinstance(recorded, _Ignored)


def as_interval(value: Any) -> timedelta | None:
    """A ``re_record_interval``: a timedelta, or days."""
    return value if value is None or isinstance(value, timedelta) else timedelta(days=value)


def dispatch_hooks(hook_name: str, *args: Any) -> None:
    """Call what is registered for everybody under this name."""
    for hook in _hooks_of_all(hook_name):
        hook(*args)


def _hooks_of_all(name: str) -> list[Hook]:
    return list(Cassette.hooks[name])


class Cassette(engine.Cassette):
    """A cassette as Betamax's users know it. ``placeholders`` (a list) and ``match_options`` (a set) may be added to at
    any time, also from hooks: the one counts when it is saved, the other for the next request."""

    #: The defaults of every recorder: ``Betamax.configure().default_cassette_options``.
    default_cassette_options: ClassVar[dict[str, Any]] = {
        "record_mode": "once",
        "match_requests_on": ["method", "uri"],
        "re_record_interval": None,
        "placeholders": [],
        "preserve_exact_body_bytes": False,
        "allow_playback_repeats": False,
    }
    #: The ``before_record`` and ``before_playback`` hooks of every recorder.
    hooks: ClassVar[defaultdict[str, list[Hook]]] = defaultdict(list)

    def __init__(
        self, cassette_name: str, options: Mapping[str, Any], cassette_library_dir: str, hooks: Hooks = _hooks_of_all
    ) -> None:
        serializer = serializer_registry[options["serialize"] or options["serialize_with"]]
        self.cassette_name = cassette_name
        self.placeholders = [Placeholder.from_dict(item) for item in options["placeholders"]]
        self.match_options = set(options["match_requests_on"])
        self.preserve_exact_body_bytes = bool(options["preserve_exact_body_bytes"])
        self._hooks = hooks
        self._ignores = False
        self._looked_at: dict[index.Interaction, Interaction] = {}
        self._matching = self._wanted()
        super().__init__(
            Storage(
                serializer.generate_cassette_name(cassette_library_dir, cassette_name),
                BinaryPersister if serializer.stored_as_binary else FilesystemPersister,
                SerializerProxy(serializer),
                preserve_exact_body_bytes=self.preserve_exact_body_bytes,
            ),
            record_mode=options["record"],
            match_on=self._matchers(),
            allow_playback_repeats=bool(options["allow_playback_repeats"]),
            after_load_interaction=self._after_load,
            re_record_interval=as_interval(options["re_record_interval"]),
            mask=self.masked,
        )
        self._load()
        if self.record_mode is RecordMode.NONE and not os.path.exists(self.path):
            raise MissingCassetteError(f'record="none" plays what is there, and there is no cassette at {self.path}')

    # -- what Betamax's users look at -------------------------------------------------------------------------------

    @property
    def cassette_path(self) -> str:
        """Where the cassette is kept."""
        return self.path

    def __bool__(self) -> bool:
        return True  # In Betamax an empty cassette is a cassette.

    def is_empty(self) -> bool:
        """Whether there was nothing when it was loaded."""
        return not self.rewound

    def is_recording(self) -> bool:
        """Whether requests that it does not hold go to the server."""
        return not self.write_protected

    @property
    def interactions(self) -> list[Interaction]:
        """What it holds. What is changed in their ``data`` is saved, if anything is."""
        return [self._look_at(interaction) for interaction in self._finished()]

    def _look_at(self, interaction: index.Interaction) -> Interaction:
        view = self._looked_at.get(interaction)
        if view is None:
            request, response = interaction.own()
            view = self._looked_at[interaction] = self._view(request, response.data)
            view.ignored = isinstance(interaction.request, _Ignored)
        view.used = interaction.plays > 0
        return view

    @property
    def earliest_recorded_date(self) -> datetime:
        """When the oldest interaction was recorded, or now: UTC, without saying so."""
        dates = [i.response.recorded_at for i in self._finished() if i.response is not None and i.response.recorded_at]
        return min(dates, default=datetime.now(timezone.utc)).astimezone(timezone.utc).replace(tzinfo=None)

    def clear(self) -> None:
        """Forget every interaction."""
        with self._lock:
            self._interactions.clear()
            self.rewind()
            self.rewound = False

    # -- what hooks and placeholders change --------------------------------------------------------------------------

    def _view(self, request: Request, response: ResponseDict) -> Interaction:
        return Interaction(util.to_data(request, response, exact=self.preserve_exact_body_bytes))

    def _load(self) -> None:
        super()._load()
        if not self._interactions:
            self.rewound = False

    def _secrets(self) -> list[placeholders.Placeholder]:
        return placeholders.resolve(pairs(self.placeholders))

    def masked(self, text: str) -> str:
        """A text for a person to read, without the secrets."""
        return placeholders.mask(self._secrets(), text)

    def _after_load(self, request: Request, response: ResponseDict, _: object) -> tuple[Request, ResponseDict]:
        ignored = False
        if hooks := self._hooks("before_playback"):
            view = self._view(request, response)
            for hook in hooks:
                hook(view, self)
            ignored = view.ignored
            request, response = view.pair() if view.changed else (request, response)
        if secrets := self._secrets():
            request, response = placeholders.reveal(secrets, request, response)
        if ignored:
            self._ignores = True
            request = _Ignored(request.method, request.uri, request.body, request.headers)
        return request, response

    def _finish(self, turn: engine.Turn, interaction: index.Interaction, response: Response) -> None:
        kept = Response({**response.copy_data(), "recorded_at": now().isoformat(timespec="seconds")})
        if hooks := self._hooks("before_record"):
            view = self._view(interaction.request, kept.data)
            for hook in hooks:
                hook(view, self)
            if view.changed:
                interaction.request, data = view.pair()
                kept = Response(data)
            kept = _DROPPED if view.ignored else kept
        super()._finish(turn, interaction, kept)

    def _filter_response(self, response: Response) -> Response | None:
        return None if response is _DROPPED else response

    def _stored(self, interaction: index.Interaction) -> tuple[Request, ResponseDict]:
        assert interaction.response is not None
        view = self._looked_at.get(interaction)
        if view is not None and view.changed:
            request, response = view.pair()
        else:
            request, response = interaction.request.copy(), interaction.response.copy_data()
        secrets = self._secrets()
        return placeholders.hide(secrets, request, response) if secrets else (request, response)

    # -- match_options, which may change -----------------------------------------------------------------------------

    def _wanted(self) -> tuple[frozenset[str], bool]:
        return frozenset(self.match_options), self._ignores

    def _matchers(self) -> list[Predicate]:
        return [*matchers.for_engine(self.match_options), *([_not_ignored] if self._ignores else [])]

    def begin(self, request: Request) -> engine.Turn:
        """The engine's, with what is in ``match_options`` now."""
        if self._wanted() != self._matching:
            with self._lock:
                self._matching, self._match_on = self._wanted(), tuple(self._matchers())
                self._index = Index(self._match_on)
                for interaction in self._finished():
                    if self.allow_playback_repeats or interaction not in self._recorded:
                        self._index.add(interaction)
        return super().begin(request)
