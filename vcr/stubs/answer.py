"""What a client reads its answer from: recorded bytes, or a live socket to which the cassette listens.

It knows sockets and exchanges. It must not know a client or an option.
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


class NoSocket:
    """What stands where a client looks for a socket and there is none, because the cassette answers.

    It has what every connected TCP socket has. What only TLS has (``getpeercert``, ``cipher``, ``version``) is missing,
    as on a plain socket: a cassette holds no certificate. ``peer``: host and port. ``hang_up``: a method, held
    weakly, that is called when the client closes the socket. ``readable``: whether an answer waits to be read.
    """

    family, type, proto = socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP

    def __init__(self, peer: tuple[str, int], hang_up: Callable[[], None] | None = None, *, readable: bool) -> None:
        self._peer = peer
        self._hang_up = None if hang_up is None else weakref.WeakMethod(hang_up)
        self._readable = readable
        self._timeout: float | None = None
        self._idle: Idle | None = None

    def fileno(self) -> int:
        """A descriptor to poll."""
        if self._idle is None:
            self._idle = Idle.shared(readable=self._readable)
        return self._idle.fileno()

    def getpeername(self) -> tuple[str, int]:
        """Host and port, as the connection was given them."""
        return self._peer

    def getsockname(self) -> tuple[str, int]:
        """An address that nothing listens to."""
        return ("127.0.0.1", 0)

    def gettimeout(self) -> float | None:
        """Seconds, or None."""
        return self._timeout

    def settimeout(self, timeout: float | None) -> None:
        """Seconds, or None. A recorded answer is never late."""
        self._timeout = timeout

    def setblocking(self, blocking: bool) -> None:
        """As ``settimeout``."""
        self._timeout = None if blocking else 0.0

    def setsockopt(self, *_: object) -> None:
        """There is nothing to set."""

    def getsockopt(self, *_: object) -> int:
        """No error is pending."""
        return 0

    def shutdown(self, _: int) -> None:
        """As ``close``."""
        self.close()

    def close(self) -> None:
        """The client reads no more."""
        self._idle = None
        hang_up = self._hang_up() if self._hang_up is not None else None
        if hang_up is not None:
            hang_up()

    def __getattr__(self, name: str) -> object:
        raise AttributeError(f"{name!r}: no real socket is open, the cassette answers this connection")


class _Recorded:
    """A recorded answer in the place of ``socket.SocketIO``: it can be polled, and has a socket."""

    _sock: NoSocket

    def fileno(self) -> int:
        """The answer is there to be read: a poll says so."""
        return self._sock.fileno()


class Whole(_Recorded, io.BytesIO):
    """A recorded answer in one piece, as a buffered file. ``peer``: see ``NoSocket``."""

    def __init__(self, content: bytes, peer: tuple[str, int]) -> None:
        super().__init__(content)
        self._sock = NoSocket(peer, self._hang_up, readable=True)

    def _hang_up(self) -> None:
        if not self.closed:
            self.seek(0, io.SEEK_END)

    def peek(self, _: int = 0, /) -> bytes:
        """What comes next, as of a file that reads ahead."""
        return bytes(self.getbuffer()[self.tell() :][: io.DEFAULT_BUFFER_SIZE])

    @property
    def raw(self) -> Whole:
        """Nothing is below it."""
        return self


class Pieces(_Recorded, io.RawIOBase):
    """A recorded answer that comes out in the pieces that it came in. ``peer``: see ``NoSocket``. ``end``: raises what
    the answer ends in; None: the server closes the connection."""

    def __init__(self, pieces: list[bytes], peer: tuple[str, int], end: Callable[[], None] | None = None) -> None:
        self._pieces = iter(pieces)
        self._rest = memoryview(b"")
        self._end = end
        self._sock = NoSocket(peer, self._hang_up, readable=True)

    def _hang_up(self) -> None:
        self._pieces, self._rest, self._end = iter(()), memoryview(b""), None

    def readable(self) -> bool:
        """Yes: it is a file to read."""
        return True

    def readinto(self, buffer: Any) -> int:  # (any buffer: typeshed's has no length)
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

    ``real``: the socket that the request was sent over. It is ``_sock`` to the client, as in ``socket.SocketIO``.
    """

    def __init__(self, real: socket.socket, exchange: Exchange) -> None:
        self._sock = real
        self._source = real.makefile("rb", buffering=0)
        self._ahead = bytearray()  # read for the cassette before the client asked
        self._lock = threading.RLock()
        self.exchange = exchange
        exchange.settle_with(self.settle)

    def readable(self) -> bool:
        """Yes: it is a file to read."""
        return True

    def fileno(self) -> int:
        """The live socket's."""
        return int(self._source.fileno())

    def readinto(self, buffer: Any) -> int | None:  # (any buffer: typeshed's has no length)
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
        timeout = self._sock.gettimeout()
        try:
            while (patience := self.exchange.patience()).seconds:
                self._sock.settimeout(patience.seconds if timeout is None else min(patience.seconds, timeout))
                data = self._sock.recv(65536)
                if ahead is not None:
                    ahead += data
                self.exchange.received(data)
        except OSError as error:
            log.debug("The rest of the response could not be read: %s", error)
        finally:
            self._sock.settimeout(timeout)
            self.exchange.stop()
