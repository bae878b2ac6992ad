"""What aiohttp writes a request to and reads the answer from, inside a cassette: the one to take the turn.

It must not know how aiohttp connects, an option or a file.
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
from .._http.fields import field_bytes
from .._http.render import render
from .._http.wire import CONTINUE, RequestReader
from ..request import Headers
from ..response import Response
from .aiohttp_errors import late, refusal_to_parse
from .aiohttp_live import Recorder
from .cancellation import CANCEL_LIMIT, not_cancelled, was_cancelled

if TYPE_CHECKING:
    from aiohttp.helpers import BaseTimerContext

#: What a name may be made of (RFC 9110 §5.6.2).
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


class CassetteTransport(asyncio.Transport):
    """What aiohttp writes a request to."""

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


GoLive = Callable[[Turn, str, "BaseTimerContext | None"], Awaitable[Recorder]]

#: Seconds without a further piece of a request's body after which its maker is taken to wait for the answer: where
#: there is nothing to replay, which needs no whole body, and where there is.
STALLED_WHEN_NEW, STALLED = 1.0, 10.0


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
        self._written = 0  # pieces
        self._turn: Turn | None = None
        self._stirred = asyncio.Event()
        self._pieces: deque[bytes] = deque()  # of the recording
        self._end: Callable[[], None] | None = None  # what comes after them
        self._shown: Headers | None = None  # if they are not those that have been parsed
        self.recorder: Recorder | None = None
        self.connection_made(CassetteTransport(loop, self))

    # -- the request ---------------------------------------------------------------------------------------------------

    def written(self, data: bytes | bytearray | memoryview) -> None:
        """Take a part of the request."""
        is_head = not self._request.has_head
        self._written += 1
        self._request.feed(data)
        if self.recorder is not None:
            self.recorder.transport.write(data)
        if is_head and self._request.expects_continue:
            self.data_received(CONTINUE)  # aiohttp waits for it, with a body or without
            self._stirred.set()

    def start_timeout(self) -> None:
        """The request has been written to its end. What wrote it is still to end, before the answer is there: aiohttp
        takes what has not ended by then to have been cancelled."""
        self._is_out = True
        self._loop.call_soon(self._stirred.set)
        if self.recorder is not None:
            self._amend()
            self.recorder.protocol.start_timeout()

    def set_exception(self, *args: BaseException) -> None:
        """The request cannot be written to its end: nobody is to wait for it."""
        super().set_exception(*args)
        self._stirred.set()
        if self.recorder is not None:
            self.recorder.protocol.set_exception(*args)

    def set_response_params(self, **settings: Any) -> None:
        """Keep the settings for a live response. A recording is never late."""
        self._settings = settings
        super().set_response_params(**{**settings, "read_timeout": None})

    # -- the answer ----------------------------------------------------------------------------------------------------

    @property
    def stays_readable(self) -> bool:
        """Whether the response can be read after the client has released or closed it."""
        return self._go_live is None and (self.recorder is None or self.recorder.has_recorded)

    async def read(self) -> tuple[RawResponseMessage, StreamReader]:
        """The next message, ``100 Continue`` too, and its payload."""
        stalled = False
        while not (self._is_out or stalled or len(self) or self.is_eof() or self.recorder):
            self._stirred.clear()
            stalled = await self._stalls()
        if (self._is_out or stalled) and self._go_live is not None:
            await self._answer(self._go_live)
        if self.recorder is not None:
            return await self.recorder.read()
        message, payload = await super().read()
        if not payload.is_eof():
            payload.__class__ = _PacedReader
        return _with_headers(message, self._shown) if message.code != 100 else message, payload

    async def _stalls(self) -> bool:
        """Wait until the request is out, or cannot be; True when its body does not go on: the program may want to see
        the answer first."""
        written = self._written
        try:
            await asyncio.wait_for(self._stirred.wait(), STALLED if self._cassette.rewound else STALLED_WHEN_NEW)
        except asyncio.TimeoutError:
            return self._request.has_head and self._written == written and self._go_live is not None
        return False

    async def _answer(self, go_live: GoLive) -> None:
        self._go_live = None
        turn = self._turn = self._cassette.begin(self._request.request(self._origin, given=self._given))
        if turn.response is not None:
            if was_cancelled(turn.response):
                await asyncio.sleep(CANCEL_LIMIT)
                raise self._not_cancelled()
            self._replay(turn.response)
            return
        recorder = await go_live(turn, self._request.method, self._settings.get("timer"))
        recorder.protocol.set_response_params(**self._settings)
        recorder.send(self._request.sent, is_whole=self._is_out)
        if not self._is_out:
            recorder.before_the_end = self._amend
        self.recorder = recorder

    def _amend(self) -> None:
        """Keep the request as far as it has come by now."""
        if self._turn is not None:
            self._turn.amend(self._request.request(self._origin, given=self._given))

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
            self._fail(late(failure.message))
        elif failure.kind == CANCELLED:
            self._loop.call_later(CANCEL_LIMIT, self._fail, self._not_cancelled())
        elif (refused := refusal_to_parse(failure)) is not None:
            self.set_exception(refused)
            self.connection_lost(None)
        elif failure.kind == CLOSED:
            self.set_exception(aiohttp.ServerDisconnectedError(failure.message))  # (it may tell of half a head)
            self.connection_lost(None)
        else:
            self.connection_lost(failure.error())

    def _fail(self, error: Exception) -> None:
        payload = self._payload
        self.set_exception(error)
        if payload is not None:
            payload.set_exception(error)

    def _not_cancelled(self) -> Exception:
        return not_cancelled(self._request.request(self._origin))

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


def _with_headers(message: RawResponseMessage, headers: Headers | None) -> RawResponseMessage:
    """``message`` with these headers if there are any."""
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
        if self._buffer or self._eof:
            return  # one of them has waited for the end
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
