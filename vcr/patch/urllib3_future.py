"""What is replaced in urllib3-future, synchronous and asynchronous: where its connections take a request, and where
they connect.

niquests is built on urllib3-future, which also installs itself under the name urllib3 unless it is told not to: then
whatever is built on urllib3 comes through these doors.
"""

from __future__ import annotations

import http.client
import sys
from collections.abc import Iterable
from importlib.machinery import PathFinder
from pathlib import Path
from types import ModuleType

from .client import Client
from .replace import Replacement, class_in, door_by, once_for_each


def _package() -> str:
    """The name under which niquests imports it, found without importing it."""
    urllib3 = PathFinder.find_spec("urllib3")  # whatever stands in sys.modules
    places = urllib3.submodule_search_locations if urllib3 is not None else None
    return "urllib3" if any(Path(place, "backend").is_dir() for place in places or ()) else "urllib3_future"


CLIENTS = (Client("niquests", "niquests", "niquests", "3.21", _package()),)
MODULES = {
    f"{package}.{module}": (f"{prefix}HTTPConnection.putrequest",)
    for package in dict.fromkeys((_package(), "urllib3_future"))
    for module, prefix in (("connection", ""), ("_async.connection", "Async"))
}


def replacements(module: ModuleType) -> Iterable[Replacement]:
    """The methods that a request passes in the backend, and the ``connect`` of both connection classes."""
    prefix = "Async" if "._async." in module.__name__ else ""
    plain, tls = class_in(module, prefix + "HTTPConnection"), class_in(module, prefix + "HTTPSConnection")
    if issubclass(plain, http.client.HTTPConnection):
        return  # urllib3 itself: patch/urllib3.py
    from ..stubs import urllib3_future as stub

    backend = class_in(module, prefix + "HfaceBackend")
    response = _beside(backend, prefix + "LowLevelResponse")
    connections = [(plain, stub.CONNECTION), (tls, stub.CONNECTION)]
    owners = [(backend, stub.BACKEND), *connections, (response, stub.RESPONSE_DOORS)]
    for owner, doors in owners:
        for name, door in doors.items():
            yield Replacement(owner, name, door_by(door, getattr(owner, name)))


@once_for_each
def _beside(backend: type, name: str) -> type:
    """The class of this name in the module of ``backend``, found while the module is there: a program may drop it."""
    return class_in(sys.modules[backend.__module__], name)
