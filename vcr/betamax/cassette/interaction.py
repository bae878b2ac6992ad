"""An interaction as hooks get it: Betamax's dictionary, which a hook may change. It must not know a cassette."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from requests import Response

from ... import _placeholders
from ...formats.betamax import InteractionData, RequestData
from ...request import Request
from ...response import ResponseDict
from .. import util
from .placeholder import Placeholder


class State:
    """Whether an interaction is used or ignored. An interaction in a cassette has a subclass of this."""

    used = False
    ignored = False


class Interaction:
    """A request with its response. ``data``: Betamax's dictionary of the two. What a hook changes in it is recorded, or
    replayed. ``orig_response``: the response of requests from which the interaction was made, if there was one."""

    def __init__(
        self, interaction: InteractionData, response: Response | None = None, state: State | None = None
    ) -> None:
        self.data = interaction
        self.orig_response = response
        self.state = state or State()
        self.settle()

    @property
    def used(self) -> bool:
        """Whether the interaction has been replayed, and is not replayed again. A hook may change this; it counts for
        the next request."""
        return self.state.used

    @used.setter
    def used(self, used: bool) -> None:
        self.state.used = used

    @property
    def ignored(self) -> bool:
        """Whether the interaction is neither recorded nor replayed. A hook may change this; it counts for the next
        request."""
        return self.state.ignored

    @ignored.setter
    def ignored(self, ignored: bool) -> None:
        self.state.ignored = ignored

    def ignore(self) -> None:
        """Do not record this interaction; if it has been recorded, do not replay it."""
        self.ignored = True

    @property
    def changed(self) -> bool:
        """Whether ``data`` has been changed since the last ``settle``."""
        return self.data != self._given

    def settle(self) -> None:
        """Take ``data`` as it is now for unchanged."""
        self._given = copy.deepcopy(self.data)

    @property
    def recorded_at(self) -> datetime:
        """When the interaction was recorded: a datetime in UTC without a time zone, as in Betamax."""
        return datetime.fromisoformat(self.data["recorded_at"]).replace(tzinfo=None)

    def pair(self) -> tuple[Request, ResponseDict]:
        """The engine's request and response for ``data``."""
        return util.from_data(self.data)

    def as_response(self) -> Response:
        """The response of requests that a replay of this interaction gives."""
        return util.response_from_data(self.data)

    recorded_response = property(as_response)

    def match(self, matchers: Iterable[Callable[[RequestData], bool]]) -> bool:
        """Whether each of these functions returns True for the recorded request."""
        return all(matcher(self.data["request"]) for matcher in matchers)

    def replace(self, text_to_replace: str, placeholder: str) -> None:
        """Replace a text in the URI, the header fields and the bodies, also where it is escaped or in base64."""
        self._replace(text_to_replace, placeholder, "uri", "url", "headers", "body")

    def replace_all(self, replacements: Iterable[Placeholder], serializing: bool) -> None:
        """``replace`` for each ``Placeholder``. ``serializing``: on the way into a cassette, else out of it."""
        for replacement in replacements:
            pair: Any = replacement.unpack(serializing)  # Any: a placeholder may stand for bytes, or for a list
            self.replace(*pair)

    def replace_in_uri(self, text_to_replace: str, placeholder: str) -> None:
        """As ``replace``, but in the URI only."""
        self._replace(text_to_replace, placeholder, "uri", "url")

    def replace_in_headers(self, text_to_replace: str, placeholder: str) -> None:
        """As ``replace``, but in the header fields of the request and the response only."""
        self._replace(text_to_replace, placeholder, "headers")

    def replace_in_body(self, text_to_replace: str, placeholder: str) -> None:
        """As ``replace``, but in the two bodies only."""
        self._replace(text_to_replace, placeholder, "body")

    def _replace(self, old: str, new: str, *parts: str) -> None:
        replaced = util.to_data(*_placeholders.mask(_placeholders.resolve([(new, old)]), *self.pair()))
        halves: Any = (self.data["request"], replaced["request"]), (self.data["response"], replaced["response"])
        for mine, theirs in halves:
            mine.update({part: value for part, value in theirs.items() if part in parts and part in mine})
