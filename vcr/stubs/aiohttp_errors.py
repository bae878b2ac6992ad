"""aiohttp's errors as failures of an exchange, and the inverse. It must not know a cassette or a socket."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import aiohttp
from aiohttp import http_exceptions
from aiohttp.client_exceptions import UnixClientConnectorError
from aiohttp.http_exceptions import HttpProcessingError

from .._http.failure import CLOSED, CONNECT, DNS, RESPONSE, SYSTEM, TIMEOUT, TUNNEL, TUNNEL_FAILED, Failure
from .exchange import Exchange

if TYPE_CHECKING:
    from aiohttp.helpers import BaseTimerContext

#: aiohttp 3.9 has no names of their own for them.
ConnectionTimeoutError: type[Exception] = getattr(aiohttp, "ConnectionTimeoutError", aiohttp.ServerTimeoutError)
_SocketTimeoutError: type[Exception] = getattr(aiohttp, "SocketTimeoutError", aiohttp.ServerTimeoutError)
_DNSError: type[aiohttp.ClientConnectorError] = getattr(
    aiohttp, "ClientConnectorDNSError", aiohttp.ClientConnectorError
)


def failure_of(error: BaseException | None, phase: str, timer: BaseTimerContext | None) -> Failure | None:
    """What an error of aiohttp's stands for; None if it is not the network's. ``timer``: of the whole request."""
    if isinstance(error, aiohttp.ClientConnectorError):
        # Before 3.12 an error of a certificate has no ``os_error``.
        cause: OSError = getattr(error, "certificate_error", None) or error.os_error
        kind = DNS if type(error) is _DNSError else SYSTEM
        return Failure.of(cause, CONNECT) or Failure(CONNECT, kind, "", str(cause.strerror or cause))
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return Failure(CONNECT, TUNNEL, str(error.status), f"{TUNNEL_FAILED}{error.status} {error.message}")
    if isinstance(error, aiohttp.ServerTimeoutError):
        return Failure(phase, TIMEOUT, "", str(error))
    if isinstance(error, (asyncio.CancelledError, asyncio.TimeoutError)) and _is_up(timer):
        return Failure(phase, TIMEOUT, "", "")  # aiohttp cancels the task, and says nothing
    if isinstance(error, HttpProcessingError):
        return failure_to_parse(error)
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return Failure(RESPONSE, CLOSED, "", str(error))
    if isinstance(error, aiohttp.ClientOSError):  # of a proxy's tunnel, too: it is no failure of aiohttp's to connect
        return Failure.of(error, RESPONSE)
    return None


def _is_up(timer: BaseTimerContext | None) -> bool:
    if timer is None:
        return False
    try:
        timer.assert_timeout()
    except asyncio.TimeoutError:
        return True
    return False


@contextmanager
def failing(exchange: Exchange, phase: str, timer: BaseTimerContext | None) -> Iterator[None]:
    """Around what waits for the server, before there is a response: the exchange hears of it if it fails."""
    try:
        yield
    except (Exception, asyncio.CancelledError) as error:
        failure = failure_of(error, phase, timer)
        if failure is None and isinstance(error, asyncio.CancelledError):
            exchange.cancelled(error)
        else:
            exchange.error(failure)
        raise


def failure_to_parse(error: BaseException) -> Failure | None:
    """What stands for aiohttp's refusal of the bytes that have come; None if ``error`` is something else."""
    if not isinstance(error, HttpProcessingError):
        return None
    return Failure(RESPONSE, CLOSED, type(error.__cause__ or error).__name__, error.message)


def refusal_to_parse(failure: Failure) -> Exception | None:
    """The inverse of ``failure_to_parse``."""
    cls = getattr(http_exceptions, failure.code, None) if failure.code else None
    if not isinstance(cls, type) or not issubclass(cls, HttpProcessingError):
        return None
    code = 400 if failure.message else 0  # aiohttp 3.9 makes the error anew, of its class alone
    error = HttpProcessingError(code=code, message=failure.message)
    error.__cause__ = cause = cls.__new__(cls)
    HttpProcessingError.__init__(cause, code=code, message=failure.message)
    return error


def raise_connecting(failure: Failure, connector: aiohttp.BaseConnector, req: aiohttp.ClientRequest) -> None:
    """Fail as ``connector`` did when it could not connect."""
    if failure.kind == TIMEOUT:
        raise ConnectionTimeoutError(f"Connection timeout to host {req.url}") if failure.message else late("")
    if failure.kind == TUNNEL and req.proxy is not None:
        asked = aiohttp.ClientRequest("GET", req.proxy, loop=req.loop).request_info
        reason = failure.message.removeprefix(TUNNEL_FAILED).partition(" ")[2]
        raise aiohttp.ClientHttpProxyError(asked, (), status=int(failure.code), message=reason)
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


def late(message: str) -> Exception:
    """aiohttp's error for the server's silence, or, which says nothing, for a request that takes too long."""
    return _SocketTimeoutError(message) if message else asyncio.TimeoutError()
