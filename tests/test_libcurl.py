"""What libcurl makes of a head, a cookie and a redirect, as a replay shows it: told without libcurl."""

from __future__ import annotations

import time

import pytest

from vcr.request import Headers, Request
from vcr.response import Response
from vcr.stubs.libcurl.abi import FOLLOW_FIRSTONLY, FOLLOW_OBEYCODE, Opt
from vcr.stubs.libcurl.handle import Handle
from vcr.stubs.libcurl.lines import cookie_line, fields_in, head_lines
from vcr.stubs.libcurl.redirects import Hop, next_hop

# -- lines -------------------------------------------------------------------------------------------------------------


def test_a_folded_line_belongs_to_its_field():
    lines = [b"A: one\r\n", b" two\r\n", b"\tthree\r\n", b"B:\r\n"]
    assert list(fields_in(lines)) == [("A", "one\r\n two\r\n\tthree"), ("B", "")]


@pytest.mark.parametrize(
    ("version", "line"),
    [
        ("1.0", b"HTTP/1.0 200 OK\r\n"),
        ("1.1", b"HTTP/1.1 200 OK\r\n"),
        ("2", b"HTTP/2 200 \r\n"),
        ("2.0", b"HTTP/2 200 \r\n"),
        ("3", b"HTTP/3 200 \r\n"),
        ("0.9", b"HTTP/1.1 200 OK\r\n"),
    ],
)
def test_the_status_line_is_that_of_the_version(version, line):
    response = Response({"status": {"code": 200, "message": "OK"}, "http_version": version})
    assert list(head_lines(response, Headers({"A": "b"}))) == [line, b"A: b\r\n", b"\r\n"]


@pytest.mark.parametrize(
    ("cookie", "line", "is_over"),
    [
        ("a=1", "h\tFALSE\t/dir\tFALSE\t0\ta\t1", False),
        ("a=1; Path=/x; Secure", "h\tFALSE\t/x\tTRUE\t0\ta\t1", False),
        ("a=1; Path=x", "h\tFALSE\t/dir\tFALSE\t0\ta\t1", False),
        ("a=1; Domain=.H.example; HttpOnly", "#HttpOnly_.h.example\tTRUE\t/dir\tFALSE\t0\ta\t1", False),
        ("a=; Max-Age=0", "h\tFALSE\t/dir\tFALSE\t1\ta\t", True),
        ("a=; Max-Age=-5", "h\tFALSE\t/dir\tFALSE\t1\ta\t", True),
        ("a=; Expires=Thu, 01 Jan 1970 00:00:01 GMT", "h\tFALSE\t/dir\tFALSE\t1\ta\t", True),
        ("a=1; Expires=Fri, 01 Jan 2100 00:00:00 GMT", "h\tFALSE\t/dir\tFALSE\t4102444800\ta\t1", False),
        ("a=1; Expires=soon; Max-Age=later", "h\tFALSE\t/dir\tFALSE\t0\ta\t1", False),
    ],
)
def test_a_cookie_is_a_line_of_netscapes_file(cookie, line, is_over):
    assert cookie_line(cookie, Request("GET", "http://h/dir/page")) == (line.encode(), is_over)


def test_a_maximal_age_counts_from_now_whatever_the_date_says():
    before = int(time.time())
    line, is_over = cookie_line("a=1; Max-Age=3600; Expires=Thu, 01 Jan 1970 00:00:01 GMT", Request("GET", "http://h/"))
    assert not is_over
    assert before + 3600 <= int(line.split(b"\t")[4]) <= time.time() + 3600


# -- redirects ---------------------------------------------------------------------------------------------------------


def follow(location: str, status: int = 302, request: Request | None = None, **options) -> Request | None:
    """The request behind a redirect; ``options``: of libcurl."""
    handle = Handle()
    handle.note(Opt.FOLLOWLOCATION, 1)
    for name, value in options.items():
        handle.note(Opt[name], value)
    request = request or Request("GET", "http://one.example/dir/page")
    kind = "POST" if request.body else "GET"
    hop = next_hop(handle, Hop(request, kind), request.uri, status, Headers({"Location": location}))
    return hop and hop.request


@pytest.mark.parametrize(
    ("location", "uri"),
    [
        ("other", "http://one.example/dir/other"),
        (" /a b ", "http://one.example/a%20b"),
        ("https://two.example/", "https://two.example/"),
        ("mailto:me@one.example", None),
        ("ftp://one.example/", None),
        ("", None),
    ],
)
def test_only_http_is_followed(location, uri):
    followed = follow(location)
    assert (followed and followed.uri) == uri


@pytest.mark.parametrize(
    ("location", "options", "kept"),
    [
        ("/other", {}, {"Authorization", "Cookie", "X"}),
        ("http://two.example/", {}, {"X"}),
        ("https://one.example/", {}, {"X"}),
        ("http://two.example/", {"UNRESTRICTED_AUTH": 1}, {"Authorization", "Cookie", "X"}),
    ],
)
def test_secrets_are_not_for_another_server(location, options, kept):
    asked = Request("GET", "http://one.example/", None, {"Authorization": "Basic eA==", "Cookie": "a=1", "X": "1"})
    assert set(follow(location, request=asked, **options).headers) == kept


@pytest.mark.parametrize(
    ("mode", "status", "method"),
    [
        (1, 302, "PUBLISH"),
        (FOLLOW_OBEYCODE, 302, "GET"),
        (FOLLOW_OBEYCODE, 307, "PUBLISH"),
        (FOLLOW_FIRSTONLY, 307, "POST"),
    ],
)
def test_a_method_of_the_programs_own_is_kept_as_the_mode_says(mode, status, method):
    asked = Request("PUBLISH", "http://one.example/", b"a=1")
    assert follow("/other", status, asked, CUSTOMREQUEST="PUBLISH", FOLLOWLOCATION=mode).method == method
