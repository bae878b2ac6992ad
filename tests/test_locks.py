"""Locks: a re-entrant one that many threads take often. (What becomes of locks in a fork is in tests/reliability.)"""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from vcr._locks import BusyLock


def test_a_busy_lock_lets_one_thread_in_at_a_time():
    lock, inside, together = BusyLock(), [], []

    def work(_: int) -> None:
        with lock:
            inside.append(1)
            time.sleep(0)  # whoever can come in does
            together.append(len(inside))
            inside.pop()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(2_000)))
    assert together == [1] * 2_000


def test_a_busy_lock_that_stays_taken_is_waited_for():
    lock, taken, release, entered = BusyLock(), threading.Event(), threading.Event(), []

    def hold() -> None:
        with lock:
            taken.set()
            release.wait()
            entered.append("first")

    def follow() -> None:
        with lock:
            entered.append("second")

    threads = [threading.Thread(target=hold), threading.Thread(target=follow)]
    threads[0].start()
    taken.wait()
    threads[1].start()
    threads[1].join(timeout=0.2)  # it does not come in
    assert entered == []
    release.set()
    for thread in threads:
        thread.join()
    assert entered == ["first", "second"]


def test_whoever_has_a_busy_lock_may_take_it_again():
    lock, entered = BusyLock(), []

    def enter() -> None:
        with lock, lock:
            entered.append(threading.current_thread())

    enter()
    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert entered == [threading.current_thread(), thread]
