"""Room: StubConnection, over any http.client.HTTPConnection, and the CassetteSocket that it speaks to.

It turns what the client writes into a Request, takes its turn with the current cassette, and lets the client's own
code read the answer, recorded or live. It knows no option, no file and no other interaction. The exchange happens at
the end of the request (``send``), so that what can go wrong with it is raised where the client expects it.
"""

from __future__ import annotations

import http.client
import io
import logging
import socket
import ssl
import threading
import time
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

from .. import active
from ..cassette import Cassette, Turn
from ..errors import UnsupportedProtocolError
from ..request import DEFAULT_PORTS
from ..wire import CONTINUE, RequestReader, ResponseReader, render

if TYPE_CHECKING:
    _Connection = http.client.HTTPConnection
else:
    _Connection = object

#: Closing a live response reads the rest of it, so that the cassette has the whole: for so many seconds, and bytes,
#: of a message whose end is announced, and of one that may never end.
FINITE_DRAIN = (10.0, 64 * 2**20)
OPEN_DRAIN = (1.0, 8 * 2**20)

_STUB = "_vcr_stub"

log = logging.getLogger(__name__)


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
    cassette = active.current()
    if cassette is None:
        return None
    # A proxy is asked with the absolute URI.
    host = urlsplit(url).hostname if "://" in url else None
    host = host or getattr(connection, "_tunnel_host", None) or connection.host
    return None if cassette.passes_by(host, type(connection).__mro__) else cassette


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
        if isinstance(self.sock, CassetteSocket) and self.sock.request_is_waiting:
            self._vcr_exchange(self.sock)
        return super().getresponse(*args, **kwargs)

    def _vcr_plug(self) -> None:
        self.sock = CassetteSocket(None)
        if hasattr(self, "is_verified"):
            # urllib3 (also vendored) asks before it sends, and warns; its connect would have answered.
            self.is_verified = _will_verify(self)

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
        self.sock.start(cassette, _origin(self), automatic)

    def _vcr_exchange(self, plugged: CassetteSocket) -> None:
        try:
            plugged.take_turn()
        except BaseException:
            # Nothing was sent: the connection is ready for the next request.
            self.close()
            raise
        if plugged.is_live:
            if plugged.real is None:
                self.sock = None
                super().connect()
                plugged.plug_real(self.sock)
                self.sock = plugged
            plugged.forward()

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
    port = (connection._tunnel_port if tunnel else connection.port) or DEFAULT_PORTS[scheme]
    authority = f"[{host}]" if ":" in host and not host.startswith("[") else host
    return f"{scheme}://{authority}" if port == DEFAULT_PORTS[scheme] else f"{scheme}://{authority}:{port}"


def _will_verify(connection: Any) -> bool:
    """What urllib3's connect will say of the certificate: whether its options ask to check it."""
    required = (ssl.CERT_REQUIRED, "CERT_REQUIRED", "REQUIRED", None)
    asked = getattr(connection, "cert_reqs", ssl.CERT_NONE) in required
    return asked or bool(getattr(connection, "assert_fingerprint", None))


