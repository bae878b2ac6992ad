"""A cassette is an object that programs build by hand, look into, change while it is open, subclass and patch.

Each test is something that a public project's tests do with VCR.py.
"""

from __future__ import annotations

import copy
import pickle
import threading
import urllib.request
from collections import Counter
from pathlib import Path

import pytest
import yaml

import vcr
from vcr import matchers
from vcr.cassette import Cassette
from vcr.errors import (
    CannotOverwriteExistingCassetteException,
    CassetteLoadError,
    UnhandledHTTPRequestError,
    VCRWarning,
)
from vcr.persisters.filesystem import FilesystemPersister
from vcr.request import Request
from vcr.serializers import jsonserializer


def answer(text: str) -> dict:
    return {"status": {"code": 200, "message": "OK"}, "headers": {}, "body": {"string": text.encode()}}


def get(url: str) -> Request:
    return Request("GET", url, None, {})


def fetch(url: str) -> str:
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url) as response:
        return response.read().decode()


def stored(path) -> list[tuple[str, str]]:
    """``(uri, body)`` of each interaction in the file."""
    data = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    return [(one["request"]["uri"], one["response"]["body"]["string"]) for one in data["interactions"]]


# -- built by hand ----------------------------------------------------------------------------------------------------


def test_a_cassette_made_by_hand_is_kept_in_a_yaml_file(tmp_path):
    path = tmp_path / "by_hand.yaml"
    cassette = Cassette(str(path))
    cassette.append(get("http://h/a"), answer("A"))
    cassette._save()
    assert stored(path) == [("http://h/a", "A")]
    loaded = Cassette.load(path=path)
    assert [(request.uri, response["body"]["string"]) for request, response in loaded.data] == [("http://h/a", b"A")]
    assert (loaded._path, len(loaded), str(loaded)) == (str(path), 1, "<Cassette containing 1 recorded response(s)>")


def test_a_cassette_knows_what_it_is_stored_with(tmp_path):
    cassette = Cassette.load(path=str(tmp_path / "none"), persister=FilesystemPersister, serializer=jsonserializer)
    assert (cassette._persister, cassette._serializer) == (FilesystemPersister, jsonserializer)


def test_what_is_not_there_is_an_empty_cassette(tmp_path):
    assert len(Cassette.load(path=str(tmp_path / "none.yaml"))) == 0


@pytest.mark.parametrize("mode", ["once", "none"])
def test_what_stands_for_load_is_told_the_record_mode(mode, cassette_path, monkeypatch):
    told = []

    def load(**arguments):
        told.append(arguments["record_mode"])
        return Cassette(cassette_path)

    monkeypatch.setattr(Cassette, "load", load)
    with vcr.VCR(record_mode=mode).use_cassette(cassette_path):
        pass
    assert told == [mode]


@pytest.mark.parametrize("option", ["path_transformer", "func_path_generator", "recordmode"])
def test_an_option_that_a_cassette_by_hand_cannot_have_is_a_type_error(option):
    with pytest.raises(TypeError, match=f"Unknown option '{option}'"):
        Cassette("tape.yaml", **{option: None})


def test_use_takes_every_option_of_use_cassette(server, tmp_path):
    seen = []

    def hook(request, response):  # of two arguments
        seen.append(request.uri)
        return request, response

    options = {
        "path_transformer": lambda path: f"{path}.yaml",
        "cassette_library_dir": tmp_path,
        "filter_query_parameters": ["token"],
        "filter_sensitive_data": {"<NAME>": "secret-name"},
        "before_save_interaction": [hook],
        "match_on": ["method", "path"],
        "record_on_exception": False,
        "inject_cassette": True,
    }

    @Cassette.use(**options)
    def program(cassette):
        return fetch(f"{server.url}/text?token=1&name=secret-name"), cassette.path

    _, path = program()
    assert path == str(tmp_path / "program.yaml")
    assert seen == [f"{server.url}/text?name=secret-name"]
    assert stored(path)[0][0] == f"{server.url}/text?name=<NAME>"


def test_use_arg_getter_is_asked_at_each_opening(tmp_path):
    arguments = {"path": str(tmp_path / "one.yaml"), "record_on_exception": False}
    opening = Cassette.use_arg_getter(lambda: arguments)
    with opening as cassette:
        assert cassette.path.endswith("one.yaml")
    arguments["path"] = str(tmp_path / "two.yaml")
    with opening as cassette:
        assert cassette.path.endswith("two.yaml")
    assert set(arguments) == {"path", "record_on_exception"}


