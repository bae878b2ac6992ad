"""A YAML cassette that is cut into entries is what it is when it is read as a whole, whatever somebody did to it."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import vcr
from tests.test_yamlpatterns import ONE
from vcr.errors import CassetteLoadError, CassetteNotFoundError
from vcr.request import Request
from vcr.response import Response
from vcr.serialize import deserialize, serialize
from vcr.serializers import yamlserializer
from vcr.serializers.yamlentries import split

patient = settings(deadline=None)


class Whole:
    """YAML, read as a whole."""

    serialize = staticmethod(yamlserializer.serialize)
    deserialize = staticmethod(yamlserializer.deserialize)


texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=20) | st.sampled_from(
    ["a\n- request:\n", "interactions:\n- request:\n    method: GET\n", "'", '"', "*x", "&x 1", "uri: http://h/", "|"]
)
headers = st.lists(st.tuples(st.sampled_from(["A", "X-Y", "b c", "'q'"]), texts), max_size=3)
requests = st.builds(
    Request,
    st.sampled_from(["GET", "POST", "get", "X-Y"]),
    texts.map("http://h/".__add__) | st.sampled_from(["http://h/a", "http://h/a?b=1&c=2", "https://h:8/:", "*"]),
    st.none() | st.binary(max_size=20) | texts,
    headers,
)
responses = st.builds(lambda body, fields: Response.of(200, "OK", fields, body).data, st.binary(max_size=30), headers)
dates = st.none() | texts | st.sampled_from(["2026-11-27T16:00:00+00:00", "2026-11-27"])
beside = dates.map(lambda date: {} if date is None else {"recorded_at": date})
columns = st.lists(st.tuples(requests, responses, beside), min_size=1, max_size=4).map(
    lambda rows: [[row[column] for row in rows] for column in range(3)]
)
cassettes = columns.map(
    lambda three: serialize(dict(zip(("requests", "responses", "beside"), three, strict=True)), Whole)
)


SPANS = "a quoted text in it has a line that starts with"


def outcome(text: str, serializer) -> object:
    """What is in it, or that it cannot be read."""
    try:
        contents = deserialize(text, serializer)
        targets = [interaction.target for interaction in contents.interactions]
        values = [(interaction.value(), interaction.response.timestamp) for interaction in contents.interactions]
    except CassetteNotFoundError:
        return "nothing"
    except CassetteLoadError as error:
        return SPANS if SPANS in str(error) else "cannot be read"
    assert targets == [interaction.target for interaction in deserialize(text, Whole).interactions]
    return values, contents.metadata


@given(cassettes)
@patient
def test_what_we_write_is_read_in_entries(text):
    assert split(text, yamlserializer.deserialize) is not None
    assert outcome(text, yamlserializer) == outcome(text, Whole)


LINES = [
    "- request:",
    "  response:",
    "    method: PUT",
    "    uri: http://other/",
    "    body: 'never",
    "      closed",
    "    headers: {}",
    "    ? x",
    "'",
    '    "uri": http://other/',
    "interactions:",
    "version: 1",
    "# a comment",
    "_own: 1",
    "...",
    "---",
    "  - &a b",
    "      - *a",
    "",
    "\t",
    "      X: &a",
]


@given(cassettes, st.lists(st.tuples(st.sampled_from("+-=~^"), st.integers(0, 60), st.sampled_from(LINES)), max_size=4))
@patient
def test_whatever_is_done_to_the_file_the_entries_are_the_whole(text, edits):
    lines = text.split("\n")
    for edit, place, line in edits:
        at = place % len(lines)
        if edit == "+":
            lines.insert(at, line)
        elif edit == "-" and len(lines) > 1:
            del lines[at]
        elif edit == "=":
            lines[at] = line
        elif edit == "~":
            lines[at] += "'"
        else:
            lines.insert(at, lines[random.Random(place).randrange(len(lines))])
    edited = "\n".join(lines)
    read = outcome(edited, yamlserializer)
    # Where a quote reaches from one interaction into the next, taking both for one would lose it: that is refused.
    assert read in (outcome(edited, Whole), SPANS)


TWO = """interactions:
- request:
    body: null
    headers:
      A:
      - b
    method: GET
    uri: http://h/a
  response:
    body:
      string: 'x'
    headers: {}
    status:
      code: 200
      message: OK
