"""The socket below a response: programs look at it (NTLM and Kerberos for channel binding, docker to hang up). While
recording it is the real one; on replay it answers, or says at the method that it cannot."""

from __future__ import annotations

import base64
import http.client
import select
import socket
from contextlib import closing

import pytest

import vcr
from tests.server import CHUNKS, TEXT, Exchange


def of_http_client(url):
    connection = http.client.HTTPConnection(url.removeprefix("http://").partition("/")[0], timeout=20)
    connection.request("GET", "/" + url.split("/", 3)[3])
    response = connection.getresponse()
    return connection, response, response.fp.raw._sock


def of_urllib(url):
    from urllib.request import urlopen

    response = urlopen(url, timeout=20)
    return response, response, response.fp.raw._sock


def of_requests(url):
    requests = pytest.importorskip("requests")
    response = requests.get(url, stream=True, timeout=20)
    return response, response.raw, response.raw._fp.fp.raw._sock


@pytest.mark.parametrize("path", ["/text", "/chunked"])
@pytest.mark.parametrize("ask", [of_http_client, of_urllib, of_requests])
def test_the_socket_of_a_response_answers(ask, path, server, cassette_path):
    content = TEXT if path == "/text" else b"".join(CHUNKS)
    for mode in ("once", "none"):
        with vcr.use_cassette(cassette_path, record_mode=mode):
            owner, response, sock = ask(server.url + path)
            with closing(owner):
                assert isinstance(sock, socket.socket) is (mode == "once")
                assert sock.getpeername() == ("127.0.0.1", server.port)
                assert len(sock.getsockname()) == 2
                assert (sock.family, sock.type) == (socket.AF_INET, socket.SOCK_STREAM)
                sock.settimeout(5)
                assert sock.gettimeout() == 5
                assert sock.fileno() > 2
                with pytest.raises(AttributeError, match="getpeercert"):
                    sock.getpeercert(binary_form=True)  # as of every plain socket
                assert response.read() == content
        server.close()
    assert server.hits == 1


def test_a_recorded_answer_can_be_polled(server, cassette_path):
    for mode in ("once", "none"):
        with vcr.use_cassette(cassette_path, record_mode=mode):
            connection, response, sock = of_http_client(server.url + "/endless/event-stream")
            with closing(connection), response:
                server.release()
                assert select.select([sock], [], [], 20)[0] == [sock]
        server.close()


@pytest.mark.parametrize("mode", ["once", "none"])
def test_the_socket_of_a_connection_answers(mode, server, cassette_path):
    with vcr.use_cassette(cassette_path), closing(http.client.HTTPConnection("127.0.0.1", server.port)) as connection:
        connection.request("GET", "/text")
        connection.getresponse().read()
    with (
        vcr.use_cassette(cassette_path, record_mode=mode),
        closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=7)) as connection,
    ):
        connection.request("GET", "/text")
        connection.getresponse().read()
        assert connection.sock.getpeername() == ("127.0.0.1", server.port)
        assert connection.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        assert not select.select([connection.sock], [], [], 0)[0]  # nothing more comes


def test_the_certificate_of_a_tls_server_is_at_hand_while_recording(tls_server, ca_file, cassette_path):
    requests = pytest.importorskip("requests")
    for mode in ("once", "none"):
        with (
            vcr.use_cassette(cassette_path, record_mode=mode),
            requests.get(tls_server.url + "/text", stream=True, verify=ca_file, timeout=20) as response,
        ):
            sock = response.raw._fp.fp.raw._sock
            if mode == "once":
                assert sock.getpeercert(binary_form=True)
                assert sock.version().startswith("TLS")
            else:
                with pytest.raises(AttributeError, match="a cassette replays"):
                    sock.getpeercert(binary_form=True)
            assert response.content == TEXT


def _docker_hangs_up(response):
    """What docker's ``CancellableStream.close`` does."""
    fp = response.raw._fp.fp
    assert hasattr(fp, "raw")
    sock = fp.raw._sock
    sock.shutdown(socket.SHUT_RDWR)
    sock.close()


