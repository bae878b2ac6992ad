"""Room: what pycurl and curl_cffi share, both of which drive libcurl: what its options make of a request, where that is
redirected to, what an answer looks like to its callbacks, and what can be asked about it. It knows neither of the two.

libcurl follows redirects by itself, inside one transfer. Each hop is an interaction: live, the next turn is taken when
the head of a redirect has come, before libcurl sends anything to its target. The numbers of options and infos are
libcurl's ABI: they are the same in both bindings (curl/curl.h).
"""

from __future__ import annotations

import base64
import contextvars
import email.utils
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import Any, NamedTuple
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

from .. import _active
from .._engine.cassette import Cassette, Turn
from .._http import content_coding
from .._http.failure import CLOSED, CONNECT, DNS, RESPONSE, SEND, SYSTEM, TIMEOUT, TLS
from .._http.failure import Failure as Reason
from .._http.wire import ChunkedReader, asks_for_upgrade, content, content_length, is_chunked
from ..errors import UnsupportedClientError
from ..request import DEFAULT_PORTS, Headers, Request, header_name
from ..response import Response
from .exchange import Recording, cassette_for

log = logging.getLogger(__name__)


class Opt(IntEnum):
    """The options that say what is sent, or what becomes of the answer."""

    POST = 47
    NOBODY = 44
    UPLOAD = 46
    HTTPGET = 80
    HEADER = 42
    VERBOSE = 41
    FAILONERROR = 45
    FOLLOWLOCATION = 52
    MAXREDIRS = 68
    UNRESTRICTED_AUTH = 105
    HTTPAUTH = 107
    CONNECT_ONLY = 141
    HTTP_CONTENT_DECODING = 158
    POSTREDIR = 161
    INFILESIZE = 14
    RESUME_FROM = 21
    POSTFIELDSIZE = 60
    INFILESIZE_LARGE = 30115
    RESUME_FROM_LARGE = 30116
    POSTFIELDSIZE_LARGE = 30120
    WRITEDATA = 10001
    URL = 10002
    USERPWD = 10005
    RANGE = 10007
    READDATA = 10009
    POSTFIELDS = 10015
    REFERER = 10016
    USERAGENT = 10018
    COOKIE = 10022
    HTTPHEADER = 10023
    HTTPPOST = 10024
    HEADERDATA = 10029
    COOKIEFILE = 10031
    CUSTOMREQUEST = 10036
    COOKIEJAR = 10082
    ACCEPT_ENCODING = 10102
    COOKIELIST = 10135
    COPYPOSTFIELDS = 10165
    USERNAME = 10173
    PASSWORD = 10174
    MIMEPOST = 10269
    WRITEFUNCTION = 20011
    READFUNCTION = 20012
    HEADERFUNCTION = 20079
    DEBUGFUNCTION = 20094
    SEEKFUNCTION = 20167


class Info(IntEnum):
    """What can be asked about a transfer, as far as a recorded answer tells it."""

    EFFECTIVE_URL = 0x100001
    CONTENT_TYPE = 0x100012
    REDIRECT_URL = 0x10001F
    SCHEME = 0x100031
    EFFECTIVE_METHOD = 0x10003A
    RESPONSE_CODE = 0x200002
    HEADER_SIZE = 0x20000B
    REDIRECT_COUNT = 0x200014
    HTTP_VERSION = 0x20002E
    TOTAL_TIME = 0x300003
    SIZE_UPLOAD = 0x300007
    SIZE_DOWNLOAD = 0x300008
    CONTENT_LENGTH_DOWNLOAD = 0x30000F
    COOKIELIST = 0x40001C
    SIZE_UPLOAD_T = 0x600007
    SIZE_DOWNLOAD_T = 0x600008
    CONTENT_LENGTH_DOWNLOAD_T = 0x60000F
    COOKIECHANGES = 0x4003E8  # curl-impersonate's own, as the next
    REDIRECT_HISTORY = 0x4003E9


#: The kinds of CURLINFO_TYPE that are listened to, of what CURLOPT_DEBUGFUNCTION is told.
HEADER_OUT, DATA_IN = 2, 3
#: What a write callback returns to pause its transfer.
PAUSE = 0x10000001
#: The error of a write callback that did not take what it was given, and of a read callback that failed.
WRITE_ERROR, ABORTED = 23, 42
#: CURL_MAX_WRITE_SIZE: no write callback is given more at once.
_LARGEST_PIECE = 16384
_PARTIAL_FILE, _HTTP_ERROR, _TOO_MANY_REDIRECTS, _BAD_CONTENT_ENCODING = 18, 22, 47, 61

