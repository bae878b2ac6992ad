"""The engine's cassette with Betamax's attributes, hooks and placeholders. It must not know a session or a recorder.

It differs from Betamax in this:

- ``new_episodes`` does not replay what it has just recorded.
- ``new_episodes`` and ``all`` write the file only if there is a new interaction. The file is written whole or not at
  all, and its directory is made.
- With ``all`` a new interaction takes the place of the one that it replaces.
- A cassette without interactions, which Betamax leaves when a first recording fails, counts as a new cassette.
- With ``once``, a cassette that is older than its ``re_record_interval`` is recorded anew.
- Secrets are masked when a cassette is saved, behind the hooks and the placeholders, and are no difference between two
  requests.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import Any, ClassVar

from requests import PreparedRequest
from requests import Response as RequestsResponse

from ... import _placeholders, sanitize
from ..._assembly import masking_of
from ..._engine import cassette as engine
from ..._engine import interaction as recording
from ..._engine.pipeline import Pair
from ..._engine.rows import ALL
from ..._engine.storage import Storage
from ...errors import unknown, warn
from ...formats.betamax import InteractionData, RequestData
from ...matchers import Predicate
from ...persisters.filesystem import FilesystemPersister
from ...record_mode import RecordMode
from ...request import Headers, Request
from ...response import Response, ResponseDict
from ...serializers import Data
from .. import matchers, util
from .. import options as settings
from ..exceptions import MissingCassetteError
from ..sending import current, sending
from ..serializers import serializer_registry
from ..serializers.proxy import BinaryPersister, EngineSerializer
from .interaction import Interaction, State
from .placeholder import Placeholder, pairs
from .placeholder import merge_placeholder_lists as merge_placeholder_lists  # noqa: PLC0414  (Betamax has it here)

Hook = Callable[..., object]
Hooks = Callable[[str], list[Hook]]


def dispatch_hooks(hook_name: str, *args: object) -> None:
    """Call the functions that are registered for all recorders under the name of this hook."""
    for hook in _hooks_of_all(hook_name):
        hook(*args)


def _hooks_of_all(name: str) -> list[Hook]:
    return list(Cassette.hooks[name])


class Cassette(engine.Cassette):
    """A cassette with Betamax's interface. A program, or a hook, may add to ``placeholders`` (a list) and
    ``match_options`` (a set) at any time: placeholders count when the cassette is saved, match options from the next
    request on.

    ``serialization_format``: the name of a serializer. ``options``: those of ``use_cassette``; ``record_mode`` is
    another name for ``record``. An option that is None or left out has its value in ``defaults``. Raises a
    ValidationError for a value that is not valid, and MissingCassetteError for the mode ``none`` without a cassette.
    """

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
        self,
        cassette_name: str,
        serialization_format: str | None = None,
        *,
        cassette_library_dir: str | None = None,
        defaults: Mapping[str, object] | None = None,
        hooks: Hooks = _hooks_of_all,
        **options: object,
    ) -> None:
        given = {"serialize_with": serialization_format, **options}
        chosen = _known(given).over(self.default_cassette_options if defaults is None else defaults)
        serializer = serializer_registry[chosen["serialize"] or chosen["serialize_with"]]
        self.cassette_name = cassette_name
        self.placeholders = [Placeholder.from_dict(item) for item in chosen["placeholders"]]
        self.match_options = set(chosen["match_requests_on"])
        self.preserve_exact_body_bytes = bool(chosen["preserve_exact_body_bytes"])
        self._hooks = hooks
        self._serializer = EngineSerializer(serializer)
        self._views: dict[recording.Interaction, Interaction] = {}
        self._in_file: dict[recording.Interaction, Data | None] = {}  # Betamax's data, as it is in the file
        self._by_request: dict[int, recording.Interaction] = {}  # by the id() of the recorded request
        self._ignored: set[recording.Interaction] = set()  # those that a hook ignores
        self._replaced: dict[recording.Interaction, recording.Interaction] = {}  # old to new, in the mode ``all``
        self._matching: object = self._wanted()
        super().__init__(
            Storage(
                serializer.generate_cassette_name(cassette_library_dir or "", cassette_name),
                BinaryPersister if serializer.stored_as_binary else FilesystemPersister,
                self._serializer,
                preserve_exact_body_bytes=self.preserve_exact_body_bytes,
                re_record_interval=settings.as_interval(chosen["re_record_interval"]),
            ),
            record_mode=chosen["record"],
            match_on=self._matchers(),
            pipeline=masking_of(sanitize.given(chosen["sanitize"]), own_placeholders=_Placeholders(self)),
            allow_playback_repeats=bool(chosen["allow_playback_repeats"]),
            mask=self._without_secrets,
        )
        self.restore()

    # -- Betamax's attributes and methods ------------------------------------------------------------------------------

    @property
    def cassette_path(self) -> str:
        """The path of the cassette's file."""
        return self.path

    def __bool__(self) -> bool:
        return True  # In Betamax an empty cassette is a cassette.

    def is_empty(self) -> bool:
        """Whether the cassette had no interactions when it was loaded."""
        return not self.rewound

    def is_recording(self) -> bool:
        """Whether a request that is not in the cassette goes to the server."""
        return not self.write_protected

    @property
    def interactions(self) -> list[Interaction]:
        """The interactions in the cassette. A change of their ``data`` is saved, if the cassette is. When the cassette
        has been closed, they have placeholders, as in the file."""
        return [self._view(recorded) for recorded in self.to_save()]

    @property
    def earliest_recorded_date(self) -> datetime:
        """When the oldest interaction was recorded; now, if there is none. UTC without a time zone, as in Betamax."""
        dates = [i.response.recorded_at for i in self.held() if i.response is not None and i.response.recorded_at]
        return min(dates, default=datetime.now(timezone.utc)).astimezone(timezone.utc).replace(tzinfo=None)

    def clear(self) -> None:
        """Remove all interactions."""
        self.hold([])
        self.rewound = False

    def serialize_interaction(self, response: RequestsResponse, request: PreparedRequest) -> InteractionData:
        """Betamax's data of a request and its response."""
        exact = self.preserve_exact_body_bytes
        return {
            "request": util.serialize_prepared_request(request, exact),
            "response": util.serialize_response(response, exact),
        }

    def save_interaction(self, response: RequestsResponse, request: PreparedRequest) -> Interaction:
        """Record a request and its response, after the hooks have changed them. Returns the interaction, even if a hook
        ignores it."""
        kept_request, kept_response = util.from_data(self.serialize_interaction(response, request))
        recorded = self.reserve(kept_request)
        with sending(request) as now:
            engine.Turn(self, recorded).complete(Response(kept_response))
        return now.recorded or self._view(recorded)

    def find_match(self, request: PreparedRequest) -> Interaction | None:
        """The recorded interaction for this request, which is marked as used; None if there is none, or if the cassette
        does not replay now. Raises UnknownMatcherError, a KeyError, for an unregistered name in ``match_options``."""
        if self.is_recording() and self.record_mode is RecordMode.ONCE:
            return None
        given = util.sent(request)
        with sending(request) as now:
            now.asked = given
            self._match_as_wanted()
            index = self.new_index()  # with what has been recorded in this session, too
            for recorded in filter(self.may_play, self.to_save()):
                index.add(recorded)
            views = [self._view(recorded) for recorded in index.matching(given, index.key(given), ALL)]
        found = next((view for view in views if not view.used), None)
        if found is not None:
            found.used = True
        return found

    def eject(self) -> None:
        """Save and close the cassette."""
        self.close()

    def close(self, *, save: bool = True) -> None:
        """Close the cassette, as the engine does. From then on its interactions have placeholders, as in the file."""
        super().close(save=save)
        for recorded, view in self._views.items() if self._secrets() else ():
            view.data = self._data(recorded, *self._with_placeholders(recorded))
            view.settle()

    # -- hooks and placeholders ----------------------------------------------------------------------------------------

    def _view(self, recorded: recording.Interaction) -> Interaction:
        view = self._views.get(recorded)
        if view is None:
            request, response = recorded.pair()
            pair = self._with_placeholders(recorded) if self.closed else (request, response.data)
            view = self._views[recorded] = Interaction(self._data(recorded, *pair), state=_State(self, recorded))
        return view

    def _data(self, recorded: recording.Interaction, request: Request, response: ResponseDict) -> InteractionData:
        """Betamax's data of an interaction. Header values are lists or text, as they are in the file."""
        timestamp = recorded.response.timestamp if recorded.response is not None else None
        data = util.to_data(request, response, timestamp, exact=self.preserve_exact_body_bytes)
        in_file = self._in_file.get(recorded) or {}
        for half, mine in (("request", data["request"]), ("response", data["response"])):
            headers = in_file[half].get("headers") if half in in_file else None
            if isinstance(headers, Mapping) and Headers(headers).pairs() == Headers(mine["headers"]).pairs():
                mine["headers"] = dict(headers)
        return data

    def restore(self) -> None:
        """Load the cassette, as the engine does. A cassette that is too old, or has no interactions, counts as new.

        Raises MissingCassetteError for the mode ``none`` without a cassette.
        """
        super().restore()
        if self.record_mode is RecordMode.NONE and not os.path.exists(self.path):
            raise MissingCassetteError(f'record="none" only replays, and there is no cassette at {self.path}')
        if not self.rewound:
            self.hold([], are_stored=True)
        if not len(self):
            self.rewound = False

    def when_loaded(self, interactions: list[recording.Interaction]) -> list[recording.Interaction]:
        """The interactions that have been loaded, changed by the ``before_playback`` hooks and with secrets in the
        place of placeholders."""
        loaded = super().when_loaded(interactions)
        stored = self._serializer.stored
        if stored is not None and len(stored) == len(loaded):
            self._in_file.update(zip(loaded, stored, strict=True))
        hooks, secrets = self._hooks("before_playback"), self._secrets()
        if not hooks and not secrets:
            return loaded
        if not len(self):
            self.hold(loaded, are_stored=True)  # a hook may look at all interactions of the cassette
        return [self._played_back(recorded, hooks, secrets) for recorded in loaded]

    def _played_back(
        self, recorded: recording.Interaction, hooks: list[Hook], secrets: list[_placeholders.Placeholder]
    ) -> recording.Interaction:
        """A loaded interaction, changed by the hooks and with secrets in the place of placeholders."""
        view = self._view(recorded) if hooks else None
        for hook in hooks:
            hook(view, self)
        request, response = self._as_changed(recorded)
        if secrets:
            request, response = _placeholders.unmask(secrets, request, response)
        assert recorded.response is not None
        played = recording.Interaction(request, Response(response, recorded.response.beside))
        played.is_from_file = recorded.is_from_file
        self._in_file[played] = self._in_file.pop(recorded, None)
        if view is not None:
            ignored = view.ignored
            self._views[played] = self._views.pop(recorded)
            view.data, view.state = self._data(played, request, response), _State(self, played)
            view.ignored = ignored
            view.settle()
        return played

    def when_recorded(self, interaction: recording.Interaction, response: Response) -> Response | None:
        """The response as the ``before_record`` hooks have left it; None if a hook ignores the interaction. A request
        that the hooks have changed becomes the request of ``interaction``."""
        response.stamp()
        hooks = self._hooks("before_record")
        if not hooks:
            return response
        exact = self.preserve_exact_body_bytes
        view = Interaction(util.to_data(interaction.request, response.data, response.timestamp, exact=exact))
        for hook in hooks:
            hook(view, self)
        if view.changed:
            interaction.request, changed = view.pair()
            response = Response(changed, response.beside)
        if (now := current()) is not None:
            now.recorded = view
        if view.ignored:
            self.dirty = self.dirty or not len(self)  # as in Betamax, a cassette without interactions is saved
            return None
        self._views[interaction] = view
        return response

    def keep(self, turn: engine.Turn, interaction: recording.Interaction, response: Response) -> None:
        """Keep the response, as the engine does. The interaction that the hooks had becomes one of the cassette's."""
        replaced = self._replaced_by(interaction.request)
        super().keep(turn, interaction, response)
        view = self._views.get(interaction)
        if not interaction.finished:
            self._views.pop(interaction, None)
            return
        if view is not None:
            view.state = _State(self, interaction)
            view.settle()
        if replaced is not None:
            self._replaced[replaced] = interaction

    def _as_changed(self, recorded: recording.Interaction) -> tuple[Request, ResponseDict]:
        """A copy of the request and the response of an interaction, with the changes that hooks have made."""
        view = self._views.get(recorded)
        if view is not None and view.changed:
            return view.pair()
        request, response = recorded.pair()
        return request.copy(), response.copy_data()

    def when_saved(self, interaction: recording.Interaction) -> Pair:
        """The request and the response to save: with the changes that hooks have made, with placeholders for their
        secrets, and with other secrets masked."""
        return self.pipeline.masked(interaction, self._with_placeholders(interaction))

    def _with_placeholders(self, interaction: recording.Interaction) -> Pair:
        pair = self._as_changed(interaction)
        secrets = self._secrets()
        return _placeholders.mask(secrets, *pair) if secrets else pair

    @property
    def saves_as_held(self) -> bool:
        """Whether interactions are saved as they are held. Never: hooks and placeholders change what is saved."""
        return False

    def _secrets(self) -> list[_placeholders.Placeholder]:
        return _placeholders.resolve(pairs(self.placeholders))

    def _without_secrets(self, text: str) -> str:
        """A text for a person to read, with placeholders for secrets."""
        return _placeholders.masked_text(self._secrets(), text)

    # -- the mode ``all``: each new interaction takes the place of an old one ------------------------------------------

    def _replaced_by(self, request: Request) -> recording.Interaction | None:
        """In the mode ``all``, the old interaction whose place a new one for ``request`` takes; else None."""
        if self.record_mode is not RecordMode.ALL:
            return None
        matching = self.matching(request)
        return next((one for one in matching if one not in self._replaced and one not in self.recorded), None)

    def to_save(self) -> list[recording.Interaction]:
        """The interactions to save, in order. A new one stands in the place of the old one that it replaces."""
        moved = set(self._replaced.values())
        return [self._replaced.get(one, one) for one in self.held() if one not in moved]

    # -- changes of match_options, and of used and ignored interactions ------------------------------------------------

    def _wanted(self) -> tuple[frozenset[str], frozenset[recording.Interaction]]:
        return frozenset(self.match_options), frozenset(self._ignored)

    def _match_as_wanted(self) -> None:
        """Match by the present ``match_options``, and without the interactions that are ignored now."""
        if self._wanted() != self._matching:
            self._matching = self._wanted()
            self.match_by(self._matchers())

    def _matchers(self) -> list[Predicate]:
        return matchers.for_engine(self.match_options, self._stored_request)

    def _stored_request(self, recorded: Request) -> RequestData:
        """Betamax's data of a recorded request, or of one that the sanitizer has changed to compare it."""
        held = self.held()
        if len(held) != len(self._by_request):
            self._by_request = {id(one.pair()[0]): one for one in held}
        found = self._by_request.get(id(recorded))
        if found is None or found.pair()[0] is not recorded:
            return util.request_to_data(recorded, exact=self.preserve_exact_body_bytes)
        return self._view(found).data["request"]

    def may_play(self, interaction: recording.Interaction) -> bool:
        """Whether an interaction is ever played: it is not if a hook ignores it."""
        return interaction not in self._ignored

    def _set_used(self, recorded: recording.Interaction, used: bool) -> None:
        recorded.plays = int(used)
        self._matching = None  # so that ``begin`` makes the matchers, and the index of the engine, anew

    def begin(self, request: Request) -> engine.Turn:
        """Begin a turn, as the engine does, with the present ``match_options``."""
        self._match_as_wanted()
        now = current()
        if now is not None:
            now.asked = request
        turn = super().begin(request)
        if now is not None:
            now.is_live = turn.records
        return turn


