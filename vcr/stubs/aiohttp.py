"""Stands between aiohttp's own code and a cassette. It must not know an option or a file.

aiohttp asks its connector for a connection, writes the request to the connection's transport, and reads messages from
its protocol. Inside a cassette it gets a connection that leads nowhere (``CassetteConnection``), whose transport keeps
the request. What reads the answer takes the turn, in the caller's own task, so that errors, timeouts and cancellation
take the way that they always take:

- replayed, the recorded bytes go through aiohttp's own parser, a piece whenever the client waits for one;
- live, aiohttp's own connector connects now, and the connection becomes that one. While its response is recorded, a
  ``Recorder`` stands between the transport and its protocol;
- a recorded failure befalls aiohttp's protocol where it did live, so that aiohttp makes of it what it always makes.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import re
import ssl
import sys
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar
from weakref import WeakSet

import aiohttp
from aiohttp.client_exceptions import UnixClientConnectorError
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from aiohttp.helpers import ceil_timeout
from aiohttp.http import RawResponseMessage
from aiohttp.streams import StreamReader
from multidict import CIMultiDict, CIMultiDictProxy

from .._engine.cassette import Cassette, Turn
from .._http.failure import CLOSED, CONNECT, DNS, RESPONSE, SYSTEM, TIMEOUT, Failure
from .._http.wire import CONTINUE, RequestReader, ResponseReader, asks_for_upgrade, field_bytes, media_type, render
from ..request import Headers, header_name
from ..response import Response
from .door import bound
from .exchange import FINITE_DRAIN, NO_DRAIN, OPEN_DRAIN, cassette_for, going_live

log = logging.getLogger(__name__)

Connect = Callable[[], Awaitable[Connection]]

#: aiohttp 3.9 has no names of their own for them.
_ConnectionTimeoutError: type[Exception] = getattr(aiohttp, "ConnectionTimeoutError", aiohttp.ServerTimeoutError)
_SocketTimeoutError: type[Exception] = getattr(aiohttp, "SocketTimeoutError", aiohttp.ServerTimeoutError)
_DNSError: type[aiohttp.ClientConnectorError] = getattr(
    aiohttp, "ClientConnectorDNSError", aiohttp.ClientConnectorError
)

#: What a name may be made of (RFC 9110 §5.6.2).
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")

#: Who leaves a response because of one of these does not wait for the rest of it.
_HURRY = (asyncio.CancelledError, asyncio.TimeoutError, KeyboardInterrupt)

# -- the doors ---------------------------------------------------------------------------------------------------------


def connect_door(original: Any) -> Callable[..., Awaitable[Connection]]:
    """``BaseConnector.connect``: inside a cassette, to the cassette."""

    @functools.wraps(original)
    async def connect(
        self: aiohttp.BaseConnector, req: aiohttp.ClientRequest, traces: Any, timeout: aiohttp.ClientTimeout
    ) -> Connection:
        cassette = cassette_for(req.url.raw_host or "", type(self))
        connect: Connect = functools.partial(bound(original, self), req, traces, timeout)
        if cassette is None:
            return await connect()
        if asks_for_upgrade(Headers(req.headers.items())):
            log.info("%s is to become another protocol than HTTP: not recorded", req.url)
            return await connect()
        _authorize_at_proxy(req)
        live = functools.partial(_connect, connect, req, timeout)
        return CassetteConnection(self, req, cassette, live)

    return connect


def update_headers_door(original: Any) -> Callable[..., None]:
    """``ClientRequest.update_headers``: it is given what the program has set, for the request or for its session."""

    @functools.wraps(original)
    def update_headers(self: aiohttp.ClientRequest, headers: Any) -> None:
        if headers is not None and not isinstance(headers, Mapping):
            headers = list(headers)
        self._vcr_given = frozenset(map(header_name, Headers(headers)))  # type: ignore[attr-defined]
        bound(original, self)(headers)

    return update_headers


#: What is recorded though aiohttp has added it: whose request it is, and what its body means. (VCR.py keeps the body as
#: an object, and needs no type for it.)
_ADDED_AND_RECORDED = frozenset({"authorization", "content-encoding", "content-type", "cookie"})


def _given(req: aiohttp.ClientRequest) -> frozenset[str] | None:
    """The names of the header fields to record; None for all."""
    given: frozenset[str] | None = getattr(req, "_vcr_given", None)
    if given is None:
        return None
    recorded = given | _ADDED_AND_RECORDED
    session = getattr(req, "_session", None)
    of_session = session.auth.encode() if session is not None and session.auth is not None else None
    if of_session is not None and req.headers.get("Authorization") == of_session:
        # VCR.py does not see what a session adds.
        return recorded - ({"authorization"} - given)
    return recorded


def _authorize_at_proxy(req: aiohttp.ClientRequest) -> None:
    """What a connector adds to a request while it connects: here that comes after the request has been written."""
    if req.proxy is None or req.is_ssl():
        return
    asked = aiohttp.ClientRequest("GET", req.proxy, headers=req.proxy_headers, auth=req.proxy_auth, loop=req.loop)
    if "Authorization" in asked.headers:
        req.headers["Proxy-Authorization"] = asked.headers["Authorization"]


async def _connect(connect: Connect, req: aiohttp.ClientRequest, timeout: aiohttp.ClientTimeout) -> Connection:
    """Connect, and fail, as ``ClientSession`` does around ``connect``."""
    try:
        async with ceil_timeout(timeout.connect, timeout.ceil_threshold):
            return await connect()
    except asyncio.TimeoutError as error:
        raise _ConnectionTimeoutError(f"Connection timeout to host {req.url}") from error


def close_door(original: Any) -> Callable[..., Awaitable[None]]:
    """``BaseConnector.close``: what is still read for a cassette's sake is read first."""

    @functools.wraps(original)
    def close(self: aiohttp.BaseConnector, **options: Any) -> Awaitable[None]:
        ends = [recorder.ended for recorder in Recorder.draining if recorder.serves(self)]
        if not ends or not self._loop.is_running():
            done: Awaitable[None] = bound(original, self)(**options)
            return done

        async def drain_and_close() -> None:
            await asyncio.wait(ends)
            await bound(original, self)(**options)

        return self._loop.create_task(drain_and_close())

    return close


