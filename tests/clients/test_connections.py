"""Connections, pools and sessions from before the cassette, after it, and between two; users' own classes."""

from __future__ import annotations

import gc
import http.client
import logging
import select
import socket
import weakref
from http.client import HTTPConnection as ImportedEarly

import pytest

import vcr
from tests.server import EVENTS, TEXT
from vcr.errors import CannotOverwriteExistingCassetteException

from .entries import having, outcome

# -- sessions ----------------------------------------------------------------------------------------------------------


def test_an_idle_session_keeps_no_closed_cassette(client, server, cassette_path):
    with client() as session:
        for _ in ("record", "replay"):
            with vcr.use_cassette(cassette_path) as cassette:
                session.get(server.url + "/text")
            alive = weakref.ref(cassette)
            del cassette
            gc.collect()
            assert alive() is None
    assert server.hits == 1


@having("keep-alive")
def test_a_session_from_before_the_cassette_records_over_the_socket_it_has(client, server, cassette_path):
    with client() as session:
        session.get(server.url + "/counter")
        with vcr.use_cassette(cassette_path) as cassette:
            assert session.get(server.url + "/counter").body == b"2"
    assert server.connections == 1
    assert len(cassette) == 1


def test_a_session_from_before_the_cassette_that_is_not_connected_yet(client, server, cassette_path):
    with client() as session, vcr.use_cassette(cassette_path) as cassette:
        assert session.get(server.url + "/counter").body == b"1"
    with client() as session, vcr.use_cassette(cassette_path, record_mode="none"):
        assert session.get(server.url + "/counter").body == b"1"
    assert server.hits == len(cassette) == 1


def test_a_connected_session_from_before_replays(client, server, cassette_path):
    with vcr.use_cassette(cassette_path), client() as session:
        session.get(server.url + "/counter")
    with client() as session:
        assert session.get(server.url + "/counter").body == b"2"
        with vcr.use_cassette(cassette_path, record_mode="none"):
            assert session.get(server.url + "/counter").body == b"1"
        assert session.get(server.url + "/counter").body == b"3"
    assert server.hits == 3


@having("keep-alive")
@pytest.mark.parametrize("last", ["/text", "/close"], ids=["connected", "closed"])
def test_a_session_from_before_replays_though_its_server_has_stopped(last, client, tls_server, ca_file, cassette_path):
    if "leaking" in client.can and last == "/close":
        pytest.skip("without a cassette too, it leaves the descriptor open")
    with client(ca_file=ca_file) as session:
        with vcr.use_cassette(cassette_path):
            recorded = session.get(tls_server.url + "/counter")
        session.get(tls_server.url + last)
        tls_server.close()
        with vcr.use_cassette(cassette_path, record_mode="none"):
            assert session.get(tls_server.url + "/counter") == recorded


@having("keep-alive")
def test_a_session_kept_after_recording_goes_on_over_the_same_socket(client, server, cassette_path):
    with client() as session:
        with vcr.use_cassette(cassette_path):
            session.get(server.url + "/counter")
        assert session.get(server.url + "/counter").body == b"2"
    assert server.connections == 1


def test_a_session_kept_after_a_replay_goes_live(client, tls_server, ca_file, cassette_path):
    url = tls_server.url + "/counter"
    with vcr.use_cassette(cassette_path), client(ca_file=ca_file) as session:
        session.get(url)
    with client(ca_file=ca_file) as session:
        with vcr.use_cassette(cassette_path, record_mode="none"):
            session.get(url)
        assert [session.get(url).body for _ in range(2)] == [b"2", b"3"]


@having("keep-alive", "proxies")
def test_a_tunnel_from_before_the_cassette(client, tls_server, proxy, ca_file, cassette_path):
    url = tls_server.url + "/counter"
    with client(proxy=proxy.url, ca_file=ca_file) as session:
        session.get(url)
        with vcr.use_cassette(cassette_path) as cassette:
            recorded = session.get(url)
        assert session.get(url).body == b"3"
        tunnels = 2 if "redialling" in client.can else 1
        assert (proxy.tunnels, tls_server.connections) == (tunnels, tunnels)
        assert cassette.requests[0].uri == url
        proxy.close()
        tls_server.close()
        with vcr.use_cassette(cassette_path, record_mode="none"):
            assert session.get(url) == recorded


