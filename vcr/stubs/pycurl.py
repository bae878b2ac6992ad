"""The stub of pycurl's easy handles: their options, ``perform`` and ``getinfo``. It must not know an option of vcr.

The options of a handle make the request, and libcurl does not tell them: so vcr notes them when they are set. A handle
that was made before the first cassette is refused, unless the program calls ``reset()`` on it.

This file uses pycurl's own classes, which are written in C. The module ``pycurl`` may have another class in their
place.
"""

from __future__ import annotations

import functools
import gc
import io
import sys
import time
import traceback
import weakref
from collections.abc import Callable
from contextlib import suppress
from types import MethodDescriptorType
from typing import Any, ClassVar, Protocol

from ..errors import UnsupportedClientError
from .cancellation import not_cancelled
from .libcurl.abi import PROGRESS_CONTINUE, Code, Info, Opt
from .libcurl.errors import LibcurlError, check_accepted
from .libcurl.handle import Handle
from .libcurl.info import LEFT_TO_LIBCURL, answer
from .libcurl.live import LiveTransfer
from .libcurl.replay import Progress, Replay, looks
from .libcurl.request import Read, Reader
from .libcurl.transfer import Transfer, start


def _own_class(name: str, method: str) -> type[Any]:
    """Pycurl's own class of this name, found among all classes by ``method``. Raises ImportError when it is missing."""
    for cls in object.__subclasses__():
        is_in_c = isinstance(vars(cls).get(method), MethodDescriptorType)
        if is_in_c and (cls.__module__, cls.__name__) == ("pycurl", name):
            return cls
    raise ImportError(f"pycurl's own class {name} is not there")


Curl = _own_class("Curl", "perform")
CurlMulti = _own_class("CurlMulti", "add_handle")
#: The attribute of a handle that holds its ``Handle``. (With pycurl 7.45 a weak reference to a handle breaks.)
_KEPT = "_vcr"
#: CURL_SEEKFUNC_CANTSEEK
_CANTSEEK = 2


def _own_error() -> type[Exception]:
    """The class of pycurl's errors."""
    try:
        Curl().perform()
    except Exception as error:  # noqa: BLE001  (it says that no URL is set)
        return type(error)
    raise ImportError("pycurl performs a request without a URL")


_Error = _own_error()


class EasyHandle(Protocol):
    """The methods of ``pycurl.Curl`` that vcr calls."""

    def setopt(self, option: int, value: object) -> None:
        """Set an option."""

    def unsetopt(self, option: int) -> None:
        """Unset an option."""

    def perform(self) -> None:
        """Make the request."""


_getinfo: Callable[[object, int], Any] = Curl.getinfo
_setopt: Callable[[object, int, object], None] = Curl.setopt
#: What libcurl prints before each line when it is verbose and has no debug callback, by CURLINFO_TYPE.
_PREFIXES = {0: "* ", 1: "< ", 2: "> "}


