"""``Line``, which takes the place of a connection's protocol inside a cassette. It must not know a door.

A line answers for the requests that are written to it, and for their streams. Everything else goes to the protocol.
"""

from __future__ import annotations

import functools
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING

from ..._http.failure import RESPONSE
from ...response import Response
from ..upgrade import let_upgrade
from .asked import Asked
from .errors import failure_of
from .live import Bytes, Frames, Listener
from .replay import CassetteSocket, Replay, last_error

if TYPE_CHECKING:
    from .native import Connection, Event, HTTPProtocol, Promise


def line_of(connection: Connection) -> Line | None:
    """The line of a connection, if it has one."""
    protocol = connection._protocol
    return protocol if isinstance(protocol, Line) else None


def plug(connection: Connection) -> Line:
    """Put a line in the place of the connection's protocol. A connection that is connected stays connected."""
    line = line_of(connection)
    if line is None:
        line = Line(connection)
        if not line.connected:
            _pretend(connection, line.names)
        connection._protocol = line
    return line


def _pretend(connection: Connection, names: ModuleType) -> None:
    """Set the attributes that ``connect`` sets."""
    connection.sock = CassetteSocket()
    connection.conn_info = names.ConnectionInfo()
    connection.conn_info.http_version = names.HttpVersion.h11
    connection._has_connected_to_proxy = bool(connection.proxy)
    if connection.scheme == "https":
        # Otherwise the pool warns, before it sends, that no certificate was verified.
        connection.is_verified = True