def test_a_request_is_answered_with_what_was_appended_after_rewind_only():
    cassette = Cassette("tape.yaml")
    cassette.append(get("http://h/a"), answer("A"))
    assert get("http://h/a") in cassette
    assert not cassette.can_play_response_for(get("http://h/a"))
    assert cassette.play_response(get("http://h/a")) == answer("A")
    with pytest.raises(UnhandledHTTPRequestError, match="tape"):
        cassette.play_response(get("http://h/a"))
    cassette.rewind()
    assert cassette.can_play_response_for(get("http://h/a"))


# -- changed while it is open -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("record_mode", ["once", "new_episodes", "all"])
def test_what_is_recorded_is_found_by_hand_though_it_is_not_replayed(record_mode, server, cassette_path):
    url = f"{server.url}/counter"
    request = get(url)
    with vcr.use_cassette(cassette_path, record_mode=record_mode) as cassette:
        for count in (1, 2):
            fetch(url)
            assert request in cassette
            assert not cassette.can_play_response_for(request)
            assert cassette.responses_of(request) == cassette.responses
            assert len(cassette) == count
        first, second = (response["body"]["string"] for response in cassette.responses)
        assert [cassette.play_response(request)["body"]["string"] for _ in range(2)] == [first, second]
        assert request not in cassette
        assert cassette.play_counts == {0: 1, 1: 1}
        with pytest.raises(UnhandledHTTPRequestError):
            cassette.play_response(request)
        cassette.data = cassette.data[:1]
        assert len(cassette.responses_of(request)) == 1
    assert server.hits == 2


def test_data_is_a_list_that_can_be_changed():
    cassette = Cassette("tape.yaml", record_mode="none")
    one, two, three = ((get(f"http://h/{name}"), answer(name)) for name in "abc")
    cassette.data = [one, two]
    cassette.data.append(three)
    assert cassette.data == [one, two, three]
    del cassette.data[0]
    cassette.data[0] = one
    cassette.data.insert(1, two)
    assert cassette.data == [one, two, three]
    assert (cassette.data[-1], cassette.data[:2]) == (three, [one, two])
    assert repr(cassette.data) == repr([one, two, three])
    assert cassette.requests == [request for request, _ in (one, two, three)]
    assert cassette._as_dict() == {"requests": cassette.requests, "responses": cassette.responses}
    cassette.rewound = True
    assert cassette.begin(get("http://h/b")).response.body == b"b"
    with pytest.raises(CannotOverwriteExistingCassetteException):
        cassette.begin(get("http://h/d"))


def test_what_is_put_into_data_is_saved_when_the_cassette_is(tmp_path):
    path = tmp_path / "tape.yaml"
    cassette = Cassette(path)
    cassette.data.append((get("http://h/a"), answer("A")))
    cassette._save(force=True)
    assert stored(path) == [("http://h/a", "A")]


def test_a_live_request_under_way_stays_when_data_is_replaced(server, cassette_path):
    with vcr.use_cassette(cassette_path) as cassette:
        turn = cassette.begin(get("http://h/live"))
        cassette.data = [(get("http://h/a"), answer("A"))]
        turn.complete(vcr.cassette.Response(answer("live")))
    assert stored(cassette_path) == [("http://h/a", "A"), ("http://h/live", "live")]


@pytest.mark.parametrize(
    "forget",
    [
        lambda cassette: cassette.play_counts.clear(),
        lambda cassette: setattr(cassette, "play_counts", Counter()),
        lambda cassette: cassette.play_counts.__setitem__(0, 0),
        lambda cassette: cassette.play_counts.__delitem__(0),
    ],
    ids=["clear", "assign", "set", "delete"],
)
def test_play_counts_that_are_cleared_play_again(forget):
    cassette = Cassette("tape.yaml", record_mode="none")
    cassette.append(get("http://h/a"), answer("A"))
    cassette.rewind()
    cassette.begin(get("http://h/a"))
    assert cassette.play_counts == {0: 1}
    assert cassette.all_played
    forget(cassette)
    assert (cassette.play_count, cassette.all_played) == (0, False)
    assert cassette.begin(get("http://h/a")).response.body == b"A"


