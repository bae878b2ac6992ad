"""The request that a session is sending in this context. The adapter, the cassette and the matchers use it to tell each
other what the engine does not pass on. This module must not know any of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from requests import PreparedRequest

from ..request import Request

if TYPE_CHECKING:
    from .cassette import Interaction


class Sending:
    """A request that is being sent. ``asked``: the engine's request for it. ``is_live``: whether it goes to the server,
    to be recorded. ``recorded``: the interaction as the hooks have left it; None without hooks, or before the response
    has come."""

    def __init__(self, request: PreparedRequest) -> None:
        self.request = request
        self.asked: Request | None = None
        self.is_live = False
        self.recorded: Interaction | None = None

    def as_compared(self, compared: Request) -> PreparedRequest:
        """The request of requests that a matcher of the user's is given for ``compared``: what the sanitizer has masked
        in ``asked``, to compare it with a recorded request, is masked in the same way."""
        asked = self.asked
        if asked is None or compared is asked:
            return self.request
        masked = self.request.copy()
        if compared.uri != asked.uri:
            masked.url = compared.uri
        if compared.body != asked.body:
            body = compared.body
            is_text = isinstance(self.request.body, str) and isinstance(body, bytes)
            masked.body = body.decode("utf-8", "replace") if is_text else body
        for name, value in compared.headers.items():
            if name in masked.headers and value != asked.headers.get(name):
                masked.headers[name] = value
        return masked


_current: ContextVar[Sending | None] = ContextVar("betamax_sending", default=None)


def current() -> Sending | None:
    """The request that requests is sending in this context; None if another client is sending."""
    return _current.get()


@contextmanager
def sending(request: PreparedRequest) -> Iterator[Sending]:
    """Make ``request`` the current one in the block."""
    now = Sending(request)
    token = _current.set(now)
    try:
        yield now
    finally:
        _current.reset(token)
