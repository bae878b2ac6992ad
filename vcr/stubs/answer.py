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
import weakref
from collections.abc import Callable
from typing import Any, ClassVar

from .._engine.cassette import Turn
from .._http.failure import RESPONSE, Failure
from .exchange import Exchange

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
    """A recorded answer that comes out in the pieces that it came in. ``end``: raises what the answer ends in; None:
    the server closes the connection."""

    def __init__(self, pieces: list[bytes], end: Callable[[], None] | None = None) -> None:
        self._pieces = iter(pieces)
        self._rest = memoryview(b"")
        self._end = end

    def readable(self) -> bool:
        """Yes: it is a file to read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """The next piece, or what is left of it."""
        if not self._rest:
            self._rest = memoryview(next(self._pieces, b""))
        if not self._rest and self._end is not None:
            self._end()
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size


class Tee(io.RawIOBase):
    """A live answer: the bytes go to the client as they arrive, and to the exchange.

    ``real``: the socket that the request was sent over.
    """

    def __init__(self, real: Any, turn: Turn, method: str) -> None:
        self._real = real
        self._source = real.makefile("rb", buffering=0)
        self._ahead = bytearray()  # read for the cassette before the client asked
        self._lock = threading.RLock()
        self.exchange = Exchange(turn, method, self.settle, as_http_client=True)
        self.exchange.sent()

    def readable(self) -> bool:
        """Yes: it is a file to read."""
        return True

    def fileno(self) -> int:
        """The live socket's."""
        return int(self._source.fileno())

    def readinto(self, buffer: Any) -> int | None:
        """What comes next from the server; the exchange hears of it."""
        with self._lock:
            if self._ahead:
                size = min(len(buffer), len(self._ahead))
                buffer[:size] = self._ahead[:size]
                del self._ahead[:size]
                return size
            if self.exchange.over and self.exchange.complete:
                return 0
            try:
                count: int | None = self._source.readinto(buffer)
            except OSError as error:
                self.exchange.error(Failure.of(error, RESPONSE))
                raise
            except BaseException as error:
                self.exchange.cancelled(error)
                raise
            if count is not None:
                self.exchange.received(bytes(buffer[:count]))
            return count

    def settle(self) -> None:
        """The cassette closes: read the rest now, and keep it for the client."""
        self.exchange.closing()
        if not self._lock.acquire(blocking=False):
            # Another thread waits for the next bytes; the cassette cannot wait with it.
            self.exchange.stop()
            return
        try:
            self._read_on(self._ahead)
        finally:
            self._lock.release()

    def close(self) -> None:
        """The client is done: read what is left of a message that ends, for the cassette."""
        if self.closed:
            return
        self.exchange.left(sys.exc_info()[1])
        try:
            with self._lock:
                self._read_on(None)
        finally:
            self._source.close()
            super().close()

    def _read_on(self, ahead: bytearray | None) -> None:
        """Read for the cassette; ``ahead``: where to keep it for the client."""
        timeout = self._real.gettimeout()
        try:
            while (patience := self.exchange.patience()).seconds:
                self._real.settimeout(patience.seconds if timeout is None else min(patience.seconds, timeout))
                data = self._real.recv(65536)
                if ahead is not None:
                    ahead += data
                self.exchange.received(data)
        except OSError as error:
            log.debug("The rest of the response could not be read: %s", error)
        finally:
            self._real.settimeout(timeout)
            self.exchange.stop()
