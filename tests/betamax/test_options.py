"""``vcr.betamax``: options are checked, wherever they are set, with Betamax's exceptions."""

from __future__ import annotations

from datetime import timedelta

import pytest

from vcr.betamax import Betamax, BetamaxError, exceptions
from vcr.betamax.options import (
    Options,
    validate_matchers,
    validate_placeholders,
    validate_record,
    validate_serializer,
)

INVALID = [
    ("record", "never", exceptions.RecordValidationError),
    ("record", ["once"], exceptions.RecordValidationError),
    ("match_requests_on", ["no-such"], exceptions.MatchersValidationError),
    ("match_requests_on", "method", exceptions.MatchersValidationError),
    ("re_record_interval", 0, exceptions.RecordIntervalValidationError),
    ("re_record_interval", "7", exceptions.RecordIntervalValidationError),
    ("re_record_interval", timedelta(-1), exceptions.RecordIntervalValidationError),
    ("serialize_with", "no-such", exceptions.SerializerValidationError),
    ("serialize_with", None, exceptions.SerializerValidationError),
    ("preserve_exact_body_bytes", "yes", exceptions.BodyBytesValidationError),
    ("placeholders", ["text"], exceptions.PlaceholdersValidationError),
    ("placeholders", [{"placeholder": "<A>"}], exceptions.PlaceholdersValidationError),
    ("allow_playback_repeats", None, exceptions.PlaybackRepeatsValidationError),
]


@pytest.mark.parametrize("where", ["argument", "recorder", "everybody"])
@pytest.mark.parametrize(("name", "value", "error"), INVALID)
def test_an_invalid_value_has_its_exception(session, name, value, error, where):
    options = {name: value} if where == "recorder" else {}
    if where == "everybody":
        Betamax.configure().default_cassette_options[name] = value
    arguments = {name: value} if where == "argument" else {}
    with pytest.raises(error) as caught:
        Betamax(session, default_cassette_options=options).use_cassette("x", **arguments)
    assert str(caught.value).startswith(f"{value!r} is not valid; {name} is ")
    assert isinstance(caught.value, exceptions.ValidationError)
    assert isinstance(caught.value, BetamaxError)
    assert exceptions.validation_error_map[name] is error


@pytest.mark.parametrize("mode", ["never", "always"])
def test_a_record_mode_among_the_defaults_that_there_is_not_is_an_error(configuration, session, mode):
    configuration.default_cassette_options = {"record_mode": mode}
    with pytest.raises(exceptions.RecordValidationError, match="all, new_episodes, none or once"):
        Betamax(session).use_cassette("x")


@pytest.mark.parametrize("name", ["record_mode", "cassette_library_dir", "recrod"])
def test_an_unknown_option_is_an_error_that_names_the_nearest(session, name):
    with pytest.raises(exceptions.InvalidOption, match=f"^{name} is not a valid option") as caught:
        Betamax(session).use_cassette("x", **{name: "none"})
    if name != "cassette_library_dir":
        assert "Did you mean 'record'?" in str(caught.value)


def test_valid_options_are_valid():
    Options({"record": "once", "re_record_interval": 1, "allow_playback_repeats": 1, "match_requests_on": []})
    Options({"re_record_interval": None, "placeholders": [{"placeholder": "<A>", "replace": b"a"}]})


def test_a_value_may_be_judged_without_a_cassette():
    assert [validate_record(mode) for mode in ("once", "never")] == [True, False]
    assert [validate_matchers(names) for names in (("uri", "body"), ["no-such"])] == [True, False]
    assert [validate_serializer(name) for name in ("json", None)] == [True, False]
    assert [validate_placeholders(value) for value in ([], [{"placeholder": "<A>"}])] == [True, False]


def test_matchers_given_to_use_cassette_replace_the_defaults(session, write, interaction):
    write("anything", [interaction("http://h.example/", "hello")])
    with Betamax(session).use_cassette("anything", match_requests_on=[]):
        assert session.post("http://other.example/elsewhere").text == "hello"


def test_preserve_exact_body_bytes_is_what_it_was_set_to(configuration):
    configuration.preserve_exact_body_bytes = True
    assert configuration.preserve_exact_body_bytes is True
    configuration.preserve_exact_body_bytes = 0
    assert configuration.preserve_exact_body_bytes is False
