"""``vcr.betamax``: hooks, and what they may do to an interaction."""

from __future__ import annotations

import datetime

import pytest

from vcr.betamax import Betamax, BetamaxError
from vcr.betamax.cassette import Cassette, Interaction, Placeholder, dispatch_hooks


def test_hooks_are_called_in_their_order(configuration, session, counter):
    calls = []
    configuration.after_start(callback=lambda cassette: calls.append(("after_start", cassette.cassette_name)))
    configuration.before_stop(callback=lambda cassette: calls.append(("before_stop", len(cassette.interactions))))
    configuration.before_record(callback=lambda i, cassette: calls.append(("before_record", len(cassette))))
    configuration.before_playback(callback=lambda i, cassette: calls.append(("before_playback", i.used)))
    for _ in ("record", "replay"):
        with Betamax(session).use_cassette("hooks"):
            session.get(counter)
    assert calls == [
        *[("after_start", "hooks"), ("before_record", 0), ("before_stop", 1)],
        *[("before_playback", False), ("after_start", "hooks"), ("before_stop", 1)],
    ]


def test_after_start_is_given_none_before_there_is_a_cassette(configuration, session):
    calls = []
    configuration.after_start(callback=calls.append)
    with Betamax(session):
        pass
    assert calls == [None]


def test_what_before_record_changes_is_what_is_kept_and_what_the_program_gets(configuration, session, counter, saved):
    def change(interaction, cassette):
        interaction.data["response"]["body"]["string"] = "changed"
        interaction.data["response"]["headers"]["X-Hook"] = "was here"
        interaction.data["request"]["headers"]["Authorization"] = ["***"]

    configuration.before_record(callback=change)
    with Betamax(session).use_cassette("changed"):
        response = session.get(counter, auth=("user", "secret"))
        assert (response.text, response.headers["X-Hook"]) == ("changed", "was here")
        assert response.request.headers["Authorization"] != "***", "the request is the program's own"
    assert saved("changed")[0]["request"]["headers"]["Authorization"] == ["***"]
    with Betamax(session).use_cassette("changed"):
        assert session.get(counter).text == "changed"


@pytest.mark.parametrize("path", ["gzip", "cookies/set?a=1", "redirect/2", "chunked", "status/204"])
def test_with_a_before_record_hook_responses_are_as_without(configuration, session, server, path):
    """The hook is called when the response is complete: what the program gets is made of what has been recorded."""

    def fetch() -> tuple[object, ...]:
        response = session.get(f"{server.url}/{path}", stream=True)
        history = [(hop.status_code, hop.url) for hop in response.history]
        raw = response.raw.read()
        return response.status_code, response.reason, response.url, history, raw, dict(session.cookies)

    with Betamax(session).use_cassette("without"):
        expected = fetch()
    configuration.before_record(callback=lambda i, c: None)
    session.cookies.clear()
    with Betamax(session).use_cassette("with"):
        assert fetch() == expected


def test_what_before_record_ignores_is_not_kept(configuration, session, server, saved):
    def not_this(interaction, cassette):
        if interaction.data["request"]["uri"].endswith("/text"):
            interaction.ignore()

    configuration.before_record(callback=not_this)
    with Betamax(session).use_cassette("ignoring"):
        assert session.get(f"{server.url}/text").ok
        assert session.get(f"{server.url}/counter").text == "2"
    assert len(saved("ignoring")) == 1


def test_where_all_is_ignored_there_is_a_cassette_that_is_recorded_into_later(configuration, session, counter, saved):
    configuration.before_record(callback=lambda i, c: i.ignore())
    with Betamax(session).use_cassette("all ignored"):
        assert session.get(counter).text == "1"
    assert saved("all ignored") == []
    Cassette.hooks.clear()
    with Betamax(session).use_cassette("all ignored"):
        assert session.get(counter).text == "2"
    assert len(saved("all ignored")) == 1


