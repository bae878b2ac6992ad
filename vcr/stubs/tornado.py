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
import logging
import socket
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from .._engine.cassette import Cassette, Turn
from .._http.failure import CLOSED, CONNECT, RESPONSE, TIMEOUT, Failure
from .._http.wire import CONTINUE, RequestReader, ResponseReader, asks_for_upgrade, media_type, render
from ..request import DEFAULT_PORTS, Headers, header_name
from .door import bound
from .exchange import FINITE_DRAIN, NO_DRAIN, OPEN_DRAIN, cassette_for

log = logging.getLogger(__name__)

_iostream: Any = import_module("tornado.iostream")
_StreamClosedError: Any = _iostream.StreamClosedError
_HTTPTimeoutError: Any = import_module("tornado.simple_httpclient").HTTPTimeoutError
_HTTPInputError: Any = import_module("tornado.httputil").HTTPInputError
_TimeoutError: Any = import_module("tornado.util").TimeoutError

# -- the doors ---------------------------------------------------------------------------------------------------------


def cassette_of(request: Any, client: Any) -> Cassette | None:
    """The cassette that a request belongs to, here and now."""
    return cassette_for(urlsplit(request.url).hostname or "", type(client))


def _upgrades(request: Any) -> bool:
    return asks_for_upgrade(Headers(request.headers.get_all()))


def given_to(request: Any) -> frozenset[str]:
    """The names of the header fields that the program has given to a request which tornado has not prepared yet."""
    names = frozenset(map(header_name, request.headers))
    return names | {"user-agent"} if request.user_agent else names


def fetch_door(original: Any) -> Callable[..., None]:
    """``fetch_impl``: the request is noted down for its cassette, then goes its way."""

    @functools.wraps(original)
    def fetch_impl(self: Any, request: Any, callback: Callable[[Any], None]) -> None:
        cassette = cassette_of(request, self)
        if cassette is not None and not _upgrades(request):
            callback = Fetch(cassette, request, callback).answer
        bound(original, self)(request, callback)

    return fetch_impl


def connection_door(original: Callable[..., None]) -> Callable[..., None]:
    """The connection's ``__init__``, which starts it: one that was made for a fetch leads to its cassette."""
    signature = inspect.signature(original)

    @functools.wraps(original)
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        given = signature.bind(self, *args, **kwargs)
        request = given.arguments["request"]
        fetch = Fetch.of(request)
        if fetch is not None:
            fetch.connection = self
            given.arguments["tcp_client"] = Connector(fetch, request, given.arguments["tcp_client"])
            fetch.context.run(original, *given.args, **given.kwargs)
            return
        if _upgrades(request) and cassette_of(request, self) is not None:  # tornado's WebSocket client, for one
            log.info("%s asks for an upgrade: not recorded", request.url)
        original(self, *args, **kwargs)

    return __init__


class Fetch:
    """One call of ``fetch_impl``. Its cassette is its caller's, however long it waits in the client's queue."""

    def __init__(self, cassette: Cassette, request: Any, callback: Callable[[Any], None]) -> None:
        self.cassette = cassette
        self.context = contextvars.copy_context()
        self.refusal: Exception | None = None
        self.exchange: Exchange | None = None
        self.connection: Any = None
        self._callback = callback
        # A redirect is another fetch, of a request that knows the first.
        first = getattr(request, "original_request", None)
        self._first: Fetch = self if first is None else Fetch.of(first) or self
        #: The names of the header fields that the program has set: tornado adds to them.
        self.given: frozenset[str] = given_to(request) if self._first is self else self._first.given
        request._vcr_fetch = self

    @property
    def is_redirected(self) -> bool:
        """Whether tornado follows a redirect with it."""
        return self._first is not self

    @classmethod
    def of(cls, request: Any) -> Fetch | None:
        """The fetch that ``request`` was made for; None when it passed no cassette."""
        fetch: Fetch | None = vars(request).get("_vcr_fetch")  # (a request proxy would ask its request)
        return fetch

    def answer(self, response: Any) -> None:
        """tornado has the response, or an error; the caller gets it when the cassette has what there is to have."""
        exchange, self.exchange = self.exchange, None
        if exchange is None:
            self._hand_over(response)
            return
        if exchange.effective_url is not None and response.effective_url == response.request.url:
            response.effective_url = exchange.effective_url
        if isinstance(response.error, _HTTPTimeoutError):
            exchange.fail(response.error)
            exchange.hang_up()  # Whose time is up does not wait for the rest.
        exchange.when_over(functools.partial(self._hand_over, response))

    def fail(self, failure: Failure) -> None:
        """Fail as is recorded. A timeout does not come to tornado by its stream."""
        if failure.kind == TIMEOUT:
            error = _HTTPTimeoutError(failure.message)
            self.connection._handle_exception(type(error), error, None)
        elif failure.kind != CLOSED:
            raise failure.error()

    def _hand_over(self, response: Any) -> None:
        # A redirect that fails leaves the first fetch waiting for ever in tornado up to 6.5: a refusal goes there.
        refused = self.refusal is not None and response.error is self.refusal
        (self._first if refused else self)._callback(response)


