"""``vcr serve``: what a client of any language gets from a cassette, and what is recorded through the server."""

from __future__ import annotations

import json
import socket
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.cli.conftest import get
from tests.cli.served import Wire, ask, served
from tests.server import EVENTS, Exchange, all_bytes
from vcr._http.failure import Failure
from vcr.cli.serve import conversation, incoming
from vcr.cli.serve.origins import Origins
from vcr.errors import CannotOverwriteExistingCassetteException
from vcr.request import Request
from vcr.response import Response

ROUTES = [
    ("GET", "/text"),
    ("GET", "/counter"),
    ("GET", "/json?a=1&b=%20&c"),
    ("GET", "/bytes/300000"),
    ("HEAD", "/bytes/300000"),
    ("GET", "/status/204"),
    ("GET", "/status/304"),
    ("GET", "/status/503"),
    ("GET", "/reason"),
    ("GET", "/headers"),
    ("GET", "/headers/interleaved"),
    ("GET", "/redirect/2"),
    ("GET", "/gzip"),
    ("GET", "/chunked"),
    ("GET", "/trailers"),
    ("GET", "/until-close/1.1"),
    ("GET", "/until-close/1.0"),
    ("GET", "/close"),
    ("GET", "/cut/length"),
    ("GET", "/cut/chunk"),
    ("GET", "/cut/between-chunks"),
]


def test_what_is_recorded_through_it_comes_back_byte_for_byte_with_the_server_gone(server, cassette_path):
    with served(cassette_path, upstream=server.url, record_mode="new_episodes") as recording:
        live = {route: ask(recording.port, route[1], method=route[0]) for route in ROUTES}
    assert recording.counts["recorded"] == server.hits == len(ROUTES)
    direct = {route: ask(server.port, route[1], method=route[0]) for route in ROUTES if route[1] != "/counter"}
    server.close()
    hits = server.hits
    with served(cassette_path) as replaying:
        replayed = {route: ask(replaying.port, route[1], method=route[0]) for route in ROUTES}
        assert replaying.cassette.all_played

    assert replayed == live
    assert {route: live[route] for route in direct} == direct
    assert live["GET", "/counter"].endswith(b"\r\n\r\n2")
    assert server.hits == hits
    assert f"GET {server.url}/text 200 recorded" in recording.told
    assert f"GET {server.url}/text 200 played" in replaying.told
    assert f"GET {server.url}/cut/chunk 200 recorded, broke off" in recording.told


def test_the_server_gets_the_request_as_the_client_made_it(server, cassette_path):
    fields = ["x-Odd-CASE: a", "X-Twice: 1", "Connection: x-hop", "X-Hop: no", "X-Twice: 2", "Proxy-Authorization: no"]
    with served(cassette_path, upstream=server.url, record_mode="once") as recording:
        ask(recording.port, "/echo?q=a%2Fb&&c", *fields, method="PATCH", body=b"\x00\xff")
        (kept,) = recording.cassette.requests

    (received,) = server.requests
    assert (received.method, received.target, received.body) == ("PATCH", "/echo?q=a%2Fb&&c", b"\x00\xff")
    sent = [("x-Odd-CASE", "a"), ("X-Twice", "1"), ("X-Twice", "2"), ("Content-Length", "2")]
    assert received.headers == [("Host", f"127.0.0.1:{server.port}"), *sent]
    assert (kept.uri, kept.headers.pairs(), kept.body) == (f"{server.url}/echo?q=a%2Fb&&c", sent, b"\x00\xff")


def test_an_event_stream_arrives_as_it_is_sent_and_is_kept_in_pieces(server, cassette_path):
    with served(cassette_path, upstream=server.url, record_mode="once") as recording, Wire(recording.port) as wire:
        wire.send(b"GET /sse HTTP/1.1\r\nHost: a\r\n\r\n")
        server.release()
        first = wire.until(EVENTS[0] + b"\r\n")  # before the second is sent
        server.release(len(EVENTS) - 1)
        live = first + wire.until(b"0\r\n\r\n")
    with served(cassette_path) as replaying:
        assert ask(replaying.port, "/sse") == live
        assert replaying.cassette.responses[0]["body"]["chunks"] == f"{len(EVENTS[0])}*{len(EVENTS)}"


def test_a_client_that_leaves_in_the_middle_is_noticed_and_what_came_is_kept(server, cassette_path):
    with served(cassette_path, upstream=server.url, record_mode="once") as recording, Wire(recording.port) as wire:
        wire.send(b"GET /endless/event-stream HTTP/1.1\r\nHost: a\r\n\r\n")
        server.release()
        wire.until(b"piece 1\n\r\n")
        wire.sock.close()
        assert recording.told.await_lines(1) == [f"GET {server.url}/endless/event-stream 200 recorded, client left"]
    with served(cassette_path) as replaying:
        assert ask(replaying.port, "/endless/event-stream").endswith(b"8\r\npiece 1\n\r\n")


