"""Cassettes for the commands."""

from __future__ import annotations

import gzip
import json
import struct
import zlib

import pytest

from vcr.persisters.filesystem import FilesystemPersister
from vcr.request import Request
from vcr.response import Response
from vcr.serializers import jsonserializer, yamlserializer


def png(width: int, height: int) -> bytes:
    """A real image, black."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"".join(b"\0" + bytes(width) for _ in range(height)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.fixture(autouse=True)
def commands_are_counted(counted):
    """What a command does in a terminal is done by a process of its own."""


@pytest.fixture
def write(tmp_path):
    """``write(name, *pairs)``: a cassette of these requests and responses; its path."""

    def write(name, *pairs, beside=()):
        path = tmp_path / name
        contents = {
            "requests": [request for request, _ in pairs],
            "responses": [response.data for _, response in pairs],
            "beside": list(beside),
        }
        serializer = jsonserializer if name.endswith(".json") else yamlserializer
        FilesystemPersister.save_cassette(path, contents, serializer)
        return path

    return write


def get(path: str, headers=(), body: bytes = b"", status: int = 200, **more):
    """A GET of ``path`` with its response."""
    return Request("GET", f"http://api.example{path}"), Response.of(status, "OK", dict(headers), body, **more)


@pytest.fixture
def varied(write):
    """A cassette with a body of each kind. Its interactions, from 1 on: JSON in gzip, XML, an event stream, an image,
    bytes, HTML in latin-1, a form that was sent, a response that was cut off."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    sent = Request("POST", "http://api.example/login?next=[1]", b"user=zo%C3%AB&empty=", form)
    return write(
        "varied.yaml",
        get(
            "/json",
            {"Content-Type": "application/json", "Content-Encoding": "gzip"},
            gzip.compress(json.dumps({"name": "grüß", "list": [1, 2]}).encode(), mtime=0),
        ),
        get("/xml", {"Content-Type": "application/xml"}, b"<a><b x='1'>text</b><c/></a>"),
        get("/sse", {"Content-Type": "text/event-stream"}, b'event: token\ndata: {"n": 1}\n\ndata: end\n\n'),
        get("/image", {"Content-Type": "image/png"}, png(3, 2)),
        get("/bytes", {"Content-Type": "application/octet-stream"}, bytes(range(256))),
        get("/html", {"Content-Type": "text/html; charset=latin-1"}, "<p>é</p>".encode("latin-1")),
        (sent, Response.of(302, "Found", {"Location": "/"}, b"")),
        get("/cut", {"Content-Type": "text/plain"}, b"half", incomplete=True),
        beside=[{"recorded_at": f"2026-01-0{day}T12:30:59+00:00"} for day in range(1, 9)],
    )
