"""Proves in a few microseconds that there is nothing to mask in a message. Most messages have no secret: then no other
module has to take them apart. It must not know what takes the place of a secret.

A look is wrong in one direction only: it may see a secret where there is none, never the other way round.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from .._http import content_coding
from .._http.everywhere import texts_of_request, texts_of_response
from .._http.text import as_bytes
from ..request import Request
from ..response import Response
from .ruleset import Side, folded
from .uris import has_parameter, may_have_userinfo
from .values import Spelled

#: How many texts, and how many lists of names, are remembered.
_MOST_CLEAN, _MOST_NAMES = 4096, 256


class _Names(NamedTuple):
    """What the names of the header fields of a message tell."""

    are_of_secrets: bool
    has_coding: bool


class Glance:
    """Looks at messages of one side, for ``secrets`` and for what the rules of the side find.

    ``limit``: how many bytes may come out of a compressed body. Texts and names without a secret are remembered,
    because most of them come again in the next message.
    """

    def __init__(self, side: Side, secrets: Spelled, limit: int) -> None:
        self._side = side
        self._secrets = secrets
        self._limit = limit
        self._clean: set[str] = set()
        self._names: dict[tuple[str, ...], _Names] = {}

    def finds_none_in_request(self, request: Request) -> bool:
        """Whether it is certain that there is nothing to mask in a request."""
        names = self._of_names(tuple([name for name, _ in request.headers.pairs()]))
        if names.are_of_secrets or not self._none_in_texts(texts_of_request(request)):
            return False
        body = request.body
        codings = content_coding.of(request.headers) if names.has_coding else []
        return not body or (isinstance(body, bytes) and self._none_in_body(body, codings))

    def finds_none_in_response(self, response: Response) -> bool:
        """Whether it is certain that there is nothing to mask in a response."""
        data: Any = response.data  # Any: a cassette may have keys that ResponseDict has not
        names = self._of_names((*(data.get("headers") or ()), *(data.get("trailers") or ())))
        if names.are_of_secrets or not self._none_in_texts(texts_of_response(data)):
            return False
        body = data.get("body") or {}
        string = body.get("string") if isinstance(body, Mapping) else body
        string = as_bytes(string) if isinstance(string, str) else string
        codings = content_coding.of(response.headers) if names.has_coding else []
        return not string or (isinstance(string, bytes) and self._none_in_body(string, codings))

    def _of_names(self, names: tuple[str, ...]) -> _Names:
        known = self._names.get(names)
        if known is None:
            low = [folded(str(name)) for name in names]
            are_of_cookies = self._side.has_cookies and not {"cookie", "set-cookie"}.isdisjoint(low)
            are_of_secrets = are_of_cookies or any(self._side.header(str(name)) is not None for name in names)
            known = _Names(are_of_secrets, content_coding.is_among(names))
            if len(self._names) < _MOST_NAMES:
                self._names[names] = known
        return known

    def _none_in_texts(self, texts: Iterable[str]) -> bool:
        new = [text for text in texts if text not in self._clean]
        text = "\n".join(new)
        if new and (has_parameter(text, self._side) or not self._none_anywhere(as_bytes(text))):
            return False
        if len(self._clean) < _MOST_CLEAN:
            self._clean.update(new)
        return True

    def _none_in_body(self, body: bytes, codings: list[str]) -> bool:
        plain, left = content_coding.decode(body, codings, self._limit) if codings else (body, [])
        if left or self._side.paths or b"data:" in plain:  # an event may hold a part of a secret
            return False
        return not self._side.may_have_fields(plain) and self._none_anywhere(plain)

    def _none_anywhere(self, data: bytes) -> bool:
        """Whether there is none of the secrets that need no name beside them."""
        return not (may_have_userinfo(data) or self._side.shapes.suspects(data) or self._secrets.may_stand_in(data))
