"""A transfer that is answered from the cassette, as libcurl would answer it. It must not know pycurl or curl_cffi."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator

from ..._http import content_coding
from ..._http.failure import CANCELLED, Failure
from ..._http.fields import content_length, is_chunked
from ..._http.render import content
from ...errors import UnsupportedClientError
from ...request import Headers
from ...response import Response
from ..cancellation import CANCEL_LIMIT
from . import info
from .abi import MAX_WRITE_SIZE, SWITCHING_PROTOCOLS, Code, Info, Opt
from .decoding import decoded
from .errors import LibcurlError, error_of
from .lines import cookie_line, field_line, head_lines, is_cookie
from .transfer import Transfer

Callback = Callable[[bytes], object]
#: A function that is given the announced length of the body, and how many bytes have come. It raises LibcurlError when
#: the program aborts the transfer.
Progress = Callable[[int, int], None]


# Taken at import, because libraries that stop the clock of a test replace the function in ``time``.
_clock = time.monotonic
#: The seconds between two looks at whether the program cancels a transfer, and the least number of looks. (libcurl
#: gives a program such an occasion about once a second.)
_BETWEEN_LOOKS, _LOOKS = 0.01, 100


def looks() -> Iterator[float]:
    """How often the replay of a cancelled transfer looks whether the program cancels the replay, too. Each time it
    yields the seconds to wait before the next look.

    It ends after ``CANCEL_LIMIT`` seconds, but not before ``_LOOKS`` looks: a busy machine may stand still for so long.
    """
    deadline = _clock() + CANCEL_LIMIT
    for number in itertools.count():
        if number >= _LOOKS and _clock() >= deadline:
            return
        yield _BETWEEN_LOOKS


def _no_progress(_: int, __: int) -> None:
    """Do nothing."""


class Replay:
    """Gives the recorded responses of a transfer to its callbacks: to ``header`` the lines of heads, to ``write`` the
    pieces of the body, to ``cookie`` the lines for libcurl's cookies.

    ``was_cancelled``: whether the program cancelled the transfer while it was recorded. Then ``run`` has given what had
    come until then, and the stub has to wait until the program cancels the replay.
    """

    def __init__(
        self,
        transfer: Transfer,
        header: Callback,
        write: Callback,
        cookie: Callback,
        progress: Progress = _no_progress,
    ) -> None:
        self._transfer, self._header, self._write, self._cookie = transfer, header, write, cookie
        self._progress = progress
        self.was_cancelled = False
        self._handle = transfer.handle
        self._info = info.new_info(transfer.handle)

    def run(self) -> None:
        """Replay all hops. Raises LibcurlError where libcurl would fail, and UnsupportedClientError if a redirect leads
        to a request that is to go live."""
        transfer = self._transfer
        self._handle.info = self._info
        while transfer.turn.response is not None:
            if not self._play(transfer.turn.response):
                return
        raise UnsupportedClientError(
            f"{transfer.followed[-1][1]} was replayed, and redirects to {transfer.request.uri}, which is to go live: "
            "libcurl cannot be sent there from the middle of a transfer; record both again"
        )

    def _play(self, response: Response) -> bool:
        """Replay one response. Returns whether there is a next hop: then its turn has been taken."""
        transfer = self._transfer
        info.note_request(self._info, transfer)
        self.tell_progress()
        if response.failure is not None and not response.incomplete:
            self._fail(response.failure)
            return False
        headers, pieces = content(response, transfer.request.method)
        if response.status == SWITCHING_PROTOCOLS:
            pieces = response.pieces  # libcurl takes what follows such a head for the body
        hop = transfer.next_hop(response.status, headers)
        info.note_response(self._info, transfer, response, headers)
        # libcurl discards the body of a redirect, so it is not recorded; the client sees the recorded length all the
        # same.
        for line in head_lines(response, headers if hop is None else response.headers):
            self._tell(line)
        for value in headers.get_all("Set-Cookie"):
            self._set_cookie(value)
        if hop is None:
            self._deliver(response, headers, pieces)
            return False
        if transfer.is_out_of_redirects:
            self._info[Info.REDIRECT_URL] = hop.request.uri.encode()
            raise LibcurlError(Code.TOO_MANY_REDIRECTS, f"Maximum ({len(transfer.followed)}) redirects followed")
        transfer.go_on(response.status, hop)
        return True

    def _fail(self, failure: Failure) -> None:
        """Raise the error that libcurl returns for this failure, or note that the program cancelled the transfer."""
        if failure.kind == CANCELLED:
            self.was_cancelled = True
            return
        info.note_failure(self._info, failure)
        raise error_of(failure)

    def tell_progress(self) -> None:
        """Call ``progress`` with the present numbers."""
        self._progress(max(self._info[Info.CONTENT_LENGTH_DOWNLOAD], 0), self._info[Info.SIZE_DOWNLOAD])

    def _tell(self, line: bytes) -> None:
        self._header(line)
        self._info[Info.HEADER_SIZE] += len(line)
        if self._handle.options.get(Opt.HEADER):
            self._info[Info.SIZE_DELIVERED] += len(line)

    def _set_cookie(self, value: str) -> None:
        if self._handle.has_cookies and is_cookie(value):
            line, is_over = cookie_line(value, self._transfer.request)
            self._cookie(line)
            self._info[Info.COOKIECHANGES].append((b"DELETE\t" if is_over else b"SET\t") + line)

    def _deliver(self, response: Response, headers: Headers, pieces: list[bytes]) -> None:
        """Hand over the body and the trailers, and raise the error in which the response ends, if it ends in one."""
        if self._handle.options.get(Opt.FAILONERROR) and response.status >= 400:
            text = f"The requested URL returned error: {response.status}"
            raise LibcurlError(Code.HTTP_RETURNED_ERROR, text)
        if response.status == SWITCHING_PROTOCOLS and not any(pieces):
            raise LibcurlError(
                Code.GOT_NOTHING, "Empty reply from server"
            )  # libcurl does not count a 1xx as a response
        announced = content_length(headers)
        codings = self._codings(headers)
        if codings:
            plain, error = decoded(b"".join(pieces), codings, chunked=is_chunked(headers))
            self._hand_over(plain, 0)
            if error is not None:
                raise error
        for piece in pieces:
            self._hand_over(b"" if codings else piece, len(piece))
        for name, value in response.trailers.pairs():
            self._tell(field_line(name, value))
        if response.failure is not None:
            self._fail(response.failure)
        elif response.incomplete:
            raise _cut_short(announced, self._info[Info.SIZE_DOWNLOAD])

    def _hand_over(self, piece: bytes, size: int) -> None:
        """Hand over a piece of the body. ``size``: how many bytes it had on the wire."""
        for start in range(0, len(piece), MAX_WRITE_SIZE):
            part = piece[start : start + MAX_WRITE_SIZE]
            self._write(part)
            self._info[Info.SIZE_DELIVERED] += len(part)
        self._info[Info.SIZE_DOWNLOAD] += size
        self.tell_progress()

    def _codings(self, headers: Headers) -> list[str]:
        """The content codings that libcurl decodes: those of the response, if the options ask for decoding."""
        options = self._handle.options
        if options.get(Opt.ACCEPT_ENCODING) is None or options.get(Opt.HTTP_CONTENT_DECODING) == 0:
            return []
        return content_coding.of(headers)


def _cut_short(announced: int | None, size: int) -> LibcurlError:
    if announced is None:
        return LibcurlError(Code.PARTIAL_FILE, "transfer closed with outstanding read data remaining")
    return LibcurlError(Code.PARTIAL_FILE, f"end of response with {announced - size} bytes missing")
