"""Cassettes of any age and shape are replayed: what VCR.py has written since 2012, and what people write by hand.

The files named after a version were recorded with that version of VCR.py, by ``urllib2`` on Python 2.7 up to 3.0,
by the client that their name tells after that, all from the same server.
"""

from __future__ import annotations

import gzip
import http.client
import json
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
import requests

import vcr
from vcr._http.wire import without_chunks
from vcr.errors import CassetteLoadError
from vcr.persisters.filesystem import FilesystemPersister
from vcr.serialize import deserialize, serialize
from vcr.serializers import jsonserializer, yamlserializer

CASSETTES = Path(__file__).parent / "cassettes"


class Exchange(NamedTuple):
    """A request, and all that is to come back of the response."""

    method: str
    uri: str
    body: Any = None
    status: int = 200
    reason: str = "OK"
    headers: tuple[tuple[str, str], ...] = ()
    content: bytes = b""


def through_http_client(exchange: Exchange) -> tuple[Any, ...]:
    parts = urlsplit(exchange.uri)
    connection = http.client.HTTPConnection(parts.netloc)
    connection.request(exchange.method, f"{parts.path}?{parts.query}".rstrip("?"), b"")
    response = connection.getresponse()
    content = response.read()
    if response.headers["Content-Encoding"] == "gzip":
        content = gzip.decompress(content)
    return response.status, response.reason or "", kept(response.headers.items()), content


def through_requests(exchange: Exchange) -> tuple[Any, ...]:
    with requests.request(exchange.method, exchange.uri, allow_redirects=False) as response:
        return response.status_code, response.reason or "", kept(response.raw.headers.items()), response.content


def kept(headers: Any) -> tuple[tuple[str, str], ...]:
    """Those headers that no version of VCR.py and no server's framing has changed."""
    told = ("x-a", "x-b", "x-c", "set-cookie", "location")
    return tuple((name.title(), value) for name, value in headers if name.lower() in told)


CLIENTS = pytest.mark.parametrize("replayed", [through_http_client, through_requests])


def serializer_of(name: str) -> Any:
    return jsonserializer if name.endswith(".json") else yamlserializer


def load(name: str) -> Any:
    return FilesystemPersister.load_cassette(CASSETTES / name, serializer_of(name))


# -- as recorded -------------------------------------------------------------------------------------------------------

BASE = "http://old.example:8080"
COOKIES = (("Set-Cookie", "a=1"), ("Set-Cookie", "b=2; Path=/"))
JOINED = (("Set-Cookie", "a=1, b=2; Path=/"),)  # Python 2's getheaders() did that

TEXT = Exchange("GET", f"{BASE}/text?a=1&b=", headers=COOKIES, content="line one\nline two: é\n".encode())
BINARY = Exchange("GET", f"{BASE}/binary", content=bytes(range(256)))
ZIPPED = Exchange("GET", f"{BASE}/zipped", content=b'{"zipped": true}')
FORM = Exchange(
    "POST", f"{BASE}/things", b"a=1&b=%C3%A9", 201, "Created", (("Location", "/things/1"),), content=b'{"id": 1}'
)
PUT = Exchange("PUT", f"{BASE}/things/1", b"\x00\xff\xfe", content=b"stored")
DELETE = Exchange("DELETE", f"{BASE}/things/1", status=204, reason="No Content")
FILE = PUT._replace(body=b"from a file")

ALL = [TEXT, BINARY, ZIPPED, FORM, PUT, DELETE]
OLD = [TEXT._replace(headers=JOINED), *ALL[1:]]
AS_TEXT = [TEXT, FORM, DELETE]  # JSON could hold no bytes
# VCR.py kept no reason and, of bodies, what was UTF-8.
HTTPX = [one._replace(reason="") for one in (TEXT, BINARY._replace(content=bytes(range(128))), ZIPPED, FORM)]

