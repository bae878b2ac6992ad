"""Lets one process at a time into a directory. It must not know what is in the directory.

POSIX locks the directory itself, which leaves no file behind. Windows locks no directory: there a file in the temporary
directory stands for it.
"""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from .._locks import TaskLock

if sys.platform == "win32":
    import msvcrt

    def _try(descriptor: int) -> None:
        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

    def _release(descriptor: int) -> None:
        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _try(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _release(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)

    @contextmanager
    def _locked_itself(directory: str) -> Iterator[None]:
        """The directory, by a lock on it."""
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            try:
                yield
            finally:
                _release(descriptor)  # at once: gevent may close the descriptor later
        finally:
            os.close(descriptor)  # which gives the lock back, too


#: What an attempt fails with while another process has the lock.
_TAKEN = (errno.EACCES, errno.EAGAIN, errno.EDEADLK)
_SECONDS_BETWEEN_ATTEMPTS = 0.01

_one_at_a_time = TaskLock()
_held: set[str] = set()  # the directories that the holder of that lock has locked


if hasattr(os, "register_at_fork"):
    # The thread that locked them is not there in the child of a fork.
    os.register_at_fork(after_in_child=_held.clear)


@contextmanager
def alone_in(directory: str) -> Iterator[None]:
    """Inside, no other thread or process is alone in this directory; it may be entered again inside itself.

    ``directory`` is an absolute path without links. Raises OSError where it cannot be locked.
    """
    with _one_at_a_time:
        if directory in _held:  # A lock is a descriptor's: the thread would wait for itself.
            yield
            return
        with _locked(directory):
            _held.add(directory)
            try:
                yield
            finally:
                _held.discard(directory)


@contextmanager
def _locked_by_file(directory: str) -> Iterator[None]:
    """The directory, by a lock on a file that stands for it. The file stays: another process may wait for it."""
    import hashlib
    import tempfile

    name = hashlib.sha256(os.path.normcase(directory).encode("utf-8", "surrogatepass")).hexdigest()[:32]
    path = os.path.join(tempfile.gettempdir(), f"vcr-{name}.lock")
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        while not _taken(descriptor):
            time.sleep(_SECONDS_BETWEEN_ATTEMPTS)
        try:
            yield
        finally:
            _release(descriptor)
    finally:
        os.close(descriptor)


def _taken(descriptor: int) -> bool:
    try:
        _try(descriptor)
    except OSError as error:
        if error.errno not in _TAKEN:
            raise
        return False
    return True


if sys.platform == "win32":
    _locked = _locked_by_file
else:
    _locked = _locked_itself
