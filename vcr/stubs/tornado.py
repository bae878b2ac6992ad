"""The stream that the connections of tornado's own client, SimpleAsyncHTTPClient, speak to in the place of a server.

tornado writes each request, reads each answer and follows each redirect with its own code, over a ``CassetteStream``.
What goes in there is a request, what comes out is recorded, or comes from the server as it arrives. It knows no option,
no file and no other interaction.
"""

from __future__ import annotations

import asyncio
import contextvars
import functools
import inspect
import socket
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tornado.httputil import HTTPInputError
from tornado.iostream import IOStream, StreamClosedError
from tornado.simple_httpclient import HTTPTimeoutError
from tornado.util import TimeoutError as TornadoTimeoutError

from .. import _active
from .._engine.cassette import Cassette, Turn
from .._http.failure import CANCELLED, CLOSED, CONNECT, RESPONSE, TIMEOUT, Failure
from .._http.fields import Dialect, asks_for_upgrade
from .._http.render import render
from .._http.uri import origin_of
from .._http.wire import CONTINUE, RequestReader
from ..request import Headers, Request, header_name
from ..response import Response
from .cancellation import CANCEL_LIMIT, not_cancelled
from .door import bound
from .exchange import Exchange, cassette_for
from .upgrade import let_upgrade

if TYPE_CHECKING:
    from tornado.httpclient import HTTPRequest, HTTPResponse
    from tornado.simple_httpclient import _HTTPConnection
    from tornado.tcpclient import TCPClient

# -- the doors ---------------------------------------------------------------------------------------------------------


def cassette_of(request: HTTPRequest, client: object) -> Cassette | None:
    """The cassette that a request belongs to, here and now."""
    return cassette_for(urlsplit(request.url).hostname or "", type(client))


def _upgrades(request: HTTPRequest) -> bool:
    return asks_for_upgrade(Headers(request.headers.get_all()))


def given_to(request: HTTPRequest) -> frozenset[str]:
    """The names of the header fields that the program has given to a request which tornado has not prepared yet."""
    names = frozenset(map(header_name, request.headers))
    return names | {"user-agent"} if request.user_agent else names


def fetch_door(original: Callable[..., None]) -> Callable[..., None]:
    """``fetch_impl``: the request is noted down for its cassette, then goes its way."""

    @functools.wraps(original)
    def fetch_impl(self: object, request: HTTPRequest, callback: Callable[[HTTPResponse], None]) -> None:
        cassette = cassette_of(request, self)
        if cassette is not None and not _upgrades(request):
            callback = Fetch(cassette, request, callback).answer
        bound(original, self)(request, callback)

    return fetch_impl


def connection_door(original: Callable[..., None]) -> Callable[..., None]:
    """The connection's ``__init__``, which starts it: one that was made for a fetch leads to its cassette."""
    signature = inspect.signature(original)

    @functools.wraps(original)
    def __init__(self: _HTTPConnection, *args: object, **kwargs: object) -> None:
        given = signature.bind(self, *args, **kwargs)
        request = given.arguments["request"]
        fetch = Fetch.of(request)
        if fetch is not None:
            fetch.connection = self
            given.arguments["tcp_client"] = Connector(fetch, request, given.arguments["tcp_client"])
            fetch.context.run(original, *given.args, **given.kwargs)
            return
        if _upgrades(request) and (cassette := cassette_of(request, self)) is not None:  # tornado's WebSockets, for one
            let_upgrade(cassette, request.url, request.headers["Upgrade"])
        original(self, *args, **kwargs)

    return __init__