@having("keep-alive")
def test_what_a_filter_ignores_goes_live_over_the_same_connection(client, server, cassette_path):
    def ignore_text(request):
        return None if request.path == "/text" else request

    my_vcr = vcr.VCR(before_record_request=ignore_text)
    for mode, counted in (("once", b"2"), ("none", b"2")):
        with my_vcr.use_cassette(cassette_path, record_mode=mode) as cassette, client() as session:
            before = session.get(server.url + "/text").body
            assert session.get(server.url + "/counter").body == counted
            assert (before, session.get(server.url + "/text").body) == (TEXT, TEXT)
        assert [request.path for request in cassette.requests] == ["/counter"]
    assert (server.connections, server.hits) == (2, 5)


def test_text_is_refused_as_by_a_socket(server, cassette_path):
    def act():
        connection = http.client.HTTPConnection("127.0.0.1", server.port)
        connection.connect()
        try:
            return outcome(lambda: connection.send("text"))
        finally:
            connection.close()

    live = act()
    assert live.kind is TypeError
    with vcr.use_cassette(cassette_path):
        assert act() == live


class Forbidden(socket.socket):
    """What ``pytest --disable-socket`` puts in the place of ``socket.socket``."""

    def __new__(cls, *_, **__):
        raise RuntimeError("a socket was made")


@having("keep-alive")
def test_a_replay_makes_no_socket(client, server, monkeypatch, cassette_path):
    def act(session):
        return [session.get(server.url + path).body for path in ("/text", "/counter", "/text")]

    with vcr.use_cassette(cassette_path), client() as session:
        recorded = act(session)
    server.close()
    with vcr.use_cassette(cassette_path, record_mode="none"), client() as session, monkeypatch.context() as patched:
        patched.setattr(socket, "socket", Forbidden)
        assert act(session) == recorded


@having("streams")
def test_a_stream_from_before_the_cassette_goes_on_unrecorded(client, server, cassette_path):
    with client() as session, session.stream(server.url + "/sse") as pieces:
        server.release()
        assert next(pieces) == EVENTS[0]
        with vcr.use_cassette(cassette_path, record_mode="none") as cassette:
            server.release(4)
            assert b"".join(pieces) == b"".join(EVENTS[1:])  # tornado joins what has arrived
        assert len(cassette) == 0


def test_a_request_begun_before_the_cassette_is_none_of_its_business(server, cassette_path):
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    connection.putrequest("GET", "/text")
    with vcr.use_cassette(cassette_path, record_mode="none", on_unrecordable="allow") as cassette:
        connection.endheaders()
        assert connection.getresponse().read() == TEXT
        connection.close()
    assert (len(cassette), cassette.refused) == (0, [])


def test_a_request_begun_in_a_cassette_is_refused_though_it_is_sent_later(server, cassette_path):
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    with vcr.use_cassette(cassette_path, record_mode="none"):
        connection.putrequest("GET", "/text")
    with pytest.raises(CannotOverwriteExistingCassetteException):
        connection.endheaders()
    connection.close()
    assert server.hits == 0


@having("keep-alive")
def test_a_session_shared_between_two_cassettes(client, server, tmp_path):
    one, two = tmp_path / "one.yaml", tmp_path / "two.yaml"
    with client() as session:
        for path in (one, two):
            with vcr.use_cassette(path):
                session.get(server.url + "/counter")
    assert server.connections == 1
    server.close()
    with client() as session:
        for path, recorded in ((two, b"2"), (one, b"1")):
            with vcr.use_cassette(path, record_mode="none"):
                assert session.get(server.url + "/counter").body == recorded


@having("keep-alive")
def test_a_cassette_that_replays_some_and_records_some(client, server, cassette_path):
    with vcr.use_cassette(cassette_path), client() as session:
        session.get(server.url + "/text")
    with vcr.use_cassette(cassette_path, record_mode="new_episodes") as cassette, client() as session:
        for path in ("/text", "/counter", "/json"):
            session.get(server.url + path)
    assert [request.path for request in server.requests] == ["/text", "/counter", "/json"]
    assert (len(cassette), cassette.play_count) == (3, 1)
    assert server.connections == 2


