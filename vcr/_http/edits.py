"""Replaces parts of a text that do not overlap. It must not know why."""

from __future__ import annotations


class Edits:
    """The replacements in one text. Of two that overlap, the one that is added first wins: ``are_free`` says so, and
    the caller must ask before it adds another."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._taken = bytearray(len(data))
        self._new: list[tuple[int, int, bytes]] = []

    def are_free(self, start: int, end: int) -> bool:
        """Whether the bytes from ``start`` to ``end`` are neither replaced nor kept so far. No bytes are not free."""
        return start < end and self._taken.find(1, start, end) < 0

    def keep(self, start: int, end: int) -> None:
        """Let ``data[start:end]`` stay as it is: from now on it is not free."""
        self._taken[start:end] = b"\1" * (end - start)

    def add(self, start: int, end: int, new: bytes) -> None:
        """Replace ``data[start:end]`` by ``new``."""
        self.keep(start, end)
        self._new.append((start, end, new))

    def made(self) -> bytes:
        """The text with all replacements; the same object if there are none."""
        if not self._new:
            return self._data
        made, last = bytearray(), 0
        for start, end, new in sorted(self._new):
            made += self._data[last:start] + new
            last = end
        return bytes(made + self._data[last:])
