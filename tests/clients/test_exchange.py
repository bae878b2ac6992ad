"""One exchange after the other: what a client gets is the same live, recording and replaying."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

import vcr
from tests.server import PASSWORD, TEXT, USER

from .entries import having, outcome


@pytest.mark.parametrize(
    "path",
    [
        "/text",
        "/json",
        "/bytes/1000",
        "/reason",
        "/status/204",
        "/status/304",
        "/status/404",
        "/status/500",
        "/chunked",
        "/trailers",
        "/until-close/1.0",
        "/until-close/1.1",
        "/close",
        "/nowhere?a=1&a=2&b=%20%C3%A9",
    ],
)
def test_the_response_is_the_same(path, client, server, alike):
    if (client.name, path) == ("tornado", "/trailers"):
        pytest.skip("without a cassette too, it does not take a message with trailers")
    seen = alike(server, lambda session: session.get(server.url + path))
    (request,) = seen.cassette.requests
    assert (request.method, request.uri) == ("GET", server.url + path)
    assert seen.outcome.status == seen.cassette.responses[0]["status"]["code"]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_every_method_is_recorded_as_itself(method, server, alike):
    seen = alike(server, lambda session: session.fetch(method, server.url + "/echo", body=b"content"))
    assert json.loads(seen.outcome.body)["method"] == method
    assert (seen.cassette.requests[0].method, seen.cassette.requests[0].body) == (method, b"content")


def test_head_has_the_headers_of_a_body_that_does_not_come(server, alike):
    seen = alike(server, lambda session: session.fetch("HEAD", server.url + "/text"))
    assert seen.outcome.body == b""
    assert seen.outcome.get_all("Content-Length") == [str(len(TEXT))]


def test_the_replay_is_what_was_recorded(client, server, cassette_path):
    with vcr.use_cassette(cassette_path), client() as session:
        recorded = [session.get(server.url + "/counter").body for _ in range(3)]
    with vcr.use_cassette(cassette_path, record_mode="none") as cassette, client() as session:
        replayed = [session.get(server.url + "/counter").body for _ in range(3)]
    assert recorded == replayed == [b"1", b"2", b"3"]
    assert server.hits == 3
    assert cassette.all_played


@pytest.mark.parametrize("path", ["/gzip", "/chunked", "/redirect/2", "/text"])
def test_a_cassette_that_has_not_changed_is_the_same_each_time(path, client, server, cassette_path, monkeypatch):
    """It is read once only: what one replay does to a response, the next must not see."""

    def once():
        with client() as session:
            return outcome(lambda: session.get(server.url + path))

    with vcr.use_cassette(cassette_path):
        recorded = once()
    server.close()
    later = time.time_ns() + 10_000_000_000
    monkeypatch.setattr(time, "time_ns", lambda: later)  # the file was written long ago
    for _ in range(3):
        with vcr.use_cassette(cassette_path, record_mode="none") as cassette:
            assert once() == recorded
            assert cassette.all_played
            for request, response in zip(cassette.requests, cassette.responses, strict=True):
                request.uri, response["body"]["string"] = "http://changed.example/", b"changed"


def test_the_cassette_holds_the_exchange(client, server, cassette_path):
    with vcr.use_cassette(cassette_path) as cassette, client() as session:
        session.get(server.url + "/text")
    no_body = b"" if client.module.startswith("httpx") else None  # as VCR.py keeps it
    assert [(r.method, r.uri, r.body) for r in cassette.requests] == [("GET", server.url + "/text", no_body)]
    assert cassette.responses == [
        {
            "status": {"code": 200, "message": "OK"},
            "headers": {
                "Content-Type": ["text/plain; charset=utf-8"],
                "Content-Length": [str(len(TEXT))],
                **({"Connection": ["close"]} if client.name in ("urllib.request", "tornado") else {}),
            },
            "body": {"string": TEXT.decode()},
        }
    ]


@having("keep-alive")
def test_keep_alive_uses_one_connection_while_recording(server, alike):
    seen = alike(server, lambda session: [session.get(server.url + "/text") for _ in range(3)])
    assert seen.connections == 1


@having("keep-alive")
def test_a_server_that_closes_is_connected_to_again(server, alike):
    seen = alike(server, lambda session: [session.get(server.url + path) for path in ("/close", "/text")])
    assert seen.connections == 2


def test_a_100_before_the_response_is_passed_over(server, alike):
    seen = alike(server, lambda session: session.get(server.url + "/interim/100"))
    assert seen.outcome.body == b"final"


@having("redirects")
def test_each_redirect_is_an_interaction(server, alike):
    seen = alike(server, lambda session: session.get(server.url + "/redirect/3"))
    assert seen.outcome.body == TEXT
    paths = ["/redirect/3", "/redirect/2", "/redirect/1", "/text"]
    assert [request.uri for request in seen.cassette.requests] == [server.url + path for path in paths]


@having("redirects")
@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_redirected_post_becomes_what_the_client_makes_of_it(code, server, alike):
    seen = alike(server, lambda session: session.fetch("POST", f"{server.url}/redirect-as/{code}", body=b"content"))
    assert [(r.method, r.body or b"") for r in seen.cassette.requests] == [(r.method, r.body) for r in seen.received]


@having("cookies")
def test_cookies_are_kept_and_sent_back(server, alike):
    def act(session):
        session.get(server.url + "/cookies/set?a=1&b=2")
        return session.get(server.url + "/cookies")

    assert json.loads(alike(server, act).outcome.body) == {"a": "1", "b": "2"}


@having("basic")
def test_basic_authentication(server, alike):
    seen = alike(server, lambda session: session.get(server.url + "/basic-auth"), auth=(USER, PASSWORD))
    assert (seen.outcome.status, seen.outcome.body) == (200, b"welcome")


@having("digest")
def test_digest_authentication_answers_the_challenge(server, alike):
    seen = alike(
        server,
        lambda session: session.get(server.url + "/digest-auth"),
        auth=(USER, PASSWORD),
        digest=True,
        same_bytes=False,
    )
    assert (seen.outcome.status, seen.outcome.body) == (200, b"welcome")
    assert [response["status"]["code"] for response in seen.cassette.responses] == [401, 200]


@having("decodes")
@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_the_client_decodes_and_the_cassette_keeps_what_was_sent(coding, server, alike):
    seen = alike(server, lambda session: session.get(f"{server.url}/{coding}"))
    assert seen.outcome.body == TEXT
    assert seen.cassette.responses[0]["headers"]["Content-Encoding"] == [coding]
    assert seen.cassette.responses[0]["body"]["string"] != TEXT


@having("brotli")
def test_brotli_as_well(server, alike):
    pytest.importorskip("brotli")
    seen = alike(server, lambda session: session.get(server.url + "/br"))
    assert seen.outcome.body == TEXT
    assert seen.cassette.responses[0]["body"]["string"] != TEXT


#: What VCR.py 9.4 shows: httpx, tornado and niquests know the standard phrases, aiohttp and libcurl show nothing.
_DERIVING = ("httpx", "tornado", "niquests", "urllib3-future")
_EMPTY = ("aiohttp", "curl_cffi", "pycurl")


@pytest.mark.parametrize("status", ["{code: 404, message: null}", "{code: 404, message: ''}", "{code: 404}"])
def test_a_cassette_without_a_reason_phrase_shows_what_vcrpy_shows(status, client, cassette_path):
    Path(cassette_path).write_text(
        "interactions:\n"
        "- request: {method: GET, uri: 'http://h.example/', headers: {}, body: null}\n"
        f"  response: {{status: {status}, headers: {{Content-Length: ['2']}}, body: {{string: hi}}}}\n"
        "version: 1\n"
    )
    with vcr.use_cassette(cassette_path, record_mode="none"), client() as session:
        response = session.get("http://h.example/")
    expected = None if "''" not in status else ""
    if client.name.startswith(_DERIVING):
        expected = "Not Found"
    elif client.name.startswith(_EMPTY):
        expected = ""
    assert (response.status, response.reason, response.body) == (404, expected, b"hi")


def test_the_cache_of_httplib2_asks_whether_it_is_still_right(server, cassette_path, tmp_path):
    httplib2 = pytest.importorskip("httplib2")

    def tagged(exchange):
        known = exchange.request.get("If-None-Match") == '"1"'
        exchange.respond(304 if known else 200, [("ETag", '"1"'), ("Cache-Control", "max-age=0")], b"content")

    server.route("/tagged", tagged)
    for mode in ("once", "none"):
        http = httplib2.Http(str(tmp_path / mode))
        with vcr.use_cassette(cassette_path, record_mode=mode) as cassette:
            answers = [http.request(server.url + "/tagged") for _ in range(2)]
        http.close()
        assert [(response.fromcache, content) for response, content in answers] == [
            (False, b"content"),
            (True, b"content"),
        ]
        assert [response["status"]["code"] for response in cassette.responses] == [200, 304]
    assert server.hits == 2
