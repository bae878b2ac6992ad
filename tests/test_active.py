"""Which cassette is current: the context first, then the process. What a cassette does is of no account here."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import itertools
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

import vcr
from vcr import _active
from vcr.cassette import Cassette
from vcr.errors import AmbiguousCassetteError

NAMES = ["one", "two", "three"]


def entered(cassette):
    """The entry of a cassette that has been made current."""
    entry = _active.Entry(cassette)
    _active.enter(entry)
    return entry


@contextmanager
def opened(path: str):
    """A cassette that is current inside the block."""
    entry = entered(Cassette(path))
    try:
        yield entry.cassette
    finally:
        _active.leave(entry)


def current() -> str | None:
    """The path of the cassette that is current here."""
    cassette = _active.current()
    return None if cassette is None else cassette.path


def in_thread(function):
    """What ``function`` returns, or raises, in a new thread."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function).result()


def elsewhere(function):
    """What ``function`` returns in a context of its own, in which nothing was opened."""
    return contextvars.Context().run(function)


class Threads:
    """Threads that each hold a cassette of their own open, until told to close it."""

    def __init__(self, *paths: str, target=lambda function: function) -> None:
        """``target``: what is done to the function before a thread runs it."""
        self.seen: dict[str, str | None] = {}
        self._inside = {path: threading.Event() for path in paths}
        self._close = {path: threading.Event() for path in paths}
        self._threads = {path: threading.Thread(target=target(self._run), args=(path,)) for path in paths}

    def __enter__(self):
        for path, thread in self._threads.items():
            thread.start()
            self._inside[path].wait()
        return self

    def __exit__(self, *_):
        for path in self._threads:
            self.close(path)

    def close(self, path: str) -> None:
        self._close[path].set()
        self._threads[path].join()

    def _run(self, path: str) -> None:
        with opened(path):
            self._inside[path].set()
            self._close[path].wait()
            self.seen[path] = current()


class Meeting:
    """Tasks wait for one another."""

    def __init__(self, expected: int) -> None:
        self._missing = expected
        self._complete = asyncio.Event()

    async def wait(self) -> None:
        self._missing -= 1
        if not self._missing:
            self._complete.set()
        await self._complete.wait()


# -- in one context ---------------------------------------------------------------------------------------------------


def test_nothing_is_current_when_nothing_is_open():
    assert current() is None
    assert elsewhere(current) is None
    assert in_thread(current) is None


def test_a_cassette_is_current_until_it_is_left():
    with opened("one") as cassette:
        assert _active.current() is cassette
    assert current() is None


def test_the_inner_one_wins():
    with opened("outer"):
        with opened("inner"):
            assert current() == "inner"
        assert current() == "outer"


def test_the_same_cassette_may_be_opened_inside_itself():
    cassette = Cassette("one")
    outer, inner = entered(cassette), entered(cassette)
    _active.leave(inner)
    assert _active.current() is elsewhere(_active.current) is cassette
    _active.leave(outer)
    assert current() is elsewhere(current) is None


@pytest.mark.parametrize("order", list(itertools.permutations(NAMES)))
@pytest.mark.parametrize("look", [current, lambda: elsewhere(current), lambda: in_thread(current)])
def test_in_whatever_order_they_are_left_the_innermost_that_is_open_is_current(order, look):
    entries = {name: entered(Cassette(name)) for name in NAMES}
    still_open = list(NAMES)
    for name in order:
        assert look() == still_open[-1]
        _active.leave(entries[name])
        still_open.remove(name)
    assert look() is None


def test_leaving_twice_is_leaving_once():
    with opened("outer"):
        entry = entered(Cassette("inner"))
        _active.leave(entry)
        _active.leave(entry)
        assert current() == "outer"


def test_an_empty_cassette_is_a_cassette():
    # Its truth is its length, as in VCR.py.
    with opened("one") as cassette:
        assert not cassette
        assert _active.current() is cassette


def test_the_entries_of_a_context_innermost_last():
    with opened("one") as one, opened("two") as two:
        assert [entry.cassette for entry in _active.entered_here()] == [one, two]
        assert elsewhere(_active.entered_here) == ()


# -- contexts without a cassette of their own -------------------------------------------------------------------------


def test_a_thread_that_has_none_gets_what_is_open_in_the_process():
    with opened("outer"), opened("inner"):
        assert in_thread(current) == "inner"


def test_a_thread_from_before_gets_what_is_open_now():
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(current).result() is None
        with opened("one"):
            assert pool.submit(current).result() == "one"
        assert pool.submit(current).result() is None


def test_the_context_comes_before_the_process():
    with opened("one"):
        context = contextvars.copy_context()
        with opened("two"):
            assert context.run(current) == "one"
            assert elsewhere(current) == "two"


def test_what_a_context_has_that_is_closed_is_skipped():
    with opened("outer"):
        with opened("inner"):
            context = contextvars.copy_context()
        assert context.run(current) == "outer"
    assert context.run(current) is None
    with opened("another"):
        assert context.run(current) == "another"


