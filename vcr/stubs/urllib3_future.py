"""Room: urllib3-future between a cassette and its own code, sync and async, whatever version of HTTP it speaks. It
knows no option and no file.

A connection of urllib3-future speaks through a *protocol*, which turns requests into bytes and bytes into events.
Inside a cassette a ``Line`` stands in its place. A request is first written to the line alone, which makes a Request of
it and takes the turn:

- replayed, the recorded bytes go through urllib3-future's own parser, a piece whenever the client waits for one;
- live, the connection connects if it has not, and the request is written again, now to the protocol itself. While its
  response is recorded, the line listens to what the protocol receives.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import itertools
import logging
import ssl
import sys
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any

from .. import _active
from .._engine.cassette import Cassette, Turn
from .._http.failure import CLOSED, CONNECT, DNS, RESPONSE, SEND, TLS, Failure
from .._http.wire import ResponseReader, asks_for_upgrade, media_type, render
from ..request import Headers, Request
from ..response import Response
from .answer import Idle
from .connection import _origin, current_for
from .exchange import FINITE_DRAIN, NO_DRAIN, OPEN_DRAIN, Recording

log = logging.getLogger(__name__)

Door = Callable[[Callable[..., Any]], Callable[..., Any]]

#: Who leaves a response because of one of these does not wait for the rest of it.
_HURRY = (asyncio.CancelledError, asyncio.TimeoutError, KeyboardInterrupt)

#: Streams that are the cassette's; a server's have positive numbers.
_stream_ids = itertools.count(-2, -1)

# -- sync and async ----------------------------------------------------------------------------------------------------

#: What is done the same in both: it yields what the client's code returns, which may have to be awaited.
_Steps = Generator[Any, Any, Any]


def _run(steps: _Steps) -> Any:
    try:
        value = next(steps)
        while True:
            value = steps.send(value)
    except StopIteration as end:
        return end.value


async def _run_async(steps: _Steps) -> Any:
    try:
        step = next(steps)
        while True:
            try:
                value = await step if inspect.isawaitable(step) else step
            except BaseException as error:  # noqa: BLE001  (it belongs where the step was taken)
                step = steps.throw(error)
            else:
                step = steps.send(value)
    except StopIteration as end:
        return end.value


def _runner(original: Callable[..., Any]) -> Callable[[_Steps], Any]:
    return _run_async if inspect.iscoroutinefunction(original) else _run


# -- the doors ---------------------------------------------------------------------------------------------------------


def _line(connection: Any) -> Line | None:
    protocol = connection._protocol
    return protocol if isinstance(protocol, Line) else None


def _asking(connection: Any) -> Line | None:
    """The line that the present request is written to; None when it is none of a cassette's business."""
    line = _line(connection)
    return line if line is not None and line.asked is not None else None


def _connect_door(original: Callable[..., Any]) -> Callable[..., Any]:
    """``connect``: inside a cassette, to the cassette. A real connection is made when a request has to go live."""

    @functools.wraps(original)
    def connect(self: Any) -> Any:
        if current_for(self) is None:
            return original(self)
        _plug(self)
        return _nothing() if inspect.iscoroutinefunction(original) else None

    return connect


async def _nothing() -> None:
    """What is awaited where there is nothing to wait for."""


def _putrequest_door(original: Callable[..., Any]) -> Callable[..., Any]:
    """Check in: the request belongs to the cassette that is current where it starts."""

    @functools.wraps(original)
    def putrequest(self: Any, method: str, url: str, *args: Any, **kwargs: Any) -> None:
        cassette = current_for(self, url)
        if cassette is not None:
            _plug(self).ask(Asked(cassette, _origin(self)), self)
        elif (line := _line(self)) is not None:
            line.step_aside(self)
        _write(original, self, method, url, *args, **kwargs)

    return putrequest


