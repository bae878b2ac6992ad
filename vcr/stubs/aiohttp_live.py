"""A live response of aiohttp's, on its way from the transport to aiohttp's protocol and to its exchange.

It must not know how a request is taken in, an option or a file.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar
from weakref import WeakSet

from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from aiohttp.streams import StreamReader

from .._engine.cassette import Turn
from .._http.failure import RESPONSE, Failure
from .._http.fields import is_chunked
from ..request import Headers
from .aiohttp_errors import failing, failure_of, failure_to_parse
from .exchange import Exchange

if TYPE_CHECKING:
    from aiohttp import BaseConnector
    from aiohttp.helpers import BaseTimerContext
    from aiohttp.http import RawResponseMessage


class WatchedReader(StreamReader):
    """The body of a recorded response: the recorder hears when the program is cancelled while it waits for more."""

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
            listener.cancellation = None  # it went on


def _nothing() -> None:
    pass


class Recorder(asyncio.Protocol):
    """Stands between a live transport and aiohttp's protocol: bytes go to the client as they arrive, and to the
    exchange. When that is over, it steps aside."""

    #: Those whose client has gone, and that read on.
    draining: ClassVar[WeakSet[Recorder]] = WeakSet()

    def __init__(
        self, protocol: ResponseHandler, exchange: Exchange, turn: Turn, timer: BaseTimerContext | None
    ) -> None:
        assert protocol.transport is not None
        self.protocol = protocol
        self.transport = protocol.transport
        self._exchange = exchange
        self._timer = timer
        #: Whether there is, or was, something to record.
        self.has_recorded = turn.records
        #: What the program was cancelled with while it waited for more of the body.
        self.cancellation: asyncio.CancelledError | None = None
        #: Called before the exchange hears of something: of a request that is still being made.
        self.before_the_end: Callable[[], None] = _nothing
        self._error: Exception | None = None  # of a hook
        self._is_sending = False
        self._is_parsing = False
        self._is_let_go = False
        self._rest: Connection | None = None  # to be closed when the rest has been read
        self._deadline: asyncio.TimerHandle | None = None
        self.transport.set_protocol(self)
        exchange.settle_with(self.settle)

    def send(self, request: bytearray, *, is_whole: bool = True) -> None:
        """Send the request, exactly as the client wrote it; the timeout of reading runs from when it is out."""
        self.transport.write(request)
        self._exchange.sent()
        if is_whole and not self._is_sending:
            self.protocol.start_timeout()

    async def read(self) -> tuple[RawResponseMessage, StreamReader]:
        """The next message, and its payload."""
        with failing(self._exchange, RESPONSE, self._timer):
            message, payload = await self.protocol.read()
        self.raise_error()
        if self.has_recorded and not payload.is_eof():
            payload.__class__ = WatchedReader
        if message.code == 101 and not self._exchange.has_head:
            # To aiohttp that is the response, asked for or not.
            fields = Headers((name.decode("latin-1"), value.decode("latin-1")) for name, value in message.raw_headers)
            self._exchange.head(101, message.reason, fields)
            self._tell(self._exchange.end)
        if message.code == 100:
            # aiohttp stops the clock with every message that has no payload; it is to start it again with the body,
            # which is out already.
            self.protocol.start_timeout()
        return message, payload

    # -- what the transport says ---------------------------------------------------------------------------------------

    def pause_writing(self) -> None:
        """The request has to wait."""
        self._is_sending = True
        self.protocol.pause_writing()

    def resume_writing(self) -> None:
        """The request is out, but for what the transport holds."""
        self._is_sending = False
        self.protocol.resume_writing()
        self.protocol.start_timeout()

    def data_received(self, data: bytes) -> None:
        """Hand bytes to the client, and to the exchange."""
        self._parse(data)
        if self._rest is not None:
            self.transport.resume_reading()
            if not self._exchange.patience().seconds:
                self._end_drain()
        elif self._exchange.over and not self._is_sending:
            self._step_aside()

    def _parse(self, data: bytes) -> None:
        """Let aiohttp see ``data`` first: what it refuses is no response, whatever the exchange would make of it."""
        self._is_parsing = True
        try:
            self.protocol.data_received(data)  # (also of a client that has gone: the response can still be read)
        finally:
            self._is_parsing = False
        refused = self.protocol.exception()
        if refused is None:
            self._tell(self._exchange.received, data)
        else:
            self._tell(self._exchange.error, failure_to_parse(refused))
        if self._is_let_go:
            self._tell(self._exchange.stop)

    def eof_received(self) -> None:
        """The server has closed its side."""
        self.protocol.eof_received()

    def connection_lost(self, exc: BaseException | None) -> None:
        """The server has closed, or the client (then the protocol has no transport any more)."""
        # Before the head it is the reader of the head who hears of it.
        if self._exchange.has_head:
            failure = None if exc is None or self._rest is not None else Failure.of(exc, RESPONSE)
            if failure is not None:
                self._tell(self._exchange.error, failure)
            elif exc is None and self.protocol.transport is not None and not is_chunked(self._exchange.headers):
                self._tell(self._exchange.eof)  # (to aiohttp, only the last chunk is the end of chunks)
            self._tell(self._exchange.stop)
        self.protocol.connection_lost(exc)
        self._end_drain()

    # -- the end -------------------------------------------------------------------------------------------------------

    def _tell(self, event: Callable[..., None], *about: object) -> None:
        """Tell the exchange. A hook may run, and raise: the client hears of that as of any failure to read."""
        self.before_the_end()
        try:
            event(*about)
        except Exception as error:  # noqa: BLE001  (whatever a hook raises)
            self._error = error
            if self.protocol._payload is not None:
                self.protocol._payload.set_exception(error)

    def settle(self) -> None:
        """The cassette closes: what has come is what there is. Raises what a hook raises."""
        self.before_the_end()
        if self.cancellation is not None:
            self._exchange.cancelled(self.cancellation)
        self._exchange.settle()

    def let_go(self) -> bool:
        """The client is done. Whether it may have its connection back; if not, the rest is to be read: call
        ``drain``."""
        if self._is_parsing:  # The end of the message is among these bytes.
            self._is_let_go = True
            return True
        if (late := self._late) is not None:
            self._tell(self._exchange.error, late)
        elif self.cancellation is not None:
            self._tell(self._exchange.cancelled, self.cancellation)
        elif self._exchange.has_head:
            self._tell(self._exchange.left, sys.exc_info()[1])
        can_come = self.protocol.exception() is None and not self.transport.is_closing()
        if can_come and self._exchange.has_head and self._exchange.patience().seconds:
            return False
        self._tell(self._exchange.stop)
        self._step_aside()
        return True

    @property
    def _late(self) -> Failure | None:
        """If the rest did not come in time."""
        seen = self.protocol.exception() or sys.exc_info()[1]
        return failure_of(seen, RESPONSE, self._timer) if isinstance(seen, asyncio.TimeoutError) else None

    def _step_aside(self) -> None:
        if self.transport.get_protocol() is self:
            self.transport.set_protocol(self.protocol)

    def drain(self, rest: Connection) -> None:
        """The client has gone; ``rest`` is closed when the message has ended, or is not worth waiting for."""
        loop = asyncio.get_running_loop()
        self._rest, self.ended = rest, loop.create_future()
        self._deadline = loop.call_later(self._exchange.patience().seconds, self._end_drain)
        Recorder.draining.add(self)
        self.transport.resume_reading()

    def serves(self, connector: BaseConnector) -> bool:
        """Whether this connector waits for the rest."""
        return self._rest is not None and self._rest._connector is connector

    async def drained(self) -> None:
        """Wait until what the client has left unread is read."""
        if self in Recorder.draining:
            await asyncio.wait([self.ended])
        self.raise_error()

    def raise_error(self) -> None:
        """Raise what a hook has raised, if nobody has heard of it."""
        error, self._error = self._error, None
        if error is not None:
            raise error

    def _end_drain(self) -> None:
        if self._rest is None or self._deadline is None:
            return
        rest, self._rest = self._rest, None
        self._deadline.cancel()
        Recorder.draining.discard(self)
        try:
            self._tell(self._exchange.stop)
            self._step_aside()
            rest.close()
        finally:
            self.ended.set_result(None)  # whatever happens, somebody waits for it
