"""use_cassette: with, async with, and decorator of every kind of function. It opens and closes, whatever happens."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import http.client
import inspect
import os
import threading
import unittest
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml

import vcr
from vcr import _active, patch
from vcr.cassette import Cassette
from vcr.errors import CannotOverwriteExistingCassetteException, CassetteLoadError
from vcr.request import Request
from vcr.response import Response

GOLDEN = Path(__file__).parent / "cassettes"


def fetch(url: str) -> str:
    """What a program does."""
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url) as response:
        return response.read().decode()


def bodies_in(path) -> list[str]:
    """What is on disk."""
    interactions = yaml.safe_load(Path(path).read_text(encoding="utf-8"))["interactions"]
    return [interaction["response"]["body"]["string"] for interaction in interactions]


def current() -> str | None:
    """The path of the cassette that is current here."""
    cassette = _active.current()
    return None if cassette is None else cassette.path


def nothing_is_installed() -> bool:
    return not patch._holders and _active.current() is None


@pytest.fixture
def counter(server) -> str:
    """A URL that answers with the number of the hit."""
    return f"{server.url}/counter"


# -- with -------------------------------------------------------------------------------------------------------------


def test_the_first_run_records_and_the_second_replays(server, counter, cassette_path):
    with vcr.use_cassette(cassette_path) as cassette:
        assert fetch(counter) == "1"
    assert (len(cassette), cassette.play_count) == (1, 0)
    with vcr.use_cassette(cassette_path) as cassette:
        assert fetch(counter) == "1"
    assert (len(cassette), cassette.play_count) == (1, 1)
    assert server.hits == 1


def test_outside_the_block_requests_are_real_again(server, counter, cassette_path):
    with vcr.use_cassette(cassette_path):
        fetch(counter)
    assert fetch(counter) == "2"
    assert bodies_in(cassette_path) == ["1"]


def test_the_block_gets_the_cassette(cassette_path):
    with vcr.use_cassette(cassette_path) as cassette:
        assert isinstance(cassette, vcr.Cassette)
        assert _active.current() is cassette
        assert cassette.path == cassette_path
    assert nothing_is_installed()


def test_without_a_request_there_is_no_file(tmp_path, cassette_path):
    with vcr.use_cassette(cassette_path):
        pass
    assert os.listdir(tmp_path) == []


def test_a_replay_that_changes_nothing_does_not_write_the_file(counter, cassette_path):
    with vcr.use_cassette(cassette_path):
        fetch(counter)
    path = Path(cassette_path)
    path.write_text(path.read_text(encoding="utf-8") + "# a remark\n", encoding="utf-8")
    before = path.stat()
    for mode in ("none", "once", "new_episodes"):
        with vcr.use_cassette(cassette_path, record_mode=mode):
            assert fetch(counter) == "1"
    after = path.stat()
    assert "# a remark" in path.read_text(encoding="utf-8")
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_recording_again_what_has_not_changed_gives_the_same_file(server, cassette_path):
    texts = []
    for _ in range(2):
        with vcr.use_cassette(cassette_path, record_mode="all"):
            fetch(f"{server.url}/text")
        texts.append(Path(cassette_path).read_bytes())
    assert texts[0] == texts[1]


@pytest.mark.parametrize("name", ["vcrpy_1.yaml", "vcrpy_1.json"])
def test_a_cassette_of_vcrpy_is_replayed(name):
    serializer = name.rpartition(".")[2]
    before = (GOLDEN / name).read_bytes()
    with vcr.use_cassette(GOLDEN / name, serializer=serializer, record_mode="none") as cassette:
        assert fetch("http://api.example/text?a=1&b=") == "line one\nline two: é日\n"
        with pytest.raises(CannotOverwriteExistingCassetteException):
            fetch("http://api.example/unheard-of")
    assert cassette.play_count == 1
    assert (GOLDEN / name).read_bytes() == before


def fetch_and_raise(context, url: str, error: BaseException | type[BaseException]) -> None:
    """A block that is left by an exception, after a request."""
    with context:
        fetch(url)
        raise error


# -- the end, whatever happens ----------------------------------------------------------------------------------------


def test_what_a_program_enters_by_hand_and_forgets_stays_open(server, counter, cassette_path):
    cassette = vcr.use_cassette(cassette_path).__enter__()  # as with VCR.py: for the rest of the process
    gc.collect()
    assert fetch(counter) == "1"
    assert len(cassette) == 1
    entry = _active.entered_here()[-1]
    (opening,) = patch._holders.values()
    _active.leave(entry)
    patch.uninstall(opening)
    assert nothing_is_installed()


def test_what_was_recorded_before_an_exception_is_saved(counter, cassette_path):
    with pytest.raises(ZeroDivisionError):
        fetch_and_raise(vcr.use_cassette(cassette_path), counter, ZeroDivisionError)
    assert bodies_in(cassette_path) == ["1"]
    assert nothing_is_installed()


def test_unless_that_is_not_wanted(counter, tmp_path, cassette_path):
    with pytest.raises(ZeroDivisionError):
        fetch_and_raise(vcr.use_cassette(cassette_path, record_on_exception=False), counter, ZeroDivisionError)
    assert os.listdir(tmp_path) == []
    with vcr.use_cassette(cassette_path, record_on_exception=False):
        fetch(counter)
    assert bodies_in(cassette_path) == ["2"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_leaving_by_an_interrupt_is_leaving(error, counter, cassette_path):
    with pytest.raises(error):
        fetch_and_raise(vcr.use_cassette(cassette_path), counter, error)
    assert bodies_in(cassette_path) == ["1"]
    assert nothing_is_installed()


class CannotSave:
    """A user's serializer that fails."""

    @staticmethod
    def serialize(cassette_dict):
        raise ZeroDivisionError("cannot save")

    @staticmethod
    def deserialize(cassette_string):
        raise ZeroDivisionError("cannot load")


