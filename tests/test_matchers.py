"""What makes two requests the same: the built-in matchers, their keys, and what a user's own may return."""

from __future__ import annotations

import datetime
import xmlrpc.client
from urllib.parse import parse_qsl, quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vcr import matchers
from vcr._http import difference
from vcr._http.body import is_object
from vcr.matchers import Matcher, agrees, builtin, get_matchers_results, name_of, requests_match
from vcr.request import Request

patient = settings(deadline=None)

OF_VCRPY = ("method", "scheme", "host", "port", "path", "query", "uri", "url", "headers", "body", "raw_body")
OF_BETAMAX = ("json-body", "form-urlencoded-body", "multipart-form-data-body", "digest-auth")


def get(uri: str) -> Request:
    return Request("GET", uri)


def post(body, content_type: str | None = None, **headers) -> Request:
    if content_type is not None:
        headers["Content-Type"] = content_type
    return Request("POST", "http://h/", body, headers)


def same(name: str, r1: Request, r2: Request) -> bool:
    """Whether the matcher takes the two for the same, asked in every way that it can be asked."""
    matcher = builtin()[name]
    by_call = agrees(matcher, r1, r2)[0]
    assert by_call == matcher.same(r1, r2) == agrees(matcher, r2, r1)[0]
    if exactly_same(name, r1, r2):
        assert by_call
        assert hash(matcher.key(r1)) == hash(matcher.key(r2))
    elif by_call and not is_object(r1.body) and not is_object(r2.body):
        assert not set(matcher.loose(r1)).isdisjoint(matcher.loose(r2))
    return by_call


def exactly_same(name: str, r1: Request, r2: Request) -> bool:
    """Whether the matcher prefers this recorded request to others that VCR.py takes for the same, too."""
    matcher = builtin()[name]
    return matcher.key(r1) == matcher.key(r2)


# -- the parts of a request -------------------------------------------------------------------------------------------

BASE = Request("GET", "http://h:81/p?a=1", b"body", {"X": "1"})


@pytest.mark.parametrize(
    ("change", "differ"),
    [
        (("POST", "http://h:81/p?a=1", b"body", {"X": "1"}), {"method"}),
        (("GET", "https://h:81/p?a=1", b"body", {"X": "1"}), {"scheme", "uri", "url"}),
        (("GET", "http://i:81/p?a=1", b"body", {"X": "1"}), {"host", "uri", "url"}),
        (("GET", "http://h:82/p?a=1", b"body", {"X": "1"}), {"port", "uri", "url"}),
        (("GET", "http://h:81/q?a=1", b"body", {"X": "1"}), {"path", "uri", "url"}),
        (("GET", "http://h:81/p?a=2", b"body", {"X": "1"}), {"query", "uri", "url"}),
        (("GET", "http://h:81/p?a=1", b"other", {"X": "1"}), {"body", "raw_body"}),
        (("GET", "http://h:81/p?a=1", b"body", {"X": "2"}), {"headers"}),
        (("GET", "http://h:81/p?a=1", b"body", {"X": "1"}), set()),
    ],
)
def test_each_matcher_looks_at_its_part_alone(change, differ):
    other = Request(*change)
    assert {name for name in OF_VCRPY if not same(name, BASE, other)} == differ


def test_the_built_in_matchers_are_those_of_vcrpy_and_of_betamax():
    assert set(builtin()) == {*OF_VCRPY, *OF_BETAMAX}


def test_the_default_is_that_of_vcrpy():
    assert matchers.DEFAULT_MATCH_ON == ("method", "scheme", "host", "port", "path", "query")


def test_every_matcher_of_vcrpy_is_a_name_of_the_module():
    for name in OF_VCRPY:
        assert getattr(matchers, name) is builtin()[name]


def test_every_built_in_matcher_knows_its_name():
    for name, matcher in builtin().items():
        assert name_of(matcher) == name


def test_a_port_is_the_default_one_when_none_is_given():
    assert same("port", get("http://h/"), get("http://h:80/"))
    assert same("port", get("https://h/"), get("https://h:443/"))
    assert not same("port", get("http://h/"), get("https://h/"))


