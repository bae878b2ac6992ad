"""What a cassette can be strict about: order, what is left unplayed, refusals that were swallowed, what is saved."""

from __future__ import annotations

import os
import pickle
import urllib.request
from urllib.error import HTTPError

import pytest

import vcr
from vcr.errors import (
    CannotOverwriteExistingCassetteException,
    OutOfOrderError,
    SwallowedRefusalError,
    UnplayedInteractionsError,
    VCRWarning,
)


def fetch(url: str) -> bytes:
    with urllib.request.urlopen(url) as response:
        return response.read()


def fail_after(url: str) -> None:
    fetch(url)
    raise ZeroDivisionError


def fetch_and_hide_errors(url: str, as_library) -> bytes | None:
    """What an SDK does that swallows every error."""
    return as_library(lambda: fetch(url))


@pytest.fixture
def library(tmp_path):
    """A function of another file, which catches every error of the function that it is given."""
    source = "def quietly(function):\n    try:\n        return function()\n    except Exception:\n        return None\n"
    file = tmp_path / "library.py"
    file.write_text(source)
    names: dict = {}
    exec(compile(source, str(file), "exec"), names)
    return names["quietly"]


@pytest.fixture
def recorded(server, cassette_path):
    """The URL of a server, two of whose pages are in the cassette: /text?n=1, then /text?n=2."""
    with vcr.use_cassette(cassette_path):
        fetch(f"{server.url}/text?n=1")
        fetch(f"{server.url}/text?n=2")
    server.requests.clear()
    yield server.url
    assert server.hits == 0


# -- on_unused ---------------------------------------------------------------------------------------------------------


def test_an_interaction_that_nothing_asked_for_is_an_error(recorded, cassette_path):
    with (
        pytest.raises(UnplayedInteractionsError) as caught,
        vcr.use_cassette(cassette_path, on_unused="error"),
    ):
        fetch(f"{recorded}/text?n=2")
    assert str(caught.value) == (
        f"nothing asked for 1 of the 2 interactions of the cassette {cassette_path}:\n"
        f"  GET {recorded}/text?n=1\n"
        'Record it again (record_mode="rewrite"), or open it with on_unused="ignore".'
    )
    assert (caught.value.path, caught.value.unplayed) == (cassette_path, [f"GET {recorded}/text?n=1"])


def test_it_can_be_a_warning(recorded, cassette_path):
    with (
        pytest.warns(VCRWarning, match="nothing asked for 2 of the 2"),
        vcr.use_cassette(cassette_path, on_unused="warn"),
    ):
        pass


def test_all_played_is_no_error(recorded, cassette_path):
    with vcr.use_cassette(cassette_path, on_unused="error"):
        fetch(f"{recorded}/text?n=1")
        fetch(f"{recorded}/text?n=2")


def test_a_block_that_fails_is_not_judged(recorded, cassette_path):
    with pytest.raises(ZeroDivisionError), vcr.use_cassette(cassette_path, on_unused="error"):
        raise ZeroDivisionError


@pytest.mark.parametrize("mode", ["new_episodes", "all", "rewrite"])
def test_a_cassette_that_may_record_is_not_judged(mode, recorded, cassette_path):
    with vcr.use_cassette(cassette_path, on_unused="error", record_mode=mode):
        pass


def test_with_repeats_the_ones_behind_the_first_are_not_missed(server, cassette_path):
    for options in ({}, {"allow_playback_repeats": True, "on_unused": "error"}):
        with vcr.use_cassette(cassette_path, **options):
            assert [fetch(f"{server.url}/text") for _ in range(2)] != []


def test_secrets_are_not_told(server, cassette_path):
    secret = {"filter_sensitive_data": {"<KEY>": "s3cret"}}
    with vcr.use_cassette(cassette_path, **secret):
        fetch(f"{server.url}/text?key=s3cret")
    with (
        pytest.raises(UnplayedInteractionsError, match="key=<KEY>") as caught,
        vcr.use_cassette(cassette_path, on_unused="error", **secret),
    ):
        pass
    assert "s3cret" not in str(caught.value)


# -- ordered -----------------------------------------------------------------------------------------------------------


def test_the_recorded_order_is_kept(recorded, cassette_path):
    with vcr.use_cassette(cassette_path, ordered=True) as cassette:
        fetch(f"{recorded}/text?n=1")
        fetch(f"{recorded}/text?n=2")
    assert cassette.play_count == 2


