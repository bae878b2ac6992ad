"""Content codings: on, off, and whether a body has one."""

from __future__ import annotations

import gzip
import json
import tracemalloc
import zlib

import brotli
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from vcr._http import content_coding
from vcr._http.content_coding import CODINGS, decode, encode, named

patient = settings(deadline=None)


def raw_deflate(body: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return compressor.compress(body) + compressor.flush()


#: What a server sends under each name.
SENT = [
    ("gzip", gzip.compress),
    ("x-gzip", gzip.compress),
    ("deflate", zlib.compress),
    ("deflate", raw_deflate),
    ("br", brotli.compress),
]
TEXTS = [b"plain text", b"<html>", b'{"a": 1}', b"[1, 2]", b"true", b"Kilo", b"\n", "grün".encode(), b"x" * 10_000]


@pytest.mark.parametrize(
    ("values", "codings"),
    [
        (["gzip"], ["gzip"]),
        (["GZip , deflate"], ["gzip", "deflate"]),
        (["deflate", "gzip"], ["deflate", "gzip"]),
        (["", ","], []),
        (["gzip, identity", "Identity"], ["gzip"]),
        ([], []),
    ],
)
def test_the_codings_that_the_header_names_in_the_order_they_were_put_on(values, codings):
    assert named(values) == codings


# -- off --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("coding", "put_on"), SENT)
@pytest.mark.parametrize("body", TEXTS)
def test_a_coding_is_taken_off(coding, put_on, body):
    assert decode(put_on(body), [coding]) == (body, [])


@pytest.mark.parametrize("library", ["compression.zstd", "backports.zstd", "zstandard"])
def test_zstd_is_put_on_and_taken_off_by_any_of_its_libraries(library, monkeypatch):
    zstd = pytest.importorskip(library)
    monkeypatch.setattr(content_coding, "_zstd", lambda: zstd)
    for body in TEXTS:
        assert decode(zstd.compress(body), ["zstd"]) == (body, [])
        assert decode(encode(body, ["zstd"]), ["zstd"]) == (body, [])
    assert decode(zstd.compress(b"one ") + zstd.compress(b"two"), ["zstd"]) == (b"one two", [])
    cut_off, other = zstd.compress(b"text" * 99)[:-3], content_coding.ZSTD_MAGIC + b"no zstd"
    assert [decode(body, ["zstd"]) for body in (cut_off, other)] == [(cut_off, ["zstd"]), (other, ["zstd"])]


@pytest.mark.parametrize("coding", ["gzip", "x-gzip", "deflate", "br", "zstd"])
@pytest.mark.parametrize("body", TEXTS)
def test_a_coding_that_the_recording_client_has_taken_off_already_is_no_longer_on(coding, body):
    assert decode(body, [coding]) == (body, [])


def test_several_codings_are_taken_off_last_first():
    assert decode(gzip.compress(zlib.compress(b"text")), named(["deflate, identity, gzip"])) == (b"text", [])


def test_a_coding_that_is_not_known_stays_and_those_under_it():
    assert decode(b"compressed", ["compress"]) == (b"compressed", ["compress"])
    assert decode(gzip.compress(b"compressed"), ["gzip", "compress", "gzip"]) == (b"compressed", ["gzip", "compress"])


def test_an_empty_body_has_no_coding_on():
    assert decode(b"", ["gzip"]) == (b"", [])


def test_every_member_of_a_gzip_body_is_decoded():
    # RFC 1952 §2.2: a gzip file is a series of members.
    assert decode(gzip.compress(b"one ") + gzip.compress(b"two"), ["gzip"]) == (b"one two", [])


def test_zeros_behind_a_gzip_body_are_padding():
    body = gzip.compress(b"text") + b"\0\0\0"
    assert gzip.decompress(body) == b"text"
    assert decode(body, ["gzip"]) == (b"text", [])


@pytest.mark.parametrize(("coding", "put_on"), SENT)
def test_a_body_that_was_cut_off_stays_as_it_came(coding, put_on):
    body = put_on(b"a text that is long enough to be cut: " + bytes(range(256)))[:-20]
    assert decode(body, [coding]) == (body, [coding])


# -- on ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("coding", "put_on"), SENT)
@pytest.mark.parametrize("body", TEXTS)
def test_a_body_that_has_its_coding_on_is_not_touched(coding, put_on, body):
    sent = put_on(body)
    assert encode(sent, [coding]) is sent


@pytest.mark.parametrize(
    ("coding", "take_off"), [("gzip", gzip.decompress), ("deflate", zlib.decompress), ("br", brotli.decompress)]
)
@pytest.mark.parametrize("body", TEXTS)
def test_a_body_without_its_coding_gets_it_back(coding, take_off, body):
    coded = encode(body, [coding])
    assert coded is not None
    assert take_off(coded) == body


@pytest.mark.parametrize("codings", [[], ["compress"], ["gzip", "compress"]])
def test_a_body_with_no_coding_that_is_known_is_not_touched(codings):
    body = b"text"
    assert encode(body, codings) is body


def test_an_empty_body_is_not_touched():
    assert encode(b"", ["gzip"]) == b""


def test_a_coding_that_cannot_be_put_back_on_is_reported():
    assert encode(b"text", ["compress", "gzip"]) is None


@patient
@given(st.lists(st.sampled_from(["gzip", "deflate", "br"]), max_size=3), st.sampled_from(TEXTS))
def test_taking_off_undoes_putting_on(codings, body):
    coded = encode(body, codings)
    assert coded is not None
    assert decode(coded, codings) == (body, [])


@patient
@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=5), inner),
    )
)
@example({})
def test_no_json_is_taken_for_deflated(data):
    body = json.dumps(data).encode()
    assert not CODINGS["deflate"].is_on(body)