RECORDED = {
    "vcrpy_0.0.1.yaml": OLD[:-1],
    "vcrpy_0.1.0.yaml": OLD,
    "vcrpy_0.3.5.json": [OLD[0], *AS_TEXT[1:]],
    "vcrpy_0.6.0.yaml": ALL,
    "vcrpy_0.6.0.json": AS_TEXT,
    "vcrpy_0.7.0.yaml": ALL,
    "vcrpy_0.7.0_files.yaml": [FILE, FILE],
    "vcrpy_1.0.0.yaml": ALL,
    "vcrpy_1.0.0.json": AS_TEXT,
    "vcrpy_1.0.0_files.yaml": [FILE, FILE],
    "vcrpy_3.0.0.yaml": ALL,
    "vcrpy_3.0.0_files.yaml": [FILE, FILE],
    "vcrpy_4.1.1_requests.yaml": ALL,
    "vcrpy_4.1.1_requests_files.yaml": [FILE, FILE],
    "vcrpy_4.1.1_aiohttp.yaml": [one._replace(body={"a": "1", "b": "é"}) if one is FORM else one for one in ALL],
    "vcrpy_4.1.1_tornado.yaml": ALL,
    "vcrpy_4.1.1_httpx.yaml": HTTPX,
    "vcrpy_4.1.1_boto3.yaml": [PUT],
    "vcrpy_6.0.2_httpx.yaml": [TEXT, BINARY, ZIPPED, FORM],
}


@CLIENTS
@pytest.mark.parametrize("name", RECORDED)
def test_what_an_old_version_recorded_is_replayed(name, replayed):
    with vcr.use_cassette(CASSETTES / name, serializer=Path(name).suffix[1:], record_mode="none") as cassette:
        for exchange in RECORDED[name]:
            assert replayed(exchange) == exchange[3:]
    assert cassette.all_played


def content(request: vcr.Request) -> Any:
    """The body as it is compared: some versions kept the chunks of an upload."""
    return without_chunks(request.body, request.headers) if isinstance(request.body, bytes) else request.body


@pytest.mark.parametrize("name", RECORDED)
def test_the_requests_are_those_that_were_made(name):
    read = [(request.method, request.uri, content(request) or None) for request in load(name)[0]]
    assert read == [exchange[:3] for exchange in RECORDED[name]]


@pytest.mark.parametrize("name", [*RECORDED, "by_hand.yaml", "vcrpy_1_tags.yaml"])
@pytest.mark.parametrize("serializer", [yamlserializer, jsonserializer])
def test_a_cassette_that_is_saved_again_holds_the_same_in_the_present_shape(name, serializer):
    requests_, responses = load(name)
    text = serialize({"requests": requests_, "responses": responses}, serializer)
    again = deserialize(text, serializer)
    assert list(map(shown, again[0])) == list(map(shown, requests_))
    assert again[1] == responses
    assert "!!python" not in text


def test_a_json_cassette_of_vcrpy_that_is_saved_again_differs_in_its_escapes_alone():
    text = (CASSETTES / "vcrpy_1.json").read_text(encoding="utf-8")
    requests_, responses = load("vcrpy_1.json")
    again = serialize({"requests": requests_, "responses": responses}, jsonserializer)
    assert again == json.dumps(json.loads(text), indent=4, ensure_ascii=False) + "\n"


def shown(request: vcr.Request) -> tuple[Any, ...]:
    return request.method, request.uri, request.body, request.headers.pairs()


def test_headers_that_were_bytes_are_text():
    (put,), _ = load("vcrpy_4.1.1_boto3.yaml")
    assert put.headers["Expect"] == "100-continue"


# -- by hand -----------------------------------------------------------------------------------------------------------


def odd(path: str, body: Any = None, /, method: str = "GET", **answer: Any) -> Exchange:
    return Exchange(method, f"http://odd.example/{path}", body, **{"content": b"text", **answer})


def odd_put(path: str, **answer: Any) -> Exchange:
    return odd(path, b"text", method="PUT", **answer)


X_A = (("X-A", "1"),)

