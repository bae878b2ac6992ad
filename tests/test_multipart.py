"""Multipart bodies: their parts, and the values of their fields."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vcr._http.multipart import field_name, replace_values, split

TYPE = 'multipart/form-data; boundary="a b"'


def body_of(parts, preamble=b"", end=b"--\r\n"):
    """A body of parts, each with its head."""
    body = b"".join(b"\r\n--a b\r\n" + part for part in parts) + b"\r\n--a b" + end
    return preamble + body if preamble else body[2:]


@given(st.lists(st.binary().filter(lambda part: b"--a b" not in part), min_size=1), st.sampled_from([b"", b"preamble"]))
def test_a_body_is_split_into_its_parts(parts, preamble):
    assert split(body_of(parts, preamble), TYPE) == [preamble, *parts, b"\r\n"]


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


# -- values ------------------------------------------------------------------------------------------------------------

KEY = b'Content-Disposition: form-data; name="key"; filename="other"\r\nX: 1\r\n\r\n'
OTHER = b'Content-Disposition: form-data; name="other"\r\n\r\n'


def without_key(name: str, value: bytes) -> bytes | None:
    return None if name == "key" else value.replace(b"old", b"new")


def test_values_are_replaced_and_fields_removed():
    body = body_of([KEY + b"secret", OTHER + b"old\r\n\r\nold", KEY + b"", b"no head"], b"preamble", b"--\r\nepilogue")
    assert replace_values(body, TYPE, without_key) == body_of(
        [OTHER + b"new\r\n\r\nnew", b"no head"], b"preamble", b"--\r\nepilogue"
    )


@pytest.mark.parametrize("end", [b"\r\n--a b", b"\r\n--a ", b""])
def test_a_body_that_is_cut_off_is_read_as_far_as_it_goes(end):
    body = b"--a b\r\n" + OTHER + b"1\r\n--a b\r\n" + KEY + b"secret" + end
    assert b"secret" not in replace_values(body, TYPE, without_key)
    assert replace_values(body, TYPE, without_key).startswith(b"--a b\r\n" + OTHER + b"1")


@given(st.binary(), st.sampled_from([b"", b"--a b\r\n", body_of([KEY, OTHER])]))
def test_all_but_the_values_stays(before, after):
    body = before + after
    assert replace_values(body, TYPE, lambda name, value: value) == body


def test_without_a_boundary_there_are_no_values():
    assert replace_values(b"--x\r\n\r\n1\r\n--x--", "multipart/form-data", without_key) is None
