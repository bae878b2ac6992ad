"""Remembers cassettes that this process has read, as long as they have not changed. It must not know a file or a store:
the persister that reads a cassette says which version of it that is.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable

from .._locks import new_lock
from ..serialize import Contents


class Kept:
    """The contents that were read last, up to ``room`` characters of them."""

    def __init__(self, room: int) -> None:
        self._room = room
        self._entries: dict[Hashable, tuple[Hashable, Contents]] = {}  # the last used is the last
        self._lock = new_lock()

    def load(self, key: Hashable, version: Hashable, read: Callable[[], Contents]) -> Contents:
        """What ``read()`` returned for this key and version, or returns now: its reader's own in any case."""
        with self._lock:
            entry = self._entries.pop(key, None)
            if entry is not None and entry[0] == version:
                self._entries[key] = entry
                return entry[1].again()
        contents = read()
        if contents.size <= self._room:
            with self._lock:
                self._keep(key, version, contents)
        return contents

    def _keep(self, key: Hashable, version: Hashable, contents: Contents) -> None:
        # Its interactions are shared: of what is stored only, and again() makes new ones.
        kept = Contents(contents.metadata, contents.interactions, contents.path, contents.size)
        self._entries[key] = version, kept
        held = sum(contents.size for _, contents in self._entries.values())
        while held > self._room:
            _, oldest = self._entries.pop(next(iter(self._entries)))
            held -= oldest.size
