"""Room: what is changed or dropped before it is kept; pure functions. It knows no cassette and no client.

A request filter takes a Request that it may change and returns it, another, or None to drop it; a response filter does
the same with VCR.py's dictionary. ``None`` ends the pipeline.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar
from urllib.parse import quote_plus, unquote_plus

from . import content_coding
from .request import Request
from .response import ResponseDict

T = TypeVar("T")
#: What takes a value's place: a string, None to remove it, or ``f(key, value, request)`` that returns either.
Replacement = str | Callable[..., Any] | None
Replacements = Mapping[str, Replacement]

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


def replacements(names: Iterable[Any]) -> dict[str, Replacement]:
    """``["a", ("b", "x")] -> {"a": None, "b": "x"}``: the two spellings that the options take."""
    return dict((name, None) if isinstance(name, str) else tuple(name) for name in names)


def _replaced(key: str, value: str, replacement: Replacement, request: Request) -> Any:
    return replacement(key=key, value=value, request=request) if callable(replacement) else replacement


def replace_headers(request: Request, wanted: Replacements) -> Request:
    """Replace or remove request headers."""
    for name, replacement in wanted.items():
        if name in request.headers:
            new = _replaced(name, request.headers[name], replacement, request)
            if new is None:
                del request.headers[name]
            else:
                request.headers[name] = new
    return request


def _replace_fields(encoded: str, wanted: Replacements, request: Request) -> str:
    """Replace or remove fields of ``a=1&b=2``; every other field stays as it is written."""
    kept: list[str] = []
    for field in encoded.split("&"):
        name, equals, value = field.partition("=")
        key = unquote_plus(name)
        if key not in wanted:
            kept.append(field)
            continue
        new = _replaced(key, unquote_plus(value), wanted[key], request)
        if new is not None:
            kept.append(f"{name}{equals or '='}{quote_plus(str(new))}")
    return "&".join(kept)


def replace_query_parameters(request: Request, wanted: Replacements) -> Request:
    """Replace or remove parameters of the query."""
    parts = request.parsed_uri
    query = _replace_fields(parts.query, wanted, request) if parts.query else ""
    if query != parts.query:
        request.uri = parts._replace(query=query).geturl()
    return request


def replace_post_data_parameters(request: Request, wanted: Replacements) -> Request:
    """Replace or remove fields of a urlencoded body, or top-level keys of a JSON object."""
    if not isinstance(request.body, bytes) or not request.body:
        return request
    kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind == "application/json" or kind.endswith("+json"):
        try:
            data = json.loads(request.body)
        except ValueError:
            return request
        if isinstance(data, dict) and wanted.keys() & data.keys():
            request.body = json.dumps(_replace_keys(data, wanted, request))
    elif kind in ("", "application/x-www-form-urlencoded"):
        body = request.body.decode("latin-1")
        request.body = _replace_fields(body, wanted, request).encode("latin-1")
    return request


def _replace_keys(data: Mapping[str, Any], wanted: Replacements, request: Request) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for key, value in data.items():
        new = _replaced(key, value, wanted[key], request) if key in wanted else value
        if key not in wanted or new is not None:
            kept[key] = new
    return kept


def ignore_hosts(request: Request, hosts: Iterable[Any]) -> Request | None:
    """Drop requests to these hosts: names, or compiled patterns that match the whole name."""
    name = request.host or ""
    for host in hosts:
        if host.fullmatch(name) if hasattr(host, "fullmatch") else host == name:
            return None
    return request


def decode_response(response: ResponseDict) -> ResponseDict:
    """The body without its content codings, the headers to match."""
    headers = response["headers"]
    coding_name = next((name for name in headers if name.lower() == "content-encoding"), None)
    if coding_name is None:
        return response
    body, codings = content_coding.decode(response["body"]["string"], content_coding.named(headers[coding_name]))
    if codings:
        headers[coding_name] = [", ".join(codings)]
    else:
        del headers[coding_name]
    response["body"] = {"string": body}
    for name in [name for name in headers if name.lower() == "content-length"]:
        headers[name] = [str(len(body))]
    return response
