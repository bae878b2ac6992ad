"""The stub of curl_cffi's handles: it notes their options, and replays or records what they perform. It must not know
an option of vcr.

- A handle that was made before the first cassette is refused until ``reset()`` is called on it, because its options are
  not known. A session sets all options of its handles for each request, so its handles are reset here.
- A session performs its requests in a thread or a task, where it catches ``CurlError`` alone. So a refusal is kept, and
  raised when the session reads the response.
"""

from __future__ import annotations

import asyncio
import functools
import re
import sys
import time
import weakref
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
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
#: Whether curl_cffi has a text for an error when libcurl gives none: since 0.17.
_NAMES_ERRORS = hasattr(_curl.lib, "curl_easy_strerror")
#: The number with which a callback ends the transfer. curl_cffi takes every other number but ``PAUSE`` for "all of the
#: data was used".
_STOP = 0xFFFFFFFF
#: The tasks that perform the transfers of an asynchronous request, for that request.
_transfers: ContextVar[list[asyncio.Task[None]] | None] = ContextVar("vcr_curl_cffi_transfers", default=None)


class Response(Protocol):
    """A response of a session. ``quit_now``: the event that the session sets when the program leaves a streamed
    response; None for a response that is not streamed."""

    quit_now: object


class Handles:
    """What is known of every handle. Each public method is called in the place of a method of curl_cffi, which is its
    first argument."""

    def __init__(self) -> None:
        self._known: weakref.WeakKeyDictionary[Curl, Handle] = weakref.WeakKeyDictionary()
        #: For each handle that a session is using: the error that its next response raises, or None.
        self._errors: weakref.WeakKeyDictionary[Curl, Exception | None] = weakref.WeakKeyDictionary()
        #: For each handle: the ``quit_now`` of the response that it streams, or None.
        self._streams: weakref.WeakKeyDictionary[Curl, object] = weakref.WeakKeyDictionary()
        #: For each ``quit_now`` of a response that the program has left: the error because of which it left, or None.
        self._left: weakref.WeakKeyDictionary[object, BaseException | None] = weakref.WeakKeyDictionary()

    def _of(self, curl: Curl) -> Handle:
        handle = self._known.get(curl)
        if handle is None:
            handle = self._known[curl] = Handle(known=False, url=_getinfo(curl, Info.EFFECTIVE_URL))
        return handle

    # -- options ----------------------------------------------------------------------------------------------------

    def init(self, original: Callable[..., None], curl: Curl, *args: object, **kwargs: object) -> None:
        """``Curl.__init__``: all options of the new handle will be known."""
        self._known[curl] = Handle()
        original(curl, *args, **kwargs)

    def setopt(self, original: Callable[..., int], curl: Curl, option: int, value: Any) -> int:
        """``setopt``: note the option. curl_cffi adds header lines to those that are set already."""
        handle = self._of(curl)
        result = original(curl, option, value)
        if option == Opt.HTTPHEADER:
            value = [*handle.options.get(option, ()), *value]
        handle.note(option, value)
        return result

    def reset(self, original: Callable[..., None], curl: Curl) -> None:
        """``reset``: forget all options. What the original sets is noted by ``setopt``."""
        self._of(curl).reset()
        original(curl)

    def duphandle(self, original: Callable[..., Curl], curl: Curl) -> Curl:
        """``duphandle``: the duplicate has all options of the handle but the header lines."""
        other = original(curl)
        handle = self._known[other] = self._of(curl).copy()
        handle.forget(Opt.HTTPHEADER)
        return other

    def set_curl_options(
        self, original: Callable[..., Sequence[object]], curl: Curl, *args: object, **kwargs: object
    ) -> Sequence[object]:
        """``set_curl_options``: a session is about to set all options, so a handle with unknown options is reset."""
        if not self._of(curl).known:
            curl.reset()
        self._errors[curl] = None
        made = original(curl, *args, **kwargs)
        self._streams[curl] = made[-1]
        return made

    def clean(
        self,
        original: Callable[..., None],
        curl: Curl,
        clear_headers: bool = True,
        *args: object,
        **kwargs: object,
    ) -> None:
        """``clean_handles_and_buffers``: forget the header lines when curl_cffi does."""
        original(curl, clear_headers, *args, **kwargs)
        handle = self._known.get(curl)
        if handle is not None and clear_headers:
            handle.forget(Opt.HTTPHEADER)

    def leave(self, original: Callable[..., object], response: Response) -> object:
        """``_finalize_stream`` and ``aclose``: the program leaves a streamed response, and sees no error of the
        transfer after that."""
        if response.quit_now is not None:
            self._left[response.quit_now] = _without_frames(sys.exc_info()[1])
        return original(response)

    # -- the transfer -----------------------------------------------------------------------------------------------

    def perform(self, original: Callable[..., None], curl: Curl, *args: object, **kwargs: object) -> None:
        """``perform``: take the turn, then replay, or go live and record. ``args``, ``kwargs``: what the original hands
        to ``clean_handles_and_buffers``, after a transfer that failed too."""
        handle = self._of(curl)
        with self._raising(curl):
            transfer = start(handle, type(curl))
            if transfer is not None and transfer.is_live:
                with self._recording(curl, transfer):
                    original(curl, *args, **kwargs)
            if transfer is None:
                handle.info = None
                original(curl, *args, **kwargs)
            elif not transfer.is_live:
                try:
                    if _replay(curl, transfer):
                        self._wait(curl)
                        raise not_cancelled(transfer.request)
                finally:
                    curl.clean_handles_and_buffers(*args, **kwargs)  # type: ignore[arg-type]

    def add_handle(self, original: Callable[..., Awaitable[object]], multi: AsyncCurl, curl: Curl) -> Awaitable[object]:
        """``add_handle``: as ``perform``, for asyncio. Returns what can be awaited until the transfer has ended."""
        handle = self._of(curl)
        if handle.cassette(type(curl)) is None:
            handle.info = None
            return original(multi, curl)
        task = asyncio.ensure_future(self._run(functools.partial(original, multi, curl), curl, handle), loop=multi.loop)
        transfers = _transfers.get()
        if transfers is not None:
            transfers.append(task)
        return task

    async def _run(self, original: Callable[[], Awaitable[object]], curl: Curl, handle: Handle) -> None:
        with self._raising(curl):
            transfer = start(handle, type(curl))
            if transfer is not None and transfer.is_live:
                with self._recording(curl, transfer):
                    await original()
            if transfer is None:
                handle.info = None
                await original()
            elif not transfer.is_live and _replay(curl, transfer):
                await self._wait_async(curl)
                raise not_cancelled(transfer.request)

    @contextmanager
    def _recording(self, curl: Curl, transfer: Transfer) -> Iterator[None]:
        """A block for a live transfer, to which the cassette listens."""
        live, stream = LiveTransfer(transfer), self._streams.get(curl)

        def to_libcurl(error: CurlError) -> LibcurlError:
            if stream not in self._left:
                return _libcurl_error(error)
            live.left(self._left[stream])
            return write_error(_STOP, 0)

        for option, value in _listeners(transfer, live).items():
            _setopt(curl, option, value)
        try:
            with live.performing(_CurlError, to_libcurl):
                yield
        finally:
            # curl_cffi forgets all callbacks after a transfer, but not this option.
            _setopt(curl, Opt.VERBOSE, transfer.handle.options.get(Opt.VERBOSE, 0))

    def _wait(self, curl: Curl) -> None:
        """Wait until the program leaves the response, as it did while this was recorded. Raises LibcurlError then.
        Returns when the program has not left the response within ``CANCEL_LIMIT``."""
        for seconds in looks():
            self._check_left(curl)
            time.sleep(seconds)

    async def _wait_async(self, curl: Curl) -> None:
        """As ``_wait``. A task that the program cancels ends here, too."""
        for seconds in looks():
            self._check_left(curl)
            await asyncio.sleep(seconds)

    def _check_left(self, curl: Curl) -> None:
        stream = self._streams.get(curl)
        if stream is not None and stream in self._left:
            raise write_error(_STOP, 0)

    @contextmanager
    def _raising(self, curl: Curl) -> Iterator[None]:
        """A block for a transfer. An error of libcurl is raised as curl_cffi raises it. Any other error is raised when
        the session reads the response, if the handle is a session's."""
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
            if curl not in self._errors:
                raise
            self._errors[curl] = error

    # -- the response -----------------------------------------------------------------------------------------------

    def parse_response(
        self, original: Callable[..., object], session: object, curl: Curl, *args: object, **kwargs: object
    ) -> object:
        """``_parse_response``: a session reads the response, so the error that was kept for it is raised."""
        error = self._errors.pop(curl, None)
        if error is not None:
            raise error
        return original(session, curl, *args, **kwargs)

    def getinfo(self, original: Callable[..., object], curl: Curl, option: int) -> object:
        """``getinfo``: after a replay, the answer is taken from the recorded response."""
        info = self._of(curl).info
        if info is None or option in LEFT_TO_LIBCURL:
            return original(curl, option)
        value = answer(info, option)
        return b"" if value is None else value