#: What kind of request an option asks for when it is set to something true, and to something false; the last counts.
_KINDS = {
    Opt.HTTPGET: ("GET", None),
    Opt.POST: ("POST", "GET"),
    Opt.UPLOAD: ("PUT", "GET"),
    54: ("PUT", "GET"),  # CURLOPT_PUT, the old name of UPLOAD
    Opt.NOBODY: ("HEAD", "GET"),
    Opt.POSTFIELDS: ("POST", "POST"),
    Opt.COPYPOSTFIELDS: ("POST", "POST"),
    Opt.HTTPPOST: ("POST", "POST"),
    Opt.MIMEPOST: ("POST", None),
}
#: Options of which the one that is set last counts.
_ALTERNATIVES: dict[int, int] = {
    one: other
    for pair in (
        (Opt.WRITEDATA, Opt.WRITEFUNCTION),
        (Opt.HEADERDATA, Opt.HEADERFUNCTION),
        (Opt.READDATA, Opt.READFUNCTION),
    )
    for one, other in (pair, pair[::-1])
}
#: Options that become a field, in the order in which libcurl writes them.
_FIELDS = {
    Opt.RANGE: ("Range", "bytes={}"),
    Opt.RESUME_FROM: ("Range", "bytes={}-"),
    Opt.RESUME_FROM_LARGE: ("Range", "bytes={}-"),
    Opt.USERAGENT: ("User-Agent", "{}"),
    Opt.ACCEPT_ENCODING: ("Accept-Encoding", "{}"),
    Opt.REFERER: ("Referer", "{}"),
    Opt.COOKIE: ("Cookie", "{}"),
}
_COOKIE_ENGINE = (Opt.COOKIEFILE, Opt.COOKIEJAR, Opt.COOKIELIST)
_HTTP_VERSIONS = {"1.0": 1, "1.1": 2, "2": 3, "2.0": 3, "3": 30}
_KEEP_POST = {301: 1, 302: 2, 303: 4}  # CURLOPT_POSTREDIR
_OBEY_CODE, _FIRST_ONLY = 2, 3  # CURLOPT_FOLLOWLOCATION
_BASIC = 1  # CURLOPT_HTTPAUTH


#: A read callback.
Reader = Callable[[int], Any]


class Failure(Exception):  # noqa: N818
    """What libcurl would have returned: the binding makes its own error of it."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(code, text)
        self.code, self.text = code, text


#: The errors of libcurl that come from outside (curl/curl.h), and what each says of the exchange.
_REASONS: dict[int, tuple[str, str, str]] = {
    7: (CONNECT, SYSTEM, "ECONNREFUSED"),
    6: (CONNECT, DNS, "EAI_NONAME"),
    60: (CONNECT, TLS, "CERTIFICATE_VERIFY_FAILED"),
    35: (CONNECT, TLS, ""),
    55: (SEND, SYSTEM, "EPIPE"),
    28: (RESPONSE, TIMEOUT, ""),
    52: (RESPONSE, CLOSED, ""),
    56: (RESPONSE, SYSTEM, "ECONNRESET"),
}


#: The errors that a replay ends in by itself: the response is shorter than was announced, the client wanted no more of
#: it, or libcurl makes nothing of it.
_REPLAYED = (_PARTIAL_FILE, WRITE_ERROR, ABORTED, _HTTP_ERROR, _TOO_MANY_REDIRECTS, _BAD_CONTENT_ENCODING)


def _reason_of(failure: Failure) -> Reason | None:
    """What is to be recorded of an error of libcurl's; None if it is none of the network's."""
    known = _REASONS.get(failure.code)
    return None if known is None else Reason(*known, failure.text)


def _failure(reason: Reason) -> Failure:
    """libcurl's error for what was recorded, by whichever client."""
    nearest = [code for code, known in _REASONS.items() if known[:2] == reason[:2]] or [
        code for code, known in _REASONS.items() if known[1] == reason.kind
    ]
    same = [code for code in nearest if _REASONS[code][2] == reason.code]
    return Failure((same or nearest)[0], reason.message)


