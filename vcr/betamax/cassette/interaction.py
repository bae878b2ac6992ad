"""Room: an interaction as hooks see it: Betamax's dictionary, to be changed at will. It knows no cassette."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from requests import Response

from ... import placeholders
from ...request import Request
from ...response import ResponseDict
from .. import util


class Interaction:
    """A request with its response. ``data``: the two, as they stand in a cassette. What a hook changes in it is what is
    kept, or replayed. ``used``: whether it has been replayed; ``ignored``: whether it is to be passed over."""

    orig_response = None  # Betamax's: what came from the server. Here the program has it, and reads it itself.

    def __init__(self, interaction: dict[str, Any], response: object = None) -> None:  # noqa: ARG002  (Betamax's)
        self.data = interaction
        self.used = False
        self.ignored = False
        self._given = copy.deepcopy(interaction)

    def ignore(self) -> None:
        """Do not record it; when it has been recorded, do not replay it."""
        self.ignored = True

    @property
    def changed(self) -> bool:
        """Whether ``data`` is no longer what it was."""
        return self.data != self._given

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

    def replace(self, text_to_replace: str, placeholder: str) -> None:
        """Replace a text wherever it stands, however it is spelled (URL-encoded, in base64 …)."""
        self._replace(text_to_replace, placeholder, "uri", "url", "headers", "body")

    def replace_all(self, replacements: Iterable[Any], serializing: bool) -> None:
        """``replace`` for each ``Placeholder``: on the way into a cassette, or out of it."""
        for replacement in replacements:
            self.replace(*replacement.unpack(serializing))

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
        replaced = util.to_data(*placeholders.hide(placeholders.resolve([(new, old)]), *self.pair()))
        for half in ("request", "response"):
            mine: dict[str, Any] = self.data[half]
            mine.update({part: value for part, value in replaced[half].items() if part in parts and part in mine})
