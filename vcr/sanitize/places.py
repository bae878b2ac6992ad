"""Reads the places in a message that a rule names, each with its secret, and has others put there. It must not know
what takes the place of a secret: ``put.at(place)(rule, secret)`` says that.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_plus

from .._http import content_coding, named
from .._http.fields import media_type
from .._http.meaning import FORM
from ..request import Headers, Request
from ..response import Response, ResponseDict
from . import credentials, paths, uris
from .pieces import moved
from .put import Put
from .ruleset import Side, folded

_CREDENTIALS = frozenset({"authorization", "proxy-authorization"})
#: Fields that hold addresses.
_ADDRESSES = frozenset({"location", "content-location", "refresh", "link", "referer"})
#: Texts of these types are full of names and signs that mean something else.
_NO_FIELDS = re.compile(r"text/(html|css|javascript)|application/(javascript|xhtml\+xml|pdf)|(image|audio|video|font)/")


class Places:
    """The places that the rules of one side name."""

    def __init__(self, side: Side, put: Put, limit: int) -> None:
        self._side = side
        self._put = put
        self._limit = limit

    def request(self, request: Request) -> None:
        """Change a request."""
        request.uri = uris.replaced(request.uri, self._side, self._put, "request query")
        pairs = request.headers.pairs()
        changed = [(name, self._header("request", name, value)) for name, value in pairs]
        if isinstance(request.body, bytes) and request.body:
            request.body = self._body("request", request.body, request.headers)
        if changed != pairs:
            request.headers = Headers.of(changed)

    def response(self, data: ResponseDict) -> None:
        """Change a response."""
        response: Any = data  # (whatever keys it has)
        headers = Response(data).headers
        for part in ("headers", "trailers"):
            if isinstance(response.get(part), Mapping):
                response[part] = {name: self._values(name, values) for name, values in response[part].items()}
        if isinstance(response.get("url"), str):
            response["url"] = uris.replaced(response["url"], self._side, self._put, "response URL")
        body = response.get("body")
        if isinstance(body, dict) and body.get("string"):
            body["string"] = self._content(body["string"], headers)

    def _content(self, string: object, headers: Headers) -> object:
        if isinstance(string, str):
            data = string.encode("utf-8", "surrogateescape")
            return self._body("response", data, headers).decode("utf-8", "surrogateescape")
        return self._body("response", string, headers) if isinstance(string, bytes) else string

    # -- the head -----------------------------------------------------------------------------------------------------

    def _values(self, name: Any, values: Any) -> Any:
        if isinstance(values, list):
            return [self._header("response", name, one) if isinstance(one, str) else one for one in values]
        return self._header("response", name, values) if isinstance(values, str) else values

    def _header(self, message: str, name: str, value: str) -> str:
        side, low = self._side, folded(name)
        rule = side.header(low)
        if rule is not None:
            put = self._put.at(f"{message} header {name}")
            return credentials.authorization(value, rule, put) if low in _CREDENTIALS else put(rule, value)
        if low in ("cookie", "set-cookie") and side.has_cookies:
            read = credentials.cookies if low == "cookie" else credentials.set_cookie
            return read(value, side.cookie, lambda cookie: self._put.at(f"{message} cookie {cookie}"))
        if low in _ADDRESSES:
            return uris.replaced(value, side, self._put, f"{message} header {name}:")
        return value

    # -- the body -----------------------------------------------------------------------------------------------------

    def _body(self, message: str, body: bytes, headers: Headers) -> bytes:
        codings = content_coding.named(headers.get_all("Content-Encoding"))
        plain, left = content_coding.decode(body, codings, self._limit) if codings else (body, [])
        if left:
            return body
        new = self._plain(message, plain, media_type(headers))
        if new == plain:
            return body
        coded = new if plain is body else content_coding.encode(new, codings)
        return new if coded is None else coded

    def _plain(self, message: str, body: bytes, kind: str) -> bytes:
        side = self._side
        for path, rule in side.paths:
            put = self._put.at(f"{message} body {path.text}")
            body = paths.replaced(body, path, lambda text, put=put, rule=rule: put(rule, text))  # type: ignore[misc]
        if not side.may_have_fields(body) or _NO_FIELDS.match(kind):
            return body
        if kind == FORM:
            return self._form(message, body)
        return named.replaced(body, side.fields, lambda name, text: self._field(message, name, text), named.IN_DATA)

    def _field(self, message: str, name: str, text: str) -> str:
        return self._put.at(f"{message} body {name}")(self._side.field(name), text) if text.strip() else text

    def _form(self, message: str, body: bytes) -> bytes:
        """An urlencoded form: its values are decoded, so that a secret is the same one elsewhere."""

        def new(found: re.Match[str]) -> str:
            name = self._side.fields.of(found[1])
            plain = unquote_plus(found[2], errors="surrogateescape")
            written = plain if name is None else self._field(message, name, plain)
            return found[0] if written == plain and not written.startswith("<") else f"{found[1]}={written}"

        text = body.decode("utf-8", "surrogateescape")
        return _PAIR.sub(new, text).encode("utf-8", "surrogateescape")


_PAIR = re.compile(r"([^&=]+)=([^&]+)")


# -- what depends on a body --------------------------------------------------------------------------------------------


def correct_length(before: Request, after: Request) -> None:
    """Have the length that a request announces be that of its new body."""
    old, new = before.body, after.body
    if new != old and isinstance(new, bytes) and after.headers.get("Content-Length") == str(len(old)):
        after.headers["Content-Length"] = str(len(new))


def correct_lengths(request: Request, kept: Request, response: Response, data: ResponseDict) -> None:
    """The same for a request and its response, and have the pieces of the response end where they did."""
    correct_length(request, kept)
    body: Any = data.get("body")
    old, new = response.body, Response(data).body
    if old == new:
        return
    headers: Any = data["headers"]
    for name, value in headers.items():
        if folded(name) == "content-length" and response.headers.get("Content-Length") == str(len(old)):
            headers[name] = [str(len(new))] if isinstance(value, list) else str(len(new))
    if body.get("chunks"):
        body["chunks"] = moved(response.pieces, new)
        if not body["chunks"]:
            del body["chunks"]