BY_HAND = [
    odd("bare", reason="", content=b""),
    odd("nulls", reason="", content=b""),
    odd("empty", b"", reason="", content=b""),
    odd("null-string", headers=X_A, content=b""),
    odd("status/text", status=404, reason="Not Here"),
    odd("status/number", status=418, reason=""),
    odd("status/httpx", status=203, reason=""),
    odd("status/httpx2", status=203, reason=""),
    odd("headers/text", headers=(*X_A, ("X-B", "two"))),
    odd("headers/numbers", headers=(*X_A, ("X-A", "2.5"), ("X-B", "true"))),
    odd("headers/nothing", headers=(("X-A", ""), ("X-B", ""))),
    odd("headers/bytes", headers=(("X-A", "é"),)),
    odd("headers/pairs", headers=(*X_A, ("X-B", "2"), ("X-A", "3"))),
    odd("headers/lines", headers=(*X_A, ("X-B", "a:b"))),
    odd_put("body/text"),
    odd_put("body/bytes"),
    odd_put("body/string-of-bytes"),
    odd("body/number", 12, method="PUT", content=b"34"),
    odd("body/truth", True, method="PUT", content=b"false"),
    odd_put("body/pieces"),
    odd_put("body/base64"),
    odd_put("body/base64-in-lines"),
    odd_put("body/chunks"),
    odd_put("tag/text", headers=X_A),
    odd_put("tag/bytes-io", reason="OK"),
    odd_put("tag/string-io"),
    odd_put("tag/iterator"),
    odd("anchor", headers=X_A),
    odd("alias", headers=X_A),
]
ODD = pytest.mark.parametrize("exchange", BY_HAND, ids=lambda exchange: urlsplit(exchange.uri).path[1:])


@CLIENTS
@ODD
def test_what_is_written_by_hand_is_replayed(exchange, replayed):
    with vcr.use_cassette(CASSETTES / "by_hand.yaml", record_mode="none"):
        status, reason, headers, content = replayed(exchange)
    assert (status, reason, content) == (exchange.status, exchange.reason, exchange.content)
    assert sorted(headers) == sorted(exchange.headers)  # urllib3 shows the values of a name together


@pytest.fixture(scope="module")
def by_hand() -> dict[str, tuple[vcr.Request, dict[str, Any]]]:
    """What is read from the file: the pairs by their URI."""
    return {request.uri: (request, response) for request, response in zip(*load("by_hand.yaml"), strict=True)}


@ODD
def test_its_requests_are_read(exchange, by_hand):
    request, _ = by_hand[exchange.uri]
    assert (request.method, content(request)) == (exchange.method, exchange.body)
    expected = {"X-Q": {"headers/numbers": "1", "headers/nothing": ""}.get(request.path[1:], "q")}
    assert dict(request.headers) in (expected, {}, {"Transfer-Encoding": "chunked"})


@ODD
def test_its_responses_have_the_shape_that_hooks_are_given(exchange, by_hand):
    _, response = by_hand[exchange.uri]
    assert str(response["status"]["code"]) == str(exchange.status)
    assert response["status"].get("message") in (exchange.reason, exchange.reason or None)
    assert (response["body"]["string"] or b"") == exchange.content
    assert all(isinstance(name, str) for name in response.get("headers") or {})


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("text", {"X-A": "1", "X-B": "two"}),
        ("numbers", {"Content-Length": 4, "X-A": [1, 2.5], "X-B": True}),
        ("nothing", {"X-A": [""], "X-B": None, "X-C": []}),
        ("bytes", {"X-A": [b"\xe9"]}),
        ("pairs", {"X-A": ["1", "3"], "X-B": ["2"]}),  # a list of fields is shown as a mapping
        ("lines", {"X-A": ["1"], "X-B": ["a:b"]}),
    ],
)
def test_hooks_see_the_values_of_headers_as_they_stand_in_the_file(path, headers, by_hand):
    assert by_hand[f"http://odd.example/headers/{path}"][1]["headers"] == headers


