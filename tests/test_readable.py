"""Text among other bytes, and files in base64: what is looked for is found there, and nothing else is read."""

from __future__ import annotations

import base64
import json
import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vcr._http import known, named, readable
from vcr._http.names import Names
from vcr._placeholders import Placeholder, mask, unmask
from vcr.request import Request
from vcr.response import Response
from vcr.sanitize.defaults import RULES
from vcr.sanitize.masking import Sanitizer

TOKEN = "ghp_" + "a1B2c3D4e5F6" * 3
PICTURE = random.Random(1).randbytes(30_000)
FILE = base64.b64encode(PICTURE)


def stored(body: bytes, kind: str) -> bytes:
    """What is kept of the body of a request."""
    request = Request("POST", "http://a.example/", body, {"Content-Type": kind})
    kept = Sanitizer(RULES).pair(request, Response.of(200, "OK", [], b""))[0].body
    assert isinstance(kept, bytes)
    return kept


# -- runs of text ------------------------------------------------------------------------------------------------------


def test_a_text_is_read_as_a_whole():
    for text in (b"", b"short", b"a\ttab\r\n\x0c\x1b[1m", "Grüße".encode("latin-1") * 9, b"one control \0" + b"x" * 64):
        assert readable.runs(text) is None


def test_a_run_of_text_reaches_from_control_to_control():
    data = b"\0\1\2\3" + b"\xa8password\xa7hunter2!" + b"\0\1" + b"short" + b"\0" + b"to the very end"
    assert [data[start:end] for start, end in readable.runs(data)] == [b"\xa8password\xa7hunter2!", b"to the very end"]


@given(st.binary(max_size=300))
def test_each_row_of_eight_letters_stands_in_a_run(data):
    runs = readable.runs(data)
    if runs is None:
        return
    assert all(end > start for start, end in runs)
    assert all(first[1] < second[0] for first, second in pairwise(runs))
    plain = bytes(byte if chr(byte).isprintable() and byte < 0x7F else 0 for byte in data)
    for at in range(len(data) - 7):
        if 0 not in plain[at : at + 8]:
            assert any(start <= at and at + 8 <= end for start, end in runs)


# -- files in base64 ---------------------------------------------------------------------------------------------------


def test_a_file_is_taken_out_with_its_padding_and_put_back():
    text = b'{"one": "' + FILE[:-2] + b'==", "two": "' + FILE + b'"}'
    short = readable.short(text)
    assert len(short.text) < 100
    assert list(short.files.values()) == [FILE[:-2] + b"==", FILE]
    assert short.restored(short.text) == text


def test_the_word_for_a_file_is_none_that_stands_in_the_text():
    text = b"vcrFile000000IsHere " + FILE
    short = readable.short(text)
    assert short.restored(short.text) == text


def test_a_short_text_holds_no_file():
    assert readable.short(FILE[: readable.SHORTEST_FILE - 1]).files == {}


# -- what is found there -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "around",
    [
        (PICTURE + b"\0", b"\0" + PICTURE),
        (PICTURE + b"\0\x12\x2a", b"\x18\1" + PICTURE),  # protobuf: a number, a length, a string
        (b'{"image": "' + FILE + b'", "text": "', b'"}'),
        (b'{"image": "', b'", "again": "' + FILE + b'"}'),
        (FILE + b" ", b""),
    ],
    ids=["binary", "protobuf", "behind a file", "before a file", "after a blank"],
)
@pytest.mark.parametrize("written", [str.encode, lambda text: base64.b64encode(text.encode())], ids=["plain", "base64"])
def test_a_token_beside_what_is_no_text_is_found(around, written):
    before, after = around
    body = stored(before + written(TOKEN) + after, "application/octet-stream")
    assert written(TOKEN) not in body
    assert body.startswith(before)
    assert body.endswith(after)


def test_a_token_in_a_file_in_base64_is_found():
    inner = json.dumps({"token": TOKEN, "n": ["text"] * 2000}).encode()
    body = json.loads(stored(json.dumps({"file": base64.b64encode(inner).decode()}).encode(), "application/json"))
    assert json.loads(base64.b64decode(body["file"]))["token"].startswith("<")


def test_a_known_secret_is_found_whatever_stands_around(monkeypatch):
    monkeypatch.setenv("MY_SERVICE_PASSWORD", "p\u00e4ss w\u00f6rd 12")
    secret = "p\u00e4ss w\u00f6rd 12"
    for coding in ("utf-8", "latin-1", "utf-16-le"):
        body = stored(PICTURE + secret.encode(coding) + PICTURE, "image/png")
        assert secret.encode(coding) not in body


@pytest.mark.parametrize("value", [b"hunter2", PICTURE[:500][::-1], FILE], ids=["text", "binary", "a file in base64"])
def test_a_secret_part_beside_a_file_is_masked_to_its_end(value):
    part = b'--xYz\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n'
    body = stored(
        part % (b"picture", PICTURE) + part % (b"password", value) + b"--xYz--\r\n",
        "multipart/form-data; boundary=xYz",
    )
    assert body.count(PICTURE) == 1
    assert value not in body.replace(PICTURE, b"")
    assert b"<PASSWORD" in body


def test_the_value_of_a_field_may_be_a_file_in_base64():
    seen = []
    made = named.replaced(
        b'{"a": 1, "secret": "' + FILE + b'"}', Names(["secret"]), lambda name, text: seen.append(text) or "new"
    )
    assert made == b'{"a": 1, "secret": "new"}'
    assert seen == [FILE.decode()]


@pytest.mark.parametrize("secret", ["000000", "Here", "vcr", "File0"])
def test_a_file_comes_back_though_the_secret_stands_in_the_word_for_it(secret):
    file = FILE.replace(secret.encode(), b"")
    text = b'{"pin": "%b", "file": "%b"}' % (secret.encode(), file)
    placeholders = [Placeholder("<SECRET>", secret)]
    request, response = mask(
        placeholders, Request("POST", "http://a.example/", text), Response.of(200, "OK", [], b"").data
    )
    assert request.body == b'{"pin": "<SECRET>", "file": "%b"}' % file
    assert unmask(placeholders, request, response)[0].body == text


def test_pictures_stay_as_they_are():
    for body in (PICTURE, json.dumps({"image": FILE.decode()}).encode(), b"data:image/png;base64," + FILE):
        for kind in ("image/png", "application/octet-stream", "application/json", ""):
            assert stored(body, kind) == body


def test_of_a_picture_almost_nothing_is_read():
    """A picture of 30 kB took 100 ms, and one in base64 300 ms."""
    read = []

    class Nothing(known.Values):
        shortest, longest = 18, 4096

        def suspects(self, data):
            read.append(len(data))
            return True

        def find(self, view):
            return iter(())

    assert known.replaced(PICTURE, Nothing()) is PICTURE
    assert sum(read) - len(PICTURE) < len(PICTURE) / 20