def test_another_order_is_refused_and_both_are_shown(recorded, cassette_path):
    with vcr.use_cassette(cassette_path, ordered=True) as cassette:
        with pytest.raises(OutOfOrderError) as caught:
            fetch(f"{recorded}/text?n=2")
        fetch(f"{recorded}/text?n=1")
        fetch(f"{recorded}/text?n=2")
    assert isinstance(caught.value, CannotOverwriteExistingCassetteException)
    assert caught.value.reason == "out_of_order"
    text = str(caught.value)
    assert f"has GET {recorded}/text?n=1 first" in text
    assert f"Recorded order:\n  1. GET {recorded}/text?n=1\n  2. GET {recorded}/text?n=2\n" in text
    assert f"Order of the program:\n  1. GET {recorded}/text?n=2\n" in text
    assert [request.uri for request in cassette.refused] == [f"{recorded}/text?n=2"]
    assert str(pickle.loads(pickle.dumps(caught.value))) == text


# -- on_refused --------------------------------------------------------------------------------------------------------


def test_a_refusal_that_the_program_swallowed_is_an_error_at_the_end(recorded, cassette_path, library):
    with (
        pytest.raises(SwallowedRefusalError) as caught,
        vcr.use_cassette(cassette_path, on_refused="raise"),
    ):
        assert fetch_and_hide_errors(f"{recorded}/other", library) is None
    text = str(caught.value)
    assert "refused 1 request, and the program swallowed the error" in text
    assert f"GET {recorded}/other, made at {__file__}:" in text
    assert caught.value.path == cassette_path


def test_one_that_the_test_itself_has_caught_is_none(recorded, cassette_path):
    with (
        vcr.use_cassette(cassette_path, on_refused="raise") as cassette,
        pytest.raises(CannotOverwriteExistingCassetteException),
    ):
        fetch(f"{recorded}/other")
    assert len(cassette.refused) == 1


def test_nor_where_the_test_is_decorated(recorded, cassette_path):
    @vcr.use_cassette(cassette_path, on_refused="raise")
    def test():
        with pytest.raises(CannotOverwriteExistingCassetteException):
            fetch(f"{recorded}/other")

    test()


def test_without_the_option_it_is_only_remembered(recorded, cassette_path, library):
    with vcr.use_cassette(cassette_path) as cassette:
        fetch_and_hide_errors(f"{recorded}/other", library)
    assert [refused.request.uri for refused in cassette.refusals] == [f"{recorded}/other"]
    assert cassette.refusals[0].place.startswith(f"{__file__}:")


# -- save, rewrite -----------------------------------------------------------------------------------------------------


def test_what_a_failed_block_has_recorded_is_not_saved(server, cassette_path, tmp_path):
    with pytest.raises(ZeroDivisionError), vcr.use_cassette(cassette_path, save="passed"):
        fail_after(f"{server.url}/text")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("status", "is_saved"), [(200, True), (204, True), (404, False), (503, False)])
def test_a_failed_exchange_is_not_saved(status, is_saved, server, cassette_path, recwarn):
    with vcr.use_cassette(cassette_path, save="2xx"):
        fetch(f"{server.url}/text")
        try:
            fetch(f"{server.url}/status/{status}")
        except HTTPError as error:
            error.close()
    assert os.path.exists(cassette_path) is is_saved
    said = [f"/status/{status} was answered with {status}" in str(one.message) for one in recwarn]
    assert said == ([] if is_saved else [True])


def test_a_redirect_is_no_failure(server, cassette_path):
    for mode in ("once", "none"):
        with vcr.use_cassette(cassette_path, save="2xx", record_mode=mode):
            fetch(f"{server.url}/redirect/1")


def test_rewrite_leaves_only_what_it_has_recorded(recorded, server, cassette_path):
    with vcr.use_cassette(cassette_path, record_mode="rewrite"):
        fetch(f"{recorded}/text?n=3")
    server.requests.clear()
    with vcr.use_cassette(cassette_path, record_mode="none") as cassette:
        fetch(f"{recorded}/text?n=3")
    assert len(cassette) == 1


