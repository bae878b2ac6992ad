"""Cassette and Turn: index, order, counters, and the one decision about each request. No client, socket or file."""

from __future__ import annotations

import gc
import logging
import weakref

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import vcr
from vcr import matchers
from vcr._http.meaning import meaning
from vcr.cassette import Cassette
from vcr.errors import (
    CannotOverwriteExistingCassetteException,
    CassetteDecodeError,
    CassetteLoadError,
    CassetteNotFoundError,
    MissingMetadataError,
    UnhandledHTTPRequestError,
)
from vcr.request import Request
from vcr.response import Response

patient = settings(deadline=None)

MATCH_ON = (matchers.method, matchers.path)


class Memory:
    """A persister as a user writes it: keeps what it is given."""

    def __init__(self, *recorded: tuple[str, str]) -> None:
        """``recorded``: (path, body) of the interactions that are there already; none: there is no cassette."""
        self.saves = 0
        self.requests = [get(path) for path, _ in recorded]
        self.responses = [answer(body).data for _, body in recorded]

    def load_cassette(self, cassette_path, serializer):
        if not self.requests:
            raise CassetteNotFoundError(cassette_path)
        return self.requests, self.responses

    def save_cassette(self, cassette_path, cassette_dict, serializer):
        self.saves += 1
        self.requests, self.responses = cassette_dict["requests"], cassette_dict["responses"]

    @property
    def kept(self) -> list[tuple[str, str]]:
        """(path, body) of what was saved."""
        bodies = [response["body"]["string"].decode() for response in self.responses]
        return list(zip([request.path for request in self.requests], bodies, strict=True))


def get(path: str, **headers) -> Request:
    return Request("GET", f"http://h{path}", None, headers)


def answer(body: str) -> Response:
    return Response.of(200, "OK", {"Content-Type": "text/plain"}, body.encode())


def insert(persister=None, match_on=MATCH_ON, **options) -> Cassette:
    """A cassette, loaded."""
    cassette = Cassette("tape", persister=persister, match_on=match_on, **options)
    cassette._load()
    return cassette


def ask(cassette: Cassette, path: str, live: str = "live") -> str:
    """What a stub does with a request: the body that the client gets; ``live`` is what the server says."""
    turn = cassette.begin(get(path))
    if turn.response is not None:
        return turn.response.body.decode()
    return turn.complete(answer(live)).body.decode()


def is_refused(cassette: Cassette, path: str) -> bool:
    try:
        ask(cassette, path)
    except CannotOverwriteExistingCassetteException:
        return True
    return False


# -- the modes --------------------------------------------------------------------------------------------------------

REFUSED = None


@pytest.mark.parametrize(
    ("mode", "stored", "path", "gets", "saved"),
    [
        # mode, what is there, what is asked for, what the client gets, what is there afterwards
        ("none", [], "/a", REFUSED, []),
        ("none", [("/a", "old")], "/a", "old", [("/a", "old")]),
        ("none", [("/a", "old")], "/b", REFUSED, [("/a", "old")]),
        ("once", [], "/a", "new", [("/a", "new")]),
        ("once", [("/a", "old")], "/a", "old", [("/a", "old")]),
        ("once", [("/a", "old")], "/b", REFUSED, [("/a", "old")]),
        ("new_episodes", [], "/a", "new", [("/a", "new")]),
        ("new_episodes", [("/a", "old")], "/a", "old", [("/a", "old")]),
        ("new_episodes", [("/a", "old")], "/b", "new", [("/a", "old"), ("/b", "new")]),
        ("any", [("/a", "old")], "/b", "new", [("/a", "old"), ("/b", "new")]),
        ("all", [], "/a", "new", [("/a", "new")]),
        ("all", [("/a", "old")], "/a", "new", [("/a", "new")]),
        ("all", [("/a", "old")], "/b", "new", [("/a", "old"), ("/b", "new")]),
    ],
)
def test_what_each_mode_replays_records_and_refuses(mode, stored, path, gets, saved):
    memory = Memory(*stored)
    cassette = insert(memory, record_mode=mode)
    if gets is REFUSED:
        assert is_refused(cassette, path)
    else:
        assert ask(cassette, path, "new") == gets
    cassette.close()
    assert memory.kept == saved
    assert memory.saves == (saved != stored)


@pytest.mark.parametrize(
    ("mode", "new", "existing"),
    [("none", True, True), ("once", False, True), ("new_episodes", False, False), ("all", False, False)],
)
def test_whether_a_cassette_is_write_protected(mode, new, existing):
    assert insert(Memory(), record_mode=mode).write_protected is new
    assert insert(Memory(("/a", "old")), record_mode=mode).write_protected is existing


def test_all_replaces_what_was_recorded_again_and_keeps_the_rest():
    memory = Memory(("/a", "A1"), ("/b", "B1"), ("/a", "A2"), ("/c", "C1"))
    cassette = insert(memory, record_mode="all")
    for number in (1, 2, 3):
        ask(cassette, "/a", f"A'{number}")
    cassette.close()
    assert memory.kept == [("/b", "B1"), ("/c", "C1"), ("/a", "A'1"), ("/a", "A'2"), ("/a", "A'3")]


def test_all_without_a_request_keeps_everything():
    memory = Memory(("/a", "A1"), ("/b", "B1"))
    insert(memory, record_mode="all").close()
    assert memory.kept == [("/a", "A1"), ("/b", "B1")]
    assert memory.saves == 0


