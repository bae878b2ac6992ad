"""``StubConnection``, the stub of every connection that is built on ``http.client``.

The client writes its request to a ``CassetteSocket``. When the request is complete (in ``send``, where a client expects
the errors of a connection), the stub takes the turn: the request is replayed or goes live. Then the client's own code
reads the response. This file must not know an option, a cassette's file or another interaction.
"""

from __future__ import annotations

import functools
import http.client
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from .. import _active
from .._engine.cassette import Cassette
from .._http import uri as uris
from .._http.failure import CANCELLED, CONNECT, RESPONSE, SEND, TLS, TUNNEL, Failure
from ..request import Request, header_name
from .cancellation import wait_for_cancellation
from .cassette_socket import CassetteSocket
from .exchange import cassette_for

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, SupportsRead

    _Connection = http.client.HTTPConnection
else:
    _Connection = object

_STUB = "_vcr_stub"
_GIVEN = "_vcr_given"
_FROM_STUB = "_vcr_from_stub"
#: The reason of a response that has none. (typeshed does not allow None.)
_NO_REASON: Any = None


class Addressed(Protocol):
    """A connection that has the attributes of ``http.client``'s. (urllib3-future's connections have them, too.)"""

    host: str
    port: int
    default_port: int


def stub_class(cls: type) -> type:
    """The stub of a connection class: a class that derives from StubConnection and from ``cls``.

    It is kept as an attribute of ``cls``, because a global table would keep the classes of a program alive.
    """
    stub: type | None = vars(cls).get(_STUB)
    if stub is None:
        names = {"__module__": cls.__module__, "__qualname__": cls.__qualname__, "__doc__": cls.__doc__}
        stub = type(cls)(cls.__name__, (StubConnection, cls), names)
        setattr(cls, _STUB, stub)
    return stub


def adopt(connection: http.client.HTTPConnection) -> StubConnection:
    """Make a connection a stub of its own class. Returns the same object."""
    if not isinstance(connection, StubConnection):
        connection.__class__ = stub_class(type(connection))
        assert isinstance(connection, StubConnection)
    return connection


def adopt_in_putrequest(  # noqa: PLR0917  (putrequest's own signature)
    connection: http.client.HTTPConnection,
    original: Callable[..., None],
    method: str,
    url: str,
    skip_host: bool = False,
    skip_accept_encoding: bool = False,
) -> None:
    """Do what ``StubConnection.putrequest`` does for a connection that is no stub yet. ``original``: its
    ``putrequest``."""
    cassette = current_for(connection, url)
    original(method, url, skip_host, skip_accept_encoding)
    if cassette is not None:
        adopt(connection)._vcr_check_in(cassette, skip_host, skip_accept_encoding)


def check_in_late(connection: http.client.HTTPConnection) -> None:
    """At the begin of ``endheaders``, check in a request that has passed no door at ``putrequest``. A program may have
    wrapped ``putrequest`` of this connection before the cassette was opened; the wrapper calls the original."""
    if isinstance(connection.sock, CassetteSocket) and connection.sock.has_begun:
        return
    line, *fields = [bytes(one).decode("latin-1") for one in vars(connection)["_buffer"][:3]] or [""]
    cassette = current_for(connection, line.split(" ")[1] if " " in line else "")
    if cassette is None:
        if isinstance(connection, StubConnection):
            connection._vcr_unplug()
            _restore(connection)
        return
    stub = adopt(connection)
    given = vars(connection).get(_GIVEN) or ()
    written = {header_name(field.partition(":")[0]) for field in fields}.difference(given)
    skips_host, skips_encoding = (header_name(name) not in written for name in ("Host", "Accept-Encoding"))
    stub._vcr_check_in(cassette, skips_host, skips_encoding)


def current_for(connection: Addressed, url: str = "") -> Cassette | None:
    """The cassette to which a request on this connection belongs; None when no cassette is open, or the cassette lets
    the request pass by."""
    # A request to a proxy has the whole URI.
    host = urlsplit(url).hostname if "://" in url else None
    return cassette_for(host or getattr(connection, "_tunnel_host", None) or connection.host, type(connection))


def request_noted(
    connection: object, request: Callable[..., None], method: str, url: str, *args: object, **kwargs: object
) -> None:
    """Call ``request``, a connection's ``request(method, url, body, headers)``, and note the names of the header fields
    that it is given, while it runs.

    Fields that the connection adds by itself, such as ``Content-Length``, are not among them. One ``request`` may call
    another: the arguments of the first count.
    """
    noted = vars(connection)
    if _GIVEN in noted:
        request(method, url, *args, **kwargs)
        return
    headers: Any = args[1] if len(args) > 1 else kwargs.get("headers")
    noted[_GIVEN] = frozenset([header_name(name) for name in headers or ()])
    try:
        request(method, url, *args, **kwargs)
    finally:
        del noted[_GIVEN]