def notify_content_door(original: Any) -> Callable[..., None]:
    """``ClientResponse._notify_content``, which makes a response unreadable that is released or closed. VCR.py has read
    it by then, so its users go on reading: what is recorded, or replayed, can be read all the same."""

    @functools.wraps(original)
    def _notify_content(self: aiohttp.ClientResponse) -> None:
        protocol = getattr(self, "_protocol", None)  # (it has none before it is started)
        if not isinstance(protocol, CassetteProtocol) or not protocol.stays_readable:
            bound(original, self)()

    return _notify_content


def wait_for_close_door(original: Any) -> Callable[..., Awaitable[None]]:
    """``ClientResponse.wait_for_close``, which leaving ``async with`` calls: the same for one response."""

    @functools.wraps(original)
    async def wait_for_close(self: aiohttp.ClientResponse) -> None:
        await bound(original, self)()
        protocol = getattr(self, "_protocol", None)  # (it has none before it is started)
        if isinstance(protocol, CassetteProtocol) and protocol.recorder is not None:
            await protocol.recorder.drained()

    return wait_for_close


# -- failures ----------------------------------------------------------------------------------------------------------


def _failure_of(error: BaseException | None, phase: str, timer: Any) -> Failure | None:
    """What an error of aiohttp's stands for; None if it is not the network's. ``timer``: of the whole request."""
    if isinstance(error, aiohttp.ClientConnectorError):
        # Before 3.12 an error of a certificate has no ``os_error``.
        cause: Any = getattr(error, "certificate_error", None) or error.os_error
        kind = DNS if type(error) is _DNSError else SYSTEM
        return Failure.of(cause, CONNECT) or Failure(CONNECT, kind, "", str(cause.strerror or cause))
    if isinstance(error, aiohttp.ServerTimeoutError):
        return Failure(phase, TIMEOUT, "", str(error))
    if isinstance(error, (asyncio.CancelledError, asyncio.TimeoutError)) and _is_up(timer):
        return Failure(phase, TIMEOUT, "", "")  # aiohttp cancels the task, and says nothing
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return Failure(RESPONSE, CLOSED, "", str(error))
    if isinstance(error, aiohttp.ClientOSError):  # of a proxy's tunnel, too: it is no failure of aiohttp's to connect
        return Failure.of(error, RESPONSE)
    return None


