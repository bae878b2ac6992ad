"""Code that is the same in urllib3-future's sync and async half, written once. It must not know a connection.

It is a generator that yields what the client's code returns, which may have to be awaited, and is given the result.
"""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable, Generator
from typing import Any

from ..cancellation import CANCEL_LIMIT

#: It is given what each of the client's own functions returns.
Steps = Generator[object, Any, object]


def is_async(original: Callable[..., object]) -> bool:
    """Whether a function of the client is a coroutine function."""
    return inspect.iscoroutinefunction(original)


def runner(original: Callable[..., object]) -> Callable[[Steps], object]:
    """What runs steps in the way that ``original``, a function of the client, is run."""
    return _run_async if is_async(original) else _run


def pause(original: Callable[..., object]) -> Awaitable[None] | None:
    """Wait as long as a replay waits to be cancelled; what is returned has to be awaited if ``original`` is async."""
    if is_async(original):
        return asyncio.sleep(CANCEL_LIMIT)
    time.sleep(CANCEL_LIMIT)
    return None


async def nothing() -> None:
    """What is awaited where there is nothing to wait for."""


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
            except BaseException as error:  # noqa: BLE001  (it is raised where the step was taken)
                step = steps.throw(error)
            else:
                step = steps.send(value)
    except StopIteration as end:
        return end.value
