"""What a body is, and how a person reads it."""

from __future__ import annotations

import gzip
import json
import struct

import pytest

from tests.cli.conftest import png
from vcr._http.content_coding import CODINGS
from vcr.cli import bodies
from vcr.cli.bodies import language, pretty, read
from vcr.cli.images import dimensions
from vcr.request import Headers


def shown(content_type: str, body: object, **headers: str) -> str:
    fields = {"Content-Type": content_type} if content_type else {}
    return pretty(read(Headers({**fields, **headers}), body))


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
def test_content_codings_are_taken_off(coding):
    headers = Headers({"Content-Type": "text/plain", "Content-Encoding": coding})
    try:
        coded = CODINGS[coding].encode(b"plain text")
    except ImportError as error:
        pytest.skip(str(error))
    body = read(headers, coded)
    assert (body.text, body.codings, body.left) == ("plain text", [coding], [])
    # As a client that decodes bodies has recorded it.
    assert read(headers, b"plain text")[3:] == ("plain text", 10, [], [], "text/plain")


def test_a_coding_that_cannot_be_taken_off_is_told():
    body = read(Headers({"Content-Type": "text/plain", "Content-Encoding": "gzip"}), gzip.compress(b"x" * 99)[:-9])
    assert body.kind == bodies.BINARY
    assert body.description.endswith("bytes, not decoded: gzip")


@pytest.mark.parametrize(
    ("content_type", "content", "text"),
    [
        ("text/plain; charset=utf-16", "é".encode("utf-16"), "é"),
        ("text/plain; charset='latin-1'", b"\xe9", "é"),
        ("text/plain; charset=unknown", b"\xe9", "é"),
        ("text/html", b'<meta charset="windows-1251">\xcf', '<meta charset="windows-1251">П'),
        ("application/json", '"é"'.encode("utf-16-le"), '"é"'),
        ("text/plain", "\ufefftext".encode(), "text"),
        ("", b"text", "text"),
        ("application/x-thing", b"\xe9", None),
        ("text/plain", b"\0\1\2", None),
        ("video/mp4", b"ascii", None),
    ],
)
def test_text_is_decoded_by_its_charset(content_type, content, text):
    assert read(Headers({"Content-Type": content_type} if content_type else {}), content).text == text


@pytest.mark.parametrize(
    ("content_type", "kind"),
    [
        ("application/problem+json", "json"),
        ("image/svg+xml", "xml"),
        ("application/xhtml+xml", "html"),
        ("text/event-stream", "events"),
        ("text/css", "text"),
        ("", "json"),
    ],
)
def test_the_kind_is_told_by_the_type(content_type, kind):
    assert read(Headers({"Content-Type": content_type} if content_type else {}), b"[1]").kind == kind


def test_layouts():
    assert shown("application/json", b'{"b":1,"a":"\xc3\xa9"}') == '{\n  "b": 1,\n  "a": "é"\n}'
    assert shown("application/json", b"{broken") == "{broken"
    assert shown("application/json", b"[" * 100_000) == "[" * 100_000
    assert shown("text/xml", b"<?xml version='1.0'?><a><!-- c --><b/></a>").splitlines()[1:] == [
        "<a>",
        "  <!-- c -->",
        "  <b/>",
        "</a>",
    ]
    assert shown("text/xml", b"<a><b>") == "<a><b>"
    assert shown("application/x-www-form-urlencoded", b"b=2&a=1&b=") == "b = 2\na = 1\nb = "
    assert (
        shown("text/event-stream", b"id: 1\r\ndata: a\r\ndata: b\r\n\r\n: ping\r\n\r\n")
        == "[1]\nid: 1\na\nb\n\n[2]\n: ping"
    )


def test_xml_with_a_document_type_is_left_as_it_is():
    bomb = b'<!DOCTYPE a [<!ENTITY x "xx"><!ENTITY y "&x;&x;">]><a>&y;</a>'
    assert shown("text/xml", bomb) == bomb.decode()


def test_xml_that_nests_too_deep_is_left_as_it_is():
    deep = b"<a>" * 5000 + b"</a>" * 5000
    assert shown("text/xml", deep) == deep.decode()


def test_sorted_for_a_comparison():
    body = read(Headers({"Content-Type": "application/json"}), b'{"b":1,"a":2}')
    assert pretty(body, in_order=False) == '{\n  "a": 2,\n  "b": 1\n}'
    form = read(Headers({"Content-Type": "application/x-www-form-urlencoded"}), b"b=1&a=2")
    assert pretty(form, in_order=False) == "a = 2\nb = 1"


def test_multipart_is_shown_part_by_part():
    content = (
        b'--xx\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
        b"--xx\r\nContent-Type: application/json\r\n\r\n[1]\r\n"
        b"--xx\r\nContent-Type: image/png\r\n\r\n" + png(2, 2) + b"\r\n--xx--\r\n"
    )
    assert shown("multipart/form-data; boundary=xx", content).split("\n") == [
        "[1]",
        'Content-Disposition: form-data; name="a"',
        "",
        "1",
        "",
        "[2]",
        "Content-Type: application/json",
        "",
        "[",
        "  1",
        "]",
        "",
        "[3]",
        "Content-Type: image/png",
        "",
        "image/png, 2 by 2 pixels, 68 bytes",
    ]
    assert shown("multipart/form-data", b"no boundary") == "no boundary"


def test_an_object_in_the_place_of_a_body_is_what_was_sent():
    assert json.loads(shown("application/json", {"a": [{"b": 1}]})) == {"a": [{"b": 1}]}


def test_bytes_are_dumped_up_to_a_point():
    dump = shown("application/octet-stream", bytes(range(32, 200)))
    assert len(dump.splitlines()) == 5
    assert dump.endswith("…")
    assert dump.startswith("00000000  20 21 22 23 24 25 26 27 28 29 2a 2b 2c 2d 2e 2f   !\"#$%&'()*+,-./\n")


def test_languages_for_colours():
    assert language(read(Headers({"Content-Type": "application/json"}), b"{}")) == "json"
    assert language(read(Headers({"Content-Type": "text/plain"}), b"{}")) == ""


@pytest.mark.parametrize(
    ("image", "measures"),
    [
        (png(7, 5), (7, 5)),
        (b"GIF89a" + struct.pack("<HH", 7, 5), (7, 5)),
        (b"BM" + bytes(16) + struct.pack("<ii", 7, -5), (7, 5)),
        (b"\xff\xd8\xff\xe0\0\4ab\xff\xc0\0\x0b\x08" + struct.pack(">HH", 5, 7), (7, 5)),
        (b"\xff\xd8\xff\xd9", None),
        (b"RIFF\0\0\0\0WEBPVP8 " + bytes(10) + struct.pack("<HH", 7, 5), (7, 5)),
        (b"RIFF\0\0\0\0WEBPVP8L" + bytes(5) + struct.pack("<I", 6 | 4 << 14), (7, 5)),
        (b"RIFF\0\0\0\0WEBPVP8X" + bytes(8) + struct.pack("<HBHB", 6, 0, 4, 0), (7, 5)),
        (b"RIFF\0\0\0\0WEBPWHAT", None),
        (b"GIF89a", None),
        (b"text", None),
    ],
)
def test_the_measures_of_an_image(image, measures):
    assert dimensions(image) == measures
