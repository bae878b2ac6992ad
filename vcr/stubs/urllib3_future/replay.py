"""``Replay``, a recorded response for the client, and the socket of a connection that leads to no server. This file
must not know a cassette.
"""

from __future__ import annotations

from collections import deque
from types import ModuleType
from typing import TYPE_CHECKING

from ..._http.failure import CANCELLED, MALFORMED
from ..._http.fields import field_bytes
from ..._http.render import render
from ...request import Request
from ...response import Response
from ..response_files import NoSocket
from .asked import Asked
from .errors import error_of

if TYPE_CHECKING:
    from .native import Event, HTTPProtocol


class CassetteSocket(NoSocket):
    """The socket of a connection that leads to no server. Nothing is read from it: the line has the recorded bytes."""

    def __init__(self) -> None:
        super().__init__(("", 0), readable=False)

    async def wait_for_close(self) -> None:
        """Do nothing: there is no server."""


class Replay:
    """A recorded response, which goes through urllib3-future's own parser.

    ``response``: None if there is only an ``error``. ``error``: the error in which the response ends, if it ends in
    one. ``queue``: events that the client has not read yet.
    """

    def __init__(self, parser: HTTPProtocol, asked: Asked, response: Response | None, error: Exception | None) -> None:
        self.stream_id = asked.stream_id
        self.queue: deque[Event] = deque()
        self._parser = parser
        head = [(b":method", asked.method.encode()), (b":authority", b"cassette"), (b":path", b"/")]
        parser.submit_headers(parser.get_available_stream_id(), head, end_stream=True)
        parser.bytes_to_send()
        has_come = response is not None and (error is None or response.incomplete)
        came = render(response, asked.method) if response is not None and has_come else []
        if response is not None and response.failure is not None and response.failure.kind == MALFORMED:
            came = [field_bytes(response.failure.message) + b"\r\n\r\n"]
        self._pieces: deque[bytes | Exception | None] = deque([*came, error])  # None: the server closes

    def pending(self, _: object = None) -> bool:
        """Whether there is more to read. The next piece is parsed when the client has read the one before. Raises the
        error in which the response ends."""
        while not self.queue and self._pieces:
            piece = self._pieces.popleft()
            if isinstance(piece, Exception):
                raise piece
            if piece is None:
                self._parser.eof_received()
            else:
                self._parser.bytes_received(piece)
            self.queue.extend(iter(self._parser.next_event, None))
        return bool(self.queue)

    def pop(self) -> Event | None:
        """The next event that has been parsed, or None."""
        if not self.queue:
            return None
        event = self.queue.popleft()
        if hasattr(event, "stream_id"):
            event.stream_id = self.stream_id
        if getattr(event, "end_stream", False):
            self.queue.clear()  # what follows are events of the connection, which is not lost
            self._pieces.clear()
        return event

    @property
    def is_done(self) -> bool:
        """Whether the client has read everything."""
        return not self.queue and not self._pieces


class ToBeCancelled(Exception):  # noqa: N818
    """Raised through the client's code, and caught at a door, which waits until the program cancels the replay: the
    program cancelled the request while it was recorded."""

    def __init__(self, request: Request) -> None:
        super().__init__(request)
        self.request = request


def last_error(asked: Asked, response: Response, names: ModuleType) -> Exception | None:
    """The error in which a recorded response ends; None if it ends in none, or if the client's parser raises it by
    itself. ``names``: the module of the backend."""
    failure = response.failure
    if failure is None:
        return None
    if failure.kind == CANCELLED:
        return ToBeCancelled(asked.request())
    if failure.kind == MALFORMED:
        return None  # the parser raises an error when it reads the recorded line
    error = error_of(failure)
    if not isinstance(error, ConnectionError):
        return error
    if response.incomplete:
        return None  # the client takes a reset connection for a closed one
    message = "Remote end closed connection without response"
    closed: Exception = names.ProtocolError(message)
    closed.__cause__ = ConnectionResetError(message)
    return closed
