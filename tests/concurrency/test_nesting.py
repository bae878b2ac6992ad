"""Nested and overlapping cassettes: the inner wins, the outer goes on, any order of exits leaves nothing patched."""

from __future__ import annotations

import http.client
import itertools
import urllib.request

import pytest
import requests

import vcr


def get(url: str) -> bytes:
    with urllib.request.urlopen(url) as response:
        return response.read()


def test_the_inner_cassette_wins_and_the_outer_continues(server, tmp_path):
    with vcr.use_cassette(str(tmp_path / "outer")) as outer:
        get(f"{server.url}/echo/1")
        with vcr.use_cassette(str(tmp_path / "inner")) as inner:
            get(f"{server.url}/echo/2")
        get(f"{server.url}/echo/3")
    assert [request.path for request in outer.requests] == ["/echo/1", "/echo/3"]
    assert [request.path for request in inner.requests] == ["/echo/2"]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_exits_in_any_order_leave_nothing_patched(server, tmp_path, order):
    init = http.client.HTTPConnection.__init__
    openings = [vcr.use_cassette(str(tmp_path / str(number))) for number in range(3)]
    cassettes = [opening.__enter__() for opening in openings]
    still_open = list(range(3))
    for number in order:
        get(f"{server.url}/text")
        assert len(cassettes[still_open[-1]]) >= 1
        openings[number].__exit__(None, None, None)
        still_open.remove(number)
    assert http.client.HTTPConnection.__init__ is init
    recorded = sum(len(cassette) for cassette in cassettes)
    get(f"{server.url}/text")
    assert sum(len(cassette) for cassette in cassettes) == recorded == 3


def test_a_session_shared_by_cassettes_serves_each(server, tmp_path):
    with requests.Session() as session:
        session.get(f"{server.url}/echo/before")
        for name in ("a", "b"):
            with vcr.use_cassette(str(tmp_path / name)) as cassette:
                session.get(f"{server.url}/echo/{name}")
                assert [request.path for request in cassette.requests] == [f"/echo/{name}"]
        session.get(f"{server.url}/echo/after")
    assert server.hits == 4
    assert server.connections == 1


def test_the_outer_cassette_replays_while_the_inner_records(server, tmp_path):
    outer_path = str(tmp_path / "outer")
    with vcr.use_cassette(outer_path):
        get(f"{server.url}/counter")
    with vcr.use_cassette(outer_path, record_mode="none") as outer:
        with vcr.use_cassette(str(tmp_path / "inner")):
            assert get(f"{server.url}/counter") == b"2"
        assert get(f"{server.url}/counter") == b"1"
        assert outer.all_played
