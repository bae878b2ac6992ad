"""Room: the cassettes that the rows replay, as each recorder would have written them. It knows no recorder."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import astuple
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from .model import BETAMAX, CASSETTER, Stored

ORIGIN = "http://bench.example"
_TEXT = "A line of words that could be anything at all; "


class Exchange(NamedTuple):
    """A request and its response, as plain as can be."""

    method: str
    uri: str
    sent: str | None
    media_type: str
    received: str | bytes


def uri(number: int) -> str:
    """The URI of an interaction."""
    return f"{ORIGIN}/items/{number}?page={number}"


def payload(number: int, size: int = 1000) -> str:
    """A JSON document of about ``size`` bytes, with its keys in no order."""
    parts = [{"name": f"part {index}", "id": index, "price": index * 1.5, "left": True} for index in range(size // 70)]
    return json.dumps({"number": number, "name": f"item {number}", "parts": parts, "about": _TEXT})


def _exchanges(kind: str, count: int) -> Iterator[Exchange]:
    if kind == "binary":  # one, of ``count`` megabytes
        yield Exchange("GET", uri(0), None, "application/octet-stream", bytes(range(256)) * (count * 1_000_000 // 256))
        return
    for number in range(count):
        if kind == "bodies":
            yield Exchange("POST", f"{ORIGIN}/items", payload(number, 10_000), "application/json", '{"made": true}')
        elif kind == "text":
            yield Exchange("GET", uri(number), None, "text/plain", f"{number} {_TEXT * 21}")
        else:
            yield Exchange("GET", uri(number), None, "application/json", payload(number))


def write(stored: Stored, contender: str, directory: Path) -> Path:
    """The path of such a cassette in the contender's format; it is written if it is not there."""
    form = {BETAMAX: "betamax", CASSETTER: "cassetter"}.get(contender, stored.serializer)
    path = directory / ("-".join(map(str, (*astuple(stored), form))) + _FORMS[form].suffix)
    if not path.exists():
        path.write_text(dump(data(stored, form), form))
    return path


def data(stored: Stored, form: str) -> dict[str, Any]:
    """What is in such a cassette."""
    interactions = [_FORMS[form].interaction(exchange) for exchange in _exchanges(stored.kind, stored.count)]
    return _FORMS[form].whole(interactions)


def dump(content: Any, form: str) -> str:
    """It as text, by the serializer alone."""
    return _FORMS[form].dump(content)


def _yaml(content: Any, *, sort_keys: bool = True) -> str:
    import yaml

    text: str = yaml.dump(content, Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper), sort_keys=sort_keys)
    return text


def _json(content: Any) -> str:
    return json.dumps(content, indent=4) + "\n"


def _vcr(exchange: Exchange) -> dict[str, Any]:
    sent = {} if exchange.sent is None else {"Content-Type": [exchange.media_type]}
    return {
        "request": {
            "method": exchange.method,
            "uri": exchange.uri,
            "body": exchange.sent,
            "headers": {"Accept": ["*/*"], "User-Agent": ["bench/1.0"], **sent},
        },
        "response": {
            "status": {"code": 200, "message": "OK"},
            "headers": {"Content-Type": [exchange.media_type], "Content-Length": [str(len(exchange.received))]},
            "body": {"string": exchange.received},
        },
    }


def _betamax(exchange: Exchange) -> dict[str, Any]:
    recorded = _vcr(exchange)
    body = (
        {"encoding": "utf-8", "string": exchange.received}
        if isinstance(exchange.received, str)
        else {"encoding": None, "base64_string": base64.b64encode(exchange.received).decode()}
    )
    return {
        "request": recorded["request"] | {"body": {"encoding": "utf-8", "string": exchange.sent or ""}},
        "response": recorded["response"] | {"body": body, "url": exchange.uri},
        "recorded_at": "2026-01-01T00:00:00",
    }


def _cassetter_body(media_type: str, content: str | bytes | None) -> dict[str, Any]:
    if content is None:
        return {"type": "none"}
    if isinstance(content, bytes):
        return {"type": "binary", "content": content.hex()}
    if media_type == "application/json":
        return {"type": "json", "content": json.loads(content)}
    return {"type": "text", "content": content}


def _cassetter(exchange: Exchange) -> dict[str, Any]:
    recorded = _vcr(exchange)
    request, response = (
        {name.lower(): values for name, values in recorded[side]["headers"].items()} for side in ("request", "response")
    )
    return {
        "request": {
            "method": exchange.method,
            "uri": exchange.uri,
            "headers": request,
            "body": _cassetter_body(exchange.media_type, exchange.sent),
        },
        "response": {
            "status": 200,
            "headers": response,
            "body": _cassetter_body(exchange.media_type, exchange.received),
        },
        "recorded_at": "2026-01-01T00:00:00.000000+00:00",
    }


class _Form(NamedTuple):
    """What writes it, its suffix, an interaction in it, and what is around them."""

    dump: Callable[[Any], str]
    suffix: str
    interaction: Callable[[Exchange], dict[str, Any]]
    whole: Callable[[list[dict[str, Any]]], dict[str, Any]]


_FORMS = {
    "yaml": _Form(_yaml, ".yaml", _vcr, lambda kept: {"interactions": kept, "version": 1}),
    "json": _Form(_json, ".json", _vcr, lambda kept: {"version": 1, "interactions": kept}),
    "betamax": _Form(
        _json, ".json", _betamax, lambda kept: {"http_interactions": kept, "recorded_with": "betamax/0.9.0"}
    ),
    "cassetter": _Form(
        partial(_yaml, sort_keys=False), ".yaml", _cassetter, lambda kept: {"version": 1, "interactions": kept}
    ),
}