def test_repeated_fields_keep_their_place_among_the_others(by_hand):
    _, response = by_hand["http://odd.example/headers/pairs"]
    assert response["header_order"] == "X-A X-B X-A"


def test_the_http_version_is_kept_where_it_is_not_1_1(by_hand):
    assert by_hand["http://odd.example/status/httpx"][1]["http_version"] == "1.0"
    assert "http_version" not in by_hand["http://odd.example/status/httpx2"][1]


def test_what_others_have_added_to_a_response_is_kept(by_hand):
    _, response = by_hand["http://odd.example/alias"]
    assert (response["url"], response["elapsed"]) == ("http://odd.example/alias", 0.1)


@CLIENTS
def test_what_came_over_http_2_is_replayed_to_a_client_of_http_1_1(replayed, cassette_path):
    request = "- request: {method: GET, uri: http://odd.example/http2}\n"
    response = "  response: {status_code: 200, http_version: HTTP/2, headers: {}, content: text}\n"
    Path(cassette_path).write_text(request + response, encoding="utf-8")
    with vcr.use_cassette(cassette_path, record_mode="none"):
        assert replayed(odd("http2"))[-1] == b"text"


# -- the whole file ----------------------------------------------------------------------------------------------------

MINIMAL = "interactions:\n- request: {method: GET, uri: http://a.example/}\n  response: {status: {code: 200}}\n"


def test_a_byte_order_mark_is_no_part_of_a_cassette(tmp_path):
    for name, serializer, text in (
        ("a.yaml", yamlserializer, MINIMAL),
        ("a.json", jsonserializer, '{"interactions": []}'),
        ("b.json", jsonserializer, "[]"),
    ):
        (tmp_path / name).write_text("\ufeff" + text, encoding="utf-8")
        assert len(FilesystemPersister.load_cassette(tmp_path / name, serializer)) == 2


def test_an_empty_list_is_an_old_cassette_without_interactions():
    assert deserialize("[]", yamlserializer) == ([], [])


def test_a_version_is_not_needed_and_other_keys_are_not_read():
    assert len(deserialize(MINIMAL + "recorded_with: a program\n", yamlserializer)[0]) == 1


INTERACTION = "interactions:\n- request: {method: GET, uri: http://a.example/}\n  response: {status: {code: 200}}\n- "
REQUEST = "request: {method: GET, uri: http://a.example/}\n  "
RESPONSE = "response: {status: {code: 200}}\n  "

BROKEN = {
    "it is no cassette": ("a: 1", "expected a mapping with a list under"),
    "it is a word": ("cassette", "expected a mapping with a list under"),
    "interactions is a word": ("interactions: word", "expected a mapping with a list under"),
    "an interaction is a word": (INTERACTION + "word", "interaction 2: expected a request with a response, not a str"),
    "there is no request": (INTERACTION + RESPONSE, 'interaction 2: expected a mapping under "request", not nothing'),
    "there is no response": (INTERACTION + REQUEST, 'interaction 2: expected a mapping under "response", not nothing'),
    "there is no method": (INTERACTION + RESPONSE + "request: {uri: x}", "interaction 2: the request's method"),
    "there is no uri": (
        INTERACTION + RESPONSE + "request: {method: GET}",
        "interaction 2: the request's uri is nothing",
    ),
    "a list contains itself": (
        INTERACTION + RESPONSE + "request: {method: GET, uri: x, body: &a [*a]}",
        "line 5: not readable as YAML: the alias 'a' stands for nothing, or for what it is in",
    ),
    "metadata is a word": (MINIMAL + "metadata: x", 'expected a mapping under "metadata", not a str'),
    "a merge was not finished": (MINIMAL + "<<<<<<< HEAD\n- a\n", "line 4: it has an unresolved merge conflict"),
}


