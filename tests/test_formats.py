"""Betamax's and Ruby VCR's cassettes: read by themselves, replayed, written so that each reads them; nothing is lost.

The golden files named after a version were recorded with it, from the server of the conformance suite, and their host
was given another name: Betamax's by requests, Ruby VCR's by Net::HTTP.
"""

from __future__ import annotations

import datetime
import gzip
import json
import re
import shutil
import zlib
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
import urllib3
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import vcr
from tests.server import PASSWORD, TEXT, USER, all_bytes
from vcr.errors import CassetteLoadError
from vcr.formats import betamax as of_betamax
from vcr.formats import found as formats_found
from vcr.formats import ruby as of_ruby
from vcr.persisters.filesystem import FilesystemPersister
from vcr.request import Request
from vcr.response import Response
from vcr.serialize import deserialize, serialize
from vcr.serializers import jsonserializer, yamlserializer

patient = settings(deadline=None)

CASSETTES = Path(__file__).parent / "cassettes"
BASE = "http://foreign.example"
SERIALIZERS = {**of_betamax.TEXTS, **of_ruby.TEXTS}
betamax, prettyjson, ruby, rubyjson = SERIALIZERS.values()
FOREIGN = sorted(path.name for path in CASSETTES.iterdir() if path.name.startswith(("betamax", "ruby")))

in_each_format = pytest.mark.parametrize("serializer", SERIALIZERS.values(), ids=SERIALIZERS)


def load(name: str | Path, serializer=yamlserializer) -> list[tuple[Request, dict]]:
    return list(zip(*FilesystemPersister.load_cassette(CASSETTES / name, serializer), strict=True))


def found(name: str) -> dict[str, tuple[Request, dict]]:
    """What is in a cassette, by its path; of several for one path, the last."""
    return {urlsplit(request.uri).path: (request, response) for request, response in load(name)}


def there_and_back(pairs, serializer) -> list[tuple[Request, dict]]:
    text = serialize({"requests": [one for one, _ in pairs], "responses": [other for _, other in pairs]}, serializer)
    return list(zip(*deserialize(text.encode().decode(), serializer), strict=True))


def facts(pair: tuple[Request, dict]) -> tuple:
    request, response = pair
    # An empty body and none are one in these formats; and each names the encoding of a body in its own way.
    body = {key: value for key, value in response["body"].items() if key != "encoding"}
    moment = Response(response).recorded_at
    return (
        (request.method, request.uri, request.body or None, request.headers.grouped()),
        {**response, "body": body, "recorded_at": moment},
    )


def undated(pair: tuple[Request, dict]) -> tuple:
    request, response = facts(pair)
    return request, {key: value for key, value in response.items() if key != "recorded_at"}


# -- reading is automatic ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FOREIGN)
def test_reading_needs_no_option(name, tmp_path):
    shutil.copy(CASSETTES / name, tmp_path)
    with vcr.use_cassette(tmp_path / name, record_mode="none") as cassette:
        assert len(cassette) > 0
    assert (tmp_path / name).read_bytes() == (CASSETTES / name).read_bytes()


@pytest.mark.parametrize("serializer", [jsonserializer, yamlserializer, *SERIALIZERS.values()])
@pytest.mark.parametrize("name", [name for name in FOREIGN if name.endswith(".json")])
def test_json_is_read_the_same_with_any_serializer(name, serializer):
    assert [*map(facts, load(name, serializer))] == [*map(facts, load(name, jsonserializer))]


@pytest.mark.parametrize(
    "data",
    [
        {"version": 1, "interactions": []},
        {"version": 1, "interactions": [{"request": {"method": "get"}, "response": {}}]},
        [{"request": {"method": "GET", "uri": "http://h/"}, "response": {"status": {"code": 200, "message": "OK"}}}],
        [],
        [1, {"request": None}],
        None,
        "text",
    ],
)
def test_what_is_in_no_foreign_format_is_claimed_by_none(data):
    assert not of_betamax.claims(data)
    assert not of_ruby.claims(data)


