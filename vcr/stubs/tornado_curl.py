"""The stub of tornado's client over libcurl, CurlAsyncHTTPClient. It must not know an option or a file.

tornado tells its request to libcurl while it sets up a handle. So each fetch is rehearsed: tornado's own code sets up a
handle that only notes its options (``NotedCurl``), on a ``Stage`` in the place of a multi handle. There a recorded
response is played to tornado's own callbacks. A request that has to go live is handed to the real client, and the
cassette listens to that client's handle.
"""

from __future__ import annotations

import collections
import contextvars
import functools
import io
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from tornado.curl_httpclient import CurlError

from .. import _active
from .cancellation import not_cancelled
from .libcurl.abi import PAUSE, Code, Opt
from .libcurl.errors import LibcurlError, write_error
from .libcurl.handle import Handle
from .libcurl.info import answer
from .libcurl.live import LiveTransfer
from .libcurl.replay import Replay
from .libcurl.transfer import Transfer, start
from .pycurl import Curl, EasyHandle, returned
from .tornado import given_to

#: PAUSE_CONT
_CONTINUE = 0
_log = logging.getLogger("tornado.curl_httpclient")

if TYPE_CHECKING:
    from tornado.curl_httpclient import CurlAsyncHTTPClient
    from tornado.httpclient import HTTPRequest, HTTPResponse
    from tornado.httputil import HTTPHeaders

FetchImpl = Callable[["CurlAsyncHTTPClient", "HTTPRequest", Callable[["HTTPResponse"], None]], None]

# -- the doors ---------------------------------------------------------------------------------------------------------


def fetch_door(original: FetchImpl) -> FetchImpl:
    """``fetch_impl``: the rehearsal."""

    @functools.wraps(original)
    def fetch_impl(self: CurlAsyncHTTPClient, request: HTTPRequest, callback: Callable[[HTTPResponse], None]) -> None:
        if _active.current() is None:
            original(self, request, callback)
        else:
            Fetch(original, self, request, callback).start()

    return fetch_impl


def setup_door(original: Callable[..., None]) -> Callable[..., None]:
    """``_curl_setup_request``: a request starts, at once or out of its client's queue. tornado hands an error that is
    raised here to the code that waits for the response."""

    @functools.wraps(original)
    def _curl_setup_request(
        self: CurlAsyncHTTPClient, curl: EasyHandle, request: HTTPRequest, buffer: io.BytesIO, headers: HTTPHeaders
    ) -> None:
        given = given_to(request)
        original(self, curl, request, buffer, headers)
        fetch: Fetch | None = vars(request).get("_vcr_fetch")  # (a request proxy would ask its request)
        if isinstance(curl, NotedCurl):
            curl.take_turn(type(self), given)
        elif fetch is not None and fetch.curl.transfer is not None:
            fetch.listen(curl, functools.partial(self._curl_header_callback, headers, request.header_callback))

    return _curl_setup_request


def queue_door(original: Callable[[CurlAsyncHTTPClient], None]) -> Callable[[CurlAsyncHTTPClient], None]:
    """``_process_queue``: it adds handles to the real multi handle, which the doors of pycurl must not see."""

    @functools.wraps(original)
    def _process_queue(self: CurlAsyncHTTPClient) -> None:
        if isinstance(self._multi, Stage):
            original(self)
            return
        with _active.outside():
            original(self)

    return _process_queue


# -- the rehearsal -----------------------------------------------------------------------------------------------------