def _restore(connection: http.client.HTTPConnection) -> None:
    """Give a connection its own class back. (A stub class that a program has defined is the connection's own.)"""
    own = type(connection).__mro__[2]
    if vars(own).get(_STUB) is type(connection):
        connection.__class__ = own


class StubConnection(_Connection):
    """The first base of every stub: it sends the requests of a connection to the current cassette."""

    #: Whether the client has called ``connect`` itself, before it sent a request.
    _vcr_connects_first = False

    def __init_subclass__(cls, **kwargs: object) -> None:
        """Do not call the client's own ``__init_subclass__``: to the client, a stub is no new subclass."""

    def connect(self) -> None:
        """Inside a cassette, open nothing: the real connection is made when a request goes live."""
        if current_for(self) is None:
            self._vcr_unplug()
            super().connect()
            _restore(self)
        else:
            self._vcr_plug()
            self._vcr_connects_first = True

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> None:
        """Call the client's own ``request``, and note the header fields that it is given: only they are recorded."""
        request_noted(self, super().request, method, url, *args, **kwargs)

    def putrequest(self, method: str, url: str, skip_host: bool = False, skip_accept_encoding: bool = False) -> None:
        """Begin a request, which belongs to the cassette that is current now."""
        cassette = current_for(self, url)
        if cassette is None:
            self._vcr_unplug()
            super().putrequest(method, url, skip_host, skip_accept_encoding)
            _restore(self)
        else:
            super().putrequest(method, url, skip_host, skip_accept_encoding)
            self._vcr_check_in(cassette, skip_host, skip_accept_encoding)

    def send(self, data: SupportsRead[bytes] | Iterable[ReadableBuffer] | ReadableBuffer | str) -> None:
        """Send as the client does. With the last byte of the request, take its turn."""
        super().send(data)
        if isinstance(self.sock, CassetteSocket) and self.sock.request_is_complete:
            self._vcr_take_turn(self.sock)

    def getresponse(self, *args: object, **kwargs: object) -> http.client.HTTPResponse:
        """Call the client's own ``getresponse``, which reads from the CassetteSocket."""
        # urllib3 1.26 calls getresponse with an argument, and after a TypeError again without. The turn is taken once.
        plugged = self.sock
        if isinstance(plugged, CassetteSocket) and plugged.request_is_waiting:
            self._vcr_take_turn(plugged)
        if isinstance(plugged, CassetteSocket) and plugged.error is not None:
            self._vcr_close()
            raise plugged.error
        try:
            response = super().getresponse(*args, **kwargs)
        except http.client.ResponseNotReady:
            if isinstance(plugged, CassetteSocket):
                plugged.give_back()
            raise
        if isinstance(plugged, CassetteSocket):
            plugged.release()
            setattr(response, _FROM_STUB, True)  # isinstance(response, vcr.stubs.VCRHTTPResponse) looks for it
            if plugged.replays_without_reason:
                response.reason = _NO_REASON  # as VCR.py does
        return response

    @property
    def is_verified(self) -> object:
        """What urllib3 asks before it sends, to warn of a certificate that is not verified. Inside a cassette it is
        true, as in VCR.py: the request may never reach a server.
        """
        own = vars(self).get("is_verified")
        if own is None:
            own = super().is_verified  # type: ignore[misc]
        return isinstance(self.sock, CassetteSocket) or own

    @is_verified.setter
    def is_verified(self, value: object) -> None:
        vars(self)["is_verified"] = value

    def _vcr_plug(self) -> None:
        """Pretend to be connected."""
        self.sock = CassetteSocket(None, (self.host, self.port or self.default_port))
        self._vcr_pretend_proxy(True)

    def _vcr_pretend_proxy(self, is_connected: bool) -> None:
        """Set what urllib3 notes in ``connect``: it asks when a request fails, whether the proxy is to be blamed."""
        noted = vars(self)
        if "_has_connected_to_proxy" in noted:
            noted["_has_connected_to_proxy"] = is_connected and bool(noted.get("proxy"))

    def _vcr_check_in(self, cassette: Cassette, skip_host: bool, skip_accept_encoding: bool) -> None:
        if self.sock is None and self.auto_open:
            self._vcr_plug()
        elif self.sock is not None and not isinstance(self.sock, CassetteSocket):
            self.sock = CassetteSocket(self.sock, (self.host, self.port or self.default_port))
        if not isinstance(self.sock, CassetteSocket):
            return  # http.client raises NotConnected
        # How many header fields putrequest writes by itself, before those of the program.
        automatic = (not skip_host) + (not skip_accept_encoding) if self._http_vsn == 11 else 0  # type: ignore[attr-defined]
        # The origin is noted now, because urllib3's close() forgets the tunnel.
        self.sock.start(cassette, origin_to(self), automatic, vars(self).get(_GIVEN))

    def _vcr_take_turn(self, plugged: CassetteSocket) -> None:
        try:
            recorded = plugged.take_turn()
        except BaseException:
            self.close()  # nothing was sent: the connection can take another request
            raise
        if recorded is None:
            if plugged.real is None:
                self._vcr_connect(plugged)
            if plugged.error is None:
                plugged.forward()
            return
        failure = recorded.failure
        if failure is not None and failure.phase != RESPONSE:
            self._vcr_fail(failure, plugged.request)

    def _vcr_connect(self, plugged: CassetteSocket) -> None:
        self._vcr_unplug()
        try:
            with _active.passing():
                super().connect()
        except TimeoutError as error:
            if not self._vcr_connects_first or error.errno is not None:
                plugged.fail(error, CONNECT)
                raise
            if self._vcr_blames_proxy:
                plugged.fail(error, SEND)
                raise
            # A proxy was silent, or a TLS handshake was too slow. urllib3 makes a ReadTimeoutError of this error when
            # its ``connect`` or its ``getresponse`` raises it, but not when its ``request`` does: so getresponse does.
            plugged.fail(error, RESPONSE)
            if self.sock is not None:
                self.sock.close()
            plugged.error, self.sock = error, plugged
            return
        except BaseException as error:
            plugged.fail(error, CONNECT)
            raise
        plugged.plug_real(self.sock)
        self.sock = plugged

    @property
    def _vcr_blames_proxy(self) -> bool:
        """Whether the client is urllib3 1.26 behind a tunnel: it calls every such error an error of the proxy."""
        return getattr(self, "_tunnel_host", None) is not None and "_has_connected_to_proxy" not in vars(self)

    def _vcr_fail(self, failure: Failure, request: Request) -> None:
        """Raise the error that the client raises when ``request`` fails in this way."""
        if failure.phase == CONNECT:
            self.close()
        else:
            self._vcr_close()
        if failure.kind == CANCELLED:
            wait_for_cancellation(request)
        if failure.phase == CONNECT and failure.kind not in (TLS, TUNNEL):
            with no_address(failure.error()):
                super().connect()
            self.close()  # the client has connected without getaddrinfo
        raise failure.error()

    def _vcr_close(self) -> None:
        """Close as http.client does. The client's own ``close`` may forget what it asks for when a request fails."""
        http.client.HTTPConnection.close(self)

    def _vcr_unplug(self) -> None:
        """Give the connection its real socket back, or None."""
        if isinstance(self.sock, CassetteSocket):
            self.sock = self.sock.real
            if self.sock is None:
                self._vcr_pretend_proxy(False)


