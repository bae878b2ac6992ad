"""The interface of a persister: VCR.py's two methods, and what a persister may offer in addition.

A persister makes contents from bytes, and raises the right errors, with ``vcr/persisters/content.py``. A persister that
uses HTTP does so inside ``vcr.outside()``. This file must not know what an interaction is used for.
"""

from __future__ import annotations

import logging
import reprlib
from collections.abc import Hashable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple, Protocol

from ..errors import CassetteDecodeError, CassetteLoadError, CassetteNotFoundError
from ..response import Response
from .interaction import Interaction
from .pipeline import Pair

log = logging.getLogger("vcr.cassette")


class Persister(Protocol):
    """Where cassettes are kept. The interface is VCR.py's.

    A persister may also have any of these, of which the first two let what several cassettes add to one path be merged:

    - ``version(path)``, a value that changes whenever what is stored does;
    - ``exclusive(path)``, a context manager within which nobody else stores;
    - ``journal(path)``, an object that keeps interactions before they are saved (``vcr/persisters/journal.py``);
    - ``add_to_cassette``, which takes what ``save_cassette`` takes, puts it behind what is stored, and returns whether
      it could: so saving into a large cassette costs what is added;
    - ``nearby(path)`` and ``unwritable(path)``, which help to say what is wrong with a path
      (``vcr/persisters/filesystem.py``).
    """

    def load_cassette(self, cassette_path: Any, serializer: Any) -> Any:
        """``(requests, responses)``. Raises CassetteNotFoundError for a new cassette, CassetteLoadError for one that
        cannot be read."""

    def save_cassette(self, cassette_path: Any, cassette_dict: Any, serializer: Any) -> None:
        """Store ``{"requests": [...], "responses": [...]}`` under this path. When it fails, what is stored stays."""


class Stored(NamedTuple):
    """What is stored under a path. ``others``: what a project has put at the top of the cassette."""

    interactions: list[Interaction]
    metadata: Mapping[str, object]
    others: Mapping[str, object]


class Written(NamedTuple):
    """An interaction as it is written. ``beside``: what stands beside its request and response, such as its date."""

    pair: Pair
    beside: Mapping[str, object]


class Place:
    """The place under ``path``, reached through ``persister``. Without a persister nothing is stored there, ever."""

    def __init__(self, path: str, persister: Any, serializer: object, *, preserve_exact_body_bytes: bool) -> None:
        self.path = path
        self.persister = persister
        self.serializer = serializer
        self.preserve_exact_body_bytes = preserve_exact_body_bytes
        self._version: Hashable = None  # of what is stored, when it was last read or written

    def at(self, path: str) -> Place:
        """Another place, with the same persister and serializer."""
        return Place(path, self.persister, self.serializer, preserve_exact_body_bytes=self.preserve_exact_body_bytes)

    def read(self) -> Stored | None:
        """What is stored now; None when nothing is stored. Raises CassetteLoadError when it cannot be read."""
        if self.persister is None:
            return None
        self._version = self.offered("version")
        try:
            found = self.persister.load_cassette(self.path, serializer=self.serializer)
        except CassetteNotFoundError:
            return None
        except CassetteDecodeError as error:
            log.warning("Cassette %s couldn't be loaded and counts as empty: %s", self.path, error)
            return None
        try:
            # A third value, or an attribute: VCR.py's persisters, and the plugins that unpack two values.
            metadata = found[2] if len(found) > 2 else getattr(found, "metadata", None)
            interactions = getattr(found, "interactions", None)
            if interactions is None:
                interactions = [Interaction(*pair) for pair in zip(found[0], map(Response, found[1]), strict=True)]
        except (TypeError, LookupError, ValueError) as error:
            wanted = "(requests, responses), two lists of one length"
            message = f"the persister {self.persister!r} returned {reprlib.repr(found)}, not {wanted}"
            raise CassetteLoadError(message, path=self.path) from error
        return Stored(interactions, metadata or {}, getattr(found, "beside", {}))

    def write(self, written: Sequence[Written], metadata: Mapping[str, object], others: Mapping[str, object]) -> None:
        """Store these interactions instead of what is stored."""
        cassette_dict = self._cassette_dict(written)
        if others:
            cassette_dict["others"] = others
        if metadata:
            cassette_dict["metadata"] = dict(metadata)
        self.persister.save_cassette(self.path, cassette_dict, serializer=self.serializer)
        self._version = self.offered("version")

    def _cassette_dict(self, written: Sequence[Written]) -> dict[str, object]:
        cassette_dict: dict[str, object] = {
            "requests": [one.pair[0] for one in written],
            "responses": [one.pair[1] for one in written],
        }
        if any(one.beside for one in written):
            cassette_dict["beside"] = [one.beside for one in written]
        if self.preserve_exact_body_bytes:
            cassette_dict["preserve_exact_body_bytes"] = True
        return cassette_dict

    def add(self, written: Sequence[Written], number_before: int) -> bool:
        """Append these to the ``number_before`` interactions that are stored. Returns False where the persister
        cannot."""
        add = getattr(self.persister, "add_to_cassette", None)
        if add is None:
            return False
        cassette_dict = {**self._cassette_dict(written), "number_before": number_before}
        added = bool(add(self.path, cassette_dict, serializer=self.serializer))
        if added:
            self._version = self.offered("version")
        return added

    def has_changed(self) -> bool:
        """Whether somebody else has stored something since this object last read or wrote."""
        return bool(self.offered("version") != self._version)

    def nearby(self) -> tuple[str, Sequence[str] | None]:
        """The full path, and similar names beside it; None in the place of names where there is no such directory."""
        found: tuple[str, Sequence[str] | None] | None = self.offered("nearby")
        return (self.path, ()) if found is None else found

    def unwritable(self) -> str | None:
        """Why nothing can be saved, if the persister can tell; else None."""
        reason: str | None = self.offered("unwritable")
        return reason

    def exclusive(self) -> AbstractContextManager[object]:
        """A context in which nobody else stores under this path, where the persister offers one."""
        exclusive = self.offered("exclusive")
        return nullcontext() if exclusive is None else exclusive

    def offered(self, name: str) -> Any:
        """What an optional method of the persister returns for this path; None when the persister does not have it."""
        method = getattr(self.persister, name, None)
        return None if method is None else method(self.path)
