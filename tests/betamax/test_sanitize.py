"""``vcr.betamax``: secrets that no placeholder names are masked in the cassette, and the requests with them replay."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import requests
from requests.auth import HTTPDigestAuth

import vcr
from vcr.betamax import BaseMatcher, Betamax
from vcr.betamax.exceptions import SanitizeValidationError
from vcr.cli.scanning import scan
from vcr.errors import VCRWarning

TOKEN = "T0kenThatNobodyShouldSee42"
PASSWORD = "c0rrectHorseBattery7"
OPEN = {"sanitize": False}
PARTS = ["method", "uri", "headers", "body", "digest-auth"]


class SameToken(BaseMatcher):
    """A matcher of a user's, which compares what both requests show."""

    name = "same-token"

    def match(self, request, recorded_request):
        (recorded,) = recorded_request["headers"]["X-Auth-Token"]
        return recorded == request.headers["X-Auth-Token"]


class SameAddressAndBody(BaseMatcher):
    name = "same-address-and-body"

    def match(self, request, recorded_request):
        body = request.body or ""
        same_body = (body if isinstance(body, str) else body.decode()) == recorded_request["body"]["string"]
        return same_body and request.url == recorded_request["uri"]


def text_of(name: str) -> str:
    return Path(f"library/{name}.json").read_text(encoding="utf-8")


def ask(session: requests.Session, url: str) -> list[str]:
    """A program's requests with secrets in each part of them."""
    credentials = {"X-Auth-Token": TOKEN, "Authorization": f"Bearer {TOKEN}"}
    answers = [
        session.get(f"{url}/counter", headers=credentials),
        session.get(f"{url}/counter", params={"api_key": TOKEN}, headers=credentials),
        session.post(f"{url}/counter", json={"password": PASSWORD}, headers=credentials),
        session.post(f"{url}/counter", data={"password": PASSWORD}, headers=credentials),
    ]
    return [answer.text for answer in answers]


@pytest.mark.parametrize("match_on", [None, PARTS, ["method", "same-token"], ["method", "same-address-and-body"]])
def test_secrets_are_not_in_the_cassette_and_the_program_sees_the_real_ones(match_on, session, server, configuration):
    Betamax.register_request_matcher(SameToken)
    Betamax.register_request_matcher(SameAddressAndBody)
    if match_on:
        configuration.default_cassette_options["match_requests_on"] = match_on
    for mode in ("once", "none"):
        with Betamax(session).use_cassette("secrets", record=mode) as recorder:
            assert ask(session, server.url) == ["1", "2", "3", "4"]
            data = [one.data for one in recorder.current_cassette.interactions]
            assert (TOKEN in str(data)) == (mode == "once")
    assert server.hits == 4
    assert TOKEN not in text_of("secrets")
    assert PASSWORD not in text_of("secrets")


@pytest.mark.parametrize("match_on", [["method", "uri"], PARTS, ["method", "same-address-and-body"]])
def test_a_cassette_that_was_masked_afterwards_replays(match_on, session, server):
    Betamax.register_request_matcher(SameAddressAndBody)
    with Betamax(session).use_cassette("mended", **OPEN):
        ask(session, server.url)
    assert TOKEN in text_of("mended")
    assert all(found.mended for found in scan("library/mended.json", fix=True).findings)
    assert TOKEN not in text_of("mended")
    with Betamax(session).use_cassette("mended", record="none", match_requests_on=match_on):
        assert ask(session, server.url) == ["1", "2", "3", "4"]
    assert server.hits == 4


def test_digest_authentication_replays_from_a_masked_cassette(session, server):
    challenge = 'Digest realm="r", nonce="n0nce", qop="auth", opaque="0paque"'

    def answer(exchange):
        if exchange.request.get("Authorization"):
            exchange.text("in")
        else:
            exchange.respond(401, [("WWW-Authenticate", challenge)], b"")

    server.route("/digest", answer)
    for mode in ("once", "none"):
        with Betamax(session).use_cassette("digest", record=mode, match_requests_on=PARTS[:2] + PARTS[-1:]):
            assert session.get(f"{server.url}/digest", auth=HTTPDigestAuth("user", PASSWORD)).text == "in"
    assert server.hits == 2
    signed = json.loads(text_of("digest"))["http_interactions"][1]["request"]["headers"]["Authorization"][0]
    assert 'username="user"' in signed
    assert 'response="<SIGNATURE:' in signed


