"""Stands between aiohttp and a cassette. It must not know an option or a file.

aiohttp asks its connector for a connection, writes the request to the transport of the connection, and reads the
response from the protocol of the connection. Inside a cassette the connector returns a ``CassetteConnection``, which
has opened nothing. Its transport keeps the request. When aiohttp reads the response, in the task of the caller, the
protocol takes the turn; so errors, timeouts and cancellations take their usual way.

- On replay, aiohttp's own parser reads the recorded bytes, one piece each time that the client waits for more.
- A live request connects now, with aiohttp's own connector. While its response is recorded, a ``Recorder`` stands
  between the transport and the protocol.
- A recorded failure is raised where aiohttp's own code raised it live.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TYPE_CHECKING

import aiohttp
from aiohttp.connector import Connection
from aiohttp.helpers import ceil_timeout

from .._engine.cassette import Cassette, Turn
from .._http.failure import CONNECT
from .._http.fields import Dialect, asks_for_upgrade
from ..request import header_name
from .aiohttp_errors import ConnectionTimeoutError, failure_of, raise_connecting
from .aiohttp_live import Recorder, ends_of
from .aiohttp_protocol import CassetteProtocol
from .door import bound
from .exchange import Exchange, cassette_for, going_live
from .upgrade import let_upgrade

if TYPE_CHECKING:
    from aiohttp.helpers import BaseTimerContext
    from aiohttp.tracing import Trace

#: Connects to the server, as aiohttp's own connector does.
Connect = Callable[[], Awaitable[Connection]]

# -- the doors ---------------------------------------------------------------------------------------------------------


def connect_door(original: Callable[..., Awaitable[Connection]]) -> Callable[..., Awaitable[Connection]]:
    """``BaseConnector.connect``: inside a cassette, return a ``CassetteConnection``."""

    @functools.wraps(original)
    async def connect(
        self: aiohttp.BaseConnector, req: aiohttp.ClientRequest, traces: list[Trace], timeout: aiohttp.ClientTimeout
    ) -> Connection:
        cassette = cassette_for(req.url.raw_host or "", type(self))
        connect: Connect = functools.partial(bound(original, self), req, traces, timeout)
        if cassette is None:
            return await connect()
        if asks_for_upgrade(req.headers):
            let_upgrade(cassette, str(req.url), req.headers["Upgrade"])
            return await connect()
        _authorize_at_proxy(req)
        live = functools.partial(_connect_in_time, connect, req, timeout)
        return CassetteConnection(self, req, cassette, live)

    return connect


def update_headers_door(original: Callable[..., None]) -> Callable[..., None]:
    """``ClientRequest.update_headers``: note the names of the header fields that the program has set, for the request
    or for its session. aiohttp adds others later."""

    @functools.wraps(original)
    def update_headers(
        self: aiohttp.ClientRequest, headers: Mapping[str, str] | Iterable[tuple[str, str]] | None
    ) -> None:
        if headers is not None and not isinstance(headers, Mapping):
            headers = list(headers)
        names = headers if isinstance(headers, Mapping) else [name for name, _ in headers or ()]
        self._vcr_given = frozenset(map(header_name, names))  # type: ignore[attr-defined]
        bound(original, self)(headers)

    return update_headers


#: Header fields that are recorded although aiohttp has added them: they say who makes the request, and what its body
#: means. (VCR.py records the body as an object, which needs no type.)
_ADDED_AND_RECORDED = frozenset({"authorization", "content-encoding", "content-type", "cookie"})


def _given(req: aiohttp.ClientRequest) -> frozenset[str] | None:
    """The names of the header fields to record; None for all."""
    given: frozenset[str] | None = getattr(req, "_vcr_given", None)
    if given is None:
        return None
    recorded = given | _ADDED_AND_RECORDED
    session = getattr(req, "_session", None)
    of_session = session.auth.encode() if session is not None and session.auth is not None else None
    if of_session is not None and req.headers.get("Authorization") == of_session:
        # VCR.py does not record the credentials of a session.
        return recorded - ({"authorization"} - given)
    return recorded


def _authorize_at_proxy(req: aiohttp.ClientRequest) -> None:
    """Add ``Proxy-Authorization`` to a plain request. A connector adds the field while it connects, but inside a
    cassette that happens after the request has been written."""
    if req.proxy is None or req.is_ssl():
        return
    to_proxy = aiohttp.ClientRequest("GET", req.proxy, headers=req.proxy_headers, auth=req.proxy_auth, loop=req.loop)
    if "Authorization" in to_proxy.headers:
        req.headers["Proxy-Authorization"] = to_proxy.headers["Authorization"]


async def _connect_in_time(connect: Connect, req: aiohttp.ClientRequest, timeout: aiohttp.ClientTimeout) -> Connection:
    """Connect within the time that the program has set for it, as ``ClientSession`` does around ``connect``."""
    try:
        async with ceil_timeout(timeout.connect, timeout.ceil_threshold):
            return await connect()
    except asyncio.TimeoutError as error:
        raise ConnectionTimeoutError(f"Connection timeout to host {req.url}") from error


def close_door(original: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """``BaseConnector.close``: first wait for the responses that are read on for the cassette."""

    @functools.wraps(original)
    def close(self: aiohttp.BaseConnector, **options: object) -> Awaitable[None]:
        ends = list(ends_of(self))
        if not ends or not self._loop.is_running():
            return bound(original, self)(**options)

        async def wait_and_close() -> None:
            await asyncio.wait(ends)
            await bound(original, self)(**options)

        return self._loop.create_task(wait_and_close())

    return close


def notify_content_door(original: Callable[..., None]) -> Callable[..., None]:
    """``ClientResponse._notify_content``, with which aiohttp makes a response unreadable when it is released or closed.
    With VCR.py such a response can still be read, so a recorded or replayed one can here."""

    @functools.wraps(original)
    def _notify_content(self: aiohttp.ClientResponse) -> None:
        protocol = getattr(self, "_protocol", None)  # missing before the response has started
        if not isinstance(protocol, CassetteProtocol) or not protocol.stays_readable:
            bound(original, self)()

    return _notify_content


def wait_for_close_door(original: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """``ClientResponse.wait_for_close``, which the end of ``async with`` calls: wait until the response has been read
    on for the cassette."""

    @functools.wraps(original)
    async def wait_for_close(self: aiohttp.ClientResponse) -> None:
        await bound(original, self)()
        protocol = getattr(self, "_protocol", None)  # missing before the response has started
        if isinstance(protocol, CassetteProtocol) and protocol.recorder is not None:
            await protocol.recorder.wait_until_ended()

    return wait_for_close


# -- the connection ----------------------------------------------------------------------------------------------------


class CassetteConnection(Connection):
    """A connection that has opened nothing. When its request goes live, it takes over the connection that aiohttp's own
    connector makes."""

    def __init__(
        self, connector: aiohttp.BaseConnector, req: aiohttp.ClientRequest, cassette: Cassette, connect: Connect
    ) -> None:
        loop = asyncio.get_running_loop()
        fail = functools.partial(raise_connecting, connector=connector, req=req)
        protocol = CassetteProtocol(loop, cassette, str(req.url.origin()), self._go_live, fail, given=_given(req))
        super().__init__(connector, req.connection_key, protocol, loop)
        self._connect = connect
        self._recorder: Recorder | None = None

    async def _go_live(self, turn: Turn, method: str, timer: BaseTimerContext | None) -> Recorder:
        exchange = Exchange(turn, method, dialect=Dialect.AIOHTTP)
        with going_live(turn), exchange.reporting(functools.partial(failure_of, phase=CONNECT, timer=timer)):
            real = await self._connect()
        assert real.protocol is not None
        # The finalizer of ``real`` would give a protocol back to the connector.
        self._protocol, real._protocol = real.protocol, None
        self._recorder = Recorder(self._protocol, exchange, turn, timer)
        return self._recorder

    def close(self) -> None:
        """Close the connection, after the rest of a recorded response has been read."""
        self._leave(super().close)

    def release(self) -> None:
        """Give the connection back to the connector, or, if it has opened nothing, drop it. A connection is closed
        instead when the rest of its response has to be read for the cassette."""
        self._leave(super().release)

    def _leave(self, leave: Callable[[], None]) -> None:
        protocol, recorder = self._protocol, self._recorder
        if protocol is None or (recorder is not None and recorder.leave()):
            leave()
            return
        self._notify_release()
        self._protocol = None
        if recorder is None:
            if isinstance(protocol, CassetteProtocol):
                protocol.feed_all()
            protocol.close()
        else:
            recorder.read_on(Connection(self._connector, self._key, protocol, self._loop))
