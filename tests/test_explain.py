"""Why a request was refused: the reason, the message, and that nothing is worked out before the message is read."""

from __future__ import annotations

from pathlib import Path

import pytest

import vcr
from vcr import matchers
from vcr._engine.explain import BODY_SHOWN, MOST_SHOWN, most_similar
from vcr._http.difference import MAX_DIFF_LINES
from vcr.cassette import Cassette
from vcr.errors import CannotOverwriteExistingCassetteException
from vcr.record_mode import RecordMode
from vcr.request import Request

MATCH_ON = (matchers.method, matchers.host, matchers.path, matchers.query)


def get(uri: str) -> Request:
    return Request("GET", uri)


def cassette_with(*requests: Request, match_on=MATCH_ON, record_mode="none") -> Cassette:
    """A cassette that holds these requests and is ready to replay them."""
    cassette = Cassette("tape.yaml", record_mode=record_mode, match_on=match_on)
    for request in requests:
        cassette.append(request, {"status": {"code": 200, "message": "OK"}, "headers": {}, "body": {"string": b""}})
    cassette.rewind()
    return cassette


def refusal(cassette: Cassette, request: Request) -> CannotOverwriteExistingCassetteException:
    with pytest.raises(CannotOverwriteExistingCassetteException) as caught:
        cassette.begin(request)
    return caught.value


# -- the reason -------------------------------------------------------------------------------------------------------


def test_there_is_no_cassette_and_the_mode_makes_none():
    error = refusal(Cassette("tape.yaml", record_mode="none"), get("http://h/"))
    assert error.reason == "cassette_not_found"
    message = str(error)
    assert "the cassette doesn't exist, and record_mode 'none' doesn't record new ones." in message
    assert "run once with record_mode='once'" in message
    assert "new_episodes" not in message  # there is nothing to keep
    assert error.similar_requests == []


def test_a_cassette_that_is_not_there_is_named_in_full_with_its_like(tmp_path):
    for name in ("exmaple.yaml", "example.json", "other.txt"):
        (tmp_path / name).touch()
    with vcr.use_cassette("example.yaml", record_mode="none") as cassette:
        lines = str(refusal(cassette, get("http://h/"))).splitlines()
    start = lines.index(f"  path: {Path.cwd() / 'example.yaml'}")
    assert lines[start + 1] == "  similar names there: exmaple.yaml, example.json"


def test_a_directory_that_is_not_there_is_named_too():
    with vcr.use_cassette("not/there/example.yaml", record_mode="none") as cassette:
        lines = str(refusal(cassette, get("http://h/"))).splitlines()
    start = lines.index(f"  path: {Path.cwd() / 'not' / 'there' / 'example.yaml'}")
    assert lines[start + 1] == "  its directory doesn't exist"


@pytest.mark.parametrize(("path", "holds"), [("/outer", "holds"), ("/neither", "does not hold")])
def test_the_cassette_around_it_is_named(path, holds):
    response = {"status": {"code": 200, "message": "OK"}, "headers": {}, "body": {"string": b""}}
    with vcr.use_cassette("outer.yaml") as outer:
        outer.append(get("http://h/outer"), response)
        with vcr.use_cassette("inner.yaml", record_mode="none") as inner:
            error = refusal(inner, get(f"http://h{path}"))
    assert f"  opened inside: outer.yaml, which {holds} this request" in str(error).splitlines()


def test_the_first_advice_is_never_to_match_less():
    recorded = get("http://h/a?x=1")
    cassettes = [
        Cassette("tape.yaml", record_mode="none"),
        cassette_with(recorded),
        cassette_with(recorded, match_on=[matchers.uri]),
        cassette_with(),
    ]
    played = cassette_with(recorded)
    played.begin(recorded)
    for cassette, request in [*((cassette, get("http://h/a?x=2")) for cassette in cassettes), (played, recorded)]:
        lines = str(refusal(cassette, request)).splitlines()
        first = lines[lines.index("How to fix it:") + 1]
        assert not any(less in first for less in ("match_on", "ignore", "leave"))


@pytest.mark.parametrize("record_mode", ["none", "once"])
def test_it_is_recorded_but_has_been_played(record_mode):
    cassette = cassette_with(get("http://h/a"), record_mode=record_mode)
    cassette.begin(get("http://h/a"))
    error = refusal(cassette, get("http://h/a"))
    assert error.reason == "already_played"
    assert "allow_playback_repeats=True" in str(error)
    assert "Closest recorded requests" not in str(error)


def test_something_is_like_it_but_nothing_matches():
    error = refusal(cassette_with(get("http://h/a?x=1")), get("http://h/a?x=2"))
    assert error.reason == "no_match"
    assert "leave query out of match_on" in str(error)


def test_nothing_is_like_it():
    error = refusal(cassette_with(get("http://h/a")), Request("PUT", "http://other/b?x=1"))
    assert error.reason == "nothing_similar"
    assert "Closest recorded requests" not in str(error)


def test_an_empty_cassette_has_nothing_like_it():
    assert refusal(cassette_with(), get("http://h/")).reason == "nothing_similar"


