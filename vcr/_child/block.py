"""Enters, in a process that was started inside a block of the network, the same block, until its parent's ends."""

from __future__ import annotations

from .. import _children
from .._outside import Outside
from .._shared import Shared
from ..errors import NetworkBlockedError
from ..network import block_network


class Inherited(block_network):
    """The block that the parent has written into the directory ``shared``. Raises OSError when that block has ended."""

    def __init__(self, shared: Shared) -> None:
        super().__init__()
        self._shared = shared
        arguments = shared.block()
        self._hosts = arguments["hosts"]
        self.is_brief = arguments["is_brief"]

    @property
    def is_over(self) -> bool:
        """Whether the parent's block has ended."""
        return not self._shared.is_open

    def fallback(self) -> Outside:
        """The ``Outside`` of this block; the children of this process use the same directory."""
        outside = super().fallback()
        _children.join(outside, self._shared)
        return outside

    def refusal(self, host: object, request: str = "") -> NetworkBlockedError:
        """The error for this host, which is also reported to the parent."""
        self._shared.note("blocked", host)
        return super().refusal(host, request)
