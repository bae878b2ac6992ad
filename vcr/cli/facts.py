"""The facts of one interaction that fit into a line, and the whole as JSON. It must not know how they are shown."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import NamedTuple

from .._http.failure import Failure
from ..request import Headers
from ..response import Response
from . import bodies
from .reading import NumberedInteraction


class Facts(NamedTuple):
    """``status``: None where there is no response that can be replayed. ``size``: of the response's body, in bytes, as
    it stands in the cassette. ``recorded_at``: as it stands there. ``remark``: what is unusual; empty for most."""

    number: int
    method: str
    uri: str
    status: int | None
    media: str
    size: int
    recorded_at: str
    incomplete: bool
    error: str

    @property
    def remark(self) -> str:
        """What a person has to know of it."""
        return ", ".join([*(["incomplete"] if self.incomplete else []), *([self.error] if self.error else [])])


def facts(interaction: NumberedInteraction) -> Facts:
    """The facts of an interaction."""
    request, response = interaction.request, interaction.response
    fault = response.fault
    recorded_at = str(response.timestamp or _inner(response, "recorded_at") or "")
    if fault is not None:
        error = f"cannot be replayed: {fault}"
        return Facts(interaction.number, request.method, request.uri, None, "", 0, recorded_at, False, error)
    failure = response.failure
    return Facts(
        interaction.number,
        request.method,
        request.uri,
        None if failure is not None and response.status == 599 else response.status,
        _media(response.headers),
        len(response.body),
        recorded_at,
        response.incomplete,
        "" if failure is None else failed(failure),
    )


def failed(failure: Failure) -> str:
    """How an exchange failed, in words."""
    words = {"connect": "connecting", "send": "sending", "response": "the response"}
    return f"failed at {words[failure.phase]}: {failure.code or failure.kind}"


def _inner(response: Response, key: str) -> object:
    """What other recorders keep in the response itself."""
    return response.data.get(key) if isinstance(response.data, dict) else None


def _media(headers: Headers) -> str:
    return headers.get("Content-Type", "").partition(";")[0].strip()


def body_as_json(body: bodies.Body) -> dict[str, object]:
    """A body for other programs: without content coding, as text or in base64."""
    content = (
        {"text": body.text} if body.text is not None else {"base64": base64.b64encode(body.content).decode("ascii")}
    )
    return {"kind": body.kind, "size": body.size, "codings": body.codings, **content}


def as_json(
    interaction: NumberedInteraction, of_body: Callable[[bodies.Body], dict[str, object]] = body_as_json
) -> dict[str, object]:
    """The interaction for other programs. ``of_body``: gives a body in plain data."""
    request, response = interaction.request, interaction.response
    line = facts(interaction)
    data: dict[str, object] = {
        "number": interaction.number,
        "recorded_at": line.recorded_at or None,
        "incomplete": line.incomplete,
        "error": line.error or None,
        "request": {
            "method": request.method,
            "uri": request.uri,
            "headers": [list(pair) for pair in request.headers.pairs()],
            "body": of_body(bodies.read(request.headers, request.body)),
        },
        "response": None,
    }
    if response.fault is None:
        data["response"] = {
            "status": response.status,
            "reason": response.reason,
            "http_version": response.http_version,
            "headers": [list(pair) for pair in response.headers.pairs()],
            "body": of_body(bodies.read(response.headers, response.body)),
            "pieces": [len(piece) for piece in response.pieces],
            "trailers": [list(pair) for pair in response.trailers.pairs()],
        }
    return data
