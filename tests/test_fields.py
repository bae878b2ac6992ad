"""The fields of a request's body, in every way in which a body may hold one: a filter never fails open."""

from __future__ import annotations

import gzip
import json
import random
import warnings
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import vcr
from vcr.errors import UnfilterableError, VCRWarning
from vcr.filters import replace_body_parameters
from vcr.request import Request
from vcr.response import Response

SECRET = b"s3cr3t"
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
PART = b'--B\r\nContent-Disposition: form-data; name="password"\r\n\r\ns3cr3t\r\n--B--\r\n'
MULTIPART = "multipart/form-data; boundary=B"

#: Bodies that hold a password, by what is odd about them: Content-Type, Content-Encoding and bytes.
BODIES = {
    "JSON that is cut off": (JSON, None, b'{"a": 1, "password": "s3cr3t"'),
    "JSON that is cut off in the value": (JSON, None, b'{"a": 1, "password": "s3cr3t'),
    "JSON with a comma too many": (JSON, None, b'{"password": "s3cr3t",}'),
    "JSON with a comment": (JSON, None, b'{"password": "s3cr3t" // mine\n}'),
    "JSON with a control character": (JSON, None, b'{"a": "\x01", "password": "s3cr3t"}'),
    "JSON that is not UTF-8": (JSON, None, b'{"a": "\xff", "password": "s3cr3t"}'),
    "JSON with a quote in the value": (JSON, None, b'{"password": "\\"s3cr3t",}'),
    "two JSON documents": (JSON, None, b'{"a": 1}{"password": "s3cr3t"}'),
    "a number of 5,000 digits": (JSON, None, b'{"a": ' + b"1" * 5000 + b', "password": "s3cr3t"}'),
    "JSON 100,000 deep": (JSON, None, b'{"a":' * 100_000 + b'{"password": "s3cr3t"' + b"}" * 100_000),
    "JSON 600 deep": (JSON, None, b'{"a":' * 600 + b'{"password": "s3cr3t"}' + b"}" * 600 + b"//"),
    "an object as the value": (JSON, None, b'{"password": {"a": ["s3cr3t", "}"]}, }'),
    "gzip": (JSON, "gzip", gzip.compress(b'{"password": "s3cr3t"}')),
    "two codings": (FORM, "deflate, gzip", gzip.compress(zlib.compress(b"a=1&password=s3cr3t"))),
    "gzip that no header announces": (JSON, None, gzip.compress(b'{"password": "s3cr3t"}')),
    "deflate that no header announces": (None, None, zlib.compress(b'{"password": "s3cr3t"}')),
    "UTF-16 of no type": (None, None, '{"password": "s3cr3t"}'.encode("utf-16")),
    "UTF-16 XML": ("text/xml", None, "<password>s3cr3t</password>".encode("utf-16-le")),
    "JSON without a type": (None, None, b'{"password": "s3cr3t"}'),
    "JSON as text/plain": ("text/plain", None, b'{"password": "s3cr3t"}'),
    "text/json": ("text/json", None, b'{"password": "s3cr3t"}'),
    "AWS": ("application/x-amz-json-1.1", None, b'{"password": "s3cr3t"}'),
    "json-rpc": ("application/json-rpc", None, b'{"password": "s3cr3t"}'),
    "csp-report": ("application/csp-report", None, b'{"password": "s3cr3t"}'),
    "ndjson": ("application/x-ndjson", None, b'{"a": 1}\n{"password": "s3cr3t"}\n'),
    "JSON sent as a form": (FORM, None, b'{"a": 1, "password": "s3cr3t"}'),
    "JSON in a form": (FORM, None, b"a=1&p=%7B%22password%22%3A+%22s3cr3t%22%7D"),
    "JSON in JSON text": (JSON, None, json.dumps({"p": json.dumps({"password": "s3cr3t"})}).encode()),
    "JSON in JSON in JSON": (JSON, None, json.dumps({"p": json.dumps([json.dumps({"password": "s3cr3t"})])}).encode()),
    "JSON in a part": (MULTIPART, None, PART.replace(b'"password"', b'"p"').replace(SECRET, b'{"password": "s3cr3t"}')),
    "a form in JSON text": (JSON, None, b'{"body": "a=1&password=s3cr3t&b=2"}'),
    "a form as text/plain": ("text/plain", None, b"a=1&password=s3cr3t"),
    "a form with bytes in a name": ("text/plain", None, b"\xff=1&password=s3cr3t"),
    "a form after a semicolon": (FORM, None, b"a=1;password=s3cr3t"),
    "lines of name=value": ("text/plain", None, b"a=1\npassword=s3cr3t\n"),
    "lines of name: value": ("text/plain", None, b"a: 1\npassword: s3cr3t and s3cr3t\nb: 2"),
    "password[]": (FORM, None, b"password[]=s3cr3t"),
    "password%5B0%5D": (FORM, None, b"password%5B0%5D=s3cr3t"),
    "user[password]": (FORM, None, b"user[password]=s3cr3t&a=1"),
    "user.password": (FORM, None, b"user.password=s3cr3t"),
    "another case in a form": (FORM, None, b"PassWord=s3cr3t"),
    "another case in JSON": (JSON, None, b'{"Password": "s3cr3t"}'),
    "another case in a part": (MULTIPART, None, PART.replace(b"password", b"PASSWORD")),
    "a name encoded twice": (FORM, None, b"pass%2577ord=s3cr3t"),
    "a folded header": (MULTIPART, None, PART.replace(b"; name", b";\r\n name")),
    "a name that is not quoted": (MULTIPART, None, PART.replace(b'"password"', b"password")),
    "name*=": (MULTIPART, None, PART.replace(b'name="password"', b"name*=UTF-8''pass%77ord")),
    "not closed": (MULTIPART, None, PART.partition(b"\r\n--B--")[0]),
    "multipart/mixed": ("multipart/mixed; boundary=B", None, PART),
    "multipart/related": ("multipart/related; boundary=B", None, PART),
    "without a boundary": ("multipart/form-data", None, PART),
    "another boundary": ("multipart/form-data; boundary=C", None, PART),
    "LF only": (MULTIPART, None, PART.replace(b"\r\n", b"\n")),
    "a dashed line in the value": ("multipart/mixed", None, PART.replace(SECRET, b"a\r\n--b\r\ns3cr3t")),
    "a part that is not text": (MULTIPART, None, PART.replace(SECRET, b"\xff\0s3cr3t")),
    "XML": ("application/xml", None, b"<a><password>s3cr3t</password></a>"),
    "XML with a prefix": ("application/soap+xml", None, b'<a><x:Password t="1">s3cr3t</x:Password></a>'),
    "XML that is cut off": ("application/xml", None, b"<a><password>s3cr3t"),
    "XML with CDATA": ("application/xml", None, b"<password><![CDATA[<s3cr3t>]]></password>"),
    "an attribute": ("application/xml", None, b'<a password="s3cr3t"/>'),
    "an attribute that names it": ("application/xml", None, b'<field name="password">s3cr3t</field>'),
    "XML-RPC": (
        "text/xml",
        None,
        b"<methodCall><params><param><value><struct><member><name>password</name><value><string>s3cr3t</string>"
        b"</value></member></struct></value></param></params></methodCall>",
    ),
    "GraphQL": ("application/graphql", None, b'mutation { login(password: "s3cr3t", a: 1) { id } }'),
    "GraphQL inline": (JSON, None, json.dumps({"query": 'mutation { login(password: "s3cr3t") { id } }'}).encode()),
    "Python": ("text/plain", None, b"{'password': 's3cr3t'}"),
    "PHP": ("text/plain", None, b'a:1:{s:8:"password";s:6:"s3cr3t";}'),
    "MessagePack": ("application/msgpack", None, b"\x81\xa8password\xa6s3cr3t"),
    "BSON": (None, None, b"\x1e\0\0\0\x02password\0\x07\0\0\0s3cr3t\0\0"),
    "gzip that is cut off": (JSON, "gzip", gzip.compress(b'{"password": "s3cr3t"}')[:-9]),
    "an unknown coding": (JSON, "compress", b"\x1f\x9d\x90" + bytes(range(128, 250))),
    "gzip under a wrong name": (JSON, "br", gzip.compress(b'{"password": "s3cr3t"}')),
}


