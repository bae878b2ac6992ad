"""Room: the demo of curl_cffi. It knows no cassette."""

from __future__ import annotations

import asyncio
from importlib import import_module
from typing import Any

from . import BODY, TIMEOUT, Client

#: libcurl itself reads the environment, unless it is told that there is no proxy (CURLOPT_NOPROXY).
_OPTIONS = {"timeout": TIMEOUT, "trust_env": False, "curl_options": {10177: b"*"}}


def _look(answer: Any) -> Any:
    return answer.http_version, answer.status_code, answer.url, list(answer.headers.multi_items()), answer.content


def _curl_cffi(url: str) -> Any:
    curl_cffi: Any = import_module("curl_cffi")
    with curl_cffi.Session(**_OPTIONS) as session:
        answers = [
            session.get(f"{url}/json"),
            session.post(f"{url}/json", data=BODY),
            session.head(f"{url}/json"),
            session.get(f"{url}/gzip"),
            session.get(f"{url}/redirect"),
        ]
        with session.stream("GET", f"{url}/stream") as stream:
            body = b"".join(stream.iter_content())
        session.executor.shutdown()
        return [_look(answer) for answer in answers], _look(stream), body


def _curl_cffi_async(url: str) -> Any:
    curl_cffi: Any = import_module("curl_cffi")

    async def visit() -> Any:
        async with curl_cffi.AsyncSession(**_OPTIONS) as session:
            answers = [
                await session.get(f"{url}/json"),
                await session.post(f"{url}/json", data=BODY),
                *await asyncio.gather(*(session.get(f"{url}/json?{number}") for number in range(5))),
            ]
            async with session.stream("GET", f"{url}/stream") as stream:
                body = b"".join([piece async for piece in stream.aiter_content()])
            return [_look(answer) for answer in answers], _look(stream), body

    return asyncio.run(visit())


CLIENTS = (
    Client("curl_cffi", _curl_cffi, "curl_cffi"),
    Client("curl_cffi, asynchronous", _curl_cffi_async, "curl_cffi"),
)