def origin_to(connection: Addressed) -> str:
    """Scheme and authority of the server to which the connection, or the tunnel through it, leads."""
    # The HTTPS classes of urllib3 and boto do not derive from http.client's. All of them have a default port.
    scheme = "https" if connection.default_port == http.client.HTTPS_PORT else "http"
    tunnel = getattr(connection, "_tunnel_host", None)
    host = tunnel or connection.host
    return uris.origin(scheme, host, (getattr(connection, "_tunnel_port", None) if tunnel else connection.port) or None)


_no_address: ContextVar[OSError | None] = ContextVar("vcr_no_address", default=None)


@contextmanager
def no_address(error: OSError) -> Iterator[None]:
    """A block in which ``socket.getaddrinfo`` raises ``error``, so that the client's own ``connect`` fails as it did
    while recording."""
    token = _no_address.set(error)
    try:
        yield
    finally:
        _no_address.reset(token)


def address_door(original: Callable[..., object]) -> Callable[..., object]:
    """The function that takes the place of ``socket.getaddrinfo``, with which every client's ``connect`` begins."""

    @functools.wraps(original)
    def getaddrinfo(*args: object, **kwargs: object) -> object:
        error = _no_address.get()
        if error is not None:
            raise error
        return original(*args, **kwargs)

    return getaddrinfo
