"""VCR.py's names in ``vcr.patch``, for programs that open a cassette by hand."""

from __future__ import annotations

import http.client
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from .. import _active
from .._context import Opening
from ..cassette import Cassette
from ..errors import unknown
from ..patch import supported

_HTTPConnection = http.client.HTTPConnection
_HTTPSConnection = http.client.HTTPSConnection

#: No cassette is current inside: requests reach the network and are not recorded.
force_reset = _active.outside

#: What ``skip_patchers`` takes.
PATCHER_NAMES = tuple(supported())


def validate_skip_patchers(skip_patchers: Iterable[str]) -> tuple[str, ...]:
    """These names of clients. Raises ValueError when one of them is none."""
    names = tuple(skip_patchers)
    for name in names:
        if name not in supported():
            raise ValueError(unknown("patcher", name, supported()))
    return names


def reset_patchers() -> Iterable[AbstractContextManager[object]]:
    """One context, in which no cassette is current."""
    return (force_reset(),)


class ConnectionRemover:
    """Takes connections of one class out of urllib3's pools, and closes them, when its context ends."""

    def __init__(self, connection_class: type) -> None:
        self._class = connection_class
        self._told: list[tuple[Any, Any]] = []

    def add_connection_to_pool_entry(self, pool: object, connection: object) -> None:
        """``connection`` may be in ``pool`` when the context ends."""
        if isinstance(connection, self._class):
            self._told.append((pool, connection))

    def __enter__(self) -> ConnectionRemover:
        return self

    def __exit__(self, *_: object) -> None:
        while self._told:
            pool, connection = self._told.pop()
            with pool.pool.mutex:  # its place in the pool stays free
                for place, other in enumerate(pool.pool.queue):
                    if other is connection:
                        pool.pool.queue[place] = None
            connection.close()


class CassettePatcherBuilder:
    """What puts a cassette that was opened by hand in place: enter each of the contexts that ``build`` gives."""

    def __init__(self, cassette: Cassette) -> None:
        self._cassette = cassette

    def build(self) -> Iterable[AbstractContextManager[object]]:
        """One context, in which the cassette is current."""
        return (in_place(self._cassette),)


@contextmanager
def in_place(cassette: Cassette) -> Iterator[None]:
    """In here the cassette is current."""
    opening = Opening(cassette)
    try:
        opening.begin()
        yield
    finally:
        opening.undo()
