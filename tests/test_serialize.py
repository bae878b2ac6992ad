"""Interactions <-> plain data: what VCR.py wrote is read, what is written VCR.py reads, nothing is lost on the way."""

from __future__ import annotations

import enum
import gzip
from collections import OrderedDict
from http import HTTPStatus
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from vcr.errors import CassetteLoadError, CassetteNotFoundError
from vcr.request import Headers, Request
from vcr.response import Response
from vcr.serialize import deserialize, serialize
from vcr.serializers import jsonserializer, yamlserializer

patient = settings(deadline=None)
both_serializers = pytest.mark.parametrize("serializer", [yamlserializer, jsonserializer], ids=["yaml", "json"])

GOLDEN = Path(__file__).parent / "cassettes"


class AsItIs:
    """A serializer that shows the plain data."""

    @staticmethod
    def serialize(cassette_dict):
        return cassette_dict

    @staticmethod
    def deserialize(cassette_string):
        return cassette_string


def plain(request: Request, response: dict) -> dict:
    return serialize({"requests": [request], "responses": [response]}, AsItIs)


def there_and_back(request: Request, response: dict, serializer) -> tuple[Request, dict]:
    text = serialize({"requests": [request], "responses": [response]}, serializer)
    # What goes into a file comes out of it in UTF-8, line ends as they are.
    requests, responses = deserialize(text.encode("utf-8").decode("utf-8"), serializer)
    assert (len(requests), len(responses)) == (1, 1)
    return requests[0], responses[0]


def answer(body=b"body", **more) -> dict:
    return Response.of(200, "OK", {"Content-Type": "text/plain"}, body, **more).data


# -- the shape that is written ----------------------------------------------------------------------------------------


def test_an_interaction_is_written_in_vcrpys_shape():
    request = Request("POST", "http://h/p?a=1", b"sent", [("Accept", "a"), ("X", "1"), ("Accept", "b")])
    assert plain(request, answer("grün".encode())) == {
        "version": 1,
        "interactions": [
            {
                "request": {
                    "method": "POST",
                    "uri": "http://h/p?a=1",
                    "body": "sent",
                    "headers": {"Accept": ["a", "b"], "X": ["1"]},
                },
                "response": {
                    "status": {"code": 200, "message": "OK"},
                    "headers": {"Content-Type": ["text/plain"]},
                    "body": {"string": "grün"},
                },
            }
        ],
    }


@pytest.mark.parametrize(
    ("serializer", "top", "request_keys", "response_keys"),
    [
        (
            jsonserializer,
            ["version", "interactions"],
            ["method", "uri", "body", "headers"],
            ["status", "headers", "body"],
        ),
        (
            yamlserializer,
            ["interactions", "version"],
            ["body", "headers", "method", "uri"],
            ["body", "headers", "status"],
        ),
    ],
    ids=["json", "yaml"],
)
def test_keys_stand_in_the_order_in_which_vcrpy_writes_them(serializer, top, request_keys, response_keys):
    text = serialize({"requests": [Request("GET", "http://h/")], "responses": [answer()]}, serializer)
    data = serializer.deserialize(text)
    (interaction,) = data["interactions"]
    assert list(data) == top
    assert list(interaction) == ["request", "response"]
    assert list(interaction["request"]) == request_keys
    assert list(interaction["response"]) == response_keys


@pytest.mark.parametrize(
    ("body", "written"),
    [(b"text", "text"), ("grün".encode(), "grün"), (b"\xff\xfe", b"\xff\xfe"), (b"", ""), (None, None)],
)
def test_bodies_that_are_text_are_written_as_text(body, written):
    assert plain(Request("POST", "http://h/", body), answer())["interactions"][0]["request"]["body"] == written


def test_saving_does_not_change_what_the_cassette_holds():
    response = answer()
    serialize({"requests": [Request("GET", "http://h/")], "responses": [response]}, yamlserializer)
    assert response == answer()


