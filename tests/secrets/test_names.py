"""The rules that go by name: which names they are for, and what becomes of the names that others mask."""

from __future__ import annotations

import pytest

from tests.secrets.check_names import Known, line, lines
from vcr._http.names import Names
from vcr.sanitize import form, header, names, query
from vcr.sanitize.ruleset import RuleSet


def test_a_name_that_others_mask_is_masked_or_left_out_for_a_reason():
    assert [one for one in lines() if one.verdict in ("NEW", "WRONG")] == []


@pytest.mark.parametrize(
    ("name", "reason", "verdict"),
    [
        ("password", "", "masked"),
        ("nobody_knows_it", "", "NEW"),
        ("nobody_knows_it", "an identifier", "left out"),
        ("password", "an identifier", "WRONG"),
        ("nobody_knows_it", "by shape: JWT", "by shape"),
        ("nobody_knows_it", "by shape: NOBODY_KNOWS_IT", "WRONG"),
    ],
)
def test_a_name_is_compared_with_the_rules(name, reason, verdict):
    assert line(Known("field", "somebody", name, reason)).verdict == verdict


@pytest.mark.parametrize(
    "name",
    ["api_key", "apiKey", "OPENAI_API_KEY", "openaiApiKey", "OpenAIApiKey", "x.openai-api-key", "a[openai_api_key]"],
)
def test_a_name_that_ends_with_the_words_is_meant(name):
    assert Names((), ["key", "api-key"]).of(name) == "*-api-key"


@pytest.mark.parametrize("name", ["api_key_id", "apiKeys", "monkey", "openaiapikey", "keys", ""])
def test_a_name_that_ends_with_the_letters_or_goes_on_is_not(name):
    assert Names((), ["key", "api-key"]).of(name) is None


def test_a_whole_name_counts_before_an_end_and_a_rule_of_a_project_before_a_default_one():
    long, short, whole = query("*_private_token"), query("*_token"), query("page_token")
    side = RuleSet([short, whole, long]).request
    assert side.parameter("pageToken") is whole
    assert side.parameter("my_private_token") is long
    assert side.parameter("nextToken") is short
    assert side.parameter("token") is short
    assert side.parameter("tokens") is None
    assert side.field(side.fields.of("nextToken")) is short


def test_an_end_of_a_project_counts_before_the_names_and_longer_ends_of_the_default_rules():
    field, parameter, field_name = header("*-token"), query("*_token"), form("id_token")
    side = RuleSet([field, parameter, field_name, *names.RULES]).request
    assert side.header("X-Auth-Token") is side.header("My-Access-Token") is side.header("X-CSRF-Token") is field
    assert side.parameter("accessToken") is side.parameter("slack_bot_token") is side.parameter("token") is parameter
    assert side.field(side.fields.of("refresh_token")) is side.field(side.fields.of("slack_bot_token")) is parameter
    assert side.field(side.fields.of("id_token")) is field_name
    assert side.parameter("client_secret").name == "CLIENT_SECRET"
    assert side.header("Authorization").name == "ACCESS_TOKEN"
    side = RuleSet(names.RULES).request
    assert side.parameter("x-amz-security-token").name == "AWS_SESSION_TOKEN"


def test_a_rule_of_a_project_looks_where_a_default_rule_of_that_name_does_not():
    for own in (form("sig"), form("*_sig")):
        side = RuleSet([own, *names.RULES]).response
        assert side.field(side.fields.of("sig")) is own
    assert RuleSet(names.RULES).response.fields.of("sig") is None


def test_header_fields_and_fields_of_a_body_have_ends_too():
    name, field = header("X-*-Key", "*-Secret"), form("*_pin")
    side = RuleSet([name, field]).request
    assert side.header("X-Client-Secret") is name
    assert side.header("X-My-Key") is None
    assert side.field(side.fields.of("cardPin")) is field
