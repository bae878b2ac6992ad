"""Processes that are started inside a cassette: they take part, are refused, or pass by, and that is never silent."""

from __future__ import annotations

import concurrent.futures
import http.client
import logging
import multiprocessing
import os
import select
import subprocess
import sys
import threading
from multiprocessing import forkserver, resource_tracker
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

import vcr
from vcr.errors import ChildProcessRefusedError, VCRWarning
from vcr.request import Request

pytestmark = pytest.mark.usefixtures("counted")

FETCH = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1]).read().decode(), end='')"
METHODS = multiprocessing.get_all_start_methods()
ANSWER = {"status": {"code": 200, "message": "OK"}, "headers": {}, "body": {"string": b"x"}}


@pytest.fixture(scope="module", autouse=True)
def helpers_of_multiprocessing():
    """It has processes of its own, which go on to the end of ours: before any test counts descriptors."""
    resource_tracker.ensure_running()
    if "forkserver" in METHODS:
        forkserver.ensure_running()


can_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")


def fetch(url: str) -> str:
    with urlopen(url) as response:
        return response.read().decode()


def run(*args: str, **kwargs) -> subprocess.CompletedProcess[str]:
    return subprocess.run(args, capture_output=True, text=True, timeout=60, check=False, **kwargs)


def in_a_process(method: str, url: str) -> None:
    process = multiprocessing.get_context(method).Process(target=fetch, args=(url,))
    process.start()
    process.join(60)
    assert process.exitcode == 0


def uris(cassette_path) -> list[str]:
    with vcr.use_cassette(cassette_path, record_mode="none") as cassette:
        return [request.path for request in cassette.requests]


# -- join -------------------------------------------------------------------------------------------------------------


def test_a_python_that_is_started_inside_a_cassette_records_and_replays(server, cassette_path):
    for _ in ("record", "replay"):
        with vcr.use_cassette(cassette_path, child_processes="join") as cassette:
            fetch(server.url + "/text")
            assert run(sys.executable, "-c", FETCH, server.url + "/counter").stdout == "2"
        assert cassette.play_count == (2 if _ == "replay" else 0)
    assert server.hits == 2
    assert uris(cassette_path) == ["/text", "/counter"]


@pytest.mark.parametrize("method", METHODS)
def test_a_process_of_multiprocessing_records_and_replays(method, server, cassette_path):
    for _ in ("record", "replay"):
        with vcr.use_cassette(cassette_path, child_processes="join"):
            in_a_process(method, server.url + "/counter")
    assert server.hits == 1
    assert uris(cassette_path) == ["/counter"]


@pytest.mark.parametrize("method", METHODS)
def test_a_pool_of_processes_records_and_replays(method, server, cassette_path):
    urls = [f"{server.url}/text?{number}" for number in range(8)]
    for _ in ("record", "replay"):
        with vcr.use_cassette(cassette_path, child_processes="join") as cassette:
            context = multiprocessing.get_context(method)
            with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as pool:
                assert len(list(pool.map(fetch, urls))) == 8
    assert server.hits == 8
    assert cassette.play_count == 8
    assert cassette.all_played


def test_a_child_with_an_environment_of_its_own_and_its_child_take_part(server, cassette_path):
    nested = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {FETCH!r}, sys.argv[1]], check=True)"
    for _ in ("record", "replay"):
        with vcr.use_cassette(cassette_path, child_processes="join"):
            assert run(sys.executable, "-c", nested, server.url + "/counter", env={}).stdout == "1"
    assert server.hits == 1


def test_a_child_filters_and_matches_as_its_parent_does(server, cassette_path):
    options = {
        "child_processes": "join",
        "filter_query_parameters": ["key"],
        "filter_sensitive_data": {"<SECRET>": "s3cret"},
        "match_on": ["method", "path"],
    }
    url = server.url + "/text?key=k3y&token=s3cret"
    with vcr.use_cassette(cassette_path, **options):
        run(sys.executable, "-c", FETCH, url)
    text = Path(cassette_path).read_text(encoding="utf-8")
    assert "k3y" not in text
    assert "s3cret" not in text
    with vcr.use_cassette(cassette_path, **options, record_mode="none") as cassette:
        assert run(sys.executable, "-c", FETCH, url + "&more").stdout
    assert cassette.all_played
    assert server.hits == 1


