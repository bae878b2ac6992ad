"""A live response on its way to the client and to its turn: what the protocol receives is listened to. This file must
not know a door of the client.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import sys
import time
from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..._engine.cassette import Turn
from ..._http.failure import Failure
from ..._http.wire import ResponseReader, media_type
from ...request import Headers
from ..exchange import FINITE_DRAIN, NO_DRAIN, OPEN_DRAIN, Recording

if TYPE_CHECKING:
    from .line import Line

log = logging.getLogger(__name__)

#: A program that leaves a response because of one of these does not wait for the rest of it.
_HURRY = (asyncio.CancelledError, asyncio.TimeoutError, KeyboardInterrupt)


class Listener:
    """Listens to a live response: what the client is given goes to the turn.

    ``queue``: events that the client has not read yet. ``over``: whether the turn needs no more."""

    def __init__(self, line: Line, stream_id: int, turn: Turn, method: str, connection: Any) -> None:
        self.stream_id = stream_id
        self.queue: deque[Any] = deque()
        self.over = False
        self._line = line
        self._turn = turn
        self._method = method
        self._version = {20: "2", 30: "3"}.get(connection._http_vsn, "1.1")
        self._sock = connection.sock
        self._is_sync = not inspect.iscoroutinefunction(self._sock.recv)
        turn.stream(self.settle)

    def feed(self, data: bytes) -> None:
        """The protocol has received these bytes; none: it has heard that the server closed its side."""

    def note(self, event: Any) -> None:
        """An event that the client is going to read."""
        raise NotImplementedError

    def finish(self, failure: Failure | None = None) -> None:
        """No more will come, or is needed. ``failure``: what the client sees instead."""
        raise NotImplementedError

    def give_up(self) -> None:
        """The program was cancelled, or interrupted, while it waited for more of the body: an event stream is kept as
        far as it went, and nothing of any other response."""
        self.over = True
        self._turn.drop()

    def patience(self) -> tuple[float, int]:
        """For how many seconds, and bytes, the rest is worth waiting for."""
        raise NotImplementedError

    def pending(self, excl_event: Any = None) -> bool:
        """Whether there is something to read."""
        return any(excl_event is None or not isinstance(event, excl_event) for event in self.queue)

    def pop(self) -> Any:
        """The next event, or None."""
        return self.queue.popleft() if self.queue else None

    @property
    def is_done(self) -> bool:
        """Whether the client has read everything."""
        return self.over and not self.queue

    # -- the rest ------------------------------------------------------------------------------------------------------

    def settle(self) -> None:
        """The cassette closes: read the rest now, for the client to find, unless it is about to do so itself."""
        if self._is_sync and not self._line.is_awaited:
            self.drain()
        else:
            self.finish()

    def drain(self) -> None:
        """Read the rest, as far as it is worth it, sync."""
        if self._sock.fileno() < 0:
            self.finish()
            return
        seconds, room = self._worth()
        deadline = time.monotonic() + seconds
        timeout = self._sock.gettimeout()
        try:
            while (left := deadline - time.monotonic()) > 0 and room > 0 and not self.over:
                self._sock.settimeout(left if timeout is None else min(left, timeout))
                data = self._sock.recv(65536)
                room -= len(data)
                for reply in self._take(data):
                    self._sock.sendall(reply)
                if not data:
                    break
        except OSError as error:
            log.debug("The rest of the response could not be read: %s", error)
        finally:
            self._sock.settimeout(timeout)
            self.finish()

    async def drain_async(self) -> None:
        """Read the rest, as far as it is worth it, async."""
        seconds, room = self._worth()
        deadline = time.monotonic() + seconds
        try:
            while (left := deadline - time.monotonic()) > 0 and room > 0 and not self.over:
                data = await asyncio.wait_for(self._sock.recv(65536), left)
                room -= len(data)
                for reply in self._take(data):
                    await self._sock.sendall(reply)
                if not data:
                    break
        except (OSError, asyncio.TimeoutError) as error:
            log.debug("The rest of the response could not be read: %s", error)
        finally:
            self.finish()

    def _worth(self) -> tuple[float, int]:
        datagrams = self._version == "3"
        return NO_DRAIN if self.over or datagrams or isinstance(sys.exc_info()[1], _HURRY) else self.patience()

    def _take(self, data: bytes) -> Iterator[bytes]:
        """Have the protocol read what came. Returns what the protocol replies."""
        if data:
            self._line.bytes_received(data)
        else:
            self._line.eof_received()
        return iter(self._line.real.bytes_to_send, b"")


class Bytes(Listener):
    """Listens to HTTP/1, byte for byte: the events have no reason phrase, no version and no chunks."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._reader = ResponseReader(self._method)
        self._accepted = False  # whether the client takes it for a response, too

    def feed(self, data: bytes) -> None:
        """Read the next bytes, or the end."""
        if data:
            self._reader.feed(data)
        else:
            self._reader.eof()

    def note(self, event: Any) -> None:
        """Note that the client takes it for a response, or sees its end."""
        self._accepted = self._accepted or isinstance(event, self._line.names.HeadersReceived)
        if event.end_stream and self._reader.complete:
            self.finish()

    def finish(self, failure: Failure | None = None) -> None:
        """Keep what has come, unless the client takes it for no response: then keep nothing."""
        if not self.over or failure is not None:
            self.over = True
            so_far = self._reader.response() if self._accepted and not self._reader.broken else None
            self._turn.fail(None if self._reader.complete else failure, so_far)

    def give_up(self) -> None:
        """The program was cancelled: see ``Listener``."""
        if self._is_event_stream:
            self.finish()
        elif not self._reader.complete:
            super().give_up()

    @property
    def _is_event_stream(self) -> bool:
        return media_type(self._reader.headers) == "text/event-stream"

    def patience(self) -> tuple[float, int]:
        """For how many seconds, and bytes, the rest is worth waiting for."""
        if self._reader.finite:
            return FINITE_DRAIN
        return NO_DRAIN if self._is_event_stream else OPEN_DRAIN


