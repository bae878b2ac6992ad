"""Does the same with each of many files, on all processors if the files are large. It must not know what is done, or a
cassette.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

Result = TypeVar("Result")

#: From so many bytes on, other processes are worth the time that they take to start.
_LARGE = 4 << 20
#: The most processes that ``ProcessPoolExecutor`` can have on Windows.
_MOST = 61


@contextmanager
def on_all_processors(work: Callable[[str], Result], paths: Sequence[str]) -> Iterator[Callable[[str], Result]]:
    """A function that returns what ``work`` returns for one of ``paths``, or raises what it raises.

    If the files are large, the work is done ahead, by other processes, the largest file first. ``work``, what it
    returns and what it raises are pickled for that.
    """
    sizes = {path: _size(path) for path in paths}
    number = min(_processors(), len(sizes), _MOST)
    if number < 2 or sum(sizes.values()) < _LARGE:
        yield work
        return
    others = ProcessPoolExecutor(number, initializer=_end_quietly_when_interrupted)
    try:
        results = {path: others.submit(work, path) for path in sorted(sizes, key=lambda path: -sizes[path])}
        yield lambda path: results[path].result()
    finally:
        others.shutdown(cancel_futures=True)


def _processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _size(path: str) -> int:
    try:
        return os.path.getsize(path)
    except OSError:
        return 0  # (the work says what is wrong)


def _end_quietly_when_interrupted() -> None:
    """Let Control-C end this process at once: the first process says that it was interrupted."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
