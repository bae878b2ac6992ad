"""Room: urllib3's own door: its pools connect before they send, so an old connection passes ``connect`` first."""

from __future__ import annotations

from collections.abc import Iterable
from types import ModuleType

from .http_client import connect_doors
from .replace import Replacement


def replacements(module: ModuleType) -> Iterable[Replacement]:
    """The ``connect`` of both connection classes (urllib3 1.26 and 2)."""
    return connect_doors(module.HTTPConnection, module.HTTPSConnection)