# -- failures ----------------------------------------------------------------------------------------------------------


def _failure_of(error: BaseException, phase: str) -> Failure | None:
    """What an error stands for; None if it is not the network's."""
    if isinstance(error, _HTTPTimeoutError):
        return Failure(phase, TIMEOUT, "", str(error))
    if isinstance(error, _StreamClosedError) and error.real_error is None:
        return Failure(phase, CLOSED, "", str(error))
    return Failure.of(error.real_error if isinstance(error, _StreamClosedError) else error, phase)


# -- what tornado is given ---------------------------------------------------------------------------------------------


class Connector:
    """In the place of a client's TCPClient, for one connection: it leads to the cassette."""

    def __init__(self, fetch: Fetch, request: Any, tcp_client: Any) -> None:
        self._fetch, self._request, self._tcp_client = fetch, request, tcp_client

    async def connect(self, host: str, port: int, **options: Any) -> Any:
        """Open nothing: the connection to the server is made when the request has to go live."""

        async def connect() -> Any:
            # tornado hands its timeout on since 6.6; before that it watched over this call itself.
            message = "" if "timeout" in options else "Timeout while connecting"
            options.setdefault("timeout", self._timeout)
            try:
                return await self._tcp_client.connect(host, port, **options)
            except _TimeoutError as error:
                raise _HTTPTimeoutError(message or str(error) or "Timeout while connecting") from None

        stream = CassetteStream(max_buffer_size=options.get("max_buffer_size"))
        self._fetch.exchange = stream.exchange = Exchange(self._fetch, _origin(self._request.url), stream, connect)
        return stream

    @property
    def _timeout(self) -> float | None:
        """Seconds. Zero is none at all."""
        return min(filter(None, (self._request.connect_timeout, self._request.request_timeout)), default=None)


def _origin(url: str) -> str:
    """Scheme and authority, as other clients record them: without user, and without the scheme's own port."""
    parts = urlsplit(url)
    authority = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{authority.removesuffix(f':{DEFAULT_PORTS.get(parts.scheme)}')}"


class CassetteStream(_iostream.IOStream):  # type: ignore[misc]
    """A stream whose other end is an Exchange, in this process. It is a real one all the same, over a pair of sockets,
    so that whoever reads it waits, and is woken, as ever."""

    def __init__(self, max_buffer_size: int | None) -> None:
        near, far = socket.socketpair()
        self._far = _iostream.IOStream(far)
        self._asked = asyncio.Event()
        self.exchange: Exchange | None = None
        super().__init__(near, max_buffer_size=max_buffer_size)

    def write_to_fd(self, data: memoryview) -> int:
        """A part of the request."""
        if self.exchange is not None:
            self.exchange.request.feed(bytes(data))
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
        if self.exchange is not None:
            self.exchange.client_left(sys.exc_info()[1])

    async def asked(self) -> bool:
        """Wait until the client has read what there was and wants more; False when it has gone."""
        await self._asked.wait()
        return not self.closed()

    async def give(self, piece: bytes) -> None:
        """Hand a piece over; who has gone gets nothing."""
        self._asked.clear()
        with suppress(_StreamClosedError):
            await self._far.write(piece)

    async def end(self, error: BaseException | None = None) -> None:
        """Nothing more will come; ``error`` is why."""
        if not await self.asked():
            return
        if error is None:
            self._far.close()
        else:
            self.close(exc_info=(type(error), error, error.__traceback__))