""" + ONE.removeprefix("interactions:\n")
ODD = [
    *LINES,
    "  request: 5",
    "  request:\n    uri: http://z/\n    method: PUT",
    "  'request':\n    uri: http://z/\n    method: PUT",
    "  ? request\n  : 5",
    "  <<: {request: {method: X, uri: 'http://y/'}}",
    "  x: '\n- request:\n'",
    '  x: "\n- request:\n"',
    "    body: 'a\n- request:\n    b'",
    "      string: 'a\n- request:\n    b'",
    "    incomplete: true",
    "    incomplete: false",
    "      chunks: 5",
    "      chunks: 3*2  ",
    "  recorded_at: 5",
    "&a",
    " ...",
    "... x",
    "...x",
    "-",
    "http_interactions: []",
    "metadata: {a: 1}",
    "interactions: []",
]


@pytest.mark.parametrize("line", [*ODD, *dict.fromkeys(TWO.splitlines())])
def test_a_line_more_anywhere_makes_no_difference_between_the_entries_and_the_whole(line):
    lines = TWO.split("\n")
    for at in range(len(lines) + 1):
        text = "\n".join([*lines[:at], line, *lines[at:]])
        assert outcome(text, yamlserializer) == outcome(text, Whole), text


@pytest.mark.parametrize("at", range(TWO.count("\n")))
def test_a_line_less_makes_no_difference_between_the_entries_and_the_whole(at):
    lines = TWO.split("\n")
    text = "\n".join([*lines[:at], *lines[at + 1 :]])
    assert outcome(text, yamlserializer) == outcome(text, Whole)


GOLDEN = sorted((Path(__file__).parent / "cassettes").glob("*.y*ml"))


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.name)
def test_every_golden_cassette_is_the_same_in_entries(path):
    text = path.read_text(encoding="utf-8")
    assert outcome(text, yamlserializer) == outcome(text, Whole)


def test_an_alias_for_something_elsewhere_is_found(cassette_path):
    Path(cassette_path).write_text(
        "interactions:\n"
        "- request:\n    body: null\n    headers: {}\n    method: GET\n    uri: http://h/1\n"
        "  response: &r\n    body: {string: one}\n    headers: {}\n    status: {code: 200, message: OK}\n"
        "- request:\n    body: null\n    headers: {}\n    method: GET\n    uri: http://h/2\n"
        "  response: *r\n"
        "version: 1\n",
        encoding="utf-8",
    )
    with vcr.use_cassette(cassette_path) as cassette:
        assert cassette.begin(Request("GET", "http://h/2")).response.body == b"one"
        assert cassette.begin(Request("GET", "http://h/1")).response.body == b"one"


def test_what_cannot_be_read_is_said_when_it_is_needed_and_the_file_stays(cassette_path):
    with vcr.use_cassette(cassette_path) as cassette:
        for number in range(2):
            response = Response.of(200, "OK", None, b"%d" % number).data
            cassette.append(Request("GET", f"http://h/{number}"), response)
    whole = Path(cassette_path).read_text(encoding="utf-8")
    broken = "code: }".join(whole.rsplit("code:", 1))
    Path(cassette_path).write_text(broken, encoding="utf-8")
    with (  # noqa: PT012  (what is raised in the middle, and at the end)
        pytest.raises(CassetteLoadError, match=rf"{cassette_path}, line 25: not readable as YAML"),
        vcr.use_cassette(cassette_path, record_mode="new_episodes") as cassette,
    ):
        assert cassette.begin(Request("GET", "http://h/0")).response.body == b"0"
        with pytest.raises(CassetteLoadError):
            cassette.begin(Request("GET", "http://h/1"))
        cassette.append(Request("GET", "http://h/new"), response)
    assert Path(cassette_path).read_text(encoding="utf-8") == broken
