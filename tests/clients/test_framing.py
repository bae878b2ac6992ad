"""How a message ends, and what is in its head: a replay shows what the client made of it live, error or not.

Each test is of a kind: a new client inherits it.
"""

from __future__ import annotations

import itertools

import pytest

import vcr

from .entries import having, outcome

FIELDS = {
    "chunked": b"Transfer-Encoding: chunked\r\n",
    "length": b"Content-Length: 0\r\n",
    "neither": b"Connection: close\r\n",
}


@pytest.fixture
def ends_alike(client, server, cassette_path):
    """``ends_alike(act)``: the outcome of ``act(session)``, the same live and recording, and, if anything is kept of
    it, on replay."""

    def ends_alike(act, **options):
        def once():
            with client(timeout=2) as session:
                return outcome(lambda: act(session))

        live = once()
        with vcr.use_cassette(cassette_path, **options) as cassette:
            recorded = once()
        assert recorded == live
        if len(cassette):
            hits = server.hits
            with vcr.use_cassette(cassette_path, record_mode="none") as cassette:
                assert once() == live
            assert server.hits == hits
        return live, list(cassette.responses)

    return ends_alike


# -- messages without a body -------------------------------------------------------------------------------------------


EMPTY = list(itertools.product(FIELDS, [200, 204, 205, 304], ["GET", "HEAD", "POST"]))


@pytest.mark.parametrize("case", EMPTY, ids=lambda case: "-".join(map(str, case)))
def test_a_message_without_content_is_as_empty_on_replay(case, server, ends_alike, lacks):
    framing, status, method = case
    if framing == "chunked" and method != "HEAD" and status in (204, 304):
        lacks("chunks after a 204 or 304 are not replayed", "aiohttp")

    def empty(exchange):
        exchange.hang_up()
        last = b"0\r\n\r\n" if framing == "chunked" and method != "HEAD" else b""
        exchange.send(b"HTTP/1.1 %d Empty\r\n" % status + FIELDS[framing] + b"\r\n" + last)

    server.route("/empty", empty)
    _, kept = ends_alike(lambda session: session.fetch(method, server.url + "/empty"))
    assert len(kept) == 1


# -- messages that end as they should not ------------------------------------------------------------------------------

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
ENDS = {
    "bare LF behind a chunk": CHUNKED + b"5\r\nhello\n0\r\n\r\n",
    "bare LF everywhere": CHUNKED + b"5\nhello\n0\n\n",
    "bare LF behind no chunk": CHUNKED + b"0\n\n",
    "nothing behind a chunk": CHUNKED + b"5\r\nhello",
    "half a CRLF behind a chunk": CHUNKED + b"5\r\nhello\r",
    "no CRLF behind the last chunk": CHUNKED + b"5\r\nhello\r\n0\r\n",
    "nothing behind the last size": CHUNKED + b"5\r\nhello\r\n0",
    "no last chunk": CHUNKED + b"5\r\nhello\r\n",
    "half a chunk": CHUNKED + b"5\r\nhel",
    "a size that is none": CHUNKED + b"5\r\nhello\r\nsize\r\n",
    "shorter than announced": HEAD + b"Content-Length: 10\r\n\r\nhello",
    "longer than announced": HEAD + b"Content-Length: 3\r\n\r\nhello",
    "no framing": HEAD + b"\r\nhello",
    "half a head": b"HTTP/1.1 200 OK\r\nContent-Ty",
}


#: What httpx's parser calls illegal, in words that a replay does not have.
ILLEGAL = (
    "bare LF behind a chunk",
    "bare LF everywhere",
    "bare LF behind no chunk",
    "a size that is none",
    "nothing behind the last size",
)


def note_what_is_lacking(end, lacks):
    if end in ILLEGAL:
        lacks("the text of the replayed error is another", "httpx", "httpx2")
    if end in ("nothing behind the last size", "bare LF behind no chunk"):
        lacks(
            "an empty body in such chunks counts as whole",
            "niquests.Session",
            "niquests.AsyncSession",
            "urllib3-future",
        )


