"""The option ``no_cassette``: what stands where no cassette is open, because a ``VCR`` asks for it. It must not know a
socket.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable

from . import _active, patch
from ._hosts import Hosts
from .network import NetworkBlockedError, Outside, current_test

#: What stands where no cassette is open because an object (a ``VCR``) asks for it, by the object's identity.
_asked_for: dict[int, Outside] = {}


def stand_outside(owner: object, then: str, hosts: Callable[[], Hosts]) -> None:
    """From now on, as long as ``owner`` is there, do this with requests outside a cassette: "allow", "warn" or "error".
    Called again for the same owner, the last word counts. ``hosts``: gives those that are allowed."""
    if id(owner) not in _asked_for and then == "allow":
        return
    if id(owner) in _asked_for:
        _let_go(id(owner))
    else:
        weakref.finalize(owner, _let_go, id(owner))
    if then != "allow":
        outside = Outside(then, hosts, lambda host, request: NetworkBlockedError(host, request, current_test()))
        _asked_for[id(owner)] = outside
        try:
            patch.install(outside)
            _active.stand_ins.append(outside)
        except BaseException:  # a warning may be an error
            _let_go(id(owner))
            raise


def _let_go(owner: int) -> None:
    outside = _asked_for.pop(owner, None)
    if outside is not None:
        _active.stand_ins[:] = [one for one in _active.stand_ins if one is not outside]
        patch.uninstall(outside)
