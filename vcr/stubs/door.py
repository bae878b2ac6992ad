"""A door: takes the place of a client's method, and calls that method as Python would. It must not know a client."""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable, Iterator
from types import CellType, MethodType
from typing import TypeVar

Function = TypeVar("Function")
Returned = TypeVar("Returned")

#: Every function that is a door, by its identity. Not by equality, because some wrappers equal what they wrap.
_doors: weakref.WeakValueDictionary[int, object] = weakref.WeakValueDictionary()


#: What ``inspect`` reads of a function.
_OF_A_FUNCTION = ("__code__", "__defaults__", "__kwdefaults__")


class Door:
    """A descriptor in a class, in the place of ``original``, the method called ``name``. ``make(method)`` makes the
    function that leads into a cassette, or else calls ``method``.

    Some programs put a method of their own on a single object (an instrumentation that wraps one client). Python would
    call that one, without the door. But this is a data descriptor, which Python asks before it looks at the object. So
    the door is called, and calls the method on the object.

    Other programs take the door from the class and look at it as at a function (respx, ``mock.patch(autospec=True)``):
    it has the class, the code and the defaults of the original, and can be called with the object.
    """

    def __init__(self, name: str, make: Callable[..., Callable[..., object]], original: object) -> None:
        functools.update_wrapper(self, original, (*functools.WRAPPER_ASSIGNMENTS, *_OF_A_FUNCTION))  # type: ignore[arg-type]
        self._name, self._make, self._original = name, make, original
        self._function = a_door(make(original))

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        return type(self._original)

    def __call__(self, *args: object, **kwargs: object) -> object:
        """Call the door with the object and the arguments."""
        return self._function(*args, **kwargs)

    def __get__(self, instance: object, owner: type | None = None) -> object:
        if instance is None:
            return self._function
        on_object = getattr(instance, "__dict__", {}).get(self._name)
        if on_object is None or not self._is_first(type(instance)):
            return MethodType(self._function, instance)
        if leads_to(on_object, is_door):
            return on_object
        return MethodType(self._make(staticmethod(on_object)), instance)

    def _is_first(self, cls: type) -> bool:
        """Whether this door is the first method of that name in ``cls``. A method on the object replaces the first one,
        not those that are reached by ``super()``."""
        return next(vars(base)[self._name] for base in cls.__mro__ if self._name in vars(base)) is self

    def __set__(self, instance: object, value: object) -> None:
        instance.__dict__[self._name] = value

    def __delete__(self, instance: object) -> None:
        try:
            del instance.__dict__[self._name]
        except KeyError:
            raise AttributeError(self._name) from None


def bound(original: Callable[..., Returned], instance: object) -> Callable[..., Returned]:
    """Bind ``original``, which stands in a class, to ``instance``, as Python does for ``instance.name``.

    Not every method is a function: a decorator that is a class, ``functools.partialmethod`` and the wrappers of
    instrumentation have a ``__get__`` of their own. What has none is called without the instance.
    """
    get = getattr(type(original), "__get__", None)
    return original if get is None else get(original, instance, type(instance))


def a_door(function: Function) -> Function:
    """Note that ``function`` is a door, and return it."""
    _doors[id(function)] = function
    return function


def is_door(function: object) -> bool:
    """Whether ``function``, bound or not, is a door."""
    function = getattr(function, "__func__", function)
    return isinstance(function, Door) or _doors.get(id(function)) is function


def leads_to(wrapper: object, is_sought: Callable[[object], bool]) -> bool:
    """Whether ``wrapper`` holds an object for which ``is_sought`` is true, at any depth, in closures and attributes."""
    seen: dict[int, object] = {}
    waiting = [wrapper]
    while waiting and len(seen) < _MOST_OBJECTS:
        each = waiting.pop()
        if is_sought(each):
            return True
        if id(each) not in seen:
            seen[id(each)] = each
            waiting += [part for part in _parts(each) if callable(part) or hasattr(part, "__get__")]
    return False


#: ``leads_to`` looks at no more objects than this.
_MOST_OBJECTS = 100


def _parts(wrapper: object) -> Iterator[object]:
    """The objects that ``wrapper`` may call."""
    if isinstance(wrapper, (functools.partial, functools.partialmethod)):
        yield from (wrapper.func, *wrapper.args)
    yield getattr(wrapper, "__func__", None)
    for cell in getattr(wrapper, "__closure__", None) or ():
        yield _content(cell)
    if not isinstance(wrapper, type):
        yield from getattr(wrapper, "__dict__", {}).values()
    yield getattr(wrapper, "__wrapped__", None)


def _content(cell: CellType) -> object:
    try:
        return cell.cell_contents
    except ValueError:  # the cell is empty
        return None