@patient
@given(st.sampled_from(sorted(CODINGS)), st.binary(max_size=60))
def test_no_bytes_make_it_raise(coding, body):
    decoded, left = decode(body, [coding])
    assert left in ([], [coding])
    assert left == [] or decoded == body
    assert isinstance(encode(body, [coding]), bytes | None)


# -- limits -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["gzip", "deflate", "br", "zstd", "identity, gzip"])
def test_a_body_from_which_too_much_comes_out_stays_coded(name):
    plain, names = bytes(100_000), named([name])
    body = encode(plain, names)
    if body is None or body is plain:
        pytest.skip(f"no library for {name}")
    assert decode(body, names, limit=100_000) == (plain, [])
    assert decode(body, names, limit=99_999)[1] == names


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_a_bomb_is_not_held_in_memory(coding):
    # 300 MB of zeros, twice compressed: what comes out of the outer coding is small, and the inner one stops in time.
    compress = {"gzip": gzip.compress, "deflate": zlib.compress}[coding]
    inner = compress(bytes(300 << 20))
    body = compress(inner)
    tracemalloc.start()
    try:
        assert decode(body, [coding, coding], limit=1 << 20) == (inner, [coding])
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("names", [["gzip"] * 11, ["compress"] * 10_000, ["br", "gzip"] * 6])
def test_more_than_ten_codings_are_let_be(names):
    body = b"text"
    assert decode(body, names) == (body, names)
    assert encode(body, names) is body


def test_ten_codings_are_put_on_and_taken_off():
    coded = encode(b"text", ["gzip"] * 10)
    assert coded != b"text"
    assert decode(coded, ["gzip"] * 10) == (b"text", [])


def test_many_small_members_are_read_once_each():
    # Each of them copies what is behind it: all the rest would be gigabytes in sum.
    member = gzip.compress(b"a", mtime=0)
    assert decode(member * 100_000, ["gzip"]) == (b"a" * 100_000, [])


@pytest.mark.parametrize("library", ["brotli", "brotlicffi"])
def test_either_library_for_brotli_knows_the_limit(library, monkeypatch):
    module = pytest.importorskip(library)
    monkeypatch.setattr(content_coding, "_brotli", lambda: module)
    body = module.compress(bytes(1 << 20))
    assert decode(body, ["br"]) == (bytes(1 << 20), [])
    assert decode(body, ["br"], limit=1 << 19) == (body, ["br"])
    assert decode(body[:-1], ["br"]) == (body[:-1], ["br"])
