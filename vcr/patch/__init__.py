"""Puts the doors in place when the first cassette opens, and takes them away when the last one closes.

Each client has a file in this folder, the *patcher* of the client, which names the modules of the client and yields the
replacements in each of them. This file finds the patchers; it must not know a client, and it imports none: a patcher is
asked when the program has imported the client's module. Nothing is looked for before a cassette opens.

A module may be a proxy, a test's stand-in, in the middle of its import, or too old. Then the patcher raises. The
cassette opens all the same, and every other client works: inside a cassette the requests of this client are refused,
and a warning says so.
"""

from __future__ import annotations

import functools
import importlib
import logging
import sys
import traceback
from collections.abc import Collection, Iterable
from types import ModuleType
from typing import TYPE_CHECKING, Any

from .. import _active
from .._locks import new_lock
from .._vcrpy import leftovers
from ..errors import warn
from .client import Client, ClientStatus
from .refusal import refusals
from .replace import Replacement

log = logging.getLogger(__name__)


class Place:
    """A module in which a patcher replaces something. ``patcher.replacements`` is called with what has the name
    ``module`` in ``sys.modules``."""

    __slots__ = ("module", "patcher")

    def __init__(self, patcher: ModuleType, module: str) -> None:
        self.patcher = patcher
        self.module = module


#: The files in this folder that are no patchers.
_SHARED = ("client", "connecting", "custom", "refusal", "replace")


@functools.cache
def _patchers() -> tuple[ModuleType, ...]:
    """All patchers. (To add a client is to add a file: see CONTRIBUTING.md.)"""
    import pkgutil

    names = (file.name for file in pkgutil.iter_modules(__path__) if file.name not in _SHARED)
    return tuple(importlib.import_module(f"{__name__}.{name}") for name in names)


@functools.cache
def supported() -> dict[str, Client]:
    """The supported clients, by the names that ``skip_patchers`` takes and ``vcr.clients()`` lists."""
    return {client.name: client for patcher in _patchers() for client in patcher.CLIENTS}


_lock = new_lock()
#: The holders (see ``install``), by identity: the openings of cassettes.
_holders: dict[int, object] = {}
#: The replacements that are in place, by owner and name (``Replacement.place``).
_applied: dict[tuple[int, str], Replacement] = {}
#: The modules in which each place has had replacements. A program may still use a module that is not in
#: ``sys.modules`` any more.
_patched: dict[Place, list[object]] = {}
#: The modules that have been patched, or refused, since the first cassette opened: once is enough until the last one
#: closes.
_done: dict[Place, list[object]] = {}
#: The places for which an import hook is registered: ``_on_import`` is called when the module is imported.
_hooked: set[Place] = set()
#: The module that is being patched, and the modules that have been imported meanwhile.
_queue: list[tuple[Place, object]] = []
#: What is wrong with each client that is not covered now, by the client's name.
_faults: dict[str, str] = {}
#: The names of the clients of which a warning has been given.
_warned: set[str] = set()


def install(holder: object, skipped: Collection[str] = ()) -> None:
    """Hold the replacements in place for ``holder``; the first holder puts them there.

    ``skipped``: the cassette's ``skip_patchers``; of these clients no warning is given. ``uninstall(holder)`` undoes
    this. It has to be called when ``install`` raises, too: a warning may be an error.
    """
    with _lock:
        _holders[id(holder)] = holder
        for place in _places():
            if place.module in sys.modules or place in _patched or place not in _hooked:
                _look_at(place)
    _warn(skipped)


def uninstall(holder: object) -> None:
    """End ``install(holder)``; the last holder takes the replacements away. A call that was interrupted may be
    repeated."""
    with _lock:
        _holders.pop(id(holder), None)
        if not _holders:
            _queue.clear()
            _done.clear()
            _faults.clear()
            _revert_to(0)


def _revert_to(count: int) -> None:
    """Revert the replacements that were applied last, until ``count`` are left."""
    while len(_applied) > count:
        place = next(reversed(_applied))
        _applied[place].revert()
        _applied.pop(place)


def _apply(replacements: Iterable[Replacement]) -> None:
    """Apply the replacements, except where one is in place already: a module and its proxy yield the same."""
    for replacement in replacements:
        if replacement.place not in _applied:
            _applied[replacement.place] = replacement
            replacement.apply()


# -- the clients' modules ---------------------------------------------------------------------------------------------


@functools.cache
def _places() -> tuple[Place, ...]:
    return tuple(Place(patcher, module) for patcher in _patchers() for module in patcher.MODULES)


