"""Room: what makes two requests the same. Keys first, predicates second; it knows no cassette.

A matcher of ours is both: called with two requests it returns True or raises AssertionError with the difference (as
VCR.py's do); ``key(request)`` gives the value that the cassette indexes by, equal exactly when the requests match.
A user's matcher is any ``f(r1, r2)`` that returns a bool, returns None for "the same", or raises AssertionError.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Hashable, Iterable
from typing import Any
from urllib.parse import parse_qsl

from . import multipart
from .body import is_object, json_meaning, same_object, stands_for
from .request import Request
from .wire import media_type, without_chunks

Predicate = Callable[[Request, Request], Any]
MatcherResults = tuple[list[str], list[tuple[str, str]]]


#: Header fields whose values no message shows.
SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "x-api-key", "x-auth-token"})


FORM = "application/x-www-form-urlencoded"


class Matcher:
    """A matcher with a key: equality of ``key(r1)`` and ``key(r2)``, indexable."""

    def __init__(
        self,
        name: str,
        key: Callable[[Request], Hashable],
        difference: Callable[[Request, Request], str] | None = None,
        *,
        of_target: bool = False,
        of_body: bool = False,
    ) -> None:
        """``of_target``: the key tells of nothing but the method and the URI. ``of_body``: it tells of the body."""
        self.__name__ = name
        self.__doc__ = key.__doc__
        self.key = key
        self.of_target = of_target
        self.of_body = of_body
        self._difference = difference or (lambda r1, r2: f"{key(r1)!r} != {key(r2)!r}")

    def __call__(self, r1: Request, r2: Request) -> bool:
        """True, or AssertionError with the difference."""
        if self.key(r1) == self.key(r2) or (self.of_body and same_as_object(r1, r2)):
            return True
        raise AssertionError(self._difference(r1, r2))

    def __repr__(self) -> str:
        return f"<matcher {self.__name__}>"


def same_as_object(r1: Request, r2: Request) -> bool:
    """Whether one of two bodies is an object, as VCR.py keeps those of aiohttp, and the other is the same or its bytes.

    An object has no key: it may stand for JSON and for a form.
    """
    if is_object(r1.body):
        return same_object(r1.body, r2.body) if is_object(r2.body) else stands_for(r1.body, r2.body)
    return is_object(r2.body) and stands_for(r2.body, r1.body)


def _path(request: Request) -> str:
    # RFC 9110 §4.2.3: an empty path is "/".
    return request.path or "/"


#: A query in which there is nothing to decode.
_PLAIN_QUERY = re.compile(r"[^%+=&]+=[^%+=&]*(?:&[^%+=&]+=[^%+=&]*)*")


def _query(request: Request) -> Hashable:
    query = request.parsed_uri.query
    if not query:
        return ()
    if _PLAIN_QUERY.fullmatch(query):
        return tuple(sorted([tuple(field.split("=")) for field in query.split("&")]))
    # latin-1 decodes byte by byte, so that %e9 and %e8 stay different.
    return tuple(sorted(parse_qsl(query, keep_blank_values=True, encoding="latin-1")))


def _uri(request: Request) -> str:
    if request.path:
        return request.uri
    return request.parsed_uri._replace(path="/").geturl()


def _headers(request: Request) -> Hashable:
    return tuple(sorted((name.lower(), tuple(request.headers.get_all(name))) for name in request.headers))


def _header_difference(r1: Request, r2: Request) -> str:
    """Only the fields that differ; of those that carry secrets, only that they do."""
    names = {name.lower(): name for name in (*r2.headers, *r1.headers)}
    lines = []
    for low, name in sorted(names.items()):
        one, other = r1.headers.get_all(name), r2.headers.get_all(name)
        if one != other:
            shown = "differs (not shown)" if low in SECRET_HEADERS else f"{_values(one)} != {_values(other)}"
            lines.append(f"{name}: {shown}")
    return "; ".join(lines)


def _values(values: list[str]) -> str:
    return ", ".join(map(repr, values)) or "absent"


def _raw_body(request: Request) -> Hashable:
    body = request.body
    return body if isinstance(body, Hashable) else repr(body)


def _header_checker(value: str, header: str = "Content-Type") -> Callable[[Any], bool]:
    """Whether headers have ``value`` in one of them: kept for the users of VCR.py who build on it."""
    return lambda headers: value in _as_text(headers.get(header, "")).lower()


def _as_text(value: object) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _transform_json(body: Any) -> Any:
    """The data in a JSON body: kept for the users of VCR.py who build on it."""
    return json.loads(body) if body else None


def _is_json(kind: str) -> bool:
    return kind == "application/json" or kind.endswith("+json")


def _json_key(body: bytes, _: str) -> Hashable:
    meaning = json_meaning(body)
    # VCR.py's aiohttp stub keeps the text of a JSON string without its quotes.
    return json.loads(meaning).encode("utf-8") if meaning.startswith('"') else meaning


def _form_key(body: bytes, _: str) -> Hashable:
    return tuple(sorted(parse_qsl(body.decode("latin-1"), keep_blank_values=True, encoding="latin-1")))


def _xmlrpc_key(body: bytes, _: str) -> Hashable:
    import xmlrpc.client
    from xml.parsers.expat import ExpatError

    try:
        params, name = xmlrpc.client.loads(body)
    except (xmlrpc.client.Error, ExpatError) as error:
        raise ValueError("not XML-RPC") from error
    # Written again: its values (dates, binaries) have no repr to compare by.
    return xmlrpc.client.dumps(params, name, allow_none=True)


def _multipart_key(body: bytes, content_type: str) -> tuple[bytes, ...]:
    parts = multipart.split(body, content_type)
    if parts is None:
        raise ValueError("not multipart")
    return tuple(parts)


def _body(request: Request) -> Hashable:
    """The body by its meaning: JSON by value, forms by field, multipart without its boundary, else bytes."""
    body = request.body
    if not isinstance(body, bytes) or not body:
        return _raw_body(request) or b""
    body = without_chunks(body, request.headers)  # as older clients' uploads were recorded
    content_type = request.headers.get("Content-Type", "")
    kind = media_type(request.headers)
    read: Callable[[bytes, str], Hashable]
    if kind == FORM:
        read = _form_key
    elif _is_json(kind):
        read = _json_key
    elif kind == "text/xml" and "xmlrpc" in request.headers.get("User-Agent", "").lower():
        read = _xmlrpc_key
    elif kind.startswith("multipart/"):
        read = _multipart_key
    else:
        return body
    try:
        return read(body, content_type)
    except (ValueError, TypeError, RecursionError):
        # Not what its Content-Type says: then it is compared as it is.
        return body


def _only(kind: Callable[[str], bool], read: Callable[[bytes, str], Hashable]) -> Callable[[Request], Hashable]:
    """A key for bodies of one kind alone: a request with another, or an unreadable one, is like no other request."""

    def key(request: Request) -> Hashable:
        content_type = request.headers.get("Content-Type", "")
        if not kind(media_type(request.headers)):
            return object()
        try:
            return read(request.body or b"", content_type)
        except ValueError:
            return object()

    return key


def _json_or_anything(request: Request) -> Hashable:
    """The Content-Type and, if it says JSON, the body by value; another body is not looked at (as betamax-matchers)."""
    content_type = request.headers.get("Content-Type", "")
    try:
        return content_type, _json_key(request.body or b"", "") if _is_json(media_type(request.headers)) else None
    except (ValueError, TypeError, RecursionError):
        return content_type, None


def _parts_in_any_order(body: bytes, content_type: str) -> Hashable:
    _, *parts, _ = _multipart_key(body, content_type)
    return tuple(sorted(parts))


def _digest_auth(request: Request) -> Hashable:
    """The Authorization without what each answer to a challenge makes up anew (RFC 7616 §3.4; as Betamax)."""
    parts = request.headers.get("Authorization", "").split(", ")
    return tuple(part for part in parts if not part.startswith(("cnonce=", "response=")))


def _body_difference(r1: Request, r2: Request) -> str:
    return f"{r1.body!r} != {r2.body!r}"


method = Matcher("method", lambda request: request.method, of_target=True)
scheme = Matcher("scheme", lambda request: request.scheme, of_target=True)
host = Matcher("host", lambda request: request.host, of_target=True)
port = Matcher("port", lambda request: request.port, of_target=True)
path = Matcher("path", _path, of_target=True)
query = Matcher("query", _query, lambda r1, r2: f"{r1.query} != {r2.query}", of_target=True)
uri = Matcher("uri", _uri, of_target=True)
url = Matcher("url", _uri, of_target=True)
headers = Matcher("headers", _headers, _header_difference)
raw_body = Matcher("raw_body", _raw_body, of_body=True)
body = Matcher("body", _body, _body_difference, of_body=True)
json_body = Matcher("json-body", _json_or_anything)
form_body = Matcher("form-urlencoded-body", _only(lambda kind: kind == FORM, _form_key), _body_difference)
multipart_body = Matcher(
    "multipart-form-data-body", _only(lambda kind: kind.startswith("multipart/"), _parts_in_any_order), _body_difference
)
digest_auth = Matcher("digest-auth", _digest_auth, lambda *_: "Authorization: differs (not shown)")

DEFAULT_MATCH_ON = ("method", "scheme", "host", "port", "path", "query")


def builtin() -> dict[str, Predicate]:
    """The matchers that every ``VCR`` starts with, by name."""
    known = (method, scheme, host, port, path, query, uri, url, headers, body, raw_body)
    betamax = (json_body, form_body, multipart_body, digest_auth)
    return {matcher.__name__: matcher for matcher in (*known, *betamax)}


def name_of(matcher: Predicate) -> str:
    """The name a matcher is shown under."""
    return getattr(matcher, "__name__", None) or repr(matcher)


def agrees(matcher: Predicate, r1: Request, r2: Request) -> tuple[bool, str]:
    """Whether ``matcher`` takes the two for the same and, if not, what it said."""
    try:
        verdict = matcher(r1, r2)
    except AssertionError as error:
        return False, str(error)
    return verdict is None or bool(verdict), ""


Verdict = tuple[bool, str | None]
_SAME, _DIFFERENT = (True, None), (False, None)


def verdicts(matcher: Predicate, request: Request) -> Callable[[Request], Verdict]:
    """``agrees`` for asking about many: by its key alone a matcher says nothing of a difference yet (None)."""
    if type(matcher) is not Matcher:
        return lambda other: agrees(matcher, request, other)
    key, wanted = matcher.key, matcher.key(request)

    def verdict(other: Request) -> Verdict:
        same = key(other) == wanted or (matcher.of_body and same_as_object(request, other))
        return _SAME if same else _DIFFERENT

    return verdict


def get_matchers_results(r1: Request, r2: Request, matchers: Iterable[Predicate]) -> MatcherResults:
    """``(names of matchers that agree, [(name of one that does not, what it said)])``."""
    agreed: list[str] = []
    differing: list[tuple[str, str]] = []
    for matcher in matchers:
        same, message = agrees(matcher, r1, r2)
        if same:
            agreed.append(name_of(matcher))
        else:
            differing.append((name_of(matcher), message))
    return agreed, differing


def requests_match(r1: Request, r2: Request, matchers: Iterable[Predicate]) -> bool:
    """Whether all ``matchers`` take the two for the same."""
    return all(agrees(matcher, r1, r2)[0] for matcher in matchers)
