"""Multipart bodies: apart, and together again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vcr.multipart import field_name, join, split

TYPE = 'multipart/form-data; boundary="a b"'


@given(st.lists(st.binary().filter(lambda part: b"--a b" not in part), min_size=1), st.sampled_from([b"", b"preamble"]))
def test_joining_undoes_splitting(parts, preamble):
    body = join([preamble, *parts, b"\r\n"], TYPE)
    assert split(body, TYPE) == [preamble, *parts, b"\r\n"]
    assert join(split(body, TYPE), TYPE) == body


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"--x\r\n\r\n1\r\n--x--", "multipart/form-data"),
        (b"no boundary in here", TYPE),
        (b"--a b\r\n\r\ncut off", TYPE),
        (b"", TYPE),
    ],
)
def test_what_is_no_multipart_body_is_not_split(body, content_type):
    assert split(body, content_type) is None


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b'Content-Disposition: form-data; name="key"', "key"),
        (b'X: 1\r\ncontent-disposition: form-data; name=key; filename="f"', "key"),
        ('Content-Disposition: form-data; name="schlüssel"'.encode(), "schlüssel"),
        (b"Content-Disposition: attachment", ""),
        (b"Content-Type: text/plain", ""),
    ],
)
def test_the_name_of_a_field(head, name):
    assert field_name(head) == name
