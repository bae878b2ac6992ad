"""A request as a value, and the headers type."""

from __future__ import annotations

import copy
import io
import mmap
from array import array
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vcr.request import Headers, HeadersDict, Request
from vcr.util import read_body

patient = settings(deadline=None)

names = st.text(st.sampled_from("aAbBcC-"), min_size=1, max_size=3)
header_pairs = st.lists(st.tuples(names, st.text("xyz", max_size=3)), max_size=8)


# -- Headers: names without case --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Content-Type", "content-type", "CONTENT-TYPE"])
def test_a_header_is_found_whatever_its_case(name):
    headers = Headers({"Content-Type": "text/plain"})
    assert name in headers
    assert headers[name] == "text/plain"
    assert headers.get(name) == "text/plain"
    assert headers.get_all(name) == ["text/plain"]


def test_a_name_stays_as_it_was_first_spelt_as_in_vcrpy():
    headers = HeadersDict()
    headers["Content-Type"] = "application/json"
    headers["content-TYPE"] = "text/plain"
    assert list(headers) == ["Content-Type"]
    assert list(headers.lower_items()) == [("content-type", "text/plain")]


def test_headers_equal_the_plain_mapping_that_they_show_as_in_vcrpy():
    headers = HeadersDict()
    headers["x"] = ["foo", "bar"]
    assert headers == {"X": "foo"}
    assert headers == {"X": ["foo", "bar"]}
    assert headers != {"X": "bar"}
    assert headers != Headers({"X": "foo"})


def test_a_header_keeps_the_case_it_was_given_in():
    assert list(Headers({"x-ODD-case": "1"})) == ["x-ODD-case"]


@pytest.mark.parametrize("absent", ["X-Other", None, 7])
def test_what_is_no_header_is_not_in_the_headers(absent):
    assert absent not in Headers({"X-One": "1"})


def test_an_absent_header_is_a_key_error():
    with pytest.raises(KeyError, match="X-Other"):
        Headers()["X-Other"]


# -- Headers: repeated fields -----------------------------------------------------------------------------------------

COOKIES = [("Set-Cookie", "a=1"), ("X-Between", "here"), ("set-cookie", "b=2"), ("Set-Cookie", "c=3")]


def test_every_repeated_field_is_kept_in_order():
    headers = Headers(COOKIES)
    assert headers.pairs() == COOKIES
    assert headers.get_all("set-cookie") == ["a=1", "b=2", "c=3"]


def test_as_a_mapping_it_shows_the_first_value_of_each_name():
    headers = Headers(COOKIES)
    assert dict(headers) == {"Set-Cookie": "a=1", "X-Between": "here"}
    assert list(headers.items()) == [("Set-Cookie", "a=1"), ("X-Between", "here")]
    assert list(headers.values()) == ["a=1", "here"]
    assert len(headers) == 2


def test_grouped_is_the_shape_of_a_cassette_file():
    assert Headers(COOKIES).grouped() == {"Set-Cookie": ["a=1", "c=3"], "X-Between": ["here"], "set-cookie": ["b=2"]}


def test_add_puts_a_field_beside_those_of_the_same_name():
    headers = Headers({"Accept": "a"})
    headers.add("accept", "b")
    assert headers.pairs() == [("Accept", "a"), ("accept", "b")]


@patient
@given(header_pairs)
def test_grouping_loses_no_field_and_keeps_the_order_of_each_name(pairs):
    read = Headers(Headers(pairs).grouped()).pairs()
    assert sorted(read) == sorted(pairs)
    for name, _ in pairs:
        assert [value for key, value in read if key == name] == [value for key, value in pairs if key == name]


# -- Headers: what they are made of -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "source",
    [
        {"Accept": "a", "X": ["1", "2"]},
        {"Accept": ["a"], "X": ("1", "2")},
        {b"Accept": b"a", b"X": [b"1", b"2"]},
        [("Accept", "a"), ("X", "1"), ("X", "2")],
        [("Accept", "a"), ("X", ["1", "2"])],
        iter([("Accept", "a"), ("X", "1"), ("X", "2")]),
        Headers([("Accept", "a"), ("X", "1"), ("X", "2")]),
    ],
)
def test_headers_are_made_of_mappings_pairs_or_headers(source):
    assert Headers(source).pairs() == [("Accept", "a"), ("X", "1"), ("X", "2")]


