"""Stands between aiohttp's own code and a cassette. It must not know an option or a file.

aiohttp asks its connector for a connection, writes the request to the connection's transport, and reads messages from
its protocol. Inside a cassette it gets a connection that leads nowhere (``CassetteConnection``), whose transport keeps
the request. What reads the answer takes the turn, in the caller's own task, so that errors, timeouts and cancellation
take the way that they always take:

- replayed, the recorded bytes go through aiohttp's own parser, a piece whenever the client waits for one;
- live, aiohttp's own connector connects now, and the connection becomes that one. While its response is recorded, a
  ``Recorder`` stands between the transport and its protocol;
- a recorded failure befalls aiohttp's protocol where it did live, so that aiohttp makes of it what it always makes.
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
from ..request import Headers, header_name
from .aiohttp_errors import ConnectionTimeoutError, failing, raise_connecting
from .aiohttp_live import Recorder
from .aiohttp_protocol import CassetteProtocol
from .door import bound
from .exchange import Exchange, cassette_for, going_live
from .upgrade import let_upgrade

if TYPE_CHECKING:
    from aiohttp.helpers import BaseTimerContext
    from aiohttp.tracing import Trace

Connect = Callable[[], Awaitable[Connection]]

# -- the doors ---------------------------------------------------------------------------------------------------------


def connect_door(original: Callable[..., Awaitable[Connection]]) -> Callable[..., Awaitable[Connection]]:
    """``BaseConnector.connect``: inside a cassette, to the cassette."""

    @functools.wraps(original)
    async def connect(
        self: aiohttp.BaseConnector, req: aiohttp.ClientRequest, traces: list[Trace], timeout: aiohttp.ClientTimeout
    ) -> Connection:
        cassette = cassette_for(req.url.raw_host or "", type(self))
        connect: Connect = functools.partial(bound(original, self), req, traces, timeout)
        if cassette is None:
            return await connect()
        if asks_for_upgrade(Headers(req.headers.items())):
            let_upgrade(cassette, str(req.url), req.headers["Upgrade"])
            return await connect()
        _authorize_at_proxy(req)
        live = functools.partial(_connect, connect, req, timeout)
        return CassetteConnection(self, req, cassette, live)

    return connect


def update_headers_door(original: Callable[..., None]) -> Callable[..., None]:
    """``ClientRequest.update_headers``: it is given what the program has set, for the request or for its session."""

    @functools.wraps(original)
    def update_headers(
        self: aiohttp.ClientRequest, headers: Mapping[str, str] | Iterable[tuple[str, str]] | None
    ) -> None:
        if headers is not None and not isinstance(headers, Mapping):
            headers = list(headers)
        self._vcr_given = frozenset(map(header_name, Headers(headers)))  # type: ignore[attr-defined]
        bound(original, self)(headers)

    return update_headers


#: What is recorded though aiohttp has added it: whose request it is, and what its body means. (VCR.py keeps the body as
#: an object, and needs no type for it.)
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
        # VCR.py does not see what a session adds.
        return recorded - ({"authorization"} - given)
    return recorded


def _authorize_at_proxy(req: aiohttp.ClientRequest) -> None:
    """What a connector adds to a request while it connects: here that comes after the request has been written."""
    if req.proxy is None or req.is_ssl():
        return
    asked = aiohttp.ClientRequest("GET", req.proxy, headers=req.proxy_headers, auth=req.proxy_auth, loop=req.loop)
    if "Authorization" in asked.headers:
        req.headers["Proxy-Authorization"] = asked.headers["Authorization"]


async def _connect(connect: Connect, req: aiohttp.ClientRequest, timeout: aiohttp.ClientTimeout) -> Connection:
    """Connect, and fail, as ``ClientSession`` does around ``connect``."""
    try:
        async with ceil_timeout(timeout.connect, timeout.ceil_threshold):
            return await connect()
    except asyncio.TimeoutError as error:
        raise ConnectionTimeoutError(f"Connection timeout to host {req.url}") from error


def close_door(original: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """``BaseConnector.close``: what is still read for a cassette's sake is read first."""

    @functools.wraps(original)
    def close(self: aiohttp.BaseConnector, **options: object) -> Awaitable[None]:
        ends = [recorder.ended for recorder in Recorder.draining if recorder.serves(self)]
        if not ends or not self._loop.is_running():
            return bound(original, self)(**options)

        async def drain_and_close() -> None:
            await asyncio.wait(ends)
            await bound(original, self)(**options)

        return self._loop.create_task(drain_and_close())

    return close


def notify_content_door(original: Callable[..., None]) -> Callable[..., None]:
    """``ClientResponse._notify_content``, which makes a response unreadable that is released or closed. VCR.py has read
    it by then, so its users go on reading: what is recorded, or replayed, can be read all the same."""

    @functools.wraps(original)
    def _notify_content(self: aiohttp.ClientResponse) -> None:
        protocol = getattr(self, "_protocol", None)  # (it has none before it is started)
        if not isinstance(protocol, CassetteProtocol) or not protocol.stays_readable:
            bound(original, self)()

    return _notify_content


def wait_for_close_door(original: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """``ClientResponse.wait_for_close``, which leaving ``async with`` calls: the same for one response."""

    @functools.wraps(original)
    async def wait_for_close(self: aiohttp.ClientResponse) -> None:
        await bound(original, self)()
        protocol = getattr(self, "_protocol", None)  # (it has none before it is started)
        if isinstance(protocol, CassetteProtocol) and protocol.recorder is not None:
            await protocol.recorder.drained()

    return wait_for_close


# -- what aiohttp is given ---------------------------------------------------------------------------------------------


class CassetteConnection(Connection):
    """A connection that leads nowhere, until its request goes live: then it is the connector's own, with a difference:
    what the client leaves unread is read on, if it is recorded."""

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
        with going_live(turn), failing(exchange, CONNECT, timer):
            real = await self._connect()
        assert real.protocol is not None
        # Its finalizer is not to give back what is ours now.
        self._protocol, real._protocol = real.protocol, None
        self._recorder = Recorder(self._protocol, exchange, turn, timer)
        return self._recorder

    def close(self) -> None:
        """As ever; nothing of a replay goes to the pool."""
        self._leave(super().close)

    def release(self) -> None:
        """As ever; nothing of a replay goes to the pool."""
        self._leave(super().release)

    def _leave(self, leave: Callable[[], None]) -> None:
        protocol, recorder = self._protocol, self._recorder
        if protocol is None or (recorder is not None and recorder.let_go()):
            leave()
            return
        self._notify_release()
        self._protocol = None
        if recorder is None:
            if isinstance(protocol, CassetteProtocol):
                protocol.feed_all()
            protocol.close()
        else:
            recorder.drain(Connection(self._connector, self._key, protocol, self._loop))