class Upload:
    """A request body that was to be read from a callback, read: in the pieces that it came in."""

    def __init__(self, read: Reader, size: int | None) -> None:
        self.pieces: list[bytes] = []
        self._place: list[bytes] = []
        left = size
        while left is None or left > 0:
            piece = read(65536 if left is None else min(left, 65536))
            if isinstance(piece, int):
                raise UnsupportedClientError(
                    "a read callback paused or aborted its upload; inside a cassette the body of a request has to be "
                    "there when the request is made: it is recorded, and compared"
                )
            if not piece:
                break
            self.pieces.append(piece.encode() if isinstance(piece, str) else bytes(piece))
            left = None if left is None else left - len(self.pieces[-1])
        self.seek(0)

    def read(self, size: int) -> bytes:
        """The next piece."""
        if not self._place:
            return b""
        piece = self._place.pop(0)
        if len(piece) > size:
            self._place.insert(0, piece[size:])
        return piece[:size]

    def seek(self, offset: int, _: int = 0) -> int:
        """To the beginning, which is the only place that libcurl winds back to."""
        self._place = list(self.pieces) if offset == 0 else [b"".join(self.pieces)[offset:]]
        return 0


class _Target(NamedTuple):
    """Where a hop goes, and how."""

    request: Request
    kind: str


