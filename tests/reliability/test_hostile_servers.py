"""Servers that mean harm: while recording, the client gets what it would get without us, an exception or a response;
the cassette is whole, and replays it. (What servers send by mistake is in tests/clients/test_oddities.py.)"""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

import vcr
from tests.clients.conftest import no_settings_from_outside  # noqa: F401  (a fixture)
from tests.clients.entries import aiohttp, params
from tests.server import all_bytes

#: One for each parser of HTTP/1.1: the standard library's, urllib3 on top of it, h11, and llhttp or its like.
PARSERS = ("http.client", "urllib3", "httpx", "aiohttp")


@pytest.fixture(params=[one for one in params() if one.id in PARSERS])
def client(request):
    """A client of each parser."""
    return request.param


OK = b"HTTP/1.1 200 OK\r\n"
SHORT = b"Content-Length: 2\r\n\r\nok"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
LAST = b"0\r\n\r\n"

RESPONSES = {
    "a flood of short headers": OK + b"A:1\r\n" * 20_000 + SHORT,
    "a flood of long headers": OK + (b"X-Long: " + b"x" * 60_000 + b"\r\n") * 90 + SHORT,
    "a flood of folded lines": OK + b"X-One: 1\r\n" + b" 2\r\n" * 20_000 + SHORT,
    "a reason without end": b"HTTP/1.1 200 " + b"x" * 200_000 + b"\r\n" + SHORT,
    "a length that nobody could send": OK + b"Content-Length: 1" + b"0" * 30 + b"\r\n\r\nok",
    "a length of more digits than are read": OK + b"Content-Length: " + b"9" * 5_000 + b"\r\n\r\nok",
    "a negative length": OK + b"Content-Length: -2\r\n\r\nok",
    "a length with an underscore": OK + b"Content-Length: 0_2\r\n\r\nok",
    "two lengths that differ": OK + b"Content-Length: 1\r\n" + SHORT,
    "a length beside another coding": OK + b"Transfer-Encoding: identity\r\n" + SHORT,
    "a negative chunk": CHUNKED + b"-2\r\nok\r\n" + LAST,
    "a chunk with a prefix": CHUNKED + b"0x2\r\nok\r\n" + LAST,
    "a chunk with an underscore": CHUNKED + b"0_2\r\nok\r\n" + LAST,
    "a chunk that nobody could send": CHUNKED + b"f" * 17 + b"\r\nok\r\n" + LAST,
    "a chunk of more digits than are read": CHUNKED + b"0" * 100_000 + b"2\r\nok\r\n" + LAST,
    "a chunk longer than it says": CHUNKED + b"2\r\noklahoma\r\n" + LAST,
    "a chunk without a size": CHUNKED + b"\r\nok\r\n" + LAST,
    "an extension without end": CHUNKED + b"2;" + b"x" * 200_000 + b"\r\nok\r\n" + LAST,
    "a trailer that is a header": CHUNKED + b"2\r\nok\r\n0\r\nContent-Length: 9\r\nSet-Cookie: a=1\r\n\r\n",
    "a line end within a value": OK + b"X-One: 1\rX-Two: 2\r\n" + SHORT,
    "a zero byte within a value": OK + b"X-One: 1\x002\r\n" + SHORT,
    "a header without a name": OK + b": 1\r\n" + SHORT,
    "space before the colon": OK + b"X-One : 1\r\nContent-Length : 2\r\n\r\nok",
    "a second response": OK + SHORT + b"HTTP/1.1 500 No\r\nContent-Length: 4\r\n\r\nevil",
    "a second response in a 204": b"HTTP/1.1 204 No Content\r\n\r\n" + OK + SHORT,
    "zero bytes only": bytes(100_000),
    "a codec that does not exist": OK + b"Content-Type: text/plain; charset=\xff\x00\r\n" + SHORT,
}


def _act(client, url, **options):
    """What came of a GET; of an error, its class."""
    with client(**options) as session:
        try:
            return session.get(url)
        except Exception as error:  # noqa: BLE001  (it is what is compared)
            return type(error)


def _alike(client, server, path, cassette_path, **options):
    """What came of a GET: the same live and recording; the cassette can be read, and a response comes from it again.

    (Which error stands for framing that is none is not kept: a replay of it is a message that is cut off, or is whole.)
    """
    url = server.url + path
    live = _act(client, url, **options)
    with vcr.use_cassette(cassette_path) as cassette:
        assert _act(client, url, **options) == live
    server.close()
    assert os.path.exists(cassette_path) is bool(cassette)
    assert cassette or isinstance(live, type)
    if cassette:
        with vcr.use_cassette(cassette_path, record_mode="none") as cassette:
            replayed = _act(client, url, **options)
        assert replayed == live or isinstance(live, type)
        assert cassette.all_played
    return live