def test_a_session_after_a_refusal_is_as_good_as_before(client, server, cassette_path):
    with vcr.use_cassette(cassette_path), client() as session:
        session.get(server.url + "/text")
    with vcr.use_cassette(cassette_path, record_mode="none"), client() as session:
        with pytest.raises(CannotOverwriteExistingCassetteException):
            session.get(server.url + "/other")
        assert session.get(server.url + "/text").body == TEXT
    assert server.hits == 1


# -- pools -------------------------------------------------------------------------------------------------------------


def test_a_blocking_pool_of_one(server, cassette_path):
    urllib3 = pytest.importorskip("urllib3")

    def act():
        with urllib3.HTTPConnectionPool("127.0.0.1", server.port, maxsize=1, block=True) as pool:
            return [pool.request("GET", "/text", pool_timeout=20).data for _ in range(3)]

    with vcr.use_cassette(cassette_path):
        assert act() == [TEXT] * 3
    assert server.connections == 1
    server.close()
    with vcr.use_cassette(cassette_path, record_mode="none"):
        assert act() == [TEXT] * 3


def test_urllib3_finds_the_replaying_connection_alive(server, cassette_path, caplog):
    """Its pool polls the socket before each reuse: one that looks readable would be dropped."""
    urllib3 = pytest.importorskip("urllib3")
    with vcr.use_cassette(cassette_path), urllib3.HTTPConnectionPool("127.0.0.1", server.port) as pool:
        for _ in range(3):
            pool.request("GET", "/text")
    server.close()
    caplog.set_level(logging.DEBUG, "urllib3.connectionpool")
    with (
        vcr.use_cassette(cassette_path, record_mode="none"),
        urllib3.HTTPConnectionPool("127.0.0.1", server.port) as pool,
    ):
        for _ in range(3):
            pool.request("GET", "/text")
        assert pool.num_connections == 1
    assert "Resetting dropped connection" not in caplog.text


@pytest.mark.parametrize("mode", ["once", "none"])
def test_the_socket_of_a_connection_can_be_polled(mode, server, cassette_path):
    with vcr.use_cassette(cassette_path):
        connection = http.client.HTTPConnection("127.0.0.1", server.port)
        connection.request("GET", "/text")
        connection.getresponse().read()
        connection.close()
    with vcr.use_cassette(cassette_path, record_mode="new_episodes"):
        connection = http.client.HTTPConnection("127.0.0.1", server.port)
        connection.request("GET", "/text" if mode == "none" else "/json")
        connection.getresponse().read()
        assert connection.sock.fileno() > 2
        assert select.select([connection.sock], [], [], 0) == ([], [], [])
        connection.close()


# -- classes -----------------------------------------------------------------------------------------------------------


def test_a_class_imported_before_the_cassette(server, cassette_path):
    with vcr.use_cassette(cassette_path) as cassette:
        connection = ImportedEarly("127.0.0.1", server.port)
        connection.request("GET", "/text")
        assert connection.getresponse().read() == TEXT
        connection.close()
    assert len(cassette) == 1


def test_inside_a_cassette_a_connection_is_still_of_its_class(server, cassette_path):
    outside = http.client.HTTPConnection("127.0.0.1", server.port)
    with vcr.use_cassette(cassette_path):
        inside = http.client.HTTPConnection("127.0.0.1", server.port)
        inside.request("GET", "/text")
        assert isinstance(inside, http.client.HTTPConnection)
        for attribute in ("__name__", "__qualname__", "__module__", "__doc__"):
            assert getattr(type(inside), attribute) == getattr(type(outside), attribute)
        assert type(inside.getresponse()) is http.client.HTTPResponse
        inside.close()


def test_a_connection_has_its_own_class_again_after_the_cassette(server, cassette_path):
    with vcr.use_cassette(cassette_path):
        connection = http.client.HTTPConnection("127.0.0.1", server.port)
        connection.request("GET", "/text")
        connection.getresponse().read()
    connection.request("GET", "/text")
    assert type(connection) is http.client.HTTPConnection
    assert type(connection.sock) is socket.socket
    connection.getresponse().read()
    connection.close()


class OwnConnect(http.client.HTTPConnection):
    """A user's class that makes its own socket."""

    def connect(self):
        self.sock = socket.create_connection((self.host, self.port), timeout=20)
        self.connects = getattr(self, "connects", 0) + 1


