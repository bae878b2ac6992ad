"""What every server of the command line is made of: it listens, has a thread for each connection, and closes them all.

It must not know HTTP.
"""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
from collections.abc import Iterator
from typing import TypeVar

S = TypeVar("S", bound=socketserver.BaseServer)

LOOPBACK = "127.0.0.1"

#: What ``socketserver`` calls a request: a connection (of UDP, a datagram with its socket).
Connection = socket.socket | tuple[bytes, socket.socket]


class Listening(socketserver.ThreadingTCPServer):
    """A server whose connections end with it: ``server_close`` hangs up, and waits for the threads."""

    allow_reuse_address = True
    daemon_threads = False  # so that closing waits for them
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], handler: type[socketserver.BaseRequestHandler]) -> None:
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._is_closing = False
        super().__init__(address, handler)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])

    def process_request(self, request: Connection, client_address: object) -> None:
        """Remember each connection, for the end."""
        if isinstance(request, socket.socket):
            self.remember(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Connection) -> None:
        """Forget a connection that ends by itself."""
        if isinstance(request, socket.socket):
            self.forget(request)
        super().shutdown_request(request)

    def remember(self, connection: socket.socket) -> None:
        """Hang up on ``connection``, too, when the server closes."""
        with self._lock:
            self._open.add(connection)
            if self._is_closing:
                hang_up(connection)

    def forget(self, connection: socket.socket) -> None:
        """This connection ends by itself."""
        with self._lock:
            self._open.discard(connection)

    def server_close(self) -> None:
        """Close the connections, too: a thread would go on to answer one that a client keeps alive."""
        with self._lock:
            self._is_closing = True
            for connection in self._open:
                hang_up(connection)
        super().server_close()


def hang_up(connection: socket.socket) -> None:
    """End both directions of a connection, so that the thread that reads from it wakes."""
    with contextlib.suppress(OSError):  # The peer was faster.
        # Not the method of an SSLSocket, which takes the TLS from under a thread that reads.
        socket.socket.shutdown(connection, socket.SHUT_RDWR)


@contextlib.contextmanager
def serving(server: S, *, looks_every: float = 0.01) -> Iterator[S]:
    """``server`` at work in a thread; afterwards it, its port and its connections are closed. ``looks_every``: so many
    seconds the thread looks whether it is to end."""
    with server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": looks_every})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
