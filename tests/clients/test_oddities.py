"""What servers really send and programs really do: odd, and still the same live, recording and replaying."""

from __future__ import annotations

import gzip
import http.client
import io
import re
import select
import sys
import zlib
from contextlib import closing

import pytest

import vcr
from tests.server import CHUNKS, TEXT
from vcr import patch

from .entries import Raised, body_of, having, outcome

# -- servers -----------------------------------------------------------------------------------------------------------

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
SHORT = b"Content-Length: 2\r\n\r\nok"

RESPONSES = {
    "no reason": b"HTTP/1.1 200 \r\n" + SHORT,
    "no reason and no space": b"HTTP/1.1 200\r\n" + SHORT,
    "a reason in latin-1": b"HTTP/1.1 200 caf\xe9\r\n" + SHORT,
    "an unknown status": b"HTTP/1.1 799 Odd\r\n" + SHORT,
    "a status of four digits": b"HTTP/1.1 2000 OK\r\n" + SHORT,
    "HTTP/1.0 with a length": b"HTTP/1.0 200 OK\r\n" + SHORT,
    "HTTP/1.0 with keep-alive": b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n" + SHORT,
    "HTTP/1.0 with chunks": CHUNKED.replace(b"1.1", b"1.0") + b"2\r\nok\r\n0\r\n\r\n",
    "HTTP/2": b"HTTP/2 200 OK\r\n" + SHORT,
    "another protocol": b"ICY 200 OK\r\n" + SHORT,
    "an empty line first": b"\r\n" + OK + SHORT,
    "two 100s first": b"HTTP/1.1 100 Continue\r\n\r\n" * 2 + OK + SHORT,
    "no headers at all": OK + b"\r\nok",
    "bare line feeds": b"HTTP/1.1 200 OK\nContent-Length: 2\nX-One: 1\n\nok",
    "no space after the colon": OK + b"X-One:1\r\n" + SHORT,
    "space before values": OK + b"X-One: \t 1\r\n" + SHORT,
    "space after values": OK + b"X-One: 1 \t\r\nContent-Length: 2  \r\n\r\nok",
    "a folded header": OK + b"X-One: 1,\r\n 2,\r\n\t3\r\n" + SHORT,
    "a colon in a value": OK + b"X-Time: 12:34:56\r\n" + SHORT,
    "a line without a colon": OK + b"X-One: 1\r\nnonsense\r\n" + SHORT,
    "a header longer than allowed": OK + b"X-Long: " + b"x" * 70_000 + b"\r\n" + SHORT,
    "more headers than allowed": OK + b"X-One: 1\r\n" * 101 + SHORT,
    "a cut head": OK + b"Content-Le",
    "a length that is none": OK + b"Content-Length: two\r\n\r\nok",
    "a list of lengths": OK + b"Content-Length: 2, 2\r\n\r\nok",
    "a length with a sign": OK + b"Content-Length: +2\r\n\r\nok",
    "a length given twice": OK + b"Content-Length: 2\r\n" + SHORT,
    "a length too small": OK + SHORT + b" and more",
    "a body where none may be": b"HTTP/1.1 204 No Content\r\n" + SHORT,
    "a length and chunks": OK + b"Content-Length: 9\r\n" + CHUNKED[len(OK) :] + b"2\r\nok\r\n0\r\n\r\n",
    "chunks in capitals": CHUNKED.upper() + b"00A\r\n0123456789\r\n000\r\n\r\n",
    "chunks with extensions": CHUNKED + b"2;a=b\r\nok\r\n0;c\r\n\r\n",
    "chunks with space": CHUNKED + b"2 \r\nok\r\n0 \r\n\r\n",
    "chunks of another coding": CHUNKED.replace(b"chunked", b"gzip, chunked") + b"2\r\nok\r\n0\r\n\r\n",
    "chunks without the last": CHUNKED + b"2\r\nok\r\n",
    "no chunks but the last": CHUNKED + b"0\r\n\r\n",
    "a chunk of no size": CHUNKED + b"2\r\nok\r\nnonsense\r\n",
    "an empty body that claims gzip": OK + b"Content-Encoding: gzip\r\nContent-Length: 0\r\n\r\n",
    "a cut gzip": OK + b"Content-Encoding: gzip\r\nContent-Length: 99\r\n\r\n" + gzip.compress(TEXT)[:30],
    "deflate without its wrapper": OK + b"Content-Encoding: deflate\r\n\r\n" + zlib.compress(TEXT)[2:-4],
    "a coding nobody knows": OK + b"Content-Encoding: rot13\r\nContent-Length: 2\r\n\r\nbx",
    "an empty coding": OK + b"Content-Encoding: \r\n" + SHORT,
}


