"""A live response of SimpleAsyncHTTPClient, on its way to tornado and to its exchange.

This file must not know how a request is taken in, an option or a file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tornado import version_info
from tornado.httputil import HTTPInputError
from tornado.iostream import IOStream, StreamClosedError
from tornado.simple_httpclient import HTTPTimeoutError

from .._http.failure import CLOSED, RESPONSE, TIMEOUT, Failure
from .exchange import Exchange

if TYPE_CHECKING:
    from .tornado import CassetteStream, Fetch

#: The code of the failure when tornado has refused the head of a response.
REFUSED_HEAD = "HTTPInputError"
#: Whether tornado fails at once then. Before 6.6 it waits until its time is up, which a replay cannot repeat.
_FAILS_AT_ONCE = version_info >= (6, 6)


def failure_of(error: BaseException, phase: str) -> Failure | None:
    """The failure that stands for an error of tornado; None if it does not come from the network."""
    if isinstance(error, HTTPTimeoutError):
        return Failure(phase, TIMEOUT, "", str(error))
    if isinstance(error, StreamClosedError):
        if error.real_error is None:
            return Failure(phase, CLOSED, "", str(error))
        error = error.real_error
    return Failure.of(error, phase)


class Tee:
    """Hands the bytes of the server to tornado, and then to the exchange.

    tornado parses the bytes in a later round of the loop, and refuses heads that the exchange would accept. So the
    bytes wait here until tornado has accepted the final head (``_HTTPConnection.headers_received`` sets ``code``). Each
    method first tells the exchange of the bytes that need not wait any more.
    """

    def __init__(self, exchange: Exchange, stream: CassetteStream, fetch: Fetch) -> None:
        self._exchange, self._stream, self._fetch = exchange, stream, fetch
        self._waiting = b""
        exchange.settle_with(self.settle)

    def _tell(self) -> None:
        if self._waiting and (self._fetch.connection.code or 0) >= 200:
            data, self._waiting = self._waiting, b""
            self._exchange.received(data)

    async def pass_over_continue(self, real: IOStream) -> None:
        """Read ``100 Continue``, which tornado has been given already."""
        head = await real.read_until_regex(rb"\r?\n\r?\n")
        if head.split(None, 2)[1:2] != [b"100"]:
            await self.pass_on(head)

    async def pass_on(self, data: bytes) -> bool:
        """Give bytes of the server to tornado, unless it has closed the stream. Returns whether to read more of them,
        for tornado or for the cassette."""
        self._waiting += data
        is_closed = self._stream.closed()
        if not is_closed:
            await self._stream.give(data)
        self._tell()
        return not is_closed or bool(self._exchange.patience().seconds)

    async def closed(self, error: StreamClosedError) -> None:
        """Note that the connection to the server is closed. tornado gets ``error`` if it waits for more."""
        is_waiting = await self._stream.wants_more()
        self._tell()
        if is_waiting:
            self.fail(error)
        elif error.real_error is None and self._exchange.has_head:
            self._exchange.eof()

    def fail(self, error: BaseException) -> None:
        """Note that tornado gets ``error`` instead of the rest of the response."""
        self._tell()
        failure = failure_of(error, RESPONSE)
        if self._exchange.has_head and failure is not None and failure.kind == CLOSED:
            self._exchange.eof()
        else:
            self._exchange.error(failure)

    def note_refusal(self, error: BaseException | None) -> None:
        """Note that tornado has closed the stream, perhaps because it refuses the head with ``error``. The bytes of a
        body that tornado refuses are kept, and make it fail in the same way in a replay."""
        self._tell()
        if _FAILS_AT_ONCE and isinstance(error, HTTPInputError) and not self._exchange.has_head:
            self._exchange.error(Failure(RESPONSE, CLOSED, REFUSED_HEAD, str(error)))

    def left(self, error: BaseException | None) -> float:
        """Note that tornado reads no more. Returns for how many seconds to read on for the cassette."""
        self._tell()
        self._exchange.left(error)
        return self._exchange.patience().seconds

    def settle(self) -> None:
        """Keep what has come: the cassette closes."""
        self._tell()
        self._exchange.settle()

    def stop(self) -> None:
        """Keep what has come: no more is read."""
        self._tell()
        self._exchange.stop()
