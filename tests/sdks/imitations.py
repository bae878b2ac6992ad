"""What the imitated services have in common: JSON in and out, and answers that are streams of events."""

from __future__ import annotations

import json
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from typing import Any

from tests.server import Exchange, Server


def asked(exchange: Exchange) -> Any:
    """The JSON that was sent."""
    return json.loads(exchange.request.body)


def answer(exchange: Exchange, data: object, status: int = 200, **headers: str) -> None:
    """Answer with JSON. ``headers``: with ``_`` for ``-``."""
    fields = [(name.replace("_", "-"), value) for name, value in headers.items()]
    exchange.respond(status, [("content-type", "application/json"), *fields], json.dumps(data).encode())


def event(data: object, name: str = "") -> bytes:
    """One server-sent event."""
    text = data if isinstance(data, str) else json.dumps(data)
    return (f"event: {name}\n" if name else "").encode() + f"data: {text}\n\n".encode()


def stream(exchange: Exchange, pieces: Iterable[bytes]) -> None:
    """Answer with these pieces of an event stream: each after the first waits until it is let go, by ``arriving``."""
    exchange.head(200, [("content-type", "text/event-stream; charset=utf-8"), ("transfer-encoding", "chunked")])
    for number, piece in enumerate(pieces):
        if number:
            exchange.server.await_release()
        exchange.chunk(piece)
    exchange.send(b"0\r\n\r\n")


def arriving(server: Server, pieces: Iterable[Any]) -> Iterator[Any]:
    """The ``pieces``, as the client yields them. The server sends none before the one in front of it has come here:
    a stream that is held back while it is recorded ends in the client's time-out."""
    for piece in pieces:
        yield piece
        server.release()


async def aarriving(server: Server, pieces: AsyncIterable[Any]) -> AsyncIterator[Any]:
    """The same, of an asynchronous client."""
    async for piece in pieces:
        yield piece
        server.release()
