"""Threads: pools started before or inside a cassette use it; threads with cassettes of their own stay apart."""

from __future__ import annotations

import http.client
import threading
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest

import vcr
from vcr.errors import AmbiguousCassetteError, CannotOverwriteExistingCassetteException


def get(url: str) -> bytes:
    with urllib.request.urlopen(url) as response:
        return response.read()


def test_300_requests_from_20_threads_record_300_and_replay_without_a_hit(server, cassette_path):
    urls = [f"{server.url}/echo/{number}" for number in range(300)]
    with vcr.use_cassette(cassette_path) as cassette, ThreadPoolExecutor(20) as pool:
        live = list(pool.map(get, urls))
        assert len(cassette) == 300
    assert server.hits == 300

    with vcr.use_cassette(cassette_path, record_mode="none") as cassette, ThreadPoolExecutor(20) as pool:
        assert list(pool.map(get, urls)) == live
        assert cassette.play_count == 300
        assert cassette.all_played
    assert server.hits == 300


def test_300_identical_requests_are_300_interactions_each_played_once(server, cassette_path):
    url = f"{server.url}/counter"
    with vcr.use_cassette(cassette_path), ThreadPoolExecutor(20) as pool:
        live = list(pool.map(get, [url] * 300))
    with vcr.use_cassette(cassette_path, record_mode="none"), ThreadPoolExecutor(20) as pool:
        replayed = list(pool.map(get, [url] * 300))
    assert server.hits == 300
    assert sorted(replayed) == sorted(live)


def test_a_pool_from_before_the_cassette_uses_it(server, cassette_path):
    with ThreadPoolExecutor(1) as pool:
        pool.submit(get, f"{server.url}/text").result()
        with vcr.use_cassette(cassette_path) as cassette:
            pool.submit(get, f"{server.url}/counter").result()
            assert len(cassette) == 1
        with vcr.use_cassette(cassette_path, record_mode="none"):
            pool.submit(get, f"{server.url}/counter").result()
        assert server.hits == 2
        pool.submit(get, f"{server.url}/text").result()
    assert server.hits == 3


def test_no_request_of_a_thread_escapes_in_mode_none(server, cassette_path):
    with vcr.use_cassette(cassette_path, record_mode="none"), ThreadPoolExecutor(8) as pool:
        for future in [pool.submit(get, f"{server.url}/text") for _ in range(64)]:
            with pytest.raises(CannotOverwriteExistingCassetteException):
                future.result()
    assert server.connections == 0


def test_two_threads_with_their_own_cassettes_record_only_their_own(server, tmp_path):
    both_open = threading.Barrier(2)

    def record(name: str) -> list[str]:
        with vcr.use_cassette(str(tmp_path / name)) as cassette:
            both_open.wait()
            for number in range(50):
                get(f"{server.url}/echo/{name}/{number}")
            both_open.wait()
            return [request.path for request in cassette.requests]

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(record, ["a", "b"])
    assert first == [f"/echo/a/{number}" for number in range(50)]
    assert second == [f"/echo/b/{number}" for number in range(50)]


def test_a_thread_without_a_cassette_between_two_is_told_so(server, tmp_path):
    opened, done = threading.Event(), threading.Event()

    def hold() -> None:
        with vcr.use_cassette(str(tmp_path / "theirs")):
            opened.set()
            done.wait()

    other = threading.Thread(target=hold)
    other.start()
    opened.wait()
    try:
        with vcr.use_cassette(str(tmp_path / "ours")) as ours, ThreadPoolExecutor(1) as pool:
            with pytest.raises(AmbiguousCassetteError, match=r"ours.*theirs.*vcr\.carry"):
                pool.submit(get, f"{server.url}/text").result()
            pool.submit(vcr.carry(get), f"{server.url}/text").result()
            assert len(ours) == 1
    finally:
        done.set()
        other.join()
    assert server.hits == 1


def test_carried_calls_may_overlap(server, cassette_path):
    with vcr.use_cassette(cassette_path) as cassette, ThreadPoolExecutor(8) as pool:
        list(pool.map(vcr.carry(get), [f"{server.url}/echo/{number}" for number in range(40)]))
        assert len(cassette) == 40


def test_the_file_is_in_the_order_in_which_requests_were_started(server, cassette_path):
    """Whatever finishes first: recording an unchanged API again under concurrency gives no diff."""
    first_is_asked, second_is_answered = threading.Event(), threading.Event()

    def slow(exchange) -> None:
        first_is_asked.set()
        second_is_answered.wait()
        exchange.text("slow")

    server.route("/slow", slow)
    with vcr.use_cassette(cassette_path) as cassette, ThreadPoolExecutor(1) as pool:
        first = pool.submit(get, f"{server.url}/slow")
        first_is_asked.wait()
        get(f"{server.url}/text")
        second_is_answered.set()
        first.result()
        assert [request.path for request in cassette.requests] == ["/slow", "/text"]


def test_a_request_still_on_its_way_when_the_cassette_closes_leaves_no_trace(server, cassette_path, caplog):
    asked, closed = threading.Event(), threading.Event()

    def late(exchange) -> None:
        asked.set()
        closed.wait()
        exchange.text("late")

    server.route("/late", late)
    with ThreadPoolExecutor(1) as pool:
        with vcr.use_cassette(cassette_path) as cassette:
            get(f"{server.url}/text")
            future = pool.submit(get, f"{server.url}/late")
            asked.wait()
        closed.set()
        assert future.result() == b"late"
    assert [request.path for request in cassette.requests] == ["/text"]
    assert "not recorded" in caplog.text


def test_one_connection_shared_by_threads_taking_turns(server, cassette_path):
    lock = threading.Lock()
    with vcr.use_cassette(cassette_path) as cassette:
        connection = http.client.HTTPConnection(server.host, server.port)

        def fetch(number: int) -> bytes:
            with lock:
                connection.request("GET", f"/echo/{number}")
                return connection.getresponse().read()

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(fetch, range(40)))
        connection.close()
        assert len(cassette) == 40
    assert server.connections == 1
