"""Runs code that is written once for the synchronous and the asynchronous half of urllib3-future. It must not know a
connection.

Such code is a generator, called *steps*. It yields what a function of the client returns, and gets the result back; in
the asynchronous half the yielded object is awaited first.
"""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable, Generator
from typing import Any

from ..cancellation import CANCEL_LIMIT

#: A generator as above. What it returns is the result of the door.
Steps = Generator[object, Any, object]


def is_async(original: Callable[..., object]) -> bool:
    """Whether ``original``, a function of the client, is a coroutine function."""
    return inspect.iscoroutinefunction(original)


def runner(original: Callable[..., object]) -> Callable[[Steps], object]:
    """The function that runs steps in the place of ``original``, synchronously or as a coroutine."""
    return _run_async if is_async(original) else _run


def pause(original: Callable[..., object]) -> Awaitable[None] | None:
    """Wait ``CANCEL_LIMIT`` seconds for the program to cancel a replay. The result has to be awaited if ``original`` is
    a coroutine function."""
    if is_async(original):
        return asyncio.sleep(CANCEL_LIMIT)
    time.sleep(CANCEL_LIMIT)
    return None


async def nothing() -> None:
    """Do nothing: the result of an asynchronous function that has nothing to wait for."""


def _run(steps: Steps) -> object:
    try:
        value = next(steps)
        while True:
            value = steps.send(value)
    except StopIteration as end:
        return end.value


async def _run_async(steps: Steps) -> object:
    try:
        step = next(steps)
        while True:
            try:
                value = await step if inspect.isawaitable(step) else step
            except BaseException as error:  # noqa: BLE001  (it is raised in the generator)
                step = steps.throw(error)
            else:
                step = steps.send(value)
    except StopIteration as end:
        return end.value
