"""Betamax's matchers: its rules as keys for the engine, and the classes that its users derive from.

The registry's names mean what they mean in Betamax (``query``: the order of keys is ignored; ``host``: with the port;
``uri``: scheme, host, path and query), not what they mean in ``vcr``. URIs compare without userinfo, fragment
and default port, which are not sent; names of header fields without case; both make more match than in Betamax, never
less. Where several recorded requests match, one with the same body comes first.
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
    """What a matcher of the user's derives from: it has a ``name``, and ``match`` says whether two are the same.

    Register the class with ``Betamax.register_request_matcher``; it is made once, without arguments.
    """

    name: ClassVar[str | None] = None

    def __init__(self) -> None:
        if not self.name:
            raise ValueError("Matchers require names")
        self.on_init()

    def on_init(self) -> None:
        """For subclasses: called when the matcher has been made."""

    def match(self, request: PreparedRequest, recorded_request: Mapping[str, object]) -> bool:
        """Whether ``request`` is the recorded one: a dictionary with ``method``, ``uri``, ``headers`` and ``body``."""
        raise NotImplementedError("match method must be overridden")


class _Keyed(BaseMatcher):
    """One of the built-in matchers: two requests are the same when their keys are. The engine looks them up by key; a
    matcher that is derived from one is asked about each recorded request."""

    keyed: ClassVar[Matcher]

    def match(self, request: PreparedRequest, recorded_request: Mapping[str, object]) -> bool:
        """Whether the two have the same key. Of ``recorded_request`` only what the key is made of need be there."""
        return bool(self.keyed.key(sent(request)) == self.keyed.key(request_from_data(recorded_request)))


def _netloc(request: Request) -> str:
    return authority(request.scheme, request.host or "", request.port)


def _place(uri: str) -> dict[str, str]:
    request = Request("", uri)
    return {"scheme": request.scheme, "netloc": _netloc(request), "path": urlparse(uri).path or "/", "fragment": ""}


def _fields(query: str) -> dict[str, list[str]]:
    return parse_qs(query, keep_blank_values=True)


def _query(request: Request) -> Hashable:
    return tuple(sorted((name, tuple(values)) for name, values in _fields(request.parsed_uri.query).items()))


def _uri(request: Request) -> Hashable:
    return tuple(_place(request.uri).values()), _query(request)


def _headers(request: Request) -> Hashable:
    return tuple(sorted((name.lower(), value) for name, value in request.headers.items()))


def _body(request: Request) -> str:
    # As Betamax's older cassettes have it, in which what is not UTF-8 is lost.
    return (request.body or b"").decode("utf-8", "replace")


class MethodMatcher(_Keyed):
    """The same method."""

    name, keyed = "method", matchers.method


class QueryMatcher(_Keyed):
    """The same query: names in any order, the values of one name in theirs; ``?a`` is ``?a=``."""

    name, keyed = "query", Matcher("query", _query)

    def to_dict(self, query: str) -> dict[str, list[str]]:
        """The values of each name. A derived matcher may leave some out."""
        return _fields(query)

    def match(self, request: PreparedRequest, recorded_request: Mapping[str, object]) -> bool:
        """Whether both have the same names with the same values."""
        given, recorded = (urlparse(str(uri)).query for uri in (request.url, recorded_request["uri"]))
        return self.to_dict(given) == self.to_dict(recorded)


class URIMatcher(_Keyed):
    """The same scheme, host, path and query."""

    name, keyed = "uri", Matcher("uri", _uri, lambda r1, r2: f"{r1.uri} != {r2.uri}")

    def on_init(self) -> None:
        """Compare queries as the matcher ``query`` does; a derived matcher may do so in another way."""
        self.query_matcher = QueryMatcher().match

    def parse(self, uri: str) -> dict[str, str]:
        """What is compared of a URI beside its query. A derived matcher may leave out or change some of it."""
        return _place(uri)

    def all_equal(self, new_uri: str, recorded_uri: str) -> bool:
        """Whether two URIs are the same but for their queries."""
        return self.parse(new_uri) == self.parse(recorded_uri)

    def match(self, request: PreparedRequest, recorded_request: Mapping[str, object]) -> bool:
        """Whether the two have the same URI."""
        same_place = self.all_equal(str(request.url), str(recorded_request["uri"]))
        return same_place and self.query_matcher(request, recorded_request)


class HostMatcher(_Keyed):
    """The same host and port."""

    name, keyed = "host", Matcher("host", _netloc)


class PathMatcher(_Keyed):
    """The same path."""

    name, keyed = "path", Matcher("path", lambda request: _place(request.uri)["path"])


class HeadersMatcher(_Keyed):
    """All header fields the same: the first value of each name."""

    name, keyed = "headers", Matcher("headers", _headers, matchers.headers._difference)

    def flatten_headers(self, request: Mapping[str, object]) -> dict[str, str]:
        """The first value of each header field in a cassette. A derived matcher may leave some out."""
        return dict(request_from_data({"headers": request["headers"]}).headers.items())

    def match(self, request: PreparedRequest, recorded_request: Mapping[str, object]) -> bool:
        """Whether both have the same header fields."""
        recorded = Request("", "", None, self.flatten_headers(recorded_request))
        return _headers(sent(request)) == _headers(recorded)


class BodyMatcher(_Keyed):
    """The same body, as text."""

    name, keyed = "body", Matcher("body", _body, difference.of_bodies)


class DigestAuthMatcher(_Keyed):
    """The same Authorization but for ``cnonce`` and ``response``."""

    name, keyed = "digest-auth", matchers.digest_auth


class JSONBodyMatcher(_Keyed):
    """The same Content-Type and, if that says JSON, the same data (betamax-matchers)."""

    name, keyed = "json-body", matchers.json_body


class URLEncodedBodyMatcher(_Keyed):
    """Forms with the same fields (betamax-matchers)."""

    name, keyed = "form-urlencoded-body", matchers.form_body


class MultipartFormDataBodyMatcher(_Keyed):
    """Multipart bodies with the same parts, whatever the boundary (betamax-matchers)."""

    name, keyed = "multipart-form-data-body", matchers.multipart_body


_BUILT_IN = (
    *(MethodMatcher, URIMatcher, QueryMatcher, HostMatcher, PathMatcher, HeadersMatcher, BodyMatcher),
    *(DigestAuthMatcher, JSONBodyMatcher, URLEncodedBodyMatcher, MultipartFormDataBodyMatcher),
)

#: What ``match_requests_on`` may name.
matcher_registry: dict[str, BaseMatcher] = {str(cls.name): cls() for cls in _BUILT_IN}


def for_engine(names: Iterable[str], stored: Callable[[Request], Mapping[str, object]]) -> list[Predicate]:
    """The engine's matchers for these names. ``stored`` finds a recorded request as it stands in the cassette, for
    matchers of the user's. Raises UnknownMatcherError for a name that is not registered."""
    wanted = set(names)
    if unknown := wanted.difference(matcher_registry):
        raise UnknownMatcherError(f"{sorted(unknown)!r} is not valid; registered: {', '.join(matcher_registry)}")
    return [_for_engine(name, matcher, stored) for name, matcher in matcher_registry.items() if name in wanted]


def _for_engine(name: str, matcher: BaseMatcher, stored: Callable[[Request], Mapping[str, object]]) -> Predicate:
    if isinstance(matcher, _Keyed) and type(matcher) in _BUILT_IN:
        return matcher.keyed

    def predicate(r1: Request, r2: Request) -> bool:
        now = current()
        return bool(matcher.match(now.request if now else prepared(r1), stored(r2)))

    predicate.__name__ = name
    return predicate
