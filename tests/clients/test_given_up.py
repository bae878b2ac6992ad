"""What a program with green threads gives up: kept as cancelled, and its replay waits to be given up again."""

from __future__ import annotations

import subprocess
import sys

import pytest

import vcr
from vcr._http.failure import CANCELLED
from vcr.errors import NotCancelledError
from vcr.stubs import cancellation, exchange

from .entries import body_of

PROGRAM = """
from gevent import monkey
monkey.patch_all()
import sys
import gevent
import http.client
import vcr

port, path, cassette, mode = sys.argv[1:]
with vcr.use_cassette(cassette, record_mode=mode) as opened:
    connection = http.client.HTTPConnection("127.0.0.1", int(port))
    seen = b""
    try:
        with gevent.Timeout(1.5):
            connection.request("GET", path)
            response = connection.getresponse()
            seen += response.read(5)
            seen += response.read(5)
    except gevent.Timeout:
        print(f"gave up after {seen.decode()!r}")
    connection.close()
"""


@pytest.mark.parametrize(("path", "seen"), [("/silent", ""), ("/stalls", "hello")])
def test_what_a_greenlet_gives_up_is_given_up_on_replay(path, seen, server, cassette_path):
    pytest.importorskip("gevent")

    def stalls(exchange):
        exchange.head(200, [("Content-Length", "10")])
        exchange.send(b"hello")
        exchange.server.closing.wait(60)

    server.route("/stalls", stalls)
    for mode in ("once", "none"):
        command = [sys.executable, "-c", PROGRAM, str(server.port), path, cassette_path, mode]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.stdout == f"gave up after {seen!r}\n", done.stderr
    assert server.hits == 1
    with vcr.use_cassette(cassette_path, record_mode="none") as cassette:
        (response,) = cassette.responses
    assert response["error"]["kind"] == CANCELLED
    assert body_of(response) == seen.encode()


def test_a_replay_that_nobody_gives_up_ends_in_a_clear_error(server, cassette_path, monkeypatch):
    """After ten seconds; here it is told that they are over."""
    import http.client

    waited = []
    monkeypatch.setattr(cancellation.time, "sleep", waited.append)
    with vcr.use_cassette(cassette_path) as cassette:
        live = exchange.Exchange(cassette.begin(vcr.Request("GET", server.url + "/given-up")), "GET")
        live.sent()
        live.cancelled()
    with vcr.use_cassette(cassette_path, record_mode="none"):
        connection = http.client.HTTPConnection("127.0.0.1", server.port)
        connection.request("GET", "/given-up")
        with pytest.raises(NotCancelledError, match=f"GET {server.url}/given-up: the program cancelled"):
            connection.getresponse()
        connection.close()
    assert waited == [cancellation.CANCEL_LIMIT]
