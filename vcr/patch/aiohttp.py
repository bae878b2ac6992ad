"""What is replaced in aiohttp: the method that gives its requests a connection, and the one that waits for closed
connections.

aiobotocore has no connections of its own, so aiohttp's doors serve it, too.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import ModuleType

from .client import Client
from .replace import Replacement, class_in

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

    yield Replacement(connector, "connect", stub.connect_door(connector.connect))
    yield Replacement(request, "update_headers", stub.update_headers_door(request.update_headers))
    yield Replacement(connector, "close", stub.close_door(connector.close))
    yield Replacement(response, "_notify_content", stub.notify_content_door(response._notify_content))
    yield Replacement(response, "wait_for_close", stub.wait_for_close_door(response.wait_for_close))
