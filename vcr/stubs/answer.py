"""What a client reads its answer from: recorded bytes, or a live socket to which the cassette listens.

It knows sockets and turns. It must not know a client or an option.
"""

from __future__ import annotations

import io
import logging
import os
import socket
import sys
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any, ClassVar

from .._engine.cassette import Turn
from .._http.failure import CLOSED, RESPONSE, Failure
from .._http.wire import ResponseReader, media_type
from .exchange import FINITE_DRAIN, OPEN_DRAIN

log = logging.getLogger(__name__)


class Idle:
    """A descriptor to poll where there is no socket: never 0 or -1, which mean something else. It is shared, and closed
    with its last user.

    It is a pipe's, so that a replay opens no socket: tests forbid them (``pytest --disable-socket``). Windows can poll
    nothing but sockets.
    """

    _shared: ClassVar[weakref.WeakValueDictionary[bool, Idle]] = weakref.WeakValueDictionary()
    _lock = threading.Lock()

    def __init__(self, *, readable: bool) -> None:
        self.readable = readable
        self._ends, self._close = _pipe(b"\0" if readable else b"")

    @classmethod
    def shared(cls, *, readable: bool) -> Idle:
        """The one there is, or a new one."""
        with cls._lock:
            idle = cls._shared.get(readable)
            if idle is None:
                idle = cls._shared[readable] = cls(readable=readable)
            return idle

    def fileno(self) -> int:
        """What to poll."""
        return self._ends[0]

    def __del__(self) -> None:
        for end in self._ends:
            self._close(end)


def _pipe(content: bytes) -> tuple[tuple[int, int], Callable[[int], None]]:
    """Two descriptors, of which the first can be read when there is ``content``, and what closes a descriptor.

    They are numbers, not files: the collector may finalize a file before its owner, and warn that nobody closed it.
    """
    if sys.platform == "win32":
        reader, writer = socket.socketpair()
        writer.sendall(content)
        return (reader.detach(), writer.detach()), socket.close
    reader, writer = os.pipe()
    os.write(writer, content)
    return (reader, writer), os.close


class _Pollable:
    """A recorded answer is there to be read: whoever polls it is told so."""

    def fileno(self) -> int:
        self._idle = Idle.shared(readable=True)
        return self._idle.fileno()


class Whole(_Pollable, io.BytesIO):
    """A recorded answer in one piece, as a buffered file."""

    def peek(self, _: int = 0, /) -> bytes:
        """What comes next, as of a file that reads ahead."""
        return bytes(self.getbuffer()[self.tell() :][: io.DEFAULT_BUFFER_SIZE])

    @property
    def raw(self) -> Whole:
        """Nothing is below it."""
        return self


class Pieces(_Pollable, io.RawIOBase):
    """A recorded answer that comes out in the pieces that it came in, and ends in ``error`` if there is one."""

    def __init__(self, pieces: list[bytes], error: OSError | None = None) -> None:
        self._pieces = iter(pieces)
        self._rest = memoryview(b"")
        self._error = error

    def readable(self) -> bool:
        """Yes: it is a file to read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """The next piece, or what is left of it."""
        if not self._rest:
            self._rest = memoryview(next(self._pieces, b""))
        if not self._rest and self._error is not None:
            raise self._error
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size


class Tee(io.RawIOBase):
    """A live answer: the bytes go to the client as they arrive, and to the turn when the message has ended."""

    def __init__(self, real: Any, turn: Turn, method: str) -> None:
        self._real = real
        self._source = real.makefile("rb", buffering=0)
        self._turn = turn
        self._reader = ResponseReader(method)
        self._ahead = bytearray()  # read for the cassette's sake before the client asked
        self._over = False  # the message has ended, or cannot go on
        self._lock = threading.RLock()
        turn.stream(self.settle)

    def readable(self) -> bool:
        """Yes: it is a file to read."""
        return True

    def fileno(self) -> int:
        """The live socket's."""
        return int(self._source.fileno())

    def readinto(self, buffer: Any) -> int | None:
        """What comes next from the server; the turn hears of it."""
        with self._lock:
            if self._ahead:
                size = min(len(buffer), len(self._ahead))
                buffer[:size] = self._ahead[:size]
                del self._ahead[:size]
                return size
            if self._over and self._reader.complete:
                return 0
            try:
                count: int | None = self._source.readinto(buffer)
            except OSError as error:
                self._finish(Failure.of(error, RESPONSE))
                raise
            except BaseException:
                # An interrupt: nothing more is to be waited for, and no replay could end so.
                self._over = True
                if not self._is_event_stream():
                    self._turn.drop()
                raise
            if count is not None:
                self._take(bytes(buffer[:count]))
            return count

    def _take(self, data: bytes) -> None:
        if data:
            self._reader.feed(data)
        else:
            self._reader.eof()
        if not data and not self._reader.has_head:
            self._finish(Failure(RESPONSE, CLOSED, "", "the server closed the connection without a response"))
        elif not data or self._reader.complete:
            self._finish()

    def _finish(self, failure: Failure | None = None) -> None:
        """The turn ends with what has come; ``failure``: what the client sees at the end of it."""
        self._over = True
        # Without a head there was no response: the turn leaves no trace.
        if self._turn.records:
            self._turn.fail(failure, self._reader.response() if self._reader.has_head else None)

    def settle(self) -> None:
        """The cassette closes: read the rest now, and keep it for the client."""
        if not self._lock.acquire(blocking=False):
            # Another thread waits for the next bytes; the cassette cannot wait with it.
            self._finish()
            return
        try:
            self._drain(self._ahead)
        finally:
            self._lock.release()

    def close(self) -> None:
        """The client is done: read what is left of a message that ends, for the cassette."""
        if self.closed:
            return
        try:
            with self._lock:
                self._drain(None)
        finally:
            self._source.close()
            super().close()

    def _drain(self, ahead: bytearray | None) -> None:
        if not (self._over or self._reader.has_head or self._reader.broken):
            # The client has not asked for it, or may do so later: the server has the request all the same.
            self._read_on(ahead, *OPEN_DRAIN, until_head=True)
        begun = self._reader.has_head or self._reader.has_interim
        if begun and not self._is_event_stream():
            self._read_on(ahead, *(FINITE_DRAIN if self._reader.finite else OPEN_DRAIN))
        self._finish()

    def _read_on(self, ahead: bytearray | None, seconds: float, room: int, *, until_head: bool = False) -> None:
        """Read for the cassette's sake; ``ahead``: where to keep it for the client. ``room``: bytes at the most."""
        deadline = time.monotonic() + seconds
        timeout = self._real.gettimeout()
        try:
            while not (self._over or (until_head and self._reader.has_head)):
                left = deadline - time.monotonic()
                if left <= 0 or room <= 0:
                    return
                self._real.settimeout(left if timeout is None else min(left, timeout))
                data = self._real.recv(65536)
                room -= len(data)
                if ahead is not None:
                    ahead += data
                self._take(data)
        except OSError as error:
            # What has come is kept, marked as incomplete; the client has not asked for more.
            log.debug("The rest of the response could not be read: %s", error)
        finally:
            self._real.settimeout(timeout)

    def _is_event_stream(self) -> bool:
        return not self._reader.finite and media_type(self._reader.headers) == "text/event-stream"
