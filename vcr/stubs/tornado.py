"""The stub of SimpleAsyncHTTPClient, tornado's own client. It must not know an option, a file or another interaction.

tornado connects by a TCPClient, which gives it a stream. Inside a cassette it gets a ``CassetteStream``. tornado's own
code writes the request to that stream, reads the response from it, and follows redirects. The other end of the stream
is a ``FarEnd``: it takes the turn, and gives recorded bytes, or those that come from the server.
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

from tornado.iostream import IOStream, StreamClosedError
from tornado.simple_httpclient import HTTPStreamClosedError, HTTPTimeoutError
from tornado.util import TimeoutError as TornadoTimeoutError

from .. import _active
from .._engine.cassette import Cassette, Turn
from .._http.failure import CANCELLED, CLOSED, CONNECT, MALFORMED, TIMEOUT, Failure
from .._http.fields import Dialect, asks_for_upgrade
from .._http.render import render
from .._http.uri import origin_of
from .._http.wire import CONTINUE, RequestReader
from ..request import Request, header_name
from ..response import Response
from .cancellation import CANCEL_LIMIT, not_cancelled
from .door import bound
from .exchange import Exchange, cassette_for
from .tornado_live import REFUSED_HEAD, Tee, failure_of
from .upgrade import let_upgrade

if TYPE_CHECKING:
    from tornado.httpclient import HTTPRequest, HTTPResponse
    from tornado.simple_httpclient import _HTTPConnection
    from tornado.tcpclient import TCPClient

# -- the doors ---------------------------------------------------------------------------------------------------------


def cassette_of(request: HTTPRequest, client: object) -> Cassette | None:
    """The cassette to which a request of ``client``, made here and now, belongs; None if there is none."""
    return cassette_for(urlsplit(request.url).hostname or "", type(client))


def given_to(request: HTTPRequest) -> frozenset[str]:
    """The names of the header fields that the program has set. tornado adds others when it prepares the request."""
    names = frozenset(map(header_name, request.headers))
    return names | {"user-agent"} if request.user_agent else names


def fetch_door(original: Callable[..., None]) -> Callable[..., None]:
    """``fetch_impl``: note the cassette of the request."""

    @functools.wraps(original)
    def fetch_impl(self: object, request: HTTPRequest, callback: Callable[[HTTPResponse], None]) -> None:
        cassette = cassette_of(request, self)
        if cassette is not None and not asks_for_upgrade(request.headers):
            callback = Fetch(cassette, request, callback).answer
        bound(original, self)(request, callback)

    return fetch_impl


def connection_door(original: Callable[..., None]) -> Callable[..., None]:
    """``_HTTPConnection.__init__``, which starts a request: if the request has a ``Fetch``, lead it to the cassette."""
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
        # tornado's WebSockets make a connection without a fetch.
        if asks_for_upgrade(request.headers) and (cassette := cassette_of(request, self)) is not None:
            let_upgrade(cassette, request.url, request.headers["Upgrade"])
        original(self, *args, **kwargs)

    return __init__


class Fetch:
    """One call of ``fetch_impl``. It has the cassette of its caller, even if it waits in the client's queue."""

    connection: _HTTPConnection  # set when tornado makes it

    def __init__(self, cassette: Cassette, request: HTTPRequest, callback: Callable[[HTTPResponse], None]) -> None:
        self.cassette = cassette
        self.context = contextvars.copy_context()
        self.refusal: Exception | None = None
        self.far_end: FarEnd | None = None
        self._callback = callback
        # tornado follows a redirect with another call of ``fetch_impl``, whose request knows the first request.
        first = getattr(request, "original_request", None)
        self._first: Fetch = self if first is None else Fetch.of(first) or self
        #: The names of the header fields that the program has set, for the first request.
        self.given: frozenset[str] = given_to(request) if self._first is self else self._first.given
        vars(request)["_vcr_fetch"] = self

    @property
    def is_redirected(self) -> bool:
        """Whether tornado follows a redirect with this call."""
        return self._first is not self

    @classmethod
    def of(cls, request: object) -> Fetch | None:
        """The fetch for which ``request`` was made; None if no cassette was current then."""
        # Not by getattr, because tornado's request proxy would look at the request that it stands for.
        fetch: Fetch | None = vars(request).get("_vcr_fetch")
        return fetch

    def answer(self, response: HTTPResponse) -> None:
        """Take tornado's response or error. The caller gets it when the rest has been read for the cassette."""
        far_end, self.far_end = self.far_end, None
        if far_end is None:
            self._hand_over(response)
            return
        if far_end.effective_url is not None and response.effective_url == response.request.url:
            response.effective_url = far_end.effective_url
        if isinstance(response.error, HTTPTimeoutError):
            far_end.time_out(response.error)
        far_end.when_over(functools.partial(self._hand_over, response))

    def fail(self, failure: Failure) -> None:
        """Fail as recorded. Raises the error of the stream, if that is more than the end of the stream."""
        if failure.kind == TIMEOUT:
            self._handle(HTTPTimeoutError(failure.message))
        elif failure.code == REFUSED_HEAD:
            self._handle(HTTPStreamClosedError("Connection closed"))
        elif failure.kind not in (CLOSED, MALFORMED):
            raise failure.error()

    def _handle(self, error: Exception) -> None:
        """Let tornado fail with an error that it does not get from its stream."""
        self.connection._handle_exception(type(error), error, None)

    def _hand_over(self, response: HTTPResponse) -> None:
        # In tornado up to 6.5 the first fetch waits for ever if a redirect fails, so it gets the refusal itself.
        is_refusal = self.refusal is not None and response.error is self.refusal
        (self._first if is_refusal else self)._callback(response)


