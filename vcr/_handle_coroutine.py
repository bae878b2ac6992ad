"""VCR.py's name for running a coroutine inside a cassette. Nothing in the package needs it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from typing import Any


async def handle_coroutine(vcr: AbstractContextManager[Any], fn: Callable[[Any], Awaitable[Any]]) -> Any:
    """What ``await fn(cassette)`` returns, inside the cassette that ``vcr`` opens."""
    with vcr as cassette:
        return await fn(cassette)
