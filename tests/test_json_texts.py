"""The texts in JSON, each with its place."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from vcr._http.json_texts import texts

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def walk(value, keys=()):
    if isinstance(value, str):
        yield keys, value
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from walk(one, (*keys, key))
    elif isinstance(value, list):
        for place, one in enumerate(value):
            yield from walk(one, (*keys, place))


@given(VALUES, st.sampled_from([None, 1]), st.booleans())
def test_each_text_has_the_place_that_a_parser_gives_it(value, indent, ascii_only):
    written = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    found = [(keys, json.loads(written[start:end])) for start, end, keys in texts(written)]
    assert found == list(walk(value))
