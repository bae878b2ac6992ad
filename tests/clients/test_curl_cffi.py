"""What curl_cffi has, and other clients have not. ``three_ways`` runs the same code live, recording and replaying."""

from __future__ import annotations

import asyncio
import io
import logging
from contextlib import closing

import pytest

import vcr
from tests.server import CHUNKS, TEXT, all_bytes
from vcr.errors import CannotOverwriteExistingCassetteException, UnsupportedClientError, VCRWarning

from .entries import Raised, outcome

curl_cffi = pytest.importorskip("curl_cffi")

from curl_cffi import Curl, CurlInfo, CurlOpt  # noqa: E402  (before any cassette is opened)


def in_session(act, **options):
    """Return ``act(session)``, with a new session."""
    with curl_cffi.Session(**options) as session:
        try:
            return act(session)
        finally:
            session.executor.shutdown()


def in_loop(act, **options):
    """Return ``await act(session)``, with a new session in a new loop."""

    async def main():
        async with curl_cffi.AsyncSession(**options) as session:
            return await act(session)

    return asyncio.run(main())


# -- what a response is ------------------------------------------------------------------------------------------------


ATTRIBUTES = """
    url content status_code reason ok charset encoding redirect_count redirect_url http_version default_encoding
    download_size upload_size header_size text
"""


def shown(response):
    return {
        **{name: getattr(response, name) for name in ATTRIBUTES.split()},
        "headers": response.headers.raw,
        "cookies": sorted(response.cookies.items()),
        "history": [(past.status_code, past.url) for past in response.history],
    }


PATHS = ["/text", "/headers", "/gzip", "/br", "/chunked", "/status/404", "/redirect/3", "/cookies/set?a=1&b=2"]


@pytest.mark.parametrize("path", PATHS)
def test_every_attribute_of_a_response_is_the_same(path, server, three_ways):
    def act(session):
        return shown(session.get(server.url + path)), [str(cookie) for cookie in session.cookies.jar]

    seen, jar = three_ways(lambda: in_session(act))
    assert len(jar) == (2 if path in ("/headers", "/cookies/set?a=1&b=2") else 0)
    assert seen["redirect_count"] == (3 if path == "/redirect/3" else 0)


@pytest.mark.parametrize("path", PATHS)
def test_every_attribute_of_an_asynchronous_response_is_the_same(path, server, three_ways):
    async def act(session):
        return shown(await session.get(server.url + path)), [str(cookie) for cookie in session.cookies.jar]

    three_ways(lambda: in_loop(act))


def test_errors_are_the_same(server, three_ways):
    def act():
        return in_session(lambda session: session.get(server.url + "/redirect/3", max_redirects=1))

    assert three_ways(act).kind is curl_cffi.requests.exceptions.TooManyRedirects


def test_a_callback_is_given_the_content(server, three_ways):
    def act():
        content = []
        write = lambda piece: content.append(piece) or len(piece)  # noqa: E731
        in_session(lambda session: session.get(server.url + "/bytes/50000", content_callback=write))
        return b"".join(content)

    assert three_ways(act) == all_bytes(50000)


# -- what is sent ------------------------------------------------------------------------------------------------------


def test_the_recorded_request_is_what_the_server_got(server, cassette_path):
    def act(session):
        session.post(server.url + "/echo", json={"a": 1}, params={"b": "2"}, headers={"X-One": "1"}, referer="here")

    with vcr.use_cassette(cassette_path) as cassette:
        in_session(act)
    (request,), (received,) = cassette.requests, server.requests
    assert (request.method, request.uri) == ("POST", server.url + "/echo?b=2")
    assert request.body == received.body == b'{"a":1}'
    assert request.headers["Content-Type"] == "application/json"
    assert all(received.get(name) == value for name, value in request.headers.pairs())