def _putheader_door(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def putheader(self: Any, *args: Any, **kwargs: Any) -> None:
        _write(original, self, *args, **kwargs)

    return putheader


def _last_door(original: Callable[..., Any]) -> Callable[..., Any]:
    """``endheaders`` and ``send``: either may be the request's end, which is its moment."""
    run = _runner(original)

    @functools.wraps(original)
    def last(self: Any, *args: Any, **kwargs: Any) -> Any:
        if _asking(self) is None:
            return original(self, *args, **kwargs)
        return run(_exchange(self, functools.partial(_write, original, self, *args, **kwargs)))

    return last


def _write(original: Callable[..., Any], connection: Any, *args: Any, **kwargs: Any) -> Any:
    """Write a part of a request, and remember how, should it have to be written again."""
    line = _asking(connection)
    if line is not None and line.asked is not None:
        line.asked.calls.append(functools.partial(original, connection, *args, **kwargs))
    return original(connection, *args, **kwargs)


def _exchange(connection: Any, last: Callable[[], Any]) -> _Steps:
    promise = yield last()
    line = _line(connection)
    asked = line.take_turn(connection, promise) if line is not None else None
    if line is None or asked is None:
        return promise
    if asked.failure is not None:
        with _failing(connection, asked.failure):
            yield connection._new_conn()
    with _active.outside(), asked.failing():
        if not line.connected:
            with line.connecting(connection):
                yield connection.connect()
                if connection._protocol is None:  # a subclass has its own way to connect
                    yield connection._post_conn()
        line.listen(asked, connection)
        for write in asked.writes(connection):
            promise = yield write()
    return promise


def _close_door(original: Callable[..., Any]) -> Callable[..., Any]:
    """``close``: no more will come of what is on its way."""

    @functools.wraps(original)
    def close(self: Any) -> Any:
        line = _line(self)
        if line is not None:
            line.hang_up(self)
        return original(self)

    return close


def _response_door(original: Callable[..., Any]) -> Callable[..., Any]:
    """``getresponse``: that there is none may be recorded, too."""
    run = _runner(original)

    def steps(connection: Any, promise: Any, kwargs: dict[str, Any]) -> _Steps:
        line = _line(connection)
        live = line.listeners(promise.stream_id if promise is not None else None) if line is not None else []
        try:
            return (yield original(connection, promise=promise, **kwargs))
        except Exception as error:
            for listener in live:
                listener.finish(_failure(error, RESPONSE))
            raise

    @functools.wraps(original)
    def getresponse(self: Any, *, promise: Any = None, **kwargs: Any) -> Any:
        return run(steps(self, promise, kwargs))

    return getresponse


def _read_door(original: Callable[..., Any]) -> Callable[..., Any]:
    """``read`` of a response: nor may there be more of it."""
    run = _runner(original)

    def steps(response: Any, args: Any) -> _Steps:
        live = _listener(response)
        try:
            return (yield original(response, *args))
        except Exception as error:
            if live is not None:
                live.finish(_failure(error, RESPONSE))
            raise
        except BaseException:
            if live is not None:
                live.give_up()
            raise

    @functools.wraps(original)
    def read(self: Any, *args: Any) -> Any:
        return run(steps(self, args))

    return read


def _abort_door(original: Callable[..., Any]) -> Callable[..., Any]:
    """``abort`` of a response that the client has not read to its end: the cassette does, if it is worth it."""
    run = _runner(original)

    def steps(response: Any) -> _Steps:
        live = _listener(response)
        try:
            if live is not None:
                yield (live.drain_async if run is _run_async else live.drain)()
        finally:
            yield original(response)

    @functools.wraps(original)
    def abort(self: Any) -> Any:
        return run(steps(self))

    return abort


def _listener(response: Any) -> Listener | None:
    """What listens to this response still."""
    promise = response.from_promise
    line = _line(promise._conn) if promise is not None else None
    return next(iter(line.listeners(promise.stream_id)), None) if line is not None else None


CONNECTION: dict[str, Door] = {"connect": _connect_door}
BACKEND: dict[str, Door] = {
    "putrequest": _putrequest_door,
    "putheader": _putheader_door,
    "endheaders": _last_door,
    "send": _last_door,
    "getresponse": _response_door,
    "close": _close_door,
}
ANSWER: dict[str, Door] = {"read": _read_door, "read1": _read_door, "abort": _abort_door}

# -- what a connection is given ----------------------------------------------------------------------------------------


def _plug(connection: Any) -> Line:
    """Put a line in place; what is connected stays connected behind it."""
    line = _line(connection)
    if line is None:
        line = Line(connection)
        if not line.connected:
            _pretend(connection, line.names)
        connection._protocol = line
    return line


def _pretend(connection: Any, names: Any) -> None:
    """What ``connect`` would have left behind."""
    connection.sock = CassetteSocket()
    connection.conn_info = names.ConnectionInfo()
    connection.conn_info.http_version = names.HttpVersion.h11
    connection._has_connected_to_proxy = bool(connection.proxy)
    if connection.scheme == "https":
        # The pool asks before it sends, and warns: here there is no certificate to check.
        connection.is_verified = True


class CassetteSocket:
    """A connection's socket while there is none. Nothing is read from it: what is recorded comes from the line."""

    def __init__(self) -> None:
        self._idle = Idle.shared(readable=False)

    def fileno(self) -> int:
        """For polling: of a socket that is silent."""
        return self._idle.fileno()

    def settimeout(self, timeout: float | None) -> None:
        """A recording is never late."""

    def getsockopt(self, *_: Any) -> int:
        """No error is pending."""
        return 0

    def shutdown(self, how: int) -> None:
        """There is nobody to tell."""

    def close(self) -> None:
        """There is nothing to close."""

    async def wait_for_close(self) -> None:
        """Nor to wait for."""


class Asked:
    """A request that is being written: what becomes of it, and the calls that write it."""

    def __init__(self, cassette: Cassette, origin: str) -> None:
        self.cassette = cassette
        self.origin = origin
        self.stream_id = next(_stream_ids)
        self.calls: list[functools.partial[Any]] = []
        self.head: list[tuple[bytes, bytes]] = []
        self.body = bytearray()
        self.turn: Turn | None = None
        self.failure: Failure | None = None  # recorded: it does not come to a response

    def _pseudo(self, name: bytes) -> str:
        return dict(self.head).get(name, b"").decode("latin-1")

    @property
    def method(self) -> str:
        """The method."""
        return self._pseudo(b":method")

    def request(self) -> Request:
        """It, with the names of its headers as HTTP/1 has them: the same whichever version it is sent over."""
        target = self._pseudo(b":path")
        uri = target if "://" in target.partition("?")[0] else self.origin + ("/*" if target == "*" else target)
        fields = Headers([("Host", self._pseudo(b":authority"))])
        for name, value in self.head:
            if not name.startswith(b":"):
                fields.add("-".join(map(str.capitalize, name.decode("latin-1").split("-"))), value.decode("latin-1"))
        return Request(self.method, uri, bytes(self.body) or None, fields)

    def writes(self, connection: Any) -> Iterator[Callable[[], Any]]:
        """The calls that write it again. HTTP/2 and 3 take no more at a time than the server allows."""
        for call in self.calls:
            data = call.args[1] if call.func.__name__ == "send" and connection.is_multiplexed else b""
            size = connection.max_frame_size
            while len(data) > size:
                yield functools.partial(call.func, connection, data[:size])
                data = data[size:]
            yield functools.partial(call.func, connection, data, **call.keywords) if data else call

    @contextmanager
    def failing(self) -> Iterator[None]:
        """Around what may fail while it goes live: the turn hears of it."""
        try:
            yield
        except BrokenPipeError:
            raise  # The client goes on, and reads why.
        except Exception as error:
            # The client has its own errors for a connection that is not made; what the system says then is raw.
            raw = isinstance(error, OSError) and not isinstance(error, ssl.SSLError)
            if self.turn is not None:
                self.turn.fail(_failure(error, SEND if raw else CONNECT))
            raise

    def leaves_http(self) -> bool:
        """Whether it asks to turn its connection, or its stream (RFC 8441), into something else."""
        return bool(self._pseudo(b":protocol")) or asks_for_upgrade(self.request().headers)


class Line:
    """In the place of a connection's protocol: that of its own requests and streams, and, for all else, ``real``.

    ``connected``: whether ``real`` leads to a server. ``names``: the module of the backend.
    """

    def __init__(self, connection: Any) -> None:
        backend = next(cls for cls in type(connection).__mro__ if cls.__name__.endswith("HfaceBackend"))
        self.names: Any = sys.modules[backend.__module__]
        self.connected = connection._protocol is not None
        self.real = connection._protocol if self.connected else self._parser()
        self.asked: Asked | None = None
        self._svn = connection._svn
        self._verified = connection.is_verified
        self._replays: dict[int, Replay] = {}
        self._live: dict[int, Listener] = {}
        self._general: deque[Any] = deque()  # events of no stream, met among those of one
        self.is_awaited = False  # the client waits for the socket, in some thread

    def _parser(self) -> Any:
        return self.names.HTTPProtocolFactory.new(self.names.HTTP1Protocol)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["real"], name)

    # -- a request -----------------------------------------------------------------------------------------------------

    def ask(self, asked: Asked, connection: Any) -> None:
        """A request begins. It is written as HTTP/1.1 would be, for it to be the same live and replayed."""
        if self.asked is None:  # (the one before was not broken off)
            self._svn = connection._svn
        self.asked = asked
        connection._svn = self.names.HttpVersion.h11
        connection._cached_http_vsn = None

    def take_turn(self, connection: Any, promise: Any) -> Asked | None:
        """Once the request is whole, take its turn. What is returned has to go live, or to fail."""
        asked = self.asked
        assert asked is not None
        upgrade = asked.leaves_http()
        if promise is None and not upgrade:
            return None
        self.asked = None
        connection._svn = self._svn
        if upgrade:
            log.info("%s is to become another protocol than HTTP: not recorded", asked.request().uri)
        else:
            asked.turn = asked.cassette.begin(asked.request())
            response = asked.turn.response
            asked.failure = response.failure if response is not None else None
            if response is not None and (asked.failure is None or asked.failure.phase == RESPONSE):
                self._replay(connection, asked, response)
                return None
        if promise is not None:
            del connection._promises[promise.uid], connection._promises_per_stream[promise.stream_id]
        return asked

    def _replay(self, connection: Any, asked: Asked, response: Response) -> None:
        self._replays[asked.stream_id] = Replay(self._parser(), asked, response, self._end(response))
        version = {"2": "h2", "3": "h3"}.get(response.http_version[:1], "h11")
        spoken = self.names.HttpVersion[version]
        connection._cached_http_vsn = int(spoken.value.split("/")[1].replace(".", ""))
        if not self.connected:
            connection._svn = self.names.HttpVersion.h11
            connection.conn_info.http_version = spoken

    def _end(self, response: Response) -> Exception | None:
        """The error that a recorded response ends in, if that is not how the parser sees its end."""
        failure = response.failure
        if failure is None:
            return None
        error = _error(failure)
        if not isinstance(error, ConnectionError):
            return error
        if response.incomplete:
            return None  # The client takes a reset for the end.
        message = "Remote end closed connection without response"
        closed: Exception = self.names.ProtocolError(message)
        closed.__cause__ = ConnectionResetError(message)
        return closed

    @contextmanager
    def connecting(self, connection: Any) -> Iterator[None]:
        """Around the connection's own ``connect``."""
        info = connection.conn_info
        connection.sock = connection._protocol = None
        connection._svn = self._svn
        connection._has_connected_to_proxy = False
        yield
        # The client has been given the one there was.
        vars(info).update(vars(connection.conn_info))
        connection.conn_info = info
        self.real, connection._protocol = connection._protocol, self
        self._verified, connection.is_verified = connection.is_verified, True  # (nor is the next request warned of)
        self.connected, self._svn = True, connection._svn

    def listen(self, asked: Asked, connection: Any) -> None:
        """From here on the answer may come, and the cassette close."""
        if asked.turn is not None and asked.turn.records:
            stream_id = self.real.get_available_stream_id()
            kind = Frames if self.real.multiplexed else Bytes
            self._live[stream_id] = kind(self, stream_id, asked.turn, asked.method, connection)

    def step_aside(self, connection: Any) -> None:
        """A request begins that is no cassette's."""
        self.asked = None
        if not self.connected:
            connection._svn = self._svn
            connection.sock = connection._protocol = None
        elif not self._replays and not self._live:
            connection._protocol = self.real
            connection.is_verified = self._verified

    def hang_up(self, connection: Any) -> None:
        """The connection closes."""
        if self.asked is not None or not self.connected:
            connection._svn = self._svn
        self.asked = None
        self._finish()

    def listeners(self, stream_id: int | None) -> list[Listener]:
        """What listens to this stream, or to any, until it is over."""
        return [live for live in self._live.values() if stream_id in (None, live.stream_id) and not live.over]

    # -- what a connection writes --------------------------------------------------------------------------------------

    def get_available_stream_id(self) -> int:
        """The next request's."""
        return self.real.get_available_stream_id() if self.asked is None else self.asked.stream_id

    def submit_headers(self, stream_id: int, headers: Any, end_stream: bool = False) -> None:
        """The head of a request."""
        if self.asked is None:
            self.real.submit_headers(stream_id, headers, end_stream=end_stream)
        else:
            self.asked.head = list(headers)

    def submit_data(self, stream_id: int, data: Any, end_stream: bool = False) -> None:
        """A part of its body."""
        if self.asked is None:
            self.real.submit_data(stream_id, data, end_stream=end_stream)
        else:
            self.asked.body += data

    def should_wait_remote_flow_control(self, stream_id: int, amt: int | None = None) -> Any:
        """Whether the server takes no more for now."""
        return self.asked is None and self.real.should_wait_remote_flow_control(stream_id, amt)

    def max_frame_size(self) -> int:
        """What the server takes at a time."""
        return int(self.real.max_frame_size())

    def submit_stream_reset(self, stream_id: int, error_code: int = 0) -> None:
        """The client will read no more of it."""
        if self._replays.pop(stream_id, None) is None:
            self._live.pop(stream_id, None)
            self.real.submit_stream_reset(stream_id, error_code)

    # -- what it receives ----------------------------------------------------------------------------------------------

    def bytes_received(self, data: bytes) -> None:
        """From the server."""
        self.is_awaited = False
        self.real.bytes_received(data)
        self._heard(data)

    def many_bytes_received(self, data: list[bytes]) -> None:
        """From the server, in datagrams."""
        self.real.many_bytes_received(data)
        self._heard(b"")

    def eof_received(self) -> None:
        """The server has closed its side."""
        self.is_awaited = False
        self.real.eof_received()
        self._heard(b"")

    def connection_lost(self) -> None:
        """The connection is broken."""
        self.is_awaited = False
        self.real.connection_lost()
        self._heard(b"")

    def _heard(self, data: bytes) -> None:
        """Take the events of the streams that are listened to, which are kept for the client."""
        for live in self._live.values():
            live.feed(data)
            for event in iter(functools.partial(self.real.next_event, live.stream_id), None):
                if hasattr(event, "stream_id"):
                    live.queue.append(event)
                    live.note(event)
                else:
                    self._general.append(event)
        if any(isinstance(event, self.names.ConnectionTerminated) for event in self._general):
            self._finish()
        self._live = {stream_id: live for stream_id, live in self._live.items() if not live.is_done()}

    def _finish(self) -> None:
        for live in self._live.values():
            live.finish()

    def has_expired(self) -> bool:
        """Whether this connection should be closed: one that leads nowhere, when it has said what it had to."""
        if self._replays or self.asked is not None:
            return False
        return not self.connected or bool(self.real.has_expired())

    def is_idle(self) -> bool:
        """Whether nothing is on its way."""
        return not self._replays and bool(self.real.is_idle())

    def is_available(self) -> bool:
        """Whether it takes another request."""
        return not self._replays and bool(self.real.is_available())

    def has_pending_event(self, *, stream_id: int | None = None, excl_event: Any = None) -> bool:
        """Whether the client has something to read before it turns to the socket."""
        for stream in self._streams(stream_id):
            if stream.pending(excl_event):
                return True
        if stream_id is None and self._general:
            return True
        pending = bool(self.real.has_pending_event(stream_id=stream_id, excl_event=excl_event))
        self.is_awaited = not pending and excl_event is None
        return pending

    def next_event(self, stream_id: int | None = None) -> Any:
        """It."""
        for stream in self._streams(stream_id):
            if (event := stream.pop()) is not None:
                if stream.is_done():
                    self._replays.pop(stream.stream_id, None)
                    self._live.pop(stream.stream_id, None)
                return event
        return self._general.popleft() if self._general else self.real.next_event(stream_id)

    def events(self, stream_id: int | None = None) -> Iterator[Any]:
        """All of them."""
        while (event := self.next_event(stream_id)) is not None:
            yield event

    def reshelve(self, *events: Any) -> None:
        """Put some back."""
        for event in reversed(events):
            stream = next(iter(self._streams(getattr(event, "stream_id", None))), None)
            if stream is None or getattr(event, "stream_id", None) is None:
                self.real.reshelve(event)
            else:
                stream.queue.appendleft(event)

    def _streams(self, stream_id: int | None) -> list[Replay | Listener]:
        everything: dict[int, Replay | Listener] = {**self._replays, **self._live}
        if stream_id is None:
            return list(everything.values())
        return [everything[stream_id]] if stream_id in everything else []


