"""What a masked cassette does in a program's life: two users, a dummy key, an old cassette, errors, files."""

from __future__ import annotations

import http.client
import json
import logging
import os
import stat
from pathlib import Path

import pytest
import yaml

import vcr
from vcr.errors import CannotOverwriteExistingCassetteException

ALICE, BOB = "AliceToken0123456789xyz", "BobToken0123456789abcde"


@pytest.fixture
def ask(server):
    """``ask(path, token, body)``: the body of the answer, which names who asks."""
    names = {f"Bearer {ALICE}": "alice", f"Bearer {BOB}": "bob"}
    server.route("/me", lambda exchange: exchange.text(names.get(exchange.request.get("Authorization"), "nobody")))

    def ask(target: str = "/me", token: str | None = None, body: bytes | None = None) -> str:
        connection = http.client.HTTPConnection("127.0.0.1", server.port)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        headers |= {"Content-Type": "application/json"} if body else {}
        connection.request("GET" if body is None else "POST", target, body, headers)
        try:
            return connection.getresponse().read().decode()
        finally:
            connection.close()

    return ask


def stored(path: str) -> list[dict]:
    return yaml.safe_load(Path(path).read_text())["interactions"]


# -- which recording a request gets ------------------------------------------------------------------------------------


def test_two_users_in_one_cassette_stay_apart_in_any_order(ask, server, cassette_path):
    with vcr.use_cassette(cassette_path, sanitize=True):
        assert [ask(token=token) for token in (ALICE, BOB, ALICE)] == ["alice", "bob", "alice"]
    server.close()
    with vcr.use_cassette(cassette_path, sanitize=True, record_mode="none") as cassette:
        assert [ask(token=token) for token in (BOB, ALICE, ALICE)] == ["bob", "alice", "alice"]
    assert cassette.all_played


@pytest.mark.parametrize("passwords", [("hunter22-1", "swordfish-7"), ("dummy-pw1", "dummy-pw1")])
def test_passwords_are_asked_for_in_another_order_and_the_rest_of_the_body_tells_them_apart(
    passwords, ask, server, cassette_path
):
    server.route("/login", lambda exchange: exchange.text(json.loads(exchange.request.body)["user"]))

    def log_in(user: str, password: str) -> str:
        return ask("/login", body=json.dumps({"user": user, "password": password}).encode())

    with vcr.use_cassette(cassette_path):
        assert [log_in("alice", "hunter22-1"), log_in("bob", "swordfish-7")] == ["alice", "bob"]
    server.close()
    with vcr.use_cassette(cassette_path, record_mode="none"):
        assert [log_in("bob", passwords[1]), log_in("alice", passwords[0])] == ["bob", "alice"]


def test_of_short_keys_that_nothing_else_tells_apart_the_first_one_gets_what_the_first_one_got(
    ask, server, cassette_path
):
    names = {"Bearer short-1": "alice", "Bearer short-2": "bob"}
    server.route("/me", lambda exchange: exchange.text(names[exchange.request.get("Authorization")]))
    with vcr.use_cassette(cassette_path):
        assert [ask(token=f"short-{number}") for number in (1, 2, 1)] == ["alice", "bob", "alice"]
    server.close()
    with vcr.use_cassette(cassette_path, record_mode="none"):  # README: a number tells nothing about its secret
        assert [ask(token=f"short-{number}") for number in (2, 1, 2)] == ["alice", "bob", "alice"]


def test_another_user_is_recorded_where_the_cassette_may_record_and_secrets_are_compared(ask, server, cassette_path):
    options = {"record_mode": "new_episodes", "match_on": ["method", "uri", "headers"]}
    for token, name in ((ALICE, "alice"), (BOB, "bob")):
        with vcr.use_cassette(cassette_path, **options):
            assert ask(token=token) == name
    server.close()
    with vcr.use_cassette(cassette_path, **options) as cassette:
        assert [ask(token=token) for token in (BOB, ALICE)] == ["bob", "alice"]
    assert cassette.all_played


