"""A response as a value, over VCR.py's dictionary, and how the lengths of its pieces are kept."""

from __future__ import annotations

import copy

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from vcr.response import Response, pack_lengths, unpack_lengths

patient = settings(deadline=None)


def dictionary(**changes):
    """A response as VCR.py's hooks and serializers see it."""
    data = {
        "status": {"code": 200, "message": "OK"},
        "headers": {"Content-Type": ["text/plain"], "Set-Cookie": ["a=1", "b=2"]},
        "body": {"string": b"body"},
    }
    return {**data, **changes}


# -- from its parts ---------------------------------------------------------------------------------------------------


def test_a_plain_response_is_vcrpys_dictionary_and_nothing_more():
    response = Response.of(
        200, "OK", [("Content-Type", "text/plain"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")], b"body"
    )
    assert response.data == dictionary()


def test_what_is_unusual_is_kept_under_keys_of_ours():
    response = Response.of(
        200, "OK", None, b"abcd", http_version="1.0", chunks=[1, 3], trailers={"X-Sum": "1"}, incomplete=True
    )
    assert response.data == {
        "status": {"code": 200, "message": "OK"},
        "headers": {},
        "body": {"string": b"abcd", "chunks": "1 3"},
        "http_version": "1.0",
        "trailers": {"X-Sum": ["1"]},
        "incomplete": True,
    }
    assert response.http_version == "1.0"
    assert response.pieces == [b"a", b"bcd"]
    assert response.trailers.pairs() == [("X-Sum", "1")]
    assert response.incomplete


@pytest.mark.parametrize("chunks", [(), [4], iter([4])])
def test_a_body_in_one_piece_needs_no_lengths(chunks):
    response = Response.of(200, "OK", None, b"abcd", chunks=chunks)
    assert response.data["body"] == {"string": b"abcd"}
    assert response.pieces == [b"abcd"]


# -- from a dictionary ------------------------------------------------------------------------------------------------


def test_it_reads_the_dictionary():
    response = Response(dictionary())
    assert response.status == 200
    assert response.reason == "OK"
    assert response.headers.pairs() == [("Content-Type", "text/plain"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]
    assert response.body == b"body"
    assert response.pieces == [b"body"]
    assert response.http_version == "1.1"
    assert response.trailers.pairs() == []
    assert not response.incomplete


@pytest.mark.parametrize("status", [{"code": 404, "message": None}, {"code": 404}, {"code": "404", "message": ""}])
def test_the_reason_may_be_missing(status):
    response = Response(dictionary(status=status))
    assert response.status == 404
    assert response.reason == status.get("message")
    assert not response.has_no_reason


def test_a_reason_that_is_a_number_in_the_file_is_text():
    assert Response(dictionary(status={"code": 200, "message": 5})).reason == "5"


@pytest.mark.parametrize(
    ("date", "known"),
    [
        ("2026-01-01T02:00:00+02:00", "2026-01-01T00:00:00+00:00"),
        ("2026-01-01T00:00:00", "2026-01-01T00:00:00+00:00"),
        ("0001-01-01T00:00:00+14:00", None),
        ("9999-12-31T23:59:59-14:00", None),
    ],
)
def test_the_date_is_in_utc_or_not_known(date, known):
    found = Response(dictionary(recorded_at=date)).recorded_at
    assert (found and found.isoformat()) == known


def test_that_the_server_sent_no_reason_is_known():
    assert Response.of(200, "", None, b"").has_no_reason
    assert not Response.of(200, "OK", None, b"").has_no_reason


@pytest.mark.parametrize("body", [{"string": None}, {}, None, {"string": b""}, {"string": ""}])
def test_the_body_may_be_missing(body):
    response = Response(dictionary(body=body))
    assert response.body == b""
    assert response.pieces == []


@pytest.mark.parametrize("string", ["grün", "grün".encode(), bytearray("grün".encode())])
def test_the_body_may_be_text_or_any_bytes(string):
    assert Response(dictionary(body={"string": string})).body == "grün".encode()


@pytest.mark.parametrize("headers", [None, {}])
def test_the_headers_may_be_missing(headers):
    assert Response(dictionary(headers=headers)).headers.pairs() == []


def test_a_header_value_may_be_a_plain_string():
    assert Response(dictionary(headers={"A": "1"})).headers.pairs() == [("A", "1")]


def test_keys_that_others_add_are_kept():
    assert Response(dictionary(recorded_by="somebody")).data["recorded_by"] == "somebody"


def test_it_says_what_it_is():
    assert repr(Response(dictionary())) == "<Response (200) 4 bytes>"


# -- the order of interleaved headers ---------------------------------------------------------------------------------

INTERLEAVED = [("X-One", "1"), ("X-Two", "2"), ("X-One", "3")]


def test_headers_of_one_name_interleaved_with_others_keep_their_order():
    response = Response.of(200, "OK", INTERLEAVED, b"")
    assert response.data["headers"] == {"X-One": ["1", "3"], "X-Two": ["2"]}
    assert Response(response.copy_data()).headers.pairs() == INTERLEAVED


@pytest.mark.parametrize("in_order", [[], INTERLEAVED[:2], [("X", "1"), ("X", "2"), ("Y", "3"), ("x", "4")]])
def test_headers_that_the_dictionary_shows_in_order_need_no_word_of_it(in_order):
    response = Response.of(200, "OK", in_order, b"")
    assert response.data.keys() == {"status", "headers", "body"}
    assert response.headers.pairs() == in_order


@patient
@given(st.lists(st.tuples(st.sampled_from(["A", "a", "B", "C"]), st.text("xyz", max_size=2)), max_size=8))
def test_every_order_of_headers_is_kept(pairs):
    assert Response(Response.of(200, "OK", pairs, b"").copy_data()).headers.pairs() == pairs


def test_headers_that_a_hook_has_changed_are_taken_as_the_hook_left_them():
    data = Response.of(200, "OK", INTERLEAVED, b"").copy_data()
    del data["headers"]["X-Two"]
    data["headers"]["X-New"] = ["4"]
    assert Response(data).headers.pairs() == [("X-One", "1"), ("X-One", "3"), ("X-New", "4")]


def test_values_that_a_hook_has_changed_stay_in_their_order():
    data = Response.of(200, "OK", INTERLEAVED, b"").copy_data()
    data["headers"]["X-One"] = ["first", "last"]
    assert Response(data).headers.pairs() == [("X-One", "first"), ("X-Two", "2"), ("X-One", "last")]


# -- copies -----------------------------------------------------------------------------------------------------------


def test_a_hook_may_change_a_copy_at_will():
    response = Response(dictionary(extra={"list": [{"deep": 1}]}))
    before = copy.deepcopy(response.data)
    data = response.copy_data()
    assert data == before
    data["status"]["code"] = 500
    data["headers"]["Set-Cookie"].append("c=3")
    data["headers"]["X-New"] = ["1"]
    data["body"]["string"] = b"other"
    data["extra"]["list"][0]["deep"] = 2
    del data["status"]["message"]
    assert response.data == before


def test_headers_handed_out_as_lists_stay_lists_in_a_copy():
    assert Response(dictionary(headers={"A": ("1", "2")})).copy_data()["headers"] == {"A": ["1", "2"]}


# -- the lengths of the pieces ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lengths", "packed"),
    [([12, 8, 8, 8], "12 8*3"), ([1], "1"), ([5, 5], "5*2"), ([1, 2, 1], "1 2 1"), ([], "")],
)
def test_runs_of_one_length_are_folded(lengths, packed):
    assert pack_lengths(lengths) == packed
    assert unpack_lengths(packed, sum(lengths)) == lengths


@patient
@given(st.lists(st.integers(1, 50), max_size=40))
def test_unpacking_undoes_packing(lengths):
    assert unpack_lengths(pack_lengths(lengths), sum(lengths)) == lengths


@patient
@given(st.lists(st.binary(min_size=1, max_size=8), min_size=1, max_size=20))
def test_a_body_comes_out_in_the_pieces_it_came_in(pieces):
    response = Response.of(200, "OK", None, b"".join(pieces), chunks=map(len, pieces))
    assert response.pieces == pieces


@pytest.mark.parametrize("packed", ["2*2", 4, "4", "1 3", " 1\n3 "])
def test_lengths_that_add_up_are_taken(packed):
    assert sum(unpack_lengths(packed, 4)) == 4


@pytest.mark.parametrize(
    "packed",
    [None, "", "3", "5", "1 2", "0 4", "4 0", "-1 5", "4.0", "four", "2*", "*2", "2*2*1", "2*-2", "4*1 x", [1, 3], {}],
)
def test_lengths_that_do_not_add_up_to_the_body_or_cannot_be_read_are_no_lengths(packed):
    response = Response(dictionary(body={"string": b"abcd", "chunks": packed}))
    assert unpack_lengths(packed, 4) == []
    assert response.pieces == [b"abcd"]


@pytest.mark.parametrize("packed", ["1*999999999999", "999999999999*999999999999", "0*999999999999", "1*" + "9" * 5000])
def test_a_hostile_count_is_refused_without_being_unfolded(packed):
    assert unpack_lengths(packed, 4) == []


@patient
@given(st.text("0123456789* x-", max_size=12), st.integers(0, 30))
@example("1*30", 30)
def test_whatever_the_text_the_lengths_are_none_or_positive_and_add_up(packed, total):
    lengths = unpack_lengths(packed, total)
    assert lengths == [] or (sum(lengths) == total and min(lengths) >= 1)


def test_a_body_that_a_hook_changed_comes_in_one_piece():
    data = Response.of(200, "OK", None, b"abcd", chunks=[1, 3]).copy_data()
    data["body"]["string"] = b"other"
    assert Response(data).pieces == [b"other"]


def test_an_empty_mapping_in_the_place_of_a_body_is_an_empty_body():
    # VCR.py keeps one of each redirect that aiohttp follows.
    response = Response({"status": {"code": 302, "message": "Found"}, "headers": {}, "body": {}})
    assert response.fault is None
    assert response.body == b""


@pytest.mark.parametrize(
    ("changes", "read"),
    [
        ({"status": 204}, (204, None, b"body")),
        ({"body": "text"}, (200, "OK", b"text")),
        ({"body": b"b"}, (200, "OK", b"b")),
    ],
)
def test_a_status_and_a_body_may_stand_there_without_their_mappings(changes, read):
    response = Response(dictionary(**changes))
    assert response.fault is None
    assert (response.status, response.reason, response.body) == read
