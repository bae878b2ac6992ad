"""Room: the demo of niquests. It knows no cassette."""

from __future__ import annotations

import asyncio
from typing import Any

from . import BODY, TIMEOUT, Client


def _niquests(url: str) -> Any:
    import niquests

    with niquests.Session(timeout=TIMEOUT) as session:
        session.trust_env = False
        answers = [
            session.get(f"{url}/json"),
            session.post(f"{url}/json", data=BODY),
            session.get(f"{url}/gzip"),
            session.get(f"{url}/redirect"),
        ]
        with session.get(f"{url}/stream", stream=True) as stream:
            pieces = list(stream.iter_content())
        return [
            (answer.http_version, answer.status_code, answer.url, list(answer.headers.items()), answer.text)
            for answer in answers
        ], pieces


def _niquests_async(url: str) -> Any:
    import niquests

    async def visit() -> Any:
        async with niquests.AsyncSession(timeout=TIMEOUT) as session:
            session.trust_env = False

            async def ask(number: int) -> Any:
                answer = await session.get(f"{url}/json?{number}")
                return answer.status_code, answer.url, list(answer.headers.items()), answer.text

            answers = await asyncio.gather(*(ask(number) for number in range(5)))
            async with await session.get(f"{url}/stream", stream=True) as stream:
                pieces = [piece async for piece in await stream.iter_content()]
            return answers, pieces

    return asyncio.run(visit())


CLIENTS = (
    Client("niquests", _niquests, "niquests"),
    Client("niquests, asynchronous", _niquests_async, "niquests"),
)