# -- what tornado is given ---------------------------------------------------------------------------------------------


class Connector:
    """Takes the place of a client's TCPClient for one connection. It returns a stream that leads to the cassette."""

    def __init__(self, fetch: Fetch, request: HTTPRequest, tcp_client: TCPClient) -> None:
        self._fetch, self._request, self._tcp_client = fetch, request, tcp_client

    async def connect(self, host: str, port: int, **options: Any) -> CassetteStream:
        """Return a stream, without opening a connection. The stream connects when the request has to go live."""

        async def connect() -> IOStream:
            # tornado passes its timeout to this call since 6.6. Before, it had a timer of its own.
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
        """Seconds; None for no limit. In tornado's options zero means no limit."""
        return min(filter(None, (self._request.connect_timeout, self._request.request_timeout)), default=None)


class CassetteStream(IOStream):
    """A stream whose other end is a FarEnd in this process. Its bytes pass through a pair of sockets, so that tornado
    waits for them, and is woken, as for any stream."""

    def __init__(self, max_buffer_size: int | None) -> None:
        near, far = socket.socketpair()
        self._far = IOStream(far)
        self._wanted = asyncio.Event()
        self.far_end: FarEnd | None = None
        super().__init__(near, max_buffer_size=max_buffer_size)

    def write_to_fd(self, data: memoryview) -> int:
        """Take a part of the request."""
        if self.far_end is not None:
            self.far_end.request.feed(bytes(data))
        return len(data)

    def read_from_fd(self, buf: bytearray | memoryview) -> int | None:
        """Read what the FarEnd has given. If there is nothing, note that tornado wants more."""
        count: int | None = super().read_from_fd(buf)
        if count is None:
            self._wanted.set()
        elif count:
            # tornado may wait for more without reading a second time.
            self.io_loop.add_callback(self._note_if_it_waits)
        return count

    def _note_if_it_waits(self) -> None:
        if self.reading():
            self._wanted.set()

    def close_fd(self) -> None:
        """Note that tornado has closed the stream, or has read to its end."""
        super().close_fd()
        self._far.close()
        self._wanted.set()
        if self.far_end is not None:
            self.far_end.client_left(sys.exc_info()[1])

    async def wants_more(self) -> bool:
        """Wait until tornado has read everything and wants more. Returns False if it has closed the stream."""
        await self._wanted.wait()
        return not self.closed()

    async def give(self, piece: bytes) -> None:
        """Hand a piece of the response to tornado, unless it has closed the stream."""
        self._wanted.clear()
        with suppress(StreamClosedError):
            await self._far.write(piece)

    async def end(self, error: BaseException | None = None) -> None:
        """Close the stream when tornado wants more. ``error``: what tornado gets then; None: the end of the stream."""
        if not await self.wants_more():
            return
        if error is None:
            self._far.close()
        else:
            self.close(exc_info=(type(error), error, error.__traceback__))


