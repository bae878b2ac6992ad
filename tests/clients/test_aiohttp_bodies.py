"""Cassettes of VCR.py's aiohttp stub hold what the program gave as its body, as objects: they are replayed.

The two cassettes were recorded by VCR.py 9.4.2: one request for each kind of body, each to the path of its name.
"""

from __future__ import annotations

import asyncio
import io
import shutil
from pathlib import Path
from typing import Any

import pytest

import vcr
from vcr.errors import CannotOverwriteExistingCassetteException
from vcr.matchers import DEFAULT_MATCH_ON

aiohttp = pytest.importorskip("aiohttp")
from multidict import MultiDict  # noqa: E402  (a part of aiohttp)

CASSETTES = Path(__file__).parent.parent / "cassettes"

JSON = {"a": 1, "b": [1, None, {"c": True}], "é": 1.5}

#: How each request was made (a file is opened when it is needed), and the body that a hook is shown.
MADE: dict[str, tuple[dict[str, Any], Any]] = {
    "data_dict": ({"data": {"a": "1", "b": "2"}}, {"a": "1", "b": "2"}),
    "data_dict_int": ({"data": {"a": 1}}, {"a": 1}),
    "data_dict_bytes": ({"data": lambda: {"file": io.BytesIO(b"content")}}, {"file": b"content"}),
    "data_empty_dict": ({"data": {}}, {}),
    "data_pairs": ({"data": [("a", "1"), ("b", "2")]}, [("a", "1"), ("b", "2")]),
    "data_tuple": ({"data": (("a", "1"), ("b", "2"))}, (("a", "1"), ("b", "2"))),
    "data_multidict": ({"data": MultiDict([("a", "1"), ("a", "2")])}, ("a",)),  # VCR.py kept the names alone
    "data_bytes": ({"data": b"content"}, b"content"),
    "data_binary": ({"data": b"\xff\xfe"}, b"\xff\xfe"),
    "data_str": ({"data": "content é"}, "content é".encode()),
    "data_file": ({"data": lambda: io.BytesIO(b"content")}, b"content"),
    "data_textfile": ({"data": lambda: io.StringIO("content é")}, "content é".encode()),
    "json_dict": ({"json": JSON}, JSON),
    "json_flat": ({"json": {"a": "1"}}, {"a": "1"}),
    "json_list": ({"json": [1, 2]}, [1, 2]),
    "json_strs": ({"json": ["x", "y"]}, ["x", "y"]),
    "json_pairs": ({"json": [["a", "1"]]}, [["a", "1"]]),
    "json_tuple": ({"json": (1, 2)}, (1, 2)),
    "json_int": ({"json": 5}, 5),
    "json_float": ({"json": 1.5}, 1.5),
    "json_zero": ({"json": 0}, 0),
    "json_true": ({"json": True}, True),
    "json_false": ({"json": False}, False),
    "json_str": ({"json": "text"}, b"text"),
    "json_empty": ({"json": {}}, {}),
    "json_emptylist": ({"json": []}, []),
}
NOT_IN_JSON = {
    "data_tuple",
    "data_multidict",
    "data_binary",
    "data_dict_bytes",
    "data_file",
    "data_textfile",
    "json_tuple",
}
RECORDED = [
    pytest.param(name, suffix, id=f"{name}-{suffix}")
    for name in MADE
    for suffix in ("yaml", "json")
    if suffix == "yaml" or name not in NOT_IN_JSON
]
recorded = pytest.mark.parametrize(("name", "suffix"), RECORDED)


async def post(path: str, **how: Any) -> str:
    how = {key: value() if callable(value) else value for key, value in how.items()}
    async with aiohttp.ClientSession() as session, session.post(f"http://old.example:8080/{path}", **how) as response:
        return await response.text()


def cassette_of(suffix: str) -> Path:
    return CASSETTES / f"vcrpy_9.4.2_aiohttp_bodies.{suffix}"


def replaying(suffix: str, **options: Any) -> Any:
    return vcr.use_cassette(cassette_of(suffix), serializer=suffix, record_mode="none", **options)


@recorded
@pytest.mark.parametrize("matcher", [None, "body", "raw_body"])
def test_the_same_request_is_replayed_whether_or_not_its_body_is_matched(name, suffix, matcher):
    if (name, matcher) == ("json_str", "raw_body"):
        pytest.skip("the text of a JSON string is kept without its quotes: raw_body takes it for what it is")
    match_on = (*DEFAULT_MATCH_ON, matcher) if matcher else DEFAULT_MATCH_ON
    with replaying(suffix, match_on=match_on):
        assert asyncio.run(post(name, **MADE[name][0])).startswith("got ")


@pytest.mark.parametrize("name", ["data_dict", "data_pairs", "data_tuple", "json_dict", "json_list", "json_zero"])
@pytest.mark.parametrize("different", [{"data": {"a": "2"}}, {"json": {"a": "1"}}, {"data": b"text"}, {}])
def test_a_request_with_another_body_is_refused_when_bodies_are_matched(name, different):
    refused = pytest.raises(CannotOverwriteExistingCassetteException, match="body")
    with replaying("yaml", match_on=(*DEFAULT_MATCH_ON, "body")), refused:
        asyncio.run(post(name, **different))


@recorded
def test_hooks_and_the_cassette_show_the_body_as_it_stands_in_the_file(name, suffix):
    seen = {}

    def look(request):
        seen.setdefault(request.path[1:], request.body)
        return request

    body = MADE[name][1]
    if suffix == "json" and name == "data_pairs":
        body = [list(pair) for pair in body]
    with replaying(suffix, before_record_request=look) as cassette:
        assert seen[name] == body
        assert {request.path[1:]: request.body for request in cassette.requests}[name] == body


@pytest.mark.parametrize("suffix", ["yaml", "json"])
def test_the_bodies_stand_in_the_file_as_before_when_the_cassette_is_saved_again(suffix, tmp_path, server):
    path = tmp_path / f"again.{suffix}"
    shutil.copy(cassette_of(suffix), path)
    with vcr.use_cassette(path, serializer=suffix, record_mode="new_episodes") as cassette:
        before = [request.body for request in cassette.requests]

        async def record() -> None:
            async with aiohttp.ClientSession() as session, session.post(f"{server.url}/echo", data={"new": "1"}) as new:
                await new.read()

        asyncio.run(record())
    with vcr.use_cassette(path, serializer=suffix, record_mode="none") as cassette:
        after = [request.body for request in cassette.requests]
    assert after[-1] == b"new=1"
    assert repr(after[:-1]).translate(PARENTHESES) == repr(before).translate(PARENTHESES)


#: A tuple is a list when it comes back from a file.
PARENTHESES = str.maketrans({"(": "[", ")": "]", ",": None})


def test_among_recordings_of_one_url_that_with_the_same_form_is_played(cassette_path):
    pairs = "- request: {{method: POST, uri: 'http://old.example:8080/token', headers: {{}}, body: [[kind, {0}]]}}\n"
    response = "  response: {{status: {{code: 200, message: OK}}, headers: {{}}, body: {{string: '{0}'}}}}\n"
    entries = [(pairs + response).format(kind) for kind in ("first", "second", "third")]
    Path(cassette_path).write_text("interactions:\n" + "".join(entries) + "version: 1\n", encoding="utf-8")
    with vcr.use_cassette(cassette_path, record_mode="none"):
        for kind in ("third", "first", "second"):
            assert asyncio.run(post("token", data=[("kind", kind)])) == kind