class CassetteSocket:
    """What a stub has for a socket: the request's bytes go in, the answer's come out of ``makefile``.

    ``real``: the socket to the server, once a request has gone live; it stays open for the next one.
    """

    def __init__(self, real: Any) -> None:
        self.real = real
        self._cassette: Cassette | None = None
        self._origin = ""
        self._automatic = 0
        self._reader = RequestReader()
        self._turn: Turn | None = None
        self._tee: _Tee | None = None  # the live answer, until the client asks for it
        self._timeout: tuple[float | None] | None = None  # set since there has been no real socket
        self._idle: _IdleSocket | None = None

    # -- the request ------------------------------------------------------------------------------------------------

    def start(self, cassette: Cassette, origin: str, automatic: int) -> None:
        """A request begins. ``automatic``: how many leading headers the client library writes by itself."""
        self._cassette, self._origin, self._automatic = cassette, origin, automatic
        self._reader = RequestReader()
        self._turn = None

    def sendall(self, data: Any) -> None:
        """Take a part of the request; what comes after a live request's end goes on to the server."""
        if self._turn is None:
            self._reader.feed(data)
        elif self.real is not None and self.is_live:
            self.real.sendall(data)

    @property
    def request_is_waiting(self) -> bool:
        """Whether a request has been written whose turn has not come."""
        return self._turn is None and self._reader.has_head

    @property
    def request_is_complete(self) -> bool:
        """Whether it has been written to its end."""
        return self._turn is None and self._reader.complete

    def take_turn(self) -> None:
        """Hand the request to its cassette."""
        if self._cassette is None:
            raise UnsupportedProtocolError("bytes were sent on a connection of a cassette without putrequest()")
        if self._reader.leaves_http1:
            raise UnsupportedProtocolError(
                f"the connection to {self._origin} is to leave HTTP/1.1 (HTTP/2, or an Upgrade), which cannot be "
                "recorded on this kind of connection; make the request outside the cassette, or turn the upgrade off"
            )
        self._turn = self._cassette.begin(self._reader.request(self._origin, self._automatic))

    @property
    def is_live(self) -> bool:
        """Whether the present request goes to the server."""
        return self._turn is not None and self._turn.response is None

    def plug_real(self, real: Any) -> None:
        """The client has connected."""
        self.real = real
        if self._timeout is not None:
            real.settimeout(self._timeout[0])

    def forward(self) -> None:
        """Send the request to the server, exactly as the client wrote it."""
        self.real.sendall(self._reader.sent)
        if self._turn is not None and self._turn.records:
            # From here on the answer may come, and the cassette close.
            self._tee = _Tee(self.real, self._turn, self._reader.method)

    # -- the answer -------------------------------------------------------------------------------------------------

    def makefile(self, mode: str = "rb", buffering: int | None = None, **_: Any) -> Any:
        """The answer as a file: the recorded bytes, or the server's as they arrive."""
        if self._turn is None:
            # botocore looks for the answer to its Expect header, and holds the body back until it has one.
            raw: Any = io.BytesIO(CONTINUE if self._reader.awaits_continue else b"")
        elif self._turn.response is not None:
            pieces = render(self._turn.response, self._reader.method)
            raw = _Whole(pieces[0]) if len(pieces) == 1 else _Pieces(pieces)
        elif self._tee is not None:
            raw, self._tee = self._tee, None
        else:
            return self.real.makefile(mode, buffering)
        if buffering == 0:
            return raw
        return io.BufferedReader(raw, buffering if buffering and buffering > 1 else io.DEFAULT_BUFFER_SIZE)

    # -- what clients ask of a socket -------------------------------------------------------------------------------

    def fileno(self) -> int:
        """For polling: the real socket's, else of one that is silent, or readable while a client waits for 100."""
        awaited = self._turn is None and self._reader.awaits_continue
        if self.real is not None and not awaited:
            return int(self.real.fileno())
        if self._idle is None or self._idle.readable != awaited:
            self._idle = _IdleSocket.shared(readable=awaited)
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


class _IdleSocket:
    """A socket to poll where there is none: never 0 or -1, which mean something else. Shared, and closed with its last
    user."""

    _shared: ClassVar[weakref.WeakValueDictionary[bool, _IdleSocket]] = weakref.WeakValueDictionary()
    _lock = threading.Lock()

    def __init__(self, *, readable: bool) -> None:
        self.readable = readable
        self._ends = socket.socketpair()
        if readable:
            self._ends[1].send(b"\0")

    @classmethod
    def shared(cls, *, readable: bool) -> _IdleSocket:
        with cls._lock:
            idle = cls._shared.get(readable)
            if idle is None:
                idle = cls._shared[readable] = cls(readable=readable)
            return idle

    def fileno(self) -> int:
        return self._ends[0].fileno()

    def __del__(self) -> None:
        for end in self._ends:
            end.close()