@pytest.mark.parametrize("end", ENDS)
def test_a_message_ends_on_replay_as_it_did(end, server, ends_alike, lacks):
    note_what_is_lacking(end, lacks)

    def ends(exchange):
        exchange.hang_up()
        exchange.send(ENDS[end])

    server.route("/ends", ends)
    ends_alike(lambda session: session.get(server.url + "/ends"))


@having("streams")
@pytest.mark.parametrize("end", ENDS)
def test_what_is_read_before_the_end_is_the_same(end, client, server, ends_alike, lacks):
    note_what_is_lacking(end, lacks)
    if "forgetting" in client.can:
        pytest.skip("without a cassette too, it is chance how much it sees")

    def ends(exchange):
        exchange.hang_up()
        exchange.send(ENDS[end])

    def act(session):
        seen = []

        def read():
            with session.stream(server.url + "/ends") as pieces:
                for piece in pieces:
                    seen.append(piece)

        error = outcome(read)
        return b"".join(seen), error

    server.route("/ends", ends)
    ends_alike(act)


@having("streams")
@pytest.mark.parametrize("frame", ["length", "chunked"])
def test_a_server_that_stalls_in_the_body(frame, client, server, cassette_path):
    """The client's own time-out, with what it has read before; without ``record_errors`` nothing is kept."""

    def stalls(exchange):
        exchange.head(200, [("Content-Length", "10")] if frame == "length" else [("Transfer-Encoding", "chunked")])
        exchange.send(b"5\r\nhello\r\n" if frame == "chunked" else b"hello")
        exchange.server.closing.wait(20)

    def act():
        with client(timeout=0.5) as session:
            return outcome(lambda: session.get(server.url + "/stalls"))

    server.route("/stalls", stalls)
    live = act()
    for path, record_errors in ((cassette_path, False), ("with errors.yaml", True)):
        with vcr.use_cassette(path, record_errors=record_errors) as cassette:
            assert act() == live
        if "errors" in client.can:
            assert len(cassette) == record_errors
        if len(cassette):
            with vcr.use_cassette(path, record_mode="none"):
                assert act() == live


# -- other messages before it ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [100, 102, 103, 199])
def test_what_the_client_takes_for_the_response_is_what_is_kept(status, client, server, ends_alike):
    """http.client, and what is built on it, takes any 1xx but 100 for the response."""

    def early(exchange):
        exchange.hang_up()
        exchange.head(status, [("Link", "</style.css>; rel=preload")], reason="Early")
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nfinal")

    server.route("/early", early)
    seen, kept = ends_alike(lambda session: session.get(server.url + "/early"))
    assert [response["status"]["code"] for response in kept] == [seen.status]


# -- fields of a cassette that was written by hand ---------------------------------------------------------------------

BREAKS = ["\r\nX-Smuggled: 1", "\nX-Smuggled: 1", "\rX-Smuggled: 1", "\r\n\r\nX-Smuggled: 1", "\n\nX-Smuggled: 1"]


@pytest.mark.parametrize("line_break", BREAKS)
@pytest.mark.parametrize("where", ["name", "value", "reason", "version", "trailer"])
def test_no_field_is_seen_that_was_not_one_in_the_file(where, line_break, client, server, cassette_path):
    text = f"odd{line_break}"
    response = {
        "status": {"code": 200, "message": text if where == "reason" else "OK"},
        "headers": {f"X-{text}" if where == "name" else "X-Field": [text if where == "value" else "1"]},
        "body": {"string": b"body"},
    }
    if where == "version":
        response["http_version"] = f"1.1{line_break}"
    if where == "trailer":
        response["headers"]["Transfer-Encoding"] = ["chunked"]
        response["trailers"] = {"X-Trailer": [text]}
    with vcr.use_cassette(cassette_path) as cassette:
        cassette.append(vcr.Request("GET", server.url + "/odd"), response)
    with vcr.use_cassette(cassette_path, record_mode="none"), client() as session:
        seen = outcome(lambda: session.get(server.url + "/odd"))
    # A client may refuse the name; it never sees a field of its own.
    assert "x-smuggled" not in [name.strip().lower() for name, _ in getattr(seen, "headers", [])]
    assert getattr(seen, "body", b"body") == b"body"
    assert server.hits == 0
