"""A live response of aiohttp, on its way from the transport to aiohttp's protocol and to its exchange.

This file must not know how a request is taken in, an option or a file.
"""

from __future__ import annotations

import asyncio
import functools
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from aiohttp.streams import StreamReader

from .._engine.cassette import Turn
from .._http.failure import RESPONSE, Failure
from .._http.fields import is_chunked
from ..request import Headers
from .aiohttp_errors import failure_of, failure_to_parse
from .exchange import Exchange

if TYPE_CHECKING:
    from aiohttp import BaseConnector
    from aiohttp.helpers import BaseTimerContext
    from aiohttp.http import RawResponseMessage


class WatchedReader(StreamReader):
    """The body of a recorded response. The recorder is told when the program is cancelled while it waits for more."""

    __slots__ = ()

    async def _wait(self, func_name: str) -> None:
        transport = self._protocol.transport
        listener = None if transport is None else transport.get_protocol()
        try:
            await super()._wait(func_name)
        except asyncio.CancelledError as error:
            if isinstance(listener, Recorder):
                listener.cancellation = error
            raise
        if isinstance(listener, Recorder):
            listener.cancellation = None  # the program has gone on reading after a cancellation


def ends_of(connector: BaseConnector) -> set[asyncio.Future[None]]:
    """A future for each response of ``connector`` that is being read on for the cassette; done when that has ended."""
    ends: set[asyncio.Future[None]] = vars(connector).setdefault("_vcr_ends", set())
    return ends


def _nothing() -> None:
    pass