class Handle:
    """What is known of one easy handle: the options that it was given.

    ``known``: whether these are all; of a handle that was there before, nothing is known but its ``url``. ``info``:
    what is to be said about its last transfer, if that was a replay.
    """

    def __init__(self, *, known: bool = True, url: str | bytes = "") -> None:
        self.known = known
        self.options: dict[int, Any] = {Opt.URL: url}
        self.kind = "GET"
        self.has_cookies = False
        self.info: dict[int, Any] | None = None
        self.context: contextvars.Context | None = None
        self.given: frozenset[str] | None = None

    def note(self, option: int, value: Any) -> None:
        """An option has been set."""
        option = int(option)
        if option == Opt.URL:
            self.context = contextvars.copy_context()
        if option in _COOKIE_ENGINE:
            self.has_cookies = True
        if option in _KINDS:
            on, off = _KINDS[option]
            if option != Opt.NOBODY or value or self.kind == "HEAD":
                self.kind = (on if value else off) or self.kind
        self.options.pop(_ALTERNATIVES.get(option, -1), None)
        if option == Opt.HTTPHEADER and not isinstance(value, (list, tuple)):
            value = list(value)
        self.options[option] = value

    def forget(self, option: int) -> None:
        """An option has been unset."""
        self.options.pop(int(option), None)

    def reset(self) -> None:
        """All options have been: from here on they are known. The cookies stay, as in libcurl."""
        self.known, self.kind, self.info, self.context = True, "GET", None, None
        self.options.clear()

    def copy(self) -> Handle:
        """What is known of a duplicate."""
        other = Handle(known=self.known)
        other.options, other.kind, other.has_cookies = dict(self.options), self.kind, self.has_cookies
        other.context = self.context
        return other

    def sink(self, function: Opt, data: Opt) -> Callable[[bytes], Any] | None:
        """The callback for a part of the answer: set as such, or as a file."""
        found: Callable[[bytes], Any] | None = self.options.get(function)
        return found or getattr(self.options.get(data), "write", None)

    def transfer(self, client: type, reads: Callable[[Reader], Reader] = lambda read: read) -> Transfer | None:
        """The transfer that starts now; None when it is none of a cassette's business. ``reads``: what the binding does
        around a read callback."""
        cassette = self.cassette(client)
        if cassette is None:
            return None
        if not self.known:
            raise UnsupportedClientError(
                f"this {client.__module__}.{client.__qualname__} was made before the cassette was opened, and libcurl "
                "does not tell what options it was given; make it inside the cassette, or reset() it there and set "
                "its options anew"
            )
        if self.options.get(Opt.CONNECT_ONLY):
            raise UnsupportedClientError("CONNECT_ONLY: what is sent over a bare connection cannot be recorded")
        if self.options.get(Opt.HTTPPOST) or self.options.get(Opt.MIMEPOST):
            raise UnsupportedClientError(
                "libcurl makes a multipart body up while it sends it, so inside a cassette it can be neither compared "
                "nor recorded; encode the form yourself, and hand the bytes over (POSTFIELDS, data=)"
            )
        return self._transfer(cassette, client, reads)

    def cassette(self, client: type) -> Cassette | None:
        """The cassette that a transfer started now belongs to."""
        url = self._url()
        if url.scheme not in DEFAULT_PORTS or not url.hostname:
            if url.scheme in ("ws", "wss"):
                log.info("%s is a WebSocket: not recorded", url.geturl())
            return None
        host = url.hostname
        if self.context is None or _active.entered_here():
            return cassette_for(host, client)
        # The thread of a pool: what counts is where the URL was set.
        return self.context.copy().run(cassette_for, host, client)

    def _url(self) -> SplitResult:
        url = self.options.get(Opt.URL) or ""
        text = url.decode("utf-8", "surrogateescape") if isinstance(url, bytes) else str(url)
        return urlsplit(text if "://" in text or not text else f"http://{text}")

    def _transfer(self, cassette: Cassette, client: type, reads: Callable[[Reader], Reader]) -> Transfer | None:
        uri = _uri(self._url())
        headers = self._headers()
        if asks_for_upgrade(headers):
            log.info("%s asks for an upgrade: not recorded", uri)
            return None
        if self.given is not None:
            headers = Headers([field for field in headers.pairs() if header_name(field[0]) in self.given])
        upload = self._upload(reads)
        fields = self.options.get(Opt.COPYPOSTFIELDS) or self.options.get(Opt.POSTFIELDS)
        body = b"".join(upload.pieces) if upload is not None else fields if self.kind == "POST" else None
        method = _text(self.options.get(Opt.CUSTOMREQUEST)) or self.kind
        return Transfer(self, cassette, client, _Target(Request(method, uri, body or None, headers), self.kind), upload)

    def _headers(self) -> Headers:
        given = Headers()
        for line in self.options.get(Opt.HTTPHEADER) or ():
            name, colon, value = _text(line).partition(":")
            if value.strip():
                given.add(name, value.strip())
            elif not colon and name.endswith(";"):
                given.add(name[:-1], "")
        headers = Headers()
        credentials = self._credentials()
        if credentials and int(self.options.get(Opt.HTTPAUTH, _BASIC)) == _BASIC:
            headers.add("Authorization", "Basic " + base64.b64encode(credentials.encode()).decode())
        for option, (name, form) in _FIELDS.items():
            if self.options.get(option):
                headers.add(name, form.format(_text(self.options[option])))
        return Headers([*(pair for pair in headers.pairs() if pair[0] not in given), *given.pairs()])

    def _credentials(self) -> str:
        if self.options.get(Opt.USERNAME):
            return f"{_text(self.options[Opt.USERNAME])}:{_text(self.options.get(Opt.PASSWORD))}"
        url = self._url()
        in_url = f"{unquote(url.username)}:{unquote(url.password or '')}" if url.username else ""
        return _text(self.options.get(Opt.USERPWD)) or in_url

    def _upload(self, reads: Callable[[Reader], Reader]) -> Upload | None:
        is_read = self.kind == "PUT" or (self.kind == "POST" and Opt.POSTFIELDS not in self.options)
        if not is_read or Opt.COPYPOSTFIELDS in self.options:
            return None
        read = self.options.get(Opt.READFUNCTION) or getattr(self.options.get(Opt.READDATA), "read", None)
        if read is None:
            return None
        names = (Opt.INFILESIZE, Opt.INFILESIZE_LARGE, Opt.POSTFIELDSIZE, Opt.POSTFIELDSIZE_LARGE)
        size = next((self.options[name] for name in names if name in self.options), -1)
        return Upload(reads(read), size if size >= 0 else None)


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value or "")


def _uri(url: SplitResult) -> str:
    """As it is asked for: without userinfo, fragment and default port."""
    host = f"[{url.hostname}]" if ":" in (url.hostname or "") else url.hostname or ""
    port = f":{url.port}" if url.port not in (None, DEFAULT_PORTS[url.scheme]) else ""
    return url._replace(netloc=host + port, path=url.path or "/", fragment="").geturl()


