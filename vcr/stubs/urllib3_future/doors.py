"""The doors, which take the place of the methods of urllib3-future's connections and responses. A door must not know
how a response is recorded or replayed.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING

from ... import _active
from ..._http.failure import CANCELLED, RESPONSE
from ..cancellation import not_cancelled
from ..connection import current_for, origin_to
from .asked import Asked
from .errors import failing, failure_of
from .line import Line, line_of, plug
from .live import Listener
from .replay import ToBeCancelled
from .steps import Steps, is_async, nothing, pause, runner

if TYPE_CHECKING:
    from .native import Connection, LowLevelResponse, Promise

Door = Callable[[Callable[..., object]], Callable[..., object]]


def _line_written_to(connection: Connection) -> Line | None:
    """The line to which the present request is written; None when the request belongs to no cassette."""
    line = line_of(connection)
    return line if line is not None and line.asked is not None else None


def _connect_door(original: Callable[..., object]) -> Callable[..., object]:
    """``connect``: inside a cassette, open nothing: the real connection is made when a request goes live."""

    @functools.wraps(original)
    def connect(self: Connection) -> object:
        if current_for(self) is None:
            return original(self)
        plug(self)
        return nothing() if is_async(original) else None

    return connect


def _putrequest_door(original: Callable[..., object]) -> Callable[..., object]:
    """``putrequest``: begin a request, which belongs to the cassette that is current now."""

    @functools.wraps(original)
    def putrequest(self: Connection, method: str, url: str, *args: object, **kwargs: object) -> None:
        cassette = current_for(self, url)
        if cassette is not None:
            plug(self).begin(Asked(cassette, origin_to(self)), self)
        elif (line := line_of(self)) is not None:
            line.give_way(self)
        _write(original, self, method, url, *args, **kwargs)

    return putrequest


def _putheader_door(original: Callable[..., object]) -> Callable[..., object]:
    """``putheader``: write a part of the request."""

    @functools.wraps(original)
    def putheader(self: Connection, *args: object, **kwargs: object) -> None:
        _write(original, self, *args, **kwargs)

    return putheader


def _last_door(original: Callable[..., object]) -> Callable[..., object]:
    """``endheaders`` and ``send``: write a part of the request. When the request is complete, take its turn."""
    run = runner(original)

    @functools.wraps(original)
    def last(self: Connection, *args: object, **kwargs: object) -> object:
        if _line_written_to(self) is None:
            return original(self, *args, **kwargs)
        return run(_exchange(self, functools.partial(_write, original, self, *args, **kwargs), lambda: pause(original)))

    return last


def _write(original: Callable[..., object], connection: Connection, *args: object, **kwargs: object) -> object:
    """Write a part of a request, and keep the call: if the request goes live, the part is written again."""
    line = _line_written_to(connection)
    if line is not None and line.asked is not None:
        line.asked.calls.append(functools.partial(original, connection, *args, **kwargs))
    return original(connection, *args, **kwargs)


def _exchange(connection: Connection, last: Callable[[], object], pauses: Callable[[], object]) -> Steps:
    """Write the last part, take the turn, and go live if there is nothing to replay. Returns the client's promise of a
    response; None if the request is not complete. ``pauses``: waits until the program cancels a replay.

    The connection connects here, in the middle of ``endheaders`` or ``send``, because only a whole request shows
    whether it has to. ``Line`` says what of the connection changes hands for that.
    """
    promise = yield last()
    line = line_of(connection)
    asked = line.take_turn(connection, promise) if line is not None else None
    if line is None or asked is None:
        return promise
    if asked.failure is not None:
        if asked.failure.kind == CANCELLED:
            yield pauses()
            raise not_cancelled(asked.request())
        with failing(connection, asked.failure):
            yield connection._new_conn()
    with _active.outside(), asked.going_live():
        if not line.connected:
            try:
                with line.connecting(connection):
                    yield connection.connect()
                    if connection._protocol is None:  # a subclass has a connect of its own
                        yield connection._post_conn()
            except TimeoutError as error:
                if error.errno is not None or not line.fail_in_getresponse(connection, asked, promise, error):
                    raise
                return promise
        line.listen(asked, connection)
        for write in asked.writes(connection):
            promise = yield write()
    return promise


def _close_door(original: Callable[..., object]) -> Callable[..., object]:
    """``close``: stop recording the responses that are on their way. A response whose head the client has not asked for
    is read first, because the request was sent."""
    run = runner(original)

    def steps(connection: Connection) -> Steps:
        line = line_of(connection)
        if line is not None:
            for listener in [] if line.is_awaited else line.listeners(None):
                if not listener.exchange.has_head:
                    yield _leave(listener, original)
            line.stop_recording(connection)
        return (yield original(connection))

    @functools.wraps(original)
    def close(self: Connection) -> object:
        return run(steps(self))

    return close


def _getresponse_door(original: Callable[..., object]) -> Callable[..., object]:
    """``getresponse``: tell the exchange of the error that it raises, if it does."""
    run = runner(original)

    def steps(connection: Connection, promise: Promise | None, kwargs: dict[str, object]) -> Steps:
        line = line_of(connection)
        live = line.listeners(promise.stream_id if promise is not None else None) if line is not None else []
        try:
            return (yield original(connection, promise=promise, **kwargs))
        except ToBeCancelled as replay:
            yield pause(original)
            raise not_cancelled(replay.request) from None
        except BaseException as error:
            for listener in live:
                _tell(listener, error)
            raise

    @functools.wraps(original)
    def getresponse(self: Connection, *, promise: Promise | None = None, **kwargs: object) -> object:
        return run(steps(self, promise, kwargs))

    return getresponse


def _read_door(original: Callable[..., object]) -> Callable[..., object]:
    """``read`` and ``read1`` of a response: tell the exchange of the error that is raised, if one is."""
    run = runner(original)

    def steps(response: LowLevelResponse, args: tuple[object, ...]) -> Steps:
        live = _listener(response)
        try:
            return (yield original(response, *args))
        except ToBeCancelled as replay:
            yield pause(original)
            raise not_cancelled(replay.request) from None
        except BaseException as error:
            if live is not None:
                _tell(live, error)
            raise

    @functools.wraps(original)
    def read(self: LowLevelResponse, *args: object) -> object:
        return run(steps(self, args))

    return read


def _leave(listener: Listener, original: Callable[..., object]) -> object:
    """Tell a listener that the client leaves the response. The result has to be awaited if ``original`` is async."""
    leave = listener.left_async if is_async(original) else listener.left
    return leave(sys.exc_info()[1])


def _tell(listener: Listener, error: BaseException) -> None:
    """Tell the exchange of the error that is raised where the client waits for the response."""
    if isinstance(error, Exception):
        listener.exchange.error(failure_of(error, RESPONSE))
    else:
        listener.exchange.cancelled(error)


def _abort_door(original: Callable[..., object]) -> Callable[..., object]:
    """``abort`` of a response that the client has not read to its end: first read the rest for the cassette, as far as
    the exchange has patience."""
    run = runner(original)

    def steps(response: LowLevelResponse) -> Generator[object, None, None]:
        live = _listener(response)
        try:
            if live is not None:
                yield _leave(live, original)
        finally:
            yield original(response)

    @functools.wraps(original)
    def abort(self: LowLevelResponse) -> object:
        return run(steps(self))

    return abort


def _listener(response: LowLevelResponse) -> Listener | None:
    """The listener of this response; None if the response is not recorded, or not any more."""
    promise = response.from_promise
    line = line_of(promise._conn) if promise is not None else None
    if promise is None or line is None:
        return None
    return next(iter(line.listeners(promise.stream_id)), None)


#: The doors of connections, of their backend, and of responses, by the names of the methods whose place they take.
CONNECTION: dict[str, Door] = {"connect": _connect_door}
BACKEND: dict[str, Door] = {
    "putrequest": _putrequest_door,
    "putheader": _putheader_door,
    "endheaders": _last_door,
    "send": _last_door,
    "getresponse": _getresponse_door,
    "close": _close_door,
}
RESPONSE_DOORS: dict[str, Door] = {"read": _read_door, "read1": _read_door, "abort": _abort_door}
