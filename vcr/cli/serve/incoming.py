"""Reads the requests of one connection, with h11. It must not know a cassette, or what a request is answered with.

Rules:
- A request of which two readers could make two things is refused (RFC 9112 §6.3): with both ``Content-Length`` and
  ``Transfer-Encoding``, or with a ``Transfer-Encoding`` in HTTP/1.0.
- A head has a limit, and so has a body.
- What a client has sent behind a request is kept for the next one.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from socket import socket

import h11

from ...request import Headers

#: Bytes. Browsers and servers allow less.
MAX_HEAD = 64 * 1024
MAX_BODY = 256 * 1024 * 1024
#: Bytes that a client may send ahead while its last request is answered.
MAX_AHEAD = 256 * 1024

_PIECE = 64 * 1024

#: Fields that are between a client and its next station alone (RFC 9110 §7.6.1), and what is answered here.
_HOP_BY_HOP = frozenset(
    {
        "connection",
        "expect",
        "http2-settings",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "upgrade",
    }
)


class MalformedError(ValueError):
    """What a client has sent is no request that can be answered. ``status``: what it is told."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Incoming:
    """A request as it came. ``headers``: all of them, names as they were written. ``body``: without chunks."""

    method: str
    target: str
    version: str
    headers: Headers
    body: bytes

    @property
    def stays(self) -> bool:
        """Whether the client would go on with this connection."""
        return self.version == "1.1" and "close" not in self._named("Connection")

    @property
    def upgrades(self) -> frozenset[str]:
        """The protocols that the client would change to."""
        return self._named("Upgrade")

    @property
    def wants_json(self) -> bool:
        """Whether the client says that it reads JSON."""
        return any("json" in value.lower() for value in self.headers.get_all("Accept"))

    def end_to_end(self) -> list[tuple[str, str]]:
        """The fields that are meant for the server in the end, in order."""
        left_out = _HOP_BY_HOP | self._named("Connection")
        return [field for field in self.headers.pairs() if field[0].lower() not in left_out]

    def _named(self, name: str) -> frozenset[str]:
        values = ",".join(self.headers.get_all(name)).lower().split(",")
        return frozenset(value.strip() for value in values) - {""}


class Reader:
    """The requests that come over a connection, one after the other.

    ``sock`` may be replaced by the same connection with TLS on top when nothing is ``ahead``.
    """

    def __init__(self, sock: socket) -> None:
        self.sock = sock
        #: What has come and belongs to no request yet.
        self.ahead = b""

    def read(self) -> Incoming | None:
        """The next request; None when the client has gone. Raises MalformedError, and OSError."""
        connection = h11.Connection(h11.SERVER, max_incomplete_event_size=MAX_HEAD)
        if self.ahead:
            connection.receive_data(self.ahead)
            self.ahead = b""
        request: h11.Request | None = None
        body = bytearray()
        while True:
            event = self._event(connection)
            if event is None or isinstance(event, h11.ConnectionClosed):
                return None
            if isinstance(event, h11.Request):
                request = event
                _check_framing(request)
            elif isinstance(event, h11.Data):
                body += event.data
                if len(body) > MAX_BODY:
                    raise MalformedError(413, f"the body is longer than {MAX_BODY:,} bytes")
            elif isinstance(event, h11.EndOfMessage):
                assert request is not None
                self.ahead = connection.trailing_data[0]
                return _incoming(request, bytes(body))

    def _event(self, connection: h11.Connection) -> object:
        """The next event; None when the client has gone in the middle of a request."""
        while True:
            try:
                event = connection.next_event()
            except h11.RemoteProtocolError as error:
                raise MalformedError(error.error_status_hint, str(error)) from None
            if event is not h11.NEED_DATA:
                return event
            if connection.they_are_waiting_for_100_continue:
                go_on = connection.send(h11.InformationalResponse(status_code=100, headers=[], reason=b"Continue"))
                self.sock.sendall(go_on or b"")
            data = self.sock.recv(_PIECE)
            if not data and connection.their_state is not h11.IDLE:
                return None
            if not data and connection.trailing_data[0]:
                return None
            connection.receive_data(data)

    def read_ahead(self) -> bool:
        """Take what has come, without waiting; whether the client is still there. Raises OSError."""
        self.sock.settimeout(0)
        try:
            data = self.sock.recv(_PIECE)
        except (BlockingIOError, ssl.SSLWantReadError):
            return True
        finally:
            self.sock.settimeout(None)
        self.ahead += data
        return bool(data)

    @property
    def is_full(self) -> bool:
        """Whether the client has sent as much ahead as it may."""
        return len(self.ahead) >= MAX_AHEAD


def _check_framing(request: h11.Request) -> None:
    names = {name for name, _ in request.headers}
    if request.http_version not in (b"1.0", b"1.1"):
        raise MalformedError(505, f"HTTP/{request.http_version.decode('ascii')} is not spoken here")
    if b"transfer-encoding" in names and (b"content-length" in names or request.http_version == b"1.0"):
        raise MalformedError(400, "Transfer-Encoding with Content-Length, or in HTTP/1.0, leaves the length in doubt")


def _incoming(request: h11.Request, body: bytes) -> Incoming:
    pairs = [(name.decode("ascii"), value.decode("latin-1")) for name, value in request.headers.raw_items()]
    return Incoming(
        request.method.decode("ascii"),
        request.target.decode("ascii"),
        request.http_version.decode("ascii"),
        Headers.from_pairs(pairs),
        body,
    )