# -- what goes wrong ---------------------------------------------------------------------------------------------------


def _failure(error: Exception, phase: str) -> Failure | None:
    """What an error of urllib3-future stands for."""
    cause = error.__cause__
    if isinstance(cause, ConnectionResetError) and cause.errno is None:
        return Failure(phase, CLOSED, "", str(cause))  # its own word for a server that does not answer
    if isinstance(error, ssl.SSLError) and error.errno is None:  # of rustls
        code = "CERTIFICATE_VERIFY_FAILED" if isinstance(error, ssl.SSLCertVerificationError) else ""
        return Failure(phase, TLS, code, str(error.args[0]))
    return Failure.of(error, phase)


def _error(failure: Failure) -> OSError:
    """The inverse: what its network would raise."""
    error = failure.error()
    # Its resolver, and rustls, give an error no number.
    bare = not failure.code if failure.kind == DNS else failure.kind == TLS and "_ssl.c" not in failure.message
    return type(error)(failure.message) if bare else error


@contextmanager
def _failing(connection: Any, failure: Failure) -> Iterator[None]:
    """Raise what the client makes of this failure. In here it looks for an address, if that is why there is none."""
    error = _error(failure)
    if failure.phase != CONNECT or failure.kind == TLS:
        raise error
    connection._has_connected_to_proxy = False
    connection._resolver, resolver = _Nowhere(error), connection._resolver
    try:
        yield
    finally:
        connection._resolver = resolver
    raise error


