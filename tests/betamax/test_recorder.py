"""``vcr.betamax``: the examples of Betamax's documentation, record modes, and what a recorder leaves behind."""

from __future__ import annotations

import copy
import datetime
import os
import pickle
import threading
from pathlib import Path

import pytest
import requests

import vcr
from vcr import patch
from vcr.betamax import Betamax, BetamaxError
from vcr.betamax.adapter import BetamaxAdapter
from vcr.betamax.exceptions import MissingCassetteError
from vcr.errors import CannotOverwriteExistingCassetteException, CassetteLoadError

# -- the examples of the documentation ---------------------------------------------------------------------------------


def test_the_cassette_may_be_set_inside_the_block(session, counter):
    for _ in ("record", "replay"):
        with Betamax(session) as recorder:
            recorder.use_cassette("user")
            assert session.get(counter, auth=("user", "pass")).text == "1"


def test_the_cassette_may_be_set_in_line_with_the_block(session, counter, server):
    for _ in ("record", "replay"):
        with Betamax(session).use_cassette("repo") as recorder:
            assert session.get(counter).text == "1"
        assert isinstance(recorder, Betamax)
    assert server.hits == 1


def test_a_recorder_may_be_started_and_stopped_by_hand(session, counter):
    recorder = Betamax(session)
    recorder.use_cassette("by-hand")
    recorder.start()
    assert session.get(counter).text == "1"
    recorder.stop()
    assert recorder.current_cassette is None
    assert session.get(counter).text == "2"


def test_the_example_of_configuration_runs(configuration, session, server):
    with Betamax.configure() as config:
        config.cassette_library_dir = "tests/cassettes/"
        config.default_cassette_options["record_mode"] = "once"
        config.default_cassette_options["match_requests_on"] = ["uri"]
        config.default_cassette_options["match_options"] = ["method", "uri", "headers"]
        config.define_cassette_placeholder("<URI>", server.url)
        config.preserve_exact_body_bytes = True
    assert configuration.preserve_exact_body_bytes is True
    with Betamax(session).use_cassette("configured") as recorder:
        assert session.get(f"{server.url}/counter").text == "1"
        assert recorder.current_cassette.match_options == {"method", "uri", "headers"}
    written = Path("tests/cassettes/configured.json").read_text(encoding="utf-8")
    assert '"uri": "<URI>/counter"' in written
    assert '"base64_string": "MQ=="' in written


def test_the_library_and_the_defaults_may_be_given_to_the_recorder(session, counter):
    options = {"record_mode": "once", "match_requests_on": ["method"], "re_record_interval": 1000}
    with Betamax(session, cassette_library_dir="elsewhere", default_cassette_options=options) as recorder:
        recorder.use_cassette("example")
        session.get(counter)
    assert os.path.exists("elsewhere/example.json")


# -- what is intercepted -----------------------------------------------------------------------------------------------


def test_only_the_given_session_is_recorded(session, counter, server, saved):
    with Betamax(session).use_cassette("one"), requests.Session() as other:
        assert session.get(counter).text == "1"
        assert other.get(counter).text == "2"
        assert requests.get(counter).text == "3"
    assert len(saved("one")) == 1


def test_requests_of_the_session_in_other_threads_are_recorded(session, counter, server):
    def fetch_in_thread() -> list[str]:
        found: list[str] = []
        thread = threading.Thread(target=lambda: found.append(session.get(counter).text))
        thread.start()
        thread.join()
        return found

    for _ in ("record", "replay"):
        with Betamax(session).use_cassette("thread"):
            assert fetch_in_thread() == ["1"]
    assert server.hits == 1


def test_a_session_is_whatever_has_adapters_and_mount(counter):
    class Requestor:
        def __init__(self):
            self._http = requests.Session()
            self.adapters, self.mount = self._http.adapters, self._http.mount

    requestor = Requestor()
    with Betamax(requestor).use_cassette("duck") as recorder:
        assert requestor._http.get(counter).text == "1"
        assert len(recorder.current_cassette.interactions) == 1
    requestor._http.close()


