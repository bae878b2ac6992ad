"""Reads and writes Betamax's format. It must not know texts or files.

It reads every shape that Betamax 0.1 to 0.9 wrote or can read. Betamax 0.9 replays what it writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..request import Headers
from . import http_interactions as shared

_RECORDED_WITH = "betamax/0.9.0"


def read(data: Mapping[str, Any]) -> dict[str, Any]:
    """Version 1's plain data from the data in a cassette of Betamax's. Raises CassetteLoadError."""
    return shared.read_all(data, lambda interaction: shared.read_interaction(interaction, _as_it_is))


def write(plain: Mapping[str, Any]) -> dict[str, Any]:
    """The data of a cassette of Betamax's from version 1's plain data: bodies that are given as bytes in base64."""
    return shared.write_all(plain, _interaction, _RECORDED_WITH)


def _as_it_is(value: Any) -> Any:
    return value


def _interaction(request: dict[str, Any], response: dict[str, Any]) -> dict[str, Any]:
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
    """What requests takes for the encoding of the text: Betamax keeps it, and its user sees it in a replay."""
    kind, *parameters = headers.get("Content-Type", "").split(";")
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset" and _is_codec(value.strip("\"' ")):
            return value.strip("\"' ")
    return "ISO-8859-1" if "text" in kind else "utf-8" if "application/json" in kind else None
