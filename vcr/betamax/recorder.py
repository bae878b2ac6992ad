"""The recorder: it mounts the adapter of a cassette on one session, from ``start`` to ``stop``. It must not know how a
request is recorded.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from contextlib import ExitStack
from typing import Any

from requests import Session
from requests.adapters import BaseAdapter

from .. import patch
from .adapter import BetamaxAdapter
from .cassette import Cassette
from .configure import Configuration, RecorderConfiguration
from .matchers import BaseMatcher, matcher_registry
from .options import Options
from .serializers import BaseSerializer, serializer_registry


class Betamax:
    """Records the requests of one session, and replays them: ``with Betamax(session).use_cassette("name"):`` or, if the
    cassette is chosen inside, ``with Betamax(session) as recorder: recorder.use_cassette("name")``.

    ``session``: a ``requests.Session``, or an object with ``adapters`` and ``mount``. Requests of other sessions are
    not recorded. ``cassette_library_dir`` and ``default_cassette_options`` count for this recorder only.

    The session's own adapters send, on replay too: they are recorded, or answered, where they open a connection. An
    adapter that sends with no client that ``vcr`` knows (from memory, over FTP) is not recorded.
    """

    def __init__(
        self,
        session: Session,
        cassette_library_dir: str | None = None,
        default_cassette_options: Mapping[str, object] | None = None,
    ) -> None:
        self.session = session
        adapters: Any = session.adapters
        self.http_adapters: MutableMapping[str, BaseAdapter] = adapters.copy()
        self.config = RecorderConfiguration(cassette_library_dir, default_cassette_options or {})
        self.betamax_adapter = BetamaxAdapter(self.http_adapters, self.config)
        self._started = False

    @property
    def current_cassette(self) -> Cassette | None:
        """The cassette in use."""
        return self.betamax_adapter.cassette

    @staticmethod
    def configure() -> Configuration:
        """The configuration of all recorders: ``with Betamax.configure() as config: ...``."""
        return Configuration()

    @staticmethod
    def register_request_matcher(matcher_class: type[BaseMatcher]) -> None:
        """Make a matcher available to ``match_requests_on`` under its ``name``."""
        matcher_registry[str(matcher_class.name)] = matcher_class()

    @staticmethod
    def register_serializer(serializer_class: type[BaseSerializer]) -> None:
        """Make a serializer available to ``serialize_with`` under its ``name``."""
        serializer_registry[str(serializer_class.name)] = serializer_class()

    def use_cassette(self, cassette_name: str, **kwargs: object) -> Betamax:
        """Load this cassette and use it from now on. The cassette in use until now is saved.

        Options: ``record``, ``match_requests_on``, ``re_record_interval``, ``serialize_with``, ``placeholders``,
        ``preserve_exact_body_bytes``, ``allow_playback_repeats``, ``sanitize``. Raises a ValidationError for another
        option or a value that is not valid, and MissingCassetteError, a ValueError, for ``record="none"`` without a
        cassette.
        """
        options = Options(kwargs)  # refuses cassette_library_dir, which load_cassette takes
        self.betamax_adapter.load_cassette(cassette_name, None, options)
        if self._started:
            self._mount()
        return self

    def start(self) -> None:
        """Mount the cassette's adapter on the session, and call the ``after_start`` hooks."""
        try:
            if not self._started:
                self._started = True
                patch.install(self)
            self._mount()
            for hook in self.config.hooks("after_start"):
                hook(self.current_cassette)
        except BaseException:
            self._withdraw()
            raise

    def stop(self) -> None:
        """Call the ``before_stop`` hooks, save the cassette, and give the session its adapters back, even if a hook
        raises. A second call does nothing."""
        if not self._started and self.current_cassette is None:
            return
        with ExitStack() as last:
            last.callback(self._withdraw)
            last.callback(self.betamax_adapter.eject_cassette)
            for hook in self.config.hooks("before_stop"):
                hook(self.current_cassette)

    def __enter__(self) -> Betamax:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _mount(self) -> None:
        for prefix, adapter in list(self.session.adapters.items()):
            if adapter is not self.betamax_adapter:
                self.http_adapters[prefix] = adapter
                self.session.mount(prefix, self.betamax_adapter)

    def _withdraw(self) -> None:
        if not self._started:
            return
        self._started = False
        patch.uninstall(self)
        for prefix, adapter in self.http_adapters.items():
            if self.session.adapters.get(prefix) is self.betamax_adapter:
                self.session.mount(prefix, adapter)
