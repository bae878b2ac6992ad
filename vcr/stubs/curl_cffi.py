"""The stub of curl_cffi's handles: the options that they are given, ``perform``, and ``add_handle`` for asyncio. It
must not know an option of vcr.

A handle that was made before the first cassette is refused, unless ``reset()`` is called on it; the handles of sessions
are given all their options anew for each request. A session looks for no error but CurlError, and would leave any other
in its thread or task: so a refusal is raised where the session reads the response.
"""

from __future__ import annotations

import asyncio
import functools
import re
import sys
import time
import weakref
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

from .cancellation import is_cancellation, not_cancelled
from .libcurl.abi import PAUSE, Info, Opt
from .libcurl.errors import LibcurlError, check_accepted, write_error
from .libcurl.handle import Handle
from .libcurl.info import LEFT_TO_LIBCURL, answer
from .libcurl.live import LiveTransfer
from .libcurl.replay import Replay, looks
from .libcurl.transfer import Transfer, start

if TYPE_CHECKING:
    from curl_cffi import AsyncCurl, Curl, CurlError

_curl = import_module("curl_cffi.curl")
_CurlError: type[CurlError] = _curl.CurlError

_getinfo: Callable[[object, int], Any] = _curl.Curl.getinfo
_setopt: Callable[[object, int, object], int] = _curl.Curl.setopt
_clean: Callable[..., None] = _curl.Curl.clean_handles_and_buffers
#: Whether curl_cffi names an error of which libcurl says nothing: not before 0.17.
_NAMES_ERRORS = hasattr(_curl.lib, "curl_easy_strerror")
#: What a callback returns to end the transfer; any other number is as good as all.
_STOP = 0xFFFFFFFF


class Response(Protocol):
    """A response of curl_cffi's. ``quit_now``: the event that is set when the program leaves it, if it is streamed."""

    quit_now: object


