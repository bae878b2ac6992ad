"""Reads the places in a message that a rule names, each with its secret, and has others put there. It must not know
what takes the place of a secret: ``put.at(place)(rule, secret)`` says that.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import unquote, unquote_plus

from .._http import content_coding, lines, members, named
from .._http.fields import media_type
from .._http.meaning import FORM
from .._http.text import as_bytes, as_text
from .._http.views import DEPTH
from ..request import Headers, Request
from ..response import Response, ResponseDict
from . import credentials, paths, streams, uris
from .placeholder import is_placeholder
from .put import Put
from .rule import Rule
from .ruleset import Side, folded

#: The header fields whose names end so hold a scheme and credentials.
_CREDENTIALS = "authorization"
#: The header fields that hold URIs, also relative ones.
_ADDRESSES = frozenset({"location", "content-location", "refresh", "link", "referer"})
#: In bodies of these types, names beside values are seldom fields: no field is looked for.
_NO_FIELDS = re.compile(
    r"text/(css|javascript)|application/(x-)?(javascript|ecmascript)|application/pdf|(image|audio|video|font)/"
)
_PAGE = re.compile(r"text/html|application/xhtml\+xml")
_XML = re.compile(r"(text|application)/([\w.-]+\+)?xml")
_YAML = re.compile(r"(text|application)/([\w.-]+\+|x-|vnd\.)?yaml")
_TABLE = re.compile(r"text/(csv|tab-separated-values)|application/csv")
#: A list of names and values in JSON, also in escaped JSON (``\"value\"``, ``%22value%22``), may list header fields.
_LISTED = re.compile(rb"[\"\\2][Vv]alue[\"\\%]")
#: What stands for a value in a collection of requests: ``{{token}}``, ``${TOKEN}``, ``<token>``, also behind a scheme.
_VARIABLE = re.compile(r"(?:\w+ )?(?:\{\{[\w .-]+\}\}|\$\{\w+\}|<[\w -]+>)")
_GRAPHQL = re.compile(rb"\bmutation\b|\bquery\b")


class Places:
    """Reads the places that the rules of one side name. ``put`` says what takes the place of a secret. ``limit``: how
    many bytes may come out of a compressed body."""

    def __init__(self, side: Side, put: Put, limit: int) -> None:
        self._side = side
        self._put = put
        self._limit = limit

    def request(self, request: Request) -> Request:
        """``request`` with the secrets in these places replaced; the same object if there are none."""
        uri = uris.replaced(request.uri, self._side, self._put, "request query")
        pairs = request.headers.pairs()
        changed = [(name, self._header("request", name, value)) for name, value in pairs]
        body = request.body
        if isinstance(body, bytes) and body:
            body = self._body("request", body, content_coding.of(request.headers), request.headers)
        if uri == request.uri and changed == pairs and body is request.body:
            return request
        kept = request.copy()
        kept.uri, kept.headers, kept.body = uri, Headers.from_pairs(changed), body
        return kept

    def response(self, response: Response) -> ResponseDict:
        """The data of ``response`` with the secrets in these places replaced; the same object if there are none."""
        data: Any = response.data  # Any: a cassette may have keys that ResponseDict has not
        kept = dict(data)
        for part in ("headers", "trailers"):
            if isinstance(fields := data.get(part), Mapping):
                changed = {name: self._values(name, values) for name, values in fields.items()}
                kept[part] = fields if changed == fields else changed
        if isinstance(data.get("url"), str):
            kept["url"] = uris.replaced(data["url"], self._side, self._put, "response URL")
        body = data.get("body")
        if isinstance(body, Mapping) and (string := body.get("string")):
            new = self._content(string, response)
            kept["body"] = body if new is string else {**body, "string": new}
        is_same = all(kept[part] is data[part] for part in data)
        return response.data if is_same else cast(ResponseDict, kept)

    def _content(self, string: object, response: Response) -> object:
        codings = (
            content_coding.of(response.headers) if content_coding.is_among(response.data.get("headers") or ()) else []
        )
        if isinstance(string, str):
            data = as_bytes(string)
            new = self._body("response", data, codings, response.headers)
            return string if new is data else as_text(new)
        return self._body("response", string, codings, response.headers) if isinstance(string, bytes) else string

    # -- the head -----------------------------------------------------------------------------------------------------

    def _values(self, name: Any, values: object) -> object:
        if isinstance(values, list):
            return [self._header("response", name, one) if isinstance(one, str) else one for one in values]
        return self._header("response", name, values) if isinstance(values, str) else values

    def _header(self, message: str, name: str, value: str) -> str:
        side, low = self._side, folded(name)
        rule = side.header(name)
        if rule is not None:
            put = self._put.at(f"{message} header {name}")
            return credentials.authorization(value, rule, put) if low.endswith(_CREDENTIALS) else put(rule, value)
        if low in ("cookie", "set-cookie") and side.has_cookies:
            read = credentials.cookies if low == "cookie" else credentials.set_cookie
            return read(value, side.cookie, lambda cookie: self._put.at(f"{message} cookie {cookie}"))
        if low in _ADDRESSES or "?" in value or "://" in value:
            place = f"{message} header {name}:"
            return (uris.replaced_in_angles if low == "link" else uris.replaced)(value, side, self._put, place)
        return value

    # -- the body -----------------------------------------------------------------------------------------------------

    def _body(self, message: str, body: bytes, codings: list[str], headers: Headers) -> bytes:
        plain, left = content_coding.decode(body, codings, self._limit) if codings else (body, [])
        if left:
            return body
        kind = media_type(headers)
        new = self._plain(message, plain, kind)
        if kind == "text/event-stream":
            new = streams.replaced(new, self._side.shapes, self._put.at(message))
        if new == plain:
            return body
        coded = new if plain is body else content_coding.encode(new, codings)
        return new if coded is None else coded

    def _plain(self, message: str, body: bytes, kind: str) -> bytes:
        side = self._side
        for path, rule in side.paths:
            put = self._put.at(f"{message} body {path.text}")
            body = paths.replaced(body, path, lambda text, put=put, rule=rule: put(rule, text))  # type: ignore[misc]
        if _NO_FIELDS.match(kind):
            return body
        if uris.may_have_userinfo(body):
            body = as_bytes(uris.without_userinfo(as_text(body), side, self._put, f"{message} body"))
        if not side.may_have_fields(body):
            return body
        if _LISTED.search(body):
            body = named.replaced(
                body, side.listed, lambda name, text: self._listed(message, name, text), (members.entries,)
            )
        if kind == FORM and named.looks_like_form(body):  # urllib and curl give every body the type of a form
            return self._form(message, body)
        readers = _readers(message, kind, body)
        return named.replaced(body, side.fields, lambda name, text: self._field(message, name, text), readers)

    def _field(self, message: str, name: str, text: str) -> str:
        if not text.strip():
            return text
        plain = _placeholder_in(text) or text
        new = self._put.at(f"{message} body {name.removeprefix('*-')}")(self._side.field(name), plain)
        return text if new == plain else new

    def _listed(self, message: str, name: str, text: str) -> str:
        """The value of a header field that a body lists (HAR, a collection of requests)."""
        return text if _VARIABLE.fullmatch(text) else self._header(f"{message} body", name, text)

    def _form(self, message: str, body: bytes) -> bytes:
        """An urlencoded form with its secrets replaced. Values are decoded, so that a secret is the same everywhere."""

        def new(found: re.Match[str]) -> str:
            name = self._side.fields.of(found[1])
            plain = unquote_plus(found[2], errors="surrogateescape")
            if name is not None:
                written = self._field(message, name, plain)
            elif plain.startswith(("{", "[")):
                written = as_text(self._plain(message, as_bytes(plain), "application/json"))
            else:
                return found[0]
            is_same = written == plain and not written.startswith("<")
            return found[0] if is_same else f"{found[1]}={uris.as_value(written)}"

        return as_bytes(_PAIR.sub(new, as_text(body)))


def _readers(message: str, kind: str, body: bytes) -> tuple[named.Reader, ...]:
    """The formats in which fields are looked for in a body of the type ``kind``."""
    if _PAGE.match(kind):
        return members.IN_PAGES if message == "response" else ()
    if _XML.match(kind):
        return (*members.IN_DATA, members.attributes)
    if _TABLE.match(kind):
        return (lines.table,)
    if _YAML.match(kind):
        return (*members.IN_DATA, lines.yaml_lines)
    if message == "request" and _GRAPHQL.search(body):
        return (*members.IN_DATA, members.arguments)
    return (*members.IN_DATA, lines.assigned)


def _placeholder_in(text: str) -> str | None:
    """The placeholder that ``text`` is once its percent-escapes are taken off; None if ``text`` is something else."""
    for _ in range(DEPTH):
        text = unquote(text)
        if is_placeholder(text):
            return text
    return None


_PAIR = re.compile(r"([^&=]+)=([^&]+)")


class Noting:
    """A ``Put`` that notes the secrets at each place, and the rule that has found each, and changes nothing."""

    def __init__(self) -> None:
        self.found: defaultdict[str, list[str]] = defaultdict(list)
        self.rules: dict[str, Rule] = {}
        self._place = ""

    def at(self, place: str) -> Noting:
        """See ``Put``."""
        self._place = place.lower()
        return self

    def __call__(self, rule: Rule, secret: str) -> str:
        """See ``Put``."""
        self.found[self._place].append(secret)
        self.rules.setdefault(secret, rule)
        return secret


def secrets_of(side: Side, limit: int, message: Request | Response) -> Mapping[str, list[str]]:
    """The secrets at each place of a request or a response, by the rules of ``side``."""
    return noted(side, limit, message).found


def noted(side: Side, limit: int, message: Request | Response) -> Noting:
    """The secrets of a request or a response, by the rules of ``side``."""
    noting = Noting()
    places = Places(side, noting, limit)
    if isinstance(message, Request):
        places.request(message)
    else:
        places.response(message)
    return noting
