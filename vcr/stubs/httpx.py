"""Stands between the transports of httpx, or httpx2, and a cassette. It must not know an option or a file.

The client hands a transport a request and is given a response whose body is a stream. The turn is taken in the last
transport on the way, the *engine*: what wraps it (a retry, a cache, a router, a subclass) does its own work above the
cassette, as the client does with redirects, cookies and authentication. Replayed, the response is one of httpx's own
with the recorded pieces for a stream; live, it is the engine's, whose stream the cassette listens to.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import sys
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextvars import ContextVar
from types import ModuleType
from typing import Any

import anyio
import anyio.lowlevel

from .._engine.cassette import Cassette, Turn
from .._http.failure import CLOSED, CONNECT, RESPONSE, SEND, SYSTEM, TIMEOUT, Failure
from .._http.wire import asks_for_upgrade, content, content_length, field_bytes, is_chunked
from ..request import Headers, Request
from ..response import Response
from .exchange import NO_DRAIN, Recording, cassette_for, going_live

log = logging.getLogger(__name__)

Native = Any  # a request, a response, a transport: of httpx or of httpx2
Handle = Callable[[Native, Native], Native]
AsyncHandle = Callable[[Native, Native], Awaitable[Native]]
_Came = bytes | Exception | None  # from a live stream; None: its end

#: The errors that stand for a failure of the exchange: in which phase, and whether nothing came in time.
_ERRORS = {
    (CONNECT, True): "ConnectTimeout",
    (CONNECT, False): "ConnectError",
    (SEND, True): "WriteTimeout",
    (SEND, False): "WriteError",
    (RESPONSE, True): "ReadTimeout",
    (RESPONSE, False): "ReadError",
}

#: What anyio, which is httpx's way to asyncio, says of whatever the system reports.
_ANYIO = {CONNECT: "All connection attempts failed", SEND: "", RESPONSE: ""}

# -- the doors ---------------------------------------------------------------------------------------------------------


class Transports:
    """The transports of one module, httpx or httpx2."""

    def __init__(self, module: ModuleType) -> None:
        self._module: Any = module
        self._bases = (module.BaseTransport, module.AsyncBaseTransport)
        self._inner = (*self._bases, module.Client, module.AsyncClient)
        streams = (module.SyncByteStream, module.AsyncByteStream)
        # The client insists on streams of its own classes.
        self._pieces = type("Pieces", (_Pieces, *streams), {})
        self._tee = type("Tee", (_Tee, streams[0]), {})
        self._async_tee = type("AsyncTee", (_AsyncTee, streams[1]), {})
        self._errors = _Errors(module, {})
        self._async_errors = _Errors(module, _ANYIO)

    def door(self, owner: type, original: Handle) -> Handle:
        """``handle_request``, as ``owner`` defines it."""

        @functools.wraps(original)
        def handle_request(self: Native, request: Native) -> Native:
            taken_in = transports._take_in(self, request, owner, "handle_request")
            if taken_in is None:
                return original(self, request)
            cassette, asked = taken_in
            sent = list(request.stream)
            asked.body = b"".join(sent)
            turn = cassette.begin(asked)
            if turn.response is not None:
                return transports.replay(turn.response, request.method, errors)
            with going_live(turn), transports._sending(request, sent), errors.told(turn):
                response = original(self, request)
            return transports._record(turn, request, response, functools.partial(transports._tee, errors))

        transports, errors = self, self._errors
        return handle_request

    def async_door(self, owner: type, original: AsyncHandle) -> AsyncHandle:
        """``handle_async_request``, as ``owner`` defines it."""

        @functools.wraps(original)
        async def handle_async_request(self: Native, request: Native) -> Native:
            taken_in = transports._take_in(self, request, owner, "handle_async_request")
            if taken_in is None:
                return await original(self, request)
            cassette, asked = taken_in
            stream = request.stream
            sent = list(stream) if transports._is_whole(stream) else [piece async for piece in stream]
            asked.body = b"".join(sent)
            turn = cassette.begin(asked)
            if turn.response is not None:
                await anyio.lowlevel.checkpoint()  # (other tasks have their turn, as ever)
                return transports.replay(turn.response, request.method, errors)
            with going_live(turn), transports._sending(request, sent), errors.told(turn):
                response = await original(self, request)
            return transports._record(turn, request, response, functools.partial(transports._async_tee, errors))

        transports, errors = self, self._async_errors
        return handle_async_request

    def _take_in(self, transport: Native, request: Native, owner: type, method: str) -> tuple[Cassette, Request] | None:
        """The cassette that the request belongs to, and the request without its body; None when it belongs to none."""
        cassette = cassette_for(request.url.raw_host.decode("ascii"), type(transport))
        if cassette is None or self._passes_on(transport, owner, method):
            return None
        asked = Request(request.method, _uri(request), None, request.headers.raw)
        if asks_for_upgrade(asked.headers):
            log.info("%s is to become another protocol than HTTP: not recorded", asked.uri)
            return None
        return cassette, asked

    def _passes_on(self, transport: Native, owner: type, method: str) -> bool:
        """Whether another transport, with a door of its own, is to answer: a base class, or one that it holds."""
        classes = type(transport).__mro__
        for cls in classes[classes.index(owner) + 1 :]:
            if method in vars(cls) and cls not in self._bases:
                return True
        if owner.__module__.partition(".")[0] == self._module.__name__:
            return False  # httpx's own are engines, whatever their subclasses hold.
        return any(isinstance(part, self._inner) for part in _parts(transport))

    def _is_whole(self, stream: Native) -> bool:
        """Whether it is a body in memory, which can be read in any way and again."""
        return isinstance(stream, self._module.ByteStream)

    @contextlib.contextmanager
    def _sending(self, request: Native, sent: list[bytes]) -> Iterator[None]:
        """In here the request has a body again, in the same pieces, if it was one that can be read but once."""
        stream = request.stream
        if self._is_whole(stream):
            yield
            return
        request.stream = standing_in = self._pieces(sent)
        try:
            yield
        finally:
            # A transport that has read the body has put another one there, as ever.
            if request.stream is standing_in:
                request.stream = stream

    # -- the answer ---------------------------------------------------------------------------------------------------

    def replay(self, recorded: Response, method: str, errors: _Errors | None = None) -> Native:
        """A response of the module's own, or the error that was recorded."""
        error = (errors or self._errors).behind(recorded)
        if error is not None and not recorded.incomplete:
            raise error
        headers, pieces = content(recorded, method)
        if error is None and recorded.incomplete:
            error = self._module.RemoteProtocolError(_cut_text(headers, pieces))
        extensions = {"http_version": field_bytes(f"HTTP/{recorded.http_version}"), "network_stream": _NoNetwork()}
        if recorded.reason or recorded.has_no_reason:  # If it is not known, httpx derives it from the status.
            extensions["reason_phrase"] = field_bytes(recorded.reason or "")
        fields = [(field_bytes(name), field_bytes(value)) for name, value in headers.pairs()]
        stream = self._pieces(pieces, error)
        return self._module.Response(recorded.status, headers=fields, stream=stream, extensions=extensions)

    def _record(self, turn: Turn, request: Native, response: Native, tee: Callable[..., Any]) -> Native:
        if not turn.records:
            return response
        head = (request.method, *_head(response))
        if self._is_whole(response.stream):
            recording, body = Recording(turn, *head), b"".join(response.stream)
        elif response.is_stream_consumed:
            recording, body = Recording(turn, *head), response.content
        else:
            response.stream = tee(response, turn, *head)
            return response
        recording.feed(body)
        recording.finish()
        return response