def test_a_program_can_hang_up_by_the_socket(server, cassette_path):
    requests = pytest.importorskip("requests")
    for mode in ("once", "none"):
        with vcr.use_cassette(cassette_path, record_mode=mode):
            server.release()
            response = requests.get(server.url + "/endless/event-stream", stream=True, timeout=20)
            pieces = response.iter_content(None)
            assert next(pieces) == b"piece 1\n"
            _docker_hangs_up(response)
            with pytest.raises((requests.exceptions.ChunkedEncodingError, StopIteration)):
                next(pieces)
            response.close()
    assert server.hits == 1


def test_a_program_can_detach_the_socket_while_recording(server, cassette_path):
    def act():
        with closing(http.client.HTTPConnection("127.0.0.1", server.port)) as connection:
            connection.request("GET", "/bytes/100000")
            response = connection.getresponse()
            first = response.read(10)
            with socket.socket(fileno=connection.sock.detach()):
                response.close()
            return first

    live = act()
    with vcr.use_cassette(cassette_path) as cassette:
        assert act() == live
    assert cassette.responses[0]["incomplete"]


class OwnSocket(socket.socket):
    """As the sockets of httpretty: ``makefile`` has another name for its second parameter."""

    def makefile(self, mode: str = "r", bufsize: int = -1) -> object:
        return super().makefile(mode, bufsize)


def test_a_socket_of_another_library(server, cassette_path):
    def connect(address: tuple[str, int], *_: object) -> socket.socket:
        sock = OwnSocket()
        sock.connect(address)
        return sock

    with vcr.use_cassette(cassette_path), closing(http.client.HTTPConnection("127.0.0.1", server.port)) as connection:
        connection._create_connection = connect
        connection.request("GET", "/text")
        assert connection.getresponse().read() == TEXT


# -- an authentication whose legs belong to one connection ------------------------------------------------------------


def _ntlm(exchange: Exchange) -> None:
    """Asks for NTLM, hands out a challenge for the connection, and lets in who answers on the same one."""
    kind, _, token = exchange.request.get("Authorization").partition(" ")
    message = base64.b64decode(token) if kind == "NTLM" else b""
    challenged = exchange.server.__dict__.setdefault("challenged", set())
    if message.startswith(b"NEGOTIATE"):
        challenged.add(exchange.request.connection)
        exchange.text("go on", 401, [("WWW-Authenticate", "NTLM " + base64.b64encode(b"CHALLENGE").decode())])
    elif message.startswith(b"AUTHENTICATE") and exchange.request.connection in challenged:
        exchange.text("welcome")
    else:
        exchange.text("who are you?", 401, [("WWW-Authenticate", "NTLM")])


def _authenticates(requests):
    """What requests_ntlm does: two legs by a hook, on the connection that has answered; it looks for a certificate."""

    class Authentication(requests.auth.AuthBase):
        def __call__(self, request):
            request.headers["Connection"] = "Keep-Alive"
            request.register_hook("response", self.challenged)
            return request

        def challenged(self, response, **options):
            if response.status_code != 401:
                return response
            for message in (b"NEGOTIATE", b"AUTHENTICATE"):
                assert response.raw._fp.fp is None or self._has_no_certificate(response.raw._fp.fp.raw._sock)
                _ = response.content
                response.raw.release_conn()
                request = response.request.copy()
                request.headers["Authorization"] = "NTLM " + base64.b64encode(message).decode()
                options["stream"] = True
                response = response.connection.send(request, **options)
            return response

        def _has_no_certificate(self, sock):
            try:
                return not sock.getpeercert(True)
            except AttributeError:
                return True

    return Authentication()


def test_the_legs_of_ntlm_are_recorded_and_replayed(server, cassette_path):
    requests = pytest.importorskip("requests")
    server.route("/ntlm", _ntlm)
    for mode in ("once", "none"):
        with vcr.use_cassette(cassette_path, record_mode=mode) as cassette, requests.Session() as session:
            response = session.get(server.url + "/ntlm", auth=_authenticates(requests), stream=True, timeout=20)
            assert (response.status_code, response.text) == (200, "welcome")
        server.close()
    assert len(cassette) == 3
    assert cassette.all_played
    assert server.connections == 1
