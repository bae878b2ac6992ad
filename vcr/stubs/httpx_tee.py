"""The bodies of responses of httpx and httpcore: recorded pieces, or a live stream to which the cassette listens.

This file must not know how a module shows a request or a response, an option or a file.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import sys
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextvars import ContextVar
from typing import Any, Protocol

import anyio
import anyio.lowlevel

from .._engine.cassette import Turn
from .._http.fields import content_length
from .cancellation import CANCEL_LIMIT
from .exchange import Exchange, going_live
from .httpx_errors import Errors

log = logging.getLogger(__name__)

# Taken at import, because libraries that stop the clock of a test replace the function in ``time``.
_clock = time.monotonic

#: What a live stream has given: a piece, an error, or None at its end.
_Received = bytes | Exception | None

# -- recorded bodies ---------------------------------------------------------------------------------------------------


class Pieces:
    """A body in pieces. ``error``: what is raised after the last piece. ``waits``: the program cancelled the request
    there, so the replay waits to be cancelled before it raises the error."""

    def __init__(self, pieces: list[bytes], error: Exception | None = None, *, waits: bool = False) -> None:
        self._pieces = pieces
        self.error = error
        self.waits = waits

    def __iter__(self) -> Iterator[bytes]:
        yield from self._pieces
        if self.waits:
            time.sleep(CANCEL_LIMIT)
        if self.error is not None:
            raise self.error

    def __aiter__(self) -> AsyncIterator[bytes]:
        return _AsyncPieces(self, iter(self._pieces))


class _AsyncPieces:
    """The asynchronous iterator of ``Pieces``. It is no generator, because the event loop registers each generator."""

    def __init__(self, body: Pieces, pieces: Iterator[bytes]) -> None:
        self._body, self._pieces = body, pieces
        self._has_begun = False

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        for piece in self._pieces:
            if self._has_begun:  # the first piece has come with the head
                await anyio.lowlevel.checkpoint()
            self._has_begun = True
            return piece
        if self._body.waits:
            await anyio.sleep(CANCEL_LIMIT)
        if self._body.error is not None:
            raise self._body.error
        raise StopAsyncIteration


class NoNetwork:
    """Takes the place of the network stream of a replayed response, which has no connection."""

    def get_extra_info(self, info: str) -> None:
        """Return None, as for every ``info`` that a connection does not have."""


# -- live bodies -------------------------------------------------------------------------------------------------------


class Streamed(Protocol):
    """What the requests and responses of httpx and httpcore have in common."""

    stream: Any  # an iterable of bytes, an asynchronous one, or both
    extensions: Any


class _LiveStream:
    """A live stream. Its pieces go to the client and to the exchange."""

    def __init__(self, errors: Errors, response: Streamed, exchange: Exchange, turn: Turn) -> None:
        self.exchange = exchange
        self._errors, self._turn = errors, turn
        self._stream = response.stream
        self._network = response.extensions.get("network_stream")
        #: What to tell the exchange of the end of the stream. It is told when the stream has been closed, because
        #: closing may fail, too.
        self._end: Callable[[], None] | None = None
        self._has_raised = False  # the client has got an error of the stream
        exchange.settle_with(self.settle)

    def settle(self) -> None:
        """Keep what has come: the cassette closes."""
        self.exchange.closing()
        self._stop()

    def _hand_over(self, received: _Received) -> bytes | None:
        """Tell the exchange what the client gets now: a piece, or None at the end. Raises an error, if that was
        received."""
        if received is not None and not isinstance(received, Exception):
            self.exchange.piece(received)
            return received
        # The client may never close a stream that has ended, so the method is not held weakly.
        self._turn.stream(self._note_end(received), weakly=False)
        if received is not None:
            self._has_raised = True
            raise received
        return None

    def _interrupted(self, error: BaseException) -> None:
        """Note that ``error`` interrupts the client while it waits for the next piece: its task is cancelled."""
        self._has_raised = True
        self.exchange.cancelled(error)

    def _note_end(self, error: Exception | None) -> Callable[[], None]:
        """Note that the stream has ended, or has raised ``error``. Returns what to tell the exchange."""
        exchange = self.exchange
        self._end = exchange.end if error is None else functools.partial(exchange.error, self._errors.failure(error))
        return self._end

    def _leave(self) -> float:
        """Note that the client closes the stream. Returns for how many seconds to read on for the cassette."""
        if self._end is not None:
            return 0
        self.exchange.left(sys.exc_info()[1])
        return self.exchange.patience().seconds

    def _stop(self) -> None:
        """End the exchange with what has come."""
        (self._end or self.exchange.stop)()

    @contextlib.contextmanager
    def _closing(self) -> Iterator[None]:
        """A block that closes the stream, and ends the exchange. If closing fails, nothing is kept: no replay could
        raise the error that the client gets then. If the stream has failed before, the client gets that error (as with
        VCR.py)."""
        try:
            yield
        except Exception as error:
            if not self._has_raised:
                self.exchange.error(None)
                raise
            log.debug("A stream that had failed could not be closed: %s", error)
        finally:
            self._stop()


class Tee(_LiveStream):
    """The live stream of a synchronous client."""

    def __init__(self, errors: Errors, response: Streamed, exchange: Exchange, turn: Turn) -> None:
        self._ahead: deque[_Received] = deque()  # received for the cassette, before the client has asked for it
        self._reading = threading.Lock()
        super().__init__(errors, response, exchange, turn)

    def __iter__(self) -> Iterator[bytes]:
        while (piece := self._next()) is not None:
            yield piece

    def _next(self) -> bytes | None:
        try:
            with self._reading:
                received = self._ahead.popleft() if self._ahead else self._receive()
        except BaseException as interrupt:
            self._interrupted(interrupt)
            raise
        return self._hand_over(received)

    @functools.cached_property
    def _source(self) -> Iterator[bytes]:
        return iter(self._stream)

    def _receive(self) -> _Received:
        try:
            with going_live(self._turn):
                return next(self._source, None)
        except Exception as error:  # noqa: BLE001  (``_hand_over`` raises it)
            return error

    def settle(self) -> None:
        """Read on within the limits, and keep what has come: the cassette closes. The client gets it later."""
        self.exchange.closing()
        seconds = 0 if self._end is not None else self.exchange.patience().seconds
        # If another thread waits for the next piece, the cassette does not wait with it.
        if seconds and self._reading.acquire(blocking=False):
            # The read has no time limit of its own, so a thread reads, and goes on when the time is up.
            reader = threading.Thread(target=self._read_on, name="vcr-read-ahead", daemon=True)
            reader.start()
            reader.join(seconds)
        self._stop()

    def close(self) -> None:
        """Read on for the cassette within the limits, then close the stream: the client reads no more."""
        seconds = self._leave()
        # Without a network stream a read has no time limit, so only a body of announced length is read on.
        can_read = self._network is not None or content_length(self.exchange.headers) is not None
        try:
            if seconds and can_read and self._reading.acquire(blocking=False):
                with _time_limit(self._network, seconds):
                    self._read_on()
        finally:
            with self._closing():
                self._stream.close()

    def _read_on(self) -> None:
        """Read for the cassette while the exchange has patience. The caller has acquired the lock; it is released."""
        try:
            while self.exchange.patience().seconds:
                received = self._receive()
                self._ahead.append(received)
                if received is None or isinstance(received, Exception):
                    self._note_end(received)
                    break
                self.exchange.piece(received)
        finally:
            self._reading.release()


class AsyncTee(_LiveStream):
    """The live stream of an asynchronous client."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            try:
                received = await self._receive()
            except BaseException as interrupt:  # the task is cancelled
                self._interrupted(interrupt)
                raise
            piece = self._hand_over(received)
            if piece is None:
                return
            yield piece

    @functools.cached_property
    def _source(self) -> AsyncIterator[bytes]:
        return aiter(self._stream)

    async def _receive(self) -> _Received:
        try:
            with going_live(self._turn):
                return await self._source.__anext__()
        except StopAsyncIteration:
            return None
        except Exception as error:  # noqa: BLE001  (``_hand_over`` raises it)
            return error

    async def aclose(self) -> None:
        """Read on for the cassette within the limits, then close the stream: the client reads no more."""
        seconds = self._leave()
        try:
            if seconds:
                with anyio.move_on_after(seconds):
                    await self._read_on()
        finally:
            with self._closing():
                await self._stream.aclose()

    async def _read_on(self) -> None:
        while self.exchange.patience().seconds:
            received = await self._receive()
            if received is None or isinstance(received, Exception):
                self._note_end(received)
                break
            self.exchange.piece(received)