def _parts(transport: Native) -> Iterator[Any]:
    for value in getattr(transport, "__dict__", {}).values():
        if isinstance(value, Mapping):
            yield from value.values()
        elif isinstance(value, (list, tuple)):
            yield from value
        else:
            yield value


def _uri(request: Native) -> str:
    """The absolute URI of what is asked for: without user and password, which go into a header, and fragment."""
    url = request.url
    # httpcore sends this instead, if it is there.
    target: str = request.extensions.get("target", url.raw_path).decode("latin-1")
    if "://" in target.partition("?")[0]:
        return target
    # A whole server is asked with "*" (RFC 9112 §3.2.4).
    return f"{url.scheme}://{url.netloc.decode('ascii')}{'' if target.startswith('/') else '/'}{target}"


def _head(response: Native) -> tuple[int, str, Headers, str]:
    """Status, reason, headers and version."""
    reason: bytes | None = response.extensions.get("reason_phrase")
    text = response.reason_phrase if reason is None else reason.decode("latin-1")
    version = response.http_version.removeprefix("HTTP/")
    return response.status_code, text, Headers(response.headers.raw), version


def _cut_text(headers: Headers, pieces: list[bytes]) -> str:
    """What h11 says of a message that ends early."""
    length = None if is_chunked(headers) else content_length(headers)
    how = "incomplete chunked read"
    if length is not None:
        how = f"received {sum(map(len, pieces))} bytes, expected {length}"
    return f"peer closed connection without sending complete message body ({how})"


