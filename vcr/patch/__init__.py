"""Puts the stubs in place when the first cassette opens, and takes them away when the last one closes.

It knows the list of clients. It must not know a client, and it imports none: an adapter wakes when the program has
imported the adapter's client. Nothing is looked for before a cassette opens, so that ``import vcr`` costs little.

A client that vcr cannot take hold of costs that client only. Whatever stands in ``sys.modules`` (a proxy, a test's
stand-in, a module that is being imported, a version that is too old), the cassette opens and every other client works:
the client's requests are refused inside a cassette, and a warning says so.
"""

from __future__ import annotations

import functools
import importlib
import logging
import sys
import traceback
from collections.abc import Collection, Iterable
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from .. import _active
from .._locks import new_lock
from .._vcrpy import leftovers
from ..errors import warn
from .client import Client, ClientStatus
from .refusal import refusals
from .replace import Replacement

log = logging.getLogger(__name__)


class Place(NamedTuple):
    """A module that a client's file takes hold of: ``patcher.replacements`` is asked about what has that name."""

    patcher: ModuleType
    module: str


#: The files here that are no client's.
_SHARED = ("client", "custom", "refusal", "replace")


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
#: What holds the replacements in place, by identity: the openings of cassettes.
_open: dict[int, object] = {}
#: The replacements that are in place, by their places.
_applied: dict[tuple[int, str], Replacement] = {}
#: The modules that each place has had: a program may still use one that is not in ``sys.modules`` any more.
_held: dict[Place, list[object]] = {}
#: The modules that vcr has taken hold of since the first cassette opened: not again before the last one has closed.
_asked: dict[Place, list[object]] = {}
#: The places whose module will tell when it has been imported.
_waiting: set[Place] = set()
#: The module that is being taken hold of, and those that have been imported since that has begun.
_late: list[tuple[Place, object]] = []
#: What is wrong with each client that is not covered now, by its name.
_unsaid: dict[str, str] = {}
#: The names of the clients that a warning has been given of.
_warned: set[str] = set()


def install(holder: object, skipped: Collection[str] = ()) -> None:
    """Hold the replacements in place for ``holder``; the first holder puts them there.

    ``skipped``: the cassette's ``skip_patchers``; of these clients no warning is given. ``uninstall(holder)`` undoes
    this, and has to be called also when this raises (a warning may be an error).
    """
    with _lock:
        _open[id(holder)] = holder
        for place in _every_place():
            if place.module in sys.modules or place in _held or place not in _waiting:
                _look_at(place)
    _warn(skipped)


def uninstall(holder: object) -> None:
    """Let the replacements go; the last holder takes them away. It may be called again when it was interrupted."""
    with _lock:
        _open.pop(id(holder), None)
        if not _open:
            _late.clear()
            _asked.clear()
            _unsaid.clear()
            _revert_to(0)


def _revert_to(count: int) -> None:
    """Take away what was applied last, until ``count`` replacements are left."""
    while len(_applied) > count:
        place = next(reversed(_applied))
        _applied[place].revert()
        _applied.pop(place)


def _apply(replacements: Iterable[Replacement]) -> None:
    """Put these in place, but for those that another module (a proxy of the same one) has brought already."""
    for replacement in replacements:
        if replacement.place not in _applied:
            _applied[replacement.place] = replacement
            replacement.apply()


# -- the clients' modules ---------------------------------------------------------------------------------------------


@functools.cache
def _every_place() -> tuple[Place, ...]:
    return tuple(Place(patcher, module) for patcher in _patchers() for module in patcher.MODULES)


def _wait_for(place: Place) -> None:
    """Look at the module when it is imported. (One that is dropped and imported anew is to be waited for again.)"""
    import wrapt

    if place not in _waiting:
        wrapt.register_post_import_hook(functools.partial(_wake, place), place.module)
        _waiting.add(place)


def _wake(place: Place, module: ModuleType) -> None:
    """The module has just been imported."""
    with _lock:
        _waiting.discard(place)
        if _late:  # A stub that is being imported has imported it.
            _late.append((place, module))
            return
        if not _open:
            return
        _ask(place, module)
    _warn(getattr(_active.current(), "skip_patchers", ()))


