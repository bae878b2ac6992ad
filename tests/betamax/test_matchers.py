"""``vcr.betamax``: Betamax's matchers, by the names and the rules they have there."""

from __future__ import annotations

import pytest
import requests

from vcr.betamax import BaseMatcher, Betamax, BetamaxError, exceptions
from vcr.betamax.matchers import HeadersMatcher, QueryMatcher, URIMatcher, matcher_registry

BASE = "http://h.example/p?a=1&b=2"
SAME = [
    ("uri", BASE, "http://h.example/p?b=2&a=1"),
    ("uri", BASE, "http://H.example:80/p?a=1&b=2"),
    ("uri", BASE, "http://h.example/p?a=1&b=2#part"),
    ("uri", "http://h.example", "http://h.example/"),
    ("query", BASE, "http://other.example/q?b=2&a=1"),
    ("query", "http://h.example/?a", "http://h.example/?a="),
    ("query", "http://h.example/?a=b+c", "http://h.example/?a=b%20c"),
    ("host", BASE, "https://h.example:80/"),
    ("path", BASE, "https://other.example/p"),
]
DIFFERENT = [
    ("uri", BASE, "https://h.example/p?a=1&b=2"),
    ("uri", BASE, "http://h.example:81/p?a=1&b=2"),
    ("uri", BASE, "http://h.example/q?a=1&b=2"),
    ("uri", BASE, "http://h.example/p?a=1"),
    ("query", "http://h.example/?a=1&a=2", "http://h.example/?a=2&a=1"),
    ("host", BASE, "http://h.example:81/"),
    ("path", BASE, "http://h.example/P"),
]


def prepared(uri: str = BASE, **arguments) -> requests.PreparedRequest:
    return requests.Request(arguments.pop("method", "GET"), uri, **arguments).prepare()


@pytest.mark.parametrize(("name", "recorded", "uri", "same"), [
    *((*case, True) for case in SAME if not case[2].startswith("https")),
    *((*case, False) for case in DIFFERENT),
])  # fmt: skip
def test_parts_of_the_uri(interaction, name, recorded, uri, same):
    assert matcher_registry[name].match(prepared(uri), interaction(recorded)["request"]) is same


def test_the_host_matcher_asks_for_the_port_and_not_for_the_scheme(interaction):
    recorded = interaction("http://h.example:8080/")["request"]
    assert matcher_registry["host"].match(prepared("https://h.example:8080/q"), recorded)


@pytest.mark.parametrize(("sent", "recorded", "same"), [
    ("text", "text", True),
    (b"text", "text", True),
    (None, "", True),
    (b"\xff", "\ufffd", True),
    ("text", "other", False),
])  # fmt: skip
def test_the_body_matcher_compares_text(interaction, sent, recorded, same):
    matcher = matcher_registry["body"]
    assert matcher.match(prepared(data=sent), interaction(BASE, sent=recorded)["request"]) is same


def test_the_headers_matcher_compares_the_first_value_of_each(interaction):
    recorded = interaction(BASE, X_One="1")["request"]
    recorded["headers"]["X-One"].append("2")
    assert HeadersMatcher().match(prepared(headers={"X-One": "1"}), recorded)
    assert not HeadersMatcher().match(prepared(headers={"X-One": "1", "X-Two": "2"}), recorded)
    assert HeadersMatcher().flatten_headers(recorded) == {"X-One": "1"}


def test_all_header_fields_of_a_recorded_session_match_when_it_is_replayed(session, server):
    for _ in ("record", "replay"):
        session.cookies.clear()
        with Betamax(session).use_cassette("headers", match_requests_on=["method", "uri", "headers", "body"]):
            session.get(f"{server.url}/cookies/set?a=1", auth=("user", "secret"), headers={"X-One": "1"})
            assert session.post(f"{server.url}/echo", json={"a": 1}).ok
    assert server.hits == 2


@pytest.mark.parametrize(
    ("name", "first", "second"),
    [
        ("json-body", {"json": {"a": 1, "b": 2}}, {"json": {"b": 2, "a": 1}}),
        ("form-urlencoded-body", {"data": [("a", "1"), ("b", "2")]}, {"data": [("b", "2"), ("a", "1")]}),
        ("multipart-form-data-body", {"files": {"a": b"1"}}, {"files": {"a": b"1"}}),
    ],
)
def test_the_body_matchers_of_betamax_matchers_are_built_in(session, server, name, first, second):
    match = ["method", "uri", name]
    with Betamax(session).use_cassette("bodies", match_requests_on=match):
        session.post(f"{server.url}/echo", **first)
    with Betamax(session).use_cassette("bodies", match_requests_on=match):
        assert session.post(f"{server.url}/echo", **second).ok
    with Betamax(session).use_cassette("bodies", match_requests_on=match), pytest.raises(BetamaxError):
        session.post(f"{server.url}/echo", data="other")
    assert server.hits == 1


def test_digest_authentication_is_replayed_whatever_the_client_makes_up(session, server):
    for _ in ("record", "replay"):
        with Betamax(session).use_cassette("digest", match_requests_on=["method", "uri", "digest-auth"]):
            digest = requests.auth.HTTPDigestAuth("user", "secret")
            assert session.get(f"{server.url}/digest-auth", auth=digest).text == "welcome"
    assert server.hits == 2