def test_new_episodes_records_a_request_whose_responses_have_been_played_out():
    memory = Memory(("/a", "A1"))
    cassette = insert(memory, record_mode="new_episodes")
    assert [ask(cassette, "/a", "A2"), ask(cassette, "/a", "A2")] == ["A1", "A2"]
    cassette.close()
    assert memory.kept == [("/a", "A1"), ("/a", "A2")]


@pytest.mark.parametrize("mode", ["once", "new_episodes", "all"])
def test_what_was_recorded_in_this_session_is_not_replayed_in_it(mode):
    memory = Memory()
    cassette = insert(memory, record_mode=mode)
    assert [ask(cassette, "/a", "first"), ask(cassette, "/a", "second")] == ["first", "second"]
    cassette.close()
    assert memory.kept == [("/a", "first"), ("/a", "second")]


@pytest.mark.parametrize("mode", ["once", "new_episodes"])
def test_unless_playback_repeats_are_allowed(mode):
    memory = Memory()
    cassette = insert(memory, record_mode=mode, allow_playback_repeats=True)
    assert [ask(cassette, "/a", "first"), ask(cassette, "/a", "second")] == ["first", "first"]
    cassette.close()
    assert memory.kept == [("/a", "first")]


def test_all_never_replays_even_when_repeats_are_allowed():
    cassette = insert(Memory(("/a", "old")), record_mode="all", allow_playback_repeats=True)
    assert [ask(cassette, "/a", "1"), ask(cassette, "/a", "2")] == ["1", "2"]


# -- replay -----------------------------------------------------------------------------------------------------------

THREE = (("/a", "A1"), ("/b", "B1"), ("/a", "A2"))


def test_identical_requests_get_the_recorded_responses_in_order():
    cassette = insert(Memory(*THREE))
    assert [ask(cassette, path) for path in ("/a", "/a", "/b")] == ["A1", "A2", "B1"]
    assert is_refused(cassette, "/a")


def test_different_requests_may_come_in_another_order():
    cassette = insert(Memory(*THREE))
    assert [ask(cassette, path) for path in ("/b", "/a", "/a")] == ["B1", "A1", "A2"]


def test_with_repeats_the_first_response_is_given_again_and_again():
    cassette = insert(Memory(*THREE), allow_playback_repeats=True)
    assert [ask(cassette, path) for path in ("/a", "/a", "/b", "/a", "/b")] == ["A1", "A1", "B1", "A1", "B1"]


def test_with_repeats_of_the_last_each_response_is_given_once_and_then_the_last_again_and_again():
    cassette = insert(Memory(*THREE), allow_playback_repeats="last")
    assert [ask(cassette, path) for path in ("/a", "/a", "/a", "/b", "/b", "/a")] == [
        "A1",
        "A2",
        "A2",
        "B1",
        "B1",
        "A2",
    ]


def filled(*requests: Request, **options) -> Cassette:
    """A cassette that answers each of these requests with its number."""
    cassette = insert(Memory(), record_mode="new_episodes", **options)
    for number, request in enumerate(requests):
        cassette.append(request, answer(str(number)).data)
    cassette.rewind()
    return cassette


def played(cassette: Cassette, *requests: Request) -> list[int | None]:
    """The numbers of the recordings that these requests get, one after the other; None: to be recorded."""
    responses = [cassette.begin(request).response for request in requests]
    return [None if response is None else int(response.body) for response in responses]


def posts(*bodies: bytes, **headers: str) -> list[Request]:
    return [Request("POST", "http://h/", body, headers) for body in bodies]


def ranged(*ranges: str | None, name: str = "Range") -> list[Request]:
    return [Request("GET", "http://h/", None, {} if one is None else {name: one}) for one in ranges]


def test_among_those_that_match_one_with_the_same_body_comes_first():
    asked = posts(b"two", b"other", b"one", b"three")
    assert played(filled(*posts(b"one", b"two", b"three")), *asked) == [1, 0, 2, None]


def test_the_same_body_is_one_that_means_the_same_in_recorded_order():
    json = {"Content-Type": "application/json"}
    cassette = filled(*posts(b'{"a": 2}', b'{"a": 1}', b'{"a":1}', **json))
    assert played(cassette, *posts(b'{"a":1}', b'{"a":1}', b'{"a":1}', **json)) == [1, 2, 0]


def test_among_those_that_match_an_exact_match_comes_first():
    cassette = filled(get("/?q"), get("/"), get("/?q="), match_on=(matchers.path, matchers.query))
    assert played(cassette, get("/"), get("/"), get("/?r"), get("/")) == [1, 0, 2, None]


@pytest.mark.parametrize("name", ["Range", "range", "x-ms-range"])
def test_a_part_of_a_resource_is_played_for_the_same_part_alone(name):
    cassette = filled(*ranged("bytes=0-9", "bytes=10-19", None, name=name))
    asked = ranged("bytes=10-19", "bytes=20-29", "bytes=0-9", "bytes=0-9", name=name)
    assert played(cassette, *asked) == [1, 2, 0, None]
    assert played(filled(*ranged("bytes=0-9", None, name=name)), *ranged(None, None)) == [1, 0]


def test_a_part_that_was_not_recorded_is_refused_as_such():
    cassette = filled(*ranged("bytes=0-9"))
    cassette.record_mode = "none"
    with pytest.raises(CannotOverwriteExistingCassetteException) as refused:
        cassette.begin(*ranged("bytes=10-19"))
    assert "range differs: 'bytes=10-19' != 'bytes=0-9'" in str(refused.value)
    assert "match_on" not in str(refused.value).partition("How to fix it")[2]