def test_every_request_needs_its_response():
    with pytest.raises(ValueError, match="argument"):
        serialize({"requests": [Request("GET", "http://h/")], "responses": []}, AsItIs)


# -- nothing is lost --------------------------------------------------------------------------------------------------

#: Text that YAML, JSON or a text file could take for something else.
TRICKY = [
    *(
        "null",
        "~",
        "1",
        "1.0",
        "0x10",
        "true",
        "yes",
        "2020-01-01",
        "---",
        "...",
        "- a",
        "a: b",
        "# no comment",
        "!!binary x",
    ),
    *("&a", "*a", "%TAG", "@", "`", "|", ">", "?", ": ", "''", '"', "{}", "[]", "<<", "=", "\\", "\\n", "{{ x }}"),
    *(
        " leading",
        "trailing ",
        "\n",
        "\n\n",
        " \n",
        "\n ",
        "a\n",
        "a\n\n",
        "\na",
        "a\n b\n",
        "  a\nb",
        "a \nb",
        "\ta\nb",
        "a\tb",
    ),
    *(
        "a\r\nb\r\n",
        "a\rb",
        "\r",
        "a\x85b",
        "a\nb\x85",
        "a\u2028b",
        "\u2029",
        "a\n\u2028b",
        "\ufeff",
        "a\n\ufeffb",
        "\x00",
        "a\n\x07",
    ),
    *(
        "é",
        "日本\n語",
        "😀",
        "a\n😀",
        "\ufffe",
        "\uffff",
        "a\n\uffff",
        "\x7f",
        "\x80\n",
        "\xa0",
        "\xad\n\xad",
        "e\u0301",
    ),
    *(
        "x" * 5000,
        "word " * 1000,
        "\n".join(["line"] * 300),
        "#\n# a\n",
        "---\na: b\n...\n",
        "- |\n  a\n",
        "--- \n",
        "a\n---\nb",
    ),
]

texts = st.text(max_size=30) | st.text(" \n\t\r\x85\u2028ab:#-'\"|>é", max_size=12) | st.sampled_from(TRICKY)
bodies = st.binary(max_size=40) | texts.map(str.encode)
pairs = st.lists(st.tuples(st.text("aAbB-", min_size=1, max_size=4) | texts, texts), max_size=5)


@both_serializers
@pytest.mark.parametrize("text", TRICKY, ids=range(len(TRICKY)))
def test_no_text_is_taken_for_something_else(text, serializer):
    sent = Request("POST", f"http://h/?{text}", text, {"X": text, "Y": [text, text]})
    request, response = there_and_back(sent, answer(text.encode()), serializer)
    assert (request.body, request.uri, request.headers) == (text.encode(), f"http://h/?{text}", sent.headers)
    assert response == answer(text.encode())


@both_serializers
@patient
@given(method=texts, uri=texts, body=st.none() | bodies, headers=pairs)
@example(method="GET", uri="http://h/", body=b"", headers=[("A", "1"), ("a", "2")])
def test_every_request_comes_back(serializer, method, uri, body, headers):
    sent = Request(method, uri, body, headers)
    request, _ = there_and_back(sent, answer(), serializer)
    assert (request.method, request.uri, request.body) == (method, uri, body)
    assert request.headers.grouped() == sent.headers.grouped()
    assert list(request.headers) == list(Headers(sent.headers.grouped()))


@both_serializers
@patient
@given(
    status=st.integers(100, 999),
    reason=texts,
    headers=pairs,
    pieces=st.lists(st.binary(min_size=1, max_size=9), max_size=5) | texts.map(lambda text: [text.encode()]),
    trailers=pairs,
    incomplete=st.booleans(),
    version=st.sampled_from(["1.0", "1.1"]),
)
def test_every_response_comes_back(*, serializer, status, reason, headers, pieces, trailers, incomplete, version):
    response = Response.of(
        status,
        reason,
        headers,
        b"".join(pieces),
        http_version=version,
        chunks=map(len, pieces),
        trailers=trailers,
        incomplete=incomplete,
    ).data
    _, read = there_and_back(Request("GET", "http://h/"), response, serializer)
    assert read == response
    assert list(read["headers"]) == list(response["headers"])
    assert Response(read).pieces == Response(response).pieces


