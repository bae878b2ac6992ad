"""What goes wrong live goes wrong the same while recording, and a refusal reaches the caller as it is."""

from __future__ import annotations

import functools
import gc
import http.client
import re
import socket
import sys
from contextlib import closing, suppress

import pytest

import vcr
from tests.server import Server
from vcr.errors import CannotOverwriteExistingCassetteException

from .entries import Raised, having, outcome

# -- the network -------------------------------------------------------------------------------------------------------


@pytest.fixture
def nobody():
    """The URL of a port that nobody listens on."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}/"


def test_a_connection_that_is_refused_raises_the_clients_own_error(nobody, fails_alike):
    refused = "refused|connect call failed|could not connect|all connection attempts failed"
    assert re.search(refused, fails_alike(nobody).text.lower())


def test_the_errors_that_programs_catch(nobody, cassette_path):
    from urllib.error import URLError
    from urllib.request import urlopen

    requests, urllib3 = pytest.importorskip("requests"), pytest.importorskip("urllib3")
    with vcr.use_cassette(cassette_path):
        with pytest.raises(URLError) as of_urllib:
            urlopen(nobody)
        assert isinstance(of_urllib.value.reason, ConnectionRefusedError)
        with pytest.raises(requests.ConnectionError):
            requests.get(nobody)
        with urllib3.PoolManager() as pools:
            with pytest.raises(urllib3.exceptions.MaxRetryError) as of_urllib3:
                pools.request("GET", nobody, retries=1)
            assert isinstance(of_urllib3.value.reason, urllib3.exceptions.NewConnectionError)
            with pytest.raises(urllib3.exceptions.NewConnectionError):
                pools.request("GET", nobody, retries=False)


@pytest.mark.parametrize("path", ["/hang-up", "/reset"])
def test_a_server_that_closes_without_an_answer(path, server, fails_alike):
    assert isinstance(fails_alike(server.url + path), Raised)


def test_a_server_that_does_not_answer_in_time(server, fails_alike):
    error = fails_alike(server.url + "/silent", timeout=0.5)
    assert re.search("timed out|timeout", f"{error.kind.__name__}: {error.text}".lower())  # some say it by the class


def test_a_host_that_does_not_exist(fails_alike, monkeypatch):
    ask = socket.getaddrinfo

    def answer(host, *args, **kwargs):
        if host == "nowhere.example":
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return ask(host, *args, **kwargs)

    with monkeypatch.context() as resolver:  # (whatever this machine's says)
        resolver.setattr(socket, "getaddrinfo", answer)
        assert fails_alike("http://nowhere.example/").text


@having("errors")
def test_a_reset_in_the_middle_of_the_body(client, server, cassette_path):
    def resets(exchange):
        exchange.head(200, [("Content-Length", "100")])
        exchange.send(b"only this much")
        exchange.reset()

    def act():
        with client(timeout=1 if client.name == "tornado" else 2) as session:  # it hears of the reset, and waits on
            return outcome(lambda: session.get(server.url + "/resets"))

    server.route("/resets", resets)
    live = act()
    for mode in ("once", "none"):
        with vcr.use_cassette(cassette_path, record_mode=mode, record_errors=True) as cassette:
            assert act() == live
    assert cassette.responses[0]["body"]["string"] in (b"only this much", b"")  # some see the reset first


def test_a_failed_request_does_not_keep_the_next_from_being_recorded(client, server, cassette_path):
    with vcr.use_cassette(cassette_path) as cassette, client() as session:
        outcome(lambda: session.get(server.url + "/hang-up"))
        session.get(server.url + "/text")
    assert [request.path for request in cassette.requests] == ["/text"]


def test_a_server_that_does_not_speak_http(client, server, fails_alike):
    def nonsense(exchange):
        exchange.hang_up()
        exchange.send(b"220 mail.example ready\r\n\r\n")

    server.route("/nonsense", nonsense)
    fails_alike(server.url + "/nonsense", is_kept="nonsense" in client.can)


@having("errors")
def test_a_tls_handshake_that_takes_too_long(client, ca_file, cassette_path, lacks):
    lacks("a TLS handshake that was too slow is replayed as another error", "tornado")
    if client.name == "niquests.AsyncSession":
        pytest.skip("without a cassette too, it waits for ever")
    with socket.create_server(("127.0.0.1", 0)) as silent:  # it accepts, and says nothing
        url = f"https://127.0.0.1:{silent.getsockname()[1]}/"

        def act():
            with client(timeout=0.5, ca_file=ca_file) as session:
                return outcome(lambda: session.get(url))

        live = act()
        with vcr.use_cassette(cassette_path, record_errors=True) as cassette:
            assert act() == live
    assert len(cassette) == 1
    with vcr.use_cassette(cassette_path, record_mode="none"):
        assert act() == live


# Python 3.10 and 3.11 leave the socket of a tunnel that fails to the garbage collector.
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning" if sys.version_info < (3, 12) else "error")
@pytest.mark.parametrize("cause", ["silent proxy", "/silent", "/hang-up"])
def test_urllib3_blames_a_proxy_as_it_does_live(cause, tls_server, proxy, ca_file, cassette_path):
    urllib3 = pytest.importorskip("urllib3")

    def act():
        with urllib3.ProxyManager(proxy_url, timeout=0.3, retries=False, ca_certs=ca_file) as pools:
            return outcome(lambda: pools.request("GET", tls_server.url + path))

    with socket.create_server(("127.0.0.1", 0)) as silent:  # it accepts, and says nothing
        silent_url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        proxy_url, path = (silent_url, "/") if cause == "silent proxy" else (proxy.url, cause)
        live = act()
        assert isinstance(live, Raised)
        for mode in ("once", "none"):
            with vcr.use_cassette(cassette_path, record_mode=mode, record_errors=True) as cassette:
                assert act() == live
            assert len(cassette) == 1
    gc.collect()  # a socket that nobody has closed is a warning now


class _HastyServer(Server):
    """Reads the beginning of a request, answers, and closes the connection, so that the client cannot send the rest."""

    def _talk(self, sock, number):
        sock.recv(100)
        sock.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig")
        sock.shutdown(socket.SHUT_WR)  # (so that the client's error is always the same: EPIPE)


@pytest.fixture
def hasty(cassette_path):
    """A server that answers without reading, and ``use_cassette(**options)`` for it."""

    def drop_body(request):
        request.body = None  # it is so long that no buffer between the client and the server holds it
        return request

    with _HastyServer() as server:
        server.use_cassette = functools.partial(vcr.use_cassette, cassette_path, before_record_request=drop_body)
        yield server


def _upload_with_urllib3(server):
    urllib3 = pytest.importorskip("urllib3")
    with urllib3.PoolManager(retries=False) as pools:
        response = pools.request("POST", server.url + "/", body=bytes(2**24))
        return response.status, response.data


def _upload_with_http_client(server):
    with closing(http.client.HTTPConnection("127.0.0.1", server.port)) as connection:
        with suppress(BrokenPipeError):
            connection.request("POST", "/", bytes(2**24))
        response = connection.getresponse()
        return response.status, response.read()


@pytest.mark.parametrize("upload", [_upload_with_urllib3, _upload_with_http_client])
def test_an_answer_that_came_before_the_whole_request_is_recorded(upload, hasty):
    assert upload(hasty) == (413, b"big")
    for mode in ("once", "none"):
        with hasty.use_cassette(record_mode=mode) as cassette:
            assert upload(hasty) == (413, b"big")
        assert len(cassette) == 1


def test_a_request_that_the_server_did_not_read_fails_again_if_nobody_asks_for_the_answer(hasty):
    def upload():
        with closing(http.client.HTTPConnection("127.0.0.1", hasty.port)) as connection:
            connection.request("POST", "/", bytes(2**24))

    with pytest.raises(BrokenPipeError):
        upload()
    for mode in ("once", "none"):
        with hasty.use_cassette(record_mode=mode, record_errors=True) as cassette, pytest.raises(BrokenPipeError):
            upload()
        assert len(cassette) == 1


@pytest.fixture
def timeouts_of_real_sockets(monkeypatch):
    """What every socket's timeout was when it was connected, and when it was read from."""
    seen = []

    class Watched(socket.socket):
        def connect(self, address):
            seen.append(("connect", self.gettimeout()))
            return super().connect(address)

        def recv_into(self, *args):
            seen.append(("read", self.gettimeout()))
            return super().recv_into(*args)

    monkeypatch.setattr(socket, "socket", Watched)
    return seen