def _serve(server, raw):
    def handler(exchange):
        exchange.hang_up()
        exchange.send(raw)

    server.route("/raw", handler)


@pytest.mark.parametrize("raw", RESPONSES.values(), ids=RESPONSES)
def test_an_odd_response_is_taken_the_same_way(raw, client, server, cassette_path):
    if "chancy" in client.can and raw is RESPONSES["a header longer than allowed"]:
        pytest.skip("without a cassette too, it depends on how the bytes arrive")
    _serve(server, raw)

    def act():
        with client() as session:
            result = outcome(lambda: session.get(server.url + "/raw"))
        return result.kind if isinstance(result, Raised) else result

    live = act()
    with vcr.use_cassette(cassette_path) as cassette:
        assert act() == live
    server.close()
    assert len(cassette) or isinstance(live, type)
    if len(cassette):
        with vcr.use_cassette(cassette_path, record_mode="none"):
            assert act() == live


@pytest.mark.parametrize("field", [b"Content-Length: 9", b"Transfer-Encoding: chunked"])
def test_the_head_of_a_body_that_does_not_follow(field, server, alike):
    _serve(server, b"HTTP/1.1 200 OK\r\n" + field + b"\r\n\r\n")
    seen = alike(server, lambda session: session.fetch("HEAD", server.url + "/raw"))
    assert seen.outcome.body == b""
    assert "incomplete" not in seen.cassette.responses[0]


@having("keep-alive")
def test_one_connection_carries_every_kind_of_response(server, alike):
    exchanges = [
        ("HEAD", "/text"),
        ("GET", "/status/204"),
        ("GET", "/chunked"),
        ("GET", "/status/304"),
        ("POST", "/echo"),
        ("GET", "/trailers"),
        ("GET", "/interim/100"),
        ("GET", "/bytes/0"),
        ("GET", "/bytes/100000"),
        ("GET", "/text"),
    ]
    seen = alike(server, lambda session: [session.fetch(method, server.url + path) for method, path in exchanges])
    assert seen.outcome[-1].body == TEXT


def test_an_interim_response_that_the_final_one_is_long_in_following(server, cassette_path):
    """http.client passes over 100 only, and takes any other 1xx for the response: the cassette has what it shows."""

    class Released(http.client.HTTPResponse):
        def _read_status(self):
            status = super()._read_status()
            server.release()  # now, and not before
            return status

    def early(exchange):
        exchange.head(103, [("Link", "</style.css>; rel=preload")])
        exchange.server.await_release()
        exchange.text("final")

    server.route("/early", early)
    with (
        vcr.use_cassette(cassette_path) as cassette,
        closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)) as connection,
    ):
        connection.response_class = Released
        connection.request("GET", "/early")
        connection.getresponse().read()
    assert [(response["status"]["code"], body_of(response)) for response in cassette.responses] == [(103, b"")]


@having("keep-alive")
def test_a_connection_that_the_server_has_dropped_meanwhile(client, server, cassette_path):
    def drops(exchange):
        exchange.text("and gone")  # without a word of it
        exchange.hang_up()

    def act():
        with client() as session:
            session.get(server.url + "/drops")
            server.join()
            return outcome(lambda: session.get(server.url + "/text"))

    server.route("/drops", drops)
    live = act()
    with vcr.use_cassette(cassette_path):
        assert act() == live