class Transfer:
    """What one perform comes to: a request, and those that it is redirected to.

    ``turn``: of the present hop. ``upload``: what the body was read from, for a live request to read again.
    ``failure``: why it may not go on. ``stopped``: the client wanted no more of it. ``is_one_play``: the responses that
    it is redirected to count as one play with the first.
    """

    def __init__(
        self, handle: Handle, cassette: Cassette, client: type, target: _Target, upload: Upload | None = None
    ) -> None:
        self._handle, self._cassette, self._client, self._target = handle, cassette, client, target
        self.upload = upload
        self.failure: Exception | None = None
        self._hops: list[tuple[int, str]] = []
        self._head: list[bytes] = []
        self._in_tunnel = False
        self._recording: Recording | None = None
        self._chunks: ChunkedReader | None = None
        self._missing: int | None = None
        self._trailers = Headers()
        self.stopped: Failure | None = None
        self.is_one_play = False
        self._info: dict[int, Any] = {Info.COOKIECHANGES: [], Info.REDIRECT_HISTORY: []}
        handle.info = None
        self.turn = cassette.begin(target.request)

    @property
    def is_live(self) -> bool:
        """Whether the present hop goes to the server."""
        return self.turn.response is None

    def _follow(self, status: int, headers: Headers) -> _Target | None:
        """Where libcurl goes from here (``Curl_follow`` in lib/http.c)."""
        mode = int(self._handle.options.get(Opt.FOLLOWLOCATION) or 0)
        location = headers.get("Location")
        if not mode or not location or not 300 <= status < 400:
            return None
        request, kind = self._target
        url = urlsplit(urljoin(request.uri, location.strip().replace(" ", "%20")))
        if url.scheme not in DEFAULT_PORTS:
            return None
        keeps = int(self._handle.options.get(Opt.POSTREDIR) or 0) & _KEEP_POST.get(status, 0)
        switches = not keeps and (
            (status in (301, 302) and kind == "POST") or (status == 303 and kind not in ("GET", "HEAD"))
        )
        custom = _text(self._handle.options.get(Opt.CUSTOMREQUEST))
        if mode == _FIRST_ONLY or (mode == _OBEY_CODE and switches):
            custom = ""
        kind = "GET" if switches else kind
        headers = self._for(url)
        return _Target(Request(custom or kind, _uri(url), None if switches else request.body, headers), kind)

    def _for(self, url: SplitResult) -> Headers:
        """The request's headers, without the secrets that are not for another server."""
        headers = self._target.request.headers.copy()
        first = self._hops[0][1] if self._hops else self._target.request.uri
        if urlsplit(first)[:2] != urlsplit(_uri(url))[:2] and not self._handle.options.get(Opt.UNRESTRICTED_AUTH):
            for name in ("Authorization", "Cookie"):
                headers.pop(name, None)
        return headers

    def _go_on(self, status: int, target: _Target) -> None:
        self._hops.append((status, self._target.request.uri))
        self._target = target
        if self._cassette.passes_by(target.request.host or "", self._client.__mro__):
            self.turn = Turn(None, None)
        else:
            self.turn = self._cassette.begin(target.request)
            if self.is_one_play:
                self.turn.follow()

    @property
    def _is_out_of_redirects(self) -> bool:
        most = int(self._handle.options.get(Opt.MAXREDIRS, -1))
        return 0 <= most <= len(self._hops)

    # -- recorded ---------------------------------------------------------------------------------------------------

    def replay(
        self, header: Callable[[bytes], Any], write: Callable[[bytes], Any], cookie: Callable[[bytes], Any]
    ) -> None:
        """Hand the recorded answers over, hop by hop, as libcurl would: ``header`` gets lines, ``write`` pieces of the
        body, and ``cookie`` the cookies for libcurl's own store, in its format. Raises Failure as libcurl would."""
        self._handle.info = self._info
        while self.turn.response is not None:
            response = self.turn.response
            if response.failure is not None and not response.incomplete:
                raise _failure(response.failure)
            headers, pieces = content(response, self._target.request.method)
            target = self._follow(response.status, headers)
            self._describe(response, headers)
            # libcurl discards the body of a redirect: it is neither recorded nor handed over, but its length is seen.
            for line in _head(response, headers if target is None else response.headers):
                self._info[Info.HEADER_SIZE] += len(line)
                header(line)
            for value in headers.get_all("Set-Cookie"):
                self._set_cookie(value, cookie)
            if target is None:
                self._deliver(response, headers, pieces, header, write)
                return
            if self._is_out_of_redirects:
                self._info[Info.REDIRECT_URL] = target.request.uri.encode()
                raise Failure(_TOO_MANY_REDIRECTS, f"Maximum ({len(self._hops)}) redirects followed")
            self._go_on(response.status, target)
        raise UnsupportedClientError(
            f"{self._hops[-1][1]} was replayed, and redirects to {self._target.request.uri}, which is to go live: "
            "libcurl cannot be sent there from the middle of a transfer; record both again"
        )

    def _describe(self, response: Response, headers: Headers) -> None:
        request = self._target.request
        length = content_length(headers)
        self._info.update(
            {
                Info.EFFECTIVE_URL: (response.effective_url or request.uri).encode(),
                Info.CONTENT_TYPE: headers["Content-Type"].encode("latin-1") if "Content-Type" in headers else None,
                Info.SCHEME: request.scheme.encode(),
                Info.EFFECTIVE_METHOD: request.method.encode(),
                Info.RESPONSE_CODE: response.status,
                Info.REDIRECT_COUNT: len(self._hops),
                Info.REDIRECT_HISTORY: [f"{status}\t{uri}".encode() for status, uri in self._hops],
                Info.HTTP_VERSION: _HTTP_VERSIONS.get(response.http_version, 2),
                Info.CONTENT_LENGTH_DOWNLOAD: -1 if length is None else length,
                Info.SIZE_UPLOAD: len(request.body or b""),
                Info.HEADER_SIZE: self._info.get(Info.HEADER_SIZE, 0),
            }
        )
        if not self._handle.options.get(Opt.FOLLOWLOCATION) and headers.get("Location"):
            self._info[Info.REDIRECT_URL] = urljoin(request.uri, headers["Location"]).encode()

    def _set_cookie(self, value: str, cookie: Callable[[bytes], Any]) -> None:
        if self._handle.has_cookies:
            line, is_over = _cookie_line(value, self._target.request)
            cookie(line)
            self._info[Info.COOKIECHANGES].append((b"DELETE\t" if is_over else b"SET\t") + line)

    def _deliver(
        self,
        response: Response,
        headers: Headers,
        pieces: list[bytes],
        header: Callable[[bytes], Any],
        write: Callable[[bytes], Any],
    ) -> None:
        if self._handle.options.get(Opt.FAILONERROR) and response.status >= 400:
            raise Failure(_HTTP_ERROR, f"The requested URL returned error: {response.status}")
        self._info[Info.SIZE_DOWNLOAD] = size = sum(map(len, pieces))
        for piece in pieces if response.incomplete else self._decoded(headers, pieces):
            for start in range(0, len(piece), _LARGEST_PIECE):
                write(piece[start : start + _LARGEST_PIECE])
        for name, value in response.trailers.pairs():
            self._info[Info.HEADER_SIZE] += len(_line(name, value))
            header(_line(name, value))
        if response.failure is not None:
            raise _failure(response.failure)
        if response.incomplete:
            announced = content_length(headers)
            raise Failure(
                _PARTIAL_FILE,
                "transfer closed with outstanding read data remaining"
                if announced is None
                else f"end of response with {announced - size} bytes missing",
            )

    def _decoded(self, headers: Headers, pieces: list[bytes]) -> list[bytes]:
        """libcurl decodes when it was told to name the codings that it can."""
        options = self._handle.options
        codings = content_coding.named(headers.get_all("Content-Encoding"))
        if not codings or options.get(Opt.ACCEPT_ENCODING) is None or options.get(Opt.HTTP_CONTENT_DECODING) == 0:
            return pieces
        body, left = content_coding.decode(b"".join(pieces), codings)
        if left and body:
            raise Failure(_BAD_CONTENT_ENCODING, f"{left[-1]}: an unrecognized content encoding, or a broken body")
        return [body]

    # -- live -------------------------------------------------------------------------------------------------------

    def listeners(self, debug: Callable[[int, bytes], Any], stop: int) -> dict[int, Any]:
        """The callbacks by which the cassette hears of a live transfer, each in front of the handle's own; ``debug`` is
        the one if it is verbose. ``stop``: what a header callback returns to end the transfer."""
        options = self._handle.options
        header = self._handle.sink(Opt.HEADERFUNCTION, Opt.HEADERDATA)
        tells = options.get(Opt.VERBOSE)

        def on_header(line: bytes) -> Any:
            if not self._heard(line):
                return stop
            return len(line) if header is None else header(line)

        def on_debug(kind: int, data: bytes) -> None:
            self._hear(kind, data)
            if tells:
                debug(kind, data)

        return {Opt.VERBOSE: 1, Opt.DEBUGFUNCTION: on_debug, Opt.HEADERFUNCTION: on_header}

    def _hear(self, kind: int, data: bytes) -> None:
        # The debug callback sees what goes over the wire; of bodies, what libcurl does not discard.
        if kind == HEADER_OUT:
            self._in_tunnel = data.startswith(b"CONNECT ")
        elif kind == DATA_IN and data and self._recording is not None:
            self._take(self._recording, data)

    def _take(self, recording: Recording, data: bytes) -> None:
        if self._chunks is None:
            recording.feed(data if self._missing is None else data[: self._missing])
            self._missing = None if self._missing is None else max(self._missing - len(data), 0)
            return
        seen = len(self._chunks.chunks)
        self._chunks.feed(data)
        for chunk in self._chunks.chunks[seen:]:
            recording.feed(chunk)

    def _heard(self, line: bytes) -> bool:
        """A line has come. Whether the transfer may go on."""
        if line.startswith(b"HTTP/"):
            self._head = [line]
        elif self._head and line.strip(b"\r\n"):
            self._head.append(line)
        elif self._head:
            head, self._head = self._head, []
            return self._in_tunnel or self._take_head(head)
        elif b":" in line:
            name, _, value = line.decode("latin-1").partition(":")
            self._trailers.add(name, value.strip())
        return True

    def _take_head(self, head: list[bytes]) -> bool:
        version, _, rest = head[0].decode("latin-1").strip().partition(" ")
        code, _, reason = rest.partition(" ")
        status = int(code[:3])  # As libcurl: it looks no further.
        if status < 200:
            return True
        reason = reason if len(code) == 3 else ""
        headers = Headers(_fields(head[1:]))
        if self.turn.records:
            number = version.removeprefix("HTTP/")
            self._recording = Recording(self.turn, self._target.request.method, status, reason, headers, number)
            self._chunks = ChunkedReader() if is_chunked(headers) and number.startswith("1") else None
            self._missing = content_length(headers)
        target = self._follow(status, headers)
        if target is None or self._is_out_of_redirects:
            return True
        self.end()
        try:
            self._go_on(status, target)
        except Exception as error:  # noqa: BLE001  (raised when libcurl has come to its end)
            self.failure = error
        return self.failure is None and self.is_live

    def draining(self, write: Callable[[bytes], Any], stop: int) -> Callable[[bytes], Any]:
        """``write``, for a live transfer: when it returns ``stop`` the rest is read for the cassette's sake alone."""
        deadline, room = 0.0, 0

        def on_write(piece: bytes) -> Any:
            nonlocal deadline, room
            if self.stopped is None:
                returned = write(piece)
                if returned != stop or self._recording is None:
                    return returned
                self.stopped = stopped(stop, len(piece))
                seconds, room = self._recording.drain
                deadline = time.monotonic() + seconds
            room -= len(piece)
            return len(piece) if room > 0 and time.monotonic() < deadline else stop

        return on_write

    @contextmanager
    def performing(self, error: type[Exception], told: Callable[[Any], Failure]) -> Iterator[None]:
        """Around libcurl's part. ``error``: what the binding raises, and ``told`` makes a Failure of; where libcurl was
        told to stop, the reason is raised instead."""
        try:
            yield
        except error as raised:
            if self.failure is not None:
                raise self.failure from None
            if self.is_live:
                self.end(told(raised))
                raise
        except BaseException:
            self.give_up()
            raise
        else:
            self.end()

    def give_up(self) -> None:
        """The program was cancelled, or interrupted."""
        if self._recording is not None:
            self._recording.give_up()

    def end(self, failure: Failure | None = None) -> None:
        """libcurl has come to its end; ``failure``: in this error."""
        if failure is None and self._head and self._recording is None:
            self._take_head(self._head)  # Cut off, which libcurl does not mind.
        recording, self._recording = self._recording, None
        reason = None if failure is None else _reason_of(failure)
        if recording is None:
            self.turn.fail(reason)
            return
        if self._chunks is not None:
            if self._chunks.broken:
                return  # That was no HTTP: it leaves no trace.
            for piece in self._chunks.partial()[len(self._chunks.chunks) :]:
                recording.feed(piece)
            self._trailers = Headers(self._chunks.trailers)
        if failure is None:
            recording.finish(self._trailers)
        elif reason is not None or failure.code in _REPLAYED:
            recording.cut(reason)
        else:
            recording.drop()