class _Nowhere:
    """A resolver that leads to no server."""

    def __init__(self, error: OSError) -> None:
        self._error = error

    def create_connection(self, *_: Any, **__: Any) -> Any:
        """Fail."""
        raise self._error


# -- recorded ----------------------------------------------------------------------------------------------------------


class Replay:
    """A recorded response, on its way through urllib3-future's own parser."""

    def __init__(self, parser: Any, asked: Asked, response: Response, error: Exception | None) -> None:
        self.stream_id = asked.stream_id
        self.queue: deque[Any] = deque()
        self._parser = parser
        head = [(b":method", asked.method.encode()), (b":authority", b"cassette"), (b":path", b"/")]
        parser.submit_headers(parser.get_available_stream_id(), head, end_stream=True)
        parser.bytes_to_send()
        came = render(response, asked.method) if error is None or response.incomplete else []
        self._pieces: deque[bytes | Exception | None] = deque([*came, error])  # None: the server closes

    def pending(self, _: Any = None) -> bool:
        """Whether there is more; the next piece is parsed when the client has seen the one before."""
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

    def pop(self) -> Any:
        """The next event that has been parsed."""
        if not self.queue:
            return None
        event = self.queue.popleft()
        if hasattr(event, "stream_id"):
            event.stream_id = self.stream_id
        if getattr(event, "end_stream", False):
            self.queue.clear()  # What follows is the connection's end, not the message's.
            self._pieces.clear()
        return event

    def is_done(self) -> bool:
        """Whether all has been seen."""
        return not self.queue and not self._pieces