@pytest.mark.parametrize("nothing", [None, {}, [], Headers()])
def test_headers_may_be_made_of_nothing(nothing):
    headers = Headers(nothing)
    assert headers.pairs() == []
    assert len(headers) == 0
    assert not headers


def test_values_that_are_no_strings_are_written_as_such():
    assert Headers({"Content-Length": 12}).pairs() == [("Content-Length", "12")]


@given(st.binary(max_size=20))
def test_a_value_in_bytes_keeps_every_byte(value):
    assert Headers({"X": value})["X"].encode("latin-1") == value


# -- Headers: changes -------------------------------------------------------------------------------------------------


def test_assignment_replaces_every_field_of_the_name_in_the_place_of_the_first():
    headers = Headers(COOKIES)
    headers["SET-COOKIE"] = "new"
    assert headers.pairs() == [("Set-Cookie", "new"), ("X-Between", "here")]


def test_assignment_of_a_list_gives_several_fields():
    headers = Headers(COOKIES)
    headers["Set-Cookie"] = ["x", "y"]
    assert headers.pairs() == [("Set-Cookie", "x"), ("Set-Cookie", "y"), ("X-Between", "here")]


def test_assignment_of_a_new_name_appends():
    headers = Headers({"A": "1"})
    headers["B"] = b"2"
    assert headers.pairs() == [("A", "1"), ("B", "2")]


def test_assignment_of_an_empty_list_removes_the_name():
    headers = Headers(COOKIES)
    headers["Set-Cookie"] = []
    assert headers.pairs() == [("X-Between", "here")]


def test_deletion_removes_every_field_of_the_name():
    headers = Headers(COOKIES)
    del headers["set-COOKIE"]
    assert headers.pairs() == [("X-Between", "here")]


def test_deletion_of_an_absent_name_is_a_key_error():
    with pytest.raises(KeyError, match="X-Other"):
        del Headers()["X-Other"]


def test_it_is_a_whole_mutable_mapping():
    headers = Headers({"A": "1", "B": "2"})
    assert headers.pop("a") == "1"
    assert headers.setdefault("b", "other") == "2"
    headers.update({"C": "3"})
    assert dict(headers) == {"B": "2", "C": "3"}
    headers.clear()
    assert dict(headers) == {}


def test_a_copy_is_independent():
    headers = Headers(COOKIES)
    twin = headers.copy()
    twin["X-Between"] = "there"
    twin.add("X-New", "1")
    assert headers.pairs() == COOKIES


# -- Headers: equality ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "same",
    [{"A": "1", "B": "2"}, {"b": "2", "a": "1"}, {"A": ["1"], "B": ["2"]}, Headers([("b", "2"), ("A", "1")])],
)
def test_headers_are_equal_whatever_the_order_and_case_of_names(same):
    assert Headers({"A": "1", "B": "2"}) == same


@pytest.mark.parametrize("other", [{}, {"A": "1"}, {"A": "1", "B": "3"}, {"A": ["1", "1"], "B": "2"}])
def test_headers_are_unequal_when_a_field_differs(other):
    assert Headers({"A": "1", "B": "2"}) != other


def test_the_order_of_values_counts():
    assert Headers({"A": ["1", "2"]}) != Headers({"A": ["2", "1"]})


def test_headers_equal_nothing_that_is_no_mapping():
    assert Headers({"A": "1"}) != [("A", "1")]


def test_headers_can_change_so_they_have_no_hash():
    with pytest.raises(TypeError, match="unhashable"):
        hash(Headers())


def test_headers_look_like_a_dictionary():
    assert repr(Headers({"A": "1"})) == "{'A': '1'}"


