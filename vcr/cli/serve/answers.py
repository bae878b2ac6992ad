"""The bytes that answer a request from the cassette, or say why there is no answer. It must not know a socket.

A recorded response goes out as it came: status line, fields in order, chunks, trailers, what broke off.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import NamedTuple

from ..._http import render
from ..._http.failure import CANCELLED, MALFORMED, TIMEOUT, Failure
from ..._http.fields import content_length, has_chunks, is_chunked, may_have_body
from ...errors import CannotOverwriteExistingCassetteException
from ...request import Headers
from ...response import Response
from .incoming import Incoming


class Answer(NamedTuple):
    """``pieces``: what is sent, one after the other. ``stays``: whether the connection goes on. ``resets``: whether it
    ends in a reset. ``waits``: whether it ends when the client leaves, who once cancelled the request there."""

    status: int
    pieces: list[bytes]
    stays: bool
    resets: bool = False
    waits: bool = False


def recorded(response: Response, incoming: Incoming) -> Answer:
    """What answers from the cassette."""
    failure = response.failure
    if failure is not None and not response.incomplete:
        return _no_response(failure, incoming)
    if incoming.version == "1.0" and is_chunked(response.headers):
        response = _without_chunks(response)
    pieces = render.render(response, incoming.method)
    is_whole = failure is None and not response.incomplete
    stays = is_whole and incoming.stays and leaves_open(response, incoming.method)
    return Answer(
        response.status,
        pieces,
        stays,
        resets=failure is not None and failure.code == "ECONNRESET",
        waits=failure is not None and failure.kind == CANCELLED,
    )


def leaves_open(response: Response, method: str) -> bool:
    """Whether another response can follow this one, when it is whole, on the same connection."""
    headers = response.headers
    if response.status < 200:
        return False  # The client waits for another one, which there is not.
    if not response.http_version.startswith(("1.1", "2", "3")):
        return False
    if "close" in ",".join(headers.get_all("Connection")).lower():
        return False
    has_body = may_have_body(method, response.status)
    is_framed = content_length(headers) is not None or (is_chunked(headers) and has_chunks(method, response.status))
    return is_framed or not has_body


def _without_chunks(response: Response) -> Response:
    """The same for a client that knows no chunks (RFC 9112 §6.1): the body ends with the connection."""
    headers = Headers.from_pairs(
        [field for field in response.headers.pairs() if field[0].lower() != "transfer-encoding"]
    )
    return Response.of(
        response.status,
        response.reason,
        headers,
        response.body,
        incomplete=response.incomplete,
    )


def _no_response(failure: Failure, incoming: Incoming) -> Answer:
    """What is told of an exchange that failed before there was a response."""
    if failure.kind == CANCELLED:
        return Answer(0, [], stays=False, waits=True)
    if failure.kind == MALFORMED:
        end = "" if failure.message.endswith("\n") else "\r\n"
        return Answer(0, [f"{failure.message}{end}".encode("latin-1", "replace")], stays=False)
    return failed(failure, incoming)


def failed(failure: Failure, incoming: Incoming) -> Answer:
    """What is told of an exchange that fails, live as on replay: a gateway's status."""
    status = HTTPStatus.GATEWAY_TIMEOUT if failure.kind == TIMEOUT else HTTPStatus.BAD_GATEWAY
    what = {"connect": "connecting to the server failed", "send": "sending the request failed"}
    text = f"{what.get(failure.phase, 'the server gave no response')}: {failure.message or failure.kind}"
    return said(status, "failed", text, incoming)


def refused(error: CannotOverwriteExistingCassetteException, incoming: Incoming) -> Answer:
    """What is told of a request that the cassette neither holds nor may record: the text that a program gets."""
    return said(HTTPStatus.NOT_IMPLEMENTED, error.reason, str(error), incoming)


def said(status: int, reason: str, text: str, incoming: Incoming | None, *, stays: bool = True) -> Answer:
    """A message of the server's own. ``reason``: in one word. ``incoming``: None where it could not be read."""
    if incoming is not None and incoming.wants_json:
        media, body = "application/json", json.dumps({"error": reason, "message": text}, indent=2)
    else:
        media, body = "text/plain; charset=utf-8", text
    content = (body.rstrip("\n") + "\n").encode("utf-8", "replace")
    stays = stays and incoming is not None and incoming.stays
    lines = [
        f"HTTP/1.1 {int(status)} {HTTPStatus(status).phrase}",
        f"Content-Type: {media}",
        f"Content-Length: {len(content)}",
        "Cache-Control: no-store",
        "X-Content-Type-Options: nosniff",
        f"X-VCR-Error: {reason}",
        *([] if stays else ["Connection: close"]),
    ]
    head = "\r\n".join([*lines, "", ""]).encode("ascii")
    return Answer(int(status), [head + (b"" if incoming and incoming.method == "HEAD" else content)], stays)
