"""The stub of CurlAsyncHTTPClient, tornado's client over libcurl. It must not know an option or a file.

What tornado requests is known only when tornado has set all options of a handle. So each fetch is *rehearsed* first: on
a copy of the client, tornado's own code sets up a ``NotedCurl``, which only notes the options, and adds it to a
``NotedMulti``. A recorded response is then replayed to the callbacks that tornado has set. If the request has to go
live, the real client fetches it, and the cassette listens to the handle that the client takes.
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

#: libcurl's PAUSE_CONT: the value with which ``pause`` goes on.
_CONTINUE = 0
_log = logging.getLogger("tornado.curl_httpclient")

if TYPE_CHECKING:
    from tornado.curl_httpclient import CurlAsyncHTTPClient
    from tornado.httpclient import HTTPRequest, HTTPResponse
    from tornado.httputil import HTTPHeaders

FetchImpl = Callable[["CurlAsyncHTTPClient", "HTTPRequest", Callable[["HTTPResponse"], None]], None]

# -- the doors ---------------------------------------------------------------------------------------------------------


def fetch_door(original: FetchImpl) -> FetchImpl:
    """``fetch_impl``: inside a cassette, rehearse the fetch."""

    @functools.wraps(original)
    def fetch_impl(self: CurlAsyncHTTPClient, request: HTTPRequest, callback: Callable[[HTTPResponse], None]) -> None:
        if _active.current() is None:
            original(self, request, callback)
        else:
            Fetch(original, self, request, callback).start()

    return fetch_impl


def setup_door(original: Callable[..., None]) -> Callable[..., None]:
    """``_curl_setup_request``, which sets the options of a handle. In a rehearsal, take the turn. On a real handle, let
    the cassette listen. tornado hands an error that is raised here to the code that waits for the response."""

    @functools.wraps(original)
    def _curl_setup_request(
        self: CurlAsyncHTTPClient, curl: EasyHandle, request: HTTPRequest, buffer: io.BytesIO, headers: HTTPHeaders
    ) -> None:
        given = given_to(request)
        original(self, curl, request, buffer, headers)
        # Not by getattr, because tornado's request proxy would look at the request that it stands for.
        fetch: Fetch | None = vars(request).get("_vcr_fetch")
        if isinstance(curl, NotedCurl):
            curl.take_turn(type(self), given)
        elif fetch is not None and fetch.curl.transfer is not None:
            fetch.listen(curl, functools.partial(self._curl_header_callback, headers, request.header_callback))

    return _curl_setup_request


def queue_door(original: Callable[[CurlAsyncHTTPClient], None]) -> Callable[[CurlAsyncHTTPClient], None]:
    """``_process_queue``, which adds handles to the multi handle. It runs outside the cassette, so that the doors of
    pycurl do not record the transfer a second time."""

    @functools.wraps(original)
    def _process_queue(self: CurlAsyncHTTPClient) -> None:
        if isinstance(self._multi, NotedMulti):
            original(self)
            return
        with _active.outside():
            original(self)

    return _process_queue


# -- the rehearsal -----------------------------------------------------------------------------------------------------


class Fetch:
    """One call of ``fetch_impl``: its rehearsal, and, if it goes live, the fetch of the real client.

    A fetch may turn from live to replay, because libcurl follows redirects inside one transfer
    (``_curl_setup_request`` sets ``FOLLOWLOCATION``), and the request after a redirect may be recorded. Then the
    callbacks of ``LiveTransfer`` stop libcurl, tornado's ``_finish`` reports that as an error to ``_answer_live``, and
    the rest is replayed in the rehearsal.
    """

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
        # A copy of the client, which has the noted handle instead of the real ones.
        self._rehearsing = object.__new__(type(client))
        vars(self._rehearsing).update(
            vars(client),
            _multi=NotedMulti(self.curl, self._go_live),
            _free_list=[self.curl],
            _requests=collections.deque(),
            _fds={},
            _timeout=None,
        )

    def start(self) -> None:
        """Set up the noted handle, take the turn, and replay or go live. No part of the response comes before this has
        returned."""
        self._fetch_impl(self._rehearsing, self._request, self._answer)

    def _go_live(self) -> None:
        # The loop calls these callbacks in another context. A fetch that they make belongs to the caller's cassette.
        for name in ("header_callback", "streaming_callback"):
            callback = getattr(self._request, name)
            if callback is not None:
                setattr(self._request, name, functools.partial(self._in_context, callback))
        vars(self._request)["_vcr_fetch"] = self
        self._fetch_impl(self._client, self._request, self._answer_live)

    def _in_context(self, callback: Callable[[object], object], data: object) -> object:
        return self._context.copy().run(callback, data)

    def listen(self, real: EasyHandle, header: Callable[[bytes], object]) -> None:
        """Let the cassette listen to ``real``, the handle on which the request goes live. ``header``: its callback for
        header lines."""
        self._real = real
        self._client._curls.insert(0, self)  # the client calls ``close`` of these when it is closed
        listeners = self.curl.listeners(functools.partial(returned, header), self._client._curl_debug)
        for option, value in listeners.items():
            real.setopt(option, value)

    def close(self) -> None:
        """Stop listening: the client is closed in the middle of the transfer. pycurl 7.45 aborts the process if a
        callback is called while the handle is closed."""
        assert self._real is not None  # ``listen`` has been called, or the client would not have this fetch
        self._real.setopt(Opt.VERBOSE, 0)

    def _stop_listening(self, real: EasyHandle) -> None:
        self._client._curls.remove(self)
        # The client keeps the handle for its next fetch. Until then, the handle must not keep the cassette alive.
        real.unsetopt(Opt.HEADERFUNCTION)
        real.setopt(Opt.VERBOSE, self.curl.is_verbose)
        real.setopt(Opt.DEBUGFUNCTION, self._client._curl_debug)

    def _answer_live(self, response: HTTPResponse) -> None:
        """Take the response of the real client; or, where the cassette has stopped it at a redirect to a recorded
        response, replay that."""
        if self._real is not None:
            self._stop_listening(self._real)
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
    """A handle that tornado sets up, and that libcurl never performs.

    ``transfer``: the transfer that its options ask for; None if it passes the cassette. ``live``: the same transfer, if
    it goes live. ``is_verbose``: whether tornado logs what libcurl reports. ``failure``: an error of libcurl;
    ``error``: any other. ``steps``: the rest of the lines and pieces of a recorded response, each with its callback;
    None before and after its replay.
    """

    def __init__(self) -> None:
        super().__init__()
        self.transfer: Transfer | None = None
        self.live: LiveTransfer | None = None
        self.error: Exception | None = None
        self.failure: LibcurlError | None = None
        self.paused = False
        self.steps: collections.deque[tuple[Callable[[bytes], object], bytes]] | None = None
        self._handle = Handle()
        self.is_verbose = _log.isEnabledFor(logging.DEBUG)  # as tornado asks when it makes a handle

    def setopt(self, option: int, value: object) -> None:
        """Note the option. Raises pycurl's error for an option that libcurl does not accept."""
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
        """The answer from the recorded response."""
        value = answer(self._handle.info or {}, option)
        return value.decode("latin-1") if isinstance(value, bytes) else value

    def pause(self, bitmask: int) -> None:
        """Note that tornado pauses the transfer, or goes on."""
        self.paused = bitmask != _CONTINUE

    def take_turn(self, client: type, given: frozenset[str]) -> None:
        """Take the turn, when all options have been set. ``given``: the names of the header fields to record. Raises a
        refusal."""
        self._handle.given = given
        self._header = self._handle.options[Opt.HEADERFUNCTION]
        self._write = self._handle.options[Opt.WRITEFUNCTION]
        self.transfer = start(self._handle, client)
        if self.transfer is not None:
            self.transfer.is_one_play = True
            self.live = LiveTransfer(self.transfer)

    def listeners(self, header: Callable[[bytes], object], debug: Callable[..., object]) -> dict[int, object]:
        """The callbacks, by option, for the handle on which the request goes live. ``header``, ``debug``: the callbacks
        of that handle itself."""
        assert self.live is not None
        self._handle.note(Opt.VERBOSE, self.is_verbose)
        return self.live.listeners(debug, header, -1)

    def replay(self) -> None:
        """Fill ``steps`` with the recorded response, and with those to which it redirects."""
        assert self.transfer is not None
        steps = self.steps = collections.deque()
        try:
            replay = Replay(
                self.transfer,
                lambda line: steps.append((self._header, line)),
                lambda piece: steps.append((self._write, piece)),
                lambda _: None,  # tornado keeps no cookies: a fetch may run on any of its handles
            )
            replay.run()
            if replay.was_cancelled:
                raise not_cancelled(self.transfer.request)
        except LibcurlError as error:
            self.failure = error
        except Exception as error:  # noqa: BLE001  (a refused hop, or one that would have to go live)
            self.error, self.failure = error, LibcurlError(Code.WRITE_ERROR, "")

    def step(self) -> None:
        """Hand the next line or piece to tornado."""
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


