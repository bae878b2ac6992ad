"""Byte for byte: whatever a body is made of, and however it is read."""

from __future__ import annotations

import http.client
import io
from pathlib import Path

import pytest

import vcr
from tests.server import CHUNKS, TEXT, all_bytes

from .entries import having

CONTENT = all_bytes(20_000)


class Repeatable:
    """An iterable that is neither a list nor an iterator."""

    def __iter__(self):
        return iter([CONTENT[:3], CONTENT[3:9000], CONTENT[9000:]])


def _file():
    path = Path("upload.bin")
    path.write_bytes(CONTENT)
    return path.open("rb")


@pytest.mark.parametrize(
    "body",
    [lambda: CONTENT, lambda: io.BytesIO(CONTENT), _file, Repeatable, lambda: iter(Repeatable())],
    ids=["bytes", "BytesIO", "file", "iterable", "generator"],
)
def test_the_recorded_request_body_is_what_the_server_got(body, server, alike):
    def act(session):
        content = body()
        try:
            return session.fetch("POST", server.url + "/text", body=content)
        finally:
            getattr(content, "close", int)()

    seen = alike(server, act)
    assert seen.received[0].body == CONTENT
    assert seen.cassette.requests[0].body == CONTENT


@having("text")
def test_a_text_body(server, alike):
    seen = alike(server, lambda session: session.fetch("POST", server.url + "/echo", body="plain text"))
    assert seen.cassette.requests[0].body == seen.received[0].body == b"plain text"


@pytest.mark.parametrize("body", [b"", None], ids=["empty", "none"])
def test_a_post_without_content(body, server, alike):
    seen = alike(server, lambda session: session.fetch("POST", server.url + "/echo", body=body))
    assert seen.received[0].body == b""
    assert not seen.cassette.requests[0].body


def test_a_large_body_both_ways(server, alike):
    content = all_bytes(300_000)
    server.route("/mirror", lambda exchange: exchange.respond(body=exchange.request.body))
    seen = alike(server, lambda session: session.fetch("PUT", server.url + "/mirror", body=content))
    assert seen.outcome.body == content


def test_a_multipart_upload(server, cassette_path):
    requests = pytest.importorskip("requests")
    files = {"file": ("ü.bin", CONTENT, "application/octet-stream")}

    with vcr.use_cassette(cassette_path) as cassette:
        recorded = requests.post(server.url + "/echo", data={"field": "value"}, files=files)
    (received,) = server.requests
    (request,) = cassette.requests
    assert CONTENT in received.body
    assert request.body == received.body
    assert request.headers["Content-Type"] == received.get("Content-Type")

    server.close()
    with vcr.use_cassette(cassette_path, record_mode="none"):
        replayed = requests.post(server.url + "/echo", data={"field": "value"}, files=files)
    assert replayed.content == recorded.content


def _read_in_tens(response):
    return b"".join(iter(lambda: response.read(10), b""))


def _readinto(response):
    buffer = bytearray(700)
    return b"".join(iter(lambda: bytes(buffer[: response.readinto(buffer)]), b""))


def _peek(response):
    return response.peek(1)[:1] + response.read()


READINGS = {
    "read": lambda response: response.read(),
    "read(10)": _read_in_tens,
    "read1": lambda response: list(iter(lambda: response.read1(50), b"")),
    "readinto": _readinto,
    "readline": lambda response: list(iter(response.readline, b"")),
    "readlines": lambda response: response.readlines(),
    "iteration": list,
    "peek": _peek,
    "TextIOWrapper": lambda response: io.TextIOWrapper(response, "latin-1").read(),
}


@pytest.mark.parametrize("path", ["/text", "/bytes/3000", "/chunked", "/until-close"])
@pytest.mark.parametrize("reading", READINGS)
def test_every_way_of_reading_reads_the_same(reading, path, server, cassette_path):
    def act():
        connection = http.client.HTTPConnection("127.0.0.1", server.port)
        connection.request("GET", path)
        with connection.getresponse() as response:
            content = READINGS[reading](response)
        connection.close()
        return content

    live = act()
    with vcr.use_cassette(cassette_path):
        assert act() == live
    server.close()
    with vcr.use_cassette(cassette_path, record_mode="none"):
        assert act() == live


def test_chunks_and_trailers_are_kept_apart_from_the_body(client, server, cassette_path):
    if client.name == "tornado":
        pytest.skip("without a cassette too, it does not take a message with trailers")
    with vcr.use_cassette(cassette_path) as cassette, client() as session:
        assert session.get(server.url + "/trailers").body == b"".join(CHUNKS)
    (response,) = cassette.responses
    assert response["body"] == {"string": b"".join(CHUNKS), "chunks": "3 14 1200 1"}
    if not client.name.startswith("httpx"):  # it throws them away
        assert response["trailers"] == {"X-Checksum": ["42"], "X-Also": ["yes"]}


def test_trailers_are_sent_again_on_replay(server, cassette_path):
    class KeepsTrailers(http.client.HTTPResponse):
        def _read_and_discard_trailer(self):  # http.client's own throws them away
            self.trailers = http.client.parse_headers(self.fp).items()

    def act():
        connection = http.client.HTTPConnection("127.0.0.1", server.port)
        connection.response_class = KeepsTrailers
        connection.request("GET", "/trailers")
        response = connection.getresponse()
        body = response.read()
        connection.close()
        return body, response.trailers

    with vcr.use_cassette(cassette_path):
        recorded = act()
    server.close()
    with vcr.use_cassette(cassette_path, record_mode="none"):
        assert act() == recorded
    assert recorded == (b"".join(CHUNKS), [("X-Checksum", "42"), ("X-Also", "yes")])


@having("streams")
def test_a_body_read_to_its_end_leaves_the_connection_ready(client, server, alike):
    def act(session):
        with session.stream(server.url + "/chunked") as pieces:
            first = b"".join(pieces)
        return first, session.get(server.url + "/text").body

    assert alike(server, act).outcome == (b"".join(CHUNKS), TEXT)


@pytest.mark.parametrize("framing", ["length", "chunked", "one chunk", "until-close"])
@pytest.mark.parametrize("coding", ["gzip", "deflate", "br"])
def test_a_body_without_the_coding_that_its_headers_name_stays_as_it_was_sent(coding, framing, client, server, alike):
    """A client that decodes fails, each time alike; one that decodes nothing gets the bytes that the server sent."""
    if client.name == "tornado" and coding == "gzip":
        pytest.skip("it drops the connection where it cannot decode, and nothing is kept")
    content = b"this has no coding"

    def plain(exchange):
        if framing == "length":
            exchange.respond(200, [("Content-Encoding", coding)], content)
            return
        if framing == "until-close":
            exchange.hang_up()
            exchange.head(200, [("Content-Encoding", coding), ("Connection", "close")])
            exchange.send(content)
            return
        exchange.head(200, [("Content-Encoding", coding), ("Transfer-Encoding", "chunked")])
        for piece in (content, b"") if framing == "one chunk" else (content[:4], content[4:], b""):
            exchange.chunk(piece)
        exchange.send(b"\r\n")

    server.route("/plain", plain)
    alike(server, lambda session: session.get(server.url + "/plain"))
