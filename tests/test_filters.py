"""What is changed or dropped before it is kept. That each runs once, and when, is tested in test_cassette.py."""

from __future__ import annotations

import copy
import gzip
import json
import re
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import vcr
from vcr import filters
from vcr.filters import (
    by_name,
    decode_response,
    ignore_hosts,
    pipeline,
    replace_body_parameters,
    replace_headers,
    replace_query_parameters,
)
from vcr.request import Request
from vcr.response import Response

patient = settings(deadline=None)


# -- pipelines --------------------------------------------------------------------------------------------------------


def test_a_pipeline_runs_its_functions_in_order():
    run = pipeline([lambda text: text + "a", lambda text: text + "b"])
    assert run("") == "ab"


def test_none_ends_a_pipeline():
    ran = []
    run = pipeline([lambda value: None, ran.append])
    assert run("value") is None
    assert ran == []


def test_a_pipeline_of_nothing_is_nothing():
    assert pipeline([]) is None


# -- replacements -----------------------------------------------------------------------------------------------------


def test_the_two_spellings_of_replacements():
    upper = str.upper
    assert by_name(["gone", ("replaced", "x"), ["listed", None], ("called", upper)]) == {
        "gone": None,
        "replaced": "x",
        "listed": None,
        "called": upper,
    }


@pytest.mark.parametrize(
    "wanted", [["key"], [("key", None)], [["key", None]], {"key": None}, {"key"}, (("key", None),)]
)
def test_each_filter_takes_each_spelling(wanted):
    # VCR.py's users call them by hand with lists of pairs: a secret must never stay for the way in which it is named.
    request = Request("POST", "http://h/?key=secret", b"key=secret", {"Key": "secret"})
    for replace in (replace_headers, replace_query_parameters, replace_body_parameters):
        assert replace(request, wanted) is request
    assert (request.uri, request.body, dict(request.headers)) == ("http://h/", b"", {})


class Recorder:
    """A replacement as a user writes it: called with the key, the value and the request, by these names."""

    def __init__(self, result):
        self.result = result
        self.calls = []

    def __call__(self, key, value, request):
        self.calls.append((key, value, request))
        return self.result


# -- headers ----------------------------------------------------------------------------------------------------------


def headers_after(wanted, headers):
    return replace_headers(Request("GET", "http://h/", None, headers), wanted).headers.pairs()


def test_headers_are_removed_whatever_their_case_and_number():
    headers = [("Authorization", "a"), ("X", "1"), ("authorization", "b")]
    assert headers_after({"AUTHORIZATION": None}, headers) == [("X", "1")]


def test_headers_are_replaced_where_they_stand():
    assert headers_after({"token": "XXX"}, [("Token", "secret"), ("X", "1")]) == [("Token", "XXX"), ("X", "1")]


def test_a_header_that_is_not_there_is_not_added():
    assert headers_after({"Token": "XXX", "Other": None}, {"X": "1"}) == [("X", "1")]


@pytest.mark.parametrize(("result", "expected"), [("new", [("Token", "new")]), (None, [])])
def test_a_function_decides_about_a_header(result, expected):
    request, replacement = Request("GET", "http://h/", None, {"Token": "secret"}), Recorder(result)
    assert replace_headers(request, {"Token": replacement}).headers.pairs() == expected
    assert replacement.calls == [("Token", "secret", request)]


# -- the query --------------------------------------------------------------------------------------------------------


def uri_after(wanted, uri):
    return replace_query_parameters(Request("GET", uri), wanted).uri