class FarEnd:
    """The other end of a CassetteStream. It takes the turn of the request, and gives the response.

    tornado says in two steps that it reads no more. It closes the stream (``client_left``). Its response or error,
    which ``_HTTPConnection._run_callback`` has scheduled just before, comes to ``Fetch.answer`` in the next round of
    the loop, and if tornado's time is up, that calls ``time_out``. Only after both is it decided whether to read on for
    the cassette (``_read_on``), and the caller gets its response when that is done (``when_over``).
    """

    def __init__(
        self, fetch: Fetch, origin: str, stream: CassetteStream, connect: Callable[[], Awaitable[IOStream]]
    ) -> None:
        self.request = RequestReader()
        self._fetch, self._origin, self._stream, self._connect = fetch, origin, stream, connect
        self._tee: Tee | None = None  # of a live response
        #: The URL from which the recorded response came, if the cassette has one.
        self.effective_url: str | None = None
        self._task = asyncio.ensure_future(self._run())

    async def _run(self) -> None:
        try:
            await self._reply()
            await self._stream.end()
        except StreamClosedError as closed:
            await self._stream.end(closed.real_error)
        except Exception as error:  # noqa: BLE001  (tornado raises it)
            await self._stream.end(error)
        finally:
            if self._tee is not None:
                self._tee.stop()

    async def _reply(self) -> None:
        stream = self._stream
        if not await stream.wants_more():
            return  # the client has closed the stream while it wrote the request
        continued = self.request.awaits_continue
        if continued:
            await stream.give(CONTINUE)
            if not await stream.wants_more():
                return
        turn = self._take_turn()
        if turn.response is None:
            await self._go_live(turn, continued=continued)
        else:
            await self._replay(turn.response)

    def _take_turn(self) -> Turn:
        try:
            turn = self._fetch.cassette.begin(self._vcr_request())
        except Exception as error:
            self._fetch.refusal = error
            raise
        if self._fetch.is_redirected:
            turn.follow()
        return turn

    def _vcr_request(self) -> Request:
        """The request that tornado has written."""
        return self.request.request(self._origin, given=self._fetch.given)

    async def _replay(self, recorded: Response) -> None:
        stream, failure = self._stream, recorded.failure
        self.effective_url = recorded.effective_url
        if failure is None or recorded.incomplete:
            for piece in render(recorded, self.request.method):
                if await stream.wants_more():
                    await stream.give(piece)
        if failure is None or not await stream.wants_more():
            return
        if failure.kind == CANCELLED:
            await asyncio.sleep(CANCEL_LIMIT)
            raise not_cancelled(self._vcr_request())
        self._fetch.fail(failure)

    async def _go_live(self, turn: Turn, *, continued: bool) -> None:
        exchange = Exchange(turn, self.request.method, dialect=Dialect.TORNADO)
        tee = self._tee = Tee(exchange, self._stream, self._fetch)
        try:
            real = await self._connect()
        except Exception as error:
            exchange.error(failure_of(error, CONNECT))
            raise
        try:
            real.write(bytes(self.request.sent))
            exchange.sent()
            if continued:
                await tee.pass_over_continue(real)
            while await tee.pass_on(await real.read_bytes(65536, partial=True)):
                pass
        except StreamClosedError as closed:
            await tee.closed(closed)
            raise
        finally:
            real.close()

    # -- the end ------------------------------------------------------------------------------------------------------

    def client_left(self, error: BaseException | None) -> None:
        """Note that tornado has closed the stream: it has read all that it wants, or it has failed with ``error``."""
        if self._tee is not None:
            self._tee.note_refusal(error)
        self._stream.io_loop.add_callback(self._read_on, error)

    def time_out(self, error: HTTPTimeoutError) -> None:
        """Note that tornado's time is up: it gets ``error``, and does not wait until the rest has been read."""
        if self._tee is not None:
            self._tee.fail(error)
        self.hang_up()

    def _read_on(self, error: BaseException | None) -> None:
        """Let the rest be read for the cassette, within the limits."""
        seconds = 0 if self._tee is None else self._tee.left(error)
        if not seconds:
            self.hang_up()
            return
        timer = self._stream.io_loop.call_later(seconds, self.hang_up)
        self.when_over(lambda: self._stream.io_loop.remove_timeout(timer))

    def hang_up(self) -> None:
        """Read no more from the server."""
        self._task.cancel()

    def when_over(self, then: Callable[[], None]) -> None:
        """Call ``then`` when the response has ended, and nothing is read for the cassette any more."""
        self._task.add_done_callback(lambda _: then())
