"""What is replaced in urllib3-future: the methods with which its connections, synchronous and asynchronous, write a
request and connect, and the methods with which a response is read.

niquests sends its requests with urllib3-future. Unless it is told not to, urllib3-future installs itself under the name
urllib3: then the requests of every program that uses urllib3 pass through these doors.
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
    """The name under which niquests imports urllib3-future. Nothing is imported to find it."""
    urllib3 = PathFinder.find_spec("urllib3")  # looks at the files: sys.modules may hold a stand-in
    places = urllib3.submodule_search_locations if urllib3 is not None else None
    return "urllib3" if any(Path(place, "backend").is_dir() for place in places or ()) else "urllib3_future"


CLIENTS = (Client("niquests", "niquests", "niquests", "3.21", _package()),)
MODULES = {
    f"{package}.{module}": (f"{prefix}HTTPConnection.putrequest",)
    for package in dict.fromkeys((_package(), "urllib3_future"))
    for module, prefix in (("connection", ""), ("_async.connection", "Async"))
}


def replacements(module: ModuleType) -> Iterable[Replacement]:
    """The doors for the backend, for ``connect`` of both connection classes, and for a response."""
    prefix = "Async" if "._async." in module.__name__ else ""
    plain, tls = class_in(module, prefix + "HTTPConnection"), class_in(module, prefix + "HTTPSConnection")
    if issubclass(plain, http.client.HTTPConnection):
        return  # this is urllib3, not urllib3-future: see patch/urllib3.py
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
    """The class of this name in the module of ``backend``. It is looked up once, because a program may drop the module
    from ``sys.modules``."""
    return class_in(sys.modules[backend.__module__], name)