@pytest.mark.parametrize("file", sorted(CASSETTES.iterdir()), ids=lambda file: file.name)
def test_a_cassette_is_claimed_by_the_format_of_its_recorder_alone(file):
    if file.suffix in (".zz", ".toml"):
        pytest.skip("compressed, or no YAML")
    data = yamlserializer.deserialize(file.read_text())
    claiming = [one.__name__.rpartition(".")[2] for one in formats_found() if one.claims(data)]
    assert claiming == ["vcrpy" if file.name == "by_hand.yaml" else file.name.partition("_")[0]]


@pytest.mark.parametrize(
    ("interactions", "said"),
    [
        (None, 'expected a list under "http_interactions"'),
        ({}, 'expected a list under "http_interactions"'),
        ([None], "interaction 1: expected a request with a response, not nothing"),
        ([{"response": {}}], 'interaction 1: expected a mapping under "request"'),
        ([{"request": {}, "response": {}}], "interaction 1: the request's method is nothing"),
        (
            [
                {
                    "request": {"method": "GET", "uri": "http://h/"},
                    "response": {"body": {"encoding": None, "base64_string": "?"}},
                }
            ],
            "interaction 1: not readable as base64: ",
        ),
        ([{"request": {"method": "GET", "uri": "u", "headers": 5}, "response": {}}], "the headers are a int"),
        ([{"request": {"method": "GET", "uri": "u", "body": {"string": "\ud800"}}, "response": {}}], "interaction 1"),
    ],
)
def test_what_cannot_be_read_is_an_error_that_names_the_interaction(interactions, said):
    with pytest.raises(CassetteLoadError, match=said):
        deserialize(json.dumps({"http_interactions": interactions}), jsonserializer)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.binary() | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text() | st.binary(), inner, max_size=3),
    max_leaves=4,
)
BODY = st.fixed_dictionaries({}, optional=dict.fromkeys(["string", "base64_string", "encoding"], ANYTHING))
REQUEST = st.fixed_dictionaries(
    {"method": ANYTHING | st.sampled_from(["GET", "get"]), "uri": ANYTHING},
    optional={"body": ANYTHING | BODY, "headers": ANYTHING},
)
RESPONSE = st.fixed_dictionaries(
    {"status": ANYTHING | st.fixed_dictionaries({"code": ANYTHING, "message": ANYTHING})},
    optional={"body": ANYTHING | BODY, "headers": ANYTHING, "body_details": ANYTHING, "url": ANYTHING},
)
DATES = st.text() | st.text("0123456789 ,:-+TZJanSunGMT") | st.from_regex(r"Sun, \d+ Jan \d+ \d+:\d+:\d+ .*")


@given(request=ANYTHING | REQUEST, response=ANYTHING | RESPONSE, recorded_at=ANYTHING | DATES)
@patient
def test_whatever_is_in_such_a_file_is_read_or_is_an_error_that_says_so(request, response, recorded_at):
    class AsItIs:
        @staticmethod
        def deserialize(data):
            return data

    interaction = {"request": request, "response": response, "recorded_at": recorded_at}
    try:
        _, (answer,) = deserialize({"http_interactions": [interaction]}, AsItIs)
    except CassetteLoadError as error:
        assert "interaction 1: " in str(error)  # noqa: PT017
    else:
        assert Response(answer).fault or isinstance(Response(answer).body, bytes)


# -- every shape ------------------------------------------------------------------------------------------------------


def test_what_betamax_has_recorded_comes_out_as_it_was_received():
    pairs = found("betamax_0.9.0.json")
    bodies = {path: response["body"]["string"] for path, (_, response) in pairs.items()}
    assert bodies["/text"] == TEXT
    assert gzip.decompress(bodies["/gzip"]) == TEXT
    assert bodies["/latin"] == "<p>café</p>".encode("latin-1")
    assert bodies["/html"] == "<p>snow ☃ 😀</p>\n<p>two</p>\n".encode()
    assert pairs["/headers"][1]["headers"] == {
        "Content-Type": ["text/plain; charset=utf-8"],
        "set-COOKIE": ["a=1; Path=/", "b=2; Path=/"],
        "X-Latin": ["café"],
        "X-Utf8": ["snow ☃".encode().decode("latin-1")],
        "X-Empty": [""],
        "Content-Length": ["7"],
    }
    assert pairs["/text"][0].body is None
    assert pairs["/text"][1]["recorded_at"] == "2026-11-21T07:25:16"
    assert pairs["/reason"][1]["status"] == {"code": 299, "message": "Fine By Me"}
    assert "url" not in pairs["/text"][1]


