"""One live exchange: a request on its way to the server, and the response on its way to the client and to its turn.

``Exchange`` is a table of states without I/O, the same for every client. A stub drives it: it says what happened, asks
``patience`` whether to read on for the cassette, and does the reading. This file must not know a client, a socket or an
option.

The laws of a live response stand here, and nowhere else:

- What the client was given is kept. A message of announced length that the client left is read to its end, if the rest
  is short enough (``LEFT_REST``) and comes in time; the rest of any other message is read for a second at the most.
- An event stream is not waited for: it may never end.
- What was cut, cancelled or failed is kept so that the replay ends as the exchange did.
- The first end counts. What happens after it changes nothing.
- Nothing here holds a cassette after its turn is over.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from enum import Enum, auto
from typing import NamedTuple, NoReturn

from .. import _active
from .._engine.cassette import Cassette, Turn
from .._http.failure import CANCELLED, CLOSED, MALFORMED, RESPONSE, SEND, Failure
from .._http.fields import Dialect, content_length, keeps_pieces, may_have_body, media_type
from .._http.render import is_mislabelled
from .._http.wire import ResponseReader
from ..errors import NotCancelledError
from ..request import Headers, Request
from ..response import Response

# Taken at import: libraries that stop the clock of a test replace the function in its module.
_clock = time.monotonic


class Patience(NamedTuple):
    """For how many seconds, and bytes, to read on. Both are zero where nothing more is to be read."""

    seconds: float
    room: int


#: What a message whose end is announced, and one that may never end, is worth when its cassette closes.
FINITE_DRAIN = Patience(10.0, 64 * 2**20)
OPEN_DRAIN = Patience(1.0, 8 * 2**20)
NO_DRAIN = Patience(0.0, 0)

#: Bytes. A client that leaves a response early shows that it does not need the rest: no more of it is kept.
LEFT_REST = 2**20

#: Seconds. When a cassette closes, the limits above count once for all its responses; each of them has these at least,
#: to take what has come already.
_AT_LEAST = 0.05


def cassette_for(host: str, client: type) -> Cassette | None:
    """The cassette that a request to ``host`` by an object of this class belongs to, here and now; None when there is
    none, or it lets the request pass by."""
    cassette = _active.current()
    return None if cassette is None or cassette.passes_by(host, client.__mro__) else cassette


def going_live(turn: Turn) -> AbstractContextManager[None]:
    """Around a live request: what the client does to answer it (a transport over another client, an application in the
    same process) is not recorded a second time; of a request that is ignored it is, for the first."""
    return _active.outside() if turn.records else _active.passing()


def is_cancellation(error: BaseException | None) -> bool:
    """Whether the program gave an operation up: asyncio's, trio's and gevent's errors, which are no ``Exception``."""
    names = {cls.__name__ for cls in type(error).__mro__}
    return not isinstance(error, Exception) and not names.isdisjoint(_CANCELLATIONS)


_CANCELLATIONS = ("CancelledError", "Cancelled", "GreenletExit", "Timeout")


def _hurries(error: BaseException | None) -> bool:
    """Whether a client that leaves because of this error waits for nothing more."""
    late = any(cls.__name__ == "TimeoutError" for cls in type(error).__mro__)
    return error is not None and (late or not isinstance(error, Exception))


#: Seconds. A replay of what the program cancelled waits so long to be cancelled again.
CANCEL_LIMIT = 10.0


def was_cancelled(recorded: Response) -> bool:
    """Whether the program cancelled the request before there was a response."""
    return recorded.failure is not None and recorded.failure.kind == CANCELLED and not recorded.incomplete


def not_cancelled(request: Request) -> NotCancelledError:
    """The error for a replay that nobody has cancelled in time."""
    return NotCancelledError(
        f"{request.method} {request.uri}: the program cancelled this request while it was recorded, and its replay has "
        f"waited {CANCEL_LIMIT:g} seconds to be cancelled; record it again if the program no longer cancels it"
    )


def wait_for_cancellation(request: Request) -> NoReturn:
    """Wait as a request did that the program cancelled. Raises NotCancelledError when it is not cancelled in time."""
    time.sleep(CANCEL_LIMIT)  # (looked up now: gevent puts its own there)
    raise not_cancelled(request)


class State(Enum):
    """Where an exchange is. The last five are its ends; in ``LEFT`` and ``CLOSING`` the rest may still be read."""

    SENDING = auto()
    HEAD = auto()  # the request is out, the head of the response is awaited
    BODY = auto()
    COMPLETE = auto()
    FAILED = auto()
    CANCELLED = auto()
    LEFT = auto()
    CLOSING = auto()


class Event(Enum):
    """What a stub can say."""

    SENT = auto()
    HEAD = auto()
    END = auto()
    ERROR = auto()
    CANCELLED = auto()
    LEFT = auto()
    CLOSING = auto()


