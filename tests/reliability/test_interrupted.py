"""A recording that does not come to its end: ``journal=True`` keeps what it has, ``vcr.recover`` brings it back."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest

import vcr
from vcr.cassette import Cassette
from vcr.errors import CassetteNotFoundError
from vcr.persisters.filesystem import FilesystemPersister
from vcr.persisters.journal import Journal
from vcr.request import Request
from vcr.response import Response

RESPONSE = {"status": {"code": 200, "message": "OK"}, "headers": {}, "body": {"string": b"\xff body"}}

KILLED = """
import os, signal, sys
from urllib.request import urlopen
import vcr

url, path = sys.argv[1:]
with vcr.use_cassette(path, journal=True, record_mode="new_episodes", filter_sensitive_data={"<KEY>": "s3cret"}):
    for number in range(10):
        urlopen(f"{url}/text?number={number}&key=s3cret").read()
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def partial(cassette_path):
    return Path(f"{cassette_path}.partial")


def session(cassette_path, serializer="yaml"):
    """A recording that nobody has ended yet."""
    serializers = vcr.default_vcr.serializers
    return Cassette(cassette_path, serializers[serializer], FilesystemPersister, journal=True)


def read(server, *numbers):
    return [urlopen(f"{server.url}/text?number={number}&key=s3cret").read() for number in numbers]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL here")
def test_what_a_killed_program_has_recorded_is_recovered(server, cassette_path, partial, caplog):
    with vcr.use_cassette(cassette_path, filter_sensitive_data={"<KEY>": "s3cret"}):
        read(server, "old")
    run = subprocess.run([sys.executable, "-c", KILLED, server.url, cassette_path], timeout=60, check=False)
    assert run.returncode == -signal.SIGKILL
    assert len(partial.read_bytes().splitlines()) == 10
    assert b"s3cret" not in partial.read_bytes()

    with caplog.at_level(logging.WARNING), vcr.use_cassette(cassette_path, record_mode="none") as cassette:
        assert len(cassette) == 1
    assert str(partial) in caplog.text
    assert "vcr.recover(" in caplog.text

    assert vcr.recover(cassette_path, filter_sensitive_data={"<KEY>": "s3cret"}) == 10
    assert not partial.exists()
    hits = server.hits
    with vcr.use_cassette(cassette_path, record_mode="none", filter_sensitive_data={"<KEY>": "s3cret"}) as cassette:
        assert len(read(server, "old", *range(10))) == 11
        assert cassette.all_played
    assert server.hits == hits
    assert "s3cret" not in Path(cassette_path).read_text(encoding="utf-8")


@pytest.mark.parametrize("serializer", ["yaml", "json"])
def test_a_session_that_never_had_a_cassette_is_recovered_too(cassette_path, partial, serializer):
    cassette = session(cassette_path, serializer)
    cassette.begin(Request("GET", "http://h/"))  # under way when the power fails: no trace
    cassette.begin(Request("GET", "http://h/1")).complete(Response(RESPONSE))
    assert not os.path.exists(cassette_path)
    assert vcr.recover(cassette_path, serializer=serializer) == 1
    with vcr.use_cassette(cassette_path, serializer=serializer) as recovered:
        assert [request.uri for request in recovered.requests] == ["http://h/1"]
        assert recovered.responses == [RESPONSE]


def test_a_good_save_takes_the_journal_away(server, cassette_path, partial):
    with vcr.use_cassette(cassette_path, journal=True):
        read(server, 1)
        assert partial.exists()
        read(server, 2)
    assert not partial.exists()


def test_what_is_not_to_be_saved_is_not_kept_either(server, cassette_path, partial):
    with (
        pytest.raises(ZeroDivisionError),
        vcr.use_cassette(cassette_path, journal=True, record_on_exception=False),
    ):
        raise ZeroDivisionError(read(server, 1))
    assert not partial.exists()


