"""What is replaced in tornado's two clients: ``fetch_impl``, which runs in the context of the program that makes the
request, and the methods that start a request, which may run later, when the request had to wait in the client's queue.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import ModuleType

from .client import Client
from .replace import Replacement, class_in, door_at, door_by

CLIENTS = (Client("tornado", "tornado.httpclient", "tornado", "6.5 to 6.6"),)
MODULES = {
    "tornado.simple_httpclient": ("SimpleAsyncHTTPClient.fetch_impl",),
    "tornado.curl_httpclient": ("CurlAsyncHTTPClient.fetch_impl",),
}


def replacements(module: ModuleType) -> Iterable[Replacement]:
    """The doors for the client that ``module`` defines."""
    return _curl(module) if module.__name__ == "tornado.curl_httpclient" else _simple(module)


def _simple(module: ModuleType) -> Iterable[Replacement]:
    client, connection = class_in(module, "SimpleAsyncHTTPClient"), class_in(module, "_HTTPConnection")
    from ..stubs import tornado as stub

    yield Replacement(client, "fetch_impl", door_at("fetch_impl", stub.fetch_door, vars(client)["fetch_impl"]))
    yield Replacement(connection, "__init__", door_by(stub.connection_door, connection.__init__))


def _curl(module: ModuleType) -> Iterable[Replacement]:
    client = class_in(module, "CurlAsyncHTTPClient")
    from ..stubs import tornado_curl as stub

    yield Replacement(client, "fetch_impl", door_at("fetch_impl", stub.fetch_door, vars(client)["fetch_impl"]))
    yield Replacement(client, "_curl_setup_request", door_by(stub.setup_door, client._curl_setup_request))
    yield Replacement(client, "_process_queue", door_by(stub.queue_door, client._process_queue))
