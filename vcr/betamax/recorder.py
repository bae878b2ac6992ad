"""The recorder: a cassette in the place of one session's connections, from ``start`` to ``stop``."""

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
    """Records what one session sends, and replays it: ``with Betamax(session).use_cassette("name"):`` or, with the
    cassette chosen inside, ``with Betamax(session) as recorder: recorder.use_cassette("name")``.

    ``session``: a ``requests.Session``, or what has its ``adapters`` and ``mount``. Nobody else's requests are touched.
    ``cassette_library_dir`` and ``default_cassette_options`` count for this recorder.

    The session's own adapters are asked to send, also in a replay, and are recorded or answered where they
    reach for the network; what sends with no client that ``vcr`` knows (from memory, over FTP) is not.
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
        """What holds for every recorder: ``with Betamax.configure() as config: ...``."""
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
        """Load this cassette and use it from now on; the one in use until now is saved.

        Options: ``record``, ``match_requests_on``, ``re_record_interval``, ``serialize_with``, ``placeholders``,
        ``preserve_exact_body_bytes``, ``allow_playback_repeats``. Raises a ValidationError for what is none of these,
        and MissingCassetteError, a ValueError, for ``record="none"`` without a cassette.
        """
        options = Options(kwargs)  # (The adapter's options have a library, too.)
        self.betamax_adapter.load_cassette(cassette_name, None, options)
        if self._started:
            self._mount()
        return self

    def start(self) -> None:
        """Take the place of the session's adapters."""
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
        """Save the cassette and give the session its adapters back, whatever a hook raises. Once is enough."""
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