def _is_up(timer: Any) -> bool:
    try:
        timer.assert_timeout()
    except asyncio.TimeoutError:
        return True
    return False


@contextmanager
def _failing(turn: Turn, phase: str, timer: Any) -> Iterator[None]:
    """Around what waits for the server, before there is a response: the cassette hears of it if it fails."""
    try:
        yield
    except (Exception, asyncio.CancelledError) as error:
        if turn.records:
            turn.fail(_failure_of(error, phase, timer))
        raise


def _raise_connecting(failure: Failure, connector: aiohttp.BaseConnector, req: aiohttp.ClientRequest) -> None:
    """Fail as ``connector`` did when it could not connect."""
    if failure.kind == TIMEOUT:
        raise _ConnectionTimeoutError(f"Connection timeout to host {req.url}") if failure.message else _late("")
    cause, key = failure.error(), req.connection_key
    if isinstance(cause, ssl.SSLCertVerificationError):
        raise aiohttp.ClientConnectorCertificateError(key, cause) from cause
    if isinstance(cause, ssl.SSLError):
        raise aiohttp.ClientConnectorSSLError(key, cause) from cause
    if isinstance(connector, aiohttp.UnixConnector):
        raise UnixClientConnectorError(connector.path, key, cause) from cause
    error: type[aiohttp.ClientConnectorError] = aiohttp.ClientConnectorError
    if req.proxy is not None:
        key = aiohttp.ClientRequest("GET", req.proxy, loop=req.loop, ssl=req.ssl).connection_key
        error = aiohttp.ClientProxyConnectionError
    raise (_DNSError if failure.kind == DNS else error)(key, cause) from cause


def _late(message: str) -> Exception:
    """aiohttp's error for the server's silence, or, which says nothing, for a request that takes too long."""
    return _SocketTimeoutError(message) if message else asyncio.TimeoutError()


# -- what aiohttp is given ---------------------------------------------------------------------------------------------


class CassetteConnection(Connection):
    """A connection that leads nowhere, until its request goes live: then it is the connector's own, with a difference:
    what the client leaves unread is read on, if it is recorded."""

    def __init__(
        self, connector: aiohttp.BaseConnector, req: aiohttp.ClientRequest, cassette: Cassette, connect: Connect
    ) -> None:
        loop = asyncio.get_running_loop()
        fail = functools.partial(_raise_connecting, connector=connector, req=req)
        protocol = CassetteProtocol(loop, cassette, str(req.url.origin()), self._go_live, fail, given=_given(req))
        super().__init__(connector, req.connection_key, protocol, loop)
        self._connect = connect
        self._recorder: Recorder | None = None

    async def _go_live(self, turn: Turn, method: str, timer: Any) -> Recorder:
        with going_live(turn), _failing(turn, CONNECT, timer):
            real = await self._connect()
        assert real.protocol is not None
        # Its finalizer is not to give back what is ours now.
        self._protocol, real._protocol = real.protocol, None
        self._recorder = Recorder(self._protocol, turn, method, timer)
        return self._recorder

    def close(self) -> None:
        """As ever; nothing of a replay goes to the pool."""
        self._leave(super().close)

    def release(self) -> None:
        """As ever; nothing of a replay goes to the pool."""
        self._leave(super().release)

    def _leave(self, leave: Callable[[], None]) -> None:
        protocol, recorder = self._protocol, self._recorder
        if protocol is None or (recorder is not None and recorder.let_go()):
            leave()
            return
        self._notify_release()
        self._protocol = None
        if recorder is None:
            if isinstance(protocol, CassetteProtocol):
                protocol.feed_all()
            protocol.close()
        else:
            recorder.drain(Connection(self._connector, self._key, protocol, self._loop))