@pytest.mark.parametrize(("text", "message"), BROKEN.values(), ids=BROKEN)
def test_what_is_no_cassette_says_what_is_wrong_and_stays_as_it_is(text, message, cassette_path):
    Path(cassette_path).write_text(text, encoding="utf-8")
    with pytest.raises(CassetteLoadError) as caught, vcr.use_cassette(cassette_path, record_mode="all"):
        raise AssertionError("the cassette was opened")
    assert message in str(caught.value)
    assert str(caught.value).startswith(cassette_path)
    assert Path(cassette_path).read_text(encoding="utf-8") == text


# -- a file that says nothing, and an interaction that cannot be replayed -------------------------------------------


@pytest.mark.parametrize("text", ["interactions:\n", "# to be recorded\n", "---\n", "interactions:\nversion: 1\n"])
def test_a_file_that_says_nothing_is_a_new_cassette(text, cassette_path, server):
    Path(cassette_path).write_text(text, encoding="utf-8")
    for _ in range(2):
        with vcr.use_cassette(cassette_path):
            assert through_requests(Exchange("GET", f"{server.url}/text"))[0] == 200
    assert server.hits == 1


ODD_RESPONSES = {
    "nothing": ("null", "expected a mapping, not nothing"),
    "a word": ("bar", "expected a mapping, not 'bar', a str"),
    "empty": ("{}", "its status code is nothing"),
    "a status that is a word": ("{status: {code: OK}, body: null}", "its status code is 'OK', a str"),
    "headers that are a word": ("{status: 200, headers: x, body: null}", "its headers are 'x', a str"),
    "a header without a value": ("{status: 200, headers: [x], body: null}", "its headers are"),
    "a header that is a mapping": (
        "{status: 200, headers: {X-A: {b: c}}, body: null}",
        "the value of X-A in its headers is",
    ),
    "a header that is a list in a list": (
        "{status: 200, headers: {X-A: [[b]]}, body: null}",
        "the value of X-A in its headers is",
    ),
    "trailers that are none": ("{status: 200, trailers: 7, body: null}", "its trailers are 7, a int"),
    "a status of many digits": ("{status: 20000, body: null}", "its status code is 20000, a int"),
    "no body": ("{status: 200, parsed_body: {a: 1}}", "it has no body; it has the keys 'parsed_body', 'status'"),
    "no string": ("{status: 200, body: {data: 1, x: 2}}", "its body has no \"string\"; it has the keys 'data', 'x'"),
    "a body of mappings": ("{status: 200, body: {string: {a: 1}}}", "its body is {'a': 1}, a dict"),
}


@CLIENTS
@pytest.mark.parametrize(("response", "said"), ODD_RESPONSES.values(), ids=ODD_RESPONSES)
def test_only_the_interaction_that_cannot_be_replayed_is_refused_and_when_it_is_asked_for(
    response, said, replayed, cassette_path
):
    good = "{status: {code: 200, message: OK}, headers: {}, body: {string: text}}"
    entries = [
        f"- request: {{method: GET, uri: 'http://odd.example/{path}'}}\n  response: {answer}\n"
        for path, answer in (("good", good), ("odd", response))
    ]
    text = "interactions:\n" + "".join(entries)
    Path(cassette_path).write_text(text, encoding="utf-8")
    with vcr.use_cassette(cassette_path, filter_headers=["X-Any"]) as cassette:
        assert len(cassette.responses) == 2
        assert replayed(odd("good")) == (200, "OK", (), b"text")
        with pytest.raises(CassetteLoadError) as caught:
            replayed(odd("odd"))
    assert str(caught.value).startswith(f"{cassette_path}: the response recorded for <Request (GET)")
    assert said in str(caught.value)
    assert Path(cassette_path).read_text(encoding="utf-8") == text


@CLIENTS
@pytest.mark.parametrize("text", ["1.50", "0x10", "yes", "2020-01-01", "1_000", "12:30:00", "-0", "+1"])
def test_the_text_of_a_body_that_looks_like_something_else_is_text(text, replayed, cassette_path):
    entry = "- request: {method: GET, uri: 'http://odd.example/'}\n  response:\n    body:\n      string: "
    rest = "\n    headers: {}\n    status:\n      code: 200\n      message: OK\nversion: 1\n"
    Path(cassette_path).write_text(f"interactions:\n{entry}{text}{rest}", encoding="utf-8")
    with vcr.use_cassette(cassette_path, record_mode="none"):
        assert replayed(odd(""))[-1] == text.encode()


