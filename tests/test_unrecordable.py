"""What no cassette can hold, inside one: it is refused, warned of, or let pass, as ``on_unrecordable`` says."""

from __future__ import annotations

import asyncio
import re
import socket
import subprocess
import sys
import threading
import warnings
from importlib.util import find_spec

import pytest

import vcr
from vcr.errors import UnsupportedProtocolError, VCRWarning
from vcr.network import NetworkBlockedError

ELSEWHERE = "192.0.2.1"  # for documentation: nobody is there
ERROR = {"record_mode": "none", "on_unrecordable": "error"}


def connect(host: str, port: int = 9, kind: int = socket.SOCK_STREAM) -> None:
    with socket.socket(socket.AF_INET, kind) as sock:
        sock.setblocking(False)
        sock.connect_ex((host, port))


def send(host: str, *, connected: bool) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        if connected:
            sock.connect((host, 9))
            sock.send(b"x")
        else:
            sock.sendto(b"x", (host, 9))


def ask(server, head: bytes) -> bytes:
    with socket.create_connection(server.address, timeout=10) as sock:
        sock.sendall(head)
        return sock.recv(12)


# -- sockets -----------------------------------------------------------------------------------------------------------


def test_another_host_is_refused_where_nothing_may_be_recorded(cassette_path):
    refused = rf"^TCP to {re.escape(ELSEWHERE)}:9 was refused: the cassette {re.escape(cassette_path)} is open"
    with vcr.use_cassette(cassette_path, **ERROR), pytest.raises(UnsupportedProtocolError, match=refused):
        connect(ELSEWHERE)


@pytest.mark.parametrize("method", ["connect", "connect_ex", "sendto"])
def test_what_is_no_address_fails_as_without_a_cassette(method, cassette_path):
    def act():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock, pytest.raises(TypeError) as raised:
            getattr(sock, method)(*([b"x"] if method == "sendto" else []), (ELSEWHERE,))
        return str(raised.value)

    live = act()
    with vcr.use_cassette(cassette_path, **ERROR):
        assert act() == live


def test_an_empty_send_tells_nothing_about_a_connection(server, cassette_path):
    with vcr.use_cassette(cassette_path, **ERROR), socket.create_connection(server.address) as sock:
        sock.send(b"")
        with pytest.raises(UnsupportedProtocolError, match=r"^HTTP to 127\.0\.0\.1"):
            sock.send(b"GET / HTTP/1.1\r\n\r\n")


def test_asyncio(cassette_path):
    async def act():
        await asyncio.open_connection(ELSEWHERE, 9)

    with vcr.use_cassette(cassette_path, **ERROR), pytest.raises(UnsupportedProtocolError, match="TCP to"):
        asyncio.run(act())


@pytest.mark.parametrize("connected", [True, False])
def test_a_datagram(connected, cassette_path):
    with vcr.use_cassette(cassette_path, **ERROR), pytest.raises(UnsupportedProtocolError, match="UDP to"):
        send(ELSEWHERE, connected=connected)
    with vcr.use_cassette(cassette_path, **ERROR):
        send("127.0.0.1", connected=connected)


def test_a_datagram_socket_that_sends_nothing_has_reached_nobody(cassette_path):
    """Programs connect one to see which address they have."""
    with vcr.use_cassette(cassette_path, **ERROR):
        connect(ELSEWHERE, kind=socket.SOCK_DGRAM)


@pytest.mark.parametrize(
    "options",
    [
        {"allowed_hosts": [ELSEWHERE]},
        {"allowed_hosts": "192.0.2.0/24"},
        {"allowed_hosts": [f"{ELSEWHERE}:9"]},
        {"allowed_hosts": [re.compile(r"192\.")]},
        {"ignore_hosts": [ELSEWHERE]},
        {"on_unrecordable": "allow"},
        {"skip_patchers": ["aiohttp"]},
    ],
)
def test_what_lets_it_pass(options, cassette_path):
    with vcr.use_cassette(cassette_path, **{**ERROR, **options}):
        connect(ELSEWHERE)


def test_what_the_program_means_to_do_passes(cassette_path):
    with vcr.use_cassette(cassette_path, **ERROR), vcr.outside():
        connect(ELSEWHERE)


def test_this_machine_passes_unless_it_is_no_exception(server, tmp_path, cassette_path):
    def reach():
        with socket.create_connection(server.address):
            pass

    with vcr.use_cassette(cassette_path, **ERROR):
        reach()
    blocked = {**ERROR, "block_loopback": True}
    with vcr.use_cassette(cassette_path, **blocked), pytest.raises(UnsupportedProtocolError, match="TCP to 127"):
        reach()
    with (
        vcr.use_cassette(cassette_path, **blocked),
        socket.socket(socket.AF_UNIX) as sock,
        pytest.raises(UnsupportedProtocolError, match=r"a unix socket to .*x\.sock"),
    ):
        sock.connect(str(tmp_path / "x.sock"))