def test_an_exception_while_saving_leaves_nothing_installed(server, counter, tmp_path, cassette_path):
    with pytest.raises(ZeroDivisionError, match="cannot save"), vcr.use_cassette(cassette_path, serializer=CannotSave):
        fetch(counter)
    assert nothing_is_installed()
    assert os.listdir(tmp_path) == []
    assert fetch(counter) == "2"


def test_an_exception_while_saving_does_not_hide_that_of_the_block(counter, cassette_path):
    context = vcr.use_cassette(cassette_path, serializer=CannotSave)
    with pytest.raises(ZeroDivisionError, match="cannot save") as caught:
        fetch_and_raise(context, counter, LookupError("in the block"))
    assert repr(caught.value.__context__) == "LookupError('in the block')"


def test_an_exception_while_loading_leaves_nothing_installed(cassette_path):
    Path(cassette_path).write_text("{", encoding="utf-8")
    with pytest.raises(CassetteLoadError), vcr.use_cassette(cassette_path):
        pytest.fail("the block must not run")
    assert nothing_is_installed()


@pytest.mark.parametrize(
    "options",
    [
        {"match_on": ["unheard of"]},
        {"custom_patches": [(object(), "name", "stub")]},
        {"custom_patches": [("only", "two")]},
        {"path_transformer": lambda path: 1 / 0},
    ],
)
def test_an_exception_while_opening_leaves_nothing_installed(options, cassette_path):
    with (
        pytest.raises((KeyError, TypeError, ValueError, ZeroDivisionError)),
        vcr.use_cassette(cassette_path, **options),
    ):
        pytest.fail("the block must not run")
    assert nothing_is_installed()
    assert http.client.HTTPConnection.__init__.__code__.co_filename == http.client.__file__


def test_a_custom_patch_that_cannot_be_applied_leaves_none_of_the_others(cassette_path):
    class Client:
        Connection = "real"

    patches = [(Client, "Connection", "stub"), (object(), "name", "stub")]
    with pytest.raises((TypeError, AttributeError)), vcr.use_cassette(cassette_path, custom_patches=patches):
        pytest.fail("the block must not run")
    assert Client.Connection == "real"


