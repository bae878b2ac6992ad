"""What is changed or dropped before it is kept: pure functions, which know no cassette and no client.

A request filter takes a Request that it may change and returns it, another, or None to drop it; a response filter does
the same with VCR.py's dictionary. ``None`` ends the pipeline. VCR.py's users call these functions by hand, too.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qsl, unquote_plus, urlencode, urlsplit

from ._http import content_coding, multipart
from ._http.meaning import FORM
from ._http.wire import media_type
from ._vcrpy import leftovers
from .request import Request
from .response import Response, ResponseDict

T = TypeVar("T")
#: What takes a value's place: a string, None to remove it, or ``f(key, value, request)`` that returns either.
Replacement = str | Callable[..., Any] | None
#: Names to remove, ``(name, replacement)`` pairs, or a mapping of names to replacements.
Replacements = Iterable[Any] | Mapping[str, Replacement]

LOCALHOST = frozenset({"localhost", "127.0.0.1", "0.0.0.0", "::1"})


def pipeline(functions: Iterable[Callable[[T], T | None]]) -> Callable[[T], T | None] | None:
    """The functions one after the other; None when there are none."""
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


def by_name(replacements: Replacements) -> Mapping[str, Replacement]:
    """``["a", ("b", "x")] -> {"a": None, "b": "x"}``: each spelling of replacements, as a mapping."""
    if isinstance(replacements, Mapping):
        return replacements
    return dict((item, None) if isinstance(item, str) else tuple(item) for item in replacements)


def _replaced(key: str, value: Any, replacement: Replacement, request: Request) -> Any:
    return replacement(key=key, value=value, request=request) if callable(replacement) else replacement


def replace_headers(request: Request, replacements: Replacements) -> Request:
    """Replace or remove request headers."""
    for name, replacement in by_name(replacements).items():
        if name in request.headers:
            new = _replaced(name, request.headers[name], replacement, request)
            if new is None:
                del request.headers[name]
            else:
                request.headers[name] = new
    return request


def replace_query_parameters(request: Request, replacements: Replacements) -> Request:
    """Replace or remove parameters of the query.

    The query is written again as VCR.py writes it: sorted, and without blank values. A cassette of VCR.py's holds such
    queries, and the ``uri`` matcher compares them as they are written.
    """
    wanted = by_name(replacements)
    kept: list[tuple[str, Any]] = []
    uri = urlsplit(request.uri)  # (programs call this with objects of their own that have a ``uri``)
    # What is not UTF-8 comes through unchanged as a surrogate.
    for name, value in sorted(parse_qsl(uri.query, errors="surrogateescape")):
        new = _replaced(name, value, wanted[name], request) if name in wanted else value
        is_blank = isinstance(new, (str, bytes)) and not new  # It would be gone when the stored request is filtered.
        if new is not None and not is_blank:
            kept.append((name, new))
    request.uri = uri._replace(query=urlencode(kept, errors="surrogateescape")).geturl()
    return request


def replace_body_parameters(request: Request, replacements: Replacements, recursive: bool = False) -> Request:
    """Replace or remove fields of a form (urlencoded or multipart), or keys of a JSON object.

    ``recursive``: keys at any depth, not only those at the top. JSON is written again. Any body whose fields have names
    of text is a form, whatever its Content-Type says; other bodies stay as they are.
    """
    body, wanted = request.body, by_name(replacements)
    if isinstance(body, bytes):
        request.body = _replace_in_bytes(body, wanted, request, recursive)
    elif isinstance(body, (Mapping, list, tuple)):
        request.body = _replace_in_object(body, wanted, request, recursive)
    return request


def _replace_in_object(body: Any, wanted: Mapping[str, Replacement], request: Request, recursive: bool) -> Any:
    """The same for a body that VCR.py's aiohttp stub has kept as an object: it is to match the bytes that are sent."""
    if isinstance(body, Mapping) or not all(isinstance(pair, (list, tuple)) and len(pair) == 2 for pair in body):
        return _replace_keys(body, wanted, request, recursive)
    kept: list[Any] = []
    for name, value in body:
        is_wanted = isinstance(name, str) and name in wanted
        new = _replaced(name, value, wanted[name], request) if is_wanted else value
        if new is not None or not is_wanted:
            kept.append((name, new))
    return kept


