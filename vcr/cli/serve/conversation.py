"""One connection of a client, from its first request to its last. It must not know options or files.

Each request passes through the cassette as one of a program does: ``Cassette.begin`` decides, once.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import sys
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..._engine.turn import Turn
from ..._http import uri as uris
from ...errors import CannotOverwriteExistingCassetteException
from ...request import Request
from ...stubs.cancellation import CANCEL_LIMIT
from . import answers
from .answers import Answer
from .incoming import Incoming, MalformedError, Reader
from .live import FailedError, Relay
from .origins import UnclearError, authority_of

if TYPE_CHECKING:
    from .server import Server

_ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"
#: The first byte of a TLS handshake.
_HANDSHAKE = b"\x16"
#: Seconds that a client has for its TLS handshake, and for reading a message behind which the connection is closed.
_HANDSHAKE_TIMEOUT = 30.0
_LINGER = 2.0
#: Linger for no time: closing resets the connection.
_RESETS = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)


class Conversation:
    """The requests of one connection. ``server``: holds the cassette, and notes what is done."""

    def __init__(self, server: Server, sock: socket.socket) -> None:
        self._server = server
        self._reader = Reader(sock)
        self._tunnel: str | None = None  # the origin that a CONNECT has named

    def talk(self) -> None:
        """Answer one request after the other, until the client or an answer ends the connection."""
        while self._next():
            pass
        self._linger()

    def _next(self) -> bool:
        """Answer a request; whether the connection goes on."""
        try:
            incoming = self._reader.read()
        except MalformedError as error:
            return self._say(error.status, "malformed", str(error), None)
        if incoming is None:
            return False
        return self._open_tunnel(incoming) if incoming.method == "CONNECT" else self._answer(incoming)

    def close(self) -> None:
        """Let the connection go. (With TLS on top it is another one than the server knows from the start.)"""
        self._server.forget(self._reader.sock)
        self._reader.sock.close()

    # -- one request ---------------------------------------------------------------------------------------------------

    def _answer(self, incoming: Incoming) -> bool:
        """Whether the connection goes on."""
        server = self._server
        if "websocket" in incoming.upgrades:
            return self._say(501, "websocket", "WebSockets are neither recorded nor replayed", incoming)
        try:
            uri = server.origins.uri(incoming.target, incoming.headers.get("Host", ""), self._tunnel, server.own)
        except UnclearError as error:
            return self._say(400, "unclear", str(error), incoming)
        kept = [field for field in incoming.end_to_end() if field[0].lower() != "host"]
        request = Request(incoming.method, uri, incoming.body or None, kept)
        try:
            passes_by = server.cassette.passes_by(request.host or "", ())
            turn = Turn(None, None) if passes_by else server.cassette.begin(request)
        except CannotOverwriteExistingCassetteException as refusal:
            return self._tell(request, answers.refused(refusal, incoming), "refused")
        except Exception as error:  # noqa: BLE001  (of a broken recording, or a hook: the others are served)
            text = f"{type(error).__name__}: {error}"
            return self._tell(request, answers.said(500, "error", text, incoming), "error")
        if turn.response is None:
            return self._go_live(incoming, request, turn)
        return self._tell(request, answers.recorded(turn.response, incoming), "played", turn)

    def _go_live(self, incoming: Incoming, request: Request, turn: Turn) -> bool:
        records = turn.records
        relay = Relay(self._reader, turn, incoming)
        try:
            relay.run(self._server.origins.upstream_of(request.uri))
        except UnclearError as error:
            turn.drop()
            return self._tell(request, answers.said(400, "unclear", str(error), incoming), "unclear")
        except FailedError as error:
            return self._tell(request, answers.failed(error.failure, incoming), "failed")
        head = relay.head
        word = "recorded" if records else "passed by"
        ending = ", client left" if relay.client_left else ", broke off" if records and not relay.is_whole else ""
        self._server.note(request, head.status if head is not None else 0, word + ending)
        return relay.is_whole and head is not None and incoming.stays and answers.leaves_open(head, incoming.method)

    def _tell(self, request: Request, answer: Answer, word: str, turn: Turn | None = None) -> bool:
        """Send what answers a request; whether the connection goes on. ``turn``: of what is replayed."""
        if not self._send(answer.pieces):
            if turn is not None:
                turn.give_back()
            self._server.note(request, answer.status, f"{word}, client left")
            return False
        if turn is not None:
            turn.release()
        self._server.note(request, answer.status, word)
        return self._ended(answer)

    def _say(self, status: int, reason: str, text: str, incoming: Incoming | None) -> bool:
        """Say what is wrong with a request that never came to the cassette; whether the connection goes on."""
        answer = answers.said(status, reason, text, incoming)
        what = "-" if incoming is None else f"{incoming.method} {incoming.target}"
        self._server.note_line(f"{what} {status} {reason}: {text}")
        return self._send(answer.pieces) and answer.stays

    def _send(self, pieces: Iterable[bytes]) -> bool:
        """Whether the client took all of them."""
        try:
            for piece in pieces:
                self._reader.sock.sendall(piece)
        except OSError:
            return False
        return True

    def _ended(self, answer: Answer) -> bool:
        """End the connection as the answer does, or say that it goes on."""
        sock = self._reader.sock
        if answer.waits:
            self._drain(CANCEL_LIMIT)
        if answer.resets:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESETS)
            sock.close()
        return answer.stays

    def _linger(self) -> None:
        """Let the client read what it was sent, though it still sends: closing at once would take that away. Over TLS,
        tell the client that this is the end."""
        sock = self._reader.sock
        with contextlib.suppress(OSError, ValueError):
            if isinstance(sock, ssl.SSLSocket):
                sock.settimeout(_LINGER)
                sock.unwrap()
            else:
                sock.shutdown(socket.SHUT_WR)
                self._drain(_LINGER)

    def _drain(self, seconds: float) -> None:
        """Wait until the client leaves, for so long at the most."""
        sock, until = self._reader.sock, time.monotonic() + seconds
        with contextlib.suppress(OSError):
            while (left := until - time.monotonic()) > 0:
                sock.settimeout(left)
                if not sock.recv(65536):
                    return

    # -- a tunnel ------------------------------------------------------------------------------------------------------

    def _open_tunnel(self, incoming: Incoming) -> bool:
        """Stand in for the server that a CONNECT names; whether the connection goes on."""
        authority = self._server.authority
        if authority is None:
            return self._say(501, "no_proxy", "this server is no proxy: start it with `vcr serve --proxy`", incoming)
        try:
            if self._tunnel is not None:
                raise UnclearError("a tunnel inside a tunnel is not opened")
            host, port = authority_of(incoming.target)
            context = authority.context_for(host)
        except ValueError as error:
            return self._say(400, "unclear", str(error), incoming)
        sock = self._reader.sock
        sock.sendall(_ESTABLISHED)
        first = self._reader.ahead[:1] or sock.recv(1, socket.MSG_PEEK)
        if first == _HANDSHAKE and not self._shake_hands(context, incoming.target):
            return False
        self._tunnel = uris.origin("https" if first == _HANDSHAKE else "http", host, port)
        return bool(first)

    def _shake_hands(self, context: ssl.SSLContext, target: str) -> bool:
        """Put TLS on top of the connection; whether the client takes the certificate."""
        # (What a client sends before it is told that the tunnel is open cannot be given to TLS any more.)
        plain = self._reader.sock
        plain.settimeout(_HANDSHAKE_TIMEOUT)
        sock = context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
        self._reader.sock = sock
        self._server.remember(sock)
        try:
            sock.do_handshake()
        except OSError as error:
            self._server.note_line(f"CONNECT {target}: no TLS ({error}): does the client trust the CA of this proxy?")
            return False
        sock.settimeout(None)
        return True