class Handles:
    """What is known of every handle. Each public method takes the place of curl_cffi's, which is its first argument."""

    def __init__(self) -> None:
        self._known: weakref.WeakKeyDictionary[Curl, Handle] = weakref.WeakKeyDictionary()
        #: The handles that sessions are using, and what keeps their requests from being made.
        self._refused: weakref.WeakKeyDictionary[Curl, Exception | None] = weakref.WeakKeyDictionary()
        #: The event that stands for each response that is streamed (else None), by handle; and those of responses that
        #: have been left, with whether the program was cancelled then.
        self._streams: weakref.WeakKeyDictionary[Curl, object] = weakref.WeakKeyDictionary()
        self._left: weakref.WeakKeyDictionary[object, BaseException | None] = weakref.WeakKeyDictionary()

    def _of(self, curl: Curl) -> Handle:
        handle = self._known.get(curl)
        if handle is None:
            handle = self._known[curl] = Handle(known=False, url=_getinfo(curl, Info.EFFECTIVE_URL))
        return handle

    # -- options ----------------------------------------------------------------------------------------------------

    def init(self, original: Callable[..., None], curl: Curl, *args: object, **kwargs: object) -> None:
        """``Curl.__init__``: the handle is new, so all its options will be known."""
        self._known[curl] = Handle()
        original(curl, *args, **kwargs)

    def setopt(self, original: Callable[..., int], curl: Curl, option: int, value: Any) -> int:
        """``setopt``: note the option. Header lines are added to those that are set."""
        handle = self._of(curl)
        result = original(curl, option, value)
        if option == Opt.HTTPHEADER:
            value = [*handle.options.get(option, ()), *value]
        handle.note(option, value)
        return result

    def reset(self, original: Callable[..., None], curl: Curl) -> None:
        """``reset``: forget all options but those that curl_cffi itself sets then."""
        self._of(curl).reset()
        original(curl)

    def duphandle(self, original: Callable[..., Curl], curl: Curl) -> Curl:
        """``duphandle``: what is known of the original is known of the duplicate, but for the header lines."""
        other = original(curl)
        handle = self._known[other] = self._of(curl).copy()
        handle.forget(Opt.HTTPHEADER)
        return other

    def set_curl_options(
        self, original: Callable[..., Sequence[object]], curl: Curl, *args: object, **kwargs: object
    ) -> Sequence[object]:
        """``set_curl_options``: the session sets all options, so an older handle is as good as a new one."""
        if not self._of(curl).known:
            curl.reset()
        self._refused[curl] = None
        made = original(curl, *args, **kwargs)
        self._streams[curl] = made[-1]
        return made

    def leave(self, original: Callable[..., object], response: Response) -> object:
        """``_finalize_stream`` and ``aclose``: the program leaves a response that it streams, and hears of no error
        after that."""
        if response.quit_now is not None:
            seen = sys.exc_info()[1]
            self._left[response.quit_now] = _of_that_kind(seen)
        return original(response)

    def _listening(self, curl: Curl, transfer: Transfer) -> AbstractContextManager[None]:
        stream = self._streams.get(curl)

        live = LiveTransfer(transfer)

        def read(error: CurlError) -> LibcurlError:
            if stream not in self._left:
                return _error_in(error)
            live.left(self._left[stream])
            return write_error(_STOP, 0)

        return _listening(curl, transfer, live, read)

    # -- the transfer -----------------------------------------------------------------------------------------------

    def perform(self, original: Callable[..., None], curl: Curl, *args: object, **kwargs: object) -> None:
        """``perform``: take the turn; replay, or go live and record."""
        handle = self._of(curl)
        with self._errors(curl):
            transfer = start(handle, type(curl))
            if transfer is not None and transfer.is_live:
                with self._listening(curl, transfer):
                    original(curl, *args, **kwargs)
            if transfer is None:
                handle.info = None
                original(curl, *args, **kwargs)
            elif not transfer.is_live:
                if _replay(curl, handle, transfer):
                    self._wait(curl)
                    raise not_cancelled(transfer.request)
                _clean(curl, *args, **kwargs)
            handle.forget(Opt.HTTPHEADER)

    def add_handle(self, original: Callable[..., Awaitable[object]], multi: AsyncCurl, curl: Curl) -> Awaitable[object]:
        """``add_handle``: the same for asyncio. What is returned can be awaited."""
        handle = self._of(curl)
        if handle.cassette(type(curl)) is None:
            handle.info = None
            return original(multi, curl)
        task: Awaitable[object] = multi.loop.create_task(
            self._run(functools.partial(original, multi, curl), curl, handle)
        )
        return task

    async def _run(self, original: Callable[[], Awaitable[object]], curl: Curl, handle: Handle) -> None:
        with self._errors(curl):
            transfer = start(handle, type(curl))
            if transfer is not None and transfer.is_live:
                with self._listening(curl, transfer):
                    await original()
            if transfer is None:
                handle.info = None
                await original()
            elif not transfer.is_live and _replay(curl, handle, transfer):
                await self._wait_async(curl)
                raise not_cancelled(transfer.request)

    def _wait(self, curl: Curl) -> None:
        """Wait for the program to leave the response, as it did while this was recorded. Raises LibcurlError when it
        does."""
        for seconds in looks():
            self._check_left(curl)
            time.sleep(seconds)

    async def _wait_async(self, curl: Curl) -> None:
        """The same, asynchronous; a task that is cancelled ends here, too."""
        for seconds in looks():
            self._check_left(curl)
            await asyncio.sleep(seconds)

    def _check_left(self, curl: Curl) -> None:
        stream = self._streams.get(curl)
        if stream is not None and stream in self._left:
            raise write_error(_STOP, 0)

    @contextmanager
    def _errors(self, curl: Curl) -> Iterator[None]:
        try:
            yield
        except LibcurlError as error:
            text = error.message if _NAMES_ERRORS else error.text
            raise _CurlError(
                f"Failed to perform, curl: ({error.code}) {text}. "
                "See https://curl.se/libcurl/c/libcurl-errors.html first for more details.",
                error.code,
            ) from None
        except _CurlError:
            raise
        except Exception as error:
            if curl not in self._refused:
                raise
            self._refused[curl] = error

    # -- the answer -------------------------------------------------------------------------------------------------

    def parse_response(
        self, original: Callable[..., object], session: object, curl: Curl, *args: object, **kwargs: object
    ) -> object:
        """``_parse_response``: the session reads the response, so a refusal is raised here."""
        refusal = self._refused.pop(curl, None)
        if refusal is not None:
            raise refusal
        return original(session, curl, *args, **kwargs)

    def getinfo(self, original: Callable[..., object], curl: Curl, option: int) -> object:
        """``getinfo``: after a replay, what the recorded response tells."""
        info = self._of(curl).info
        if info is None or option in LEFT_TO_LIBCURL:
            return original(curl, option)
        value = answer(info, option)
        return b"" if value is None else value


