"""Room: a server on loopback, in a process of its own, so that its CPU time is nobody's."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from .cassettes import payload


def _answer(target: str) -> bytes:
    megabytes = re.fullmatch(r"/megabytes/(\d+)", target)
    kind, body = "application/json", payload(0).encode()
    if megabytes:
        kind, body = "application/octet-stream", bytes(range(256)) * (int(megabytes[1]) * 1_000_000 // 256)
    return f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def _serve(client: socket.socket) -> None:
    with client, client.makefile("rb") as requests:
        while line := requests.readline():
            while requests.readline().strip():
                pass
            client.sendall(_answer(line.split()[1].decode()))


@contextmanager
def serving() -> Iterator[str]:
    """The origin of a server that is there inside."""
    with subprocess.Popen(
        [sys.executable, "-m", __name__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


def main() -> None:
    """Print the port, and serve until killed."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)  # noqa: T201
        while True:
            client, _ = listener.accept()
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=_serve, args=(client,), daemon=True).start()


if __name__ == "__main__":
    main()
