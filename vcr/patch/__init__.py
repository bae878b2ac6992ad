"""Room: putting the stubs in place and taking them away again. It knows the list of clients, not the clients.

Installed when the first cassette opens, removed when the last closes. Nothing is imported for the user: an adapter
wakes when its client's module is imported.
"""

from __future__ import annotations

import importlib
import threading
from collections.abc import Iterable
from types import ModuleType
from typing import Any, NamedTuple

import wrapt

from .replace import Replacement


class Adapter(NamedTuple):
    """``vcr.patch.<name>`` has ``replacements(module)``, asked once ``module`` has been imported."""

    name: str
    module: str


#: A client is one line here, one file in this package, one in ``vcr/stubs`` where it needs its own.
ADAPTERS = (
    Adapter("http_client", "http.client"),
    Adapter("urllib3", "urllib3.connection"),
    Adapter("httplib2", "httplib2"),
    Adapter("boto", "boto.https_connection"),
)

#: The names that ``skip_patchers`` takes (VCR.py's), with the package whose connections each stands for. What rides on
#: another client (requests on urllib3) has no connections of its own, and goes with that client.
CLIENT_PACKAGES = {
    "httplib": "http",
    "urllib3": "urllib3",
    "requests": "requests",
    "httplib2": "httplib2",
    "boto3": "botocore",
    "boto": "boto",
    "tornado": "tornado",
    "aiohttp": "aiohttp",
    "httpx": "httpx",
    "httpx2": "httpx2",
}

_lock = threading.RLock()
_open = 0
_awake: list[tuple[Adapter, ModuleType]] = []
_applied: list[Replacement] = []


def install() -> None:
    """Count one more open cassette; the first puts the replacements in place. Undone by ``uninstall``."""
    global _open
    with _lock:
        if _open == 0:
            try:
                for adapter, module in _awake:
                    _apply(_replacements(adapter, module))
            except BaseException:
                _revert()
                raise
        _open += 1


def uninstall() -> None:
    """Count one open cassette less; the last takes the replacements away."""
    global _open
    with _lock:
        _open -= 1
        if _open == 0:
            _revert()


def _apply(replacements: Iterable[Replacement]) -> None:
    for replacement in replacements:
        replacement.apply()
        _applied.append(replacement)


def _revert() -> None:
    while _applied:
        _applied.pop().revert()


def _replacements(adapter: Adapter, module: ModuleType) -> Iterable[Replacement]:
    patcher: Any = importlib.import_module(f"{__name__}.{adapter.name}")
    found: Iterable[Replacement] = patcher.replacements(module)
    return found


def _wake(adapter: Adapter, module: ModuleType) -> None:
    with _lock:
        _awake.append((adapter, module))
        if _open:
            _apply(_replacements(adapter, module))


def _watch(adapter: Adapter) -> None:
    # Called at once when the module is there already.
    wrapt.register_post_import_hook(lambda module: _wake(adapter, module), adapter.module)


for _adapter in ADAPTERS:
    _watch(_adapter)
