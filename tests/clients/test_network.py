"""TLS, proxies, IPv6, ports, unix sockets: the way to the server is the client's, the cassette names the server."""

from __future__ import annotations

import http.client
import re
import socket
import sys
import warnings

import pytest
import trustme
import urllib3

import vcr
from tests.server import TEXT, Proxy, Server

from .entries import having, outcome

# -- TLS ---------------------------------------------------------------------------------------------------------------


def test_https_with_a_certificate_that_is_checked(tls_server, ca_file, alike):
    seen = alike(tls_server, lambda session: session.get(tls_server.url + "/text"), ca_file=ca_file)
    assert seen.outcome.body == TEXT
    assert seen.cassette.requests[0].uri == tls_server.url + "/text"


@having("keep-alive")
def test_https_keeps_its_connection(tls_server, ca_file, alike):
    seen = alike(tls_server, lambda session: [session.get(tls_server.url + "/text") for _ in range(3)], ca_file=ca_file)
    assert seen.connections == 1


def test_a_certificate_that_is_not_trusted_fails_while_recording_as_it_does_live(tls_server, tmp_path, fails_alike):
    stranger = tmp_path / "stranger.pem"
    trustme.CA().cert_pem.write_to_path(str(stranger))
    live = fails_alike(tls_server.url + "/text", ca_file=str(stranger))
    assert re.search("CERTIFICATE_VERIFY_FAILED|SSL certificate|invalid peer certificate", live.text)
    assert tls_server.hits == 0


@pytest.mark.parametrize("through", ["directly", "a tunnel"])
@pytest.mark.parametrize("library", ["urllib3", "requests", "niquests"])
def test_an_unverified_certificate_is_warned_of_outside_a_cassette_only(
    library, through, tls_server, proxy, cassette_path
):
    """As in VCR.py: a suite that makes warnings errors goes on passing."""
    module = pytest.importorskip(library)
    via = None if through == "directly" else proxy.url
    insecure = "InsecureRequestWarning"

    def warned():
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            if library == "urllib3":
                pools = module.ProxyManager(via, cert_reqs="CERT_NONE") if via else module.PoolManager(cert_reqs=0)
                for _ in range(2):  # the second on the same connection
                    pools.request("GET", tls_server.url + "/text")
                pools.clear()
            else:
                with module.Session() as session:
                    session.verify, session.proxies = False, {"https": via} if via else {}
                    for _ in range(2):
                        session.get(tls_server.url + "/text")
        return {warning.category.__name__ for warning in caught}

    live = warned()
    assert live == {insecure}
    with vcr.use_cassette(cassette_path, ignore_localhost=True):
        assert warned() == live
    with vcr.use_cassette(cassette_path):
        assert warned() == set()
    assert warned() == live
    tls_server.close()
    with vcr.use_cassette(cassette_path, record_mode="none"):
        assert warned() == set()


# -- proxies -----------------------------------------------------------------------------------------------------------


@having("proxies")
def test_through_a_proxy_the_cassette_names_the_server(server, proxy, alike):
    seen = alike(server, lambda session: session.get(server.url + "/text?a=1"), proxy=proxy.url)
    assert seen.outcome.body == TEXT
    assert seen.cassette.requests[0].uri == server.url + "/text?a=1"
    live, recorded = proxy.forwarded + proxy.tunnelled
    assert recorded.head == live.head


@having("proxies")
def test_through_a_tunnel_the_cassette_names_the_server(tls_server, proxy, ca_file, alike):
    seen = alike(tls_server, lambda session: session.get(tls_server.url + "/text"), proxy=proxy.url, ca_file=ca_file)
    assert seen.outcome.body == TEXT
    assert seen.cassette.requests[0].uri == tls_server.url + "/text"
    live, recorded = proxy.tunnelled
    assert recorded.head == live.head


