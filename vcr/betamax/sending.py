"""The request that a session is sending in this context: what the adapter, the cassette and the matchers tell each
other about it, past the engine. This file must not know any of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from requests import PreparedRequest

if TYPE_CHECKING:
    from .cassette import Interaction


class Sending:
    """One request. ``is_live``: whether the cassette sends it to the server, to record it. ``recorded``: what hooks
    have made of the exchange; None when there is no hook, or the response is not there yet."""

    def __init__(self, request: PreparedRequest) -> None:
        self.request = request
        self.is_live = False
        self.recorded: Interaction | None = None


_current: ContextVar[Sending | None] = ContextVar("betamax_sending", default=None)


def current() -> Sending | None:
    """What is being sent here; None when another client than requests sends."""
    return _current.get()


@contextmanager
def sending(request: PreparedRequest) -> Iterator[Sending]:
    """In the block this request is being sent."""
    now = Sending(request)
    token = _current.set(now)
    try:
        yield now
    finally:
        _current.reset(token)