def test_what_before_record_raises_reaches_the_program_and_nothing_is_kept(configuration, session, counter):
    configuration.before_record(callback=lambda i, c: 1 / 0)
    with Betamax(session).use_cassette("raising") as recorder:
        with pytest.raises(ZeroDivisionError):
            session.get(counter)
        assert recorder.current_cassette.interactions == []


def test_what_before_playback_changes_is_what_is_replayed(configuration, session, write, interaction):
    def change(interaction, cassette):
        assert interaction.data["response"]["body"]["string"] == "<NAME>", "before the placeholders are replaced"
        interaction.data["response"]["body"]["string"] = "hello <NAME>"

    configuration.before_playback(callback=change)
    configuration.define_cassette_placeholder("<NAME>", "world")
    write("playback", [interaction("http://h.example/", "<NAME>")])
    with Betamax(session).use_cassette("playback"):
        assert session.get("http://h.example/").text == "hello world"


def test_before_playback_sees_all_that_the_cassette_holds(configuration, session, write, interaction):
    seen = []
    configuration.before_playback(callback=lambda i, cassette: seen.append([o.data for o in cassette.interactions]))
    write("all of it", [interaction("http://h.example/", text) for text in ("one", "two")])
    with Betamax(session).use_cassette("all of it"):
        pass
    assert [[data["response"]["body"]["string"] for data in every] for every in seen] == [["one", "two"]] * 2


@pytest.mark.parametrize("hooks", [False, True])
def test_header_values_have_the_shape_that_they_have_in_the_file(configuration, session, write, interaction, hooks):
    """Betamax's first versions kept each as text."""
    shapes = []
    old = interaction("http://h.example/", "hello", Accept="text/plain", X_Key="k")
    old["request"]["headers"]["Accept"] = "text/plain"
    write("shapes", [old])
    if hooks:
        configuration.before_playback(callback=lambda i, c: shapes.append(dict(i.data["request"]["headers"])))
    with Betamax(session).use_cassette("shapes", match_requests_on=["uri"]) as recorder:
        [one] = recorder.current_cassette.interactions
        assert session.get("http://h.example/").text == "hello"
    assert one.data["request"]["headers"] == {"Accept": "text/plain", "X-Key": ["k"]}
    assert shapes == [one.data["request"]["headers"]] * hooks


def test_what_before_playback_ignores_is_not_replayed_and_stays_in_the_cassette(
    session, server, write, interaction, saved
):
    Betamax.configure().before_playback(callback=lambda i, c: i.ignore())
    write("hidden", [interaction(f"{server.url}/text", "hidden")])
    with Betamax(session).use_cassette("hidden") as recorder:
        assert [i.ignored for i in recorder.current_cassette.interactions] == [True]
        with pytest.raises(BetamaxError):
            session.get(f"{server.url}/text")
    with Betamax(session).use_cassette("hidden", record="new_episodes"):
        assert session.get(f"{server.url}/text").text != "hidden"
    assert saved("hidden")[0]["response"]["body"]["string"] == "hidden"
    assert len(saved("hidden")) == 2


def test_the_example_of_a_placeholder_made_in_a_hook_runs(configuration, session, server, saved):
    def sanitize_token(interaction, current_cassette):
        if interaction.data["response"]["status"]["code"] != 200:
            return
        token = interaction.data["request"]["headers"].get("Authorization")
        if token is None:
            return
        current_cassette.placeholders.append(Placeholder(placeholder="<AUTH_TOKEN>", replace=token))

    configuration.before_record(callback=sanitize_token)
    with Betamax(session).use_cassette("sanitized"):
        session.get(f"{server.url}/echo", headers={"Authorization": "token s3cr3t"})
    assert saved("sanitized")[0]["request"]["headers"]["Authorization"] == ["<AUTH_TOKEN>"]
    assert "s3cr3t" not in str(saved("sanitized"))


def test_what_is_changed_in_the_cassettes_interactions_before_it_stops_is_saved(configuration, session, counter, saved):
    def scrub(cassette):
        for interaction in cassette.interactions:
            interaction.data["request"]["headers"].pop("Authorization")

    configuration.before_stop(callback=scrub)
    with Betamax(session).use_cassette("scrubbed"):
        session.get(counter, auth=("user", "secret"))
    assert "Authorization" not in saved("scrubbed")[0]["request"]["headers"]