class CassetteTransport(asyncio.Transport):
    """What aiohttp writes a request to."""

    def __init__(self, loop: asyncio.AbstractEventLoop, protocol: CassetteProtocol) -> None:
        super().__init__()
        self._loop = loop
        self._protocol = protocol
        self._closing = False

    def write(self, data: Any) -> None:
        """Take a part of the request."""
        self._protocol.written(data)

    def writelines(self, list_of_data: Iterable[Any]) -> None:
        """Take parts of the request."""
        for data in list_of_data:
            self._protocol.written(data)

    def is_closing(self) -> bool:
        """Whether the client has closed it."""
        return self._closing

    def close(self) -> None:
        """The protocol hears of it, soon, as of every transport's end."""
        if not self._closing and not self._loop.is_closed():
            self._loop.call_soon(self._protocol.connection_lost, None)
        self._closing = True

    abort = close

    def pause_reading(self) -> None:
        """A recording waits until it is asked for more."""

    def resume_reading(self) -> None:
        """A recording waits until it is asked for more."""


GoLive = Callable[[Turn, str, Any], Awaitable["Recorder"]]


class CassetteProtocol(ResponseHandler):
    """What aiohttp reads the answer from; the one to take the turn, when the request is whole and the client waits."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        cassette: Cassette,
        origin: str,
        go_live: GoLive,
        fail_to_connect: Callable[[Failure], None],
        *,
        given: frozenset[str] | None,
    ) -> None:
        super().__init__(loop)
        self._cassette = cassette
        self._origin = origin
        self._given = given  # the names of the header fields to record
        self._go_live: GoLive | None = go_live
        self._fail_to_connect = fail_to_connect
        self._settings: dict[str, Any] = {}
        self._request = RequestReader()
        self._is_out = False
        self._stirred = asyncio.Event()
        self._pieces: deque[bytes] = deque()  # of the recording
        self._end: Callable[[], None] | None = None  # what comes after them
        self._shown: Headers | None = None  # if they are not those that have been parsed
        self.recorder: Recorder | None = None
        self.connection_made(CassetteTransport(loop, self))

    # -- the request ---------------------------------------------------------------------------------------------------

    def written(self, data: Any) -> None:
        """Take a part of the request."""
        is_head = not self._request.has_head
        self._request.feed(data)
        if is_head and self._request.expects_continue:
            self.data_received(CONTINUE)  # aiohttp waits for it, with a body or without
            self._stirred.set()

    def start_timeout(self) -> None:
        """The request has been written to its end. What wrote it is still to end, before the answer is there: aiohttp
        takes what has not ended by then to have been cancelled."""
        self._is_out = True
        self._loop.call_soon(self._stirred.set)

    def set_exception(self, *args: Any) -> None:
        """The request cannot be written to its end: nobody is to wait for it."""
        super().set_exception(*args)
        self._stirred.set()

    def set_response_params(self, **settings: Any) -> None:
        """Keep the settings for a live response. A recording is never late."""
        self._settings = settings
        super().set_response_params(**{**settings, "read_timeout": None})

    # -- the answer ----------------------------------------------------------------------------------------------------

    @property
    def stays_readable(self) -> bool:
        """Whether the response can be read after the client has released or closed it."""
        return self._go_live is None and (self.recorder is None or self.recorder.has_recorded)

    async def read(self) -> Any:
        """The next message, ``100 Continue`` too, and its payload."""
        while not (self._is_out or len(self) or self.is_eof()):
            self._stirred.clear()
            await self._stirred.wait()
        if self._is_out and self._go_live is not None:
            await self._answer(self._go_live)
        if self.recorder is not None:
            return await self.recorder.read()
        message, payload = await super().read()
        if not payload.is_eof():
            payload.__class__ = _PacedReader
        return _with_headers(message, self._shown) if message.code != 100 else message, payload

    async def _answer(self, go_live: GoLive) -> None:
        self._go_live = None
        turn = self._cassette.begin(self._request.request(self._origin, given=self._given))
        if turn.response is not None:
            self._replay(turn.response)
            return
        recorder = await go_live(turn, self._request.method, self._settings.get("timer"))
        recorder.protocol.set_response_params(**self._settings)
        recorder.send(self._request.sent)
        self.recorder = recorder

    def _replay(self, response: Response) -> None:
        failure = response.failure
        if failure is not None and failure.phase == CONNECT:
            self._fail_to_connect(failure)
        if failure is None or response.incomplete:
            head, *pieces = render(self._parsable(response), self._request.method)
            self._pieces.extend((head + b"".join(pieces[:1]), *pieces[1:]))
        # The client comes to wait for the end only where the message does not tell it.
        self._end = functools.partial(self._break_off, failure)
        while not len(self) and self.feed():
            pass

    def _parsable(self, response: Response) -> Response:
        """``response``, without the fields that aiohttp's parser refuses: they are shown all the same."""
        pairs = response.headers.pairs()
        kept = _taken(response.headers)
        if len(kept) == len(pairs):
            return response
        self._shown = response.headers
        return Response({**response.data, "headers": Headers(kept).grouped()})

    def _break_off(self, failure: Failure | None) -> None:
        """The server closes; ``failure``: or what else happens at the end of the recording."""
        if failure is None:
            self.connection_lost(None)
        elif failure.kind == TIMEOUT:
            error, payload = _late(failure.message), self._payload
            self.set_exception(error)
            if payload is not None:
                payload.set_exception(error)
        elif failure.kind == CLOSED:
            self.set_exception(aiohttp.ServerDisconnectedError(failure.message))  # (it may tell of half a head)
            self.connection_lost(None)
        else:
            self.connection_lost(failure.error())

    def feed(self) -> bool:
        """Parse the next piece of the recording, or come to its end; False when that has been."""
        if self._pieces:
            self.data_received(self._pieces.popleft())
            return True
        end, self._end = self._end, None
        if end is not None:
            end()
        return end is not None

    def feed_all(self) -> None:
        """Parse the rest of the recording."""
        payload = self._payload
        while payload is not None and not payload.is_eof() and self.feed():
            pass


