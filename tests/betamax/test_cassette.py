"""``vcr.betamax``: a cassette and an adapter that a program makes by hand, without a recorder."""

from __future__ import annotations

import pytest
import requests

from vcr.betamax import exceptions
from vcr.betamax.adapter import BetamaxAdapter
from vcr.betamax.cassette import Cassette
from vcr.errors import VCRWarning


def test_a_cassette_may_be_made_with_what_betamax_takes(write, interaction):
    write("by-hand", [interaction("http://h.example/", "hello")])
    cassette = Cassette("by-hand", "json", record_mode=None, match_requests_on=None, cassette_library_dir="library")
    assert (cassette.record_mode, cassette.match_options) == ("once", {"method", "uri"})
    assert (cassette.is_empty(), cassette.is_recording()) == (False, False)
    assert [one.as_response().text for one in cassette.interactions] == ["hello"]


def test_an_option_that_there_is_not_is_warned_of():
    with pytest.warns(VCRWarning, match="Did you mean 'record'"):
        Cassette("unknown", "json", recod="all")
    with pytest.raises(exceptions.RecordValidationError):
        Cassette("wrong", "json", record_mode="never")


def test_what_is_saved_by_hand_is_found_by_hand_and_after_it_was_ejected(server, session, saved):
    response = session.get(f"{server.url}/counter", stream=True)
    cassette = Cassette("saved", "json", cassette_library_dir="library")
    one = cassette.save_interaction(response, response.request)
    assert response.text == "1", "it can still be read"
    assert cassette.interactions == [one]
    assert cassette.find_match(response.request) is None, "it records"
    cassette.record_mode = "none"
    assert cassette.find_match(response.request) is one
    assert one.used
    assert cassette.find_match(response.request) is None
    cassette.eject()
    assert saved("saved") == [one.data]
    again = Cassette("saved", "json", record_mode="none", cassette_library_dir="library")
    found = again.find_match(response.request)
    assert found.as_response().text == "1"
    assert found.match([lambda recorded: recorded["method"] == "GET"])


def test_what_hooks_make_of_an_interaction_saved_by_hand_is_returned(configuration, server, session):
    response = session.get(f"{server.url}/counter")
    cassette = Cassette("hooked", "json", cassette_library_dir="library")
    for ignored in (False, True):
        configuration.before_record(callback=lambda i, c, ignored=ignored: i.ignore() if ignored else None)
        one = cassette.save_interaction(response, response.request)
        assert (one.ignored, one.data["response"]["body"]["string"]) == (ignored, "1")
    assert len(cassette.interactions) == 1


def test_an_adapter_may_be_used_without_a_recorder(server, saved):
    adapter = BetamaxAdapter(old_adapters={"http://": requests.adapters.HTTPAdapter()})
    assert (adapter.cassette, adapter.cassette_name, adapter.serialize) == (None, None, None)
    with requests.Session() as session:
        session.mount("http://", adapter)
        adapter.load_cassette("adapter", "json", {"record": "once", "cassette_library_dir": "library"})
        assert adapter.cassette_name == "adapter"
        assert adapter.http_adapter is not None
        adapter.eject_cassette()
        assert adapter.cassette is None
        with pytest.raises(exceptions.BetamaxError, match="No cassette"):
            session.get(f"{server.url}/counter")
