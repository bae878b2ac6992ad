"""httpx and httpx2, synchronous and asynchronous."""

from __future__ import annotations

import importlib
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, ClassVar

from . import AsyncClient, Client, Fields, Result


class _Httpx(Client):
    can: ClassVar = {
        *("keep-alive", "redirects", "cookies", "basic", "digest", "proxies", "proxy-auth"),
        *("decodes", "brotli", "streams", "text", "errors", "nonsense"),
    }
    automatic: ClassVar = set()

    def _open(self, kind: str) -> Any:
        httpx = importlib.import_module(self.module)
        login = self.auth and (httpx.DigestAuth if self.digest else httpx.BasicAuth)(*self.auth)
        return getattr(httpx, kind)(
            auth=login,
            proxy=self.proxy,
            verify=ssl.create_default_context(cafile=self.ca_file),
            timeout=self.timeout,
            follow_redirects=True,
        )


def _fields(headers: Fields) -> list[tuple[bytes, bytes]]:
    """In bytes: of text, httpx takes ASCII only."""
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in (headers or {}).items()]


def _result(response: Any) -> Result:
    fields = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers.raw]
    version = int(response.http_version.removeprefix("HTTP/").replace(".", ""))
    return Result(response.status_code, response.reason_phrase, version, fields, response.content)


class Httpx(_Httpx):
    name = "httpx"
    module = "httpx"

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._client = self._open("Client")

    def fetch(self, method: str, url: str, headers: Fields = None, body: Any = None) -> Result:
        return _result(self._client.request(method, url, headers=_fields(headers), content=body))

    @contextmanager
    def stream(self, url: str) -> Iterator[Iterator[bytes]]:
        with self._client.stream("GET", url) as response:
            yield response.iter_raw()

    def close(self) -> None:
        self._client.close()


class AsyncHttpx(_Httpx, AsyncClient):
    name = "httpx-async"
    module = "httpx"
    can: ClassVar = {*_Httpx.can, "cancels"}

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._client = self._open("AsyncClient")

    async def afetch(self, method: str, url: str, headers: Fields = None, body: Any = None) -> Result:
        return _result(await self._client.request(method, url, headers=_fields(headers), content=_sendable(body)))

    @asynccontextmanager
    async def astream(self, url: str) -> AsyncIterator[AsyncIterator[bytes]]:
        async with self._client.stream("GET", url) as response:
            yield response.aiter_raw()

    async def aclose(self) -> None:
        await self._client.aclose()


def _sendable(body: Any) -> Any:
    """What is iterated over must be so asynchronously."""
    if body is None or isinstance(body, (str, bytes)):
        return body

    async def pieces() -> AsyncIterator[bytes]:
        for piece in body:
            yield piece

    return pieces()


class Httpx2(Httpx):
    name = "httpx2"
    module = "httpx2"


class AsyncHttpx2(AsyncHttpx):
    name = "httpx2-async"
    module = "httpx2"


CLIENTS = (Httpx, AsyncHttpx, Httpx2, AsyncHttpx2)
