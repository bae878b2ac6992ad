"""Responses that the client does not read to their end, or not at all: what is kept, and what counts as played."""

from __future__ import annotations

import gc
import http.client
import logging
import weakref
from contextlib import closing

import pytest

import vcr
from tests.server import TEXT

from .entries import body_of


def connect(server):
    return closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=20))


def _counts(session_get, server):
    """A response that is given back unread, then the next request on the same pool."""
    first = session_get(server.url + "/bytes/200000")
    first.release_conn()
    return [session_get(server.url + "/counter").read() for _ in range(3)]


@pytest.mark.parametrize("version", ["urllib3", "requests"])
def test_a_response_given_back_unread_does_not_use_the_next_one_up(version, server, cassette_path, caplog):
    """The pool's next request fails with ResponseNotReady, and is made again on another connection."""
    caplog.set_level(logging.ERROR, logger="urllib3.connectionpool")  # (a record would keep the error, and its frames)
    urllib3 = pytest.importorskip("urllib3")
    requests = pytest.importorskip("requests")

    def act():
        if version == "urllib3":
            with urllib3.PoolManager(maxsize=1) as pools:
                return _counts(lambda url: pools.request("GET", url, preload_content=False), server)
        with requests.Session() as session:
            session.mount("http://", requests.adapters.HTTPAdapter(max_retries=2, pool_maxsize=1))
            return _counts(lambda url: session.get(url, stream=True, timeout=20).raw, server)

    with vcr.use_cassette(cassette_path) as cassette:
        recorded = act()
    server.close()
    with vcr.use_cassette(cassette_path, record_mode="none") as cassette:
        assert act() == recorded
        assert cassette.all_played


def test_a_request_whose_response_cannot_be_asked_for_leaves_the_recording(server, cassette_path):
    for mode in ("once", "none"):
        with vcr.use_cassette(cassette_path, record_mode=mode) as cassette:
            with connect(server) as connection:
                connection.request("GET", "/bytes/200000")
                unread = connection.getresponse()
                connection.request("GET", "/text")
                with pytest.raises(http.client.ResponseNotReady):
                    connection.getresponse()
                unread.close()
            with connect(server) as connection:
                connection.request("GET", "/text")
                assert connection.getresponse().read() == TEXT
        assert [request.path for request in cassette.requests] == ["/bytes/200000", "/text"]
    assert cassette.all_played


def test_a_request_whose_response_nobody_asks_for_is_recorded_and_played(server, cassette_path):
    for mode in ("once", "none"):
        with vcr.use_cassette(cassette_path, record_mode=mode) as cassette, connect(server) as connection:
            connection.request("GET", "/text")
        assert len(cassette) == 1
    assert cassette.all_played
    assert server.hits == 1


def test_of_a_large_download_that_is_left_early_little_more_is_kept(server, cassette_path):
    size = 200_000_000
    sent = 0

    def large(exchange):
        nonlocal sent
        exchange.head(200, [("Content-Length", str(size))])
        try:
            while sent < size:
                exchange.send(bytes(65536))
                sent += 65536
        except OSError:
            exchange.hang_up()  # the client has gone

    server.route("/large", large)
    for mode in ("once", "none"):
        with vcr.use_cassette(cassette_path, record_mode=mode) as cassette, connect(server) as connection:
            connection.request("GET", "/large")
            with connection.getresponse() as response:
                assert response.read(20) == bytes(20)
    (response,) = cassette.responses
    assert response["incomplete"] is True
    assert 20 <= len(body_of(response)) <= 2**20
    assert sent < size


@pytest.mark.parametrize("mode", ["once", "none"])
def test_an_idle_connection_does_not_hold_a_closed_cassette(mode, server, cassette_path):
    with vcr.use_cassette(cassette_path), connect(server) as connection:
        connection.request("GET", "/text")
        connection.getresponse().read()
    with connect(server) as connection:
        with vcr.use_cassette(cassette_path, record_mode="new_episodes" if mode == "once" else "none") as cassette:
            connection.request("GET", "/counter" if mode == "once" else "/text")
            connection.getresponse().read()
            gone = weakref.ref(cassette)
        del cassette
        gc.collect()
        assert gone() is None
        assert connection.sock is not None
