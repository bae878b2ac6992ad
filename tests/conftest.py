"""Fixtures for all tests. After each test it is checked that no file, thread, descriptor or patch is left."""

from __future__ import annotations

import gc
import http.client
import os
import re
import signal
import socket
import ssl
import sys
import threading
from pathlib import Path

import pytest
import trustme

from tests.server import Proxy, Server
from vcr import _active, patch


@pytest.hookimpl(trylast=True)
def pytest_configure(config):
    # A shell starts a background process with SIGINT ignored, and its children inherit that: some tests send SIGINT.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # Python 3.10 warns when the peer has closed a TLS connection; later versions do not.
    if sys.version_info < (3, 11):
        unclosed = "ignore:unclosed transport <asyncio.sslproto._SSLProtocolTransport:ResourceWarning"
        config.addinivalue_line("filterwarnings", unclosed)
    # pytest-rerunfailures counts in the main process what a worker of pytest-xdist runs again. The worker writes twice
    # before it reads, which costs 40 ms a test (RFC 1122 §4.2.3.2, delayed acknowledgements) without this option.
    counts = getattr(getattr(config, "failures_db", None), "sock", None)
    if hasattr(config, "workerinput") and counts is not None:
        counts.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(item, call):
    """A test that is expected to fail is not expected to leave anything behind: pytest would take one for the other."""
    report = yield
    if call.when == "teardown" and call.excinfo is not None and hasattr(report, "wasxfail"):
        del report.wasxfail
        report.outcome = "failed"
    return report


_ORIGINALS = {
    (owner, name): vars(owner)[name]
    for owner, name in (
        (http.client.HTTPConnection, "__init__"),
        (http.client.HTTPConnection, "putrequest"),
        (http.client.HTTPConnection, "connect"),
        (http.client.HTTPSConnection, "connect"),
    )
}


def _descriptors() -> set[str]:
    """The open descriptors, each with what it is open on."""
    found = set()
    for number in os.listdir("/proc/self/fd") if os.path.isdir("/proc/self/fd") else ():
        try:
            found.add(f"{number} -> {os.readlink(f'/proc/self/fd/{number}')}")
        except FileNotFoundError:
            continue  # the listing's own descriptor
    return found


#: What tools leave beside the code, at any time.
_BUILT = re.compile(r"\..*|__pycache__|build|dist|.*\.egg-info|vcrpy-.*")


@pytest.fixture(autouse=True)
def nothing_left_behind(request, tmp_path, monkeypatch):
    """No patch, open cassette, thread, descriptor or file outside of ``tmp_path`` survives a test.

    Files are looked for in the repository's root, where pytest was started, and beside the test.
    """
    entries = {where: set(os.listdir(where)) for where in (Path(__file__).parents[1], Path.cwd(), request.path.parent)}
    monkeypatch.chdir(tmp_path)
    threads, descriptors = set(threading.enumerate()), _descriptors()
    yield
    assert not _active._in_process, "a cassette is still open"
    assert not patch._holders, "install() without uninstall()"
    assert not patch._applied, "a replacement is still in place"
    for (owner, name), original in _ORIGINALS.items():
        assert vars(owner)[name] is original, f"{owner.__name__}.{name} is still replaced"
    assert set(threading.enumerate()) <= threads, "a thread still runs"
    if left := _descriptors() - descriptors:
        gc.collect()  # in a cycle of the test's own, such as an exception with its traceback
        left &= _descriptors()
    assert not left, "a descriptor is still open"
    for where, before in entries.items():
        new = [name for name in set(os.listdir(where)) - before if not _BUILT.fullmatch(name)]
        assert not new, f"a file is left behind in {where}"


@pytest.fixture
def counted(monkeypatch):
    """Where coverage is counted (``tox -e coverage``), count what the processes run that this test starts, too.

    Each of them costs 0.1 seconds more, so only tests of what runs in no other place ask for it.
    """
    if "COVERAGE_FILE" in os.environ:
        monkeypatch.setenv("COVERAGE_PROCESS_START", str(Path(__file__).parents[1] / "pyproject.toml"))


@pytest.fixture
def cassette_path(tmp_path) -> str:
    """Where a test's cassette goes."""
    return str(tmp_path / "cassette.yaml")


@pytest.fixture
def server():
    """The origin server of the conformance suite, over plain HTTP on 127.0.0.1."""
    with Server() as running:
        yield running


@pytest.fixture(scope="session")
def authority():
    """A certificate authority of our own."""
    return trustme.CA()


@pytest.fixture(autouse=True, scope="session")
def one_certificate(tmp_path_factory):
    """One certificate in the place of this machine's. Each client reads all of them when it is made: with the hundred
    of a usual machine that took a third of the time of the conformance suite."""
    directory = tmp_path_factory.mktemp("certificates")
    trustme.CA().cert_pem.write_to_path(str(directory / "nobody.pem"))
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SSL_CERT_FILE", str(directory / "nobody.pem"))
        environment.setenv("SSL_CERT_DIR", str(directory))
        yield


@pytest.fixture(scope="session")
def ca_file(authority, tmp_path_factory) -> str:
    """The certificate of this authority in a file, for clients to trust."""
    path = tmp_path_factory.mktemp("tls") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


@pytest.fixture(scope="session")
def server_tls(authority) -> ssl.SSLContext:
    """The TLS settings of a server on this machine that these clients trust."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "127.0.0.1", "::1").configure_cert(context)
    return context


@pytest.fixture
def tls_server(server_tls):
    """The server of the conformance suite over HTTPS."""
    with Server(tls=server_tls) as running:
        yield running


@pytest.fixture
def h2_server(authority):
    """A server like it that speaks HTTP/2 over TLS."""
    pytest.importorskip("h2")
    from tests.http2 import Http2Server

    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "127.0.0.1", "::1").configure_cert(tls)
    with Http2Server(tls) as running:
        yield running


@pytest.fixture
def ipv6_server():
    """The server of the conformance suite on ::1."""
    try:
        running = Server(family=socket.AF_INET6)
    except OSError as error:
        pytest.skip(f"no IPv6 loopback: {error}")
    with running:
        yield running


@pytest.fixture
def unix_server(tmp_path):
    """The server of the conformance suite on a unix socket, whose path is ``address``."""
    with Server(family=str(tmp_path / "server.sock")) as running:
        yield running


@pytest.fixture
def proxy():
    """A forward and CONNECT proxy on 127.0.0.1."""
    with Proxy() as running:
        yield running


@pytest.fixture(autouse=True, scope="module")
def cheap_garbage_collection():
    """Leave what exists before the tests of a module out of the garbage collections around each test."""
    gc.collect()
    gc.freeze()
