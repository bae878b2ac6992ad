"""Where one cassette is kept: what is stored there now, whether it has changed, and how it is replaced.

It must not know matching, record modes or filters. A persister does the storing; this file knows what a persister may
offer beyond VCR.py's interface.
"""

from __future__ import annotations

import logging
from collections.abc import Hashable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple, Protocol

from ..errors import CassetteDecodeError, CassetteNotFoundError
from ..request import Request
from ..response import Response, ResponseDict
from .index import Interaction

log = logging.getLogger("vcr.cassette")


class Persister(Protocol):
    """Where cassettes are kept. The interface is VCR.py's.

    A persister may also have ``version(path)``, a value that changes whenever what is stored does, and
    ``exclusive(path)``, a context manager within which nobody else stores: then what several cassettes add to one path
    is merged. And ``journal(path)``, an object that keeps interactions before they are saved
    (``vcr/persisters/journal.py``). ``nearby(path)`` and ``unwritable(path)`` help to say what is wrong with a path
    (``vcr/persisters/filesystem.py``).
    """

    def load_cassette(self, cassette_path: Any, serializer: Any) -> Any:
        """``(requests, responses)``, or raise CassetteNotFoundError when there is none."""

    def save_cassette(self, cassette_path: Any, cassette_dict: Any, serializer: Any) -> None:
        """Keep ``{"requests": [...], "responses": [...]}`` under this path."""


class Stored(NamedTuple):
    """What is stored under a path."""

    interactions: list[Interaction]
    metadata: Mapping[str, Any]


class Storage:
    """The place under ``path``, reached through ``persister``. Without a persister nothing is stored there, ever."""

    def __init__(self, path: str, persister: Any, serializer: Any, *, preserve_exact_body_bytes: bool = False) -> None:
        self.path = path
        self.persister = persister
        self.serializer = serializer
        self.preserve_exact_body_bytes = preserve_exact_body_bytes
        #: What keeps interactions before they are saved; None when the persister has no journal.
        self.journal: Any = self._offered("journal")
        self._version: Hashable = None  # of what is stored, when it was last read or written
        self._others: Mapping[str, Any] = {}  # what a project has put at the top of the cassette

    def at(self, path: str) -> Storage:
        """Another place, with the same persister and serializer."""
        return Storage(path, self.persister, self.serializer)

    def load(self) -> Stored | None:
        """What is stored now; None when nothing is. Raises CassetteLoadError when it cannot be read."""
        if self.persister is None:
            return None
        self._version = self._offered("version")
        try:
            stored = self.persister.load_cassette(self.path, serializer=self.serializer)
        except CassetteNotFoundError:
            return None
        except CassetteDecodeError as error:
            log.warning("Cassette %s couldn't be loaded and counts as empty: %s", self.path, error)
            return None
        # A third value, or an attribute: VCR.py's persisters, and the plugins that unpack two values.
        metadata = stored[2] if len(stored) > 2 else getattr(stored, "metadata", None)
        self._others = getattr(stored, "beside", {})
        interactions = getattr(stored, "interactions", None)
        if interactions is None:
            interactions = [Interaction(*pair) for pair in zip(stored[0], map(Response, stored[1]), strict=True)]
        return Stored(interactions, metadata or {})

    def save(
        self,
        pairs: Sequence[tuple[Request, ResponseDict]],
        metadata: Mapping[str, Any],
        beside: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        """Put these interactions in the place of what is stored. ``beside``: what is kept beside each, as its date."""
        cassette_dict: dict[str, Any] = {
            "requests": [request for request, _ in pairs],
            "responses": [response for _, response in pairs],
        }
        if any(beside):
            cassette_dict["beside"] = list(beside)
        if self._others:
            cassette_dict["others"] = self._others
        if metadata:
            cassette_dict["metadata"] = dict(metadata)
        if self.preserve_exact_body_bytes:
            cassette_dict["preserve_exact_body_bytes"] = True
        self.persister.save_cassette(self.path, cassette_dict, serializer=self.serializer)
        self._version = self._offered("version")

    def has_changed(self) -> bool:
        """Whether somebody else has stored something since this object last read or wrote."""
        return bool(self._offered("version") != self._version)

    def nearby(self) -> tuple[str, Sequence[str] | None]:
        """The full path, and similar names beside it; None in the place of names where there is no such directory."""
        found: tuple[str, Sequence[str] | None] | None = self._offered("nearby")
        return (self.path, ()) if found is None else found

    def unwritable(self) -> str | None:
        """Why nothing can be saved, where the persister can tell that beforehand."""
        reason: str | None = self._offered("unwritable")
        return reason

    def exclusive(self) -> AbstractContextManager[object]:
        """The place for this object alone, where the persister can give that."""
        exclusive = self._offered("exclusive")
        return nullcontext() if exclusive is None else exclusive

    def _offered(self, name: str) -> Any:
        """What the persister answers to a question that it need not know; None when it does not know it."""
        method = getattr(self.persister, name, None)
        return None if method is None else method(self.path)
