"""tornado's two clients, one ``AsyncHTTPClient`` of its own for each. They raise nothing for a status."""

from __future__ import annotations

import asyncio
import importlib.metadata
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, ClassVar
from urllib.parse import urlsplit

from . import AsyncClient, Fields, Result


def _version() -> tuple[int, ...]:
    try:
        return tuple(map(int, importlib.metadata.version("tornado").split(".")[:2]))
    except importlib.metadata.PackageNotFoundError:
        return (0, 0)


class _LeftError(Exception):
    """Nobody wants more of a stream: an error of its callback is the only way to tell tornado."""


def _close_handshakes() -> None:
    """Close what tornado up to 6.5 forgets: a connection whose TLS handshake takes too long. A table of tornado's keeps
    it alive until tornado is used in another loop, and that may be some tests later."""
    from tornado.ioloop import IOLoop
    from tornado.iostream import SSLIOStream

    for _, handler in list(IOLoop.current().handlers.values()):
        stream = getattr(handler, "__self__", None)
        if isinstance(stream, SSLIOStream) and stream._ssl_accepting:
            stream.close()


class _Tornado(AsyncClient):
    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._client: Any = None

    def _make(self) -> Any:
        raise NotImplementedError

    def _request_body(self, body: Any) -> dict[str, Any]:
        raise NotImplementedError

    def _fetch(self, method: str, url: str, **options: Any) -> asyncio.Future[Any]:
        if self._client is None:
            self._client = self._make()
        given = {
            "method": method,
            "ca_certs": self.ca_file,
            "connect_timeout": self.timeout,
            "request_timeout": self.timeout,
            "allow_nonstandard_methods": True,
            **options,
        }
        if self.auth:
            given.update(auth_username=self.auth[0], auth_password=self.auth[1])
            given.update(auth_mode="digest" if self.digest else "basic")
        if self.proxy:
            proxy = urlsplit(self.proxy)
            given.update(proxy_host=proxy.hostname, proxy_port=proxy.port)
            given.update(proxy_username=proxy.username, proxy_password=proxy.password)
        return self._client.fetch(url, raise_error=False, **given)

    async def afetch(self, method: str, url: str, headers: Fields = None, body: Any = None) -> Result:
        from tornado.httputil import HTTPHeaders

        lines: list[str] = []
        response = await self._fetch(
            method, url, headers=HTTPHeaders(headers or {}), header_callback=lines.append, **self._request_body(body)
        )
        version = next(line for line in reversed(lines) if line.startswith("HTTP/"))
        fields = [(name, value) for name, value in response.headers.get_all() if name != "X-Http-Reason"]
        return Result(response.code, response.reason, int(version[5]) * 10 + int(version[7]), fields, response.body)

    async def aclose(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        if others:  # A fetch goes on when nobody waits for it any more.
            await asyncio.wait(others, timeout=self.timeout)
        if self._client is not None:
            self._client.close()
        _close_handshakes()
        await asyncio.get_running_loop().shutdown_default_executor()  # in which it looks names up


class Simple(_Tornado):
    name = "tornado"
    module = "tornado"
    can: ClassVar = {
        *("redirects", "basic", "text", "errors", "forgetting"),
        # Before, its callback cannot make it wait, and what it cannot read ends in its own timeout.
        *(("streams", "nonsense") if _version() >= (6, 6) else ()),
    }
    automatic: ClassVar = {
        *("accept-encoding", "connection", "content-length", "content-type", "host", "user-agent"),
    }

    def __init__(self, **options: Any) -> None:
        # Before 6.6 what it cannot read ends in its own timeout.
        super().__init__(**({} if _version() >= (6, 6) else {"timeout": 3}) | options)

    def _make(self) -> Any:
        from tornado.simple_httpclient import SimpleAsyncHTTPClient

        return SimpleAsyncHTTPClient(force_instance=True)

    def _request_body(self, body: Any) -> dict[str, Any]:
        if body is None or isinstance(body, (bytes, str)):
            return {"body": body}

        async def produce(write: Any) -> None:
            for piece in iter(lambda: body.read(4096), b"") if hasattr(body, "read") else body:
                await write(piece)

        return {"body_producer": produce}

    @asynccontextmanager
    async def astream(self, url: str) -> AsyncIterator[AsyncIterator[bytes]]:
        pieces: asyncio.Queue[bytes | None] = asyncio.Queue()
        begun, wanted = asyncio.Event(), asyncio.Event()
        left = False

        async def take(piece: bytes) -> None:
            wanted.clear()
            pieces.put_nowait(piece)
            await wanted.wait()
            if left:
                raise _LeftError

        async def each() -> AsyncIterator[bytes]:
            while (piece := await pieces.get()) is not None:
                yield piece
                wanted.set()
            await response

        def over(_: object) -> None:
            pieces.put_nowait(None)
            begun.set()

        response = self._fetch("GET", url, streaming_callback=take, header_callback=lambda _: begun.set())
        response.add_done_callback(over)
        await begun.wait()
        try:
            yield each()
        finally:
            left = True
            wanted.set()
            with suppress(_LeftError):
                await asyncio.wait([response])
                response.exception()


class Curl(_Tornado):
    name = "tornado-curl"
    module = "pycurl"
    can: ClassVar = {
        *("keep-alive", "redirects", "basic", "proxies", "proxy-auth", "decodes"),
        *("text", "errors", "nonsense"),
    }
    automatic: ClassVar = {
        *("accept", "accept-encoding", "content-length", "content-type", "host", "user-agent"),
    }

    def _make(self) -> Any:
        from tornado.curl_httpclient import CurlAsyncHTTPClient

        return CurlAsyncHTTPClient(force_instance=True)

    def _request_body(self, body: Any) -> dict[str, Any]:
        """It takes no other form."""
        if body is None or isinstance(body, (bytes, str)):
            return {"body": body}
        return {"body": body.read() if hasattr(body, "read") else b"".join(body)}


CLIENTS = (Simple, Curl)
