"""Reads cassetter's format, and the YAML 1.2 and TOML that it stands in. It must not know files.

Bodies stand there with a type: JSON by its value, text, or bytes in hexadecimal; coded ones (gzip) have been decoded.
What calls of gRPC and WebSockets have left in such a file is in no cassette: ``losses`` says so.
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
#: It is read only.
TEXTS: dict[str, Text] = {}

_TYPES = ("none", "json", "text", "binary")
#: What else than HTTP stands at the top of the file.
_OTHERS = {"grpc_interactions": "gRPC", "ws_interactions": "WebSocket"}
#: How JSON may have been written, the likeliest first.
_SPELLINGS: tuple[Plain, ...] = (
    {},
    {"separators": (",", ":"), "ensure_ascii": False},
    {"ensure_ascii": False},
    {"separators": (",", ":")},
)


def claims(data: object) -> bool:
    """Whether ``data`` is a cassette of cassetter's: its bodies have a type."""
    if not isinstance(data, Mapping):
        return False
    interactions = data.get("interactions")
    if not interactions:
        return not _OTHERS.keys().isdisjoint(data)
    return isinstance(interactions, list) and all(map(_is_typed, interactions))


def _is_typed(interaction: object) -> bool:
    return all(_body(part)[0] is not None for part in _parts(interaction))


def _parts(interaction: object) -> list[object]:
    found = interaction if isinstance(interaction, Mapping) else {}
    return [found.get("request"), found.get("response")]


def _body(part: object) -> tuple[str | None, Any]:
    """The type and the content of a body, as they stand in YAML or in TOML; None where there is no type."""
    if not isinstance(part, Mapping):
        return None, None
    body = part.get("body")
    if isinstance(body, Mapping) and "string" not in body and isinstance(body.get("type"), str):
        return body["type"], body.get("content")
    kind = part.get("body_type")
    if not isinstance(kind, str):
        return None, None
    content = part.get("body_content")
    return kind, json.loads(content) if kind == "json" and isinstance(content, str) else content


def read(data: Data) -> Plain:
    """Version 1's plain data from the data in a cassette of cassetter's. Raises CassetteLoadError."""
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
    """The bytes of a body. Raises ValueError."""
    kind, content = _body(part)
    if kind == "none":
        return b""
    if kind == "json":
        return _spelled(part, content)[0]
    if kind not in _TYPES or not isinstance(content, str):
        raise ValueError(f"a body of the type {kind} is {content!r:.100}; valid types: {', '.join(_TYPES)}")
    return content.encode("utf-8") if kind == "text" else bytes.fromhex(content)


def _spelled(part: Data, value: object) -> tuple[bytes, bool]:
    """The JSON of a value, as it was if the Content-Length tells; and whether its length is the one that is told."""
    texts = [json.dumps(value, **spelling).encode("utf-8", "surrogatepass") for spelling in _SPELLINGS]
    told = Headers(part.get("headers") or {}).get("content-length", "")
    found = next((text for text in texts if str(len(text)) == told), None)
    return (texts[0], not told) if found is None else (found, True)


def losses(data: Data) -> Iterator[tuple[int | None, str]]:
    """What of the file is in no cassette: the number of the interaction, from 1, if it is of one; and what is lost."""
    for number, interaction in enumerate(data.get("interactions") or (), 1):
        for name in ("request", "response"):
            kind, content = _body(interaction[name])
            if kind == "json" and not _spelled(interaction[name], content)[1]:
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