def test_a_host_has_no_case():
    assert same("host", get("http://API.Example/"), get("http://api.example/"))


@pytest.mark.parametrize("name", ["path", "uri", "url"])
def test_an_empty_path_is_the_root(name):
    assert same(name, get("http://h"), get("http://h/"))
    assert same(name, get("http://h?a=1"), get("http://h/?a=1"))
    assert not same(name, get("http://h"), get("http://h//"))


def test_the_parameters_of_a_path_tell_the_closer_one_alone_as_vcrpy_does_not_see_them():
    assert same("path", get("http://h/p;v=1"), get("http://h/p;v=2"))
    assert not exactly_same("path", get("http://h/p;v=1"), get("http://h/p;v=2"))
    assert not same("path", get("http://h/p;v=1/q"), get("http://h/p;v=2/q"))


@pytest.mark.parametrize("name", ["path", "uri", "url"])
def test_a_stored_uri_is_found_by_what_a_client_makes_of_it(name):
    assert exactly_same(name, get("http://h/caf\xe9 au lait/\u2603"), get("http://h/caf%C3%A9%20au%20lait/%E2%98%83"))


def test_a_stored_query_is_found_by_what_a_client_makes_of_it():
    assert exactly_same("query", get("http://h/?q=\u2603 \xe9"), get("http://h/?q=%E2%98%83%20%C3%A9"))


def test_a_stored_method_is_found_in_any_case():
    assert same("method", Request("get", "http://h/"), get("http://h/"))
    assert not exactly_same("method", Request("get", "http://h/"), get("http://h/"))


# -- the query --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a=1&b=2", "b=2&a=1"),
        ("a=%41", "a=A"),
        ("a=x+y", "a=x%20y"),
        ("a=%c3%a9", "a=%C3%A9"),
        ("", ""),
        ("&a=1&", "a=1"),
    ],
)
def test_a_query_is_its_parameters_in_any_order_and_spelling(one, other):
    assert same("query", get(f"http://h/?{one}"), get(f"http://h/?{other}"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a=1", "a=2"),
        ("a=1", "a=1&a=1"),
        ("a=1&a=2&b=3", "a=1&b=2&a=3"),
        ("a=%26b", "a=&b"),
    ],
)
def test_queries_that_differ_in_any_parameter_differ(one, other):
    assert not same("query", get(f"http://h/?{one}"), get(f"http://h/?{other}"))


@pytest.mark.parametrize(("one", "other"), [("a=1", "a=1&b="), ("foo", "bar"), ("flag=", ""), ("a=%e9", "a=%e8")])
def test_queries_that_vcrpy_takes_for_the_same_are_but_not_exactly(one, other):
    assert same("query", get(f"http://h/?{one}"), get(f"http://h/?{other}"))
    assert not exactly_same("query", get(f"http://h/?{one}"), get(f"http://h/?{other}"))


PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))


@patient
@given(st.text("ab1é=&%+;/? ", min_size=1))
def test_a_query_is_what_the_standard_library_reads(query):
    recorded = get(f"http://h/?{query}")
    assert matchers.query.key(recorded) == tuple(
        sorted(parse_qsl(quote(recorded.parsed_uri.query, PRINTABLE), keep_blank_values=True, encoding="latin-1"))
    )


def test_no_query_and_an_empty_one_are_the_same():
    assert same("query", get("http://h/"), get("http://h/?"))


@patient
@given(st.lists(st.tuples(st.text("ab&=%é ", max_size=4), st.text("12&=+é", max_size=4)), max_size=5), st.randoms())
def test_a_query_matches_itself_in_any_order(pairs, random):
    from urllib.parse import urlencode

    shuffled = random.sample(pairs, len(pairs))
    assert same("query", get(f"http://h/?{urlencode(pairs)}"), get(f"http://h/?{urlencode(shuffled)}"))


