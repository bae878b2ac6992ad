"""VCR.py's name for running a coroutine inside a cassette. Nothing in the package needs it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from typing import TypeVar

Opened = TypeVar("Opened")
Returned = TypeVar("Returned")


async def handle_coroutine(
    vcr: AbstractContextManager[Opened], fn: Callable[[Opened], Awaitable[Returned]]
) -> Returned:
    """What ``await fn(cassette)`` returns, inside the cassette that ``vcr`` opens."""
    with vcr as cassette:
        return await fn(cassette)
