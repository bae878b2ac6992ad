"""Cassettes that are read and never written, as in CI."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from urllib.request import urlopen

import pytest

import vcr
from vcr.errors import CannotOverwriteExistingCassetteException, CassetteLoadError
from vcr.persisters.filesystem import FilesystemPersister
from vcr.persisters.readonly import ReadOnlyCassetteError, ReadOnlyPersister


@pytest.fixture
def recorded(server, cassette_path):
    """A cassette of ``/text``, as a developer has recorded it."""
    with vcr.use_cassette(cassette_path):
        urlopen(server.url + "/text").read()
    return Path(cassette_path)


@pytest.fixture
def ci():
    return vcr.VCR(persister=ReadOnlyPersister())


@pytest.mark.parametrize("record_mode", ["none", "once", "new_episodes"])
def test_what_is_recorded_is_replayed_in_every_mode_that_replays(record_mode, server, recorded, ci):
    with ci.use_cassette(recorded, record_mode=record_mode) as cassette:
        urlopen(server.url + "/text").read()
    assert cassette.all_played
    assert server.hits == 1


def test_a_run_without_anything_to_save_leaves_no_trace(server, recorded, ci):
    before = recorded.read_bytes(), os.stat(recorded), os.listdir(recorded.parent)
    with ci.use_cassette(recorded, record_mode="new_episodes"):
        urlopen(server.url + "/text").read()
    assert (recorded.read_bytes(), os.stat(recorded).st_mtime_ns) == (before[0], before[1].st_mtime_ns)
    assert os.listdir(recorded.parent) == before[2]


@pytest.mark.parametrize("record_mode", ["new_episodes", "all"])
def test_saving_raises_an_error_that_names_the_cassette_and_says_how_to_record_it(record_mode, server, recorded, ci):
    before = recorded.read_bytes()
    with (
        pytest.raises(ReadOnlyCassetteError) as caught,
        ci.use_cassette(recorded, record_mode=record_mode),
    ):
        assert urlopen(server.url + "/json").read()  # the mode says that it is sent
    assert str(caught.value) == (
        f"the cassette {recorded} is read-only here and would have been changed: it was to hold 2 interaction(s). "
        "Record it with the persister FilesystemPersister, where it can be written, and keep the result; "
        'record_mode="none" refuses a request that is not in it before anything is sent'
    )
    assert caught.value.path == str(recorded)
    assert recorded.read_bytes() == before


def test_a_new_cassette_is_not_made_nor_is_its_directory(server, tmp_path, ci):
    with pytest.raises(ReadOnlyCassetteError), ci.use_cassette(tmp_path / "new" / "cassette.yaml"):
        urlopen(server.url + "/text").read()
    assert os.listdir(tmp_path) == []


def test_with_the_mode_none_nothing_is_sent_and_nothing_is_to_be_saved(server, tmp_path, ci):
    with (
        ci.use_cassette(tmp_path / "new.yaml", record_mode="none"),
        pytest.raises(CannotOverwriteExistingCassetteException),
    ):
        urlopen(server.url + "/text")
    assert server.connections == 0


def test_dropping_unused_interactions_would_change_the_cassette_too(recorded, ci):
    unused = ci.use_cassette(recorded, drop_unused_requests=True)
    unused.__enter__()
    with pytest.raises(ReadOnlyCassetteError, match=r"to hold 0 interaction"):
        unused.__exit__(None, None, None)


def test_a_cassette_that_cannot_be_read_is_the_same_error_as_ever(tmp_path, ci):
    (tmp_path / "broken.yaml").write_text("version: 1\ninteractions: [\n", encoding="utf-8")
    with pytest.raises(CassetteLoadError, match=r"broken\.yaml, line 3"), ci.use_cassette(tmp_path / "broken.yaml"):
        pytest.fail("the block must not run")


def test_there_is_no_journal_where_nothing_is_written(cassette_path, ci):
    with pytest.raises(TypeError, match="journal"), ci.use_cassette(cassette_path, journal=True):
        pytest.fail("the block must not run")


def test_any_persister_can_be_made_read_only(server, recorded):
    class Library(FilesystemPersister):
        """A user's own."""

        def load_cassette(self, cassette_path, serializer):
            return super().load_cassette(recorded.parent / cassette_path, serializer)

        def __repr__(self):
            return "Library()"

    library = vcr.VCR(persister=ReadOnlyPersister(Library()), record_mode="new_episodes")
    with pytest.raises(ReadOnlyCassetteError, match=r"the persister Library\(\)"), library.use_cassette(recorded.name):
        urlopen(server.url + "/json").read()


def test_the_error_of_another_process_says_the_same():
    error = ReadOnlyCassetteError("it is read-only", path="cassette.yaml")
    copy = pickle.loads(pickle.dumps(error))
    assert (str(copy), copy.path) == (str(error), error.path)