@pytest.mark.parametrize(
    ("wanted", "uri", "expected"),
    [
        ({"key": None}, "http://h/p?key=secret", "http://h/p"),
        ({"key": None}, "http://h/p?a=1&key=secret&b=2", "http://h/p?a=1&b=2"),
        ({"key": None}, "http://h/p?key=1&key=2&a=1", "http://h/p?a=1"),
        ({"key": "XXX"}, "http://h/p?a=1&key=secret", "http://h/p?a=1&key=XXX"),
        ({"key": "a b&c"}, "http://h/p?key=secret", "http://h/p?key=a+b%26c"),
        ({"key": ""}, "http://h/p?key=secret", "http://h/p"),
        ({"key": 7}, "http://h/p?key=secret", "http://h/p?key=7"),
        ({"key": b"7"}, "http://h/p?key=secret", "http://h/p?key=7"),
        ({"k y": None}, "http://h/p?k%20y=1&k+y=2", "http://h/p"),
        ({"key": None}, "http://h/p?a=1", "http://h/p?a=1"),
        ({"key": None}, "http://h/p", "http://h/p"),
        ({"key": None}, "http://h/p?key=secret#part", "http://h/p#part"),
        ({"key": None}, "http://user:pw@h:81/p;v=1?key=secret", "http://user:pw@h:81/p;v=1"),
        ({"a": None, "b": "2"}, "http://h/?a=1&b=1&c=1", "http://h/?b=2&c=1"),
    ],
)
def test_query_parameters_are_removed_or_replaced(wanted, uri, expected):
    assert uri_after(wanted, uri) == expected


@pytest.mark.parametrize(
    ("query", "written"),
    [
        ("b=2&a=2&a=1", "a=1&a=2&b=2"),
        ("a=%41&b=x+y&c=x%20y", "a=A&b=x+y&c=x+y"),
        ("a=1&flag&blank=&&b=1", "a=1&b=1"),
        ("a=1;b=2", "a=1%3Bb%3D2"),
        ("a=%zz", "a=%25zz"),
        ("a=%C3%A9", "a=%C3%A9"),
        ("a=é", "a=%C3%A9"),
        ("a=%e9", "a=%E9"),
    ],
)
def test_the_rest_of_the_query_is_written_as_vcrpy_writes_it(query, written):
    # Its cassettes hold such queries, and the matcher `uri` compares them as they are written. (All but the last, whose
    # byte VCR.py loses.)
    expected = f"http://H.example/p?{written}"
    assert uri_after({"key": None}, f"http://H.example/p?{query}") == expected
    assert uri_after({"key": None}, f"http://H.example/p?key=secret&{query}") == expected


@pytest.mark.parametrize(
    ("result", "expected"), [("new", "http://h/?key=new"), (None, "http://h/"), (7, "http://h/?key=7")]
)
def test_a_function_decides_about_a_query_parameter(result, expected):
    request, replacement = Request("GET", "http://h/?key=sec%20ret"), Recorder(result)
    assert replace_query_parameters(request, {"key": replacement}).uri == expected
    assert replacement.calls == [("key", "sec ret", request)]


@patient
@given(st.text("ab&=%+ é", max_size=20), st.text(max_size=8))
def test_filtering_twice_is_filtering_once(query, value):
    wanted = {"a": None, "b": value}
    once = uri_after(wanted, f"http://h/?{query}")
    assert uri_after(wanted, once) == once


# -- bodies -----------------------------------------------------------------------------------------------------------


def body_after(wanted, body, content_type=None, recursive=False):
    headers = {} if content_type is None else {"Content-Type": content_type}
    return replace_body_parameters(Request("POST", "http://h/", body, headers), wanted, recursive=recursive).body


FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    "content_type", [None, FORM, f"{FORM}; charset=utf-8", FORM.upper(), "text/plain", "application/octet-stream"]
)
@pytest.mark.parametrize(
    ("wanted", "body", "expected"),
    [
        ({"key": None}, b"a=1&key=secret&b=%41", b"a=1&b=%41"),
        ({"key": None}, b"key=secret", b""),
        ({"key": "<KEY>"}, b"key=secret", b"key=<KEY>"),
        ({"key": "x&y"}, b"key=secret&a=1", b"key=x%26y&a=1"),
        ({"key": b"X"}, b"key=secret", b"key=X"),
        ({"key": 7}, b"key=", b"key=7"),
        ({"key": None}, b"&&key=a=b;c&", b"&&"),
        (
            {"gr\u00fcn": None, "sch\u00f6n": "\u00e9"},
            "gr%C3%BCn=1&sch\u00f6n=2&a=1".encode(),
            "sch\u00f6n=\u00e9&a=1".encode(),
        ),
        ({"api%3Akey": None, "user name": None}, b"api%3Akey=1&user+name=2&a=1", b"a=1"),
        ({"key": "XXX"}, b"key&a=1", b"key&a=1"),
        ({"key": None}, b"\xff&a=\xff&key=\xff", b"\xff&a=\xff"),
        ({"key": None}, b"a=1", b"a=1"),
    ],
)
def test_form_fields_are_removed_or_replaced(content_type, wanted, body, expected):
    assert body_after(wanted, body, content_type) == expected