def door(original: Callable[..., object], new: Callable[..., object]) -> Callable[..., object]:
    """``new`` in the place of ``original``, which it is given first."""

    @functools.wraps(original)
    def replacement(*args: object, **kwargs: object) -> object:
        return new(original, *args, **kwargs)

    return replacement


def _of_that_kind(error: BaseException | None) -> BaseException | None:
    """An error that says as much of why a response is left, and keeps no frame alive."""
    if error is None or isinstance(error, Exception):
        return TimeoutError() if isinstance(error, TimeoutError) else None
    return asyncio.CancelledError() if is_cancellation(error) else KeyboardInterrupt()


def _returned(callback: Callable[[bytes], object], data: bytes) -> object:
    """What a callback returns, as curl_cffi understands it: any number but two is as good as all."""
    returned = callback(data)
    return returned if returned in (PAUSE, _STOP) else len(data)


def _call(callback: Callable[[bytes], object], data: bytes) -> None:
    check_accepted(_returned(callback, data), len(data))


def _replay(curl: Curl, handle: Handle, transfer: Transfer) -> bool:
    """Replay. Whether the program cancelled the transfer while it was recorded."""
    header = handle.sink(Opt.HEADERFUNCTION, Opt.HEADERDATA) or len
    write = handle.sink(Opt.WRITEFUNCTION, Opt.WRITEDATA) or sys.stdout.buffer.write
    cookie = functools.partial(_setopt, curl, Opt.COOKIELIST)
    replay = Replay(transfer, functools.partial(_call, header), functools.partial(_call, write), cookie)
    replay.run()
    return replay.was_cancelled


_TEXT = re.compile(r"curl: \(\d+\) (.*)\. See https://curl\.se/", re.DOTALL)


def _error_in(error: CurlError) -> LibcurlError:
    """The error of libcurl that an error of curl_cffi stands for."""
    text = _TEXT.search(str(error))
    return LibcurlError(int(error.code), text[1] if text else str(error))


@contextmanager
def _listening(
    curl: Curl, transfer: Transfer, live: LiveTransfer, read: Callable[[CurlError], LibcurlError]
) -> Iterator[None]:
    """Around the real transfer: the cassette listens to it. curl_cffi forgets all callbacks after a transfer."""
    handle = transfer.handle
    debug = handle.options.get(Opt.DEBUGFUNCTION)  # True: its own
    header = handle.sink(Opt.HEADERFUNCTION, Opt.HEADERDATA)
    listeners = live.listeners(
        debug if callable(debug) else _curl.debug_function_default,
        header and functools.partial(_returned, header),
        _STOP,
    )
    write = handle.sink(Opt.WRITEFUNCTION, Opt.WRITEDATA)
    if write is not None:
        listeners[Opt.WRITEFUNCTION] = live.draining(write, _STOP)
    if transfer.upload is not None:
        listeners |= {Opt.READDATA: transfer.upload, Opt.SEEKDATA: transfer.upload}
    for option, value in listeners.items():
        _setopt(curl, option, value)
    try:
        with live.performing(_CurlError, read):
            yield
    finally:
        _setopt(curl, Opt.VERBOSE, handle.options.get(Opt.VERBOSE, 0))