def test_requests_during_saving_are_none_of_the_cassettes_business(server, counter, cassette_path):
    class Uploads:
        """A user's persister that makes a request itself."""

        @staticmethod
        def load_cassette(cassette_path, serializer):
            fetch(counter)
            raise vcr.persisters.filesystem.CassetteNotFoundError

        @staticmethod
        def save_cassette(cassette_path, cassette_dict, serializer):
            saved.append([request.path for request in cassette_dict["requests"]])
            fetch(counter)

    saved: list[list[str]] = []
    with vcr.use_cassette(cassette_path, persister=Uploads):
        fetch(f"{server.url}/text")
    assert saved == [["/text"]]
    assert server.hits == 3


# -- nested, and the same one again -----------------------------------------------------------------------------------


def test_of_nested_cassettes_the_inner_one_records(counter, tmp_path):
    with vcr.use_cassette(tmp_path / "outer"):
        fetch(counter)
        with vcr.use_cassette(tmp_path / "inner"):
            fetch(counter)
        fetch(counter)
    assert bodies_in(tmp_path / "outer") == ["1", "3"]
    assert bodies_in(tmp_path / "inner") == ["2"]


def test_a_context_can_be_used_again(server, counter, cassette_path):
    context = vcr.use_cassette(cassette_path)
    with context as first:
        fetch(counter)
    with context as second:
        fetch(counter)
    assert server.hits == 1
    assert first is not second


def test_a_context_can_be_used_inside_itself(counter, cassette_path):
    context = vcr.use_cassette(cassette_path, record_mode="new_episodes")
    with context as outer:
        with context as inner:
            assert _active.current() is inner
        assert _active.current() is outer
    assert nothing_is_installed()


def test_a_context_can_be_used_by_two_threads_at_once(cassette_path):
    context, inside, leave = vcr.use_cassette(cassette_path), threading.Event(), threading.Event()

    def use():
        with context as cassette:
            inside.set()
            leave.wait()
            return _active.current() is cassette

    with ThreadPoolExecutor(1) as pool:
        with context as mine:
            other = pool.submit(use)
            inside.wait()
            assert _active.current() is mine
        # What has been left is the one of this thread, though the other was opened later.
        assert _active.entered_here() == ()
        leave.set()
        assert other.result()
    assert nothing_is_installed()


def test_a_context_can_be_used_by_two_tasks_at_once(cassette_path):
    context = vcr.use_cassette(cassette_path)

    async def first(inside, other_inside, left):
        async with context as cassette:
            inside.set()
            await other_inside.wait()
            mine = _active.current() is cassette
        left.set()
        return mine

    async def second(inside, other_inside, left):
        await inside.wait()
        async with context as cassette:
            other_inside.set()
            await left.wait()
            return _active.current() is cassette

    async def main():
        events = [asyncio.Event() for _ in range(3)]
        return await asyncio.gather(first(*events), second(*events))

    assert asyncio.run(main()) == [True, True]
    assert nothing_is_installed()


def test_a_context_may_be_left_in_another_context_than_it_was_entered_in(cassette_path):
    # So fixtures do.
    context = vcr.use_cassette(cassette_path)
    contextvars.copy_context().run(context.__enter__)
    assert current() == cassette_path
    contextvars.copy_context().run(context.__exit__, None, None, None)
    assert nothing_is_installed()


@pytest.mark.parametrize("first_to_leave", [0, 1])
def test_two_cassettes_over_one_file_both_keep_what_they_recorded(first_to_leave, server, cassette_path):
    contexts = [vcr.use_cassette(cassette_path, record_mode="new_episodes") for _ in range(2)]
    for number, context in enumerate(contexts):
        context.__enter__().append(Request("GET", f"{server.url}/{number}"), Response.of(200, "OK", {}, b"").data)
    for context in (contexts[first_to_leave], contexts[1 - first_to_leave]):
        context.__exit__(None, None, None)
    with vcr.use_cassette(cassette_path, record_mode="none") as cassette:
        assert sorted(request.path for request in cassette.requests) == ["/0", "/1"]


