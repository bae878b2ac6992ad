"""What is replaced in aiohttp: the methods that give a request its connection and its header fields, and those that end
a response or wait for its end.

aiobotocore sends its requests with aiohttp, so these doors serve aiobotocore, too.
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
    """The doors for ``connect`` of each connector, for the method that takes the program's header fields, for the two
    that may wait until a response has been read to its end, and for the one that makes a response unreadable."""
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
    """The class, and each subclass in which a program has put a wrapper around the ``connect`` of the class. (A
    ``connect`` that a subclass defines calls that of the class by ``super()``.)"""
    original = vars(connector)["connect"]  # read now: the caller puts the door in its place
    yield connector
    waiting: list[type] = connector.__subclasses__()
    while waiting:
        cls = waiting.pop()
        waiting += cls.__subclasses__()
        if "connect" in vars(cls) and leads_to(vars(cls)["connect"], lambda inside: inside is original):
            yield cls