def test_what_a_cassette_does_not_hold_is_refused_in_a_child_too_and_the_parent_knows(server, cassette_path):
    with vcr.use_cassette(cassette_path, child_processes="join", record_mode="none") as cassette:
        done = run(sys.executable, "-c", FETCH, server.url + "/text")
    assert "CannotOverwriteExistingCassetteException" in done.stderr
    assert [(one.method, one.uri) for one in cassette.refused] == [("GET", server.url + "/text")]
    assert server.hits == 0


def test_children_play_one_recording_after_the_other(server, cassette_path):
    url = server.url + "/counter"
    for _ in ("record", "replay"):
        with vcr.use_cassette(cassette_path, child_processes="join"):
            in_turn = [run(sys.executable, "-c", FETCH, url).stdout for _ in range(2)]
        assert in_turn == ["1", "2"]
    assert server.hits == 2


def test_a_response_that_a_child_could_not_get_is_played_by_the_next(server, cassette_path):
    too_early = """
import http.client, sys, urllib.parse
connection = http.client.HTTPConnection(urllib.parse.urlsplit(sys.argv[1]).netloc)
connection.request("GET", "/text")
unread = connection.getresponse()
connection.request("GET", "/counter")
try:
    connection.getresponse()
except http.client.ResponseNotReady:
    print("not ready")
"""
    url = server.url + "/counter"
    with vcr.use_cassette(cassette_path):
        connection = http.client.HTTPConnection(urlsplit(url).netloc)  # which is kept open
        for path in ("/text", "/counter"):
            connection.request("GET", path)
            connection.getresponse().read()
        connection.close()
    with vcr.use_cassette(cassette_path, child_processes="join") as cassette:
        assert run(sys.executable, "-c", too_early, url).stdout == "not ready\n"
        assert run(sys.executable, "-c", FETCH, url).stdout == "2"
    assert (server.hits, cassette.play_count) == (2, 2)


@can_fork
def test_the_forks_of_a_process_play_one_recording_after_the_other(server, cassette_path):
    url = server.url + "/counter"
    with vcr.use_cassette(cassette_path):
        assert [fetch(url) for _ in range(3)] == ["1", "2", "3"]
    with vcr.use_cassette(cassette_path) as cassette:
        for expected in ("1", "2", "3"):
            child = os.fork()
            if not child:
                os._exit(fetch(url) != expected)
            assert os.waitpid(child, 0)[1] == 0
    assert (server.hits, cassette.play_count) == (3, 3)


def test_what_only_a_child_has_played_is_not_unused(server, cassette_path):
    for _ in range(3):
        with vcr.use_cassette(cassette_path, child_processes="join", drop_unused_requests=True):
            run(sys.executable, "-c", FETCH, server.url + "/counter")
    assert uris(cassette_path) == ["/counter"]


def test_a_child_is_outside_once_the_cassette_is_closed(server, cassette_path):
    waits = f"import sys; sys.stdin.readline()\n{FETCH}"
    with vcr.use_cassette(cassette_path, child_processes="join"):
        child = subprocess.Popen(
            [sys.executable, "-c", waits, server.url + "/counter"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
    assert child.communicate("\n", timeout=60)[0] == "1"
    assert not os.path.exists(cassette_path)


def test_a_cassette_that_is_not_to_be_saved_does_not_keep_what_children_record(server, cassette_path):
    def fail() -> None:
        with vcr.use_cassette(cassette_path, child_processes="join", record_on_exception=False):
            run(sys.executable, "-c", FETCH, server.url + "/counter")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert server.hits == 1
    assert not os.path.exists(cassette_path)


def test_a_hook_that_cannot_be_handed_over_refuses_the_childs_requests(server, cassette_path):
    options = {"child_processes": "join", "before_record_request": lambda request: request}
    with vcr.use_cassette(cassette_path, **options):
        done = run(sys.executable, "-c", FETCH, server.url + "/text")
    assert "ChildProcessRefusedError" in done.stderr
    assert "cannot be handed over" in done.stderr
    assert server.hits == 0


def test_a_child_of_a_child_that_is_refused_is_refused_too(server, cassette_path):
    nested = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {FETCH!r}, sys.argv[1]])"
    for options in ({"child_processes": "refuse"}, {"child_processes": "join", "before_record_request": lambda _: _}):
        with vcr.use_cassette(cassette_path, **options) as cassette:
            done = run(sys.executable, "-c", nested, server.url + "/text")
        assert "ChildProcessRefusedError" in done.stderr
        assert len(cassette.refused) == 1
    assert server.hits == 0


