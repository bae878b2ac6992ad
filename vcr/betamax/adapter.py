"""The adapter that takes the place of a session's adapters during recording: it sends with these adapters, inside the
cassette.

The stubs record what goes over the network, or answer. This module must not know how.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping, MutableMapping
from typing import Any
from weakref import WeakValueDictionary

from requests import PreparedRequest, Response
from requests.adapters import BaseAdapter, HTTPAdapter
from requests.exceptions import InvalidSchema

from .. import _active
from ..errors import CannotOverwriteExistingCassetteException
from .cassette import Cassette
from .configure import Configuration
from .exceptions import BetamaxError, MissingCassetteError
from .options import Options
from .sending import sending
from .util import patched

_UNHANDLED = """A request was made that could not be handled.

A request was made to {url} that could not be found in {cassette_name}.

The settings on the cassette are:

    - record_mode: {mode}
    - match_options {options}.
"""


def unhandled_request_message(request: PreparedRequest, cassette: Cassette) -> str:
    """Betamax's message for a refusal: the cassette neither holds the request nor may record it."""
    return _UNHANDLED.format(
        url=request.url,
        cassette_name=cassette.cassette_name,
        mode=cassette.record_mode,
        options=cassette.match_options,
    )


class _Used:
    """The cassette in use, and the ``last`` one before. An adapter and its copies share one object of this class."""

    cassette: Cassette | None = None
    last: Cassette | None = None


class BetamaxAdapter(BaseAdapter):
    """Sends with ``old_adapters``, which are found by prefix of the URL, inside the cassette that has been loaded.

    ``config``: the configuration with the hooks, the defaults and the library to use; by default the one of all
    recorders. A copy of a session (``copy.deepcopy``, or ``pickle`` in the same process) uses the same cassette, and
    goes on to replay from it after the recorder has stopped. A session that is unpickled in another process has no
    cassette.
    """

    def __init__(self, old_adapters: MutableMapping[str, BaseAdapter], config: Configuration | None = None) -> None:
        super().__init__()
        self.http_adapter = HTTPAdapter()
        self.old_adapters = old_adapters
        self.serialize: str | None = None
        self._config = config or Configuration()
        self._used = _Used()
        self._is_copy = False

    @property
    def cassette(self) -> Cassette | None:
        """The cassette in use."""
        return self._used.cassette or (self._used.last if self._is_copy else None)

    @property
    def cassette_name(self) -> str | None:
        """The name of the cassette in use."""
        return self.cassette.cassette_name if self.cassette is not None else None

    def load_cassette(self, cassette_name: str, serialize: str | None, options: Mapping[str, object]) -> None:
        """Use this cassette from now on. The cassette in use until now is saved.

        ``serialize``: the name of a serializer. ``options``: those of ``use_cassette``, and ``cassette_library_dir``.
        Raises MissingCassetteError for an empty name, and a ValidationError for a wrong option.
        """
        if not cassette_name:
            raise MissingCassetteError("a cassette must have a name")
        given: dict[str, Any] = {**options, **({"serialize_with": serialize} if serialize else {})}
        library = given.pop("cassette_library_dir", None) or self._config.cassette_library_dir
        defaults = self._config.default_cassette_options
        Options(given).over(defaults)  # raises for a wrong option, before anything is done
        self.eject_cassette()
        self.serialize = serialize
        self._used.cassette = Cassette(
            cassette_name, cassette_library_dir=library, defaults=defaults, hooks=self._config.hooks, **given
        )

    def eject_cassette(self) -> None:
        """Save the cassette in use, if there is one, and use none from now on."""
        cassette = self._used.cassette
        if cassette is not None:
            self._used.cassette, self._used.last = None, cassette
            cassette.close()

    def send(self, request: PreparedRequest, *args: object, **kwargs: object) -> Response:
        """Send ``request`` with the session's own adapter, inside the cassette.

        Raises BetamaxError if there is no cassette, or if the cassette refuses the request.
        """
        cassette = self.cassette
        if cassette is None:
            raise BetamaxError("No cassette was specified or found.")
        adapter: Any = self.find_adapter(str(request.url))  # Any: its send() gets all arguments as they are
        with sending(request) as now:
            try:
                with patched(), _active.within(cassette):
                    response: Response = adapter.send(request, *args, **kwargs)
                    if now.is_live and self._config.hooks("before_record"):
                        response.content  # noqa: B018  (reads the body to its end: then the hooks are called)
            except CannotOverwriteExistingCassetteException as refusal:
                message = cassette.mask(unhandled_request_message(request, cassette))
                raise BetamaxError(f"{message}\n{refusal}") from refusal
        if now.recorded is not None:
            response = now.recorded.as_response()
            response.request = request
        # HTTPDigestAuth sends its second request with this adapter.
        response.connection = self  # type: ignore[assignment]
        return response

    def close(self) -> None:
        """Close the session's own adapters."""
        self.http_adapter.close()
        for adapter in self.old_adapters.values():
            adapter.close()

    def find_adapter(self, url: str) -> BaseAdapter:
        """The session's own adapter for this URL, with the longest prefix; never the adapter of another recorder."""
        prefixes = [prefix for prefix in self.old_adapters if url.lower().startswith(prefix.lower())]
        if not prefixes:
            raise InvalidSchema(f"No connection adapters were found for {url!r}")
        adapter = self.old_adapters[max(prefixes, key=len)]
        return adapter.find_adapter(url) if isinstance(adapter, BetamaxAdapter) else adapter

    def __deepcopy__(self, memo: dict[int, object]) -> BetamaxAdapter:
        return self._copied(copy.deepcopy(self.old_adapters, memo))

    def _copied(self, old_adapters: MutableMapping[str, BaseAdapter]) -> BetamaxAdapter:
        twin = BetamaxAdapter(old_adapters, self._config)
        twin.serialize, twin._used, twin._is_copy = self.serialize, self._used, True
        return twin

    def __reduce__(self) -> tuple[object, ...]:
        name = f"{os.getpid()}-{id(self)}"
        _adapters[name] = self
        return _unpickled, (name, self.old_adapters)


#: The adapters that have been pickled, while they exist.
_adapters: WeakValueDictionary[str, BetamaxAdapter] = WeakValueDictionary()


def _unpickled(name: str, old_adapters: MutableMapping[str, BaseAdapter]) -> BetamaxAdapter:
    adapter = _adapters.get(name)
    return BetamaxAdapter(old_adapters) if adapter is None else adapter._copied(old_adapters)