class _Pollable:
    """A recorded answer is there to be read: whoever polls it is told so."""

    def fileno(self) -> int:
        self._idle = _IdleSocket.shared(readable=True)
        return self._idle.fileno()


class _Whole(_Pollable, io.BytesIO):
    """A recorded answer in one piece."""


class _Pieces(_Pollable, io.RawIOBase):
    """A recorded answer that comes out in the pieces that it came in."""

    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces = iter(pieces)
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._rest:
            self._rest = memoryview(next(self._pieces, b""))
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size


class _Tee(io.RawIOBase):
    """A live answer: the bytes go to the client as they arrive, and to the turn when the message has ended."""

    def __init__(self, real: Any, turn: Turn, method: str) -> None:
        self._real = real
        self._source = real.makefile("rb", buffering=0)
        self._turn = turn
        self._reader = ResponseReader(method)
        self._ahead = bytearray()  # read for the cassette's sake before the client asked
        self._over = False  # the message has ended, or cannot go on
        self._lock = threading.RLock()
        turn.stream(self.settle)

    def readable(self) -> bool:
        return True

    def fileno(self) -> int:
        return int(self._source.fileno())

    def readinto(self, buffer: Any) -> int | None:
        with self._lock:
            if self._ahead:
                size = min(len(buffer), len(self._ahead))
                buffer[:size] = self._ahead[:size]
                del self._ahead[:size]
                return size
            if self._over and self._reader.complete:
                return 0
            try:
                count: int | None = self._source.readinto(buffer)
            except OSError:
                self._finish()
                raise
            except BaseException:
                self._over = True  # An interrupt: nothing more is to be waited for.
                raise
            if count is not None:
                self._take(bytes(buffer[:count]))
            return count

    def _take(self, data: bytes) -> None:
        if data:
            self._reader.feed(data)
        else:
            self._reader.eof()
        if not data or self._reader.complete:
            self._finish()

    def _finish(self) -> None:
        self._over = True
        # Without a head there was no response: the turn leaves no trace.
        if self._turn.records and self._reader.has_head:
            self._turn.finish(self._reader.response())

    def settle(self) -> None:
        """The cassette closes: read the rest now, and keep it for the client."""
        if not self._lock.acquire(blocking=False):
            # Another thread waits for the next bytes; the cassette cannot wait with it.
            self._finish()
            return
        try:
            if not self._over and not self._reader.has_head:
                self._read_on(self._ahead, *OPEN_DRAIN, until_head=True)
            self._drain(self._ahead)
        finally:
            self._lock.release()

    def close(self) -> None:
        """The client is done: read what is left of a message that ends, for the cassette."""
        if self.closed:
            return
        try:
            with self._lock:
                self._drain(None)
        finally:
            self._source.close()
            super().close()

    def _drain(self, ahead: bytearray | None) -> None:
        begun = self._reader.has_head or self._reader.has_interim
        if begun and not self._is_event_stream():
            self._read_on(ahead, *(FINITE_DRAIN if self._reader.finite else OPEN_DRAIN))
        self._finish()

    def _read_on(self, ahead: bytearray | None, seconds: float, room: int, *, until_head: bool = False) -> None:
        """Read for the cassette's sake; ``ahead``: where to keep it for the client. ``room``: bytes at the most."""
        deadline = time.monotonic() + seconds
        timeout = self._real.gettimeout()
        try:
            while not (self._over or (until_head and self._reader.has_head)):
                left = deadline - time.monotonic()
                if left <= 0 or room <= 0:
                    return
                self._real.settimeout(left if timeout is None else min(left, timeout))
                data = self._real.recv(65536)
                room -= len(data)
                if ahead is not None:
                    ahead += data
                self._take(data)
        except OSError as error:
            # What has come is kept, marked as incomplete; the client has not asked for more.
            log.debug("The rest of the response could not be read: %s", error)
        finally:
            self._real.settimeout(timeout)

    def _is_event_stream(self) -> bool:
        return not self._reader.finite and self._reader.media_type == "text/event-stream"
