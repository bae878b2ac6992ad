"""Betamax's matchers: the classes that users derive from, and the engine's matchers for Betamax's rules. It must not
know a session or a cassette.

The names mean what they mean in Betamax (``query``: the order of names is ignored; ``host``: with the port; ``uri``:
scheme, host, path and query), not what they mean in ``vcr``. URIs are compared without user, fragment and default port,
which are not sent. The case of field names is ignored. So requests match that do not match in Betamax; those that match
in Betamax match here. If several recorded requests match, one with the same body comes first.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import ClassVar
from urllib.parse import parse_qs, urlparse

from requests import PreparedRequest

from .. import matchers
from .._http import difference
from .._http.uri import authority
from ..matchers import Matcher, Predicate
from ..request import Request
from .exceptions import UnknownMatcherError
from .sending import current
from .util import prepared, request_from_data, sent


class BaseMatcher:
    """The base class for matchers of the user's: with a ``name``, and a ``match`` that compares two requests.

    Register the class with ``Betamax.register_request_matcher``: that makes one object of it, without arguments.
    """

    name: ClassVar[str | None] = None

    def __init__(self) -> None:
        if not self.name:
            raise ValueError("Matchers require names")
        self.on_init()

    def on_init(self) -> None:
        """Called when the matcher has been made; a subclass may do something here."""

    def match(self, request: PreparedRequest, recorded_request: Mapping[str, object]) -> bool:
        """Whether ``request`` matches ``recorded_request``, a dictionary with ``method``, ``uri``, ``headers`` and
        ``body``."""
        raise NotImplementedError("match method must be overridden")


class _Keyed(BaseMatcher):
    """A built-in matcher: two requests match if their keys are equal.

    The engine finds recorded requests by the key. For a class of the user's that is derived from a built-in one, it
    calls ``match`` with each recorded request.
    """

    keyed: ClassVar[Matcher]

    def match(self, request: PreparedRequest, recorded_request: Mapping[str, object]) -> bool:
        """Whether the two have the same key. ``recorded_request`` needs only the items that the key is made of."""
        return bool(self.keyed.key(sent(request)) == self.keyed.key(request_from_data(recorded_request)))


def _netloc(request: Request) -> str:
    return authority(request.scheme, request.host or "", request.port)


def _parts(uri: str) -> dict[str, str]:
    request = Request("", uri)
    return {"scheme": request.scheme, "netloc": _netloc(request), "path": urlparse(uri).path or "/", "fragment": ""}


def _fields(query: str) -> dict[str, list[str]]:
    return parse_qs(query, keep_blank_values=True)


def _query(request: Request) -> Hashable:
    return tuple(sorted((name, tuple(values)) for name, values in _fields(request.parsed_uri.query).items()))


def _uri(request: Request) -> Hashable:
    return tuple(_parts(request.uri).values()), _query(request)


def _headers(request: Request) -> Hashable:
    return tuple(sorted((name.lower(), value) for name, value in request.headers.items()))


def _body(request: Request) -> str:
    # Older versions of Betamax recorded a body as text, and lost the bytes that are not UTF-8.
    return (request.body or b"").decode("utf-8", "replace")


class MethodMatcher(_Keyed):
    """Matches requests with the same method."""

    name, keyed = "method", matchers.method


class QueryMatcher(_Keyed):
    """Matches requests with the same query.

    The order of the names is ignored, the order of the values of one name is not. ``?a`` equals ``?a=``.
    """

    name, keyed = "query", Matcher("query", _query)

    def to_dict(self, query: str) -> dict[str, list[str]]:
        """The values of each name in a query. A subclass may leave some out."""
        return _fields(query)

    def match(self, request: PreparedRequest, recorded_request: Mapping[str, object]) -> bool:
        """Whether both have the same names with the same values."""
        given, recorded = (urlparse(str(uri)).query for uri in (request.url, recorded_request["uri"]))
        return self.to_dict(given) == self.to_dict(recorded)


class URIMatcher(_Keyed):
    """Matches requests with the same scheme, host, path and query."""

    name, keyed = "uri", Matcher("uri", _uri, lambda r1, r2: f"{r1.uri} != {r2.uri}")

    def on_init(self) -> None:
        """Set the function that compares queries, ``query_matcher``. A subclass may set another."""
        self.query_matcher = QueryMatcher().match

    def parse(self, uri: str) -> dict[str, str]:
        """The parts of a URI that are compared, without the query. A subclass may leave out or change some."""
        return _parts(uri)

    def all_equal(self, new_uri: str, recorded_uri: str) -> bool:
        """Whether two URIs are equal apart from their queries."""
        return self.parse(new_uri) == self.parse(recorded_uri)

    def match(self, request: PreparedRequest, recorded_request: Mapping[str, object]) -> bool:
        """Whether the two have the same URI."""
        same_place = self.all_equal(str(request.url), str(recorded_request["uri"]))
        return same_place and self.query_matcher(request, recorded_request)


class HostMatcher(_Keyed):
    """Matches requests with the same host and port."""

    name, keyed = "host", Matcher("host", _netloc)


class PathMatcher(_Keyed):
    """Matches requests with the same path."""

    name, keyed = "path", Matcher("path", lambda request: _parts(request.uri)["path"])


class HeadersMatcher(_Keyed):
    """Matches requests with the same header fields. Only the first value of each name counts."""

    name, keyed = "headers", Matcher("headers", _headers, matchers.headers._difference)

    def flatten_headers(self, request: Mapping[str, object]) -> dict[str, str]:
        """The first value of each header field of a recorded request. A subclass may leave some out."""
        return dict(request_from_data({"headers": request["headers"]}).headers.items())

    def match(self, request: PreparedRequest, recorded_request: Mapping[str, object]) -> bool:
        """Whether both have the same header fields."""
        recorded = Request("", "", None, self.flatten_headers(recorded_request))
        return _headers(sent(request)) == _headers(recorded)


class BodyMatcher(_Keyed):
    """Matches requests with the same body, compared as text."""

    name, keyed = "body", Matcher("body", _body, difference.of_bodies)


class DigestAuthMatcher(_Keyed):
    """Matches requests with the same digest Authorization, apart from ``cnonce`` and ``response``."""

    name, keyed = "digest-auth", matchers.digest_auth


class JSONBodyMatcher(_Keyed):
    """Matches requests with the same Content-Type and, if that is JSON, with the same value (betamax-matchers)."""

    name, keyed = "json-body", matchers.json_body


class URLEncodedBodyMatcher(_Keyed):
    """Matches requests whose forms have the same fields (betamax-matchers)."""

    name, keyed = "form-urlencoded-body", matchers.form_body


class MultipartFormDataBodyMatcher(_Keyed):
    """Matches requests whose multipart bodies have the same parts, whatever the boundary (betamax-matchers)."""

    name, keyed = "multipart-form-data-body", matchers.multipart_body


_BUILT_IN = (
    *(MethodMatcher, URIMatcher, QueryMatcher, HostMatcher, PathMatcher, HeadersMatcher, BodyMatcher),
    *(DigestAuthMatcher, JSONBodyMatcher, URLEncodedBodyMatcher, MultipartFormDataBodyMatcher),
)

#: The registered matchers, by the names that ``match_requests_on`` takes.
matcher_registry: dict[str, BaseMatcher] = {str(cls.name): cls() for cls in _BUILT_IN}


def for_engine(names: Iterable[str], stored: Callable[[Request], Mapping[str, object]]) -> list[Predicate]:
    """The engine's matchers for these names. Raises UnknownMatcherError for a name that is not registered.

    ``stored``: returns Betamax's dictionary of a recorded request, for matchers of the user's.
    """
    wanted = set(names)
    if unknown := wanted.difference(matcher_registry):
        raise UnknownMatcherError(f"{sorted(unknown)!r} is not valid; registered: {', '.join(matcher_registry)}")
    return [_for_engine(name, matcher, stored) for name, matcher in matcher_registry.items() if name in wanted]


def _for_engine(name: str, matcher: BaseMatcher, stored: Callable[[Request], Mapping[str, object]]) -> Predicate:
    if isinstance(matcher, _Keyed) and type(matcher) in _BUILT_IN:
        return matcher.keyed

    def predicate(r1: Request, r2: Request) -> bool:
        now = current()
        return bool(matcher.match(now.as_compared(r1) if now else prepared(r1), stored(r2)))

    predicate.__name__ = name
    return predicate
