"""The record modes as a table. What a cassette makes of them is tested in test_cassette.py."""

from __future__ import annotations

import pytest

import vcr
from vcr.record_mode import RecordMode

TABLE = {
    #                replays, records when new, records when existing
    "none": (True, False, False),
    "once": (True, True, False),
    "new_episodes": (True, True, True),
    "all": (False, True, True),
    "any": (True, True, True),
    "rewrite": (False, True, True),
}


def test_the_table_has_every_mode():
    assert {str(mode) for mode in RecordMode} == set(TABLE)


@pytest.mark.parametrize(("name", "row"), TABLE.items())
def test_what_each_mode_replays_and_records(name, row):
    mode = RecordMode(name)
    assert (mode.replays, mode.records(existing=False), mode.records(existing=True)) == row


@pytest.mark.parametrize("name", TABLE)
def test_a_mode_is_its_string(name):
    mode = RecordMode(name)
    assert mode == name
    assert str(mode) == name
    assert f"{mode:>15}" == f"{name:>15}"
    assert {name: "found"}[mode] == "found"


def test_vcr_mode_is_the_same_enum():
    assert vcr.mode is RecordMode
    assert vcr.mode.NEW_EPISODES == "new_episodes"
    assert [mode.name for mode in vcr.mode] == ["NONE", "ONCE", "NEW_EPISODES", "ALL", "ANY", "REWRITE"]


def test_an_unknown_mode_is_a_value_error_with_the_nearest_spelling():
    with pytest.raises(ValueError, match="new_episodes") as caught:
        RecordMode("new_episode")
    assert str(caught.value) == (
        "'new_episode' is not a valid record_mode. Did you mean 'new_episodes'? "
        "Valid: all, any, new_episodes, none, once, rewrite."
    )


@pytest.mark.parametrize("value", ["", None, 1, True, b"once"])
def test_what_is_no_mode_is_a_value_error(value):
    with pytest.raises(ValueError, match="is not a valid record_mode"):
        RecordMode(value)


def test_the_name_of_a_mode_in_capitals_is_near_enough_for_a_hint():
    with pytest.raises(ValueError, match="Did you mean 'once'"):
        RecordMode("ONCE")