def request_of(kind: str) -> Request:
    content_type, coding, body = BODIES[kind]
    headers = {"Content-Type": content_type, "Content-Encoding": coding}
    return Request("POST", "http://h/", body, {name: value for name, value in headers.items() if value})


def holds_secret(data: bytes) -> bool:
    """Whether the password stands in a body, as far as decoding it in any way shows."""
    shown = [data, data.decode("utf-16-le", "ignore").encode("utf-8", "ignore")]
    for wbits in (zlib.MAX_WBITS | 32, -zlib.MAX_WBITS):
        try:
            once = zlib.decompressobj(wbits).decompress(data)
            shown.append(once)
            shown.append(zlib.decompress(once))
        except zlib.error:
            continue
    return any(SECRET in one for one in shown)


@pytest.mark.parametrize("replacement", [None, "NEW", lambda key, value, request: "N3W"], ids=["out", "text", "asked"])
@pytest.mark.parametrize("kind", BODIES)
def test_no_body_is_kept_with_the_field_in_it(kind, replacement, tmp_path):
    path = tmp_path / "cassette.yaml"
    options = {"filter_post_data_parameters": [("password", replacement)], "match_on": ["method", "uri", "raw_body"]}
    if "deep" in kind or "an object" in kind:
        options["filter_nested_post_data_parameters"] = True
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", VCRWarning)
        with vcr.use_cassette(str(path), **options) as cassette:
            cassette.begin(request_of(kind)).complete(Response.of(200, "OK", {}, b"ok"))
        with vcr.use_cassette(str(path), record_mode="none", **options) as cassette:
            (stored,) = cassette.requests
            # What comes in goes through the same filter as what is stored: they match, byte for byte.
            assert cassette.begin(request_of(kind)).response.status == 200
    assert SECRET not in path.read_bytes()
    assert not holds_secret(stored.body)