class Fetch:
    """One call of ``fetch_impl``. Its cassette is its caller's, however long it waits in the client's queue."""

    connection: _HTTPConnection  # set when tornado makes it

    def __init__(self, cassette: Cassette, request: HTTPRequest, callback: Callable[[HTTPResponse], None]) -> None:
        self.cassette = cassette
        self.context = contextvars.copy_context()
        self.refusal: Exception | None = None
        self.far_end: FarEnd | None = None
        self._callback = callback
        # A redirect is another fetch, of a request that knows the first.
        first = getattr(request, "original_request", None)
        self._first: Fetch = self if first is None else Fetch.of(first) or self
        #: The names of the header fields that the program has set: tornado adds to them.
        self.given: frozenset[str] = given_to(request) if self._first is self else self._first.given
        vars(request)["_vcr_fetch"] = self

    @property
    def is_redirected(self) -> bool:
        """Whether tornado follows a redirect with it."""
        return self._first is not self

    @classmethod
    def of(cls, request: object) -> Fetch | None:
        """The fetch that ``request`` was made for; None when it passed no cassette."""
        fetch: Fetch | None = vars(request).get("_vcr_fetch")  # (a request proxy would ask its request)
        return fetch

    def answer(self, response: HTTPResponse) -> None:
        """tornado has the response, or an error; the caller gets it when the cassette has what there is to have."""
        far_end, self.far_end = self.far_end, None
        if far_end is None:
            self._hand_over(response)
            return
        if far_end.effective_url is not None and response.effective_url == response.request.url:
            response.effective_url = far_end.effective_url
        if isinstance(response.error, HTTPTimeoutError):
            far_end.fail(response.error)
            far_end.hang_up()  # Whose time is up does not wait for the rest.
        far_end.when_over(functools.partial(self._hand_over, response))

    def fail(self, failure: Failure) -> None:
        """Fail as is recorded. A timeout does not come to tornado by its stream."""
        if failure.kind == TIMEOUT:
            error = HTTPTimeoutError(failure.message)
            self.connection._handle_exception(type(error), error, None)
        elif failure.kind != CLOSED:
            raise failure.error()

    def _hand_over(self, response: HTTPResponse) -> None:
        # A redirect that fails leaves the first fetch waiting for ever in tornado up to 6.5: a refusal goes there.
        refused = self.refusal is not None and response.error is self.refusal
        (self._first if refused else self)._callback(response)


# -- failures ----------------------------------------------------------------------------------------------------------


def _failure_of(error: BaseException, phase: str) -> Failure | None:
    """What an error stands for; None if it is not the network's."""
    if isinstance(error, HTTPTimeoutError):
        return Failure(phase, TIMEOUT, "", str(error))
    if isinstance(error, StreamClosedError):
        if error.real_error is None:
            return Failure(phase, CLOSED, "", str(error))
        error = error.real_error
    return Failure.of(error, phase)


# -- what tornado is given ---------------------------------------------------------------------------------------------


class Connector:
    """In the place of a client's TCPClient, for one connection: it leads to the cassette."""

    def __init__(self, fetch: Fetch, request: HTTPRequest, tcp_client: TCPClient) -> None:
        self._fetch, self._request, self._tcp_client = fetch, request, tcp_client

    async def connect(self, host: str, port: int, **options: Any) -> CassetteStream:
        """Open nothing: the connection to the server is made when the request has to go live."""

        async def connect() -> IOStream:
            # tornado hands its timeout on since 6.6; before that it watched over this call itself.
            message = "" if "timeout" in options else "Timeout while connecting"
            options.setdefault("timeout", self._timeout)
            try:
                with _active.passing():
                    return await self._tcp_client.connect(host, port, **options)
            except TornadoTimeoutError as error:
                raise HTTPTimeoutError(message or str(error) or "Timeout while connecting") from None

        stream = CassetteStream(max_buffer_size=options.get("max_buffer_size"))
        self._fetch.far_end = stream.far_end = FarEnd(self._fetch, origin_of(self._request.url), stream, connect)
        return stream

    @property
    def _timeout(self) -> float | None:
        """Seconds. Zero is none at all."""
        return min(filter(None, (self._request.connect_timeout, self._request.request_timeout)), default=None)


