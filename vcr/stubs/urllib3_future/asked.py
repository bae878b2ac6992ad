"""A request that the client is writing, and the calls that write it. This file must not know the response."""

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

#: The stream numbers of requests that are written to a line. The protocol's own are not negative.
_stream_ids = itertools.count(-2, -1)


class Asked:
    """A request that the client is writing.

    ``stream_id``: the number of the stream, if the request is replayed. ``calls``: the calls that have written the
    request so far. ``turn``: once it has been taken. ``failure``: the recorded failure, if there is one.
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
        """The exchange of a request that goes live. It begins when this is read first."""
        return Exchange(self.turn, self.method)

    def _pseudo_field(self, name: bytes) -> str:
        return dict(self.head).get(name, b"").decode("latin-1")

    @property
    def method(self) -> str:
        """The method of the request."""
        return self._pseudo_field(b":method")

    @property
    def leaves_http(self) -> bool:
        """Whether the request asks to speak another protocol than HTTP on its connection, or its stream (RFC 8441)."""
        return bool(self._pseudo_field(b":protocol")) or asks_for_upgrade(self.request().headers)

    def request(self) -> Request:
        """The request as a value. The header names are spelled as in HTTP/1, whichever version of HTTP is spoken."""
        target = self._pseudo_field(b":path")
        uri = target if "://" in target.partition("?")[0] else self.origin + ("/*" if target == "*" else target)
        fields = Headers([("Host", self._pseudo_field(b":authority"))])
        for name, value in self.head:
            if not name.startswith(b":"):
                fields.add("-".join(map(str.capitalize, name.decode("latin-1").split("-"))), value.decode("latin-1"))
        return Request(self.method, uri, bytes(self.body) or None, fields)

    def writes(self, connection: Connection) -> Iterator[Callable[[], object]]:
        """The calls that write the request again. Over HTTP/2 and 3 a call writes no more bytes than the server
        allows."""
        for call in self.calls:
            data = call.args[1] if call.func.__name__ == "send" and connection.is_multiplexed else b""
            size = connection.max_frame_size
            while len(data) > size:
                yield functools.partial(call.func, connection, data[:size])
                data = data[size:]
            yield functools.partial(call.func, connection, data, **call.keywords) if data else call

    @contextmanager
    def going_live(self) -> Iterator[None]:
        """A block in which the connection connects and the request is sent: it tells the exchange of errors."""
        exchange = self.exchange
        try:
            yield
        except BrokenPipeError:
            raise  # the client goes on, and reads the response
        except Exception as error:
            # When it cannot connect, urllib3-future raises errors of its own; a plain OSError comes from sending.
            is_system = isinstance(error, OSError) and not isinstance(error, ssl.SSLError)
            exchange.error(failure_of(error, SEND if is_system else CONNECT))
            raise
        except BaseException as error:
            exchange.cancelled(error)
            raise
        exchange.sent()