def _taken(headers: Headers) -> list[tuple[str, str]]:
    """The fields that aiohttp's parser takes: cassettes of other clients, and of VCR.py, hold more."""
    lengths = headers.get_all("Content-Length")
    is_plain = len(lengths) == 1 and lengths[0].strip().isdecimal() and "Transfer-Encoding" not in headers
    return [
        (name, value)
        for name, value in headers.pairs()
        if _TOKEN.fullmatch(name) and (is_plain or name.lower() != "content-length")
    ]


def _with_headers(message: Any, headers: Headers | None) -> Any:
    """``message``, an aiohttp RawResponseMessage, with these headers if there are any."""
    if headers is None:
        return message
    pairs = headers.pairs()
    raw = tuple((field_bytes(name), field_bytes(value)) for name, value in pairs)
    shown = CIMultiDictProxy(CIMultiDict(pairs))
    return RawResponseMessage(
        *(message.version, message.code, message.reason, shown, raw),
        *(message.should_close, message.compression, message.upgrade, message.chunked),
    )


class _PacedReader(StreamReader):
    """The body of a replayed response: what comes next comes when the client waits for it."""

    __slots__ = ()

    async def _wait(self, func_name: str) -> None:
        await asyncio.sleep(0)  # (other tasks have their turn between two pieces, as ever)
        if not self._feed():
            await super()._wait(func_name)
        elif (error := self.exception()) is not None:
            raise error

    async def wait_eof(self) -> None:
        """Wait for the end: it comes, read or not."""
        while not self.is_eof() and self.exception() is None and self._feed():
            pass
        await super().wait_eof()

    def _feed(self) -> bool:
        protocol = self._protocol
        return isinstance(protocol, CassetteProtocol) and protocol.feed()


