"""Room: one attribute, replaced and put back. It knows no client."""

from __future__ import annotations

from typing import Any

_MISSING = object()


class Replacement:
    """``owner.name`` becomes ``new`` while it is applied."""

    __slots__ = ("_old", "name", "new", "owner")

    def __init__(self, owner: Any, name: str, new: Any) -> None:
        self.owner = owner
        self.name = name
        self.new = new
        self._old: Any = _MISSING

    def apply(self) -> None:
        """Put ``new`` in place, and remember what was there."""
        self._old = vars(self.owner).get(self.name, _MISSING)
        setattr(self.owner, self.name, self.new)

    def revert(self) -> None:
        """Put back what was there, unless somebody else has replaced it since: then it is theirs."""
        if vars(self.owner).get(self.name, _MISSING) is not self.new:
            return
        if self._old is _MISSING:
            delattr(self.owner, self.name)
        else:
            setattr(self.owner, self.name, self._old)