def test_a_copy_of_play_counts_changes_nothing():
    cassette = Cassette("tape.yaml")
    cassette.append(get("http://h/a"), answer("A"))
    cassette.play_response(get("http://h/a"))
    for twin in (
        cassette.play_counts.copy(),
        copy.copy(cassette.play_counts),
        pickle.loads(pickle.dumps(cassette.play_counts)),
    ):
        assert twin == {0: 1}
        twin.clear()
    assert cassette.play_count == 1


def test_the_record_mode_may_be_changed_inside_the_block(server, cassette_path):
    with vcr.use_cassette(cassette_path) as cassette:
        fetch(f"{server.url}/text")
        cassette.record_mode = "none"
        with pytest.raises(CannotOverwriteExistingCassetteException):
            fetch(f"{server.url}/other")
        assert cassette.record_mode is vcr.mode.NONE
    assert server.hits == 1


def test_a_record_mode_that_does_not_exist_is_refused_when_it_is_set():
    cassette = Cassette("tape.yaml")
    with pytest.raises(ValueError, match="'onec' is not a valid record_mode"):
        cassette.record_mode = "onec"


def test_the_filter_of_requests_may_be_replaced_for_a_while(server, cassette_path):
    with vcr.use_cassette(cassette_path) as cassette:
        kept, cassette._before_record_request = cassette._before_record_request, lambda request: None
        fetch(f"{server.url}/text")
        assert len(cassette) == 0
        cassette._before_record_request = kept
        fetch(f"{server.url}/text")
        assert len(cassette) == 1


# -- methods that are replaced ----------------------------------------------------------------------------------------


def test_append_that_is_replaced_on_a_cassette_gets_what_is_recorded(server, cassette_path):
    with vcr.use_cassette(cassette_path) as cassette:
        appended, original = [], cassette.append

        def append(request, response):
            appended.append((request.uri, response["body"]["string"]))
            original(request, response)

        cassette.append = append
        text = fetch(f"{server.url}/text")
    assert appended == [(f"{server.url}/text", text.encode())]
    assert stored(cassette_path) == [(f"{server.url}/text", text)]


def test_append_that_keeps_nothing_keeps_nothing(server, cassette_path, monkeypatch):
    monkeypatch.setattr(Cassette, "append", lambda self, request, response: None)
    with vcr.use_cassette(cassette_path):
        fetch(f"{server.url}/text")
    assert not Path(cassette_path).exists()
    assert server.hits == 1


def test_save_that_is_replaced_is_the_one_that_is_called(server, cassette_path):
    saved = []
    with vcr.use_cassette(cassette_path) as cassette:
        cassette._save = lambda force=False: saved.append(len(cassette))
        fetch(f"{server.url}/text")
    assert saved == [1]
    assert not Path(cassette_path).exists()


def test_can_play_response_for_calls_each_hook_once_and_asks_a_replaced_contains(cassette_path, monkeypatch):
    seen = []
    cassette = Cassette.load(path=cassette_path, before_record_request=lambda request: seen.append(request) or request)
    cassette.append(get("http://h/a"), answer("A"))
    cassette.rewind()
    seen.clear()
    assert cassette.can_play_response_for(get("http://h/a"))
    assert len(seen) == 1
    monkeypatch.setattr(Cassette, "__contains__", lambda self, request: False)
    assert not cassette.can_play_response_for(get("http://h/a"))


def test_can_play_response_for_that_is_replaced_decides(server, cassette_path, monkeypatch):
    with vcr.use_cassette(cassette_path):
        fetch(f"{server.url}/text")
    monkeypatch.setattr(Cassette, "can_play_response_for", lambda self, request: False)
    with vcr.use_cassette(cassette_path, record_mode="new_episodes"):
        fetch(f"{server.url}/text")
    assert server.hits == 2
    assert len(stored(cassette_path)) == 2


def test_contains_that_is_replaced_on_the_class_decides(server, cassette_path, monkeypatch):
    with vcr.use_cassette(cassette_path):
        fetch(f"{server.url}/text")
    monkeypatch.setattr(Cassette, "__contains__", lambda self, request: False)
    with vcr.use_cassette(cassette_path), pytest.raises(CannotOverwriteExistingCassetteException):
        fetch(f"{server.url}/text")
    assert server.hits == 1


def test_play_response_that_is_replaced_answers(server, cassette_path):
    with vcr.use_cassette(cassette_path):
        fetch(f"{server.url}/text")
    with vcr.use_cassette(cassette_path) as cassette:
        cassette.play_response = lambda request: answer("something else")
        assert fetch(f"{server.url}/text") == "something else"
    assert server.hits == 1