def test_what_betamax_has_recorded_with_exact_bytes_comes_out_as_it_was_received():
    pairs = found("betamax_0.9.0_exact.json")
    assert pairs["/bytes/300"][1]["body"]["string"] == all_bytes(300)
    assert zlib.decompress(pairs["/deflate"][1]["body"]["string"]) == TEXT
    assert pairs["/echo"][0].body == b"\x00\xff\xfe\r\n"


def test_every_other_shape_of_betamaxs_is_read():
    pairs = found("betamax_by_hand.json")
    request, response = pairs["/strings"]
    assert (request.body, request.headers) == (None, {"Accept": "*/*"})
    assert response["status"] == {"code": 404, "message": "Not Found"}
    assert response["headers"] == {"X-A": ["1"], "Content-Type": ["text/plain"]}
    assert response["body"]["string"] == "hé".encode()
    request, response = pairs["/both"]
    assert (request.body, response["body"]["string"]) == (b"sent", b"\x00\xff")
    assert response["url"] == "http://odd.example/elsewhere"
    request, response = pairs["/base64"]
    assert (request.body, response["body"]["string"]) == (b"\x00\xff", b"base64")
    bodies = {path: response["body"]["string"] for path, (_, response) in pairs.items()}
    assert bodies["/encodings/known"] == "日本".encode("shift_jis")
    assert bodies["/encodings/unknown"] == "日 😀".encode()
    assert bodies["/encodings/too-small"] == "日".encode()
    assert bodies["/plain-body"] == b"plain"


@pytest.mark.parametrize("name", ["ruby_vcr_5.0.0.yml", "ruby_vcr_5.0.0_exact.yml", "ruby_vcr_5.0.0.zz"])
def test_what_ruby_vcr_has_recorded_comes_out_as_it_was_received(name):
    pairs = found(name)
    bodies = {path: response["body"]["string"] for path, (_, response) in pairs.items()}
    assert bodies["/text"] == TEXT
    assert gzip.decompress(bodies["/gzip"]) == TEXT
    assert bodies["/html"] == "<p>snow ☃ 😀</p>\n<p>two</p>\n".encode()
    assert bodies["/bytes/300"] == all_bytes(300)
    assert pairs["/text"][0].method == "GET"
    assert Response(pairs["/text"][1]).recorded_at.date() == datetime.date(2026, 11, 21)


def test_ruby_vcrs_header_values_are_the_bytes_that_were_received():
    pairs = found("ruby_vcr_5.0.0.yml")
    headers = pairs["/headers"][1]["headers"]
    assert headers["X-Latin"] == ["café"]
    assert headers["X-Utf8"] == ["snow ☃".encode().decode("latin-1")]
    assert headers["Set-Cookie"] == ["a=1; Path=/", "b=2; Path=/"]
    assert headers["X-Empty"] == [""]
    tricky = pairs["/tricky"][1]["headers"]
    assert [tricky[f"X-{name}"] for name in ("Number", "Symbol", "Time", "Yes", "Hash")] == [
        ["1,000"],
        [":get"],
        ["12:30:45"],
        ["yes"],
        ["a: b #c"],
    ]


def test_a_body_that_ruby_vcr_has_decompressed_is_replayed_as_it_stands(tmp_path):
    ((_, response),) = load("ruby_vcr_5.0.0_decoded.yml")
    assert response["adapter_metadata"] == {"vcr_decompressed": "gzip"}
    with vcr.use_cassette(CASSETTES / "ruby_vcr_5.0.0_decoded.yml", record_mode="none"):
        assert requests.get(f"{BASE}/gzip").content == TEXT


