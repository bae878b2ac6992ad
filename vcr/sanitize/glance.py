"""Proves in a few microseconds that there is nothing to mask in a message. Most messages have no secret: then no other
module has to take them apart. It must not know what takes the place of a secret.

A look is wrong in one direction only: it may see a secret where there is none, never the other way round.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from .._http import content_coding
from .._http.text import as_bytes
from ..request import Request
from ..response import Response
from .ruleset import Side, folded
from .uris import has_parameter, may_have_userinfo
from .values import Spelled

#: How many texts, and how many lists of names, are remembered.
_MOST_CLEAN, _MOST_NAMES = 4096, 256
#: What may stand around a body. If a hook has put something else there, a look is not certain.
_PLAIN = frozenset({str, int, float, bool, type(None)})
#: The parts of a response of which ``Glance`` looks at the names by themselves.
_FIELDS = ("headers", "trailers")


class _Names(NamedTuple):
    """What the names of the header fields of a message tell."""

    may_be_secret: bool
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
        self._clean: set[object] = set()
        self._names: dict[tuple[str, ...], _Names] = {}

    def finds_none_in_request(self, request: Request) -> bool:
        """Whether it is certain that there is nothing to mask in a request."""
        pairs = request.headers.pairs()
        names = self._of_names(tuple([name for name, _ in pairs]))
        if names.may_be_secret:
            return False
        codings = content_coding.of(request.headers) if names.has_coding else []
        return self._none_in({request.uri, *[value for _, value in pairs]}, request.body, codings)

    def finds_none_in_response(self, response: Response) -> bool:
        """Whether it is certain that there is nothing to mask in a response. It is not, if something stands around the
        body that is no text, number or None."""
        data: Any = response.data  # a hook may put anything there
        texts = _texts_of(data) if isinstance(data, dict) else None
        if texts is None:
            return False
        names = self._of_names((*(data.get("headers") or ()), *(data.get("trailers") or ())))
        if names.may_be_secret:
            return False
        body = data.get("body") or {}
        string = body.get("string") if isinstance(body, (dict, Mapping)) else body
        string = as_bytes(string) if isinstance(string, str) else string
        codings = content_coding.of(response.headers) if names.has_coding else []
        return self._none_in(texts, string, codings)

    def _of_names(self, names: tuple[str, ...]) -> _Names:
        known = self._names.get(names)
        if known is None:
            low = [folded(str(name)) for name in names]
            are_of_cookies = self._side.has_cookies and not {"cookie", "set-cookie"}.isdisjoint(low)
            may_be_secret = (
                are_of_cookies
                or any(self._side.header(str(name)) is not None for name in names)
                or not self._none_in(set(map(str, names)), None, [])
            )
            known = _Names(may_be_secret, content_coding.is_among(names))
            if len(self._names) < _MOST_NAMES:
                self._names[names] = known
        return known

    def _none_in(self, texts: set[object], body: object, codings: list[str]) -> bool:
        """Whether there is nothing to mask in the texts of a message, and in its body. All of them are searched as one
        text, because most of the time is taken by the beginning of a search."""
        new = texts - self._clean
        if not new and not body:
            return True
        if not _PLAIN.issuperset(map(type, new)):
            return False
        head, plain = " ".join(map(str, new)), self._plain(body, codings) if body else b""
        if plain is None or ("=" in head and has_parameter(head, self._side)) or self._side.may_have_fields(plain):
            return False
        data = as_bytes(head)
        # (With a null byte in one of the two, text in UTF-16 could not be told in both.)
        parts = (plain, data) if 0 in plain or 0 in data else (plain + b" " + data,)
        if any(map(self._may_have_any, parts)):
            return False
        if len(self._clean) < _MOST_CLEAN:
            self._clean.update(new)
        return True

    def _plain(self, body: object, codings: list[str]) -> bytes | None:
        """A body without its codings; None if it cannot be read, or if what it hides does not stand in one place."""
        if not isinstance(body, bytes):
            return None
        plain, left = content_coding.decode(body, codings, self._limit) if codings else (body, [])
        # (The events of a stream may each hold a part of a secret.)
        return None if left or self._side.paths or b"data:" in plain else plain

    def _may_have_any(self, data: bytes) -> bool:
        """Whether one of the secrets that need no name beside them may stand in ``data``."""
        return may_have_userinfo(data) or self._side.shapes.suspects(data, self._secrets.may_stand_in)


def _texts_of(data: dict[str, object]) -> set[object] | None:
    """What stands around the body of a response, without the names of its fields; None if something stands there that
    is in no usual response."""
    texts: list[object] = []
    for part, value in data.items():
        if part == "body":
            continue
        if not isinstance(value, dict):
            if value and part in _FIELDS:
                return None
            texts.append(value)
            continue
        if part not in _FIELDS:
            texts += value
        for one in value.values():
            if isinstance(one, list):
                texts += one
            else:
                texts.append(one)
    try:
        return set(texts)
    except TypeError:  # a list or a mapping, inside another one
        return None
