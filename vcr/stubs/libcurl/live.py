"""A transfer that goes to the server, and is listened to by callbacks in front of the handle's own. It must not know a
binding.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ..._http.wire import ChunkedReader, content_length, is_chunked
from ...request import Headers
from ..exchange import Recording
from .abi import DATA_IN, HEADER_OUT, Opt
from .errors import COMES_AGAIN, LibcurlError, failure_of, write_error
from .lines import fields_in
from .transfer import Transfer


class LiveTransfer:
    """A live transfer on its way to its turns.

    ``failure``: the error that is to be raised instead of libcurl's own, for vcr told libcurl to stop. ``stopped``: the
    error that the client is to see, because it wants no more of the response; libcurl reads on for the cassette.
    """

    def __init__(self, transfer: Transfer) -> None:
        self._transfer = transfer
        self.failure: Exception | None = None
        self.stopped: LibcurlError | None = None
        self._head: list[bytes] = []
        self._in_tunnel = False
        self._recording: Recording | None = None
        self._chunks: ChunkedReader | None = None
        self._missing: int | None = None
        self._trailers = Headers()

    # -- what libcurl calls -------------------------------------------------------------------------------------------

    def listeners(self, debug: Callable[[int, bytes], Any], stop: int) -> dict[int, Any]:
        """The callbacks that listen, by option. ``debug``: the one that is called if the handle is verbose. ``stop``:
        what a header callback returns to end the transfer."""
        handle = self._transfer.handle
        header = handle.sink(Opt.HEADERFUNCTION, Opt.HEADERDATA)
        tells = handle.options.get(Opt.VERBOSE)

        def on_header(line: bytes) -> Any:
            if not self._take_line(line):
                return stop
            return len(line) if header is None else header(line)

        def on_debug(kind: int, data: bytes) -> None:
            self._take_debug(kind, data)
            if tells:
                debug(kind, data)

        return {Opt.VERBOSE: 1, Opt.DEBUGFUNCTION: on_debug, Opt.HEADERFUNCTION: on_header}

    def draining(self, write: Callable[[bytes], Any], stop: int) -> Callable[[bytes], Any]:
        """The write callback for a live transfer. When ``write`` returns ``stop``, the rest of the response is read for
        the cassette alone, as long as that is worth it."""
        deadline, room = 0.0, 0

        def on_write(piece: bytes) -> Any:
            nonlocal deadline, room
            if self.stopped is None:
                returned = write(piece)
                if returned != stop or self._recording is None:
                    return returned
                self.stopped = write_error(stop, len(piece))
                seconds, room = self._recording.drain
                deadline = time.monotonic() + seconds
            room -= len(piece)
            return len(piece) if room > 0 and time.monotonic() < deadline else stop

        return on_write

    # -- what has come ------------------------------------------------------------------------------------------------

    def _take_debug(self, kind: int, data: bytes) -> None:
        # The debug callback sees what goes over the wire; of bodies, what libcurl does not discard.
        if kind == HEADER_OUT:
            self._in_tunnel = data.startswith(b"CONNECT ")
        elif kind == DATA_IN and data and self._recording is not None:
            self._take_data(self._recording, data)

    def _take_data(self, recording: Recording, data: bytes) -> None:
        if self._chunks is None:
            recording.feed(data if self._missing is None else data[: self._missing])
            self._missing = None if self._missing is None else max(self._missing - len(data), 0)
            return
        seen = len(self._chunks.chunks)
        self._chunks.feed(data)
        for chunk in self._chunks.chunks[seen:]:
            recording.feed(chunk)

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
        if status < 200:
            return True
        headers = Headers(fields_in(head[1:]))
        self._record(status, reason if len(code) == 3 else "", headers, version.removeprefix("HTTP/"))
        hop = self._transfer.next_hop(status, headers)
        if hop is None or self._transfer.is_out_of_redirects:
            return True
        self.end()
        try:
            self._transfer.go_on(status, hop)
        except Exception as error:  # noqa: BLE001  (raised when libcurl has come to its end)
            self.failure = error
        return self.failure is None and self._transfer.is_live

    def _record(self, status: int, reason: str, headers: Headers, version: str) -> None:
        turn = self._transfer.turn
        if turn.records:
            self._recording = Recording(turn, self._transfer.request.method, status, reason, headers, version)
            self._chunks = ChunkedReader() if is_chunked(headers) and version.startswith("1") else None
            self._missing = content_length(headers)

    # -- how it ends --------------------------------------------------------------------------------------------------

    @contextmanager
    def performing(self, error: type[Exception], read: Callable[[Any], LibcurlError]) -> Iterator[None]:
        """Around the real transfer. ``error``: the class that the binding raises, and ``read`` makes a LibcurlError of
        it. Where vcr told libcurl to stop, the reason is raised instead."""
        try:
            yield
        except error as raised:
            if self.failure is not None:
                raise self.failure from None
            if self._transfer.is_live:
                self.end(read(raised))
                raise
        except BaseException:
            self.give_up()
            raise
        else:
            self.end()

    def give_up(self) -> None:
        """The program was cancelled, or interrupted."""
        if self._recording is not None:
            self._recording.give_up()

    def end(self, error: LibcurlError | None = None) -> None:
        """libcurl has come to its end; with this error, if it failed."""
        if error is None and self._head and self._recording is None:
            self._take_head(self._head)  # The head was cut off, which libcurl does not mind.
        recording, self._recording = self._recording, None
        failure = None if error is None else failure_of(error)
        if recording is None:
            self._transfer.turn.fail(failure)
            return
        if self._chunks is not None:
            if self._chunks.broken:
                return  # That was no HTTP: it leaves no trace.
            for piece in self._chunks.partial()[len(self._chunks.chunks) :]:
                recording.feed(piece)
            self._trailers = Headers(self._chunks.trailers)
        if error is None:
            recording.finish(self._trailers)
        elif failure is not None or error.code in COMES_AGAIN:
            recording.cut(failure)
        else:
            recording.drop()