def test_every_other_shape_of_ruby_vcrs_is_read():
    pairs = found("ruby_vcr_by_hand.yml")
    request, response = pairs["/strings"]
    assert (request.method, request.body) == ("GET", None)
    assert response["status"] == {"code": 200, "message": "OK"}
    assert response["headers"] == {"X-A": ["café"], "X-B": ["two"]}
    assert response["http_version"] == "1.0"
    assert response["recorded_at"] == "2011-11-01T04:58:44+00:00"
    bodies = {path: response["body"]["string"] for path, (_, response) in pairs.items()}
    for path in ("/strings", "/no-encoding", "/ascii-8bit", "/us-ascii"):
        assert bodies[path] == "café".encode()
    assert bodies["/trimmed"] == b""
    assert bodies["/windows-31j"] == "日本".encode("cp932")
    assert bodies["/safe-string"] == b"<p>safe</p>"
    request, response = pairs["/base64"]
    assert (request.uri, request.body) == ("http://odd.example/base64", b"\x00\xff" * 23)
    assert response["body"]["string"] == b"\x00\xff"
    assert response["recorded_at"] == "2011-11-01T04:58:44"


def test_a_list_of_vcr_1s_structs_is_read():
    (first, answer), (second, created) = load("ruby_vcr_1.yml")
    assert (first.method, first.uri, first.body) == ("GET", "http://old.example/foo?a=1", None)
    assert answer["headers"]["set-cookie"] == ["a=1", "b=2"]
    assert answer["body"] == {"string": b"Hello!"}
    assert "recorded_at" not in answer
    assert (second.method, second.uri, second.body) == ("POST", "https://old.example/foo", b"a=1")
    assert created["status"] == {"code": 201, "message": "Created"}
    assert created["body"] == {"string": b"\x00\xff"}


@pytest.mark.parametrize(
    "tag",
    ["!ruby/object:Gem::Installer", "!ruby/struct:Other", "!ruby/regexp", "!ruby/class", "!ruby/object:VCR::Cassette"],
)
def test_no_other_ruby_object_is_made_or_read(tag):
    with pytest.raises(CassetteLoadError, match=re.escape(tag)) as error:
        deserialize(f"http_interactions:\n- request: {tag} 'x'\n", yamlserializer)
    assert error.value.line == 2


# -- nothing is lost --------------------------------------------------------------------------------------------------


@in_each_format
@pytest.mark.parametrize("name", FOREIGN)
def test_what_is_read_from_one_format_is_written_in_any(name, serializer):
    pairs = load(name)
    again = there_and_back(pairs, serializer)
    dated = facts if all("recorded_at" in response for _, response in pairs) else undated
    assert [*map(dated, again)] == [*map(dated, pairs)]


EXTRAS = [
    {"chunks": [3, 4]},
    {"http_version": "2"},
    {"trailers": [("X-Checksum", "42")]},
    {"incomplete": True},
    {"chunks": [7], "cut_chunk": (7, 100), "incomplete": True},
]


@in_each_format
@pytest.mark.parametrize("more", EXTRAS)
def test_what_these_formats_have_no_place_for_is_kept_beside(more, serializer):
    response = Response.of(200, "OK", [("X", "1"), ("Y", "2"), ("X", "3")], b"one two", **more)
    ((_, again),) = there_and_back([(Request("GET", "http://h/"), response.data)], serializer)
    del again["recorded_at"]
    again["body"].pop("encoding", None)
    assert again == response.data
    assert Response(again).headers.pairs() == response.headers.pairs()
    assert Response(again).pieces == response.pieces


TEXTS = st.text(st.characters(min_codepoint=1, blacklist_categories=("Cs",)))
CHARSETS = ["latin-1", "utf-16", "no-such", "shift_jis", "ascii", ""]
CONTENT_TYPES = st.sampled_from(
    ["text/html", "application/json", "image/png", "", *(f"text/plain; charset={charset}" for charset in CHARSETS)]
)
NAMES = st.from_regex(r"[A-Za-z!][A-Za-z0-9-]{0,8}", fullmatch=True)
VALUES = st.text(st.characters(max_codepoint=255, blacklist_categories=("Cc",))) | st.sampled_from(
    ["1,000", ":get", "y", "NULL", "tRue", "12:30", "2011-11-01", "1e3", "=", "<<", "~", "0o10", ".inf", "!a", "'", '"']
)
BODIES = st.binary() | TEXTS.map(str.encode) | VALUES.map(str.encode)


