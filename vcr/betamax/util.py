"""Room: Betamax's data (the dictionaries in its cassettes) <-> the engine's values <-> requests' objects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from requests.cookies import RequestsCookieJar
from requests.hooks import default_hooks
from requests.structures import CaseInsensitiveDict

from .. import active, cassette, patch
from ..formats import betamax
from ..request import Request
from ..response import ResponseDict
from ..serialize import deserialize, serialize


class _AsItIs:
    """A serializer that leaves plain data as it is."""

    @staticmethod
    def serialize(data: Any) -> Any:
        return data

    deserialize = serialize


def to_data(request: Request, response: ResponseDict, *, exact: bool = False) -> dict[str, Any]:
    """One interaction as it stands in a cassette of Betamax's. ``exact``: bodies as base64, text or not."""
    one = {"requests": [request], "responses": [response], "preserve_exact_body_bytes": exact}
    plain: Any = serialize(one, _AsItIs)
    found: dict[str, Any] = betamax.write(plain)["http_interactions"][0]
    return found


def from_data(data: Mapping[str, Any]) -> tuple[Request, ResponseDict]:
    """The inverse. Raises CassetteLoadError when it cannot be read."""
    plain: Any = betamax.read({"http_interactions": [data]})
    requests, responses = deserialize(plain, _AsItIs)
    return requests[0], responses[0]


def request_from_data(data: Mapping[str, Any]) -> Request:
    """The request half of ``from_data``."""
    return from_data({"request": data, "response": {"status": {"code": 200, "message": "OK"}}})[0]


def prepared(request: Request) -> PreparedRequest:
    """``request`` as requests has it."""
    twin = PreparedRequest()
    twin.method, twin.url, twin.body = request.method, request.uri, request.body or b""
    twin.headers = CaseInsensitiveDict(request.headers)
    twin.hooks = default_hooks()
    twin._cookies = RequestsCookieJar()
    return twin


def response_from_data(data: Mapping[str, Any]) -> Response:
    """What requests makes of this interaction when it is replayed."""
    request, response = from_data(data)
    player = cassette.Cassette("", match_on=())
    player.append(request, response)
    player.rewind()
    patch.install()
    try:
        with active.within(player):
            replayed = HTTPAdapter().send(prepared(request))
            replayed.content  # noqa: B018  (reads it)
            return replayed
    finally:
        patch.uninstall()


def deserialize_prepared_request(serialized: Mapping[str, Any]) -> PreparedRequest:
    """The request in a cassette as requests has it (betamax-matchers asks for it)."""
    return prepared(request_from_data(serialized))


def from_list(value: Any) -> Any:
    """The first of a list; another value as it is."""
    return value[0] if isinstance(value, list) else value


def coerce_content(content: Any, encoding: str | None = None) -> Any:
    """Bytes as text; another value as it is."""
    return content.decode(encoding or "utf-8", "replace") if isinstance(content, bytes) else content