def test_a_hook_of_an_importable_module_is_handed_over(server, cassette_path, tmp_path, monkeypatch):
    (tmp_path / "hooks_of_a_project.py").write_text(
        "def hide(request):\n    request.uri = request.uri.replace('s3cret', 'xxx')\n    return request\n",
        encoding="utf-8",
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    import hooks_of_a_project

    for _ in ("record", "replay"):
        with vcr.use_cassette(cassette_path, child_processes="join", before_record_request=hooks_of_a_project.hide):
            assert run(sys.executable, "-c", FETCH, server.url + "/text?s3cret", cwd="/").stderr == ""
    assert server.hits == 1
    assert "s3cret" not in Path(cassette_path).read_text(encoding="utf-8")


@pytest.mark.parametrize("option", ["-I", "-E", "-SB", "-BI"])
def test_a_python_that_cannot_be_reached_is_not_silent(option, cassette_path):
    with vcr.use_cassette(cassette_path, child_processes="join"), pytest.warns(VCRWarning, match="neither recorded"):
        run(sys.executable, "-W", "ignore", option, "-c", "pass")


def test_the_options_of_a_program_are_none_of_pythons(cassette_path):
    with vcr.use_cassette(cassette_path, child_processes="join"):
        for command in (["-c", "pass", "-I"], ["-Bc", "pass"], ["-X", "dev", "-c", "pass", "-E"], ["-m", "this", "-I"]):
            assert run(sys.executable, *command).returncode == 0


def test_the_environments_own_sitecustomize_is_run(cassette_path, tmp_path):
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "sitecustomize.py").write_text("print('own')", encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "own")}
    with vcr.use_cassette(cassette_path, child_processes="join"):
        done = run(sys.executable, "-c", "import sitecustomize; print(sitecustomize.__file__)", env=environment)
    assert done.stdout == f"own\n{tmp_path / 'own' / 'sitecustomize.py'}\n"


