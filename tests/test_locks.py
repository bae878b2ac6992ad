"""Locks that are re-entrant. (What becomes of them in a fork is in tests/reliability.)"""

from __future__ import annotations

import threading

from vcr._locks import new_lock


def test_whoever_has_a_lock_may_take_it_again_and_others_wait():
    lock, taken, release, entered = new_lock(), threading.Event(), threading.Event(), []

    def hold() -> None:
        with lock, lock:
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
