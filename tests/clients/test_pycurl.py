"""What only pycurl has. ``three_ways`` runs the same code live, recording and replaying, and compares."""

from __future__ import annotations

import gc
import gzip
import io
import logging
import re
import subprocess
import sys
import zlib
from contextlib import closing
from pathlib import Path

import pytest

import vcr
from tests.server import TEXT
from vcr.errors import CannotOverwriteExistingCassetteException, NotCancelledError, UnsupportedClientError, VCRWarning

from .entries import Raised, outcome

pycurl = pytest.importorskip("pycurl")

from pycurl import Curl  # noqa: E402  (early: long before any cassette)

#: Major and minor version of the libcurl that pycurl drives.
LIBCURL = tuple(map(int, pycurl.version_info()[1].split(".")[:2]))


def fetch(url, *options, curl=None):
    """What a transfer gives: the lines of its heads, and its body."""
    head, body = [], io.BytesIO()
    with closing(curl or Curl()) as handle:
        for option, value in ((pycurl.URL, url), (pycurl.HEADERFUNCTION, head.append), (pycurl.WRITEDATA, body)):
            handle.setopt(option, value)
        for option, value in options:
            handle.setopt(option, value)
        handle.perform()
        return head, body.getvalue(), [handle.getinfo(getattr(pycurl, name)) for name in INFOS]


#: What a replay answers as live. pycurl up to 7.47 has no names for the NEWER_INFOS.
INFOS = [
    *("EFFECTIVE_URL", "EFFECTIVE_METHOD", "PRIMARY_IP", "PRIMARY_PORT", "OS_ERRNO", "RESPONSE_CODE", "CONTENT_TYPE"),
    *("REDIRECT_COUNT", "REDIRECT_URL", "INFO_HTTP_VERSION", "INFO_COOKIELIST", "SIZE_DOWNLOAD_T", "SIZE_UPLOAD_T"),
    *("CONTENT_LENGTH_DOWNLOAD_T", "CONTENT_LENGTH_UPLOAD_T", "HEADER_SIZE", "INFO_FILETIME", "HTTPAUTH_AVAIL"),
    *("PROXYAUTH_AVAIL", "SSL_ENGINES", "SSL_VERIFYRESULT", "CONDITION_UNMET", "INFO_CERTINFO", "FTP_ENTRY_PATH"),
    "HTTP_CONNECTCODE",
]
NEWER_INFOS = ["SCHEME", "INFO_REFERER", "RETRY_AFTER", "PROXY_ERROR", "USED_PROXY", "SIZE_DELIVERED"]
INFOS += [name for name in NEWER_INFOS if hasattr(pycurl, name)]


def in_newer_words(act):
    """The outcome of ``act()``; an error of libcurl up to 8.19 in the words of 8.21, which a replay uses."""
    result = outcome(act)
    if isinstance(result, Raised) and LIBCURL < (8, 21):
        text = result.text.replace("returned -1'", f"returned {2**64 - 1}'")
        return Raised(result.kind, re.sub(r"\. libcurl understands [a-z, ]+\.", "", text))
    return result


#: What it answers because it makes no connection, sends nothing and takes no time.
OF_A_REPLAY = {
    **dict.fromkeys(["NUM_CONNECTS", "LOCAL_PORT", "REQUEST_SIZE"], 0),
    "LOCAL_IP": "",
    "LASTSOCKET": -1,
    "ACTIVESOCKET": -1,
    **dict.fromkeys(["TOTAL_TIME", "NAMELOOKUP_TIME", "CONNECT_TIME", "APPCONNECT_TIME", "PRETRANSFER_TIME"], 0.0),
    **dict.fromkeys(["STARTTRANSFER_TIME", "REDIRECT_TIME", "SPEED_DOWNLOAD", "SPEED_UPLOAD"], 0.0),
    **dict.fromkeys(["TOTAL_TIME_T", "NAMELOOKUP_TIME_T", "CONNECT_TIME_T", "STARTTRANSFER_TIME_T"], 0),
}


