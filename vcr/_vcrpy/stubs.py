"""VCR.py's names in ``vcr.stubs``, for programs that make, or ask for, a response or a socket of VCR.py's.

Inside a cassette a client gets responses of its own class. ``isinstance(response, VCRHTTPResponse)`` is true of them
all the same, where the client is built on ``http.client``.
"""

from __future__ import annotations

import http.client
import io
import json
from abc import ABCMeta
from collections.abc import Iterable, Iterator, Mapping
from email.message import Message
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from typing import Any

from .._http.render import render
from ..response import Response, ResponseDict
from ..stubs.cassette_socket import CassetteSocket
from ..stubs.compat import get_headers
from . import LeftoverType

__all__ = [
    "HTTPConnection",
    "HTTPResponse",
    "HTTPSConnection",
    "VCRFakeSocket",
    "VCRHTTPResponse",
    "parse_headers",
    "serialize_headers",
]


def parse_headers(headers: Mapping[str, Iterable[str]]) -> http.client.HTTPMessage:
    """A recorded response's headers, ``{name: values}``, as ``http.client`` shows them."""
    message = http.client.HTTPMessage()
    for name, values in headers.items():
        for value in values:
            message.add_header(name, value)
    return message


def serialize_headers(response: Any) -> dict[str, list[str]]:
    """The headers of one of ``http.client``'s responses, as they are recorded."""
    headers: Message = response.headers
    return dict(get_headers(headers))


class VCRFakeSocket(CassetteSocket):
    """The socket of a stub that is not connected."""

    def __init__(self) -> None:
        super().__init__(None)

    def recv(self, *_: object) -> bytes:
        """There is nothing to read: raises BlockingIOError."""
        raise BlockingIOError("no real socket is open, the cassette answers this connection")


class _ResponseType(LeftoverType, ABCMeta):
    def __instancecheck__(cls, instance: object) -> bool:
        # urllib3 1.26 has a response of its own around http.client's.
        responses = instance, getattr(instance, "_original_response", None)
        if cls.__module__ == __name__ and any(hasattr(response, "_vcr_from_stub") for response in responses):
            return True
        return super().__instancecheck__(instance)


class VCRHTTPResponse(HTTPResponse, metaclass=_ResponseType):
    """``http.client``'s response to a recorded one, made by hand. It has what urllib3 asks of a response, too."""

    def __init__(self, recorded_response: ResponseDict, request_url: str | None = None) -> None:
        self.recorded_response = recorded_response
        wire: Any = _Wire(b"".join(render(Response(recorded_response), "GET")))
        super().__init__(wire, url=request_url)
        self.url = request_url or ""
        self.begin()
        self.headers = self.msg = parse_headers(recorded_response["headers"])

    @property
    def data(self) -> bytes:
        """The whole body, whatever has been read of it."""
        return VCRHTTPResponse(self.recorded_response, self.url).read()

    def json(self) -> object:
        """The whole body, as JSON. Raises ValueError when it is none."""
        return json.loads(self.data)

    def stream(self, amt: int | None = 2**16, decode_content: bool | None = None) -> Iterator[bytes]:  # noqa: ARG002
        """What is left of the body, in pieces of ``amt`` bytes."""
        return iter(lambda: self.read(amt), b"")

    def drain_conn(self) -> None:
        """Read what is left of the body."""
        self.read()

    def release_conn(self) -> None:
        """There is no connection to give back."""

    def get_redirect_location(self) -> object:
        """Where it redirects to; False when it is no redirect, as in urllib3."""
        return self.getheader("Location") if self.status in (301, 302, 303, 307, 308) else False


class _Wire:
    """As much of a socket as a response needs."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, _: str) -> io.BytesIO:
        return io.BytesIO(self._data)
