"""A suite that was written for VCR.py goes on to pass: it sees the same when it records and when it replays.

Each test runs its program twice, with no option for the sanitizer: with the server, then without it.
"""

from __future__ import annotations

import base64
import hmac
import json
import urllib.request
from collections.abc import Callable
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import pytest

import vcr
from vcr.response import Response
from vcr.sanitize.placeholder import fingerprint

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


@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded", "text/plain"])
@pytest.mark.parametrize(
    "text",
    [
        "{bad json password=1",
        "{bad json password=hunter22",
        "Error: password=hunter22 is wrong",
        "password=hunter22&x=2",
        "x=%7e+a%20b&password=hunter22 b=c&y=d e",
        "x=%7e+a%20b&password=hunter22%20b&y=d e",
        '{"message": "x=1&password=hunter22%20b&y=d e"}',
        '{"message": "password=hunter22"}',
    ],
)
def test_a_server_that_repeats_a_text_with_an_equals_sign(text, kind, twice, server):
    server.route("/same", lambda exchange: exchange.respond(200, [("Content-Type", kind)], exchange.request.body))

    def program(site: Site, _: object) -> None:
        request = urllib.request.Request(site.url + "/same", text.encode(), {"Content-Type": kind})
        with urllib.request.urlopen(request) as response:
            assert response.read().decode() == text

    assert "hunter22" not in twice(program, match_on=["method", "uri", "body"])


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


def test_what_a_hook_puts_in_the_place_of_a_secret_stays_in_what_is_appended_or_amended(cassette_path):
    def before(request):
        request.body = request.body.replace(b"hunter22", b"of-the-hook")
        return request

    def response(response):
        response["body"]["string"] = response["body"]["string"].replace(b"T0ken4711Secret", b"T0ken-of-the-hook")
        return response

    def request(path, body):
        return vcr.Request("POST", f"http://a.example/{path}", body, {"Content-Type": "application/json"})

    answer = Response.of(200, "OK", [], b'{"access_token": "T0ken4711Secret"}')
    secret = b'{"password": "hunter22"}'
    with vcr.use_cassette(cassette_path, before_record_request=before, before_record_response=response) as cassette:
        cassette.append(request("appended", secret), answer.data)
    assert [one.body for one in cassette.requests] == [secret.replace(b"hunter22", b"of-the-hook")]
    first = Path(cassette_path).read_text()
    assert first.count("of-the-hook") == 2
    with vcr.use_cassette(cassette_path, record_mode="all", before_record_request=before) as cassette:
        turn = cassette.begin(request("amended", b""))
        turn.amend(request("amended", secret))
        turn.complete(Response.of(200, "OK", [], b"{}"))
    assert Path(cassette_path).read_text().count('"password": "of-the-hook"') == 2


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


def test_a_matcher_of_the_suite_decodes_a_token_that_is_made_anew_in_each_run(twice):
    def user(request):
        _, claims, _ = request.headers["Authorization"].split(".")
        return json.loads(base64.urlsafe_b64decode(claims + "=="))["sub"]

    runs = iter((1795854887, 1795858487))

    def program(site, cassette):
        expires = next(runs)
        for name in ("alice", "bob"):
            claims = base64.urlsafe_b64encode(json.dumps({"sub": name, "exp": expires}).encode()).decode().rstrip("=")
            site.json(f"/query?q={name}", {"Authorization": f"Bearer eyJhbGciOiJIUzI1NiJ9.{claims}.c2lnbmF0dXJl"})

    twice(program, match_on=["path", "query", lambda one, other: user(one) == user(other)])


def test_a_matcher_of_the_suite_fails_where_the_file_has_a_placeholder(twice):
    def number(request):
        return int(request.headers["X-Api-Key"].removeprefix("key-"))

    def program(site, cassette):
        for key in ("key-1234567890123", "key-3210987654321"):
            assert site.json("/said", {"X-Api-Key": key}, {"key": key}) == {"you": json.dumps({"key": key})}

    assert "1234567890123" not in twice(program, match_on=["path", lambda one, other: number(one) == number(other)])


