"""What is replaced in http.client. Every connection that is built on http.client passes these methods:

- ``__init__`` and ``putrequest``: there a connection becomes a stub (adoption);
- ``request``, which is given the program's header fields;
- ``endheaders``, for a connection on which a program has put its own ``putrequest``;
- ``connect``, for a connection that was made before the cassette, and that the program connects inside it.

urllib3, httplib2 and boto have a ``connect`` of their own: the files of these clients add it with ``connect_doors``.
"""

from __future__ import annotations

import functools
import http.client
from collections.abc import Callable, Iterable
from types import ModuleType

from ..stubs.connection import (
    StubConnection,
    adopt,
    adopt_in_putrequest,
    check_in_late,
    request_noted,
)
from ..stubs.door import bound
from .client import Client
from .replace import Replacement, once_for_each

CLIENTS = (Client("httplib", "http.client", None, "Python 3.10 to 3.13", "http"),)
MODULES: dict[str, tuple[str, ...]] = {"http.client": ()}


def replacements(_: ModuleType) -> Iterable[Replacement]:
    """The doors of http.client. (A proxy may stand for the module in ``sys.modules``; clients use the real one.)"""
    connection = http.client.HTTPConnection
    yield Replacement(connection, "__init__", _init_door(vars(connection)["__init__"]))
    yield Replacement(connection, "putrequest", _putrequest_door(vars(connection)["putrequest"]))
    yield Replacement(connection, "endheaders", _endheaders_door(vars(connection)["endheaders"]))
    yield from request_doors(connection)
    yield from connect_doors(connection, http.client.HTTPSConnection)


def connect_doors(*classes: type) -> Iterable[Replacement]:
    """A door for each ``connect`` that one of these classes defines itself."""
    for owner in classes:
        if "connect" in vars(owner):
            yield Replacement(owner, "connect", _connect_door(vars(owner)["connect"]))


def request_doors(cls: type) -> Iterable[Replacement]:
    """A door for ``request``, and for ``request_chunked`` of urllib3 1.26: they are given the program's header
    fields."""
    for name in ("request", "request_chunked"):
        if name in vars(cls):
            yield Replacement(cls, name, _request_door(vars(cls)[name]))


@once_for_each
def _init_door(original: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(original)
    def __init__(self: http.client.HTTPConnection, *args: object, **kwargs: object) -> None:
        bound(original, self)(*args, **kwargs)
        adopt(self)

    return __init__


@once_for_each
def _request_door(original: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(original)
    def request(self: http.client.HTTPConnection, method: str, url: str, *args: object, **kwargs: object) -> None:
        request_noted(self, bound(original, self), method, url, *args, **kwargs)

    return request


@once_for_each
def _putrequest_door(original: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(original)
    def putrequest(
        self: http.client.HTTPConnection, method: str, url: str, *skips: bool, **skips_by_name: bool
    ) -> None:
        if isinstance(self, StubConnection):
            bound(original, self)(method, url, *skips, **skips_by_name)
        else:
            # A connection that was made before the cassette. Its own putrequest may have called this one, and goes on.
            adopt_in_putrequest(self, bound(original, self), method, url, *skips, **skips_by_name)

    return putrequest


@once_for_each
def _endheaders_door(original: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(original)
    def endheaders(self: http.client.HTTPConnection, *args: object, **kwargs: object) -> None:
        if "putrequest" in vars(self):
            check_in_late(self)
        bound(original, self)(*args, **kwargs)

    return endheaders


@once_for_each
def _connect_door(original: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(original)
    def connect(self: http.client.HTTPConnection) -> None:
        if isinstance(self, StubConnection) or getattr(self, "_HTTPConnection__state", "Idle") != "Idle":
            bound(original, self)()  # a request that began before the cassette was opened goes on without it
        else:
            adopt(self)
            StubConnection.connect(self)  # type: ignore[arg-type]

    return connect
