"""cassetter's cassettes, in YAML and in TOML: what stands in them, and what does not.

The golden files were recorded with the version that they are named after, from the server of the conformance suite, and
their host was given another name.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
import requests

import vcr
from tests.server import TEXT, all_bytes
from vcr.errors import CassetteLoadError
from vcr.formats import cassetter
from vcr.persisters.filesystem import FilesystemPersister
from vcr.serialize import deserialize
from vcr.serializers import jsonserializer, yamlserializer

CASSETTES = Path(__file__).parent / "cassettes"
BASE = "http://foreign.example"
WORDS = b'{"yes": "no", "2020-01-01": ["1:30", "<<", "=", "gr\\u00fc\\u00df", "a\\nb\\n", 1.5, null, 1000]}'

#: Three of them as the same version writes them in TOML.
TOML = r"""version = 1

[[interactions]]
recorded_at = "2026-11-28T00:08:10.919955+00:00"

[interactions.request]
method = "GET"
uri = "http://foreign.example/latin"
body_type = "none"

[interactions.request.headers]
accept = ["*/*"]

[interactions.response]
status = 404
body_type = "binary"
body_content = "636166e9"

[interactions.response.headers]
content-length = ["4"]
content-type = ["text/plain; charset=latin-1"]

[[interactions]]
recorded_at = "2026-11-28T00:08:10.896599+00:00"

[interactions.request]
method = "GET"
uri = "http://foreign.example/text"
body_type = "none"

[interactions.request.headers]

[interactions.response]
status = 200
body_type = "text"
body_content = '''
To be, or not to be,
that is the question.
'''

[interactions.response.headers]
content-length = ["43"]
content-type = ["text/plain; charset=utf-8"]

[[interactions]]
recorded_at = "2026-11-28T00:08:10.928046+00:00"

[interactions.request]
method = "PUT"
uri = "http://foreign.example/words"
body_type = "json"
body_content = '{"yes":"no","2020-01-01":["1:30","<<","=","grüß","a\nb\n",1.5,null,1000]}'

[interactions.request.headers]
content-length = ["93"]
content-type = ["application/json"]

[interactions.response]
status = 200
body_type = "json"
body_content = '{"yes":"no","2020-01-01":["1:30","<<","=","grüß","a\nb\n",1.5,null,1000]}'

[interactions.response.headers]
content-length = ["93"]
content-type = ["application/json"]
date-of = ["2020-01-01"]
"""

needs_toml = pytest.mark.skipif(sys.version_info < (3, 11), reason="Python 3.10 reads no TOML")


def test_what_it_has_recorded_in_yaml():
    contents = FilesystemPersister.load_cassette(CASSETTES / "cassetter_0.16.1.yaml", yamlserializer)
    found = by_place(contents)
    assert len(found) == 13
    bodies = {place: response.body for place, (_, response) in found.items()}
    assert bodies["GET", "/text"] == bodies["GET", "/gzip"] == TEXT
    assert bodies["GET", "/bytes/300"] == all_bytes(300)
    assert bodies["GET", "/latin"] == b"caf\xe9"
    assert bodies["GET", "/status/204"] == bodies["HEAD", "/text"] == b""
    assert bodies["PUT", "/words"] == WORDS
    sent = {place: request.body for place, (request, _) in found.items()}
    assert sent["PUT", "/words"] == WORDS
    assert sent["POST", "/echo?q=1&q=2"] == b"a=1&b=%C3%A9"
    assert sent["POST", "/text"] == bytes(range(256))
    assert sent["GET", "/text"] is None
    _, response = found["PUT", "/words"]
    assert response.headers["Date-Of"] == "2020-01-01"
    assert (response.status, response.reason, response.recorded_at.year) == (200, None, 2026)
    assert list(contents.losses()) == []


@needs_toml
def test_what_it_has_recorded_in_toml():
    contents = deserialize(TOML, cassetter.TOML)
    found = by_place(contents)
    assert [response.body for _, response in found.values()] == [b"caf\xe9", TEXT, WORDS]
    assert found["PUT", "/words"][0].body == WORDS
    assert found["GET", "/text"][1].recorded_at.year == 2026
    assert list(contents.losses()) == []


def by_place(contents):
    pairs = (one.pair() for one in contents.interactions)
    return {(request.method, request.uri.removeprefix(BASE)): (request, response) for request, response in pairs}


def test_it_is_replayed_and_saved_in_version_1(tmp_path):
    path = tmp_path / "cassette.yaml"
    shutil.copy(CASSETTES / "cassetter_0.16.1.yaml", path)
    with vcr.use_cassette(path, record_mode="new_episodes") as cassette:
        replayed = requests.put(f"{BASE}/words", data=WORDS, timeout=10)
        assert replayed.content == WORDS
        cassette.append(vcr.Request("GET", f"{BASE}/new"), {"status": {"code": 200, "message": "OK"}, "body": {}})
    assert cassette.play_count == 1
    contents = FilesystemPersister.load_cassette(path, yamlserializer)
    assert len(contents.interactions) == 14
    assert not cassetter.claims(yamlserializer.deserialize(path.read_text(encoding="utf-8")))


INTERACTION = """\
- request:
    method: GET
    uri: http://h/
    headers: {}
    body:
      type: none
  response:
    status: 200
    headers:
      content-length:
      - "%s"
    body:
      type: %s
      content: %s