class CassetteStream(IOStream):
    """A stream whose other end is a FarEnd, in this process. It is a real one all the same, over a pair of sockets,
    so that whoever reads it waits, and is woken, as ever."""

    def __init__(self, max_buffer_size: int | None) -> None:
        near, far = socket.socketpair()
        self._far = IOStream(far)
        self._asked = asyncio.Event()
        self.far_end: FarEnd | None = None
        super().__init__(near, max_buffer_size=max_buffer_size)

    def write_to_fd(self, data: memoryview) -> int:
        """A part of the request."""
        if self.far_end is not None:
            self.far_end.request.feed(bytes(data))
        return len(data)

    def read_from_fd(self, buf: bytearray | memoryview) -> int | None:
        """What there is to read; nothing is an occasion to give more."""
        count: int | None = super().read_from_fd(buf)
        if count is None:
            self._asked.set()
        elif count:
            # It may leave it at that, and wait for more without asking a second time.
            self.io_loop.add_callback(self._see_if_it_waits)
        return count

    def _see_if_it_waits(self) -> None:
        if self.reading():
            self._asked.set()

    def close_fd(self) -> None:
        """The client has closed it, or has read to the end."""
        super().close_fd()
        self._far.close()
        self._asked.set()
        if self.far_end is not None:
            self.far_end.client_left(sys.exc_info()[1])

    async def asked(self) -> bool:
        """Wait until the client has read what there was and wants more; False when it has gone."""
        await self._asked.wait()
        return not self.closed()

    async def give(self, piece: bytes) -> None:
        """Hand a piece over; who has gone gets nothing."""
        self._asked.clear()
        with suppress(StreamClosedError):
            await self._far.write(piece)

    async def end(self, error: BaseException | None = None) -> None:
        """Nothing more will come; ``error`` is why."""
        if not await self.asked():
            return
        if error is None:
            self._far.close()
        else:
            self.close(exc_info=(type(error), error, error.__traceback__))


