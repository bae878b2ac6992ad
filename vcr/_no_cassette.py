"""The option ``no_cassette`` of a ``VCR``: puts an ``Outside`` in place, which refuses the requests that are made while
no cassette is open, or warns of them. It must not know a socket.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable

from . import _active, patch
from ._hosts import Hosts
from ._outside import Outside, current_test
from .errors import NetworkBlockedError

#: The ``Outside`` of each ``VCR`` that has asked for one, by ``id(vcr)``.
_by_owner: dict[int, Outside] = {}


def judge_requests(owner: object, action: str, hosts: Callable[[], Hosts]) -> None:
    """As long as ``owner`` (a ``VCR``) exists, do ``action`` with requests outside a cassette.

    ``action``: "allow", "warn" or "error"; a later call for the same owner takes the place of an earlier one.
    ``hosts()``: returns the hosts that are allowed, each time when a request is judged.
    """
    if id(owner) not in _by_owner and action == "allow":
        return
    if id(owner) in _by_owner:
        _remove(id(owner))
    else:
        weakref.finalize(owner, _remove, id(owner))
    if action != "allow":
        outside = Outside(action, hosts, lambda host, request: NetworkBlockedError(host, request, current_test()))
        _by_owner[id(owner)] = outside
        try:
            patch.install(outside)
            _active.fallbacks.append(outside)
        except BaseException:  # as where a warning of ``install`` is an error
            _remove(id(owner))
            raise


def _remove(owner: int) -> None:
    outside = _by_owner.pop(owner, None)
    if outside is not None:
        _active.fallbacks[:] = [one for one in _active.fallbacks if one is not outside]
        patch.uninstall(outside)