# -- async with -------------------------------------------------------------------------------------------------------


def test_async_with_is_with(counter, cassette_path):
    async def main():
        async with vcr.use_cassette(cassette_path) as cassette:
            assert _active.current() is cassette
            return fetch(counter)

    assert asyncio.run(main()) == asyncio.run(main()) == "1"
    assert nothing_is_installed()


def test_async_with_saves_what_was_recorded_before_an_exception(counter, cassette_path):
    async def main():
        async with vcr.use_cassette(cassette_path):
            fetch(counter)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        asyncio.run(main())
    assert bodies_in(cassette_path) == ["1"]
    assert nothing_is_installed()


# -- decorator: functions ---------------------------------------------------------------------------------------------


def test_each_call_of_a_function_opens_the_cassette_anew(server, counter, cassette_path):
    @vcr.use_cassette(cassette_path)
    def function():
        assert current() == cassette_path
        return fetch(counter)

    assert nothing_is_installed()
    assert [function(), function()] == ["1", "1"]
    assert server.hits == 1
    assert nothing_is_installed()


def test_a_function_keeps_arguments_results_and_exceptions(cassette_path):
    @vcr.use_cassette(cassette_path)
    def divide(one, *, by):
        return one / by

    assert divide(6, by=3) == 2
    with pytest.raises(ZeroDivisionError):
        divide(1, by=0)
    assert nothing_is_installed()


def test_a_function_may_call_itself(cassette_path):
    @vcr.use_cassette(cassette_path)
    def countdown(number):
        assert current() == cassette_path
        return number and countdown(number - 1)

    assert countdown(5) == 0
    assert nothing_is_installed()


def test_a_function_may_run_in_several_threads_at_once(cassette_path):
    barrier = threading.Barrier(3)

    @vcr.use_cassette(cassette_path, inject_cassette=True)
    def function(cassette):
        barrier.wait()
        mine = _active.current() is cassette
        barrier.wait()
        return mine

    with ThreadPoolExecutor(3) as pool:
        assert [future.result() for future in [pool.submit(function) for _ in range(3)]] == [True] * 3
    assert nothing_is_installed()


def test_decorators_can_be_stacked_the_inner_one_wins(tmp_path):
    @vcr.use_cassette(tmp_path / "outer")
    @vcr.use_cassette(tmp_path / "inner")
    def function():
        return [entry.cassette.path for entry in _active.entered_here()]

    assert function() == [str(tmp_path / "outer"), str(tmp_path / "inner")]


def test_a_decorator_needs_no_call():
    my_vcr = vcr.VCR(inject_cassette=True, cassette_library_dir="library")

    @my_vcr.use_cassette
    def function(cassette):
        return cassette.path

    assert function() == os.path.join("library", "function")


def example(one: int, *rest: str, key: bool = False) -> str:
    """What it does."""


async def example_coroutine(one: int) -> str:
    """What it does."""


def example_generator(one: int):
    """What it does."""
    yield one


async def example_async_generator(one: int):
    """What it does."""
    yield one


@pytest.mark.parametrize("function", [example, example_coroutine, example_generator, example_async_generator])
def test_a_decorated_function_looks_like_itself(function, cassette_path):
    decorated = vcr.use_cassette(cassette_path)(function)
    assert inspect.signature(decorated) == inspect.signature(function)
    assert (decorated.__name__, decorated.__qualname__, decorated.__doc__) == (
        *(function.__name__, function.__qualname__, "What it does."),
    )
    assert decorated.__wrapped__ is function
    for question in (
        inspect.isfunction,
        inspect.iscoroutinefunction,
        inspect.isgeneratorfunction,
        inspect.isasyncgenfunction,
        asyncio.iscoroutinefunction,
    ):
        assert question(decorated) is question(function)


