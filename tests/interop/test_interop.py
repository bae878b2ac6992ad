"""A cassette of VCR.py's is replayed here, and one of ours by VCR.py: the same requests get the same answers.

VCR.py cannot be in this environment, whose ``vcr`` is ours: each of its versions gets an environment of its own.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import vcr
from tests.server import Exchange, Server

CHILD = Path(__file__).with_name("exchanges.py")


@pytest.fixture
def server():
    with Server() as running:
        running.route("/chunked-text", chunked_text)
        yield running


def chunked_text(exchange: Exchange) -> None:
    exchange.head(200, [("Content-Type", "text/plain"), ("Transfer-Encoding", "chunked")])
    for data in (b"some ", b"text", b""):
        exchange.chunk(data)
    exchange.send(b"\r\n")


def make_the_exchanges(python: str, *arguments: object) -> dict:
    command = [python, str(CHILD), *map(str, arguments)]
    run = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    return json.loads(run.stdout)


@pytest.mark.parametrize("serializer", ["yaml", "json"])
@pytest.mark.parametrize("ours_records", [True, False], ids=["ours to theirs", "theirs to ours"])
def test_what_one_records_the_other_replays(ours_records, serializer, theirs, server, tmp_path):
    version, python = theirs
    recorder, player = (sys.executable, python) if ours_records else (python, sys.executable)
    cassette = tmp_path / f"cassette.{serializer}"
    recorded = make_the_exchanges(recorder, "record", server.url, cassette, serializer)
    server.close()
    replayed = make_the_exchanges(player, "replay", server.url, cassette, serializer)
    versions = (vcr.__version__, version)
    assert (recorded["version"], replayed["version"]) == (versions if ours_records else versions[::-1])
    for one, other in zip(recorded["results"], replayed["results"], strict=True):
        assert one == other


def test_a_cassette_that_both_record_into_stays_readable_by_both(theirs, server, tmp_path):
    cassette = tmp_path / "cassette.yaml"
    for python in (theirs[1], sys.executable, theirs[1], sys.executable):
        subprocess.run([python, "-c", ADD_ONE, server.url, str(cassette)], timeout=60, check=True)
    with vcr.use_cassette(cassette, record_mode="none") as opened:
        assert [request.path for request in opened.requests] == ["/text/0", "/text/1", "/text/2", "/text/3"]


ADD_ONE = """
import sys, urllib.request, vcr
with vcr.use_cassette(sys.argv[2], record_mode="new_episodes") as cassette:
    for number in range(len(cassette) + 1):
        urllib.request.urlopen(f"{sys.argv[1]}/text/{number}").read()
    assert cassette.play_count == number
"""


def test_a_migrated_cassette_is_read_by_vcrpy(theirs, tmp_path):
    for cassette in (Path(__file__).parent.parent / "cassettes").glob("vcrpy_0.*"):
        shutil.copy(cassette, tmp_path)
    subprocess.run([sys.executable, "-m", "vcr.migration", str(tmp_path)], timeout=60, check=True)
    for cassette in sorted(tmp_path.iterdir()):
        command = [theirs[1], "-c", COUNT, str(cassette)]
        run = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
        assert int(run.stdout) > 0


COUNT = """
import sys, vcr
with vcr.use_cassette(sys.argv[1], serializer=sys.argv[1].rpartition(".")[2], record_mode="none") as cassette:
    print(len(cassette))
"""