# -- errors ------------------------------------------------------------------------------------------------------------


class _Errors:
    """What the transports of one module raise when an exchange fails. ``says``: in which phase, instead of what the
    system reported."""

    def __init__(self, module: Any, says: Mapping[str, str]) -> None:
        self._module = module
        self._says = says

    @contextlib.contextmanager
    def told(self, turn: Turn) -> Iterator[None]:
        """Around a live request: the turn is told of its failure."""
        try:
            yield
        except Exception as error:
            turn.fail(self.failure(error))
            raise

    def failure(self, error: Exception) -> Failure | None:
        """What ``error`` stands for, from which it can be made again; None if it is not the network's."""
        text = str(error)
        if isinstance(error, self._module.RemoteProtocolError):
            return None if _is_parsers(error) else Failure(RESPONSE, CLOSED, "", text)
        for (phase, late), name in _ERRORS.items():
            if isinstance(error, getattr(self._module, name)):
                plain = Failure(phase, TIMEOUT if late else SYSTEM, "", text)
                found = Failure.of(error, phase) or plain
                attempts = (found, found._replace(code="", message=text), plain)
                return next(failure for failure in attempts if self._is(failure, error))
        return None

    def says_that_it_is_cut(self, error: BaseException) -> bool:
        """Whether it is what a replay raises at the end of an incomplete message."""
        return isinstance(error, self._module.RemoteProtocolError)

    def _is(self, failure: Failure, error: Exception) -> bool:
        again = self.error(failure)
        return isinstance(error, type(again)) and str(error) == str(again)

    def error(self, failure: Failure) -> Exception:
        """The inverse; of what another client has recorded, too."""
        cause = failure.error()
        name = _ERRORS[failure.phase, isinstance(cause, TimeoutError)]
        if (failure.phase, failure.kind) == (RESPONSE, CLOSED):
            name = "RemoteProtocolError"
        text = failure.message
        if failure.code:
            text = self._says.get(failure.phase, str(cause)) if failure.kind == SYSTEM else str(cause)
        error: Exception = getattr(self._module, name)(text)
        error.__cause__ = cause
        return error

    def behind(self, recorded: Response) -> Exception | None:
        """What a recorded response ended in, or why there was none."""
        return None if recorded.failure is None else self.error(recorded.failure)


def _is_parsers(error: Exception) -> bool:
    """Whether it is about what the server said: httpcore hands on the parser's error. An early end is its own."""
    return any(isinstance(said, Exception) for said in getattr(error.__cause__, "args", ()))


# -- streams -----------------------------------------------------------------------------------------------------------


class _Pieces:
    """A body in its pieces, and the error that it ends in, if it does."""

    def __init__(self, pieces: list[bytes], error: Exception | None = None) -> None:
        self._pieces = pieces
        self._error = error

    def __iter__(self) -> Iterator[bytes]:
        yield from self._pieces
        if self._error is not None:
            raise self._error

    def __aiter__(self) -> AsyncIterator[bytes]:
        return _AsyncPieces(iter(self))