@pytest.mark.parametrize("place", [0, 1])
def test_a_users_matcher_is_asked_as_vcrpy_asks(place):
    # Whether there is a response to play, then which one: about each recorded request, until one agrees that has not
    # been played, whatever the other matchers say.
    asked = []

    def mine(r1, r2):
        asked.append(r1.path + r2.path)
        return r1.path == r2.path

    match_on = [matchers.path]
    match_on.insert(place, mine)
    cassette = filled(get("/a"), get("/b"), get("/c"), get("/b"), match_on=match_on)
    for path, wanted in [("/b", "/b/a /b/b"), ("/b", "/b/a /b/b /b/c /b/b"), ("/c", "/c/a /c/b /c/c")]:
        asked.clear()
        assert cassette.begin(get(path)).response is not None
        assert asked == wanted.split() * 2
    asked.clear()
    assert cassette.begin(get("/d")).response is None
    assert asked == ["/d/a", "/d/b", "/d/c", "/d/b"]


def test_with_a_users_matcher_recordings_are_played_in_their_order():
    match_on = (matchers.method, lambda r1, r2: True)
    assert played(filled(*posts(b"one", b"two"), match_on=match_on), *posts(b"two", b"one")) == [0, 1]


def test_a_users_matcher_may_wrap_a_built_in_one():
    def body(r1, r2):
        try:
            matchers.body(r1, r2)
        except AssertionError:
            assert r2.body == b"anything"

    cassette = filled(*posts(b"anything", b"two"), match_on=(body,))
    assert played(cassette, *posts(b"two", b"two")) == [0, 1]


@pytest.mark.parametrize("uri", ['http://%s"', 'http://h/%s"', 'http://h/?%s"', "http://h/%s\u2603", "https://%s/%s "])
def test_a_long_hostile_uri_is_looked_up_in_one_go(uri):
    request = Request("GET", uri.replace("%s", "a:" * 50_000))
    cassette = filled(request, match_on=(matchers.uri,))
    assert played(cassette, request) == [0]


def test_a_turn_that_replays_records_nothing():
    cassette = insert(Memory(("/a", "A1")))
    turn = cassette.begin(get("/a"))
    assert turn.response is not None
    assert not turn.records
    turn.complete(answer("not wanted"))
    assert (len(cassette), cassette.dirty) == (1, False)


def test_what_is_replayed_is_what_the_cassette_holds():
    memory = Memory(("/a", "A1"))
    assert insert(memory).begin(get("/a")).response.data == memory.responses[0]


# -- recording: order -------------------------------------------------------------------------------------------------


def test_the_order_is_that_in_which_requests_were_begun_whatever_finishes_first():
    memory = Memory()
    cassette = insert(memory)
    turns = {path: cassette.begin(get(path)) for path in ("/1", "/2", "/3")}
    for path in ("/3", "/1", "/2"):
        turns[path].complete(answer(path))
    cassette.close()
    assert memory.kept == [("/1", "/1"), ("/2", "/2"), ("/3", "/3")]


def test_a_turn_that_never_finishes_leaves_no_trace():
    memory = Memory()
    cassette = insert(memory)
    turn = cassette.begin(get("/lost"))
    assert turn.records
    assert (len(cassette), cassette.requests, cassette.dirty) == (0, [], False)
    ask(cassette, "/a", "A1")
    cassette.close()
    assert memory.kept == [("/a", "A1")]


def test_nothing_but_unfinished_turns_is_nothing_to_save():
    memory = Memory()
    cassette = insert(memory)
    cassette.begin(get("/lost"))
    cassette.close()
    assert memory.saves == 0


def test_finishing_gives_back_the_response_that_the_client_is_to_have():
    response = answer("live")
    assert insert(Memory()).begin(get("/a")).complete(response) is response


def test_finishing_twice_records_once():
    cassette = insert(Memory())
    turn = cassette.begin(get("/a"))
    turn.complete(answer("first"))
    turn.complete(answer("second"))
    assert [response["body"]["string"] for response in cassette.responses] == [b"first"]
    assert not turn.records


# -- recording: the end -----------------------------------------------------------------------------------------------


def test_a_response_that_comes_after_the_end_is_not_recorded_and_this_is_logged(caplog):
    memory = Memory()
    cassette = insert(memory)
    turn = cassette.begin(get("/late"))
    cassette.close()
    with caplog.at_level(logging.WARNING, "vcr"):
        assert turn.complete(answer("late")).body == b"late"
    assert len(cassette) == 0
    assert memory.saves == 0
    assert "http://h/late" in caplog.text
    assert "not recorded" in caplog.text


class LiveResponse:
    """What a stub keeps while the bytes of a response are on their way."""

    def __init__(self, turn, so_far: str) -> None:
        self.turn = turn
        self.so_far = so_far
        self.settled = 0
        turn.stream(self.settle)

    def settle(self) -> None:
        self.settled += 1
        self.turn.complete(answer(self.so_far))


def test_a_response_that_is_on_its_way_at_the_end_is_settled_and_recorded():
    memory = Memory()
    cassette = insert(memory)
    live = LiveResponse(cassette.begin(get("/a")), "what can be had")
    cassette.close()
    assert live.settled == 1
    assert memory.kept == [("/a", "what can be had")]


