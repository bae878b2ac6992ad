"""Reads the format of cassetter, which is YAML 1.2 or TOML. It must not know files.

In this format a body has a type: it is the value of a JSON text, or text, or bytes in hexadecimal. A coded body (gzip)
is kept decoded. Such a file may also hold calls of gRPC and WebSocket messages; no cassette holds these, and ``losses``
says so.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

from ..errors import CassetteLoadError
from ..request import Headers
from ..serializers import Data, Plain, Text

UNIT = "interaction"
#: This format is read, and never written.
TEXTS: dict[str, Text] = {}

_TYPES = ("none", "json", "text", "binary")
#: The keys at the top of the file for what is not HTTP.
_OTHERS = {"grpc_interactions": "gRPC", "ws_interactions": "WebSocket"}
#: The arguments of ``json.dumps`` with which a client may have written a JSON body, the likeliest first.
_JSON_STYLES: tuple[Plain, ...] = (
    {},
    {"separators": (",", ":"), "ensure_ascii": False},
    {"ensure_ascii": False},
    {"separators": (",", ":")},
)


def claims(data: object) -> bool:
    """Whether ``data`` is a cassette of cassetter: all its bodies have a type."""
    if not isinstance(data, Mapping):
        return False
    interactions = data.get("interactions")
    if not interactions:
        return not _OTHERS.keys().isdisjoint(data)
    return isinstance(interactions, list) and all(map(_is_typed, interactions))


def _is_typed(interaction: object) -> bool:
    return all(_type(part) is not None for part in _parts(interaction))


def _parts(interaction: object) -> list[object]:
    found = interaction if isinstance(interaction, Mapping) else {}
    return [found.get("request"), found.get("response")]


def _typed_body(part: Mapping[str, object]) -> Data | None:
    """The body of a request or a response in YAML; None in TOML, which has its type and content beside the headers."""
    body = part.get("body")
    return body if isinstance(body, Mapping) and "string" not in body and isinstance(body.get("type"), str) else None


def _type(part: object) -> str | None:
    """The type of the body of a request or a response; None if there is no type."""
    if not isinstance(part, Mapping):
        return None
    body = _typed_body(part)
    kind = part.get("body_type") if body is None else body["type"]
    return kind if isinstance(kind, str) else None


def _value(part: Data) -> Any:
    """The content of the body of a request or a response. Raises ValueError for JSON, in TOML, that cannot be read."""
    body = _typed_body(part)
    if body is not None:
        return body.get("content")
    content = part.get("body_content")
    return json.loads(content) if _type(part) == "json" and isinstance(content, str) else content


def read(data: Data) -> Plain:
    """Version 1's plain data from the data in a cassette of cassetter. Raises CassetteLoadError."""
    interactions = []
    for number, interaction in enumerate(data.get("interactions") or (), 1):
        try:
            interactions.append(_read(interaction))
        except (ValueError, TypeError) as error:
            raise CassetteLoadError(str(error), interaction=number) from error
    others = {key: value for key, value in data.items() if key not in ("version", "interactions", *_OTHERS)}
    return {"version": 1, "interactions": interactions, **others}


_READ = ("body", "body_type", "body_content", "body_encoding")


def _read(interaction: Data) -> Plain:
    request, response = interaction["request"], interaction["response"]
    sent = {key: value for key, value in request.items() if key not in _READ}
    received = {key: value for key, value in response.items() if key not in _READ}
    status = received.get("status")
    return {
        **interaction,
        "request": {**sent, "body": _content(request) or None},
        "response": {
            **received,
            "status": {"code": status, "message": None} if isinstance(status, int) else status,
            "body": {"string": _content(response)},
        },
    }


def _content(part: Data) -> bytes:
    """The bytes of a body. Raises ValueError for a body that is not what its type says."""
    kind, content = _type(part), _value(part)
    if kind == "none":
        return b""
    if kind == "json":
        return _as_json(part, content)[0]
    if kind not in _TYPES or not isinstance(content, str):
        raise ValueError(f"a body of the type {kind} is {content!r:.100}; valid types: {', '.join(_TYPES)}")
    return content.encode("utf-8") if kind == "text" else bytes.fromhex(content)


def _as_json(part: Data, value: object) -> tuple[bytes, bool]:
    """The JSON text of ``value``, in the style that gives it the length in ``Content-Length``; and whether there is
    such a style. Without a ``Content-Length``: the likeliest style, and True."""
    texts = [json.dumps(value, **style).encode("utf-8", "surrogatepass") for style in _JSON_STYLES]
    length = Headers(part.get("headers") or {}).get("content-length", "")
    found = next((text for text in texts if str(len(text)) == length), None)
    return (texts[0], not length) if found is None else (found, True)


def losses(data: Data) -> Iterator[tuple[int | None, str]]:
    """What is in the file and in no cassette: the number of the interaction, from 1, or None; and what is lost."""
    for number, interaction in enumerate(data.get("interactions") or (), 1):
        for name in ("request", "response"):
            part = interaction[name]
            if _type(part) == "json" and not _as_json(part, _value(part))[1]:
                yield number, f"how the JSON of the {name} was spelt is not in the file"
    for key, what in _OTHERS.items():
        if data.get(key):
            yield None, f"its {len(data[key])} interactions by {what} are left out"


class _Toml:
    """A serializer that reads TOML."""

    @staticmethod
    def deserialize(text: str) -> object:
        """The plain data in a TOML text. Raises CassetteLoadError."""
        try:
            tomllib = import_module("tomllib")
        except ModuleNotFoundError as error:
            raise CassetteLoadError("TOML can be read with Python 3.11 and later") from error
        try:
            return tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise CassetteLoadError(f"not readable as TOML: {error}") from error


TOML = _Toml()
