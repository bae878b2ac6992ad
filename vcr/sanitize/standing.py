"""Lists the placeholders in a stored interaction. It must not know where the interaction is stored, or what a secret
was.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator

from .._http import content_coding, known
from .._http.everywhere import Everywhere
from .._http.views import View
from ..request import Headers, Request
from ..response import Response
from .defaults import RULES
from .notes import Masked
from .placeholder import LONGEST, PLACEHOLDER, SHORTEST, is_placeholder
from .places import Places
from .rule import Rule
from .ruleset import rule_set

#: The part of a message to which these places of a rule belong.
_PARTS = {
    "request query": "request URI",
    "request cookie": "request header cookie",
    "response cookie": "response header set-cookie",
}


def standing(request: Request, response: Response) -> list[Masked]:
    """The placeholders in a request and its response, each with the name of its rule and its place: the place of a rule
    (``request body password``) if there is one, else the header or the part of the message."""
    rules = rule_set(RULES)
    put = _Noting()
    Places(rules.request, put, content_coding.MOST_DECODED).request(request)
    Places(rules.response, put, content_coding.MOST_DECODED).response(response)
    named = {(_part(one.place), one.placeholder) for one in put.notes}
    everywhere = _Noting()
    everywhere.text("request URI", request.uri)
    everywhere.fields("request header", request.headers)
    everywhere.body("request body", request.headers, request.body)
    if response.fault is None:
        everywhere.text("response status", response.reason or "")
        everywhere.fields("response header", response.headers)
        everywhere.body("response body", response.headers, response.body)
        everywhere.fields("response trailer", response.trailers)
    found = [one for one in everywhere.notes if (_part(one.place), one.placeholder) not in named]
    return list(dict.fromkeys([*put.notes, *found]))


def _part(place: str) -> str:
    """The part of a message in which a place is."""
    part = " ".join(place.split(" ")[:2])
    return _PARTS.get(part, place.partition(":")[0].lower() if part.endswith(("header", "trailer")) else part)


class _Noting:
    """A ``Put`` that notes each placeholder and changes nothing."""

    def __init__(self) -> None:
        self.notes: list[Masked] = []
        self.place = ""

    def at(self, place: str) -> _Noting:
        self.place = place
        return self

    def __call__(self, rule: Rule, secret: str) -> str:  # noqa: ARG002
        if is_placeholder(secret):
            self.note(secret)
        return secret

    def note(self, placeholder: str) -> None:
        self.notes.append(Masked(placeholder[1:].partition(":")[0], self.place, placeholder))

    # -- a look into a text -------------------------------------------------------------------------------------------

    def text(self, place: str, text: str) -> None:
        """Note the placeholders in a text."""
        Everywhere(_Placeholders(self.at(place))).field(text)

    def fields(self, place: str, headers: Headers) -> None:
        """Note the placeholders in header fields."""
        for name, value in headers.pairs():
            self.text(f"{place} {name}", value)

    def body(self, place: str, headers: Headers, body: object) -> None:
        """Note the placeholders in a body."""
        if isinstance(body, bytes):
            codings = content_coding.of(headers)
            Everywhere(_Placeholders(self.at(place))).body(body, codings)


class _Placeholders(known.Values):
    """The placeholders that are looked for in bytes, escaped or encoded too. None is replaced."""

    shortest, longest = SHORTEST, LONGEST

    def __init__(self, put: _Noting) -> None:
        self._put = put

    def suspects(self, _: bytes) -> bool:
        """See ``known.Values``."""
        return True

    def find(self, view: View) -> Iterator[tuple[int, int, known.New]]:
        """See ``known.Values``."""
        for found in PLACEHOLDER.finditer(view.data):
            yield *found.span(), functools.partial(self._noted, found[0].decode("ascii"))

    def _noted(self, placeholder: str) -> None:
        self._put.note(placeholder)