ODD = (
    *(None, 0, -1, True, 1.5, "", "x", "ü", "\ud800", "http://h:x/", "http://[", b"x"),
    *([], ["x"], ["\ud800"], [["x"]], {}, {"x": "y"}, {("x",): "y"}, (1,)),
)


def usual() -> dict:
    return plain(Request("POST", "http://h:81/?a=b", "é", {"A": ["1", "2"]}), answer("é".encode()))["interactions"][0]


def places(data, *above) -> list[tuple]:
    """The way to each value in ``data``, and to one that is not there."""
    if isinstance(data, dict):
        inside = [*data.items(), ("more", None)]
    else:
        inside = list(enumerate(data)) if isinstance(data, list) else []
    return [place for key, value in inside for place in ((*above, key), *places(value, *above, key))]


@pytest.mark.parametrize("odd", ODD, ids=ascii)
def test_what_looks_as_usual_can_be_read_later(odd):
    """What cannot be read is said when the cassette is opened."""
    for *way, last in places(usual()):
        interaction = holder = usual()
        for key in way:
            holder = holder[key]
        holder[last] = odd
        try:
            stored = deserialize({"interactions": [interaction]}, AsItIs).interactions[0]
        except CassetteLoadError:
            continue
        assert stored.target == (stored.request.method, stored.request.uri)


@both_serializers
@patient
@given(st.lists(st.tuples(bodies, bodies), max_size=4))
def test_saving_again_what_was_loaded_gives_the_same_text(serializer, contents):
    requests = [Request("POST", "http://h/", sent) for sent, _ in contents]
    text = serialize({"requests": requests, "responses": [answer(body) for _, body in contents]}, serializer)
    requests, responses = deserialize(text, serializer)
    assert serialize({"requests": requests, "responses": responses}, serializer) == text


class Verb(str, enum.Enum):
    GET = "GET"


@both_serializers
@pytest.mark.parametrize(
    ("change", "read"),
    [
        ({"body": {"string": bytearray(b"\xff")}}, {"body": {"string": b"\xff"}}),
        ({"body": {"string": "text"}}, {"body": {"string": b"text"}}),
        ({"status": {"code": HTTPStatus.OK, "message": "OK"}}, {"status": {"code": 200, "message": "OK"}}),
        ({"headers": OrderedDict(A=["1"])}, {"headers": {"A": ["1"]}}),
        ({"headers": {"A": ("1", "2")}}, {"headers": {"A": ["1", "2"]}}),
        ({"headers": {"A": "1"}}, {"headers": {"A": "1"}}),
        ({"headers": {"A": [Verb.GET]}}, {"headers": {"A": ["GET"]}}),
    ],
    ids=["bytearray", "str", "IntEnum", "OrderedDict", "tuple", "plain string", "str enum"],
)
def test_whatever_kind_of_value_a_hook_has_left_is_saved_as_what_it_stands_for(change, read, serializer):
    _, response = there_and_back(Request("GET", "http://h/"), {**answer(), **change}, serializer)
    assert response == {**answer(), **read}


@both_serializers
def test_the_content_of_a_chunked_upload_is_not_taken_for_its_chunks(serializer):
    # The body is kept without its chunks; this one is what somebody captured of another upload.
    sent = Request("POST", "http://h/", b"3\r\nabc\r\n0\r\n\r\n", {"Transfer-Encoding": "chunked"})
    request, _ = there_and_back(sent, answer(), serializer)
    assert request.body == sent.body


@both_serializers
def test_a_method_that_is_an_enum_is_saved_as_its_value(serializer):
    request, _ = there_and_back(Request(Verb.GET, "http://h/"), answer(), serializer)
    assert request.method == "GET"