def test_a_matcher_that_fails_for_requests_without_placeholders_is_heard(server, cassette_path):
    def program():
        urllib.request.urlopen(server.url + "/text").close()

    def matcher(one, other):
        raise ZeroDivisionError

    with vcr.use_cassette(cassette_path):
        program()
    with vcr.use_cassette(cassette_path, match_on=[matcher]), pytest.raises(ZeroDivisionError):
        program()


# -- hooks and filters of the suite -----------------------------------------------------------------------------------


def _without_tokens(request):
    request.headers["Authorization"] = "Bearer dummy-of-the-1st-hook"
    request.uri = request.uri.replace(TOKEN, "dummy-of-the-2nd-hook")
    request.body = json.dumps({"password": "dummy of the 3rd hook", "user": "joe"}).encode()
    return request


def _without_answers(response):
    response["body"]["string"] = b'{"token": "dummy-of-the-4th-hook"}'
    return response


@pytest.mark.parametrize(
    "options",
    [
        {"before_record_request": _without_tokens, "before_record_response": _without_answers},
        {
            "filter_headers": [("authorization", lambda key, value, request: "Bearer dummy-of-the-1st-hook")],
            "filter_query_parameters": [("api_key", lambda key, value, request: "dummy-of-the-2nd-hook")],
            "filter_post_data_parameters": [("password", lambda key, value, request: "dummy of the 3rd hook")],
            "before_record_response": _without_answers,
        },
    ],
    ids=["hooks", "filters"],
)
def test_what_the_suite_writes_in_the_place_of_a_secret_stays(options, twice):
    def program(site, cassette):
        site.json(f"/token?api_key={TOKEN}", {"Authorization": f"Bearer {TOKEN}"}, {"password": PASSWORD})
        (response,) = cassette.responses
        assert json.loads(response["body"]["string"]) == {"token": "dummy-of-the-4th-hook"}

    written = twice(program, match_on=["method", "uri", "headers", "body"], **options)
    for dummy in ("dummy-of-the-1st-hook", "dummy-of-the-2nd-hook", "dummy of the 3rd hook", "dummy-of-the-4th-hook"):
        assert dummy in written
    assert TOKEN not in written
    assert PASSWORD not in written


def _without_secrets(request):
    request.headers.pop("Authorization", None)
    request.body = b""
    return request


@pytest.mark.parametrize(
    "options",
    [
        {"filter_headers": ["authorization"], "filter_post_data_parameters": ["password"]},
        {"filter_headers": [("authorization", "XXX")], "filter_post_data_parameters": [("password", "XXX")]},
        {"before_record_request": _without_secrets},
    ],
    ids=["removed", "replaced", "hook"],
)
def test_a_server_that_repeats_what_a_filter_has_removed(options, twice, server):
    def repeat(exchange):
        authorization = exchange.request.get("Authorization")
        headers = {"Authorization": authorization, "You": f"are {authorization[7:]}"}
        exchange.json({"headers": headers, "form": {"password": exchange.request.body.decode()[len("password=") :]}})

    server.route("/repeat", repeat)

    def program(site, cassette):
        answer = site.json("/repeat", {"Authorization": f"Bearer {TOKEN}"}, b"password=Secr3t!pass")
        assert answer["headers"] == {"Authorization": f"Bearer {TOKEN}", "You": f"are {TOKEN}"}
        assert answer["form"] == {"password": "Secr3t!pass"}

    written = twice(program, **options)
    assert TOKEN not in written
    assert "Secr3t" not in written


def test_a_password_that_the_server_has_made_is_not_taken_for_the_one_of_the_request(twice, server):
    server.route("/new", lambda exchange: exchange.json({"password": "0f-the-Server"}))
    seen = []

    def program(site, cassette):
        seen.append(site.json("/new", body={"password": "0f-the-Program"})["password"])

    twice(program)
    assert seen == ["0f-the-Server", "<PASSWORD:2>"]