@pytest.mark.parametrize("library", ["requests", "urllib3"])
def test_connecting_and_reading_have_the_timeouts_asked_for(library, server, cassette_path, timeouts_of_real_sockets):
    module = pytest.importorskip(library)

    def act():
        timeouts_of_real_sockets.clear()
        if library == "requests":
            with module.Session() as session:
                for _ in range(2):
                    session.get(server.url + "/text", timeout=(11, 17))
        else:
            with module.PoolManager(timeout=module.Timeout(connect=11, read=17)) as pools:
                for _ in range(2):
                    pools.request("GET", server.url + "/text")
        return sorted(set(timeouts_of_real_sockets), key=str)

    live = act()
    assert live == [("connect", 11), ("read", 17)]
    with vcr.use_cassette(cassette_path):
        assert act() == live


def test_a_connection_has_the_timeout_it_was_made_with(server, cassette_path, timeouts_of_real_sockets):
    with vcr.use_cassette(cassette_path):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=7)
        connection.request("GET", "/text")
        connection.getresponse().read()
        connection.close()
    assert set(timeouts_of_real_sockets) == {("connect", 7), ("read", 7)}


# -- refusals ----------------------------------------------------------------------------------------------------------


def test_a_refusal_reaches_the_caller_unwrapped(client, server, cassette_path):
    with (
        vcr.use_cassette(cassette_path, record_mode="none") as cassette,
        client() as session,
        pytest.raises(CannotOverwriteExistingCassetteException) as caught,
    ):
        session.get(server.url + "/text")
    assert caught.value.failed_request.uri == server.url + "/text"
    assert caught.value.cassette is cassette
    assert server.connections == 0


