"""A transfer that goes to the server, and is listened to by callbacks in front of the handle's own: it drives an
``Exchange`` for each hop. It must not know a binding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from ..._http.fields import Dialect, content_length, is_chunked
from ..._http.wire import ChunkedReader
from ...request import Headers
from ..exchange import Exchange
from .abi import DATA_IN, HEADER_OUT, SWITCHING_PROTOCOLS, Code, Opt
from .errors import COMES_AGAIN, LibcurlError, failure_of, malformed, write_error
from .lines import fields_in
from .transfer import Transfer

Raised = TypeVar("Raised", bound=Exception)


class LiveTransfer:
    """A live transfer on its way to its turns.

    ``failure``: the error that is to be raised instead of libcurl's own, for vcr told libcurl to stop. ``stopped``: the
    error that the client is to see, because it wants no more of the response; libcurl may read on for the cassette.
    """

    def __init__(self, transfer: Transfer) -> None:
        self._transfer = transfer
        self.failure: Exception | None = None
        self.stopped: LibcurlError | None = None
        self._begin()

    def _begin(self) -> None:
        """The present hop goes live."""
        self._exchange = Exchange(self._transfer.turn, self._transfer.request.method)
        self._head: list[bytes] = []
        self._in_tunnel = False
        self._chunks: ChunkedReader | None = None
        self._missing: int | None = None
        self._trailers = Headers()

    # -- what libcurl calls -------------------------------------------------------------------------------------------

    def listeners(
        self, debug: Callable[[int, bytes], object], header: Callable[[bytes], object] | None, stop: int
    ) -> dict[int, object]:
        """The callbacks that listen, by option. ``debug``: the one that is called if the handle is verbose.
        ``header``: the handle's own for lines of heads. ``stop``: what a callback returns to end the transfer."""
        tells = self._transfer.handle.options.get(Opt.VERBOSE)

        def on_header(line: bytes) -> object:
            if not self._take_line(line):
                return stop
            if header is not None and self.stopped is None:
                returned = header(line)
                if returned is None or returned == len(line) or self._exchange.over:
                    return returned
                self._stop(write_error(returned, len(line)))
            # The rest of a head is taken for the cassette, when the client wants no more.
            return stop if self.stopped is not None and not self._head else len(line)

        def on_debug(kind: int, data: bytes) -> None:
            self._take_debug(kind, data)
            if tells:
                debug(kind, data)

        return {Opt.VERBOSE: 1, Opt.DEBUGFUNCTION: on_debug, Opt.HEADERFUNCTION: on_header}

    def draining(self, write: Callable[[bytes], object], stop: int) -> Callable[[bytes], object]:
        """The write callback for a live transfer. When ``write`` returns ``stop``, the rest of the response is read for
        the cassette alone, as long as that is worth it."""

        def on_write(piece: bytes) -> object:
            if self.stopped is None:
                returned = write(piece)
                if returned != stop or self._exchange.over:
                    return returned
                self._stop(write_error(stop, len(piece)))
            return len(piece) if self._exchange.patience().seconds else stop

        return on_write

    def _stop(self, error: LibcurlError) -> None:
        self.stopped = error
        self._exchange.left()

    # -- what has come ------------------------------------------------------------------------------------------------

    def _take_debug(self, kind: int, data: bytes) -> None:
        # The debug callback sees what goes over the wire; of bodies, what libcurl does not discard.
        if kind == HEADER_OUT:
            self._in_tunnel = data.startswith(b"CONNECT ")
            if not self._in_tunnel:
                self._exchange.sent()
        elif kind == DATA_IN and data and self._exchange.has_head:
            self._take_data(data)

    def _take_data(self, data: bytes) -> None:
        if self._chunks is not None:
            seen = len(self._chunks.chunks)
            self._chunks.feed(data)
            for chunk in self._chunks.chunks[seen:]:
                self._exchange.piece(chunk)
        elif self._missing is not None:
            self._exchange.piece(data[: self._missing])
            self._missing = max(self._missing - len(data), 0)
        else:
            self._exchange.piece(data)

    def _take_line(self, line: bytes) -> bool:
        """Take a line of a head, or of trailers. Whether the transfer may go on."""
        if line.startswith(b"HTTP/"):
            self._head = [line]
        elif self._head and line.strip(b"\r\n"):
            self._head.append(line)
        elif self._head:
            head, self._head = self._head, []
            return self._in_tunnel or self._take_head(head)
        elif b":" in line:
            name, _, value = line.decode("latin-1").partition(":")
            self._trailers.add(name, value.strip())
        return True

    def _take_head(self, head: list[bytes]) -> bool:
        """Take a head that is whole. Whether the transfer may go on."""
        version, _, rest = head[0].decode("latin-1").strip().partition(" ")
        code, _, reason = rest.partition(" ")
        status = int(code[:3])  # As libcurl, which looks at no more than three digits.
        if status < 200 and status != SWITCHING_PROTOCOLS:
            return True
        headers = Headers(fields_in(head[1:]))
        number = version.removeprefix("HTTP/")
        self._exchange.head(status, reason if len(code) == 3 else "", headers, number)
        chunked = is_chunked(headers) and number.startswith("1")
        self._chunks = ChunkedReader(Dialect.LIBCURL) if chunked else None
        self._missing = content_length(headers)
        return self._follow(status, headers)

    def _follow(self, status: int, headers: Headers) -> bool:
        """Take the turn of the next hop, if this is a redirect. Whether libcurl may go there."""
        hop = self._transfer.next_hop(status, headers)
        if hop is None or self._transfer.is_out_of_redirects or self.stopped is not None:
            return True
        self.end()
        try:
            self._transfer.go_on(status, hop)
        except Exception as error:  # noqa: BLE001  (raised when libcurl has come to its end)
            self.failure = error
            return False
        if self._transfer.is_live:
            self._begin()
        return self._transfer.is_live

    # -- how it ends --------------------------------------------------------------------------------------------------

    @contextmanager
    def performing(self, error: type[Raised], read: Callable[[Raised], LibcurlError]) -> Iterator[None]:
        """Around the real transfer. ``error``: the class that the binding raises, and ``read`` makes a LibcurlError of
        it. Raises the reason where vcr told libcurl to stop, and ``stopped`` where the client did."""
        try:
            yield
        except error as raised:
            if self.failure is not None:
                raise self.failure from None
            if not self._transfer.is_live:
                return  # It was stopped where it was redirected to what is recorded.
            self.end(read(raised))
            if self.stopped is None:
                raise
        except BaseException as raised:
            self.left(raised)
            raise
        else:
            self.end()
        if self.stopped is not None:
            raise self.stopped

    def left(self, error: BaseException | None) -> None:
        """The client leaves before libcurl has come to its end. ``error``: why, if it does so because of one."""
        if error is None or isinstance(error, Exception):
            self._exchange.left(error)
        else:
            self._exchange.cancelled(error)

    def end(self, error: LibcurlError | None = None) -> None:
        """libcurl has come to its end; with this error, if it failed."""
        exchange = self._exchange
        if error is None and self._head and not exchange.has_head:
            self._take_head(self._head)  # The head was cut off, which libcurl does not mind.
        if self._chunks is not None:
            for piece in self._chunks.partial()[len(self._chunks.chunks) :]:
                exchange.piece(piece)
            self._trailers = Headers(self._chunks.trailers)
        failure = None if error is None else failure_of(error)
        if self._chunks is not None and self._chunks.broken:
            exchange.error(malformed(error) if error is not None and error.code == Code.RECV_ERROR else None)
        elif error is None:
            exchange.end(self._trailers)
        elif error.code == Code.ABORTED_BY_CALLBACK:
            exchange.cancelled()
        elif failure is None and error.code in COMES_AGAIN:
            exchange.stop()
        else:
            exchange.error(failure)
