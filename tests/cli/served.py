"""How the tests of ``vcr serve`` run a server in this process, and a client that sees every byte."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator

from vcr import VCR
from vcr._http.wire import ResponseReader
from vcr.cli.listening import LOOPBACK, serving
from vcr.cli.serve.authority import Authority
from vcr.cli.serve.origins import Origins
from vcr.cli.serve.server import Server


class Told(list[str]):
    """The lines for the user, as they come."""

    def __init__(self) -> None:
        super().__init__()
        self._came = threading.Condition()

    def note(self, line: str) -> None:
        with self._came:
            self.append(line)
            self._came.notify_all()

    def await_lines(self, count: int) -> list[str]:
        with self._came:
            assert self._came.wait_for(lambda: len(self) >= count, timeout=60), list(self)
            return list(self)


class Served(Server):
    """``told``: the lines for the user."""

    told: Told


@contextlib.contextmanager
def served(
    path: object,
    *,
    base: str | None = None,
    upstream: str | None = None,
    authority: Authority | None = None,
    record_mode: str = "none",
    **options: object,
) -> Iterator[Served]:
    """The cassette on a port of its own."""
    told = Told()
    with VCR(record_mode=record_mode, on_unrecordable="allow", **options).use_cassette(path) as cassette:
        recorded = [request.uri for request in cassette.requests]
        origins = Origins(recorded, base, upstream, is_proxy=authority is not None)
        with serving(Served((LOOPBACK, 0), cassette, origins, authority, told.note)) as server:
            server.told = told
            yield server


class Wire:
    """A connection over which a test sends and receives bytes."""

    def __init__(self, port: int, buffer: int = 0) -> None:
        """``buffer``: how many bytes may wait to be read; 0: as many as the system likes."""
        self.sock = socket.socket()
        if buffer:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.sock.settimeout(60)
        self.sock.connect((LOOPBACK, port))

    def __enter__(self):
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.close()

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def secure(self, host: str, ca_file: str) -> None:
        """Go on with TLS, as a client that trusts ``ca_file``, and that TLS, too, has to end."""
        context = ssl.create_default_context(cafile=ca_file)
        self.sock = context.wrap_socket(self.sock, server_hostname=host, suppress_ragged_eofs=False)

    def response(self, method: str = "GET") -> bytes:
        """The bytes of one response, up to its end or that of the connection."""
        reader, seen = ResponseReader(method), bytearray()
        while not reader.complete:
            data = self.sock.recv(65536)
            if not data:
                break
            seen += data
            reader.feed(data)
        return bytes(seen)

    def exactly(self, size: int) -> bytes:
        seen = bytearray()
        while len(seen) < size:
            data = self.sock.recv(size - len(seen))
            assert data, f"the connection ended after {bytes(seen)!r}"
            seen += data
        return bytes(seen)

    def until(self, mark: bytes) -> bytes:
        seen = bytearray()
        while not seen.endswith(mark):
            data = self.sock.recv(1)
            assert data, f"the connection ended after {bytes(seen)!r}"
            seen += data
        return bytes(seen)

    def rest(self) -> bytes:
        """What comes until the other side closes."""
        seen = bytearray()
        while data := self.sock.recv(65536):
            seen += data
        return bytes(seen)

    def get(self, path: str, *fields: str, method: str = "GET", body: bytes = b"", host: str = "a.example") -> bytes:
        """Make a request; the bytes of the response."""
        length = [f"Content-Length: {len(body)}"] if body else []
        head = "\r\n".join([f"{method} {path} HTTP/1.1", f"Host: {host}", *fields, *length, "", ""])
        self.send(head.encode() + body)
        return self.response(method)


def ask(port: int, path: str, *fields: str, **more: object) -> bytes:
    """One request over a connection of its own; the bytes of the response."""
    with Wire(port) as wire:
        return wire.get(path, *fields, **more)
