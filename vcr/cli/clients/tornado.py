"""Room: the demo of tornado's clients: its own, and the one over libcurl if that is installed. It knows no cassette."""

from __future__ import annotations

import asyncio
import importlib.util
from importlib import import_module
from typing import Any

from . import BODY, TIMEOUT, Client


def _tornado(url: str) -> Any:
    classes = [import_module("tornado.simple_httpclient").SimpleAsyncHTTPClient]
    if importlib.util.find_spec("pycurl") is not None:
        classes.append(import_module("tornado.curl_httpclient").CurlAsyncHTTPClient)

    async def visit(client: Any) -> Any:
        async def ask(path: str, **options: Any) -> Any:
            pieces: list[bytes] = []
            answer = await client.fetch(
                url + path,
                raise_error=False,
                streaming_callback=pieces.append,
                prepare_curl_callback=_without_proxy,
                request_timeout=TIMEOUT,
                **options,
            )
            fields = list(answer.headers.get_all())
            return answer.code, answer.reason, answer.effective_url, fields, b"".join(pieces)

        try:
            return [
                await ask("/json"),
                await ask("/json", method="POST", body=BODY),
                await ask("/json", method="HEAD"),
                await ask("/gzip"),
                await ask("/redirect"),
                await ask("/stream"),
                await asyncio.gather(*(ask(f"/json?{number}") for number in range(5))),
            ]
        finally:
            client.close()

    async def visits() -> Any:
        return [await visit(cls(force_instance=True)) for cls in classes]

    return asyncio.run(visits())


def _without_proxy(curl: Any) -> None:
    curl.setopt(curl.PROXY, "")  # libcurl would look into the environment


CLIENTS = (Client("tornado", _tornado, "tornado"),)