_UNDER_WAY = (State.SENDING, State.HEAD, State.BODY)
_READING_ON = (State.LEFT, State.CLOSING)

#: What follows. An event that a state does not have here changes nothing.
NEXT: dict[tuple[State, Event], State] = {
    (State.SENDING, Event.SENT): State.HEAD,
    # (A server may answer before it has the whole request.)
    **{(state, Event.HEAD): State.BODY for state in (State.SENDING, State.HEAD)},
    **{(state, Event.END): State.COMPLETE for state in (*_UNDER_WAY, *_READING_ON)},
    **{(state, Event.ERROR): State.FAILED for state in (*_UNDER_WAY, State.CLOSING)},
    **{(state, Event.CANCELLED): State.CANCELLED for state in _UNDER_WAY},
    **{(state, Event.LEFT): State.LEFT for state in (*_UNDER_WAY, State.CLOSING)},
    **{(state, Event.CLOSING): State.CLOSING for state in _UNDER_WAY},
}


class _PieceReader:
    """A response of which a client gives the head and the pieces of the body: the names are ``ResponseReader``'s."""

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
        """How many bytes are still to come; None when that is not announced."""
        return None if self._announced is None else max(self._announced - self._size, 0)

    def feed(self, data: bytes) -> None:
        """Take a piece of the body."""
        if data:
            self._pieces.append(bytes(data))
            self._size += len(data)
            self.complete = self._size == self._announced

    def end(self, trailers: Headers | None) -> None:
        """The body has ended."""
        self._trailers, self.complete = trailers, True

    def response(self) -> Response:
        """The response as far as it has come; ``incomplete`` unless it is whole."""
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
    """One live request and its response. The turn ends with the exchange, once.

    A stub makes one when the request goes live, and says what happens: ``sent``; then ``received`` and ``eof`` where it
    sees the bytes on the wire, or ``head``, ``piece`` and ``end`` where its client makes sense of them; ``error``,
    ``cancelled``, ``left``; and ``closing``, in the method that the cassette calls when it closes meanwhile. After
    ``left`` and ``closing`` the stub reads on as long as ``patience()`` has seconds, says what comes, and then
    ``stop()``. Of a turn that does not record, an exchange is ``over`` from the beginning.

    ``settle``: a method of the stub's, held weakly, so that a response that nobody reads can go; None: the exchange
    itself keeps what has come. ``dialect``: how the client reads the bytes on the wire.
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
        self._hurries = False
        self._since = 0.0  # the clock when reading on began
        self._room_used = 0  # bytes since then
        if turn.records:
            turn.stream(settle or self.settle)

    def driven_by(self, settle: Callable[[], None]) -> None:
        """From now on the cassette calls this method when it closes, in the place of the one before."""
        if not self.over:
            self._turn.stream(settle)

    # -- what there is ------------------------------------------------------------------------------------------------

    @property
    def has_head(self) -> bool:
        """Whether the head of the final response has come."""
        return self._message.has_head

    @property
    def complete(self) -> bool:
        """Whether the whole of the response has come."""
        return self._message.complete

    @property
    def broken(self) -> bool:
        """Whether what came is no HTTP."""
        return self._message.broken

    @property
    def headers(self) -> Headers:
        """The header fields of the response; none before the head."""
        return self._message.headers

    @property
    def is_event_stream(self) -> bool:
        """Whether the response is a stream of events, of no announced length."""
        return not self._message.finite and media_type(self._message.headers) == "text/event-stream"

    def kept(self) -> Response | None:
        """What there is of the response so far; None before its head."""
        if not self._message.has_head:
            return None
        response = self._message.response()
        if not response.incomplete and is_mislabelled(response):
            response.data["body"]["as_sent"] = True
        return response

    def patience(self) -> Patience:
        """How long, and how much, to read on for the cassette; asked before ``left``, what that would give."""
        message = self._message
        if self.over or message.complete or message.broken or self._hurries:
            return NO_DRAIN
        limit = self._limit()
        if self.state in _READING_ON:
            limit = Patience(self._deadline(limit.seconds) - _clock(), limit.room - self._room_used)
        return limit if limit.seconds > 0 and limit.room > 0 else NO_DRAIN

    def _limit(self) -> Patience:
        """What the rest is worth, from the moment when the client left or the cassette began to close."""
        if self.state is State.SENDING or (self._message.has_head and self.is_event_stream):
            return NO_DRAIN
        limit = FINITE_DRAIN if self._message.finite else OPEN_DRAIN
        if self.state is State.CLOSING:
            return limit
        # A rest that is too long to be kept is not begun: it would never be whole.
        missing = self._message.missing or 0
        return NO_DRAIN if missing + self._room_used > LEFT_REST else limit._replace(room=LEFT_REST)

    def _deadline(self, seconds: float) -> float:
        closing = self._turn.closing_since
        if self.state is not State.CLOSING or closing is None:
            return self._since + seconds
        return max(closing + seconds, self._since + _AT_LEAST)

    # -- what happens -------------------------------------------------------------------------------------------------

    def sent(self) -> None:
        """The request is out."""
        self._go(Event.SENT)

    def received(self, data: bytes) -> None:
        """These bytes have come from the server. None: it has closed its side."""
        if self.over:
            return
        if not data:
            self.eof()
            return
        self._feed(data)
        if self._message.has_head:
            self._go(Event.HEAD)
        if self._message.complete:
            self._end()
        elif self._message.broken and not self._message.has_head:
            self._refuse()

    def eof(self) -> None:
        """The server has closed the connection: that is the end of a message which nothing else frames."""
        if self.over:
            return
        if isinstance(self._message, ResponseReader):
            self._message.eof()
        if self._message.complete:
            self._end()
        elif self._message.broken and not self._message.has_head:
            self._refuse()
        elif not self._message.has_head:
            self.error(Failure(RESPONSE, CLOSED, "", "the server closed the connection without a response"))
        else:
            self._go(Event.ERROR)
            self._finish(None, keep=True)

    def head(self, status: int, reason: str, headers: Headers, version: str = "1.1") -> None:
        """The client has the head of the final response. ``version``: of HTTP, as ``1.1``."""
        if not self.over:
            self._message = _PieceReader(self._method, status, reason, headers, version)
            self._go(Event.HEAD)

    def piece(self, data: bytes) -> None:
        """The client is about to be given these bytes of the body; only what was sent, before any decoding."""
        if not self.over:
            self._feed(data)

    def end(self, trailers: Headers | None = None) -> None:
        """The client has seen the end of the body."""
        if not self.over:
            if isinstance(self._message, _PieceReader):
                self._message.end(trailers)
            self._end()

    def error(self, failure: Failure | None) -> None:
        """The client sees an error in the place of what has not come. ``failure``: what it stands for; None: nothing
        that a replay could show, so nothing is kept."""
        if self.over:
            return
        if self._message.complete:
            self._end()
        elif self.state is State.LEFT:
            self.stop()  # The client has left, and hears of nothing.
        elif self._go(Event.ERROR):
            self._finish(failure)

    def cancelled(self, error: BaseException | None = None) -> None:
        """The program gave up while it waited. ``error``: what was raised there. Where that is no cancellation, but the
        end of the whole program (KeyboardInterrupt), no replay can wait for it: an event stream is kept as far as it
        went, and nothing of any other response."""
        if self.over:
            return
        if self._message.complete:
            self._end()
        elif self.state in _READING_ON or (error is not None and self.is_event_stream and not is_cancellation(error)):
            self.stop()
        else:
            phase = SEND if self.state is State.SENDING else RESPONSE
            self._go(Event.CANCELLED)
            given_up = error is None or is_cancellation(error)
            self._finish(Failure(phase, CANCELLED, "", "the program cancelled the request") if given_up else None)

    def left(self, error: BaseException | None = None) -> None:
        """The client reads no more of it. ``error``: the exception because of which it leaves, if there is one: a
        cancelled one does not wait, and is kept as cancelled; nor does one that ran out of time."""
        if self.over:
            return
        if is_cancellation(error):
            self.cancelled(error)
        else:
            self._hurries = _hurries(error)
            self._read_on(Event.LEFT)

    def closing(self) -> None:
        """The cassette closes, and the client may read on later: what is read now has to be kept for it."""
        self._read_on(Event.CLOSING)

    def stop(self) -> None:
        """No more is read: what has come is what there is. It is whole if as much has come as was announced."""
        if not self.over:
            self._finish(None, keep=True)

    def settle(self) -> None:
        """The cassette closes, and there is no time to read on."""
        self.closing()
        self.stop()

    def _refuse(self) -> None:
        """What came is no HTTP. The replay gives the line on which the client stumbled."""
        line = self._message.start_line if isinstance(self._message, ResponseReader) else None
        self.error(None if line is None else Failure(RESPONSE, MALFORMED, "", line))

    def _feed(self, data: bytes) -> None:
        self._message.feed(data)
        if self.state in _READING_ON:
            self._room_used += len(data)

    def _go(self, event: Event) -> bool:
        """Follow the table; whether the state has this event."""
        following = NEXT.get((self.state, event))
        if following is not None:
            self.state = following
        return following is not None

    def _read_on(self, event: Event) -> None:
        if not self.over and self._go(event):
            self._since, self._room_used = _clock(), 0

    def _end(self) -> None:
        self._go(Event.END)
        self._finish(None, keep=True)

    def _finish(self, failure: Failure | None, *, keep: bool = False) -> None:
        """The turn ends. ``keep``: what has come is kept though there is no ``failure``."""
        self.over = True
        so_far = self.kept()
        if failure is not None:
            self._turn.fail(failure, so_far)
        elif keep and so_far is not None:
            self._turn.complete(so_far)
        else:
            self._turn.drop()