@pytest.mark.parametrize(
    ("head", "protocol"),
    [
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: WebSocket\r\n\r\n", "WebSocket"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP/2"),
    ],
)
def test_http_by_hand_is_refused_on_this_machine_too(head, protocol, server, cassette_path):
    refused = f"^{protocol} to 127.0.0.1:{server.port} was refused"
    with vcr.use_cassette(cassette_path, **ERROR), pytest.raises(UnsupportedProtocolError, match=refused):
        ask(server, head)
    assert server.hits == 0


def test_every_thread_is_asked_where_nothing_may_be_recorded(cassette_path):
    caught: list[BaseException] = []

    def work() -> None:
        try:
            connect(ELSEWHERE)
        except UnsupportedProtocolError as error:
            caught.append(error)

    with vcr.use_cassette(cassette_path, **ERROR):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert len(caught) == 1


def test_what_is_patched_is_put_back(cassette_path):
    with vcr.use_cassette(cassette_path, **ERROR):
        assert "connect" in vars(socket.socket)
    assert vars(socket.socket).keys().isdisjoint({"connect", "connect_ex", "send", "sendall", "sendto", "sendmsg"})


# -- warnings ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "option"), [("none", "warn"), ("once", "warn"), ("once", "error"), ("new_episodes", "error")]
)
def test_one_warning_at_the_end_names_each_host(mode, option, server, cassette_path):
    def act():
        with vcr.use_cassette(cassette_path, record_mode=mode, on_unrecordable=option):
            for _ in range(2):
                connect(ELSEWHERE)
                send(ELSEWHERE, connected=False)
                assert ask(server, b"GET /text HTTP/1.1\r\n\r\n") == b"HTTP/1.1 200"

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        act()
    (warning,) = caught
    assert warning.category is VCRWarning
    assert warning.filename == __file__
    assert f"reached {ELSEWHERE}:9 (TCP), 127.0.0.1:{server.port} (HTTP), which is neither" in str(warning.message)


def test_a_recording_client_is_not_taken_for_one(server, cassette_path):
    """(A warning would be an error.) ``tests/clients`` shows it of every client."""
    with vcr.use_cassette(cassette_path, on_unrecordable="error", block_loopback=True) as cassette:
        urlopen(server.url + "/text")
    assert len(cassette) == 1
    with vcr.use_cassette(
        cassette_path, record_mode="none", on_unrecordable="error", before_record_request=lambda _: None
    ):
        urlopen(server.url + "/text")
    assert server.hits == 2


def urlopen(url: str) -> bytes:
    import urllib.request

    with urllib.request.urlopen(url) as response:
        return response.read()


def test_a_value_that_is_none_is_an_error_with_the_nearest_spelling(cassette_path):
    for option in ("on_unrecordable", "no_cassette"):
        with pytest.raises(ValueError, match=rf"{option}: 'eror' is not a valid value\..*error"):
            vcr.use_cassette(cassette_path, **{option: "eror"}).__enter__()
    with pytest.raises(ValueError, match=r"allowed_hosts: 'exa\(mple' is neither a host nor a regular expression"):
        vcr.use_cassette(cassette_path, allowed_hosts=["exa(mple"]).__enter__()


# -- libraries ---------------------------------------------------------------------------------------------------------


def test_websockets(server, cassette_path):
    client = pytest.importorskip("websockets.sync.client")
    asynchronous = pytest.importorskip("websockets.asyncio.client")
    url = f"ws://127.0.0.1:{server.port}/text"

    async def act():
        await asynchronous.connect(url)

    for reach in (lambda: client.connect(url), lambda: asyncio.run(act())):
        with vcr.use_cassette(cassette_path, **ERROR), pytest.raises(Exception) as raised:  # noqa: PT011
            reach()
        # (Before websockets 17 an error in the handshake is the cause of the library's own.)
        error = raised.value if isinstance(raised.value, UnsupportedProtocolError) else raised.value.__cause__
        assert isinstance(error, UnsupportedProtocolError)
        assert str(error).startswith(f"WebSocket to 127.0.0.1:{server.port} was refused")
    assert server.hits == 0


def test_httpcore_without_a_pool(server, cassette_path):
    httpcore = pytest.importorskip("httpcore")
    origin = httpcore.Origin(b"http", b"127.0.0.1", server.port)
    refused = pytest.raises(UnsupportedProtocolError, match=f"^HTTP to 127.0.0.1:{server.port} was refused")
    with vcr.use_cassette(cassette_path, **ERROR), httpcore.HTTPConnection(origin) as connection, refused:
        connection.handle_request(request=httpcore.Request("GET", server.url + "/text"))
    assert (server.hits, server.connections) == (0, 0)
    with vcr.use_cassette(cassette_path) as cassette, httpcore.ConnectionPool() as pool:
        assert pool.request("GET", server.url + "/text").status == 200
    assert len(cassette) == 1


