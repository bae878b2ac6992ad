"""Replaces one attribute of an object, and puts the old value back. It must not know a client."""

from __future__ import annotations

import functools
import gc
from typing import Any, ClassVar

from .._locks import new_lock

_MISSING = object()
_lock = new_lock()

#: For a function that makes the door to an original: the same originals come with every opening.
once_for_each = functools.lru_cache(maxsize=64)


def class_in(module: Any, name: str) -> type[Any]:
    """The class of this name in a module. Raises AttributeError when nothing is there, TypeError when something else
    is."""
    found = getattr(module, name)
    if not isinstance(found, type):
        raise TypeError(f"{name} is no class but {type(found).__name__}")
    return found


_IMMUTABLE_TYPE, _HEAP_TYPE = 1 << 8, 1 << 9  # Py_TPFLAGS_...


def writable(cls: type) -> Any:
    """What a method of the class can be replaced on: the class, or for one that is written in C its own dictionary."""
    is_immutable = not cls.__flags__ & _HEAP_TYPE or cls.__flags__ & _IMMUTABLE_TYPE
    return _methods(cls) if is_immutable else cls


class _Methods:
    """The dictionary of a class written in C, as an object whose attributes can be replaced. (CPython only.)"""

    __slots__ = ("__dict__", "_cls")
    _cls: type

    def __init__(self, cls: type) -> None:
        object.__setattr__(self, "_cls", cls)
        # A class shows its dictionary through a read-only view; this is what the view is of.
        object.__setattr__(self, "__dict__", gc.get_referents(cls.__dict__)[0])

    def __setattr__(self, name: str, value: Any) -> None:
        import ctypes

        object.__setattr__(self, name, value)
        # The interpreter remembers what it has found in a class until it is told that the class has changed.
        ctypes.pythonapi.PyType_Modified(ctypes.py_object(self._cls))


_methods = functools.cache(_Methods)


class Replacement:
    """``owner.name`` becomes ``new`` while it is applied. Several may be, and be reverted in any order."""

    __slots__ = ("_old", "name", "new", "owner", "place")

    _applied: ClassVar[list[Replacement]] = []

    def __init__(self, owner: Any, name: str, new: Any) -> None:
        #: The owner's identity, and the name: the owner may not be comparable.
        self.place = id(owner), name
        self.owner = owner
        self.name = name
        self.new = new
        self._old: Any = _MISSING

    def apply(self) -> None:
        """Put ``new`` in place, and remember what was there."""
        with _lock:
            self._old = vars(self.owner).get(self.name, _MISSING)
            setattr(self.owner, self.name, self.new)
            self._applied.append(self)

    def revert(self) -> None:
        """Put back what was there, unless somebody else has replaced it since: then it is theirs."""
        with _lock:
            above = None
            place = len(self._applied) - 1  # (mostly: the last goes first)
            while (other := self._applied[place]) is not self:
                if other.place == self.place:
                    above = other
                place -= 1
            del self._applied[place]
            if above is not None:
                above._old = self._old
            elif vars(self.owner).get(self.name, _MISSING) is self.new:
                self._restore()

    def _restore(self) -> None:
        if self._old is _MISSING:
            delattr(self.owner, self.name)
        else:
            setattr(self.owner, self.name, self._old)