def test_a_subclass_is_asked_through_its_own_methods(server, tmp_path):
    class Forgiving(Cassette):
        """Answers every request with the one recording that there is."""

        def can_play_response_for(self, request):
            return self.rewound

        def play_response(self, request):
            return self.responses[0]

    path = str(tmp_path / "tape.yaml")
    for _ in range(2):
        with Forgiving.use(path=path):
            text = fetch(f"{server.url}/text")
    with Forgiving.use(path=path):
        assert fetch("http://nowhere.invalid/") == text
    assert server.hits == 1


def test_requests_match_that_is_replaced_is_asked(server, cassette_path, monkeypatch):
    with vcr.use_cassette(cassette_path):
        text = fetch(f"{server.url}/text")
    monkeypatch.setattr(vcr.cassette, "requests_match", lambda r1, r2, matchers: True)
    with vcr.use_cassette(cassette_path):
        assert fetch(f"{server.url}/quite/another?x=1") == text
    assert server.hits == 1


def test_a_hook_that_returns_no_pair_is_named_and_nothing_is_written(tmp_path):
    def only_the_response(request, response):
        return response

    path = tmp_path / "tape.yaml"
    cassette = Cassette(path, before_save_interaction=only_the_response)
    cassette.append(get("http://h/a"), answer("A"))
    with pytest.raises(TypeError, match=r"only_the_response must return \(request, response\) or None, not dict"):
        cassette._save()
    assert not path.exists()


# -- use_cassette by hand ---------------------------------------------------------------------------------------------


def test_exit_may_be_called_without_arguments(server, cassette_path):
    context = vcr.use_cassette(cassette_path)
    context.__enter__()
    fetch(f"{server.url}/text")
    context.__exit__()
    assert len(stored(cassette_path)) == 1
    fetch(f"{server.url}/text")
    assert server.hits == 2
    with pytest.raises(RuntimeError, match="not open"):
        context.__exit__()


def test_an_exit_that_fails_has_closed_the_cassette(server, cassette_path):
    def full(force=False):
        raise OSError("the disk is full")

    context = vcr.use_cassette(cassette_path)
    cassette = context.__enter__()
    cassette._save = full
    fetch(f"{server.url}/text")
    with pytest.raises(OSError, match="disk"):
        context.__exit__()
    fetch(f"{server.url}/text")
    assert len(cassette) == 1
    assert server.hits == 2


def test_drop_unused_requests_drops_nothing_when_all_recorded_nothing(server, cassette_path):
    with vcr.use_cassette(cassette_path):
        fetch(f"{server.url}/text")
    with vcr.use_cassette(cassette_path, record_mode="all", drop_unused_requests=True):
        pass
    assert len(stored(cassette_path)) == 1


# -- the text of a refusal never raises -------------------------------------------------------------------------------


def test_a_refusal_beside_a_broken_interaction_says_what_is_broken(cassette_path):
    cassette = Cassette("tape.yaml", record_mode="none", match_on=[matchers.method, matchers.path])
    cassette.append(get("http://h/a"), answer("A"))

    class Broken(vcr.cassette.Interaction):
        @property
        def request(self):
            raise vcr.errors.CassetteLoadError("interaction 2: the request's uri is nothing", path="tape.yaml")

        @request.setter
        def request(self, request): ...

    cassette.rewind()
    cassette._interactions.append(Broken(get("http://h/b"), vcr.cassette.Response(answer("B"))))
    with pytest.raises(CannotOverwriteExistingCassetteException) as refused:
        cassette.begin(get("http://h/c"))
    assert "not readable: tape.yaml: interaction 2: the request's uri is nothing" in str(refused.value)
    assert "1. GET http://h/a" in str(refused.value)


def test_a_matcher_that_fails_does_not_hide_the_refusal():
    def never_twice(r1, r2, asked=[]):  # noqa: B006
        asked.append(r1)
        if len(asked) > 1:
            raise RuntimeError("no more")
        return False

    cassette = Cassette("tape.yaml", record_mode="none", match_on=[matchers.method, never_twice])
    cassette.append(get("http://h/a"), answer("A"))
    cassette.rewind()
    with pytest.raises(CannotOverwriteExistingCassetteException) as refused:
        cassette.begin(get("http://h/a"))
    assert "RuntimeError" in str(refused.value)
    assert repr(refused.value).startswith("<CannotOverwriteExistingCassetteException: Can't play back this")