# -- decorator: methods -----------------------------------------------------------------------------------------------


def test_methods_of_every_kind_can_be_decorated(cassette_path):
    use = vcr.use_cassette(cassette_path)

    class Thing:
        @use
        def method(self, x):
            return type(self).__name__, x, current()

        @use
        @classmethod
        def classmethod_inside(cls, x):
            return cls.__name__, x, current()

        @classmethod
        @use
        def classmethod_outside(cls, x):
            return cls.__name__, x, current()

        @use
        @staticmethod
        def staticmethod_inside(x):
            return "Thing", x, current()

        @staticmethod
        @use
        def staticmethod_outside(x):
            return "Thing", x, current()

        @property
        @use
        def a_property(self):
            return "Thing", 1, current()

    thing = Thing()
    expected = ("Thing", 1, cassette_path)
    assert thing.method(1) == Thing.method(thing, 1) == expected
    for name in ("classmethod_inside", "classmethod_outside", "staticmethod_inside", "staticmethod_outside"):
        assert getattr(thing, name)(1) == getattr(Thing, name)(1) == expected
    assert thing.a_property == expected


def test_the_cassette_is_injected_before_the_arguments_and_after_self(cassette_path):
    use = vcr.use_cassette(cassette_path, inject_cassette=True)

    class Thing:
        @use
        def method(self, cassette, x):
            return self, cassette, x

        @use
        @classmethod
        def a_classmethod(cls, cassette, x):
            return cls, cassette, x

        @use
        @staticmethod
        def a_staticmethod(cassette, x):
            return Thing, cassette, x

    @use
    def function(cassette, x, *, key=None):
        return key, cassette, x

    thing = Thing()
    for owner, (first, cassette, x) in {
        thing: thing.method("x"),
        Thing: Thing.a_classmethod("x"),
        id: Thing.a_staticmethod("x"),
        "key": function("x", key="key"),
    }.items():
        assert first is (Thing if owner is id else owner)
        assert isinstance(cassette, Cassette)
        assert x == "x"


@pytest.mark.parametrize("binder", [staticmethod, classmethod])
@pytest.mark.parametrize("bare", [True, False], ids=["bare", "called"])
def test_coroutines_and_generators_of_a_class_are_what_they_are(binder, bare):
    my_vcr = vcr.VCR(cassette_library_dir="library")
    use = my_vcr.use_cassette if bare else my_vcr.use_cassette()

    class Thing:
        @use
        @binder
        async def coroutine(*_):
            await asyncio.sleep(0)
            return current()

        @use
        @binder
        def generator(*_):
            yield current()

        @use
        @binder
        async def async_generator(*_):
            await asyncio.sleep(0)
            yield current()

    async def main():
        return await Thing.coroutine(), [path async for path in Thing.async_generator()]

    assert list(Thing.generator()) == [os.path.join("library", "generator")]
    assert asyncio.run(main()) == (
        os.path.join("library", "coroutine"),
        [os.path.join("library", "async_generator")],
    )


def test_a_callable_object_can_be_decorated(cassette_path):
    class Callable:
        def __call__(self, x):
            return x, current()

    assert vcr.use_cassette(cassette_path)(Callable())("x") == ("x", cassette_path)


def test_a_callable_object_whose_call_is_a_coroutine_can_be_decorated(cassette_path):
    class Callable:
        async def __call__(self):
            await asyncio.sleep(0)
            return current()

    assert asyncio.run(vcr.use_cassette(cassette_path)(Callable())()) == cassette_path


# -- decorator: coroutines --------------------------------------------------------------------------------------------


def test_a_coroutine_runs_inside_its_cassette(server, counter, cassette_path):
    @vcr.use_cassette(cassette_path, inject_cassette=True)
    async def function(cassette, x):
        await asyncio.sleep(0)
        assert _active.current() is cassette
        return x, fetch(counter)

    assert asyncio.run(function("x")) == asyncio.run(function("x")) == ("x", "1")
    assert server.hits == 1
    assert nothing_is_installed()