class Fetch:
    """One call of ``fetch_impl``."""

    def __init__(
        self,
        fetch_impl: FetchImpl,
        client: CurlAsyncHTTPClient,
        request: HTTPRequest,
        callback: Callable[[HTTPResponse], None],
    ) -> None:
        self._fetch_impl, self._client, self._request, self._callback = fetch_impl, client, request, callback
        self._context = contextvars.copy_context()
        self.curl = NotedCurl()
        self._real: EasyHandle | None = None
        # The client without what belongs to its real handles.
        self._rehearsing = object.__new__(type(client))
        vars(self._rehearsing).update(
            vars(client),
            _multi=Stage(self.curl, self._go_live),
            _free_list=[self.curl],
            _requests=collections.deque(),
            _fds={},
            _timeout=None,
        )

    def start(self) -> None:
        """Set up, take the turn, and replay or go live. Nothing of the response comes before this has returned."""
        self._fetch_impl(self._rehearsing, self._request, self._answer)

    def _go_live(self) -> None:
        # The loop calls these callbacks in another context: a fetch that they make belongs to the caller's.
        for name in ("header_callback", "streaming_callback"):
            callback = getattr(self._request, name)
            if callback is not None:
                setattr(self._request, name, functools.partial(self._in_context, callback))
        vars(self._request)["_vcr_fetch"] = self
        self._fetch_impl(self._client, self._request, self._answer_live)

    def _in_context(self, callback: Callable[[object], object], data: object) -> object:
        return self._context.copy().run(callback, data)

    def listen(self, real: EasyHandle, header: Callable[[bytes], object]) -> None:
        """The request goes live on the handle ``real``, whose callback for header lines is ``header``."""
        self._real = real
        self._client._curls.insert(0, self)  # the handles that it closes when it is closed itself
        listeners = self.curl.listeners(functools.partial(returned, header), self._client._curl_debug)
        for option, value in listeners.items():
            real.setopt(option, value)

    def close(self) -> None:
        """The client is closed, perhaps long after the cassette. Be silent: when libcurl tells that it ends the
        transfer, pycurl 7.45 aborts the process."""
        assert self._real is not None  # (or the client would not know of this fetch)
        self._real.setopt(Opt.VERBOSE, 0)

    def _let_go(self, real: EasyHandle) -> None:
        self._client._curls.remove(self)
        # The handle is kept for the next fetch, which sets its own callback: an idle one must not keep the cassette.
        real.unsetopt(Opt.HEADERFUNCTION)
        real.setopt(Opt.VERBOSE, self.curl.is_verbose)
        real.setopt(Opt.DEBUGFUNCTION, self._client._curl_debug)

    def _answer_live(self, response: HTTPResponse) -> None:
        """libcurl has ended the transfer, or the cassette has stopped it at a redirect to what is recorded."""
        if self._real is not None:
            self._let_go(self._real)
        live, error = self.curl.live, response.error if isinstance(response.error, CurlError) else None
        if self.curl.transfer is not None and live is not None:
            if error is not None and not self.curl.transfer.is_live:
                self.curl.replay()
                self._rehearsing._set_timeout(0)
                return
            live.end(None if error is None else LibcurlError(error.errno, error.message))
            stopped = live.stopped and CurlError(live.stopped.code, live.stopped.message)
            self.curl.error = live.failure or stopped
        self._answer(response)

    def _answer(self, response: HTTPResponse) -> None:
        if self.curl.error is not None:
            response.error = self.curl.error
        self._callback(response)