# -- Request: the parts of the URI ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("uri", "scheme", "host", "port", "path", "query"),
    [
        ("http://api.example/a/b?x=1", "http", "api.example", 80, "/a/b", [("x", "1")]),
        ("https://api.example", "https", "api.example", 443, "", []),
        ("http://API.Example:8080/", "http", "api.example", 8080, "/", []),
        ("http://user:pass@api.example/", "http", "api.example", 80, "/", []),
        ("https://user@api.example:444/x", "https", "api.example", 444, "/x", []),
        ("http://[::1]/", "http", "::1", 80, "/", []),
        ("https://[2001:DB8::1]:8443/x", "https", "2001:db8::1", 8443, "/x", []),
        ("http://h/p;v=1", "http", "h", 80, "/p", []),
        ("http://h/p;v=1/q;w?x", "http", "h", 80, "/p;v=1/q", []),
        ("http://h/a%20b/%C3%A9", "http", "h", 80, "/a%20b/%C3%A9", []),
        ("http://h?q=1", "http", "h", 80, "", [("q", "1")]),
        ("http://h/?b=2&a=1&a=0", "http", "h", 80, "/", [("a", "0"), ("a", "1"), ("b", "2")]),
        ("http://h/?flag=&other", "http", "h", 80, "/", []),
        ("http://h/?q=a+b%26c", "http", "h", 80, "/", [("q", "a b&c")]),
        ("http://h/p?a=1#part", "http", "h", 80, "/p", [("a", "1")]),
        ("ftp://h/", "ftp", "h", None, "/", []),
    ],
)
def test_the_parts_are_read_from_the_uri(*, uri, scheme, host, port, path, query):
    request = Request("GET", uri)
    assert (request.scheme, request.host, request.port, request.path) == (scheme, host, port, path)
    assert request.query == query
    assert request.protocol == scheme
    assert request.uri == uri
    assert request.url == uri


def test_the_parts_follow_the_uri_when_a_hook_rewrites_it():
    request = Request("GET", "http://old.example:81/old?a=1")
    assert request.host == "old.example"
    request.uri = "https://new.example/new"
    assert (request.scheme, request.host, request.port, request.path) == ("https", "new.example", 443, "/new")
    assert request.query == []
    assert request.parsed_uri.geturl() == "https://new.example/new"


# -- Request: the body ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given_body", "body"),
    [
        (None, None),
        (b"", b""),
        ("", b""),
        (b"bytes", b"bytes"),
        ("grün", "grün".encode()),
        (bytearray(b"array"), b"array"),
        (memoryview(b"view"), b"view"),
        (io.BytesIO(b"file"), b"file"),
        (io.StringIO("grün"), "grün".encode()),
        (memoryview(array("H", [0x6161, 0x6262])), b"aabb"),
        (array("H", [0x6161, 0x6262]), b"aabb"),
        (iter([b"a", "b", bytearray(b"c")]), b"abc"),
        (iter(b"Foo"), b"Foo"),
        (iter([70, 111, 111]), b"Foo"),
        ((number for number in (70, 111, 111)), b"Foo"),
        (map(str.encode, "abc"), b"abc"),
        ((piece for piece in ("a", "b")), b"ab"),
        ((b"a", b"b"), b"ab"),
        ([b"a", "b", bytearray(b"c")], b"abc"),
        ({b"a"}, b"a"),
        (iter(()), b""),
    ],
)
def test_whatever_is_handed_over_as_a_body_becomes_bytes(given_body, body):
    request = Request("POST", "http://h/", given_body)
    assert request.body == body
    assert request.body == body  # an iterator is not used up by looking


def test_a_body_that_a_hook_assigns_becomes_bytes_too():
    request = Request("POST", "http://h/", b"old")
    request.body = "new"
    assert request.body == b"new"


