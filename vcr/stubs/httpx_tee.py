"""The bodies of httpx's and httpcore's responses: recorded pieces, or a live stream to which the cassette listens.

It must not know how a module shows a request or a response, an option or a file.
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

_Came = bytes | Exception | None  # from a live stream; None: its end

# -- streams -----------------------------------------------------------------------------------------------------------


class Pieces:
    """A body in its pieces, and how it ends: in an error, or, if it ``waits``, only when the program cancels it. The
    error is raised if it does not."""

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
    """An iterator over them. (No generator: the event loop keeps a record of each of those.)"""

    def __init__(self, body: Pieces, pieces: Iterator[bytes]) -> None:
        self._body, self._pieces = body, pieces
        self._has_begun = False

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        for piece in self._pieces:
            if self._has_begun:  # (the first piece has come with the head)
                await anyio.lowlevel.checkpoint()
            self._has_begun = True
            return piece
        if self._body.waits:
            await anyio.sleep(CANCEL_LIMIT)
        if self._body.error is not None:
            raise self._body.error
        raise StopAsyncIteration


class NoNetwork:
    """For whoever looks at the connection of a replayed response: there is nothing to be known."""

    def get_extra_info(self, info: str) -> None:
        """None, as of every ``info`` that a connection does not have."""


class Streamed(Protocol):
    """A request, or a response, of httpx's or of httpcore's: what the two modules have in common."""

    stream: Any  # an iterable of bytes, an asynchronous one, or both
    extensions: Any


class _Listener:
    """A live stream, on its way to the client and to its exchange."""

    def __init__(self, errors: Errors, response: Streamed, exchange: Exchange, turn: Turn) -> None:
        self.exchange = exchange
        self._errors, self._turn = errors, turn
        self._stream = response.stream
        self._network = response.extensions.get("network_stream")
        self._has_ended = False  # the exchange hears of it when the stream has been closed, too: that may fail
        self._has_failed = False
        exchange.settle_with(self.settle)

    def settle(self) -> None:
        """The cassette closes: what has come is what there is."""
        self.exchange.closing()
        self._stop()

    def _take(self, came: _Came) -> bytes | None:
        """What the client is given next."""
        if isinstance(came, Exception):
            self._fail(came)
            raise came
        if came is None:
            self._has_ended = True
            self._turn.stream(self.exchange.end, weakly=False)  # a client that reads to the end need not close
        else:
            self.exchange.piece(came)
        return came

    def _fail(self, error: BaseException) -> None:
        """The client sees this error in the place of what is missing."""
        self._has_failed = True
        if isinstance(error, Exception):
            self.exchange.error(self._errors.failure(error))
        else:
            self.exchange.cancelled(error)

    def _leave(self) -> None:
        """The client closes the stream: it wants no more."""
        if not self._has_ended:
            self.exchange.left(sys.exc_info()[1])

    def _stop(self) -> None:
        """No more is read: what has come is kept."""
        if self._has_ended:
            self.exchange.end()
        else:
            self.exchange.stop()

    @contextlib.contextmanager
    def _closing(self) -> Iterator[None]:
        """Around the closing of the stream. If that fails, nothing is kept; the client hears of what failed first."""
        try:
            yield
        except Exception as error:
            if not self._has_failed:
                self.exchange.error(None)
                raise
            log.debug("A stream that had failed could not be closed: %s", error)
        self._stop()


class Tee(_Listener):
    """A live stream of a synchronous client."""

    def __init__(self, errors: Errors, response: Streamed, exchange: Exchange, turn: Turn) -> None:
        self._ahead: deque[_Came] = deque()  # read for the cassette before the client asked
        self._reading = threading.Lock()
        super().__init__(errors, response, exchange, turn)

    def __iter__(self) -> Iterator[bytes]:
        while (piece := self._next()) is not None:
            yield piece

    def _next(self) -> bytes | None:
        try:
            with self._reading:
                came = self._ahead.popleft() if self._ahead else self._receive()
        except BaseException as interrupt:
            self._fail(interrupt)
            raise
        return self._take(came)

    @functools.cached_property
    def _source(self) -> Iterator[bytes]:
        return iter(self._stream)

    def _receive(self) -> _Came:
        try:
            with going_live(self._turn):
                return next(self._source, None)
        except Exception as error:  # noqa: BLE001  (it is raised when its turn has come)
            return error

    def settle(self) -> None:
        """The cassette closes: what comes soon is read ahead of the client."""
        self.exchange.closing()
        seconds = 0 if self._has_ended else self.exchange.patience().seconds
        # Another thread may be waiting for the next piece: the cassette cannot wait with it.
        if seconds and self._reading.acquire(blocking=False):
            # The stream has to live on if nothing comes: it is left to wait by itself.
            reader = threading.Thread(target=self._read_on, name="vcr-read-ahead", daemon=True)
            reader.start()
            reader.join(seconds)
        last = self._ahead[-1] if self._ahead else b""
        if isinstance(last, Exception):
            self._fail(last)  # the client will see it
        self._has_ended = self._has_ended or last is None
        self._stop()

    def close(self) -> None:
        """The client is done: read what is left of a message that ends, for the cassette."""
        self._leave()
        seconds = 0 if self._has_ended else self.exchange.patience().seconds
        # How long a stream of unknown length makes its reader wait is only limited where the network is at hand.
        waits = seconds and (self._network is not None or content_length(self.exchange.headers) is not None)
        try:
            if waits and self._reading.acquire(blocking=False):
                with _punctually(self._network, seconds):
                    self._read_on()
            self._has_ended = self._has_ended or (bool(self._ahead) and self._ahead[-1] is None)
        finally:
            with self._closing():
                self._stream.close()

    def _read_on(self) -> None:
        """Read ahead, as long as the exchange has patience; the lock is held, and let go at the end."""
        try:
            while self.exchange.patience().seconds:
                came = self._receive()
                self._ahead.append(came)
                if not isinstance(came, bytes):
                    break
                self.exchange.piece(came)
        finally:
            self._reading.release()


class AsyncTee(_Listener):
    """A live stream of an asynchronous client."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            try:
                came = await self._receive()
            except BaseException as interrupt:  # the task is cancelled
                self._fail(interrupt)
                raise
            piece = self._take(came)
            if piece is None:
                return
            yield piece

    @functools.cached_property
    def _source(self) -> AsyncIterator[bytes]:
        return aiter(self._stream)

    async def _receive(self) -> _Came:
        try:
            with going_live(self._turn):
                return await self._source.__anext__()
        except StopAsyncIteration:
            return None
        except Exception as error:  # noqa: BLE001  (it is raised when its turn has come)
            return error

    async def aclose(self) -> None:
        """The client is done: read what is left of a message that ends, for the cassette."""
        self._leave()
        seconds = 0 if self._has_ended else self.exchange.patience().seconds
        try:
            if seconds:
                with anyio.move_on_after(seconds):
                    await self._read_on()
        finally:
            with self._closing():
                await self._stream.aclose()

    async def _read_on(self) -> None:
        while self.exchange.patience().seconds:
            came = await self._receive()
            if not isinstance(came, bytes):
                self._has_ended = came is None
                break
            self.exchange.piece(came)


