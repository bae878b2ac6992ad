"""What aiohttp writes a request to, and reads the response from, inside a cassette. The protocol takes the turn.

This file must not know how aiohttp connects, an option or a file.
"""

from __future__ import annotations

import asyncio
import functools
import re
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.http import RawResponseMessage
from aiohttp.streams import StreamReader
from multidict import CIMultiDict, CIMultiDictProxy

from .._engine.cassette import Cassette, Turn
from .._http.failure import CANCELLED, CLOSED, CONNECT, TIMEOUT, Failure
from .._http.fields import raw_fields
from .._http.render import render
from .._http.wire import CONTINUE, RequestReader
from ..request import Headers, Request
from ..response import Response
from .aiohttp_errors import refusal_to_parse, timeout_error
from .aiohttp_live import Recorder
from .cancellation import CANCEL_LIMIT, not_cancelled, was_cancelled

if TYPE_CHECKING:
    from aiohttp.helpers import BaseTimerContext

#: The characters of which a field name consists (RFC 9110 §5.6.2).
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


class CassetteTransport(asyncio.Transport):
    """What aiohttp writes a request to. It hands the request to its protocol."""

    def __init__(self, loop: asyncio.AbstractEventLoop, protocol: CassetteProtocol) -> None:
        super().__init__()
        self._loop = loop
        self._protocol = protocol
        self._closing = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Take a part of the request."""
        self._protocol.written(data)

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        """Take parts of the request."""
        for data in list_of_data:
            self._protocol.written(data)

    def is_closing(self) -> bool:
        """Whether the client has closed the transport."""
        return self._closing

    def close(self) -> None:
        """Tell the protocol, in the next round of the loop as every transport does, that the connection is closed. A
        protocol that has the whole response need not know, and would be kept alive until then."""
        if not (self._closing or self._protocol.has_whole_response or self._loop.is_closed()):
            self._loop.call_soon(self._protocol.connection_lost, None)
        self._closing = True

    abort = close

    def pause_reading(self) -> None:
        """Do nothing: the next recorded piece comes when the client waits for it."""

    def resume_reading(self) -> None:
        """Do nothing, as ``pause_reading``."""


#: ``go_live(turn, method, timer)`` connects, and returns what records the response. ``timer``: the time limit of the
#: whole request.
GoLive = Callable[[Turn, str, "BaseTimerContext | None"], Awaitable[Recorder]]

#: Seconds. When the program adds no piece to the body of a request for so long, it is taken to wait for the response.
#: The first limit is for a cassette that has nothing to replay: a live request needs no whole body. The second is for a
#: cassette that has: to find the recorded response, the whole body is needed.
STALL_LIMIT_WHEN_NEW, STALL_LIMIT = 1.0, 10.0


class CassetteProtocol(ResponseHandler):
    """What aiohttp reads the response from. It takes the turn when the request is whole and the client waits.

    ``given``: the names of the header fields to record; None for all. ``fail_to_connect``: raises aiohttp's error for a
    recorded failure to connect.
    """

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
        self._given = given
        self._go_live: GoLive | None = go_live  # None once the turn is taken
        self._fail_to_connect = fail_to_connect
        self._settings: dict[str, Any] = {}
        self._request = RequestReader()
        self._is_sent = False
        self._turn: Turn | None = None
        self._change: asyncio.Event | None = None  # set when a reader that waits for the request is to look again
        self._pieces: deque[bytes] = deque()  # of the recorded response, not parsed yet
        self._end: Callable[[], None] | None = None  # what happens after the last piece
        self._all_headers: Headers | None = None  # if aiohttp's parser does not get all of them
        self.recorder: Recorder | None = None
        self.connection_made(CassetteTransport(loop, self))

    # -- the request ---------------------------------------------------------------------------------------------------

    def written(self, data: bytes | bytearray | memoryview) -> None:
        """Take a part of the request. It goes to the server too, if the request is live already."""
        is_head = not self._request.has_head
        self._request.feed(data)
        if self.recorder is not None:
            self.recorder.transport.write(data)
        if is_head and self._request.expects_continue:
            self.data_received(CONTINUE)  # aiohttp waits for it even if there is no body
            if self._change is not None:
                self._change.set()

    def start_timeout(self) -> None:
        """Note that aiohttp has written the whole request.

        The task that has written it must end before the response is there, or aiohttp treats it as cancelled. So a
        reader that waits goes on in the next round of the loop.
        """
        self._is_sent = True
        if self._change is not None:
            self._loop.call_soon(self._change.set)
        if self.recorder is not None:
            self._amend()
            self.recorder.protocol.start_timeout()

    def set_exception(self, *args: BaseException) -> None:
        """Note that aiohttp could not write the whole request: the reader must not wait for more of it."""
        super().set_exception(*args)
        if self._change is not None:
            self._change.set()
        if self.recorder is not None:
            self.recorder.protocol.set_exception(*args)

    def set_response_params(self, **settings: Any) -> None:
        """Keep the settings for a live response. A replay has no time limit for reading."""
        self._settings = settings
        super().set_response_params(**{**settings, "read_timeout": None})

    # -- the response --------------------------------------------------------------------------------------------------

    @property
    def stays_readable(self) -> bool:
        """Whether the response can be read after the client has released or closed it."""
        return self._go_live is None and (self.recorder is None or self.recorder.records)

    @property
    def has_whole_response(self) -> bool:
        """Whether aiohttp has parsed the response to its end."""
        return self._payload is not None and self._payload.is_eof()

    async def read(self) -> tuple[RawResponseMessage, StreamReader]:
        """Wait for the next message, which may be ``100 Continue``. Returns the message and the stream of its body."""
        if self._go_live is not None and await self._is_written():
            await self._take_turn(self._go_live)
        if self.recorder is not None:
            return await self.recorder.read()
        message, payload = await super().read()
        if not payload.is_eof():
            payload.__class__ = _PacedReader
        return _with_headers(message, self._all_headers) if message.code != 100 else message, payload

    async def _is_written(self) -> bool:
        """Wait until the request is whole, or the program adds nothing to the body for so long that it seems to wait
        for the response. Returns False if the reader gets something else first: ``100 Continue``, or an error."""
        while not (self._is_sent or len(self) or self.is_eof()):
            self._change, written = asyncio.Event(), len(self._request.sent)
            limit = STALL_LIMIT if self._cassette.rewound else STALL_LIMIT_WHEN_NEW
            try:
                await asyncio.wait_for(self._change.wait(), limit)
            except asyncio.TimeoutError:
                if self._request.has_head and len(self._request.sent) == written:
                    return True
        return self._is_sent

    async def _take_turn(self, go_live: GoLive) -> None:
        self._go_live = None
        turn = self._turn = self._cassette.begin(self._vcr_request())
        if turn.response is not None:
            if was_cancelled(turn.response):
                await asyncio.sleep(CANCEL_LIMIT)
                raise not_cancelled(self._vcr_request())
            self._replay(turn.response)
            return
        recorder = await go_live(turn, self._request.method, self._settings.get("timer"))
        recorder.protocol.set_response_params(**self._settings)
        recorder.send(self._request.sent, is_whole=self._is_sent)
        if not self._is_sent:
            recorder.amend = self._amend
        self.recorder = recorder

    def _vcr_request(self) -> Request:
        """The request, as far as it has been written."""
        return self._request.request(self._origin, given=self._given)

    def _amend(self) -> None:
        """Let the turn record what has been written of the request since it began."""
        if self._turn is not None:
            self._turn.amend(self._vcr_request())

    def _replay(self, response: Response) -> None:
        failure = response.failure
        if failure is not None and failure.phase == CONNECT:
            self._fail_to_connect(failure)
        if failure is None or response.incomplete:
            head, *pieces = render(self._parsable(response), self._request.method)
            self._pieces.extend((head + b"".join(pieces[:1]), *pieces[1:]))
        # The client waits beyond the last piece only if the message does not say where it ends.
        self._end = functools.partial(self._end_as_recorded, failure)
        while not len(self) and self.feed():
            pass

    def _parsable(self, response: Response) -> Response:
        """``response`` without the fields that aiohttp's parser refuses. The program is shown all fields."""
        headers = response.headers
        refused = _refused_names(headers)
        if not refused:
            return response
        self._all_headers = headers
        kept = Headers([(name, value) for name, value in headers.pairs() if name.lower() not in refused])
        return Response({**response.data, "headers": kept.grouped()})

    def _end_as_recorded(self, failure: Failure | None) -> None:
        """Do what happened live after the last piece. ``failure``: None if the server closed the connection."""
        if failure is None:
            self.connection_lost(None)
        elif failure.kind == TIMEOUT:
            self._fail(timeout_error(failure.message))
        elif failure.kind == CANCELLED:
            self._loop.call_later(CANCEL_LIMIT, self._fail, not_cancelled(self._vcr_request()))
        elif (refused := refusal_to_parse(failure)) is not None:
            self.set_exception(refused)
            self.connection_lost(None)
        elif failure.kind == CLOSED:
            self.set_exception(aiohttp.ServerDisconnectedError(failure.message))  # the message may name half a head
            self.connection_lost(None)
        else:
            self.connection_lost(failure.error())

    def _fail(self, error: Exception) -> None:
        payload = self._payload
        self.set_exception(error)
        if payload is not None:
            payload.set_exception(error)

    def feed(self) -> bool:
        """Parse the next recorded piece, or end as recorded. Returns False when that has been done already."""
        if self._pieces:
            self.data_received(self._pieces.popleft())
            return True
        end, self._end = self._end, None
        if end is not None:
            end()
        return end is not None

    def feed_all(self) -> None:
        """Parse the rest of the recorded body."""
        payload = self._payload
        while payload is not None and not payload.is_eof() and self.feed():
            pass


