"""A request with its response, as a cassette holds them. It must not know when an interaction is played, or whether."""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import TYPE_CHECKING

from ..errors import CassetteLoadError
from ..request import Request
from ..response import Response, ResponseDict

if TYPE_CHECKING:
    from ..sanitize.notes import Masked

_forks = 0


def forks() -> int:
    """How many forks, by this process and its ancestors, there have been since this module was imported."""
    return _forks


def _count_fork() -> None:
    global _forks
    _forks += 1


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_count_fork)


class Interaction:
    """A request with its response. ``response`` is None while the request is under way."""

    __slots__ = ("is_aside", "is_from_file", "masked", "plays", "replay", "request", "response")

    def __init__(self, request: Request, response: Response | None = None) -> None:
        #: Whether the interaction was in the file when the cassette was loaded: then its secrets stay as they are. This
        #: is set only where secrets are looked for.
        self.is_from_file = False
        #: Whether a hook has dropped this interaction of the file, which has placeholders: the hook may have looked for
        #: the secrets. It stays in the file, and is played when a request comes that the hooks let pass.
        self.is_aside = False
        #: What the sanitizer masked when the interaction was written.
        self.masked: Sequence[Masked] = ()
        #: The filtered request for which the interaction was last played, and the response that the client got: they
        #: may hold secrets in the place of which the file has placeholders.
        self.replay: tuple[Request, Response] | None = None
        self.request = request
        self.response = response
        self.plays = 0

    @property
    def original(self) -> Interaction:
        """The interaction that the cassette holds: this one, or the one that this one stands for in a comparison."""
        return self

    @property
    def target(self) -> tuple[str, str]:
        """Method and URI."""
        return self.request.method, self.request.uri

    @property
    def head(self) -> Request:
        """A request with the method and the URI of this one; nothing else of the interaction is read for that."""
        return Request(*self.target)

    @property
    def finished(self) -> bool:
        """Whether there is a response."""
        return self.response is not None

    def pair(self) -> tuple[Request, Response]:
        """The request and the response of a finished interaction. The caller may change both."""
        assert self.response is not None
        return self.request, self.response

    @property
    def is_as_stored(self) -> bool:
        """Whether the file holds this interaction exactly as it is here."""
        return False

    def value(self) -> Hashable:
        """A value that is equal for interactions with the same content, whenever they were recorded."""
        return value_of(self.request, None if self.response is None else self.response.data)


def value_of(request: Request, response: ResponseDict | None) -> Hashable:
    """A value that is equal for pairs with the same content."""
    return repr((request.method, request.uri, request.headers.pairs(), request.body, _in_one_order(response)))


def _in_one_order(value: object) -> object:
    """``value`` with the keys of its mappings sorted: a file has them in another order than a live response."""
    if isinstance(value, Mapping):
        return [(key, _in_one_order(value[key])) for key in sorted(value, key=repr)]
    return value


class StoredInteraction(Interaction):
    """An interaction of a file. Its method and URI are known; the rest is parsed when it is first needed.

    ``read()``: returns the request and the response, or raises CassetteLoadError.
    """

    __slots__ = ("_is_as_stored", "_pair", "_read", "_target")

    def __init__(self, target: tuple[str, str], read: Callable[[], tuple[Request, Response]]) -> None:
        self._target = target
        self._read = read
        self._pair: tuple[Request, Response] | None = None
        self._is_as_stored = True
        self.is_from_file = self.is_aside = False
        self.masked = ()
        self.replay = None
        self.plays = 0

    def _both(self) -> tuple[Request, Response]:
        if self._pair is None:
            try:
                pair = self._read()  # without a lock: it may take long, and two threads read the same
            except CassetteLoadError:
                self._is_as_stored = False
                raise
            if self._pair is None:
                self._pair = pair
        return self._pair

    def pair(self) -> tuple[Request, Response]:
        """The request and the response. The caller may change both."""
        self._is_as_stored = False
        return self._both()

    @property
    def target(self) -> tuple[str, str]:
        """Method and URI."""
        return self._target

    @property
    def request(self) -> Request:  # type: ignore[override]
        """The request."""
        return self._both()[0]

    @property
    def response(self) -> Response:  # type: ignore[override]
        """The response."""
        return self._both()[1]

    @property
    def finished(self) -> bool:
        """True: the file has a response."""
        return True

    @property
    def is_as_stored(self) -> bool:
        """Whether no caller has had the chance to change the pair, and it has not been found unreadable."""
        return self._is_as_stored