# -- what is sent ------------------------------------------------------------------------------------------------------


SENT = {
    "a form": ([(pycurl.POSTFIELDS, "a=1")], ("POST", b"a=1", {})),
    "another method": ([(pycurl.CUSTOMREQUEST, "PATCH"), (pycurl.POSTFIELDS, b"\0")], ("PATCH", b"\0", {})),
    "no body": ([(pycurl.NOBODY, True)], ("HEAD", None, {})),
    "an upload": ([(pycurl.UPLOAD, True), (pycurl.READDATA, b"file")], ("PUT", b"file", {})),
    "back to GET": ([(pycurl.POSTFIELDS, "a=1"), (pycurl.HTTPGET, True)], ("GET", None, {})),
    "a user": ([(pycurl.USERPWD, "me:secret")], ("GET", None, {"Authorization": "Basic bWU6c2VjcmV0"})),
    "a part": ([(pycurl.RANGE, "2-5")], ("GET", None, {"Range": "bytes=2-5"})),
    "the rest": ([(pycurl.RESUME_FROM, 3)], ("GET", None, {"Range": "bytes=3-"})),
    "fields": (
        [(pycurl.USERAGENT, "me"), (pycurl.COOKIE, "a=1"), (pycurl.HTTPHEADER, ["X-One: 1", "Accept:", "X-None;"])],
        ("GET", None, {"User-Agent": "me", "Cookie": "a=1", "X-One": "1", "X-None": ""}),
    ),
    "a field that takes the place of another": (
        [(pycurl.REFERER, "here"), (pycurl.HTTPHEADER, [b"referer: there"])],
        ("GET", None, {"referer": "there"}),
    ),
}


@pytest.mark.parametrize(("options", "expected"), SENT.values(), ids=SENT)
def test_the_recorded_request_is_what_the_options_make_of_it(options, expected, server, cassette_path):
    options = [(name, io.BytesIO(value) if name == pycurl.READDATA else value) for name, value in options]
    server.route("/part", lambda exchange: exchange.respond(206, [("Content-Range", "bytes 3-4/5")], b"lo"))
    with vcr.use_cassette(cassette_path) as cassette:
        fetch(server.url + "/part", *options)
    (request,), (received,) = cassette.requests, server.requests
    assert (request.method, request.body, dict(request.headers.pairs())) == expected
    assert request.method == received.method
    assert (request.body or b"") == received.body
    assert all(received.get(name) == value for name, value in request.headers.pairs())


def test_credentials_and_fragment_are_not_part_of_the_uri(server, cassette_path):
    with vcr.use_cassette(cassette_path) as cassette:
        fetch(server.url.replace("//", "//me:secret@") + "/text?a=1#here")
    assert cassette.requests[0].uri == server.url + "/text?a=1"
    assert cassette.requests[0].headers["Authorization"] == server.requests[0].get("Authorization")


def test_a_read_callback_is_asked_piece_by_piece(server, three_ways):
    def act():
        pieces = [b"one", b"two", b""]
        upload = (pycurl.UPLOAD, True), (pycurl.READFUNCTION, lambda _: pieces.pop(0))
        return fetch(server.url + "/echo", *upload)[1]

    assert b"onetwo" in three_ways(act)


# -- what is seen ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/text", "/headers", "/gzip", "/chunked", "/trailers", "/status/404", "/redirect/3", "/cookies/set?a=1"]
)
def test_lines_body_and_infos_are_the_same(path, server, three_ways):
    options = (pycurl.FOLLOWLOCATION, True), (pycurl.ACCEPT_ENCODING, ""), (pycurl.COOKIEFILE, "")

    def act():
        head, body, infos = fetch(server.url + path, *options)
        if path == "/trailers" and LIBCURL < (8, 23):
            del infos[INFOS.index("HEADER_SIZE")]  # a replay counts the trailers, as libcurl 8.23 does
        return head, body, infos

    assert b"HTTP/1.1 " in three_ways(act)[0][0]


