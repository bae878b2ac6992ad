"""``vcr.block_network``: what stays allowed, and that nothing else leaves the process."""

from __future__ import annotations

import asyncio
import gc
import inspect
import pickle
import re
import socket
import threading
import urllib.request
import warnings
from contextlib import nullcontext

import pytest

import vcr
from vcr.errors import VCRWarning
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


def test_what_is_no_list_of_hosts_is_an_error_that_shows_it():
    with pytest.raises(TypeError, match="expected a list of hosts and patterns, got 5"):
        vcr.block_network(5)


def test_the_inner_block_counts():
    with vcr.block_network(), vcr.block_network([ELSEWHERE]), socket.socket() as sock:
        sock.setblocking(False)
        sock.connect_ex((ELSEWHERE, 9))


def test_the_error_does_not_show_the_secrets_in_the_uri(server):
    key = "Zk81mLq0Pw73hGt5BvNx29Ra"
    with vcr.block_network(block_loopback=True), pytest.raises(NetworkBlockedError) as caught:
        fetch(f"{server.url}/text?api_key={key}&page=2")
    assert key not in f"{caught.value}{caught.value.advice}"
    assert f"GET {server.url}/text?api_key=<API_KEY:" in caught.value.request


# -- no_cassette -------------------------------------------------------------------------------------------------------


def test_requests_outside_a_cassette_are_refused_as_long_as_a_vcr_asks_for_it(server, cassette_path):
    recorder = vcr.VCR(no_cassette="error", block_loopback=True)
    url = f"{server.url}/counter"
    text = f"GET {url} was made outside a cassette in .*Record it in one"
    with pytest.raises(NetworkBlockedError, match=text) as caught:
        fetch(url)
    assert (server.hits, caught.value.request) == (0, f"GET {url}")
    with recorder.use_cassette(cassette_path):
        assert fetch(url) == b"1"
    with vcr.outside():
        assert fetch(url) == b"2"
    recorder.allowed_hosts = ["127.0.0.0/8"]
    assert fetch(f"http://localhost:{server.port}/counter") == b"3"
    recorder.allowed_hosts, recorder.ignore_hosts = (), ["127.0.0.1"]
    assert fetch(url) == b"4"
    recorder.ignore_hosts = ["LocalHost", re.compile("127")]  # any case, but only a whole name
    assert fetch(f"http://localhost:{server.port}/counter") == b"5"
    with pytest.raises(NetworkBlockedError):
        fetch(url)
    recorder.ignore_hosts = ()
    for then, answer in (("allow", b"6"), ("error", None)):
        recorder.no_cassette = then
        with nullcontext() if answer else pytest.raises(NetworkBlockedError):
            assert fetch(url) == answer
    del recorder
    gc.collect()
    assert fetch(url) == b"7"


def test_a_name_that_no_address_book_takes_is_refused_as_any_other():
    url = f"http://{'a' * 64}.example/"  # a label has at most 63 characters
    with vcr.block_network(allowed_hosts=["10.0.0.0/8"]), pytest.raises(NetworkBlockedError, match=r"a{64}"):
        fetch(url)
    recorder = vcr.VCR(no_cassette="error", allowed_hosts=["10.0.0.0/8"])
    with pytest.raises(NetworkBlockedError, match=r"a{64}"):
        fetch(url)
    recorder.no_cassette = "allow"


@pytest.mark.parametrize("spelled", ["127.0.0.1, ", ["127.0.0.1"], re.compile("127.0.0.1$")])
def test_hosts_are_allowed_in_each_spelling_by_options_and_by_blocks(spelled, server):
    recorder = vcr.VCR(no_cassette="error", block_loopback=True, allowed_hosts=spelled)
    assert fetch(f"{server.url}/text")
    recorder.no_cassette = "allow"
    with vcr.block_network(spelled, block_loopback=True):
        assert fetch(f"{server.url}/text")


def test_each_host_and_place_is_warned_of_once(server):
    recorder = vcr.VCR(no_cassette="warn", block_loopback=True)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(2):
            assert fetch(f"{server.url}/text")
        assert fetch(f"http://localhost:{server.port}/text")
    recorder.no_cassette = "allow"
    texts = [str(warning.message) for warning in caught]
    assert [text.partition(" was made")[0] for text in texts] == ["a request to 127.0.0.1", "a request to localhost"]
    assert all(f"{__file__}:" in text and "in tests/test_network.py::test_each_host" in text for text in texts)


def test_an_unknown_value_is_an_error_that_names_the_nearest():
    with pytest.raises(ValueError, match=r"no_cassette: 'eror' is not a valid value\..*error"):
        vcr.VCR(no_cassette="eror")


def test_for_one_cassette_it_has_no_effect_and_a_warning_says_so(cassette_path):
    with (
        pytest.warns(VCRWarning, match="no_cassette says what becomes of requests outside every cassette"),
        vcr.use_cassette(cassette_path, no_cassette="error"),
    ):
        pass


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