def test_a_rewrite_that_fails_leaves_the_file_as_it_was(recorded, server, cassette_path):
    with open(cassette_path, "rb") as file:
        before = file.read()
    with pytest.raises(ZeroDivisionError), vcr.use_cassette(cassette_path, record_mode="rewrite"):
        fail_after(f"{recorded}/text?n=3")
    server.requests.clear()
    with open(cassette_path, "rb") as file:
        assert file.read() == before


# -- VCR_RECORD_MODE ---------------------------------------------------------------------------------------------------


def test_the_environment_sets_the_mode(recorded, server, cassette_path, monkeypatch):
    monkeypatch.setenv("VCR_RECORD_MODE", "new_episodes")
    with vcr.use_cassette(cassette_path) as cassette:
        assert cassette.record_mode == "new_episodes"
    monkeypatch.setenv("VCR_RECORD_MODE", "")
    with vcr.use_cassette(cassette_path) as cassette:
        assert cassette.record_mode == "once"


def test_it_never_loosens_a_mode_that_is_none(recorded, cassette_path, monkeypatch):
    monkeypatch.setenv("VCR_RECORD_MODE", "all")
    with vcr.use_cassette(cassette_path, record_mode="none") as cassette:
        assert cassette.record_mode == "none"


def test_a_misspelled_mode_is_an_error_that_names_the_variable(cassette_path, monkeypatch):
    monkeypatch.setenv("VCR_RECORD_MODE", "rewrit")
    with pytest.raises(
        ValueError, match=r"^VCR_RECORD_MODE: 'rewrit' is not a valid record_mode\. Did you mean 'rewrite'"
    ):
        vcr.use_cassette(cassette_path).__enter__()


# -- borrow ------------------------------------------------------------------------------------------------------------


def test_what_is_borrowed_is_replayed_and_never_saved(recorded, server, cassette_path, tmp_path):
    lent = os.path.join(tmp_path, "lent.yaml")
    os.rename(cassette_path, lent)
    with open(lent, "rb") as file:
        before = file.read()
    with vcr.use_cassette(cassette_path, on_unused="error", ordered=True) as cassette:
        assert cassette.borrow(lent)
        fetch(f"{recorded}/text?n=2")
        fetch(f"{recorded}/text?n=3")
    assert [request.target for request in server.requests] == ["/text?n=3"]
    server.requests.clear()
    with vcr.use_cassette(cassette_path, record_mode="none") as cassette:
        assert [request.uri for request in cassette.requests] == [f"{recorded}/text?n=3"]
        assert not cassette.borrow("nowhere.yaml")
    with open(lent, "rb") as file:
        assert file.read() == before


# -- sent, played ------------------------------------------------------------------------------------------------------


def test_what_was_sent_is_there_unfiltered_and_what_was_played(recorded, cassette_path):
    with vcr.use_cassette(cassette_path, filter_query_parameters=["n"]) as cassette:
        fetch(f"{recorded}/text?n=1")
    assert cassette.sent == [f"GET {recorded}/text?n=1"]
    assert cassette.sent != [f"GET {recorded}/text?n=2"]
    assert cassette.sent != []
    assert cassette.sent == [vcr.Request("GET", f"{recorded}/text?n=1")]
    assert repr(cassette.sent) == f"['GET {recorded}/text?n=1']"
    ((sent, kept, response),) = cassette.played
    assert (sent.uri, kept.uri, response.status) == (f"{recorded}/text?n=1", f"{recorded}/text", 200)
    assert repr(cassette.played) == f"[<Played GET {recorded}/text?n=1: 200>]"


def test_what_is_recorded_was_sent_and_not_played(server, cassette_path):
    with vcr.use_cassette(cassette_path, filter_headers=["X-Key"]) as cassette:
        fetch(urllib.request.Request(f"{server.url}/text", headers={"X-Key": "secret"}))
    assert (len(cassette.sent), cassette.played) == (1, [])
    assert cassette.sent[0].headers["X-Key"] == "secret"
    with open(cassette_path, encoding="utf-8") as file:
        assert "secret" not in file.read()


@pytest.mark.parametrize(
    ("option", "value", "nearest"),
    [("on_unused", "eror", "error"), ("on_refused", "rise", "raise"), ("save", "pass", "passed")],
)
def test_a_misspelled_value_names_the_nearest(option, value, nearest, cassette_path):
    with pytest.raises(ValueError, match=f"^{option}: '{value}' is not a valid value. Did you mean '{nearest}'"):
        vcr.use_cassette(cassette_path, **{option: value}).__enter__()
