"""Many processes record into one cassette: every interaction of every one is in it, and none twice."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from urllib.request import urlopen

import pytest

import vcr

PROCESSES, EACH = 4, 20

RECORDS = """
import sys
from urllib.request import urlopen
import vcr
from vcr.persisters import locking

url, path, name, each, lock = sys.argv[1:]
locking._locked = getattr(locking, lock)
for part in range(4):
    with vcr.use_cassette(path, record_mode="new_episodes"):
        for number in range(int(each) // 4):
            urlopen(f"{url}/text?{name}={part}.{number}").read()
"""


@pytest.mark.parametrize("lock", ["_locked", "_locked_by_file"], ids=["of this platform", "as on Windows"])
def test_what_processes_record_side_by_side_is_all_there(lock, server, cassette_path, tmp_path):
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    running = [
        subprocess.Popen(
            [sys.executable, "-c", RECORDS, server.url, cassette_path, str(name), str(EACH), lock], env=environment
        )
        for name in range(PROCESSES)
    ]
    assert [process.wait(60) for process in running] == [0] * PROCESSES
    with vcr.use_cassette(cassette_path, record_mode="none") as cassette:
        counted = Counter(request.uri for request in cassette.requests)
    assert len(counted) == PROCESSES * EACH == server.hits
    assert set(counted.values()) == {1}


def test_the_same_request_of_two_sessions_is_two_interactions(server, cassette_path):
    one = vcr.use_cassette(cassette_path, record_mode="new_episodes")
    other = vcr.use_cassette(cassette_path, record_mode="new_episodes")
    with one:
        urlopen(server.url + "/counter").read()
        with other:
            urlopen(server.url + "/counter").read()
    with vcr.use_cassette(cassette_path, record_mode="none") as cassette:
        assert [response["body"]["string"] for response in cassette.responses] == [b"2", b"1"]


def test_a_hook_that_saves_another_cassette_while_one_is_saved_does_not_wait_for_itself(server, cassette_path):
    def hook(request, response):
        with vcr.use_cassette(cassette_path + ".other", record_mode="all"):
            urlopen(server.url + "/text").read()
        return request, response

    with vcr.use_cassette(cassette_path, before_save_interaction=hook):
        urlopen(server.url + "/text").read()
    for path in (cassette_path, cassette_path + ".other"):
        with vcr.use_cassette(path, record_mode="none") as cassette:
            assert len(cassette) == 1