def test_what_is_said_to_be_a_form_is_filtered_though_it_is_no_text():
    assert body_after({"key": None}, b"a=\xff&key=secret", FORM) == b"a=\xff"


@pytest.mark.parametrize("content_type", ["application/json", "multipart/form-data", "multipart/form-data; boundary=x"])
def test_a_form_under_another_type_is_filtered_all_the_same(content_type):
    assert body_after({"key": None}, b"a=1&key=secret", content_type) == b"a=1"


@patient
@given(st.text("ab&=%+ é", max_size=20), st.text(max_size=8))
def test_filtering_a_form_twice_is_filtering_once(body, value):
    wanted = {"a": None, "b": value}
    once = body_after(wanted, body.encode(), FORM)
    assert body_after(wanted, once, FORM) == once


NESTED = {"key": "secret", "b": {"key": "inner"}, "c": [{"key": 1, "d": "key"}], "e": {}}


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/json; charset=utf-8", "application/vnd.api+json"]
)
def test_top_level_json_keys_are_removed_or_replaced(content_type):
    body = json.dumps({"key": "secret", "b": {"key": "inner"}, "c": 1})
    assert json.loads(body_after({"key": None}, body, content_type)) == {"b": {"key": "inner"}, "c": 1}
    assert json.loads(body_after({"key": "x", "c": None}, body, content_type)) == {"key": "x", "b": {"key": "inner"}}


def test_json_keys_at_any_depth_are_removed_or_replaced():
    assert json.loads(body_after({"key": None}, json.dumps(NESTED), "application/json", recursive=True)) == {
        "b": {},
        "c": [{"d": "key"}],
        "e": {},
    }
    assert body_after({"key": "X"}, b'[{"key": 1}]', "application/json", recursive=True) == b'[{"key": "X"}]'


def test_a_body_that_is_a_dictionary_is_replaced_by_another():
    # VCR.py's cassettes of aiohttp hold them.
    original = copy.deepcopy(NESTED)
    assert body_after({"key": None}, original) == {**{k: v for k, v in NESTED.items() if k != "key"}}
    assert body_after({"key": None, "b": None, "c": None}, original, recursive=True) == {"e": {}}
    assert original == NESTED


@pytest.mark.parametrize("kind", [list, tuple])
def test_so_is_a_form_in_pairs(kind):
    pairs = kind([("key", "secret"), ["a", 1], kind(["key", None])])
    assert body_after({"key": None}, pairs) == [("a", 1)]
    assert body_after({"key": "K"}, pairs) == [("key", "K"), ("a", 1), ("key", "K")]
    assert body_after({"key": None}, [{"key": 1}, 2], recursive=True) == [{}, 2]
    assert body_after({"key": None}, [[["key"], 1], [2, None]]) == [(["key"], 1), (2, None)]


@pytest.mark.parametrize(
    ("stored", "sent", "content_type"),
    [
        ("{key: secret, a: '1'}", b"key=other&a=1", FORM),
        ("[[key, secret], [a, '1']]", b"key=other&a=1", FORM),
        ("{key: secret, a: [1]}", b'{"key": "other", "a": [1]}', "application/json"),
    ],
)
@pytest.mark.parametrize("wanted", ["key", ("key", "<KEY>")])
def test_what_was_stored_as_an_object_matches_what_is_sent(stored, sent, content_type, wanted, cassette_path):
    Path(cassette_path).write_text(
        f"interactions:\n- request: {{method: POST, uri: 'http://h/', headers: {{}}, body: {stored}}}\n"
        "  response: {status: {code: 200, message: OK}, headers: {}, body: {string: ''}}\nversion: 1\n",
        encoding="utf-8",
    )
    options = {"match_on": ["method", "body"], "filter_post_data_parameters": [wanted]}
    with vcr.use_cassette(cassette_path, record_mode="none", **options) as cassette:
        turn = cassette.begin(Request("POST", "http://h/", sent, {"Content-Type": content_type}))
    assert turn.response.status == 200