def _replace_in_bytes(body: bytes, wanted: Mapping[str, Replacement], request: Request, recursive: bool) -> bytes:
    kind = media_type(request.headers)
    if kind == "application/json" or kind.endswith("+json"):
        try:
            data = json.loads(body)
        except (ValueError, RecursionError):
            pass  # It is not what its Content-Type says.
        else:
            return json.dumps(_replace_keys(data, wanted, request, recursive)).encode()
    if kind == "multipart/form-data":
        content_type = request.headers["Content-Type"]
        replace = functools.partial(_replace_part, wanted=wanted, request=request)
        replaced = multipart.replace_values(body, content_type, replace)
        if replaced is not None:
            return replaced
    if kind == FORM or _may_be_form(body):
        return _replace_fields(body, wanted, request)
    return body


def _may_be_form(body: bytes) -> bool:
    """Whether the names of all its fields are text, as VCR.py asks."""
    fields = (field.partition(b"=") for field in body.split(b"&"))
    return all(content_coding.is_text(name) for name, equals, _ in fields if equals)


def _replace_keys(data: Any, wanted: Mapping[str, Replacement], request: Request, recursive: bool) -> Any:
    """``data``, which stays as it is, with these keys replaced or removed: those at the top, or at any depth."""
    if recursive:
        return _replace_everywhere(data, wanted, request)
    if not isinstance(data, Mapping):
        return data
    kept = {key: value for key, value in data.items() if key not in wanted}
    for key, replacement in wanted.items():  # They come last, as in VCR.py's cassettes.
        if key in data and (new := _replaced(key, data[key], replacement, request)) is not None:
            kept[key] = new
    return kept


def _replace_everywhere(data: Any, wanted: Mapping[str, Replacement], request: Request) -> Any:
    if isinstance(data, (list, tuple)):
        return [_replace_everywhere(item, wanted, request) for item in data]
    if not isinstance(data, Mapping):
        return data
    kept: dict[Any, Any] = {}
    for key, value in data.items():
        if key not in wanted:
            kept[key] = _replace_everywhere(value, wanted, request)
        elif (new := _replaced(key, value, wanted[key], request)) is not None:
            kept[key] = new
    return kept


def _replace_part(name: str, value: bytes, wanted: Mapping[str, Replacement], request: Request) -> bytes | None:
    """The value of a multipart field. A function is given text, or, where the value is none, bytes."""
    if name not in wanted:
        return value
    new = _replaced(name, value.decode() if content_coding.is_text(value) else value, wanted[name], request)
    return new if new is None or isinstance(new, bytes) else str(new).encode()


def _replace_fields(body: bytes, wanted: Mapping[str, Replacement], request: Request) -> bytes:
    """Replace or remove fields of ``a=1&b=2``; every other field stays as it is written.

    A name may be given as it is written, or decoded. A value is given to a function, and taken, as it is written.
    """
    kept: list[str] = []
    for field in body.decode("utf-8", "surrogateescape").split("&"):
        name, equals, value = field.partition("=")
        key = name if name in wanted else unquote_plus(name)
        if not equals or key not in wanted:
            kept.append(field)
        elif (new := _replaced(key, value, wanted[key], request)) is not None:
            text = new.decode("utf-8", "surrogateescape") if isinstance(new, bytes) else str(new)
            kept.append(f"{name}={text.replace('&', '%26')}")  # else the field would end there
    return "&".join(kept).encode("utf-8", "surrogateescape")


def ignore_hosts(request: Request, hosts: Iterable[Any]) -> Request | None:
    """Drop requests to these hosts: names, or compiled patterns that match the whole name."""
    host = getattr(request, "host", None) or ""  # (programs call this with objects of their own)
    return None if is_one_of(host, hosts) else request


def is_one_of(name: str, hosts: Iterable[Any]) -> bool:
    """Whether a host is one of these: names, compared without case, or compiled patterns that match the whole name."""
    low = name.lower()
    return any(host.fullmatch(low) if hasattr(host, "fullmatch") else str(host).lower() == low for host in hosts)


def decode_response(response: ResponseDict) -> ResponseDict:
    """The body without its content codings, the headers to match.

    The length is put where a length says how the message ends: not beside a Transfer-Encoding (RFC 9112 §6.2).
    """
    seen = Response(response)
    if seen.fault:
        return response
    headers, body = seen.headers.copy(), seen.body
    codings = content_coding.named(headers.get_all("Content-Encoding"))
    if not codings or not body:
        return response
    plain, left = content_coding.decode(body, codings)
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
