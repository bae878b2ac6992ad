"""Replaces one attribute of an object, and puts the old value back; and makes each door once. It must not know a
client.
"""

from __future__ import annotations

import functools
import gc
from collections.abc import Callable
from typing import Any, ClassVar, TypeVar, cast

from .._locks import new_lock
from ..stubs.door import Door, a_door, is_door

_MISSING = object()
_lock = new_lock()


Make = TypeVar("Make", bound=Callable[..., object])


def once_for_each(make: Make) -> Make:
    """Decorate a function that makes a door for the original in its last argument, so that it makes one door for each
    original: every opening of a cassette comes with the same originals.

    An original that is a door already is returned. (An instrumentation may have put the door back after the cassette
    had closed.)
    """
    # Each door with its original, by the original's identity: a wrapper may equal what it wraps.
    made: dict[tuple[object, ...], tuple[object, object]] = {}

    @functools.wraps(make)
    def once(*arguments: object) -> object:
        original = arguments[-1]
        key = (*arguments[:-1], id(original))
        found = made.get(key)
        if found is None:
            if is_door(original):
                return original
            door = make(*arguments)
            found = original, (door if is_door(door) else a_door(door))
            if len(made) >= _MOST_DOORS:
                made.pop(next(iter(made)), None)
            made[key] = found
        return found[1]

    return cast(Make, once)


#: The most originals that are remembered for one kind of door. A program may wrap a method anew for each cassette.
_MOST_DOORS = 64


#: ``door_at(name, make, original)``: a ``Door``, one for each original.
door_at = once_for_each(Door)


@once_for_each
def door_by(make: Callable[..., object], original: object) -> object:
    """The door that ``make`` makes for ``original``, one for each original."""
    return make(original)


def class_in(module: object, name: str) -> type[Any]:
    """The class of this name in a module. Raises AttributeError when the name is missing, TypeError when it is no
    class."""
    found = getattr(module, name)
    if not isinstance(found, type):
        raise TypeError(f"{name} is no class but {type(found).__name__}")
    return found


_IMMUTABLE_TYPE, _HEAP_TYPE = 1 << 8, 1 << 9  # Py_TPFLAGS_...


def writable(cls: type) -> object:
    """The object on which a method of the class can be replaced: the class, or the dictionary of a class written in
    C."""
    is_immutable = not cls.__flags__ & _HEAP_TYPE or cls.__flags__ & _IMMUTABLE_TYPE
    return _methods(cls) if is_immutable else cls


class _Methods:
    """The dictionary of a class written in C, as an object whose attributes can be replaced. (CPython only.)"""

    __slots__ = ("__dict__", "_cls")
    _cls: type

    def __init__(self, cls: type) -> None:
        object.__setattr__(self, "_cls", cls)
        # A class shows its dictionary through a read-only view. The dictionary is what the view refers to.
        object.__setattr__(self, "__dict__", gc.get_referents(cls.__dict__)[0])

    def __setattr__(self, name: str, value: object) -> None:
        import ctypes

        object.__setattr__(self, name, value)
        # The interpreter caches what it finds in a class until it is told that the class has changed.
        ctypes.pythonapi.PyType_Modified(ctypes.py_object(self._cls))

    def __delattr__(self, name: str) -> None:
        import ctypes

        object.__delattr__(self, name)
        ctypes.pythonapi.PyType_Modified(ctypes.py_object(self._cls))


_methods = functools.cache(_Methods)


class Replacement:
    """Makes ``owner.name`` ``new`` while it is applied. Several may be applied at one place, and reverted in any order.

    ``revert`` also undoes an ``apply`` that was interrupted, and can be repeated when it was interrupted itself.
    """

    __slots__ = ("_old", "name", "new", "owner", "place")

    _applied: ClassVar[list[Replacement]] = []

    def __init__(self, owner: object, name: str, new: object) -> None:
        #: The owner's identity, and the name: the owner may not be comparable.
        self.place = id(owner), name
        self.owner = owner
        self.name = name
        self.new = new
        self._old: object = _MISSING

    def apply(self) -> None:
        """Keep the old value, and put ``new`` in its place."""
        with _lock:
            self._old = vars(self.owner).get(self.name, _MISSING)
            self._applied.append(self)
            setattr(self.owner, self.name, self.new)

    def revert(self) -> None:
        """Put the old value back, unless the program has put another one there since: that one stays."""
        with _lock:
            later = None
            for other in reversed(self._applied):  # mostly the last goes first
                if other is self:
                    self._put_back(later)
                    self._applied.remove(self)
                    return
                if other.place == self.place:
                    later = other

    def _put_back(self, later: Replacement | None) -> None:
        """``later``: the replacement that was applied after this one at the same place, and still is: it gets the old
        value of this one."""
        if later is not None:
            later._old = self._old
            return
        value = vars(self.owner).get(self.name, _MISSING)
        # The old value is in place when a first attempt was interrupted. It is set again, because ``_Methods`` has to
        # tell the interpreter.
        if value is self.new or value is self._old is not _MISSING:
            if self._old is _MISSING:
                delattr(self.owner, self.name)
            else:
                setattr(self.owner, self.name, self._old)
