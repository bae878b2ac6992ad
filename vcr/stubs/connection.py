"""``StubConnection``, over any ``http.client.HTTPConnection``, and the ``CassetteSocket`` that it speaks to.

It turns what the client writes into a Request, takes a turn with the current cassette, and lets the client's own code
read the answer, recorded or live. It must not know an option, a file or another interaction. The exchange happens at
the end of the request (``send``), so that what can go wrong with it is raised where the client expects it.
"""

from __future__ import annotations

import functools
import http.client
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import urlsplit

from .._engine.cassette import Cassette, Turn
from .._http import uri as uris
from .._http.failure import CANCELLED, CLOSED, CONNECT, RESPONSE, SEND, TLS, Failure
from .._http.wire import CONTINUE, RequestReader, render
from ..errors import UnsupportedProtocolError
from ..request import header_name
from ..response import Response
from .answer import Idle, Pieces, Tee, Whole
from .exchange import cassette_for, wait_for_cancellation

if TYPE_CHECKING:
    _Connection = http.client.HTTPConnection
else:
    _Connection = object

_STUB = "_vcr_stub"
_GIVEN = "_vcr_given"


def stub_class(cls: type) -> type:
    """The stub of a connection class: a subclass of it with StubConnection in front.

    It is kept on the class that it stubs: a global table would keep the classes of its users alive.
    """
    stub: type | None = vars(cls).get(_STUB)
    if stub is None:
        names = {"__module__": cls.__module__, "__qualname__": cls.__qualname__, "__doc__": cls.__doc__}
        stub = type(cls)(cls.__name__, (StubConnection, cls), names)
        setattr(cls, _STUB, stub)
    return stub


def adopt(connection: http.client.HTTPConnection) -> None:
    """Turn a connection into a stub of its own class, whatever it is doing."""
    if not isinstance(connection, StubConnection):
        connection.__class__ = stub_class(type(connection))


def adopt_in_putrequest(  # noqa: PLR0917  (putrequest's own signature)
    connection: http.client.HTTPConnection,
    original: Callable[..., None],
    method: str,
    url: str,
    skip_host: bool = False,
    skip_accept_encoding: bool = False,
) -> None:
    """``putrequest`` of a connection that is no stub yet: what StubConnection.putrequest does, from the inside."""
    cassette = current_for(connection, url)
    original(method, url, skip_host, skip_accept_encoding)
    if cassette is not None:
        adopt(connection)
        StubConnection._vcr_check_in(connection, cassette, skip_host, skip_accept_encoding)  # type: ignore[arg-type]


def current_for(connection: Any, url: str = "") -> Cassette | None:
    """The cassette that a request on this connection belongs to; None when there is none, or it lets it pass by."""
    # A proxy is asked with the absolute URI.
    host = urlsplit(url).hostname if "://" in url else None
    return cassette_for(host or getattr(connection, "_tunnel_host", None) or connection.host, type(connection))


