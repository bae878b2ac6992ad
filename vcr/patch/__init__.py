"""Room: putting the stubs in place and taking them away again. It knows the list of clients, not the clients.

Installed when the first cassette opens, removed when the last closes. Nothing is imported for the user: an adapter
wakes when its client's module is imported.
"""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Iterable
from types import ModuleType
from typing import Any, NamedTuple

import wrapt

from ..errors import UnsupportedClientError
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


def _replacements(adapter: Adapter, module: ModuleType) -> list[Replacement]:
    patcher: Any = importlib.import_module(f"{__name__}.{adapter.name}")
    try:
        return list(patcher.replacements(module))
    except AttributeError as error:
        package = adapter.module.partition(".")[0]
        version = getattr(sys.modules.get(package), "__version__", "(of an unknown version)")
        raise UnsupportedClientError(
            f"{package} {version} lacks a place where vcr takes hold ({error}), so its requests would escape the "
            f"cassette; use a version of {package} that vcr supports, or do not import it"
        ) from error


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


def __getattr__(name: str) -> Any:
    # VCR.py's names, which lead up to the stubs and the cassette.
    if name in ("CassettePatcherBuilder", "force_reset"):
        return getattr(importlib.import_module(f"{__name__}.compat"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
