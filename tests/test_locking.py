"""One process at a time in a directory, by each kind of lock."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import tempfile

import pytest

from vcr.persisters import locking

KINDS = ["_locked_itself", "_locked_by_file"] if hasattr(os, "fork") else ["_locked_by_file"]

HOLDS = """
import sys
from vcr.persisters import locking

with getattr(locking, sys.argv[1])(sys.argv[2]):
    print("held", flush=True)
    sys.stdin.readline()
    print("released", flush=True)
"""


@pytest.fixture(params=KINDS)
def kind(request, monkeypatch, tmp_path) -> str:
    """A kind of lock, which is in use here. Its file, if it has one, is in the test's own directory."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(locking, "_locked", getattr(locking, request.param))
    return request.param


@pytest.fixture
def directory(tmp_path) -> str:
    made = tmp_path / "cassettes"
    made.mkdir()
    return os.path.realpath(made)


@pytest.fixture
def another_process(kind, directory):
    """It holds the lock of the directory until it is sent a line."""
    command = [sys.executable, "-c", HOLDS, kind, directory]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_the_lock_of_a_file_waits_for_another_process(another_process, kind, directory, monkeypatch):
    if kind != "_locked_by_file":
        pytest.skip("it waits inside the system: tests/reliability/test_processes.py")
    waited = []

    def let_go(_):
        waited.append(True)
        if len(waited) == 3:
            another_process.stdin.write("\n")
            another_process.stdin.flush()
            assert another_process.stdout.readline() == "released\n"

    monkeypatch.setattr(locking.time, "sleep", let_go)
    with locking.alone_in(directory):
        assert len(waited) >= 3


def test_a_lock_goes_with_the_process_that_held_it(another_process, directory):
    another_process.kill()
    with locking.alone_in(directory):
        assert another_process.wait(60) != 0


def test_it_may_be_entered_inside_itself(kind, directory, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    with locking.alone_in(directory), locking.alone_in(str(other)), locking.alone_in(directory):
        assert locking._alone.directories == {directory, str(other)}
    assert locking._alone.directories == set()


def test_an_error_inside_lets_it_go(kind, directory):
    with pytest.raises(ZeroDivisionError), locking.alone_in(directory):
        raise ZeroDivisionError
    with locking.alone_in(directory):
        pass


def test_no_file_is_left_among_the_cassettes(kind, directory):
    with locking.alone_in(directory):
        assert os.listdir(directory) == []
    assert os.listdir(directory) == []


def test_each_directory_has_a_file_of_its_own(monkeypatch, directory, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    for place in (directory, str(tmp_path), directory):
        with locking._locked_by_file(place):
            pass
    assert len(list(tmp_path.glob("vcr-*.lock"))) == 2


def test_an_error_that_does_not_mean_taken_is_raised(directory, monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "not there"))
    with pytest.raises(FileNotFoundError), locking._locked_by_file(directory):
        pass
    read, write = os.pipe()
    os.close(write)
    os.close(read)
    with pytest.raises(OSError) as caught:  # noqa: PT011  (by its number)
        locking._taken(read)
    assert caught.value.errno == errno.EBADF


def test_a_lock_that_cannot_be_given_back_goes_with_its_descriptor(kind, directory, monkeypatch):
    def fails(descriptor):
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(locking, "_release", fails)
        with pytest.raises(KeyboardInterrupt), locking.alone_in(directory):
            pass
    run = [sys.executable, "-c", HOLDS, kind, directory]
    done = subprocess.run(run, input="\n", capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "held\nreleased\n"
    assert locking._alone.directories == set()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_child_forked_while_a_thread_holds_the_lock_does_not_think_that_it_does(kind, directory):
    with locking.alone_in(directory):
        child = os.fork()
        if child == 0:  # pragma: no cover  (in the child)
            os._exit(0 if locking._alone.directories == set() else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert locking._alone.directories == {directory}
