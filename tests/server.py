"""A real HTTP/1.1 server and a real proxy on loopback, for the conformance suite.

It is made of plain sockets: a test sees and chooses every byte, and nothing here uses ``http.client``, which the
cassettes under test replace. Each connection has a thread; ``close`` ends them all.
"""

from __future__ import annotations

import base64
import contextlib
import gzip
import hashlib
import json
import re
import secrets
import select
import socket
import ssl
import struct
import threading
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from types import TracebackType
from urllib.parse import parse_qsl, urlsplit
from urllib.request import parse_http_list, parse_keqv_list

USER, PASSWORD = "user", "secret"
TEXT = b"To be, or not to be,\nthat is the question.\n"
EVENTS = [b"data: event %d\n\n" % number for number in range(1, 6)]
CHUNKS = [b"one", b"fourteen bytes", b"\x00\xff" * 600, b"x"]

Pairs = Iterable[tuple[str, "str | bytes"]]
Handler = Callable[..., None]


def all_bytes(size: int) -> bytes:
    """``size`` bytes, in which every value occurs (from 256 on)."""
    return (bytes(range(256)) * (size // 256 + 1))[:size]


@dataclass
class Received:
    """A request as it came. ``raw``: all its bytes; ``head``: those before the body; ``body``: without chunking."""

    method: str
    target: str
    version: str
    headers: list[tuple[str, str]]
    head: bytes
    body: bytes = b""
    raw: bytes = b""
    connection: int = 0

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> list[tuple[str, str]]:
        return parse_qsl(urlsplit(self.target).query, keep_blank_values=True)

    def get(self, name: str, default: str = "") -> str:
        return next((value for key, value in self.headers if key.lower() == name.lower()), default)

    @classmethod
    def of(cls, head: bytes) -> Received:
        start, *lines = re.split(r"\r\n(?![ \t])", head.decode("latin-1"))[:-2]
        method, target, version = start.split(" ")
        pairs = [line.split(":", 1) for line in lines]
        return cls(method, target, version, [(name, value.strip(" \t")) for name, value in pairs], head)


class _Stream:
    """The receiving side of a socket: exact reads, which raise EOFError when the peer has gone."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self._buffer = b""

    def _fill(self) -> None:
        data = self.sock.recv(65536)
        if not data:
            raise EOFError
        self._buffer += data

    def until(self, mark: bytes) -> bytes:
        while mark not in self._buffer:
            self._fill()
        end = self._buffer.index(mark) + len(mark)
        data, self._buffer = self._buffer[:end], self._buffer[end:]
        return data

    def exactly(self, size: int) -> bytes:
        while len(self._buffer) < size:
            self._fill()
        data, self._buffer = self._buffer[:size], self._buffer[size:]
        return data

    def rest(self) -> bytes:
        data, self._buffer = self._buffer, b""
        return data

    def body(self, request: Received) -> None:
        """Read the body of ``request`` into it."""
        request.raw = request.head
        if request.get("Transfer-Encoding").lower() != "chunked":
            request.body = self.exactly(int(request.get("Content-Length", "0")))
            request.raw += request.body
            return
        size = 1
        while size:
            line = self.until(b"\r\n")
            size = int(line.partition(b";")[0], 16)
            chunk = self.exactly(size + 2) if size else self._trailers()
            request.raw += line + chunk
            request.body += chunk[:size]

    def _trailers(self) -> bytes:
        lines = [self.until(b"\r\n")]
        while lines[-1] != b"\r\n":
            lines.append(self.until(b"\r\n"))
        return b"".join(lines)


def _bound(path: str) -> socket.socket:
    """A unix socket with this path. Raises OSError if there can be none: nothing is left open."""
    sock = socket.socket(socket.AF_UNIX)
    try:
        sock.bind(path)
    except BaseException:
        sock.close()
        raise
    return sock


class _Listener:
    """Accepts connections and gives each a thread. ``family``: an address family, or the path of a unix socket."""

    def __init__(self, tls: ssl.SSLContext | None = None, family: socket.AddressFamily | str = socket.AF_INET) -> None:
        self.tls = tls
        self.connections = 0
        self.closing = threading.Event()
        self._lock = threading.Lock()
        self._sockets: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        if isinstance(family, str):
            self.host, self._listening = "localhost", _bound(family)
        else:
            self.host = "::1" if family == socket.AF_INET6 else "127.0.0.1"
            self._listening = socket.create_server((self.host, 0), family=family)
        self._listening.listen(64)
        self.address = self._listening.getsockname()
        self.port: int | None = None if isinstance(family, str) else self.address[1]
        self._wake, self._woken = socket.socketpair()
        self._acceptor = threading.Thread(target=self._accept, name="accept")
        self._acceptor.start()

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.tls else 'http'}://{host}" + (f":{self.port}" if self.port else "")

    def __enter__(self):
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection and end every thread. ``requests`` keeps what was received."""
        if self.closing.is_set():
            return
        self.closing.set()
        self._wake.send(b"\0")
        self._acceptor.join()
        self._stop_waiting()
        with self._lock:
            for sock in self._sockets:
                _shut_down(sock)
        self.join()
        for sock in (self._listening, self._wake, self._woken):
            sock.close()

    def join(self) -> None:
        """Wait until every connection has ended: for a test whose client must see the end that the server sends."""
        for thread in self._threads:
            thread.join()

    def _stop_waiting(self) -> None:
        """Wake the threads that wait for the test, and not for their peer."""

    def _accept(self) -> None:
        while True:
            ready, _, _ = select.select([self._listening, self._woken], [], [])
            if self._woken in ready:
                return
            sock, _ = self._listening.accept()
            self.connections += 1
            if self.port is not None:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.tls is not None:
                sock = self.tls.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
            self._keep(sock)
            thread = threading.Thread(target=self._serve, args=(sock, self.connections), name="connection")
            self._threads.append(thread)
            thread.start()

    def _keep(self, sock: socket.socket) -> None:
        with self._lock:
            self._sockets.add(sock)
            if self.closing.is_set():
                _shut_down(sock)

    def _serve(self, sock: socket.socket, number: int) -> None:
        try:
            if isinstance(sock, ssl.SSLSocket):
                sock.do_handshake()
            self._talk(sock, number)
        except (OSError, EOFError):
            pass  # The client has gone, or the server is closing.
        finally:
            self._drop(sock)

    def _drop(self, sock: socket.socket) -> None:
        with self._lock:
            self._sockets.discard(sock)
        sock.close()

    def _talk(self, sock: socket.socket, number: int) -> None:
        raise NotImplementedError


def _shut_down(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):  # the peer was faster
        sock.shutdown(socket.SHUT_RDWR)


class Server(_Listener):
    """The origin server. Its routes are below; ``route`` adds more.

    ``requests``: what has been received, in order. ``hits``: how many. ``release``: lets paced routes go on.
    """

    def __init__(self, tls: ssl.SSLContext | None = None, family: socket.AddressFamily | str = socket.AF_INET) -> None:
        self.requests: list[Received] = []
        self.nonce = secrets.token_hex(8)
        self._permits = 0
        self._paced = threading.Condition()
        self._routes = dict(ROUTES)
        super().__init__(tls, family)

    @property
    def hits(self) -> int:
        return len(self.requests)

    def hits_of(self, path: str) -> int:
        return sum(request.path == path for request in self.requests)

    def route(self, path: str, handler: Handler) -> None:
        """Answer ``path``, and what is under it, with ``handler(exchange, *further segments of the path)``."""
        self._routes[path] = handler

    def release(self, count: int = 1) -> None:
        """Let the paced routes (``/sse``, ``/endless``) send ``count`` more pieces."""
        with self._paced:
            self._permits += count
            self._paced.notify_all()

    def await_release(self) -> None:
        """Called by paced routes: wait until the test releases the next piece."""
        with self._paced:
            self._paced.wait_for(lambda: self._permits or self.closing.is_set())
            self._permits -= 1
        if self.closing.is_set():
            raise EOFError

    def _stop_waiting(self) -> None:
        with self._paced:
            self._paced.notify_all()

    def _talk(self, sock: socket.socket, number: int) -> None:
        stream = _Stream(sock)
        while True:
            request = Received.of(stream.until(b"\r\n\r\n"))
            request.connection = number
            if request.get("Expect").lower() == "100-continue":
                sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            stream.body(request)
            self.requests.append(request)
            exchange = Exchange(self, sock, request)
            self._dispatch(exchange)
            if not exchange.keep_alive:
                return

    def _dispatch(self, exchange: Exchange) -> None:
        path, rest = exchange.request.path, []
        while path and path not in self._routes:
            path, _, segment = path.rpartition("/")
            rest.insert(0, segment)
        self._routes.get(path, _not_found)(exchange, *rest)


def _head(status: int, headers: Pairs, reason: str | None = None, version: str = "1.1") -> bytes:
    lines = [f"HTTP/{version} {status} {HTTPStatus(status).phrase if reason is None else reason}".encode()]
    for name, value in headers:
        lines.append(f"{name}: ".encode() + (value if isinstance(value, bytes) else value.encode("latin-1")))
    return b"\r\n".join(lines) + b"\r\n\r\n"


class Exchange:
    """One request and its answer: ``respond`` for most answers, ``send`` for any bytes."""

    def __init__(self, server: Server, sock: socket.socket, request: Received) -> None:
        self.server = server
        self.sock = sock
        self.request = request
        self.keep_alive = request.version == "HTTP/1.1" and request.get("Connection").lower() != "close"

    def send(self, data: bytes) -> None:
        """Send these bytes."""
        self.sock.sendall(data)

    def head(self, status: int, headers: Pairs = (), *, reason: str | None = None, version: str = "1.1") -> None:
        """Send a head with just these fields."""
        self.send(_head(status, headers, reason, version))

    def respond(self, status: int = 200, headers: Pairs = (), body: bytes = b"", *, reason: str | None = None) -> None:
        """Send a response, with Content-Length, and with Connection: close if that is so."""
        has_content = status not in (204, 304)
        fields = list(headers)
        if has_content:
            fields.append(("Content-Length", str(len(body))))
        if not self.keep_alive:
            fields.append(("Connection", "close"))
        self.send(_head(status, fields, reason) + (body if has_content and self.request.method != "HEAD" else b""))

    def text(self, body: str | bytes, status: int = 200, headers: Pairs = ()) -> None:
        """Send a response that is text."""
        body = body.encode() if isinstance(body, str) else body
        self.respond(status, [("Content-Type", "text/plain; charset=utf-8"), *headers], body)

    def json(self, data: object) -> None:
        """Send a response that is JSON."""
        self.respond(200, [("Content-Type", "application/json")], json.dumps(data).encode())

    def chunk(self, data: bytes) -> None:
        """Send one chunk, the last one when it is empty (then trailers may follow, and a blank line must)."""
        self.send(b"%x\r\n%b\r\n" % (len(data), data) if data else b"0\r\n")

    def hang_up(self) -> None:
        """Close the connection after this answer."""
        self.keep_alive = False

    def reset(self) -> None:
        """Hang up at once, with a TCP reset."""
        self.hang_up()
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _not_found(exchange: Exchange, *_: str) -> None:
    exchange.text("no such route", 404)


def _echo(exchange: Exchange, *_: str) -> None:
    request = exchange.request
    body = request.body.decode("latin-1")
    exchange.json({"method": request.method, "target": request.target, "headers": request.headers, "body": body})


def _counter(exchange: Exchange, *_: str) -> None:
    exchange.text(str(exchange.server.hits))


def _text(exchange: Exchange, *_: str) -> None:
    exchange.text(TEXT)


def _json(exchange: Exchange) -> None:
    exchange.json({"greeting": "grüß dich", "numbers": [1, 2.5, None]})


def _bytes(exchange: Exchange, size: str) -> None:
    exchange.respond(200, [("Content-Type", "application/octet-stream")], all_bytes(int(size)))


def _status(exchange: Exchange, code: str) -> None:
    # RFC 9110 §8.6: a 304 may carry the length that the representation would have had.
    headers = [("ETag", '"abc"'), ("Content-Length", "11")] if code == "304" else []
    exchange.respond(int(code), headers, b"status body")


def _reason(exchange: Exchange) -> None:
    exchange.respond(299, [], b"", reason="Fine By Me")


def _headers(exchange: Exchange) -> None:
    exchange.text(
        "headers",
        headers=[
            ("set-COOKIE", "a=1; Path=/"),
            ("set-COOKIE", "b=2; Path=/"),
            ("X-Latin", b"caf\xe9"),
            ("X-Utf8", "snow ☃".encode()),
            ("X-Empty", ""),
        ],
    )


def _interleaved_headers(exchange: Exchange) -> None:
    exchange.text("headers", headers=[("X-One", "1"), ("X-Two", "2"), ("X-One", "3"), ("x-two", "4")])


def _redirect(exchange: Exchange, count: str) -> None:
    left = int(count)
    exchange.text("moved", 302, [("Location", f"/redirect/{left - 1}" if left > 1 else "/text")])


def _redirect_as(exchange: Exchange, code: str) -> None:
    exchange.text("moved", int(code), [("Location", "/echo")])


def _set_cookies(exchange: Exchange) -> None:
    exchange.text("set", headers=[("Set-Cookie", f"{name}={value}; Path=/") for name, value in exchange.request.query])


def _cookies(exchange: Exchange) -> None:
    pairs = exchange.request.get("Cookie").split("; ")
    exchange.json(dict(sorted(pair.split("=", 1) for pair in pairs if pair)))


def _basic_auth(exchange: Exchange) -> None:
    expected = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    if exchange.request.get("Authorization") == f"Basic {expected}":
        exchange.text("welcome")
    else:
        exchange.text("who are you?", 401, [("WWW-Authenticate", 'Basic realm="here"')])


def _digest_auth(exchange: Exchange) -> None:
    request, nonce = exchange.request, exchange.server.nonce
    scheme, _, rest = request.get("Authorization").partition(" ")
    if scheme == "Digest":
        given = parse_keqv_list(parse_http_list(rest))
        secret = _md5(f"{USER}:here:{PASSWORD}")
        asked = _md5(f"{request.method}:{request.target}")
        proof = _md5(":".join([secret, nonce, given["nc"], given["cnonce"], "auth", asked]))
        if (given["username"], given["nonce"], given["response"]) == (USER, nonce, proof):
            return exchange.text("welcome")
    challenge = f'Digest realm="here", nonce="{nonce}", qop="auth", algorithm=MD5'
    return exchange.text("who are you?", 401, [("WWW-Authenticate", challenge)])


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _gzip(exchange: Exchange) -> None:
    exchange.text(gzip.compress(TEXT, mtime=0), headers=[("Content-Encoding", "gzip")])


def _deflate(exchange: Exchange) -> None:
    exchange.text(zlib.compress(TEXT), headers=[("Content-Encoding", "deflate")])


def _brotli(exchange: Exchange) -> None:
    import brotli

    exchange.text(brotli.compress(TEXT), headers=[("Content-Encoding", "br")])


def _chunked(exchange: Exchange) -> None:
    exchange.head(200, [("Content-Type", "application/octet-stream"), ("Transfer-Encoding", "chunked")])
    for data in (*CHUNKS, b""):
        exchange.chunk(data)
    exchange.send(b"\r\n")


def _trailers(exchange: Exchange) -> None:
    exchange.head(200, [("Trailer", "X-Checksum"), ("Transfer-Encoding", "chunked")])
    for data in (*CHUNKS, b""):
        exchange.chunk(data)
    exchange.send(b"X-Checksum: 42\r\nX-Also: yes\r\n\r\n")


def _until_close(exchange: Exchange, version: str = "1.1") -> None:
    exchange.hang_up()
    fields = [("Connection", "close")] if version == "1.1" else []
    exchange.head(200, [("Content-Type", "text/plain"), *fields], version=version)
    exchange.send(TEXT)


def _interim(exchange: Exchange, code: str = "103") -> None:
    # In one piece: no http.client passes over any 1xx but 100, so what it sees of the rest would be left to chance.
    interim = _head(int(code), [("Link", "</style.css>; rel=preload")])
    exchange.send(interim + _head(200, [("Content-Length", "5")]) + b"final")


def _sse(exchange: Exchange, framing: str = "chunked") -> None:
    fields = [("Content-Type", "text/event-stream")]
    if framing == "chunked":
        exchange.head(200, [*fields, ("Transfer-Encoding", "chunked")])
    else:
        exchange.hang_up()
        exchange.head(200, [*fields, ("Connection", "close")])
    for event in EVENTS:
        exchange.server.await_release()
        (exchange.chunk if framing == "chunked" else exchange.send)(event)
    if framing == "chunked":
        exchange.send(b"0\r\n\r\n")


def _endless(exchange: Exchange, subtype: str = "plain") -> None:
    exchange.head(200, [("Content-Type", f"text/{subtype}"), ("Transfer-Encoding", "chunked")])
    number = 0
    while True:
        exchange.server.await_release()
        number += 1
        exchange.chunk(b"piece %d\n" % number)


def _cut(exchange: Exchange, framing: str = "length") -> None:
    exchange.hang_up()
    if framing == "length":
        exchange.head(200, [("Content-Type", "text/plain"), ("Content-Length", "100")])
        exchange.send(b"only this much")
    else:
        exchange.head(200, [("Content-Type", "text/plain"), ("Transfer-Encoding", "chunked")])
        exchange.chunk(b"a whole chunk")
        exchange.send(b"64\r\nhalf a chunk" if framing == "chunk" else b"")


def _close(exchange: Exchange) -> None:
    exchange.hang_up()
    exchange.text("goodbye")


def _reset(exchange: Exchange) -> None:
    exchange.reset()


def _hang_up(exchange: Exchange) -> None:
    exchange.hang_up()


def _silent(exchange: Exchange) -> None:
    exchange.server.closing.wait()


def _flaky(exchange: Exchange, failures: str) -> None:
    failed = exchange.server.hits_of(exchange.request.path) <= int(failures)
    exchange.text("try again" if failed else "at last", 503 if failed else 200)


ROUTES: dict[str, Handler] = {
    "/echo": _echo,  # what was received, as JSON
    "/counter": _counter,  # the number of this hit: another one each time
    "/text": _text,
    "/json": _json,
    "/bytes": _bytes,  # /<size>
    "/status": _status,  # /<code>
    "/reason": _reason,  # a code and a phrase of its own
    "/headers": _headers,  # repeated, latin-1, UTF-8, empty
    "/headers/interleaved": _interleaved_headers,
    "/redirect": _redirect,  # /<count>: 302, relative
    "/redirect-as": _redirect_as,  # /<code>
    "/cookies/set": _set_cookies,  # ?name=value
    "/cookies": _cookies,
    "/basic-auth": _basic_auth,
    "/digest-auth": _digest_auth,
    "/gzip": _gzip,
    "/deflate": _deflate,
    "/br": _brotli,
    "/chunked": _chunked,
    "/trailers": _trailers,
    "/until-close": _until_close,  # /1.0, /1.1: no framing
    "/interim": _interim,  # /<code>: before the final response
    "/sse": _sse,  # /chunked, /until-close: paced by Server.release
    "/endless": _endless,  # /<subtype of text>: paced by Server.release
    "/cut": _cut,  # /length, /chunk, /between-chunks: closes in the middle of these
    "/close": _close,
    "/reset": _reset,  # RST instead of an answer
    "/hang-up": _hang_up,  # closes instead of an answer
    "/silent": _silent,  # no answer until the server closes
    "/flaky": _flaky,  # /<failures>: 503 so often, then 200
}


class Proxy(_Listener):
    """A proxy: forwards absolute-form requests, opens tunnels for CONNECT.

    ``forwarded`` and ``tunnelled``: the requests for each, in order. ``auth``: the ``user:password`` that it demands.
    """

    def __init__(self, tls: ssl.SSLContext | None = None, *, auth: str | None = None) -> None:
        self.forwarded: list[Received] = []
        self.tunnelled: list[Received] = []
        self.auth = auth
        super().__init__(tls)

    @property
    def hits(self) -> int:
        return len(self.forwarded)

    @property
    def tunnels(self) -> int:
        return len(self.tunnelled)

    def _talk(self, sock: socket.socket, number: int) -> None:
        stream = _Stream(sock)
        request = Received.of(stream.until(b"\r\n\r\n"))
        request.connection = number
        if not self._allows(request):
            stream.body(request)
            challenge = b'Proxy-Authenticate: Basic realm="proxy"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'
            sock.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\n" + challenge)
        elif request.method == "CONNECT":
            self.tunnelled.append(request)
            self._tunnel(sock, stream, request)
        else:
            stream.body(request)
            self.forwarded.append(request)
            self._forward(sock, request)

    def _allows(self, request: Received) -> bool:
        if self.auth is None:
            return True
        return request.get("Proxy-Authorization") == "Basic " + base64.b64encode(self.auth.encode()).decode()

    def _open(self, authority: str) -> socket.socket:
        parts = urlsplit(f"//{authority}")
        upstream = socket.create_connection((parts.hostname, parts.port or 80))
        self._keep(upstream)
        return upstream

    def _forward(self, sock: socket.socket, request: Received) -> None:
        """One request for each connection: both sides close after the answer."""
        target = urlsplit(request.target)
        path = (target.path or "/") + (f"?{target.query}" if target.query else "")
        lines = [f"{request.method} {path} {request.version}", "Connection: close", "Via: 1.1 loopback"]
        hop_by_hop = ("connection", "proxy-connection", "proxy-authorization", "keep-alive")
        lines += [f"{name}: {value}" for name, value in request.headers if name.lower() not in hop_by_hop]
        upstream = self._open(target.netloc)
        try:
            upstream.sendall("\r\n".join([*lines, "", ""]).encode("latin-1") + request.raw[len(request.head) :])
            while data := upstream.recv(65536):
                sock.sendall(data)
        finally:
            self._drop(upstream)

    def _tunnel(self, sock: socket.socket, stream: _Stream, request: Received) -> None:
        upstream = self._open(request.target)
        try:
            sock.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            upstream.sendall(stream.rest())
            other = {sock: upstream, upstream: sock}
            while True:
                for ready in select.select(list(other), [], [])[0]:
                    data = ready.recv(65536)
                    if not data:
                        return
                    other[ready].sendall(data)
        finally:
            self._drop(upstream)