@pytest.mark.parametrize("made", ["before", "inside"])
def test_a_subclass_that_connects_by_itself(made, server, cassette_path):
    def act(connection):
        connection.request("GET", "/text")
        body = connection.getresponse().read()
        connection.close()
        return body

    before = OwnConnect("127.0.0.1", server.port)
    with vcr.use_cassette(cassette_path):
        connection = before if made == "before" else OwnConnect("127.0.0.1", server.port)
        assert act(connection) == TEXT
    assert connection.connects == 1
    server.close()
    before = OwnConnect("127.0.0.1", server.port)
    with vcr.use_cassette(cassette_path, record_mode="none"):
        connection = before if made == "before" else OwnConnect("127.0.0.1", server.port)
        assert act(connection) == TEXT
    assert not hasattr(connection, "connects")


def test_a_subclass_that_calls_connect_by_hand(server, cassette_path):
    before = OwnConnect("127.0.0.1", server.port)
    with vcr.use_cassette(cassette_path) as cassette:
        for connection in (before, OwnConnect("127.0.0.1", server.port)):
            connection.connect()
            connection.request("GET", "/text")
            assert connection.getresponse().read() == TEXT
            connection.close()
    assert len(cassette) == 2


@pytest.mark.parametrize("base", [http.client.HTTPConnection, OwnConnect])
def test_a_connection_made_and_connected_inside_opens_nothing_on_replay(base, server, cassette_path):
    def act():
        connection = base("127.0.0.1", server.port)
        connection.connect()
        connection.request("GET", "/text")
        body = connection.getresponse().read()
        connection.close()
        return body

    with vcr.use_cassette(cassette_path):
        recorded = act()
    connections = server.connections
    with vcr.use_cassette(cassette_path, record_mode="none"):
        assert act() == recorded
    assert server.connections == connections == 1


def test_a_subclass_that_makes_its_own_response(server, cassette_path):
    class OwnResponse(http.client.HTTPConnection):
        def getresponse(self):
            response = self.response_class(self.sock, method=self._method)
            response.begin()
            return response

    for mode in ("once", "none"):
        with vcr.use_cassette(cassette_path, record_mode=mode) as cassette:
            connection = OwnResponse("127.0.0.1", server.port)
            connection.request("GET", "/text")
            assert connection.getresponse().read() == TEXT
            connection.close()
        assert len(cassette) == server.hits == 1


def test_a_connection_that_is_handed_its_socket(server, cassette_path):
    for mode in ("once", "none"):
        with vcr.use_cassette(cassette_path, record_mode=mode) as cassette:
            connection = http.client.HTTPConnection("example.test")
            connection.sock = socket.create_connection(server.address)
            connection.request("GET", "/text")
            assert connection.getresponse().read() == TEXT
            connection.close()
        assert cassette.requests[0].uri == "http://example.test/text"
        assert server.hits == 1


def test_a_subclass_with_slots_and_a_hook_for_subclasses(server, cassette_path):
    heard = []

    class Hooked(http.client.HTTPConnection):
        __slots__ = ("extra",)

        def __init_subclass__(cls, **kwargs):
            heard.append(cls)

    with vcr.use_cassette(cassette_path) as cassette:
        connection = Hooked("127.0.0.1", server.port)
        connection.extra = 1
        connection.request("GET", "/text")
        assert connection.getresponse().read() == TEXT
        connection.close()
    assert heard == []
    assert len(cassette) == 1


def test_a_class_of_the_users_can_be_forgotten(server, cassette_path):
    with vcr.use_cassette(cassette_path):

        class Shortlived(http.client.HTTPConnection):
            pass

        connection = Shortlived("127.0.0.1", server.port)
        connection.request("GET", "/text")
        connection.getresponse().read()
        connection.close()
        alive = weakref.ref(Shortlived)
        del connection, Shortlived
        gc.collect()
        assert alive() is None


def test_a_request_whose_answer_nobody_asks_for_is_recorded(server, cassette_path):
    def act():
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
        connection.request("POST", "/echo", b"content")
        connection.close()

    for mode in ("once", "none"):
        with vcr.use_cassette(cassette_path, record_mode=mode) as cassette:
            act()
        assert [(request.method, request.body) for request in cassette.requests] == [("POST", b"content")]
        assert "incomplete" not in cassette.responses[0]
    assert cassette.play_count == 1
    assert server.hits == 1
