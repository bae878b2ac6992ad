"""niquests, synchronous and asynchronous, and the pools of urllib3-future, which it rides on."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, ClassVar

from . import AsyncClient, Client, Fields, Result
from .urllib3 import Urllib3


class _Watched(Client):
    """Its pools have threads that watch them, and that end soon after they are told to."""

    def __init__(self, **options: Any) -> None:
        self._threads = set(threading.enumerate())
        super().__init__(**options)

    def close(self) -> None:
        super().close()
        for thread in set(threading.enumerate()) - self._threads:
            if "idle_conn_watch_task" in thread.name:
                thread.join(10)


class _Niquests(_Watched):
    module = "niquests"
    can: ClassVar = {
        *("keep-alive", "redirects", "cookies", "basic", "digest", "proxies", "proxy-auth"),
        *("decodes", "brotli", "streams", "text", "errors", "chancy"),
    }
    automatic: ClassVar = set()

    def _open(self, kind: str, digest: Any) -> Any:
        import niquests

        session = getattr(niquests, kind)(timeout=self.timeout)
        session.verify = self.ca_file or True
        if self.auth:
            session.auth = digest(*self.auth) if self.digest else self.auth
        if self.proxy:
            session.proxies = {"http": self.proxy, "https": self.proxy}
        return session


def _result(response: Any, body: bytes) -> Result:
    raw = response.raw
    return Result(response.status_code, response.reason, raw.version, list(raw.headers.items()), body)


class NiquestsSession(_Niquests):
    name = "niquests.Session"

    def __init__(self, **options: Any) -> None:
        from niquests.auth import HTTPDigestAuth

        super().__init__(**options)
        self._session = self._open("Session", HTTPDigestAuth)

    def fetch(self, method: str, url: str, headers: Fields = None, body: Any = None) -> Result:
        response = self._session.request(method, url, headers=headers, data=body)
        return _result(response, response.content)

    @contextmanager
    def stream(self, url: str) -> Iterator[Iterator[bytes]]:
        with self._session.get(url, stream=True) as response:
            yield response.iter_content()

    def close(self) -> None:
        self._session.close()
        super().close()


class NiquestsAsyncSession(_Niquests, AsyncClient):
    name = "niquests.AsyncSession"
    can: ClassVar = _Niquests.can | {"redialling", "overtaking", "leaking"}

    def __init__(self, **options: Any) -> None:
        from niquests.auth import AsyncHTTPDigestAuth

        super().__init__(**options)
        self._session = self._open("AsyncSession", AsyncHTTPDigestAuth)

    async def afetch(self, method: str, url: str, headers: Fields = None, body: Any = None) -> Result:
        # The loop has stood still: niquests leaks the descriptor of what the server has closed while nobody listened.
        for _ in range(3):
            await asyncio.sleep(0)
        response = await self._session.request(method, url, headers=headers, data=body)
        return _result(response, response.content)

    @asynccontextmanager
    async def astream(self, url: str) -> AsyncIterator[AsyncIterator[bytes]]:
        async with await self._session.get(url, stream=True) as response:
            yield await response.iter_content()

    async def aclose(self) -> None:
        await self._session.close()
        await asyncio.get_running_loop().shutdown_default_executor()


class Urllib3Future(_Watched, Urllib3):
    name = "urllib3-future"
    module = "niquests"  # which knows whether its name is urllib3 or urllib3_future
    can: ClassVar = {
        *("keep-alive", "redirects", "proxies", "proxy-auth"),
        *("decodes", "brotli", "streams", "text", "errors", "chancy"),
    }
    automatic: ClassVar = set()

    def _package(self) -> Any:
        from niquests.packages import urllib3

        return urllib3

    def _piece_size(self, response: Any) -> int:
        return -1


CLIENTS = (NiquestsSession, NiquestsAsyncSession, Urllib3Future)
