"""A real HTTP/2 server on loopback: ``Server``'s twin, with the routes that make sense over HTTP/2 and some of its own.

Over TLS it takes what chooses ``h2`` with ALPN; without TLS, clients that know beforehand (h2c, prior knowledge). Each
connection has a thread that reads, each request one that answers; what they share is guarded by one condition.
"""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import threading

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions

from tests import server
from tests.server import EVENTS, TEXT, Exchange, Handler, Pairs, Received, Server


class Http2Server(Server):
    """``requests``, ``hits``, ``hits_of``, ``connections``, ``route``, ``release``, ``close``: as ``Server`` has them.

    ``tls``: a context of its own; that it speaks HTTP/2 is added to it.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        if tls is not None:
            tls.set_alpn_protocols(["h2"])
        super().__init__(tls)
        self._routes = dict(ROUTES)

    def _talk(self, sock: socket.socket, number: int) -> None:
        _Connection(self, sock, number).talk()


class _Connection:
    """One connection: its protocol state, its streams, and who waits for room to send."""

    def __init__(self, server: Http2Server, sock: socket.socket, number: int) -> None:
        self._server, self._sock, self._number = server, sock, number
        config = h2.config.H2Configuration(client_side=False, header_encoding=None)
        self._state = h2.connection.H2Connection(config)
        self._changed = threading.Condition(threading.RLock())
        self._requests: dict[int, Received] = {}  # whose end has not come
        self._gone = False
        self._threads: list[threading.Thread] = []

    def talk(self) -> None:
        """Until the client hangs up."""
        try:
            with self._changed:
                self._state.initiate_connection()
                self._flush()
            while data := self._receive():
                with self._changed:
                    for event in self._state.receive_data(data):
                        self._take(event)
                    self._flush()
                    self._changed.notify_all()
        except h2.exceptions.ProtocolError:
            return  # It speaks something else.
        finally:
            with self._changed:
                self._gone = True
                self._changed.notify_all()
            for thread in self._threads:
                thread.join()

    def _receive(self) -> bytes:
        """Bytes from the client. The socket is never read and written at once: TLS could not bear it."""
        while True:
            if not (isinstance(self._sock, ssl.SSLSocket) and self._sock.pending()):
                select.select([self._sock], [], [])
            with self._changed:
                self._sock.settimeout(0)
                try:
                    return self._sock.recv(65536)
                except (ssl.SSLWantReadError, BlockingIOError):
                    continue
                finally:
                    self._sock.settimeout(None)

    def _take(self, event: h2.events.Event) -> None:
        if isinstance(event, h2.events.RequestReceived):
            self._requests[event.stream_id] = _received(event.headers, self._number)
        elif isinstance(event, h2.events.DataReceived):
            self._requests[event.stream_id].body += event.data
            self._state.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.StreamEnded):
            request = self._requests.pop(event.stream_id)
            request.raw = request.head + request.body
            self._server.requests.append(request)
            exchange = Http2Exchange(self._server, self, event.stream_id, request)
            thread = threading.Thread(target=self._answer, args=(exchange,), name="stream")
            self._threads.append(thread)
            thread.start()

    def _answer(self, exchange: Http2Exchange) -> None:
        # The client has gone, has reset the stream, or the server is closing.
        with contextlib.suppress(OSError, EOFError, h2.exceptions.ProtocolError):
            self._server._dispatch(exchange)

    def _flush(self) -> None:
        self._sock.sendall(self._state.data_to_send())

    def head(self, stream: int, fields: list[tuple[str, str | bytes]], *, end: bool) -> None:
        """Send a head, or trailers."""
        with self._changed:
            self._state.send_headers(stream, fields, end_stream=end)
            self._flush()

    def data(self, stream: int, data: bytes, *, end: bool) -> None:
        """Send data: one frame of it, if it is no larger than frames are and the client has made room."""
        with self._changed:
            while len(data) > (room := self._await_room(stream, data)):
                self._state.send_data(stream, data[:room])
                self._flush()
                data = data[room:]
            self._state.send_data(stream, data, end_stream=end)
            self._flush()

    def _await_room(self, stream: int, data: bytes) -> int:
        self._changed.wait_for(lambda: self._gone or not data or self._room(stream))
        if self._gone:
            raise EOFError
        return self._room(stream)

    def _room(self, stream: int) -> int:
        return min(self._state.local_flow_control_window(stream), self._state.max_outbound_frame_size)

    def reset(self, stream: int, code: h2.errors.ErrorCodes) -> None:
        """End the stream alone."""
        with self._changed:
            self._state.reset_stream(stream, code)
            self._flush()

    def hang_up(self) -> None:
        """End the connection."""
        server._shut_down(self._sock)


def _received(fields: list[tuple[bytes, bytes]], number: int) -> Received:
    """``head``: all fields as text. ``headers``: without the pseudo fields, but ``:authority`` is there as Host."""
    pairs = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in fields]
    pseudo = {name: value for name, value in pairs if name.startswith(":")}
    headers = [("host", pseudo[":authority"]), *(pair for pair in pairs if pair[0] not in pseudo)]
    head = "".join(f"{name}: {value}\r\n" for name, value in pairs).encode("latin-1")
    return Received(pseudo[":method"], pseudo[":path"], "HTTP/2", headers, head, connection=number)


class Http2Exchange(Exchange):
    """``respond``, ``text``, ``json``: as over HTTP/1.1; ``chunk`` sends a DATA frame, an empty one ends the stream."""

    def __init__(self, server: Http2Server, connection: _Connection, stream: int, request: Received) -> None:
        self.server, self.request = server, request
        self._connection, self._stream = connection, stream

    def head(
        self, status: int, headers: Pairs = (), *, reason: str | None = None, version: str = "2", end: bool = False
    ) -> None:
        """Send a head with just these fields (there is no reason in HTTP/2); ``end``: there is no body."""
        self._connection.head(self._stream, [(":status", str(status)), *headers], end=end)

    def respond(self, status: int = 200, headers: Pairs = (), body: bytes = b"", *, reason: str | None = None) -> None:
        """Send a response, with Content-Length."""
        has_content = status not in (204, 304)
        fields = [*headers, ("content-length", str(len(body)))] if has_content else list(headers)
        bodied = has_content and self.request.method != "HEAD"
        self.head(status, fields, end=not bodied)
        if bodied:
            self._connection.data(self._stream, body, end=True)

    def chunk(self, data: bytes) -> None:
        """Send one frame; an empty one ends the message."""
        self._connection.data(self._stream, data, end=not data)

    def trailers(self, fields: Pairs) -> None:
        """End the message with these."""
        self._connection.head(self._stream, list(fields), end=True)

    def send(self, data: bytes) -> None:
        """No: there are no bytes without a frame."""
        raise NotImplementedError

    def hang_up(self) -> None:
        """Close the connection, now."""
        self._connection.hang_up()

    def reset(self) -> None:
        """Give this stream up, with an internal error."""
        self._connection.reset(self._stream, h2.errors.ErrorCodes.INTERNAL_ERROR)


def _chunked(exchange: Http2Exchange) -> None:
    exchange.head(200, [("content-type", "application/octet-stream")])
    for data in (*server.CHUNKS, b""):
        exchange.chunk(data)


def _paced(exchange: Http2Exchange, subtype: str = "plain") -> None:
    exchange.head(200, [("content-type", f"text/{subtype}")])
    for event in EVENTS:
        exchange.server.await_release()
        exchange.chunk(event)
    exchange.chunk(b"")


def _trailers(exchange: Http2Exchange) -> None:
    exchange.head(200, [("content-type", "text/plain"), ("trailer", "x-checksum")])
    exchange.chunk(TEXT)
    exchange.trailers([("x-checksum", "42")])


def _cut(exchange: Http2Exchange) -> None:
    exchange.head(200, [("content-type", "text/plain"), ("content-length", "100")])
    exchange.chunk(b"only this much")
    exchange.reset()


def _endless(exchange: Http2Exchange) -> None:
    exchange.head(200, [("content-type", "text/plain")])
    number = 0
    while True:
        exchange.server.await_release()
        number += 1
        exchange.chunk(b"piece %d\n" % number)


#: Those of ``Server`` that do not depend on HTTP/1.1.
_SHARED = (
    *("/echo", "/counter", "/text", "/json", "/bytes", "/status", "/headers", "/headers/interleaved", "/redirect"),
    *("/redirect-as", "/cookies", "/cookies/set", "/basic-auth", "/gzip", "/deflate", "/br", "/silent", "/flaky"),
    *("/reset", "/hang-up"),
)

ROUTES: dict[str, Handler] = {
    **{path: server.ROUTES[path] for path in _SHARED},
    "/chunked": _chunked,  # several DATA frames
    "/stream": _paced,  # /<subtype of text>: a DATA frame for each Server.release
    "/endless": _endless,  # the same, for ever
    "/trailers": _trailers,
    "/cut": _cut,  # RST_STREAM in the middle of a body
}