@having("proxies", "keep-alive")
def test_a_tunnel_is_used_again(client, tls_server, proxy, ca_file, alike):
    seen = alike(
        tls_server,
        lambda session: [session.get(tls_server.url + "/text") for _ in range(3)],
        proxy=proxy.url,
        ca_file=ca_file,
    )
    tunnels = 2 if "redialling" in client.can else 1
    assert seen.connections == tunnels
    assert proxy.tunnels == 2 * tunnels  # live, and recording


@having("proxy-auth")
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_is_given_its_password(scheme, server, tls_server, ca_file, alike):
    target = server if scheme == "http" else tls_server
    with Proxy(auth="user:secret") as proxy:
        url = proxy.url.replace("//", "//user:secret@")
        seen = alike(target, lambda session: session.get(target.url + "/text"), proxy=url, ca_file=ca_file)
    assert seen.outcome.body == TEXT


@having("proxies")
def test_a_proxy_that_refuses_the_tunnel_fails_as_it_does_live(client, tls_server, ca_file, cassette_path):
    if client.name == "urllib3" and urllib3.__version__ < "2" and sys.version_info < (3, 11):
        pytest.skip(
            "without a cassette too, Python 3.10 leaves the refused sockets open, and urllib3 1.26 tries ten times"
        )
    with Proxy(auth="user:secret") as proxy:

        def act():
            with client(proxy=proxy.url, ca_file=ca_file) as session:
                return outcome(lambda: session.get(tls_server.url + "/text"))

        live = act()
        with vcr.use_cassette(cassette_path) as cassette:
            recorded = act()
    assert recorded == live
    assert "407" in live.text
    assert len(cassette) == 0


@having("proxies", "errors")
@pytest.mark.parametrize("status", [403, 407, 502])
def test_a_tunnel_that_was_refused_is_refused_again_on_replay(status, client, ca_file, cassette_path, lacks):
    lacks("a tunnel that a proxy refused is not recorded", "tornado", "niquests", "httplib2")
    if client.name == "urllib3" and urllib3.__version__ < "2" and sys.version_info < (3, 11):
        pytest.skip("without a cassette too, Python 3.10 leaves the refused sockets open")

    def refuse(exchange, *_):
        exchange.hang_up()
        exchange.respond(status)

    with Server() as proxy:
        proxy.route("", refuse)  # whatever it is asked for

        def act():
            with client(proxy=proxy.url, ca_file=ca_file) as session:
                return outcome(lambda: session.get("https://a.example/"))

        live = act()
        assert str(status) in live.text
        with vcr.use_cassette(cassette_path, record_errors=True) as cassette:
            assert act() == live
    assert len(cassette)  # (urllib3 tries again)
    with vcr.use_cassette(cassette_path, record_mode="none"):
        assert act() == live


@having("proxies")
def test_a_replay_needs_no_proxy(client, tls_server, proxy, ca_file, cassette_path):
    with vcr.use_cassette(cassette_path), client(proxy=proxy.url, ca_file=ca_file) as session:
        recorded = session.get(tls_server.url + "/text")
    proxy.close()
    tls_server.close()
    for options in ({"proxy": proxy.url}, {}):
        with vcr.use_cassette(cassette_path, record_mode="none"), client(ca_file=ca_file, **options) as session:
            assert session.get(tls_server.url + "/text") == recorded


def test_tls_inside_a_tls_proxy(tls_server, server_tls, ca_file, cassette_path):
    urllib3 = pytest.importorskip("urllib3")

    def act():
        pools = urllib3.ProxyManager(secure_proxy.url, ca_certs=ca_file)
        body = [pools.request("GET", tls_server.url + "/text").data for _ in range(2)]
        pools.clear()
        return body

    with Proxy(tls=server_tls) as secure_proxy:
        assert act() == [TEXT, TEXT]
        with vcr.use_cassette(cassette_path) as cassette:
            assert act() == [TEXT, TEXT]
    tls_server.close()
    assert [request.uri for request in cassette.requests] == [tls_server.url + "/text"] * 2
    with vcr.use_cassette(cassette_path, record_mode="none"):
        assert act() == [TEXT, TEXT]


