"""An interaction as hooks see it: Betamax's dictionary, to be changed at will. It must not know a cassette."""

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
    """What is said of an interaction beside its data."""

    used = False
    ignored = False


class Interaction:
    """A request with its response. ``data``: the two, as they stand in a cassette. What a hook changes in it is what is
    kept, or replayed. ``orig_response``: the response of requests' that it was made from, if it was."""

    def __init__(
        self, interaction: InteractionData, response: Response | None = None, state: State | None = None
    ) -> None:
        self.data = interaction
        self.orig_response = response
        self.state = state or State()
        self.settle()

    @property
    def used(self) -> bool:
        """Whether it has been replayed, and is not replayed again. What is assigned counts for the next request."""
        return self.state.used

    @used.setter
    def used(self, used: bool) -> None:
        self.state.used = used

    @property
    def ignored(self) -> bool:
        """Whether it is passed over. What is assigned counts for the next request."""
        return self.state.ignored

    @ignored.setter
    def ignored(self, ignored: bool) -> None:
        self.state.ignored = ignored

    def ignore(self) -> None:
        """Do not record it; when it has been recorded, do not replay it."""
        self.ignored = True

    @property
    def changed(self) -> bool:
        """Whether ``data`` is no longer what it was."""
        return self.data != self._given

    def settle(self) -> None:
        """From now on what ``data`` is counts as unchanged."""
        self._given = copy.deepcopy(self.data)

    @property
    def recorded_at(self) -> datetime:
        """When it was recorded: UTC, without saying so."""
        return datetime.fromisoformat(self.data["recorded_at"]).replace(tzinfo=None)

    def pair(self) -> tuple[Request, ResponseDict]:
        """The engine's values for ``data``."""
        return util.from_data(self.data)

    def as_response(self) -> Response:
        """What requests makes of it when it is replayed."""
        return util.response_from_data(self.data)

    recorded_response = property(as_response)

    def match(self, matchers: Iterable[Callable[[RequestData], bool]]) -> bool:
        """Whether each of these functions says yes to the recorded request."""
        return all(matcher(self.data["request"]) for matcher in matchers)

    def replace(self, text_to_replace: str, placeholder: str) -> None:
        """Replace a text wherever it stands, however it is spelled (URL-encoded, in base64 …)."""
        self._replace(text_to_replace, placeholder, "uri", "url", "headers", "body")

    def replace_all(self, replacements: Iterable[Placeholder], serializing: bool) -> None:
        """``replace`` for each ``Placeholder``: on the way into a cassette, or out of it."""
        for replacement in replacements:
            pair: Any = replacement.unpack(serializing)  # (a placeholder may stand for bytes, or for a list)
            self.replace(*pair)

    def replace_in_uri(self, text_to_replace: str, placeholder: str) -> None:
        """``replace`` in the URI alone."""
        self._replace(text_to_replace, placeholder, "uri", "url")

    def replace_in_headers(self, text_to_replace: str, placeholder: str) -> None:
        """``replace`` in the header fields of both alone."""
        self._replace(text_to_replace, placeholder, "headers")

    def replace_in_body(self, text_to_replace: str, placeholder: str) -> None:
        """``replace`` in both bodies alone."""
        self._replace(text_to_replace, placeholder, "body")

    def _replace(self, old: str, new: str, *parts: str) -> None:
        replaced = util.to_data(*_placeholders.hide(_placeholders.resolve([(new, old)]), *self.pair()))
        halves: Any = (self.data["request"], replaced["request"]), (self.data["response"], replaced["response"])
        for mine, theirs in halves:
            mine.update({part: value for part, value in theirs.items() if part in parts and part in mine})
