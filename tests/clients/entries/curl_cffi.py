"""curl_cffi, one session for each client: the one that waits, and the one of asyncio."""

from __future__ import annotations

import importlib.util
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from typing import Any, ClassVar

from . import AsyncClient, Client, Fields, Result

_VERSIONS = {1: 10, 2: 11, 3: 20}
_CAN = {
    *("keep-alive", "redirects", "cookies", "basic", "proxies", "proxy-auth"),
    *("decodes", "brotli", "streams", "text", "utf-8", "errors", "nonsense"),
}
#: Seconds in each of which fewer than ``_SLOW`` bytes come: a test that leaves a stream waits for so long.
#: (curl_cffi's own measure is one byte a second: of eight that have come, it waits for seven seconds.)
_PATIENCE, _SLOW = 1, 100
_AUTOMATIC = {"host", "accept", "user-agent", "content-length"}


def _options(client: Client) -> dict[str, Any]:
    from curl_cffi import CurlOpt

    options: dict[str, Any] = {"timeout": client.timeout, "verify": client.ca_file or True, "trust_env": False}
    options["curl_options"] = {CurlOpt.LOW_SPEED_LIMIT: _SLOW}
    if client.proxy:
        options["proxy"] = client.proxy
    return options | ({"auth": client.auth} if client.auth else {})


def _request(headers: Fields, body: Any) -> dict[str, Any]:
    import curl_cffi

    fields = curl_cffi.Headers(headers, encoding="utf-8")
    if body is None or isinstance(body, (str, bytes)):
        return {"headers": fields, "data": body}
    if importlib.util.find_spec("curl_cffi.requests.streams"):
        return {"headers": fields, "content": body}
    # Before 0.16 it has no way to send a body piece by piece.
    return {"headers": fields, "data": body.read() if hasattr(body, "read") else b"".join(body)}


def _result(response: Any) -> Result:
    fields = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers.raw]
    return Result(response.status_code, response.reason, _VERSIONS[response.http_version], fields, response.content)


class CurlCffi(Client):
    name = "curl_cffi"
    module = "curl_cffi"
    can: ClassVar = _CAN
    automatic: ClassVar = _AUTOMATIC

    def __init__(self, **options: Any) -> None:
        import curl_cffi

        super().__init__(**options)
        self._session = curl_cffi.Session(**_options(self))

    def fetch(self, method: str, url: str, headers: Fields = None, body: Any = None) -> Result:
        return _result(self._session.request(method, url, quote=False, **_request(headers, body)))

    @contextmanager
    def stream(self, url: str) -> Iterator[Iterator[bytes]]:
        # There is no response before the first piece of its body has come: so it is waited for when that is.
        with ExitStack() as opened:

            def pieces() -> Iterator[bytes]:
                yield from opened.enter_context(self._session.stream("GET", url, timeout=_PATIENCE)).iter_content()

            yield pieces()

    def close(self) -> None:
        self._session.executor.shutdown()  # in whose threads it streams
        self._session.close()


class AsyncCurlCffi(AsyncClient):
    name = "curl_cffi-async"
    module = "curl_cffi"
    can: ClassVar = _CAN
    automatic: ClassVar = _AUTOMATIC

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._session: Any = None

    def _open(self) -> Any:
        """The session; it can only be made inside the loop."""
        import curl_cffi

        if self._session is None:
            self._session = curl_cffi.AsyncSession(max_clients=200, **_options(self))
        return self._session

    async def afetch(self, method: str, url: str, headers: Fields = None, body: Any = None) -> Result:
        return _result(await self._open().request(method, url, quote=False, **_request(headers, body)))

    @asynccontextmanager
    async def astream(self, url: str) -> AsyncIterator[AsyncIterator[bytes]]:
        async with AsyncExitStack() as opened:

            async def pieces() -> AsyncIterator[bytes]:
                response = await opened.enter_async_context(self._open().stream("GET", url, timeout=_PATIENCE))
                async for piece in response.aiter_content():
                    yield piece

            yield pieces()

    async def aclose(self) -> None:
        if self._session is not None:
            await self._session.close()


CLIENTS = (CurlCffi, AsyncCurlCffi)