def _look_at(place: Place) -> None:
    """Take hold of the modules that the place has had, and of the one that it has now."""
    held = _held.get(place, ())
    for module in list(held):
        _ask(place, module)
    if sys.modules.get(place.module) is None:
        _wait_for(place)
    module = sys.modules.get(place.module)
    if module is None or _is_among(module, held):
        return
    if not _is_being_imported(module):
        _ask(place, module)
    elif place not in _waiting:
        for client in _clients_in(place)[:1]:
            _unsaid[client.name] = f"{place.module} is being imported while the cassette is opened."


def _is_being_imported(module: Any) -> bool:
    """Whether the module is being imported, perhaps by another thread, for which the lock must not wait."""
    try:
        return module.__spec__._initializing is True
    except Exception:  # noqa: BLE001  (what stands for a module may raise anything: Python is not importing it)
        return False


def _ask(place: Place, module: object) -> None:
    """Take hold of a module, and of those that are imported on the way."""
    _late.append((place, module))
    try:
        for late in _late:  # (which grows)
            _ask_once(*late)
    finally:
        _late.clear()


def _ask_once(place: Place, module: object) -> None:
    """Take hold of a module, unless that has been done since a cassette is open."""
    asked, held = _asked.setdefault(place, []), _held.setdefault(place, [])
    if _is_among(module, asked):
        return
    before = len(_applied)
    if _take_hold(place, module) and len(_applied) > before and not _is_among(module, held):
        held.append(module)
    asked.append(module)  # last: what was interrupted is done again by the next cassette


def _is_among(module: object, modules: Iterable[object]) -> bool:
    for other in modules:  # noqa: SIM110  (faster: this is asked at each opening)
        if module is other:  # (an odd module may not be comparable)
            return True
    return False


def _take_hold(place: Place, module: object) -> bool:
    """Whether the module's requests pass through vcr from now on; otherwise they are refused."""
    before = len(_applied)
    try:
        _apply(place.patcher.replacements(module))
    except Exception as error:  # noqa: BLE001  (an odd module may raise anything; the warning tells what it was)
        _revert_to(before)
        _apply_refusals(place, module, traceback.format_exception_only(type(error), error)[-1].strip())
        return False
    return True


def _apply_refusals(place: Place, module: object, error: str) -> None:
    package = place.module.partition(".")[0]
    if not place.patcher.CLIENTS:
        log.warning("What leaves the process by %s is not seen by a cassette: %s", place.module, error)
    for client in _clients_in(place):
        reason = f"{client.name} {client.version_of(module)} lacks a place where vcr takes hold ({error})"
        refused = list(refusals(module, package, place.patcher.MODULES[place.module], reason))
        _apply(refused)
        _unsaid[client.name] = f"{reason}: " + (
            "inside a cassette its requests are refused."
            if refused
            else "its requests are recorded only where they pass through another client."
        )


def _clients_in(place: Place) -> tuple[Client, ...]:
    """The clients that cannot be recorded when this place is odd: those of that package, else all that are imported."""
    package, clients = place.module.partition(".")[0], place.patcher.CLIENTS
    of_package = tuple(client for client in clients if package in (client.module.partition(".")[0], client.engine))
    return of_package or tuple(client for client in clients if client.imported) or clients[:1]


def _warn(skipped: Collection[str]) -> None:
    """Say once of each client that it is not covered, but for those that the cassette skips anyway."""
    with _lock:
        names = [name for name in _unsaid if name not in _warned and name not in skipped]
        _warned.update(names)
    for name in names:
        warn(f"{_unsaid[name]} Every other client is recorded. skip_patchers=[{name!r}] silences this warning.")


def clients() -> list[ClientStatus]:
    """Every client that vcr records, whether installed or not."""
    return [
        ClientStatus(client.name, client.module, client.version, client.tested, bool(_open) and client.imported)
        for client in supported().values()
    ]


if not TYPE_CHECKING:
    __getattr__ = leftovers("patch")