def test_a_reset_in_the_middle_leaves_what_had_come(server, cassette_path):
    def resets(exchange):
        exchange.head(200, [("Content-Length", "100")])
        exchange.send(b"only this much")
        exchange.server.await_release()
        exchange.reset()

    server.route("/resets", resets)
    with vcr.use_cassette(cassette_path, record_errors=True) as cassette:
        connection = http.client.HTTPConnection("127.0.0.1", server.port)
        connection.request("GET", "/resets")
        response = connection.getresponse()
        assert response.read(14) == b"only this much"
        server.release()
        with pytest.raises(ConnectionResetError):
            response.read()
        connection.close()
    (recorded,) = cassette.responses
    assert recorded["incomplete"] is True
    assert body_of(recorded) == b"only this much"


# -- programs ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "target", ["//two//slashes", "/a;b=c?d=e&d=f&g", "/%7Euser/%2F?q=%20+%C3%A9", "/?", "/a?b?c", "/a:b@c"]
)
def test_the_recorded_uri_is_the_target_as_it_was_sent(target, server, cassette_path):
    with vcr.use_cassette(cassette_path) as cassette:
        connection = http.client.HTTPConnection("127.0.0.1", server.port)
        connection.request("GET", target)
        connection.getresponse().read()
        connection.close()
    assert server.requests[0].target == target
    assert cassette.requests[0].uri == server.url + target


@pytest.mark.parametrize("path", ["/text", "/chunked", "/close", "/until-close", "/status/204", "/status/304"])
def test_the_response_object_shows_the_same_of_itself(path, server, cassette_path):
    def state(connection, response):
        framing = response.chunked, response.length, response.will_close
        return *framing, response.isclosed(), response.closed, connection.sock is None

    def act():
        connection = http.client.HTTPConnection("127.0.0.1", server.port)
        connection.request("GET", path)
        response = connection.getresponse()
        states = [state(connection, response)]
        response.read()
        states.append(state(connection, response))
        response.close()
        states.append(state(connection, response))
        connection.close()
        return [*states, state(connection, response), response.getheaders(), str(response.msg)]

    live = act()
    with vcr.use_cassette(cassette_path):
        assert act() == live
    server.close()
    with vcr.use_cassette(cassette_path, record_mode="none"):
        assert act() == live


def test_a_response_of_requests_shows_the_same_of_itself(server, cassette_path):
    requests = pytest.importorskip("requests")

    def act():
        with requests.Session() as session:
            response = session.get(server.url + "/redirect/2", headers={"X-One": "1"})
            hops = [(hop.status_code, hop.url, hop.next and hop.next.url) for hop in response.history]
            sent = response.request.method, response.request.url, dict(response.request.headers)
        return hops, sent, response.url, response.encoding, response.is_redirect, response.ok, response.text

    live = act()
    with vcr.use_cassette(cassette_path):
        assert act() == live
    server.close()
    with vcr.use_cassette(cassette_path, record_mode="none"):
        assert act() == live


def _asks_twice(connection):
    connection.request("GET", "/text")
    connection.request("GET", "/text")


def _reads_before_asking(connection):
    connection.getresponse()


def _asks_again_before_reading(connection):
    connection.request("GET", "/text")
    connection.getresponse()
    connection.request("GET", "/text")


def _closes_before_reading(connection):
    connection.request("GET", "/text")
    connection.close()
    connection.getresponse()


def _reads_after_closing(connection):
    connection.request("GET", "/text")
    response = connection.getresponse()
    connection.close()
    return response.read()


def _sends_nothing_valid(connection):
    connection.request("GET", "/with space")


def _forbids_to_connect(connection):
    connection.auto_open = 0
    try:
        connection.request("GET", "/text")
    finally:
        connection.auto_open = 1


