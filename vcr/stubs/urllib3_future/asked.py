"""A request that is being written: what becomes of it, and the calls that write it. It must not know its response."""

from __future__ import annotations

import functools
import itertools
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..._engine.cassette import Cassette, Turn
from ..._http.failure import CONNECT, SEND, Failure
from ..._http.fields import asks_for_upgrade
from ...request import Headers, Request
from ..exchange import Exchange
from .errors import failure_of

if TYPE_CHECKING:
    from .native import Connection

#: The numbers of streams that are the cassette's; those of a server's streams are positive.
_stream_ids = itertools.count(-2, -1)


class Asked:
    """A request that is being written.

    ``stream_id``: the number of its stream, should it be replayed. ``calls``: the calls that have written it so far.
    ``turn``: of the cassette's, once it has been taken. ``failure``: the recorded one, when there is to be no response.
    ``exchange``: if it goes live.
    """

    def __init__(self, cassette: Cassette, origin: str) -> None:
        self.cassette = cassette
        self.origin = origin
        self.stream_id = next(_stream_ids)
        self.calls: list[functools.partial[object]] = []
        self.head: list[tuple[bytes, bytes]] = []
        self.body = bytearray()
        self.turn = Turn(None, None)
        self.failure: Failure | None = None

    @functools.cached_property
    def exchange(self) -> Exchange:
        """The exchange, which begins when this is asked for."""
        return Exchange(self.turn, self.method)

    def _pseudo(self, name: bytes) -> str:
        return dict(self.head).get(name, b"").decode("latin-1")

    @property
    def method(self) -> str:
        """The method of the request."""
        return self._pseudo(b":method")

    @property
    def leaves_http(self) -> bool:
        """Whether the request asks to turn its connection, or its stream (RFC 8441), into something else."""
        return bool(self._pseudo(b":protocol")) or asks_for_upgrade(self.request().headers)

    def request(self) -> Request:
        """The request, with the names of its headers as HTTP/1 has them: the same whichever version it is sent over."""
        target = self._pseudo(b":path")
        uri = target if "://" in target.partition("?")[0] else self.origin + ("/*" if target == "*" else target)
        fields = Headers([("Host", self._pseudo(b":authority"))])
        for name, value in self.head:
            if not name.startswith(b":"):
                fields.add("-".join(map(str.capitalize, name.decode("latin-1").split("-"))), value.decode("latin-1"))
        return Request(self.method, uri, bytes(self.body) or None, fields)

    def writes(self, connection: Connection) -> Iterator[Callable[[], object]]:
        """The calls that write it again. HTTP/2 and 3 take no more at a time than the server allows."""
        for call in self.calls:
            data = call.args[1] if call.func.__name__ == "send" and connection.is_multiplexed else b""
            size = connection.max_frame_size
            while len(data) > size:
                yield functools.partial(call.func, connection, data[:size])
                data = data[size:]
            yield functools.partial(call.func, connection, data, **call.keywords) if data else call

    @contextmanager
    def going_live(self) -> Iterator[None]:
        """Around connecting and sending, which is where the exchange begins."""
        exchange = self.exchange
        try:
            yield
        except BrokenPipeError:
            raise  # The client goes on, and reads why.
        except Exception as error:
            # The client has its own errors for a connection that is not made; an error of the system is from sending.
            is_system = isinstance(error, OSError) and not isinstance(error, ssl.SSLError)
            exchange.error(failure_of(error, SEND if is_system else CONNECT))
            raise
        except BaseException as error:
            exchange.cancelled(error)
            raise
        exchange.sent()
