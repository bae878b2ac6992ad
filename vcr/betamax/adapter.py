"""Room: the adapter that stands in a session while it records: it sends with the session's own adapters, inside the
cassette. What goes over the wire is recorded, or answered, by the stubs; whoever else sends is not concerned."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any

from requests import PreparedRequest, Response
from requests.adapters import BaseAdapter
from requests.exceptions import InvalidSchema

from .. import active
from ..errors import CannotOverwriteExistingCassetteException
from .exceptions import BetamaxError
from .matchers import sending

if TYPE_CHECKING:
    from .cassette import Cassette

_UNHANDLED = """A request was made that could not be handled.

A request was made to {url} that could not be found in {cassette_name}.

The settings on the cassette are:

    - record_mode: {mode}
    - match_options {options}.
"""


def unhandled_request_message(request: PreparedRequest, cassette: Cassette) -> str:
    """What Betamax says of a request that a cassette neither holds nor may record."""
    return _UNHANDLED.format(
        url=request.url,
        cassette_name=cassette.cassette_name,
        mode=cassette.record_mode,
        options=cassette.match_options,
    )


class BetamaxAdapter(BaseAdapter):
    """Sends with ``old_adapters`` (by prefix of URL), inside ``cassette``."""

    def __init__(self, old_adapters: MutableMapping[str, Any]) -> None:
        super().__init__()
        self.old_adapters = old_adapters
        self.cassette: Cassette | None = None

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        """As the session's own adapter. Raises BetamaxError, saying why, when the cassette refuses the request."""
        cassette = self.cassette
        if cassette is None:
            raise BetamaxError("No cassette was specified or found.")
        adapter = self.find_adapter(str(request.url))
        token = sending.set(request)
        try:
            with active.within(cassette):
                response: Response = adapter.send(request, *args, **kwargs)
        except CannotOverwriteExistingCassetteException as refusal:
            message = cassette.masked(unhandled_request_message(request, cassette))
            raise BetamaxError(f"{message}\n{refusal}") from refusal
        finally:
            sending.reset(token)
        # By which HTTPDigestAuth sends its answer.
        response.connection = self  # type: ignore[assignment]
        return response

    def close(self) -> None:
        """Close the session's own adapters."""
        for adapter in self.old_adapters.values():
            adapter.close()

    def find_adapter(self, url: str) -> Any:
        """The session's own adapter for this URL: of the longest prefix, past the recorders around this one."""
        prefixes = [prefix for prefix in self.old_adapters if url.lower().startswith(prefix.lower())]
        if not prefixes:
            raise InvalidSchema(f"No connection adapters were found for {url!r}")
        adapter = self.old_adapters[max(prefixes, key=len)]
        return adapter.find_adapter(url) if isinstance(adapter, BetamaxAdapter) else adapter