#: Those of which nothing but a name can be seen, or not even that.
UNREADABLE = ["PHP", "MessagePack", "BSON", "an unknown coding"]


@pytest.mark.parametrize("kind", BODIES)
def test_what_can_be_told_is_filtered_without_a_word(kind, tmp_path):
    with vcr.use_cassette(str(tmp_path / "c.yaml"), filter_post_data_parameters=["password"]) as cassette:
        if kind in UNREADABLE:
            with pytest.warns(VCRWarning, match=r"filter_post_data_parameters \(password\).*POST http://h/") as caught:
                kept = [cassette.filter_request(request_of(kind)) for _ in range(2)]
            assert len(caught) == 1
            assert [request.body for request in kept] == [b"REDACTED", b"REDACTED"]
        else:
            assert cassette.filter_request(request_of(kind)).body != b"REDACTED"


@pytest.mark.parametrize("kind", UNREADABLE)
def test_what_becomes_of_the_others_can_be_chosen(kind, tmp_path):
    options = {"filter_post_data_parameters": ["password"]}
    warned = pytest.warns(VCRWarning, match="kept as it is")
    with vcr.use_cassette(str(tmp_path / "w.yaml"), on_unfilterable="warn", **options) as cassette, warned:
        assert cassette.filter_request(request_of(kind)).body == request_of(kind).body
    refused = pytest.raises(UnfilterableError, match="POST http://h/")
    with vcr.use_cassette(str(tmp_path / "e.yaml"), on_unfilterable="error", **options) as cassette, refused:
        cassette.begin(request_of(kind))
    assert list(Path(tmp_path).iterdir()) == []