def test_a_cassette_may_be_left_in_another_context_than_it_was_entered_in():
    entry = contextvars.copy_context().run(lambda: entered(Cassette("one")))
    assert current() == "one"
    in_thread(lambda: _active.leave(entry))
    assert current() is None


def test_a_cassette_opened_by_a_thread_that_has_ended_surrounds_what_comes_after():
    entry = in_thread(lambda: entered(Cassette("of a fixture")))
    assert current() == "of a fixture"
    with opened("of the test"):
        assert in_thread(current) == "of the test"
    _active.leave(entry)


# -- several side by side ---------------------------------------------------------------------------------------------


def test_threads_that_opened_their_own_each_get_their_own():
    with Threads("one", "two") as threads:
        pass
    assert threads.seen == {"one": "one", "two": "two"}


def test_to_guess_between_cassettes_of_different_threads_is_refused_and_both_are_named():
    with Threads("one.yaml", "two.yaml"), pytest.raises(AmbiguousCassetteError) as caught:
        current()
    message = str(caught.value)
    assert "'one.yaml' and 'two.yaml'" in message
    assert "vcr.carry(function)" in message


def test_there_is_nothing_to_guess_where_the_context_has_one():
    with Threads("one"), opened("mine"):
        assert current() == "mine"


def test_there_is_nothing_to_guess_when_only_one_is_left():
    with Threads("one", "two") as threads:
        threads.close("two")
        assert current() == "one"


def test_there_is_nothing_to_guess_between_one_and_another_inside_it():
    with opened("outer"), Threads("inner", target=vcr.carry):
        assert elsewhere(current) == "inner"


# -- tasks ------------------------------------------------------------------------------------------------------------


def test_each_task_gets_its_own():
    async def task(path, others):
        with opened(path):
            await others.wait()
            return current()

    async def main():
        everyone_is_inside = Meeting(3)
        return await asyncio.gather(*(task(name, everyone_is_inside) for name in NAMES))

    assert asyncio.run(main()) == NAMES


def test_a_task_inherits_what_was_open_where_it_was_made():
    async def main():
        with opened("one"):
            task = asyncio.create_task(asyncio.to_thread(current))
            assert current() == "one"
            return await task

    assert asyncio.run(main()) == "one"


def test_a_task_from_before_gets_what_is_open_in_the_process():
    async def worker(go):
        await go.wait()
        return current()

    async def main():
        go = asyncio.Event()
        task = asyncio.create_task(worker(go))
        await asyncio.to_thread(int)  # the task has started
        with opened("one"):
            go.set()
            return await task

    assert asyncio.run(main()) == "one"


def test_a_task_from_before_cannot_guess_between_those_of_others():
    async def holder(path, inside, go):
        with opened(path):
            await inside.wait()
            await go.wait()

    async def worker(inside):
        await inside.wait()
        return current()

    async def main():
        inside, go = Meeting(3), asyncio.Event()
        holders = [asyncio.create_task(holder(path, inside, go)) for path in ("one", "two")]
        try:
            with pytest.raises(AmbiguousCassetteError, match="'one' and 'two'"):
                await asyncio.create_task(worker(inside))
        finally:
            go.set()
            await asyncio.gather(*holders)

    asyncio.run(main())


def test_a_cassette_opened_by_a_task_that_has_ended_surrounds_what_comes_after():
    # So an async fixture runs: in a task of its own, which ends before the test begins.
    async def fixture():
        return entered(Cassette("of a fixture"))

    async def test():
        assert current() == "of a fixture"
        with opened("of the test"):
            return elsewhere(current)

    async def main():
        entry = await asyncio.create_task(fixture())
        try:
            return await asyncio.create_task(test())
        finally:
            _active.leave(entry)

    assert asyncio.run(main()) == "of the test"


def test_a_thread_and_the_task_that_it_runs_are_one_inside_the_other():
    # As setUpClass and an asynchronous test of unittest, whose context was made before either.
    async def test():
        with opened("the test"):
            return elsewhere(current), in_thread(current)

    with opened("the class"):
        assert contextvars.Context().run(asyncio.run, test()) == ("the test", "the test")


def test_tasks_of_trio_cannot_be_guessed_between_either():
    trio = pytest.importorskip("trio")

    async def holder(path, inside, go):
        with opened(path):
            inside.set()
            await go.wait()

    async def main():
        go, insides = trio.Event(), [trio.Event(), trio.Event()]
        async with trio.open_nursery() as nursery:
            for path, inside in zip(("one", "two"), insides, strict=True):
                nursery.start_soon(holder, path, inside, go)
                await inside.wait()
            with pytest.raises(AmbiguousCassetteError, match="'one' and 'two'"):
                elsewhere(current)
            go.set()
        with opened("three"):
            return elsewhere(current)

    assert trio.run(main) == "three"


def test_a_cassette_opened_by_a_task_of_trio_that_has_ended_surrounds_what_comes_after():
    trio = pytest.importorskip("trio")
    entries = []

    async def fixture():
        entries.append(entered(Cassette("of a fixture")))

    async def test():
        with opened("of the test"):
            return elsewhere(current)

    async def main():
        async with trio.open_nursery() as nursery:
            nursery.start_soon(fixture)
        try:
            return await test()
        finally:
            _active.leave(entries[0])

    assert trio.run(main) == "of the test"