# -- live --------------------------------------------------------------------------------------------------------------


class Listener:
    """Listens to a live response: what the client is given goes to the turn."""

    def __init__(self, line: Line, stream_id: int, turn: Turn, method: str, connection: Any) -> None:
        self.stream_id = stream_id
        self.queue: deque[Any] = deque()  # what has been heard, and not yet read by the client
        self.over = False
        self._line = line
        self._turn = turn
        self._method = method
        self._version = {20: "2", 30: "3"}.get(connection._http_vsn, "1.1")
        self._sock = connection.sock
        self._is_sync = not inspect.iscoroutinefunction(self._sock.recv)
        turn.stream(self.settle)

    def feed(self, data: bytes) -> None:
        """The protocol has received these bytes; or it has heard of the end, when there are none."""

    def note(self, event: Any) -> None:
        """What the client is going to read."""
        raise NotImplementedError

    def finish(self, failure: Failure | None = None) -> None:
        """No more will come, or need come. ``failure``: what the client sees instead."""
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
        """It."""
        return self.queue.popleft() if self.queue else None

    def is_done(self) -> bool:
        """Whether all has been seen."""
        return self.over and not self.queue

    # -- the rest ------------------------------------------------------------------------------------------------------

    def settle(self) -> None:
        """The cassette closes: read the rest now, for the client to find, unless it is about to do so itself."""
        if self._is_sync and not self._line.is_awaited:
            self.drain()
        else:
            self.finish()

    def drain(self) -> None:
        """Read the rest, as far as it is worth it."""
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
        """The same."""
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
        """Have the protocol read it; what it has to say to that."""
        if data:
            self._line.bytes_received(data)
        else:
            self._line.eof_received()
        return iter(self._line.real.bytes_to_send, b"")


