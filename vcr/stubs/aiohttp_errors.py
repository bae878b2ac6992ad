"""Makes a Failure of an error of aiohttp, and the error of a Failure. It must not know a cassette or a socket."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING

import aiohttp
from aiohttp import http_exceptions
from aiohttp.client_exceptions import UnixClientConnectorError
from aiohttp.http_exceptions import HttpProcessingError

from .._http.failure import CLOSED, CONNECT, DNS, RESPONSE, SYSTEM, TIMEOUT, TUNNEL, TUNNEL_FAILED, Failure

if TYPE_CHECKING:
    from aiohttp.helpers import BaseTimerContext

#: aiohttp 3.9 has no classes of their own for these errors.
ConnectionTimeoutError: type[Exception] = getattr(aiohttp, "ConnectionTimeoutError", aiohttp.ServerTimeoutError)
_SocketTimeoutError: type[Exception] = getattr(aiohttp, "SocketTimeoutError", aiohttp.ServerTimeoutError)
_DNSError: type[aiohttp.ClientConnectorError] = getattr(
    aiohttp, "ClientConnectorDNSError", aiohttp.ClientConnectorError
)


def failure_of(error: BaseException | None, phase: str, timer: BaseTimerContext | None) -> Failure | None:
    """The failure that stands for an error of aiohttp; None if it does not come from the network. ``timer``: the time
    limit of the whole request."""
    if isinstance(error, aiohttp.ClientConnectorError):
        # Before 3.12 an error of a certificate has no ``os_error``.
        cause: OSError = getattr(error, "certificate_error", None) or error.os_error
        kind = DNS if type(error) is _DNSError else SYSTEM
        return Failure.of(cause, CONNECT) or Failure(CONNECT, kind, "", str(cause.strerror or cause))
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return Failure(CONNECT, TUNNEL, str(error.status), f"{TUNNEL_FAILED}{error.status} {error.message}")
    if isinstance(error, aiohttp.ServerTimeoutError):
        return Failure(phase, TIMEOUT, "", str(error))
    if isinstance(error, (asyncio.CancelledError, asyncio.TimeoutError)) and _has_expired(timer):
        return Failure(phase, TIMEOUT, "", "")  # aiohttp's timer cancels the task; its TimeoutError has no message
    if isinstance(error, HttpProcessingError):
        return failure_to_parse(error)
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return Failure(RESPONSE, CLOSED, "", str(error))
    if isinstance(error, aiohttp.ClientOSError):  # aiohttp raises this, and no connector error, in a tunnel too
        return Failure.of(error, RESPONSE)
    return None


def _has_expired(timer: BaseTimerContext | None) -> bool:
    if timer is None:
        return False
    try:
        timer.assert_timeout()
    except asyncio.TimeoutError:
        return True
    return False


def failure_to_parse(error: BaseException) -> Failure | None:
    """The failure, if ``error`` says that aiohttp's parser has refused the bytes of the response; else None."""
    if not isinstance(error, HttpProcessingError):
        return None
    return Failure(RESPONSE, CLOSED, type(error.__cause__ or error).__name__, error.message)


def refusal_to_parse(failure: Failure) -> Exception | None:
    """The error of which ``failure_to_parse`` has made ``failure``; None if it was not made there."""
    cls = getattr(http_exceptions, failure.code, None) if failure.code else None
    if not isinstance(cls, type) or not issubclass(cls, HttpProcessingError):
        return None
    code = 400 if failure.message else 0  # aiohttp 3.9 raises a new error, which has no message
    error = HttpProcessingError(code=code, message=failure.message)
    error.__cause__ = cause = cls.__new__(cls)
    HttpProcessingError.__init__(cause, code=code, message=failure.message)
    return error


def raise_connecting(failure: Failure, connector: aiohttp.BaseConnector, req: aiohttp.ClientRequest) -> None:
    """Raise the error that ``connector`` raised when it could not connect."""
    if failure.kind == TIMEOUT:
        raise ConnectionTimeoutError(f"Connection timeout to host {req.url}") if failure.message else timeout_error("")
    if failure.kind == TUNNEL and req.proxy is not None:
        to_proxy = aiohttp.ClientRequest("GET", req.proxy, loop=req.loop).request_info
        reason = failure.message.removeprefix(TUNNEL_FAILED).partition(" ")[2]
        raise aiohttp.ClientHttpProxyError(to_proxy, (), status=int(failure.code), message=reason)
    cause, key = failure.error(), req.connection_key
    if isinstance(cause, ssl.SSLCertVerificationError):
        raise aiohttp.ClientConnectorCertificateError(key, cause) from cause
    if isinstance(cause, ssl.SSLError):
        raise aiohttp.ClientConnectorSSLError(key, cause) from cause
    if isinstance(connector, aiohttp.UnixConnector):
        raise UnixClientConnectorError(connector.path, key, cause) from cause
    error: type[aiohttp.ClientConnectorError] = aiohttp.ClientConnectorError
    if req.proxy is not None:
        key = aiohttp.ClientRequest("GET", req.proxy, loop=req.loop, ssl=req.ssl).connection_key
        error = aiohttp.ClientProxyConnectionError
    raise (_DNSError if failure.kind == DNS else error)(key, cause) from cause


def timeout_error(message: str) -> Exception:
    """aiohttp's error for a timeout. Without a message the whole request took too long; else the server sent nothing
    for too long."""
    return _SocketTimeoutError(message) if message else asyncio.TimeoutError()
