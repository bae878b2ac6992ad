"""Forks, processes, interrupts, generators and event loops that end in the middle: patches gone, files whole."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import threading
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import forkserver, resource_tracker
from urllib.request import urlopen

import pytest

import vcr
from vcr import _active, patch
from vcr._locks import new_lock
from vcr.errors import CannotOverwriteExistingCassetteException

# Python 3.12 warns of what these tests are about.
pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")

can_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")


@pytest.fixture(scope="module", autouse=True)
def helpers_of_multiprocessing():
    """It has processes of its own, which go on to the end of ours: before any test counts descriptors."""
    resource_tracker.ensure_running()
    if "forkserver" in multiprocessing.get_all_start_methods():
        forkserver.ensure_running()


def fork() -> int:
    """As ``os.fork``, with a child that ends by itself if it hangs."""
    child = os.fork()
    if child == 0:
        signal.alarm(60)
    return child


def read(url: str) -> bytes:
    with urlopen(url) as response:
        return response.read()


def read_in_cassette(path: str, mode: str, url: str) -> bytes:
    with vcr.use_cassette(path, record_mode=mode):
        return read(url)


def names(path: str) -> list[str]:
    with vcr.use_cassette(path, record_mode="none") as cassette:
        return sorted(request.uri.rpartition("?")[2] for request in cassette.requests)


# -- processes ---------------------------------------------------------------------------------------------------------


@can_fork
def test_a_fork_inside_a_cassette_records_what_it_does_if_it_leaves_the_block(server, cassette_path):
    child = None
    with vcr.use_cassette(cassette_path, record_mode="new_episodes"):
        read(server.url + "/text?before")
        child = fork()
        if child == 0:
            read(server.url + "/text?child")
        else:
            os.waitpid(child, 0)
            read(server.url + "/text?parent")
            child = None
    if child == 0:
        os._exit(0)
    assert names(cassette_path) == ["before", "before", "child", "parent"] or names(cassette_path) == [
        "before",
        "child",
        "parent",
    ]


@can_fork
def test_a_fork_while_another_thread_is_inside_the_cassette_does_not_hang(server, cassette_path):
    """A lock that another thread held at the fork would be held for ever in the child."""
    with vcr.use_cassette(cassette_path, record_mode="new_episodes"):
        read(server.url + "/text?before")  # what is imported late is: Python's import locks are held for ever indeed
        stop = threading.Event()

        def busy():
            while not stop.is_set():
                read(server.url + "/text?busy")

        thread = threading.Thread(target=busy)
        thread.start()
        try:
            for _ in range(20):
                child = fork()
                if child == 0:
                    read(server.url + "/text?child")
                    os._exit(0)
                assert os.waitpid(child, 0)[1] == 0
        finally:
            stop.set()
            thread.join()


@can_fork
def test_a_lock_that_is_held_at_a_fork_is_free_in_the_child():
    lock, held, done = new_lock(), threading.Event(), threading.Event()

    def hold():
        with lock:
            held.set()
            done.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    child = fork()
    if child == 0:
        os._exit(0 if lock.acquire(blocking=False) else 1)
    status = os.waitpid(child, 0)[1]
    still_held = not lock.acquire(blocking=False)
    done.set()
    thread.join()
    assert (status, still_held) == (0, True)


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_workers_of_a_pool_use_their_own_cassettes(method, server, cassette_path):
    context = multiprocessing.get_context(method)
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        urls = [f"{server.url}/text?number={number}" for number in range(6)]
        jobs = [pool.submit(read_in_cassette, cassette_path, "new_episodes", url) for url in urls]
        bodies = [job.result(60) for job in jobs]
        assert server.hits == 6
        jobs = [pool.submit(read_in_cassette, cassette_path, "none", url) for url in urls]
        assert [job.result(60) for job in jobs] == bodies
    assert server.hits == 6


def test_a_refusal_comes_back_from_a_worker(server, cassette_path):
    """It crosses the border between processes with its message."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        job = pool.submit(read_in_cassette, cassette_path, "none", server.url + "/text")
        with pytest.raises(CannotOverwriteExistingCassetteException, match="Can't play back this request") as caught:
            job.result(60)
    assert caught.value.failed_request.uri == server.url + "/text"
    again = pickle.loads(pickle.dumps(caught.value))
    assert str(again) == str(caught.value)