# -- what is closest --------------------------------------------------------------------------------------------------


def test_the_closest_requests_agree_in_the_most_matchers():
    recorded = [get("http://other/x"), get("http://h/a?x=1"), Request("POST", "http://h/a?x=3"), get("http://h/a?x=2")]
    closest = refusal(cassette_with(*recorded), get("http://h/a?x=9")).similar_requests
    assert [request.uri for request, _, _ in closest] == ["http://h/a?x=1", "http://h/a?x=2"]
    for request, agreed, differing in closest:
        assert agreed == ["method", "host", "path"]
        assert differing == [("query", f"[('x', '9')] != {request.query}")]


def test_among_equals_the_one_whose_uri_is_most_alike_comes_first():
    recorded = [get("http://h/completely/different"), get("http://h/users/12"), get("http://h/users")]
    closest = most_similar(get("http://h/users/123"), recorded, MATCH_ON)
    assert closest[0][0].uri == "http://h/users/12"


def test_what_agrees_in_nothing_is_not_close():
    assert most_similar(get("http://h/"), [Request("PUT", "https://i/x?y=1")], MATCH_ON) == []


def test_find_requests_with_most_matches_is_the_same():
    cassette = cassette_with(get("http://h/a?x=1"))
    error = refusal(cassette, get("http://h/a?x=2"))
    assert cassette.find_requests_with_most_matches(get("http://h/a?x=2")) == error.similar_requests


# -- the message ------------------------------------------------------------------------------------------------------


def test_the_whole_message():
    cassette = cassette_with(get("http://h/a?x=1"), get("http://h/b"))
    cassette.begin(get("http://h/b"))
    assert str(refusal(cassette, get("http://h/a?x=2"))).splitlines() == [
        "Can't play back this request: no recorded interaction matches it (the closest differ in query).",
        "record_mode 'none' doesn't record new requests.",
        "Request:",
        "  GET http://h/a?x=2",
        "Cassette:",
        "  path: tape.yaml",
        "  record_mode: none",
        "  match_on: method, host, path, query",
        "  recorded: 2 interactions, 1 of them played, 1 not",
        "Closest recorded requests:",
        "  1. GET http://h/a?x=1",
        "     query differs: [('x', '2')] != [('x', '1')]",
        "     same: method, host, path",
        "How to fix it:",
        "  - to keep what is recorded and add this request: record_mode='new_episodes'",
        "  - to record everything again: record_mode='all', or delete the cassette and run with record_mode='once'",
        "  - if the difference never matters: leave query out of match_on",
    ]


def test_only_the_closest_few_are_shown():
    recorded = [get(f"http://h/a?x={number}") for number in range(10)]
    error = refusal(cassette_with(*recorded), get("http://h/a?x=new"))
    assert str(error).count("query differs") == MOST_SHOWN
    assert f"  …and {10 - MOST_SHOWN} more that also differ in query." in str(error).splitlines()
    assert len(error.similar_requests) == 10


def test_the_rest_are_counted_by_what_differs_in_them():
    recorded = [get(f"http://h/a?x={number}") for number in range(3)] + [Request("PUT", "http://h/a?x=new")] * 4
    lines = str(refusal(cassette_with(*recorded), get("http://h/a?x=new"))).splitlines()
    start = lines.index("  …and 4 more:")
    assert lines[start + 1 : start + 3] == ["     3 differ in query", "     1 differ in method"]


def test_a_body_is_shown_when_it_is_matched_on():
    sent = Request("POST", "http://h/", b"the body")
    assert "  body: the body" in str(refusal(cassette_with(match_on=[matchers.body]), sent))
    assert "the body" not in str(refusal(cassette_with(match_on=[matchers.method]), sent))


def test_a_long_body_is_cut():
    message = str(refusal(cassette_with(match_on=[matchers.raw_body]), Request("POST", "http://h/", b"x" * 5000)))
    assert f"  body: {'x' * BODY_SHOWN}… (5000 characters)" in message.splitlines()


def test_bodies_that_differ_are_compared_line_by_line():
    match_on = [matchers.method, matchers.body]
    recorded, sent = Request("POST", "http://h/", b"one\ntwo\nthree"), Request("POST", "http://h/", b"one\n2\nthree")
    lines = str(refusal(cassette_with(recorded, match_on=match_on), sent)).splitlines()
    assert "       --- recorded" in lines
    assert "       +++ this request" in lines
    assert lines.index("       -two") < lines.index("       +2")


def test_json_bodies_are_compared_by_value():
    match_on = [matchers.method, matchers.body]
    recorded = Request("POST", "http://h/", '{"b": 1, "a": "grün"}', {"Content-Type": "application/json"})
    sent = Request("POST", "http://h/", '{"a":"grün","b":2}', {"Content-Type": "application/json"})
    lines = [line.strip() for line in str(refusal(cassette_with(recorded, match_on=match_on), sent)).splitlines()]
    assert '-  "b": 1' in lines
    assert '+  "b": 2' in lines
    assert not any(line.startswith(("-", "+")) and "grün" in line for line in lines)