def test_json_is_written_again_as_vcrpy_writes_it():
    # Its cassettes hold such bodies, and the matcher `raw_body` compares them as they are written.
    body = b'{ "a":1.0,   "\xc3\xa9": [] }'
    assert body_after({"key": None}, body, "application/json") == b'{"a": 1.0, "\\u00e9": []}'
    body = b'{"x": 1, "y": 2, "a": 3}'
    assert body_after({"y": "Y", "x": "X"}, body, "application/json") == b'{"a": 3, "y": "Y", "x": "X"}'
    assert body_after({"x": "X"}, body, "application/json", recursive=True) == b'{"x": "X", "y": 2, "a": 3}'


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b'["key"]'),
        ("application/json", b'"key"'),
        ("application/json", b"\xff\xfe"),
        ("application/json", b"[" * 100_000),
        ("application/json", b""),
        # (VCR.py's rule for who calls the function: a cassette looks into them, too.)
        ("application/octet-stream", b"\xff\xd8=1&key=secret"),
        (None, b"\xff\xd8=1&key=secret"),
        (None, b"the key to it"),
        (FORM, b""),
        (FORM, None),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_other_bodies_are_left_alone(content_type, body):
    assert body_after({"key": None}, body, content_type) == body


@pytest.mark.parametrize(
    ("content_type", "body", "value"),
    [
        (FORM, b"key=sec+ret", "sec+ret"),  # as it is written: so does VCR.py
        ("application/json", b'{"key": ["sec ret"]}', ["sec ret"]),
        ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: a; name="key"\r\n\r\ns\r\n--x--', "s"),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: a; name="key"\r\n\r\n\xff\r\n--x--',
            b"\xff",
        ),
    ],
)
def test_a_function_decides_about_a_field(content_type, body, value):
    request = Request("POST", "http://h/", body, {"Content-Type": content_type})
    replacement = Recorder("new")
    assert b"new" in replace_body_parameters(request, {"key": replacement}).body
    assert replacement.calls == [("key", value, request)]


def test_any_method_may_have_a_body_to_filter():
    request = Request("DELETE", "http://h/", b"key=secret", {"Content-Type": FORM})
    assert replace_body_parameters(request, {"key": None}).body == b""


# -- hosts ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("uri", "ignored"),
    [
        ("http://api.example/", True),
        ("https://API.example:8443/x", True),
        ("http://user@api.example/", True),
        ("http://one.internal/", True),
        ("http://other.example/", False),
        ("http://not-api.example/", False),
        ("http://api.example.org/", False),
        ("http://one.internal.example/", False),
    ],
)
def test_hosts_are_ignored_by_name_or_by_a_pattern_of_the_whole_name(uri, ignored):
    request = Request("GET", uri)
    result = ignore_hosts(request, ["api.example", re.compile(r".*\.internal")])
    assert result is (None if ignored else request)


@pytest.mark.parametrize("uri", ["http://localhost/", "http://127.0.0.1:8000/", "http://0.0.0.0/", "http://[::1]/"])
def test_the_names_of_this_machine(uri):
    assert ignore_hosts(Request("GET", uri), filters.LOCALHOST) is None


# -- compressed responses ---------------------------------------------------------------------------------------------


