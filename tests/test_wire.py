"""HTTP/1.1 bytes <-> Request/Response. The oracle for what bytes mean to a client is ``http.client`` itself."""

from __future__ import annotations

import gzip
import http.client
import io
import itertools
import string

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from vcr._http.fields import Dialect, content_length, is_chunked, may_have_body, media_type
from vcr._http.render import render
from vcr._http.wire import CONTINUE, MAX_HEAD, ChunkedReader, RequestReader, ResponseReader
from vcr.request import Headers
from vcr.response import Response

patient = settings(deadline=None)

OK = b"HTTP/1.1 200 OK\r\n"


# -- what the properties are made of ----------------------------------------------------------------------------------

NAME_CHARACTERS = string.ascii_letters + string.digits + "!#$%&'*+-.^_`|~"  # RFC 9110 §5.6.2
FRAMING = {"content-length", "transfer-encoding"}

names = st.text(NAME_CHARACTERS, min_size=1, max_size=12).filter(lambda name: name.lower() not in FRAMING)
# RFC 9110 §5.5: visible characters and obs-text, with blanks and tabs between them.
values = st.text("\t" + "".join(map(chr, [*range(32, 127), *range(128, 256)])), max_size=20).map(
    lambda value: value.strip(" \t")
)
fields = st.lists(st.tuples(names, values), max_size=6)
bodies = st.binary(max_size=200)
chunk_lists = st.lists(st.binary(min_size=1, max_size=40), max_size=8)
reasons = st.text(string.ascii_letters + "é' -", max_size=12).map(str.strip)
statuses = st.sampled_from([200, 201, 206, 299, 301, 400, 404, 418, 500, 599])


@st.composite
def responses(draw):
    """A response that has a body, framed in one of the three ways."""
    headers, body, chunks, trailers = draw(fields), draw(bodies), (), None
    framing = draw(st.sampled_from(["length", "chunked", "close"]))
    if framing == "length":
        headers.append((draw(st.sampled_from(["Content-Length", "content-length"])), str(len(body))))
    elif framing == "chunked":
        pieces = draw(chunk_lists)
        body, chunks = b"".join(pieces), [len(piece) for piece in pieces]
        headers.append(("Transfer-Encoding", draw(st.sampled_from(["chunked", "Chunked"]))))
        trailers = draw(fields)
    return Response.of(
        draw(statuses),
        draw(reasons),
        draw(st.permutations(headers)),
        body,
        http_version=draw(st.sampled_from(["1.0", "1.1"])),
        chunks=chunks,
        trailers=trailers,
    )


def split(data: bytes, cuts: list[int]) -> list[bytes]:
    """``data`` cut at these places."""
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[start:end] for start, end in itertools.pairwise(places)]


cuts = st.lists(st.integers(0, 10_000), max_size=12)


def read_response(
    *parts: bytes, method: str = "GET", closed: bool = False, dialect: Dialect = Dialect.COMMON
) -> ResponseReader:
    reader = ResponseReader(method, dialect)
    for part in parts:
        reader.feed(part)
    if closed:
        reader.eof()
    return reader


def read_request(*parts: bytes) -> RequestReader:
    reader = RequestReader()
    for part in parts:
        reader.feed(part)
    return reader