class FarEnd:
    """The other end of a CassetteStream: takes the request's turn, and answers it."""

    def __init__(
        self, fetch: Fetch, origin: str, stream: CassetteStream, connect: Callable[[], Awaitable[IOStream]]
    ) -> None:
        self.request = RequestReader()
        self._fetch, self._origin, self._stream, self._connect = fetch, origin, stream, connect
        self._exchange: Exchange | None = None  # of a live request
        self._has_begun = False
        self._unheard = b""  # what the client has been given last: tornado may not make sense of it
        #: Where the recorded response came from, if the cassette says so.
        self.effective_url: str | None = None
        self._task = asyncio.ensure_future(self._run())

    async def _run(self) -> None:
        try:
            await self._reply()
            await self._stream.end()
        except StreamClosedError as closed:
            await self._stream.end(closed.real_error)
        except Exception as error:  # noqa: BLE001  (whatever it is, the client raises it)
            await self._stream.end(error)
        finally:
            self._hear()
            if self._exchange is not None:
                self._exchange.stop()

    async def _reply(self) -> None:
        stream = self._stream
        if not await stream.asked():
            return  # The client gave up while it wrote.
        continued = self.request.awaits_continue
        if continued:
            await stream.give(CONTINUE)
            if not await stream.asked():
                return
        turn = self._take_turn()
        if turn.response is None:
            await self._go_live(turn, continued=continued)
        else:
            await self._replay(turn.response)

    def _take_turn(self) -> Turn:
        try:
            turn = self._fetch.cassette.begin(self._asked())
        except Exception as error:
            self._fetch.refusal = error
            raise
        if self._fetch.is_redirected:
            turn.follow()
        return turn

    def _asked(self) -> Request:
        return self.request.request(self._origin, given=self._fetch.given)

    async def _replay(self, recorded: Response) -> None:
        stream, failure = self._stream, recorded.failure
        self.effective_url = recorded.effective_url
        if failure is None or recorded.incomplete:
            for piece in render(recorded, self.request.method):
                if await stream.asked():  # It has seen the one before.
                    await stream.give(piece)
        if failure is None or not await stream.asked():
            return
        if failure.kind == CANCELLED:
            await asyncio.sleep(CANCEL_LIMIT)
            raise not_cancelled(self._asked())
        self._fetch.fail(failure)

    # -- live ---------------------------------------------------------------------------------------------------------

    async def _go_live(self, turn: Turn, *, continued: bool) -> None:
        exchange = self._exchange = Exchange(turn, self.request.method, self.settle, dialect=Dialect.AIOHTTP)
        try:
            real = await self._connect()
        except Exception as error:
            exchange.error(_failure_of(error, CONNECT))
            raise
        try:
            real.write(bytes(self.request.sent))
            exchange.sent()
            if continued:
                await self._pass_over_continue(real)
            while await self._pass_on(await real.read_bytes(65536, partial=True)):
                pass
        except StreamClosedError as closed:
            is_there = await self._stream.asked()
            self._hear()
            if is_there:
                self.fail(closed)  # It is to hear of it.
            elif closed.real_error is None and exchange.has_head:
                exchange.eof()
            raise
        finally:
            real.close()

    async def _pass_over_continue(self, real: IOStream) -> None:
        """The client has been told to go on: it is not to be told again."""
        head = await real.read_until_regex(rb"\r?\n\r?\n")
        if head.split(None, 2)[1:2] != [b"100"]:
            await self._pass_on(head)

    async def _pass_on(self, data: bytes) -> bool:
        """For the exchange, and for the client if it is there still. Whether to read on."""
        self._hear()
        self._unheard = data
        if not self._stream.closed():
            await self._stream.give(data)
            return True
        self._hear()
        return self._exchange is not None and bool(self._exchange.patience().seconds)

    def _hear(self) -> None:
        """tornado has gone on: what it was given last is a part of the response."""
        data, self._unheard = self._unheard, b""
        if data and self._exchange is not None:
            self._has_begun = True
            self._exchange.received(data)

    # -- the end ------------------------------------------------------------------------------------------------------

    def client_left(self, error: BaseException | None) -> None:
        """The client has read all that it wants, or has failed with ``error``. The rest of a message that ends is read
        for the cassette; one that tornado could not make sense of leaves no trace."""
        if isinstance(error, HTTPInputError):
            self._unheard = b""
            if self._exchange is not None:
                self._exchange.error(None)
        # If its time is up, it says so before this is called.
        self._stream.io_loop.add_callback(self._read_on, error)

    def _read_on(self, error: BaseException | None) -> None:
        self._hear()
        if self._exchange is not None:
            self._exchange.left(error)
        seconds = self._exchange.patience().seconds if self._exchange is not None else 0
        if not seconds:
            self.hang_up()
            return
        timer = self._stream.io_loop.call_later(seconds, self.hang_up)
        self.when_over(lambda: self._stream.io_loop.remove_timeout(timer))

    def fail(self, error: BaseException) -> None:
        """The client sees this error in the place of what is missing. A part of a head cannot be kept, so neither can
        what became of it."""
        self._hear()
        exchange = self._exchange
        if exchange is None:
            return
        failure = _failure_of(error, RESPONSE)
        if exchange.has_head and failure is not None and failure.kind == CLOSED:
            exchange.eof()
        else:
            exchange.error(failure if exchange.has_head or not self._has_begun else None)

    def settle(self) -> None:
        """The cassette closes: what has come is what there is."""
        self._hear()
        if self._exchange is not None:
            self._exchange.settle()

    def hang_up(self) -> None:
        """Wait for nothing more."""
        self._task.cancel()

    def when_over(self, then: Callable[[], None]) -> None:
        """Call ``then`` when there is nothing more to be had."""
        self._task.add_done_callback(lambda _: then())