@both_serializers
def test_a_body_of_no_known_kind_that_is_plain_data_is_saved(serializer):
    request, _ = there_and_back(Request("POST", "http://h/", {"field": ["value"]}), answer(), serializer)
    assert request.body == {"field": ["value"]}


@both_serializers
def test_keys_that_others_add_are_kept(serializer):
    _, response = there_and_back(Request("GET", "http://h/"), {**answer(), "theirs": {"a": [1]}}, serializer)
    assert response["theirs"] == {"a": [1]}


# -- what VCR.py wrote ------------------------------------------------------------------------------------------------


def golden(name: str) -> list[tuple[Request, Response]]:
    serializer = jsonserializer if name.endswith(".json") else yamlserializer
    requests, responses = deserialize((GOLDEN / name).read_text(encoding="utf-8"), serializer)
    return list(zip(requests, map(Response, responses), strict=True))


TWO_LINES = "första raden\nsecond line".encode()


def test_a_yaml_cassette_of_vcrpy_9():
    text, binary, zipped, empty, cookies, posted, posted_binary = golden("vcrpy_1.yaml")

    assert (text[0].method, text[0].uri, text[0].body) == ("GET", "http://api.example/text?a=1&b=", None)
    assert text[0].headers == {"Connection": "close", "Host": "api.example", "User-Agent": "Python-urllib/3.11"}
    assert (text[1].status, text[1].reason, text[1].body) == (200, "OK", "line one\nline two: é日\n".encode())
    assert binary[1].body == bytes(range(256))
    assert zipped[1].headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(zipped[1].body) == b'{"zipped": true}'
    assert (empty[0].method, empty[0].body) == ("PUT", b"")
    assert (empty[1].status, empty[1].reason, empty[1].body) == (204, "No Content", b"")
    assert cookies[1].headers.get_all("set-cookie") == ["a=1", "b=2; Path=/"]
    assert posted[0].body == posted[1].body == TWO_LINES
    assert posted_binary[0].body == posted_binary[1].body == b"\x00\xff\xfe\r\n"


def test_a_json_cassette_of_vcrpy_9():
    text, cookies, empty, posted = golden("vcrpy_1.json")
    assert (text[0].method, text[0].uri, text[0].body) == ("GET", "http://api.example/text?a=1&b=", None)
    assert text[1].body == "line one\nline two: é日\n".encode()
    assert cookies[1].headers.get_all("set-cookie") == ["a=1", "b=2; Path=/"]
    assert (empty[0].body, empty[1].status, empty[1].body) == (b"", 204, b"")
    assert posted[0].body == posted[1].body == TWO_LINES


def test_a_cassette_of_vcrpy_with_the_tags_of_iterators_and_files():
    from_iterator, from_file = golden("vcrpy_1_tags.yaml")
    assert from_iterator[0].body == b"onetwo"
    assert from_file[0].body == b"onetwo"


@pytest.mark.parametrize("name", ["vcrpy_1.yaml", "vcrpy_1.json"])
def test_a_cassette_of_vcrpy_that_is_saved_again_says_the_same(name):
    requests, responses = map(list, zip(*golden(name), strict=True))
    serializer = jsonserializer if name.endswith(".json") else yamlserializer
    text = serialize({"requests": requests, "responses": [response.data for response in responses]}, serializer)
    again_requests, again_responses = deserialize(text, serializer)
    assert [response.data for response in responses] == again_responses
    for request, again in zip(requests, again_requests, strict=True):
        assert (again.method, again.uri, again.body, again.headers) == (
            *(request.method, request.uri, request.body, request.headers),
        )


def read_response(response: dict) -> Response:
    data = {"version": 1, "interactions": [{"request": {"method": "GET", "uri": "http://h/"}, "response": response}]}
    requests, responses = deserialize(data, AsItIs)
    assert (requests[0].body, requests[0].headers) == (None, {})
    return Response(responses[0])


