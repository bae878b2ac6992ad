"""What makes two requests the same: the built-in matchers, and what a user's own may return. It knows no cassette.

A built-in matcher is called with two requests: it returns None when they are the same, and raises AssertionError with
the difference when they are not, as VCR.py's do. The cassette finds requests by its keys instead. A user's matcher is
any ``f(r1, r2)`` that returns a bool, returns None for "the same", or raises AssertionError.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Hashable, Iterable
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote

from ._http import difference
from ._http.body import is_object, same_object, stands_for
from ._http.fields import media_type
from ._http.meaning import FORM, form_fields, is_json, json_value, loose_meanings, meaning, parts, plain
from ._vcrpy import leftovers
from .request import Request

Predicate = Callable[[Request, Request], object]
MatcherResults = tuple[list[str], list[tuple[str, str]]]


#: Header fields whose values no message shows.
SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "x-api-key", "x-auth-token"})


class Matcher:
    """Compares one part of two requests.

    ``key(request)``: the part, as a value that can be hashed. Requests with equal keys are the same, and are played
    first. ``difference(r1, r2)``: the text that says what differs.

    Where VCR.py takes more requests for the same than those with one key: ``loose(request)``: values of which two such
    requests have at least one in common. ``agree(r1, r2)``: whether two requests with a value in common are the same;
    without ``agree`` they are.
    """

    def __init__(
        self,
        name: str,
        key: Callable[[Request], Hashable],
        difference: Callable[[Request, Request], str] | None = None,
        *,
        loose: Callable[[Request], tuple[Hashable, ...]] | None = None,
        agree: Predicate | None = None,
        of_target: bool = False,
        of_body: bool = False,
    ) -> None:
        """``of_target``: the keys depend on the method and the URI only. ``of_body``: the key depends on the body."""
        self.__name__ = name
        self.__doc__ = key.__doc__
        self.key = key
        self.loose = loose or (lambda request: (key(request),))
        self.agree = agree
        self.is_exact = loose is None
        self.of_target = of_target
        self.of_body = of_body
        self._difference = difference or (lambda r1, r2: f"{key(r1)!r} != {key(r2)!r}")
        more = {"loose": loose, "agree": agree, "of_target": of_target, "of_body": of_body}
        self._remake: Callable[[], Matcher] = functools.partial(Matcher, name, key, difference, **more)  # type: ignore[arg-type]

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        """Pickle a built-in matcher as its name, another one as its arguments."""
        is_builtin = builtin().get(self.__name__) is self
        return (_named, (self.__name__,)) if is_builtin else (self._remake, ())

    def same(self, r1: Request, r2: Request) -> bool:
        """Whether the two are the same."""
        return self.same_as(r1)(r2)

    def same_as(self, request: Request) -> Callable[[Request], bool]:
        """A function that says whether another request is the same as ``request``, made for many requests."""
        key, loose = self.key(request), frozenset(() if self.is_exact else self.loose(request))

        def same(other: Request) -> bool:
            if self.key(other) == key or (self.of_body and same_as_object(request, other)):
                return True
            if self.is_exact or loose.isdisjoint(self.loose(other)):
                return False
            return self.agree is None or bool(self.agree(request, other))

        return same

    def __call__(self, r1: Request, r2: Request) -> None:
        """Return None when the two are the same. Raises AssertionError with the difference."""
        if not self.same(r1, r2):
            raise AssertionError(self._difference(r1, r2))

    def __repr__(self) -> str:
        return f"<matcher {self.__name__}>"


def same_as_object(r1: Request, r2: Request) -> bool:
    """Whether a body that VCR.py's aiohttp stub stored as a Python object is the same as the other body: an equal
    object, or the bytes that aiohttp sends for the object.

    Such a body has no key: the object may stand for JSON or for a form.
    """
    if is_object(r1.body):
        return same_object(r1.body, r2.body) if is_object(r2.body) else stands_for(r1.body, r2.body)
    return is_object(r2.body) and stands_for(r2.body, r1.body)


def _quoted(text: str) -> str:
    """``text`` as clients send it: with blanks, and characters outside ASCII, percent-encoded."""
    return text if text.isascii() and " " not in text else _UNSENT.sub(lambda found: quote(found[0]), text)


_UNSENT = re.compile(r"[^!-~]+")


def _method(request: Request) -> str:
    return request.method


def _any_case(request: Request) -> tuple[Hashable, ...]:
    # VCR.py's aiohttp stub keeps the method as the program spelt it.
    return (str(request.method).upper(),)


def _path(request: Request) -> str:
    # RFC 9110 §4.2.3: an empty path is "/".
    return _quoted(request.parsed_uri.path) or "/"


def _without_parameters(request: Request) -> tuple[Hashable, ...]:
    """The path without the ``;`` parameters of its last segment, as VCR.py compares it."""
    return (_quoted(request.path) or "/",)


#: A query in which there is nothing to decode.
_PLAIN_QUERY = re.compile(r"[^%+=&]+=[^%+=&]*(?:&[^%+=&]+=[^%+=&]*)*", re.ASCII)


def _fields(query: str, encoding: str = "utf-8") -> list[tuple[str, ...]]:
    """The fields of a query, sorted."""
    if _PLAIN_QUERY.fullmatch(query):
        return sorted([tuple(field.split("=")) for field in query.split("&")])
    return sorted(parse_qsl(query, keep_blank_values=True, encoding=encoding))


def _query(request: Request) -> Hashable:
    query = _quoted(request.parsed_uri.query)
    # latin-1 decodes byte by byte, so that %e9 and %e8 stay different.
    return tuple(_fields(query, encoding="latin-1")) if query else ()


def _without_blanks(request: Request) -> tuple[Hashable, ...]:
    """The query's fields that have a value. VCR.py compares only these, and takes all bytes that are not UTF-8 for the
    same."""
    query = _quoted(request.parsed_uri.query)
    return (tuple([field for field in _fields(query) if field[1]]) if query else (),)


def _uri(request: Request) -> str:
    if request.parsed_uri.path:
        return _quoted(request.uri)
    return _quoted(request.parsed_uri._replace(path="/").geturl())


def _headers(request: Request) -> Hashable:
    return tuple(sorted((name.lower(), tuple(request.headers.get_all(name))) for name in request.headers))


#: What clients, or the connections below them, send where the program does not set the field.
_AUTOMATIC = {
    "accept": re.compile(r"\*/\*"),
    "accept-encoding": re.compile(r"(gzip|deflate|br|zstd|identity|compress)(, ?(gzip|deflate|br|zstd|compress))*"),
    "connection": re.compile(r"(?i)close|keep-alive"),
    "content-length": re.compile(r"\d+"),
    "content-type": re.compile(
        r"application/(json|octet-stream|x-www-form-urlencoded)|text/plain; charset=utf-8"
        r"|multipart/form-data; boundary=.+"
    ),
    "transfer-encoding": re.compile(r"(?i)chunked"),
    "user-agent": re.compile(
        r"(python-urllib3|Tornado|PycURL|urllib3\.future)/.+|Python/\S+ aiohttp/.+|Mozilla/5.0 \(compatible; pycurl\)"
    ),
}
_SKIPPED = "@@@SKIP_HEADER@@@"  # what urllib3's users give for "send none"; VCR.py keeps it


def _is_automatic(name: str, value: str, request: Request) -> bool:
    """Whether a client may have added this field by itself."""
    if name == "host":
        return value in (request.parsed_uri.netloc, f"{request.host}:{request.port}", _SKIPPED)
    usual = _AUTOMATIC.get(name)
    return usual is not None and (usual.fullmatch(value) is not None or value == _SKIPPED)


def _set_headers(request: Request) -> tuple[Hashable, ...]:
    """The first element of each field that the client cannot have added by itself. Two requests of which
    ``_headers_agree`` is true have equal values here."""
    named = request.headers.lower_items()
    return (
        frozenset((name, _elements([value])[0]) for name, value in named if not _is_automatic(name, value, request)),
    )


def _headers_agree(r1: Request, r2: Request) -> bool:
    """Whether all fields agree. A field that only one request has is passed over if the client may have added it."""
    return all(_field_agrees(name, r1, r2) for name in {name.lower() for name in (*r1.headers, *r2.headers)})


def _field_agrees(name: str, r1: Request, r2: Request) -> bool:
    one, other = r1.headers.get_all(name), r2.headers.get_all(name)
    if one and other:
        return _values_agree(one, other)
    return _is_automatic(name, one[0], r1) if one else _is_automatic(name, other[0], r2)


def _values_agree(one: list[str], other: list[str]) -> bool:
    """Whether two fields have the same values; where one is given several times, VCR.py compares the first values.

    Some of VCR.py's stubs join the values of a field with commas (as RFC 9110 §5.3 does).
    """
    if one[0] == other[0] and len(one) + len(other) > 2:
        return True
    return _elements(one) == _elements(other)


def _elements(values: list[str]) -> list[str]:
    return [element.strip() for element in ",".join(values).split(",")]


def _header_difference(r1: Request, r2: Request) -> str:
    """The fields that differ, with their values; of a field that carries a secret only the name."""
    names = {name.lower(): name for name in (*r2.headers, *r1.headers)}
    lines = []
    for low, name in sorted(names.items()):
        one, other = r1.headers.get_all(name), r2.headers.get_all(name)
        if not _field_agrees(low, r1, r2):
            shown = "differs (not shown)" if low in SECRET_HEADERS else f"{_values(one)} != {_values(other)}"
            lines.append(f"{name}: {shown}")
    return "; ".join(lines)


def _values(values: list[str]) -> str:
    return ", ".join(map(repr, values)) or "absent"


def _raw_body(request: Request) -> Hashable:
    return plain(request.body)


def _only(kind: Callable[[str], bool], read: Callable[[bytes, str], Hashable]) -> Callable[[Request], Hashable]:
    """A key for bodies of one kind. A request with a body of another kind, or that cannot be read, matches no other."""

    def key(request: Request) -> Hashable:
        content_type = request.headers.get("Content-Type", "")
        if not kind(media_type(request.headers)):
            return object()
        try:
            return read(request.body or b"", content_type)
        except ValueError:
            return object()

    return key


def _json_value_if_json(request: Request) -> Hashable:
    """The Content-Type and, if it says JSON, the body by value; another body is not looked at (as betamax-matchers)."""
    content_type = request.headers.get("Content-Type", "")
    try:
        return content_type, json_value(request.body or b"") if is_json(media_type(request.headers)) else None
    except (ValueError, TypeError, RecursionError):
        return content_type, None


def _parts_in_any_order(body: bytes, content_type: str) -> Hashable:
    _, *between, _ = parts(body, content_type)
    return tuple(sorted(between))


def _digest_auth(request: Request) -> Hashable:
    """The Authorization field without the parts that differ in each answer to a challenge (RFC 7616 §3.4; as
    Betamax)."""
    parts = request.headers.get("Authorization", "").split(", ")
    return tuple(part for part in parts if not part.startswith(("cnonce=", "response=")))


method = Matcher("method", _method, loose=_any_case, of_target=True)
scheme = Matcher("scheme", lambda request: request.scheme, of_target=True)
host = Matcher("host", lambda request: request.host, of_target=True)
port = Matcher("port", lambda request: request.port, of_target=True)
path = Matcher("path", _path, loose=_without_parameters, of_target=True)
query = Matcher("query", _query, lambda r1, r2: f"{r1.query} != {r2.query}", loose=_without_blanks, of_target=True)
uri = Matcher("uri", _uri, of_target=True)
url = Matcher("url", _uri, of_target=True)
headers = Matcher("headers", _headers, _header_difference, loose=_set_headers, agree=_headers_agree)
raw_body = Matcher("raw_body", _raw_body, difference.of_bodies, of_body=True)
body = Matcher("body", meaning, difference.of_bodies, loose=loose_meanings, of_body=True)
json_body = Matcher("json-body", _json_value_if_json)
form_body = Matcher("form-urlencoded-body", _only(lambda kind: kind == FORM, form_fields), difference.of_bodies)
multipart_body = Matcher(
    "multipart-form-data-body",
    _only(lambda kind: kind.startswith("multipart/"), _parts_in_any_order),
    difference.of_bodies,
)
digest_auth = Matcher("digest-auth", _digest_auth, lambda *_: "Authorization: differs (not shown)")


def part_of(request: Request) -> str | None:
    """The part of a resource that the request asks for; None for all of it. Azure's clients send ``x-ms-range``."""
    return request.headers.get("x-ms-range") or request.headers.get("Range")


