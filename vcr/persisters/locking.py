"""Lets one process at a time into a directory. It must not know what is in the directory.

POSIX locks the directory itself, which leaves no file behind. Windows locks no directory: there a file in the temporary
directory stands for it.
"""

from __future__ import annotations

import errno
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

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
        """Lock the directory itself."""
        with _descriptor(directory, os.O_RDONLY) as descriptor:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            try:
                yield
            finally:
                _release(descriptor)  # at once: gevent may close the descriptor later


#: The error numbers of an attempt to lock while another process holds the lock.
_TAKEN = (errno.EACCES, errno.EAGAIN, errno.EDEADLK)
_SECONDS_BETWEEN_ATTEMPTS = 0.01


class _OneThread:
    """The thread that has locked directories now, and the directories that it has locked.

    A thread is a greenlet where gevent has put greenlets in the place of threads: gevent replaces ``threading.Lock``
    and ``get_ident`` in every version, and ``RLock`` not in all.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.owner: int | None = None
        self.directories: set[str] = set()


_alone = _OneThread()


if hasattr(os, "register_at_fork"):
    # In the child of a fork, the thread that held the lock does not exist.
    os.register_at_fork(after_in_child=_alone.__init__)  # type: ignore[misc]


@contextmanager
def alone_in(directory: str) -> Iterator[None]:
    """A context that one thread of one process at a time enters for a directory. That thread may enter it again inside.

    ``directory``: an absolute path without links. Raises OSError where the directory cannot be locked.
    """
    me = threading.get_ident()
    if _alone.owner == me:
        with _held(directory):
            yield
        return
    with _alone.lock:
        try:
            _alone.owner = me
            with _held(directory):
                yield
        finally:
            _alone.owner = None


@contextmanager
def _held(directory: str) -> Iterator[None]:
    """Lock the directory, unless this thread has locked it before."""
    if directory in _alone.directories:  # With a second descriptor the thread would wait for itself.
        yield
        return
    with _locked(directory):
        try:
            _alone.directories.add(directory)
            yield
        finally:
            _alone.directories.discard(directory)


@contextmanager
def _descriptor(path: str, flags: int) -> Iterator[int]:
    """An open file, as a number; it is closed, and its lock is given back, whatever is raised inside."""
    opened: list[int] = []
    try:
        # In one call: no interrupt comes between opening a descriptor and remembering it.
        opened.extend(map(os.open, (path,), (flags,), (0o666,)))
        yield opened[0]
    finally:
        for descriptor in opened:
            os.close(descriptor)


@contextmanager
def _locked_by_file(directory: str) -> Iterator[None]:
    """Lock a file that stands for the directory. The file is not removed: another process may wait for its lock."""
    import hashlib
    import tempfile

    name = hashlib.sha256(os.path.normcase(directory).encode("utf-8", "surrogatepass")).hexdigest()[:32]
    path = os.path.join(tempfile.gettempdir(), f"vcr-{name}.lock")
    with _descriptor(path, os.O_RDWR | os.O_CREAT) as descriptor:
        while not _taken(descriptor):
            time.sleep(_SECONDS_BETWEEN_ATTEMPTS)
        try:
            yield
        finally:
            _release(descriptor)


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