# -- signals -----------------------------------------------------------------------------------------------------------

INTERRUPTED = """
import os, signal, sys, threading
from urllib.request import urlopen
import vcr
from vcr import patch

url, path = sys.argv[1:]
try:
    with vcr.use_cassette(path):
        urlopen(url + "/text").read()
        urlopen(url + "/says-nothing").read()
except KeyboardInterrupt:
    print("interrupted", len(patch._holders), flush=True)
"""


@can_fork
def test_control_c_in_the_middle_of_a_request_saves_what_was_recorded(server, cassette_path):
    asked = threading.Event()

    def silent(exchange):
        asked.set()
        exchange.server.await_release()

    server.route("/says-nothing", silent)
    command = [sys.executable, "-c", INTERRUPTED, server.url, cassette_path]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as run:
        try:
            assert asked.wait(30)
            run.send_signal(signal.SIGINT)
            assert run.communicate(timeout=60)[0] == "interrupted 0\n"
        finally:
            run.kill()
            server.release()
    with vcr.use_cassette(cassette_path, record_mode="none") as cassette:
        assert [request.path for request in cassette.requests] == ["/text"]


# -- generators and loops ----------------------------------------------------------------------------------------------


def test_a_generator_that_is_never_finished_closes_its_cassette_when_it_goes(server, cassette_path):
    @vcr.use_cassette(cassette_path)
    def pages():
        for number in range(3):
            yield read(f"{server.url}/text?{number}")

    reading = pages()
    next(reading)
    assert len(patch._holders) == 1
    del reading
    gc.collect()
    assert not patch._holders
    assert _active.current() is None
    assert names(cassette_path) == ["0"]


def test_an_event_loop_closed_with_a_cassette_open_leaves_nothing(server, cassette_path):
    async def never_ends():
        async with vcr.use_cassette(cassette_path):
            await asyncio.to_thread(read, server.url + "/text?0")
            ready.set()
            await asyncio.Event().wait()

    async def main():
        task = asyncio.ensure_future(never_ends())
        await ready.wait()
        return task  # which asyncio.run cancels

    ready = asyncio.Event()
    asyncio.run(main())
    assert not patch._holders
    assert names(cassette_path) == ["0"]


def test_an_event_loop_stopped_hard_leaves_nothing_once_its_tasks_are_gone(server, cassette_path):
    loop = asyncio.new_event_loop()

    async def never_ends():
        with vcr.use_cassette(cassette_path):
            read(server.url + "/text?0")
            loop.stop()
            await asyncio.Event().wait()

    task = loop.create_task(never_ends())
    loop.run_forever()
    assert len(patch._holders) == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        loop.run_until_complete(task)
    loop.close()
    assert not patch._holders
    assert names(cassette_path) == ["0"]


# -- gevent ------------------------------------------------------------------------------------------------------------

GREENLETS = """
from gevent import monkey; monkey.patch_all()
import sys
from urllib.request import urlopen
import gevent, requests, vcr
from vcr import _active, patch

url, path, mode = sys.argv[1:]

def fetch(number):
    one = f"{url}/bytes/{number}"
    return urlopen(one).read() if number % 2 else requests.get(one).content

def own(name):
    with vcr.use_cassette(f"{path}.{name}", record_mode=mode) as cassette:
        assert [len(fetch(number)) for number in range(4)] == [0, 1, 2, 3]
        assert len(gevent.spawn(fetch, 4).get()) == 4  # one that is born by one that has a cassette of its own
        assert len(cassette) == 5

with vcr.use_cassette(path, record_mode=mode) as cassette:
    jobs = [gevent.spawn(fetch, number) for number in range(40)]
    gevent.joinall(jobs, raise_error=True)
    assert [len(job.value) for job in jobs] == list(range(40))
gevent.joinall([gevent.spawn(own, name) for name in "abc"], raise_error=True)
assert not patch._holders and not _active._in_process
"""


def test_greenlets_share_a_cassette_and_have_their_own(server, cassette_path):
    pytest.importorskip("gevent")
    pytest.importorskip("requests")
    for mode in ("once", "none"):
        command = [sys.executable, "-c", GREENLETS, server.url, cassette_path, mode]
        run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert run.returncode == 0, run.stderr
        assert server.hits == 40 + 3 * 5
