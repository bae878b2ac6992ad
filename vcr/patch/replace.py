"""Replaces one attribute of an object, and puts the old value back. It must not know a client."""

from __future__ import annotations

import functools
from typing import Any, ClassVar

from ..locks import new_lock

_MISSING = object()
_lock = new_lock()

#: For a function that makes the door to an original: the same originals come with every opening.
once_for_each = functools.lru_cache(maxsize=64)


class Replacement:
    """``owner.name`` becomes ``new`` while it is applied. Several may be, and be reverted in any order."""

    __slots__ = ("_old", "name", "new", "owner")

    _applied: ClassVar[list[Replacement]] = []

    def __init__(self, owner: Any, name: str, new: Any) -> None:
        self.owner = owner
        self.name = name
        self.new = new
        self._old: Any = _MISSING

    def apply(self) -> None:
        """Put ``new`` in place, and remember what was there."""
        with _lock:
            self._old = vars(self.owner).get(self.name, _MISSING)
            setattr(self.owner, self.name, self.new)
            self._applied.append(self)

    def revert(self) -> None:
        """Put back what was there, unless somebody else has replaced it since: then it is theirs."""
        with _lock:
            above = None
            place = len(self._applied) - 1  # (mostly: the last goes first)
            while (other := self._applied[place]) is not self:
                if other._is_of(self.owner, self.name):
                    above = other
                place -= 1
            del self._applied[place]
            if above is not None:
                above._old = self._old
            elif vars(self.owner).get(self.name, _MISSING) is self.new:
                self._restore()

    def _is_of(self, owner: Any, name: str) -> bool:
        return self.owner is owner and self.name == name

    def _restore(self) -> None:
        if self._old is _MISSING:
            delattr(self.owner, self.name)
        else:
            setattr(self.owner, self.name, self._old)