def test_nothing_is_left_in_the_environment_or_in_the_temporary_directory(cassette_path, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before = dict(os.environ)
    with vcr.use_cassette(cassette_path, child_processes="join"):
        run(sys.executable, "-c", "pass")
        assert dict(os.environ) == before
        assert list(tmp_path.glob("vcr-*"))
    assert os.listdir(tmp_path) == []


# -- a fork -----------------------------------------------------------------------------------------------------------


@can_fork
@pytest.mark.parametrize("option", ["ignore", "join"])
def test_what_a_forked_child_records_is_kept_though_it_ends_at_once(option, server, cassette_path):
    with vcr.use_cassette(cassette_path, child_processes=option):
        fetch(server.url + "/text?parent")
        child = os.fork()
        if not child:
            fetch(server.url + "/text?child")
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        fetch(server.url + "/text?after")
    with vcr.use_cassette(cassette_path, record_mode="none") as cassette:
        assert sorted(request.uri.partition("?")[2] for request in cassette.requests) == ["after", "child", "parent"]


@can_fork
def test_a_forked_child_that_leaves_the_block_stores_nothing_twice(server, cassette_path):
    child = None
    with vcr.use_cassette(cassette_path):
        fetch(server.url + "/text?parent")
        child = os.fork()
        if not child:
            fetch(server.url + "/text?child")
        else:
            assert os.waitpid(child, 0)[1] == 0
    if not child:
        os._exit(0)
    with vcr.use_cassette(cassette_path, record_mode="none") as cassette:
        assert sorted(request.uri.partition("?")[2] for request in cassette.requests) == ["child", "parent"]


@can_fork
def test_a_forked_child_that_leaves_after_its_parent_stores_nothing_twice(server, cassette_path):
    receiver, sender = os.pipe()
    recorded, tell = os.pipe()
    with vcr.use_cassette(cassette_path):
        fetch(server.url + "/text?parent")
        child = os.fork()
        if not child:
            fetch(server.url + "/text?child")
            os.write(tell, b".")
            os.read(receiver, 1)
            fetch(server.url + "/text?late")
        else:
            os.read(recorded, 1)
    if not child:
        os._exit(0)
    os.write(sender, b".")
    assert os.waitpid(child, 0)[1] == 0
    for descriptor in (receiver, sender, recorded, tell):
        os.close(descriptor)
    with vcr.use_cassette(cassette_path, record_mode="none") as cassette:
        stored = sorted(request.uri.partition("?")[2] for request in cassette.requests)
    assert stored == ["child", "late", "parent"]


@can_fork
def test_what_a_forked_child_records_while_its_parent_saves_is_stored_once(cassette_path):
    (go, may_go), (done, is_done) = os.pipe(), os.pipe()

    def as_it_saves(request, response):
        if request.path == "/parent":  # and what the child has left has been taken in
            os.write(may_go, b".")
            select.select([done], [], [], 0.5)  # (the child waits; one that does not, has left something by then)
        return request, response

    with vcr.use_cassette(cassette_path, before_save_interaction=as_it_saves) as cassette:
        child = os.fork()
        if child:
            cassette.append(Request("GET", "http://h/parent"), ANSWER)
        else:
            os.read(go, 1)
            cassette.append(Request("GET", "http://h/child"), ANSWER)
            os.write(is_done, b".")
    if not child:
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    for descriptor in (go, may_go, done, is_done):
        os.close(descriptor)
    assert sorted(uris(cassette_path)) == ["/child", "/parent"]


@can_fork
def test_a_child_that_waits_for_a_response_as_it_leaves_lets_its_threads_record_and_save(server, cassette_path):
    def in_two_halves(exchange):
        exchange.head(200, [("Content-Length", "8")])
        exchange.send(b"half")
        exchange.server.await_release()
        exchange.send(b"half")

    def release(exchange):
        exchange.server.release()
        exchange.text("")

    def go_on(cassette):
        left.wait()
        cassette.append(Request("GET", "http://h/late"), ANSWER)
        with vcr.use_cassette(cassette_path + ".other") as other:
            other.append(Request("GET", "http://h/other"), ANSWER)
        fetch(server.url + "/release")

    server.route("/halves", in_two_halves)
    server.route("/release", release)
    left = threading.Event()
    with vcr.use_cassette(cassette_path) as cassette:
        child = os.fork()
        if child:
            assert os.waitpid(child, 0)[1] == 0
        else:
            thread = threading.Thread(target=go_on, args=(cassette,))
            thread.start()
            response = urlopen(server.url + "/halves")
            assert response.read(4) == b"half"
            leaving = logging.getLogger("vcr._context")
            leaving.setLevel(logging.DEBUG)
            leaving.addFilter(lambda record: left.set() or True)
    if not child:
        thread.join()
        os._exit(0)
    assert uris(cassette_path + ".other") == ["/other"]
    with vcr.use_cassette(cassette_path, record_mode="none") as cassette:
        stored = {request.path: response["body"]["string"] for request, response in cassette.data}
    assert stored == {"/halves": b"halfhalf", "/late": b"x"}


@can_fork
def test_refuse_refuses_in_the_fork_of_a_fork(server, cassette_path):
    with vcr.use_cassette(cassette_path, child_processes="refuse"):
        child = os.fork()
        if not child:
            grandchild = os.fork()
            if grandchild:
                os._exit(os.waitstatus_to_exitcode(os.waitpid(grandchild, 0)[1]))
            try:
                fetch(server.url + "/text")
            except ChildProcessRefusedError:
                os._exit(7)
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    assert server.hits == 0


def test_a_command_of_any_kind_is_started_as_without_a_cassette(cassette_path, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with vcr.use_cassette(cassette_path):
        assert run("true").returncode == 0
        assert subprocess.run((word for word in ("sh", "-c", "exit 3")), check=False, timeout=60).returncode == 3
        assert subprocess.run("exit 4", shell=True, check=False, timeout=60).returncode == 4
        assert subprocess.run([Path("sh"), b"-c", "exit 5"], check=False, timeout=60).returncode == 5
        with pytest.raises(FileNotFoundError):
            run("there-is-no-such-program")
        assert os.listdir(tmp_path) == []


@can_fork
def test_refuse_refuses_in_a_fork(server, cassette_path):
    with vcr.use_cassette(cassette_path, child_processes="refuse"):
        child = os.fork()
        if not child:
            try:
                fetch(server.url + "/text")
            except ChildProcessRefusedError:
                os._exit(7)
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
        fetch(server.url + "/text")
    assert server.hits == 1


# -- refuse and ignore ------------------------------------------------------------------------------------------------


def test_refuse_refuses_every_request_of_a_process(server, cassette_path):
    with vcr.use_cassette(cassette_path, child_processes="refuse"):
        done = run(sys.executable, "-c", FETCH, server.url + "/text")
    assert "ChildProcessRefusedError: GET" in done.stderr
    assert 'child_processes="refuse"' in done.stderr
    assert server.hits == 0


def test_hosts_that_are_ignored_are_ignored_by_children(server, cassette_path):
    for option in ("join", "refuse"):
        with vcr.use_cassette(cassette_path, child_processes=option, ignore_localhost=True):
            assert run(sys.executable, "-c", FETCH, server.url + "/text").stderr == ""
    assert server.hits == 2
    assert not os.path.exists(cassette_path)


CONNECT = "import socket; s = socket.socket(); s.settimeout(0.01); s.connect_ex(('192.0.2.1', 80))"


def test_by_default_a_process_passes_by_as_with_vcrpy_and_the_end_of_the_cassette_says_so(server, cassette_path):
    def start_both() -> None:
        with vcr.use_cassette(cassette_path):
            assert run(sys.executable, "-c", FETCH, server.url + "/counter").stdout == "1"
            run(sys.executable, "-c", CONNECT)

    with pytest.warns(VCRWarning, match=r"have connected to 192\.0\.2\.1: .* child_processes=\"join\""):
        start_both()
    assert not os.path.exists(cassette_path)


def test_by_default_nothing_is_said_of_a_process_that_connects_to_this_machine_only(server, cassette_path):
    with vcr.use_cassette(cassette_path):
        run(sys.executable, "-c", FETCH, server.url + "/counter")
        run("sh", "-c", "env")


def test_workers_of_xdist_start_inside_a_cassette(server, cassette_path, tmp_path):
    pytest.importorskip("xdist")
    (tmp_path / "test_inner.py").write_text(
        "import urllib.request, vcr\n"
        f"def test_one():\n    with vcr.use_cassette({cassette_path + '.inner'!r}):\n"
        f"        urllib.request.urlopen({server.url + '/text'!r}).read()\n",
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "xdist", "-n", "2", "-p", "no:cacheprovider"]
    # In the directory that all runs share this one would remove, before it ends, what earlier ones have left there:
    # under tox that is ten thousands of files.
    command += ["--basetemp", str(tmp_path / "inner"), "test_inner.py"]
    for option in ("ignore", "join"):
        with vcr.use_cassette(cassette_path, child_processes=option):
            done = run(*command, cwd=tmp_path, env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"})
        assert done.returncode == 0, done.stdout
    assert server.hits == 1