def test_a_matcher_of_the_users_is_given_the_request_itself_and_the_cassettes_dictionary(session, write, interaction):
    seen = []

    class KeyMatcher(BaseMatcher):
        name = "key"

        def on_init(self):
            self.made = True

        def match(self, request, recorded_request):
            seen.append((request, recorded_request))
            return self.made and request.headers.get("X-Key") == recorded_request["headers"]["X-Key"][0]

    Betamax.register_request_matcher(KeyMatcher)
    write("keys", [interaction("http://h.example/", text, X_Key=text) for text in ("one", "two")])
    request = prepared("http://h.example/other", headers={"X-Key": "two"}, data="sent")
    with Betamax(session).use_cassette("keys", match_requests_on=["host", "key"]):
        assert session.send(request).text == "two"
        with pytest.raises(BetamaxError, match="key differs"):
            session.get("http://h.example/", headers={"X-Key": "three"})
    given, recorded = seen[0]
    assert given is request
    assert recorded == interaction("http://h.example/", X_Key="one")["request"]


def test_a_matcher_of_the_users_sees_header_values_as_they_stand_in_the_file(session, write, interaction):
    """Betamax's first versions kept them as text, and there are matchers that rely on it."""

    class KeyMatcher(BaseMatcher):
        name = "text-key"

        def match(self, request, recorded_request):
            return request.headers.get("X-Key") == recorded_request["headers"].get("X-Key")

    Betamax.register_request_matcher(KeyMatcher)
    recorded = interaction("http://h.example/", "hello")
    recorded["request"]["headers"] = {"X-Key": "one"}
    write("text keys", [recorded])
    with Betamax(session).use_cassette("text keys", match_requests_on=["uri", "text-key"]):
        assert session.get("http://h.example/", headers={"X-Key": "one"}).text == "hello"


def test_a_built_in_matcher_may_be_derived_from(session, write, interaction):
    class Lenient(URIMatcher):
        name = "lenient"

        def match(self, request, recorded_request):
            return request.method == "HEAD" or super().match(request, recorded_request)

    Betamax.register_request_matcher(Lenient)
    write("lenient", [interaction(BASE, "hello")])
    with Betamax(session).use_cassette("lenient", match_requests_on=["lenient"], allow_playback_repeats=True):
        assert session.get(BASE).text == "hello"
        assert session.head("http://other.example/").ok
        with pytest.raises(BetamaxError):
            session.get("http://other.example/")


@pytest.mark.parametrize("by_name", ["uri", "derived"])
def test_a_derived_matcher_may_change_what_is_compared(session, write, interaction, by_name):
    class WithoutSubdomain(URIMatcher):
        name = by_name

        def parse(self, uri):
            parsed = super().parse(uri)
            return {**parsed, "netloc": parsed["netloc"].partition(".")[2]}

    Betamax.register_request_matcher(WithoutSubdomain)
    write("derived", [interaction("http://one.h.example/?a=1", "hello")])
    with Betamax(session).use_cassette("derived", match_requests_on=[by_name]):
        with pytest.raises(BetamaxError):
            session.get("http://two.h.example/?a=2")
        assert session.get("http://two.h.example/?a=1").text == "hello"


def test_a_derived_matcher_may_leave_out_parts_of_a_query_and_header_fields(session, write, interaction):
    class WithoutKey(QueryMatcher):
        name = "without-key"

        def to_dict(self, query):
            return {name: values for name, values in super().to_dict(query).items() if name != "key"}

    class OnlyAccept(HeadersMatcher):
        name = "only-accept"

        def flatten_headers(self, request):
            return {"Accept": super().flatten_headers(request)["Accept"]}

    for matcher in (WithoutKey, OnlyAccept):
        Betamax.register_request_matcher(matcher)
    write("parts", [interaction("http://h.example/?a=1&key=old", "hello", Accept="text/plain", X_Other="1")])
    match = ["without-key", "only-accept"]
    session.headers.clear()
    with Betamax(session).use_cassette("parts", match_requests_on=match, allow_playback_repeats=True):
        headers = {"Accept": "text/plain"}
        assert session.get("http://h.example/?a=1&key=new", headers=headers).text == "hello"
        with pytest.raises(BetamaxError):
            session.get("http://h.example/?a=2&key=new", headers=headers)
        with pytest.raises(BetamaxError):
            session.get("http://h.example/?a=1", headers={"Accept": "text/html"})


@pytest.mark.parametrize(("name", "recorded", "same"), [
    ("method", {"method": "GET"}, True),
    ("method", {"method": "POST"}, False),
    ("uri", {"uri": BASE}, True),
    ("query", {"uri": "http://other.example/?b=2&a=1"}, True),
    ("host", {"uri": "http://h.example"}, True),
    ("path", {"uri": "http://other.example/p"}, True),
    ("body", {"body": b""}, True),
    ("body", {"body": "text"}, False),
    ("headers", {"headers": {"X-One": "1"}}, True),
    ("headers", {"headers": {}}, False),
    ("digest-auth", {"headers": {}}, True),
])  # fmt: skip
def test_a_recorded_request_asked_about_by_hand_needs_only_what_is_compared(name, recorded, same):
    request = prepared(headers={"X-One": "1"})
    assert matcher_registry[name].match(request, recorded) is same


def test_a_matcher_needs_a_name_and_a_rule():
    with pytest.raises(ValueError, match="Matchers require names"):
        BaseMatcher()
    with pytest.raises(NotImplementedError):
        type("Named", (BaseMatcher,), {"name": "named"})().match(prepared(), {})


def test_a_matcher_that_is_added_to_a_cassette_must_be_registered(session, write, interaction):
    write("unknown", [interaction(BASE)])
    with Betamax(session).use_cassette("unknown") as recorder:
        recorder.current_cassette.match_options.add("no-such")
        with pytest.raises(exceptions.MatchersValidationError, match="no-such") as caught:
            session.get(BASE)
        assert isinstance(caught.value, KeyError), "as in Betamax"
