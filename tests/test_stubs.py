"""What the stubs share. The live exchange has a file of its own; that each client is answered as it should be is tested
in tests/clients."""

from __future__ import annotations

import gc
import os

import pytest

import vcr
from vcr import _active
from vcr.request import Headers, Request
from vcr.stubs.answer import Idle
from vcr.stubs.exchange import FINITE_DRAIN, NO_DRAIN, OPEN_DRAIN, Recording, cassette_for, going_live


@pytest.fixture
def cassette(cassette_path):
    with vcr.use_cassette(cassette_path) as opened:
        yield opened


def recording(cassette, headers, method="GET", status=200, version="1.1") -> Recording:
    turn = cassette.begin(Request(method, "http://a.example/"))
    return Recording(turn, method, status, "OK", Headers(headers), version)


CHUNKED = {"Transfer-Encoding": "chunked"}
EVENT_STREAM = {"Content-Type": "text/event-stream; charset=utf-8"}


# -- which cassette ----------------------------------------------------------------------------------------------------


def test_a_request_belongs_to_the_current_cassette(cassette):
    assert cassette_for("a.example", object) is cassette


def test_outside_any_cassette_it_belongs_to_none():
    assert cassette_for("a.example", object) is None


def test_a_host_that_is_ignored_passes_by(cassette_path):
    with vcr.use_cassette(cassette_path, ignore_hosts=["a.example"]) as cassette:
        assert cassette_for("a.example", object) is None
        assert cassette_for("b.example", object) is cassette


def test_what_a_recorded_request_does_below_is_not_recorded_again(cassette):
    with going_live(cassette.begin(Request("GET", "http://a.example/"))):
        assert _active.current() is None
    assert _active.current() is cassette


def test_what_an_ignored_request_does_below_is_recorded(cassette_path):
    with vcr.use_cassette(cassette_path, before_record_request=lambda _: None) as cassette:
        turn = cassette.begin(Request("GET", "http://a.example/"))
        with going_live(turn):
            assert _active.current() is cassette


# -- a live response on its way ----------------------------------------------------------------------------------------


def test_a_recording_is_kept_when_it_has_finished(cassette):
    live = recording(cassette, {"Content-Length": "6"})
    live.feed(b"abc")
    live.feed(b"def")
    assert len(cassette) == 0
    live.finish()
    assert cassette.responses == [
        {"status": {"code": 200, "message": "OK"}, "headers": {"Content-Length": ["6"]}, "body": {"string": b"abcdef"}}
    ]


@pytest.mark.parametrize(
    ("headers", "version", "kept"),
    [
        (CHUNKED, "1.1", True),
        ({"Content-Length": "6"}, "1.1", False),
        ({}, "1.1", False),
        (EVENT_STREAM, "1.1", True),
        ({}, "2", True),
        ({"Content-Length": "6"}, "2", False),
    ],
)
def test_pieces_are_kept_where_they_mean_something(headers, version, kept, cassette):
    live = recording(cassette, headers, version=version)
    for piece in (b"a", b"", b"bc", b"def"):
        live.feed(piece)
    live.finish()
    assert cassette.responses[0]["body"].get("chunks") == ("1 2 3" if kept else None)


@pytest.mark.parametrize(
    ("headers", "method", "body", "incomplete"),
    [
        ({"Content-Length": "6"}, "GET", b"abc", True),
        ({"Content-Length": "6"}, "GET", b"abcdef", False),
        ({"Content-Length": "6"}, "HEAD", b"", False),
        (CHUNKED, "GET", b"abc", True),
    ],
)
def test_what_is_cut_is_incomplete_unless_all_has_come(headers, method, body, incomplete, cassette):
    live = recording(cassette, headers, method)
    live.feed(body)
    live.cut()
    assert cassette.responses[0].get("incomplete", False) is incomplete


def test_only_the_first_end_counts(cassette):
    live = recording(cassette, CHUNKED)
    live.feed(b"abc")
    live.finish(Headers({"X-Trailer": "1"}))
    live.feed(b"more")
    live.cut()
    (response,) = cassette.responses
    assert response["body"]["string"] == b"abc"
    assert response["trailers"] == {"X-Trailer": ["1"]}
    assert "incomplete" not in response


def test_a_cassette_that_closes_keeps_what_has_come(cassette_path):
    with vcr.use_cassette(cassette_path) as cassette:
        live = recording(cassette, CHUNKED)
        live.feed(b"abc")
    live.feed(b"too late")
    live.finish()
    (response,) = cassette.responses
    assert (response["body"]["string"], response["incomplete"]) == ("abc", True)


@pytest.mark.parametrize(
    ("headers", "drain"),
    [({"Content-Length": "6"}, FINITE_DRAIN), (CHUNKED, OPEN_DRAIN), ({}, OPEN_DRAIN), (EVENT_STREAM, NO_DRAIN)],
)
def test_how_long_to_read_on_depends_on_whether_it_ends(headers, drain, cassette):
    live = recording(cassette, headers)
    assert live.drain == drain
    live.finish()


def test_an_idle_descriptor_goes_with_its_last_user():
    idle = Idle(readable=False)
    descriptor = idle.fileno()
    # Of files in a cycle, the collector may finalize one before its owner, and warn that nobody closed it.
    assert {type(end) for end in idle._ends} == {int}
    idle.itself = idle
    del idle
    gc.collect()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)