class Handles:
    """The doors of pycurl. Each method that is named in ``OPTIONS``, ``TRANSFER`` and ``MULTI`` takes the place of
    pycurl's own, which is its first argument."""

    OPTIONS: ClassVar = ("setopt", "setopt_string", "unsetopt", "reset", "duphandle")
    TRANSFER: ClassVar = ("perform", "perform_rb", "perform_rs", "getinfo", "getinfo_raw")
    MULTI: ClassVar = ("add_handle",)

    def __init__(self) -> None:
        #: The handles that have made a transfer here. (The last transfer of any other handle was no replay.)
        self._seen: weakref.WeakSet[Handle] = weakref.WeakSet()

    @staticmethod
    def mark_existing() -> None:
        """Note of each handle that exists that its options are not known. This looks at every object of the process."""
        tracked = gc.get_objects()
        kinds = {kind for kind in set(map(type, tracked)) if issubclass(kind, Curl)}
        for handle in [item for item in tracked if type(item) in kinds] if kinds else ():
            with suppress(_Error):  # the handle has been closed, and makes no request any more
                setattr(handle, _KEPT, Handle(known=False, url=_getinfo(handle, Info.EFFECTIVE_URL)))

    @staticmethod
    def method(original: Callable[..., object], new: Callable[..., object]) -> Callable[..., object]:
        """The function to put into a class: it calls ``new`` with pycurl's own method and the handle."""

        @functools.wraps(original)
        def method(curl: object, *args: object, **kwargs: object) -> object:
            return new(functools.partial(original, curl), curl, *args, **kwargs)

        return method

    @staticmethod
    def _of(curl: object) -> Handle:
        handle: Handle | None = getattr(curl, _KEPT, None)
        if handle is None:
            # A new handle has no URL. One that has was made before vcr noted options, and hidden by gc.freeze().
            url = _getinfo(curl, Info.EFFECTIVE_URL)
            handle = Handle(known=not url, url=url)
            setattr(curl, _KEPT, handle)
        return handle

    # -- options ----------------------------------------------------------------------------------------------------

    def setopt(self, original: Callable[..., object], curl: object, option: int, value: object) -> None:
        """``setopt``: set and note the option."""
        handle = self._of(curl)
        original(option, value)
        if value is None:
            handle.forget(option)
        else:
            handle.note(option, value)

    setopt_string = setopt

    def unsetopt(self, original: Callable[..., object], curl: object, option: int) -> None:
        """``unsetopt``: unset and forget the option."""
        handle = self._of(curl)
        original(option)
        handle.forget(option)

    def reset(self, original: Callable[..., object], curl: object) -> None:
        """``reset``: forget all options."""
        original()
        self._of(curl).reset()

    def duphandle(self, original: Callable[..., object], curl: object) -> object:
        """``duphandle``: the duplicate gets a copy of what is known of the handle."""
        other = original()
        setattr(other, _KEPT, self._of(curl).copy())
        return other

    # -- the transfer -----------------------------------------------------------------------------------------------

    def perform(self, original: Callable[..., None], curl: object) -> None:
        """``perform``: take the turn; replay, or go live and record."""
        handle = self._of(curl)
        self._seen.add(handle)
        try:
            transfer = start(handle, type(curl), _reads)
            if transfer is None:
                handle.info = None
                original()
                return
            if transfer.is_live:
                _live(original, curl, handle, transfer)
            if not transfer.is_live:
                _replay(curl, handle, transfer)
        except LibcurlError as error:
            raise _Error(error.code, error.message) from None

    def perform_rb(self, _: Callable[..., object], curl: EasyHandle) -> bytes:
        """``perform_rb``: ``perform``, and return the body."""
        buffer = io.BytesIO()
        curl.setopt(Opt.WRITEDATA, buffer)
        curl.perform()
        return buffer.getvalue()

    def perform_rs(self, _: Callable[..., object], curl: EasyHandle) -> str:
        """``perform_rs``: ``perform``, and return the body as text, in UTF-8 as in pycurl."""
        return self.perform_rb(_, curl).decode()

    def add_handle(self, original: Callable[..., object], _: object, curl: object) -> object:
        """``add_handle``: refuse, because a program drives a multi handle by its sockets and timers: a replay has none.
        Outside any cassette, do what pycurl does."""
        if self._of(curl).cassette(type(curl)) is not None:
            raise UnsupportedClientError(
                "pycurl.CurlMulti cannot be recorded or replayed; inside a cassette use Curl.perform(), or make the "
                "request outside it"
            )
        self._of(curl).info = None
        return original(curl)

    # -- the response -----------------------------------------------------------------------------------------------

    def getinfo(self, original: Callable[..., object], curl: object, option: int) -> object:
        """``getinfo``: after a replay, the answer that follows from it (see ``libcurl.info``)."""
        value = self.getinfo_raw(original, curl, option)
        return value.decode("latin-1") if isinstance(value, bytes) else value

    def getinfo_raw(self, original: Callable[..., object], curl: object, option: int) -> object:
        """``getinfo_raw``: as ``getinfo``, but strings are bytes."""
        handle = self._of(curl)
        info = handle.info if handle in self._seen else None
        return original(option) if info is None or option in LEFT_TO_LIBCURL else answer(info, option)


def returned(callback: Callable[[bytes], object], data: bytes) -> object:
    """Call a callback as pycurl does: an error is printed, and 0 is returned: the callback has taken nothing."""
    try:
        return callback(data)
    except Exception:  # noqa: BLE001
        traceback.print_exc()
        return 0


def _call(callback: Callable[[bytes], object], data: bytes) -> None:
    check_accepted(returned(callback, data), len(data))


