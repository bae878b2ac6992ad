"""urllib3-future's errors, and the failures that stand for them in a cassette. This file must not know a request."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..._http.failure import CLOSED, CONNECT, DNS, TLS, Failure

if TYPE_CHECKING:
    from .native import Connection


def failure_of(error: Exception, phase: str) -> Failure | None:
    """The failure that stands for an error of urllib3-future; None if it does not come from the network."""
    cause = error.__cause__
    if isinstance(cause, ConnectionResetError) and cause.errno is None:
        return Failure(phase, CLOSED, "", str(cause))  # raised when the server closes without a response
    if isinstance(error, ssl.SSLError) and error.errno is None:  # rustls raises it without a number
        code = "CERTIFICATE_VERIFY_FAILED" if isinstance(error, ssl.SSLCertVerificationError) else ""
        return Failure(phase, TLS, code, str(error.args[0]))
    return Failure.of(error, phase)


def error_of(failure: Failure) -> OSError:
    """The error that urllib3-future's sockets or resolver raise for a failure."""
    error = failure.error()
    # The resolver and rustls raise errors without a number.
    has_no_number = not failure.code if failure.kind == DNS else failure.kind == TLS and "_ssl.c" not in failure.message
    return type(error)(failure.message) if has_no_number else error


@contextmanager
def failing(connection: Connection, failure: Failure) -> Iterator[None]:
    """Raise the error that the client raises for a failure before the response. If no connection was made, the block
    runs first: in it the client connects, and its resolver raises."""
    error = error_of(failure)
    if failure.phase != CONNECT or failure.kind == TLS:
        raise error
    connection._has_connected_to_proxy = False
    connection._resolver, resolver = _Nowhere(error), connection._resolver
    try:
        yield
    finally:
        connection._resolver = resolver
    raise error


class _Nowhere:
    """A resolver that raises an error instead of connecting."""

    def __init__(self, error: OSError) -> None:
        self._error = error

    def create_connection(self, *_: object, **__: object) -> object:
        """Raise the error."""
        raise self._error
