"""The demo's server on 127.0.0.1, and the tripwire that takes its port later. It must not know a client or a cassette.

Each answer says how many requests the server has seen: no two answers are equal, and no replay can be guessed.
"""

from __future__ import annotations

import gzip
import json
import socketserver
import xmlrpc.client
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler
from typing import Any, NamedTuple

from .listening import LOOPBACK, Listening


class Answer(NamedTuple):
    """What a route answers. ``body``: bytes, or the chunks of a chunked body."""

    body: bytes | Iterable[bytes]
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()


class Server(Listening):
    """Answers the demo's requests, and counts them in ``hits``."""

    def __init__(self) -> None:
        super().__init__((LOOPBACK, 0), _Handler)
        self.hits = 0

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://{LOOPBACK}:{self.port}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Print nothing: what a broken connection does to a client stands in the row of the client."""


class Tripwire(socketserver.TCPServer):
    """Listens at the port of a server that has stopped: it closes each connection, and counts them in ``hits``."""

    allow_reuse_address = True

    def __init__(self, port: int) -> None:
        super().__init__((LOOPBACK, port), socketserver.BaseRequestHandler)
        self.hits = 0

    def verify_request(self, request: object, client_address: object) -> bool:  # noqa: ARG002  (socketserver's signature)
        """Count the connection; False lets socketserver close it."""
        self.hits += 1
        return False


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def _answer(self) -> None:
        self.server.hits += 1
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        answer = _ROUTES.get(self.path, _object)(body, self.server.hits)
        self.send_response(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        if isinstance(answer.body, bytes):
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(b"" if self.command == "HEAD" else answer.body)
        else:
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for chunk in (*answer.body, b""):
                self.wfile.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))

    do_GET = do_HEAD = do_POST = do_PUT = _answer  # noqa: N815  (http.server's names)

    def log_message(self, *_: object) -> None:
        pass


def _object(body: bytes, hits: int) -> Answer:
    """The answer at every other path: an object, as in S3, and nothing for a request that stores one."""
    return Answer(b"" if body else b"object" * 1000, headers=(("ETag", f'"{hits}"'),))


def _json(body: bytes, hits: int) -> Answer:
    data = {"hits": hits, "received": body.decode("latin-1")}
    return Answer(json.dumps(data).encode(), headers=(("Content-Type", "application/json"),))


def _gzip(_: bytes, hits: int) -> Answer:
    return Answer(gzip.compress(b"%d times packed" % hits), headers=(("Content-Encoding", "gzip"),))


def _redirect(*_: object) -> Answer:
    return Answer(b"", 302, (("Location", "/json"),))


def _stream(_: bytes, hits: int) -> Answer:
    return Answer([b"one ", b"two ", b"and %d hits" % hits], headers=(("Content-Type", "text/plain"),))


def _xmlrpc(body: bytes, hits: int) -> Answer:
    arguments, method = xmlrpc.client.loads(body)
    result: Any = (hits, method, *arguments) if arguments else xmlrpc.client.Fault(hits, "no arguments")
    text = xmlrpc.client.dumps((result,) if arguments else result, methodresponse=True).encode()
    headers = (("Content-Type", "text/xml"),)
    if method == "packed":
        return Answer(gzip.compress(text), headers=(*headers, ("Content-Encoding", "gzip")))
    return Answer([text[:20], text[20:]] if method == "chunked" else text, headers=headers)


_ROUTES: dict[str, Callable[[bytes, int], Answer]] = {
    "/json": _json,
    "/gzip": _gzip,
    "/redirect": _redirect,
    "/stream": _stream,
    "/xmlrpc": _xmlrpc,
}