@pytest.mark.parametrize("raw", RESPONSES.values(), ids=RESPONSES)
def test_what_no_honest_server_sends(raw, client, server, cassette_path, caplog):
    def handler(exchange):
        exchange.hang_up()
        exchange.send(raw)

    server.route("/raw", handler)
    _alike(client, server, "/raw", cassette_path)
    caplog.clear()  # urllib3 logs what it cannot read, with a traceback that holds its sockets


@pytest.mark.parametrize("unit", [b"x", b"X-One: 1\r\n", b" folded\r\n"])
def test_headers_without_end(unit, client, server, cassette_path):
    """The server goes on until its client hangs up: it is the client that has a limit, and keeps it."""
    if client.name == "aiohttp" and aiohttp.VERSION < (3, 14) and unit.endswith(b"\n"):
        pytest.skip("without a cassette too, it goes on for as long as the server does")

    def handler(exchange):
        exchange.hang_up()
        exchange.send(OK + b"X-First: ")
        while True:
            exchange.send(unit * 1_000)

    server.route("/endless", handler)
    assert isinstance(_alike(client, server, "/endless", cassette_path), type)


@pytest.mark.parametrize("raw", [OK + SHORT, CHUNKED + b"2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n"], ids=["length", "chunks"])
def test_a_response_that_comes_byte_by_byte(raw, client, server, cassette_path):
    def handler(exchange):
        for byte in raw:
            exchange.send(bytes([byte]))

    server.route("/drip", handler)
    assert _alike(client, server, "/drip", cassette_path).body == b"ok"


STUCK = {
    "in the status": b"HTTP/1.1 2",
    "in the headers": OK + b"X-One: 1\r\nX-",
    "in the body": OK + b"Content-Length: 100\r\n\r\nonly this much",
    "in a chunk": CHUNKED + b"64\r\nhalf a chunk",
    "in the size of a chunk": CHUNKED + b"2\r\nok\r\n6",
    "in the trailers": CHUNKED + b"2\r\nok\r\n0\r\nX-",
}


@pytest.mark.parametrize("raw", STUCK.values(), ids=STUCK)
def test_a_response_that_stops_coming(raw, client, server, cassette_path):
    def handler(exchange):
        exchange.send(raw)
        exchange.server.closing.wait()

    def act():
        return _act(client, server.url + "/stuck", timeout=0.5)

    server.route("/stuck", handler)
    live = act()
    with vcr.use_cassette(cassette_path) as cassette:
        assert act() == live
    for response in cassette.responses:
        assert response["incomplete"] is True


@pytest.mark.parametrize("raw", STUCK.values(), ids=STUCK)
def test_a_reset_anywhere(raw, client, server, cassette_path):
    def handler(exchange):
        exchange.send(raw)
        exchange.reset()

    server.route("/resets", handler)

    def act():
        return _act(client, server.url + "/resets")

    live = act()
    with vcr.use_cassette(cassette_path) as cassette:
        assert act() == live
    for response in cassette.responses:
        assert response["incomplete"] is True


def test_a_body_of_many_megabytes(client, server, cassette_path):
    path = str(Path(cassette_path).with_suffix(".json"))
    live = _alike(client, server, f"/bytes/{8 * 2**20}", path)
    assert live.body == all_bytes(8 * 2**20)


def test_a_body_in_very_many_pieces(client, server, cassette_path):
    def handler(exchange):
        exchange.send(CHUNKED + b"1\r\nx\r\n" * 50_000 + LAST)

    server.route("/crumbs", handler)
    assert _alike(client, server, "/crumbs", cassette_path).body == b"x" * 50_000
    assert os.path.getsize(cassette_path) < 100_000


def test_a_body_that_inflates_is_kept_as_it_came(client, server, cassette_path):
    bomb = gzip.compress(bytes(8 * 2**20), mtime=0)

    def handler(exchange):
        exchange.respond(200, [("Content-Encoding", "gzip")], bomb)

    server.route("/bomb", handler)
    _alike(client, server, "/bomb", cassette_path)
    assert os.path.getsize(cassette_path) < 2 * len(bomb)