def test_what_the_options_and_the_fields_tell_is_the_same(server, three_ways):
    fields = [
        ("Retry-After", "7"),
        ("Last-Modified", "Fri, 27 Nov 2026 20:00:00 GMT"),
        ("WWW-Authenticate", 'Basic realm="here"'),
        ("WWW-Authenticate", 'Digest realm="here", nonce="1"'),
    ]
    server.route("/later", lambda exchange: exchange.respond(401, fields, b"no"))
    options = (pycurl.REFERER, "http://before.example/"), (pycurl.OPT_FILETIME, 1), (pycurl.POSTFIELDS, "a=1")
    infos = three_ways(lambda: fetch(server.url + "/later", *options))[2]
    if hasattr(pycurl, "RETRY_AFTER"):
        assert infos[INFOS.index("RETRY_AFTER")] == 7
    assert infos[INFOS.index("INFO_FILETIME")] == 1795809600
    assert infos[INFOS.index("HTTPAUTH_AVAIL")] == pycurl.HTTPAUTH_BASIC | pycurl.HTTPAUTH_DIGEST


@pytest.mark.filterwarnings("ignore:getinfo option is deprecated:DeprecationWarning")
def test_a_replay_makes_no_connection_and_takes_no_time(server, cassette_path):
    names = [name for name in OF_A_REPLAY if hasattr(pycurl, name)]
    found = []
    for _ in ("record", "replay"):
        with vcr.use_cassette(cassette_path), closing(Curl()) as curl:
            curl.setopt(pycurl.URL, server.url + "/text")
            curl.perform_rb()
            found.append({name: curl.getinfo(getattr(pycurl, name)) for name in names})
    recorded, replayed = found
    assert {name: type(value) for name, value in replayed.items()} == {
        name: type(value) for name, value in recorded.items()
    }
    assert replayed == {name: OF_A_REPLAY[name] for name in names}
    assert server.hits == 1