@pytest.mark.parametrize(
    ("change", "attribute", "value"),
    [
        ({"status": {"code": 200, "message": None}}, "reason", None),
        ({"status": {"code": 200}}, "reason", None),
        ({"status": {"code": "200", "message": "OK"}}, "status", 200),
        ({"headers": {"A": "1"}}, "headers", {"A": "1"}),
        ({"headers": {"A": b"caf\xe9"}}, "headers", {"A": "café"}),
        ({"headers": None}, "headers", {}),
        ({"body": {"string": None}}, "body", b""),
        ({"body": {}}, "body", b""),
        ({"body": None}, "body", b""),
        ({"body": "text"}, "body", b"text"),
        ({"body": {"string": 7}}, "body", b"7"),
    ],
)
def test_a_response_may_be_sparse_or_of_another_time(change, attribute, value):
    assert getattr(read_response({**answer(), **change}), attribute) == value


@pytest.mark.parametrize("missing", ["headers", "body"])
def test_a_response_may_lack_what_is_empty(missing):
    data = answer(b"")
    del data[missing]
    assert read_response(data).body == b""


def test_the_shape_that_vcrpy_once_wrote_for_httpx_is_read():
    response = read_response(
        {"status_code": 404, "http_version": "HTTP/1.1", "headers": {"content-type": ["text/plain"]}, "content": "grün"}
    )
    assert (response.status, response.body) == (404, "grün".encode())
    assert response.headers == {"Content-Type": "text/plain"}


def test_the_list_of_interactions_that_vcrpy_wrote_before_1_is_read():
    request = {"method": "GET", "protocol": "https", "host": "h", "port": 8443, "path": "/p?a=1", "body": None}
    response = {"status": {"code": 200, "message": "OK"}, "headers": ["A: 1\r\n", "B: 2\r\n"], "body": {"string": "x"}}
    requests, responses = deserialize([{"request": request, "response": response}], AsItIs)
    assert [request.uri for request in requests] == ["https://h:8443/p?a=1"]
    assert responses[0]["headers"] == {"A": ["1"], "B": ["2"]}
    assert responses[0]["body"] == {"string": b"x"}


# -- metadata ---------------------------------------------------------------------------------------------------------


@both_serializers
def test_metadata_is_kept_beside_the_interactions(serializer):
    text = serialize({"requests": [], "responses": [], "metadata": {"seed": 7}}, serializer)
    contents = deserialize(text, serializer)
    requests, responses = contents  # plugins unpack two
    assert (requests, responses, contents.metadata) == ([], [], {"seed": 7})


def test_a_cassette_without_metadata_has_none():
    assert plain(Request("GET", "http://h/"), answer()).keys() == {"version", "interactions"}
    assert deserialize({"interactions": []}, AsItIs).metadata == {}


def test_metadata_that_is_no_mapping_is_an_error():
    with pytest.raises(CassetteLoadError, match='expected a mapping under "metadata"'):
        deserialize({"interactions": [], "metadata": ["x"]}, AsItIs)


# -- what is no cassette ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", ["text", 7, {"a": 1}, {"interactions": 7}, {"interactions": None, "a": 1}])
def test_what_is_no_cassette_is_an_error_that_says_what_was_expected(data):
    with pytest.raises(CassetteLoadError, match='expected a mapping with a list under "interactions"'):
        deserialize(data, AsItIs)


@pytest.mark.parametrize(
    "data", [None, {}, {"interactions": None}, {"version": 1}, {"interactions": None, "version": 1}]
)
def test_what_says_nothing_is_no_cassette_yet(data):
    with pytest.raises(CassetteNotFoundError):
        deserialize(data, AsItIs)


def test_an_empty_mapping_of_interactions_is_a_cassette_without_any_as_in_vcrpy():
    assert deserialize({"interactions": {}}, AsItIs) == ([], [])


GOOD = {"request": {"method": "GET", "uri": "http://h/"}, "response": answer()}


