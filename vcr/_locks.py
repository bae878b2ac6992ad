"""Makes locks that are free in the child of a fork, whichever thread held them in the parent. It must not know what the
locks guard.
"""

from __future__ import annotations

import os
import threading
import weakref
from typing import Any

_made: weakref.WeakSet[threading.RLock] = weakref.WeakSet()


def new_lock() -> threading.RLock:
    """Return a re-entrant lock. It is free in the child of a fork: a thread that held it in the parent is not there to
    release it."""
    lock = threading.RLock()
    _made.add(lock)
    return lock


def _reset() -> None:
    lock: Any  # typeshed does not know the method
    for lock in _made:
        lock._at_fork_reinit()  # as the standard library's own modules do


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reset)
