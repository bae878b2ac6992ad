"""What is around a text as a whole: a compression that no header announces, UTF-16."""

from __future__ import annotations

import gzip
import zlib

import pytest

from vcr._http import content_coding
from vcr._http.wrapping import around

TEXT = b"a text, of some length, with an \xc3\xa9 in it"
WORDS = TEXT.decode()


@pytest.mark.parametrize(
    "data",
    [
        gzip.compress(TEXT, mtime=0),
        gzip.compress(TEXT[:9], mtime=0) + gzip.compress(TEXT[9:], mtime=0),
        zlib.compress(TEXT),
        content_coding.encode(TEXT, ["zstd"]) or gzip.compress(TEXT, mtime=0),
        WORDS.encode("utf-16"),
        WORDS.encode("utf-16-le"),
        WORDS.encode("utf-16-be"),
        b"\xfe\xff" + WORDS.encode("utf-16-be"),
    ],
)
def test_what_is_inside_can_be_replaced(data):
    found = around(data)
    assert found.inner == TEXT
    changed = found.wrapped(b"another")
    assert TEXT[:9] not in changed
    assert around(changed).inner == b"another"


def test_behind_a_stream_something_else_may_stand():
    found = around(gzip.compress(TEXT, mtime=0) + b"garbage")
    changed = found.wrapped(b"another")
    assert (found.inner, changed[-7:], around(changed).inner) == (TEXT, b"garbage", b"another")


def test_a_stream_that_is_cut_off_stays_so():
    body = gzip.compress(TEXT * 20)[:-6]
    found = around(body)
    assert found.inner == TEXT * 20
    changed = found.wrapped(b"another")
    assert around(changed).inner == b"another"
    with pytest.raises(EOFError):
        gzip.decompress(changed)


def test_of_a_damaged_stream_the_rest_goes():
    body = gzip.compress(bytes(range(256)) * 40, mtime=0)
    damaged = body[:200] + b"\xff" * 100 + body[300:]
    found = around(damaged)
    assert found is None or found.inner.startswith(bytes(range(64)))


@pytest.mark.parametrize(
    "data",
    [b"", TEXT, b"\x1f\x8b", b"x\x9c", b"\x1f\x8bno gzip", bytes(8), b"\x01\x02\0\0\x03\0\0\x04", b"\xff\xfe\xd8"],
)
def test_most_bytes_have_nothing_around_them(data):
    assert around(data) is None


def test_more_than_the_limit_is_not_taken_out():
    assert around(gzip.compress(bytes(10_000)), limit=9_999) is None
    assert around(gzip.compress(bytes(10_000)), limit=10_000).inner == bytes(10_000)
