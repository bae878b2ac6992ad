"""Objects as bodies: which bytes they stand for."""

from __future__ import annotations

import json
from urllib.parse import urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vcr._http.body import same_object, stands_for

MULTIPART = (
    b'--x\r\nContent-Type: text/plain\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
    b'--x\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n\xff\r\n--x--\r\n'
)


@pytest.mark.parametrize(
    ("body", "content"),
    [
        ({}, b""),
        ({}, None),
        ([], b"[]"),
        (["a", "b"], b"ab"),
        (["a", "b"], b'["a", "b"]'),
        ((70, 111), b"Fo"),
        ((70, 111), b"[70,111]"),
        (5, b"5"),
        (1.0, b"1"),
        (False, b"false"),
        ({"a": 1}, b'{"a":1}'),
        ({"a": 1}, b"a=1"),
        ({"a": ["1", "2"]}, b"a=1&a=2"),
        ({"a": "", "b": "é ü"}, b"b=%C3%A9+%C3%BC&a="),
        ([["a", "1"], ("b", "2")], b"b=2&a=1"),
        ({"a": "1", "file": b"\xff"}, MULTIPART),
        ([("file", b"\xff"), ("a", "1")], MULTIPART),
        (("a", "b"), b"b=1&a=2&a=3"),
    ],
)
def test_an_object_stands_for_what_a_client_makes_of_it(body, content):
    assert stands_for(body, content)


@pytest.mark.parametrize(
    ("body", "content"),
    [
        ({"a": 1}, b""),
        ({"a": 1}, b'{"a": "1"}'),
        ({"a": 1}, b"a=2"),
        ({"a": 1}, b"a=1&b=2"),
        ({"a": True}, b'{"a": 1}'),
        ({"a": {"b": 1}}, b"a=b"),
        ([["a", "1"]], b"a=1&a=1"),
        ({"a": "1"}, MULTIPART),
        ({"a": "1", "file": b"\xfe"}, MULTIPART),
        (("a", "b"), b"a=1"),
        (["a", "b"], b"ba"),
        (5, b"6"),
        (object(), b""),
        ({"a": object()}, b"{}"),
        ([300], b"\x2c"),
    ],
)
def test_an_object_stands_for_nothing_else(body, content):
    assert not stands_for(body, content)


texts = st.text(st.characters(codec="utf-8"))
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner) | st.dictionaries(texts, inner),
)


@given(values)
def test_json_of_any_value_is_what_the_value_stands_for(value):
    assert stands_for(value, json.dumps(value).encode())
    assert stands_for(value, json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True).encode())
    assert same_object(value, json.loads(json.dumps(value)))


@example([("--", "--")])
@given(st.lists(st.tuples(texts, texts)))
def test_a_form_of_any_pairs_is_what_the_pairs_stand_for(pairs):
    assert stands_for(pairs, urlencode(pairs).encode())
    assert stands_for(tuple(map(list, pairs)), urlencode(pairs).encode())
    assert stands_for([*pairs, ["name", "value"]], urlencode([*pairs, ("name", "value")]).encode())
