"""A transfer that is answered from the cassette, as libcurl would answer it. It must not know a binding."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..._http import content_coding
from ..._http.wire import content, content_length
from ...errors import UnsupportedClientError
from ...request import Headers
from ...response import Response
from .abi import MAX_WRITE_SIZE, Code, Info, Opt
from .errors import LibcurlError, error_of
from .info import describe, new_info
from .lines import cookie_line, field_line, head_lines
from .transfer import Transfer

Callback = Callable[[bytes], Any]


class Replay:
    """Hands the recorded responses of a transfer to its callbacks. ``header`` is given lines, ``write`` pieces of the
    body, and ``cookie`` lines for libcurl's own store of cookies."""

    def __init__(self, transfer: Transfer, header: Callback, write: Callback, cookie: Callback) -> None:
        self._transfer, self._header, self._write, self._cookie = transfer, header, write, cookie
        self._handle = transfer.handle
        self._info = new_info()

    def run(self) -> None:
        """Hop by hop. Raises LibcurlError where libcurl would fail, and UnsupportedClientError where the next hop is
        not in the cassette."""
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
        """Play one response. Whether it is a redirect, and the turn of the next hop has been taken."""
        transfer = self._transfer
        if response.failure is not None and not response.incomplete:
            raise error_of(response.failure)
        headers, pieces = content(response, transfer.request.method)
        hop = transfer.next_hop(response.status, headers)
        describe(self._info, transfer, response, headers)
        # libcurl discards the body of a redirect: it is neither recorded nor handed over, but its length is seen.
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

    def _tell(self, line: bytes) -> None:
        self._info[Info.HEADER_SIZE] += len(line)
        self._header(line)

    def _set_cookie(self, value: str) -> None:
        if self._handle.has_cookies:
            line, is_over = cookie_line(value, self._transfer.request)
            self._cookie(line)
            self._info[Info.COOKIECHANGES].append((b"DELETE\t" if is_over else b"SET\t") + line)

    def _deliver(self, response: Response, headers: Headers, pieces: list[bytes]) -> None:
        if self._handle.options.get(Opt.FAILONERROR) and response.status >= 400:
            text = f"The requested URL returned error: {response.status}"
            raise LibcurlError(Code.HTTP_RETURNED_ERROR, text)
        self._info[Info.SIZE_DOWNLOAD] = size = sum(map(len, pieces))
        for piece in pieces if response.incomplete else self._decoded(headers, pieces):
            for start in range(0, len(piece), MAX_WRITE_SIZE):
                self._write(piece[start : start + MAX_WRITE_SIZE])
        for name, value in response.trailers.pairs():
            self._tell(field_line(name, value))
        if response.failure is not None:
            raise error_of(response.failure)
        if response.incomplete:
            raise _cut_short(content_length(headers), size)

    def _decoded(self, headers: Headers, pieces: list[bytes]) -> list[bytes]:
        """The body, decoded if libcurl was told to name the codings that it can decode."""
        options = self._handle.options
        codings = content_coding.named(headers.get_all("Content-Encoding"))
        if not codings or options.get(Opt.ACCEPT_ENCODING) is None or options.get(Opt.HTTP_CONTENT_DECODING) == 0:
            return pieces
        body, left = content_coding.decode(b"".join(pieces), codings)
        if left and body:
            text = f"{left[-1]}: an unrecognized content encoding, or a broken body"
            raise LibcurlError(Code.BAD_CONTENT_ENCODING, text)
        return [body]


def _cut_short(announced: int | None, size: int) -> LibcurlError:
    if announced is None:
        return LibcurlError(Code.PARTIAL_FILE, "transfer closed with outstanding read data remaining")
    return LibcurlError(Code.PARTIAL_FILE, f"end of response with {announced - size} bytes missing")