class Exchange:
    """The other end of a CassetteStream: takes the request's turn, and answers it."""

    def __init__(
        self, fetch: Fetch, origin: str, stream: CassetteStream, connect: Callable[[], Awaitable[Any]]
    ) -> None:
        self.request = RequestReader()
        self._fetch, self._origin, self._stream, self._connect = fetch, origin, stream, connect
        self._turn: Turn | None = None
        self._phase = CONNECT
        self._failure: Failure | None = None
        #: Where the recorded response came from, if the cassette says so.
        self.effective_url: str | None = None
        self._answer = ResponseReader("")  # the live one
        self._has_begun = False
        self._room = 0  # bytes that may still be read after the client has gone
        self._task = asyncio.ensure_future(self._run())

    async def _run(self) -> None:
        try:
            await self._reply()
            await self._stream.end()
        except _StreamClosedError as closed:
            await self._stream.end(closed.real_error)
        except Exception as error:  # noqa: BLE001  (whatever it is, the client raises it)
            await self._stream.end(error)
        finally:
            self.settle()

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
            return
        self.effective_url = turn.response.effective_url
        failure = turn.response.failure
        if failure is None or turn.response.incomplete:
            for piece in render(turn.response, self.request.method):
                if await stream.asked():  # It has seen the one before.
                    await stream.give(piece)
        if failure is not None and await stream.asked():
            self._fetch.fail(failure)

    def _take_turn(self) -> Turn:
        try:
            self._turn = self._fetch.cassette.begin(self.request.request(self._origin, given=self._fetch.given))
        except Exception as error:
            self._fetch.refusal = error
            raise
        if self._fetch.is_redirected:
            self._turn.follow()
        return self._turn

    # -- live ---------------------------------------------------------------------------------------------------------

    async def _go_live(self, turn: Turn, *, continued: bool) -> None:
        try:
            real = await self._connect()
        except Exception as error:
            self.fail(error)
            raise
        self._phase = RESPONSE
        try:
            real.write(bytes(self.request.sent))
            self._answer = ResponseReader(self.request.method)
            if turn.records:
                # From here on the answer may come, and the cassette close.
                turn.stream(self.settle)
            if continued:
                await self._pass_over_continue(real)
            while await self._pass_on(await real.read_bytes(65536, partial=True)):
                pass
        except _StreamClosedError as closed:
            if self._answer.has_head:
                self._answer.eof()
            if await self._stream.asked():  # It has not left, and is to hear of it.
                self.fail(closed)
            raise
        finally:
            real.close()

    async def _pass_over_continue(self, real: Any) -> None:
        """The client has been told to go on: it is not to be told again."""
        head = await real.read_until_regex(rb"\r?\n\r?\n")
        if head.split(None, 2)[1:2] != [b"100"]:
            await self._pass_on(head)

    async def _pass_on(self, data: bytes) -> bool:
        """For the cassette, and for the client if it is there still. Whether to read on."""
        # tornado passes over blank lines before a message.
        self._answer.feed(data if self._has_begun else data.lstrip(b"\r\n"))
        self._has_begun = True
        if not self._stream.closed():
            await self._stream.give(data)
            return True
        self._room -= len(data)
        return not self._answer.complete and self._room > 0

    # -- the end ------------------------------------------------------------------------------------------------------

    def client_left(self, error: BaseException | None) -> None:
        """The client has read all that it wants, or has failed with ``error``. The rest of a message that ends is read
        for the cassette; one that tornado could not make sense of leaves no trace."""
        if isinstance(error, _HTTPInputError):
            self._turn = None
        seconds, self._room = self._drain
        if not seconds:
            self.hang_up()
            return
        timer = self._stream.io_loop.call_later(seconds, self.hang_up)
        self.when_over(lambda: self._stream.io_loop.remove_timeout(timer))

    @property
    def _drain(self) -> tuple[float, int]:
        answer = self._answer
        if self._turn is None or not self._turn.records or not answer.has_head or answer.complete or answer.broken:
            return NO_DRAIN
        if answer.finite:
            return FINITE_DRAIN
        return NO_DRAIN if media_type(answer.headers) == "text/event-stream" else OPEN_DRAIN

    def fail(self, error: BaseException) -> None:
        """The client sees this error in the place of what is missing. A part of a head cannot be kept, so neither can
        what became of it; that a body has come to its end too early is seen without a word about it."""
        answer, failure = self._answer, _failure_of(error, self._phase)
        if answer.has_head:
            cut = failure is not None and failure.kind == CLOSED
            self._failure = None if answer.complete or cut else failure
        elif not self._has_begun:
            self._failure = failure

    def settle(self) -> None:
        """It is over, or the cassette closes: what has come is what there is. Without a head it is nothing."""
        if self._turn is not None and self._turn.records:
            self._turn.fail(self._failure, self._answer.response() if self._answer.has_head else None)

    def hang_up(self) -> None:
        """Wait for nothing more."""
        self._task.cancel()

    def when_over(self, then: Callable[[], None]) -> None:
        """Call ``then`` when there is nothing more to be had."""
        self._task.add_done_callback(lambda _: then())