def test_https_is_recorded_and_replayed(session, tls_server, ca_file):
    for _ in ("record", "replay"):
        with Betamax(session).use_cassette("tls"):
            assert session.get(f"{tls_server.url}/counter", verify=ca_file).text == "1"
    assert tls_server.hits == 1


def test_a_response_that_was_not_read_is_recorded_whole(session, server, saved):
    with Betamax(session).use_cassette("unread"):
        response = session.get(f"{server.url}/text", stream=True)
    assert saved("unread")[0]["response"]["body"]["string"] == response.text
    response.close()


def test_it_may_stand_inside_a_cassette_of_vcr_and_goes_before_it(session, counter, saved):
    with vcr.use_cassette("outer.yaml") as outer:
        with Betamax(session).use_cassette("inner"):
            assert session.get(counter).text == "1"
        assert session.get(counter).text == "2"
    assert (len(saved("inner")), len(outer)) == (1, 1)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda session: pickle.loads(pickle.dumps(session))])
def test_a_copy_of_the_session_works_on_the_same_cassette(session, counter, server, saved, copied):
    for _ in ("record", "replay"):
        with Betamax(session).use_cassette("copied"), copied(session) as twin:
            assert [one.get(counter).text for one in (session, twin)] == ["1", "2"]
    assert (server.hits, len(saved("copied"))) == (2, 2)
    assert session.get(counter).text == "3", "its own adapters are back"


def test_a_copy_of_the_session_replays_when_the_recorder_has_stopped(session, write, interaction):
    write("outlived", [interaction("http://h.example/", text) for text in ("one", "two")])
    with Betamax(session).use_cassette("outlived"):
        twin = copy.deepcopy(session)
        assert session.get("http://h.example/").text == "one"
    with twin:
        assert twin.get("http://h.example/").text == "two"
        with pytest.raises(BetamaxError):
            twin.get("http://h.example/")


def test_of_two_recorders_of_one_session_the_inner_one_records(session, counter, saved):
    with Betamax(session).use_cassette("outer"):
        with Betamax(session).use_cassette("inner"):
            session.get(counter)
            session.get(counter)
        session.get(counter)
    assert (len(saved("outer")), len(saved("inner"))) == (1, 2)


def test_the_adapters_are_the_sessions_own_before_and_after(session, counter):
    mounted = requests.adapters.HTTPAdapter()
    session.mount("http://127.0.0.1", mounted)
    before = list(session.adapters.items())
    recorder = Betamax(session)
    assert list(session.adapters.items()) == before
    assert list(recorder.http_adapters.items()) == before
    with recorder.use_cassette("adapters"):
        assert set(session.adapters.values()) == {recorder.betamax_adapter}
        assert session.get(counter).connection is recorder.betamax_adapter
    assert list(session.adapters.items()) == before


def test_an_adapter_mounted_after_the_recorder_was_made_is_intercepted_and_kept(session, counter, saved):
    recorder = Betamax(session)
    late = requests.adapters.HTTPAdapter()
    session.mount("http://127.0.0.1", late)
    with recorder.use_cassette("late"):
        session.get(counter)
    assert len(saved("late")) == 1
    assert session.get_adapter(counter) is late


def test_closing_the_session_inside_closes_its_own_adapters(session, counter):
    class Noted(requests.adapters.HTTPAdapter):
        closed = False

        def close(self):
            self.closed = True
            super().close()

    own = Noted()
    session.mount("http://", own)
    with Betamax(session).use_cassette("closing"):
        session.get(counter)
        session.close()
        assert own.closed
        assert session.get(counter).text == "2"


def test_starting_twice_and_stopping_twice_does_no_harm(configuration, session, counter):
    stopped = []
    configuration.before_stop(callback=lambda cassette: stopped.append(cassette.cassette_name))
    with Betamax(session).use_cassette("twice") as recorder:
        recorder.start()
        assert session.get(counter).text == "1"
        recorder.stop()
    assert stopped == ["twice"]
    assert not any(isinstance(adapter, BetamaxAdapter) for adapter in session.adapters.values())