def _fields(lines: list[bytes]) -> Iterator[tuple[str, str]]:
    name, value = "", ""
    for line in (raw.decode("latin-1").rstrip("\r\n") for raw in lines):
        if line[:1] in (" ", "\t"):
            value += "\r\n" + line
            continue
        if name:
            yield name, value
        name, _, value = line.partition(":")
        value = value.lstrip(" \t")
    if name:
        yield name, value


def _head(response: Response, headers: Headers) -> Iterator[bytes]:
    version, reason = response.http_version, response.reason or ""
    if version.startswith(("2", "3")):
        version, reason = version[0], ""  # as libcurl writes it: there is a blank, and no reason
    yield f"HTTP/{version} {response.status} {reason}\r\n".encode("latin-1", "replace")
    for name, value in headers.pairs():
        yield from _line(name, value).splitlines(keepends=True)  # as a folded one comes
    yield b"\r\n"


def _line(name: str, value: str) -> bytes:
    line = f"{name}: {value}\r\n"
    try:
        return line.encode("latin-1")
    except UnicodeEncodeError:
        return line.encode("utf-8")


def _cookie_line(value: str, request: Request) -> tuple[bytes, bool]:
    """A ``Set-Cookie`` as a line of Netscape's file, which is libcurl's format, and whether it takes a cookie away."""
    pair, *words = value.split(";")
    name, _, content = pair.strip().partition("=")
    given = {key.strip().lower(): text.strip() for key, _, text in (word.partition("=") for word in words)}
    domain = given.get("domain", "").lstrip(".").lower()
    path = given.get("path", "")
    if not path.startswith("/"):
        path = request.path.rpartition("/")[0] or "/"
    expires: float | None = None
    if given.get("max-age", "").lstrip("-").isdecimal():
        expires = time.time() + int(given["max-age"])
    elif "expires" in given:
        date = email.utils.parsedate_tz(given["expires"])
        expires = None if date is None else email.utils.mktime_tz(date)
    is_over = expires is not None and expires <= time.time()
    prefix = "#HttpOnly_" if "httponly" in given else ""
    fields = (
        prefix + (f".{domain}" if domain else request.host or ""),
        "TRUE" if domain else "FALSE",
        path,
        "TRUE" if "secure" in given else "FALSE",
        str(1 if is_over else int(expires or 0)),
        name,
        content,
    )
    return "\t".join(fields).encode("latin-1", "replace"), is_over


