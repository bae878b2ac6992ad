"""The files from which a client built on http.client reads a response: recorded bytes, or a live socket.

This file knows sockets and exchanges. It must not know a client or an option.
"""

from __future__ import annotations

import functools
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


def read_rest(sock: socket.socket, exchange: Exchange, take: Callable[[bytes], object]) -> None:
    """Read the rest of a response for the cassette, as far as the exchange has patience. ``take``: tells the exchange
    the bytes that have come; no bytes at the end of the connection."""
    timeout = sock.gettimeout()
    data = None
    try:
        while data != b"" and (patience := exchange.patience()).seconds:
            sock.settimeout(patience.seconds if timeout is None else min(patience.seconds, timeout))
            data = sock.recv(65536)
            take(data)
    except OSError as error:
        log.debug("The rest of the response could not be read: %s", error)
    finally:
        exchange.stop()
        if sock.fileno() >= 0:  # the program may have detached the socket
            sock.settimeout(timeout)


class Idle:
    """A descriptor that a client can poll where there is no socket. (0 and -1 would mean something else to a client.)
    All connections share it; it is closed when the last of them is gone.

    It is the descriptor of a pipe, because a replay must open no socket: a test may forbid them
    (``pytest --disable-socket``). Windows can poll nothing but sockets, so there it is a socket.
    """

    _shared: ClassVar[weakref.WeakValueDictionary[bool, Idle]] = weakref.WeakValueDictionary()
    _lock = threading.Lock()

    def __init__(self, *, readable: bool) -> None:
        self.readable = readable
        self._ends, self._close = _pipe(b"\0" if readable else b"")

    @classmethod
    def shared(cls, *, readable: bool) -> Idle:
        """The object that is in use, or a new one. ``readable``: whether a poll says that there is something to
        read."""
        with cls._lock:
            idle = cls._shared.get(readable)
            if idle is None:
                idle = cls._shared[readable] = cls(readable=readable)
            return idle

    def fileno(self) -> int:
        """The descriptor."""
        return self._ends[0]

    def __del__(self) -> None:
        for end in self._ends:
            self._close(end)


def _pipe(content: bytes) -> tuple[tuple[int, int], Callable[[int], None]]:
    """Two descriptors, of which the first gives ``content``, and the function that closes a descriptor.

    They are numbers, not files: the garbage collector may finalize a file before its owner, and then warns that the
    file was not closed.
    """
    if sys.platform == "win32":
        reader, writer = socket.socketpair()
        writer.sendall(content)
        return (reader.detach(), writer.detach()), socket.close
    reader, writer = os.pipe()
    os.write(writer, content)
    return (reader, writer), os.close