_PLAIN = bytes(number * 7919 % 251 for number in range(40_000))
_GZIP = gzip.compress(_PLAIN, mtime=0)
_DEFLATED = zlib.compress(_PLAIN)
#: A coding, and what stands there as if it were in it.
CODED = {
    "gzip": ("gzip", _GZIP),
    "gzip, cut short": ("gzip", _GZIP[: len(_GZIP) // 2]),
    "gzip without its end": ("gzip", _GZIP[:-3]),
    "gzip, spoilt": ("gzip", _GZIP[: len(_GZIP) // 2] + b"\xff\0\xff" * 30 + _GZIP[len(_GZIP) // 2 :]),
    "gzip and more": ("gzip", _GZIP + b"more"),
    "no gzip": ("gzip", b"hello"),
    "nothing": ("gzip", b""),
    "gzip twice": ("gzip, gzip", gzip.compress(_GZIP, mtime=0)),
    "deflate": ("deflate", _DEFLATED),
    "deflate, cut short": ("deflate", _DEFLATED[: len(_DEFLATED) // 2]),
    "deflate without its wrapper": ("deflate", _DEFLATED[2:-4]),
    "no deflate": ("deflate", b"hello hello"),
    "unknown": ("rot13", b"uryyb"),
}


@pytest.mark.parametrize("decodes", [True, False])
@pytest.mark.parametrize(("coding", "body"), CODED.values(), ids=CODED)
def test_a_coded_body_is_the_same_however_it_is_spoilt(coding, body, decodes, server, three_ways):
    """libcurl decodes as far as a body goes."""
    server.route("/coded", lambda exchange: exchange.respond(200, [("Content-Encoding", coding)], body))
    written = io.BytesIO()
    options = [(pycurl.WRITEFUNCTION, written.write), *([(pycurl.ACCEPT_ENCODING, "")] if decodes else [])]

    def act():
        written.seek(0)
        written.truncate()
        return in_newer_words(lambda: fetch(server.url + "/coded", *options)), written.getvalue()

    result, content = three_ways(act)
    if not decodes:
        assert content == body
        assert not isinstance(result, Raised)


def test_progress_is_told(server, cassette_path):
    told = []
    for _ in ("record", "replay"):
        told.append([])
        with vcr.use_cassette(cassette_path):
            fetch(
                server.url + "/text",
                (pycurl.NOPROGRESS, 0),
                (pycurl.XFERINFOFUNCTION, lambda *sizes: told[-1].append(sizes)),
            )
    recorded, replayed = told
    assert replayed[0] == recorded[0] == (0, 0, 0, 0)
    assert replayed[-1] == recorded[-1] == (len(TEXT), len(TEXT), 0, 0)
    assert server.hits == 1


def _raise(*_):
    raise ValueError("the program wants no more")


#: Where a program ends a transfer by its own callback, and the number of the error.
ABORTS = {
    "at the first line": (pycurl.HEADERFUNCTION, lambda _: -1, 23),
    "at a line": (pycurl.HEADERFUNCTION, lambda line: 0 if line.startswith(b"Content-") else None, 23),
    "at the end of the head": (pycurl.HEADERFUNCTION, lambda line: None if line.strip() else 1, 23),
    "at a line, by an error": (pycurl.HEADERFUNCTION, _raise, 23),
    "at the body": (pycurl.WRITEFUNCTION, lambda _: 0, 23),
    "at the body, by an error": (pycurl.WRITEFUNCTION, _raise, 23),
    "before it connects": (pycurl.XFERINFOFUNCTION, lambda *_: 1, 42),
    "by an error": (pycurl.XFERINFOFUNCTION, _raise, 42),
    "in the body": (pycurl.XFERINFOFUNCTION, lambda _, came, *__: came > 0, 42),
    "in the body, as before": (pycurl.PROGRESSFUNCTION, lambda _, came, *__: came > 0, 42),
}


@pytest.mark.filterwarnings("ignore:PROGRESSFUNCTION is deprecated:DeprecationWarning")
@pytest.mark.parametrize("path", ["/text", "/chunked", "/bytes/100000"])
@pytest.mark.parametrize(("option", "callback", "code"), ABORTS.values(), ids=ABORTS)
def test_what_the_program_aborts_is_aborted_by_the_replay(option, callback, code, path, server, three_ways, capfd):  # noqa: PLR0917
    def act():
        return in_newer_words(lambda: fetch(server.url + path, (pycurl.NOPROGRESS, 0), (option, callback)))

    assert f"({code}, " in three_ways(act).text
    assert ("the program wants no more" in capfd.readouterr().err) is (callback is _raise)


def test_a_transfer_that_is_aborted_after_a_while_is_aborted_by_the_replay(server, three_ways):
    """The server does not answer; the program counts how often it is asked whether to go on."""

    def act():
        calls = iter(range(4))
        option = (pycurl.XFERINFOFUNCTION, lambda *_: next(calls, None) is None)
        return fetch(server.url + "/silent", (pycurl.NOPROGRESS, 0), option)

    assert "(42, " in three_ways(act).text


def test_a_replay_asks_the_program_often_enough_though_its_time_is_up(server, cassette_path, monkeypatch):
    """The machine may stand still as long as a replay waits."""
    monkeypatch.setattr("vcr.stubs.libcurl.replay.CANCEL_LIMIT", 0)
    for asked in (1, 30):
        calls = iter(range(asked))
        option = (pycurl.XFERINFOFUNCTION, lambda *_, calls=calls: next(calls, None) is None)
        with vcr.use_cassette(cassette_path), pytest.raises(pycurl.error) as aborted:
            fetch(server.url + "/silent", (pycurl.NOPROGRESS, 0), option)
        assert aborted.value.args[0] == pycurl.E_ABORTED_BY_CALLBACK
    assert server.hits <= 1


def test_a_replay_of_an_aborted_transfer_that_nobody_aborts_is_an_error(server, cassette_path, monkeypatch):
    monkeypatch.setattr("vcr.stubs.libcurl.replay.CANCEL_LIMIT", 0.05)
    with vcr.use_cassette(cassette_path), pytest.raises(pycurl.error):
        fetch(server.url + "/text", (pycurl.NOPROGRESS, 0), (pycurl.XFERINFOFUNCTION, lambda *_: 1))
    with vcr.use_cassette(cassette_path), pytest.raises(NotCancelledError, match="/text: the program cancelled"):
        fetch(server.url + "/text")


#: Answers that are no HTTP to libcurl.
NO_HTTP = {
    "another protocol": b"SSH-2.0-OpenSSH\r\n",
    "no status": b"HTTP/1.1 banana\r\n\r\n",
    "no such status": b"HTTP/1.1 099 No\r\n\r\n",
    "a field without a colon": b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    "no chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n",
}


@pytest.mark.parametrize("answer", NO_HTTP.values(), ids=NO_HTTP)
def test_an_answer_that_is_no_http_is_recorded_with_the_errors(answer, server, cassette_path):
    def answering(exchange):
        exchange.send(answer)
        exchange.hang_up()

    server.route("/odd", answering)
    live = outcome(lambda: fetch(server.url + "/odd"))
    if "bytes missing" in getattr(live, "text", ""):
        pytest.xfail("libcurl up to 8.16 goes by the last of two lengths")
    for mode in ("once", "none"):
        with vcr.use_cassette(cassette_path, record_mode=mode, record_errors=True):
            assert outcome(lambda: fetch(server.url + "/odd")) == live
    assert isinstance(live, Raised)
    assert server.hits == 2


def test_the_head_goes_before_the_body_if_that_is_wanted(server, three_ways):
    body = three_ways(lambda: fetch(server.url + "/text", (pycurl.HEADER, True)))[1]
    assert body.startswith(b"HTTP/1.1 200 OK\r\n")
    assert body.endswith(TEXT)


def test_perform_rb_and_perform_rs_return_the_body(server, three_ways):
    def act():
        with closing(Curl()) as curl:
            curl.setopt(pycurl.URL, server.url + "/text")
            return curl.perform_rb(), curl.perform_rs()

    assert three_ways(act) == (TEXT, TEXT.decode())


def test_cookies_are_kept_by_the_handle(server, three_ways):
    def act():
        with closing(Curl()) as curl:
            curl.setopt(pycurl.COOKIEFILE, "")
            curl.setopt(pycurl.URL, server.url + "/cookies/set?a=1&b=2")
            curl.perform_rb()
            curl.setopt(pycurl.URL, server.url + "/cookies")
            return curl.perform_rb(), curl.getinfo(pycurl.INFO_COOKIELIST)

    body, cookies = three_ways(act)
    assert b'"a"' in body
    assert len(cookies) == 2


def test_a_verbose_handle_tells_its_own_callback_still(server, cassette_path):
    told = []
    with vcr.use_cassette(cassette_path):
        fetch(server.url + "/text", (pycurl.VERBOSE, True), (pycurl.DEBUGFUNCTION, lambda *said: told.append(said)))
    assert (pycurl.INFOTYPE_HEADER_IN, b"HTTP/1.1 200 OK\r\n") in told


def test_callbacks_are_the_handles_own_again_after_a_recording(server, cassette_path):
    head = []
    with closing(Curl()) as curl:
        with vcr.use_cassette(cassette_path):
            curl.reset()
            curl.setopt(pycurl.HEADERFUNCTION, head.append)
            curl.setopt(pycurl.URL, server.url + "/text")
            curl.perform_rb()
        once = list(head)
        curl.perform_rb()
    assert head == once * 2
    assert server.hits == 2


# -- what fails --------------------------------------------------------------------------------------------------------


FAILURES = {
    "a status": ("/status/404", (pycurl.FAILONERROR, True)),
    "too many redirects": ("/redirect/3", (pycurl.MAXREDIRS, 1)),
    "a body that is not wanted": ("/text", (pycurl.WRITEFUNCTION, lambda _: 0)),
    "a body that is cut": ("/cut/length", (pycurl.VERBOSE, False)),
}


@pytest.mark.parametrize(("path", "option"), FAILURES.values(), ids=FAILURES)
def test_a_failure_is_the_same(path, option, server, three_ways):
    failed = three_ways(lambda: fetch(server.url + path, (pycurl.FOLLOWLOCATION, True), option))
    assert isinstance(failed, Raised)
    assert failed.kind is pycurl.error


def test_a_refusal_is_raised_as_it_is_and_the_handle_goes_on(server, cassette_path):
    with closing(Curl()) as curl:
        with vcr.use_cassette(cassette_path, record_mode="none"):
            curl.reset()
            curl.setopt(pycurl.URL, server.url + "/text")
            with pytest.raises(CannotOverwriteExistingCassetteException):
                curl.perform()
        assert server.hits == 0
        assert curl.perform_rb() == TEXT


# -- redirects ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [301, 302, 303, 307])
def test_each_hop_is_an_interaction_and_the_method_changes_as_libcurl_changes_it(code, server, three_ways):
    options = (pycurl.FOLLOWLOCATION, True), (pycurl.POSTFIELDS, "a=1")
    three_ways(lambda: fetch(f"{server.url}/redirect-as/{code}", *options))
    sent = [(request.method, request.path) for request in server.requests[:2]]
    assert sent == [("POST", f"/redirect-as/{code}"), ("POST" if code == 307 else "GET", "/echo")]


def test_a_live_redirect_to_what_is_recorded_is_replayed_from_there(server, cassette_path):
    with vcr.use_cassette(cassette_path):
        expected = fetch(server.url + "/text")[1]
    with vcr.use_cassette(cassette_path, record_mode="new_episodes") as cassette:
        _, body, infos = fetch(server.url + "/redirect/1", (pycurl.FOLLOWLOCATION, True))
    assert (body, infos[0]) == (expected, server.url + "/text")
    assert infos[INFOS.index("RESPONSE_CODE")] == 200
    assert [request.path for request in server.requests] == ["/text", "/redirect/1"]
    assert len(cassette) == 2


def test_a_redirect_to_what_may_not_be_requested_is_refused_before_it_is(server, cassette_path):
    def act():
        return fetch(server.url + "/redirect/1", (pycurl.FOLLOWLOCATION, True))

    only_first = {"before_record_request": lambda request: None if request.path == "/text" else request}
    with vcr.use_cassette(cassette_path, **only_first):
        act()
    with vcr.use_cassette(cassette_path, record_mode="none"), pytest.raises(CannotOverwriteExistingCassetteException):
        act()
    with (
        vcr.use_cassette(cassette_path, record_mode="new_episodes"),
        pytest.raises(UnsupportedClientError, match="/text, which is to go live"),
    ):
        act()
    assert server.hits == 2


# -- handles -----------------------------------------------------------------------------------------------------------


FROM_BEFORE = """
import gc
import sys
import pycurl
import vcr
from vcr.errors import UnsupportedClientError

url = sys.argv[1]
curl, multi = pycurl.Curl(), pycurl.CurlMulti()
curl.setopt({option})
if {frozen}:
    gc.freeze()
with vcr.use_cassette("cassette.yaml") as cassette:
    curl.setopt(pycurl.{last}, url)
    for act in (curl.perform, lambda: multi.add_handle(curl)):
        try:
            act()
        except UnsupportedClientError as error:
            assert "reset" in str(error) or "CurlMulti" in str(error), error
        else:
            raise SystemExit("it has options that nobody knows")
    curl.reset()
    curl.setopt(pycurl.URL, url)
    recorded = curl.perform_rb()
assert len(cassette) == 1
assert curl.perform_rb() == recorded
"""


@pytest.mark.parametrize(
    ("option", "last", "frozen"),
    [
        ("pycurl.URL, url", "REFERER", False),
        ("pycurl.URL, url", "REFERER", True),
        ("pycurl.POSTFIELDS, 'a=1'", "URL", False),
    ],
)
def test_a_handle_from_before_the_first_cassette_is_refused_until_it_is_reset(option, last, frozen, server, tmp_path):
    script = FROM_BEFORE.format(option=option, last=last, frozen=frozen)
    environment = {"PYTHONPATH": str(Path(vcr.__file__).parents[1])}
    subprocess.run(
        [sys.executable, "-c", script, server.url + "/text"], cwd=tmp_path, env=environment, check=True, timeout=60
    )
    assert server.hits == 2


CLOSED = """
import sys
import pycurl
import vcr

closed, curl = pycurl.Curl(), pycurl.Curl()
closed.close()
with vcr.use_cassette("cassette.yaml") as cassette:
    curl.reset()
    curl.setopt(pycurl.URL, sys.argv[1])
    curl.perform_rb()
assert len(cassette) == 1
"""


def test_a_handle_that_has_been_closed_does_not_keep_the_others_out(server, tmp_path):
    subprocess.run(
        [sys.executable, "-W", "error", "-c", CLOSED, server.url + "/text"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(Path(vcr.__file__).parents[1])},
        check=True,
        timeout=60,
    )


def test_a_handle_from_between_two_cassettes_is_recorded(server, cassette_path):
    with vcr.use_cassette(cassette_path):
        pass
    with closing(Curl()) as curl:
        curl.setopt(pycurl.URL, server.url + "/echo")
        curl.setopt(pycurl.POSTFIELDS, "a=1")
        with vcr.use_cassette(cassette_path) as cassette:
            assert b"a=1" in curl.perform_rb()
    assert [(request.method, request.body) for request in cassette.requests] == [("POST", b"a=1")]


def test_what_a_replay_has_told_is_not_told_of_a_later_transfer(server, cassette_path):
    with closing(Curl()) as curl:
        for mode in ("once", "none"):
            curl.setopt(pycurl.URL, server.url + "/text")
            with vcr.use_cassette(cassette_path, record_mode=mode):
                curl.perform_rb()
        curl.setopt(pycurl.URL, server.url + "/status/404")
        curl.perform_rb()
        with vcr.use_cassette(cassette_path):
            assert curl.getinfo(pycurl.RESPONSE_CODE) == 404


def test_opening_a_cassette_does_not_walk_through_the_objects_of_the_process(monkeypatch, cassette_path):
    with vcr.use_cassette(cassette_path):
        pass
    monkeypatch.setattr(gc, "get_objects", None)
    with vcr.use_cassette(cassette_path):
        pass


# -- a plugin's proxy --------------------------------------------------------------------------------------------------


class Watched:
    """What pytest-recording puts in the place of ``pycurl.Curl``: an object that hands on to a real handle."""

    def __init__(self):
        self.handle = Curl()

    def __getattribute__(self, name):
        handle = super().__getattribute__("handle")
        return handle if name == "handle" else getattr(handle, name)


class Wrapper:
    """What it puts in the place of the module."""

    def __getattribute__(self, name):
        return Watched if name == "Curl" else getattr(pycurl, name)


def test_a_request_through_a_proxy_of_the_module_is_recorded(server, monkeypatch, three_ways):
    monkeypatch.setitem(sys.modules, "pycurl", Wrapper())
    assert three_ways(lambda: fetch(server.url + "/text", curl=sys.modules["pycurl"].Curl()))[1] == TEXT


THROUGH_A_PROXY = """
import sys
import pycurl as real

class Curl:
    def __init__(self):
        self.handle = real.Curl()
    def __getattribute__(self, name):
        handle = super().__getattribute__("handle")
        return handle if name == "handle" else getattr(handle, name)

class Wrapper:
    def __getattribute__(self, name):
        return Curl if name == "Curl" else getattr(real, name)

sys.modules["pycurl"] = Wrapper()
import pycurl
import vcr
with vcr.use_cassette("cassette.yaml") as cassette:
    for handle in (pycurl.Curl(), real.Curl()):
        handle.setopt(real.URL, sys.argv[1])
        handle.perform_rb()
assert len(cassette) == 2
"""


def test_the_proxy_may_be_all_that_vcr_ever_sees(server, tmp_path):
    environment = {"PYTHONPATH": str(Path(vcr.__file__).parents[1])}
    script = [sys.executable, "-W", "error", "-c", THROUGH_A_PROXY, server.url + "/text"]
    subprocess.run(script, cwd=tmp_path, env=environment, check=True, timeout=60)


def test_a_subclass_is_recorded(server, three_ways):
    class Mine(Curl):
        def perform(self):
            super().perform()

    assert three_ways(lambda: fetch(server.url + "/text", curl=Mine()))[1] == TEXT


def test_a_duplicate_is_known_as_well_as_the_original(server, three_ways):
    def act():
        with closing(Curl()) as curl:
            curl.setopt(pycurl.POSTFIELDS, "a=1")
            return fetch(server.url + "/echo", curl=curl.duphandle())[1]

    assert b"a=1" in three_ways(act)


def test_the_classes_are_what_they_were_after_the_cassette(cassette_path):
    """But for the methods that note a handle's options, from the first cassette on."""
    with vcr.use_cassette(cassette_path):
        pass
    before = dict(vars(Curl)), dict(vars(pycurl.CurlMulti))
    assert "vcr" not in repr(before[0]["perform"])
    with vcr.use_cassette(cassette_path):
        assert vars(Curl)["perform"] is not before[0]["perform"]
    assert (dict(vars(Curl)), dict(vars(pycurl.CurlMulti))) == before


# -- what cannot be recorded -------------------------------------------------------------------------------------------


def test_a_multi_handle_is_refused(server, cassette_path):
    with closing(Curl()) as curl, closing(pycurl.CurlMulti()) as multi:
        with vcr.use_cassette(cassette_path):
            curl.setopt(pycurl.URL, server.url + "/text")
            with pytest.raises(UnsupportedClientError, match="CurlMulti"):
                multi.add_handle(curl)
        assert server.hits == 0


def test_a_multi_handle_takes_what_is_none_of_the_cassettes_business(server, cassette_path):
    with closing(Curl()) as dummy, closing(Curl()) as curl, closing(pycurl.CurlMulti()) as multi:
        body = io.BytesIO()
        with vcr.use_cassette(cassette_path, ignore_localhost=True):
            multi.add_handle(dummy)
            multi.remove_handle(dummy)
            curl.setopt(pycurl.URL, server.url + "/text")
            curl.setopt(pycurl.WRITEDATA, body)
            multi.add_handle(curl)
            while multi.perform()[1]:
                multi.select(1.0)
        multi.remove_handle(curl)
        assert body.getvalue() == TEXT


UNSUPPORTED = {
    "a form that libcurl makes up": ((pycurl.HTTPPOST, [("name", "value")]), "multipart"),
    "a bare connection": ((pycurl.CONNECT_ONLY, True), "CONNECT_ONLY"),
    "an upload that pauses": ((pycurl.READFUNCTION, lambda _: pycurl.READFUNC_PAUSE), "paused"),
}


@pytest.mark.filterwarnings("ignore:HTTPPOST is deprecated")
@pytest.mark.parametrize(("option", "named"), UNSUPPORTED.values(), ids=UNSUPPORTED)
def test_what_cannot_be_recorded_is_refused_by_name(option, named, server, cassette_path):
    with vcr.use_cassette(cassette_path), pytest.raises(UnsupportedClientError, match=named):
        fetch(server.url + "/text", (pycurl.POST, True), option)
    assert server.connections == 0


def test_what_is_not_http_passes_by(tmp_path, cassette_path):
    (tmp_path / "file").write_bytes(b"content")
    with vcr.use_cassette(cassette_path, record_mode="none"):
        assert fetch(f"file://{tmp_path}/file")[1] == b"content"


def test_a_websocket_passes_by_and_is_named(server, cassette_path, caplog):
    caplog.set_level(logging.INFO, "vcr")
    url = server.url.replace("http:", "ws:") + "/text"
    with (
        pytest.warns(VCRWarning, match=rf":{server.port} \(WebSocket\)"),
        vcr.use_cassette(cassette_path, record_mode="none"),
        pytest.raises(pycurl.error),
    ):
        fetch(url)
    assert f"{url} is to become another protocol than HTTP: not recorded" in caplog.messages