def test_a_mapped_file_becomes_its_bytes(tmp_path):
    (tmp_path / "file").write_bytes(b"mapped")
    with open(tmp_path / "file", "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        assert Request("POST", "http://h/", mapped).body == b"mapped"


@pytest.mark.parametrize("body", [{"field": "value"}, 42, [], [["name", "value"]], ["a", "b"], (("a", "b"),)])
def test_a_body_that_stands_for_no_bytes_stays_as_it_is(body):
    assert Request("POST", "http://h/", body).body == body


@pytest.mark.parametrize("pieces", [[[]], [None], [1.5], [300], [b"a", ("b", "c")]])
def test_an_iterable_that_holds_no_body_is_refused_when_its_bytes_are_asked_for(pieces):
    request = Request("POST", "http://h/", iter(pieces))
    assert request.body == tuple(pieces)
    with pytest.raises(ValueError, match=r"not supported|range"):
        read_body(request)


# -- Request: the other parts -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("nothing", [None, {}, []])
def test_headers_may_be_taken_away(nothing):
    request = Request("GET", "http://h/", headers={"A": "1"})
    request.headers = nothing
    assert request.headers.pairs() == []
    assert request.headers.get("A") is None


def test_a_plain_dictionary_assigned_as_headers_keeps_the_case_rule():
    request = Request("GET", "http://h/")
    request.headers = {"X-One": "1"}
    assert request.headers["x-one"] == "1"


def test_the_method_may_be_rewritten():
    request = Request("GET", "http://h/")
    request.method = "POST"
    assert request.method == "POST"


def test_it_says_what_it_is():
    request = Request("GET", "http://h/path")
    assert str(request) == "<Request (GET) http://h/path>"
    assert repr(request) == str(request)


@pytest.mark.parametrize("copied", [Request.copy, copy.copy, copy.deepcopy])
def test_a_copy_shares_nothing_that_can_change(copied):
    request = Request("POST", "http://h/p?a=1", b"body", {"A": "1"})
    twin = copied(request)
    assert (twin.method, twin.uri, twin.body, twin.headers) == ("POST", "http://h/p?a=1", b"body", {"A": "1"})
    twin.method, twin.uri, twin.body = "PUT", "http://other/", b"other"
    twin.headers["A"] = "2"
    assert (request.method, request.uri, request.body) == ("POST", "http://h/p?a=1", b"body")
    assert request.headers == {"A": "1"}
    assert request.host == "h"


@pytest.mark.parametrize(
    "name",
    ["method", "uri", "url", "scheme", "protocol", "host", "port", "path", "query", "body", "headers", "parsed_uri"],
)
def test_it_has_the_attributes_of_vcrpy(name):
    assert hasattr(Request("GET", "http://h/"), name)


def test_body_bytes_is_the_body_as_in_vcrpy():
    assert Request("POST", "http://h/", "grün").body_bytes == "grün".encode()


@pytest.mark.filterwarnings("ignore:Request.add_header:DeprecationWarning")
def test_add_header_adds_a_header_as_in_vcrpy():
    request = Request("GET", "http://h/")
    request.add_header("X-One", "1")
    assert request.headers["X-One"] == "1"


@given(st.text(alphabet='htp:/@[]?#%;=&.-_~ aZ09é\n\\{|}"<>', max_size=40).map("http://h".__add__))
def test_a_uri_is_read_as_by_urlsplit(uri):
    def parts(read):
        try:
            split = read()
            return split.scheme, split.path, split.query, split.hostname, split.port
        except ValueError:
            return None

    assert parts(lambda: Request("GET", uri).parsed_uri) == parts(lambda: urlsplit(uri))


def test_headers_of_any_history_find_what_they_hold():
    headers = Headers([("A", "1"), ("b", "2"), ("a", "3")])
    assert headers.get_all("a") == ["1", "3"]
    headers.add("B", "4")
    assert headers.get_all("b") == ["2", "4"]
    headers["a"] = "5"
    assert headers.pairs() == [("A", "5"), ("b", "2"), ("B", "4")]
    del headers["b"]
    assert "B" not in headers
    assert len(headers) == 1
    copy = headers.copy()
    copy.add("c", "6")
    assert "c" not in headers


def test_a_request_as_a_dictionary_and_back():
    # VCR.py's users call these two in persisters and serializers of their own.
    request = Request("POST", "http://h/", b"body", {"A": ["1", "2"]})
    data = request._to_dict()
    assert data == {"method": "POST", "uri": "http://h/", "body": b"body", "headers": {"A": ["1", "2"]}}
    assert Request._from_dict(data)._to_dict() == data
