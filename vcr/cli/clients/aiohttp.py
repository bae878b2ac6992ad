"""Room: the demo of aiohttp. It knows no cassette."""

from __future__ import annotations

import asyncio
from typing import Any

from . import BODY, TIMEOUT, Client


def _aiohttp(url: str) -> Any:
    import aiohttp

    async def visit() -> Any:
        limits = aiohttp.ClientTimeout(total=TIMEOUT)
        async with aiohttp.ClientSession(url, timeout=limits) as session:

            async def ask(method: str, path: str, body: bytes | None = None) -> Any:
                async with session.request(method, path, data=body) as answer:
                    pieces = [piece async for piece, _ in answer.content.iter_chunks() if piece]
                    return answer.version, answer.status, answer.reason, str(answer.url), answer.raw_headers, pieces

            return [
                await ask("GET", "/json"),
                await ask("POST", "/json", BODY),
                await ask("GET", "/gzip"),
                await ask("GET", "/redirect"),
                await ask("GET", "/stream"),
                await asyncio.gather(*(ask("GET", f"/json?{number}") for number in range(5))),
            ]

    return asyncio.run(visit())


CLIENTS = (Client("aiohttp", _aiohttp, "aiohttp"),)