class Line:
    """Takes the place of a connection's protocol.

    urllib3-future chooses its version of HTTP when it connects (``_post_conn`` sets ``_svn``), and notes each request
    while that is written (``endheaders`` sets ``_stream_id`` and ``_promises``). A cassette decides only when the
    request is whole. So the request is written to the line first, as for HTTP/1.1. If it goes live, these attributes
    get the values that they had before, and the same calls write it again.

    ``real``: the protocol. ``connected``: whether the protocol leads to a server. ``names``: the module of the backend,
    in which urllib3-future's classes are found. ``asked``: the request that is being written. ``is_awaited``: whether
    the client waits for bytes from the socket, perhaps in another thread.
    """

    def __init__(self, connection: Connection) -> None:
        backend = next(cls for cls in type(connection).__mro__ if cls.__name__.endswith("HfaceBackend"))
        self.names: ModuleType = sys.modules[backend.__module__]
        self.connected = connection._protocol is not None
        self.real: HTTPProtocol = self._parser() if connection._protocol is None else connection._protocol
        self.asked: Asked | None = None
        self._svn = connection._svn
        self._verified = connection.is_verified
        self._replays: dict[int, Replay] = {}
        self._live: dict[int, Listener] = {}
        self._general: deque[Event] = deque()  # events of the whole connection, found among those of a stream
        self.is_awaited = False

    def _parser(self) -> HTTPProtocol:
        parser: HTTPProtocol = self.names.HTTPProtocolFactory.new(self.names.HTTP1Protocol)
        return parser

    def __getattr__(self, name: str) -> object:
        return getattr(self.__dict__["real"], name)

    # -- a request -----------------------------------------------------------------------------------------------------

    def begin(self, asked: Asked, connection: Connection) -> None:
        """Begin a request. It is written as for HTTP/1.1, so that it is the same live and replayed."""
        if self.asked is None:  # otherwise a request that was never completed has changed the version
            self._svn = connection._svn
        self.asked = asked
        connection._svn = self.names.HttpVersion.h11
        connection._cached_http_vsn = None

    def _stop_asking(self, connection: Connection) -> None:
        """Give the connection its own version of HTTP back: no request is being written any more."""
        if self.asked is not None or not self.connected:
            connection._svn = self._svn
        self.asked = None

    def take_turn(self, connection: Connection, promise: Promise | None) -> Asked | None:
        """Take the turn of the request, if it is complete. Returns the request if it has to go live or to fail; None if
        it is replayed or not complete. ``promise``: the client's; None while the request is not complete."""
        asked = self.asked
        assert asked is not None
        upgrade = asked.leaves_http
        if promise is None and not upgrade:
            return None
        self._stop_asking(connection)
        if upgrade:
            request = asked.request()
            let_upgrade(asked.cassette, request.uri, request.headers.get("Upgrade"))
        else:
            asked.turn = asked.cassette.begin(asked.request())
            response = asked.turn.response
            asked.failure = response.failure if response is not None else None
            if response is not None and (asked.failure is None or asked.failure.phase == RESPONSE):
                self._replay(connection, asked, response)
                return None
        if promise is not None:
            del connection._promises[promise.uid], connection._promises_per_stream[promise.stream_id]
        return asked

    def _replay(self, connection: Connection, asked: Asked, response: Response) -> None:
        error = last_error(asked, response, self.names)
        self._replays[asked.stream_id] = Replay(self._parser(), asked, response, error)
        version = {"2": "h2", "3": "h3"}.get(response.http_version[:1], "h11")
        spoken = self.names.HttpVersion[version]
        connection._cached_http_vsn = int(spoken.value.split("/")[1].replace(".", ""))
        if not self.connected:
            connection._svn = self.names.HttpVersion.h11
            connection.conn_info.http_version = spoken

    @contextmanager
    def connecting(self, connection: Connection) -> Iterator[None]:
        """A block for the connection's own ``connect``."""
        info = connection.conn_info
        connection.sock = connection._protocol = None
        connection._svn = self._svn
        connection._has_connected_to_proxy = False
        yield
        # The client may hold the conn_info that was set before, so that object gets the new values.
        vars(info).update(vars(connection.conn_info))
        connection.conn_info = info
        self.real, connection._protocol = connection._protocol, self
        # So that the pool does not warn at the next request.
        self._verified, connection.is_verified = connection.is_verified, True
        self.connected, self._svn = True, connection._svn

    def fail_in_getresponse(
        self, connection: Connection, asked: Asked, promise: Promise | None, error: TimeoutError
    ) -> bool:
        """Have ``getresponse`` raise ``error``, because a proxy or a TLS handshake took too long. Returns whether it
        will: not before the request is complete.

        vcr connects while the request is written. The pool makes the right error of a timeout of ``connect`` and of
        ``getresponse``, but not of a timeout there.
        """
        if promise is None:
            return False
        asked.exchange.sent()
        asked.exchange.error(failure_of(error, RESPONSE))
        connection._promises[promise.uid] = promise
        connection._promises_per_stream[promise.stream_id] = promise
        self._replays[asked.stream_id] = Replay(self._parser(), asked, None, error)
        connection._stream_id = asked.stream_id  # the request for a tunnel has taken another one
        if connection.sock is not None:
            connection.sock.close()
        connection._protocol = self
        _pretend(connection, self.names)
        return True

    def listen(self, asked: Asked, connection: Connection) -> None:
        """Make the listener of the response, which records it."""
        if not asked.exchange.over:
            stream_id = self.real.get_available_stream_id()
            kind = Frames if self.real.multiplexed else Bytes
            self._live[stream_id] = kind(self, stream_id, asked, connection)

    def give_way(self, connection: Connection) -> None:
        """Give the connection its protocol back, if it can be spared: a request begins that belongs to no cassette."""
        self._stop_asking(connection)
        if not self.connected:
            connection.sock = connection._protocol = None
        elif not self._replays and not self._live:
            connection._protocol = self.real
            connection.is_verified = self._verified

    def stop_recording(self, connection: Connection) -> None:
        """Stop recording: the connection closes."""
        self._stop_asking(connection)
        self._stop_listeners()

    def listeners(self, stream_id: int | None) -> list[Listener]:
        """The listeners of this stream, or for None of all streams, whose responses are still being recorded."""
        return [live for live in self._live.values() if stream_id in (None, live.stream_id) and not live.exchange.over]

    # -- what a connection writes --------------------------------------------------------------------------------------

    def get_available_stream_id(self) -> int:
        """The number of the stream for the next request."""
        return self.real.get_available_stream_id() if self.asked is None else self.asked.stream_id

    def submit_headers(self, stream_id: int, headers: Iterable[tuple[bytes, bytes]], end_stream: bool = False) -> None:
        """Take the head of a request."""
        if self.asked is None:
            self.real.submit_headers(stream_id, headers, end_stream=end_stream)
        else:
            self.asked.head = list(headers)

    def submit_data(self, stream_id: int, data: bytes, end_stream: bool = False) -> None:
        """Take a part of the body of a request."""
        if self.asked is None:
            self.real.submit_data(stream_id, data, end_stream=end_stream)
        else:
            self.asked.body += data

    def should_wait_remote_flow_control(self, stream_id: int, amt: int | None = None) -> bool | None:
        """Whether the client has to wait until the server takes more."""
        return self.asked is None and self.real.should_wait_remote_flow_control(stream_id, amt)

    def max_frame_size(self) -> int:
        """The most bytes that the server takes at a time."""
        return int(self.real.max_frame_size())

    def submit_stream_reset(self, stream_id: int, error_code: int = 0) -> None:
        """End a stream: the client reads no more of it."""
        if self._replays.pop(stream_id, None) is None:
            self._live.pop(stream_id, None)
            self.real.submit_stream_reset(stream_id, error_code)

    # -- what it receives ----------------------------------------------------------------------------------------------

    def bytes_received(self, data: bytes) -> None:
        """Take bytes from the server."""
        self.is_awaited = False
        self.real.bytes_received(data)
        self._tell_listeners(data)

    def many_bytes_received(self, data: list[bytes]) -> None:
        """Take datagrams from the server."""
        self.real.many_bytes_received(data)
        self._tell_listeners(b"")

    def eof_received(self) -> None:
        """Note that the server has closed the connection."""
        self.is_awaited = False
        self.real.eof_received()
        self._tell_listeners(b"")

    def connection_lost(self) -> None:
        """Note that the connection is lost."""
        self.is_awaited = False
        self.real.connection_lost()
        self._tell_listeners(b"")

    def _tell_listeners(self, data: bytes) -> None:
        """Tell the listeners which events and bytes have come, and keep the events for the client."""
        for live in self._live.values():
            for event in iter(functools.partial(self.real.next_event, live.stream_id), None):
                if hasattr(event, "stream_id"):
                    live.queue.append(event)
                    live.note(event)
                else:
                    self._general.append(event)
            live.feed(data)
        if any(isinstance(event, self.names.ConnectionTerminated) for event in self._general):
            self._stop_listeners()
        self._live = {stream_id: live for stream_id, live in self._live.items() if not live.is_done}

    def _stop_listeners(self) -> None:
        for live in self._live.values():
            live.exchange.stop()

    def has_expired(self) -> bool:
        """Whether the pool should close the connection: yes, when it leads to no server and all is replayed."""
        if self._replays or self.asked is not None:
            return False
        return not self.connected or bool(self.real.has_expired())

    def is_idle(self) -> bool:
        """Whether no response is on its way."""
        return not self._replays and bool(self.real.is_idle())

    def is_available(self) -> bool:
        """Whether the connection takes another request."""
        return not self._replays and bool(self.real.is_available())

    def has_pending_event(self, *, stream_id: int | None = None, excl_event: type[Event] | None = None) -> bool:
        """Whether the client has events to read before it waits for the socket."""
        for stream in self._streams(stream_id):
            if stream.pending(excl_event):
                return True
        if stream_id is None and self._general:
            return True
        pending = bool(self.real.has_pending_event(stream_id=stream_id, excl_event=excl_event))
        self.is_awaited = not pending and excl_event is None
        return pending

    def next_event(self, stream_id: int | None = None) -> Event | None:
        """The next event for the client, or None."""
        for stream in self._streams(stream_id):
            if (event := stream.pop()) is not None:
                if stream.is_done:
                    self._replays.pop(stream.stream_id, None)
                    self._live.pop(stream.stream_id, None)
                return event
        return self._general.popleft() if self._general else self.real.next_event(stream_id)

    def events(self, stream_id: int | None = None) -> Iterator[Event]:
        """All events that have come for the client."""
        while (event := self.next_event(stream_id)) is not None:
            yield event

    def reshelve(self, *events: Event) -> None:
        """Put events back, so that the client reads them again."""
        for event in reversed(events):
            stream = next(iter(self._streams(getattr(event, "stream_id", None))), None)
            if stream is None or getattr(event, "stream_id", None) is None:
                self.real.reshelve(event)
            else:
                stream.queue.appendleft(event)

    def _streams(self, stream_id: int | None) -> list[Replay | Listener]:
        everything: dict[int, Replay | Listener] = {**self._replays, **self._live}
        if stream_id is None:
            return list(everything.values())
        return [everything[stream_id]] if stream_id in everything else []
