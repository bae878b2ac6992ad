"""A live response of aiohttp's, on its way from the transport to aiohttp's protocol and to its turn.

It must not know how a request is taken in, an option or a file.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from typing import Any, ClassVar
from weakref import WeakSet

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from aiohttp.streams import StreamReader

from .._engine.cassette import Turn
from .._http.failure import RESPONSE, Failure
from .._http.wire import ResponseReader, media_type
from .aiohttp_errors import failing, failure_of
from .exchange import FINITE_DRAIN, NO_DRAIN, OPEN_DRAIN

#: Who leaves a response because of one of these does not wait for the rest of it.
_HURRY = (asyncio.CancelledError, asyncio.TimeoutError, KeyboardInterrupt)


class WatchedReader(StreamReader):
    """The body of a recorded response: the recorder hears when the program is cancelled while it waits for more."""

    __slots__ = ()

    async def _wait(self, func_name: str) -> None:
        transport = self._protocol.transport
        listener = None if transport is None else transport.get_protocol()
        try:
            await super()._wait(func_name)
        except asyncio.CancelledError:
            if isinstance(listener, Recorder):
                listener.was_cancelled = True
            raise
        if isinstance(listener, Recorder):
            listener.was_cancelled = False  # it went on


def _nothing() -> None:
    pass


class Recorder(asyncio.Protocol):
    """Stands between a live transport and aiohttp's protocol: bytes go to the client as they arrive, and to the turn
    when the message has ended. Then, or if nothing is recorded, it steps aside."""

    #: Those whose client has gone, and that read on.
    draining: ClassVar[WeakSet[Recorder]] = WeakSet()

    def __init__(self, protocol: ResponseHandler, turn: Turn, method: str, timer: Any) -> None:
        assert protocol.transport is not None
        self.protocol = protocol
        self.transport = protocol.transport
        self._turn = turn
        self._timer = timer
        self._reader = ResponseReader(method)
        self._begun = False
        self._over = not turn.records
        #: Whether there is, or was, something to record.
        self.has_recorded = turn.records
        #: Whether the program was cancelled while it waited for more of the body.
        self.was_cancelled = False
        self._error: Exception | None = None  # of a hook
        self._is_sending = False
        #: Called before the turn ends: of a request that is still being made.
        self.before_the_end: Callable[[], None] = _nothing
        self._rest: Connection | None = None  # to be closed when the rest has been read
        self._room = 0
        self._deadline: asyncio.TimerHandle | None = None
        self.transport.set_protocol(self)
        if turn.records:
            turn.stream(self.settle)

    def send(self, request: bytearray, *, is_whole: bool = True) -> None:
        """Send the request, exactly as the client wrote it; the timeout of reading runs from when it is out."""
        self.transport.write(request)
        if is_whole and not self._is_sending:
            self.protocol.start_timeout()

    async def read(self) -> Any:
        """The next message, and its payload."""
        with failing(self._turn, RESPONSE, self._timer):
            message, payload = await self.protocol.read()
        self.raise_error()
        if self.has_recorded and not payload.is_eof():
            payload.__class__ = WatchedReader
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
        """For the cassette, and for the client if there is one still."""
        # aiohttp passes over blank lines before a message.
        self._reader.feed(data if self._begun else data.lstrip(b"\r\n"))
        self._begun = True
        if self._rest is not None:
            self._room -= len(data)
            self.protocol.data_received(data)  # it can still be read
            self.transport.resume_reading()
            if self._reader.complete or self._room <= 0:
                self._end_drain()
            return
        self.protocol.data_received(data)
        if self.protocol.exception() is not None:
            self._over = True  # It is no response to aiohttp: the turn leaves no trace.
        elif self._reader.complete:
            self._finish()
        if self._over and not self._is_sending:
            self._step_aside()

    def eof_received(self) -> None:
        """The server has closed its side."""
        self.protocol.eof_received()

    def connection_lost(self, exc: BaseException | None) -> None:
        """The server has closed, or the client (then the protocol has no transport any more)."""
        if exc is None and self.protocol.transport is not None and self._reader.has_head:
            self._reader.eof()
        self._finish(None if exc is None or self._rest is not None else Failure.of(exc, RESPONSE))
        self.protocol.connection_lost(exc)
        self._end_drain()

    # -- the end -------------------------------------------------------------------------------------------------------

    def settle(self, failure: Failure | None = None) -> None:
        """The cassette closes, or the client has seen a ``failure``: what has come is what there is."""
        if not self._over:
            self._over = True
            self.before_the_end()
            # Without a head there is no response: what happened before it, who reads it hears of.
            if self._reader.has_head:
                if self.was_cancelled and not self._reader.complete and not self._is_event_stream:
                    self._turn.drop()
                else:
                    self._turn.fail(failure, self._reader.response())

    @property
    def _is_event_stream(self) -> bool:
        return not self._reader.finite and media_type(self._reader.headers) == "text/event-stream"

    def _finish(self, failure: Failure | None = None) -> None:
        try:
            self.settle(failure)
        except Exception as error:  # noqa: BLE001  (a hook's: the client's to hear, like any other failure to read)
            self._error = error
            if self.protocol._payload is not None:
                self.protocol._payload.set_exception(error)

    def _step_aside(self) -> None:
        if self.transport.get_protocol() is self:
            self.transport.set_protocol(self.protocol)

    def let_go(self) -> bool:
        """Whether the client may have its connection back. If not, the rest is to be read: call ``drain``."""
        seconds, _ = self._patience()
        if not seconds:
            self._finish(self._late)
            self._step_aside()
        return not seconds

    @property
    def _late(self) -> Failure | None:
        """If the rest did not come in time."""
        seen = self.protocol.exception() or sys.exc_info()[1]
        return failure_of(seen, RESPONSE, self._timer) if isinstance(seen, asyncio.TimeoutError) else None

    def _patience(self) -> tuple[float, int]:
        """For how many seconds, and bytes, the rest is worth waiting for."""
        reader = self._reader
        if self._over or reader.complete or reader.broken or not reader.has_head:
            return NO_DRAIN
        if (
            isinstance(sys.exc_info()[1], _HURRY)
            or self.protocol.exception() is not None
            or self.transport.is_closing()
        ):
            return NO_DRAIN
        if reader.finite:
            return FINITE_DRAIN
        return NO_DRAIN if self._is_event_stream else OPEN_DRAIN

    def drain(self, rest: Connection) -> None:
        """The client has gone; ``rest`` is closed when the message has ended, or is not worth waiting for."""
        loop = asyncio.get_running_loop()
        self._rest, self.ended = rest, loop.create_future()
        seconds, self._room = self._patience()
        self._deadline = loop.call_later(seconds, self._end_drain)
        Recorder.draining.add(self)
        self.transport.resume_reading()

    def serves(self, connector: aiohttp.BaseConnector) -> bool:
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
            self._finish()
            self._step_aside()
            rest.close()
        finally:
            self.ended.set_result(None)  # whatever happens, somebody waits for it