class NotedCurl(Curl):  # type: ignore[misc]
    """A handle that is set up and never performed.

    ``transfer``: what its options make; None when that is none of a cassette's business. ``live``: the same, if it goes
    live. ``is_verbose``: whether tornado logs what libcurl tells. ``failure``: libcurl's error; ``error``: another one.
    ``plays``: whether a recorded response is on its way; ``steps``: the rest of it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.transfer: Transfer | None = None
        self.live: LiveTransfer | None = None
        self.error: Exception | None = None
        self.failure: LibcurlError | None = None
        self.plays = self.paused = False
        self.steps: collections.deque[tuple[Callable[[bytes], object], bytes]] = collections.deque()
        self._handle = Handle()
        self.is_verbose = _log.isEnabledFor(logging.DEBUG)  # as tornado asks when it makes a handle

    def setopt(self, option: int, value: object) -> None:
        """Note the option; one that libcurl does not take is not taken here."""
        super().setopt(option, value)
        if value is None:
            self._handle.forget(option)
        else:
            self._handle.note(option, value)

    setopt_string = setopt

    def unsetopt(self, option: int) -> None:
        """Forget the option."""
        super().unsetopt(option)
        self._handle.forget(option)

    def getinfo(self, option: int) -> object:
        """What the recorded response tells."""
        value = answer(self._handle.info or {}, option)
        return value.decode("latin-1") if isinstance(value, bytes) else value

    def pause(self, bitmask: int) -> None:
        """tornado pauses, or goes on."""
        self.paused = bitmask != _CONTINUE

    def take_turn(self, client: type, given: frozenset[str]) -> None:
        """All options have been set. ``given``: the names of the header fields to record. Raises a refusal."""
        self._handle.given = given
        self._header = self._handle.options[Opt.HEADERFUNCTION]
        self._write = self._handle.options[Opt.WRITEFUNCTION]
        self.transfer = start(self._handle, client)
        if self.transfer is not None:
            self.transfer.is_one_play = True
            self.live = LiveTransfer(self.transfer)

    def listeners(self, header: Callable[[bytes], object], debug: Callable[..., object]) -> dict[int, object]:
        """What another handle, on which the request goes live, is set to; ``header`` and ``debug`` are its own."""
        assert self.live is not None
        self._handle.note(Opt.VERBOSE, self.is_verbose)
        return self.live.listeners(debug, header, -1)

    def replay(self) -> None:
        """Get the recorded response ready, and those that it redirects to."""
        assert self.transfer is not None
        self.plays = True
        try:
            replay = Replay(
                self.transfer,
                lambda line: self.steps.append((self._header, line)),
                lambda piece: self.steps.append((self._write, piece)),
                lambda _: None,  # tornado runs each fetch on any of its handles: it has no cookies of its own
            )
            replay.run()
            if replay.was_cancelled:
                raise not_cancelled(self.transfer.request)
        except LibcurlError as error:
            self.failure = error
        except Exception as error:  # noqa: BLE001  (of a hop that is refused, or that cannot go live from here)
            self.error, self.failure = error, LibcurlError(Code.WRITE_ERROR, "")

    def step(self) -> None:
        """Hand one line, or one piece, to tornado."""
        if self.paused or not self.steps:
            return
        sink, data = self.steps[0]
        took = returned(sink, data)
        if took == PAUSE:
            self.paused = True
            return
        self.steps.popleft()
        if took not in (None, len(data)):
            self.failure = write_error(took, len(data))
            self.steps.clear()


class Stage:
    """What stands in the place of a multi handle, for one ``NotedCurl``."""

    def __init__(self, curl: NotedCurl, go_live: Callable[[], None]) -> None:
        self._curl, self._go_live = curl, go_live

    def add_handle(self, curl: NotedCurl) -> None:
        """The turn has been taken: go live, or replay."""
        if curl.transfer is None or curl.transfer.is_live:
            self._go_live()
        else:
            curl.replay()

    def remove_handle(self, curl: NotedCurl) -> None:
        """The fetch is over."""

    def socket_action(self, *_: int) -> tuple[int, int]:
        """The loop gives the time to go on."""
        self._curl.step()
        return 0, 1

    def timeout(self) -> int:
        """In how many milliseconds to go on; -1: not before something happens."""
        return 0 if self._curl.steps and not self._curl.paused else -1

    def info_read(self) -> tuple[int, list[object], list[tuple[object, int, str]]]:
        """How the transfer has ended, once it has."""
        curl = self._curl
        if curl.steps or not curl.plays:
            return 0, [], []
        curl.plays = False
        if curl.failure is None:
            return 0, [curl], []
        return 0, [], [(curl, curl.failure.code, curl.failure.text)]
