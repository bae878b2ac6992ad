"""Room: each client, getting what it is told to, and its floor: the same client with an answer from memory."""

from __future__ import annotations

import asyncio
import io
import socket
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

from .cassettes import payload
from .clock import Clock

_BODY = payload(0).encode()
_HEADERS = [(b"Content-Type", b"application/json"), (b"Content-Length", str(len(_BODY)).encode())]
CANNED = b"HTTP/1.1 200 OK\r\n" + b"".join(b"%s: %s\r\n" % pair for pair in _HEADERS) + b"\r\n" + _BODY


class CannedSocket:
    """A socket that answers from memory. It can be polled, as pools do, and is never readable."""

    _idle, _other = socket.socketpair()

    def makefile(self, *_: Any, **__: Any) -> io.BytesIO:
        """The next answer."""
        return io.BytesIO(CANNED)

    def sendall(self, data: Any) -> None:
        """Sent."""

    def fileno(self) -> int:
        """What to poll."""
        return self._idle.fileno()

    def close(self, *_: Any) -> None:
        """Nothing is open."""

    shutdown = setsockopt = settimeout = close


def _plug(self: Any) -> None:
    self.sock = CannedSocket()


def http_client(urls: Sequence[str], floor: bool, _session: Any, clock: Clock) -> None:
    """One kept-alive connection."""
    from http.client import HTTPConnection

    parts = [urlsplit(url) for url in urls]
    targets = [f"{part.path}?{part.query}" for part in parts]
    connection = HTTPConnection(parts[0].netloc)
    if floor:
        connection.connect = _plug.__get__(connection)  # type: ignore[method-assign]
    with clock:
        for target in targets:
            connection.request("GET", target)
            connection.getresponse().read()
    connection.close()


def urllib3(urls: Sequence[str], floor: bool, _session: Any, clock: Clock) -> None:
    """One pool manager."""
    import urllib3

    if floor:
        urllib3.connection.HTTPConnection.connect = _plug  # type: ignore[method-assign]
    with urllib3.PoolManager() as pools, clock:
        for url in urls:
            _ = pools.request("GET", url).data


def requests(urls: Sequence[str], floor: bool, session: Any, clock: Clock) -> None:
    """One session."""
    import urllib3

    if floor:
        urllib3.connection.HTTPConnection.connect = _plug  # type: ignore[method-assign]
    with clock:
        for url in urls:
            _ = session.get(url).content


def httplib2(urls: Sequence[str], floor: bool, _session: Any, clock: Clock) -> None:
    """One Http, without a cache."""
    import httplib2

    if floor:
        httplib2.HTTPConnectionWithTimeout.connect = _plug
    http = httplib2.Http()
    with clock:
        for url in urls:
            http.request(url)
    http.close()


def _canned_httpx() -> Any:
    import httpx

    return httpx.MockTransport(lambda _: httpx.Response(200, headers=_HEADERS, content=_BODY))


def httpx(urls: Sequence[str], floor: bool, _session: Any, clock: Clock) -> None:
    """One client."""
    import httpx

    with httpx.Client(transport=_canned_httpx() if floor else None) as client, clock:
        for url in urls:
            _ = client.get(url).content


def httpx_async(urls: Sequence[str], floor: bool, _session: Any, clock: Clock) -> None:
    """One client, a request after another."""
    import httpx

    async def visit() -> None:
        async with httpx.AsyncClient(transport=_canned_httpx() if floor else None) as client:
            with clock:
                for url in urls:
                    _ = (await client.get(url)).content

    asyncio.run(visit())


def _canned_aiohttp() -> Any:
    import aiohttp
    from aiohttp.client_proto import ResponseHandler

    class Transport(asyncio.Transport):
        def __init__(self, protocol: Any) -> None:
            super().__init__()
            self._protocol = protocol
            self._closing = False

        def write(self, _: Any) -> None:
            asyncio.get_running_loop().call_soon(self._protocol.data_received, CANNED)

        def is_closing(self) -> bool:
            return self._closing

        def close(self) -> None:
            if not self._closing:
                self._closing = True
                asyncio.get_running_loop().call_soon(self._protocol.connection_lost, None)

        abort = close

    class Connector(aiohttp.BaseConnector):
        async def _create_connection(self, *_: Any) -> ResponseHandler:
            protocol = ResponseHandler(asyncio.get_running_loop())
            protocol.connection_made(Transport(protocol))
            return protocol

    return Connector()


def aiohttp(urls: Sequence[str], floor: bool, _session: Any, clock: Clock) -> None:
    """One session, a request after another."""
    import aiohttp

    async def visit() -> None:
        async with aiohttp.ClientSession(connector=_canned_aiohttp() if floor else None) as client:
            with clock:
                for url in urls:
                    async with client.get(url) as response:
                        await response.read()

    asyncio.run(visit())


#: Called with the URLs, whether to answer from memory, the requests.Session that the cassette is open on, and a clock.
CLIENTS: dict[str, Callable[[Sequence[str], bool, Any, Clock], None]] = {
    "http.client": http_client,
    "urllib3": urllib3,
    "requests": requests,
    "httplib2": httplib2,
    "httpx": httpx,
    "httpx async": httpx_async,
    "aiohttp": aiohttp,
}
