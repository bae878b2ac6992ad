"""What is replaced in httpx and httpx2, and in httpcore, which sends their requests: the methods with which a pool of
connections, or any other transport, sends a request. A class that is defined while a cassette is open is included.

Two kinds of transports are left alone. A transport of a test client calls an application in the same process; such a
test records what the application asks of other servers, not what the test asks of the application. And httpx's own
network transports send through a pool, which has the doors.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from types import ModuleType
from typing import TYPE_CHECKING, Any

from ..stubs.door import Door
from .client import Client
from .replace import Replacement, class_in, once_for_each

if TYPE_CHECKING:
    from ..stubs.httpx import Engines
    from ..stubs.httpx_tee import Streamed

CLIENTS = (
    Client("httpx", "httpx", "httpx", "0.27 to 0.28", engine="httpcore"),
    Client("httpx2", "httpx2", "httpx2", "2.16", engine="httpcore2"),
)
_TRANSPORTS = dict.fromkeys(("httpx", "httpx2"), ("Client.send", "AsyncClient.send"))
_POOLS = dict.fromkeys(
    ("httpcore", "httpcore2"), ("ConnectionPool.handle_request", "AsyncConnectionPool.handle_async_request")
)
MODULES = {**_TRANSPORTS, **_POOLS}

_TEST_CLIENTS = ("starlette.testclient",)

Doors = dict[tuple[type, str], Replacement]


def replacements(module: ModuleType) -> Iterable[Replacement]:
    """The doors of every engine (a pool or a transport), and what gives later engines theirs."""
    return _pools(module) if module.__name__ in _POOLS else _transports(module)


def _transports(module: ModuleType) -> Iterator[Replacement]:
    engines = _engines("Transports", module)

    def is_engine(cls: type) -> bool:
        on_the_network = ("HTTPTransport", "AsyncHTTPTransport")
        return cls.__module__ not in _TEST_CLIENTS and not (_is_own(cls, module) and cls.__name__ in on_the_network)

    bases = class_in(module, "BaseTransport"), class_in(module, "AsyncBaseTransport")
    yield from _doors_below(bases, module, engines, is_engine)


def _pools(module: ModuleType) -> Iterator[Replacement]:
    def is_engine(cls: type) -> bool:
        return not _is_own(cls, module) or cls.__name__ in ("ConnectionPool", "AsyncConnectionPool")

    interfaces = [class_in(module, name).__mro__[1] for name in ("ConnectionInterface", "AsyncConnectionInterface")]
    yield from _doors_below(interfaces, module, _engines("Pools", module), is_engine)


def _is_own(cls: type, module: ModuleType) -> bool:
    return cls.__module__.partition(".")[0] == module.__name__


@once_for_each
def _engines(kind: str, module: ModuleType) -> Engines[Streamed, Streamed]:
    from ..stubs import httpx as stub

    engines: Engines[Streamed, Streamed] = getattr(stub, kind)(module)
    return engines


def _doors_below(
    bases: Iterable[type], module: ModuleType, engines: Engines[Streamed, Streamed], is_engine: Callable[[type], bool]
) -> Iterator[Replacement]:
    """The doors of the classes that derive from ``bases``, and the replacements that give later classes theirs."""

    def doors(cls: type) -> Iterator[Replacement]:
        for name, door in (("handle_request", engines.door), ("handle_async_request", engines.async_door)):
            original = vars(cls).get(name)
            if original is not None and is_engine(cls):
                # The door of a program's class is not remembered: that would keep the class alive.
                yield Replacement(cls, name, (_door if _is_own(cls, module) else _new_door)(name, door, cls, original))

    for cls in dict.fromkeys(cls for base in bases for cls in _subclasses(base)):
        yield from doors(cls)
    newcomers: Doors = {}
    for base in bases:
        yield _Newcomers(base, doors, newcomers)


def _new_door(name: str, make: Callable[..., Callable[..., object]], owner: type, original: object) -> Door:
    return Door(name, functools.partial(make, owner), original)


_door = once_for_each(_new_door)


def _subclasses(cls: type[object]) -> Iterator[type[object]]:
    for subclass in cls.__subclasses__():
        yield subclass
        yield from _subclasses(subclass)


class _Newcomers(Replacement):
    """Replaces ``__init_subclass__`` of a base class of engines, so that each new subclass gets its doors.

    ``newcomers``: the doors of new classes. A class may have both bases: it gets its doors once.
    """

    __slots__ = ("_newcomers",)

    def __init__(self, base: type[Any], doors: Callable[[type], Iterable[Replacement]], newcomers: Doors) -> None:
        def __init_subclass__(cls: type[Any], /, **kwargs: object) -> None:
            super(base, cls).__init_subclass__(**kwargs)
            for replacement in doors(cls):
                if (cls, replacement.name) not in newcomers:
                    newcomers[cls, replacement.name] = replacement
                    replacement.apply()

        super().__init__(base, "__init_subclass__", classmethod(__init_subclass__))
        self._newcomers = newcomers

    def revert(self) -> None:
        """Put back the old values, in the new classes, too."""
        super().revert()
        while self._newcomers:
            self._newcomers.popitem()[1].revert()
