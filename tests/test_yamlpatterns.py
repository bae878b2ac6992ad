"""An interaction that is read by patterns is what the parser reads."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import vcr
from vcr.request import Request
from vcr.response import Response
from vcr.serializers import yamlserializer
from vcr.serializers.yamlpatterns import read

ONE = """interactions:
- request:
    body: null
    headers: {}
    method: GET
    uri: http://h/b
  response:
    body:
      chunks: 2 3*2
      string: |-
        block

        two
    headers: {}
    http_version: '1.0'
    incomplete: true
    status:
      code: 200
      message: OK
  recorded_at: '2026-11-27'
version: 1
"""


def test_a_response_that_came_in_pieces_and_not_whole_is_read():
    start, end = ONE.index("- request"), ONE.rindex("version")
    found = read(ONE, start, end)
    assert found == yamlserializer.deserialize(ONE)["interactions"][0]
    assert found["response"]["incomplete"] is True


#: What stands behind a key, or a dash: anything, most of it of the characters that mean something there.
raw = st.text(st.sampled_from("ab1'' \n\n:#|-+2!&*,[]{}>%@`\"\\~.=?\té\x85\u2028\ufeff😀"), max_size=14)
raw |= st.sampled_from(["'", "|-\n", "|2+\n", "|\n", "!!binary |\n", "no", "0o7", "1e3", "2026-01-01", "<<", "=", "x"])


@pytest.mark.parametrize("mark", ["\x01", "\x7f", "\ufffe", "\x85", "é", '"'])
def test_an_address_that_may_not_be_one_is_for_the_parser(mark):
    text = (
        f"- request:\n    body: null\n    headers: {{}}\n    method: GET\n    uri: http://h/{mark}x\n"
        "  response:\n    body:\n      string: a\n    headers: {}\n    status:\n      code: 200\n      message: OK\n"
    )
    assert read(text, 0, len(text)) is None


DATES = ["", "  recorded_at: '2026-11-27T16:00:00+00:00'\n", "  recorded_at: 2026-11-27\n", "  recorded_at: '1'2'\n"]


def test_what_is_usual_is_read(cassette_path):
    with vcr.use_cassette(cassette_path) as cassette:
        cassette.append(Request("GET", "http://h/"), Response.of(200, "OK", {"A": "1"}, b"text").data)
    text = Path(cassette_path).read_text(encoding="utf-8")
    found = read(text, len("interactions:\n"), text.index("version:"))
    assert sorted(found) == ["recorded_at", "request", "response"]


@given(
    st.tuples(raw, raw, raw),
    st.tuples(raw, raw, raw),
    st.sampled_from([" ", "\n        ", "\n      "]),
    st.sampled_from(DATES),
)
@settings(deadline=None, max_examples=1_000)
def test_what_is_read_by_patterns_is_what_the_parser_reads(starts, ends, between, date):
    sent, item, received = (
        (start + between + end).replace("\n", "\n        " if len(between) == 9 else "\n      ")
        for start, end in zip(starts, ends, strict=True)
    )
    text = (
        f"- request:\n    body: {sent}\n    headers:\n      A:\n      - {item}\n    method: GET\n    uri: http://h/\n"
        f"  response:\n    body:\n      string: {received}\n    headers: {{}}\n"
        f"    status:\n      code: 200\n      message: OK\n{date}"
    )
    found = read(text, 0, len(text))
    if found is not None:
        (parsed,) = yamlserializer.deserialize(text)
        assert found == parsed
        assert repr(found) == repr(parsed)  # 1, and not True
