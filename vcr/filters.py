"""Functions that change or drop requests and responses before they are kept. They know no cassette and no client.

A request filter takes a Request that it may change and returns it, another, or None to drop it; a response filter does
the same with VCR.py's dictionary. ``None`` ends the pipeline. VCR.py's users call these functions by hand, too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit

from ._fields import BodyFilter, Replacements, Wanted, by_name, without_fields
from ._hosts import is_one_of
from ._http import content_coding
from ._vcrpy import leftovers
from .request import Request, header_name
from .response import Response, ResponseDict

T = TypeVar("T")

LOCALHOST = frozenset({"localhost", "127.0.0.1", "0.0.0.0", "::1"})


def pipeline(functions: Iterable[Callable[[T], T | None]]) -> Callable[[T], T | None] | None:
    """One function that calls ``functions`` in order, until one of them returns None; None when there are none."""
    chain = tuple(functions)
    if not chain:
        return None

    def run(value: T) -> T | None:
        for function in chain:
            result = function(value)
            if result is None:
                return None
            value = result
        return value

    return run


def replace_headers(request: Request, replacements: Replacements) -> Request:
    """Replace or remove request headers. ``Authorization`` means ``Proxy-Authorization`` and a user name and password
    in the URI, too."""
    wanted = dict(by_name(replacements))
    for name in [name for name in wanted if name.lower() == "authorization"]:
        if "proxy-authorization" not in map(str.lower, wanted):
            wanted["Proxy-Authorization"] = wanted[name]
        request.uri = _USERINFO.sub(r"\1", request.uri)
    for name, replacement in wanted.items():
        if name in request.headers:
            new = Wanted(wanted, request).new(name, request.headers[name]) if callable(replacement) else replacement
            if new is None:
                del request.headers[name]
            else:
                request.headers[name] = new
    return request


_USERINFO = re.compile(r"\A([A-Za-z][A-Za-z0-9+.-]*://)[^/?#]*@")


def replace_query_parameters(request: Request, replacements: Replacements) -> Request:
    """Replace or remove parameters of the query, in any spelling, also where they stand in the value of another
    parameter, in the path, in the fragment, or in the ``Referer``.

    The query is written again as VCR.py writes it: sorted, and without blank values. A cassette of VCR.py's holds such
    queries, and the ``uri`` matcher compares them as they are written.
    """
    wanted = Wanted(replacements, request)
    kept: list[tuple[str, object]] = []
    uri = urlsplit(request.uri)  # (programs call this with objects of their own that have a ``uri``)
    # Bytes that are not UTF-8 become surrogates, and bytes again.
    for name, value in sorted(parse_qsl(uri.query, errors="surrogateescape")):
        key = wanted.key(name)
        new = wanted.in_text(value) if key is None else wanted.new(key, value)
        is_blank = isinstance(new, (str, bytes)) and not new  # Filtered again, the stored request would lose it.
        if new is not None and not is_blank:
            kept.append((name, new))
    query = urlencode(kept, errors="surrogateescape")
    path, fragment = wanted.in_text(uri.path), wanted.in_text(uri.fragment)
    request.uri = uri._replace(path=path, query=query, fragment=fragment).geturl()
    if "Referer" in getattr(request, "headers", ()):
        request.headers["Referer"] = wanted.in_text(request.headers["Referer"])
    return request


#: What stands in the place of a value that cannot be removed.
REDACTED = "REDACTED"
#: The fields of a response that send the client elsewhere.
_LOCATIONS = frozenset({"location", "content-location", "refresh", "link"})


def replace_in_locations(request: Request, response: ResponseDict, replacements: Replacements) -> ResponseDict:
    """Replace the values of query parameters in the addresses to which a response sends the client.

    What would be removed from a query is ``REDACTED`` here: a client that reads the parameter still finds one.
    """
    headers: object = response.get("headers")
    if not isinstance(headers, Mapping):
        return response
    given = Wanted(replacements, request)
    stands_in = {name: _or_redacted(given, name) for name in given.by_name}
    wanted = Wanted(stands_in, request)
    changed: dict[str, Any] = {
        name: [wanted.in_text(str(one)) for one in value] if isinstance(value, list) else wanted.in_text(str(value))
        for name, value in headers.items()
        if value and header_name(name) in _LOCATIONS
    }
    return {**response, "headers": {**headers, **changed}} if changed else response


def _or_redacted(wanted: Wanted, name: str) -> Callable[..., object]:
    def new(key: str, value: object, request: Request) -> object:  # noqa: ARG001  (called by these names)
        replaced = wanted.new(name, value)
        return REDACTED if replaced is None else replaced

    return new


def replace_body_parameters(
    request: Request,
    replacements: Replacements,
    recursive: bool = False,
    unsure: Callable[[Request], object] | None = None,
    limit: int = content_coding.MOST_DECODED,
) -> Request:
    """Replace or remove fields of a form (urlencoded or multipart), or keys of a JSON object.

    ``recursive``: JSON keys at any depth, not only those at the top. JSON is written again. Any body whose fields have
    names of text is a form, whatever its Content-Type says. In every other body, and in the values of the other fields,
    a field is looked for in the text itself: a name beside a value, in any spelling of forms, JSON, multipart and XML.

    ``unsure``, which cassettes give, is called with the filtered request when a field may still stand in its body: the
    body cannot be decoded (to at most ``limit`` bytes), or a name stands in it in a way that is not known. Without it,
    what is no text and has no type that says what it is stays as it is, as in VCR.py.
    """
    body, wanted = request.body, Wanted(replacements, request)
    if isinstance(body, bytes) and body:
        request.body, is_certain = BodyFilter(request, wanted, recursive, limit, of_text=unsure is None).filtered(body)
        if not is_certain and unsure is not None:
            unsure(request)
    elif isinstance(body, (Mapping, list, tuple)):
        request.body = without_fields(body, wanted, recursive)
    return request


def ignore_hosts(request: Request, hosts: Iterable[str | re.Pattern[str]]) -> Request | None:
    """Drop requests to these hosts: names, or compiled patterns that match the whole name."""
    host = getattr(request, "host", None) or ""  # (programs call this with objects of their own)
    return None if is_one_of(host, hosts) else request


def decode_response(response: ResponseDict, limit: int = content_coding.MOST_DECODED) -> ResponseDict:
    """A response with its body decoded (gzip …), and headers that say so. A coding is not taken off where more than
    ``limit`` bytes would come out.

    ``Content-Length`` is set, except beside ``Transfer-Encoding``, which says where the message ends (RFC 9112 §6.2).
    """
    seen = Response(response)
    if seen.fault:
        return response
    headers, body = seen.headers.copy(), seen.body
    codings = content_coding.of(headers)
    if not codings or not body:
        return response
    plain, left = content_coding.decode(body, codings, limit)
    if left == codings:
        return response
    if left:
        headers["Content-Encoding"] = ", ".join(left)
    else:
        del headers["Content-Encoding"]
    if "Content-Length" in headers or "Transfer-Encoding" not in headers:
        headers.pop("Content-Length", None)
        headers["content-length"] = str(len(plain))  # (VCR.py's spelling)
    return {**response, "headers": headers.grouped(), "body": {"string": plain}}


if not TYPE_CHECKING:
    __getattr__ = leftovers("filters")
