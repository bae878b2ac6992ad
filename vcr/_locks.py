"""Locks that nobody holds in the child of a fork. It must not know what the locks guard."""

from __future__ import annotations

import os
import threading
import weakref
from typing import Any

_made: weakref.WeakSet[threading.RLock] = weakref.WeakSet()


def new_lock() -> threading.RLock:
    """A re-entrant lock. In the child of a fork nobody holds it: the thread that did is not there to let it go."""
    lock = threading.RLock()
    _made.add(lock)
    return lock


def _reset() -> None:
    lock: Any  # (typeshed does not know of its method)
    for lock in _made:
        lock._at_fork_reinit()  # as the standard library's own modules do


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reset)