class Wire:
    """The socket that http.client reads these bytes from."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def makefile(self, *_):
        return io.BytesIO(self.data)


def client_reads(data: bytes, method: str = "GET") -> http.client.HTTPResponse:
    response = http.client.HTTPResponse(Wire(data), method=method)
    response.begin()
    return response


# -- a response, rendered and read ------------------------------------------------------------------------------------


@patient
@given(responses(), cuts)
def test_reading_undoes_rendering_however_the_bytes_come(response, cuts):
    reader = read_response(*split(b"".join(render(response, "GET")), cuts), closed=True)
    assert reader.complete
    assert not reader.broken
    assert reader.response().data == response.data
    assert reader.response().pieces == response.pieces


@patient
@given(responses())
def test_http_client_reads_what_was_rendered(response):
    read = client_reads(b"".join(render(response, "GET")))
    assert (read.status, read.reason) == (response.status, response.reason)
    assert read.version == int(response.http_version.replace(".", ""))
    assert read.getheaders() == response.headers.pairs()
    assert read.read() == response.body


@patient
@given(responses())
def test_rendering_adds_and_drops_no_header(response):
    head = b"".join(render(response, "GET")).partition(b"\r\n\r\n")[0]
    lines = head.decode("latin-1").split("\r\n")[1:]
    assert lines == [f"{name}: {value}" for name, value in response.headers.pairs()]


@patient
@given(responses(), st.sampled_from(["HEAD", "head"]))
def test_the_answer_to_head_is_the_same_head_alone(response, method):
    head = b"".join(render(response, "GET")).partition(b"\r\n\r\n")[0]
    assert render(response, method) == [head + b"\r\n\r\n"]
    assert client_reads(head + b"\r\n\r\n", "HEAD").read() == b""


@pytest.mark.parametrize("status", [100, 101, 103, 199, 204, 304])
def test_a_response_that_cannot_have_a_body_is_rendered_without_the_one_that_was_stored(status):
    response = Response.of(status, "", {"Content-Length": "6"}, b"stored")
    assert render(response, "GET") == [b"HTTP/1.1 %d \r\nContent-Length: 6\r\n\r\n" % status]


@pytest.mark.parametrize(
    ("method", "status", "may"),
    [
        ("GET", 200, True),
        ("POST", 404, True),
        ("OPTIONS", 205, True),
        ("HEAD", 200, False),
        ("HEAD", 404, False),
        ("GET", 204, False),
        ("GET", 304, False),
        ("GET", 100, False),
    ],
)
def test_which_responses_may_have_a_body(method, status, may):
    assert may_have_body(method, status) is may


# -- rendering: the length --------------------------------------------------------------------------------------------


@patient
@given(bodies, bodies)
def test_the_length_is_corrected_when_a_hook_has_changed_the_body(recorded, edited):
    data = Response.of(200, "OK", {"Content-Length": str(len(recorded)), "X": "1"}, recorded).data
    data["body"]["string"] = edited
    read = client_reads(b"".join(render(Response(data), "GET")))
    assert read.getheaders() == [("Content-Length", str(len(edited))), ("X", "1")]
    assert read.read() == edited


def test_no_length_is_announced_where_none_was():
    assert b"Content-Length" not in b"".join(render(Response.of(200, "OK", {"X": "1"}, b"body"), "GET"))


@pytest.mark.parametrize("announced", ["", "four", "-1", "4, 4", "4.0"])
def test_a_length_that_cannot_be_read_stays_as_it_was_sent(announced):
    rendered = b"".join(render(Response.of(200, "OK", {"Content-Length": announced}, b"body"), "GET"))
    assert f"Content-Length: {announced}\r\n".encode() in rendered


def test_the_length_in_the_answer_to_head_is_that_of_the_body_which_is_not_sent():
    response = Response.of(200, "OK", {"Content-Length": "1234"}, b"")
    assert b"Content-Length: 1234\r\n" in render(response, "HEAD")[0]


# -- rendering: the content coding ------------------------------------------------------------------------------------


def test_a_body_that_was_kept_decoded_is_coded_again_as_its_header_says():
    # VCR.py's cassettes made with urllib3 2 are like this.
    response = Response.of(200, "OK", {"Content-Encoding": "gzip", "Content-Length": "99"}, b"plain text")
    read = client_reads(b"".join(render(response, "GET")))
    body = read.read()
    assert gzip.decompress(body) == b"plain text"
    assert read.getheaders() == [("Content-Encoding", "gzip"), ("Content-Length", str(len(body)))]


def test_a_body_that_was_kept_as_it_came_stays_as_it_came():
    body = gzip.compress(b"text", compresslevel=1) + gzip.compress(b"another member")
    response = Response.of(200, "OK", {"Content-Encoding": "gzip"}, body)
    assert client_reads(b"".join(render(response, "GET"))).read() == body


def test_a_part_of_a_coded_body_stays_as_it_came():
    # RFC 9110 §14: a range is one of the coded representation.
    part = gzip.compress(b"text")[5:15]
    headers = {"Content-Encoding": "gzip", "Content-Range": "bytes 5-14/24", "Content-Length": "10"}
    response = Response.of(206, "Partial Content", headers, part)
    assert client_reads(b"".join(render(response, "GET"))).read() == part


def test_identity_beside_another_coding_changes_nothing():
    response = Response.of(200, "OK", {"Content-Encoding": "gzip, identity"}, b"plain text")
    read = client_reads(b"".join(render(response, "GET")))
    assert gzip.decompress(read.read()) == b"plain text"
    assert read.getheaders()[0] == ("Content-Encoding", "gzip, identity")


def test_a_coding_that_cannot_be_put_on_is_taken_from_the_header():
    response = Response.of(200, "OK", {"Content-Encoding": "compress, gzip", "X": "1"}, b"plain text")
    read = client_reads(b"".join(render(response, "GET")))
    assert read.getheaders() == [("X", "1")]
    assert read.read() == b"plain text"
    assert response.headers["Content-Encoding"] == "compress, gzip"  # the recorded one is not touched


# -- rendering: the pieces --------------------------------------------------------------------------------------------


def test_a_chunked_body_is_chunked_again_as_it_was():
    response = Response.of(200, "OK", {"Transfer-Encoding": "chunked"}, b"onethree", chunks=[3, 5])
    assert render(response, "GET") == [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"3\r\none\r\n",
        b"5\r\nthree\r\n",
        b"0\r\n\r\n",
    ]


def test_a_chunked_body_whose_chunks_are_not_known_is_one_chunk():
    # So cassettes of VCR.py have it.
    response = Response.of(200, "OK", {"Transfer-Encoding": "chunked"}, b"body")
    assert b"".join(render(response, "GET")).endswith(b"\r\n\r\n4\r\nbody\r\n0\r\n\r\n")


def test_an_empty_chunked_body_is_the_last_chunk_alone():
    response = Response.of(200, "OK", {"Transfer-Encoding": "chunked"}, b"")
    assert b"".join(render(response, "GET")).endswith(b"\r\n\r\n0\r\n\r\n")


def test_trailers_follow_the_last_chunk():
    response = Response.of(200, "OK", {"Transfer-Encoding": "chunked"}, b"body", trailers=[("X-A", "1"), ("X-B", "2")])
    assert b"".join(render(response, "GET")).endswith(b"0\r\nX-A: 1\r\nX-B: 2\r\n\r\n")


def test_a_stream_without_chunks_comes_out_in_its_pieces():
    response = Response.of(200, "OK", {"Content-Type": "text/event-stream"}, b"data: 1\n\ndata: 2\n\n", chunks=[9, 9])
    assert render(response, "GET")[1:] == [b"data: 1\n\n", b"data: 2\n\n"]


@given(cuts)
def test_aiohttp_and_tornado_pass_over_blank_lines_before_a_status_line(cuts):
    message = b"\r\n\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n\r\n" + OK + b"Content-Length: 2\r\n\r\nab"
    for dialect, body in ((Dialect.AIOHTTP, b"ab"), (Dialect.TORNADO, b"ab"), (Dialect.COMMON, None)):
        reader = ResponseReader("GET", dialect)
        for piece in split(message, cuts):
            reader.feed(piece)
        assert (reader.response().body if reader.complete else None) == body


# -- rendering: what was cut off --------------------------------------------------------------------------------------


@pytest.mark.parametrize("headers", [{"Content-Length": "100"}, {"Transfer-Encoding": "chunked"}])
def test_a_client_notices_on_replay_that_the_response_was_incomplete(headers):
    response = Response.of(200, "OK", headers, b"only this", incomplete=True)
    read = client_reads(b"".join(render(response, "GET")))
    with pytest.raises(http.client.IncompleteRead) as caught:
        read.read()
    assert caught.value.partial in (b"only this", b"")  # http.client forgets what came in chunks


def outcome(data: bytes) -> bytes | type[Exception]:
    """What a client has after reading: the body, or the error."""
    try:
        return client_reads(data).read()
    except http.client.IncompleteRead as error:
        return type(error)


@patient
@given(responses(), st.integers(0, 10_000))
@example(
    Response.of(200, "OK", {"Transfer-Encoding": "chunked"}, b"body"), 12
)  # after "0 CR LF", as sloppy servers end
def test_a_response_that_was_cut_off_is_the_same_to_the_client_when_it_is_replayed(response, cut):
    whole = b"".join(render(response, "GET"))
    start = len(whole.partition(b"\r\n\r\n")[0]) + 4
    sent = whole[: start + cut % (len(whole) - start + 1)]
    recorded = read_response(sent, closed=True, dialect=Dialect.HTTP_CLIENT).response()
    assert outcome(b"".join(render(recorded, "GET"))) == outcome(sent)


# -- rendering: what must not break out -------------------------------------------------------------------------------

BREAKS = [
    "\r\nX-Smuggled: 1",
    "\nX-Smuggled: 1",
    "\rX-Smuggled: 1",
    "\r\n\r\nbody",
    "\n\nbody",
    "\r\n \r\n\r\nbody",
    "\r\n",
]


@pytest.mark.parametrize("line_break", BREAKS)
def test_a_header_value_with_line_breaks_cannot_split_the_response(line_break):
    response = Response.of(200, "OK", {"X-Edited": f"value{line_break}", "Content-Length": "4"}, b"body")
    read = client_reads(b"".join(render(response, "GET")))
    assert [name for name, _ in read.getheaders()] == ["X-Edited", "Content-Length"]
    assert read.read() == b"body"


@pytest.mark.parametrize("line_break", BREAKS)
def test_a_reason_with_line_breaks_cannot_split_the_response(line_break):
    response = Response.of(200, f"OK{line_break}", {"Content-Length": "4"}, b"body")
    read = client_reads(b"".join(render(response, "GET")))
    assert [name for name, _ in read.getheaders()] == ["Content-Length"]
    assert read.read() == b"body"


@pytest.mark.parametrize("line_break", BREAKS)
def test_a_trailer_with_line_breaks_cannot_split_the_response(line_break):
    headers, trailers = {"Transfer-Encoding": "chunked"}, {"X-Edited": f"value{line_break}", "X-Last": "1"}
    rendered = b"".join(render(Response.of(200, "OK", headers, b"body", trailers=trailers), "GET"))
    reader = read_response(rendered)
    assert reader.complete
    assert [name for name, _ in reader.response().trailers.pairs()] == ["X-Edited", "X-Last"]
    assert rendered.count(b"\r\n\r\n") == 2  # after the head, and at the end


@patient
@given(st.text(max_size=30), st.text(max_size=30))
def test_no_value_at_all_can_split_the_response(one, other):
    response = Response.of(200, "OK", {"X-One": one, "X-Other": other, "Content-Length": "4"}, b"body")
    read = client_reads(b"".join(render(response, "GET")))
    assert [name for name, _ in read.getheaders()] == ["X-One", "X-Other", "Content-Length"]
    assert read.read() == b"body"


def test_a_folded_header_stays_folded():
    head = OK + b"X-Folded: one\r\n two\r\n\tthree\r\nContent-Length: 0\r\n\r\n"
    reader = read_response(head)
    assert reader.headers["X-Folded"] == "one\r\n two\r\n\tthree"
    assert render(reader.response(), "GET") == [head]


@pytest.mark.parametrize(("value", "sent"), [("café", b"caf\xe9"), ("snow ☃", "snow ☃".encode())])
def test_values_are_sent_in_latin_1_or_where_that_cannot_be_in_utf_8(value, sent):
    assert b"X: " + sent + b"\r\n" in render(Response.of(200, "OK", {"X": value}, b""), "GET")[0]


def test_a_header_that_needs_utf_8_does_not_change_its_neighbour():
    rendered = render(Response.of(200, "OK", {"X-Latin": "café", "X-Other": "☃"}, b""), "GET")[0]
    assert b"X-Latin: caf\xe9\r\n" in rendered


# -- reading a response: the head -------------------------------------------------------------------------------------


def test_nothing_is_known_before_the_head_is_whole():
    reader = read_response(OK + b"Content-Length: 2\r\n")
    assert not reader.has_head
    reader.feed(b"\r\nab")
    assert reader.has_head
    assert reader.complete
    assert reader.response().body == b"ab"


@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
@pytest.mark.parametrize("last", [b"\r\n", b"\n"])
def test_a_bare_line_feed_ends_a_line_too(end, last):
    data = end.join([b"HTTP/1.1 200 OK", b"Content-Length: 4", b"X: 1", last + b"body"])
    assert client_reads(data).read() == b"body"
    reader = read_response(data)
    assert reader.complete
    assert reader.headers.pairs() == [("Content-Length", "4"), ("X", "1")]
    assert reader.response().body == b"body"


@pytest.mark.parametrize(
    ("line", "status", "reason", "version"),
    [
        (b"HTTP/1.1 200 OK", 200, "OK", "1.1"),
        (b"HTTP/1.0 404 Not Found", 404, "Not Found", "1.0"),
        (b"HTTP/1.1 200", 200, "", "1.1"),
        (b"HTTP/1.1 200 ", 200, "", "1.1"),
        (b"HTTP/1.1\t200\tOK", 200, "OK", "1.1"),
        (b"HTTP/1.1 299 caf\xe9 au  lait", 299, "café au  lait", "1.1"),
    ],
)
def test_the_status_line(line, status, reason, version):
    response = read_response(line + b"\r\n\r\n", closed=True).response()
    assert (response.status, response.reason, response.http_version) == (status, reason, version)
    read = client_reads(line + b"\r\n\r\n")
    assert (read.status, read.reason) == (status, reason)


@pytest.mark.parametrize(
    "line", [b"", b"SSH-2.0-server", b"HTTP/1.1", b"HTTP/1.1 OK", b"HTTP/1.1 20 OK", b"HTTP/1.1 2000", b"HTTP/1.1 004"]
)
def test_what_is_no_status_line_is_broken(line):
    reader = read_response(line + b"\r\n\r\n")
    assert reader.broken
    assert not reader.has_head
    assert not reader.complete


@patient
@given(st.lists(st.sampled_from([100, 102, 103, 199]), max_size=3), cuts)
def test_interim_responses_are_passed_over(interim, cuts):
    before = b"".join(b"HTTP/1.1 %d Wait\r\nLink: </a>\r\n\r\n" % status for status in interim)
    reader = read_response(*split(before + OK + b"Content-Length: 2\r\n\r\nab", cuts))
    assert reader.complete
    assert reader.response().data == Response.of(200, "OK", {"Content-Length": "2"}, b"ab").data


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("head", 404), ("GET", 204), ("GET", 304)])
@pytest.mark.parametrize("framing", [b"Content-Length: 100", b"Transfer-Encoding: chunked", b"X: 1"])
def test_a_response_without_a_body_is_complete_with_its_head(method, status, framing):
    reader = read_response(b"HTTP/1.1 %d Fine\r\n%b\r\n\r\n" % (status, framing), method=method)
    assert reader.complete
    assert reader.finite
    assert reader.response().body == b""
    assert not reader.response().incomplete


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [("text/event-stream", "text/event-stream"), ("Text/HTML ; charset=x", "text/html"), (None, "")],
)
def test_the_media_type_is_read_without_its_parameters(content_type, expected):
    line = f"Content-Type: {content_type}\r\n".encode() if content_type else b""
    assert media_type(read_response(OK + line + b"\r\n").headers) == expected


# -- reading a response: the body -------------------------------------------------------------------------------------


def test_a_length_ends_the_message_and_what_follows_is_not_its_body():
    reader = read_response(OK + b"Content-Length: 4\r\n\r\nbo")
    assert reader.finite
    assert not reader.complete
    reader.feed(b"dy and the next response")
    assert reader.complete
    reader.feed(b"more")
    assert reader.response().body == b"body"


def test_without_framing_the_message_ends_with_the_connection():
    reader = read_response(OK + b"\r\nsome", b"thing")
    assert not reader.finite
    assert not reader.complete
    assert reader.response().incomplete
    reader.eof()
    assert reader.complete
    assert reader.response().body == b"something"
    assert not reader.response().incomplete


@pytest.mark.parametrize(
    "cut_off",
    [
        b"Content-Length: 100\r\n\r\nhello",
        b"Transfer-Encoding: chunked\r\n\r\n64\r\nhello",
        b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    ],
)
def test_a_message_that_is_cut_off_is_incomplete_and_keeps_what_came(cut_off):
    reader = read_response(OK + cut_off, closed=True)
    assert not reader.complete
    assert reader.response().incomplete
    assert reader.response().body == b"hello"


def test_chunks_come_before_a_length():
    # RFC 9112 §6.3: Transfer-Encoding overrides Content-Length.
    reader = read_response(OK + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")
    assert reader.complete
    assert reader.response().body == b"hello"


def test_how_bytes_without_chunks_arrive_is_not_recorded():
    reader = read_response(OK + b"Content-Length: 4\r\n\r\n", b"bo", b"dy")
    assert reader.response().pieces == [b"body"]


def test_how_an_event_stream_without_chunks_arrives_is_recorded():
    head = OK + b"Content-Type: text/event-stream; charset=utf-8\r\n\r\n"
    reader = read_response(head, b"data: 1\n\n", b"data: 2\n\n", closed=True)
    assert reader.response().pieces == [b"data: 1\n\n", b"data: 2\n\n"]


# -- chunks -----------------------------------------------------------------------------------------------------------


@st.composite
def chunked_messages(draw, line_ends=(b"\r\n",)):
    """Chunks and trailers, and a body in which they are written in any way that is allowed."""
    chunks, end = draw(chunk_lists), draw(st.sampled_from(line_ends))
    data = b""
    for chunk in [*chunks, b""]:
        size = draw(st.sampled_from(["%x", "%X", "0%x", "000%x", "%x ", "%x\t"])) % len(chunk)
        extension = draw(st.sampled_from(["", ";name", ";name=value", ' ; name="quoted; value"', ";a;b=c"]))
        data += (size + extension).encode() + end + (chunk + b"\r\n" if chunk else b"")
    trailers = draw(fields)
    for name, value in trailers:
        data += f"{name}: {value}".encode("latin-1") + end
    return chunks, trailers, data + end


@patient
@given(chunked_messages(), cuts)
def test_chunks_of_any_size_and_spelling_are_kept_apart(message, cuts):
    chunks, trailers, data = message
    reader = ChunkedReader()
    for part in split(data, cuts):
        assert not reader.complete
        reader.feed(part)
    assert reader.complete
    assert not reader.broken
    assert reader.chunks == chunks
    assert reader.trailers == trailers
    assert client_reads(OK + b"Transfer-Encoding: chunked\r\n\r\n" + data).read() == b"".join(chunks)


@patient
@given(chunked_messages((b"\n", b"\r\n")), cuts)
def test_size_lines_and_trailers_may_end_in_bare_line_feeds(message, cuts):
    chunks, trailers, data = message
    reader = ChunkedReader()
    for part in split(data, cuts):
        reader.feed(part)
    assert (reader.complete, reader.broken) == (True, False)
    assert (reader.chunks, reader.trailers) == (chunks, trailers)


@pytest.mark.parametrize("behind", [b"\n", b"\n0\r\n\r\n", b"X\r\n", b"XY0\r\n\r\n\n"])
def test_what_comes_behind_a_chunk_is_crlf_or_the_message_is_broken(behind):
    """As for http.client, urllib3, h11 and aiohttp, whatever else they let pass."""
    reader = ChunkedReader(Dialect.HTTP_CLIENT)
    reader.feed(b"5\r\nhello" + behind)
    assert (reader.broken, reader.complete, reader.chunks) == (True, False, [b"hello"])


def test_libcurl_alone_takes_a_bare_line_feed_for_the_end_of_a_chunk():
    reader = ChunkedReader(Dialect.LIBCURL)
    reader.feed(b"5\nhello\n0\n\n")
    assert (reader.broken, reader.complete, reader.chunks) == (False, True, [b"hello"])


@pytest.mark.parametrize("behind", [b"X\n", b"XX\r\n", b"X\r\n"])
def test_libcurl_takes_no_other_byte_for_it(behind):
    reader = ChunkedReader(Dialect.LIBCURL)
    reader.feed(b"5\r\nhello" + behind)
    assert (reader.broken, reader.complete, reader.chunks) == (True, False, [b"hello"])


@pytest.mark.parametrize("data", [b"0\n\n", b"5\r\nhello\r\n0\n\n", b"5\nhello\r\n0\r\n\r\n"])
def test_a_size_ends_in_crlf_where_the_client_needs_it(data):
    """As for aiohttp and tornado."""
    readers = [ChunkedReader(), ChunkedReader(Dialect.AIOHTTP), ChunkedReader(Dialect.TORNADO)]
    for reader in readers:
        reader.feed(data)
    assert [(reader.complete, reader.broken) for reader in readers] == [(True, False), (False, True), (False, True)]


@pytest.mark.parametrize("size", [b"5;name=value", b"5 ", b" 5", b"0x5"])
def test_to_tornado_a_size_line_has_nothing_but_the_size(size):
    readers = [ChunkedReader(), ChunkedReader(Dialect.TORNADO)]
    for reader in readers:
        reader.feed(size + b"\r\nhello\r\n0\r\n\r\n")
    assert [(reader.complete, reader.broken) for reader in readers] == [(True, False), (False, True)]


@pytest.mark.parametrize("end", [b"5\r\nhello", b"5\r\nhello\r", b"5\r\nhello\r\n", b"5\r\nhel"])
def test_what_is_cut_at_the_end_of_a_chunk_is_rendered_as_it_came(end):
    message = OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\none\r\n" + end
    assert b"".join(render(read_response(message).response(), "GET")) == message


@pytest.mark.parametrize("end", [b"0", b"0\r\n", b"0\r\nX-Trailer: 1\r\n"])
def test_http_client_alone_takes_the_end_of_the_connection_for_the_end_of_the_last_chunk(end):
    readers = [ChunkedReader(Dialect.HTTP_CLIENT), ChunkedReader()]
    for reader in readers:
        reader.feed(b"5\r\nhello\r\n" + end)
        reader.eof()
    assert [reader.complete for reader in readers] == [True, False]


@pytest.mark.parametrize("status", [101, 102, 103, 199])
def test_http_client_takes_every_1xx_but_100_for_the_response(status):
    message = b"HTTP/1.1 %d Other\r\nX-Early: 1\r\n\r\n" % status + OK + b"Content-Length: 0\r\n\r\n"
    readers = [ResponseReader("GET", Dialect.HTTP_CLIENT), ResponseReader("GET")]
    for reader in readers:
        reader.feed(b"HTTP/1.1 100 Continue\r\n\r\n" + message)
    assert [reader.response().status for reader in readers] == [status, 200]
    assert client_reads(message).status == status


@pytest.mark.parametrize("status", [204, 304])
def test_http_client_reads_chunks_whatever_the_status(status):
    head = b"HTTP/1.1 %d No body\r\nTransfer-Encoding: chunked\r\n\r\n" % status
    reader = ResponseReader("GET", Dialect.HTTP_CLIENT)
    reader.feed(head)
    assert not reader.complete
    reader.feed(b"0\r\n\r\n")
    assert reader.complete
    assert b"".join(render(reader.response(), "GET", Dialect.HTTP_CLIENT)) == head + b"0\r\n\r\n"
    assert b"".join(render(reader.response(), "GET")) == head
    assert client_reads(head + b"0\r\n\r\n").read() == b""


@pytest.mark.parametrize("status", [204, 304])
def test_chunks_that_should_not_be_there_are_http_clients_to_read(status):
    sent = b"HTTP/1.1 %d No body\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n" % status
    recorded = read_response(sent, dialect=Dialect.HTTP_CLIENT).response()
    assert b"".join(render(recorded, "GET", Dialect.HTTP_CLIENT)) == sent
    assert client_reads(sent).read() == b"hello"


@patient
@given(chunked_messages(), st.binary(min_size=1, max_size=10))
def test_what_follows_the_last_chunk_is_not_read(message, rest):
    chunks, trailers, data = message
    reader = ChunkedReader()
    reader.feed(data + rest)
    assert reader.complete
    assert (reader.chunks, reader.trailers) == (chunks, trailers)


def test_an_unfinished_chunk_can_be_had_as_far_as_it_has_come():
    reader = ChunkedReader()
    for part in (b"3\r\none\r\n", b"5\r\nth", b"re"):
        reader.feed(part)
    assert reader.chunks == [b"one"]
    assert reader.partial() == [b"one", b"thre"]


@pytest.mark.parametrize(
    "data", [b"x\r\n", b"\r\n", b"-5\r\n", b"3\r\nabcdef\r\n", b";ext\r\n", b"5 5\r\n", b"\xb2\r\n"]
)
def test_what_are_no_chunks_is_broken(data):
    reader = ChunkedReader()
    reader.feed(data)
    assert reader.broken
    assert not reader.complete


@pytest.mark.parametrize("size", [1_000, 64 * 1024, 2 * MAX_HEAD])
def test_a_head_without_end_is_broken_where_no_client_would_read_on(size):
    reader = read_response(b"HTTP/1.1 200 OK\r\n")
    fed = 0
    while not reader.broken:
        reader.feed(b"X-One: 1\r\n" * (size // 10))
        fed += size
    assert fed <= MAX_HEAD + 2 * size


def test_a_broken_reader_takes_no_more():
    reader = ChunkedReader()
    reader.feed(b"3\r\none\r\n!\r\n")
    reader.feed(b"3\r\ntwo\r\n0\r\n\r\n")
    assert reader.broken
    assert not reader.complete
    assert reader.chunks == [b"one"]


def test_a_response_with_broken_chunks_is_broken_and_keeps_what_was_read():
    reader = read_response(OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\none\r\n!\r\n")
    assert reader.broken
    assert not reader.complete
    assert reader.response().body == b"one"
    assert reader.response().incomplete


# -- what the headers announce ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("codings", "chunked"),
    [
        (["chunked"], True),
        (["Chunked"], True),
        (["gzip, chunked"], True),
        (["gzip", "chunked"], True),
        (["gzip,chunked "], True),
        (["chunked, gzip"], False),
        (["gzip"], False),
        (["identity"], False),
        (["notchunked"], False),
        ([], False),
    ],
)
def test_whether_a_body_is_chunked(codings, chunked):
    assert is_chunked(Headers([("Transfer-Encoding", coding) for coding in codings])) is chunked


@pytest.mark.parametrize(
    ("announced", "length"),
    [
        ("0", 0),
        ("12", 12),
        (" 12 ", 12),
        ("007", 7),
        ("+1", 1),
        ("1_0", 10),
        ("\uff11\uff12", 12),  # digits of another script
        ("", None),
        ("-1", None),
        ("1.0", None),
        ("12, 12", None),
        ("twelve", None),
        ("²", None),
        ("9" * 5000, None),
    ],
)
def test_the_announced_length_is_what_http_client_reads(announced, length):
    assert content_length(Headers({"content-length": announced})) == length
    line = f"Content-Length: {announced}\r\n\r\n"
    if line.isascii():
        assert client_reads(OK + line.encode()).length == length


def test_no_length_is_announced():
    assert content_length(Headers()) is None


# -- reading a request ------------------------------------------------------------------------------------------------


@patient
@given(fields, bodies, cuts)
def test_a_request_with_a_length_is_read_however_it_is_sent(fields, body, cuts):
    headers = [*fields, ("Content-Length", str(len(body)))]
    head = b"".join(f"{name}: {value}\r\n".encode("latin-1") for name, value in headers)
    data = b"POST /path?q=1 HTTP/1.1\r\n" + head + b"\r\n" + body
    reader = RequestReader()
    for part in split(data, cuts):
        assert not reader.complete
        reader.feed(part)
    assert reader.complete
    assert bytes(reader.sent) == data
    request = reader.request("http://h:81")
    assert (request.method, request.uri, request.body) == ("POST", "http://h:81/path?q=1", body or None)
    assert request.headers.pairs() == headers


@patient
@given(chunked_messages(), cuts)
def test_a_chunked_request_is_kept_without_its_chunks(message, cuts):
    chunks, _, body = message
    data = b"PUT /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + body
    reader = RequestReader()
    for part in split(data, cuts):
        assert not reader.complete
        reader.feed(part)
    assert reader.complete
    assert bytes(reader.sent) == data  # what goes to the server is what the client wrote
    assert reader.request("http://h").body == (b"".join(chunks) or None)


def test_a_request_without_a_body_is_complete_with_its_head():
    reader = read_request(b"GET / HTTP/1.1\r\n")
    assert not reader.has_head
    reader.feed(b"Host: h\r\n\r\n")
    assert reader.has_head
    assert reader.complete
    assert reader.request("http://h").body is None


def test_what_has_been_sent_of_a_body_can_be_had_before_its_end():
    reader = read_request(b"POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nhalf")
    assert not reader.complete
    assert reader.request("http://h").body == b"half"


@pytest.mark.parametrize("data", [bytearray, memoryview])
def test_a_client_may_send_any_kind_of_bytes(data):
    reader = read_request(data(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"), data(b"2\r\nab\r\n0\r\n\r\n"))
    assert reader.complete
    assert reader.request("http://h").body == b"ab"


@pytest.mark.parametrize(
    ("target", "uri"),
    [
        ("/", "https://h/"),
        ("/a?b=c", "https://h/a?b=c"),
        ("*", "https://h/*"),
        ("http://other.example:81/a?b", "http://other.example:81/a?b"),
        ("HTTPS://other.example/", "HTTPS://other.example/"),
        ("/http://other.example/", "https://h/http://other.example/"),
        ("/with space", "https://h/with space"),
        ("/caf\xe9", "https://h/caf\xe9"),
        ("//double/slash", "https://h//double/slash"),
    ],
)
def test_the_target_and_the_origin_make_the_uri(target, uri):
    reader = read_request(f"OPTIONS {target} HTTP/1.1\r\n\r\n".encode("latin-1"))
    assert reader.request("https://h").uri == uri


def test_headers_that_the_client_library_wrote_by_itself_can_be_left_out():
    reader = read_request(b"GET / HTTP/1.1\r\nHost: h\r\nAccept-Encoding: identity\r\nHost: mine\r\nX: 1\r\n\r\n")
    assert reader.request("http://h", skip=2).headers.pairs() == [("Host", "mine"), ("X", "1")]


@pytest.mark.parametrize("expect", [b"100-continue", b"100-Continue"])
def test_a_client_that_expects_continue_waits_before_its_body(expect):
    reader = read_request(b"PUT / HTTP/1.1\r\nExpect: " + expect + b"\r\nContent-Length: 4\r\n")
    assert not reader.awaits_continue
    reader.feed(b"\r\n")
    assert reader.awaits_continue
    reader.feed(b"body")
    assert not reader.awaits_continue
    assert client_reads(CONTINUE + OK + b"Content-Length: 0\r\n\r\n").status == 200


def test_a_client_that_expects_nothing_waits_for_nothing():
    assert not read_request(b"PUT / HTTP/1.1\r\nContent-Length: 4\r\n\r\n").awaits_continue


@pytest.mark.parametrize(
    ("start", "leaves"),
    [
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", True),
        (b"GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", True),
        (b"GET / HTTP/1.1\r\nupgrade: h2c\r\n\r\n", True),
        (b"GET / HTTP/1.1\r\nUpgrade-Insecure-Requests: 1\r\n\r\n", False),
        (b"GET / HTTP/1.1\r\n\r\n", False),
    ],
)
def test_whether_a_client_leaves_http_1(start, leaves):
    read = read_request(start)
    assert (read.speaks_http2 or read.upgrades) is leaves


# -- whatever a peer sends --------------------------------------------------------------------------------------------

#: Bytes that look enough like HTTP to get past the first line.
FRAGMENTS = [
    *(b"HTTP/1.1 200 OK", b"GET / HTTP/1.1", b"Content-Length: ", b"Transfer-Encoding: chunked"),
    *(b"Content-Type: text/event-stream", b"\r\n", b"\n", b"\r", b" ", b":", b";", b"5", b"-1", b"0", b"ffffffff"),
    *(b"hello", b"\xff\x00"),
]
nearly_http = st.lists(st.sampled_from(FRAGMENTS) | st.binary(max_size=4), max_size=25).map(b"".join)
anything = st.binary(max_size=200) | nearly_http
TOO_LONG = b"Content-Length: " + b"9" * 5000 + b"\r\n\r\nbody"


@patient
@given(anything, cuts, st.sampled_from(["GET", "HEAD", ""]))
@example(OK + TOO_LONG, [], "GET")
def test_no_bytes_at_all_make_the_reader_of_responses_raise(data, cuts, method):
    reader = read_response(*split(data, cuts), method=method, closed=True)
    assert not (reader.complete and reader.broken)
    assert reader.complete or not reader.has_head or reader.response().incomplete


@patient
@given(anything, cuts)
@example(b"POST / HTTP/1.1\r\n" + TOO_LONG, [])
def test_no_bytes_at_all_make_the_reader_of_requests_raise(data, cuts):
    reader = read_request(*split(data, cuts))
    assert bytes(reader.sent) == data
    assert reader.has_head or not reader.complete
    assert isinstance(reader.upgrades, bool)


@patient
@given(nearly_http, cuts)
def test_how_the_bytes_are_split_makes_no_difference(data, cuts):
    whole, parts = read_response(OK + data, closed=True), read_response(*split(OK + data, cuts), closed=True)
    assert (parts.has_head, parts.complete, parts.broken) == (whole.has_head, whole.complete, whole.broken)
    assert parts.response().body == whole.response().body
    assert parts.response().headers == whole.response().headers