@contextmanager
def given_to_request(connection: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Iterator[None]:
    """Note the names of the header fields that a connection's ``request(method, url, body, headers)`` is given, while
    that runs. ``args``, ``kwargs``: its arguments from ``body`` on.

    What the connection adds by itself, as ``Content-Length``, is not among them. Where such calls stand one inside the
    other, the outermost is the client's.
    """
    if _GIVEN in vars(connection):
        yield
        return
    headers = args[1] if len(args) > 1 else kwargs.get("headers")
    setattr(connection, _GIVEN, frozenset(header_name(name) for name in headers or ()))
    try:
        yield
    finally:
        delattr(connection, _GIVEN)


def _restore(connection: http.client.HTTPConnection) -> None:
    """Back to its own class (a stub class that a user wrote is its own)."""
    own = type(connection).__mro__[2]
    if vars(own).get(_STUB) is type(connection):
        connection.__class__ = own


class StubConnection(_Connection):
    """Mixed in front of a connection's own class: the request goes through the current cassette."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """A stub is no subclass that the client's own hook should hear of."""

    def connect(self) -> None:
        """Open nothing: a real connection is made when a request has to go live."""
        if current_for(self) is None:
            self._vcr_unplug()
            super().connect()
            _restore(self)
        else:
            self._vcr_plug()

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> None:
        """The client's own ``request``. Only the header fields that are handed to it are recorded."""
        with given_to_request(self, args, kwargs):
            super().request(method, url, *args, **kwargs)

    def putrequest(self, method: str, url: str, skip_host: bool = False, skip_accept_encoding: bool = False) -> None:
        """Check in: the request belongs to the cassette that is current where it starts."""
        cassette = current_for(self, url)
        if cassette is None:
            self._vcr_unplug()
            super().putrequest(method, url, skip_host, skip_accept_encoding)
            _restore(self)
        else:
            super().putrequest(method, url, skip_host, skip_accept_encoding)
            self._vcr_check_in(cassette, skip_host, skip_accept_encoding)

    def send(self, data: Any) -> None:
        """Send as the client does; the last byte of the request is its moment."""
        super().send(data)
        if isinstance(self.sock, CassetteSocket) and self.sock.request_is_complete:
            self._vcr_exchange(self.sock)

    def getresponse(self, *args: Any, **kwargs: Any) -> Any:
        """The client's own getresponse, which reads from the CassetteSocket."""
        # urllib3 1.26 calls this with an argument that may be refused, then again without: the turn is taken once.
        plugged = self.sock
        if isinstance(plugged, CassetteSocket) and plugged.request_is_waiting:
            self._vcr_exchange(plugged)
        response: Any = super().getresponse(*args, **kwargs)
        if isinstance(plugged, CassetteSocket):
            response._vcr_answers = True  # isinstance(response, vcr.stubs.VCRHTTPResponse) looks for it
            if plugged.replays_without_reason:
                response.reason = None  # what VCR.py shows when the cassette has none
        return response

    @property
    def is_verified(self) -> Any:
        """Whether urllib3 (also vendored) need not warn of a certificate that nobody checks.

        It asks before it sends. Inside a cassette it need not, as in VCR.py: the request may never reach a server.
        """
        own = vars(self).get("is_verified")
        if own is None:
            own = super().is_verified  # type: ignore[misc]
        return isinstance(self.sock, CassetteSocket) or own

    @is_verified.setter
    def is_verified(self, value: Any) -> None:
        vars(self)["is_verified"] = value

    def _vcr_plug(self) -> None:
        self.sock = CassetteSocket(None)

    def _vcr_check_in(self, cassette: Cassette, skip_host: bool, skip_accept_encoding: bool) -> None:
        if self.sock is None and self.auto_open:
            self._vcr_plug()
        elif self.sock is not None and not isinstance(self.sock, CassetteSocket):
            self.sock = CassetteSocket(self.sock)
        if not isinstance(self.sock, CassetteSocket):
            return  # http.client will say NotConnected.
        # What putrequest writes by itself, before the client's own headers.
        automatic = (not skip_host) + (not skip_accept_encoding) if self._http_vsn == 11 else 0  # type: ignore[attr-defined]
        # Now: urllib3's close() forgets the tunnel.
        self.sock.start(cassette, _origin(self), automatic, vars(self).get(_GIVEN))

    def _vcr_exchange(self, plugged: CassetteSocket) -> None:
        try:
            recorded = plugged.take_turn()
        except BaseException:
            # Nothing was sent: the connection is ready for the next request.
            self.close()
            raise
        if recorded is None:
            if plugged.real is None:
                self._vcr_connect(plugged)
            plugged.forward()
            return
        failure = recorded.failure
        if failure is not None and failure.phase != RESPONSE:
            self._vcr_fail(failure)

    def _vcr_connect(self, plugged: CassetteSocket) -> None:
        self.sock = None
        try:
            super().connect()
        except Exception as error:
            plugged.failed(error, CONNECT)
            raise
        plugged.plug_real(self.sock)
        self.sock = plugged

    def _vcr_fail(self, failure: Failure) -> None:
        """Raise what the client makes of this failure."""
        self.close()
        if failure.kind == CANCELLED:
            wait_for_cancellation(f"a request to {_origin(self)}")
        if failure.phase == CONNECT and failure.kind != TLS:
            with no_address(failure.error()):
                super().connect()
            self.close()  # It knew the address without asking.
        raise failure.error()

    def _vcr_unplug(self) -> None:
        """Hand the real socket back, if there is one."""
        if isinstance(self.sock, CassetteSocket):
            self.sock = self.sock.real


def _origin(connection: Any) -> str:
    """Scheme and authority of the server that the connection, or the tunnel through it, leads to."""
    # urllib3's and boto's HTTPS classes are not http.client's; the default port is what all of them share.
    scheme = "https" if connection.default_port == http.client.HTTPS_PORT else "http"
    tunnel = getattr(connection, "_tunnel_host", None)
    host = tunnel or connection.host
    return uris.origin(scheme, host, (connection._tunnel_port if tunnel else connection.port) or None)


_no_address: ContextVar[OSError | None] = ContextVar("vcr_no_address", default=None)


@contextmanager
def no_address(error: OSError) -> Iterator[None]:
    """Whoever looks an address up in here gets ``error``: a recorded failure to connect, for a client's own code."""
    token = _no_address.set(error)
    try:
        yield
    finally:
        _no_address.reset(token)


def address_door(original: Callable[..., Any]) -> Callable[..., Any]:
    """What takes the place of ``socket.getaddrinfo``, which every client's ``connect`` begins with."""

    @functools.wraps(original)
    def getaddrinfo(*args: Any, **kwargs: Any) -> Any:
        error = _no_address.get()
        if error is not None:
            raise error
        return original(*args, **kwargs)

    return getaddrinfo


def _recorded(response: Response, method: str, what: str) -> Any:
    """A recorded answer as a file. ``what``: the request's method and URI, for an error."""
    failure = response.failure
    if failure is None:
        pieces = render(response, method, as_http_client=True)
        return Whole(pieces[0]) if len(pieces) == 1 else Pieces(pieces)
    partial = render(response, method, as_http_client=True) if response.incomplete else []
    return Pieces(partial, None if failure.kind == CLOSED else functools.partial(_end_in, failure, what))


def _end_in(failure: Failure, what: str) -> NoReturn:
    """Raise what a recorded answer ends in."""
    if failure.kind == CANCELLED:
        wait_for_cancellation(what)
    raise failure.error()


class CassetteSocket:
    """What a stub has for a socket: the request's bytes go in, the answer's come out of ``makefile``.

    ``real``: the socket to the server, once a request has gone live; it stays open for the next one.
    """

    def __init__(self, real: Any) -> None:
        self.real = real
        self._cassette: Cassette | None = None
        self._origin = ""
        self._automatic = 0
        self._given: frozenset[str] | None = None
        self._reader = RequestReader()
        self._turn: Turn | None = None
        self._tee: Tee | None = None  # the live answer, until the client asks for it
        self._timeout: tuple[float | None] | None = None  # set since there has been no real socket
        self._idle: Idle | None = None

    # -- the request ------------------------------------------------------------------------------------------------

    def start(self, cassette: Cassette, origin: str, automatic: int, given: frozenset[str] | None = None) -> None:
        """A request begins. ``automatic``: how many leading headers the client library writes by itself. ``given``: the
        names of those that the client has set, if they are known."""
        self._cassette, self._origin, self._automatic, self._given = cassette, origin, automatic, given
        self._reader = RequestReader()
        self._turn = None

    def sendall(self, data: Any) -> None:
        """Take a part of the request; what comes after a live request's end goes on to the server. Raises TypeError for
        text, as a socket does."""
        if isinstance(data, str):
            raise TypeError("a bytes-like object is required, not 'str'")
        if self._turn is None:
            self._reader.feed(data)
        elif self.real is not None and self._turn.response is None:
            self.real.sendall(data)

    @property
    def request_is_waiting(self) -> bool:
        """Whether a request has been written whose turn has not come."""
        return self._turn is None and self._reader.has_head

    @property
    def request_is_complete(self) -> bool:
        """Whether it has been written to its end."""
        return self._turn is None and self._reader.complete

    def take_turn(self) -> Response | None:
        """Hand the request to its cassette; the response to replay, or None: go live."""
        if self._cassette is None:
            raise UnsupportedProtocolError("bytes were sent on a connection of a cassette without putrequest()")
        if self._reader.leaves_http1:
            raise UnsupportedProtocolError(
                f"the connection to {self._origin} is to leave HTTP/1.1 (HTTP/2, or an Upgrade), which cannot be "
                "recorded on this kind of connection; make the request outside the cassette, or turn the upgrade off"
            )
        self._turn = self._cassette.begin(self._reader.request(self._origin, self._automatic, self._given))
        return self._turn.response

    @property
    def replays_without_reason(self) -> bool:
        """Whether a recorded response is replayed whose reason phrase is not known."""
        recorded = self._turn.response if self._turn is not None else None
        return recorded is not None and recorded.reason is None

    def failed(self, error: Exception, phase: str) -> None:
        """The live exchange has: the cassette hears of it."""
        if self._turn is not None and self._turn.records:
            self._turn.fail(Failure.of(error, phase))

    def plug_real(self, real: Any) -> None:
        """The client has connected."""
        self.real = real
        if self._timeout is not None:
            real.settimeout(self._timeout[0])

    def forward(self) -> None:
        """Send the request to the server, exactly as the client wrote it."""
        try:
            self.real.sendall(self._reader.sent)
        except Exception as error:
            self.failed(error, SEND)
            raise
        if self._turn is not None and self._turn.records:
            # From here on the answer may come, and the cassette close.
            self._tee = Tee(self.real, self._turn, self._reader.method)

    # -- the answer -------------------------------------------------------------------------------------------------

    def makefile(self, mode: str = "rb", buffering: int | None = None, **_: Any) -> Any:
        """The answer as a file: the recorded bytes, or the server's as they arrive."""
        if self._turn is None:
            # botocore looks for the answer to its Expect header, and holds the body back until it has one.
            raw: Any = Whole(CONTINUE if self._reader.awaits_continue else b"")
        elif self._turn.response is not None:
            raw = _recorded(self._turn.response, self._reader.method, f"{self._reader.method} {self._origin}")
        elif self._tee is not None:
            raw, self._tee = self._tee, None
        else:
            return self.real.makefile(mode, buffering)
        if buffering == 0 or isinstance(raw, Whole):
            return raw
        return io.BufferedReader(raw, buffering if buffering and buffering > 1 else io.DEFAULT_BUFFER_SIZE)

    # -- what clients ask of a socket -------------------------------------------------------------------------------

    def fileno(self) -> int:
        """For polling: the real socket's, else of one that is silent, or readable while a client waits for 100."""
        awaited = self._turn is None and self._reader.awaits_continue
        if self.real is not None and not awaited:
            return int(self.real.fileno())
        if self._idle is None or self._idle.readable != awaited:
            self._idle = Idle.shared(readable=awaited)
        return self._idle.fileno()

    def settimeout(self, timeout: float | None) -> None:
        """Seconds; kept for the real socket when there is none yet."""
        if self.real is not None:
            self.real.settimeout(timeout)
        else:
            self._timeout = (timeout,)

    def gettimeout(self) -> float | None:
        """Seconds, or None."""
        if self.real is not None:
            timeout: float | None = self.real.gettimeout()
            return timeout
        return self._timeout[0] if self._timeout is not None else None

    def setsockopt(self, *args: Any) -> None:
        """Options are for the real socket."""
        if self.real is not None:
            self.real.setsockopt(*args)

    def shutdown(self, how: int) -> None:
        """Shut the real socket down."""
        if self.real is not None:
            self.real.shutdown(how)

    def close(self) -> None:
        """Close the real socket; an answer still being read keeps it open until it is closed (as sockets do)."""
        self._idle = None
        if self._tee is not None:
            self._tee.close()
        if self.real is not None:
            self.real.close()

    def __getattr__(self, name: str) -> Any:
        real = self.__dict__.get("real")
        if real is None:
            raise AttributeError(f"{name!r}: no real socket is open, the cassette answers this connection")
        return getattr(real, name)