def test_a_hook_that_writes_a_header_as_text_is_handed_text_when_the_cassette_is_loaded(cassette_path, server):
    seen = []

    def hook(response):
        seen.append(response["headers"].get("link"))
        response["headers"]["link"] = "text"
        return response

    for _ in range(2):
        with vcr.use_cassette(cassette_path, before_record_response=hook) as cassette:
            assert through_requests(Exchange("GET", f"{server.url}/text"))[0] == 200
            assert cassette.responses[0]["headers"]["link"] == "text"
    assert seen == [None, "text"]
    assert "link: text\n" in Path(cassette_path).read_text(encoding="utf-8")


def test_keys_that_a_project_adds_are_there_when_the_cassette_has_been_added_to(cassette_path, server):
    own = "- request: {method: GET, uri: 'http://a.example/'}\n  response: {status: 200, body: null}\n  own: [1]\n"
    Path(cassette_path).write_text(f"interactions:\n{own}ours: {{a: b}}\nversion: 1\n", encoding="utf-8")
    with vcr.use_cassette(cassette_path, record_mode="new_episodes", filter_headers=["X-Any"]):
        assert through_requests(Exchange("GET", f"{server.url}/text"))[0] == 200
    saved = yamlserializer.deserialize(Path(cassette_path).read_text(encoding="utf-8"))
    assert saved["ours"] == {"a": "b"}
    assert [interaction.get("own") for interaction in saved["interactions"]] == [[1], None]


def test_a_forms_fields_are_read_from_aiohttps_own_object():
    (plain, with_a_file), _ = load("vcrpy_6.0.2_aiohttp_forms.yaml")
    assert plain.body == [("a", "1"), ("b", "2")]
    assert with_a_file.body == [("a", "1"), ("file", b"content")]


def test_header_names_of_multidicts_own_type_are_text():
    text = MINIMAL.replace("http://a.example/}", "http://a.example/, headers: {HEADER: v}}")
    text = text.replace("HEADER", "? !!python/object/new:multidict._multidict.istr [X-A] ")
    (request,), _ = deserialize(text, yamlserializer)
    assert request.headers == {"X-A": "v"}


# -- Python's tags are never made into objects ------------------------------------------------------------------------

HARMFUL = [
    "!!python/object/apply:os.mkdir [made]",
    "!!python/object/apply:os.mkdir {args: [made]}",
    "!!python/object/apply:builtins.iter [!!python/object/apply:os.mkdir [made]]",
    "!!python/object/new:_io.BytesIO {state: !!python/tuple [!!python/object/apply:os.mkdir [made], 0, null]}",
    "!!python/object/new:os._wrap_close []",
    "!!python/object:subprocess.Popen {args: mkdir made}",
    "!!python/name:os.mkdir ''",
    "!!python/module:antigravity ''",
    '!!python/object/apply:builtins.eval [\'__import__("os").mkdir("made")\']',
    "!python/own made",
]


@pytest.mark.parametrize("value", HARMFUL)
@pytest.mark.parametrize("where", ["uri", "body", "headers"])
def test_any_other_tag_is_refused_by_name_and_line_and_nothing_is_run(value, where, tmp_path, cassette_path):
    text = f"interactions:\n- request:\n    method: GET\n    {where}: {value}\n"
    Path(cassette_path).write_text(text, encoding="utf-8")
    with pytest.raises(CassetteLoadError, match=r"line 4: .*: the tag (!!python/[\w/]+:[\w.]+|!python/own) stands for"):
        FilesystemPersister.load_cassette(cassette_path, yamlserializer)
    assert [file.name for file in tmp_path.iterdir()] == ["cassette.yaml"]
