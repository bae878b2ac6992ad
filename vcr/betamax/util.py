"""Converts between Betamax's data (the dictionaries in its cassettes), the engine's values and the objects of requests.
It must not know a recorder, nor the cassette of a session.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from typing import Any, TypeVar

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from requests.cookies import RequestsCookieJar, extract_cookies_to_jar
from requests.hooks import default_hooks
from requests.structures import CaseInsensitiveDict
from urllib3 import HTTPResponse

from .. import _active, patch
from .._engine.cassette import Cassette
from .._engine.storage import Storage
from ..formats import betamax
from ..formats.betamax import InteractionData, RequestData, ResponseData
from ..request import Headers, Request
from ..response import Response as EngineResponse
from ..response import ResponseDict
from ..serialize import deserialize, serialize
from ..serializers import Data
from .headers import HTTPHeaderDict
from .mock_response import MockHTTPResponse

Value = TypeVar("Value")

_ANY_REQUEST = {"method": "GET", "uri": "http://localhost/", "headers": {}, "body": ""}
_ANY_RESPONSE = {"status": {"code": 200, "message": "OK"}, "headers": {}, "body": ""}


class _AsItIs:
    """A serializer that returns plain data as it is."""

    @staticmethod
    def serialize(data: object) -> Any:  # a serializer would return text
        return data

    deserialize = serialize


# -- Betamax's data <-> the engine's values ----------------------------------------------------------------------------


def to_data(
    request: Request, response: ResponseDict, recorded_at: object = None, *, exact: bool = False
) -> InteractionData:
    """Betamax's data of one interaction. ``exact``: bodies are in base64, even if they are text."""
    one = {"requests": [request], "responses": [response], "preserve_exact_body_bytes": exact}
    plain: Any = serialize({**one, "beside": [{"recorded_at": recorded_at}]}, _AsItIs)
    found: InteractionData = betamax.write(plain)["http_interactions"][0]
    return found


def request_to_data(request: Request, *, exact: bool = False) -> RequestData:
    """Betamax's data of a request."""
    return to_data(request, EngineResponse.of(200, "OK", None, b"").data, exact=exact)["request"]


def from_data(data: Mapping[str, object]) -> tuple[Request, ResponseDict]:
    """The engine's request and response for Betamax's data of one interaction. Raises CassetteLoadError."""
    plain: Any = betamax.read({"http_interactions": [data]})
    requests, responses = deserialize(plain, _AsItIs)
    return requests[0], responses[0]


def request_from_data(data: Mapping[str, object]) -> Request:
    """The engine's request for Betamax's data of a request. An item that ``data`` lacks gets a default."""
    return from_data({"request": {**_ANY_REQUEST, **data}, "response": _ANY_RESPONSE})[0]


# -- requests' objects -> Betamax's data -------------------------------------------------------------------------------


def sent(request: PreparedRequest) -> Request:
    """The engine's request for a request of requests. A body that can be read only once is left out."""
    body = request.body if isinstance(request.body, (str, bytes)) else None
    return Request(str(request.method), str(request.url), body, dict(request.headers or {}))


def serialize_prepared_request(request: PreparedRequest, preserve_exact_body_bytes: bool) -> RequestData:
    """Betamax's data of a request of requests."""
    return request_to_data(sent(request), exact=preserve_exact_body_bytes)


def serialize_response(response: Response, preserve_exact_body_bytes: bool) -> ResponseData:
    """Betamax's data of a response. The response can still be read afterwards."""
    raw = response.raw
    fields = Headers(list(raw.headers.items())) if getattr(raw, "headers", None) else Headers(dict(response.headers))
    if getattr(response, "_content_consumed", False):
        body = response.content
    else:
        body = raw.read(decode_content=False)
        _give_raw(response, body, HTTPHeaderDict(fields.pairs()))
    data = EngineResponse.of(response.status_code, response.reason, fields, body).data
    data["body"]["encoding"] = response.encoding
    data["url"] = response.url
    exact = bool(preserve_exact_body_bytes)
    return to_data(Request("GET", str(response.url)), data, exact=exact)["response"]


@contextmanager
def patched() -> Iterator[None]:
    """In the block clients ask the current cassette, even if no recorder has started."""
    holder = object()
    try:
        patch.install(holder)
        yield
    finally:
        patch.uninstall(holder)


# -- Betamax's data -> requests' objects -------------------------------------------------------------------------------


def prepared(request: Request) -> PreparedRequest:
    """The request of requests for the engine's ``request``."""
    twin = PreparedRequest()
    twin.method, twin.url, twin.body = request.method, request.uri, request.body or b""
    twin.headers = CaseInsensitiveDict(request.headers)
    twin.hooks = default_hooks()
    twin._cookies = RequestsCookieJar()
    return twin


def deserialize_prepared_request(serialized: Mapping[str, object]) -> PreparedRequest:
    """The request of requests for Betamax's data; betamax-matchers uses it. A body that is text stays text."""
    request = prepared(request_from_data(serialized))
    body = serialized.get("body")
    text = body.get("string") if isinstance(body, Mapping) else body
    if text and isinstance(text, str):
        request.body = text
    return request


def response_from_data(data: Data) -> Response:
    """The response of requests that a replay of this interaction gives."""
    request, response = from_data(data)
    player = Cassette(Storage("", None, None))
    player.append(request, response)
    player.rewind()
    with patched(), _active.within(player):
        replayed = HTTPAdapter().send(prepared(request), stream=True)
    stored = data["response"]
    replayed.url = stored.get("url") or replayed.url
    body = stored.get("body")
    encoding = body.get("encoding") if isinstance(body, Mapping) else None
    if _is_known(encoding):
        replayed.encoding = encoding
    return replayed


def _is_known(encoding: Any) -> bool:
    try:
        codecs.lookup(encoding)
    except (LookupError, TypeError):
        return False
    return True


def deserialize_response(serialized: Mapping[str, object]) -> Response:
    """The response of requests for Betamax's data of a response."""
    request = {**_ANY_REQUEST, "uri": serialized.get("url") or _ANY_REQUEST["uri"]}
    return response_from_data({"request": request, "response": {**_ANY_RESPONSE, **serialized}})


def add_urllib3_response(serialized: Mapping[str, object], response: Response, headers: HTTPHeaderDict) -> None:
    """Give ``response`` the body in ``serialized`` (``{"body": …}``), and the cookies in ``headers``."""
    stored = from_data({"request": _ANY_REQUEST, "response": {**_ANY_RESPONSE, "body": serialized["body"]}})[1]
    _give_raw(response, EngineResponse(stored).body, headers)


def _give_raw(response: Response, body: bytes, headers: HTTPHeaderDict) -> None:
    behind: Any = MockHTTPResponse(headers)
    response.raw = HTTPResponse(
        BytesIO(body),
        headers,
        response.status_code or 0,
        reason=response.reason,
        preload_content=False,
        enforce_content_length=False,
        original_response=behind,
    )
    extract_cookies_to_jar(
        response.cookies, response.request or prepared(Request("GET", str(response.url))), response.raw
    )


# -- what betamax-matchers imports -------------------------------------------------------------------------------------


def from_list(value: list[Value] | Value) -> Value:
    """The first of a list; another value as it is."""
    return value[0] if isinstance(value, list) else value


def coerce_content(content: bytes | Value, encoding: str | None = None) -> str | Value:
    """Bytes as text; another value as it is."""
    return content.decode(encoding or "utf-8", "replace") if isinstance(content, bytes) else content