def test_the_warning_shows_no_secret(tmp_path):
    hidden = {"filter_sensitive_data": {"<T>": "t0ken"}, "filter_query_parameters": ["key"]}
    with vcr.use_cassette(str(tmp_path / "c.yaml"), filter_post_data_parameters=["password"], **hidden) as cassette:
        request = Request("POST", "http://h/t0ken?key=s3cr3t", b"\x81\xa8password\xa6s3cr3t")
        with pytest.warns(VCRWarning) as caught:
            cassette.filter_request(request)
    assert "http://h/<T>:" in str(caught[0].message)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/plain", b"forgot your password? write to us"),
        ("text/plain", b"passwords: none; passwordless=1; nopassword=2"),
        (JSON, b'["password", "s3cr3t"]'),
        (JSON, b'{"a": {"password": "s3cr3t"}}'),  # (only with filter_nested_post_data_parameters)
        (JSON, b'{"query": "mutation($password: String!) { login(password: $password) }"}'),
        ("image/png", b"\x89PNG password \xff\0"),
        (MULTIPART, b'--B\r\nContent-Disposition: form-data; name="f"\r\n\r\n\xff\0password\0\r\n--B--\r\n'),
        ("application/x-protobuf", b"\x0a\x06s3cr3t\xff"),
        (JSON, b'{"a": broken'),
        (None, gzip.compress(b'{"a": "s3cr3t"}', mtime=0)),
        (FORM, b"a=1;b=2&c=%7B%22d%22:1%7D"),
        ("application/xml", b"<a>&lt;b&gt;</a>"),
    ],
)
def test_where_no_field_of_that_name_stands_every_byte_stays(content_type, body):
    request = Request("POST", "http://h/", body, {"Content-Type": content_type} if content_type else {})
    told: list[Request] = []
    assert replace_body_parameters(request, ["password"], unsure=told.append).body == body
    assert told == []


@pytest.mark.parametrize(
    ("content_type", "body", "left"),
    [
        ("text/plain", b'{"a":1,\t"password": "x", // c\n}', b'{"a":1,\t"password": "", // c\n}'),
        (None, b"<a><password>x&amp;y</password><b>1</b></a>", b"<a><password></password><b>1</b></a>"),
        (FORM, b"u[password]=x%26y&b=%41", b"b=%41"),
        (FORM, b"j=%7B%22password%22%3A%22x%26y%22%7D&k=%41", b"j=%7B%22password%22%3A%22%22%7D&k=%41"),
        ("text/plain", b'login(password: "x", b: 1)', b'login(password: "", b: 1)'),
    ],
)  # fmt: skip
def test_the_rest_of_such_a_body_stays_as_it_is_written(content_type, body, left):
    request = Request("POST", "http://h/", body, {"Content-Type": content_type} if content_type else {})
    assert replace_body_parameters(request, ["password"]).body == left


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"password": "a\\"b",}', 'a"b'),
        (b"<password>a&amp;b</password>", "a&b"),
        (b"u[password]=a%26b", "a%26b"),
        (b'login(password: "a b")', "a b"),
    ],
)
def test_a_function_is_given_the_value_once(body, value):
    given = []
    request = Request("POST", "http://h/", body)
    replace_body_parameters(request, {"password": lambda key, value, request: given.append((key, value)) or "NEW"})
    assert given == [("password", value)]
    assert b"NEW" in request.body


WORDS = [
    "password", "=", "&", ";", ":", '"', "'", "{", "}", "[", "]", "<", ">", "</password>", "%22", "%3D", "\\",
    "\\u0022", "&quot;", "\r\n", "--B", "Content-Disposition: form-data; name=", "\r\n\r\n", "x", " ", ",", "+", "é",
]  # fmt: skip


@settings(deadline=None, max_examples=500)
@given(st.lists(st.sampled_from(WORDS), max_size=25), st.sampled_from([None, "NEW", "<a & b>", 'a"b', "password=x"]))
def test_filtering_any_text_twice_is_filtering_it_once(words, replacement):
    def filtered(body: bytes) -> bytes:
        return replace_body_parameters(Request("POST", "http://h/", body), {"password": replacement}).body

    once = filtered("".join(words).encode())
    assert filtered(once) == once


def test_a_body_of_n_bytes_takes_as_long_as_n():
    # A text that is read again from each place in it would take minutes here, and the limit of a test ends it.
    seeded = random.Random(5)
    for word in (
        *WORDS,
        '{"password":',
        '"password":"',
        "<password>",
        '<password a="',
        "password=",
        "password:",
        "%25",
    ):
        body = word.encode() * (200_000 // len(word.encode()))
        replace_body_parameters(Request("POST", "http://h/", body), ["password"])
    replace_body_parameters(
        Request("POST", "http://h/", "".join(seeded.choices(WORDS, k=40_000)).encode()), ["password"]
    )