def _moved(request):
    request.headers["X-Api-Key"] = request.headers["Authorization"].removeprefix("Bearer ")
    request.headers["Authorization"] = f"Bearer moved-{request.headers['X-Api-Key'][3:]}"
    return request


def _decoded(request):
    request.headers["X-Api-Key"] = base64.b64decode(request.headers["X-Api-Key"]).decode()
    return request


@pytest.mark.parametrize("hook", [_moved, _decoded])
def test_a_secret_that_a_hook_moves_or_decodes_is_masked(hook, twice):
    def program(site, cassette):
        key = base64.b64encode(b"another-0key-of-1the-suite").decode()
        site.json("/token", {"Authorization": f"Bearer {TOKEN}", "X-Api-Key": key})

    written = twice(program, before_record_request=hook)
    assert TOKEN[3:] not in written
    assert "another-0key" not in written


def test_a_hook_that_keeps_only_requests_with_the_real_token(twice):
    seen = []

    def program(site, cassette):
        assert site.json("/token", {"Authorization": f"Bearer {TOKEN}"}) == {"token": TOKEN}
        assert len(cassette) == 1

    def hook(request):
        seen.append(request.headers["Authorization"])
        return request if request.headers["Authorization"] == f"Bearer {TOKEN}" else None

    assert TOKEN not in twice(program, before_record_request=hook)
    assert seen[0] == seen[-1] == f"Bearer {TOKEN}"


def _only_real_keys(request):
    return request if "<" not in request.uri else None


@pytest.mark.parametrize("repeats", [False, True])
def test_another_key_is_recorded_although_the_recordings_are_masked(repeats, server, cassette_path):
    for key, hits in ((TOKEN, 1), (TOKEN[::-1], 2), (TOKEN, 2), (TOKEN[::-1], 2)):
        with vcr.use_cassette(cassette_path, record_mode="new_episodes", allow_playback_repeats=repeats):
            urllib.request.urlopen(f"{server.url}/text?api_key={key}").close()
        assert server.hits == hits


def test_another_key_is_recorded_although_a_hook_drops_the_masked_recording(server, cassette_path):
    for key, hits in ((TOKEN, 1), (TOKEN, 1), (TOKEN[::-1], 2)):
        with vcr.use_cassette(cassette_path, record_mode="new_episodes", before_record_request=_only_real_keys):
            urllib.request.urlopen(f"{server.url}/text?api_key={key}").close()
        assert server.hits == hits


@pytest.mark.parametrize(
    ("mode", "asked", "kept"),
    [
        ("new_episodes", ["?api_key=B"], ["A", "B"]),
        ("new_episodes", ["?api_key=A", "?b=2"], ["A", ""]),
        ("all", ["?b=2"], ["A", ""]),
        ("all", ["?api_key=B"], ["B"]),
        ("all", ["?api_key=A"], ["A"]),
        ("rewrite", ["?api_key=B"], ["B"]),
    ],
)
def test_what_a_hook_drops_because_its_secret_is_masked_stays_in_the_file(mode, asked, kept, server, tmp_path):
    keys = {"A": TOKEN, "B": TOKEN[::-1]}
    marks = {"": "", **{name: fingerprint(key) for name, key in keys.items()}}

    def ask(target):
        urllib.request.urlopen(server.url + "/text" + target.translate(str.maketrans(keys))).close()

    for by_another in (False, True):
        path = str(tmp_path / f"{by_another}.yaml")
        with vcr.use_cassette(path):
            ask("?api_key=A")
        with vcr.use_cassette(path, record_mode=mode, before_record_request=_only_real_keys):
            for target in asked:
                ask(target)
            if by_another:  # the file is read again before it is saved
                with vcr.use_cassette(path, record_mode="new_episodes"):
                    ask("?c=3")
        with vcr.use_cassette(path, record_mode="none") as cassette:
            held = [request.uri for request in cassette.requests if "c=3" not in request.uri]
            assert len(cassette) == len(held) + by_another
            assert [marks[name] in uri for name, uri in zip(kept, held, strict=True)] == [True] * len(kept)