class _State(State):
    """The state of an interaction in a cassette. A change counts for the next request."""

    def __init__(self, cassette: Cassette, recorded: recording.Interaction) -> None:
        self._cassette = cassette
        self._recorded = recorded

    @property
    def used(self) -> bool:
        return self._recorded.plays > 0 and not self._cassette.allow_playback_repeats

    @used.setter
    def used(self, used: bool) -> None:
        self._cassette._set_used(self._recorded, used)

    @property
    def ignored(self) -> bool:
        return self._recorded in self._cassette._ignored

    @ignored.setter
    def ignored(self, ignored: bool) -> None:
        change = self._cassette._ignored.add if ignored else self._cassette._ignored.discard
        change(self._recorded)


class _Placeholders:
    """The placeholders of a cassette, to which a program may add at any time."""

    def __init__(self, cassette: Cassette) -> None:
        self._cassette = cassette

    def __contains__(self, text: object) -> bool:
        return any(text == one.placeholder for one in self._cassette.placeholders)


def _known(given: Mapping[str, object]) -> settings.Options:
    """The options in ``given``, without those that are None. An unknown option is ignored, as in Betamax, with a
    warning."""
    defaults = settings.Options.defaults
    renamed = {settings.ALIASES.get(name, name): value for name, value in given.items()}
    options = {name: value for name, value in renamed.items() if value is not None or defaults.get(name) is None}
    for name in options.keys() - defaults.keys():
        del options[name]
        warn(f"{unknown('option', name, defaults)} It has no effect.")
    return settings.Options(options)
