"""Puts the stubs in place when the first cassette opens, and takes them away when the last one closes.

It knows the list of clients. It must not know a client, and it imports none: an adapter wakes when the program has
imported the adapter's client. Nothing is looked for before a cassette opens, so that ``import vcr`` costs little.
"""

from __future__ import annotations

import functools
import importlib
import sys
from collections.abc import Iterable
from types import ModuleType
from typing import TYPE_CHECKING, NamedTuple

from .._vcrpy import leftovers
from ..errors import UnsupportedClientError
from ..locks import new_lock
from .client import Client, ClientStatus
from .replace import Replacement


class Adapter(NamedTuple):
    """One file of this package: ``replacements(module)`` is asked of it once ``module`` has been imported."""

    patcher: ModuleType
    module: str


#: The files here that are no client's.
_SHARED = ("client", "custom", "replace")


@functools.cache
def _patchers() -> tuple[ModuleType, ...]:
    """Every client's file: a client is added by adding one (CONTRIBUTING.md shows how)."""
    import pkgutil

    names = (file.name for file in pkgutil.iter_modules(__path__) if file.name not in _SHARED)
    return tuple(importlib.import_module(f"{__name__}.{name}") for name in names)


@functools.cache
def supported() -> dict[str, Client]:
    """The clients by name: what ``skip_patchers`` takes, and ``vcr.clients()`` lists."""
    return {client.name: client for patcher in _patchers() for client in patcher.CLIENTS}


_lock = new_lock()
_open = 0
_awake: list[tuple[Adapter, ModuleType]] = []
_applied: list[Replacement] = []


def install() -> None:
    """Count one more open cassette; the first puts the replacements in place. Undone by ``uninstall``."""
    global _open
    with _lock:
        _watch()
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
    try:
        return list(adapter.patcher.replacements(module))
    except AttributeError as error:
        package = adapter.module.partition(".")[0]
        version = getattr(sys.modules.get(package), "__version__", "(of an unknown version)")
        raise UnsupportedClientError(
            f"{package} {version} lacks a place where vcr takes hold ({error}), so its requests would escape the "
            f"cassette; use a version of {package} that vcr supports, or do not import it"
        ) from error


def clients() -> list[ClientStatus]:
    """Every client that vcr records, whether installed or not."""
    return [
        ClientStatus(client.name, client.module, client.version, client.tested, bool(_open) and client.imported)
        for client in supported().values()
    ]


def _wake(adapter: Adapter, module: ModuleType) -> None:
    with _lock:
        _awake.append((adapter, module))
        if _open:
            _apply(_replacements(adapter, module))


@functools.cache
def _watch() -> None:
    """Wait for every client's modules, from the first cassette on."""
    import wrapt

    for patcher in _patchers():
        for module in patcher.MODULES:
            # Called at once when the module is there already.
            wrapt.register_post_import_hook(functools.partial(_wake, Adapter(patcher, module)), module)


if not TYPE_CHECKING:
    __getattr__ = leftovers("patch")