@pytest.mark.parametrize("match_on", [None, ["method", "uri", "headers"]])
def test_a_dummy_key_replays_what_a_real_key_has_recorded(match_on, ask, server, cassette_path):
    with vcr.use_cassette(cassette_path, sanitize=True):
        ask(token=ALICE)
        ask(f"/me?api_key={BOB}", token=ALICE)
    server.close()
    with vcr.use_cassette(cassette_path, sanitize=True, record_mode="none", match_on=match_on):
        assert ask(token="dummy") == "alice"
        assert ask("/me?api_key=dummy", token="dummy") == "alice"


@pytest.mark.parametrize(
    "options",
    [
        {"sanitize": True, "sanitize_compare": True},
        {"sanitize": [vcr.sanitize.header("authorization", compare=True)]},
    ],
)
def test_another_secret_is_refused_where_the_test_is_about_secrets(options, ask, server, cassette_path):
    with vcr.use_cassette(cassette_path, sanitize=True):
        ask(token=ALICE)
    server.close()
    with vcr.use_cassette(cassette_path, record_mode="none", **options) as cassette:
        with pytest.raises(
            CannotOverwriteExistingCassetteException, match="another value for Authorization"
        ) as refused:
            ask(token=BOB)
        assert ask(token=ALICE) == "alice"
    for text in (str(refused.value), repr(refused.value), repr(cassette.refused), repr(refused.value.failed_request)):
        assert ALICE not in text
        assert BOB not in text


def test_a_matcher_of_the_project_is_given_the_real_values_first(ask, server, cassette_path):
    seen = []

    def same_user(one: vcr.Request, other: vcr.Request) -> bool:
        seen.append((one.headers["Authorization"], other.headers["Authorization"]))
        return one.headers["Authorization"] == other.headers["Authorization"]

    with vcr.use_cassette(cassette_path, sanitize=False):  # as before there was a sanitizer
        ask(token=ALICE)
        ask(token=BOB)
    with vcr.use_cassette(cassette_path, sanitize=True, record_mode="none", match_on=["uri", same_user]):
        assert ask(token=BOB) == "bob"
        assert seen[0] == (f"Bearer {BOB}", f"Bearer {ALICE}")
        assert ask(token="dummy") == "alice"


def test_a_matcher_is_not_asked_again_where_there_is_no_secret(ask, cassette_path):
    asked = []

    def never(one: vcr.Request, other: vcr.Request) -> bool:
        asked.append(one)
        return False

    with vcr.use_cassette(cassette_path, sanitize=True):
        ask("/a")
    options = {"sanitize": True, "record_mode": "none", "match_on": ["method", never]}
    with vcr.use_cassette(cassette_path, **options), pytest.raises(CannotOverwriteExistingCassetteException):
        ask("/a")
    assert len(asked) == 1


# -- an existing cassette ----------------------------------------------------------------------------------------------


def test_a_cassette_with_real_values_replays_and_stays_as_it_is_when_something_is_added(ask, cassette_path):
    with vcr.use_cassette(cassette_path, sanitize=False):
        ask(f"/me?api_key={BOB}", token=ALICE)
    before = Path(cassette_path).read_text()
    with vcr.use_cassette(cassette_path, sanitize=True, record_mode="new_episodes") as cassette:
        assert ask(f"/me?api_key={BOB}", token=ALICE) == "alice"
        assert cassette.play_count == 1
        ask(f"/other?api_key={BOB}", token=BOB)
    after = Path(cassette_path).read_text()
    assert after.startswith(before.removesuffix("version: 1\n"))
    assert BOB not in after.removeprefix(before.removesuffix("version: 1\n"))


def test_recording_the_same_again_changes_nothing_in_the_file(ask, cassette_path):
    body = json.dumps({"password": "a chosen 1", "access_token": ALICE}).encode()
    texts = []
    for _ in range(2):
        with vcr.use_cassette(cassette_path, sanitize=True, record_mode="all"):
            ask(f"/echo?api_key={BOB}", token=ALICE, body=body)
        texts.append(Path(cassette_path).read_text())
    assert texts[0] == texts[1]
    assert stored(cassette_path)[0]["request"]["body"].count("<") == 2