"""


@pytest.mark.parametrize(
    ("length", "body"),
    [
        (15, b'{"a": "\\u00e9"}'),
        (11, '{"a": "é"}'.encode()),
        (10, '{"a":"é"}'.encode()),
        (14, b'{"a":"\\u00e9"}'),
        (12, b'{"a": "\\u00e9"}'),
    ],
)
def test_json_is_spelt_as_its_length_tells(length, body):
    contents = deserialize(f"interactions:\n{INTERACTION % (length, 'json', '{a: é}')}", yamlserializer)
    assert contents.interactions[0].response.body == body
    told = [] if length == len(body) else ["interaction 1: how the JSON of the response was spelt is not in the file"]
    assert list(contents.losses()) == told


def test_text_that_yaml_1_1_takes_for_a_date_is_text():
    contents = deserialize(f"interactions:\n{INTERACTION % (10, 'text', '2020-13-45')}", yamlserializer)
    assert contents.interactions[0].response.body == b"2020-13-45"


def test_the_same_in_json():
    body = {"type": "json", "content": [1]}
    one = {"request": {"method": "GET", "uri": "http://h/", "body": {"type": "none"}}}
    data = {"version": 1, "interactions": [one | {"response": {"status": 200, "headers": {}, "body": body}}]}
    found = deserialize(jsonserializer.serialize(data), jsonserializer).interactions[0]
    assert (found.request.uri, found.response.status, found.response.body) == ("http://h/", 200, b"[1]")


def test_what_is_no_http_is_told():
    text = f"interactions:\n{INTERACTION % (1, 'text', 'x')}ws_interactions:\n- uri: ws://h/\n  frames: []\n"
    assert list(deserialize(text, yamlserializer).losses()) == [
        "the cassette: its 1 interactions by WebSocket are left out"
    ]
    alone = "version: 1\ninteractions: []\ngrpc_interactions:\n- request: {}\n- request: {}\n"
    assert list(deserialize(alone, yamlserializer).losses()) == [
        "the cassette: its 2 interactions by gRPC are left out"
    ]


@pytest.mark.parametrize(
    ("kind", "content", "said"),
    [
        ("binary", "xyz", "interaction 1: non-hexadecimal number found"),
        ("html", "x", "interaction 1: a body of the type html is 'x'; valid types: none, json, text, binary"),
        ("text", "5", "interaction 1: a body of the type text is 5; valid types: "),
    ],
)
def test_what_is_wrong_is_told(kind, content, said):
    with pytest.raises(CassetteLoadError) as error:
        deserialize(f"interactions:\n{INTERACTION % (1, kind, content)}", yamlserializer)
    assert str(error.value).startswith(said)


def test_json_that_cannot_be_read_is_an_error_of_its_interaction():
    part = "body_type: json, body_content: '{'"
    text = (
        f"interactions:\n- {{request: {{method: GET, uri: 'http://h/', {part}}}, response: {{status: 200, {part}}}}}\n"
    )
    with pytest.raises(CassetteLoadError, match=r"^interaction 1: Expecting property name"):
        deserialize(text, yamlserializer)


def test_a_body_of_vcrpys_that_looks_like_one_of_these_stays_what_it_is():
    """aiohttp's ``json=``, which VCR.py keeps as an object."""
    text = """\
interactions:
- request:
    body:
      type: text
      when: 2020-01-01
    headers: {}
    method: POST
    uri: http://h/
  response:
    body: {string: x}
    headers: {}
    status: {code: 200, message: OK}
version: 1
"""
    request, response = deserialize(text, yamlserializer).interactions[0].pair()
    assert request.body["type"] == "text"
    assert not isinstance(request.body["when"], str)
    assert response.body == b"x"


@pytest.mark.parametrize("text", ["a = ", "[[interactions]]\nrequest = 1979-99-99"])
@needs_toml
def test_what_is_no_toml_is_told(text):
    with pytest.raises(CassetteLoadError, match="not readable as TOML"):
        cassetter.TOML.deserialize(text)


@pytest.mark.skipif(sys.version_info >= (3, 11), reason="this Python reads TOML")
def test_python_3_10_says_what_reads_toml():
    with pytest.raises(CassetteLoadError, match=r"TOML can be read with Python 3\.11 and later"):
        cassetter.TOML.deserialize("a = 1")
