"""Opens and closes a cassette: the object that ``use_cassette`` returns, for ``with``, for ``async with``, and as a
decorator of classes and of functions of any kind. It must not know options, or what a cassette does.
"""

from __future__ import annotations

import functools
import inspect
import logging
import opcode
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import CodeType, FunctionType, TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

import wrapt

from . import _active, _children, patch
from ._engine.strict import judge, saves_failed
from ._engine.unrecordable import report
from .errors import file_of_caller
from .patch.custom import custom_replacements
from .patch.replace import Replacement

if TYPE_CHECKING:
    from .cassette import Cassette

C = TypeVar("C", bound=Callable[..., object])

log = logging.getLogger(__name__)


class Settings(NamedTuple):
    """How a cassette is opened this time.

    ``load``: makes the cassette with what is stored; it is given the decorated function, if there is one, to name the
    cassette after. ``record_on_exception``: whether the cassette is saved when the block raises.
    """

    load: Callable[[Callable[..., object] | None], Cassette]
    record_on_exception: bool


class _Statement(NamedTuple):
    """The instruction of a program that has called ``__enter__``."""

    code: CodeType
    instruction: int

    @property
    def is_with(self) -> bool:
        """Whether it is a ``with`` statement."""
        return opcode.opname[self.code.co_code[self.instruction]] in ("BEFORE_WITH", "SETUP_WITH")


class Opening:
    """One opening of a cassette: the replacements that lead requests to it, and its place among those that are current.

    An interrupt (Ctrl-C, a time limit by signal) may come between any two steps, and nothing may be left in place then.
    So each step is noted before it is taken, and to undo a step that was not taken, or was undone before, changes
    nothing. Whatever is raised in between, ``undo`` is called, and undoes the steps that are left.
    """

    def __init__(self, cassette: Cassette, *, record_on_exception: bool = True) -> None:
        self.cassette = cassette
        self.entry = _active.Entry(cassette)
        self._record_on_exception = record_on_exception
        self._custom: list[Replacement] = []
        self._is_undone = False

    def begin(self) -> None:
        """Make the cassette current, with all replacements. Whatever this raises, the caller has to call ``undo``."""
        log.debug("Entering context for cassette at %s", self.cassette.path)
        patch.install(self, self.cassette.skip_patchers)
        for replacement in custom_replacements(self.cassette):
            self._custom.append(replacement)
            replacement.apply()
        self.cassette.around = self.entry.around
        _active.enter(self.entry)

    def close(self, kind: type[BaseException] | None) -> None:
        """Take no more requests, finish the exchanges that are on their way, save, and undo everything.

        ``kind``: the class of the exception that the block has raised.
        """
        # GeneratorExit: the block is in a generator that was closed early, which is no failure.
        failed = kind is not None and not issubclass(kind, GeneratorExit)
        save = not failed or (self._record_on_exception and saves_failed(self.cassette))
        try:
            _active.leave(self.entry)
            log.debug("Exiting context for cassette at %s", self.cassette.path)
            try:
                self.cassette.settle()
            finally:
                with _children.ending(self.cassette):
                    self.cassette.close(save=save)
        finally:
            self.undo()
        _children.report(self.cassette)
        report(self.cassette)
        if kind is None:
            judge(self.cassette)

    def undo(self) -> None:
        """Undo every step of ``begin``; each is tried, whatever the others raise."""
        if self._is_undone:
            return
        _run_each(
            functools.partial(_active.leave, self.entry),
            *(replacement.revert for replacement in reversed(self._custom)),
            functools.partial(patch.uninstall, self),
            functools.partial(_children.forget, self.cassette),
        )
        self._is_undone = True


def _opening(settings: Settings, function: Callable[..., object] | None) -> Opening:
    """Load the cassette. Nothing is replaced yet."""
    cassette = settings.load(function)
    code = getattr(function, "__code__", None)
    cassette.is_file_of_block = (file_of_caller() if code is None else code.co_filename).__eq__
    return Opening(cassette, record_on_exception=settings.record_on_exception)


def _run_each(*steps: Callable[[], None]) -> None:
    """Run all steps in order, also after one has raised an exception."""
    if steps:
        try:
            steps[0]()
        finally:
            _run_each(*steps[1:])


@contextmanager
def _opened(settings: Settings, function: Callable[..., object]) -> Iterator[Cassette]:
    """The cassette for one call of ``function``.

    This is a generator because Python closes a generator together with its frame: so ``finally`` is run wherever an
    interrupt comes.
    """
    opening = _opening(settings, function)
    try:
        opening.begin()
        kind: type[BaseException] | None = None
        try:
            yield opening.cassette
        except BaseException as error:
            kind = type(error)
            raise
        finally:
            opening.close(kind)
    finally:
        opening.undo()