#: What ``getinfo`` says when the recorded answer does not tell, by the type in the number of the info.
_UNKNOWN: dict[int, Any] = {0x100000: None, 0x200000: 0, 0x300000: 0.0, 0x400000: [], 0x500000: -1, 0x600000: 0}
#: Infos that are the same numbers in another type.
_SAME: dict[int, int] = {
    Info.SIZE_UPLOAD_T: Info.SIZE_UPLOAD,
    Info.SIZE_DOWNLOAD_T: Info.SIZE_DOWNLOAD,
    Info.CONTENT_LENGTH_DOWNLOAD_T: Info.CONTENT_LENGTH_DOWNLOAD,
}


def told(info: dict[int, Any], option: int) -> Any:
    """What a replayed transfer answers to ``getinfo``: strings are bytes, or None."""
    option = int(option)
    kind = option & 0xF00000
    value: Any = info.get(_SAME.get(option, option), _UNKNOWN.get(kind))
    return float(value) if kind == 0x300000 else value


def accepted(returned: Any, size: int) -> None:
    """What a callback returned for so many bytes; raises Failure as libcurl does when it does not take them all."""
    if returned == PAUSE:
        raise UnsupportedClientError("a callback paused its transfer, which a replay cannot do")
    if returned is not None and returned != size:
        raise stopped(returned, size)


def stopped(returned: Any, size: int) -> Failure:
    """What becomes of a transfer whose write callback did not take all that it was given."""
    text = f"Failure writing output to destination, passed {size} returned {int(returned) % 2**64}"
    return Failure(WRITE_ERROR, text)