def raw_deflate(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return compressor.compress(data) + compressor.flush()


CODINGS = {"gzip": gzip.compress, "x-gzip": gzip.compress, "GZIP": gzip.compress, "deflate": zlib.compress}


def response_in(coding: str | None, body: bytes, **headers) -> dict:
    if coding is not None:
        headers["Content-Encoding"] = coding
    return Response.of(200, "OK", {**headers, "Content-Length": str(len(body))}, body).data


def assert_decoded(response: dict, body: bytes) -> None:
    assert response["body"] == {"string": body}
    assert response["headers"] == {"content-length": [str(len(body))]}


@pytest.mark.parametrize("coding", CODINGS)
def test_a_compressed_body_is_kept_decoded_and_its_headers_say_so(coding):
    assert_decoded(decode_response(response_in(coding, CODINGS[coding](b"text"))), b"text")


def test_a_length_is_added_unless_chunks_say_where_the_body_ends():
    response = response_in("gzip", gzip.compress(b"text"))
    del response["headers"]["Content-Length"]
    assert decode_response(response)["headers"] == {"content-length": ["4"]}
    response["headers"]["Transfer-Encoding"] = ["chunked"]
    assert decode_response(response)["headers"] == {"Transfer-Encoding": ["chunked"]}


def test_deflate_without_its_wrapper_is_decoded_too():
    assert_decoded(decode_response(response_in("deflate", raw_deflate(b"text"))), b"text")


def test_several_codings_are_taken_off_last_first():
    assert_decoded(decode_response(response_in("deflate, gzip", gzip.compress(zlib.compress(b"text")))), b"text")
    data = response_in(None, gzip.compress(zlib.compress(b"text")))
    data["headers"]["content-encoding"] = ["deflate", "identity, gzip"]
    assert_decoded(decode_response(data), b"text")


def test_gzip_of_several_members_is_decoded_whole():
    # RFC 1952 §2.2: a gzip file is a series of members.
    body = gzip.compress(b"one ") + gzip.compress(b"two")
    assert_decoded(decode_response(response_in("gzip", body)), b"one two")


def test_a_coding_that_is_not_known_stays_and_those_under_it():
    response = decode_response(response_in("gzip, compress, gzip", gzip.compress(b"compressed")))
    assert response["headers"] == {"Content-Encoding": ["gzip, compress"], "content-length": ["10"]}
    assert response["body"]["string"] == b"compressed"


def test_a_body_that_the_recording_client_had_decoded_loses_the_header_that_says_otherwise():
    # VCR.py's cassettes made with urllib3 2 are like this; a client would try to decode the text again.
    assert_decoded(decode_response(response_in("gzip", b"plain text")), b"plain text")


def test_the_answer_to_head_has_nothing_to_decode():
    response = response_in("gzip", b"")
    response["headers"]["Content-Length"] = ["1234"]
    decoded = decode_response(response)
    assert decoded["body"]["string"] == b""
    assert decoded["headers"]["Content-Length"] == ["1234"]


def test_a_response_without_a_coding_is_left_alone():
    response = response_in(None, b"text")
    before = copy.deepcopy(response)
    assert decode_response(response) == before


def test_chunk_lengths_of_the_compressed_body_are_forgotten():
    body = gzip.compress(b"text")
    response = Response.of(200, "OK", {"Content-Encoding": "gzip"}, body, chunks=[4, len(body) - 4]).data
    assert decode_response(response)["body"] == {"string": b"text"}


def test_header_values_that_are_plain_strings_are_read_too():
    # A user's persister may hand out VCR.py's dictionary with {name: value}.
    response = {
        "status": {"code": 200, "message": "OK"},
        "headers": {"Content-Encoding": "gzip"},
        "body": {"string": gzip.compress(b"text")},
    }
    assert decode_response(response)["body"]["string"] == b"text"


@patient
@given(st.lists(st.sampled_from(["gzip", "deflate", "identity"]), min_size=1, max_size=4), st.binary(min_size=1))
def test_whatever_was_encoded_is_decoded(codings, content):
    body = content
    for coding in codings:
        body = CODINGS.get(coding, bytes)(body)
    response = response_in(", ".join(codings), body)
    if set(codings) == {"identity"}:  # which is no coding: there is nothing to decode
        assert decode_response(copy.deepcopy(response)) == response
    else:
        assert_decoded(decode_response(response), content)


@patient
@given(st.sampled_from(["gzip", "deflate", "gzip, deflate", "br", "", ",", "gzip,"]), st.binary(max_size=60))
def test_no_body_makes_decoding_raise(coding, body):
    response = decode_response(response_in(coding, body))
    assert isinstance(response["body"]["string"], bytes)


# -- spellings of a parameter, and the places in which it stands -------------------------------------------------------


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("http://h/?KEY=secret&a=1", "http://h/?a=1"),
        ("http://h/?key%20=secret&key%09=secret&+key=secret", "http://h/"),
        ("http://h/?key[]=secret&auth[key]=secret&auth.key=secret", "http://h/"),
        ("http://h/?k%2565y=secret", "http://h/"),
        ("http://h/?a=1;key=secret", "http://h/?a=1%3Bkey%3D"),
        ("http://h/?a=1?key=secret", "http://h/?a=1%3Fkey%3D"),
        ("http://h/?a=1&amp;key=secret", "http://h/?a=1"),
        ("http://h/p;key=secret/x?a=1", "http://h/p;key=?a=1"),
        ("http://h/?a=1#key=secret&b=2", "http://h/?a=1#key=&b=2"),
        ("http://h/?to=http%3A%2F%2Fx%2F%3Fkey%3Dsecret%26b%3D1", "http://h/?to=http%3A%2F%2Fx%2F%3Fkey%3D%26b%3D1"),
        ("http://h/?to=http%3A%2F%2Fx%2F%3Fkey%3Dsec%2526ret", "http://h/?to=http%3A%2F%2Fx%2F%3Fkey%3D"),
        ("http://h/?json=%7B%22key%22%3A%22secret%22%7D", "http://h/?json=%7B%22key%22%3A%22%22%7D"),
        ("http://h/monkey=1/keys=2?monkey=3&keys=4", "http://h/monkey=1/keys=2?keys=4&monkey=3"),
    ],
)
def test_a_parameter_is_found_wherever_and_however_it_stands(uri, expected):
    assert uri_after({"key": None}, uri) == expected
    assert uri_after({"key": None}, expected) == expected


