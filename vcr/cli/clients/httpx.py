"""Room: the demo of httpx and httpx2, each synchronous and asynchronous. It knows no cassette."""

from __future__ import annotations

import asyncio
import functools
import importlib
from typing import Any

from . import BODY, TIMEOUT, Client


def _seen(response: Any) -> Any:
    hops = [hop.status_code for hop in response.history]
    return hops, response.http_version, response.status_code, response.headers.raw, response.content


def _synchronous(module: str, url: str) -> Any:
    httpx = importlib.import_module(module)
    with httpx.Client(base_url=url, timeout=TIMEOUT, trust_env=False, follow_redirects=True) as client:
        answers = [
            client.get("/json"),
            client.post("/json", content=BODY),
            client.head("/json"),
            client.get("/gzip"),
            client.get("/redirect"),
        ]
        with client.stream("GET", "/stream") as stream:
            return [_seen(answer) for answer in answers], list(stream.iter_raw())


def _asynchronous(module: str, url: str) -> Any:
    httpx = importlib.import_module(module)

    async def visit() -> Any:
        async with httpx.AsyncClient(base_url=url, timeout=TIMEOUT, trust_env=False, follow_redirects=True) as client:
            answers = [
                await client.post("/json", content=BODY),
                await client.get("/redirect"),
                *await asyncio.gather(*(client.get(f"/json?{number}") for number in range(5))),
            ]
            async with client.stream("GET", "/stream") as stream:
                return [_seen(answer) for answer in answers], [piece async for piece in stream.aiter_raw()]

    return asyncio.run(visit())


CLIENTS = (
    Client("httpx", functools.partial(_synchronous, "httpx"), "httpx"),
    Client("httpx, asynchronous", functools.partial(_asynchronous, "httpx"), "httpx"),
    Client("httpx2", functools.partial(_synchronous, "httpx2"), "httpx2"),
    Client("httpx2, asynchronous", functools.partial(_asynchronous, "httpx2"), "httpx2"),
)
