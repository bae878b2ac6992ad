"""What only niquests and urllib3-future have: HTTP/2, responses that are promises, and what a connection tells of
itself. ``alike_over_http2`` runs the same code live, recording and replaying, and compares."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import socket

import pytest

import vcr
from tests.server import CHUNKS, TEXT

from .entries import Raised, outcome
from .entries.niquests import NiquestsAsyncSession, NiquestsSession

niquests = pytest.importorskip("niquests")


@pytest.fixture(params=[NiquestsSession, NiquestsAsyncSession], ids=lambda entry: entry.name)
def client(request):
    return request.param


@pytest.fixture
def alike_over_http2(client, h2_server, ca_file, cassette_path):
    def alike(act):
        def once():
            with client(ca_file=ca_file) as session:
                return outcome(lambda: act(session))

        live = once()
        connections = h2_server.connections
        with vcr.use_cassette(cassette_path):
            recorded = once()
        assert h2_server.connections == connections + 1
        h2_server.close()
        with vcr.use_cassette(cassette_path, record_mode="none") as cassette:
            replayed = once()
        assert recorded == live
        assert replayed == live
        assert cassette.all_played
        return live, cassette

    return alike


def test_a_proxy_that_opens_no_tunnel_in_time(cassette_path):
    urllib3 = niquests.packages.urllib3

    def act():
        with urllib3.ProxyManager(proxy, timeout=0.3, retries=False, background_watch_delay=None) as pools:
            return outcome(lambda: pools.request("GET", "https://a.example/"))

    with socket.create_server(("127.0.0.1", 0)) as silent:  # it accepts, and says nothing
        proxy = f"http://127.0.0.1:{silent.getsockname()[1]}"
        live = act()
        assert isinstance(live, Raised)
        for mode in ("once", "none"):
            with vcr.use_cassette(cassette_path, record_mode=mode, record_errors=True) as cassette:
                assert act() == live
            assert len(cassette) == 1
    gc.collect()  # a socket that nobody has closed is a warning now


def test_a_request_whose_answer_nobody_asks_for_is_recorded(server, cassette_path):
    connection = niquests.packages.urllib3.connection

    def act():
        asking = connection.HTTPConnection("127.0.0.1", server.port, timeout=20)
        asking.request("POST", "/echo", b"content")
        asking.close()

    for mode in ("once", "none"):
        with vcr.use_cassette(cassette_path, record_mode=mode) as cassette:
            act()
        assert [(request.method, request.body) for request in cassette.requests] == [("POST", b"content")]
        assert "incomplete" not in cassette.responses[0]
    assert cassette.play_count == 1
    assert server.hits == 1


# -- HTTP/2 ------------------------------------------------------------------------------------------------------------


def test_http2_is_recorded_and_replayed_as_such(h2_server, alike_over_http2):
    result, cassette = alike_over_http2(lambda session: session.get(h2_server.url + "/text"))
    assert (result.version, result.body) == (20, TEXT)
    assert cassette.responses[0]["http_version"] == "2"


def test_its_requests_are_recorded_as_http1_has_them(h2_server, alike_over_http2):
    _, cassette = alike_over_http2(lambda session: session.get(h2_server.url + "/text", {"X-One": "1"}))
    request = cassette.requests[0]
    assert request.uri == h2_server.url + "/text"
    assert request.headers["Host"] == h2_server.url.removeprefix("https://")
    assert ("X-One", "1") in request.headers.pairs()


def test_an_error_status_and_no_body(h2_server, alike_over_http2):
    result, _ = alike_over_http2(lambda session: session.fetch("HEAD", h2_server.url + "/status/404"))
    assert (result.status, result.body) == (404, b"")


@pytest.mark.parametrize("body", [b"x" * 100_000, [b"y" * 20_000, b"z" * 70_000]], ids=["whole", "in pieces"])
def test_a_body_larger_than_a_frame(body, h2_server, alike_over_http2):
    def act(session):
        pieces = body if isinstance(body, bytes) else _pieces(session, body)
        return session.fetch("POST", h2_server.url + "/echo", {"Content-Type": "text/plain"}, pieces).status

    status, cassette = alike_over_http2(act)
    assert status == 200
    sent = body if isinstance(body, bytes) else b"".join(body)
    assert cassette.requests[0].body == h2_server.requests[-1].body == sent


def _pieces(session, body):
    async def pieces():
        for piece in body:
            yield piece

    return pieces() if isinstance(session, NiquestsAsyncSession) else iter(body)


def test_its_frames_are_the_pieces(h2_server, alike_over_http2):
    def act(session):
        with session.stream(h2_server.url + "/chunked") as pieces:
            return b"".join(pieces)

    body, cassette = alike_over_http2(act)
    assert body == b"".join(CHUNKS)
    assert cassette.responses[0]["body"]["chunks"]


def test_its_trailers(h2_server, alike_over_http2):
    _, cassette = alike_over_http2(lambda session: session.get(h2_server.url + "/trailers").body)
    assert cassette.responses[0]["trailers"]


def test_a_stream_that_is_reset_fails_the_same_while_recording(client, h2_server, ca_file, cassette_path):
    def act():
        with client(ca_file=ca_file) as session:
            return outcome(lambda: session.get(h2_server.url + "/cut").body)

    live = act()
    assert isinstance(live, Raised)
    with vcr.use_cassette(cassette_path) as cassette:
        assert act().kind is live.kind
    assert cassette.responses[0]["incomplete"]


def test_what_the_client_leaves_unread_is_read_to_its_end(h2_server, alike_over_http2):
    def act(session):
        with session.stream(h2_server.url + "/bytes/300000"):
            pass

    _, cassette = alike_over_http2(act)
    assert len(cassette.responses[0]["body"]["string"]) == 300_000


def test_a_connection_from_before_the_cassette(client, h2_server, ca_file, cassette_path):
    url = h2_server.url + "/counter"
    with client(ca_file=ca_file) as session:
        session.get(url)
        with vcr.use_cassette(cassette_path):
            recorded = session.get(url)
        with vcr.use_cassette(cassette_path, record_mode="none"):
            assert session.get(url) == recorded
        assert session.get(url).body == b"3"
    assert h2_server.connections == 1


# -- several requests at once over one connection ----------------------------------------------------------------------


def _ask_at_once(url, ca_file):
    with contextlib.closing(niquests.Session(multiplexed=True, verify=ca_file)) as session:
        promises = [session.get(f"{url}/echo?n={number}") for number in range(5)]
        session.gather()
        return [(answer.status_code, answer.http_version, answer.text) for answer in promises]


async def _ask_at_once_async(url, ca_file):
    async with niquests.AsyncSession(multiplexed=True, verify=ca_file) as session:
        promises = [await session.get(f"{url}/echo?n={number}") for number in range(5)]
        await session.gather()
        return [(answer.status_code, answer.http_version, answer.text) for answer in promises]


@pytest.mark.parametrize("kind", ["Session", "AsyncSession"])
def test_promises_are_kept(kind, h2_server, ca_file, cassette_path, watchers_end):
    def act():
        if kind == "Session":
            return _ask_at_once(h2_server.url, ca_file)
        return asyncio.run(_ask_at_once_async(h2_server.url, ca_file))

    live = act()
    with vcr.use_cassette(cassette_path) as cassette:
        assert act() == live
    assert [request.uri for request in cassette.requests] == [f"{h2_server.url}/echo?n={n}" for n in range(5)]
    h2_server.close()
    with vcr.use_cassette(cassette_path, record_mode="none"):
        assert act() == live


def test_a_promise_that_is_kept_after_others_were_replayed(h2_server, ca_file, cassette_path, watchers_end):
    text, counter = h2_server.url + "/text", h2_server.url + "/counter"
    with contextlib.closing(niquests.Session(multiplexed=True, verify=ca_file)) as session:
        with vcr.use_cassette(cassette_path):
            assert session.get(text).content == TEXT
        with vcr.use_cassette(cassette_path, record_mode="new_episodes"):
            live = session.get(counter)
            assert session.get(text).content == TEXT
            assert live.text == "2"
    assert h2_server.hits == 2


@pytest.fixture
def watchers_end():
    """Pools have threads that watch them."""
    before = NiquestsSession()
    yield
    before.close()


# -- what is seen of a connection --------------------------------------------------------------------------------------


def test_a_recorded_response_knows_its_connection(tls_server, ca_file, cassette_path, watchers_end):
    with (
        vcr.use_cassette(cassette_path),
        contextlib.closing(niquests.Session(verify=ca_file)) as session,
    ):
        info = session.get(tls_server.url + "/text").conn_info
    assert info.certificate_der
    assert info.destination_address == ("127.0.0.1", tls_server.port)


def test_progress_is_reported(server, cassette_path, watchers_end):
    def act():
        seen = []
        with contextlib.closing(niquests.Session()) as session:
            session.post(
                server.url + "/echo",
                data=b"x" * 1000,
                hooks={"on_upload": [lambda prepared: seen.append(prepared.upload_progress.total)]},
            )
        return seen

    live = act()
    assert live[-1] == 1000
    with vcr.use_cassette(cassette_path):
        assert act() == live
    server.close()
    with vcr.use_cassette(cassette_path, record_mode="none"):
        assert act() == live


# -- what passes by ----------------------------------------------------------------------------------------------------


def test_an_upgrade_is_said_to_pass_by(client, server, cassette_path, caplog):
    caplog.set_level(logging.INFO, logger="vcr")
    url = server.url + "/text"
    with vcr.use_cassette(cassette_path, on_unrecordable="allow") as cassette, client() as session:
        session.get(url, {"Upgrade": "websocket", "Connection": "Upgrade"})
    assert f"{url} is to become another protocol than HTTP: not recorded" in caplog.messages
    assert len(cassette) == 0


def test_it_can_be_skipped_by_name(client, server, cassette_path):
    with vcr.use_cassette(cassette_path, skip_patchers=("niquests",)) as cassette, client() as session:
        session.get(server.url + "/text")
    assert (server.hits, len(cassette)) == (1, 0)


# -- recorded errors ---------------------------------------------------------------------------------------------------


def test_a_body_that_comes_too_late_is_recorded_as_an_error(client, server, cassette_path):
    def stalls(exchange):
        exchange.head(200, [("Content-Length", "100")])
        exchange.send(b"only this much")
        exchange.server.await_release()

    def act():
        with client(timeout=1) as session:
            return outcome(lambda: session.get(server.url + "/stalls"))

    server.route("/stalls", stalls)
    live = act()
    for mode in ("once", "none"):
        with vcr.use_cassette(cassette_path, record_mode=mode, record_errors=True) as cassette:
            assert act() == live
    assert cassette.responses[0]["error"]["kind"] == "timeout"
    assert cassette.responses[0]["body"]["string"] == b"only this much"
