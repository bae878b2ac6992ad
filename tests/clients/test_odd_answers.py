"""Answers that are no common HTTP: with ``record_errors`` the replay shows what live has shown, an error or not."""

from __future__ import annotations

import pytest

import vcr

from .entries import having, outcome

pytestmark = having("nonsense")

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
TWO = b"Content-Length: 2\r\n"

ODD = {
    "a change of protocols that nobody asked for": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: foo\r\n\r\n",
    "hints before the final answer": b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + OK + TWO + b"\r\nok",
    "a status that does not exist": b"HTTP/1.1 999 Odd\r\n" + TWO + b"\r\nok",
    "chunks without a last line": CHUNKED + b"2\r\nok\r\n0\r\n",
    "chunks without the last chunk": CHUNKED + b"2\r\nok\r\n",
    "chunks that end in a bare line feed": CHUNKED + b"2\nok\n0\n\n",
    "a chunk that is longer than it says": CHUNKED + b"2\r\nokXX\r\n0\r\n\r\n",
    "a chunk whose size is no number": CHUNKED + b"two\r\nok\r\n0\r\n\r\n",
    "no HTTP": b"220 mail.example ready\r\n\r\n",
    "no HTTP and no end": b"220 mail.example ready\r\n220 to be continued\r\n",
    "no HTTP, with bare line feeds": b"To be,\nor not to be\n",
    "half a line of no HTTP": b"220 mail.example",
    "half a head": OK + b"Content-Len",
    "a length and chunks": OK + TWO + b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "two lengths": OK + TWO + b"Content-Length: 3\r\n\r\nok",
    "a length below nothing": OK + b"Content-Length: -2\r\n\r\nok",
    "a blank before the colon": OK + b"X-One : 1\r\n" + TWO + b"\r\nok",
    "a folded field": OK + b"X-One: 1\r\n 2\r\n" + TWO + b"\r\nok",
    "blank lines before the status": b"\r\n\r\n" + OK + TWO + b"\r\nok",
    "a blank line behind hints": b"HTTP/1.1 103 Early Hints\r\n\r\n\r\n" + OK + TWO + b"\r\nok",
}


@pytest.mark.parametrize("answer", ODD.values(), ids=ODD)
def test_an_odd_answer_is_the_same_on_replay(answer, client, server, cassette_path, lacks):
    def odd(exchange):
        exchange.hang_up()
        exchange.send(answer)

    def act():
        with client() as session:
            return outcome(lambda: session.get(server.url + "/odd"))

    server.route("/odd", odd)
    live = act()
    if answer == ODD["two lengths"] and "bytes missing" in getattr(live, "text", ""):
        lacks("libcurl up to 8.16 goes by the last of two lengths, the cassette by the first", "pycurl", "curl_cffi")
    if answer == ODD["half a line of no HTTP"]:
        clients = ("http", "urllib", "httplib2", "urllib3", "requests")
        lacks("the text of the replayed error ends in a line break", *clients)
    hits = server.hits
    for mode in ("once", "none"):
        with vcr.use_cassette(cassette_path, record_mode=mode, record_errors=True) as cassette:
            assert act() == live
    assert len(cassette) == hits
    assert cassette.all_played
    assert server.hits == 2 * hits