def _hook(place: Place) -> None:
    """Have ``_on_import`` called when the module is imported, or imported again after it was dropped."""
    import wrapt

    if place not in _hooked:
        wrapt.register_post_import_hook(functools.partial(_on_import, place), place.module)
        _hooked.add(place)


def _on_import(place: Place, module: ModuleType) -> None:
    """Patch a module that has just been imported, if a cassette is open."""
    with _lock:
        _hooked.discard(place)
        if _queue:  # This thread is patching a module, and a stub that this needs has imported the other one.
            _queue.append((place, module))
            return
        if not _holders:
            return
        _patch(place, module)
    _warn(getattr(_active.current(), "skip_patchers", ()))


def _look_at(place: Place) -> None:
    """Patch the modules that the place has had, and the module that it has now."""
    patched = _patched.get(place, ())
    for module in list(patched):
        _patch(place, module)
    if sys.modules.get(place.module) is None:
        _hook(place)
    module = sys.modules.get(place.module)
    if module is None or _is_among(module, patched):
        return
    if not _is_being_imported(module):
        _patch(place, module)
    elif place not in _hooked:
        for client in _clients_in(place)[:1]:
            _faults[client.name] = f"{place.module} is being imported while the cassette is opened."


def _is_being_imported(module: Any) -> bool:
    """Whether the module is being imported. (Another thread may do so, and the lock must not wait for that thread.)"""
    try:
        return module.__spec__._initializing is True
    except Exception:  # noqa: BLE001  (a stand-in may raise anything, and Python is not importing it)
        return False


def _patch(place: Place, module: object) -> None:
    """Patch a module, and the modules that are imported meanwhile."""
    _queue.append((place, module))
    try:
        for each in _queue:  # _on_import makes the list longer
            _patch_once(*each)
    finally:
        _queue.clear()


def _patch_once(place: Place, module: object) -> None:
    """Patch a module, unless that has been done since the first cassette opened."""
    done, patched = _done.setdefault(place, []), _patched.setdefault(place, [])
    if _is_among(module, done):
        return
    before = len(_applied)
    if _apply_or_refuse(place, module) and len(_applied) > before and not _is_among(module, patched):
        patched.append(module)
    done.append(module)  # at the end: after an interruption the next cassette patches the module


def _is_among(module: object, modules: Iterable[object]) -> bool:
    return any(module is other for other in modules)  # by identity: a stand-in may not be comparable


def _apply_or_refuse(place: Place, module: object) -> bool:
    """Put the patcher's replacements in the module; if the patcher raises, refusals. Returns whether the requests of
    the module go to cassettes from now on."""
    before = len(_applied)
    try:
        _apply(place.patcher.replacements(module))
    except Exception as error:  # noqa: BLE001  (a stand-in may raise anything; the warning says what)
        _revert_to(before)
        _apply_refusals(place, module, traceback.format_exception_only(type(error), error)[-1].strip())
        return False
    return True


def _apply_refusals(place: Place, module: object, error: str) -> None:
    package = place.module.partition(".")[0]
    if not place.patcher.CLIENTS:
        log.warning("No cassette notices what leaves the process by %s: %s", place.module, error)
    for client in _clients_in(place):
        reason = f"{client.name} {client.version_of(module)} lacks a place where vcr takes hold ({error})"
        refused = list(refusals(module, package, place.patcher.MODULES[place.module], reason))
        _apply(refused)
        _faults[client.name] = f"{reason}: " + (
            "inside a cassette its requests are refused."
            if refused
            else "its requests are recorded only where they pass through another client."
        )


def _clients_in(place: Place) -> tuple[Client, ...]:
    """The clients that cannot be recorded when this module cannot be patched: those of the module's package; if there
    are none, all clients of the patcher that are imported, or else its first."""
    package, clients = place.module.partition(".")[0], place.patcher.CLIENTS
    of_package = tuple(client for client in clients if package in (client.module.partition(".")[0], client.engine))
    return of_package or tuple(client for client in clients if client.imported) or clients[:1]


def _warn(skipped: Collection[str]) -> None:
    """Warn once of each client that is not covered, except those that the cassette skips."""
    with _lock:
        faults = {name: fault for name, fault in _faults.items() if name not in _warned and name not in skipped}
        _warned.update(faults)
    for name, fault in faults.items():
        warn(f"{fault} Every other client is recorded. skip_patchers=[{name!r}] silences this warning.")


def clients() -> list[ClientStatus]:
    """Every client that vcr records, whether it is installed or not."""
    return [
        ClientStatus(client.name, client.module, client.version, client.tested, bool(_holders) and client.imported)
        for client in supported().values()
    ]


if not TYPE_CHECKING:
    __getattr__ = leftovers("patch")