@in_each_format
@given(
    bodies=st.tuples(BODIES, BODIES),
    fields=st.lists(st.tuples(NAMES, VALUES), max_size=4),
    content_type=CONTENT_TYPES,
    exact=st.booleans(),
)
@patient
def test_any_body_and_any_header_come_back(serializer, bodies, fields, content_type, exact):
    sent, body = bodies
    request = Request("POST", "http://h/p?a=é&b=%FF", sent, fields)
    response = Response.of(200, "OK", [("Content-Type", content_type), *fields], body).data
    text = serialize(
        {"requests": [request], "responses": [response], "preserve_exact_body_bytes": exact, "metadata": {"a": [1]}},
        serializer,
    )
    contents = deserialize(text.encode().decode(), serializer)
    ((read,), (answer,)) = contents
    assert undated((read, answer)) == undated((request, response))
    assert contents.metadata == {"a": [1]}


@in_each_format
@pytest.mark.parametrize(
    ("recorded_at", "kept"),
    [
        ("2013-09-28T01:25:38", "2013-09-28T01:25:38+00:00"),
        ("2013-09-28T03:25:38.500+02:00", "2013-09-28T01:25:38+00:00"),
    ],
)
def test_the_time_of_recording_is_kept_to_the_second(recorded_at, kept, serializer):
    response = {**Response.of(200, "OK", None, b"").data, "recorded_at": recorded_at}
    ((_, again),) = there_and_back([(Request("GET", "http://h/"), response)], serializer)
    assert Response(again).recorded_at == datetime.datetime.fromisoformat(kept)


@in_each_format
def test_the_time_of_recording_is_now_where_nothing_else_is_known(serializer):
    before = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    ((_, again),) = there_and_back([(Request("GET", "http://h/"), Response.of(200, "OK", None, b"").data)], serializer)
    assert before <= Response(again).recorded_at <= datetime.datetime.now(datetime.timezone.utc)


def test_the_time_of_recording_counts_for_re_record_interval(server, tmp_path):
    path = tmp_path / "cassette.json"
    recorder = vcr.VCR(serializer="betamax", re_record_interval=3600)
    for expected in (1, 1):
        with recorder.use_cassette(path):
            requests.get(f"{server.url}/counter")
        assert server.hits == expected
    path.write_text(re.sub(r'("recorded_at": )"[^"]+"', r'\1"2001-01-01T00:00:00"', path.read_text()))
    with recorder.use_cassette(path):
        assert requests.get(f"{server.url}/counter").text == "2"


# -- what is written --------------------------------------------------------------------------------------------------


def saved_again(name: str, serializer, **more) -> str:
    requests, responses = FilesystemPersister.load_cassette(CASSETTES / name, serializer)
    return serialize({"requests": requests, "responses": responses, **more}, serializer)


def test_betamaxs_own_file_is_saved_as_betamax_would():
    # Where bytes are no UTF-8 they are written as base64, whatever text another encoding makes of them.
    ours, theirs = (
        [json.dumps(one) for one in json.loads(text)["http_interactions"] if "/latin" not in one["request"]["uri"]]
        for text in (saved_again("betamax_0.9.0.json", betamax), (CASSETTES / "betamax_0.9.0.json").read_text())
    )
    assert ours == theirs


def test_betamaxs_pretty_file_is_saved_as_betamax_would():
    text = (CASSETTES / "betamax_0.9.0_pretty.json").read_text()
    assert saved_again("betamax_0.9.0_pretty.json", prettyjson) == text


def test_betamaxs_json_is_one_line_with_its_version():
    text = saved_again("betamax_0.9.0.json", betamax)
    assert "\n" not in text
    assert text.isascii()
    assert list(json.loads(text)) == ["http_interactions", "recorded_with"]
    assert json.loads(text)["recorded_with"] == "betamax/0.9.0"


