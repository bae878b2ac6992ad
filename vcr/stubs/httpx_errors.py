"""The errors of httpx, of httpcore below it, and of their second versions, as failures, and failures as errors.

The four modules name them alike. It must not know a cassette, a stream or a socket.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import ModuleType

from .._http.failure import CLOSED, CONNECT, RESPONSE, SEND, SYSTEM, TIMEOUT, TUNNEL, TUNNEL_FAILED, Failure

#: The errors that stand for a failure of the exchange: in which phase, and whether nothing came in time.
_ERRORS = {
    (CONNECT, True): "ConnectTimeout",
    (CONNECT, False): "ConnectError",
    (SEND, True): "WriteTimeout",
    (SEND, False): "WriteError",
    (RESPONSE, True): "ReadTimeout",
    (RESPONSE, False): "ReadError",
}

#: What anyio, which is httpx's way to asyncio, says of whatever the system reports.
ANYIO: Mapping[str, str] = {CONNECT: "All connection attempts failed", SEND: "", RESPONSE: ""}

#: The code of a failure to get a connection from the pool in time: another client raises its own time-out to connect.
_POOL = "POOL"

#: Of a proxy's answer, at the head of what httpcore says of it.
_STATUS = re.compile(r"\d{3}")


class Errors:
    """What one module raises when an exchange fails.

    ``says``: what the errors of a phase say, instead of what the system reported. ``shows_cause``: whether an error is
    raised from its cause; httpcore's pools raise theirs from None.
    """

    def __init__(self, module: ModuleType, says: Mapping[str, str], *, shows_cause: bool = True) -> None:
        self._module = module
        self._says = says
        self._shows_cause = shows_cause

    def failure(self, error: Exception) -> Failure | None:
        """What ``error`` stands for, from which it can be made again; None if it is not the network's."""
        text = str(error)
        if isinstance(error, self._module.RemoteProtocolError):
            return Failure(RESPONSE, CLOSED, "", text)
        if isinstance(error, self._module.ProxyError):
            refused = _STATUS.match(text)
            return None if refused is None else Failure(CONNECT, TUNNEL, refused[0], f"{TUNNEL_FAILED}{text}")
        if isinstance(error, self._module.PoolTimeout):
            return Failure(CONNECT, TIMEOUT, _POOL, text)
        for (phase, late), name in _ERRORS.items():
            if isinstance(error, getattr(self._module, name)):
                plain = Failure(phase, TIMEOUT if late else SYSTEM, "", text)
                found = Failure.of(error, phase) or plain
                attempts = (found, found._replace(code="", message=text), plain)
                return next(failure for failure in attempts if self._is(failure, error))
        return None

    def cut(self, text: str) -> Exception:
        """The error at the end of an incomplete message."""
        error: Exception = self._module.RemoteProtocolError(text)
        return error

    def _is(self, failure: Failure, error: Exception) -> bool:
        again = self.error(failure)
        return isinstance(error, type(again)) and str(error) == str(again)

    def error(self, failure: Failure) -> Exception:
        """The inverse of ``failure``; of what another client has recorded, too."""
        cause = failure.error()
        name = _ERRORS[failure.phase, isinstance(cause, TimeoutError)]
        text = failure.message
        if (failure.phase, failure.kind) == (RESPONSE, CLOSED):
            name = "RemoteProtocolError"
        elif failure.kind == TUNNEL:
            name, text = "ProxyError", failure.message.removeprefix(TUNNEL_FAILED)
        elif failure.code == _POOL:
            name = "PoolTimeout"
        elif failure.code:
            text = self._says.get(failure.phase, str(cause)) if failure.kind == SYSTEM else str(cause)
        error: Exception = getattr(self._module, name)(text)
        if self._shows_cause:
            error.__cause__ = cause
        else:
            error.__context__, error.__suppress_context__ = cause, True
        return error