def test_the_referer_is_filtered_as_the_query_is():
    request = Request("GET", "http://h/", None, {"referer": "http://h/?a=1&key=secret"})
    assert replace_query_parameters(request, {"key": "K"}).headers.pairs() == [("referer", "http://h/?a=1&key=K")]


@pytest.mark.parametrize("wanted", ["authorization", "Authorization"])
def test_authorization_stands_for_the_credentials_of_a_proxy_and_of_a_uri(wanted):
    request = Request("GET", "http://user:pw@h/?a=b@c", None, {"Proxy-Authorization": "Basic x", "X": "1"})
    replace_headers(request, [wanted])
    assert (request.uri, request.headers.pairs()) == ("http://h/?a=b@c", [("X", "1")])
    assert replace_headers(Request("GET", "http://user:p@ss@h/"), [wanted]).uri == "http://h/"  # the last @ ends them
    request = Request("GET", "http://h/", None, {"Proxy-Authorization": "Basic x", "Authorization": "y"})
    replace_headers(request, [(wanted, "A"), ("proxy-authorization", "P")])
    assert dict(request.headers) == {"Proxy-Authorization": "P", "Authorization": "A"}


@pytest.mark.parametrize(("wanted", "stored"), [("key", "REDACTED"), (("key", "K"), "K")])
def test_the_file_does_not_hold_what_a_redirect_hands_on(wanted, stored, cassette_path):
    options = {"filter_query_parameters": [wanted]}
    location = "http://h/next?a=1&key=secret"
    with vcr.use_cassette(cassette_path, **options) as cassette:
        answer = cassette.begin(Request("GET", "http://h/")).complete(
            Response.of(302, "Found", {"Location": location}, b"")
        )
        assert answer.headers["Location"] == location
        cassette.begin(Request("GET", location)).complete(Response.of(200, "OK", {}, b""))
    assert "secret" not in Path(cassette_path).read_text(encoding="utf-8")
    with vcr.use_cassette(cassette_path, record_mode="none", match_on=["uri"], **options) as cassette:
        location = cassette.begin(Request("GET", "http://h/")).response.headers["Location"]
        assert location == f"http://h/next?a=1&key={stored}"
        assert cassette.begin(Request("GET", location)).response.status == 200