# -- headers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ({"A": "1", "B": "2"}, {"b": "2", "a": "1"}, True),
        ({}, {}, True),
        ({"A": "1"}, {}, False),
        ({"A": ["1", "2"]}, {"A": ["2", "1"]}, False),
        ({"A": ["1", "2"]}, [("a", "1"), ("X", "0"), ("A", "2")], False),
        ({"A": "1"}, {"A": "2"}, False),
        ({"A": "1, 2"}, {"A": "1, 3"}, False),
        ([("a", "1"), ("X", "0"), ("A", "2")], [("X", "0"), ("A", "1"), ("a", "2")], True),
    ],
)
def test_headers_are_all_fields_whatever_the_order_and_case_of_names(one, other, expected):
    assert same("headers", having(one), having(other)) is expected


def having(headers) -> Request:
    return Request("GET", "http://h/", None, headers)


@pytest.mark.parametrize("other", ["1", "1, 2", "1,2", ["1", "3"]])
def test_of_a_field_that_is_given_twice_the_first_value_counts_or_all_joined(other):
    # VCR.py compares the first; its stubs for httpx and tornado join them.
    assert same("headers", having({"A": ["1", "2"]}), having({"A": other}))
    assert not exactly_same("headers", having({"A": ["1", "2"]}), having({"A": other}))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Content-Length", "3"),
        ("Transfer-Encoding", "chunked"),
        ("User-Agent", "python-urllib3/2.8.0"),
        ("User-Agent", "Python/3.12 aiohttp/3.14.5"),
        ("User-Agent", "Tornado/6.6.1"),
        ("User-Agent", "@@@SKIP_HEADER@@@"),
        ("Accept", "*/*"),
        ("Accept-Encoding", "gzip, deflate, br"),
        ("Accept-Encoding", "identity"),
        ("Connection", "close"),
        ("Host", "h"),
        ("Content-Type", "application/json"),
    ],
)
def test_what_one_sides_client_may_have_added_by_itself_does_not_count(name, value):
    assert same("headers", having({"A": "1", name: value}), having({"A": "1"}))
    assert not exactly_same("headers", having({"A": "1", name: value}), having({"A": "1"}))


@pytest.mark.parametrize(
    ("name", "one", "other"),
    [
        ("Content-Length", "3", "4"),
        ("Content-Length", "3", "own"),
        ("User-Agent", "own/1", None),
        ("User-Agent", "own/1", "python-urllib3/2.8.0"),
        ("Accept", "text/plain", None),
        ("Host", "other.test", None),
        ("Authorization", "Basic eA==", None),
        ("Content-Type", "text/csv", None),
    ],
)
def test_what_the_program_has_set_counts(name, one, other):
    assert not same("headers", having({name: one}), having({} if other is None else {name: other}))


def test_the_difference_of_headers_leaves_out_what_does_not_count():
    one, other = having({"A": "1", "Content-Length": "3"}), having({"A": "2"})
    assert agrees(matchers.headers, one, other) == (False, "A: '1' != '2'")


# -- bodies -----------------------------------------------------------------------------------------------------------

JSON, FORM = "application/json", "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("content_type", "one", "other"),
    [
        (JSON, '{"a": 1, "b": [1, 2]}', '{"b":[1,2],"a":1}'),
        ("application/json; charset=utf-8", '{"a": 1.0}', '{"a": 1}'),
        ("Application/JSON", '"\\u00e9"', '"é"'),
        ("application/vnd.api+json", '{"a": 1, "b": 2}', '{"b": 2, "a": 1}'),
        (FORM, "a=1&b=2", "b=2&a=1"),
        (FORM, "a=x%20y", "a=x+y"),
        ("text/plain", "text", b"text"),
        (None, "", None),
        (JSON, "", None),
    ],
)
def test_a_body_is_compared_by_its_meaning(content_type, one, other):
    assert same("body", post(one, content_type), post(other, content_type))


@pytest.mark.parametrize(
    ("content_type", "one", "other"),
    [
        (JSON, '{"a": 1}', '{"a": 2}'),
        (JSON, '{"a": 1}', '{"a": "1"}'),
        (JSON, '{"a": null}', "{}"),
        (JSON, "[1, 2]", "[2, 1]"),
        (JSON, '{"broken": 1', '{"broken":1'),
        (JSON, b"\xff", b"\xfe"),
        (FORM, "a=1", "a=2"),
        (None, '{"a": 1}', '{"a":1}'),
        ("text/plain", "a=1&b=2", "b=2&a=1"),
        ("text/plain", "text", "text "),
    ],
)
def test_bodies_that_mean_something_else_differ(content_type, one, other):
    assert not same("body", post(one, content_type), post(other, content_type))


