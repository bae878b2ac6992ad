"""What is replaced in urllib3: ``connect`` of its connections, because its pools connect before they send, and
``request``, because urllib3 adds header fields to those of the program.

requests and botocore send their requests with urllib3, so these doors serve them, too. urllib3-future may install
itself under the name urllib3: see ``patch/urllib3_future.py``.
"""

from __future__ import annotations

import http.client
from collections.abc import Iterable
from types import ModuleType

from .client import Client
from .http_client import connect_doors, request_doors
from .replace import Replacement, class_in

CLIENTS = (
    Client("urllib3", "urllib3", "urllib3", "1.26.20 to 2.8"),
    Client("requests", "requests", "requests", "2.34"),
    Client("boto3", "boto3", "boto3", "1.43 to 1.44", "botocore"),
)
MODULES: dict[str, tuple[str, ...]] = {"urllib3.connection": ()}


def replacements(module: ModuleType) -> Iterable[Replacement]:
    """The doors for ``request`` and ``connect`` of both connection classes, in urllib3 1.26 and 2."""
    plain, tls = class_in(module, "HTTPConnection"), class_in(module, "HTTPSConnection")
    if issubclass(plain, http.client.HTTPConnection):
        yield from request_doors(plain)
        yield from connect_doors(plain, tls)