def test_what_ruby_vcr_has_recorded_is_saved_as_it_was():
    class RubyLoader(yaml.SafeLoader):
        pass

    RubyLoader.add_constructor("!binary", yaml.SafeLoader.construct_yaml_binary)
    written = yaml.load(saved_again("ruby_vcr_5.0.0_decoded.yml", ruby), RubyLoader)
    theirs = yaml.load((CASSETTES / "ruby_vcr_5.0.0_decoded.yml").read_text(), RubyLoader)
    theirs["recorded_with"] = "VCR 6.4.0"
    del theirs["http_interactions"][0]["response"]["http_version"]
    theirs["http_interactions"][0]["request"]["body"]["encoding"] = "UTF-8"
    assert written == theirs


def test_ruby_vcrs_yaml_is_written_for_rubys_parser():
    fields = [("X-A", "1,000"), ("X-B", ":get"), ("X-C", "tRue"), ("X-D", "caf\xe9"), ("X-E", "a: b"), ("X-F", "plain")]
    response = Response.of(200, "OK", fields, b"\x00\xff").data
    response["recorded_at"] = "2011-11-01T04:58:44+00:00"
    text = serialize({"requests": [Request("GET", "http://h/", b"a\nb\n")], "responses": [response]}, ruby)
    assert text == RUBY_YAML


RUBY_YAML = """\
---
http_interactions:
- request:
    method: get
    uri: http://h/
    body:
      encoding: UTF-8
      string: |
        a
        b
    headers: {}
  response:
    status:
      code: 200
      message: OK
    headers:
      X-A:
      - '1,000'
      X-B:
      - ':get'
      X-C:
      - 'tRue'
      X-D:
      - !binary |
        Y2Fm6Q==
      X-E:
      - 'a: b'
      X-F:
      - plain
    body:
      encoding: ASCII-8BIT
      base64_string: AP8=
  recorded_at: Tue, 01 Nov 2011 04:58:44 GMT
recorded_with: VCR 6.4.0
"""


@pytest.mark.parametrize(
    ("body", "written"),
    [
        (b"text", {"encoding": "utf-8", "string": "text"}),
        (b"\xff", {"encoding": "utf-8", "base64_string": "/w=="}),
        (None, {"encoding": "utf-8", "string": ""}),
        ({"a": ["1", "é"]}, {"encoding": "utf-8", "string": "a=1&a=%C3%A9"}),  # a form that VCR.py kept as it was given
    ],
)
def test_a_requests_body_is_written_as_betamax_does(body, written):
    text = serialize({"requests": [Request("POST", "http://h/", body)], "responses": [ANSWER]}, betamax)
    assert json.loads(text)["http_interactions"][0]["request"]["body"] == written


ANSWER = Response.of(200, "OK", None, b"").data


@pytest.mark.parametrize(
    ("content_type", "encoding"),
    [
        (None, None),
        ("image/png", None),
        ("text/html", "ISO-8859-1"),
        ('text/html; charset="Shift_JIS"', "Shift_JIS"),
        ("text/html; charset=no-such", "ISO-8859-1"),
        ("application/json", "utf-8"),
    ],
)
def test_a_body_has_the_encoding_that_requests_would_take_it_for(content_type, encoding):
    headers = {} if content_type is None else {"Content-Type": content_type}
    response = Response.of(200, "OK", headers, b"text").data
    text = serialize({"requests": [Request("GET", "http://h/")], "responses": [response]}, betamax)
    body = json.loads(text)["http_interactions"][0]["response"]["body"]
    assert body == {"encoding": encoding, "string": "text"}


@pytest.mark.parametrize(
    ("serializer", "kept", "encoding"),
    [
        (betamax, "ISO-8859-1", "ISO-8859-1"),
        (betamax, "ASCII-8BIT", None),
        (ruby, "Shift_JIS", "Shift_JIS"),
        (ruby, "ASCII-8BIT", "ASCII-8BIT"),
        (ruby, "utf8", "UTF-8"),
        (ruby, None, "UTF-8"),
    ],
)
def test_a_body_keeps_the_encoding_that_it_was_found_with_where_the_format_knows_it(serializer, kept, encoding):
    response = {**ANSWER, "body": {"string": b"text", "encoding": kept}}
    text = serialize({"requests": [Request("GET", "http://h/")], "responses": [response]}, serializer)
    body = serializer.deserialize(text)["http_interactions"][0]["response"]["body"]
    assert body == {"encoding": encoding, "string": "text"}