class NotedMulti:
    """Takes the place of the multi handle, for one ``NotedCurl``."""

    def __init__(self, curl: NotedCurl, go_live: Callable[[], None]) -> None:
        self._curl, self._go_live = curl, go_live

    def add_handle(self, curl: NotedCurl) -> None:
        """Go live, or replay. The turn has been taken."""
        if curl.transfer is None or curl.transfer.is_live:
            self._go_live()
        else:
            curl.replay()

    def remove_handle(self, curl: NotedCurl) -> None:
        """Do nothing: the fetch has ended."""

    def socket_action(self, *_: int) -> tuple[int, int]:
        """Go on with the replay; tornado's loop calls this. Returns what pycurl returns: no error, one handle."""
        self._curl.step()
        return 0, 1

    def timeout(self) -> int:
        """Milliseconds after which tornado's loop calls ``socket_action``; -1: it does not."""
        return 0 if self._curl.steps and not self._curl.paused else -1

    def info_read(self) -> tuple[int, list[object], list[tuple[object, int, str]]]:
        """The handle that has ended, or the one that has failed with its error, as pycurl reports them; once."""
        curl = self._curl
        if curl.steps is None or curl.steps:
            return 0, [], []
        curl.steps = None
        if curl.failure is None:
            return 0, [curl], []
        return 0, [], [(curl, curl.failure.code, curl.failure.text)]
