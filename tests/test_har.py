"""HTTP Archives: those of browsers, mitmproxy and Playwright are read and replayed; what is written is complete.

The files named after a version were recorded with mitmproxy, and with Playwright and Chromium 150, from the server of
the conformance suite, and the host given another name. Those "by hand" have what the developer tools of these browsers
write.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import httpx
import pytest
import requests
import urllib3
from hypothesis import given, settings
from hypothesis import strategies as st

import vcr
from tests.cli.browser import driven
from tests.server import TEXT, all_bytes
from vcr.errors import CassetteLoadError
from vcr.formats import har
from vcr.request import Request
from vcr.response import Response
from vcr.serialize import deserialize, serialize
from vcr.serializers import jsonserializer, yamlserializer

CASSETTES = Path(__file__).parent / "cassettes"
MITMPROXY, PLAYWRIGHT = "har_mitmproxy_11.0.2.har", "har_playwright_1.65.1.har"
CHROMIUM, FIREFOX = "har_chromium_by_hand.har", "har_firefox_by_hand.har"
HAR = har.TEXTS["har"]


def load(name: str):
    contents = deserialize((CASSETTES / name).read_text(encoding="utf-8"), HAR)
    return {request.uri: (request, response) for request, response in (one.pair() for one in contents.interactions)}


def archive(*entries):
    """An archive with these requests and responses, the rest as it must be."""
    return {"log": {"version": "1.2", "creator": {"name": "a", "version": "1"}, "entries": list(entries)}}


def entry(request=(), content=(), **response):
    return {
        "startedDateTime": "2026-01-01T00:00:00Z",
        "time": 1,
        "request": {"method": "GET", "url": "http://h.example/", "headers": [], **dict(request)},
        "response": {"status": 200, "statusText": "OK", "headers": [], "content": dict(content), **response},
    }


def one(*arguments, **more):
    (found,) = deserialize(json.dumps(archive(entry(*arguments, **more))), HAR).interactions
    return found.pair()


# -- reading -----------------------------------------------------------------------------------------------------------


def test_mitmproxy_every_body_is_what_it_was():
    found = load(MITMPROXY)
    assert found["http://old.example/text"][1].body == b""  # the last was a HEAD
    assert found["http://old.example/bytes/256"][1].body == all_bytes(256)
    assert found["http://old.example/latin"][1].body == "café".encode("latin-1")
    assert found["http://old.example/gz"][1].body == b'{"packed": true}'
    bodies = [one.pair()[0].body for one in deserialize((CASSETTES / MITMPROXY).read_text(), HAR).interactions]
    assert bodies[11:13] == [b'{"x": "\\u00fc"}', all_bytes(256)]
    assert b"\xff\xfe\0" in bodies[13]
    assert found["http://old.example/json?a=1&b=%20"][1].recorded_at.year == 2026
    headers = found["http://old.example/headers"][1].headers
    assert (headers["X-Latin"], headers["X-Utf8"]) == ("caf\xe9", "snow ☃".encode().decode("latin-1"))


def test_playwright():
    found = load(PLAYWRIGHT)
    assert found["http://old.example/text"][1].body == TEXT
    assert found["http://old.example/bytes/256"][1].body == all_bytes(256)
    assert found["http://old.example/latin"][1].body == "café".encode("latin-1")
    assert found["http://old.example/gz"][1].body == b'{"packed": true}'
    assert found["http://old.example/image"][1].body.startswith(b"GIF89a")
    assert (found["http://old.example/redirect/2"][1].status, found["http://old.example/redirect/2"][1].incomplete) == (
        302,
        False,
    )
    headers = found["http://old.example/headers"][1].headers
    assert (headers["X-Latin"], headers["X-Utf8"]) == ("caf\xe9", "snow ☃".encode().decode("latin-1"))
    bodies = [one.pair()[0].body for one in deserialize((CASSETTES / PLAYWRIGHT).read_text(), HAR).interactions]
    assert bodies[12:14] == [b"a=1&b=%C3%A9", '{"x":"ü"}'.encode()]


def test_chromium():
    found = load(CHROMIUM)
    assert list(found) == [f"{base}/{path}" for base, path in (
        ("https://old.example", "page?a=1"), ("https://old.example", "form"), ("https://old.example", "image"),
        ("http://old.example", "evicted"),
    )]  # fmt: skip
    request, response = found["https://old.example/page?a=1"]
    assert request.headers.pairs() == [("accept", "text/html"), ("accept-encoding", "gzip, deflate, br, zstd")]
    assert response.body == "<p>grüß</p>".encode()
    assert response.http_version == "2"
    assert response.headers.get_all("Set-Cookie") == ["a=1; path=/", "b=2; path=/; httponly"]
    assert response.beside["har"]["timings"]["wait"] == 10.2
    assert response.beside["har"]["_priority"] == "VeryHigh"
    assert found["https://old.example/form"][0].body == b"a=1&b=%C3%A9"
    assert not found["https://old.example/form"][1].incomplete
    assert found["https://old.example/image"][1].body[:6] == b"GIF89a"
    assert found["https://old.example/image"][1].http_version == "3"
    assert found["http://old.example/evicted"][1].incomplete


def test_firefox():
    found = load(FIREFOX)
    request, response = found["http://old.example/json"]
    assert request.body == '{"name": "Zoë"} \n'.encode()
    assert response.body == "café".encode("latin-1")
    assert response.headers.get_all("Set-Cookie") == ["a=1", "b=2"]
    assert found["http://old.example/upload"][1].status == 204


def test_what_an_archive_does_not_hold_is_told():
    def losses(name: str) -> list[tuple[int, str]]:
        return list(har.losses(json.loads((CASSETTES / name).read_text(encoding="utf-8"))))

    assert losses(CHROMIUM) == [
        (4, "the body of the response is not in the archive; its replay ends too early"),
        (5, "the entry is left out: no HTTP request: wss://old.example/socket"),
        (6, "the entry is left out: net::ERR_CONNECTION_REFUSED"),
        (7, "the entry is left out: no HTTP request: data:image/gif;base64,R0lGODlhAQABAA=="),
    ]
    assert losses(FIREFOX) == [(2, "the body of the request, 99 bytes, is not in the archive")]
    assert losses(MITMPROXY) == [(16, "the entry is left out: [Errno 111] Connect call failed ('192.0.2.1', 80)")]
    assert losses(PLAYWRIGHT) == [
        (15, "the body of the request, 256 bytes, is not in the archive"),
        (16, "the body of the request, 282 bytes, is not in the archive"),
        (17, "the entry is left out: net::ERR_UNSAFE_PORT"),
    ]
    messages = {**entry(), "_webSocketMessages": [{"data": "a"}, {"data": "b"}]}
    attached = entry(content={"_file": "abc.json", "size": -1})  # as Playwright does, with content: "attach"
    lacking = archive(messages, attached, {}, entry(status=0, statusText="(blocked)"))
    assert list(har.losses(lacking)) == [
        (1, "its 2 WebSocket messages are lost"),
        (2, "the body of the response is not in the archive, but in the file abc.json; its replay ends too early"),
        (3, "the entry is left out: no HTTP request: "),
        (4, "the entry is left out: (blocked)"),
    ]


@pytest.mark.parametrize(
    ("content", "body"),
    [
        ({"text": "é", "size": 2}, "é".encode()),
        ({"text": "é", "size": 1}, b"\xe9"),
        ({"text": "€", "size": 1}, b"\x80"),
        ({"text": "é", "size": -1}, "é".encode()),
        ({"text": "é", "mimeType": "text/plain; charset=latin-1"}, b"\xe9"),
        ({"text": "€", "mimeType": "text/plain; charset=latin-1"}, "€".encode()),
        ({"text": "a", "mimeType": "text/plain; charset=unheard-of"}, b"a"),
        ({"text": "a\udcff", "size": 2}, b"a\xff"),
        ({"text": "YQ\n==", "encoding": "base64"}, b"a"),
        ({"text": None}, b""),
        ({}, b""),
    ],
)
def test_text_is_encoded_as_it_was(content, body):
    assert one((), content)[1].body == body


@pytest.mark.parametrize(
    ("version", "read"),
    [
        ("HTTP/1.1", "1.1"),
        ("http/1.1", "1.1"),
        ("HTTP/1.0", "1.0"),
        ("h2", "2"),
        ("HTTP/2.0", "2"),
        ("h3", "3"),
        ("", "1.1"),
    ],
)
def test_versions_have_many_spellings(version, read):
    assert one(httpVersion=version)[1].http_version == read


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ({**entry(), "request": {"url": "http://h/"}}, "entry 2: not valid HAR 1.2: KeyError('method')"),
        (entry(headers=[1]), "entry 2: not valid HAR 1.2: TypeError"),
        (entry(content={"text": "%", "encoding": "base64"}), "entry 2: not valid HAR 1.2: "),
        (entry(request={"url": "http://[/", "method": "GET"}), "interaction 2: "),
    ],
)  # fmt: skip
def test_what_is_not_as_it_must_be_is_named(broken, said):
    with pytest.raises(CassetteLoadError) as raised:
        deserialize(json.dumps(archive(entry(), broken)), HAR)
    assert str(raised.value).startswith(said)


def test_other_data_with_a_log_is_no_archive():
    assert not har.claims({"log": []})
    assert not har.claims({"log": {"entries": 1}})
    ours = {"log": {"entries": []}, "version": 1, "interactions": []}
    assert deserialize(json.dumps(ours), jsonserializer).beside == {"log": {"entries": []}}


# -- replay ------------------------------------------------------------------------------------------------------------


@pytest.fixture(params=[MITMPROXY, PLAYWRIGHT])
def session(request, tmp_path):
    path = tmp_path / "session.har"
    path.write_bytes((CASSETTES / request.param).read_bytes())
    yield path
    assert path.read_bytes() == (CASSETTES / request.param).read_bytes()


def ask_requests(method: str, url: str, **options) -> tuple[int, bytes]:
    response = requests.request(method, url, **options)
    return response.status_code, response.content


def ask_httpx(method: str, url: str, **options) -> tuple[int, bytes]:
    response = httpx.request(method, url, follow_redirects=True, **options)
    return response.status_code, response.content


@pytest.mark.parametrize("ask", [ask_requests, ask_httpx])
def test_an_archive_is_used_as_a_cassette(ask, session):
    with vcr.use_cassette(session) as cassette:
        assert ask("GET", "http://old.example/text") == (200, TEXT)
        assert ask("GET", "http://old.example/gz") == (200, b'{"packed": true}')
        assert ask("GET", "http://old.example/latin") == (200, b"caf\xe9")
        assert ask("GET", "http://old.example/bytes/256") == (200, all_bytes(256))
        assert ask("GET", "http://old.example/status/204") == (204, b"")
        assert ask("GET", "http://old.example/chunked")[1].startswith(b"onefourteen bytes")
        assert json.loads(ask("POST", "http://old.example/echo", data={"a": "1", "b": "é"})[1])["method"] == "POST"
        with pytest.raises(vcr.errors.CannotOverwriteExistingCassetteException):
            ask("GET", "http://down.example/")
    assert cassette.play_count == 7


_PAGE = b"""<!doctype html><title>loading</title><script type="module">
for (const path of ["/json", "/gzip", "/bytes/256", "/redirect/2", "/chunked"]) await (await fetch(path)).arrayBuffer();
await (await fetch("/echo", {method: "POST", body: new URLSearchParams({a: "\xc3\xa9"})})).text();
document.title = "done";
</script>"""


def test_what_a_browser_has_recorded_just_now_is_replayed(server, tmp_path):
    server.route("/page", lambda exchange: exchange.respond(200, [("Content-Type", "text/html; charset=utf-8")], _PAGE))
    path = tmp_path / "session.har"
    with driven() as browser:
        context = browser.new_context(record_har_path=path)
        page = context.new_page()
        page.goto(f"{server.url}/page")
        page.wait_for_function("document.title === 'done'")
        context.close()
    hits = server.hits
    for ask in (ask_requests, ask_httpx):
        live = [ask("GET", f"{server.url}{url}") for url in ("/json", "/gzip", "/bytes/256", "/redirect/2")]
        with vcr.use_cassette(path, record_mode="none") as cassette:
            assert [ask("GET", f"{server.url}{url}") for url in ("/json", "/gzip", "/bytes/256", "/redirect/2")] == live
            assert ask("GET", f"{server.url}/chunked")[1].startswith(b"onefourteen bytes")
            echoed = json.loads(ask("POST", f"{server.url}/echo", data={"a": "é"})[1])
        assert (echoed["method"], cassette.play_count) == ("POST", 8)
    # Live, each client has sent six requests; on replay none.
    assert server.hits == hits + 2 * 6


@pytest.mark.parametrize(
    ("ask", "error"),
    [
        pytest.param(
            requests.get,
            requests.exceptions.ChunkedEncodingError,
            marks=pytest.mark.skipif(
                urllib3.__version__ < "2", reason="urllib3 1.26 does not mind a body that is too short"
            ),
        ),
        (httpx.get, httpx.RemoteProtocolError),
    ],
)
def test_a_body_that_the_archive_lacks_is_not_taken_for_an_empty_one(ask, error, tmp_path):
    (tmp_path / "x.har").write_bytes((CASSETTES / CHROMIUM).read_bytes())
    with vcr.use_cassette(tmp_path / "x.har"), pytest.raises(error):
        ask("http://old.example/evicted")


def test_an_archive_is_recorded(server, tmp_path):
    for hits in (2, 2):
        with vcr.use_cassette(tmp_path / "new.har"):
            assert requests.get(f"{server.url}/text").content == TEXT
            assert requests.post(f"{server.url}/echo?a=1", data={"b": "2"}, cookies={"c": "3"}).status_code == 200
        assert server.hits == hits
    log = json.loads((tmp_path / "new.har").read_text(encoding="utf-8"))["log"]
    assert (log["version"], log["creator"]["name"]) == ("1.2", "vcr")
    first, second = log["entries"]
    assert first["response"]["content"] == {
        "size": len(TEXT), "compression": 0, "mimeType": "text/plain; charset=utf-8", "text": TEXT.decode(),
    }  # fmt: skip
    assert first["startedDateTime"]
    assert second["request"]["queryString"] == [{"name": "a", "value": "1"}]
    assert second["request"]["cookies"] == [{"name": "c", "value": "3"}]
    assert second["request"]["postData"] == {
        "mimeType": "application/x-www-form-urlencoded", "params": [{"name": "b", "value": "2"}], "text": "b=2",
    }  # fmt: skip


# -- writing -----------------------------------------------------------------------------------------------------------

REQUIRED = {
    "log": {"version", "creator", "entries"},
    "entry": {"startedDateTime", "time", "request", "response", "cache", "timings"},
    "request": {"method", "url", "httpVersion", "cookies", "headers", "queryString", "headersSize", "bodySize"},
    "response": {
        "status", "statusText", "httpVersion", "cookies", "headers", "content", "redirectURL",
        "headersSize", "bodySize",
    },
    "content": {"size", "mimeType"},
}  # fmt: skip


def written(*pairs, **more):
    contents = {"requests": [one for one, _ in pairs], "responses": [other.data for _, other in pairs], **more}
    return serialize(contents, HAR)


def test_what_is_written_has_all_that_the_format_asks_for():
    response = Response.of(200, "OK", {"Set-Cookie": "a=1; Path=/; Secure", "Location": "/x"}, b"\xff")
    log = json.loads(written((Request("GET", "http://h.example/"), response)))["log"]
    (one,) = log["entries"]
    parts = {"log": log, "entry": one, **one, "content": one["response"]["content"]}
    for name, keys in REQUIRED.items():
        assert keys - parts[name].keys() == set()
    assert one["response"]["cookies"] == [{"name": "a", "value": "1", "path": "/", "httpOnly": False, "secure": True}]
    assert one["response"]["redirectURL"] == "/x"
    assert one["response"]["content"]["text"] == "/w=="


def test_readers_get_coded_bodies_decoded_and_we_get_them_back():
    coded = gzip.compress(b"plain text", 1)
    headers = {"Content-Type": "text/plain", "Content-Encoding": "gzip"}
    text = written((Request("GET", "http://h.example/"), Response.of(200, "OK", headers, coded)))
    content = json.loads(text)["log"]["entries"][0]["response"]["content"]
    assert (content["text"], content["size"], content["compression"]) == ("plain text", 10, 10 - len(coded))
    assert deserialize(text, HAR).interactions[0].pair()[1].body == coded
    # What somebody edits is what counts.
    edited = text.replace("plain text", "other text")
    assert deserialize(edited, HAR).interactions[0].pair()[1].body == b"other text"


def test_what_only_an_archive_knows_goes_through_yaml_and_back():
    original = json.loads((CASSETTES / CHROMIUM).read_text(encoding="utf-8"))["log"]

    def again(text: str, source, target) -> str:
        contents = deserialize(text, source)
        pairs = [one.pair() for one in contents.interactions]
        beside = [response.beside for _, response in pairs]
        return serialize(
            {
                "requests": [request for request, _ in pairs],
                "responses": [response.data for _, response in pairs],
                "beside": beside,
                "others": contents.beside,
            },
            target,
        )

    yaml = again(json.dumps({"log": original}), HAR, yamlserializer)
    log = json.loads(again(yaml, yamlserializer, HAR))["log"]

    assert {key: log[key] for key in ("pages", "creator")} == {key: original[key] for key in ("pages", "creator")}
    for new, old in zip(log["entries"], original["entries"][:4], strict=True):
        for key in ("startedDateTime", "timings", "time", "cache", "_resourceType"):
            assert new[key] == old[key]
    assert again(json.dumps({"log": log}), HAR, yamlserializer) == yaml


def test_a_response_that_cannot_be_replayed_is_refused():
    with pytest.raises(
        ValueError, match="interaction 1: this format cannot hold the response: its status code is nothing"
    ):
        serialize({"requests": [Request("GET", "http://h.example/")], "responses": [{"body": {"string": b""}}]}, HAR)


FIELDS = st.lists(
    st.tuples(
        st.from_regex(r"[A-Za-z][A-Za-z-]{0,8}", fullmatch=True).filter(
            lambda name: name.lower() != "content-encoding"
        ),
        st.text("abc é=;,", max_size=8).map(str.strip),
    ),
    max_size=4,
)


@settings(deadline=None)
@given(
    method=st.sampled_from(["GET", "POST", "HEAD"]),
    sent=st.none() | st.binary(min_size=1, max_size=50) | st.text(min_size=1, max_size=20).map(str.encode),
    body=st.binary(max_size=50) | st.text(max_size=20).map(str.encode),
    headers=FIELDS,
    charset=st.sampled_from(["", "text/plain; charset=latin-1", "application/json", "text/html; charset=utf-16"]),
    more=st.fixed_dictionaries(
        {"status": st.sampled_from([200, 204, 302, 404])},
        optional={
            "incomplete": st.booleans(),
            "trailers": FIELDS,
            "http_version": st.sampled_from(["1.0", "1.1", "2", "3"]),
        },
    ),
)
def test_nothing_is_lost_on_the_way_there_and_back(method, sent, body, headers, charset, more):  # noqa: PLR0917
    fields = [*headers, *([("Content-Type", charset)] if charset else [])]
    chunks = (1, len(body) - 1) if len(body) > 1 else ()
    response = Response.of(more.pop("status"), "Fine", fields, body, chunks=chunks, **more)
    request = Request(method, "http://h.example/a?b=%20&c", sent, fields)

    (found,) = deserialize(written((request, response)), HAR).interactions

    read, answer = found.pair()
    # (Version 1 keeps no order of the request's fields of several names.)
    assert (read.method, read.uri, read.body, read.headers.grouped()) == (
        method,
        request.uri,
        sent,
        request.headers.grouped(),
    )
    for name in ("status", "reason", "body", "pieces", "http_version", "incomplete", "cut_chunk"):
        assert getattr(answer, name) == getattr(response, name), name
    assert answer.headers.pairs() == fields
    assert answer.trailers.pairs() == response.trailers.pairs()