# -- a limit to reading ------------------------------------------------------------------------------------------------

_deadline: ContextVar[float | None] = ContextVar("vcr_httpx_deadline", default=None)


class _Late(BaseException):
    """Nothing has come in time. No ``Exception``, so that other streams of an HTTP/2 connection do not hear of it."""


class _PunctualRead:
    """``read`` of a connection; ends at the deadline, if there is one."""

    def __init__(self, read: Callable[[int, float | None], bytes]) -> None:
        self._read = read

    def __call__(self, max_bytes: int, timeout: float | None = None) -> bytes:
        deadline = _deadline.get()
        if deadline is None:
            return self._read(max_bytes, timeout)
        left = deadline - time.monotonic()
        if left <= 0:
            raise _Late
        try:
            return self._read(max_bytes, left if timeout is None else min(left, timeout))
        except Exception as error:
            if time.monotonic() < deadline:
                raise
            raise _Late from error


@contextlib.contextmanager
def _punctually(network: Any, seconds: float) -> Iterator[None]:
    """In here, nobody waits for ``network`` any longer; what has not come by then does not come."""
    if network is not None and not isinstance(network.read, _PunctualRead):
        network.read = _PunctualRead(network.read)
    token = _deadline.set(time.monotonic() + seconds)
    try:
        with contextlib.suppress(_Late):
            yield
    finally:
        _deadline.reset(token)
