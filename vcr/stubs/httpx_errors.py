"""Makes a Failure of an error of httpx, httpcore, httpx2 or httpcore2, and the error of a Failure.

The four modules have the same names for their errors. This file must not know a cassette, a stream or a socket.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import ModuleType

from .._http.failure import CLOSED, CONNECT, RESPONSE, SEND, SYSTEM, TIMEOUT, TUNNEL, TUNNEL_FAILED, Failure

#: The names of the errors, by the phase of the exchange, and whether it was a timeout.
_ERRORS = {
    (CONNECT, True): "ConnectTimeout",
    (CONNECT, False): "ConnectError",
    (SEND, True): "WriteTimeout",
    (SEND, False): "WriteError",
    (RESPONSE, True): "ReadTimeout",
    (RESPONSE, False): "ReadError",
}

#: The texts of the errors in asynchronous engines, by the phase. anyio, over which httpx uses asyncio, drops the texts
#: of the system.
ANYIO: Mapping[str, str] = {CONNECT: "All connection attempts failed", SEND: "", RESPONSE: ""}

#: The code of a failure to get a connection from the pool in time. Other clients replay it as a timeout of connecting.
_POOL = "POOL"

#: The status of a proxy's response, with which httpcore's text begins.
_STATUS = re.compile(r"\d{3}")


class Errors:
    """The errors of one module.

    ``texts``: the texts of the errors, by the phase, that replace those of the system. ``shows_cause``: whether an
    error is raised from its cause; httpcore's pools raise theirs from None.
    """

    def __init__(self, module: ModuleType, texts: Mapping[str, str], *, shows_cause: bool = True) -> None:
        self._module = module
        self._texts = texts
        self._shows_cause = shows_cause

    def failure(self, error: BaseException) -> Failure | None:
        """The failure of which ``error`` can be made again; None if the error does not come from the network."""
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
                candidates = (found, found._replace(code="", message=text), plain)
                return next(failure for failure in candidates if self._makes(failure, error))
        return None

    def cut(self, text: str) -> Exception:
        """The error that is raised at the end of an incomplete response."""
        error: Exception = self._module.RemoteProtocolError(text)
        return error

    def _makes(self, failure: Failure, error: BaseException) -> bool:
        again = self.error(failure)
        return isinstance(error, type(again)) and str(error) == str(again)

    def error(self, failure: Failure) -> Exception:
        """The module's error for a failure. Another client may have recorded the failure."""
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
            text = self._texts.get(failure.phase, str(cause)) if failure.kind == SYSTEM else str(cause)
        error: Exception = getattr(self._module, name)(text)
        if self._shows_cause:
            error.__cause__ = cause
        else:
            error.__context__, error.__suppress_context__ = cause, True
        return error