@pytest.mark.parametrize(
    ("content_type", "one", "other"),
    [
        (JSON, '{"a": 1}', '{"a": true}'),
        (JSON, "null", ""),
        (FORM, "a=", ""),
        (FORM, "a=1&b=", "a=1"),
        (FORM, "a=%e9", "a=%e8"),
    ],
)
def test_bodies_that_vcrpy_takes_for_the_same_are_but_not_exactly(content_type, one, other):
    assert same("body", post(one, content_type), post(other, content_type))
    assert not exactly_same("body", post(one, content_type), post(other, content_type))


def test_equal_bytes_are_the_same_whatever_their_types():
    assert same("body", post("[1]", JSON), post("[1]"))
    assert not same("body", post("[1]", JSON), post("[1 ]"))


def test_a_raw_body_is_compared_byte_by_byte():
    assert not same("raw_body", post('{"a": 1}', JSON), post('{"a":1}', JSON))
    assert same("raw_body", post("x", JSON), post(b"x"))


def test_a_body_of_no_known_kind_can_be_compared():
    assert same("raw_body", post({"a": [1]}), post({"a": [1]}))
    assert not same("body", post({"a": [1]}), post({"a": [2]}))


def multipart(boundary: str, *parts: str) -> Request:
    body = "".join(f"--{boundary}\r\n{part}\r\n" for part in parts) + f"--{boundary}--\r\n"
    return post(body, f'multipart/form-data; boundary="{boundary}"')


FIELD = 'Content-Disposition: form-data; name="field"\r\n\r\nvalue'
FILE = 'Content-Disposition: form-data; name="file"; filename="f"\r\nContent-Type: text/plain\r\n\r\ncontent'


def test_the_boundary_of_a_multipart_body_does_not_count():
    assert same("body", multipart("one", FIELD, FILE), multipart("other", FIELD, FILE))


@pytest.mark.parametrize(
    "parts", [[FIELD], [FILE, FIELD], [FIELD, FILE, FILE], [FIELD, FILE.replace("content", "Content")]]
)
def test_the_parts_of_a_multipart_body_count(parts):
    assert not same("body", multipart("one", FIELD, FILE), multipart("other", *parts))


@pytest.mark.parametrize(
    "content_type", ["multipart/form-data", "multipart/form-data; boundary=", "multipart/mixed; boundary"]
)
def test_a_multipart_body_without_a_boundary_is_compared_as_it_is(content_type):
    assert same("body", post("--a--", content_type), post("--a--", content_type))
    assert not same("body", post("--a--", content_type), post("--b--", content_type))


def xml_rpc(*parameters) -> Request:
    return post(xmlrpc.client.dumps(parameters, "method"), "text/xml", **{"User-Agent": "Python-xmlrpc/3.11"})


def test_an_xml_rpc_call_is_compared_by_its_parameters():
    spaced = xml_rpc(1, "a")
    spaced.body = spaced.body.replace(b"\n", b"\n\n")
    assert same("body", xml_rpc(1, "a"), spaced)
    assert not same("body", xml_rpc(1, "a"), xml_rpc(1, "b"))


@pytest.mark.parametrize(
    "parameter",
    [
        xmlrpc.client.DateTime(datetime.datetime(2020, 1, 1)),
        xmlrpc.client.Binary(b"\x00"),
        {"nested": xmlrpc.client.Binary(b"")},
    ],
)
def test_an_xml_rpc_call_matches_itself_whatever_its_parameters_are(parameter):
    assert same("body", xml_rpc(parameter), xml_rpc(parameter))


def test_the_members_of_an_xml_rpc_struct_have_no_order():
    one, other = ({"a": 1, "b": [{"c": 2, "d": 3}]}, {"b": [{"d": 3, "c": 2}], "a": 1})
    assert xml_rpc(one).body != xml_rpc(other).body
    assert same("body", xml_rpc(one), xml_rpc(other))
    assert not same("body", xml_rpc(one), xml_rpc({**one, "a": 2}))