def test_a_coroutine_that_is_never_awaited_opens_nothing(cassette_path):
    @vcr.use_cassette(cassette_path)
    async def function():
        pytest.fail("must not run")

    coroutine = function()
    assert nothing_is_installed()
    coroutine.close()
    assert nothing_is_installed()


def test_a_coroutine_that_is_cancelled_closes_its_cassette(counter, cassette_path):
    @vcr.use_cassette(cassette_path)
    async def function(started):
        fetch(counter)
        started.set()
        await asyncio.Event().wait()

    async def main():
        started = asyncio.Event()
        task = asyncio.create_task(function(started))
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return nothing_is_installed()

    assert asyncio.run(main())
    assert bodies_in(cassette_path) == ["1"]


def test_coroutines_may_run_side_by_side(tmp_path):
    def named(name):
        @vcr.use_cassette(tmp_path / name)
        async def function(inside, others):
            inside.set()
            await others.wait()
            return current()

        return function

    async def main():
        one, other = asyncio.Event(), asyncio.Event()
        return await asyncio.gather(named("one")(one, other), named("other")(other, one))

    assert asyncio.run(main()) == [str(tmp_path / "one"), str(tmp_path / "other")]


# -- decorator: generators --------------------------------------------------------------------------------------------


def test_a_generator_keeps_its_cassette_open_between_its_values(cassette_path):
    @vcr.use_cassette(cassette_path)
    def fixture():
        yield current()
        yield current()

    generator = fixture()
    assert nothing_is_installed()
    assert next(generator) == cassette_path
    assert current() == cassette_path
    assert next(generator) == cassette_path
    assert next(generator, "over") == "over"
    assert nothing_is_installed()


def test_a_generator_is_sent_values_and_returns_one(cassette_path):
    @vcr.use_cassette(cassette_path)
    def conversation(first):
        second = yield first
        third = yield second
        return third

    generator = conversation("one")
    assert next(generator) == "one"
    assert generator.send("two") == "two"
    with pytest.raises(StopIteration) as over:
        generator.send("three")
    assert over.value.value == "three"
    assert nothing_is_installed()


def test_a_generator_may_handle_what_is_thrown_into_it(cassette_path):
    @vcr.use_cassette(cassette_path)
    def patient():
        try:
            yield "working"
        except ZeroDivisionError:
            yield "handled"

    generator = patient()
    assert next(generator) == "working"
    assert generator.throw(ZeroDivisionError()) == "handled"
    with pytest.raises(LookupError):
        generator.throw(LookupError())
    assert nothing_is_installed()


def test_a_generator_that_is_closed_early_closes_its_cassette(counter, cassette_path):
    cleaned_up = []

    @vcr.use_cassette(cassette_path)
    def fixture():
        try:
            yield fetch(counter)
        finally:
            cleaned_up.append(current())

    generator = fixture()
    assert next(generator) == "1"
    generator.close()
    assert cleaned_up == [cassette_path]
    assert bodies_in(cassette_path) == ["1"]
    assert nothing_is_installed()


def test_the_cassette_is_injected_into_a_generator(cassette_path):
    @vcr.use_cassette(cassette_path, inject_cassette=True)
    def fixture(cassette, x):
        yield cassette.path, x

    assert list(fixture("x")) == [(cassette_path, "x")]


# -- decorator: async generators --------------------------------------------------------------------------------------


def test_an_async_generator_keeps_its_cassette_open_between_its_values(counter, cassette_path):
    @vcr.use_cassette(cassette_path, inject_cassette=True)
    async def fixture(cassette, x):
        yield x, fetch(counter)
        await asyncio.sleep(0)
        yield x, cassette.path

    async def main():
        generator = fixture("x")
        assert nothing_is_installed()
        assert await anext(generator) == ("x", "1")
        assert _active._in_process
        assert await anext(generator) == ("x", cassette_path)
        assert await anext(generator, "over") == "over"
        assert nothing_is_installed()

    asyncio.run(main())
    assert bodies_in(cassette_path) == ["1"]