@pytest.mark.parametrize("code", [302, 307])
def test_each_hop_is_an_interaction(code, server, three_ways):
    three_ways(lambda: in_session(lambda session: shown(session.post(f"{server.url}/redirect-as/{code}", data=b"a"))))
    sent = [(request.method, request.path) for request in server.requests[:2]]
    assert sent == [("POST", f"/redirect-as/{code}"), ("POST" if code == 307 else "GET", "/echo")]


# -- streams -----------------------------------------------------------------------------------------------------------


def test_a_stream_comes_in_the_pieces_that_the_server_sent(server, three_ways):
    def act(session):
        with session.stream("GET", server.url + "/chunked") as response:
            return response.status_code, list(response.iter_content())

    async def async_act(session):
        async with session.stream("GET", server.url + "/chunked") as response:
            return response.status_code, [piece async for piece in response.aiter_content()]

    assert three_ways(lambda: (in_session(act), in_loop(async_act))) == ((200, CHUNKS), (200, CHUNKS))


def test_a_stream_that_is_left_early_is_recorded_whole(server, cassette_path):
    def act(session):
        with session.stream("GET", server.url + "/bytes/1000000") as response:
            return next(response.iter_content())

    with vcr.use_cassette(cassette_path) as cassette:
        in_session(act)
    assert cassette.responses[0]["body"]["string"] == all_bytes(1000000)
    assert "incomplete" not in cassette.responses[0]


@pytest.mark.parametrize("stream", [False, True])
def test_a_request_that_is_cancelled_before_its_head_came_is_cancelled_on_replay(stream, server, cassette_path):
    async def act(session, is_sent):
        request = asyncio.ensure_future(session.get(server.url + "/silent", stream=stream))
        while not is_sent():
            await asyncio.sleep(0.001)
        request.cancel()
        with pytest.raises(asyncio.CancelledError):
            await request
        return (await session.get(server.url + "/text")).content

    with vcr.use_cassette(cassette_path) as cassette:
        assert in_loop(lambda session: act(session, lambda: server.hits == 1)) == TEXT
    assert [response.get("error", {}).get("kind") for response in cassette.responses] == ["cancelled", None]
    with vcr.use_cassette(cassette_path, record_mode="none") as cassette:
        assert in_loop(lambda session: act(session, lambda: len(cassette.sent) == 1)) == TEXT
    assert cassette.all_played
    assert server.hits == 2


# -- refusals ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/unknown", "/redirect/1"])
@pytest.mark.parametrize("stream", [False, True])
def test_a_refusal_is_raised_by_the_request_itself_and_the_session_goes_on(path, stream, server, cassette_path):
    def record(session):
        session.get(server.url + "/redirect/1", allow_redirects=False)
        session.get(server.url + "/text?known=1")

    def act(session):
        for _ in range(2):
            with pytest.raises(CannotOverwriteExistingCassetteException):
                session.get(server.url + path, stream=stream)
        return session.get(server.url + "/text?known=1").content

    async def async_act(session):
        for _ in range(2):  # the session has one handle, which must not be lost
            with pytest.raises(CannotOverwriteExistingCassetteException):
                await session.get(server.url + path, stream=stream)
        return (await session.get(server.url + "/text?known=1")).content

    with vcr.use_cassette(cassette_path):
        in_session(record)
    with vcr.use_cassette(cassette_path, record_mode="none", allow_playback_repeats=True):
        assert in_session(act) == TEXT
        assert in_loop(async_act, max_clients=1) == TEXT
    assert server.hits == 2


def test_a_multipart_form_that_libcurl_encodes_is_refused(server, cassette_path):
    def act(session):
        with closing(curl_cffi.CurlMime()) as form:
            form.addpart("name", data=b"value")
            session.post(server.url + "/echo", multipart=form)

    with vcr.use_cassette(cassette_path), pytest.raises(UnsupportedClientError, match="multipart"):
        in_session(act)
    assert server.connections == 0