class Bytes(Listener):
    """Listens to HTTP/1, byte for byte: the events do without the reason phrase, the version and the chunks."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._reader = ResponseReader(self._method)
        self._accepted = False  # it is a response to the client, too

    def feed(self, data: bytes) -> None:
        """The next bytes."""
        if data:
            self._reader.feed(data)
        else:
            self._reader.eof()

    def note(self, event: Any) -> None:
        """Whether the client takes it for a response, and for its end."""
        self._accepted = self._accepted or isinstance(event, self._line.names.HeadersReceived)
        if event.end_stream and self._reader.complete:
            self.finish()

    def finish(self, failure: Failure | None = None) -> None:
        """What has come is what there is, unless it is no response to the client: that leaves no trace."""
        if not self.over or failure is not None:
            self.over = True
            so_far = self._reader.response() if self._accepted and not self._reader.broken else None
            self._turn.fail(None if self._reader.complete else failure, so_far)

    def give_up(self) -> None:
        """See ``Listener``."""
        if self._is_event_stream:
            self.finish()
        elif not self._reader.complete:
            super().give_up()

    @property
    def _is_event_stream(self) -> bool:
        return media_type(self._reader.headers) == "text/event-stream"

    def patience(self) -> tuple[float, int]:
        """As long as it may take to its end."""
        if self._reader.finite:
            return FINITE_DRAIN
        return NO_DRAIN if self._is_event_stream else OPEN_DRAIN


class Frames(Listener):
    """Listens to one stream of HTTP/2 or 3, event by event."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._recording: Recording | None = None

    def note(self, event: Any) -> None:
        """The head, a part of the body, the trailers, or the end."""
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
        """What has come is what there is."""
        self.over = True
        if self._recording is not None:
            self._recording.cut(failure)  # (of no effect on what is whole)
        else:
            self._turn.fail(failure)

    def give_up(self) -> None:
        """See ``Listener``."""
        if self._recording is not None and not self.over:
            self.over = True
            self._recording.give_up()

    def patience(self) -> tuple[float, int]:
        """As long as it may take to its end."""
        return OPEN_DRAIN if self._recording is None else self._recording.drain