def test_every_response_is_settled_before_the_error_of_a_hook_is_raised():
    memory = Memory()
    cassette = insert(memory)

    class Fails(LiveResponse):
        def settle(self):
            super().settle()
            raise LookupError(self.so_far)

    kinds = {"/a": Fails, "/b": LiveResponse, "/c": Fails}
    live = [kind(cassette.begin(get(path)), path) for path, kind in kinds.items()]
    with pytest.raises(LookupError, match=r"/[ac]"):
        cassette.close()
    assert [one.settled for one in live] == [1, 1, 1]


def test_a_response_that_has_ended_by_itself_is_not_settled_again():
    memory = Memory()
    cassette = insert(memory)
    live = LiveResponse(cassette.begin(get("/a")), "half")
    live.turn.complete(answer("whole"))
    cassette.close()
    assert live.settled == 0
    assert memory.kept == [("/a", "whole")]


def test_a_response_that_nobody_reads_any_more_can_go():
    memory = Memory()
    cassette = insert(memory)
    live = weakref.ref(LiveResponse(cassette.begin(get("/a")), "gone"))
    gc.collect()
    assert live() is None
    cassette.close()
    assert memory.saves == 0


def test_a_cassette_may_be_closed_without_saving():
    memory = Memory()
    cassette = insert(memory)
    ask(cassette, "/a")
    cassette.close(save=False)
    assert memory.saves == 0


def test_a_cassette_that_was_only_played_is_not_saved():
    memory = Memory(*THREE)
    cassette = insert(memory, record_mode="new_episodes")
    ask(cassette, "/a")
    cassette.close()
    assert memory.saves == 0


# -- refusals ---------------------------------------------------------------------------------------------------------


def test_refused_requests_stay_visible_when_the_exception_is_swallowed():
    cassette = insert(Memory(("/a", "A1")))
    for path in ("/x", "/a", "/y"):
        is_refused(cassette, path)
    assert [request.path for request in cassette.refused] == ["/x", "/y"]


def test_a_refused_request_is_shown_as_it_was_filtered():
    def hide(request):
        request.uri = request.uri.replace("secret", "hidden")
        return request

    cassette = insert(Memory(), record_mode="none", before_record_request=hide)
    with pytest.raises(CannotOverwriteExistingCassetteException) as caught:
        cassette.begin(get("/?key=secret"))
    assert caught.value.failed_request.uri == "http://h/?key=hidden"
    assert caught.value.cassette is cassette
    assert cassette.refused == [caught.value.failed_request]


def test_a_refusal_changes_nothing():
    cassette = insert(Memory(("/a", "A1")))
    assert is_refused(cassette, "/b")
    assert (len(cassette), cassette.dirty, cassette.play_count) == (1, False, 0)


# -- counters and views -----------------------------------------------------------------------------------------------


def test_a_new_cassette_is_empty():
    cassette = insert(Memory())
    assert (len(cassette), list(cassette.requests), list(cassette.responses), cassette.data) == (0, [], [], [])
    assert (cassette.play_count, cassette.play_counts, cassette.all_played) == (0, {}, True)
    assert (cassette.dirty, cassette.rewound) == (False, False)
    assert not cassette  # its truth is its length, as in VCR.py
    assert cassette.path == "tape"


def test_a_loaded_cassette_shows_what_it_holds():
    cassette = insert(Memory(*THREE))
    assert len(cassette) == 3
    assert cassette
    assert [request.path for request in cassette.requests] == ["/a", "/b", "/a"]
    assert [response["body"]["string"] for response in cassette.responses] == [b"A1", b"B1", b"A2"]
    assert cassette.data == list(zip(cassette.requests, cassette.responses, strict=True))
    assert (cassette.dirty, cassette.rewound) == (False, True)


def test_plays_are_counted_by_index():
    cassette = insert(Memory(*THREE))
    assert not cassette.all_played
    ask(cassette, "/b")
    ask(cassette, "/a")
    assert cassette.play_counts == {0: 1, 1: 1}
    assert cassette.play_counts[2] == 0
    assert cassette.play_count == 2
    assert not cassette.all_played
    ask(cassette, "/a")
    assert (cassette.play_count, cassette.all_played) == (3, True)


def test_repeated_plays_are_counted_too():
    cassette = insert(Memory(*THREE), allow_playback_repeats=True)
    for _ in range(3):
        ask(cassette, "/a")
    assert (cassette.play_counts, cassette.play_count, cassette.all_played) == ({0: 3}, 3, False)


def test_what_is_recorded_counts_as_not_played():
    cassette = insert(Memory())
    ask(cassette, "/a")
    assert (len(cassette), cassette.play_count, cassette.all_played, cassette.dirty) == (1, 0, False, True)


def test_a_request_is_in_a_cassette_that_has_a_response_left_for_it():
    cassette = insert(Memory(*THREE))
    assert get("/b") in cassette
    assert get("/c") not in cassette
    ask(cassette, "/b")
    assert get("/b") not in cassette


def test_with_repeats_a_played_request_is_still_in_the_cassette():
    cassette = insert(Memory(*THREE), allow_playback_repeats=True)
    ask(cassette, "/b")
    assert get("/b") in cassette


def test_it_says_what_it_is():
    assert str(insert(Memory(*THREE))) == "<Cassette containing 3 recorded response(s)>"


# -- by hand ----------------------------------------------------------------------------------------------------------


def test_append_adds_an_interaction():
    memory = Memory(("/a", "A1"))
    cassette = insert(memory)
    cassette.append(get("/b"), answer("B1").data)
    assert len(cassette) == 2
    assert cassette.dirty
    assert get("/b") in cassette
    assert cassette.play_response(get("/b")) == answer("B1").data
    cassette.close()
    assert memory.kept == [("/a", "A1"), ("/b", "B1")]