def test_placeholders_and_hooks_come_first(configuration, session, server, saved):
    configuration.define_cassette_placeholder("MY-TOKEN", TOKEN)

    def late(interaction, cassette):
        cassette.placeholders.append(vcr.betamax.cassette.Placeholder("MY-PASSWORD", PASSWORD))
        assert PASSWORD in str(interaction.data)

    configuration.before_record(callback=late)
    data, headers = {"password": PASSWORD, "api_key": "An0therKey12345678"}, {"Authorization": f"Bearer {TOKEN}"}
    for _ in ("record", "replay"):
        with Betamax(session).use_cassette("both"):
            assert session.post(f"{server.url}/counter", data=data, headers=headers).text == "1"
    (one,) = saved("both")
    assert one["request"]["headers"]["Authorization"] == ["Bearer MY-TOKEN"]
    assert one["request"]["body"]["string"].startswith("password=MY-PASSWORD&api_key=<API_KEY:")


def test_what_a_cassette_holds_stays_as_it_is_when_more_is_recorded(session, server, saved):
    with Betamax(session).use_cassette("grown", **OPEN):
        session.get(f"{server.url}/counter", headers={"X-Auth-Token": TOKEN})
    (before,) = saved("grown")
    for _ in ("record", "replay"):
        with Betamax(session).use_cassette("grown", record="new_episodes"):
            assert session.get(f"{server.url}/counter", headers={"X-Auth-Token": TOKEN}).text == "1"
            assert session.get(f"{server.url}/counter?b=1", headers={"X-Auth-Token": TOKEN}).text == "2"
    assert saved("grown")[0] == before
    assert TOKEN not in str(saved("grown")[1])


@pytest.mark.parametrize("how", ["default", "recorder", "environment"])
def test_it_can_be_switched_off(how, configuration, session, server, monkeypatch):
    if how == "default":
        configuration.default_cassette_options["sanitize"] = False
    if how == "environment":
        monkeypatch.setenv("VCR_SANITIZE", "0")
    with Betamax(session, default_cassette_options=OPEN if how == "recorder" else {}).use_cassette("open"):
        session.get(f"{server.url}/text", headers={"X-Auth-Token": TOKEN})
    assert TOKEN in text_of("open")


def test_rules_of_a_project_are_at_work(session, server):
    rules = [vcr.sanitize.regex("order-(?P<secret>[0-9]+)", name="ORDER")]
    with Betamax(session).use_cassette("rules", sanitize=rules):
        session.get(f"{server.url}/text?q=order-4711", headers={"X-Auth-Token": TOKEN})
    assert "order-<ORDER:1>" in text_of("rules")
    assert TOKEN not in text_of("rules")


@pytest.mark.parametrize("wrong", ["no", 3, ["x-key"]])
def test_what_is_no_rule_is_refused(wrong, session):
    with pytest.raises(SanitizeValidationError, match="is not valid; sanitize is True, False, or rules"):
        Betamax(session).use_cassette("wrong", sanitize=wrong)


def test_a_refusal_shows_no_secret(session, server):
    with Betamax(session).use_cassette("refused"):
        session.get(f"{server.url}/text")
    with Betamax(session).use_cassette("refused"), pytest.raises(vcr.betamax.BetamaxError) as refusal:
        session.get(f"{server.url}/text?api_key={TOKEN}")
    assert "api_key=<" in str(refusal.value)
    assert TOKEN not in str(refusal.value)


def test_off_is_said_where_a_token_is_written_into_a_repository(session, server):
    Path(".git").mkdir()
    token = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"[:36]
    with pytest.warns(VCRWarning, match="sanitize=False leaves it there"), Betamax(session).use_cassette("off", **OPEN):
        session.get(f"{server.url}/text", headers={"X-Note": token})
