"""``Listener``, which records a live response: it tells an ``Exchange`` what the protocol receives. This file must not
know a door.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...request import Headers
from ..response_files import read_rest
from .asked import Asked

if TYPE_CHECKING:
    from .line import Line
    from .native import Connection, Event

log = logging.getLogger(__name__)


class Listener:
    """Records a live response: the exchange is told what the client is given.

    ``queue``: events that the client has not read yet. ``exchange``: of the request.
    """

    def __init__(self, line: Line, stream_id: int, asked: Asked, connection: Connection) -> None:
        self.stream_id = stream_id
        self.queue: deque[Event] = deque()
        self.exchange = asked.exchange
        self._line = line
        self._version = {20: "2", 30: "3"}.get(connection._http_vsn, "1.1")
        self._sock = connection.sock
        self._is_sync = not inspect.iscoroutinefunction(self._sock.recv)
        self.exchange.settle_with(self.settle)

    def feed(self, data: bytes) -> None:
        """Take the bytes that the protocol has received. No bytes: the server has closed the connection."""

    def note(self, event: Event) -> None:
        """Take an event that the client is going to read."""
        raise NotImplementedError

    def pending(self, excl_event: type[Event] | tuple[type[Event], ...] | None = None) -> bool:
        """Whether there is an event to read, other than of the class ``excl_event``."""
        return any(excl_event is None or not isinstance(event, excl_event) for event in self.queue)

    def pop(self) -> Event | None:
        """The next event, or None."""
        return self.queue.popleft() if self.queue else None

    @property
    def is_done(self) -> bool:
        """Whether the client has read everything."""
        return self.exchange.over and not self.queue

    # -- the rest -----------------------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Read the rest now, and keep it for the client: the cassette closes. If the client is waiting for bytes in
        another thread, or is asynchronous, only what has come is kept."""
        self.exchange.closing()
        if self._is_sync and not self._line.is_awaited:
            self._read_on()
        else:
            self.exchange.stop()

    def left(self, error: BaseException | None) -> None:
        """Read the rest, as far as the exchange has patience: the client leaves the response. ``error``: the exception
        because of which it leaves, if there is one."""
        self.exchange.left(error)
        self._read_on()

    async def left_async(self, error: BaseException | None) -> None:
        """As ``left``, for an asynchronous client."""
        self.exchange.left(error)
        try:
            while self._reads and (patience := self.exchange.patience()).seconds:
                data = await asyncio.wait_for(self._sock.recv(65536), patience.seconds)
                for reply in self._take(data):
                    await self._sock.sendall(reply)
                if not data:
                    break
        except (OSError, asyncio.TimeoutError) as cause:
            log.debug("The rest of the response could not be read: %s", cause)
        finally:
            self.exchange.stop()

    def _read_on(self) -> None:
        if self._reads:
            read_rest(self._sock, self.exchange, self._take_and_reply)
        else:
            self.exchange.stop()

    def _take_and_reply(self, data: bytes) -> None:
        for reply in self._take(data):
            self._sock.sendall(reply)

    @property
    def _reads(self) -> bool:
        """Whether vcr can read the rest: not from a socket that is closed, nor HTTP/3, which comes in datagrams."""
        return self._version != "3" and self._sock.fileno() >= 0

    def _take(self, data: bytes) -> Iterator[bytes]:
        """Give the protocol what came. Returns the bytes with which the protocol replies."""
        if data:
            self._line.bytes_received(data)
        else:
            self._line.eof_received()
        return iter(self._line.real.bytes_to_send, b"")


class Bytes(Listener):
    """Records a response over HTTP/1 from its bytes, because the events tell no reason phrase, version and chunks.

    The exchange is told nothing until the client's parser has found a response: what is not HTTP is not kept.
    """

    def __init__(self, line: Line, stream_id: int, asked: Asked, connection: Connection) -> None:
        super().__init__(line, stream_id, asked, connection)
        self._waiting = bytearray()  # bytes that have come before the parser has found a response
        self._accepted = False

    def feed(self, data: bytes) -> None:
        """Tell the exchange of the next bytes, or of the end."""
        self._waiting += data
        if self._accepted and self._waiting:
            waiting, self._waiting = bytes(self._waiting), bytearray()
            self.exchange.received(waiting)
        if self.exchange.broken:
            self.exchange.error(None)
        elif not data:
            self.exchange.eof()

    def note(self, event: Event) -> None:
        """Note whether the client's parser has found a response."""
        self._accepted = self._accepted or isinstance(event, self._line.names.HeadersReceived)


class Frames(Listener):
    """Records one stream of HTTP/2 or 3 from its events."""

    def note(self, event: Event) -> None:
        """Tell the exchange of the head, a piece of the body, the trailers, or the end."""
        names, exchange = self._line.names, self.exchange
        trailers: Headers | None = None
        if isinstance(event, names.HeadersReceived):
            fields = Headers((name, value) for name, value in event.headers if not name.startswith(b":"))
            if exchange.has_head:
                trailers = fields
            else:
                status = int(dict(event.headers)[b":status"])
                exchange.head(status, names.responses.get(status, ""), fields, self._version)
        elif isinstance(event, names.DataReceived):
            exchange.piece(event.data)
        elif isinstance(event, names.StreamResetReceived):
            exchange.stop()
        if getattr(event, "end_stream", False) and exchange.has_head:
            exchange.end(trailers)
