"""A suite that was written for VCR.py goes on to pass: it sees the same when it records and when it replays.

Each test runs its program twice, with no option for the sanitizer: with the server, then without it.
"""

from __future__ import annotations

import base64
import json
import urllib.request
from collections.abc import Callable
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import pytest

import vcr

TOKEN = "T0kenThatTheTestItselfHasWritten"
PASSWORD = "correct horse"
BASIC = "Basic " + base64.b64encode(f"joe:{PASSWORD}".encode()).decode()


class Site:
    """What a test asks of the server, as a suite writes it."""

    def __init__(self, url: str, path: str) -> None:
        self.url = url
        self.path = path

    def ask(self, path: str, headers: dict[str, str] | None = None, body: object = None) -> Any:
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        kind = {} if data is None or isinstance(body, bytes) else {"Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, data, {**kind, **(headers or {})})
        with urllib.request.urlopen(request) as response:
            cookies = SimpleCookie(response.headers.get("Set-Cookie", ""))
            return json.loads(response.read()), {name: cookie.value for name, cookie in cookies.items()}

    def json(self, path: str, headers: dict[str, str] | None = None, body: object = None) -> Any:
        return self.ask(path, headers, body)[0]


@pytest.fixture
def twice(server, cassette_path):
    """``twice(program, **options)``: run ``program(site, cassette)`` as it is recorded, and as it is replayed."""
    server.route("/token", lambda exchange: exchange.json({"token": exchange.request.get("Authorization")[7:]}))
    server.route("/said", lambda exchange: exchange.json({"you": exchange.request.body.decode()}))
    server.route("/query", lambda exchange: exchange.json({"url": f"http://a.example{exchange.request.target}"}))
    server.route("/login", lambda exchange: exchange.json({"access_token": "abc", "refresh_token": "fake-token"}))
    server.route("/signed", lambda exchange: exchange.json({"signature": "-----BEGIN PGP SIGNATURE-----"}))
    server.route("/cookie", lambda exchange: exchange.respond(200, [("Set-Cookie", "sessionid=abc; Path=/")], b"{}"))

    def twice(program: Callable[[Site, Any], None], **options: Any) -> str:
        for is_replay in (False, True):
            with vcr.use_cassette(cassette_path, **options) as cassette:
                program(Site(server.url, cassette_path), cassette)
                assert cassette.play_count == (len(cassette) if is_replay else 0)
            if not is_replay:
                server.close()
        return Path(cassette_path).read_text()

    return twice


# -- what the program has sent itself ---------------------------------------------------------------------------------


def test_a_server_that_repeats_the_token_of_the_request(twice):
    def program(site, cassette):
        assert site.json("/token", {"Authorization": f"Bearer {TOKEN}"}) == {"token": TOKEN}

    assert TOKEN not in twice(program)


def test_a_server_that_repeats_the_body(twice):
    def program(site, cassette):
        sent = {"user": "joe", "password": PASSWORD, "access_token": "short"}
        assert json.loads(site.json("/said", body=sent)["you"]) == sent
        assert site.json("/said", body=b"user=joe&password=hunter2")["you"] == "user=joe&password=hunter2"

    assert PASSWORD not in twice(program)


def test_a_parameter_comes_back_as_the_client_has_encoded_it(twice):
    def program(site, cassette):
        for form in (b"a=1&password=correct+horse", b"password=p%2fw%2Fx&b=2", b"a=1&password=correct%20horse&b="):
            assert site.json("/said", body=form)["you"] == form.decode()
        for query in ("password=correct+horse&b=2", "password=correct%20horse"):
            assert site.json(f"/query?{query}")["url"] == f"http://a.example/query?{query}"

    assert "horse" not in twice(program, match_on=["method", "uri", "body"])


def test_a_server_that_repeats_the_address(twice):
    def program(site, cassette):
        assert site.json("/query?api_key=k3y&q=1")["url"] == "http://a.example/query?api_key=k3y&q=1"

    assert "k3y" not in twice(program)


def test_what_a_suite_looks_at_in_the_cassette(twice):
    def program(site, cassette):
        site.json(
            f"/said?api_key={TOKEN}", {"Authorization": BASIC, "X-Api-Key": "short"}, b'{"password": "a \\u00e9"}'
        )
        (request,) = cassette.requests
        assert request.headers["Authorization"] == BASIC
        assert request.headers["X-Api-Key"] == "short"
        assert request.query == [("api_key", TOKEN)]
        assert request.uri.endswith(f"/said?api_key={TOKEN}")
        assert request.body == b'{"password": "a \\u00e9"}'
        (response,) = cassette.responses
        assert response["headers"]["Content-Length"] == [str(len(response["body"]["string"]))]
        assert b"a \\u00e9" in response["body"]["string"].replace(b"\\\\", b"\\")
        assert not cassette.rewound or cassette.responses_of(request) == [response]

    assert TOKEN not in twice(program)


# -- what the server gives --------------------------------------------------------------------------------------------


def test_a_constant_of_a_made_up_server(twice):
    def program(site, cassette):
        assert site.json("/login", body={"user": "joe"}) == {"access_token": "abc", "refresh_token": "fake-token"}
        assert site.ask("/cookie")[1] == {"sessionid": "abc"}
        headers = {"Authorization": "Bearer fake-token", "Cookie": "sessionid=abc", "X-Api-Key": "abc"}
        assert site.json("/token", headers) == {"token": "fake-token"}
        signed = site.json("/signed")
        assert signed["signature"] == "-----BEGIN PGP SIGNATURE-----"  # who has signed a commit is no secret

    assert "Bearer fake-token" not in twice(program)


# -- hooks, filters, matchers -----------------------------------------------------------------------------------------


def test_what_hooks_and_filters_put_in_the_place_of_a_secret(twice):
    def before(request):
        request.headers["X-Auth-Token"] = "of-the-hook"
        return request

    def response(response):
        response["body"]["string"] = response["body"]["string"].replace(b"fake-token", b"OF-THE-HOOK")
        return response

    def program(site, cassette):
        site.json("/login", {"Authorization": f"Bearer {TOKEN}", "X-Api-Key": TOKEN}, b"password=hunter2&a=1")
        (request,) = cassette.requests
        assert request.headers["X-Auth-Token"] == "of-the-hook"
        assert request.headers["Authorization"] == "Bearer FAKE"
        assert request.headers["X-Api-Key"] == "K"
        assert request.body == b"password=SECRET&a=1"
        assert b"OF-THE-HOOK" in cassette.responses[0]["body"]["string"]

    twice(
        program,
        before_record_request=before,
        before_record_response=response,
        filter_headers=[("authorization", "Bearer FAKE"), ("x-api-key", lambda key, value, request: "K")],
        filter_post_data_parameters=[("password", "SECRET")],
    )


def test_a_hook_reads_the_request(twice):
    def before(request):
        if not request.path.startswith("/said"):
            return None
        assert request.headers["Authorization"].startswith("Basic ")
        assert base64.b64decode(request.headers["Authorization"][6:]).startswith(b"joe:")
        assert json.loads(request.body)["user"] == "joe"
        return request

    def program(site, cassette):
        site.json("/said", {"Authorization": BASIC}, {"user": "joe", "password": PASSWORD})

    twice(program, before_record_request=before)


def test_a_matcher_of_the_suite_compares_secrets(twice):
    def same_user(one, other):
        assert one.headers["Authorization"] == other.headers["Authorization"]
        return one.query == other.query

    def program(site, cassette):
        for token in (TOKEN, "another-0token-of-1the-2suite"):
            assert site.json(f"/token?api_key={token}", {"Authorization": f"Bearer {token}"}) == {"token": token}

    twice(program, match_on=["method", "path", same_user])
