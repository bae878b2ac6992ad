"""libcurl's errors, and the failures that stand for them in a cassette. It must not know the errors of pycurl or
curl_cffi: each stub makes its client's error of a ``LibcurlError``, and the other way round.
"""

from __future__ import annotations

import re
from typing import Any

from ..._http.failure import CLOSED, CONNECT, DNS, MALFORMED, RESPONSE, SEND, SYSTEM, TIMEOUT, TLS, TUNNEL, Failure
from ...errors import UnsupportedClientError
from .abi import PAUSE, Code


class LibcurlError(Exception):
    """An error that libcurl returns: the number, and libcurl's text about this case, which may be empty."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(int(code), text)
        self.code, self.text = int(code), text

    @property
    def message(self) -> str:
        """The message of an easy handle: the text, or what libcurl calls the number."""
        return self.text or _NAMES.get(self.code, "")


#: What curl_easy_strerror returns, for the errors that have no text.
_NAMES = {int(Code.BAD_CONTENT_ENCODING): "Unrecognized or bad HTTP Content or Transfer-Encoding"}


#: The errors that come from the network or the server: phase, kind and code of the failure that stands for each.
_FAILURES: dict[int, tuple[str, str, str]] = {
    Code.COULDNT_CONNECT: (CONNECT, SYSTEM, "ECONNREFUSED"),
    Code.COULDNT_RESOLVE_HOST: (CONNECT, DNS, "EAI_NONAME"),
    Code.PEER_FAILED_VERIFICATION: (CONNECT, TLS, "CERTIFICATE_VERIFY_FAILED"),
    Code.SSL_CONNECT_ERROR: (CONNECT, TLS, ""),
    Code.SEND_ERROR: (SEND, SYSTEM, "EPIPE"),
    Code.OPERATION_TIMEDOUT: (RESPONSE, TIMEOUT, ""),
    Code.GOT_NOTHING: (RESPONSE, CLOSED, ""),
    Code.RECV_ERROR: (RESPONSE, SYSTEM, "ECONNRESET"),
}

#: The errors that follow from the response and the options: a replay of the response ends in them, too.
REPEATED = (
    Code.PARTIAL_FILE,
    Code.WRITE_ERROR,
    Code.ABORTED_BY_CALLBACK,
    Code.HTTP_RETURNED_ERROR,
    Code.TOO_MANY_REDIRECTS,
    Code.BAD_CONTENT_ENCODING,
)


#: The errors about a response that is not HTTP. The code of the failure is the name of the error.
_NO_HTTP = {code.name: code for code in (Code.UNSUPPORTED_PROTOCOL, Code.WEIRD_SERVER_REPLY, Code.RECV_ERROR)}
_NO_TUNNEL = re.compile(r"CONNECT tunnel failed, response (\d+)")


def malformed(error: LibcurlError) -> Failure:
    """The failure to record for an error about a response that is not HTTP."""
    return Failure(RESPONSE, MALFORMED, Code(error.code).name, error.text)


def failure_of(error: LibcurlError) -> Failure | None:
    """The failure to record for an error; None for an error that does not come from the network or the server."""
    if error.code == Code.WEIRD_SERVER_REPLY or (error.code == Code.UNSUPPORTED_PROTOCOL and "HTTP" in error.text):
        return malformed(error)
    if (refused := _NO_TUNNEL.match(error.text)) is not None:
        # libcurl 8.21 returns COULDNT_CONNECT, libcurl 8.19 RECV_ERROR.
        phase = CONNECT if error.code == Code.COULDNT_CONNECT else RESPONSE
        return Failure(phase, TUNNEL, refused[1], error.text)
    known = _FAILURES.get(error.code)
    return None if known is None else Failure(*known, error.text)


def error_of(failure: Failure) -> LibcurlError:
    """The error that libcurl returns for a failure, whichever client recorded it."""
    if failure.kind == MALFORMED:
        return _malformed(failure)
    if failure.kind == TUNNEL:
        code = Code.COULDNT_CONNECT if failure.phase == CONNECT else Code.RECV_ERROR
        return LibcurlError(code, f"CONNECT tunnel failed, response {failure.code}")
    nearest = [code for code, known in _FAILURES.items() if known[:2] == failure[:2]] or [
        code for code, known in _FAILURES.items() if known[1] == failure.kind
    ]
    same = [code for code in nearest if _FAILURES[code][2] == failure.code]
    return LibcurlError((same or nearest or [Code.RECV_ERROR])[0], failure.message)


def _malformed(failure: Failure) -> LibcurlError:
    if failure.code in _NO_HTTP:
        return LibcurlError(_NO_HTTP[failure.code], failure.message)
    # Another client recorded the failure: its message is the line that is not HTTP.
    is_status_line = failure.message.startswith("HTTP/")
    text = "Unsupported HTTP/1 subversion in response" if is_status_line else "Received HTTP/0.9 when not allowed"
    return LibcurlError(Code.UNSUPPORTED_PROTOCOL, text)


def check_accepted(returned: object, size: int) -> None:
    """Check what a callback returned that was given ``size`` bytes. Raises LibcurlError when the callback did not take
    all of them, and UnsupportedClientError when it paused the transfer."""
    if returned == PAUSE:
        raise UnsupportedClientError("a callback paused its transfer, which a replay cannot do")
    if returned is not None and returned != size:
        raise write_error(returned, size)


def write_error(returned: Any, size: int) -> LibcurlError:  # (whatever ``int`` takes)
    """The error of a transfer whose write callback was given ``size`` bytes, and returned another number."""
    text = f"Failure writing output to destination, passed {size} returned {int(returned) % 2**64}"
    return LibcurlError(Code.WRITE_ERROR, text)
