"""One live exchange: a request on its way to the server, and the response on its way to the client and to its turn.

``Exchange`` is a table of states without I/O, the same for every client. The stub of a client tells the exchange what
happens, asks ``patience`` for how long to read on for the cassette, and reads. This file must not know a client, a
socket or an option.

The rules for every live response stand here, and nowhere else:

- What the client was given is kept.
- A client may leave a response before its end. If the length of the response was announced, and the rest is short
  (``REST_LIMIT``), the rest is read for 10 seconds at most. Without an announced length, it is read for one second.
- An event stream is not read on for the cassette, because it may never end.
- A response that was cut off, cancelled or failed is kept so that its replay ends as the exchange did.
- The first end of an exchange counts. What happens later changes nothing.
- An exchange holds no cassette after its turn is over.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from enum import Enum, auto
from typing import NamedTuple

from .. import _active
from .._engine.cassette import Cassette, Turn
from .._http.failure import CANCELLED, CLOSED, MALFORMED, RESPONSE, SEND, Failure
from .._http.fields import Dialect, content_length, keeps_pieces, may_have_body, media_type
from .._http.render import is_mislabelled
from .._http.wire import ResponseReader
from ..request import Headers
from ..response import Response
from .cancellation import is_cancellation

# Taken at import, because libraries that stop the clock of a test replace the function in ``time``.
_clock = time.monotonic


class Patience(NamedTuple):
    """For how many seconds, and how many bytes, to read on. Both are zero where nothing more is to be read."""

    seconds: float
    size: int


#: For how long responses are read on when their cassette closes: those of announced length, and those without.
FINITE_PATIENCE = Patience(10.0, 64 * 2**20)
OPEN_PATIENCE = Patience(1.0, 8 * 2**20)
NO_PATIENCE = Patience(0.0, 0)

#: Bytes. A client that leaves a response does not need the rest, so no more of the rest is read.
REST_LIMIT = 2**20

#: Seconds. When a cassette closes, all its responses share the seconds above. Each response has at least so many, to
#: read the bytes that have come already.
_LEAST_SECONDS = 0.05


def cassette_for(host: str, client: type) -> Cassette | None:
    """The cassette to which a request to ``host``, made here and now by an object of the class ``client``, belongs.
    None when no cassette is open, or the cassette lets the request pass by."""
    cassette = _active.current()
    return None if cassette is None or cassette.passes_by(host, client.__mro__) else cassette


def going_live(turn: Turn) -> AbstractContextManager[None]:
    """A block for a live request. A client may make other requests to answer it: a transport that uses another client,
    an application in the same process. They are not recorded a second time. When the request itself is ignored, they
    are recorded."""
    return _active.outside() if turn.records else _active.passing()


def _is_in_a_hurry(error: BaseException | None) -> bool:
    """Whether a client that leaves a response because of ``error`` does not wait for the rest: its time is up, or the
    program ends."""
    timed_out = any(cls.__name__ == "TimeoutError" for cls in type(error).__mro__)
    return error is not None and (timed_out or not isinstance(error, Exception))


class State(Enum):
    """Where an exchange is. ``COMPLETE``, ``FAILED`` and ``CANCELLED`` are final; in ``LEFT`` and ``CLOSING`` the stub
    may still read the rest."""

    SENDING = auto()
    HEAD = auto()  # the request is sent, and the head of the response has not come
    BODY = auto()
    COMPLETE = auto()
    FAILED = auto()
    CANCELLED = auto()
    LEFT = auto()
    CLOSING = auto()


class Event(Enum):
    """What a stub can tell an exchange."""

    SENT = auto()
    HEAD = auto()
    END = auto()
    ERROR = auto()
    CANCELLED = auto()
    LEFT = auto()
    CLOSING = auto()


_UNDER_WAY = (State.SENDING, State.HEAD, State.BODY)
_READING_ON = (State.LEFT, State.CLOSING)

#: The state that follows. An event that is not in the table for a state changes nothing.
NEXT: dict[tuple[State, Event], State] = {
    (State.SENDING, Event.SENT): State.HEAD,
    # A server may answer before it has the whole request.
    **{(state, Event.HEAD): State.BODY for state in (State.SENDING, State.HEAD)},
    **{(state, Event.END): State.COMPLETE for state in (*_UNDER_WAY, *_READING_ON)},
    **{(state, Event.ERROR): State.FAILED for state in (*_UNDER_WAY, State.CLOSING)},
    **{(state, Event.CANCELLED): State.CANCELLED for state in _UNDER_WAY},
    **{(state, Event.LEFT): State.LEFT for state in (*_UNDER_WAY, State.CLOSING)},
    **{(state, Event.CLOSING): State.CLOSING for state in _UNDER_WAY},
}


class _PieceReader:
    """A response whose head and pieces of the body the client has read. It has the attributes of ``ResponseReader``."""

    has_head, broken = True, False

    def __init__(self, method: str, status: int, reason: str, headers: Headers, version: str) -> None:
        self._status, self._reason, self.headers, self._version = status, reason, headers, version
        self._announced = content_length(headers) if may_have_body(method, status) else 0
        self._pieces: list[bytes] = []
        self._size = 0
        self._trailers: Headers | None = None
        self.complete = self._announced == 0

    @property
    def finite(self) -> bool:
        """Whether the head says how long the body is."""
        return self._announced is not None

    @property
    def missing(self) -> int | None:
        """How many bytes of the body are still to come; None when no length was announced."""
        return None if self._announced is None else max(self._announced - self._size, 0)

    def feed(self, data: bytes) -> None:
        """Add a piece of the body."""
        if data:
            self._pieces.append(bytes(data))
            self._size += len(data)
            self.complete = self._size == self._announced

    def end(self, trailers: Headers | None) -> None:
        """Note the end of the body."""
        self._trailers, self.complete = trailers, True

    def response(self) -> Response:
        """The response as far as it has come. It is marked ``incomplete`` unless all of it has come."""
        keep = keeps_pieces(self.headers, self._version)
        return Response.of(
            self._status,
            self._reason,
            self.headers,
            b"".join(self._pieces),
            http_version=self._version,
            chunks=[len(piece) for piece in self._pieces] if keep else (),
            trailers=self._trailers,
            incomplete=not self.complete,
        )


class Exchange:
    """One live request and its response. When the exchange ends, it ends the turn.

    A stub makes an exchange when the request goes live, and calls:

    - ``sent``, when the request is sent;
    - ``received`` and ``eof``, if it sees the bytes on the wire; ``head``, ``piece`` and ``end``, if the client reads
      the head and the body;
    - ``error``, ``cancelled`` or ``left``, if the exchange ends early;
    - ``closing``, when the cassette calls ``settle``.

    After ``left`` and ``closing`` the stub reads on while ``patience()`` has seconds, passes on what comes, and calls
    ``stop`` then. The exchange of a turn that does not record is ``over`` from the beginning.

    ``settle``: a method of the stub; None: the exchange keeps what has come. It is held weakly, so that a response
    which nobody reads can be collected. ``dialect``: how the client reads the bytes on the wire.
    """

    def __init__(
        self,
        turn: Turn,
        method: str,
        settle: Callable[[], None] | None = None,
        *,
        dialect: Dialect = Dialect.COMMON,
    ) -> None:
        self.state = State.SENDING
        self.over = not turn.records
        self._turn = turn
        self._method = method
        self._message: ResponseReader | _PieceReader = ResponseReader(method, dialect)
        self._is_in_a_hurry = False
        self._reading_on_since = 0.0  # time at which reading on began
        self._size_read_on = 0  # bytes that have come since then
        if turn.records:
            turn.stream(settle or self.settle)

    def settle_with(self, settle: Callable[[], None]) -> None:
        """Let the cassette call ``settle`` when it closes, instead of the method given before."""
        if not self.over:
            self._turn.stream(settle)

    # -- what has come ------------------------------------------------------------------------------------------------

    @property
    def has_head(self) -> bool:
        """Whether the head of the final response has come."""
        return self._message.has_head

    @property
    def complete(self) -> bool:
        """Whether all of the response has come."""
        return self._message.complete

    @property
    def broken(self) -> bool:
        """Whether the bytes that came are not HTTP."""
        return self._message.broken

    @property
    def headers(self) -> Headers:
        """The header fields of the response; empty before the head has come."""
        return self._message.headers

    @property
    def is_event_stream(self) -> bool:
        """Whether the response is an event stream that announces no length."""
        return not self._message.finite and media_type(self._message.headers) == "text/event-stream"

    def kept(self) -> Response | None:
        """The response as far as it has come; None before the head."""
        if not self._message.has_head:
            return None
        response = self._message.response()
        if not response.incomplete and is_mislabelled(response):
            response.data["body"]["as_sent"] = True
        return response

    def patience(self) -> Patience:
        """For how long, and how much, to read on for the cassette. Before ``left``: what there will be after it."""
        message = self._message
        if self.over or message.complete or message.broken or self._is_in_a_hurry:
            return NO_PATIENCE
        limit = self._limit()
        if self.state in _READING_ON:
            limit = Patience(self._deadline(limit.seconds) - _clock(), limit.size - self._size_read_on)
        return limit if limit.seconds > 0 and limit.size > 0 else NO_PATIENCE

    def _limit(self) -> Patience:
        """The patience at the moment when the client leaves, or the cassette begins to close."""
        if self.state is State.SENDING or (self._message.has_head and self.is_event_stream):
            return NO_PATIENCE
        limit = FINITE_PATIENCE if self._message.finite else OPEN_PATIENCE
        if self.state is State.CLOSING:
            return limit
        # A rest above the limit is not read at all: the response would stay incomplete.
        missing = self._message.missing or 0
        return NO_PATIENCE if missing + self._size_read_on > REST_LIMIT else limit._replace(size=REST_LIMIT)

    def _deadline(self, seconds: float) -> float:
        """The time at which reading on ends, if there are so many ``seconds`` for it."""
        closing = self._turn.closing_since
        if self.state is not State.CLOSING or closing is None:
            return self._reading_on_since + seconds
        return max(closing + seconds, self._reading_on_since + _LEAST_SECONDS)

    # -- what happens -------------------------------------------------------------------------------------------------

    def sent(self) -> None:
        """Note that the request is sent."""
        self._follow(Event.SENT)

    def received(self, data: bytes) -> None:
        """Take bytes that have come from the server. No bytes: the server has closed the connection."""
        if self.over:
            return
        if not data:
            self.eof()
            return
        self._feed(data)
        if self._message.has_head:
            self._follow(Event.HEAD)
        if self._message.complete:
            self._complete()
        elif self._message.broken and not self._message.has_head:
            self._fail_as_malformed()

    def eof(self) -> None:
        """Note that the server has closed the connection. That ends a message whose length was not announced."""
        if self.over:
            return
        if isinstance(self._message, ResponseReader):
            self._message.eof()
        if self._message.complete:
            self._complete()
        elif self._message.broken and not self._message.has_head:
            self._fail_as_malformed()
        elif not self._message.has_head:
            self.error(Failure(RESPONSE, CLOSED, "", "the server closed the connection without a response"))
        else:
            self._follow(Event.ERROR)
            self._finish(None, keep=True)

    def head(self, status: int, reason: str, headers: Headers, version: str = "1.1") -> None:
        """Note that the client has read the head of the final response. ``version``: of HTTP, as ``1.1``."""
        if not self.over:
            self._message = _PieceReader(self._method, status, reason, headers, version)
            self._follow(Event.HEAD)

    def piece(self, data: bytes) -> None:
        """Take a piece of the body, as the server sent it, without any decoding; called before the client gets it."""
        if not self.over:
            self._feed(data)

    def end(self, trailers: Headers | None = None) -> None:
        """Note that the client has read the body to its end."""
        if not self.over:
            if isinstance(self._message, _PieceReader):
                self._message.end(trailers)
            self._complete()

    def error(self, failure: Failure | None) -> None:
        """Note that the client gets an error instead of what has not come. ``failure``: the error as a value; None:
        no replay could raise the error, so nothing is kept."""
        if self.over:
            return
        if self._message.complete:
            self._complete()
        elif self.state is State.LEFT:
            self.stop()  # The client has left, and does not get the error.
        elif self._follow(Event.ERROR):
            self._finish(failure)

    def cancelled(self, error: BaseException | None = None) -> None:
        """Note that the program gave up while it waited. ``error``: what was raised in the program; None: it has
        cancelled the request.

        An error that is no cancellation ends the whole program (KeyboardInterrupt), and no replay can wait for that. So
        an event stream is kept as far as it has come, and nothing is kept of any other response.
        """
        if self.over:
            return
        if self._message.complete:
            self._complete()
        elif self.state in _READING_ON or (error is not None and self.is_event_stream and not is_cancellation(error)):
            self.stop()
        else:
            phase = SEND if self.state is State.SENDING else RESPONSE
            self._follow(Event.CANCELLED)
            is_cancelled = error is None or is_cancellation(error)
            failure = Failure(phase, CANCELLED, "", "the program cancelled the request")
            self._finish(failure if is_cancelled else None)

    @contextmanager
    def reporting(self, failure_of: Callable[[BaseException], Failure | None]) -> Iterator[None]:
        """A block in which the client waits for the server. An error that is raised in the block is noted, as ``error``
        or ``cancelled``. ``failure_of``: makes the failure of an error; None if it does not come from the network."""
        try:
            yield
        except BaseException as error:
            self.raised(error, failure_of(error))
            raise

    def raised(self, error: BaseException, failure: Failure | None) -> None:
        """Note that the client gets ``error`` while it waits for the server. ``failure``: as in ``error``."""
        if failure is None and not isinstance(error, Exception):
            self.cancelled(error)
        else:
            self.error(failure)

    def left(self, error: BaseException | None = None) -> None:
        """Note that the client reads no more of the response. ``error``: the exception because of which it leaves, if
        there is one. After a cancellation, or when its time is up, the client does not wait for the rest."""
        if self.over:
            return
        if is_cancellation(error):
            self.cancelled(error)
        else:
            self._is_in_a_hurry = _is_in_a_hurry(error)
            self._start_reading_on(Event.LEFT)

    def closing(self) -> None:
        """Note that the cassette closes. The client may read the response later: the stub keeps for the client what it
        reads now."""
        self._start_reading_on(Event.CLOSING)

    def stop(self) -> None:
        """Note that no more is read. What has come is kept; it is complete if as much has come as was announced."""
        if not self.over:
            self._finish(None, keep=True)

    def settle(self) -> None:
        """Keep what has come, without reading on: the cassette closes."""
        self.closing()
        self.stop()

    def _fail_as_malformed(self) -> None:
        """The bytes that came are not HTTP: keep the first line, on which the client's parser fails in a replay too."""
        line = self._message.start_line if isinstance(self._message, ResponseReader) else None
        self.error(None if line is None else Failure(RESPONSE, MALFORMED, "", line))

    def _feed(self, data: bytes) -> None:
        self._message.feed(data)
        if self.state in _READING_ON:
            self._size_read_on += len(data)

    def _follow(self, event: Event) -> bool:
        """Go to the state that follows. Returns whether there is one."""
        following = NEXT.get((self.state, event))
        if following is not None:
            self.state = following
        return following is not None

    def _start_reading_on(self, event: Event) -> None:
        if not self.over and self._follow(event):
            self._reading_on_since, self._size_read_on = _clock(), 0

    def _complete(self) -> None:
        self._follow(Event.END)
        self._finish(None, keep=True)

    def _finish(self, failure: Failure | None, *, keep: bool = False) -> None:
        """End the turn. ``keep``: whether what has come is kept although there is no ``failure``."""
        self.over = True
        so_far = self.kept()
        if failure is not None:
            self._turn.fail(failure, so_far)
        elif keep and so_far is not None:
            self._turn.complete(so_far)
        else:
            self._turn.drop()
