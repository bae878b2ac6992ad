"""Reads and writes the format of Betamax, which is JSON. It must not know files.

It reads every shape that Betamax 0.1 to 0.9 wrote or can read. It writes cassettes that Betamax 0.9 replays.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypedDict

from ..request import Headers
from ..response import Status
from ..serializers import JSON, Plain, Text
from ..serializers.jsonserializer import encode
from . import http_interactions as shared

_RECORDED_WITH = "betamax/0.9.0"


class BodyData(TypedDict, total=False):
    """A body in a cassette of Betamax: text under ``string``, or bytes under ``base64_string``."""

    string: str
    base64_string: str
    encoding: str | None


class RequestData(TypedDict):
    """A request in a cassette of Betamax."""

    method: str
    uri: str
    headers: dict[str, list[str]]
    body: BodyData


class ResponseData(TypedDict):
    """A response in a cassette of Betamax."""

    status: Status
    url: str
    headers: dict[str, list[str]]
    body: BodyData


class _Exchanged(TypedDict):
    request: RequestData
    response: ResponseData


class InteractionData(_Exchanged, total=False):
    """An interaction in a cassette of Betamax. ``recorded_at``: ISO 8601 in UTC, without a time zone."""

    recorded_at: str


def claims(data: object) -> bool:
    """Whether ``data`` is a cassette of Betamax, not of Ruby VCR, which writes methods in lower case."""
    return isinstance(data, Mapping) and "http_interactions" in data and not shared.has_ruby_methods(data)


def read(data: Mapping[str, object]) -> Plain:
    """Version 1's plain data from the data in a cassette of Betamax. Raises CassetteLoadError."""
    return shared.read_all(data, lambda interaction: shared.read_interaction(interaction, _as_it_is))


def write(plain: Mapping[str, object]) -> Plain:
    """The data of a cassette of Betamax from version 1's plain data. A body given as bytes is written in base64."""
    return shared.write_all(plain, _interaction, _RECORDED_WITH)


def _as_it_is(value: object) -> object:
    return value


def _interaction(request: Plain, response: Plain) -> Plain:
    headers = Headers(response.get("headers"))
    body, encoding = shared.received(response)
    return {
        "request": {
            "body": shared.write_body(shared.sent(request.get("body")), "utf-8"),
            "headers": shared.write_headers(request.get("headers"), _as_it_is),
            "method": request["method"],
            "uri": request["uri"],
        },
        "response": {
            "body": shared.write_body(body, encoding if _is_codec(encoding) else _charset(headers)),
            "headers": headers.grouped(),
            "status": response["status"],
            "url": request["uri"],
            **shared.others(response),
        },
        "recorded_at": shared.recorded_at(response).replace(tzinfo=None).isoformat(),
    }


def _is_codec(encoding: Any) -> bool:
    try:
        "".encode(encoding)
    except (LookupError, TypeError, ValueError):
        return False
    return True


def _charset(headers: Headers) -> str | None:
    """The encoding that requests guesses for the text of a response. Betamax records it, and sets it on replay."""
    kind, *parameters = headers.get("Content-Type", "").split(";")
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset" and _is_codec(value.strip("\"' ")):
            return value.strip("\"' ")
    return "ISO-8859-1" if "text" in kind else "utf-8" if "application/json" in kind else None


# -- texts -------------------------------------------------------------------------------------------------------------

_IN_ORDER = ("headers", "trailers")


def _on_one_line(plain: Mapping[str, object]) -> str:
    return json.dumps(write(plain), default=encode)


def _for_people(plain: Mapping[str, object]) -> str:
    """JSON that is indented. Keys are sorted, but header fields and trailers stay in their order."""
    return json.dumps(_sorted(write(plain)), indent=2, default=encode)


def _sorted(data: object) -> object:
    if isinstance(data, Mapping):
        items = sorted(data.items(), key=lambda item: str(item[0]))
        return {key: value if key in _IN_ORDER else _sorted(value) for key, value in items}
    return [_sorted(item) for item in data] if isinstance(data, (list, tuple)) else data


TEXTS = {"betamax": Text("betamax", JSON, _on_one_line), "prettyjson": Text("prettyjson", JSON, _for_people)}