class CassetteContextDecorator:
    """What ``use_cassette`` returns. Each ``with``, and each call of a decorated function, opens the cassette anew,
    with the options as they are at that moment."""

    def __init__(self, settings: Callable[[], Settings]) -> None:
        self._settings = settings
        self._openings: dict[Opening, _Statement] = {}  # in the order in which they were entered

    # -- with, async with -------------------------------------------------------------------------------------------

    def __enter__(self) -> Cassette:
        opening = _opening(self._settings(), None)
        frame = sys._getframe(1)
        try:
            self._openings[opening] = _Statement(frame.f_code, frame.f_lasti)
            opening.begin()
        except BaseException:
            self._undo(opening)
            raise
        return opening.cassette

    def __exit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        opening: Opening | None = None
        try:
            opening = self._innermost()
            if opening is None:
                raise RuntimeError(
                    "this cassette is not open: __exit__ was called without, or once more than, __enter__"
                )
            opening.close(kind)
        finally:
            opening = opening or self._innermost()  # (an interrupt may have come before it was assigned)
            if opening is not None:
                self._undo(opening)

    def __del__(self) -> None:
        """Undo what a ``with`` statement has left open, where an interrupt came between its call of ``__enter__`` or
        ``__exit__`` and the ``try`` in there. What a program opened by calling ``__enter__`` itself stays open."""
        openings: dict[Opening, _Statement] = vars(self).get(
            "_openings", {}
        )  # (``__init__`` may have been interrupted)
        for opening, statement in list(openings.items()):
            if statement.is_with:
                self._undo(opening)

    async def __aenter__(self) -> Cassette:
        return self.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        self.__exit__(kind, error, traceback)

    def _innermost(self) -> Opening | None:
        """The opening that ends now: the last one entered in this context (``contextvars``); where there is none, as
        when a fixture is left in another task, the last one entered anywhere."""
        entered = [opening for opening in self._openings if not opening.entry.is_over]
        here = _active.entered_here()
        return next((one for one in reversed(entered) if one.entry in here), entered[-1] if entered else None)

    def _undo(self, opening: Opening) -> None:
        opening.undo()
        self._openings.pop(opening, None)

    # -- decorator --------------------------------------------------------------------------------------------------

    def __call__(self, function: C) -> C:
        """Decorate a function of any kind, or the test methods of a class; the signature stays."""
        if inspect.isclass(function):
            return self._decorate_class(function)
        plain: Any = getattr(function, "__func__", function)  # of a classmethod or staticmethod
        return cast(C, wrapt.FunctionWrapper(function, runner(plain, self._opened_for)))

    def _opened_for(self, function: Callable[..., object]) -> AbstractContextManager[Cassette]:
        return _opened(self._settings(), function)

    def _decorate_class(self, cls: C) -> C:
        """Decorate each test method of a class, as ``unittest.mock.patch`` does."""
        for name, method in list(vars(cls).items()):
            if name.startswith("test") and isinstance(method, FunctionType):
                setattr(cls, name, self(method))
        return cls


Arguments = tuple[object, ...]
Named = dict[str, object]
Opens = Callable[[], AbstractContextManager[object]]


def runner(
    function: Callable[..., object], open_for: Callable[..., AbstractContextManager[object]]
) -> Callable[..., object]:
    """A wrapper for ``wrapt`` that runs each call of ``function`` inside the context manager ``open_for(function)``.
    Which one depends on the kind of function: a coroutine, a generator, an asynchronous generator, or a plain
    function."""
    # Calling an object runs the __call__ of its class.
    is_plain = inspect.isroutine(function) or isinstance(function, functools.partial)
    code = function if is_plain else type(function).__call__
    run: Callable[..., object] = _call
    if inspect.isasyncgenfunction(code):
        run = _call_async_generator
    elif inspect.iscoroutinefunction(code):
        run = _call_coroutine
    elif inspect.isgeneratorfunction(code):
        run = _call_generator
    return functools.partial(run, functools.partial(open_for, function))


def _call(opens: Opens, wrapped: Callable[..., object], _: object, args: Arguments, kwargs: Named) -> object:
    with opens() as cassette:
        return wrapped(*_injected(cassette, args), **kwargs)


async def _call_coroutine(
    opens: Opens, wrapped: Callable[..., Awaitable[object]], _: object, args: Arguments, kwargs: Named
) -> object:
    with opens() as cassette:
        return await wrapped(*_injected(cassette, args), **kwargs)


def _call_generator(
    opens: Opens, wrapped: Callable[..., Generator[object, object, object]], _: object, args: Arguments, kwargs: Named
) -> Generator[object, object, object]:
    with opens() as cassette:
        return (yield from wrapped(*_injected(cassette, args), **kwargs))


async def _call_async_generator(
    opens: Opens, wrapped: Callable[..., AsyncGenerator[object, object]], _: object, args: Arguments, kwargs: Named
) -> AsyncGenerator[object, object]:
    with opens() as cassette:
        generator = wrapped(*_injected(cassette, args), **kwargs)
        step: Callable[..., Awaitable[object]]
        given: Any  # what the program sends, or the error that it throws
        step, given = generator.asend, None
        while True:
            try:
                value = await step(given)
            except StopAsyncIteration:
                return
            try:
                step, given = generator.asend, (yield value)
            except GeneratorExit:
                await generator.aclose()
                raise
            except BaseException as error:  # noqa: BLE001  (the wrapped generator decides)
                step, given = generator.athrow, error


def _injected(cassette: object, args: Arguments) -> Arguments:
    """The arguments of a call; with ``inject_cassette`` the cassette is the first of them."""
    return (cassette, *args) if getattr(cassette, "inject", False) else args