# -- a time limit for reading ------------------------------------------------------------------------------------------

_deadline: ContextVar[float | None] = ContextVar("vcr_httpx_deadline", default=None)


class _TooLate(BaseException):
    """Nothing has come before the deadline. This is no ``Exception``, because httpcore would close a connection of
    HTTP/2, which other streams use, after one."""


class _ReadInTime:
    """Replaces ``read`` of a network stream. Raises _TooLate at the deadline, if there is one."""

    def __init__(self, read: Callable[[int, float | None], bytes]) -> None:
        self._read = read

    def __call__(self, max_bytes: int, timeout: float | None = None) -> bytes:
        deadline = _deadline.get()
        if deadline is None:
            return self._read(max_bytes, timeout)
        left = deadline - _clock()
        if left <= 0:
            raise _TooLate
        try:
            return self._read(max_bytes, left if timeout is None else min(left, timeout))
        except Exception as error:
            if _clock() < deadline:
                raise
            raise _TooLate from error


@contextlib.contextmanager
def _time_limit(network: Any, seconds: float) -> Iterator[None]:
    """A block in which reading from ``network`` ends after so many seconds. None: there is no network stream."""
    if network is not None and not isinstance(network.read, _ReadInTime):
        # This stays, because other streams of the connection may be reading.
        network.read = _ReadInTime(network.read)
    token = _deadline.set(_clock() + seconds)
    try:
        with contextlib.suppress(_TooLate):
            yield
    finally:
        _deadline.reset(token)