class _AsyncPieces:
    """An iterator over them. (No generator: the event loop keeps a record of each of those.)"""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._has_begun = False

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        for piece in self._pieces:
            if self._has_begun:  # (the first piece has come with the head)
                await anyio.lowlevel.checkpoint()
            self._has_begun = True
            return piece
        raise StopAsyncIteration


class _NoNetwork:
    """For whoever looks at the connection of a replayed response: there is nothing to be known."""

    def get_extra_info(self, info: str) -> None:
        """None, as of every ``info`` that a connection does not have."""


class _Listener(Recording):
    """A live stream, on its way to the client and to its turn."""

    def __init__(self, errors: _Errors, response: Native, turn: Turn, *head: Any) -> None:
        self._errors = errors
        self._stream = response.stream
        self._network = response.extensions.get("network_stream")
        self._has_ended = False  # it is kept when it has been closed, too: that may fail
        self._has_failed = False
        super().__init__(turn, *head)

    @property
    def _patience(self) -> tuple[float, int]:
        """For how many seconds, and bytes, the rest is worth waiting for."""
        leaving = sys.exc_info()[1]
        # Who is cancelled or interrupted does not wait.
        hurries = leaving is not None and not isinstance(leaving, Exception)
        return NO_DRAIN if self.over or self._has_ended or self.whole or hurries else self.drain

    def _take(self, came: _Came) -> bytes | None:
        """What the client is given next."""
        if isinstance(came, Exception):
            self._fail(came)
            raise came
        if came is None:
            self._has_ended = True
            self._turn.stream(self.finish, weakly=False)  # whoever reads to the end need not close
        else:
            self.feed(came)
        return came

    def _fail(self, error: BaseException) -> None:
        """The client sees this error in the place of what is missing. It is kept where a replay can raise it."""
        self._has_failed = True
        if not isinstance(error, Exception):
            self.give_up()
            return
        failure = self._errors.failure(error)
        if failure is not None or self._errors.says_that_it_is_cut(error):
            self._end(None, incomplete=True, failure=failure)
        else:
            self.drop()

    def _leave(self) -> None:
        """No more will be read: keep what there is."""
        if self._has_ended:
            self.finish()
        else:
            self.cut()

    @contextlib.contextmanager
    def _closing(self) -> Iterator[None]:
        """Around the closing of the stream. If that fails, nothing is kept; the client hears of what failed first."""
        try:
            yield
        except Exception as error:
            if not self._has_failed:
                self.drop()
                raise
            log.debug("A stream that had failed could not be closed: %s", error)
        self._leave()

    def settle(self) -> None:
        """The cassette closes: what has come is what there is."""
        self._leave()


