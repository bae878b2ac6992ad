"""``vcr.block_network``: what stays allowed, and that nothing else leaves the process."""

from __future__ import annotations

import asyncio
import inspect
import pickle
import re
import socket
import threading
import urllib.request

import pytest

import vcr
from vcr.network import NetworkBlockedError

ELSEWHERE = "192.0.2.1"  # for documentation: nobody is there


def fetch(url: str) -> bytes:
    with urllib.request.urlopen(url) as response:
        return response.read()


def connect(host: object, port: int = 9, family: int = socket.AF_INET, kind: int = socket.SOCK_STREAM) -> None:
    with socket.socket(family, kind) as sock:
        sock.settimeout(5)
        sock.connect((host, port))


# -- what is blocked ---------------------------------------------------------------------------------------------------


def test_another_host_is_blocked_and_this_machine_is_not(server):
    with vcr.block_network():
        assert fetch(f"{server.url}/counter") == b"1"
        with pytest.raises(NetworkBlockedError, match=f"^Network is disabled for host '{ELSEWHERE}'$") as caught:
            connect(ELSEWHERE)
    assert caught.value.host == ELSEWHERE
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_this_machine_can_be_blocked_too(server):
    with vcr.block_network(block_loopback=True), pytest.raises(RuntimeError, match=r"'127\.0\.0\.1'"):
        fetch(f"{server.url}/counter")
    assert server.hits == 0


@pytest.mark.parametrize("host", [b"127.0.0.1", bytearray(b"127.0.0.1")])
def test_an_address_in_bytes(host):
    with (
        vcr.block_network(allowed_hosts=["127.0.0.2"], block_loopback=True),
        pytest.raises(NetworkBlockedError, match=re.escape(repr(host))),
    ):
        connect(host)


def test_connect_ex():
    with vcr.block_network(), socket.socket() as sock, pytest.raises(NetworkBlockedError):
        sock.connect_ex((ELSEWHERE, 9))


def test_a_name_is_not_looked_up():
    for name, arguments in (("gethostbyname", ()), ("gethostbyname_ex", ()), ("getaddrinfo", (80,))):
        with vcr.block_network(), pytest.raises(NetworkBlockedError, match=r"'example\.test'"):
            getattr(socket, name)("example.test", *arguments)


def test_asyncio(server):
    async def open_connection(host: str) -> None:
        _, writer = await asyncio.open_connection(host, server.port)
        writer.close()
        await writer.wait_closed()

    with vcr.block_network():
        asyncio.run(open_connection("127.0.0.1"))
        for host in (ELSEWHERE, "example.test"):
            with pytest.raises(NetworkBlockedError, match=host):
                asyncio.run(open_connection(host))


def test_pycurl(server):
    pycurl = pytest.importorskip("pycurl")
    curl = pycurl.Curl()
    try:
        curl.setopt(pycurl.URL, f"{server.url}/counter")
        with vcr.block_network():
            assert curl.perform_rb() == b"1"
        with vcr.block_network(block_loopback=True), pytest.raises(NetworkBlockedError, match=r"'127\.0\.0\.1'"):
            curl.perform_rb()
        with vcr.block_network(block_loopback=True), pytest.raises(pycurl.error, match="No URL set"):
            pycurl.Curl().perform()
        assert curl.perform_rb() == b"2"
    finally:
        curl.close()


def test_pycurl_replays_inside_a_block(server, cassette_path):
    pycurl = pytest.importorskip("pycurl")
    bodies = []
    for _ in range(2):
        with vcr.use_cassette(cassette_path) as cassette:
            curl = pycurl.Curl()
            curl.setopt(pycurl.URL, f"{server.url}/counter")
            with vcr.block_network(block_loopback=True) if cassette.rewound else vcr.block_network():
                bodies.append(curl.perform_rb())
            curl.close()
    assert (bodies, server.hits) == ([b"1", b"1"], 1)


@pytest.mark.skipif(not hasattr(socket, "AF_NETLINK"), reason="Linux has these sockets")
def test_a_socket_of_another_kind_is_blocked():
    with vcr.block_network(["0"]), pytest.raises(NetworkBlockedError, match="host ''"):
        connect(0, 0, socket.AF_NETLINK, socket.SOCK_RAW)