def test_an_async_generator_is_sent_values(cassette_path):
    @vcr.use_cassette(cassette_path)
    async def conversation():
        heard = yield "first"
        yield heard

    async def main():
        generator = conversation()
        assert await generator.asend(None) == "first"
        assert await generator.asend("second") == "second"
        with pytest.raises(StopAsyncIteration):
            await generator.asend("third")

    asyncio.run(main())
    assert nothing_is_installed()


def test_an_async_generator_may_handle_what_is_thrown_into_it(cassette_path):
    @vcr.use_cassette(cassette_path)
    async def patient():
        try:
            yield "working"
        except ZeroDivisionError:
            yield "handled"

    async def main():
        generator = patient()
        assert await anext(generator) == "working"
        assert await generator.athrow(ZeroDivisionError()) == "handled"
        with pytest.raises(LookupError):
            await generator.athrow(LookupError())

    asyncio.run(main())
    assert nothing_is_installed()


def test_an_async_generator_that_is_closed_early_closes_its_cassette(counter, cassette_path):
    cleaned_up = []

    @vcr.use_cassette(cassette_path)
    async def fixture():
        try:
            yield fetch(counter)
        finally:
            cleaned_up.append(current())

    async def main():
        generator = fixture()
        await anext(generator)
        await generator.aclose()
        assert nothing_is_installed()

    asyncio.run(main())
    assert cleaned_up == [cassette_path]
    assert bodies_in(cassette_path) == ["1"]


def test_an_async_generator_that_refuses_to_close_is_the_error_it_always_is(cassette_path):
    @vcr.use_cassette(cassette_path)
    async def stubborn():
        try:
            yield 1
        except GeneratorExit:
            yield 2

    async def main():
        generator = stubborn()
        await anext(generator)
        with pytest.raises(RuntimeError, match="ignored GeneratorExit"):
            await generator.aclose()

    asyncio.run(main())
    assert nothing_is_installed()


# -- decorator: classes -----------------------------------------------------------------------------------------------


def test_a_class_is_decorated_as_if_each_of_its_tests_were():
    my_vcr = vcr.VCR(cassette_library_dir="library")

    @my_vcr.use_cassette
    class Tests:
        test_data = "not a function"

        def test_one(self):
            return current()

        async def test_two(self):
            await asyncio.sleep(0)
            return current()

        def helper(self):
            return current()

    assert Tests.__name__ == "Tests"
    assert Tests().test_one() == os.path.join("library", "test_one")
    assert asyncio.run(Tests().test_two()) == os.path.join("library", "test_two")
    assert Tests().helper() is None
    assert Tests.test_data == "not a function"


def test_the_tests_of_a_class_may_share_one_cassette(cassette_path):
    @vcr.use_cassette(cassette_path)
    class Tests:
        def test_one(self):
            return current()

        def test_two(self):
            return current()

    assert Tests().test_one() == Tests().test_two() == cassette_path


def test_a_decorated_test_case_runs(counter, cassette_path):
    @vcr.use_cassette(cassette_path)
    class Case(unittest.TestCase):
        def setUp(self):
            self.before = current()

        def test_it(self):
            assert self.before is None
            assert fetch(counter) == "1"

    result = unittest.TestResult()
    Case("test_it").run(result)
    assert (result.testsRun, result.failures, result.errors) == (1, [], [])
    assert bodies_in(cassette_path) == ["1"]


# -- by hand ----------------------------------------------------------------------------------------------------------


def test_what_is_appended_by_hand_is_answered_and_saved(server, cassette_path):
    response = Response.of(200, "OK", {"Content-Length": "7"}, b"by hand").data
    with vcr.use_cassette(cassette_path) as cassette:
        cassette.append(Request("GET", f"{server.url}/text"), response)
        cassette.rewind()
        assert fetch(f"{server.url}/text") == "by hand"
    assert bodies_in(cassette_path) == ["by hand"]
    assert server.hits == 0