def test_what_is_said_of_an_interaction_counts_for_the_next_request(session, write, interaction):
    write("said", [interaction("http://h.example/", text) for text in ("one", "two", "three")])
    with Betamax(session).use_cassette("said") as recorder:
        first, second, third = recorder.current_cassette.interactions
        first.used = True
        assert session.get("http://h.example/").text == "two"
        assert (first.used, second.used, third.used) == (True, True, False)
        third.ignore()
        with pytest.raises(BetamaxError):
            session.get("http://h.example/")
        first.used, third.ignored = False, False
        assert [session.get("http://h.example/").text for _ in range(2)] == ["one", "three"]


def test_what_may_be_repeated_is_never_used(session, write, interaction):
    write("repeated", [interaction("http://h.example/", "one")])
    with Betamax(session).use_cassette("repeated", allow_playback_repeats=True) as recorder:
        [session.get("http://h.example/") for _ in range(2)]
        assert [one.used for one in recorder.current_cassette.interactions] == [False]


def test_matchers_may_be_added_to_the_cassette_in_use(session, write, interaction):
    write("added", [interaction("http://h.example/", text, "POST", text) for text in ("one", "two")])
    with Betamax(session).use_cassette("added") as recorder:
        recorder.current_cassette.match_options.add("body")
        assert session.post("http://h.example/", data="two").text == "two"
        with pytest.raises(BetamaxError):
            session.post("http://h.example/", data="three")


def test_a_hook_may_take_the_interaction_alone_and_be_given_by_position(configuration, session, counter):
    seen = []
    configuration.before_record(seen.append)
    with Betamax(session).use_cassette("alone"):
        session.get(counter)
    assert [type(one) for one in seen] == [Interaction]
    with pytest.raises(TypeError, match="before_record needs a function"):
        configuration.before_record()


def test_hooks_are_kept_where_betamax_keeps_them(configuration):
    seen = []
    configuration.before_record(callback=lambda *args: seen.append(args))
    dispatch_hooks("before_record", 1, 2)
    Cassette.hooks.clear()
    dispatch_hooks("before_record", 3, 4)
    assert seen == [(1, 2)]


def test_an_interaction_can_be_looked_at_as_a_response(session, write, interaction):
    write("seen", [interaction("http://h.example/a", "hello")])
    with Betamax(session).use_cassette("seen") as recorder:
        [one] = recorder.current_cassette.interactions
        response = one.as_response()
        assert (response.text, response.status_code, response.url) == ("hello", 200, "http://h.example/a")
        assert one.recorded_at == datetime.datetime(2013, 9, 28, 1, 25, 38)
        assert recorder.current_cassette.earliest_recorded_date == one.recorded_at
        assert not recorder.current_cassette.interactions[0].used
        session.get("http://h.example/a")
        assert recorder.current_cassette.interactions[0].used


def test_an_interaction_can_be_rewritten_text_by_text(interaction):
    one = Interaction(interaction("http://h.example/abc", "abc", "POST", "abc", X_Key="abc"))
    one.replace_in_headers("abc", "<H>")
    one.replace_in_body("abc", "<B>")
    one.replace_in_uri("abc", "<U>")
    assert one.data["request"]["headers"]["X-Key"] == ["<H>"]
    assert one.data["request"]["body"]["string"] == one.data["response"]["body"]["string"] == "<B>"
    assert one.data["request"]["uri"] == one.data["response"]["url"] == "http://h.example/<U>"
    one.replace_all([Placeholder("<H>", "abc")], serializing=False)
    assert one.data["request"]["headers"]["X-Key"] == ["abc"]


def test_a_cassette_can_be_cleared(session, write, interaction, counter):
    write("cleared", [interaction(counter, "old")])
    with Betamax(session).use_cassette("cleared") as recorder:
        recorder.current_cassette.clear()
        assert recorder.current_cassette.interactions == []
        assert session.get(counter).text == "1"
