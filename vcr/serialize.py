"""Room: interactions <-> plain data. The only file that knows cassette versions; it knows no file and no client."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .errors import CassetteLoadError
from .request import Request
from .response import ResponseDict

#: VCR.py's format, which is the one written (https://vcrpy.readthedocs.io).
CASSETTE_FORMAT_VERSION = 1


def serialize(cassette_dict: Mapping[str, Sequence[Any]], serializer: Any) -> str:
    """``{"requests": [Request], "responses": [dict]}`` as the text of a cassette."""
    pairs = zip(cassette_dict["requests"], cassette_dict["responses"], strict=True)
    data = {
        "interactions": [
            {"request": _request_to_data(request), "response": _response_to_data(response)}
            for request, response in pairs
        ],
        "version": CASSETTE_FORMAT_VERSION,
    }
    text: str = serializer.serialize(data)
    return text


def deserialize(cassette_string: str, serializer: Any) -> tuple[list[Request], list[ResponseDict]]:
    """The requests and the responses in the text of a cassette. Raises CassetteLoadError when it is not one."""
    data = serializer.deserialize(cassette_string)
    if not isinstance(data, Mapping) or not isinstance(data.get("interactions"), list):
        raise CassetteLoadError('not a cassette: expected a mapping with a list under "interactions"')
    requests: list[Request] = []
    responses: list[ResponseDict] = []
    for number, interaction in enumerate(data["interactions"], 1):
        try:
            requests.append(_request_from_data(interaction["request"]))
            responses.append(_response_from_data(interaction["response"]))
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise CassetteLoadError(
                f"interaction {number} is not a request with a response: {type(error).__name__}: {error}"
            ) from error
    return requests, responses


def _request_to_data(request: Request) -> dict[str, Any]:
    return {
        "body": _text_or_bytes(request.body),
        "headers": request.headers.grouped(),
        "method": request.method,
        "uri": request.uri,
    }


def _request_from_data(data: Mapping[str, Any]) -> Request:
    return Request(data["method"], data["uri"], data.get("body"), data.get("headers"))


def _response_to_data(response: Mapping[str, Any]) -> dict[str, Any]:
    data = dict(response)
    body = data.get("body")
    if isinstance(body, Mapping):
        data["body"] = {key: _text_or_bytes(value) for key, value in body.items()}
    # VCR.py writes its keys sorted; header names keep the order they came in.
    return {key: data[key] for key in sorted(data)}


def _response_from_data(data: Mapping[str, Any]) -> ResponseDict:
    response: ResponseDict = dict(data)
    response["status"] = {"code": int(data["status"]["code"]), "message": data["status"].get("message")}
    response["headers"] = _grouped(data.get("headers"))
    body = dict(data.get("body") or {})
    string = body.get("string")
    body["string"] = string.encode("utf-8") if isinstance(string, str) else string or b""
    response["body"] = body
    return response


def _grouped(headers: Any) -> dict[str, list[str]]:
    if not headers:
        return {}
    # Old cassettes and other tools write one value as a plain string.
    return {name: list(values) if isinstance(values, (list, tuple)) else [values] for name, values in headers.items()}


def _text_or_bytes(value: Any) -> Any:
    """Bytes that are UTF-8 text as text, so that a person can read the file; other values as they are."""
    if not isinstance(value, bytes):
        return value
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value
