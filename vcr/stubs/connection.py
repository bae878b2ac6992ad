"""``StubConnection``, over any ``http.client.HTTPConnection``.

What the client writes goes into a ``CassetteSocket``, which takes a turn with the current cassette; the client's own
code reads the answer, recorded or live. This file must not know an option, a file or another interaction. The exchange
happens at the end of the request (``send``), so that what can go wrong with it is raised where the client expects it.
"""

from __future__ import annotations

import functools
import http.client
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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
_ANSWERS = "_vcr_answers"
#: In the place of a reason phrase: typeshed knows no response without one.
_UNKNOWN: Any = None


class Addressed(Protocol):
    """A connection of any client whose connections are modelled on ``http.client``'s, urllib3-future's too."""

    host: str
    port: int
    default_port: int


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


def adopt(connection: http.client.HTTPConnection) -> StubConnection:
    """Turn a connection into a stub of its own class, whatever it is doing. Returns the same object."""
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
    """``putrequest`` of a connection that is no stub yet: what StubConnection.putrequest does, from the inside."""
    cassette = current_for(connection, url)
    original(method, url, skip_host, skip_accept_encoding)
    if cassette is not None:
        adopt(connection)._vcr_check_in(cassette, skip_host, skip_accept_encoding)


def check_in_late(connection: http.client.HTTPConnection) -> None:
    """Where ``endheaders`` begins: check in a request whose ``putrequest`` no door has seen, because a program has put
    a wrapper on this one connection before the cassette was opened, and the wrapper calls what stood there then."""
    if isinstance(connection.sock, CassetteSocket) and connection.sock.is_started:
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
    """The cassette that a request on this connection belongs to; None when there is none, or it lets it pass by."""
    # A proxy is asked with the absolute URI.
    host = urlsplit(url).hostname if "://" in url else None
    return cassette_for(host or getattr(connection, "_tunnel_host", None) or connection.host, type(connection))