class Frames(Listener):
    """Listens to one stream of HTTP/2 or 3, event by event."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._recording: Recording | None = None

    def note(self, event: Any) -> None:
        """Take the head, a part of the body, the trailers, or the end."""
        if self.over:
            return
        names = self._line.names
        trailers: Headers | None = None
        if isinstance(event, names.HeadersReceived):
            fields = Headers((name, value) for name, value in event.headers if not name.startswith(b":"))
            if self._recording is None:
                self._begin(int(dict(event.headers)[b":status"]), fields)
            else:
                trailers = fields
        elif isinstance(event, names.DataReceived) and self._recording is not None:
            self._recording.feed(event.data)
        elif isinstance(event, names.StreamResetReceived):
            self.finish()
        if getattr(event, "end_stream", False) and self._recording is not None:
            self.over = True
            self._recording.finish(trailers)

    def _begin(self, status: int, fields: Headers) -> None:
        reason = self._line.names.responses.get(status, "")
        self._recording = Recording(self._turn, self._method, status, reason, fields, self._version)
        self._turn.stream(self.settle)

    def finish(self, failure: Failure | None = None) -> None:
        """Keep what has come."""
        self.over = True
        if self._recording is not None:
            self._recording.cut(failure)  # (a response that is whole has been kept already)
        else:
            self._turn.fail(failure)

    def give_up(self) -> None:
        """The program was cancelled: see ``Listener``."""
        if self._recording is not None and not self.over:
            self.over = True
            self._recording.give_up()

    def patience(self) -> tuple[float, int]:
        """For how many seconds, and bytes, the rest is worth waiting for."""
        return OPEN_DRAIN if self._recording is None else self._recording.drain