def test_bytes_that_are_no_text_stand_in_rubys_json_as_surrogates():
    response = Response.of(200, "OK", {"X": "caf\xe9"}, b"").data
    text = serialize({"requests": [Request("GET", "http://h/")], "responses": [response]}, rubyjson)
    assert r"caf\udce9" in text
    assert deserialize(text, rubyjson)[1][0]["headers"] == {"X": ["caf\xe9"]}


@in_each_format
def test_what_no_file_can_hold_is_refused(serializer):
    response = {**ANSWER, "note": object()}
    with pytest.raises(Exception, match="a cassette cannot hold a object"):
        serialize({"requests": [Request("GET", "http://h/")], "responses": [response]}, serializer)


# -- as a user sees it ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SERIALIZERS)
def test_a_cassette_is_recorded_and_replayed_in_each_format(name, server, tmp_path):
    def session():
        with requests.Session() as session:
            yield session.get(f"{server.url}/gzip")
            yield session.get(f"{server.url}/headers")
            yield session.get(f"{server.url}/cookies")
            yield session.get(f"{server.url}/redirect/2")
            yield session.get(f"{server.url}/chunked")
            yield session.head(f"{server.url}/text")
            yield session.post(f"{server.url}/echo", data=b"\x00\xff")
            yield session.get(f"{server.url}/digest-auth", auth=requests.auth.HTTPDigestAuth(USER, PASSWORD))

    def seen():
        with vcr.use_cassette(tmp_path / "cassette", serializer=name):
            return [(r.status_code, r.reason, r.url, list(r.raw.headers.items()), r.content) for r in session()]

    recorded = seen()
    hits = server.hits
    assert seen() == recorded
    assert server.hits == hits
    assert "http_interactions" in (tmp_path / "cassette").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["betamax_0.9.0.json", "ruby_vcr_5.0.0.yml"])
def test_requests_replays_a_foreign_cassette(name):
    with vcr.use_cassette(CASSETTES / name, record_mode="none"), requests.Session() as session:
        assert session.get(f"{BASE}/gzip").text == TEXT.decode()
        session.get(f"{BASE}/cookies/set?a=1&b=2")
        assert session.cookies.get_dict() == {"a": "1", "b": "2"}
        moved = session.get(f"{BASE}/redirect/2")
        assert (moved.url, moved.content, len(moved.history)) == (f"{BASE}/text", TEXT, 2)
        assert session.get(f"{BASE}/chunked-text").content == b"some text"
        assert session.get(f"{BASE}/latin").text == "<p>café</p>"
        assert session.get(f"{BASE}/status/304").status_code == 304
        assert session.post(f"{BASE}/echo", data=b"a=1&b=%C3%A9").json()["body"] == "a=1&b=%C3%A9"


def test_requests_finds_its_way_through_digest_auth_from_betamaxs_cassette():
    with vcr.use_cassette(CASSETTES / "betamax_0.9.0.json", record_mode="none"):
        response = requests.get(f"{BASE}/digest-auth", auth=requests.auth.HTTPDigestAuth(USER, PASSWORD))
    assert (response.text, [hop.status_code for hop in response.history]) == ("welcome", [401])


@pytest.mark.parametrize(
    ("name", "paths"),
    [
        ("betamax_0.9.0_exact.json", ["/bytes/300", "/deflate", "/br", "/text"]),
        ("ruby_vcr_5.0.0_exact.yml", ["/bytes/300", "/gzip", "/text"]),
        ("ruby_vcr_5.0.0.json", ["/bytes/300", "/gzip", "/text"]),
        ("ruby_vcr_5.0.0.zz", ["/bytes/300", "/gzip", "/text"]),
    ],
)
def test_urllib3_replays_bodies_in_base64(name, paths):
    with vcr.use_cassette(CASSETTES / name, record_mode="none"), urllib3.PoolManager() as pool:
        for path in paths:
            expected = all_bytes(300) if path == "/bytes/300" else TEXT
            assert pool.request("GET", BASE + path).data == expected


