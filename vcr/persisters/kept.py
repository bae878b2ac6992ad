"""Room: cassettes that this process has read before, and that are still as they were. It knows no file and no store:
whoever reads one says which version it is."""

from __future__ import annotations

from collections.abc import Callable, Hashable

from ..locks import new_lock
from ..serialize import Contents


class Kept:
    """The contents that were read last, up to ``room`` bytes of them."""

    def __init__(self, room: int) -> None:
        self._room = room
        self._entries: dict[Hashable, tuple[Hashable, int, Contents]] = {}  # the last used is the last
        self._lock = new_lock()

    def load(self, key: Hashable, version: Hashable, size: int, read: Callable[[], Contents]) -> Contents:
        """What ``read()`` returned for this key and version, or returns now. ``size``: what is read, in bytes."""
        with self._lock:
            entry = self._entries.pop(key, None)
            if entry is not None and entry[0] == version:
                self._entries[key] = entry
                return entry[2].again()
        contents = read()
        with self._lock:
            self._entries[key] = version, size, contents
            held = sum(size for _, size, _ in self._entries.values())
            while held > self._room:
                _, size, _ = self._entries.pop(next(iter(self._entries)))
                held -= size
        return contents