def test_a_message_that_ends_is_read_to_its_end_though_the_client_has_left(server, cassette_path):
    def half(exchange: Exchange) -> None:
        exchange.head(200, [("Content-Length", "8")])
        exchange.send(b"half")
        server.await_release()
        exchange.send(b"more")

    server.route("/half", half)
    with served(cassette_path, upstream=server.url, record_mode="once") as recording, Wire(recording.port) as wire:
        wire.send(b"GET /half HTTP/1.1\r\nHost: a\r\n\r\n")
        wire.until(b"half")
        wire.sock.close()
        server.release()
        assert recording.told.await_lines(1) == [f"GET {server.url}/half 200 recorded, client left"]
    with served(cassette_path) as replaying:
        assert ask(replaying.port, "/half").endswith(b"\r\n\r\nhalfmore")


def test_what_a_client_sends_while_a_response_is_on_its_way_waits_its_turn(server, cassette_path):
    body = b"x" * 400_000  # more than is taken in ahead
    with served(cassette_path, upstream=server.url, record_mode="once") as recording, Wire(recording.port) as wire:
        wire.send(b"GET /sse HTTP/1.1\r\nHost: a\r\n\r\n")
        server.release()
        wire.until(EVENTS[0] + b"\r\n")
        with ThreadPoolExecutor(1) as pool:
            sending = pool.submit(wire.send, b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 400000\r\n\r\n" + body)
            server.release(len(EVENTS) - 1)
            wire.until(b"0\r\n\r\n")
            assert b" 200 OK" in wire.until(b"\r\n\r\n")
            sending.result()
        assert [len(request.body) for request in server.requests] == [0, len(body)]


def test_a_host_that_is_ignored_passes_by(server, cassette_path):
    with served(cassette_path, upstream=server.url, ignore_hosts=["127.0.0.1"]) as passing:
        assert ask(passing.port, "/chunked") == ask(server.port, "/chunked", "Connection: close")
        assert passing.told.await_lines(1)[0].startswith(f"GET {server.url}/chunked - passed by")
        assert len(passing.cassette) == 0


def test_a_connection_is_kept_and_requests_may_be_sent_ahead(server, cassette_path):
    paths = ["/text", "/counter", "/chunked", "/status/204", "/counter"]
    ahead = b"".join(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode() for path in paths)
    last = b"GET /close HTTP/1.1\r\nHost: a\r\n\r\n"

    def together(port: int) -> bytes:
        with Wire(port) as wire:
            wire.send(ahead + last)
            return wire.rest()

    with served(cassette_path, upstream=server.url, record_mode="once") as recording:
        live = together(recording.port)
    with served(cassette_path) as replaying:
        assert together(replaying.port) == live
        with Wire(replaying.port) as wire:
            refused = [wire.get("/text"), wire.get("/text")]
    assert live.startswith(b"HTTP/1.1 200 OK")
    assert live.count(b"HTTP/1.1") == len(paths) + 1
    assert [answer[:12] for answer in refused] == [b"HTTP/1.1 501"] * 2


def test_a_client_that_waits_for_100_continue_is_told_to_go_on(server, cassette_path):
    with served(cassette_path, upstream=server.url, record_mode="once") as recording, Wire(recording.port) as wire:
        wire.send(b"POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n")
        assert wire.until(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        wire.send(b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
        assert json.loads(wire.response().partition(b"\r\n\r\n")[2])["body"] == "abcde"
        assert recording.cassette.requests[0].body == b"abcde"


def test_a_big_body_goes_both_ways(server, cassette_path):
    size = 3_000_000
    server.route("/double", lambda exchange: exchange.respond(200, [], exchange.request.body * 2))
    with served(cassette_path, upstream=server.url, record_mode="once") as recording:
        live = ask(recording.port, "/double", method="PUT", body=all_bytes(size))
    with served(cassette_path, match_on=["method", "path", "body"]) as replaying:
        assert ask(replaying.port, "/double", method="PUT", body=all_bytes(size)) == live
    assert len(live) > 2 * size


def test_a_replay_that_the_client_has_not_taken_can_be_played_again(write):
    size = 20_000_000  # more than the buffers between the two
    path = write("big.json", get("/big", {"Content-Length": str(size)}, b"x" * size))
    with served(path) as replaying:
        with Wire(replaying.port) as wire:
            wire.send(b"GET /big HTTP/1.1\r\nHost: a\r\n\r\n")
            wire.exactly(1000)
        assert replaying.told.await_lines(1) == ["GET http://api.example/big 200 played, client left"]
        assert replaying.cassette.play_count == 0
        assert len(ask(replaying.port, "/big")) > size
        assert replaying.cassette.play_count == 1


def test_a_response_arrives_whole_though_the_client_still_sends(write):
    body = b"x" * 1_000_000
    path = write("close.yaml", get("/", {"Connection": "close"}, body))
    with served(path) as server, Wire(server.port, buffer=4096) as wire:
        wire.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" + b"GET /never HTTP/1.1\r\n" * 5000)
        assert wire.rest().partition(b"\r\n\r\n")[2] == body


def test_several_clients_at_once(server, cassette_path):
    paths = [f"/bytes/{size}" for size in range(1000, 1030)]
    with served(cassette_path, upstream=server.url, record_mode="once") as recording, ThreadPoolExecutor(10) as pool:
        live = list(pool.map(lambda path: ask(recording.port, path), paths))
    with served(cassette_path) as replaying, ThreadPoolExecutor(10) as pool:
        assert list(pool.map(lambda path: ask(replaying.port, path), reversed(paths))) == live[::-1]
    assert [len(body.partition(b"\r\n\r\n")[2]) for body in live] == [*range(1000, 1030)]


def test_a_client_that_leaves_in_the_middle_of_its_request_is_nobodys_error(there):
    for part in (b"", b"GET /the", b"POST /there HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhal"):
        with Wire(there.port) as wire:
            wire.send(part)
            wire.sock.shutdown(socket.SHUT_WR)
            assert wire.rest() == b""
    assert there.told == []


def test_a_head_that_announces_another_one_is_the_last_of_its_connection(write):
    request, hint = get("/hint", {"Link": "</a>"}, status=103)
    with served(write("hint.yaml", (request, hint))) as server, Wire(server.port) as wire:
        wire.send(b"GET /hint HTTP/1.1\r\nHost: a\r\n\r\n")
        assert wire.rest() == b"HTTP/1.1 103 OK\r\nLink: </a>\r\n\r\n"


def test_a_client_of_http_1_0_gets_no_chunks(server, cassette_path):
    with served(cassette_path, upstream=server.url, record_mode="once") as recording:
        chunked = ask(recording.port, "/chunked")
    with served(cassette_path) as replaying, Wire(replaying.port) as wire:
        wire.send(b"GET /chunked HTTP/1.0\r\n\r\n")
        head, _, body = wire.rest().partition(b"\r\n\r\n")
    assert b"chunked" in chunked
    assert b"chunked" not in head
    assert body == b"onefourteen bytes" + b"\x00\xff" * 600 + b"x"


# -- what is refused ---------------------------------------------------------------------------------------------------


def parts(response: bytes) -> tuple[str, bytes]:
    """The head of a response, and its body."""
    head, _, body = response.partition(b"\r\n\r\n")
    return head.decode("latin-1"), body


def test_what_is_not_recorded_is_refused_with_the_text_that_a_program_gets(write):
    path = write("one.yaml", get("/there", {"Content-Length": "2"}, b"ok"))
    with served(path) as server, Wire(server.port) as wire:
        head, body = parts(wire.get("/their?token=x"))
        in_json = parts(wire.get("/their", "Accept: text/html, application/json"))
        of_head = parts(wire.get("/their", method="HEAD"))
        assert parts(wire.get("/there"))[1] == b"ok"  # the connection goes on
        refused = server.cassette.refused
        with pytest.raises(CannotOverwriteExistingCassetteException) as told:
            server.cassette.begin(Request("GET", "http://api.example/their?token=x"))

    assert head.startswith("HTTP/1.1 501 Not Implemented\r\nContent-Type: text/plain; charset=utf-8\r\n")
    assert "X-VCR-Error: no_match" in head
    assert "path differs: '/their' != '/there'" in body.decode()
    # (Between the two the recorded request was played.)
    assert body.decode().replace("0 of them played, 1 not", "1 of them played, 0 not") == str(told.value) + "\n"
    assert "Content-Type: application/json" in in_json[0]
    assert json.loads(in_json[1])["error"] == "no_match"
    assert of_head[1] == b""
    assert len(refused) == 4
    assert server.counts["refused"] == 3


def test_secrets_are_not_told(write):
    path = write("one.yaml", get("/there"))
    with served(path, filter_sensitive_data={"<TOKEN>": "s3cret"}) as server:
        answer = ask(server.port, "/their?token=s3cret")
    assert b"s3cret" not in answer
    assert server.told == ["GET http://api.example/their?token=<TOKEN> 501 refused"]


HEAD = b"POST /there HTTP/1.1\r\nHost: a\r\n"
SMUGGLED = b"GET /there HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400),
        (HEAD + b"Content-Length: 0\r\nContent-Length: 40\r\n\r\n", 400),
        (HEAD + b"Content-Length: +0\r\n\r\n", 400),
        (HEAD + b"Transfer-Encoding: gzip\r\n\r\n", 501),
        (HEAD + b"Transfer-Encoding : chunked\r\n\r\n", 400),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (b"POST /there HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST /there HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"POST /there HTTP/1.1\r\n\r\n", 400),
        (HEAD + b"Cookie: " + b"x" * 200_000, 431),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (b"hello\r\n\r\n", 400),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
        (b"GET /there HTTP/3.0\r\nHost: a\r\n\r\n", 505),
    ],
)
def test_what_is_no_request_or_could_be_read_as_two_is_not_answered_from_the_cassette(there, sent, status):
    before = list(there.cassette.sent)
    with Wire(there.port) as wire:
        wire.send(sent + SMUGGLED)
        answer = wire.rest()  # the connection ends: nobody reads what stands behind
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert answer.count(b"HTTP/1.1 ") == 1
    assert list(there.cassette.sent) == before
    assert b" 200 " in ask(there.port, "/there")  # others are served


@pytest.fixture
def there(write):
    """A server that holds ``/there``, as often as it is asked for."""
    path = write("one.yaml", get("/there", {"Content-Length": "2"}, b"ok"))
    with served(path, allow_playback_repeats=True) as server:
        yield server


def test_a_body_has_a_limit(there, monkeypatch):
    monkeypatch.setattr(incoming, "MAX_BODY", 1000)
    assert ask(there.port, "/there", method="POST", body=b"x" * 5000).startswith(b"HTTP/1.1 413 ")


def test_web_sockets_and_proxies_are_told_what_they_are_refused_for(there):
    upgrade = ask(there.port, "/there", "Upgrade: websocket", "Connection: Upgrade")
    assert b"501" in upgrade
    assert b"WebSockets are neither recorded nor replayed" in upgrade
    assert b" 200 " in ask(there.port, "/there", "Upgrade: h2c", "Connection: Upgrade, HTTP2-Settings")
    assert b"this server is no proxy: start it with `vcr serve --proxy`" in ask(there.port, "a:443", method="CONNECT")
    for target in ("there", "ftp://a/there", "http://a:b/"):
        assert ask(there.port, target).startswith(b"HTTP/1.1 400 "), target


# -- which server is meant ---------------------------------------------------------------------------------------------


def two_servers(write):
    pairs = [
        (Request("GET", f"{origin}/who?x"), Response.of(200, "OK", {"Content-Length": "1"}, body))
        for origin, body in (("https://one.example", b"1"), ("http://two.example:81", b"2"))
    ]
    return write("two.yaml", *pairs)


def test_of_several_servers_host_or_path_says_which_is_meant(write):
    with served(two_servers(write), allow_playback_repeats=True) as server:

        def body(path: str, host: str = "127.0.0.1") -> bytes:
            return parts(ask(server.port, path, host=host))[1]

        assert body("/who?x", host="one.example") == b"1"
        assert body("/who?x", host="TWO.example:81") == b"2"
        assert body("/one.example/who?x") == b"1"
        assert body("/two.example:81/who?x") == b"2"
        assert body("http://two.example:81/who?x") == b"2"
        assert b"holds 2 servers (https://one.example, http://two.example:81)" in body("/who?x")
        assert b"  GET https://one.example/\n" in body("/one.example")
    with served(two_servers(write), base="http://two.example:81") as server:
        assert parts(ask(server.port, "/who?x"))[1] == b"2"


def test_what_is_recorded_may_bear_another_name_than_where_it_was_asked(server, cassette_path):
    with served(
        cassette_path, base="https://api.example/v1", upstream=f"{server.url}/echo", record_mode="once"
    ) as recording:
        answer = ask(recording.port, "/users?a=1")
        assert recording.cassette.requests[0].uri == "https://api.example/v1/users?a=1"
    assert json.loads(parts(answer)[1])["target"] == "/echo/users?a=1"
    with served(cassette_path) as replaying:
        assert ask(replaying.port, "/v1/users?a=1") == answer


def test_a_name_that_only_begins_like_the_origin_is_another_server():
    origins = Origins([], "https://api.example", "http://127.0.0.1:9", is_proxy=True)
    assert origins.upstream_of("https://api.example/a?b").authority == "127.0.0.1:9"
    assert origins.upstream_of("https://api.example.evil/a").authority == "api.example.evil"


def test_what_is_no_uri_in_a_cassette_is_no_server(write):
    odd = [(Request("GET", uri), get("/")[1]) for uri in ("/relative", "mailto:a@b")]
    with served(write("odd.yaml", *odd, get("/there", {"Content-Length": "2"}, b"ok"))) as server:
        assert server.origins.names == ["http://api.example"]
        assert ask(server.port, "/there").endswith(b"ok")


# -- what fails --------------------------------------------------------------------------------------------------------


def test_an_exchange_that_fails_is_told_and_replayed(server, cassette_path):
    server.route("/garbage", lambda exchange: (exchange.send(b"no HTTP\r\n\r\n"), exchange.hang_up()))
    paths = ["/hang-up", "/reset", "/garbage"]
    with served(cassette_path, upstream=server.url, record_mode="new_episodes", record_errors=True) as recording:
        live = [ask(recording.port, path) for path in paths]
        server.close()
        live.append(ask(recording.port, "/gone"))
    with served(cassette_path) as replaying:
        replayed = [ask(replaying.port, path) for path in [*paths, "/gone"]]

    assert live[2] == b"no HTTP\r\n\r\n"
    assert replayed == [*live[:2], b"no HTTP\r\n", live[3]]  # the line on which a client stumbles
    assert b"HTTP/1.1 502 Bad Gateway" in live[0]
    assert b"the server gave no response: " in live[0]
    assert b"HTTP/1.1 502 Bad Gateway" in live[1]
    assert b"connecting to the server failed: Connection refused" in live[3]


def test_a_server_that_is_not_trusted_is_not_asked(tls_server, cassette_path):
    with served(cassette_path, upstream=tls_server.url, record_mode="once") as recording:
        answer = ask(recording.port, "/text")
    assert answer.startswith(b"HTTP/1.1 502 ")
    assert b"connecting to the server failed: " in answer
    assert tls_server.hits == 0


def test_a_failure_is_not_kept_without_record_errors(server, cassette_path):
    server.close()
    with served(cassette_path, upstream=server.url, record_mode="new_episodes") as recording:
        assert b" 502 " in ask(recording.port, "/text")
        assert len(recording.cassette) == 0


def test_what_was_reset_midway_or_cancelled_ends_so_again(write, monkeypatch):
    monkeypatch.setattr(conversation, "CANCEL_LIMIT", 0.2)
    request, whole = get("/cut", {"Content-Length": "9"}, b"only", incomplete=True)
    reset = Response.failed(Failure("response", "system", "ECONNRESET", "reset"), whole)
    cancelled = Response.failed(Failure("response", "cancelled", "", "cancelled"))
    path = write("failed.yaml", (request, reset), (Request("GET", "http://api.example/cancelled"), cancelled))
    with served(path) as server:
        with Wire(server.port) as wire:
            wire.send(b"GET /cut HTTP/1.1\r\nHost: a\r\n\r\n")
            wire.until(b"only")
            with pytest.raises(ConnectionResetError):
                wire.rest()
        assert ask(server.port, "/cancelled") == b""


def test_a_hook_that_raises_costs_that_request(write):
    path = write("one.yaml", get("/one", {"Content-Length": "1"}, b"1"))

    def hook(request: Request) -> Request:
        return request if request.path == "/one" else 1 / 0

    with served(path, before_record_request=hook) as server, Wire(server.port) as wire:
        assert b"\r\n\r\nZeroDivisionError: division by zero\n" in wire.get("/two")
        assert b" 200 " in wire.get("/one")


def test_a_hook_that_raises_while_it_records_is_told(server, cassette_path):
    with served(
        cassette_path, upstream=server.url, record_mode="once", before_record_response=lambda response: 1 / 0
    ) as recording:
        ask(recording.port, "/text")
        told = "- an error ended a connection: ZeroDivisionError: division by zero"
        assert recording.told.await_lines(1) == [told]


def test_a_cassette_that_is_broken_in_the_middle_costs_that_interaction(write):
    path = write("some.yaml", get("/one", {"Content-Length": "1"}, b"1"), get("/two"))
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("    headers: {}\n    status", "    headers: 5\n    status"), encoding="utf-8")
    with served(path) as server:
        assert b" 500 " in ask(server.port, "/two")
        assert ask(server.port, "/one").endswith(b"\r\n\r\n1")