class NoSocket:
    """Takes the place of a socket in a replay.

    It has the methods that every connected TCP socket has. Those that only TLS has (``getpeercert``, ``cipher``,
    ``version``) are missing, as on a plain socket, because a cassette holds no certificate. ``peer``: host and port.
    ``hang_up``: a method that is called when the client closes the socket; it is held weakly. ``readable``: whether a
    poll says that there is something to read.
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
        """Host and port, as the program gave them to the connection."""
        return self._peer

    def getsockname(self) -> tuple[str, int]:
        """An address of this machine, with port 0."""
        return ("127.0.0.1", 0)

    def gettimeout(self) -> float | None:
        """The timeout in seconds, or None."""
        return self._timeout

    def settimeout(self, timeout: float | None) -> None:
        """Keep the timeout, in seconds or None. It has no effect: a recorded response is never late."""
        self._timeout = timeout

    def setblocking(self, blocking: bool) -> None:
        """As ``settimeout``, with None or 0."""
        self._timeout = None if blocking else 0.0

    def setsockopt(self, *_: object) -> None:
        """Do nothing."""

    def getsockopt(self, *_: object) -> int:
        """0: no error is pending, no option is set."""
        return 0

    def shutdown(self, _: int) -> None:
        """As ``close``."""
        self.close()

    def close(self) -> None:
        """Call ``hang_up``: the client reads no more."""
        self._idle = None
        hang_up = self._hang_up() if self._hang_up is not None else None
        if hang_up is not None:
            hang_up()

    def __getattr__(self, name: str) -> object:
        raise AttributeError(f"{name!r}: no real socket is open, because a cassette replays what this connection reads")


class _Recorded:
    """A recorded response, which takes the place of ``socket.SocketIO``: it can be polled, and has a socket."""

    _peer: tuple[str, int]
    _hang_up: Callable[[], None]

    @functools.cached_property
    def _sock(self) -> NoSocket:
        return NoSocket(self._peer, self._hang_up, readable=True)

    def fileno(self) -> int:
        """A descriptor to poll, which is readable."""
        return self._sock.fileno()


class Whole(_Recorded, io.BytesIO):
    """A recorded response in one piece, as a buffered file. ``peer``: see ``NoSocket``."""

    def __init__(self, content: bytes, peer: tuple[str, int]) -> None:
        super().__init__(content)
        self._peer = peer

    def _hang_up(self) -> None:
        if not self.closed:
            self.seek(0, io.SEEK_END)

    def peek(self, _: int = 0, /) -> bytes:
        """The next bytes, which stay in the file."""
        return bytes(self.getbuffer()[self.tell() :][: io.DEFAULT_BUFFER_SIZE])

    @property
    def raw(self) -> Whole:
        """This file: there is no other below it."""
        return self


class Pieces(_Recorded, io.RawIOBase):
    """A recorded response that gives the pieces in which it came. ``peer``: see ``NoSocket``. ``end``: a function that
    raises the error in which the response ends; None: the server closes the connection."""

    def __init__(self, pieces: list[bytes], peer: tuple[str, int], end: Callable[[], None] | None = None) -> None:
        self._pieces = iter(pieces)
        self._rest = memoryview(b"")
        self._end = end
        self._peer = peer

    def _hang_up(self) -> None:
        self._pieces, self._rest, self._end = iter(()), memoryview(b""), None

    def readable(self) -> bool:
        """Yes: it is a file to read."""
        return True

    def readinto(self, buffer: Any) -> int:  # (any buffer: typeshed's has no length)
        """Give the next piece, or the rest of a piece that did not fit into the buffer before."""
        if not self._rest:
            self._rest = memoryview(next(self._pieces, b""))
        if not self._rest and self._end is not None:
            self._end()
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size


class Tee(io.RawIOBase):
    """A live response: the bytes go to the client as they arrive, and to the exchange.

    ``real``: the socket over which the request was sent. A client finds it as ``_sock``, as in ``socket.SocketIO``.
    """

    def __init__(self, real: socket.socket, exchange: Exchange) -> None:
        self._sock = real
        self._source = real.makefile("rb", 0)  # (httpretty's socket has another name for the second parameter)
        self._ahead = bytearray()  # bytes that were read when the cassette closed; the client gets them first
        self._lock = threading.RLock()
        self.exchange = exchange
        exchange.settle_with(self.settle)

    def readable(self) -> bool:
        """Yes: it is a file to read."""
        return True

    def fileno(self) -> int:
        """The descriptor of the live socket."""
        return int(self._source.fileno())

    def readinto(self, buffer: Any) -> int | None:  # (any buffer: typeshed's has no length)
        """Give the client the next bytes from the server, and tell the exchange."""
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
        """Read the rest, and keep it for the client: the cassette closes."""
        self.exchange.closing()
        if not self._lock.acquire(blocking=False):
            # Another thread is waiting for the next bytes, perhaps for long: the cassette does not wait.
            self.exchange.stop()
            return
        try:
            self._read_on(self._ahead)
        finally:
            self._lock.release()

    def close(self) -> None:
        """Read the rest for the cassette, as far as the exchange has patience, and close: the client reads no more."""
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
        """Read the rest for the cassette. ``ahead``: where to keep it for the client; None: nowhere."""

        def take(data: bytes) -> None:
            if ahead is not None:
                ahead.extend(data)
            self.exchange.received(data)

        read_rest(self._sock, self.exchange, take)
