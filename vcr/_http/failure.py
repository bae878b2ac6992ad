"""A failed exchange as a value: why there is no response, or only a part of one.

It knows the errors of the standard library. It must not know a client: the stub of a client translates between these
errors and the client's own.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

#: What the client was doing when it saw the error: connect, send the request, or read the response.
CONNECT, SEND, RESPONSE = PHASES = ("connect", "send", "response")

#: What went wrong.
SYSTEM, DNS, TIMEOUT, TLS, CLOSED, CANCELLED, MALFORMED, TUNNEL = KINDS = (
    "system",  # the operating system reported an error; ``code`` is the name of its number
    "dns",  # the host has no address
    "timeout",  # the server did not answer in time
    "tls",  # no TLS connection, because of an untrusted certificate for example
    "closed",  # the connection ended before the response did
    "cancelled",  # the program gave up
    "malformed",  # the answer was not HTTP; ``message`` is its first line
    "tunnel",  # the proxy opened no tunnel; ``code`` is the status of its answer
)


#: How the message of http.client's error begins; the status of the proxy's answer follows.
TUNNEL_FAILED = "Tunnel connection failed: "
_TUNNEL = re.compile(TUNNEL_FAILED + r"(\d+)")


class Failure(NamedTuple):
    """Why an exchange failed.

    ``phase`` is one of ``PHASES``, ``kind`` one of ``KINDS``. ``code`` is ``ECONNREFUSED``, ``EAI_NONAME`` and the
    like, or empty: a name, because the numbers differ between platforms. ``message`` is the text of the error.
    """

    phase: str
    kind: str
    code: str
    message: str

    @classmethod
    def of(cls, error: BaseException, phase: str) -> Failure | None:
        """The failure that ``error``, or the first of its causes, shows. None if all of them come from the program
        itself, and none from the network or the server."""
        import socket
        import ssl

        for cause in _causes(error):
            message = str(cause.strerror or cause) if isinstance(cause, OSError) else str(cause)
            if isinstance(cause, ssl.SSLError):
                return cls(phase, TLS, getattr(cause, "reason", None) or "", message)
            if isinstance(cause, socket.gaierror):
                return cls(phase, DNS, _name(socket, "EAI_", cause.errno), message)
            if isinstance(cause, TimeoutError) and cause.errno is None:
                return cls(phase, TIMEOUT, "", message)
            if type(cause) is OSError and (refused := _TUNNEL.match(message)):
                return cls(phase, TUNNEL, refused[1], message)
            if isinstance(cause, OSError) and cause.errno is not None:
                return cls(phase, SYSTEM, errno.errorcode.get(cause.errno, ""), message)
        return None

    @classmethod
    def from_data(cls, data: object) -> Failure | None:
        """The failure that ``to_data`` has turned into ``data``; None if ``data`` is no failure."""
        if not isinstance(data, Mapping) or data.get("phase") not in PHASES or data.get("kind") not in KINDS:
            return None
        return cls(data["phase"], data["kind"], str(data.get("code") or ""), str(data.get("message") or ""))

    def to_data(self) -> dict[str, str]:
        """The failure as plain data, for a cassette."""
        return self._asdict()

    def error(self) -> OSError:
        """The standard library's error for this failure, to be raised on replay."""
        import socket
        import ssl

        if self.kind == TLS:
            distrusted = self.code == "CERTIFICATE_VERIFY_FAILED"
            failed = (ssl.SSLCertVerificationError if distrusted else ssl.SSLError)(1, self.message)
            failed.reason = self.code
            return failed
        if self.kind == DNS:
            return socket.gaierror(getattr(socket, self.code, socket.EAI_NONAME), self.message)
        if self.kind in (TIMEOUT, CANCELLED):
            return TimeoutError(self.message)
        if self.kind == CLOSED:
            return ConnectionResetError(errno.ECONNRESET, self.message)
        if self.kind == TUNNEL:
            return OSError(self.message)
        return OSError(getattr(errno, self.code, errno.EIO), self.message)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """``error``, then its causes, their causes and so on."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        cause = waiting.pop(0)
        if isinstance(cause, BaseException) and id(cause) not in seen:
            seen.add(id(cause))
            yield cause
            # Several clients keep the cause in an attribute or an argument.
            waiting += [getattr(cause, "reason", None), cause.__cause__, cause.__context__, *cause.args]
            waiting += getattr(cause, "exceptions", ())  # of an ExceptionGroup


def _name(module: object, prefix: str, number: int | None) -> str:
    """The name of the constant in ``module`` that begins with ``prefix`` and equals ``number``; empty if none does."""
    names = (name for name in vars(module) if name.startswith(prefix) and getattr(module, name) == number)
    return next(names, "")