def test_play_response_counts_and_goes_on_to_the_next():
    cassette = insert(Memory(*THREE))
    assert cassette.play_response(get("/a"))["body"]["string"] == b"A1"
    assert cassette.play_response(get("/a"))["body"]["string"] == b"A2"
    assert cassette.play_counts == {0: 1, 2: 1}
    with pytest.raises(UnhandledHTTPRequestError, match="http://h/a") as caught:
        cassette.play_response(get("/a"))
    assert "'tape'" in str(caught.value)


def test_responses_of_gives_all_of_them_played_or_not_and_counts_nothing():
    cassette = insert(Memory(*THREE))
    ask(cassette, "/a")
    assert [response["body"]["string"] for response in cassette.responses_of(get("/a"))] == [b"A1", b"A2"]
    assert cassette.play_count == 1
    with pytest.raises(UnhandledHTTPRequestError, match="http://h/c"):
        cassette.responses_of(get("/c"))


def test_can_play_response_for_says_what_begin_would_do():
    cassette = insert(Memory(*THREE))
    assert cassette.can_play_response_for(get("/b"))
    assert not cassette.can_play_response_for(get("/c"))
    ask(cassette, "/b")
    assert not cassette.can_play_response_for(get("/b"))
    assert not insert(Memory(*THREE), record_mode="all").can_play_response_for(get("/b"))


def test_rewind_plays_everything_from_the_start_again():
    cassette = insert(Memory(*THREE))
    assert [ask(cassette, "/a"), ask(cassette, "/a")] == ["A1", "A2"]
    cassette.rewind()
    assert (cassette.play_count, cassette.rewound) == (0, True)
    assert [ask(cassette, "/a"), ask(cassette, "/a")] == ["A1", "A2"]


def test_rewind_plays_what_was_recorded_in_this_session_too():
    cassette = insert(Memory())
    ask(cassette, "/a", "A1")
    cassette.rewind()
    assert ask(cassette, "/a", "not asked") == "A1"


def test_rewind_loses_nothing_that_was_recorded_in_this_session():
    memory = Memory()
    cassette = insert(memory, drop_unused_requests=True)
    ask(cassette, "/a", "A1")
    cassette.rewind()
    cassette.close()
    assert memory.kept == [("/a", "A1")]


def test_rewind_does_not_keep_all_from_replacing_what_was_recorded_again():
    memory = Memory(("/a", "old"))
    cassette = insert(memory, record_mode="all")
    ask(cassette, "/a", "new")
    cassette.rewind()
    cassette.close()
    assert memory.kept == [("/a", "new")]


def test_find_requests_with_most_matches_names_what_agrees_and_what_differs():
    cassette = insert(Memory(*THREE), match_on=(*MATCH_ON, matchers.host))
    other = Request("GET", "http://other/b")
    (closest,) = cassette.find_requests_with_most_matches(other)
    assert closest == (cassette.requests[1], ["method", "path"], [("host", "'other' != 'h'")])


# -- interactions that are not used -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "asked", "kept"),
    [
        ("once", ["/b"], [("/b", "B1")]),
        ("once", ["/a", "/b", "/a"], list(THREE)),
        ("new_episodes", ["/a", "/new"], [("/a", "A1"), ("/new", "live")]),
        ("all", ["/a"], [("/a", "live")]),
    ],
)
def test_loaded_interactions_that_were_not_played_can_be_dropped(mode, asked, kept):
    memory = Memory(*THREE)
    cassette = insert(memory, record_mode=mode, drop_unused_requests=True)
    for path in asked:
        ask(cassette, path)
    cassette.close()
    assert memory.kept == kept
    assert memory.saves == (kept != list(THREE))


# -- filters ----------------------------------------------------------------------------------------------------------


class Hook:
    """A hook as a user writes it, which remembers what it was given."""

    def __init__(self, change=lambda value: value) -> None:
        self.change = change
        self.seen: list = []

    def __call__(self, value):
        self.seen.append(value)
        return self.change(value)


@pytest.mark.parametrize(("stored", "path"), [([("/a", "A1")], "/a"), ([("/a", "A1")], "/new"), ([], "/a")])
@pytest.mark.parametrize("mode", ["none", "new_episodes", "all"])
def test_the_request_hook_runs_once_for_each_request_and_once_for_each_interaction_at_load(stored, path, mode):
    hook = Hook()
    cassette = insert(Memory(*stored), record_mode=mode, before_record_request=hook)
    assert len(hook.seen) == len(stored)
    is_refused(cassette, path)
    cassette.close()
    assert len(hook.seen) == len(stored) + 1


def test_the_response_hook_runs_once_for_each_response_recorded_or_loaded():
    hook = Hook()
    cassette = insert(Memory(*THREE), record_mode="new_episodes", before_record_response=hook)
    assert len(hook.seen) == 3
    ask(cassette, "/a")
    assert len(hook.seen) == 3
    ask(cassette, "/new")
    cassette.close()
    assert len(hook.seen) == 4


def test_a_request_hook_gets_a_copy_and_may_change_it():
    def anonymous(request):
        request.uri = request.uri.replace("/users/7", "/users/N")
        del request.headers["Token"]
        return request

    cassette = insert(Memory(), before_record_request=anonymous)
    request = get("/users/7", Token="secret")
    cassette.begin(request).complete(answer("live"))
    assert (request.uri, request.headers) == ("http://h/users/7", {"Token": "secret"})
    assert [(kept.uri, kept.headers) for kept in cassette.requests] == [("http://h/users/N", {})]


