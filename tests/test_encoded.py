"""Words of base64 and hexadecimal: opened wherever they begin, and written again in their own shape."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vcr._http.encoded import words
from vcr._http.views import View


def opened(text: bytes, inside: bytes) -> list:
    """The words of a text that hold these bytes."""
    found = words(View(text), 4, 1000, lambda inners: inside in inners)
    return [word for word in found if inside in word.inner]


def again(text: bytes, inside: bytes, new: bytes) -> bytes:
    """The text with other bytes in the first of these words."""
    word = opened(text, inside)[0]
    written = word.written(word.inner.replace(inside, new), word.style)
    return text[: word.start] + written + text[word.end :]


WAYS = {
    "base64": base64.b64encode,
    "for URLs": base64.urlsafe_b64encode,
    "not padded": lambda data: base64.b64encode(data).rstrip(b"="),
    "after a name": lambda data: b"token_" + base64.b64encode(data),
    "in a path": lambda data: b"/a/b/" + base64.b64encode(data),
    "in lines": lambda data: base64.encodebytes(data * 20),
    "hexadecimal": lambda data: data.hex().encode(),
    "HEXADECIMAL": lambda data: data.hex().upper().encode(),
}


@pytest.mark.parametrize("way", WAYS)
@given(data=st.binary(min_size=4, max_size=40))
def test_what_a_word_holds_is_found_and_written_again_as_it_was(way, data):
    text = WAYS[way](data)
    assert opened(text, data)
    assert again(text, data, data) == text


@pytest.mark.parametrize("way", [way for way in WAYS if way != "in lines"])
@given(new=st.binary(min_size=4, max_size=40))
def test_other_bytes_stand_in_the_same_place(way, new):
    text = again(WAYS[way](b"s3cr3t"), b"s3cr3t", new)
    assert new in b"\n".join(word.inner for word in opened(text, new))


def test_lines_keep_their_length():
    text = again(base64.encodebytes(b"s3cr3t" * 30), b"s3cr3t", b"another")
    lines = text.splitlines()
    assert {len(line) for line in lines[:-1]} == {76}
    assert base64.b64decode(text) == b"another" * 30


def test_nothing_is_opened_that_is_too_short_or_holds_nothing():
    assert list(words(View(b"czNj abc 733a"), 8, 1000, lambda _: True)) == []
    assert list(words(View(b"czNjcjN0 " * 10), 4, 1000, lambda _: False)) == []