# -- addresses ---------------------------------------------------------------------------------------------------------


def test_an_ipv6_literal(ipv6_server, alike):
    seen = alike(ipv6_server, lambda session: session.get(ipv6_server.url + "/text"))
    assert seen.outcome.body == TEXT
    assert seen.cassette.requests[0].uri == f"http://[::1]:{ipv6_server.port}/text"


REPLAYED = """
version: 1
interactions:
- request: {method: GET, uri: "%s", body: null, headers: {}}
  response: {status: {code: 200, message: OK}, headers: {Content-Length: ["3"]}, body: {string: yes}}
"""


@pytest.mark.parametrize(
    ("recorded", "asked"),
    [
        ("http://example.test/", "http://example.test/"),
        ("http://example.test/", "http://example.test:80/"),
        ("https://example.test/", "https://example.test/"),
        ("https://example.test/", "https://example.test:443/"),
        ("http://example.test:443/", "http://example.test:443/"),
        ("https://example.test:80/", "https://example.test:80/"),
    ],
)
def test_a_uri_has_no_default_port(recorded, asked, client, cassette_path, tmp_path):
    """Nobody looks up the name, which does not exist: nothing leaves on a replay."""
    (tmp_path / "cassette.yaml").write_text(REPLAYED.replace("yes", "'yes'") % recorded)
    with vcr.use_cassette(cassette_path, record_mode="none") as cassette, client() as session:
        assert session.get(asked).body == b"yes"
    assert cassette.all_played


def test_a_default_port_is_not_recorded_either(server, cassette_path):
    class ToLoopback(http.client.HTTPConnection):
        def connect(self):
            self.sock = socket.create_connection(server.address)

    with vcr.use_cassette(cassette_path) as cassette:
        connection = ToLoopback("example.test")
        connection.request("GET", "/text")
        assert connection.getresponse().read() == TEXT
        connection.close()
    assert cassette.requests[0].uri == "http://example.test/text"


# -- unix sockets ------------------------------------------------------------------------------------------------------


def _unix_connection(base, path):
    class UnixConnection(base):
        def connect(self):
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.settimeout(self.timeout)
            self.sock.connect(path)

    return UnixConnection


def test_a_unix_socket_under_http_client(unix_server, cassette_path):
    unix = _unix_connection(http.client.HTTPConnection, unix_server.address)

    def act():
        connection = unix("localhost", timeout=20)
        bodies = []
        for _ in range(2):
            connection.request("GET", "/text")
            bodies.append(connection.getresponse().read())
        connection.close()
        return bodies

    with vcr.use_cassette(cassette_path) as cassette:
        assert act() == [TEXT, TEXT]
    assert unix_server.connections == 1
    assert cassette.requests[0].uri == "http://localhost/text"
    unix_server.close()
    with vcr.use_cassette(cassette_path, record_mode="none"):
        assert act() == [TEXT, TEXT]


def test_a_unix_socket_pool_of_urllib3(unix_server, cassette_path):
    urllib3 = pytest.importorskip("urllib3")
    unix = _unix_connection(urllib3.connection.HTTPConnection, unix_server.address)

    class UnixPool(urllib3.HTTPConnectionPool):
        ConnectionCls = unix

    def act():
        with UnixPool("localhost", timeout=20) as pool:
            return [pool.request("GET", "/text").data for _ in range(2)]

    with vcr.use_cassette(cassette_path) as cassette:
        assert act() == [TEXT, TEXT]
    assert unix_server.connections == 1
    assert cassette.requests[0].uri == "http://localhost/text"
    unix_server.close()
    with vcr.use_cassette(cassette_path, record_mode="none"):
        assert act() == [TEXT, TEXT]