def test_a_pair_of_sockets_is_no_network():
    with vcr.block_network(block_loopback=True):
        left, right = socket.socketpair()
    left.close()
    right.close()


def test_every_thread_is_blocked():
    caught: list[BaseException] = []

    def work() -> None:
        try:
            connect(ELSEWHERE)
        except NetworkBlockedError as error:
            caught.append(error)

    with vcr.block_network():
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert len(caught) == 1


def test_unix_sockets(tmp_path):
    for options, error in (
        ({}, FileNotFoundError),
        ({"block_loopback": True}, NetworkBlockedError),
        ({"block_loopback": True, "allowed_hosts": [r".*\.sock"]}, FileNotFoundError),
    ):
        with vcr.block_network(**options), socket.socket(socket.AF_UNIX) as sock, pytest.raises(error):
            sock.connect(str(tmp_path / "x.sock"))


# -- what is allowed ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "allowed",
    [
        ["127.0.0.1"],
        "10.0.0.1,127.0.*",
        [r"127\.0\.\d+\.1"],
        [re.compile("127.0.0.1$")],
        ["127.0.0.0/8"],
        ["127.0.0.1:{port}"],
        ["*.0.0.1"],
        ["localhost"],
        ["local.*"],
    ],
)
def test_a_host_that_is_allowed(allowed, server):
    if isinstance(allowed, list):
        allowed = [one.replace("{port}", str(server.port)) if isinstance(one, str) else one for one in allowed]
    host = "localhost" if "local" in str(allowed) else "127.0.0.1"
    with vcr.block_network(allowed, block_loopback=True):
        assert fetch(f"http://{host}:{server.port}/counter") == b"1"


@pytest.mark.parametrize(
    "allowed", [["10.0.0.1"], ["10.0.0.0/8"], ["127.0.0.1:1"], ["example.*"], ["*.example.com"], []]
)
def test_one_that_is_not(allowed, server):
    for host in ("127.0.0.1", "localhost"):
        with vcr.block_network(allowed, block_loopback=True), pytest.raises(NetworkBlockedError):
            fetch(f"http://{host}:{server.port}/counter")
    assert server.hits == 0


def test_a_name_whose_address_is_allowed(server):
    with vcr.block_network(["127.0.0.1"], block_loopback=True):
        assert fetch(f"http://localhost:{server.port}/counter") == b"1"


@pytest.mark.parametrize(
    ("pattern", "error"), [("exa(mple", ValueError), ("300.0.0.0/8", ValueError), (" :80", ValueError), (80, TypeError)]
)
def test_a_pattern_that_is_none_is_an_error_that_shows_it(pattern, error):
    with pytest.raises(error, match=r"host|network|expected names"):
        vcr.block_network([pattern])


def test_the_inner_block_counts():
    with vcr.block_network(), vcr.block_network([ELSEWHERE]), socket.socket() as sock:
        sock.setblocking(False)
        sock.connect_ex((ELSEWHERE, 9))


# -- decorator, and what is put back -----------------------------------------------------------------------------------


def test_functions_of_any_kind_are_decorated():
    @vcr.block_network()
    def plain(host):
        connect(host)

    @vcr.block_network()
    async def coroutine(host):
        connect(host)

    @vcr.block_network()
    def generator(host):
        yield connect(host)

    assert inspect.iscoroutinefunction(coroutine)
    for call in (plain, lambda host: asyncio.run(coroutine(host)), lambda host: next(generator(host))):
        with pytest.raises(NetworkBlockedError):
            call(ELSEWHERE)
    assert socket.socket.connect.__name__ == "connect"


def test_everything_is_put_back_after_an_error():
    before = {name: getattr(socket, name) for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex")}
    with pytest.raises(ZeroDivisionError, match="network_guard"), vcr.block_network():
        raise ZeroDivisionError(socket.socket.connect.__name__)
    assert "connect" not in vars(socket.socket)
    assert before == {name: getattr(socket, name) for name in before}