def test_a_recorder_may_be_used_again(session, counter, saved):
    recorder = Betamax(session)
    for name in ("first", "second"):
        with recorder.use_cassette(name):
            session.get(counter)
    assert [i["response"]["body"]["string"] for i in saved("first") + saved("second")] == ["1", "2"]


# -- errors ------------------------------------------------------------------------------------------------------------


def test_a_request_without_a_cassette_is_an_error(session, counter, server):
    with Betamax(session), pytest.raises(BetamaxError, match="No cassette was specified or found"):
        session.get(counter)
    assert server.hits == 0


def test_a_request_that_cannot_be_handled_is_an_error_that_says_why(session, write, interaction):
    write("small", [interaction("http://h.example/here")])
    with Betamax(session).use_cassette("small", match_requests_on=["method", "path"]) as recorder:
        options = recorder.current_cassette.match_options
        with pytest.raises(BetamaxError) as caught:
            session.get("http://h.example/elsewhere")
    expected = f"""A request was made that could not be handled.

A request was made to http://h.example/elsewhere that could not be found in small.

The settings on the cassette are:

    - record_mode: once
    - match_options {options}.
"""
    assert str(caught.value).startswith(expected)
    assert "path differs" in str(caught.value)
    assert not isinstance(caught.value, requests.RequestException)
    assert isinstance(caught.value.__cause__, CannotOverwriteExistingCassetteException)


@pytest.mark.parametrize("name", [None, ""])
def test_a_cassette_must_have_a_name(session, name):
    with pytest.raises(ValueError, match="must have a name"):
        Betamax(session).use_cassette(name)


def test_record_none_without_a_cassette_is_an_error_at_once(session):
    with pytest.raises(MissingCassetteError, match=r"library.missing\.json"):
        Betamax(session).use_cassette("missing", record="none")
    assert not os.path.exists("library")


def test_a_cassette_that_cannot_be_read_is_an_error_and_stays_as_it_is(session):
    os.mkdir("library")
    Path("library/broken.json").write_text("{not json", encoding="utf-8")
    with pytest.raises(CassetteLoadError, match=r"broken\.json, line 1"):
        Betamax(session).use_cassette("broken")
    assert Path("library/broken.json").read_text(encoding="utf-8") == "{not json"


# -- record modes ------------------------------------------------------------------------------------------------------


def test_once_records_everything_then_replays_in_order_then_refuses(session, counter, server):
    with Betamax(session).use_cassette("once") as recorder:
        assert recorder.current_cassette.is_recording()
        assert recorder.current_cassette.is_empty()
        assert [session.get(counter).text for _ in range(3)] == ["1", "2", "3"]
        assert recorder.current_cassette.is_empty(), "it says how it was loaded"
        assert recorder.current_cassette, "an empty cassette is a cassette"
    with Betamax(session).use_cassette("once") as recorder:
        assert not recorder.current_cassette.is_recording()
        assert [session.get(counter).text for _ in range(3)] == ["1", "2", "3"]
        with pytest.raises(BetamaxError):
            session.get(counter)
    assert server.hits == 3


def test_none_never_writes(session, write, interaction):
    write("none", [interaction("http://h.example/", "hello")])
    before = Path("library/none.json").read_text(encoding="utf-8")
    with Betamax(session).use_cassette("none", record="none"):
        assert session.get("http://h.example/").text == "hello"
    assert Path("library/none.json").read_text(encoding="utf-8") == before


def test_new_episodes_replays_what_there_is_and_records_the_rest(session, server, saved):
    with Betamax(session).use_cassette("episodes"):
        session.get(f"{server.url}/counter")
    with Betamax(session).use_cassette("episodes", record="new_episodes"):
        texts = [session.get(f"{server.url}/counter").text for _ in range(3)]
    assert texts == ["1", "2", "3"], "what has just been recorded is not replayed"
    assert len(saved("episodes")) == 3