@pytest.mark.parametrize("body", ["<not xml", "", "<xml/>", "<methodCall><params><param><value><int>x</int>"])
def test_what_is_no_xml_rpc_call_is_compared_as_it_is(body):
    headers = {"User-Agent": "xmlrpclib.py/1.0"}
    assert same("body", post(body, "text/xml", **headers), post(body, "text/xml", **headers))
    assert not same("body", post(body, "text/xml", **headers), post(body + " ", "text/xml", **headers))


content_types = st.sampled_from(
    [None, "", JSON, FORM, "text/xml", "multipart/form-data; boundary=b", "multipart/x", "text/plain", "nonsense;;="]
)
odd_bodies = st.none() | st.binary(max_size=40) | st.sampled_from([b"[" * 20_000, b"1e999", b"NaN", b'{"a":1,"a":2}'])


@patient
@given(odd_bodies, content_types)
def test_every_body_under_every_content_type_matches_itself_and_its_key_can_be_indexed(body, content_type):
    headers = {"User-Agent": "xmlrpc"}
    assert same("body", post(body, content_type, **headers), post(body, content_type, **headers))


# -- what a matcher says ----------------------------------------------------------------------------------------------


def test_a_built_in_matcher_returns_nothing_or_raises_the_difference():
    assert matchers.method(get("http://h/"), get("http://h/")) is None
    with pytest.raises(AssertionError, match=r"^'GET' != 'POST'$"):
        matchers.method(get("http://h/"), post(None))


@pytest.mark.parametrize(
    ("name", "difference"),
    [
        ("query", "[('a', '1')] != [('b', 'é')]"),
        ("host", "'one' != 'other'"),
        ("port", "80 != 81"),
        ("uri", "'http://one/?a=1' != 'http://other:81/?b=%C3%A9'"),
    ],
)
def test_the_difference_shows_what_a_person_would_compare(name, difference):
    one, other = get("http://one/?a=1"), get("http://other:81/?b=%C3%A9")
    assert agrees(builtin()[name], one, other) == (False, difference)


@pytest.mark.parametrize("name", ["body", "raw_body"])
def test_the_difference_of_bodies_is_one_of_lines(name):
    text = agrees(builtin()[name], post("a\nc"), post("a\nb"))[1]
    assert text.splitlines() == ["--- recorded", "+++ this request", "@@ -1,2 +1,2 @@", " a", "-b", "+c"]


def test_the_difference_of_bytes_is_their_number():
    text = agrees(matchers.body, post(b"\xff\0a"), post(None))[1]
    assert text == "the bodies differ (3 bytes in this request, 0 bytes recorded)"


def test_the_difference_of_bodies_is_capped():
    text = agrees(matchers.body, post("\n".join("a" * 1000 for _ in range(100))), post("b"))[1]
    lines = text.splitlines()
    assert len(lines) == difference.MAX_DIFF_LINES + 1
    assert lines[-1] == f"… ({3 + 101 - difference.MAX_DIFF_LINES} more lines)"
    assert max(map(len, lines)) == difference.MAX_DIFF_LINE_LENGTH + 1


@pytest.mark.parametrize("body", [b"a\n", {"a": 1}, {1: object()}, [1], 5])
def test_whatever_two_bodies_are_their_difference_has_a_text(body):
    assert agrees(matchers.raw_body, post(body), post(b"a"))[1]
    assert agrees(matchers.raw_body, post(b"a"), post(body))[1]


def test_a_matcher_of_ones_own_may_have_a_key():
    first_letter = Matcher("first_letter", lambda request: request.path[1:2])
    assert agrees(first_letter, get("http://h/abc"), get("http://h/axy")) == (True, "")
    assert agrees(first_letter, get("http://h/abc"), get("http://h/xyz")) == (False, "'a' != 'x'")
    assert repr(first_letter) == "<matcher first_letter>"


