"""What ``use_cassette`` returns: ``with``, ``async with``, and a decorator of functions of any kind and of classes.

It opens and closes a cassette. It must not know options, or what a cassette does.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AbstractContextManager
from functools import partial
from types import FunctionType, TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

import wrapt

from . import _active, patch
from ._engine.strict import judge, saves_failed
from .errors import file_of_caller
from .patch.custom import custom_replacements
from .patch.replace import Replacement

if TYPE_CHECKING:
    from .cassette import Cassette

C = TypeVar("C", bound=Callable[..., Any])

log = logging.getLogger(__name__)


class Settings(NamedTuple):
    """How a cassette is opened this time.

    ``load``: makes the cassette with what is stored; it is given the decorated function, if there is one, to name the
    cassette after. ``record_on_exception``: whether the cassette is saved when the block raises.
    """

    load: Callable[[Callable[..., Any] | None], Cassette]
    record_on_exception: bool


class _Opening:
    """A cassette, open from the moment this is made; leaving it closes the cassette."""

    def __init__(self, settings: Settings, function: Callable[..., Any] | None) -> None:
        self.cassette: Cassette = settings.load(function)
        self._record_on_exception = settings.record_on_exception
        code = getattr(function, "__code__", None)
        self.cassette.is_own = (file_of_caller() if code is None else code.co_filename).__eq__
        log.debug("Entering context for cassette at %s", self.cassette.path)
        patch.install(self.cassette.skip_patchers)
        self._custom: list[Replacement] = []
        try:
            for replacement in custom_replacements(self.cassette):
                replacement.apply()
                self._custom.append(replacement)
            self.entry = _active.enter(self.cassette)
            self.cassette.around = self.entry.around
        except BaseException:
            self._unpatch()
            raise

    def __enter__(self) -> Cassette:
        return self.cassette

    def __exit__(self, kind: type[BaseException] | None = None, *_: object) -> None:
        """Let no request in, finish what is on its way, save, take the patches away: each whatever the others do."""
        # A generator that is closed early has not failed.
        failed = kind is not None and not issubclass(kind, GeneratorExit)
        save = not failed or (self._record_on_exception and saves_failed(self.cassette))
        try:
            _active.leave(self.entry)
        finally:
            try:
                log.debug("Exiting context for cassette at %s", self.cassette.path)
                self.cassette.close(save=save)
            finally:
                self._unpatch()
        if kind is None:
            judge(self.cassette)

    def _unpatch(self) -> None:
        if not self._custom:
            patch.uninstall()
            return
        try:
            self._custom.pop().revert()
        finally:
            self._unpatch()


class CassetteContextDecorator:
    """What ``use_cassette`` returns. Each entering and each call opens the cassette anew, with the options of then."""

    def __init__(self, settings: Callable[[], Settings]) -> None:
        self._settings = settings
        self._openings: list[_Opening] = []

    # -- with, async with -------------------------------------------------------------------------------------------

    def _open(self, function: Callable[..., Any] | None = None) -> _Opening:
        return _Opening(self._settings(), function)

    def __enter__(self) -> Cassette:
        opening = self._open()
        self._openings.append(opening)
        return opening.cassette

    def __exit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        self._last_opening().__exit__(kind, error, traceback)

    async def __aenter__(self) -> Cassette:
        return self.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        self.__exit__(kind, error, traceback)

    def _last_opening(self) -> _Opening:
        """The one that ends now: the innermost of this context, else the last (a fixture left from elsewhere)."""
        if not self._openings:
            raise RuntimeError("this cassette is not open: __exit__ was called without, or once more than, __enter__")
        here = _active.entered_here()
        opening = next((o for o in reversed(self._openings) if o.entry in here), self._openings[-1])
        self._openings.remove(opening)
        return opening

    # -- decorator --------------------------------------------------------------------------------------------------

    def __call__(self, function: C) -> C:
        """Decorate a function of any kind, or the test methods of a class; the signature stays."""
        if inspect.isclass(function):
            return self._decorate_class(function)
        plain: Any = getattr(function, "__func__", function)  # of a classmethod or staticmethod
        return cast(C, wrapt.FunctionWrapper(function, runner(plain, self._open)))

    def _decorate_class(self, cls: C) -> C:
        """As if each of its test methods were decorated (as ``unittest.mock.patch`` does with classes)."""
        for name, method in list(vars(cls).items()):
            if name.startswith("test") and isinstance(method, FunctionType):
                setattr(cls, name, self(method))
        return cls


def runner(function: Callable[..., Any], open_for: Callable[..., AbstractContextManager[object]]) -> Callable[..., Any]:
    """How a call of ``function`` is run inside what ``open_for(function)`` opens, by what kind of function it is."""

    def injected(cassette: object, args: tuple[Any, ...]) -> tuple[Any, ...]:
        return (cassette, *args) if getattr(cassette, "inject", False) else args

    def call(wrapped: Any, _: Any, args: Any, kwargs: Any) -> Any:
        with open_for(function) as cassette:
            return wrapped(*injected(cassette, args), **kwargs)

    async def call_coroutine(wrapped: Any, _: Any, args: Any, kwargs: Any) -> Any:
        with open_for(function) as cassette:
            return await wrapped(*injected(cassette, args), **kwargs)

    def call_generator(wrapped: Any, _: Any, args: Any, kwargs: Any) -> Generator[Any, Any, Any]:
        with open_for(function) as cassette:
            return (yield from wrapped(*injected(cassette, args), **kwargs))

    async def call_async_generator(wrapped: Any, _: Any, args: Any, kwargs: Any) -> AsyncGenerator[Any, Any]:
        with open_for(function) as cassette:
            generator = wrapped(*injected(cassette, args), **kwargs)
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

    # What runs when an object is called is the __call__ of its class.
    code = function if inspect.isroutine(function) or isinstance(function, partial) else type(function).__call__
    if inspect.isasyncgenfunction(code):
        return call_async_generator
    if inspect.iscoroutinefunction(code):
        return call_coroutine
    if inspect.isgeneratorfunction(code):
        return call_generator
    return call
