"""A live response on its way to the client and to its turn: it listens to what the protocol receives, and drives the
request's ``Exchange``. This file must not know a door of the client.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...request import Headers
from .asked import Asked

if TYPE_CHECKING:
    from .line import Line
    from .native import Connection, Event

log = logging.getLogger(__name__)


class Listener:
    """Listens to a live response: what the client is given goes to the exchange.

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
        """The protocol has received these bytes; none: it has heard that the server closed its side."""

    def note(self, event: Event) -> None:
        """An event that the client is going to read."""
        raise NotImplementedError

    def pending(self, excl_event: type[Event] | tuple[type[Event], ...] | None = None) -> bool:
        """Whether there is something to read."""
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
        """The cassette closes: read the rest now, for the client to find, unless it is about to do so itself."""
        self.exchange.closing()
        if self._is_sync and not self._line.is_awaited:
            self._read_on()
        else:
            self.exchange.stop()

    def left(self, error: BaseException | None) -> None:
        """The client leaves the response: read the rest, as far as the exchange has patience. ``error``: why it
        leaves."""
        self.exchange.left(error)
        self._read_on()

    async def left_async(self, error: BaseException | None) -> None:
        """The same, asynchronous."""
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
        if not self._reads:
            self.exchange.stop()
            return
        timeout = self._sock.gettimeout()
        try:
            while (patience := self.exchange.patience()).seconds:
                self._sock.settimeout(patience.seconds if timeout is None else min(patience.seconds, timeout))
                data = self._sock.recv(65536)
                for reply in self._take(data):
                    self._sock.sendall(reply)
                if not data:
                    break
        except OSError as error:
            log.debug("The rest of the response could not be read: %s", error)
        finally:
            self._sock.settimeout(timeout)
            self.exchange.stop()

    @property
    def _reads(self) -> bool:
        """Whether the rest can be read here: HTTP/3 comes in datagrams, which is left to the client."""
        return self._version != "3" and self._sock.fileno() >= 0

    def _take(self, data: bytes) -> Iterator[bytes]:
        """Have the protocol read what came. Returns what the protocol replies."""
        if data:
            self._line.bytes_received(data)
        else:
            self._line.eof_received()
        return iter(self._line.real.bytes_to_send, b"")


class Bytes(Listener):
    """Listens to HTTP/1, byte for byte: the events have no reason phrase, no version and no chunks.

    The exchange hears of nothing before the client takes it for a response: what is none leaves no trace.
    """

    def __init__(self, line: Line, stream_id: int, asked: Asked, connection: Connection) -> None:
        super().__init__(line, stream_id, asked, connection)
        self._waiting = bytearray()  # until the client takes it for a response
        self._accepted = False

    def feed(self, data: bytes) -> None:
        """Hand on the next bytes, or the end."""
        self._waiting += data
        if self._accepted and self._waiting:
            waiting, self._waiting = bytes(self._waiting), bytearray()
            self.exchange.received(waiting)
        if self.exchange.broken:
            self.exchange.error(None)
        elif not data:
            self.exchange.eof()

    def note(self, event: Event) -> None:
        """Note that the client takes it for a response."""
        self._accepted = self._accepted or isinstance(event, self._line.names.HeadersReceived)


class Frames(Listener):
    """Listens to one stream of HTTP/2 or 3, event by event."""

    def note(self, event: Event) -> None:
        """Hand on the head, a part of the body, the trailers, or the end."""
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