def _refused_names(headers: Headers) -> set[str]:
    """The names, in lower case, of the fields that aiohttp's parser refuses. Other clients accept more, so cassettes
    that they, or VCR.py, have recorded hold more."""
    refused = {name.lower() for name, _ in headers.pairs() if not _TOKEN.fullmatch(name)}
    lengths = headers.get_all("Content-Length")
    if lengths and (len(lengths) > 1 or "Transfer-Encoding" in headers or not lengths[0].strip().isdecimal()):
        refused.add("content-length")
    return refused


def _with_headers(message: RawResponseMessage, headers: Headers | None) -> RawResponseMessage:
    """``message`` with these header fields; None: as it is."""
    if headers is None:
        return message
    raw = tuple(raw_fields(headers))
    shown = CIMultiDictProxy(CIMultiDict(headers.pairs()))
    return RawResponseMessage(
        *(message.version, message.code, message.reason, shown, raw),
        *(message.should_close, message.compression, message.upgrade, message.chunked),
    )


class _PacedReader(StreamReader):
    """The body of a replayed response. The protocol parses the next piece when the client waits for more."""

    __slots__ = ()

    async def _wait(self, func_name: str) -> None:
        await asyncio.sleep(0)  # lets other tasks run between two pieces, as a live response does
        if self._buffer or self._eof:
            return  # another task has waited for the end, and has had the pieces parsed
        if not self._feed():
            await super()._wait(func_name)
        elif (error := self.exception()) is not None:
            raise error

    async def wait_eof(self) -> None:
        """Wait for the end of the body. The end comes whether the body is read or not."""
        while not self.is_eof() and self.exception() is None and self._feed():
            pass
        await super().wait_eof()

    def _feed(self) -> bool:
        protocol = self._protocol
        return isinstance(protocol, CassetteProtocol) and protocol.feed()