def _parts_agree(r1: Request, r2: Request) -> bool:
    one, other = part_of(r1), part_of(r2)
    return one is None or other is None or one == other


#: Asked in addition to ``match_on`` where all matchers there are built in: a part is not played for another part.
part = Matcher("range", part_of, loose=lambda _: ("",), agree=_parts_agree)

DEFAULT_MATCH_ON = ("method", "scheme", "host", "port", "path", "query")


def builtin() -> dict[str, Predicate]:
    """The matchers that every ``VCR`` starts with, by name."""
    known = (method, scheme, host, port, path, query, uri, url, headers, body, raw_body)
    betamax = (json_body, form_body, multipart_body, digest_auth)
    return {matcher.__name__: matcher for matcher in (*known, *betamax)}


def _named(name: str) -> Predicate:
    return builtin()[name]


def name_of(matcher: Predicate) -> str:
    """The name under which a message shows a matcher."""
    return getattr(matcher, "__name__", None) or repr(matcher)


def agrees(matcher: Predicate, r1: Request, r2: Request) -> tuple[bool, str]:
    """Whether ``matcher`` takes the two for the same and, if not, what it said."""
    try:
        verdict = matcher(r1, r2)
    except AssertionError as error:
        return False, str(error)
    return verdict is None or bool(verdict), ""


#: What a matcher says of two requests: True: they are the same; a text: what differs; False: something differs.
Verdict = bool | str


def verdicts(matcher: Predicate, request: Request) -> Callable[[Request], Verdict]:
    """A function that says of another request what ``agrees(matcher, request, other)`` says, made for many requests.

    Of a built-in matcher it gives no text for a difference: that takes long to make, and few of these texts are shown.
    """
    if type(matcher) is Matcher:
        return matcher.same_as(request)

    def verdict(other: Request) -> Verdict:
        same, text = agrees(matcher, request, other)
        return same or text

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
    """Whether all ``matchers`` take the two for the same. Each of them is asked, as in VCR.py."""
    _, differing = get_matchers_results(r1, r2, matchers)
    return not differing


if not TYPE_CHECKING:
    __getattr__ = leftovers("matchers")
