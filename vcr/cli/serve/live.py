"""One live exchange: a request goes to its server, and the bytes of the response come back as they arrive.

It drives an ``Exchange``, which knows what is kept. It must not know a cassette or an option. Nothing is sent
twice, and each request has a connection of its own.
"""

from __future__ import annotations

import selectors
import socket
import ssl
from collections.abc import Iterator

from ..._engine.turn import Turn
from ..._http.failure import CLOSED, CONNECT, RESPONSE, SEND, SYSTEM, Failure
from ..._http.fields import field_bytes, is_chunked
from ...response import Response
from ...stubs.exchange import Exchange
from ...stubs.response_files import read_rest
from .incoming import Incoming, Reader
from .origins import Upstream

#: Seconds. Nothing else has a limit here: how long a response may take is the client's business.
CONNECT_TIMEOUT = 10.0
_PIECE = 64 * 1024


class FailedError(Exception):
    """The exchange failed before the client was given anything of a response."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class _ClientLeftError(Exception):
    """The client reads no more."""


class Relay:
    """What stands between the client and the server for one request.

    ``head``: the response as far as it had come with its head; None before, and where nothing is recorded.
    ``client_left``: whether the client went before the end.
    """

    def __init__(self, reader: Reader, turn: Turn, incoming: Incoming) -> None:
        self._reader = reader
        self._incoming = incoming
        self._records = turn.records
        self._exchange = Exchange(turn, incoming.method)
        self.head: Response | None = None
        self.client_left = False
        self._held = bytearray()  # what has come before the head was whole
        self._gave = False

    @property
    def is_whole(self) -> bool:
        """Whether the response has come to its end, as far as its head tells."""
        return self._exchange.complete

    def run(self, upstream: Upstream) -> None:
        """Send the request, and hand the response on. Raises FailedError as long as the client has got nothing."""
        try:
            server = _connected(upstream)
        except OSError as error:
            raise self._failed(error, CONNECT) from error
        with server:
            try:
                server.sendall(_request(self._incoming, upstream, closes=not self._records))
            except OSError as error:
                raise self._failed(error, SEND) from error
            self._exchange.sent()
            try:
                self._hand_on(server)
            except _ClientLeftError:
                self.client_left = True
                self._exchange.left()
                read_rest(server, self._exchange, self._exchange.received)
            except OSError as error:
                failed = self._failed(error, RESPONSE)
                if not self._gave:
                    raise failed from error

    def _failed(self, error: OSError, phase: str) -> FailedError:
        failure = Failure.of(error, phase) or Failure(phase, SYSTEM, "", str(error))
        self._exchange.error(failure)
        return FailedError(failure)

    def _hand_on(self, server: socket.socket) -> None:
        for data in self._arriving(server):
            self._exchange.received(data)  # (before the client is given the same)
            self._give(data)
        if not self._gave:
            raise FailedError(Failure(RESPONSE, CLOSED, "", "the server closed the connection without a response"))

    def _arriving(self, server: socket.socket) -> Iterator[bytes]:
        """What comes from the server, up to the end of the response. Raises OSError, and _ClientLeftError when the
        client hangs up meanwhile."""
        client = self._reader.sock
        with selectors.DefaultSelector() as selector:
            selector.register(server, selectors.EVENT_READ)
            selector.register(client, selectors.EVENT_READ)
            while not self._exchange.complete:
                if not (isinstance(server, ssl.SSLSocket) and server.pending()):
                    ready = [key.fileobj for key, _ in selector.select()]
                    if client in ready:
                        self._listen()
                        if self._reader.is_full:
                            selector.unregister(client)
                    if server not in ready:
                        continue
                data = server.recv(_PIECE)
                yield data
                if not data:
                    return

    def _listen(self) -> None:
        try:
            is_there = self._reader.read_ahead()
        except OSError:
            is_there = False
        if not is_there:
            raise _ClientLeftError

    def _give(self, data: bytes) -> None:
        """Hand on what has come: as it comes, but the head in one piece."""
        if self._records and self.head is None:
            self._held += data
            self.head = self._exchange.kept()
            if self.head is None and not self._exchange.broken:
                return
            data, self._held = bytes(self._held), bytearray()
        if data:
            self._gave = True
            try:
                self._reader.sock.sendall(data)
            except OSError:
                raise _ClientLeftError from None


def _connected(upstream: Upstream) -> socket.socket:
    """A connection to the server, with TLS where the URI says so. Raises OSError."""
    plain = socket.create_connection((upstream.host, upstream.port), CONNECT_TIMEOUT)
    try:
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = plain
        if upstream.scheme == "https":
            context = ssl.create_default_context()
            context.set_alpn_protocols(["http/1.1"])
            connection = context.wrap_socket(plain, server_hostname=upstream.host)
        connection.settimeout(None)
    except BaseException:
        plain.close()
        raise
    return connection


def _request(incoming: Incoming, upstream: Upstream, *, closes: bool) -> bytes:
    """The bytes of the request, as the client made it, but for what is between it and this server alone. ``closes``:
    ask the server to close the connection behind the response."""
    others = [(name, value) for name, value in incoming.end_to_end() if name.lower() != "host"]
    fields = [("Host", upstream.authority), *others, *([("Connection", "close")] if closes else [])]
    target = "*" if incoming.target == "*" else upstream.target
    lines = [f"{incoming.method} {target} HTTP/{incoming.version}", *(f"{a}: {b}" for a, b in fields), "", ""]
    body = incoming.body
    if is_chunked(incoming.headers):
        body = (b"%x\r\n%b\r\n" % (len(body), body) if body else b"") + b"0\r\n\r\n"
    return field_bytes("\r\n".join(lines)) + body