@contextmanager
def given_to_request(connection: object, args: Sequence[object], kwargs: Mapping[str, object]) -> Iterator[None]:
    """Note the names of the header fields that a connection's ``request(method, url, body, headers)`` is given, while
    that runs. ``args``, ``kwargs``: its arguments from ``body`` on.

    What the connection adds by itself, as ``Content-Length``, is not among them. Where such calls stand one inside the
    other, the outermost is the client's.
    """
    if _GIVEN in vars(connection):
        yield
        return
    headers: Any = args[1] if len(args) > 1 else kwargs.get("headers")
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

    #: Whether the client calls ``connect`` by itself, before it sends.
    _vcr_connects_first = False

    def __init_subclass__(cls, **kwargs: object) -> None:
        """A stub is no subclass that the client's own hook should hear of."""

    def connect(self) -> None:
        """Open nothing: a real connection is made when a request has to go live."""
        if current_for(self) is None:
            self._vcr_unplug()
            super().connect()
            _restore(self)
        else:
            self._vcr_plug()
            self._vcr_connects_first = True

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

    def send(self, data: SupportsRead[bytes] | Iterable[ReadableBuffer] | ReadableBuffer | str) -> None:
        """Send as the client does; the last byte of the request is its moment."""
        super().send(data)
        if isinstance(self.sock, CassetteSocket) and self.sock.request_is_complete:
            self._vcr_exchange(self.sock)

    def getresponse(self, *args: object, **kwargs: object) -> http.client.HTTPResponse:
        """The client's own getresponse, which reads from the CassetteSocket."""
        # urllib3 1.26 calls this with an argument that may be refused, then again without: the turn is taken once.
        plugged = self.sock
        if isinstance(plugged, CassetteSocket) and plugged.request_is_waiting:
            self._vcr_exchange(plugged)
        if isinstance(plugged, CassetteSocket) and plugged.error is not None:
            self._vcr_close()
            raise plugged.error
        try:
            response = super().getresponse(*args, **kwargs)
        except http.client.ResponseNotReady:
            if isinstance(plugged, CassetteSocket):
                plugged.take_back()
            raise
        if isinstance(plugged, CassetteSocket):
            plugged.answered()
            setattr(response, _ANSWERS, True)  # isinstance(response, vcr.stubs.VCRHTTPResponse) looks for it
            if plugged.replays_without_reason:
                response.reason = _UNKNOWN  # what VCR.py shows when the cassette has none
        return response

    @property
    def is_verified(self) -> object:
        """Whether urllib3 (also vendored) need not warn of a certificate that nobody checks.

        It asks before it sends. Inside a cassette it need not, as in VCR.py: the request may never reach a server.
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
            return  # http.client will say NotConnected.
        # What putrequest writes by itself, before the client's own headers.
        automatic = (not skip_host) + (not skip_accept_encoding) if self._http_vsn == 11 else 0  # type: ignore[attr-defined]
        # Now: urllib3's close() forgets the tunnel.
        self.sock.start(cassette, origin_to(self), automatic, vars(self).get(_GIVEN))

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
                plugged.failed(error, CONNECT)
                raise
            if self._vcr_blames_proxy:
                plugged.failed(error, SEND)
                raise
            # A proxy was silent, or a TLS handshake was too slow. urllib3 makes a ReadTimeoutError of this error when
            # its ``connect`` or its ``getresponse`` raises it, but not when its ``request`` does: so getresponse does.
            plugged.failed(error, RESPONSE)
            if self.sock is not None:
                self.sock.close()
            plugged.error, self.sock = error, plugged
            return
        except BaseException as error:
            plugged.failed(error, CONNECT)
            raise
        plugged.plug_real(self.sock)
        self.sock = plugged

    @property
    def _vcr_blames_proxy(self) -> bool:
        """Whether the client is urllib3 1.26 behind a tunnel: it calls every such error an error of the proxy."""
        return getattr(self, "_tunnel_host", None) is not None and "_has_connected_to_proxy" not in vars(self)

    def _vcr_fail(self, failure: Failure, request: Request) -> None:
        """Raise what the client makes of this failure of ``request``."""
        if failure.phase == CONNECT:
            self.close()
        else:
            self._vcr_close()
        if failure.kind == CANCELLED:
            wait_for_cancellation(request)
        if failure.phase == CONNECT and failure.kind not in (TLS, TUNNEL):
            with no_address(failure.error()):
                super().connect()
            self.close()  # It knew the address without asking.
        raise failure.error()

    def _vcr_close(self) -> None:
        """Close as http.client does. The client's own ``close`` may forget what it asks for when a request fails."""
        http.client.HTTPConnection.close(self)

    def _vcr_unplug(self) -> None:
        """Hand the real socket back, if there is one."""
        if isinstance(self.sock, CassetteSocket):
            self.sock = self.sock.real
            if self.sock is None:
                self._vcr_pretend_proxy(False)


def origin_to(connection: Addressed) -> str:
    """Scheme and authority of the server that the connection, or the tunnel through it, leads to."""
    # urllib3's and boto's HTTPS classes are not http.client's; the default port is what all of them share.
    scheme = "https" if connection.default_port == http.client.HTTPS_PORT else "http"
    tunnel = getattr(connection, "_tunnel_host", None)
    host = tunnel or connection.host
    return uris.origin(scheme, host, (getattr(connection, "_tunnel_port", None) if tunnel else connection.port) or None)


_no_address: ContextVar[OSError | None] = ContextVar("vcr_no_address", default=None)


@contextmanager
def no_address(error: OSError) -> Iterator[None]:
    """Whoever looks an address up in here gets ``error``: a recorded failure to connect, for a client's own code."""
    token = _no_address.set(error)
    try:
        yield
    finally:
        _no_address.reset(token)


def address_door(original: Callable[..., object]) -> Callable[..., object]:
    """What takes the place of ``socket.getaddrinfo``, which every client's ``connect`` begins with."""

    @functools.wraps(original)
    def getaddrinfo(*args: object, **kwargs: object) -> object:
        error = _no_address.get()
        if error is not None:
            raise error
        return original(*args, **kwargs)

    return getaddrinfo
