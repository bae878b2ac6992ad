"""``CassetteSocket``, which a connection built on ``http.client`` has instead of a socket inside a cassette.

The connection writes a request to it, takes the turn, and reads the response from the file that ``makefile`` returns.
This file must not know an option, a cassette's file or another interaction.
"""

from __future__ import annotations

import functools
import io
import socket
from typing import TYPE_CHECKING, Any, NoReturn

from .. import _active
from .._engine.cassette import Cassette, Turn
from .._http.failure import CANCELLED, CLOSED, MALFORMED, SEND, Failure
from .._http.fields import Dialect, field_bytes
from .._http.render import render
from .._http.wire import CONTINUE, RequestReader
from ..errors import UnsupportedProtocolError
from ..request import Request
from ..response import Response
from .cancellation import wait_for_cancellation
from .exchange import Exchange
from .response_files import Idle, NoSocket, Pieces, Tee, Whole
from .upgrade import let_upgrade

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class CassetteSocket:
    """Takes the place of a socket: the bytes of the request are sent to it, those of the response come from
    ``makefile``.

    ``real``: the socket to the server, once a request has gone live; it stays open for the next request. ``peer``: the
    host and the port to which the connection leads.
    """

    def __init__(self, real: socket.socket | None, peer: tuple[str, int] = ("", 0)) -> None:
        self.real = real
        #: The error to raise when the client asks for the response.
        self.error: Exception | None = None
        self._no_socket = NoSocket(peer, readable=False)
        self._cassette: Cassette | None = None
        self._origin = ""
        self._automatic = 0
        self._given: frozenset[str] | None = None
        self._reader = RequestReader()
        self._turn: Turn | None = None
        self._exchange: Exchange | None = None  # of a request that goes live and is recorded
        self._tee: Tee | None = None  # the live response, until makefile has returned it
        self._send_error: ConnectionError | None = None  # the server did not read the request to its end
        self._has_timeout = False  # whether the client has set a timeout while there was no real socket

    # -- the request ------------------------------------------------------------------------------------------------

    def start(self, cassette: Cassette, origin: str, automatic: int, given: frozenset[str] | None = None) -> None:
        """Begin a request to ``origin``. ``automatic``: how many header fields, the first ones, http.client writes by
        itself. ``given``: the names of the fields that the program and its client have given; None if not known."""
        self._cassette, self._origin, self._automatic, self._given = cassette, origin, automatic, given
        self._reader = RequestReader()
        self._turn = self._exchange = self.error = self._send_error = None

    def sendall(self, data: ReadableBuffer) -> None:
        """Take a part of the request. What a client sends after the end of a live request goes to the server. Raises
        TypeError for text, as a socket does."""
        if isinstance(data, str):
            raise TypeError("a bytes-like object is required, not 'str'")
        if self._turn is None:
            self._reader.feed(data)
        elif self.real is not None and self._turn.response is None:
            self.real.sendall(data)

    @property
    def has_begun(self) -> bool:
        """Whether a request has begun whose turn has not been taken."""
        return self._cassette is not None

    @property
    def request_is_waiting(self) -> bool:
        """Whether the head of a request has been written whose turn has not been taken."""
        return self._turn is None and self._reader.has_head

    @property
    def request_is_complete(self) -> bool:
        """Whether a request has been written to its end, and its turn has not been taken."""
        return self._turn is None and self._reader.complete

    @property
    def request(self) -> Request:
        """The request as far as it has been written."""
        return self._reader.request(self._origin, self._automatic, self._given)

    def take_turn(self) -> Response | None:
        """Take the turn of the request. Returns the response to replay; None: the request goes live. Raises a
        refusal."""
        if self._cassette is None:
            raise UnsupportedProtocolError("bytes were sent on a connection of a cassette without putrequest()")
        if self._reader.speaks_http2:
            raise UnsupportedProtocolError(
                f"the connection to {self._origin} is to speak HTTP/2, which cannot be recorded on this kind of "
                "connection; make the request outside the cassette, or turn HTTP/2 off"
            )
        # The connection may outlive the cassette, so it must not hold the cassette.
        cassette, self._cassette = self._cassette, None
        if self._reader.upgrades:
            let_upgrade(cassette, self.request.uri, self.request.headers.get("Upgrade"))
            self._turn = Turn(None, None)
            return None
        self._turn = cassette.begin(self.request)
        if self._turn.records:
            self._exchange = Exchange(self._turn, self._reader.method, dialect=Dialect.HTTP_CLIENT)
        return self._turn.response

    def release(self) -> None:
        """Note that the client has read the head of the response: a replay counts as played from here on."""
        if self._turn is not None and self._turn.response is not None:
            self._turn.release()

    def give_back(self) -> None:
        """Give the turn back: the client cannot get the response, because it has not read the one before."""
        if self._exchange is not None:
            self._exchange.error(None)
        if self._turn is not None:
            self._turn.give_back()

    @property
    def replays_without_reason(self) -> bool:
        """Whether the response is replayed, and was recorded without a reason phrase."""
        recorded = self._turn.response if self._turn is not None else None
        return recorded is not None and recorded.reason is None

    def fail(self, error: BaseException, phase: str) -> None:
        """Tell the exchange that the request could not be sent. ``phase``: see ``Failure``."""
        if self._exchange is None:
            return
        if isinstance(error, Exception):
            self._exchange.error(Failure.of(error, phase))
        else:
            self._exchange.cancelled(error)

    def plug_real(self, real: socket.socket) -> None:
        """Take the socket to the server, once the client has connected."""
        self.real = real
        if self._has_timeout:
            real.settimeout(self._no_socket.gettimeout())

    def forward(self) -> None:
        """Send the request to the server, exactly as the client wrote it."""
        assert self.real is not None  # plug_real has been called
        try:
            with _active.passing():  # the program may have made this socket itself
                self.real.sendall(self._reader.sent)
        except ConnectionError as error:
            # The server has closed its side, perhaps after a response: the client may go on and read it.
            self._send_error = error
            raise
        except BaseException as error:
            self.fail(error, SEND)
            raise
        else:
            if self._exchange is not None:
                self._exchange.sent()
        finally:
            if self._exchange is not None and not self._exchange.over:
                self._tee = Tee(self.real, self._exchange)

    # -- the response -----------------------------------------------------------------------------------------------

    def makefile(self, mode: str = "rb", buffering: int | None = None, **_: object) -> io.IOBase:
        """The response as a file: the recorded bytes, or those of the server as they arrive."""
        if self._turn is None:
            # botocore sends "Expect: 100-continue", and holds the body back until it has read a response to that.
            raw: Whole | Pieces | Tee
            raw = Whole(CONTINUE if self._reader.awaits_continue else b"", self._no_socket.getpeername())
        elif self._turn.response is not None:
            raw = self._recorded(self._turn.response)
        elif self._tee is not None:
            raw, self._tee = self._tee, None
        else:
            real: Any = self.real  # (typeshed has no ``makefile`` for a mode in a variable)
            live: io.IOBase = real.makefile(mode, buffering)
            return live
        if buffering == 0 or isinstance(raw, Whole):
            return raw
        return io.BufferedReader(raw, buffering if buffering and buffering > 1 else io.DEFAULT_BUFFER_SIZE)

    def _recorded(self, response: Response) -> Whole | Pieces:
        """A recorded response, or the failure in its place, as a file."""
        failure, peer = response.failure, self._no_socket.getpeername()
        if failure is None:
            pieces = render(response, self._reader.method, Dialect.HTTP_CLIENT)
            return Whole(pieces[0], peer) if len(pieces) == 1 else Pieces(pieces, peer)
        if failure.kind == MALFORMED:
            line = failure.message if failure.message.endswith("\n") else failure.message + "\r\n"
            return Whole(field_bytes(line), peer)
        partial = render(response, self._reader.method, Dialect.HTTP_CLIENT) if response.incomplete else []
        end = None if failure.kind == CLOSED else functools.partial(_end_in, failure, self.request)
        return Pieces(partial, peer, end)

    # -- what clients ask of a socket -------------------------------------------------------------------------------

    def fileno(self) -> int:
        """A descriptor to poll: that of the real socket; without one, a descriptor that is readable only while the
        client waits for "100 Continue"."""
        if self._turn is None and self._reader.awaits_continue:
            self._awaited = Idle.shared(readable=True)
            return self._awaited.fileno()
        return int((self.real or self._no_socket).fileno())

    def settimeout(self, timeout: float | None) -> None:
        """Set the timeout, in seconds, of the real socket, or of the socket that will be opened."""
        if self.real is not None:
            self.real.settimeout(timeout)
        else:
            self._no_socket.settimeout(timeout)
            self._has_timeout = True

    def close(self) -> None:
        """Close the real socket. As with any socket, a file that is still being read keeps the connection open."""
        self._no_socket.close()
        if self._tee is not None:
            if self._send_error is not None:
                self.fail(self._send_error, SEND)
            self._tee.close()
        if self.real is not None:
            self.real.close()

    def __getattr__(self, name: str) -> object:
        """Any other attribute of a socket: of the real one, if there is one."""
        real = self.__dict__.get("real")
        return getattr(self.__dict__["_no_socket"] if real is None else real, name)


def _end_in(failure: Failure, request: Request) -> NoReturn:
    """Raise the error in which the recorded response to ``request`` ends."""
    if failure.kind == CANCELLED:
        wait_for_cancellation(request)
    raise failure.error()
