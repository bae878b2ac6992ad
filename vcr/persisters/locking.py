"""Lets one process at a time into a directory, or at a file. It must not know what is in them.

POSIX locks the directory or the file itself, which leaves no file behind. Windows locks no directory, and replaces no
file that is locked: there a file in the temporary directory stands for it.
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

    @contextmanager
    def _file_locked_itself(path: str, mode: int) -> Iterator[None]:
        """Lock the file itself. Another process may have removed or replaced it while this one waited for the lock."""
        while True:
            with _descriptor(path, os.O_RDWR | os.O_CREAT, mode) as descriptor:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                try:
                    if _is_at(descriptor, path):
                        yield
                        return
                finally:
                    _release(descriptor)

    def _is_at(descriptor: int, path: str) -> bool:
        try:
            return os.path.samestat(os.fstat(descriptor), os.stat(path))
        except FileNotFoundError:
            return False


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
def alone_at(path: str, mode: int) -> Iterator[None]:
    """A context that one thread of one process at a time enters for a file, which may be removed or replaced inside.

    ``mode``: the permissions of the file, if it has to be made. The same thread may not enter the context again inside.
    Raises OSError where the file cannot be made or locked.
    """
    with _locked_file(path, mode):
        yield


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
def _descriptor(path: str, flags: int, mode: int = 0o666) -> Iterator[int]:
    """An open file, as a number; it is closed, and its lock is given back, whatever is raised inside."""
    opened: list[int] = []
    try:
        # In one call: no interrupt comes between opening a descriptor and remembering it.
        opened.extend(map(os.open, (path,), (flags,), (mode,)))
        yield opened[0]
    finally:
        for descriptor in opened:
            os.close(descriptor)


@contextmanager
def _locked_by_file(path: str, _: int = 0) -> Iterator[None]:
    """Lock a file that stands for ``path``. The file is not removed: another process may wait for its lock."""
    import hashlib
    import tempfile

    name = hashlib.sha256(os.path.normcase(path).encode("utf-8", "surrogatepass")).hexdigest()[:32]
    stand_in = os.path.join(tempfile.gettempdir(), f"vcr-{name}.lock")
    with _descriptor(stand_in, os.O_RDWR | os.O_CREAT) as descriptor:
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
    _locked = _locked_file = _locked_by_file
else:
    _locked, _locked_file = _locked_itself, _file_locked_itself
