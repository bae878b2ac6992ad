"""A transfer that goes to the server. Callbacks of vcr's take the place of the handle's own, and tell an ``Exchange``,
one for each hop, what is sent and received. It must not know pycurl or curl_cffi.
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
from .errors import REPEATED, LibcurlError, failure_of, malformed, write_error
from .lines import fields_in
from .transfer import Transfer

Raised = TypeVar("Raised", bound=Exception)


class LiveTransfer:
    """Records one live transfer.

    ``failure``: the error to raise instead of libcurl's, because vcr has told libcurl to stop. ``stopped``: the error
    to raise because a callback of the program wants no more of the response; libcurl may read on for the cassette.
    """

    def __init__(self, transfer: Transfer) -> None:
        self._transfer = transfer
        self.failure: Exception | None = None
        self.stopped: LibcurlError | None = None
        self._begin()

    def _begin(self) -> None:
        """Begin the exchange of the present hop."""
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
        """The options to set for a live transfer. ``debug``: called as well, if the handle is verbose. ``header``: the
        handle's own callback for the lines of heads. ``stop``: what a callback returns to end the transfer."""
        is_verbose = self._transfer.handle.options.get(Opt.VERBOSE)

        def on_header(line: bytes) -> object:
            if not self._take_line(line):
                return stop
            if header is not None and self.stopped is None:
                returned = header(line)
                if returned is None or returned == len(line) or self._exchange.over:
                    return returned
                self._stop(write_error(returned, len(line)))
            # When the program wants no more, the rest of the head is still read for the cassette.
            return stop if self.stopped is not None and not self._head else len(line)

        def on_debug(kind: int, data: bytes) -> None:
            self._take_debug(kind, data)
            if is_verbose:
                debug(kind, data)

        return {Opt.VERBOSE: 1, Opt.DEBUGFUNCTION: on_debug, Opt.HEADERFUNCTION: on_header}

    def draining(self, write: Callable[[bytes], object], stop: int) -> Callable[[bytes], object]:
        """The write callback for a live transfer, around the handle's own. When ``write`` returns ``stop``, the rest of
        the response is read for the cassette alone, as long as the exchange has patience."""

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
        # libcurl tells the debug callback all bytes on the wire, except the bodies that it discards.
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
        """Take a line of a head, or a trailer. Returns whether the transfer may go on."""
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
        """Take a head that has come to its end. Returns whether the transfer may go on."""
        version, _, rest = head[0].decode("latin-1").strip().partition(" ")
        code, _, reason = rest.partition(" ")
        status = int(code[:3])  # libcurl reads three digits, too
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
        """If this is a redirect, take the turn of the next hop. Returns whether libcurl may follow the redirect."""
        hop = self._transfer.next_hop(status, headers)
        if hop is None or self._transfer.is_out_of_redirects or self.stopped is not None:
            return True
        self.end()
        try:
            self._transfer.go_on(status, hop)
        except Exception as error:  # noqa: BLE001  (performing() raises it, when libcurl has stopped)
            self.failure = error
            return False
        if self._transfer.is_live:
            self._begin()
        return self._transfer.is_live

    # -- how it ends --------------------------------------------------------------------------------------------------

    @contextmanager
    def performing(self, error: type[Raised], read: Callable[[Raised], LibcurlError]) -> Iterator[None]:
        """A block for the real transfer. Raises ``failure`` if vcr has told libcurl to stop, and ``stopped`` if the
        program has. ``error``: the class of the client's errors. ``read``: makes a LibcurlError of such an error."""
        try:
            yield
        except error as raised:
            if self.failure is not None:
                raise self.failure from None
            if not self._transfer.is_live:
                return  # vcr has stopped it: the next hop is replayed
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
        """Note that the program leaves before the transfer has ended. ``error``: the exception because of which it
        leaves, if there is one."""
        if error is None or isinstance(error, Exception):
            self._exchange.left(error)
        else:
            self._exchange.cancelled(error)

    def end(self, error: LibcurlError | None = None) -> None:
        """Note that libcurl has ended the transfer; with ``error``, if it failed."""
        exchange = self._exchange
        if error is None and self._head and not exchange.has_head:
            self._take_head(self._head)  # the head was cut off, which is no error to libcurl
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
        elif failure is None and error.code in REPEATED:
            exchange.stop()
        else:
            exchange.error(failure)
