"""VCR.py's names in its stub of aiohttp: small functions on the engine. This package itself does not need them.

Importing this module needs aiohttp.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Awaitable, Callable, Iterable, Mapping
from http.cookies import SimpleCookie
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from aiohttp import ClientResponse, HttpVersion, RequestInfo, StreamReader
from aiohttp.base_protocol import BaseProtocol
from aiohttp.helpers import TimerNoop
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from .._http import content_coding
from .._http.fields import raw_fields
from .._vcrpy import LeftoverType, is_leftover
from .._vcrpy.patch import in_place
from ..request import Headers, Request
from ..response import Response, ResponseDict

if TYPE_CHECKING:
    from ..cassette import Cassette

_REDIRECTS = (301, 302, 303, 307, 308)
_SIGNATURE = inspect.signature(ClientResponse.__init__).parameters


class MockStream(StreamReader, metaclass=LeftoverType):
    """A whole body as aiohttp's stream. An instance has to be made inside a running loop."""

    def __init__(self, body: bytes) -> None:
        loop = asyncio.get_running_loop()
        super().__init__(BaseProtocol(loop), limit=2**62, loop=loop)
        self.feed_data(body)
        self.feed_eof()


class MockClientResponse(ClientResponse, metaclass=LeftoverType):
    """aiohttp's own response without a connection. ``build_response`` fills it."""

    def __init__(self, method: str, url: URL, request_info: RequestInfo | None = None) -> None:
        given: dict[str, Any] = {
            "writer": None,
            "continue100": None,
            "timer": TimerNoop(),
            "request_info": request_info,
            "traces": [],
            "loop": asyncio.get_running_loop(),
            "session": None,
            "stream_writer": SimpleNamespace(output_size=0),  # since aiohttp 3.13
        }
        super().__init__(method, url, **{name: value for name, value in given.items() if name in _SIGNATURE})


def build_response(
    vcr_request: Request, vcr_response: ResponseDict, history: Iterable[ClientResponse]
) -> ClientResponse:
    """aiohttp's response to ``vcr_request``, made of the recorded ``vcr_response``, with its whole body."""
    recorded, url = Response(vcr_response), URL(vcr_request.uri, encoded=True)
    asked = CIMultiDictProxy(CIMultiDict(vcr_request.headers.pairs()))
    response = MockClientResponse(vcr_request.method, url, RequestInfo(url, vcr_request.method, asked, url))
    response.status, response.reason, response.version = recorded.status, recorded.reason, HttpVersion(1, 1)
    response._headers = CIMultiDictProxy(CIMultiDict(recorded.headers.pairs()))
    response._raw_headers = tuple(raw_fields(recorded.headers))
    cookies: SimpleCookie = SimpleCookie()
    for value in recorded.headers.get_all("Set-Cookie"):
        cookies.load(value)
    response.cookies = cookies
    codings = content_coding.of(recorded.headers)
    body, left = content_coding.decode(recorded.body, codings)
    response.content = MockStream(recorded.body if left else body)
    response._history = tuple(history)
    return response


def play_responses(cassette: Cassette, vcr_request: Request, kwargs: Mapping[str, object]) -> ClientResponse:
    """The response to ``vcr_request`` in ``cassette``. Redirects are followed, unless ``kwargs`` has
    ``allow_redirects=False``."""
    history: list[ClientResponse] = []
    while True:
        response = build_response(vcr_request, cassette.play_response(vcr_request), history)
        location = response.headers.get("Location")
        if response.status not in _REDIRECTS or location is None or not kwargs.get("allow_redirects", True):
            return response
        history.append(response)
        method = vcr_request.method if response.status in (307, 308) else "GET"
        vcr_request = Request(method, str(response.url.join(URL(location))), None, vcr_request.headers)


async def record_response(cassette: Cassette, vcr_request: Request, response: ClientResponse) -> None:
    """Add ``vcr_request`` with ``response`` to ``cassette``."""
    body = await response.read()
    cassette.append(vcr_request, Response.of(response.status, response.reason, response.raw_headers, body).data)


async def record_responses(cassette: Cassette, vcr_request: Request, response: ClientResponse) -> None:
    """Add ``response``, and the responses that redirected to it, to ``cassette``, each with its own request.
    ``vcr_request``: the first request."""
    for number, each in enumerate((*response.history, response)):
        if number:
            info = each.request_info
            vcr_request = Request(info.method, str(info.url), None, Headers(info.headers.items()))
        await record_response(cassette, vcr_request, each)


def vcr_request(cassette: Cassette, real_request: Callable[..., Awaitable[object]]) -> Callable[..., Awaitable[object]]:
    """A function that calls ``real_request``, aiohttp's ``ClientSession._request``, inside ``cassette``."""

    @functools.wraps(real_request)
    async def request(self: object, method: str, url: object, **kwargs: object) -> object:
        with in_place(cassette):
            return await real_request(self, method, url, **kwargs)

    return request


is_leftover("stubs.aiohttp_stubs")
