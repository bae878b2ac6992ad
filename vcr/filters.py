"""Room: what is changed or dropped before it is kept; pure functions. It knows no cassette and no client.

A request filter takes a Request that it may change and returns it, another, or None to drop it; a response filter does
the same with VCR.py's dictionary. ``None`` ends the pipeline.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar
from urllib.parse import quote_plus, unquote_plus

from . import content_coding, multipart
from .request import Headers, Request
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


def replace_post_data_parameters(request: Request, wanted: Replacements, nested: bool = False) -> Request:
    """Replace or remove fields of a urlencoded or multipart body, or keys of a JSON object: those at the top, or, with
    ``nested``, those at any depth."""
    if not isinstance(request.body, bytes) or not request.body:
        return request
    content_type = request.headers.get("Content-Type", "")
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/json" or kind.endswith("+json"):
        request.body = _replace_in_json(request.body, wanted, request, nested)
    elif kind == "multipart/form-data":
        request.body = _replace_parts(request.body, content_type, wanted, request)
    elif kind in ("", "application/x-www-form-urlencoded"):
        body = request.body.decode("latin-1")
        request.body = _replace_fields(body, wanted, request).encode("latin-1")
    return request


def _replace_in_json(body: bytes, wanted: Replacements, request: Request, nested: bool) -> bytes:
    try:
        data = json.loads(body)
        replaced = _replace_keys(data, wanted, request, nested)
    except (ValueError, RecursionError):
        return body  # Not what its Content-Type says, so there are no keys.
    return body if replaced == data else json.dumps(replaced).encode()


def _replace_keys(data: Any, wanted: Replacements, request: Request, nested: bool) -> Any:
    if isinstance(data, list) and nested:
        return [_replace_keys(item, wanted, request, nested) for item in data]
    if not isinstance(data, dict):
        return data
    kept: dict[str, Any] = {}
    for key, value in data.items():
        if key not in wanted:
            kept[key] = _replace_keys(value, wanted, request, nested) if nested else value
        elif (new := _replaced(key, value, wanted[key], request)) is not None:
            kept[key] = new
    return kept


def _replace_parts(body: bytes, content_type: str, wanted: Replacements, request: Request) -> bytes:
    parts = multipart.split(body, content_type)
    if parts is None:
        return body
    kept: list[bytes] = []
    for part in parts[1:-1]:
        head, blank, value = part.partition(b"\r\n\r\n")
        name = multipart.field_name(head)
        if name not in wanted:
            kept.append(part)
            continue
        new = _replaced(name, value.decode("utf-8", "replace"), wanted[name], request)
        if new is not None:
            kept.append(head + blank + str(new).encode())
    return multipart.join([parts[0], *kept, parts[-1]], content_type)


def remove_headers(request: Request, names: Iterable[str]) -> Request:
    """Remove request headers (VCR.py's name)."""
    return replace_headers(request, replacements(names))


def remove_query_parameters(request: Request, names: Iterable[str]) -> Request:
    """Remove parameters of the query (VCR.py's name)."""
    return replace_query_parameters(request, replacements(names))


def remove_post_data_parameters(request: Request, names: Iterable[str]) -> Request:
    """Remove fields of the body (VCR.py's name)."""
    return replace_post_data_parameters(request, replacements(names))


def ignore_hosts(request: Request, hosts: Iterable[Any]) -> Request | None:
    """Drop requests to these hosts: names, or compiled patterns that match the whole name."""
    return None if is_one_of(request.host or "", hosts) else request


def is_one_of(name: str, hosts: Iterable[Any]) -> bool:
    """Whether a host is one of these: names, compared without case, or compiled patterns that match the whole name."""
    low = name.lower()
    return any(host.fullmatch(low) if hasattr(host, "fullmatch") else str(host).lower() == low for host in hosts)


def decode_response(response: ResponseDict) -> ResponseDict:
    """The body without its content codings, the headers to match."""
    headers = Headers(response["headers"])
    codings = content_coding.named(headers.get_all("Content-Encoding"))
    body = response["body"]["string"]
    if not codings or not body:
        return response
    plain, left = content_coding.decode(body, codings)
    if left == codings:
        return response
    if left:
        headers["Content-Encoding"] = ", ".join(left)
    else:
        del headers["Content-Encoding"]
    if "Content-Length" in headers:
        headers["Content-Length"] = str(len(plain))
    return {**response, "headers": headers.grouped(), "body": {"string": plain}}