def test_a_request_hook_may_return_another_request():
    cassette = insert(Memory(), before_record_request=lambda request: Request("PUT", request.uri))
    ask(cassette, "/a")
    assert [request.method for request in cassette.requests] == ["PUT"]


def test_requests_are_matched_as_they_were_filtered():
    def anonymous(request):
        request.uri = "http://h/any"
        return request

    cassette = insert(Memory(("/recorded/before/the/hook", "A1")), before_record_request=anonymous)
    assert ask(cassette, "/other") == "A1"


@pytest.mark.parametrize("mode", ["none", "once", "new_episodes", "all"])
def test_a_request_that_a_hook_drops_is_none_of_the_cassettes_business(mode):
    memory = Memory(("/a", "A1"))
    cassette = insert(memory, record_mode=mode, before_record_request=lambda r: None if r.path == "/ignored" else r)
    turn = cassette.begin(get("/ignored"))
    assert (turn.response, turn.records) == (None, False)
    turn.complete(answer("live"))
    assert not cassette.can_play_response_for(get("/ignored"))
    assert get("/ignored") not in cassette
    assert cassette.find_requests_with_most_matches(get("/ignored")) == []
    with pytest.raises(UnhandledHTTPRequestError):
        cassette.responses_of(get("/ignored"))
    cassette.close()
    assert (len(cassette), cassette.refused, memory.saves) == (1, [], 0)


def test_a_hook_can_hide_interactions_that_are_stored():
    cassette = insert(Memory(*THREE), before_record_request=lambda r: None if r.path == "/a" else r)
    assert [request.path for request in cassette.requests] == ["/b"]
    cassette = insert(Memory(*THREE), before_record_response=lambda r: None if r["body"]["string"] == b"A1" else r)
    assert [response["body"]["string"] for response in cassette.responses] == [b"B1", b"A2"]


def test_a_response_hook_gets_a_copy_and_may_change_it():
    def censor(response):
        response["body"]["string"] = b"censored"
        response["headers"]["X-Censored"] = ["yes"]
        return response

    cassette = insert(Memory(), before_record_response=censor)
    live = answer("the truth")
    assert cassette.begin(get("/a")).complete(live) is live
    assert live.data == answer("the truth").data  # what the client gets is what the server sent
    assert cassette.responses[0]["body"]["string"] == b"censored"
    assert cassette.responses[0]["headers"]["X-Censored"] == ["yes"]


def test_a_response_hook_may_return_another_response():
    cassette = insert(Memory(), before_record_response=lambda response: answer("another").data)
    ask(cassette, "/a")
    assert cassette.responses == [answer("another").data]


def test_a_response_that_a_hook_drops_is_not_recorded():
    memory = Memory()
    cassette = insert(memory, before_record_response=lambda response: None)
    assert ask(cassette, "/a", "live") == "live"
    cassette.close()
    assert (len(cassette), cassette.dirty, memory.saves) == (0, False, 0)


def test_append_takes_what_is_no_response():
    # As VCR.py does: a program that fills a cassette by hand may mean something else by it.
    cassette = Cassette("tape")
    cassette.append("a request", "a response")
    assert cassette.responses == ["a response"]


def test_append_goes_through_the_filters():
    cassette = insert(
        Memory(),
        before_record_request=lambda request: None if request.path == "/ignored" else request,
        before_record_response=lambda response: None if response["status"]["code"] == 500 else response,
    )
    cassette.append(get("/ignored"), answer("x").data)
    cassette.append(get("/a"), Response.of(500, "Oops", {}, b"").data)
    assert (len(cassette), cassette.dirty) == (0, False)
    cassette.append(get("/a"), answer("A1").data)
    assert len(cassette) == 1


def test_an_error_in_a_hook_is_the_callers_and_leaves_no_trace():
    def broken(response):
        raise ZeroDivisionError

    memory = Memory()
    cassette = insert(memory, before_record_response=broken)
    with pytest.raises(ZeroDivisionError):
        ask(cassette, "/a")
    cassette.close()
    assert (len(cassette), memory.saves) == (0, 0)


# -- hooks on pairs ---------------------------------------------------------------------------------------------------


class PairHook:
    """A hook as a user writes it, which remembers what it was given."""

    def __init__(self, change=lambda request, response: (request, response)) -> None:
        self.change = change
        self.seen: list[str] = []

    def __call__(self, request, response, cassette):
        self.seen.append(request.path)
        return self.change(request, response)


def test_pairs_are_shown_once_at_load_and_once_at_save():
    loading, saving = PairHook(), PairHook()
    memory = Memory(*THREE)
    cassette = insert(
        memory, record_mode="new_episodes", after_load_interaction=loading, before_save_interaction=saving
    )
    assert (loading.seen, saving.seen) == (["/a", "/b", "/a"], [])
    ask(cassette, "/new")
    cassette.close()
    assert (loading.seen, saving.seen) == (["/a", "/b", "/a"], ["/a", "/b", "/a", "/new"])


