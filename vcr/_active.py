"""Finds the cassette that a request made here and now belongs to. It must not know what a cassette does.

The context is asked first, then the process. A context (``contextvars``) holds a tuple of the cassettes that were
opened in it; a task inherits the tuple, and ``carry`` copies it. A thread, a pool or a fixture whose context has no
cassette gets the one that is open in the process. Where different threads or tasks have opened several cassettes side
by side, that would be a guess, and the request is an error.
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

if TYPE_CHECKING:
    from ._engine.cassette import Cassette

F = TypeVar("F", bound=Callable[..., object])


class Entry:
    """An open cassette; the thread, the task and the greenlet that opened it; and the cassettes that were open around
    it in their context."""

    __slots__ = ("cassette", "greenlet", "outer", "task", "thread")

    def __init__(self, cassette: Cassette | None) -> None:
        # None when the cassette is closed: a context that still holds the entry must not keep the cassette alive.
        self.cassette = cassette
        self.outer = _still_open(_in_context.get())
        self.thread = threading.current_thread()
        task = _current_task()
        self.task = None if task is None else weakref.ref(task)
        greenlet = next(_greenlets(), None)
        self.greenlet = None if greenlet is None else weakref.ref(greenlet)

    @property
    def around(self) -> Cassette | None:
        """The open cassette inside whose block this one was opened."""
        opened = (entry.cassette for entry in reversed(self.outer))
        return next((cassette for cassette in opened if cassette is not None), None)

    @property
    def is_over(self) -> bool:
        """Whether the cassette is closed: a context that still holds the entry passes over it."""
        return self.cassette is None

    def beside(self, other: Entry) -> bool:
        """Whether the two were opened side by side, neither inside the other."""
        if other in self.outer or self in other.outer:
            return False
        return not (self._surrounds(other) or self._opener_is_gone() or other._opener_is_gone())

    def _surrounds(self, other: Entry) -> bool:
        """Whether the code that opened one cassette runs inside the code that opened the other: both in one task, or
        one in a thread and the other in a task of that thread (as ``setUpClass`` and an asynchronous test)."""
        if self.thread is not other.thread:
            return False
        return self.task is None or other.task is None or self.task == other.task

    def _opener_is_gone(self) -> bool:
        # A fixture's task ends before the test that the fixture serves: such a cassette surrounds what comes after.
        task = self.task() if self.task is not None else None
        return (self.task is not None and (task is None or _has_ended(task))) or not self.thread.is_alive()


class _Wall(Entry):
    """Stands in a context between the cassettes that are open around it and those that are opened inside.

    A task that is started behind the wall copies it with the context, and may live longer than the wall does: once
    the wall is down, it hides nothing from that task either.
    """

    __slots__ = ("is_down",)

    def __init__(self) -> None:
        super().__init__(None)
        self.is_down = False

    @property
    def is_over(self) -> bool:
        """Whether the wall is down."""
        return self.is_down


_in_context: contextvars.ContextVar[tuple[Entry, ...]] = contextvars.ContextVar("vcr_cassettes", default=())
#: The open cassettes of the process, in the order in which they were opened: the keys. One call of a dictionary's
#: method adds or removes an entry, so neither another thread nor an interrupt finds half of a change.
_in_process: dict[Entry, None] = {}
#: The cassettes that take the requests made while no other cassette is open, innermost last: each is an ``Outside``
#: (``vcr/network.py``). They do not take the requests made inside ``outside()``.
fallbacks: list[Cassette] = []
#: Functions that are called with each cassette that is opened.
watchers: list[Callable[[Cassette], object]] = []


def _current_task() -> object:
    """The task of asyncio or trio that runs here; None outside of any."""
    for package, find in (("asyncio", "current_task"), ("trio.lowlevel", "current_task")):
        module = sys.modules.get(package)
        if module is not None:
            try:
                task = getattr(module, find)()
            except RuntimeError:  # no loop runs in this thread
                continue
            if task is not None:
                return task
    return None


def _greenlets() -> Iterator[object]:
    """The greenlet that runs here, the greenlet that has started it, and so on, without the main greenlet of the
    thread.

    They are asked because gevent's greenlets do not inherit the context of the greenlet that starts them.
    """
    module = sys.modules.get("greenlet")
    greenlet = None if module is None else module.getcurrent()
    while greenlet is not None and greenlet.parent is not None:
        yield greenlet
        spawning = getattr(greenlet, "spawning_greenlet", None)  # gevent's: a weak reference
        greenlet = greenlet.parent if spawning is None else spawning()


def _opened_by_ancestor(opened: tuple[Entry, ...]) -> Entry | None:
    """The last of these entries that was opened by this greenlet, or else by the greenlet that has started it, and so
    on."""
    for greenlet in _greenlets():
        for entry in reversed(opened):
            if entry.greenlet is not None and entry.greenlet() is greenlet:
                return entry
    return None


def _has_ended(task: Any) -> bool:
    """Whether the task has ended. A task of trio's does not say so, but its coroutine does."""
    return bool(task.done()) if hasattr(task, "done") else task.coro.cr_frame is None


