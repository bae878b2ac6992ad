"""Header for header: what the client sets is recorded, what the server sends is replayed, in order and as often."""

from __future__ import annotations

import http.client

import pytest

import vcr
from vcr.request import Headers


def test_the_request_headers_recorded_are_those_the_client_set(client, server, cassette_path):
    with vcr.use_cassette(cassette_path) as cassette, client() as session:
        session.fetch("POST", server.url + "/echo", {"X-First": "1", "X-Second": "2"}, b"content")
    set_by_the_client = [pair for pair in server.requests[0].headers if pair[0].lower() not in client.automatic]
    assert cassette.requests[0].headers.pairs() == set_by_the_client


def test_what_the_program_sets_is_recorded_though_the_client_would_add_it(client, server, cassette_path):
    own = {"Accept": "*/*", "User-Agent": "own/1"}
    with vcr.use_cassette(cassette_path) as cassette, client() as session:
        session.fetch("POST", server.url + "/echo", own, b"content")
    recorded = cassette.requests[0].headers
    assert {name: recorded.get_all(name) for name in own} == {name: [value] for name, value in own.items()}


@pytest.mark.parametrize("is_older", [False, True])
def test_what_a_connection_adds_by_itself_is_not_recorded(is_older, server, cassette_path):
    # (One that was made before the cassette is found in the middle of its request.)
    made = http.client.HTTPConnection("127.0.0.1", server.port)
    with vcr.use_cassette(cassette_path) as cassette:
        connection = made if is_older else http.client.HTTPConnection("127.0.0.1", server.port)
        for body, headers in ((b"content", {"X-A": "1"}), (iter([b"content"]), {}), (b"7", {"content-length": "1"})):
            connection.request("POST", "/echo", body, headers=headers)
            connection.getresponse().read()
        connection.close()
        made.close()
    assert [request.headers.pairs() for request in cassette.requests] == [
        [("X-A", "1")],
        [],
        [("content-length", "1")],
    ]
    assert server.requests[0].get("Content-Length") == "7"


@pytest.mark.parametrize("chunked", [False, True])
def test_what_urllib3_adds_by_itself_is_not_recorded(chunked, server, cassette_path):
    urllib3 = pytest.importorskip("urllib3")
    if not issubclass(urllib3.connection.HTTPConnection, http.client.HTTPConnection):
        pytest.skip("urllib3-future is installed in its place")
    with urllib3.PoolManager() as pool:
        pool.request("POST", server.url + "/echo", body=b"first", chunked=chunked)
        with vcr.use_cassette(cassette_path) as cassette:
            pool.request("POST", server.url + "/echo", body=b"second", headers={"X-A": "1"}, chunked=chunked)
            pool.request("POST", server.url + "/echo", body=b"third", chunked=chunked)
    assert [request.headers.pairs() for request in cassette.requests] == [[("X-A", "1")], []]
    assert len({request.get("User-Agent") for request in server.requests}) == server.connections == 1


def test_a_host_that_the_client_sets_itself_is_recorded(server, cassette_path):
    with vcr.use_cassette(cassette_path) as cassette:
        connection = http.client.HTTPConnection("127.0.0.1", server.port)
        connection.request("GET", "/text", headers={"Host": "other.test", "Accept-Encoding": "identity"})
        connection.getresponse().read()
        connection.close()
    assert cassette.requests[0].headers.pairs() == [("Host", "other.test"), ("Accept-Encoding", "identity")]


def test_a_request_over_http_1_0_has_no_automatic_headers(server, cassette_path):
    class OldConnection(http.client.HTTPConnection):
        _http_vsn = 10
        _http_vsn_str = "HTTP/1.0"

    with vcr.use_cassette(cassette_path) as cassette:
        connection = OldConnection("127.0.0.1", server.port)
        connection.request("GET", "/text", headers={"X-First": "1"})
        connection.getresponse().read()
        connection.close()
    assert cassette.requests[0].headers.pairs() == [("X-First", "1")]


def test_a_request_header_given_twice_is_recorded_twice(server, cassette_path):
    def act():
        connection = http.client.HTTPConnection("127.0.0.1", server.port)
        connection.putrequest("GET", "/echo")
        for name, value in (("X-Tag", "1"), ("X-Other", "between"), ("X-Tag", "2")):
            connection.putheader(name, value)
        connection.endheaders()
        body = connection.getresponse().read()
        connection.close()
        return body

    with vcr.use_cassette(cassette_path):
        recorded = act()
    with vcr.use_cassette(cassette_path, record_mode="none") as cassette:
        assert act() == recorded
    # A cassette file groups the fields of a request by name.
    assert cassette.requests[0].headers.get_all("X-Tag") == ["1", "2"]
    fields = [("X-Tag", "1"), ("X-Other", "between"), ("X-Tag", "2")]
    assert server.requests[0].headers[-3:] == fields


def test_a_request_header_folded_over_several_lines_is_one_field(server, cassette_path):
    with vcr.use_cassette(cassette_path) as cassette:
        connection = http.client.HTTPConnection("127.0.0.1", server.port)
        connection.putrequest("GET", "/text")
        connection.putheader("X-List", "one", b"two", 3)
        connection.endheaders()
        connection.getresponse().read()
        connection.close()
    assert cassette.requests[0].headers.get_all("X-List") == ["one\r\n\ttwo\r\n\t3"]


def test_a_latin_1_request_header_keeps_its_bytes(client, server, alike):
    value = "caf\xe9"
    seen = alike(server, lambda session: session.get(server.url + "/text", {"X-Name": value}))
    sent = value.encode().decode("latin-1") if "utf-8" in client.can else value
    assert seen.received[0].get("X-Name") == sent
    assert seen.cassette.requests[0].headers["X-Name"] == sent


def test_response_headers_keep_their_case_order_number_and_bytes(server, alike):
    seen = alike(server, lambda session: session.get(server.url + "/headers"))
    recorded = Headers(seen.cassette.responses[0]["headers"]).pairs()
    assert recorded[1:6] == [
        ("set-COOKIE", "a=1; Path=/"),
        ("set-COOKIE", "b=2; Path=/"),
        ("X-Latin", "caf\xe9"),
        ("X-Utf8", "snow ☃".encode().decode("latin-1")),
        ("X-Empty", ""),
    ]


def test_response_headers_that_alternate_keep_their_order(server, alike):
    seen = alike(server, lambda session: session.get(server.url + "/headers/interleaved"))
    assert seen.cassette.responses[0]["headers"]["X-One"] == ["1", "3"]