GRPC = """
import asyncio, sys
from concurrent.futures import ThreadPoolExecutor
import grpc, vcr
from vcr.errors import UnsupportedProtocolError

calls = []

class Handler(grpc.GenericRpcHandler):
    def service(self, details):
        def answer(request, _):
            calls.append(details.method)
            return request
        return grpc.unary_unary_rpc_method_handler(answer)

async def of_asyncio():
    async with grpc.aio.insecure_channel(target) as channel:
        return await channel.unary_unary("/a.Service/Call")(b"x")

server = grpc.server(ThreadPoolExecutor(2), handlers=[Handler()])
target = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
server.start()
options = {"record_mode": "none", "on_unrecordable": "error"}
with grpc.insecure_channel(target) as channel:  # made before the cassette
    call = channel.unary_unary("/a.Service/Call")
    ways = [lambda: call(b"x"), lambda: call.with_call(b"x"), lambda: call.future(b"x")]
    for reach in (*ways, lambda: asyncio.run(of_asyncio())):
        try:
            with vcr.use_cassette("cassette.yaml", **options):
                reach()
        except UnsupportedProtocolError as error:
            assert str(error).startswith(f"gRPC to {target} was refused"), error
            print("refused", len(calls))
    with vcr.use_cassette("cassette.yaml", **options, allowed_hosts=[target]):
        print("allowed", call(b"x"), asyncio.run(of_asyncio()), len(calls))
    for reach in (*ways, lambda: asyncio.run(of_asyncio())):
        try:
            with vcr.block_network(block_loopback=True):
                reach()
        except vcr.network.NetworkBlockedError as error:
            print("blocked", error.host, len(calls))
server.stop(None).wait()
"""


def test_grpc(tmp_path, counted):
    """In a process of its own: grpcio keeps threads, which forks do not survive."""
    if find_spec("grpc") is None:
        pytest.skip("grpcio is not installed")
    ran = subprocess.run(
        [sys.executable, "-c", GRPC],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.stdout.split("\n") == [
        *["refused 0"] * 4,
        "allowed b'x' b'x' 2",
        *["blocked 127.0.0.1 2"] * 4,
        "",
    ], ran.stderr


@pytest.fixture(scope="module")
def uvloop():
    """The module, which keeps a pipe once a loop has run."""
    module = pytest.importorskip("uvloop")
    loop = module.new_event_loop()
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    return module


def test_uvloop(uvloop, server, cassette_path):
    async def act(host):
        _, writer = await asyncio.open_connection(host, server.port)
        writer.close()
        await writer.wait_closed()

    def run(host):
        loop = uvloop.new_event_loop()
        try:
            loop.run_until_complete(act(host))
        finally:
            loop.close()

    with vcr.use_cassette(cassette_path, **ERROR):
        run("127.0.0.1")
        with pytest.raises(UnsupportedProtocolError, match=f"TCP to {ELSEWHERE}"):
            run(ELSEWHERE)
    with vcr.block_network(), pytest.raises(NetworkBlockedError, match=ELSEWHERE):
        run(ELSEWHERE)


async def unix_socket(loop, path):
    await loop.create_unix_connection(protocol_factory=asyncio.Protocol, path=path)


async def datagrams(loop, host):
    await loop.create_datagram_endpoint(protocol_factory=asyncio.DatagramProtocol, remote_addr=(host, 53))


async def connection(loop, host):
    await loop.create_connection(protocol_factory=asyncio.Protocol, host=host, port=9)


@pytest.mark.parametrize(
    ("connect", "place", "said"),
    [
        (unix_socket, "/nowhere.sock", "a unix socket to /nowhere.sock"),
        (datagrams, ELSEWHERE, f"UDP to {ELSEWHERE}"),
        (connection, ELSEWHERE, f"TCP to {ELSEWHERE}"),
    ],
)
def test_what_uvloop_does_without_a_socket_of_pythons(connect, place, said, uvloop, cassette_path):
    def run():
        loop = uvloop.new_event_loop()
        try:
            loop.run_until_complete(connect(loop, place))
        finally:
            loop.close()

    blocked = {**ERROR, "block_loopback": True}
    with vcr.use_cassette(cassette_path, **blocked), pytest.raises(UnsupportedProtocolError, match=said):
        run()
    with vcr.block_network(block_loopback=True), pytest.raises(NetworkBlockedError, match=place):
        run()
