"""A failed exchange as a value: why there is no response, or only a part of one.

It knows the errors of the standard library. It must not know a client: the stub of a client says which of the client's
errors stand for them.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

#: Where it failed: what was under way when the client saw the error.
CONNECT, SEND, RESPONSE = PHASES = ("connect", "send", "response")

#: How: what the system reported, by the name of its number; no address; no answer in time; no trust; an end too early;
#: the program gave up; an answer that is no HTTP, and begins with the message; a proxy that opened no tunnel.
SYSTEM, DNS, TIMEOUT, TLS, CLOSED, CANCELLED, MALFORMED, TUNNEL = KINDS = (
    "system",
    "dns",
    "timeout",
    "tls",
    "closed",
    "cancelled",
    "malformed",
    "tunnel",
)


#: What http.client says, before the status of the proxy's answer.
TUNNEL_FAILED = "Tunnel connection failed: "
_TUNNEL = re.compile(TUNNEL_FAILED + r"(\d+)")


class Failure(NamedTuple):
    """``phase`` and ``kind``: of those above. ``code``: ``ECONNREFUSED``, ``EAI_NONAME`` …, where there is one; names,
    for the numbers are each platform's own. ``message``: what the error said."""

    phase: str
    kind: str
    code: str
    message: str

    @classmethod
    def of(cls, error: BaseException, phase: str) -> Failure | None:
        """What ``error``, or the first of the errors behind it that came from outside, stands for; None if none did."""
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
        """The inverse of ``to_data``; None when it is not one's."""
        if not isinstance(data, Mapping) or data.get("phase") not in PHASES or data.get("kind") not in KINDS:
            return None
        return cls(data["phase"], data["kind"], str(data.get("code") or ""), str(data.get("message") or ""))

    def to_data(self) -> dict[str, str]:
        """As it stands in a cassette."""
        return self._asdict()

    def error(self) -> OSError:
        """The standard library's error for it."""
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
    """The error, what it was raised from, what that one was …"""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        cause = waiting.pop(0)
        if isinstance(cause, BaseException) and id(cause) not in seen:
            seen.add(id(cause))
            yield cause
            # Several clients keep it in an attribute or an argument instead.
            waiting += [getattr(cause, "reason", None), cause.__cause__, cause.__context__, *cause.args]
            waiting += getattr(cause, "exceptions", ())  # (of a group)


def _name(module: object, prefix: str, number: int | None) -> str:
    names = (name for name in vars(module) if name.startswith(prefix) and getattr(module, name) == number)
    return next(names, "")
