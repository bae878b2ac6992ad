"""Replaces known values everywhere in a request and a response: in the URI, in each header field, in the body inside
its content codings, in trailers, reason and error. Only the method and the status code are left alone. It must not know
what the values mean.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..request import Request
from ..response import Response, ResponseDict
from . import content_coding, known
from .text import as_bytes, as_text

Pair = tuple[Request, ResponseDict]


class Everywhere:
    """Replaces ``values``. A body that decodes to more than ``limit`` bytes is not decoded for that."""

    def __init__(self, values: known.Values, limit: int = content_coding.MOST_DECODED) -> None:
        self._values = values
        self._limit = limit

    def pair(self, request: Request, response: ResponseDict) -> Pair:
        """Change a request and its response, and return both."""
        self.request(request)
        self.response(response)
        return request, response

    def request(self, request: Request) -> None:
        """Change a request, its head and its body."""
        self.request_body(request)
        # One look at the whole head is enough for most requests, which hold no value.
        if self._may_stand_in(texts_of_request(request)):
            self.request_head(request)

    def _may_stand_in(self, texts: Iterable[str]) -> bool:
        return known.may_stand_in(as_bytes("\n".join(texts)), self._values)

    def request_body(self, request: Request) -> None:
        """Change the body of a request."""
        if isinstance(request.body, bytes):
            codings = content_coding.of(request.headers)
            request.body = self.body(request.body, codings)

    def request_head(self, request: Request) -> None:
        """Change the URI and the headers of a request."""
        request.uri = self.text(request.uri)
        request.headers = [(self.field(name), self.field(value)) for name, value in request.headers.pairs()]

    def response(self, data: ResponseDict) -> None:
        """Change a response, its head and its body."""
        self.response_body(data)
        if self._may_stand_in(texts_of_response(data)):
            self.response_head(data)

    def response_body(self, data: ResponseDict) -> None:
        """Change the body of a response."""
        body: object = data.get("body")
        if body:
            is_coded = content_coding.is_among(data.get("headers") or ())
            headers = Response(data).headers.get_all("Content-Encoding") if is_coded else []
            self._content(body, content_coding.named(headers))

    def response_head(self, data: ResponseDict) -> None:
        """Change everything but the body of a response."""
        response: Any = data  # a cassette may have keys that ResponseDict has not
        for part in ("headers", "trailers"):
            if response.get(part):
                response[part] = self._fields(response[part])
        for part in ("url", "header_order"):  # Betamax records a ``url`` if it differs from the request's
            if isinstance(response.get(part), str):
                response[part] = self.text(response[part])
        for part in ("status", "error"):
            if isinstance(response.get(part), Mapping):
                response[part] = {name: self._value(value) for name, value in response[part].items()}

    def _content(self, body: Any, codings: list[str]) -> None:
        string = body.get("string")
        if isinstance(string, str):
            body["string"] = self.text(string)
        elif isinstance(string, bytes):
            body["string"] = self.body(string, codings)

    def _value(self, value: object) -> Any:
        return self.field(value) if isinstance(value, str) else value

    def _fields(self, headers: Mapping[str, Any]) -> dict[str, object]:
        fields: dict[str, Any] = {}
        for name, values in headers.items():
            are_many = isinstance(values, list)
            new = [self.field(str(value)) for value in values] if are_many else self.field(str(values))
            kept = self._value(name)
            if kept in fields:  # two names that differ in a secret only
                new = [*_listed(fields[kept]), *_listed(new)]
            fields[kept] = new
        return fields

    def anything(self, value: object) -> Any:
        """Plain data of any shape, with every string and all bytes in it changed."""
        if isinstance(value, Mapping):
            return {self.anything(key): self.anything(one) for key, one in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.anything(one) for one in value]
        if isinstance(value, bytes):
            return known.replaced(value, self._values, self._limit)
        return self.text(value) if isinstance(value, str) else value

    def text(self, text: str) -> str:
        """A text with the values in it replaced."""
        data = as_bytes(text)
        new = known.replaced(data, self._values, self._limit)
        return text if new is data else as_text(new)

    def field(self, value: str) -> str:
        """A field name, a field value or a reason phrase with the values in it replaced. It is text in latin-1."""
        try:
            data = value.encode("latin-1")
        except UnicodeEncodeError:
            return self.text(value)
        new = known.replaced(data, self._values, self._limit)
        return value if new is data else new.decode("latin-1")

    def body(self, body: bytes, codings: list[str]) -> bytes:
        """A body with the values in it replaced, inside its content codings if it has any."""
        plain, left = content_coding.decode(body, codings, self._limit)
        if left or plain is body:
            return known.replaced(body, self._values, self._limit)
        changed = known.replaced(plain, self._values, self._limit)
        coded = body if changed is plain else content_coding.encode(changed, codings)
        return changed if coded is None else coded


def _listed(values: Any) -> list[Any]:
    return values if isinstance(values, list) else [values]


def to_change(response: ResponseDict) -> Any:
    """A copy of a response, and of its body, for ``Everywhere`` to change. All else is shared, and does not change."""
    kept: dict[str, Any] = {**response}
    if isinstance(kept.get("body"), Mapping):
        kept["body"] = dict(kept["body"])
    return kept


def texts_of_request(request: Request) -> list[str]:
    """All strings of a request but its body."""
    return [request.uri, *[text for pair in request.headers.pairs() for text in pair]]


def texts_of_response(response: ResponseDict) -> list[str]:
    """All strings of a response but its body."""
    texts: list[str] = []
    values: list[object] = [value for part, value in response.items() if part != "body"]
    for value in values:  # which grows
        if isinstance(value, str):
            texts.append(value)
        elif isinstance(value, dict):
            values += value
            values += value.values()
        elif isinstance(value, (list, tuple)):
            values += value
    return texts
