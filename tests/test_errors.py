"""The exceptions: what they derive from, what they carry, what they say."""

from __future__ import annotations

import pickle

import pytest

from vcr.cassette import Cassette
from vcr.errors import (
    AmbiguousCassetteError,
    CannotOverwriteExistingCassetteException,
    CassetteDecodeError,
    CassetteLoadError,
    CassetteNotFoundError,
    MissingMetadataError,
    OutOfOrderError,
    UnhandledHTTPRequestError,
    UnknownNameError,
    UnsupportedClientError,
    UnsupportedProtocolError,
    unknown,
)
from vcr.request import Request


@pytest.mark.parametrize(
    ("error", "base"),
    [
        (CannotOverwriteExistingCassetteException, Exception),
        (MissingMetadataError, CannotOverwriteExistingCassetteException),
        (UnhandledHTTPRequestError, KeyError),
        (CassetteNotFoundError, FileNotFoundError),
        (CassetteDecodeError, ValueError),
        (CassetteLoadError, ValueError),
        (UnknownNameError, KeyError),
        (AmbiguousCassetteError, RuntimeError),
        (UnsupportedProtocolError, RuntimeError),
        (UnsupportedClientError, RuntimeError),
    ],
)
def test_what_each_error_derives_from(error, base):
    assert error.__bases__ == (base,)


def test_the_errors_of_vcrpy_are_found_where_vcrpy_has_them():
    from vcr.persisters import filesystem

    assert filesystem.CassetteNotFoundError is CassetteNotFoundError
    assert filesystem.CassetteDecodeError is CassetteDecodeError


@pytest.mark.parametrize("wrapped_by_clients", [OSError, ValueError, LookupError, RuntimeError])
def test_a_refusal_is_nothing_that_a_client_would_wrap_or_retry(wrapped_by_clients):
    assert not issubclass(CannotOverwriteExistingCassetteException, wrapped_by_clients)


def test_a_refusal_says_who_refused_what():
    cassette, request = Cassette("some.yaml"), Request("GET", "http://api.example/")
    error = CannotOverwriteExistingCassetteException(cassette=cassette, failed_request=request)
    assert error.cassette is cassette
    assert error.failed_request is request
    assert error.args == (str(error),)
    error.args = (f"in my test: {error.args[0]}",)
    assert str(error).startswith("in my test: ")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_a_refusal_made_by_hand_asks_its_cassette_for_the_reason():
    cassette, request = Cassette("some.yaml", record_mode="none"), Request("GET", "http://api.example/")
    error = CannotOverwriteExistingCassetteException(cassette=cassette, failed_request=request)
    assert error.reason == "cassette_not_found"
    assert error.similar_requests == []
    assert "some.yaml" in str(error)


def test_the_facts_of_a_refusal_are_gathered_once_at_the_first_read():
    cassette, request = Cassette("some.yaml"), Request("GET", "http://api.example/")
    gathered = []

    def refusal():
        gathered.append(request)
        return cassette.explain(request)

    error = CannotOverwriteExistingCassetteException(cassette=cassette, failed_request=request, refusal=refusal)
    assert gathered == []
    assert str(error)
    assert str(error)
    assert error.refusal is error.refusal
    assert len(gathered) == 1


@pytest.mark.parametrize(
    ("where", "text"),
    [
        ({}, "broken"),
        ({"path": "a.yaml"}, "a.yaml: broken"),
        ({"path": "a.yaml", "line": 7}, "a.yaml, line 7: broken"),
    ],
)
def test_a_cassette_that_cannot_be_read_says_where(where, text):
    error = CassetteLoadError("broken", **where)
    assert str(error) == text
    assert error.path == where.get("path")
    assert error.line == where.get("line")


@pytest.mark.parametrize("error", [UnhandledHTTPRequestError, UnknownNameError])
def test_errors_that_are_key_errors_read_as_a_sentence_not_as_a_quoted_key(error):
    assert str(error("it's not there")) == "it's not there"


def test_an_unhandled_request_error_may_be_empty():
    assert str(UnhandledHTTPRequestError()) == ""


def test_a_misspelled_name_gets_the_nearest_one_and_all_valid_ones():
    sentence = unknown("colour", "gren", ["red", "green", "blue"])
    assert sentence == "Unknown colour 'gren'. Did you mean 'green'? Valid: blue, green, red."


def test_a_name_that_is_like_no_other_gets_the_valid_ones_only():
    assert unknown("colour", "xyzzy", ["red", "green"]) == "Unknown colour 'xyzzy'. Valid: green, red."


def test_what_is_not_even_a_name_is_named_too():
    assert unknown("colour", 7, ["red"]) == "Unknown colour 7. Valid: red."


def test_no_text_of_an_error_that_is_a_key_error_raises():
    assert [str(UnknownNameError()), str(UnhandledHTTPRequestError())] == ["", ""]


def test_a_refusal_of_another_kind_has_every_attribute_of_a_refusal():
    request = Request("GET", "http://h/")
    out_of_order = OutOfOrderError(cassette=Cassette("c.yaml"), failed_request=request, message="out of order")
    missing = MissingMetadataError(cassette=Cassette("c.yaml"), key="k")
    for error in (out_of_order, missing, *map(pickle.loads, map(pickle.dumps, (out_of_order, missing)))):
        assert error.similar_requests == []
    assert (out_of_order.failed_request, missing.failed_request) == (request, None)