def enter(entry: Entry) -> None:
    """Make the cassette of ``entry`` current: here, and in each thread and task that has no cassette of its own.

    ``leave(entry)`` undoes this, also when this was interrupted.
    """
    _in_context.set((*entry.outer, entry))
    _in_process[entry] = None
    for watch in watchers:
        if entry.cassette is not None:
            watch(entry.cassette)


def leave(entry: Entry) -> None:
    """Take ``entry`` out of this context and of the process. A second call changes nothing."""
    entry.cassette = None
    _in_process.pop(entry, None)
    _in_context.set(_still_open(_in_context.get()))


def _still_open(entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    return tuple(entry for entry in entries if not entry.is_over)


@contextmanager
def within(cassette: Cassette) -> Iterator[None]:
    """``cassette`` is current inside the block, and in no other thread or task."""
    entry = Entry(cassette)
    try:
        _in_context.set((*entry.outer, entry))
        yield
    finally:
        entry.cassette = None
        _in_context.set(_still_open(_in_context.get()))


@contextmanager
def outside() -> Iterator[None]:
    """Inside the block no cassette is current but those that are opened there, whatever is open around it."""
    wall = _Wall()
    try:
        _in_context.set((*wall.outer, wall))
        yield
    finally:
        wall.is_down = True
        _in_context.set(_still_open(_in_context.get()))


class _Passage:
    """A live request that a cassette has judged. It ``is_over`` when it has its response."""

    __slots__ = ("is_over",)

    def __init__(self) -> None:
        self.is_over = False


_passage: contextvars.ContextVar[_Passage | None] = contextvars.ContextVar("vcr_passage", default=None)


@contextmanager
def passing() -> Iterator[None]:
    """A live request that a cassette has judged runs inside the block: its connections are not judged again. (A task
    that is started inside may outlive the block; its connections are judged then.)"""
    before, passage = _passage.get(), _Passage()
    try:
        _passage.set(passage)
        yield
    finally:
        passage.is_over = True
        _passage.set(before)


def is_passing() -> bool:
    """Whether this code runs as a part of a live request that a cassette has judged."""
    passage = _passage.get()
    return passage is not None and not passage.is_over


def opened() -> list[Cassette]:
    """The cassettes that are open in this process, innermost last."""
    return [entry.cassette for entry in tuple(_in_process) if entry.cassette is not None]


def entered_here() -> tuple[Entry, ...]:
    """The entries of this context, innermost last."""
    return _in_context.get()


def current() -> Cassette | None:
    """The cassette to which a request made here and now belongs; where no cassette is open, the last of ``fallbacks``.

    None when there is neither, and inside ``outside()``. Raises AmbiguousCassetteError when no cassette is open in this
    context, and several are open side by side in the process.
    """
    for entry in reversed(_in_context.get()):
        if not entry.is_over:
            return entry.cassette  # None behind a wall
    opened = tuple(_in_process)
    if not opened:
        return fallbacks[-1] if fallbacks else None
    inner = _opened_by_ancestor(opened)
    if inner is not None:
        return inner.cassette
    inner = opened[-1]
    for other in opened[:-1]:
        if inner.beside(other):
            raise AmbiguousCassetteError(_ambiguous(inner, other))
    return inner.cassette


def _ambiguous(one: Entry, other: Entry) -> str:
    # The truth of a cassette is its length (as in VCR.py), so the question is whether it is None.
    paths = sorted("closed" if (c := entry.cassette) is None else c.path for entry in (one, other))
    return (
        f"this request was made in a thread without a cassette of its own, while {paths[0]!r} and {paths[1]!r} are "
        "open side by side; hand the thread its cassette with vcr.carry(function), or open one inside it"
    )


def carry(function: F) -> F:
    """Bind ``function``, which may be a coroutine function, to the cassettes that are current here.

    What is returned can be started in another thread, pool or loop: its requests belong to these cassettes.
    """
    import inspect

    context = contextvars.copy_context()

    # A context cannot be entered twice at a time. Each call gets a copy, so that calls may overlap.
    @functools.wraps(function)
    def carried(*args: object, **kwargs: object) -> object:
        return context.copy().run(function, *args, **kwargs)

    @functools.wraps(function)
    async def carried_coroutine(*args: object, **kwargs: object) -> object:
        asyncio = sys.modules["asyncio"]  # the loop that runs this has imported the module
        return await context.copy().run(asyncio.ensure_future, function(*args, **kwargs))

    return cast(F, carried_coroutine if inspect.iscoroutinefunction(function) else carried)
