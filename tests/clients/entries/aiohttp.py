"""aiohttp, one ``ClientSession`` for each client."""

from __future__ import annotations

import asyncio
import base64
import importlib.metadata
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, ClassVar

from . import AsyncClient, Fields, Result


def _version() -> tuple[int, ...]:
    try:
        return tuple(map(int, importlib.metadata.version("aiohttp").split(".")[:2]))
    except importlib.metadata.PackageNotFoundError:
        return (0, 0)


VERSION = _version()


async def close(session: Any) -> None:
    """Close a session or a connector: before 3.12 neither waits until its connections have closed."""
    await session.close()
    if VERSION < (3, 12):
        sockets = asyncio.get_running_loop()._selector.get_map()
        while len(sockets) > 1:  # (one is the loop's own)
            await asyncio.sleep(0.001)


class Aiohttp(AsyncClient):
    name = "aiohttp"
    module = "aiohttp"
    can: ClassVar = {
        *("keep-alive", "redirects", "cookies", "basic", "proxies", "proxy-auth"),
        *("decodes", "brotli", "streams", "text", "errors", "utf-8", "forgetting"),
        *("cancels", "nonsense"),
        *(("digest",) if VERSION >= (3, 12) else ()),
    }
    automatic: ClassVar = {"host", "accept", "accept-encoding", "content-length", "user-agent"}

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._session: Any = None
        self._tls = ssl.create_default_context(cafile=self.ca_file) if self.ca_file else True

    def _open(self) -> Any:
        """The session; it can only be made inside the loop."""
        import aiohttp

        if self._session is None:
            options: dict[str, Any] = {}
            if self.auth and self.digest:
                options["middlewares"] = (aiohttp.DigestAuthMiddleware(*self.auth),)
            elif self.auth:  # by hand: 3.14 deprecates BasicAuth, and 3.9 has nothing else
                token = base64.b64encode(":".join(self.auth).encode()).decode()
                options["headers"] = {"Authorization": f"Basic {token}"}
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(sock_connect=self.timeout, sock_read=self.timeout),
                cookie_jar=aiohttp.CookieJar(unsafe=True),
                **options,
            )
        return self._session

    def _request(self, method: str, url: str, **options: Any) -> Any:
        from yarl import URL

        return self._open().request(method, URL(url, encoded=True), proxy=self.proxy, ssl=self._tls, **options)

    async def afetch(self, method: str, url: str, headers: Fields = None, body: Any = None) -> Result:
        if VERSION < (3, 10):  # It has no second try: it is to hear first that its connection has been closed.
            await asyncio.sleep(0)
        async with self._request(method, url, headers=headers, data=_sendable(body)) as response:
            version = response.version.major * 10 + response.version.minor
            fields = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in response.raw_headers]
            return Result(response.status, response.reason, version, fields, await response.read())

    @asynccontextmanager
    async def astream(self, url: str) -> AsyncIterator[AsyncIterator[bytes]]:
        async with self._request("GET", url) as response:
            # The end of a chunk that came without its last byte is told by an empty piece.
            yield (piece async for piece, _ in response.content.iter_chunks() if piece)

    async def aclose(self) -> None:
        if self._session is not None:
            await close(self._session)
        await asyncio.get_running_loop().shutdown_default_executor()  # in which it reads files


def _sendable(body: Any) -> Any:
    """aiohttp takes every form of body but one: what is iterated over must be so asynchronously."""
    if body is None or isinstance(body, (str, bytes)) or hasattr(body, "read"):
        return body

    async def pieces() -> AsyncIterator[bytes]:
        for piece in body:
            yield piece

    return pieces()


CLIENTS = (Aiohttp,)
