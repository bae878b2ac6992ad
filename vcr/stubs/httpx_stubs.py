"""VCR.py's names in its stub of httpx: small functions on the engine. This package itself does not need them.

The argument ``httpx`` is the module httpx or the module httpx2.
"""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Mapping
from types import ModuleType
from typing import TYPE_CHECKING

from .._vcrpy import is_leftover
from .._vcrpy.patch import in_place
from ..errors import CannotOverwriteExistingCassetteException
from ..request import Headers, Request
from ..response import Response, ResponseDict
from .httpx import Transports

if TYPE_CHECKING:
    from httpx import Request as NativeRequest
    from httpx import Response as NativeResponse

    from ..cassette import Cassette


def _make_vcr_request(real_request: NativeRequest, real_request_body: bytes) -> Request:
    return Request(real_request.method, str(real_request.url), real_request_body, real_request.headers.raw)


def _serialize_headers(real_response: NativeResponse) -> dict[str, list[str]]:
    return Headers(real_response.headers.multi_items()).grouped()


def _deserialize_headers(headers: Mapping[str, object]) -> list[tuple[str, str]]:
    return Headers(headers).pairs()


def _serialize_response(real_response: NativeResponse, real_response_content: bytes) -> ResponseDict:
    headers = _serialize_headers(real_response)
    return Response.of(real_response.status_code, real_response.reason_phrase, headers, real_response_content).data


def _deserialize_response(vcr_response: ResponseDict, httpx: ModuleType) -> NativeResponse:
    response: NativeResponse = Transports(httpx).replay(Response(vcr_response), Request("GET", ""))
    response.read()
    return response


def _play_responses(cassette: Cassette, vcr_request: Request, httpx: ModuleType) -> NativeResponse:
    return _deserialize_response(cassette.play_response(vcr_request), httpx)


def _record_responses(
    cassette: Cassette, vcr_request: Request, real_response: NativeResponse, real_response_content: bytes
) -> None:
    cassette.append(vcr_request, _serialize_response(real_response, real_response_content))


def _vcr_request(
    cassette: Cassette, real_request: NativeRequest, real_request_body: bytes, httpx: ModuleType
) -> tuple[Request, NativeResponse | None]:
    vcr_request = _make_vcr_request(real_request, real_request_body)
    if cassette.can_play_response_for(vcr_request):
        return vcr_request, _play_responses(cassette, vcr_request, httpx)
    if cassette.write_protected and cassette.filter_request(vcr_request):
        raise CannotOverwriteExistingCassetteException(cassette=cassette, failed_request=vcr_request)
    return vcr_request, None


def vcr_handle_request(
    cassette: Cassette, real_handle_request: Callable[..., NativeResponse], httpx: ModuleType
) -> Callable[..., NativeResponse]:
    """A method for a transport of ``httpx`` that calls ``real_handle_request`` inside ``cassette``."""

    @functools.wraps(real_handle_request)
    def handle_request(self: object, request: NativeRequest) -> NativeResponse:
        with in_place(cassette):
            return Transports(httpx).door(None, real_handle_request)(self, request)

    return handle_request


def vcr_handle_async_request(
    cassette: Cassette, real_handle_async_request: Callable[..., Awaitable[NativeResponse]], httpx: ModuleType
) -> Callable[..., Awaitable[NativeResponse]]:
    """A method for an asynchronous transport of ``httpx`` that calls ``real_handle_async_request`` inside
    ``cassette``."""

    @functools.wraps(real_handle_async_request)
    async def handle_async_request(self: object, request: NativeRequest) -> NativeResponse:
        with in_place(cassette):
            return await Transports(httpx).async_door(None, real_handle_async_request)(self, request)

    return handle_async_request


is_leftover("stubs.httpx_stubs")