@pytest.mark.parametrize("body", [lambda: b"content" * 9000, lambda: iter([b"one", b"two"])], ids=["large", "chunked"])
def test_a_refused_upload_reaches_the_caller_unwrapped(body, client, server, cassette_path):
    with (
        vcr.use_cassette(cassette_path, record_mode="none"),
        client() as session,
        pytest.raises(CannotOverwriteExistingCassetteException),
    ):
        session.fetch("POST", server.url + "/echo", body=body())
    assert server.connections == 0


@having("proxies")
def test_a_refusal_comes_before_the_tunnel(client, tls_server, proxy, ca_file, cassette_path):
    with (
        vcr.use_cassette(cassette_path, record_mode="none"),
        client(proxy=proxy.url, ca_file=ca_file) as session,
        pytest.raises(CannotOverwriteExistingCassetteException),
    ):
        session.get(tls_server.url + "/text")
    assert (proxy.connections, tls_server.connections) == (0, 0)


@having("keep-alive")
def test_a_refused_connection_is_usable_outside_the_cassette(client, server, cassette_path):
    with client() as session:
        refused = pytest.raises(CannotOverwriteExistingCassetteException)
        with vcr.use_cassette(cassette_path, record_mode="none"), refused:
            session.get(server.url + "/text")
        assert session.get(server.url + "/text").status == 200


# -- retries -----------------------------------------------------------------------------------------------------------


def test_each_attempt_of_urllib3_is_an_interaction(server, cassette_path):
    urllib3 = pytest.importorskip("urllib3")
    retries = urllib3.Retry(3, status_forcelist=[503])

    def act():
        with urllib3.PoolManager() as pools:
            response = pools.request("GET", server.url + "/flaky/2", retries=retries)
        return response.data, [entry.status for entry in response.retries.history]

    with vcr.use_cassette(cassette_path) as cassette:
        assert act() == (b"at last", [503, 503])
    assert [response["status"]["code"] for response in cassette.responses] == [503, 503, 200]
    server.close()
    with vcr.use_cassette(cassette_path, record_mode="none"):
        assert act() == (b"at last", [503, 503])


def test_a_request_is_sent_once_though_the_answer_fails(server, cassette_path):
    """No stub sends again by itself."""
    with vcr.use_cassette(cassette_path):
        connection = http.client.HTTPConnection("127.0.0.1", server.port)
        connection.request("POST", "/hang-up", b"content")
        with pytest.raises(http.client.RemoteDisconnected):
            connection.getresponse()
        connection.close()
    assert server.hits == 1