def _reads(read: Reader) -> Reader:
    """A read callback that is called as pycurl does: an error is printed, and the transfer fails."""

    def reading(size: int) -> Read:
        try:
            return read(size)
        except Exception:  # noqa: BLE001
            traceback.print_exc()
            raise LibcurlError(Code.ABORTED_BY_CALLBACK, "operation aborted by callback") from None

    return reading


def _replay(curl: object, handle: Handle, transfer: Transfer) -> None:
    header = handle.sink(Opt.HEADERFUNCTION, Opt.HEADERDATA)
    write = handle.sink(Opt.WRITEFUNCTION, Opt.WRITEDATA) or sys.stdout.buffer.write

    def head(line: bytes) -> None:
        if handle.options.get(Opt.HEADER):
            _call(write, line)
        if header is not None:
            _call(header, line)

    def cookie(line: bytes) -> None:
        _setopt(curl, Opt.COOKIELIST, line.decode("latin-1"))

    progress = _progress(transfer)
    replay = Replay(transfer, head, functools.partial(_call, write), cookie, progress)
    replay.run()
    if replay.was_cancelled:
        _wait_for_abort(replay, transfer)


def _wait_for_abort(replay: Replay, transfer: Transfer) -> None:
    """Call the progress callback, which aborted the transfer while it was recorded, until it aborts the replay. Raises
    LibcurlError when it does so, and NotCancelledError when it does not in time."""
    for seconds in looks():
        replay.tell_progress()
        time.sleep(seconds)
    raise not_cancelled(transfer.request)


def _progress(transfer: Transfer) -> Progress:
    """The function that calls the program's progress callback as pycurl does: an error is printed, and aborts the
    transfer."""
    options, sent = transfer.handle.options, len(transfer.request.body or b"")
    tell, number = options.get(Opt.XFERINFOFUNCTION), int
    if tell is None:
        tell, number = options.get(Opt.PROGRESSFUNCTION), float  # type: ignore[assignment]

    def progress(announced: int, came: int) -> None:
        if tell is None or options.get(Opt.NOPROGRESS, 1):
            return
        try:
            returned = tell(*map(number, (announced, came, sent, sent)))
        except Exception:  # noqa: BLE001
            traceback.print_exc()
            returned = 1
        if returned not in (None, 0, PROGRESS_CONTINUE):
            raise LibcurlError(Code.ABORTED_BY_CALLBACK, "Callback aborted")

    return progress


def _live(original: Callable[[], None], curl: object, handle: Handle, transfer: Transfer) -> None:
    """Make the real transfer, and record it. Afterwards the program's own callbacks are put back."""
    live = LiveTransfer(transfer)
    header = handle.sink(Opt.HEADERFUNCTION, Opt.HEADERDATA)
    listeners = live.listeners(
        handle.options.get(Opt.DEBUGFUNCTION, _print), header and functools.partial(returned, header), -1
    )
    if transfer.upload is not None:
        listeners |= {Opt.READFUNCTION: transfer.upload.read, Opt.SEEKFUNCTION: transfer.upload.seek}
    for option, value in listeners.items():
        _setopt(curl, option, value)
    try:
        with live.performing(_Error, lambda error: LibcurlError(*error.args[:2])):
            original()
    finally:
        for option in listeners:
            _put_back(curl, handle, option)


def _print(kind: int, data: bytes) -> None:
    if kind in _PREFIXES:
        sys.stderr.write(_PREFIXES[kind] + data.decode("latin-1"))


#: The options that ``_live`` replaces. For each: the option that holds a file and may be set instead (-1: there is
#: none), and a value that has the same effect as no value. (pycurl up to 7.45 cannot unset all of them.)
_DEFAULTS: dict[int, tuple[int, object]] = {
    Opt.VERBOSE: (-1, 0),
    Opt.DEBUGFUNCTION: (-1, _print),
    Opt.HEADERFUNCTION: (Opt.HEADERDATA, len),
    Opt.READFUNCTION: (Opt.READDATA, None),  # a program that uploads has set one of the two
    Opt.SEEKFUNCTION: (-1, lambda *_: _CANTSEEK),
}


def _put_back(curl: object, handle: Handle, option: int) -> None:
    file, default = _DEFAULTS[option]
    if file in handle.options:
        _setopt(curl, file, handle.options[file])
    else:
        _setopt(curl, option, handle.options.get(option, default))
