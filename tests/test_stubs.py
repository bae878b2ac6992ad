"""What the stubs share. The live exchange has a file of its own; that each client is answered as it should be is tested
in tests/clients."""

from __future__ import annotations

import gc
import os

import pytest

import vcr
from vcr import _active
from vcr.request import Request
from vcr.stubs.exchange import cassette_for, going_live
from vcr.stubs.response_files import Idle


@pytest.fixture
def cassette(cassette_path):
    with vcr.use_cassette(cassette_path) as opened:
        yield opened


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