class _WatchedReader(StreamReader):
    """The body of a recorded response: the recorder hears when the program is cancelled while it waits for more."""

    __slots__ = ()

    async def _wait(self, func_name: str) -> None:
        transport = self._protocol.transport
        listener = None if transport is None else transport.get_protocol()
        try:
            await super()._wait(func_name)
        except asyncio.CancelledError:
            if isinstance(listener, Recorder):
                listener.was_cancelled = True
            raise
        if isinstance(listener, Recorder):
            listener.was_cancelled = False  # it went on


# -- what listens to a live response -----------------------------------------------------------------------------------


class Recorder(asyncio.Protocol):
    """Stands between a live transport and aiohttp's protocol: bytes go to the client as they arrive, and to the turn
    when the message has ended. Then, or if nothing is recorded, it steps aside."""

    #: Those whose client has gone, and that read on.
    draining: ClassVar[WeakSet[Recorder]] = WeakSet()

    def __init__(self, protocol: ResponseHandler, turn: Turn, method: str, timer: Any) -> None:
        assert protocol.transport is not None
        self.protocol = protocol
        self.transport = protocol.transport
        self._turn = turn
        self._timer = timer
        self._reader = ResponseReader(method)
        self._begun = False
        self._over = not turn.records
        #: Whether there is, or was, something to record.
        self.has_recorded = turn.records
        #: Whether the program was cancelled while it waited for more of the body.
        self.was_cancelled = False
        self._error: Exception | None = None  # of a hook
        self._is_sending = False
        self._rest: Connection | None = None  # to be closed when the rest has been read
        self._room = 0
        self._deadline: asyncio.TimerHandle | None = None
        self.transport.set_protocol(self)
        if turn.records:
            turn.stream(self.settle)

    def send(self, request: bytearray) -> None:
        """Send the request, exactly as the client wrote it; the timeout of reading runs from when it is out."""
        self.transport.write(request)
        if not self._is_sending:
            self.protocol.start_timeout()

    async def read(self) -> Any:
        """The next message, and its payload."""
        with _failing(self._turn, RESPONSE, self._timer):
            message, payload = await self.protocol.read()
        self.raise_error()
        if self.has_recorded and not payload.is_eof():
            payload.__class__ = _WatchedReader
        if message.code == 100:
            # aiohttp stops the clock with every message that has no payload; it is to start it again with the body,
            # which is out already.
            self.protocol.start_timeout()
        return message, payload

    # -- what the transport says ---------------------------------------------------------------------------------------

    def pause_writing(self) -> None:
        """The request has to wait."""
        self._is_sending = True
        self.protocol.pause_writing()

    def resume_writing(self) -> None:
        """The request is out, but for what the transport holds."""
        self._is_sending = False
        self.protocol.resume_writing()
        self.protocol.start_timeout()

    def data_received(self, data: bytes) -> None:
        """For the cassette, and for the client if there is one still."""
        # aiohttp passes over blank lines before a message.
        self._reader.feed(data if self._begun else data.lstrip(b"\r\n"))
        self._begun = True
        if self._rest is not None:
            self._room -= len(data)
            self.protocol.data_received(data)  # it can still be read
            self.transport.resume_reading()
            if self._reader.complete or self._room <= 0:
                self._end_drain()
            return
        self.protocol.data_received(data)
        if self.protocol.exception() is not None:
            self._over = True  # It is no response to aiohttp: the turn leaves no trace.
        elif self._reader.complete:
            self._finish()
        if self._over and not self._is_sending:
            self._step_aside()

    def eof_received(self) -> None:
        """The server has closed its side."""
        self.protocol.eof_received()

    def connection_lost(self, exc: BaseException | None) -> None:
        """The server has closed, or the client (then the protocol has no transport any more)."""
        if exc is None and self.protocol.transport is not None and self._reader.has_head:
            self._reader.eof()
        self._finish(None if exc is None or self._rest is not None else Failure.of(exc, RESPONSE))
        self.protocol.connection_lost(exc)
        self._end_drain()

    # -- the end -------------------------------------------------------------------------------------------------------

    def settle(self, failure: Failure | None = None) -> None:
        """The cassette closes, or the client has seen a ``failure``: what has come is what there is."""
        if not self._over:
            self._over = True
            # Without a head there is no response: what happened before it, who reads it hears of.
            if self._reader.has_head:
                if self.was_cancelled and not self._reader.complete and not self._is_event_stream:
                    self._turn.drop()
                else:
                    self._turn.fail(failure, self._reader.response())

    @property
    def _is_event_stream(self) -> bool:
        return not self._reader.finite and media_type(self._reader.headers) == "text/event-stream"

    def _finish(self, failure: Failure | None = None) -> None:
        try:
            self.settle(failure)
        except Exception as error:  # noqa: BLE001  (a hook's: the client's to hear, like any other failure to read)
            self._error = error
            if self.protocol._payload is not None:
                self.protocol._payload.set_exception(error)

    def _step_aside(self) -> None:
        if self.transport.get_protocol() is self:
            self.transport.set_protocol(self.protocol)

    def let_go(self) -> bool:
        """Whether the client may have its connection back. If not, the rest is to be read: call ``drain``."""
        seconds, _ = self._patience()
        if not seconds:
            self._finish(self._late)
            self._step_aside()
        return not seconds

    @property
    def _late(self) -> Failure | None:
        """If the rest did not come in time."""
        seen = self.protocol.exception() or sys.exc_info()[1]
        return _failure_of(seen, RESPONSE, self._timer) if isinstance(seen, asyncio.TimeoutError) else None

    def _patience(self) -> tuple[float, int]:
        """For how many seconds, and bytes, the rest is worth waiting for."""
        reader = self._reader
        if self._over or reader.complete or reader.broken or not reader.has_head:
            return NO_DRAIN
        if (
            isinstance(sys.exc_info()[1], _HURRY)
            or self.protocol.exception() is not None
            or self.transport.is_closing()
        ):
            return NO_DRAIN
        if reader.finite:
            return FINITE_DRAIN
        return NO_DRAIN if self._is_event_stream else OPEN_DRAIN

    def drain(self, rest: Connection) -> None:
        """The client has gone; ``rest`` is closed when the message has ended, or is not worth waiting for."""
        loop = asyncio.get_running_loop()
        self._rest, self.ended = rest, loop.create_future()
        seconds, self._room = self._patience()
        self._deadline = loop.call_later(seconds, self._end_drain)
        Recorder.draining.add(self)
        self.transport.resume_reading()

    def serves(self, connector: aiohttp.BaseConnector) -> bool:
        """Whether this connector waits for the rest."""
        return self._rest is not None and self._rest._connector is connector

    async def drained(self) -> None:
        """Wait until what the client has left unread is read."""
        if self in Recorder.draining:
            await asyncio.wait([self.ended])
        self.raise_error()

    def raise_error(self) -> None:
        """Raise what a hook has raised, if nobody has heard of it."""
        error, self._error = self._error, None
        if error is not None:
            raise error

    def _end_drain(self) -> None:
        if self._rest is None or self._deadline is None:
            return
        rest, self._rest = self._rest, None
        self._deadline.cancel()
        Recorder.draining.discard(self)
        try:
            self._finish()
            self._step_aside()
            rest.close()
        finally:
            self.ended.set_result(None)  # whatever happens, somebody waits for it