def test_what_a_later_request_shows_to_be_secret_is_masked_in_the_answer_before(ask, server, cassette_path):
    server.route("/start", lambda exchange: exchange.json({"next": ALICE}))

    def flow() -> str:
        return ask(token=json.loads(ask("/start"))["next"])

    with vcr.use_cassette(cassette_path, sanitize=True):
        assert flow() == "alice"
    assert ALICE not in Path(cassette_path).read_text()
    server.close()
    with vcr.use_cassette(cassette_path, sanitize=True, record_mode="none"):
        assert flow() == "alice"


# -- what goes before, and beside --------------------------------------------------------------------------------------


def test_filters_placeholders_and_hooks_run_first_and_work_as_before(ask, server, cassette_path):
    def save(request, response):
        assert request.headers["X-Hook"] == "hook"
        return request, response

    def before(request):
        request.headers["X-Hook"] = "hook"
        return request

    options = {
        "sanitize": True,
        "filter_sensitive_data": {"<MINE>": ALICE},
        "filter_query_parameters": [("api_key", "OURS")],
        "before_record_request": before,
        "before_save_interaction": save,
    }
    with vcr.use_cassette(cassette_path, **options):
        ask(f"/me?api_key={BOB}", token=ALICE)
    request = stored(cassette_path)[0]["request"]
    assert request["headers"]["Authorization"] == ["Bearer <MINE>"]
    assert request["uri"].endswith("?api_key=OURS")
    server.close()
    with vcr.use_cassette(cassette_path, record_mode="none", **options) as cassette:
        assert ask(f"/me?api_key={BOB}", token=ALICE) == "alice"
        assert cassette.requests[0].headers["Authorization"] == f"Bearer {ALICE}"


def test_the_environment_turns_it_off_and_no_option_turns_it_on(ask, cassette_path, monkeypatch):
    monkeypatch.setenv("VCR_SANITIZE", "0")
    with vcr.use_cassette(cassette_path, sanitize=True) as cassette:
        ask(token=ALICE)
    assert ALICE in Path(cassette_path).read_text()
    assert cassette.masked == []


def test_the_value_of_a_variable_is_masked_wherever_it_stands(ask, cassette_path, monkeypatch):
    monkeypatch.setenv("MY_SERVICE_TOKEN", "value-0f-a-variable")
    with vcr.use_cassette(cassette_path, sanitize=True):
        ask("/echo/value-0f-a-variable", body=b'{"note": "it is value-0f-a-variable"}')
    assert "value-0f-a-variable" not in Path(cassette_path).read_text()


def test_a_failure_is_kept_without_the_secrets_in_its_text(server, cassette_path):
    address = f"127.0.0.1:{server.port}"
    server.close()
    with vcr.use_cassette(cassette_path, sanitize=True, record_errors=True):
        connection = http.client.HTTPConnection(address)
        with pytest.raises(ConnectionError):
            connection.request("GET", f"/?api_key={ALICE}", headers={"Authorization": f"Bearer {ALICE}"})
        connection.close()
    assert stored(cassette_path)[0]["response"]["error"]
    assert ALICE not in Path(cassette_path).read_text()


def test_logs_and_reprs_show_no_secret(ask, cassette_path, caplog):
    caplog.set_level(logging.DEBUG)
    with vcr.use_cassette(cassette_path, sanitize=True) as cassette:
        ask(f"/me?api_key={BOB}", token=ALICE)
        shown = [repr(cassette.sent), repr(cassette.sent[0]), str(cassette.sent[0]), repr(cassette.requests)]
    shown += [repr(cassette), repr(cassette.masked), caplog.text]
    assert [text for text in shown if BOB in text or ALICE in text] == []
    assert cassette.sent == [f"GET {cassette.sent[0].uri}"]


def test_files_are_as_wide_as_the_umask_has_them_and_never_wider(ask, cassette_path):
    before = os.umask(0o027)
    try:
        with vcr.use_cassette(cassette_path, sanitize=True, journal=True):
            ask(token=ALICE)
            journal = stat.S_IMODE(os.stat(cassette_path + ".partial").st_mode)
    finally:
        os.umask(before)
    assert journal & ~0o640 == 0
    assert stat.S_IMODE(os.stat(cassette_path).st_mode) == 0o640
