"""A file on disk is always whole: under kill -9, a full disk, a directory that cannot be written to, and while others
read it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from urllib.request import urlopen

import pytest

import vcr
from vcr import patch
from vcr.errors import CassetteLoadError, VCRWarning
from vcr.request import Request

RESPONSE = {"status": {"code": 200, "message": "OK"}, "headers": {}, "body": {"string": b""}}

posix = pytest.mark.skipif(not hasattr(os, "fork"), reason="signals and limits of POSIX")

#: Saves one cassette over and over, of a size that it says in its first URI, and tells when it has begun.
SAVES = """
import sys
import vcr
from vcr.request import Request

path = sys.argv[1]
body = {"status": {"code": 200, "message": "OK"}, "headers": {}, "body": {"string": b"x" * 1000}}
print("begun", flush=True)
while True:
    for size in (10, 200):
        with vcr.use_cassette(path, record_mode="all") as cassette:
            for number in range(size):
                cassette.append(Request("GET", f"http://h/{size}/{number}"), body)
"""


def sizes(path: str) -> set[str]:
    """What the URIs of the cassette say of its size; it is as large as they say."""
    with vcr.use_cassette(path, record_mode="none") as cassette:
        said = {request.uri.split("/")[3] for request in cassette.requests}
        assert said <= {"10", "200"}
        assert len(cassette) >= max(map(int, said))
        return said


@posix
def test_a_writer_that_is_killed_leaves_the_old_cassette_or_the_new(cassette_path):
    for _ in range(3):
        with subprocess.Popen([sys.executable, "-c", SAVES, cassette_path], stdout=subprocess.PIPE) as writer:
            assert writer.stdout.readline() == b"begun\n"
            while not os.path.exists(cassette_path):
                assert writer.poll() is None
            sizes(cassette_path)  # in the middle of its work, wherever that is
            writer.kill()
        assert sizes(cassette_path)


def test_whoever_reads_while_others_write_sees_a_whole_file(cassette_path):
    with subprocess.Popen([sys.executable, "-c", SAVES, cassette_path], stdout=subprocess.PIPE) as writer:
        try:
            while not os.path.exists(cassette_path):
                assert writer.poll() is None
            seen = []
            readers = [
                threading.Thread(target=lambda: seen.extend(Path(cassette_path).read_bytes() for _ in range(200)))
                for _ in range(4)
            ]
            for reader in readers:
                reader.start()
            for reader in readers:
                reader.join()
        finally:
            writer.kill()
    assert len(seen) == 800
    assert {text.endswith(b"version: 1\n") for text in seen} == {True}


FULL = """
import resource, signal, sys
import vcr
from vcr.request import Request

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, 5_000))
body = {"status": {"code": 200, "message": "OK"}, "headers": {}, "body": {"string": b"x" * 10_000}}
with vcr.use_cassette(sys.argv[1], record_mode="all") as cassette:
    cassette.append(Request("GET", "http://h/new"), body)
"""


@posix
def test_a_disk_that_is_full_leaves_the_old_cassette_and_says_so(cassette_path):
    with vcr.use_cassette(cassette_path) as cassette:
        cassette.append(Request("GET", "http://h/old"), RESPONSE)
    before = Path(cassette_path).read_bytes()
    run = subprocess.run(
        [sys.executable, "-c", FULL, cassette_path], capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode == 1
    assert "OSError" in run.stderr
    assert Path(cassette_path).read_bytes() == before
    assert os.listdir(os.path.dirname(cassette_path)) == ["cassette.yaml"]


@pytest.fixture
def locked():
    """A directory with a cassette that this process can read but not write to: as nobody, if it is root."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "cassette.yaml")
        with vcr.use_cassette(path) as cassette:
            cassette.append(Request("GET", "http://h/old"), RESPONSE)
        os.chmod(directory, 0o555)
        root = os.geteuid() == 0
        "h".encode("idna")  # imported while that can be read
        if root:
            os.seteuid(65534)
        yield path
        if root:
            os.seteuid(0)
        os.chmod(directory, 0o755)


@posix
def test_a_directory_that_cannot_be_written_to_leaves_everything_as_it_was(locked):
    before = locked.read_bytes()
    with pytest.raises(PermissionError), vcr.use_cassette(locked, record_mode="all") as cassette:
        cassette.append(Request("GET", "http://h/new"), RESPONSE)
    assert not patch._holders
    assert locked.read_bytes() == before


@posix
def test_a_directory_that_cannot_be_written_to_is_said_with_the_first_request(locked, server):
    with pytest.raises(PermissionError), vcr.use_cassette(locked, record_mode="all"):  # noqa: PT012
        with pytest.warns(VCRWarning, match=f"nothing can be written into the directory {locked.parent}"):
            urlopen(server.url + "/text").read()
        urlopen(server.url + "/text").read()  # once is enough


@posix
def test_to_replay_from_such_a_directory_is_no_reason_to_warn(locked):
    with vcr.use_cassette(locked, record_mode="new_episodes") as cassette:
        assert cassette.begin(cassette.requests[0]).response is not None


@posix
def test_an_interrupt_while_saving_leaves_the_old_cassette(cassette_path):
    class Interrupted:
        @staticmethod
        def serialize(data):
            os.kill(os.getpid(), signal.SIGINT)
            return "never"

        @staticmethod
        def deserialize(text):
            raise CassetteLoadError("not asked")

    with pytest.raises(KeyboardInterrupt), vcr.use_cassette(cassette_path, serializer=Interrupted) as cassette:
        cassette.append(Request("GET", "http://h/"), RESPONSE)
    assert not os.path.exists(cassette_path)
    assert not patch._holders