class _Tee(_Listener):
    """A live stream of a synchronous client."""

    def __init__(self, *args: Any) -> None:
        self._ahead: deque[_Came] = deque()  # read for the cassette's sake before the client asked
        self._reading = threading.Lock()
        super().__init__(*args)

    def __iter__(self) -> Iterator[bytes]:
        while (piece := self._next()) is not None:
            yield piece

    def _next(self) -> bytes | None:
        try:
            with self._reading:
                came = self._ahead.popleft() if self._ahead else self._receive()
        except BaseException as interrupt:
            self._fail(interrupt)
            raise
        return self._take(came)

    @functools.cached_property
    def _source(self) -> Iterator[bytes]:
        return iter(self._stream)

    def _receive(self) -> _Came:
        try:
            with going_live(self._turn):
                return next(self._source, None)
        except Exception as error:  # noqa: BLE001  (it is raised when its turn has come)
            return error

    def settle(self) -> None:
        """The cassette closes: what comes soon is read ahead of the client."""
        seconds, room = self._patience
        # Another thread may be waiting for the next piece: the cassette cannot wait with it.
        if seconds and self._reading.acquire(blocking=False):
            # The stream has to live on if nothing comes: it is left to wait by itself.
            reader = threading.Thread(target=self._read_on, args=(seconds, room), name="vcr-read-ahead", daemon=True)
            reader.start()
            reader.join(seconds)
        last = self._ahead[-1] if self._ahead else b""
        if isinstance(last, Exception):
            self._fail(last)  # the client will see it
        self._has_ended = self._has_ended or last is None
        self._leave()

    def close(self) -> None:
        """The client is done: read what is left of a message that ends, for the cassette."""
        seconds, room = self._patience
        # How long a stream of unknown length makes its reader wait is only limited where the network is at hand.
        waits = seconds and (self._network is not None or self._announced is not None)
        try:
            if waits and self._reading.acquire(blocking=False):
                with _punctually(self._network, seconds):
                    self._read_on(seconds, room)
            self._has_ended = self._has_ended or (bool(self._ahead) and self._ahead[-1] is None)
        finally:
            with self._closing():
                self._stream.close()

    def _read_on(self, seconds: float, room: int) -> None:
        """Read ahead, for so many seconds and bytes at the most; the lock is held, and let go at the end."""
        deadline = time.monotonic() + seconds
        try:
            while not self.whole and room > 0 and time.monotonic() < deadline:
                came = self._receive()
                self._ahead.append(came)
                if not isinstance(came, bytes):
                    break
                self.feed(came)
                room -= len(came)
        finally:
            self._reading.release()


class _AsyncTee(_Listener):
    """A live stream of an asynchronous client."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            try:
                came = await self._receive()
            except BaseException as interrupt:  # the task is cancelled
                self._fail(interrupt)
                raise
            piece = self._take(came)
            if piece is None:
                return
            yield piece

    @functools.cached_property
    def _source(self) -> AsyncIterator[bytes]:
        return aiter(self._stream)

    async def _receive(self) -> _Came:
        try:
            with going_live(self._turn):
                return await self._source.__anext__()
        except StopAsyncIteration:
            return None
        except Exception as error:  # noqa: BLE001  (it is raised when its turn has come)
            return error

    async def aclose(self) -> None:
        """The client is done: read what is left of a message that ends, for the cassette."""
        seconds, room = self._patience
        try:
            if seconds:
                with anyio.move_on_after(seconds):
                    await self._read_on(room)
        finally:
            with self._closing():
                await self._stream.aclose()

    async def _read_on(self, room: int) -> None:
        while not self.whole and room > 0:
            came = await self._receive()
            if not isinstance(came, bytes):
                self._has_ended = came is None
                break
            self.feed(came)
            room -= len(came)


# -- a limit to reading ------------------------------------------------------------------------------------------------

_deadline: ContextVar[float | None] = ContextVar("vcr_httpx_deadline", default=None)


class _Late(BaseException):
    """Nothing has come in time. No ``Exception``, so that other streams of an HTTP/2 connection do not hear of it."""


class _PunctualRead:
    """``read`` of a connection; ends at the deadline, if there is one."""

    def __init__(self, read: Callable[[int, float | None], bytes]) -> None:
        self._read = read

    def __call__(self, max_bytes: int, timeout: float | None = None) -> bytes:
        deadline = _deadline.get()
        if deadline is None:
            return self._read(max_bytes, timeout)
        left = deadline - time.monotonic()
        if left <= 0:
            raise _Late
        try:
            return self._read(max_bytes, left if timeout is None else min(left, timeout))
        except Exception as error:
            if time.monotonic() < deadline:
                raise
            raise _Late from error


@contextlib.contextmanager
def _punctually(network: Any, seconds: float) -> Iterator[None]:
    """In here, nobody waits for ``network`` any longer; what has not come by then does not come."""
    if network is not None and not isinstance(network.read, _PunctualRead):
        network.read = _PunctualRead(network.read)
    token = _deadline.set(time.monotonic() + seconds)
    try:
        with contextlib.suppress(_Late):
            yield
    finally:
        _deadline.reset(token)