def test_all_records_again_and_keeps_what_was_not_asked_for(session, server, saved):
    with Betamax(session).use_cassette("all"):
        session.get(f"{server.url}/counter")
        session.get(f"{server.url}/text")
    with Betamax(session).use_cassette("all", record="all") as recorder:
        assert session.get(f"{server.url}/counter").text == "3"
        assert len(recorder.current_cassette.interactions) == 2
    assert [i["request"]["uri"].rpartition("/")[2] for i in saved("all")] == ["counter", "text"]
    assert saved("all")[0]["response"]["body"]["string"] == "3"


def test_all_replaces_one_recorded_interaction_by_one_new(session, counter, saved):
    def texts() -> list[str]:
        return [i["response"]["body"]["string"] for i in saved("one by one")]

    with Betamax(session).use_cassette("one by one"):
        [session.get(counter) for _ in range(3)]
    with Betamax(session).use_cassette("one by one", record="all"):
        [session.get(counter) for _ in range(2)]
    assert texts() == ["4", "5", "3"]
    with Betamax(session).use_cassette("one by one", record="all"):
        [session.get(counter) for _ in range(4)]
    assert texts() == ["6", "7", "8", "9"]


def test_all_keeps_all_that_is_asked_for_of_a_new_cassette(session, counter, saved):
    with Betamax(session).use_cassette("all new", record="all"):
        [session.get(counter) for _ in range(3)]
    assert len(saved("all new")) == 3


def test_playback_may_be_repeated(session, counter, server):
    with Betamax(session).use_cassette("repeats"):
        session.get(counter)
    with Betamax(session).use_cassette("repeats", allow_playback_repeats=True):
        assert [session.get(counter).text for _ in range(3)] == ["1", "1", "1"]
    assert server.hits == 1


def test_the_cassette_is_saved_when_the_block_raises(session, counter, saved):
    def fail() -> None:
        session.get(counter)
        raise KeyError

    with pytest.raises(KeyError), Betamax(session).use_cassette("raising"):
        fail()
    assert len(saved("raising")) == 1


# -- the faults of Betamax that are none here --------------------------------------------------------------------------


def test_a_recorders_settings_do_not_leak_into_the_next(configuration, session, counter):
    options = {"record_mode": "none", "match_requests_on": ["method"], "placeholders": []}
    first = Betamax(session, cassette_library_dir="elsewhere", default_cassette_options=options)
    first.config.define_cassette_placeholder("<A>", "a")
    first.config.before_record(callback=print)
    first.config.preserve_exact_body_bytes = True
    assert first.config.cassette_library_dir == "elsewhere"
    assert configuration.cassette_library_dir == "library"
    assert configuration.default_cassette_options["record_mode"] == "once"
    assert configuration.default_cassette_options["placeholders"] == []
    assert not configuration.preserve_exact_body_bytes
    assert configuration.hooks("before_record") == []
    with Betamax(session).use_cassette("next"):
        assert session.get(counter).text == "1"


def test_a_recorders_config_shows_what_is_configured_later(configuration, session):
    recorder = Betamax(session)
    configuration.cassette_library_dir = "later"
    configuration.default_cassette_options["record_mode"] = "all"
    assert recorder.config.cassette_library_dir == "later"
    assert recorder.config.default_cassette_options["record_mode"] == "all"


def test_options_do_not_stick_to_the_recorder(session, counter):
    recorder = Betamax(session)
    with recorder.use_cassette("first", match_requests_on=["method"], record="all"):
        session.get(counter)
    recorder.use_cassette("second")
    assert recorder.current_cassette.match_options == {"method", "uri"}
    assert recorder.current_cassette.record_mode == "once"


def test_a_second_use_cassette_saves_the_first(session, counter, saved):
    with Betamax(session).use_cassette("first") as recorder:
        session.get(counter)
        recorder.use_cassette("second")
        session.get(counter)
    assert (len(saved("first")), len(saved("second"))) == (1, 1)


def test_a_first_recording_that_fails_leaves_no_cassette(session, server):
    with pytest.raises(requests.ConnectionError), Betamax(session).use_cassette("failing"):
        session.get(f"{server.url}/reset")
    assert not os.path.exists("library/failing.json")
    with Betamax(session).use_cassette("failing"):
        assert session.get(f"{server.url}/text").ok