@pytest.mark.parametrize(
    ("verdict", "taken_for_same"), [(True, True), (False, False), (None, True), (1, True), (0, False), ("", False)]
)
def test_a_users_matcher_may_return_a_verdict_or_nothing(verdict, taken_for_same):
    assert agrees(lambda r1, r2: verdict, BASE, BASE) == (taken_for_same, "")


def test_a_users_matcher_may_assert():
    def strict(r1, r2):
        if r1.method != r2.method:
            raise AssertionError("another method")

    assert agrees(strict, get("http://h/"), get("http://h/")) == (True, "")
    assert agrees(strict, get("http://h/"), post(None)) == (False, "another method")


def test_any_other_error_of_a_users_matcher_is_the_users():
    def broken(r1, r2):
        return r1.no_such_attribute

    with pytest.raises(AttributeError, match="no_such_attribute"):
        agrees(broken, BASE, BASE)


class Named:
    def __call__(self, r1, r2):
        return True

    def __repr__(self):
        return "a named one"


@pytest.mark.parametrize(("matcher", "name"), [(matchers.host, "host"), (same, "same"), (Named(), "a named one")])
def test_the_name_a_matcher_is_shown_under(matcher, name):
    assert name_of(matcher) == name


def test_the_results_of_several_matchers():
    def never(r1, r2):
        raise AssertionError("never")

    agreed, differing = get_matchers_results(BASE, BASE, [matchers.method, never, matchers.uri])
    assert agreed == ["method", "uri"]
    assert differing == [("never", "never")]


def test_requests_match_when_all_matchers_agree():
    assert requests_match(BASE, BASE, [matchers.method, lambda r1, r2: None])
    assert not requests_match(BASE, BASE, [matchers.method, lambda r1, r2: False])
    assert requests_match(BASE, post(None), [])


# -- Betamax's --------------------------------------------------------------------------------------------------------

MIXED = "multipart/form-data; boundary="


@pytest.mark.parametrize(
    ("name", "one", "other", "expected"),
    [
        ("json-body", post(b'{"a": 1, "b": 2}', JSON), post(b'{"b":2,"a":1}', JSON), True),
        ("json-body", post(b'{"a": 1}', JSON), post(b'{"a": 2}', JSON), False),
        ("json-body", post(b'{"a": 1}', JSON), post(b'{"a": 1}', "application/x+json"), False),
        ("json-body", post(b"text", "text/plain"), post(b"other", "text/plain"), True),
        ("json-body", post(b"not json", JSON), post(b"nor this", JSON), True),
        ("json-body", post(None), post(None), True),
        ("form-urlencoded-body", post(b"a=1&b=2", FORM), post(b"b=2&a=1", FORM), True),
        ("form-urlencoded-body", post(b"a=1", FORM), post(b"a=2", FORM), False),
        ("form-urlencoded-body", post(b"a=1", "text/plain"), post(b"a=1", "text/plain"), False),
        (
            "multipart-form-data-body",
            post(b"--x\r\n\r\n1\r\n--x\r\n\r\n2\r\n--x--", MIXED + "x"),
            post(b"--y\r\n\r\n2\r\n--y\r\n\r\n1\r\n--y--", MIXED + "y"),
            True,
        ),
        (
            "multipart-form-data-body",
            post(b"--x\r\n\r\n1\r\n--x--", MIXED + "x"),
            post(b"--x\r\n\r\n2\r\n--x--", MIXED + "x"),
            False,
        ),
        ("multipart-form-data-body", post(b"1", "text/plain"), post(b"1", "text/plain"), False),
        ("multipart-form-data-body", post(b"no parts", MIXED + "x"), post(b"no parts", MIXED + "x"), False),
        (
            "digest-auth",
            post(b"", Authorization='Digest username="u", cnonce="1", response="2"'),
            post(b"", Authorization='Digest username="u", cnonce="3", response="4"'),
            True,
        ),
        ("digest-auth", post(b"", Authorization='Digest username="u"'), post(b"", Authorization="Digest"), False),
        ("digest-auth", post(b""), post(b""), True),
        ("digest-auth", post(b"", Authorization="Basic eA=="), post(b""), False),
    ],
)
def test_the_matchers_of_betamax_and_of_betamax_matchers(name, one, other, expected):
    assert same(name, one, other) is expected