# -- generators -------------------------------------------------------------------------------------------------------


def test_a_generator_that_waits_inside_a_cassette_leaves_it_current():
    def fixture():
        with opened("of a fixture"):
            yield

    generator = fixture()
    next(generator)
    assert current() == "of a fixture"
    with opened("of the test"):
        generator.close()
        assert current() == "of the test"
    assert current() is None


# -- carry ------------------------------------------------------------------------------------------------------------


def test_carry_takes_the_cassette_of_here_to_another_thread():
    with Threads("one", "two"), opened("mine"):
        assert in_thread(vcr.carry(current)) == "mine"


def test_carry_hands_on_arguments_results_and_errors():
    carried = vcr.carry(int)
    assert carried("ff", base=16) == 255
    with pytest.raises(ValueError, match="invalid literal"):
        carried("no number")


def test_a_carried_function_may_run_several_times_at_once():
    barrier = threading.Barrier(4)

    def together():
        barrier.wait()
        return current()

    with opened("one"):
        carried = vcr.carry(together)
        with ThreadPoolExecutor(4) as pool:
            assert [future.result() for future in [pool.submit(carried) for _ in range(4)]] == ["one"] * 4


def test_a_coroutine_function_can_be_carried():
    async def coroutine():
        await asyncio.sleep(0)
        return current()

    with Threads("one", "two"), opened("mine"):
        carried = vcr.carry(coroutine)
        assert in_thread(lambda: asyncio.run(carried())) == "mine"


def test_a_carried_function_may_call_itself():
    def countdown(number):
        return current() if number == 0 else carried(number - 1)

    with opened("one"):
        carried = vcr.carry(countdown)
        assert carried(3) == "one"


def test_what_a_carried_function_opens_is_not_left_open_for_the_next():
    def leave_open():
        return entered(Cassette("inner"))

    with opened("one"):
        carried = vcr.carry(leave_open)
        _active.leave(carried())
        assert [entry.cassette.path for entry in _active.entered_here()] == ["one"]


def test_a_function_carried_out_of_a_cassette_that_is_closed_has_none():
    with opened("one"):
        carried = vcr.carry(current)
    assert carried() is None


# -- outside ----------------------------------------------------------------------------------------------------------


def test_outside_nothing_is_current_whatever_is_open_around_it():
    with opened("one"):
        with _active.outside():
            assert current() is None
        assert current() == "one"


def test_what_is_opened_outside_is_current_there_until_it_is_left():
    with opened("one"), _active.outside():
        with opened("two"):
            assert current() == "two"
        assert current() is None


def test_a_cassette_may_be_left_outside():
    entry = entered(Cassette("one"))
    with _active.outside():
        _active.leave(entry)
        assert current() is None
    assert current() is None


def test_outside_may_be_left_by_an_exception():
    with opened("one"):
        with pytest.raises(ZeroDivisionError), _active.outside():
            raise ZeroDivisionError
        assert current() == "one"


def test_outside_inside_outside():
    with opened("one"), _active.outside():
        with _active.outside():
            assert current() is None
        assert current() is None


def test_a_task_born_outside_is_inside_again_when_the_outside_is_left():
    # A transport that starts its token refresher with its first request, while that is live.
    async def refresher(go):
        first = current()
        await go.wait()
        return first, current()

    async def main():
        with opened("one"):
            with _active.outside():
                go = asyncio.Event()
                task = asyncio.create_task(refresher(go))
                await asyncio.sleep(0)
            go.set()
            return await task

    assert asyncio.run(main()) == (None, "one")


# -- what is closed goes ----------------------------------------------------------------------------------------------


def test_contexts_from_inside_do_not_keep_a_cassette_alive():
    with opened("one") as cassette:
        gone = weakref.ref(cassette)
        context, carried = contextvars.copy_context(), vcr.carry(current)
    del cassette
    gc.collect()
    assert gone() is None
    assert context.run(current) is None
    assert carried() is None


def test_a_cassette_left_elsewhere_is_not_kept_alive_by_the_context_it_was_entered_in():
    entry = entered(Cassette("one"))
    gone = weakref.ref(entry.cassette)
    in_thread(lambda: _active.leave(entry))
    gc.collect()
    assert gone() is None


# -- within ------------------------------------------------------------------------------------------------------------


def test_within_a_cassette_is_current_for_nobody_else():
    with _active.within(Cassette("one")):
        assert current() == "one"
        assert in_thread(current) is None
    assert current() is None


def test_what_is_carried_from_within_has_the_cassette_until_it_is_left():
    with _active.within(Cassette("one")):
        carried = vcr.carry(current)
        assert in_thread(carried) == "one"
    assert in_thread(carried) is None


def test_within_may_be_inside_another_and_be_left_by_an_exception():
    with opened("one"):
        with _active.within(Cassette("two")):
            assert current() == "two"
        with pytest.raises(ZeroDivisionError), _active.within(Cassette("two")):
            raise ZeroDivisionError
        assert current() == "one"
