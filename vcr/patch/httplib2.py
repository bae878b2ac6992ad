"""What is replaced in httplib2: ``connect``, because httplib2 connects before it sends."""

from __future__ import annotations

from collections.abc import Iterable
from types import ModuleType

from .client import Client
from .http_client import connect_doors
from .replace import Replacement, class_in

CLIENTS = (Client("httplib2", "httplib2", "httplib2", "0.32"),)
MODULES: dict[str, tuple[str, ...]] = {"httplib2": ()}


def replacements(module: ModuleType) -> Iterable[Replacement]:
    """The doors for ``connect`` of both connection classes."""
    return connect_doors(
        *(class_in(module, name) for name in ("HTTPConnectionWithTimeout", "HTTPSConnectionWithTimeout"))
    )