def test_what_an_option_drops_is_lost_from_the_file_as_with_vcrpy(server, cassette_path):
    for options in ({}, {"ignore_hosts": ["127.0.0.1"], "record_mode": "new_episodes"}):
        with vcr.use_cassette(cassette_path, **options):
            urllib.request.urlopen(f"{server.url}/text?api_key={TOKEN}").close()
            urllib.request.urlopen(f"http://localhost:{server.port}/text?n={len(options)}").close()
    with vcr.use_cassette(cassette_path, record_mode="none") as cassette:
        assert [request.host for request in cassette.requests] == ["localhost", "localhost"]


def test_what_a_hook_drops_of_a_borrowed_cassette_is_replayed_and_never_saved(server, cassette_path, tmp_path):
    lent = str(tmp_path / "lent.yaml")
    address = f"{server.url}/text?api_key={TOKEN}"
    with vcr.use_cassette(lent):
        urllib.request.urlopen(address).close()
    with vcr.use_cassette(cassette_path, record_mode="new_episodes", before_record_request=_only_real_keys) as cassette:
        assert cassette.borrow(lent)
        urllib.request.urlopen(address).close()
        urllib.request.urlopen(server.url + "/text").close()
    assert server.hits == 2
    with vcr.use_cassette(cassette_path, record_mode="none") as cassette:
        assert [request.uri for request in cassette.requests] == [server.url + "/text"]


def test_a_hook_that_fails_without_the_real_token(twice):
    def program(site, cassette):
        assert site.json("/token", {"Authorization": f"Bearer {TOKEN}"}) == {"token": TOKEN}

    def hook(request):
        assert request.headers["Authorization"] == f"Bearer {TOKEN}"
        return request

    assert TOKEN not in twice(program, before_record_request=hook)


# -- what comes from elsewhere ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["/notes/{}/1", "/query?key={}", "/said"])
def test_a_token_of_another_cassette_goes_where_no_rule_looks(where, twice, server, tmp_path):
    """A fixture of the suite logs in with a cassette of its own."""
    server.route("/notes", lambda exchange, *_: exchange.json({"note": "first"}))
    server.route("/login", lambda exchange: exchange.json({"access_token": "0" + TOKEN}))

    def program(site, cassette):
        with vcr.use_cassette(tmp_path / "login.yaml"):
            token = site.json("/login")["access_token"]
        site.json(where.format(quote(token)), body={"mine": token} if where == "/said" else None)
        (request,) = cassette.requests
        assert token in unquote(request.uri) + (request.body or b"").decode()

    twice(program, match_on=["method", "uri", "body"])


@pytest.mark.parametrize("name", ["SUITE_API_KEY", "SUITE_PASSWORD"])
def test_a_server_that_repeats_the_value_of_a_variable(name, twice, monkeypatch):
    monkeypatch.setenv(name, "of-the-environment-of-1-suite")

    def program(site, cassette):
        assert site.json("/said", body={"note": "of-the-environment-of-1-suite"}) == {
            "you": '{"note": "of-the-environment-of-1-suite"}'
        }

    assert "of-the-environment" not in twice(program)


def test_a_server_that_knows_the_value_of_a_variable(twice, server, monkeypatch):
    monkeypatch.setenv("SUITE_KEY", "of-the-environment-of-1-suite")
    server.route("/known", lambda exchange: exchange.json({"page": "of-the-environment-of-1-suite"}))

    def program(site, cassette):
        assert site.json("/known") == {"page": "of-the-environment-of-1-suite"}

    assert "of-the-environment" not in twice(program)


def test_a_client_that_checks_the_signature_of_a_response(twice, server):
    body = b'{"event": "ping"}'
    signature = "sha256=" + hmac.new(b"shared", body, "sha256").hexdigest()
    server.route("/event", lambda exchange: exchange.respond(200, [("X-Hub-Signature-256", signature)], body))

    def program(site, cassette):
        with urllib.request.urlopen(site.url + "/event") as response:
            assert response.headers["X-Hub-Signature-256"] == signature

    twice(program)