@pytest.mark.parametrize("edited", ["Short.", "A text that is much longer than the one that was recorded. " * 3])
@pytest.mark.parametrize("name", ["betamax_0.9.0.json", "ruby_vcr_5.0.0.yml"])
def test_a_body_may_be_edited_to_another_length(name, edited, tmp_path):
    text = (CASSETTES / name).read_text(encoding="utf-8")
    was = "some text"
    assert text.count(was) == 1
    (tmp_path / name).write_text(text.replace(was, edited.strip()), encoding="utf-8")
    text = (tmp_path / name).read_text(encoding="utf-8").replace("no such route", edited.strip())
    (tmp_path / name).write_text(text, encoding="utf-8")
    with vcr.use_cassette(tmp_path / name, record_mode="none"):
        assert requests.get(f"{BASE}/chunked-text").text == edited.strip()
        assert requests.get(f"{BASE}/nothing-here").text == edited.strip()  # it has a Content-Length


def test_placeholders_in_betamaxs_cassette_become_the_secret_again():
    placeholders = [{"placeholder": "<KEY>", "replace": "SECRET"}]
    path = CASSETTES / "betamax_0.9.0_placeholders.json"
    with vcr.use_cassette(path, record_mode="none", placeholders=placeholders, match_on=["uri", "headers"]):
        headers = {"User-Agent": "python-requests/2.34.2", "Accept-Encoding": "gzip, deflate"}
        assert requests.get(f"{BASE}/gzip?key=SECRET", headers=headers).content == TEXT
        assert requests.get(f"{BASE}/text?key=SECRET", headers={**headers, "Authorization": "SECRET"}).content == TEXT


@pytest.mark.parametrize(
    ("name", "serializer", "key"),
    [
        ("betamax_0.9.0.json", "json", "interactions"),
        ("betamax_0.9.0.json", "betamax", "http_interactions"),
        ("ruby_vcr_5.0.0.yml", "yaml", "interactions"),
        ("ruby_vcr_5.0.0.yml", "ruby", "http_interactions"),
        ("vcrpy_1.json", "betamax", "http_interactions"),
        ("vcrpy_1.yaml", "ruby", "http_interactions"),
    ],
)
def test_a_cassette_that_is_added_to_is_saved_as_its_serializer_has_it(name, serializer, key, server, tmp_path):
    shutil.copy(CASSETTES / name, tmp_path)
    before = load(name)
    with vcr.use_cassette(tmp_path / name, serializer=serializer, record_mode="new_episodes"):
        requests.get(f"{server.url}/text")
    assert re.search(rf'^[{{ ]*"?{key}"?:', (tmp_path / name).read_text(encoding="utf-8"), re.MULTILINE)
    after = load(tmp_path / name)
    assert len(after) == len(before) + 1
    assert [*map(undated, after[:-1])] == [*map(undated, before)]


# -- .zz --------------------------------------------------------------------------------------------------------------


def test_a_file_named_zz_is_compressed(server, tmp_path):
    path = tmp_path / "cassette.zz"
    for _ in range(2):
        with vcr.use_cassette(path, serializer="ruby"):
            assert requests.get(f"{server.url}/text").content == TEXT
    assert server.hits == 1
    assert zlib.decompress(path.read_bytes()).startswith(b"---\nhttp_interactions:\n")


def test_a_blank_file_named_zz_is_a_new_cassette(server, tmp_path):
    (tmp_path / "cassette.zz").touch()
    with vcr.use_cassette(tmp_path / "cassette.zz"):
        requests.get(f"{server.url}/text")
    assert server.hits == 1


@pytest.mark.parametrize("content", [b"---\nhttp_interactions: []\n", zlib.compress(b"text" * 100)[:-8]])
def test_a_file_named_zz_that_is_not_compressed_is_an_error_that_names_it(content, tmp_path):
    path = tmp_path / "cassette.zz"
    path.write_bytes(content)
    with pytest.raises(CassetteLoadError, match=r"cassette\.zz: not compressed"), vcr.use_cassette(path):
        pass
    assert path.read_bytes() == content