def test_an_empty_cassette_that_betamax_left_behind_is_recorded_into(session, counter, write, saved):
    write("poisoned", [])
    with Betamax(session).use_cassette("poisoned") as recorder:
        assert recorder.current_cassette.is_recording()
        assert session.get(counter).text == "1"
    assert len(saved("poisoned")) == 1


@pytest.mark.parametrize("hook", ["after_start", "before_stop"])
def test_a_hook_that_raises_leaves_nothing_patched(configuration, session, counter, hook):
    def fail(_):
        raise KeyError(hook)

    getattr(configuration, hook)(callback=fail)
    before = list(session.adapters.items())
    with pytest.raises(KeyError, match=hook), Betamax(session).use_cassette("hook"):
        session.get(counter)
    assert list(session.adapters.items()) == before
    assert not patch._holders


def test_a_before_stop_hook_that_raises_loses_nothing(configuration, session, counter, saved):
    configuration.before_stop(callback=lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError), Betamax(session).use_cassette("kept"):
        session.get(counter)
    assert len(saved("kept")) == 1


def test_a_missing_directory_is_made(session, counter):
    with Betamax(session, cassette_library_dir="not/yet").use_cassette("deep/er"):
        session.get(counter)
    assert os.path.exists("not/yet/deep/er.json")


@pytest.fixture
def old(write, interaction, counter) -> str:
    """The name of a cassette that was recorded long ago."""
    write("old", [interaction(counter, "old")])
    return "old"


@pytest.mark.parametrize("interval", [datetime.timedelta(days=1), 1])
@pytest.mark.parametrize("where", ["default", "argument"])
@pytest.mark.parametrize("mode", ["once", "new_episodes"])
def test_an_old_cassette_is_recorded_anew(session, counter, old, interval, where, mode):  # noqa: PLR0917
    options = {"re_record_interval": interval}
    defaults, arguments = (options, {}) if where == "default" else ({}, options)
    recorder = Betamax(session, default_cassette_options=defaults)
    for _ in ("record", "replay"):
        with recorder.use_cassette(old, record=mode, **arguments) as recorder:
            assert session.get(counter).text == "1"
            assert len(recorder.current_cassette.interactions) == 1


def test_an_interval_among_the_defaults_may_be_taken_back(session, counter, old):
    recorder = Betamax(session, default_cassette_options={"re_record_interval": 1})
    with recorder.use_cassette(old, re_record_interval=None):
        assert session.get(counter).text == "old"


def test_a_cassette_without_dates_can_be_replayed(session, write, interaction):
    dateless = interaction("http://h.example/", "hello")
    del dateless["recorded_at"]
    write("dateless", [dateless])
    with Betamax(session).use_cassette("dateless") as recorder:
        assert session.get("http://h.example/").text == "hello"
        assert recorder.current_cassette.interactions[0].recorded_at
        assert recorder.current_cassette.earliest_recorded_date


def test_uploads_from_files_and_generators_are_recorded(session, server, saved, tmp_path):
    (tmp_path / "upload").write_bytes(b"from a file")
    with Betamax(session).use_cassette("uploads"):
        with open(tmp_path / "upload", "rb") as file:
            session.post(f"{server.url}/echo", data=file)
        session.post(f"{server.url}/echo", data=iter([b"from a ", b"generator"]))
        session.get(f"{server.url}/text", headers={"X-Bytes": b"bytes"})
    assert [i["request"]["body"]["string"] for i in saved("uploads")] == ["from a file", "from a generator", ""]
    assert saved("uploads")[2]["request"]["headers"]["X-Bytes"] == ["bytes"]


def test_an_old_cassette_without_a_reason_phrase_has_that_of_its_status(session, write, interaction):
    old = interaction("http://h.example/", "nothing here")
    del old["response"]["status"]
    old["response"]["status_code"] = 404
    write("old", [old])
    with Betamax(session).use_cassette("old"):
        response = session.get("http://h.example/")
    assert (response.status_code, response.reason) == (404, "Not Found")
