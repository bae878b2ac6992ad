"""Small functions and a mapping that VCR.py's users import from here. Of this package the file knows only what a body
is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from types import FunctionType
from typing import TYPE_CHECKING, TypeVar

from ._http.body import joined

if TYPE_CHECKING:
    from .request import Request

Key = TypeVar("Key")
Value = TypeVar("Value")


class CaseInsensitiveDict(MutableMapping[str, Value]):
    """A mapping whose keys compare without case and are shown as they were last set."""

    def __init__(self, data: Mapping[str, Value] | Iterable[tuple[str, Value]] = (), **kwargs: Value) -> None:
        self._items: dict[str, tuple[str, Value]] = {}
        self.update(data or (), **kwargs)

    def __getitem__(self, key: str) -> Value:
        return self._items[key.lower()][1]

    def __setitem__(self, key: str, value: Value) -> None:
        self._items[key.lower()] = (key, value)

    def __delitem__(self, key: str) -> None:
        del self._items[key.lower()]

    def __iter__(self) -> Iterator[str]:
        return (key for key, _ in self._items.values())

    def __len__(self) -> int:
        return len(self._items)

    def lower_items(self) -> Iterator[tuple[str, Value]]:
        """``(key in lower case, value)`` of each."""
        return ((low, value) for low, (_, value) in self._items.items())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Mapping):
            return NotImplemented
        return dict(self.lower_items()) == dict(CaseInsensitiveDict(other).lower_items())

    __hash__ = None  # type: ignore[assignment]

    def copy(self) -> CaseInsensitiveDict[Value]:
        """An independent copy."""
        return CaseInsensitiveDict(self)

    def __repr__(self) -> str:
        return repr(dict(self.items()))


def partition_dict(
    predicate: Callable[[Key, Value], object], dictionary: Mapping[Key, Value]
) -> tuple[dict[Key, Value], dict[Key, Value]]:
    """Two dictionaries: the items for which ``predicate(key, value)`` is true, and the others."""
    accepted: dict[Key, Value] = {}
    others: dict[Key, Value] = {}
    for key, value in dictionary.items():
        (accepted if predicate(key, value) else others)[key] = value
    return accepted, others


def compose(*functions: Callable[[Value], Value] | None) -> Callable[[Value], Value]:
    """``compose(f, g)(x)`` is ``f(g(x))``; None among the functions is passed over."""

    def composed(value: Value) -> Value:
        for function in reversed(functions):
            if function is not None:
                value = function(value)
        return value

    return composed


def read_body(request: Request) -> object:
    """The body of a request; of a body that is a file, its content. Raises ValueError for an iterable of other pieces
    than bytes or text."""
    body = request.body
    if isinstance(body, tuple):
        return joined(body)
    return body.read() if hasattr(body, "read") else body


def auto_decorate(
    decorator: Callable[..., object],
    predicate: Callable[..., bool] = lambda _, value: isinstance(value, FunctionType),
) -> type:
    """Return a base class. Each attribute of its subclasses for which ``predicate(name, value)`` is true is decorated:
    those in the class body, and those that are set later."""

    def decorated(name: str, value: object) -> object:
        return decorator(value) if predicate(name, value) else value

    class DecorateAll(type):
        def __new__(mcs, name: str, bases: tuple[type, ...], namespace: dict[str, object]) -> DecorateAll:
            return super().__new__(mcs, name, bases, {key: decorated(key, value) for key, value in namespace.items()})

        def __setattr__(cls, name: str, value: object) -> None:
            super().__setattr__(name, decorated(name, value))

    return DecorateAll("Decorated", (), {})
