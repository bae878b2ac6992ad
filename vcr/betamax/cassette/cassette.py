"""The engine's cassette with Betamax's attributes, hooks and placeholders. It must not know a session or a recorder.

Where Betamax's engine and this one differ: ``new_episodes`` does not replay what it has just recorded, and both
``new_episodes`` and ``all`` write the file only when something is new; what is new is written whole or not at all, into
a directory that is made when it is missing. With ``all`` the new interaction stands where the one was that it replaces.
A cassette without interactions (which Betamax leaves behind when a first recording fails) is recorded into as if it
were not there. With ``once``, one that is older than its ``re_record_interval`` is recorded anew.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import Any, ClassVar

from requests import PreparedRequest
from requests import Response as RequestsResponse

from ... import _placeholders
from ..._engine import cassette as engine
from ..._engine import interaction as recording
from ..._engine.pipeline import Pair
from ..._engine.storage import Storage
from ...errors import unknown, warn
from ...formats.betamax import InteractionData, RequestData
from ...matchers import Predicate, agrees
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
    """Call what is registered for everybody under this name."""
    for hook in _hooks_of_all(hook_name):
        hook(*args)


def _hooks_of_all(name: str) -> list[Hook]:
    return list(Cassette.hooks[name])


class Cassette(engine.Cassette):
    """A cassette as Betamax's users know it. ``placeholders`` (a list) and ``match_options`` (a set) may be added to at
    any time, also from hooks: the one counts when it is saved, the other for the next request.

    ``serialization_format``: the name of a serializer. ``options``: those of ``use_cassette``, ``record_mode`` (for
    ``record``) and ``cassette_library_dir``; what is None or left out is as in ``defaults``. Raises a ValidationError
    for a value that an option cannot have, and MissingCassetteError for the mode ``none`` without a cassette.
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
        self._spelled: dict[recording.Interaction, Data | None] = {}  # as they stand in the file
        self._by_request: dict[int, recording.Interaction] = {}  # by the identity of the recorded request
        self._ignored: dict[int, Request] = {}  # recorded requests that hooks want passed over, by identity
        self._replaced: dict[recording.Interaction, recording.Interaction] = {}  # in the mode ``all``: by what
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
            allow_playback_repeats=bool(chosen["allow_playback_repeats"]),
            mask=self._without_secrets,
        )
        self.restore()

    # -- what Betamax's users look at, and do by hand ----------------------------------------------------------------

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
        """What it holds. What is changed in their ``data`` is saved, if anything is. Once the cassette is closed they
        are as they are saved, with placeholders."""
        return [self._view(recorded) for recorded in self.to_save()]

    @property
    def earliest_recorded_date(self) -> datetime:
        """When the oldest interaction was recorded, or now: UTC, without saying so."""
        dates = [i.response.recorded_at for i in self.held() if i.response is not None and i.response.recorded_at]
        return min(dates, default=datetime.now(timezone.utc)).astimezone(timezone.utc).replace(tzinfo=None)

    def clear(self) -> None:
        """Forget every interaction."""
        self.hold([])
        self.rewound = False

    def serialize_interaction(self, response: RequestsResponse, request: PreparedRequest) -> InteractionData:
        """The two as they stand in a cassette."""
        exact = self.preserve_exact_body_bytes
        return {
            "request": util.serialize_prepared_request(request, exact),
            "response": util.serialize_response(response, exact),
        }

    def save_interaction(self, response: RequestsResponse, request: PreparedRequest) -> Interaction:
        """Record the two, through the hooks. Returns what they make of it, also when it is ignored."""
        kept_request, kept_response = util.from_data(self.serialize_interaction(response, request))
        recorded = self.reserve(kept_request)
        with sending(request) as now:
            engine.Turn(self, recorded).complete(Response(kept_response))
        return now.recorded or self._view(recorded)

    def find_match(self, request: PreparedRequest) -> Interaction | None:
        """What the cassette holds for this request, if it replays now; from then on it is used. Raises
        UnknownMatcherError, a KeyError, when there is a name in ``match_options`` that is not registered."""
        if self.is_recording() and self.record_mode is RecordMode.ONCE:
            return None
        wanted = matchers.for_engine(self.match_options, self._stored_request)
        given = util.sent(request)
        for view, recorded in zip(self.interactions, self.to_save(), strict=True):
            candidate, _ = recorded.pair()
            with sending(request):
                if view.used or view.ignored or not all(agrees(matcher, given, candidate)[0] for matcher in wanted):
                    continue
            view.used = True
            return view
        return None

    def eject(self) -> None:
        """Save and close it."""
        self.close()

    def close(self, *, save: bool = True) -> None:
        """The engine's; from then on its interactions show what is saved."""
        super().close(save=save)
        for recorded, view in self._views.items() if self._secrets() else ():
            view.data = self._data(recorded, *self.when_saved(recorded))
            view.settle()

    # -- what hooks and placeholders change --------------------------------------------------------------------------

    def _view(self, recorded: recording.Interaction) -> Interaction:
        view = self._views.get(recorded)
        if view is None:
            request, response = recorded.pair()
            pair = self.when_saved(recorded) if self.closed else (request, response.data)
            view = self._views[recorded] = Interaction(self._data(recorded, *pair), state=_State(self, recorded))
        return view

    def _data(self, recorded: recording.Interaction, request: Request, response: ResponseDict) -> InteractionData:
        """Betamax's dictionary; header values have the shape that they have in the file."""
        timestamp = recorded.response.timestamp if recorded.response is not None else None
        data = util.to_data(request, response, timestamp, exact=self.preserve_exact_body_bytes)
        spelled = self._spelled.get(recorded) or {}
        for half, mine in (("request", data["request"]), ("response", data["response"])):
            headers = spelled[half].get("headers") if half in spelled else None
            if isinstance(headers, Mapping) and Headers(headers).pairs() == Headers(mine["headers"]).pairs():
                mine["headers"] = dict(headers)
        return data

    def restore(self) -> None:
        """The engine's; a cassette without interactions counts as new, and so does one that is too old.

        Raises MissingCassetteError for the mode ``none`` without a cassette.
        """
        super().restore()
        if self.record_mode is RecordMode.NONE and not os.path.exists(self.path):
            raise MissingCassetteError(f'record="none" plays what is there, and there is no cassette at {self.path}')
        if not self.rewound:
            self.hold([], are_stored=True)
        if not len(self):
            self.rewound = False

    def when_loaded(self, interactions: list[recording.Interaction]) -> list[recording.Interaction]:
        """The engine's, as hooks and placeholders make them."""
        loaded = super().when_loaded(interactions)
        stored = self._serializer.stored
        if stored is not None and len(stored) == len(loaded):
            self._spelled.update(zip(loaded, stored, strict=True))
        hooks, secrets = self._hooks("before_playback"), self._secrets()
        if not hooks and not secrets:
            return loaded
        if not len(self):
            self.hold(loaded, are_stored=True)  # for hooks that look at the others
        return [self._played_back(recorded, hooks, secrets) for recorded in loaded]

    def _played_back(
        self, recorded: recording.Interaction, hooks: list[Hook], secrets: list[_placeholders.Placeholder]
    ) -> recording.Interaction:
        """One that was stored, as hooks and placeholders make it."""
        view = self._view(recorded) if hooks else None
        for hook in hooks:
            hook(view, self)
        request, response = self._as_changed(recorded)
        if secrets:
            request, response = _placeholders.reveal(secrets, request, response)
        assert recorded.response is not None
        played = recording.Interaction(request, Response(response, recorded.response.beside))
        self._spelled[played] = self._spelled.pop(recorded, None)
        if view is not None:
            ignored = view.ignored
            self._views[played] = self._views.pop(recorded)
            view.data, view.state = self._data(played, request, response), _State(self, played)
            view.ignored = ignored
            view.settle()
        return played

    def when_recorded(self, interaction: recording.Interaction, response: Response) -> Response | None:
        """The response as the hooks leave it, and with it the request; None when one of them has it ignored."""
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
            self.dirty = self.dirty or not len(self)  # There is a file all the same.
            return None
        self._views[interaction] = view
        return response

    def keep(self, turn: engine.Turn, interaction: recording.Interaction, response: Response) -> None:
        """The engine's; the view of the hooks is from now on that of a recorded interaction."""
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
        """A copy of the two, with what has been changed in their view."""
        view = self._views.get(recorded)
        if view is not None and view.changed:
            return view.pair()
        request, response = recorded.pair()
        return request.copy(), response.copy_data()

    def when_saved(self, interaction: recording.Interaction) -> Pair:
        """With what has been changed in its view, and placeholders for secrets."""
        pair = self._as_changed(interaction)
        secrets = self._secrets()
        return _placeholders.hide(secrets, *pair) if secrets else pair

    @property
    def saves_as_held(self) -> bool:
        """No: views and placeholders change what is written."""
        return False

    def _secrets(self) -> list[_placeholders.Placeholder]:
        return _placeholders.resolve(pairs(self.placeholders))

    def _without_secrets(self, text: str) -> str:
        """A text for a person to read, without the secrets."""
        return _placeholders.mask(self._secrets(), text)

    # -- the mode ``all``: each new interaction takes the place of one old one ---------------------------------------

    def _replaced_by(self, request: Request) -> recording.Interaction | None:
        if self.record_mode is not RecordMode.ALL:
            return None
        matching = self.matching(request)
        return next((one for one in matching if one not in self.recorded and one not in self._replaced), None)

    def to_save(self) -> list[recording.Interaction]:
        """The engine's; what replaces another stands in its place."""
        moved = set(self._replaced.values())
        return [self._replaced.get(one, one) for one in self.held() if one not in moved]

    # -- match_options, and what is said of an interaction, may change -----------------------------------------------

    def _wanted(self) -> tuple[frozenset[str], frozenset[int]]:
        return frozenset(self.match_options), frozenset(self._ignored)

    def _matchers(self) -> list[Predicate]:
        return [
            *matchers.for_engine(self.match_options, self._stored_request),
            *([self._is_not_ignored] if self._ignored else []),
        ]

    def _stored_request(self, recorded: Request) -> RequestData:
        """A recorded request as it stands in the cassette."""
        found = self._by_request.get(id(recorded))
        if found is None or found.pair()[0] is not recorded:
            self._by_request = {id(one.pair()[0]): one for one in self.held()}
            found = self._by_request[id(recorded)]
        return self._view(found).data["request"]

    def _is_not_ignored(self, _: Request, recorded: Request) -> bool:
        return id(recorded) not in self._ignored

    def _set_used(self, recorded: recording.Interaction, used: bool) -> None:
        recorded.plays = int(used)
        self._matching = None  # so that it is looked for again

    def begin(self, request: Request) -> engine.Turn:
        """The engine's, with what is in ``match_options`` now."""
        if self._wanted() != self._matching:
            self._matching = self._wanted()
            self.match_by(self._matchers())
        turn = super().begin(request)
        if (now := current()) is not None:
            now.is_live = turn.records
        return turn


class _State(State):
    """Of an interaction that a cassette holds: what is assigned counts for the next request."""

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
        return id(self._recorded.pair()[0]) in self._cassette._ignored

    @ignored.setter
    def ignored(self, ignored: bool) -> None:
        request, _ = self._recorded.pair()
        if ignored:
            self._cassette._ignored[id(request)] = request
        else:
            self._cassette._ignored.pop(id(request), None)


def _known(given: Mapping[str, object]) -> settings.Options:
    """The options among ``given`` that say something; as in Betamax, an unknown one is none (here with a warning)."""
    defaults = settings.Options.defaults
    renamed = {settings.ALIASES.get(name, name): value for name, value in given.items()}
    said = {name: value for name, value in renamed.items() if value is not None or defaults.get(name) is None}
    for name in said.keys() - defaults.keys():
        del said[name]
        warn(f"{unknown('option', name, defaults)} It has no effect.")
    return settings.Options(said)
