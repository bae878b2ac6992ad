"""The server: it listens, and each connection is a ``Conversation`` in a thread. It must not know options."""

from __future__ import annotations

import socket
import sys
import threading
from collections import Counter
from collections.abc import Callable
from socketserver import BaseRequestHandler
from typing import TYPE_CHECKING

from ..._engine.cassette import Cassette
from ..._http import uri as uris
from ...request import Request
from ..listening import Listening
from .conversation import Conversation
from .origins import Origins

if TYPE_CHECKING:
    from .authority import Authority


class Server(Listening):
    """A cassette on a port.

    ``address``: host and port; port 0 is a free one. ``authority``: makes the server a proxy. ``say``: is given a line
    for each request, from any thread, one at a time. ``counts``: how many requests were played, recorded, refused.
    """

    def __init__(
        self,
        address: tuple[str, int],
        cassette: Cassette,
        origins: Origins,
        authority: Authority | None = None,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.cassette = cassette
        self.origins = origins
        self.authority = authority
        self.counts: Counter[str] = Counter()
        self._say = say
        self._saying = threading.Lock()
        super().__init__(address, _Handler)
        #: What a client may call this server.
        self.own = frozenset(uris.authority("http", host, self.port) for host in (address[0], "localhost", "127.0.0.1"))

    @property
    def url(self) -> str:
        """Where it answers."""
        return uris.origin("http", str(self.server_address[0]), self.port)

    def note(self, request: Request, status: int, what: str) -> None:
        """What has become of a request. ``status``: 0 where there is none."""
        self.note_line(f"{request.method} {request.uri} {status or '-'} {what}", what.partition(",")[0])

    def note_line(self, line: str, kind: str = "") -> None:
        """Something to tell the user, without secrets. ``kind``: what it counts as."""
        with self._saying:
            self.counts[kind] += 1
            self._say(self.cassette.mask(line))

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002  (socketserver's signature)
        """A fault of this program ends one connection, and is told."""
        error = sys.exc_info()[1]
        self.note_line(f"- an error ended a connection: {type(error).__name__}: {error}", "failed")


class _Handler(BaseRequestHandler):
    server: Server
    request: socket.socket

    def handle(self) -> None:
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        conversation = Conversation(self.server, self.request)
        try:
            conversation.talk()
        except ConnectionError:
            pass  # The client has gone.
        finally:
            conversation.close()
