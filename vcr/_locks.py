"""Locks that nobody holds in the child of a fork. It must not know what the locks guard."""

from __future__ import annotations

import os
import threading
import time
import weakref
from typing import Any

_made: weakref.WeakSet[Any] = weakref.WeakSet()


def new_lock() -> Any:
    """A re-entrant lock. In the child of a fork nobody holds it: the thread that did is not there to let it go."""
    lock = threading.RLock()
    _made.add(lock)
    return lock


class BusyLock:
    """A re-entrant lock that many threads take often, for a moment each.

    A plain one goes to whoever waits for it, who then waits for the interpreter, while everybody else comes to wait for
    the lock: from then on every use of it is two switches of threads. Who finds this one taken lets the others go on,
    and waits for it only when that does not help.
    """

    def __init__(self) -> None:
        self._lock = new_lock()

    def __enter__(self) -> None:
        if not self._lock.acquire(blocking=False):
            self._wait()

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def _wait(self) -> None:
        for _ in range(_TRIES):
            time.sleep(0)
            if self._lock.acquire(blocking=False):
                return
        self._lock.acquire()


_TRIES = 100


class TaskLock:
    """A re-entrant lock that is held while files are written.

    It is a greenlet's where gevent has put greenlets in the place of threads: gevent replaces ``threading.Lock`` and
    ``get_ident`` in every version, and ``RLock`` not in all.
    """

    def __init__(self) -> None:
        self._at_fork_reinit()
        _made.add(self)

    def _at_fork_reinit(self) -> None:
        self._lock = threading.Lock()
        self._owner: int | None = None
        self._depth = 0

    def __enter__(self) -> int:
        """How often its owner holds it already."""
        me = threading.get_ident()
        if self._owner != me:
            self._lock.acquire()
            self._owner = me
        self._depth += 1
        return self._depth - 1

    def __exit__(self, *_: object) -> None:
        self._depth -= 1
        if not self._depth:
            self._owner = None
            self._lock.release()


def _reset() -> None:
    for lock in _made:
        lock._at_fork_reinit()  # as the standard library's own modules do


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reset)
