"""What is replaced in httpx and httpx2: the methods of their transports that send a request, in each transport class,
also in one that is defined while a cassette is open.

The transports of test clients are left alone. They call an application in the same process: a test of an application
records what the application asks of others, not what the test asks of the application.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from types import FunctionType, ModuleType
from typing import Any

from .client import Client
from .replace import Replacement, class_in, once_for_each

CLIENTS = (
    Client("httpx", "httpx", "httpx", "0.27 to 0.28"),
    Client("httpx2", "httpx2", "httpx2", "2.16"),
)
MODULES = dict.fromkeys(("httpx", "httpx2"), ("Client.send", "AsyncClient.send"))

_TEST_CLIENTS = ("starlette.testclient",)

Doors = dict[tuple[type, str], Replacement]


def replacements(module: ModuleType) -> Iterable[Replacement]:
    """The doors of every transport there is, and of those to come."""
    bases = class_in(module, "BaseTransport"), class_in(module, "AsyncBaseTransport")
    transports = _transports(module)

    def doors(cls: type) -> Iterator[Replacement]:
        for name, door in (
            ("handle_request", transports.door),
            ("handle_async_request", transports.async_door),
        ):
            original = vars(cls).get(name)
            if isinstance(original, FunctionType) and cls.__module__ not in _TEST_CLIENTS:
                # A class of its user's is not to be kept alive.
                is_own = cls.__module__.partition(".")[0] == module.__name__
                yield Replacement(cls, name, (_door if is_own else _new_door)(door, cls, original))

    for cls in dict.fromkeys(cls for base in bases for cls in _subclasses(base)):
        yield from doors(cls)
    newcomers: Doors = {}
    for base in bases:
        yield _Newcomers(base, doors, newcomers)


@once_for_each
def _transports(module: ModuleType) -> Any:
    from ..stubs.httpx import Transports

    return Transports(module)


def _new_door(make: Callable[[type, Any], Any], owner: type, original: FunctionType) -> Any:
    return make(owner, original)


_door = once_for_each(_new_door)


def _subclasses(cls: type[Any]) -> Iterator[type[Any]]:
    for subclass in cls.__subclasses__():
        yield subclass
        yield from _subclasses(subclass)


class _Newcomers(Replacement):
    """``__init_subclass__`` of a base class of transports: while it is replaced, new subclasses get their doors.

    ``newcomers``: their doors; a class may have both bases, and hear of itself twice.
    """

    __slots__ = ("_newcomers",)

    def __init__(self, base: Any, doors: Callable[[type], Iterable[Replacement]], newcomers: Doors) -> None:
        def __init_subclass__(cls: type[Any], /, **kwargs: Any) -> None:
            super(base, cls).__init_subclass__(**kwargs)
            for replacement in doors(cls):
                if (cls, replacement.name) not in newcomers:
                    newcomers[cls, replacement.name] = replacement
                    replacement.apply()

        super().__init__(base, "__init_subclass__", classmethod(__init_subclass__))
        self._newcomers = newcomers

    def revert(self) -> None:
        """Put back what was there, in the new classes too."""
        super().revert()
        while self._newcomers:
            self._newcomers.popitem()[1].revert()