def request_door(original: Callable[..., Awaitable[object]]) -> Callable[..., Awaitable[object]]:
    """``AsyncSession.request``: cancel its transfer when the program cancels the request. Without a cassette, curl_cffi
    lets the transfer of a streamed request go on until the session is closed."""

    @functools.wraps(original)
    async def request(self: object, *args: object, **kwargs: object) -> object:
        transfers: list[asyncio.Task[None]] = []
        token = _transfers.set(transfers)
        try:
            return await original(self, *args, **kwargs)
        except asyncio.CancelledError:
            for transfer in transfers:
                transfer.cancel()
            raise
        finally:
            _transfers.reset(token)

    return request


def door(original: Callable[..., object], new: Callable[..., object]) -> Callable[..., object]:
    """A function that takes the place of ``original``. It calls ``new`` with ``original`` and the arguments."""

    @functools.wraps(original)
    def replacement(*args: object, **kwargs: object) -> object:
        return new(original, *args, **kwargs)

    return replacement


def _without_frames(error: BaseException | None) -> BaseException | None:
    """An error for which the exchange ends in the same way as for ``error``, but which keeps no frame alive."""
    if error is None or isinstance(error, Exception):
        return TimeoutError() if isinstance(error, TimeoutError) else None
    return asyncio.CancelledError() if is_cancellation(error) else KeyboardInterrupt()


