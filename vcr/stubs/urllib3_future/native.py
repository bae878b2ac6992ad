"""The attributes of urllib3-future's objects that vcr uses; most are private. Type checkers read this file, and a
person who wants to know what the next version of urllib3-future has to have. It is not imported when a program runs,
and it must not know a cassette.
"""

# ruff: noqa: D102  (the methods are urllib3-future's own)

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from ..connection import Addressed

#: One of the events of a stream, such as ``HeadersReceived``, or of the whole connection.
Event = object


class Promise(Protocol):
    """An object that urllib3-future returns for a request; ``getresponse`` takes it."""

    uid: str
    stream_id: int
    _conn: Connection


class LowLevelResponse(Protocol):
    """A response that has not been read to its end."""

    from_promise: Promise | None


class Info(Protocol):
    """The attribute ``conn_info`` of a connection, which tells how it has connected."""

    http_version: object


class HTTPProtocol(Protocol):
    """A protocol: the state of a connection without its socket. It makes bytes to send of requests, and events of the
    bytes that come."""

    multiplexed: bool

    def get_available_stream_id(self) -> int: ...
    def submit_headers(
        self, stream_id: int, headers: Iterable[tuple[bytes, bytes]], end_stream: bool = ...
    ) -> None: ...
    def submit_data(self, stream_id: int, data: bytes, end_stream: bool = ...) -> None: ...
    def submit_stream_reset(self, stream_id: int, error_code: int = ...) -> None: ...
    def should_wait_remote_flow_control(self, stream_id: int, amt: int | None = ...) -> bool | None: ...
    def max_frame_size(self) -> int: ...
    def bytes_to_send(self) -> bytes: ...
    def bytes_received(self, data: bytes) -> None: ...
    def many_bytes_received(self, data: list[bytes]) -> None: ...
    def eof_received(self) -> None: ...
    def connection_lost(self) -> None: ...
    def has_expired(self) -> bool: ...
    def is_idle(self) -> bool: ...
    def is_available(self) -> bool: ...
    def has_pending_event(self, *, stream_id: int | None = ..., excl_event: object = ...) -> bool: ...
    def next_event(self, stream_id: int | None = ...) -> Event | None: ...
    def reshelve(self, *events: Event) -> None: ...


class Connection(Addressed, Protocol):
    """A connection, synchronous or asynchronous. If it is asynchronous, the results of its methods have to be
    awaited."""

    scheme: str
    proxy: object
    sock: Any  # a socket, or urllib3-future's asynchronous one
    conn_info: Any  # its class is private; None before it has connected
    is_verified: bool
    is_multiplexed: bool
    max_frame_size: int
    _protocol: Any  # an HTTPProtocol, or the Line in its place; None before it has connected
    _svn: object
    _http_vsn: int
    _cached_http_vsn: int | None
    _stream_id: int | None
    _has_connected_to_proxy: bool
    _promises: dict[str, Promise]
    _promises_per_stream: dict[int, Promise]
    _resolver: object

    def connect(self) -> object: ...
    def _new_conn(self) -> object: ...
    def _post_conn(self) -> object: ...
