"""The meaning of a request's body, as a value that can be compared: the value of JSON, the fields of a form, the parts
of a multipart body without the boundary; of any other body its bytes.

This module knows bodies and headers. It must not know a matcher, a cassette or a client.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable
from typing import Any
from urllib.parse import parse_qs, parse_qsl

from ..request import Request
from . import multipart
from .body import json_meaning
from .fields import media_type
from .text import as_text
from .wire import without_chunks

FORM = "application/x-www-form-urlencoded"

Reader = Callable[[bytes, str], Hashable]


def meaning(request: Request) -> Hashable:
    """The meaning of a request's body by its Content-Type. A body that its Content-Type does not describe means its
    bytes."""
    return _read(request, {"json": json_value, "form": form_fields, "xmlrpc": _xmlrpc_call, "multipart": parts})


def loose_meanings(request: Request) -> tuple[Hashable, ...]:
    """Two meanings of a request's body that VCR.py has matched by: its bytes, and what VCR.py reads in it.

    VCR.py compares the values of Python: JSON's true equals 1, and null equals no body. In a form it ignores blank
    fields, and all bytes that are not UTF-8 are equal.
    """
    loose = _read(request, {"json": _loose_json, "form": _loose_form, "xmlrpc": _xmlrpc_call, "multipart": parts})
    return (plain(request.body), loose or b"")


def plain(body: object) -> Hashable:
    """A body as it is, hashable. No body equals an empty body."""
    if body is None or isinstance(body, bytes):
        return body or b""
    return repr(body)


def is_json(kind: str) -> bool:
    """Whether a media type, in lower case, says JSON (RFC 8259, RFC 6839 §3.1)."""
    return "application/json" in kind or kind.endswith("+json")


def json_value(body: bytes, _: str = "") -> Hashable:
    """The value of a JSON text, as a JSON text in normal form. Raises ValueError if ``body`` is not JSON."""
    value = json_meaning(body)
    # VCR.py's aiohttp stub records a JSON string without its quotes.
    return json.loads(value).encode("utf-8") if value.startswith('"') else value


def form_fields(body: bytes, _: str = "") -> Hashable:
    """The fields of an urlencoded form, blank ones too, sorted: their order does not count."""
    # latin-1 has a character for each byte, so that %e9 and %e8 stay different.
    return tuple(sorted(parse_qsl(body.decode("latin-1"), keep_blank_values=True, encoding="latin-1")))


def parts(body: bytes, content_type: str) -> tuple[bytes, ...]:
    """The parts of a multipart body. Raises ValueError if ``body`` is not multipart."""
    found = multipart.split(body, content_type)
    if found is None:
        raise ValueError("not multipart")
    return tuple(found)


def _read(request: Request, readers: dict[str, Reader]) -> Hashable:
    body = request.body
    if not isinstance(body, bytes) or not body:
        return plain(body)
    body = without_chunks(body, request.headers)  # VCR.py records uploads of some clients with their chunks
    kind = _kind(request)
    try:
        return readers[kind](body, request.headers.get("Content-Type", "")) if kind else body
    except (ValueError, TypeError, RecursionError):
        return body


def _kind(request: Request) -> str:
    media = media_type(request.headers)
    if FORM in media:
        return "form"
    if is_json(media):
        return "json"
    if "text/xml" in media and "xmlrpc" in request.headers.get("User-Agent", "").lower():
        return "xmlrpc"
    return "multipart" if media.startswith("multipart/") else ""


def _loose_json(body: bytes, _: str) -> Hashable:
    value = json_value(body)
    if value == "null":
        return b""
    if isinstance(value, str) and ("true" in value or "false" in value):
        return json.dumps(_without_truth(json.loads(value)))
    return value


def _without_truth(value: object) -> object:
    if isinstance(value, dict):
        return {name: _without_truth(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_without_truth(one) for one in value]
    return int(value) if isinstance(value, bool) else value


def _loose_form(body: bytes, _: str) -> Hashable:
    fields = parse_qs(as_text(body))
    # As JSON, because VCR.py also matches a form with a JSON body of the same fields and values.
    return json.dumps({name: sorted(values) for name, values in sorted(fields.items())}) if fields else b""


def _xmlrpc_call(body: bytes, _: str) -> Hashable:
    import xmlrpc.client
    from xml.parsers.expat import ExpatError

    try:
        return _frozen(xmlrpc.client.loads(body))
    except (xmlrpc.client.Error, ExpatError) as error:
        raise ValueError("not XML-RPC") from error


def _frozen(value: Any) -> Hashable:
    """A value of XML-RPC, hashable. The order of the members of a struct does not count."""
    if isinstance(value, dict):
        return frozenset((name, _frozen(one)) for name, one in value.items())
    if isinstance(value, (list, tuple)):
        return tuple(map(_frozen, value))
    kind = type(value).__name__
    if kind == "DateTime":
        return kind, value.value
    return (kind, value.data) if kind == "Binary" else value