def _returned(callback: Callable[[bytes], object], data: bytes) -> object:
    """Call ``callback``. Returns ``PAUSE``, ``_STOP``, or, for anything else, that all of ``data`` was used."""
    returned = callback(data)
    return returned if returned in (PAUSE, _STOP) else len(data)


def _call(callback: Callable[[bytes], object], data: bytes) -> None:
    check_accepted(_returned(callback, data), len(data))


def _replay(curl: Curl, transfer: Transfer) -> bool:
    """Hand the recorded responses to the callbacks. Returns whether the program cancelled the transfer while it was
    recorded."""
    handle = transfer.handle
    header = handle.sink(Opt.HEADERFUNCTION, Opt.HEADERDATA) or len
    write = handle.sink(Opt.WRITEFUNCTION, Opt.WRITEDATA) or sys.stdout.buffer.write
    cookie = functools.partial(_setopt, curl, Opt.COOKIELIST)
    replay = Replay(transfer, functools.partial(_call, header), functools.partial(_call, write), cookie)
    replay.run()
    return replay.was_cancelled


_TEXT = re.compile(r"curl: \(\d+\) (.*)\. See https://curl\.se/", re.DOTALL)


def _libcurl_error(error: CurlError) -> LibcurlError:
    """The error of libcurl from which curl_cffi has made ``error``."""
    text = _TEXT.search(str(error))
    return LibcurlError(int(error.code), text[1] if text else str(error))


def _listeners(transfer: Transfer, live: LiveTransfer) -> dict[int, object]:
    """The callbacks through which the cassette listens to a live transfer, by option. They call the program's own."""
    handle = transfer.handle
    debug = handle.options.get(Opt.DEBUGFUNCTION)  # True asks for curl_cffi's own
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
    return listeners