def test_a_refusal_made_by_hand_has_the_similar_requests_of_that_moment():
    cassette = Cassette("tape.yaml", record_mode="none", match_on=[matchers.method, matchers.path])
    cassette.append(get("http://h/a"), answer("A"))
    error = CannotOverwriteExistingCassetteException(cassette=cassette, failed_request=get("http://h/b"))
    cassette.data = []
    assert [request.uri for request, _, _ in error.similar_requests] == ["http://h/a"]
    assert CannotOverwriteExistingCassetteException._get_message(cassette, get("http://h/b")) != str(error)


def test_an_unknown_option_of_use_cassette_is_a_warning_when_it_is_entered(server, cassette_path):
    @vcr.use_cassette(cassette_path, mode="once")  # as one of VCR.py's own tests spells it
    def program():
        return fetch(f"{server.url}/text")

    with pytest.warns(VCRWarning, match="Unknown option 'mode'"):
        program()
    assert len(stored(cassette_path)) == 1


def test_a_response_that_cannot_be_replayed_is_an_error_in_a_cassette_with_replaced_methods_too():
    cassette = Cassette("tape.yaml", record_mode="none")
    cassette.append(get("http://h/a"), answer("A"))
    cassette.rewind()
    cassette.play_response = lambda request: {"status": {"code": 200, "message": "OK"}, "headers": {}}
    with pytest.raises(CassetteLoadError, match="cannot be replayed"):
        cassette.begin(get("http://h/a"))


def test_a_response_that_cannot_be_replayed_is_given_by_hand(cassette_path):
    Path(cassette_path).write_text(
        "interactions: [{request: {method: GET, uri: 'http://h/?api_key=<API_KEY:1>', body: '', headers: {}}, "
        "response: bar}]"
    )
    cassette = Cassette.load(path=cassette_path)
    assert cassette.play_response(get("http://h/?api_key=<API_KEY:1>")) == "bar"


def test_what_is_recorded_while_the_cassette_is_being_saved_is_saved_later(cassette_path):
    def record_elsewhere(request, response, cassette):
        if len(cassette) == 1:  # another thread records at this moment
            thread = threading.Thread(target=cassette.append, args=(Request("GET", "http://h/2"), answer("two")))
            thread.start()
            thread.join()
        return request, response

    with vcr.use_cassette(cassette_path, before_save_interaction=record_elsewhere) as cassette:
        cassette.append(Request("GET", "http://h/1"), answer("one"))
        cassette.save()
    with vcr.use_cassette(cassette_path) as cassette:
        assert [request.uri for request in cassette.requests] == ["http://h/1", "http://h/2"]


def test_a_response_that_is_given_back_after_rewind_is_not_played_less_than_never(cassette_path):
    cassette = Cassette(cassette_path, record_mode="none")
    cassette.append(Request("GET", "http://h/"), answer("one"))
    cassette.rewind()
    turn = cassette.begin(Request("GET", "http://h/"))
    cassette.rewind()
    turn.give_back()
    assert (cassette.play_count, cassette.all_played) == (0, False)
    assert cassette.begin(Request("GET", "http://h/")).response is not None
    assert (cassette.play_count, cassette.all_played) == (1, True)


def test_counts_that_are_added_subtracted_or_taken_out_change_the_cassette(cassette_path):
    cassette = Cassette(cassette_path)
    cassette.append(Request("GET", "http://h/"), answer("one"))
    cassette.play_counts.update({0: 2})
    assert cassette.play_count == 2
    cassette.play_counts.subtract({0: 1})
    assert cassette.play_count == 1
    assert cassette.play_counts.pop(0) == 1
    assert cassette.play_count == 0
    assert cassette.play_counts.pop(0, None) is None


def test_what_matches_in_several_ways_is_played_in_the_order_of_these_ways(cassette_path):
    ways = [f"way-{number}" for number in range(20)]
    several = matchers.Matcher("several", lambda request: request.uri, loose=lambda request: tuple(request.headers))
    cassette = Cassette(cassette_path, match_on=[several], record_mode="none")
    for way in ways:
        cassette.append(Request("GET", f"http://h/{way}", headers={way: "1"}), answer(way))
    cassette.rewind()
    request = Request("GET", "http://h/", headers=dict.fromkeys(reversed(ways), "1"))
    played = [cassette.begin(request).response.body.decode() for _ in ways]
    assert played == ways[::-1]
