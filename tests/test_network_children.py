"""Processes that are started inside a block of the network are inside, too, or the end of the block names them."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from multiprocessing import forkserver, resource_tracker
from pathlib import Path
from urllib.request import urlopen

import pytest

import vcr
from vcr._child.startup import sitecustomize
from vcr.errors import VCRWarning
from vcr.network import NetworkBlockedError
from vcr.patch import _patchers

FETCH = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1]).read().decode(), end='')"
CONNECT = "import socket, sys; socket.create_connection(('127.0.0.1', int(sys.argv[1])))"
#: Blocks the test's server. (multiprocessing reaches its fork server by a unix socket.)
BLOCK = {"allowed_hosts": ["10.0.0.0/8", r"/.*"], "block_loopback": True}


def run(*args: str, **kwargs) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *args], capture_output=True, text=True, timeout=60, check=False, **kwargs)


def end_by_what_happens(url: str) -> None:
    try:
        urlopen(url).close()
    except NetworkBlockedError as error:
        sys.exit(7 if f"GET {url} was made outside a cassette" in str(error) else 8)


@pytest.fixture(scope="module", autouse=True)
def helpers_of_multiprocessing():
    """It has processes of its own, which go on to the end of ours: before any test counts descriptors."""
    resource_tracker.ensure_running()
    if "forkserver" in multiprocessing.get_all_start_methods():
        forkserver.ensure_running()


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_a_process_of_multiprocessing_is_inside(method, server):
    with vcr.block_network(**BLOCK):
        process = multiprocessing.get_context(method).Process(target=end_by_what_happens, args=(f"{server.url}/text",))
        process.start()
        process.join(60)
    exitcode = process.exitcode
    process.close()
    assert (exitcode, server.hits) == (7, 0)


def test_a_python_is_inside_and_its_child_too_and_the_parent_hears_of_it(server, counted):
    url = f"{server.url}/text"
    nested = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {FETCH!r}, sys.argv[1]], env={{}})"
    with vcr.block_network(**BLOCK) as block:
        assert (
            f"NetworkBlockedError: Network is disabled for host '127.0.0.1': GET {url}" in run("-c", FETCH, url).stderr
        )
        assert "NetworkBlockedError" in run("-c", nested, url, env={}).stderr
        assert "NetworkBlockedError" in run("-c", CONNECT, str(server.port)).stderr
    assert (block.blocked, server.hits) == (["127.0.0.1"] * 3, 0)


def test_a_python_that_imports_its_client_by_name_or_vcr_first_is_inside(server):
    by_name = (
        "import importlib, sys; importlib.import_module('socket').create_connection(('127.0.0.1', int(sys.argv[1])))"
    )
    amid = f"import importlib; importlib.import_module('vcr.config'); {CONNECT}"
    with vcr.block_network(**BLOCK):
        for code in (by_name, amid):
            assert "NetworkBlockedError" in run("-c", code, str(server.port)).stderr
    assert server.hits == 0


def test_this_machine_and_the_hosts_that_are_allowed_stay_so(server):
    connect = "import socket\nfor host in ('127.0.0.1', '192.0.2.1'): socket.create_connection((host, {port}), 5)"
    for options in ({}, {"allowed_hosts": [f"127.0.0.1:{server.port}"], "block_loopback": True}):
        with vcr.block_network(**options) as block:
            done = run("-c", connect.format(port=server.port))
            assert "NetworkBlockedError: Network is disabled for host '192.0.2.1'" in done.stderr
        assert block.blocked == ["192.0.2.1"]


def test_the_plugins_block_lets_children_reach_this_machine_as_pytest_recording_does(server):
    block = vcr.block_network(block_loopback=True)
    block.is_brief = True
    with block:
        assert run("-c", FETCH, f"{server.url}/counter").stdout == "1"
        done = run("-c", FETCH, "http://192.0.2.1/")
    assert done.stderr.endswith("NetworkBlockedError: Network is disabled for host '192.0.2.1'\n")


def test_pycurl_is_judged_in_a_child(server):
    pytest.importorskip("pycurl")
    fetch = "import socket, pycurl; curl = pycurl.Curl(); curl.setopt(pycurl.URL, '{}'); curl.perform()"
    for is_brief, host in ((False, "127.0.0.1"), (True, "192.0.2.1")):
        block = vcr.block_network(**BLOCK)
        block.is_brief = is_brief
        with block:
            done = run("-c", fetch.format(f"http://{host}:{server.port}/text"))
        assert f"Network is disabled for host '{host}'" in done.stderr
    assert server.hits == 0


def test_uvloop_is_judged_in_a_child(server):
    pytest.importorskip("uvloop")
    connect = (
        "import asyncio, uvloop\n"
        "async def connect(): await asyncio.get_running_loop().create_connection(asyncio.Protocol, '127.0.0.1', {})\n"
        "uvloop.run(connect())"
    )
    with vcr.block_network(**BLOCK) as block:
        assert "NetworkBlockedError" in run("-c", connect.format(server.port)).stderr
    assert block.blocked == ["127.0.0.1"]


@pytest.mark.parametrize("option", ["ignore", "join", "refuse"])
def test_in_a_cassette_inside_a_block_child_processes_decides_as_ever(option, server, cassette_path):
    url = f"{server.url}/counter"
    with vcr.use_cassette(cassette_path):
        urlopen(url).close()
    with vcr.block_network(**BLOCK), vcr.use_cassette(cassette_path, child_processes=option):
        done = run("-c", FETCH, url)
    errors = {"ignore": "NetworkBlockedError", "join": "", "refuse": "ChildProcessRefusedError"}
    assert errors[option] in done.stderr
    assert done.stdout == ("1" if option == "join" else "")
    assert server.hits == 1


def test_a_child_is_outside_once_the_blocks_are_over_one_after_the_other(server):
    code = (
        "import sys, urllib.request\n"
        "for line in sys.stdin:\n"
        "    try: print(urllib.request.urlopen(sys.argv[1]).read().decode(), flush=True)\n"
        "    except RuntimeError as error: print(type(error).__name__, flush=True)\n"
    )

    def ask() -> str:
        child.stdin.write("\n")
        child.stdin.flush()
        return child.stdout.readline().strip()

    with vcr.block_network(**BLOCK):
        with vcr.block_network(**BLOCK):
            command = [sys.executable, "-c", code, f"{server.url}/counter"]
            child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            assert ask() == "NetworkBlockedError"
        assert ask() == "NetworkBlockedError"
    assert ask() == "1"
    child.communicate(timeout=60)
    assert server.hits == 1


@pytest.mark.parametrize("options", [["-I"], ["-E", "-B"], ["-BS"]])
def test_a_python_that_cannot_be_inside_is_named(options):
    with pytest.warns(VCRWarning, match=f"not kept from it: .*{' '.join(options)}"), vcr.block_network():
        run(*options, "-c", "pass")


def test_one_whose_environment_has_not_what_vcr_needs_is_named(tmp_path):
    (tmp_path / "wrapt.py").write_text("raise ImportError('not here')", encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    with pytest.warns(VCRWarning, match="not kept from it: .*not here"), vcr.block_network():
        assert run("-c", "import socket; socket.socket().close()", env=environment).stderr == ""


def test_a_child_that_needs_no_network_imports_nothing_and_nothing_is_left(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before = dict(os.environ)
    with vcr.block_network():
        assert run("-c", "import sys; print('vcr' in sys.modules, 'socket' in sys.modules)").stdout == "False False\n"
        clients = "import sys, socket; print({'urllib3', 'requests', 'httpx', 'aiohttp', 'pycurl'} & {*sys.modules})"
        assert run("-c", clients).stdout == "set()\n"
        assert [entry.name[:4] for entry in tmp_path.iterdir()] == ["vcr-"]
    assert dict(os.environ) == before
    assert list(Path(tmp_path).iterdir()) == []


def test_a_child_is_inside_before_it_imports_any_client():
    modules = {module.partition(".")[0] for patcher in _patchers() for module in patcher.MODULES}
    assert modules <= sitecustomize._FIRST