def test_a_save_that_fails_leaves_the_journal(server, cassette_path, partial):
    class Full:
        @staticmethod
        def serialize(data):
            raise OSError(28, "No space left on device")

        @staticmethod
        def deserialize(text):
            raise AssertionError

    with pytest.raises(OSError, match="No space left"), vcr.use_cassette(cassette_path, journal=True, serializer=Full):
        read(server, 1)
    assert partial.exists()
    assert vcr.recover(cassette_path) == 1


def test_each_of_several_sessions_takes_away_its_own(cassette_path, partial):
    one, other = session(cassette_path), session(cassette_path)
    one.begin(Request("GET", "http://h/one")).complete(Response(RESPONSE))
    other.begin(Request("GET", "http://h/other")).complete(Response(RESPONSE))
    one.close()
    assert len(partial.read_bytes().splitlines()) == 1
    other.close()
    assert not partial.exists()
    with vcr.use_cassette(cassette_path) as cassette:
        assert {request.uri for request in cassette.requests} == {"http://h/one", "http://h/other"}


def test_a_line_that_was_cut_short_is_left_out(cassette_path, partial):
    for _ in range(2):
        cassette = session(cassette_path)
        cassette.begin(Request("GET", "http://h/1")).complete(Response(RESPONSE))
        with partial.open("ab") as file:
            file.write(b'{"version": 1, "interac')
    assert vcr.recover(cassette_path) == 2


def test_nothing_to_recover_is_an_error(cassette_path):
    with pytest.raises(CassetteNotFoundError, match="nothing to recover"):
        vcr.recover(cassette_path)


def test_a_persister_that_keeps_no_journal_says_so(cassette_path):
    class Own:
        @staticmethod
        def load_cassette(path, serializer):
            raise CassetteNotFoundError

        @staticmethod
        def save_cassette(path, data, serializer):
            raise AssertionError

    with pytest.raises(TypeError, match="journal"), vcr.use_cassette(cassette_path, persister=Own, journal=True):
        raise AssertionError


def test_a_journal_that_is_gone_has_nothing_to_be_discarded(cassette_path, partial):
    with vcr.use_cassette(cassette_path, journal=True) as cassette:
        cassette.append(Request("GET", "http://h/1"), RESPONSE)
        assert vcr.recover(cassette_path) == 1
        assert not partial.exists()
    with vcr.use_cassette(cassette_path, record_mode="none") as cassette:
        assert [request.uri for request in cassette.requests] == ["http://h/1"]


def test_of_a_session_that_goes_on_nothing_is_lost_and_nothing_is_there_twice(cassette_path, partial):
    going_on = session(cassette_path)
    going_on.begin(Request("GET", "http://h/1")).complete(Response(RESPONSE))

    def meanwhile(request, response):
        going_on.begin(Request("GET", "http://h/2")).complete(Response(RESPONSE))
        return request, response

    assert vcr.recover(cassette_path, after_load_interaction=meanwhile) == 1
    assert b"http://h/2" in partial.read_bytes(), "the program may still be killed"
    going_on.close()
    assert not partial.exists()
    with vcr.use_cassette(cassette_path, record_mode="none") as cassette:
        assert [request.uri for request in cassette.requests] == ["http://h/1", "http://h/2"]


def test_what_one_process_recovers_no_other_reads_meanwhile(cassette_path, monkeypatch):
    cassette = session(cassette_path)
    cassette.begin(Request("GET", "http://h/1")).complete(Response(RESPONSE))
    steps = []

    class Watched(FilesystemPersister):
        @staticmethod
        @contextmanager
        def exclusive(path):
            steps.append("begin")
            with FilesystemPersister.exclusive(path):
                yield
            steps.append("end")

    for name in ("interactions", "remove"):
        does = getattr(Journal, name)
        monkeypatch.setattr(Journal, name, lambda self, name=name, does=does: steps.append(name) or does(self))
    assert vcr.recover(cassette_path, persister=Watched) == 1
    assert [step for step in steps if step != "begin"][:2] == ["interactions", "end"], "(saving is another context)"
    assert (steps[0], steps[-2:]) == ("begin", ["remove", "end"])