@pytest.mark.parametrize(
    "misuse",
    [
        _asks_twice,
        _reads_before_asking,
        _asks_again_before_reading,
        _closes_before_reading,
        _reads_after_closing,
        _sends_nothing_valid,
        _forbids_to_connect,
    ],
)
def test_misusing_a_connection_has_the_same_consequence(misuse, server, cassette_path):
    def act():
        connection = http.client.HTTPConnection("127.0.0.1", server.port)
        consequence = outcome(lambda: misuse(connection))
        connection.close()
        connection.request("GET", "/chunked")
        body = connection.getresponse().read()
        connection.close()
        return consequence, body

    live = act()
    assert live[1] == b"".join(CHUNKS)
    with vcr.use_cassette(cassette_path):
        assert act() == live
    with vcr.use_cassette(cassette_path, record_mode="new_episodes"):
        assert act() == live


class UnluckyError(Exception):
    """What goes wrong in a program of the user's."""


def test_a_request_body_that_fails_while_it_is_made(client, server, cassette_path):
    def body():
        yield b"one"
        raise UnluckyError

    def act():
        with client() as session:
            return outcome(lambda: session.fetch("POST", server.url + "/echo", body=body()))

    live = act()
    # Some wrap it; libcurl only knows that it happened.
    assert live.kind is UnluckyError or re.search("UnluckyError|Failed to send bytes|aborted by callback", live.text)
    with vcr.use_cassette(cassette_path) as cassette:
        assert act() == live
    assert len(cassette) == 0


@pytest.mark.parametrize("form", [lambda: b"last", lambda: io.BytesIO(b"last"), lambda: iter([b"la", b"st"])])
def test_a_body_sent_piece_by_piece_by_hand(form, server, cassette_path):
    def act():
        with closing(http.client.HTTPConnection("127.0.0.1", server.port)) as connection:
            connection.putrequest("POST", "/echo")
            connection.putheader("Content-Length", "9")
            connection.endheaders()
            connection.send(b"first")
            connection.send(form())
            return connection.getresponse().read()

    live = act()
    with vcr.use_cassette(cassette_path) as cassette:
        assert act() == live
    assert server.requests[1].raw == server.requests[0].raw
    assert cassette.requests[0].body == b"firstlast"
    server.close()
    with vcr.use_cassette(cassette_path, record_mode="none"):
        assert act() == live


def test_the_methods_that_a_subclass_overrides_are_called_as_ever(server, cassette_path):
    calls = []

    class Noting(http.client.HTTPConnection):
        def putrequest(self, *args, **kwargs):
            calls.append("putrequest")
            super().putrequest(*args, **kwargs)

        def putheader(self, name, *values):
            calls.append(name)
            super().putheader(name, *values)

        def send(self, data):
            calls.append(len(data))
            super().send(data)

        def getresponse(self):
            calls.append("getresponse")
            return super().getresponse()

    def act():
        calls.clear()
        connection = Noting("127.0.0.1", server.port)
        connection.request("POST", "/echo", b"content", {"X-One": "1"})
        connection.getresponse().read()
        connection.close()
        return list(calls)

    live = act()
    with vcr.use_cassette(cassette_path):
        assert act() == live
    with vcr.use_cassette(cassette_path, record_mode="none"):
        assert act() == live


class Proxy:
    """A module behind an object that hands on its attributes, as plugins put it in the module's place."""

    def __init__(self, module):
        self.module = module

    def __getattr__(self, name):
        return getattr(self.module, name)


def test_a_client_behind_a_proxy_of_its_module_is_recorded(server, monkeypatch, alike):
    monkeypatch.setattr(patch, "_patched", {})
    for place in patch._places():
        if place.module in sys.modules:
            monkeypatch.setitem(sys.modules, place.module, Proxy(sys.modules[place.module]))
    assert alike(server, lambda session: session.get(server.url + "/text").body).outcome == TEXT


def test_a_response_can_be_polled(server, cassette_path):
    """Programs wait for the next event with select."""
    for mode in ("once", "none"):
        with (
            vcr.use_cassette(cassette_path, record_mode=mode),
            closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)) as connection,
        ):
            connection.request("GET", "/sse/until-close")
            response = connection.getresponse()
            server.release(5)
            with response:
                assert select.select([response], [], [], 20)[0] == [response]