def test_what_a_hook_makes_of_a_pair_is_saved_and_the_cassette_keeps_its_own():
    def censor(request, response):
        request.uri = "http://h/censored"
        response["body"]["string"] = b"censored"
        return request, response

    memory = Memory()
    cassette = insert(memory, before_save_interaction=PairHook(censor))
    ask(cassette, "/a", "the truth")
    cassette.close()
    assert memory.kept == [("/censored", "censored")]
    assert [request.path for request in cassette.requests] == ["/a"]
    assert cassette.responses[0]["body"]["string"] == b"the truth"


def test_what_a_hook_makes_of_a_stored_pair_is_replayed_and_what_is_stored_stays():
    def reveal(request, response):
        request.uri = "http://h/revealed"
        response["body"]["string"] = b"revealed"
        return request, response

    memory = Memory(("/a", "A1"))
    assert ask(insert(memory, after_load_interaction=PairHook(reveal)), "/revealed") == "revealed"
    assert memory.kept == [("/a", "A1")]


def test_a_pair_that_a_hook_drops_is_not_saved_or_not_used():
    drop_b = PairHook(lambda request, response: None if request.path == "/b" else (request, response))
    assert [request.path for request in insert(Memory(*THREE), after_load_interaction=drop_b).requests] == ["/a", "/a"]
    memory = Memory()
    cassette = insert(memory, before_save_interaction=drop_b)
    for path in ("/a", "/b"):
        ask(cassette, path)
    cassette.close()
    assert memory.kept == [("/a", "live")]


# -- metadata ---------------------------------------------------------------------------------------------------------


class WithMetadata(Memory):
    """A persister that keeps metadata, as VCR.py 9's does."""

    metadata = None

    def load_cassette(self, cassette_path, serializer):
        return (*super().load_cassette(cassette_path, serializer), self.metadata)

    def save_cassette(self, cassette_path, cassette_dict, serializer):
        super().save_cassette(cassette_path, cassette_dict, serializer)
        self.metadata = cassette_dict.get("metadata")


def test_metadata_is_kept_with_the_cassette():
    memory = WithMetadata()
    cassette = insert(memory)
    assert cassette.get_metadata("seed", 7) == 7
    assert cassette.get_metadata("seed", 8) == 7
    ask(cassette, "/a")
    cassette.close()
    assert insert(memory).get_metadata("seed", 9) == 7


@pytest.mark.parametrize("mode", ["none", "once"])
def test_metadata_that_is_missing_cannot_be_added_to_a_cassette_that_is_write_protected(mode):
    cassette = insert(Memory(*THREE), record_mode=mode)
    with pytest.raises(MissingMetadataError, match="'seed'") as caught:
        cassette.get_metadata("seed", 7)
    assert (caught.value.key, caught.value.reason, caught.value.cassette) == ("seed", "missing_metadata", cassette)
    assert not cassette.dirty


def test_a_persister_may_say_that_there_is_no_metadata():
    assert WithMetadata.metadata is None
    assert len(insert(WithMetadata(*THREE))) == 3


# -- what is stored ---------------------------------------------------------------------------------------------------


class Failing(Memory):
    def __init__(self, error: Exception) -> None:
        super().__init__(("/a", "A1"))
        self.error = error

    def load_cassette(self, cassette_path, serializer):
        raise self.error


def test_a_persister_without_the_cassette_means_a_new_one():
    cassette = insert(Failing(CassetteNotFoundError("none")))
    assert (len(cassette), cassette.rewound) == (0, False)


def test_a_persister_may_say_that_what_it_has_counts_as_nothing(caplog):
    with caplog.at_level(logging.WARNING, "vcr"):
        cassette = insert(Failing(CassetteDecodeError("undecodable")))
    assert (len(cassette), cassette.rewound) == (0, False)
    assert "undecodable" in caplog.text


@pytest.mark.parametrize("error", [CassetteLoadError("broken"), ValueError("broken"), OSError("broken")])
def test_any_other_failure_to_load_is_an_error(error):
    with pytest.raises(type(error), match="broken"):
        insert(Failing(error))


def test_the_persister_is_handed_the_path_and_the_serializer():
    calls = []

    class Persister:
        @staticmethod
        def load_cassette(cassette_path, serializer):
            calls.append((cassette_path, serializer))
            raise CassetteNotFoundError

        @staticmethod
        def save_cassette(cassette_path, cassette_dict, serializer):
            calls.append((cassette_path, sorted(cassette_dict), serializer))

    serializer = object()
    cassette = insert(Persister, serializer=serializer)
    ask(cassette, "/a")
    cassette.close()
    assert calls == [("tape", serializer), ("tape", ["beside", "requests", "responses"], serializer)]


def test_requests_without_a_response_each_are_an_error():
    memory = Memory(*THREE)
    memory.responses.pop()
    with pytest.raises(ValueError, match="of one length"):
        insert(memory)


def test_cassette_load_is_a_cassette_loaded_as_in_vcrpy():
    cassette = Cassette.load(path="tape", persister=Memory(*THREE), match_on=MATCH_ON)
    assert len(cassette) == 3


def test_the_logger_tells_what_is_played_and_what_is_not(caplog):
    cassette = insert(Memory(("/a", "A1")), record_mode="new_episodes")
    with caplog.at_level(logging.INFO, "vcr"):
        ask(cassette, "/a")
        ask(cassette, "/new")
    assert [(record.name, record.getMessage()) for record in caplog.records] == [
        ("vcr.stubs", "Playing response for <Request (GET) http://h/a> from cassette"),
        ("vcr.stubs", "<Request (GET) http://h/new> not in cassette, sending to real server"),
    ]


