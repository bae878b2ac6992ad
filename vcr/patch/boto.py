"""What is replaced in boto 2: the ``connect`` of its connection class."""

from __future__ import annotations

from collections.abc import Iterable
from types import ModuleType

from .client import Client
from .http_client import connect_doors
from .replace import Replacement, class_in

CLIENTS = (Client("boto", "boto", "boto", "2.49"),)
MODULES: dict[str, tuple[str, ...]] = {"boto.https_connection": ()}


def replacements(module: ModuleType) -> Iterable[Replacement]:
    """A door for ``connect`` of the class that checks certificates."""
    return connect_doors(class_in(module, "CertValidatingHTTPSConnection"))