def test_a_websocket_passes_by_and_is_named(server, cassette_path, caplog):
    caplog.set_level(logging.INFO, "vcr")
    url = server.url.replace("http:", "ws:") + "/text"
    with (
        pytest.warns(VCRWarning, match=rf":{server.port} \(WebSocket\)"),
        vcr.use_cassette(cassette_path, record_mode="none"),
    ):
        failed = outcome(lambda: in_session(lambda session: session.ws_connect(url)))
    assert isinstance(failed, Raised)
    assert f"{url} is to become another protocol than HTTP: not recorded" in caplog.messages
    assert server.hits == 1


# -- sessions and handles ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("used", [False, True])
def test_a_session_from_before_the_cassette_is_recorded_and_goes_on_after_it(used, server, cassette_path):
    def act(session):
        if used:
            session.get(server.url + "/text")
        before = server.hits
        with vcr.use_cassette(cassette_path) as cassette:
            session.get(server.url + "/counter")
        session.get(server.url + "/text")
        assert (len(cassette), server.hits) == (1, before + 2)

    in_session(act)


def fetch(curl, url):
    body = io.BytesIO()
    curl.setopt(CurlOpt.URL, url.encode())
    curl.setopt(CurlOpt.WRITEDATA, body)
    curl.perform()
    return body.getvalue(), curl.getinfo(CurlInfo.RESPONSE_CODE), curl.getinfo(CurlInfo.EFFECTIVE_URL)


def test_a_handle_that_the_program_has_made_is_recorded(server, three_ways):
    def act():
        with closing(Curl()) as curl, closing(curl.duphandle()) as other:
            return fetch(curl, server.url + "/text"), fetch(other, server.url + "/headers")

    assert three_ways(act)[0] == (TEXT, 200, f"{server.url}/text".encode())


def test_a_handle_from_before_the_cassette_is_refused_until_it_is_reset(server, cassette_path):
    with closing(Curl()) as curl:
        curl.setopt(CurlOpt.URL, f"{server.url}/text".encode())
        with vcr.use_cassette(cassette_path) as cassette:
            with pytest.raises(UnsupportedClientError, match="reset"):
                curl.perform()
            assert server.hits == 0
            curl.reset()
            assert fetch(curl, server.url + "/text")[0] == TEXT
        assert len(cassette) == 1


@pytest.mark.parametrize("first", ["/text", "/hang-up"])
@pytest.mark.parametrize("cleared", [True, False])
def test_header_lines_are_forgotten_when_curl_cffi_forgets_them(cleared, first, server, cassette_path):
    def act():
        with closing(Curl()) as curl:
            for number, path in enumerate((first, "/text?2", "/text?3")):
                curl.setopt(CurlOpt.HTTPHEADER, [b"X-%d: 1" % number])
                curl.setopt(CurlOpt.URL, (server.url + path).encode())
                curl.setopt(CurlOpt.WRITEDATA, io.BytesIO())
                outcome(lambda: curl.perform(clear_headers=cleared))

    for mode in ("once", "none"):
        with vcr.use_cassette(cassette_path, record_mode=mode, record_errors=True, match_on=["headers"]) as cassette:
            act()
        assert not cassette.refused
    recorded = [sorted(request.headers) for request in cassette.requests]
    assert recorded == [sorted(n for n, _ in request.headers if n.startswith("X-")) for request in server.requests]
    assert recorded[-1] == (["X-2"] if cleared else ["X-0", "X-1", "X-2"])


def test_a_version_that_is_too_old_is_refused_when_it_is_used_in_a_cassette(server, cassette_path, monkeypatch):
    module = pytest.importorskip("curl_cffi")
    monkeypatch.delattr(module.requests.session.Response, "_finalize_stream")
    with closing(Curl()) as curl:
        curl.setopt(CurlOpt.URL, f"{server.url}/text".encode())
        monkeypatch.setattr(vcr.patch, "_warned", set())
        with (
            pytest.warns(VCRWarning, match="curl_cffi .* its requests are refused"),
            vcr.use_cassette(cassette_path),
            pytest.raises(UnsupportedClientError, match=f"curl_cffi {module.__version__} .*_finalize_stream"),
        ):
            curl.perform()
        assert server.hits == 0
        curl.perform()
    assert server.hits == 1
