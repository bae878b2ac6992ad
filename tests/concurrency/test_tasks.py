"""Tasks: each task's own cassette is its own; tasks and executors inside a cassette share it."""

from __future__ import annotations

import asyncio
import contextvars
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest

import vcr
from vcr.errors import AmbiguousCassetteError


def get(url: str) -> bytes:
    with urllib.request.urlopen(url) as response:
        return response.read()


def test_concurrent_tasks_with_their_own_cassettes_record_only_their_own(server, tmp_path):
    async def record(name: str, mine_is_open: asyncio.Event, other_is_open: asyncio.Event) -> list[str]:
        async with vcr.use_cassette(str(tmp_path / name)) as cassette:
            mine_is_open.set()
            await other_is_open.wait()
            for number in range(10):
                await asyncio.to_thread(get, f"{server.url}/echo/{name}/{number}")
            return [request.path for request in cassette.requests]

    async def main() -> list[list[str]]:
        a, b = asyncio.Event(), asyncio.Event()
        return await asyncio.gather(record("a", a, b), record("b", b, a))

    first, second = asyncio.run(main())
    assert first == [f"/echo/a/{number}" for number in range(10)]
    assert second == [f"/echo/b/{number}" for number in range(10)]


def test_tasks_inside_one_cassette_share_it(server, cassette_path):
    async def main() -> None:
        urls = [f"{server.url}/echo/{number}" for number in range(30)]
        await asyncio.gather(*(asyncio.to_thread(get, url) for url in urls))

    with vcr.use_cassette(cassette_path) as cassette:
        asyncio.run(main())
        assert len(cassette) == 30
    with vcr.use_cassette(cassette_path, record_mode="none") as cassette:
        asyncio.run(main())
        assert cassette.all_played
    assert server.hits == 30


def test_run_in_executor_does_not_carry_the_context_and_is_not_guessed_for(server, tmp_path):
    async def hold(opened: asyncio.Event, done: asyncio.Event) -> None:
        async with vcr.use_cassette(str(tmp_path / "theirs")):
            opened.set()
            await done.wait()

    async def main() -> None:
        opened, done = asyncio.Event(), asyncio.Event()
        other = asyncio.create_task(hold(opened, done))
        await opened.wait()
        with ThreadPoolExecutor(1) as pool:
            loop = asyncio.get_running_loop()
            async with vcr.use_cassette(str(tmp_path / "ours")) as ours:
                with pytest.raises(AmbiguousCassetteError):
                    await loop.run_in_executor(pool, get, f"{server.url}/text")
                await loop.run_in_executor(pool, vcr.carry(get), f"{server.url}/text")
                assert len(ours) == 1
        done.set()
        await other

    asyncio.run(main())


def test_a_fixture_entered_and_left_in_other_contexts_serves_the_test(server, cassette_path):
    """As pytest-asyncio runs the two halves of an async fixture."""
    opening = vcr.use_cassette(cassette_path)
    cassette = contextvars.copy_context().run(opening.__enter__)
    get(f"{server.url}/text")
    assert len(cassette) == 1
    contextvars.copy_context().run(opening.__exit__, None, None, None)
    get(f"{server.url}/text")
    assert len(cassette) == 1


def test_a_cassette_opened_in_a_task_surrounds_what_comes_after_that_task(server, tmp_path):
    """An async fixture's task ends before the test that it serves: no guess is needed between the two."""
    outer = vcr.use_cassette(str(tmp_path / "outer"))

    async def set_up() -> None:
        await outer.__aenter__()

    async def test() -> int:
        async with vcr.use_cassette(str(tmp_path / "inner")) as inner:
            with ThreadPoolExecutor(1) as pool:
                await asyncio.get_running_loop().run_in_executor(pool, get, f"{server.url}/text")
            return len(inner)

    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(set_up())
        assert loop.run_until_complete(test()) == 1
    finally:
        loop.close()
        outer.__exit__(None, None, None)