def test_a_long_difference_is_cut():
    match_on = [matchers.method, matchers.body]
    recorded = Request("POST", "http://h/", b"\n".join(b"old %d" % number for number in range(100)))
    sent = Request("POST", "http://h/", b"\n".join(b"new %d" % number for number in range(100)))
    lines = str(refusal(cassette_with(recorded, match_on=match_on), sent)).splitlines()
    assert sum(line.startswith(("       -", "       +")) for line in lines) <= MAX_DIFF_LINES
    assert f"       … ({3 + 200 - MAX_DIFF_LINES} more lines)" in lines


@pytest.mark.parametrize("body", [b"\xff\x00binary", b"[" * 100_000, {"a": 1}, None])
def test_any_body_can_be_explained(body):
    match_on = [matchers.method, matchers.raw_body]
    recorded, sent = Request("POST", "http://h/", body), Request("POST", "http://h/", b"other")
    assert "raw_body differs" in str(refusal(cassette_with(recorded, match_on=match_on), sent))
    assert "raw_body differs" in str(refusal(cassette_with(sent, match_on=match_on), recorded))


def test_what_a_users_matcher_says_is_shown():
    def same_tenant(r1, r2):
        raise AssertionError("tenant 1 is not tenant 2")

    message = str(refusal(cassette_with(get("http://h/"), match_on=[matchers.method, same_tenant]), get("http://h/")))
    assert "same_tenant differs: tenant 1 is not tenant 2" in message


def test_a_users_matcher_may_say_nothing():
    def never(r1, r2):
        return False

    message = str(refusal(cassette_with(get("http://h/"), match_on=[matchers.method, never]), get("http://h/")))
    assert "leave never out of match_on" in message


@pytest.mark.parametrize("record_mode", [RecordMode.NONE, RecordMode.ONCE])
def test_the_message_names_the_mode_and_how_to_record(record_mode):
    message = str(refusal(cassette_with(record_mode=record_mode), get("http://h/")))
    assert f"record_mode: {record_mode.value}" in message
    for mode in ("new_episodes", "all", "once"):
        assert f"record_mode='{mode}'" in message


def test_what_a_hook_hides_is_counted():
    class Stored:
        """A user's persister that holds one interaction."""

        @staticmethod
        def load_cassette(cassette_path, serializer):
            response = {"status": {"code": 200, "message": "OK"}, "headers": {}, "body": {"string": b""}}
            return [get("http://h/")], [response]

    cassette = Cassette("tape.yaml", persister=Stored, before_record_response=lambda response: None)
    cassette._load()
    assert "hidden: 1 stored interactions" in str(refusal(cassette, get("http://h/")))


def test_secrets_are_masked():
    cassette = Cassette("tape.yaml", record_mode="none", filter_sensitive_data={"PASSWORD": "hunter2"}, sanitize=False)
    assert "GET http://h/?password=PASSWORD" in str(refusal(cassette, get("http://h/?password=hunter2")))


# -- late -------------------------------------------------------------------------------------------------------------


class Counting:
    """A matcher as a user writes it, which counts how often it is asked."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, r1, r2):
        self.calls += 1
        return False


def test_nothing_is_compared_for_the_message_before_it_is_read():
    matcher = Counting()
    cassette = cassette_with(*[get("http://h/")] * 5, match_on=[matchers.method, matcher])
    error = refusal(cassette, get("http://h/"))
    asked_to_find_it = matcher.calls
    assert asked_to_find_it == 5
    assert str(error)
    assert matcher.calls == asked_to_find_it + 5


def test_it_is_worked_out_once_however_often_it_is_read():
    matcher = Counting()
    cassette = cassette_with(get("http://h/"), match_on=[matchers.method, matcher])
    error = refusal(cassette, get("http://h/"))
    once = str(error)
    calls = matcher.calls
    assert str(error) == once
    assert (error.reason, len(error.similar_requests)) == ("no_match", 1)
    assert matcher.calls == calls


def test_the_message_tells_how_things_were_when_the_request_was_refused():
    cassette = cassette_with(get("http://h/a"), get("http://h/b"))
    error = refusal(cassette, get("http://h/c"))
    cassette.begin(get("http://h/a"))
    cassette.begin(get("http://h/b"))
    assert "2 interactions, 0 of them played, 2 not" in str(error)


def test_only_what_a_message_shows_is_read_and_what_cannot_be_read_is_said(tmp_path):
    path = tmp_path / "tape.yaml"
    response = {"status": {"code": 200, "message": "OK"}, "headers": {}, "body": {"string": b""}}
    with vcr.use_cassette(path) as cassette:
        for number in range(1, 6):
            cassette.append(get(f"http://h/{'a' * number}"), response)
    path.write_text("code: }".join(path.read_text().rsplit("code:", 1)))  # the last one is broken
    with vcr.use_cassette(path, record_mode="none") as cassette:
        far, near = str(refusal(cassette, get("http://h/a?x=1"))), str(refusal(cassette, get("http://h/aaaaa?x=1")))
    assert "not readable" not in far
    assert near.count("  not readable: ") == 1
    assert "  1. GET http://h/aaaaa" not in near