@pytest.mark.parametrize(
    "bad",
    [
        *(None, 7, "text", [], {}),
        {"request": GOOD["request"]},
        {"response": GOOD["response"]},
        {**GOOD, "request": None},
        {**GOOD, "request": {"method": "GET"}},
        {**GOOD, "request": {"uri": "http://h/"}},
        {**GOOD, "request": {**GOOD["request"], "headers": 7}},
    ],
    ids=repr,
)
def test_an_interaction_that_cannot_be_read_is_named(bad):
    with pytest.raises(CassetteLoadError, match=r"^interaction 2: "):
        deserialize({"interactions": [GOOD, bad, GOOD]}, AsItIs)


@pytest.mark.parametrize(
    "response",
    [
        *(None, "bar", {}, {"status": {}}),
        {**answer(), "headers": ["A"]},
        {**answer(), "headers": {"A": {"b": "c"}}},
        {**answer(), "headers": {"A": [["b"]]}},
        {**answer(), "body": {"string": {"a": 1}}},
        {**answer(), "body": {"parsed_body": {"a": 1}}},
        {"status": {"code": 200, "message": "OK"}, "headers": {}, "parsed_body": {"a": 1}},
    ],
    ids=repr,
)
def test_a_response_that_cannot_be_replayed_is_read_and_saved_as_it_stands(response):
    read = deserialize({"interactions": [GOOD, {**GOOD, "response": response}]}, AsItIs)
    assert read[1] == [answer(), response]
    assert read.interactions[0].response.fault is None
    assert read.interactions[1].response.fault
    again = serialize({"requests": read[0], "responses": read[1]}, yamlserializer)
    assert deserialize(again, yamlserializer)[1] == [answer(), response]


@both_serializers
@pytest.mark.parametrize(
    "change",
    [
        {"headers": {"Link": "text", "X-Number": 5, "X-List": ["1", 2], "X-Null": None}},
        {"status": {"code": 200}},
        {"status": {"code": "200", "message": None}},
        {"status": {"code": 200.0, "message": "OK"}},
        {"body": {"string": None}},
        {"body": {"string": b"body", "parsed_body": {"a": [1]}}},
        {"url": "http://h/", "own": {"a": 1}},
    ],
    ids=repr,
)
def test_a_value_keeps_its_shape_and_can_be_replayed(change, serializer):
    _, response = there_and_back(Request("GET", "http://h/"), {**answer(), **change}, serializer)
    assert response == {**answer(), **change}
    read = Response(response)
    assert read.fault is None
    assert (read.status, read.reason) == (200, response["status"].get("message"))
    assert read.headers.get("X-Number", "5") == "5"
    assert read.headers.get_all("X-List") in ([], ["1", "2"])
    assert read.headers.get("X-Null", "") == ""


@both_serializers
def test_what_a_project_keeps_beside_an_interaction_and_at_the_top_is_saved_again(serializer):
    interaction = {**GOOD, "comment": "slow", "recorded_at": "2026-11-27", "a first key": {"b": [1]}}
    read = deserialize({"interactions": [GOOD, interaction], "own": {"c": 1}, "version": 1}, AsItIs)
    kept = {
        "requests": read[0],
        "responses": read[1],
        "beside": [interaction.response.beside for interaction in read.interactions],
        "others": read.beside,
    }
    again = serializer.deserialize(serialize(kept, serializer))
    assert again["own"] == {"c": 1}
    assert again["interactions"][0].keys() == GOOD.keys()
    assert {key: value for key, value in again["interactions"][1].items() if key not in GOOD} == {
        key: value for key, value in interaction.items() if key not in GOOD
    }
    assert next(iter(again["interactions"][1])) == "request"


@both_serializers
def test_a_cassette_without_interactions_is_one(serializer):
    assert deserialize(serialize({"requests": [], "responses": []}, serializer), serializer) == ([], [])


def test_deserialize_returns_two_lists_as_in_vcrpy():
    requests, responses = deserialize({"version": 1, "interactions": [GOOD]}, AsItIs)
    assert [type(request) for request in requests] == [Request]
    assert responses == [answer()]
