"""Room: which cassette is current, for this call. It knows nothing of what a cassette does.

ContextVar first, then the process. The context holds an immutable tuple of what was opened in it; it is inherited by
tasks, and copied by ``carry``. A thread, pool or fixture whose context has none falls back to what is open in the
process, unless that would be a guess between cassettes that different threads or tasks opened side by side.
"""

from __future__ import annotations

import contextvars
import functools
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar, cast

from .errors import AmbiguousCassetteError
from .locks import new_lock

if TYPE_CHECKING:
    from ._engine.cassette import Cassette

F = TypeVar("F", bound=Callable[..., Any])


class Entry:
    """An open cassette: who opened it, and inside which others."""

    __slots__ = ("cassette", "outer", "task", "thread")

    def __init__(self, cassette: Cassette | None, outer: tuple[Entry, ...]) -> None:
        # None once it is closed: contexts that still hold the entry must not keep the cassette alive.
        self.cassette = cassette
        self.outer = outer
        self.thread = threading.current_thread()
        task = _current_task()
        self.task = None if task is None else weakref.ref(task)

    @property
    def around(self) -> Cassette | None:
        """The open cassette inside whose block this one was opened."""
        opened = (entry.cassette for entry in reversed(self.outer))
        return next((cassette for cassette in opened if cassette is not None), None)

    def beside(self, other: Entry) -> bool:
        """Whether the two were opened side by side, neither inside the other."""
        if other in self.outer or self in other.outer:
            return False
        return not (self._same_opener(other) or self._opener_is_gone() or other._opener_is_gone())

    def _same_opener(self, other: Entry) -> bool:
        return self.thread is other.thread and self.task == other.task

    def _opener_is_gone(self) -> bool:
        # A fixture's task ends before the test that it serves: such a cassette surrounds what comes after.
        task = self.task() if self.task is not None else None
        return (self.task is not None and (task is None or task.done())) or not self.thread.is_alive()


class _Wall(Entry):
    """Stands in a context between what is open around it and what is opened inside."""


_in_context: contextvars.ContextVar[tuple[Entry, ...]] = contextvars.ContextVar("vcr_cassettes", default=())
_in_process: tuple[Entry, ...] = ()
_lock = new_lock()


def _current_task() -> Any:
    asyncio = sys.modules.get("asyncio")
    if asyncio is None:
        return None
    try:
        return asyncio.current_task()
    except RuntimeError:
        return None


def enter(cassette: Cassette) -> Entry:
    """Make ``cassette`` current, here and for whoever has none of its own."""
    global _in_process
    here = _still_open(_in_context.get())
    entry = Entry(cassette, here)
    _in_context.set((*here, entry))
    with _lock:
        _in_process = (*_in_process, entry)
    return entry


def leave(entry: Entry) -> None:
    """Take this entry out, wherever in the stack it is and whichever context this is."""
    global _in_process
    with _lock:
        _in_process = tuple(other for other in _in_process if other is not entry)
    entry.cassette = None
    _in_context.set(_still_open(_in_context.get()))


def _still_open(entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    return tuple(entry for entry in entries if isinstance(entry, _Wall) or entry.cassette is not None)


@contextmanager
def within(cassette: Cassette) -> Iterator[None]:
    """``cassette`` is current in here and for nobody else: no other thread or task falls back to it."""
    entry = Entry(cassette, ())
    _in_context.set((*_still_open(_in_context.get()), entry))
    try:
        yield
    finally:
        entry.cassette = None
        _in_context.set(_still_open(_in_context.get()))


@contextmanager
def outside() -> Iterator[None]:
    """No cassette is current in here, whatever is open around it; what is opened in here is."""
    wall = _Wall(None, ())
    _in_context.set((*_in_context.get(), wall))
    try:
        yield
    finally:
        _in_context.set(tuple(entry for entry in _in_context.get() if entry is not wall))


def entered_here() -> tuple[Entry, ...]:
    """The entries of this context, innermost last."""
    return _in_context.get()


def current() -> Cassette | None:
    """The cassette that a request made here and now belongs to; None when there is none.

    Raises AmbiguousCassetteError when the context has none and the process has several side by side.
    """
    for entry in reversed(_in_context.get()):
        cassette = entry.cassette
        if cassette is not None or isinstance(entry, _Wall):
            return cassette
    opened = _in_process
    if not opened:
        return None
    inner = opened[-1]
    for other in opened[:-1]:
        if inner.beside(other):
            raise AmbiguousCassetteError(_ambiguous(inner, other))
    return inner.cassette


def _ambiguous(one: Entry, other: Entry) -> str:
    # A cassette's truth is its length (as in VCR.py): ask for None.
    paths = sorted("closed" if (c := entry.cassette) is None else c.path for entry in (one, other))
    return (
        f"this request was made in a thread without a cassette of its own, while {paths[0]!r} and {paths[1]!r} are "
        "open side by side; hand the thread its cassette with vcr.carry(function), or open one inside it"
    )


def carry(function: F) -> F:
    """``function``, or coroutine function, bound to the cassettes that are current here: for threads, pools and loops
    that start it elsewhere."""
    import inspect

    context = contextvars.copy_context()

    # A context can be entered once at a time; each call gets a copy, so that calls may overlap.
    @functools.wraps(function)
    def carried(*args: Any, **kwargs: Any) -> Any:
        return context.copy().run(function, *args, **kwargs)

    @functools.wraps(function)
    async def carried_coroutine(*args: Any, **kwargs: Any) -> Any:
        asyncio = sys.modules["asyncio"]  # Somebody runs this.
        return await context.copy().run(asyncio.ensure_future, function(*args, **kwargs))

    return cast(F, carried_coroutine if inspect.iscoroutinefunction(function) else carried)