def test_neither_the_log_nor_an_error_shows_a_secret(caplog, tmp_path):
    path = tmp_path / "c.yaml"
    options = {"filter_sensitive_data": {"<KEY>": "s3cr3t/key"}, "filter_query_parameters": ["token"]}
    request = Request("GET", "http://user:pw@h/s3cr3t%2fkey?a=czNjcjN0L2tleQ&token=t0k3n")
    with caplog.at_level(logging.DEBUG, "vcr"):
        with vcr.use_cassette(str(path), record_mode="new_episodes", **options) as cassette:
            cassette.begin(request).complete(Response.of(200, "OK", {}, b""))
            late = cassette.begin(request)
        late.complete(Response.of(200, "OK", {}, b""))
        path.write_text(path.read_text(encoding="utf-8").replace("code: 200", "code: none"), encoding="utf-8")
        with vcr.use_cassette(str(path), **options) as cassette:
            with pytest.raises(CassetteLoadError) as error:
                cassette.begin(request)
            with pytest.raises(CannotOverwriteExistingCassetteException) as refusal:
                cassette.begin(request)
    told = "\n".join([*caplog.messages, str(error.value), str(refusal.value)])
    assert len(caplog.messages) >= 4
    assert "http://***@h/<KEY>" in told
    assert not [secret for secret in ("s3cr3t", "czNjcjN", "t0k3n", "user", "pw@") if secret in told]


# -- the index --------------------------------------------------------------------------------------------------------


def same_parity(r1, r2):
    """A user's matcher that returns a bool."""
    return len(r1.body or b"") % 2 == len(r2.body or b"") % 2


def same_tenant(r1, r2):
    """A user's matcher that returns None or raises AssertionError."""
    if r1.headers.get("Tenant") != r2.headers.get("Tenant"):
        raise AssertionError("another tenant")


def not_newer(r1, r2):
    """A user's matcher that is not symmetrical: the request being made comes first."""
    return len(r1.path) <= len(r2.path)


some_requests = st.builds(
    Request,
    st.sampled_from(["GET", "POST"]),
    st.sampled_from(
        ["http://h", "http://h/", "http://h:80/a", "https://h/a", "http://h/?x=1&y=2", "http://h/?y=2&x=1"]
    ),
    st.sampled_from([None, b"", b"1", b"22", b'{"a": 1}', b'{"a":1}']),
    st.sampled_from([{}, {"Tenant": "1"}, {"tenant": "1"}, {"Tenant": "2"}, {"Content-Type": "application/json"}]),
)
some_matchers = st.lists(
    st.sampled_from([*matchers.builtin().values(), same_parity, same_tenant, not_newer]), max_size=4
)


def distance(match_on, request, recorded):
    """How far a recorded request that matches is from the one that is made."""
    bodies = {meaning(recorded) or b"", recorded.body or b""}
    is_another = (meaning(request) or b"") not in bodies
    return (
        any(matcher.key(request) != matcher.key(recorded) for matcher in match_on),
        is_another,
        is_another and (request.body or b"") not in bodies,
    )


JSON = {"Content-Type": "application/json"}


@patient
@example(  # Two mean the same: the first is played, though the second is the same in its bytes, too.
    match_on=[],
    recorded=[Request("GET", "http://h", body, JSON) for body in (b'{"a":1}', b'{"a": 1}')],
    asked=[Request("GET", "http://h", b'{"a": 1}', JSON)],
    repeats=False,
)
@given(some_matchers, st.lists(some_requests, max_size=8), st.lists(some_requests, max_size=10), st.booleans())
def test_the_index_finds_what_comparing_with_every_interaction_would_find(match_on, recorded, asked, repeats):
    # Among those that match, the closest come first; with a matcher of the user's they come in recorded order.
    asks = any(not isinstance(matcher, matchers.Matcher) for matcher in match_on)
    cassette = Cassette("tape", record_mode="none", match_on=match_on, allow_playback_repeats=repeats)
    for number, request in enumerate(recorded):
        cassette.append(request, answer(str(number)).data)
    cassette.rewind()
    played = set()
    for request in asked:
        matching = [
            number
            for number, candidate in enumerate(recorded)
            if (repeats or number not in played) and matchers.requests_match(request, candidate, match_on)
        ]
        closest = {number: () if asks else distance(match_on, request, recorded[number]) for number in matching}
        expected = min(matching, key=lambda number: (closest[number], number), default=None)
        assert (request in cassette) == cassette.can_play_response_for(request) == (expected is not None)
        if expected is None:
            with pytest.raises(CannotOverwriteExistingCassetteException):
                cassette.begin(request)
        else:
            played.add(expected)
            assert cassette.begin(request).response.body == str(expected).encode()
    assert set(cassette.play_counts) == played


@patient
@given(st.lists(st.sampled_from("abc"), max_size=6), st.lists(st.sampled_from("abcd"), max_size=8), st.randoms())
def test_whatever_is_recorded_in_whatever_order_is_what_a_new_session_replays(first, then, random):
    memory = Memory()
    for mode, paths in (("once", first), ("new_episodes", then)):
        cassette = insert(memory, record_mode=mode)
        live = [(path, cassette.begin(get(f"/{path}"))) for path in paths]
        for number, (path, turn) in enumerate(random.sample(live, len(live))):
            if turn.response is None:
                turn.complete(answer(f"{mode} {path} {number}"))
        cassette.close()
    everything = list(memory.kept)
    replaying = insert(memory, record_mode="none")
    assert [(path, ask(replaying, path)) for path, _ in everything] == everything
    assert replaying.all_played