class Recorder(asyncio.Protocol):
    """Stands between a live transport and aiohttp's protocol. Bytes go to the client as they arrive, and to the
    exchange. When the exchange is over, the transport is given aiohttp's protocol again."""

    def __init__(
        self, protocol: ResponseHandler, exchange: Exchange, turn: Turn, timer: BaseTimerContext | None
    ) -> None:
        assert protocol.transport is not None
        self.protocol = protocol
        self.transport = protocol.transport
        self._exchange = exchange
        self._timer = timer
        #: Whether the response is recorded, also when that is over.
        self.records = turn.records
        #: The error with which the program was cancelled while it waited for more of the body.
        self.cancellation: asyncio.CancelledError | None = None
        #: Called before each report to the exchange, to amend a request whose body is still being sent.
        self.amend: Callable[[], None] = _nothing
        self._hook_error: Exception | None = None
        self._is_sending = False
        self._is_parsing = False
        self._left_while_parsing = False
        self._to_close: Connection | None = None  # when reading on has ended
        self._time_limit: asyncio.TimerHandle | None = None  # of reading on
        self.transport.set_protocol(self)
        exchange.settle_with(self.settle)

    def send(self, request: bytearray, *, is_whole: bool = True) -> None:
        """Send the request as the client wrote it. The client's time limit for reading starts when all is sent."""
        self.transport.write(request)
        self._exchange.sent()
        if is_whole and not self._is_sending:
            self.protocol.start_timeout()

    async def read(self) -> tuple[RawResponseMessage, StreamReader]:
        """Wait for the next message. Returns the message and the stream of its body."""
        with self._exchange.reporting(functools.partial(failure_of, phase=RESPONSE, timer=self._timer)):
            message, payload = await self.protocol.read()
        self.raise_hook_error()
        if self.records and not payload.is_eof():
            payload.__class__ = WatchedReader
        if message.code == 101 and not self._exchange.has_head:
            # aiohttp takes this for the response, whether the program has asked for an upgrade or not.
            fields = Headers((name.decode("latin-1"), value.decode("latin-1")) for name, value in message.raw_headers)
            self._exchange.head(101, message.reason, fields)
            self._tell(self._exchange.end)
        if message.code == 100:
            # aiohttp stops the time limit at each message without a body. It starts the limit again when it has
            # sent the body of the request, but here that has been sent already.
            self.protocol.start_timeout()
        return message, payload

    # -- what the transport calls --------------------------------------------------------------------------------------

    def pause_writing(self) -> None:
        """Note that the transport cannot send more of the request now."""
        self._is_sending = True
        self.protocol.pause_writing()

    def resume_writing(self) -> None:
        """Note that the transport can send again. It holds little of the request, so the time limit starts."""
        self._is_sending = False
        self.protocol.resume_writing()
        self.protocol.start_timeout()

    def data_received(self, data: bytes) -> None:
        """Hand bytes to the client, and to the exchange."""
        self._parse(data)
        if self._to_close is not None:
            self.transport.resume_reading()
            if not self._exchange.patience().seconds:
                self._stop_reading_on()
        elif self._exchange.over and not self._is_sending:
            self._step_aside()

    def _parse(self, data: bytes) -> None:
        """Let aiohttp parse ``data``, then tell the exchange. What aiohttp refuses is a failure, even if the exchange
        could read it. A client that has left gets the bytes too, because it can still read the response."""
        self._is_parsing = True
        try:
            self.protocol.data_received(data)
        finally:
            self._is_parsing = False
        refused = self.protocol.exception()
        if refused is None:
            self._tell(self._exchange.received, data)
        else:
            self._tell(self._exchange.error, failure_to_parse(refused))
        if self._left_while_parsing:
            self._tell(self._exchange.stop)

    def eof_received(self) -> None:
        """Tell aiohttp that the server has closed its side. ``connection_lost`` tells the exchange."""
        self.protocol.eof_received()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Tell the exchange, and aiohttp, that the connection is closed. If the client has closed it, aiohttp's
        protocol has no transport any more."""
        if self._exchange.has_head:  # before the head, ``read`` tells the exchange
            failure = None if exc is None or self._to_close is not None else Failure.of(exc, RESPONSE)
            if failure is not None:
                self._tell(self._exchange.error, failure)
            elif exc is None and self.protocol.transport is not None and not is_chunked(self._exchange.headers):
                self._tell(self._exchange.eof)  # to aiohttp, nothing but the last chunk ends a chunked body
            self._tell(self._exchange.stop)
        self.protocol.connection_lost(exc)
        self._stop_reading_on()

    # -- the end -------------------------------------------------------------------------------------------------------

    def _tell(self, event: Callable[..., None], *about: object) -> None:
        """Tell the exchange something. If that runs a hook of the program, and the hook raises, the client gets the
        error when it reads."""
        self.amend()
        try:
            event(*about)
        except Exception as error:  # noqa: BLE001  (a hook may raise anything)
            self._hook_error = error
            if self.protocol._payload is not None:
                self.protocol._payload.set_exception(error)

    def raise_hook_error(self) -> None:
        """Raise the error of a hook, once."""
        error, self._hook_error = self._hook_error, None
        if error is not None:
            raise error

    def settle(self) -> None:
        """Keep what has come: the cassette closes. Raises what a hook raises."""
        self.amend()
        if self.cancellation is not None:
            self._exchange.cancelled(self.cancellation)
        self._exchange.settle()

    def leave(self) -> bool:
        """Note that the client leaves the response. Returns whether aiohttp gets the connection back now; if not, call
        ``read_on`` with the connection."""
        if self._is_parsing:  # the end of the message is among the bytes that aiohttp parses
            self._left_while_parsing = True
            return True
        if (timeout := self._timeout_of_body()) is not None:
            self._tell(self._exchange.error, timeout)
        elif self.cancellation is not None:
            self._tell(self._exchange.cancelled, self.cancellation)
        elif self._exchange.has_head:
            self._tell(self._exchange.left, sys.exc_info()[1])
        can_read = self.protocol.exception() is None and not self.transport.is_closing()
        if can_read and self._exchange.has_head and self._exchange.patience().seconds:
            return False
        self._tell(self._exchange.stop)
        self._step_aside()
        return True

    def _timeout_of_body(self) -> Failure | None:
        """The failure, if the client leaves because the body did not come in time."""
        seen = self.protocol.exception() or sys.exc_info()[1]
        return failure_of(seen, RESPONSE, self._timer) if isinstance(seen, asyncio.TimeoutError) else None

    def _step_aside(self) -> None:
        if self.transport.get_protocol() is self:
            self.transport.set_protocol(self.protocol)

    def read_on(self, connection: Connection) -> None:
        """Read the rest of the message for the cassette, then close ``connection``. The client has left."""
        loop = asyncio.get_running_loop()
        self._to_close, self._ended = connection, loop.create_future()
        self._time_limit = loop.call_later(self._exchange.patience().seconds, self._stop_reading_on)
        ends = ends_of(connection._connector)
        ends.add(self._ended)
        self._ended.add_done_callback(ends.discard)
        self.transport.resume_reading()

    async def wait_until_ended(self) -> None:
        """Wait until the response has been read on for the cassette. Raises what a hook has raised."""
        if self._to_close is not None:
            await asyncio.wait([self._ended])
        self.raise_hook_error()

    def _stop_reading_on(self) -> None:
        if self._to_close is None or self._time_limit is None:
            return
        connection, self._to_close = self._to_close, None
        self._time_limit.cancel()
        try:
            self._tell(self._exchange.stop)
            self._step_aside()
            connection.close()
        finally:
            self._ended.set_result(None)  # even after an error, because a task may wait for it
