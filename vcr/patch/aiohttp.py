"""What is replaced in aiohttp: the method that gives its requests a connection, and the one that waits for closed
connections.

aiobotocore has no connections of its own, so aiohttp's doors serve it, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import ModuleType

from ..stubs.door import leads_to
from .client import Client
from .replace import Replacement, class_in, door_at, door_by

CLIENTS = (
    Client("aiohttp", "aiohttp", "aiohttp", "3.9 to 3.14"),
    Client("aiobotocore", "aiobotocore", "aiobotocore", "3.10", "aiohttp"),
)
MODULES = {"aiohttp": ("ClientSession._request",)}


def replacements(module: ModuleType) -> Iterable[Replacement]:
    """``connect`` of the connectors, the place where a request gets its program's header fields, the two that may wait
    until a response has been read to its end, and the one that makes it unreadable."""
    connector, response = class_in(module, "BaseConnector"), class_in(module, "ClientResponse")
    request = class_in(module, "ClientRequest")
    from ..stubs import aiohttp as stub

    for owner in _connecting(connector):
        yield Replacement(owner, "connect", door_at("connect", stub.connect_door, vars(owner)["connect"]))
    for owner, name, make in (
        (request, "update_headers", stub.update_headers_door),
        (connector, "close", stub.close_door),
        (response, "_notify_content", stub.notify_content_door),
        (response, "wait_for_close", stub.wait_for_close_door),
    ):
        yield Replacement(owner, name, door_by(make, vars(owner)[name]))


def _connecting(connector: type) -> Iterator[type]:
    """The class, and those of its subclasses that have its ``connect``, wrapped, for their own. (One that they define
    themselves comes to the class's by ``super()``.)"""
    original = vars(connector)["connect"]  # (a door, once the class has been yielded and replaced)
    yield connector
    waiting: list[type] = connector.__subclasses__()
    while waiting:
        cls = waiting.pop()
        waiting += cls.__subclasses__()
        if "connect" in vars(cls) and leads_to(vars(cls)["connect"], lambda inside: inside is original):
            yield cls
