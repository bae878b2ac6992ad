"""Reads cassettes through another persister, and never writes one, as in CI. It must not know a file or a store."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NoReturn

from .._engine.persister import Persister
from ..serializers import Data, Deserializer, Serializer
from .filesystem import FilesystemPersister


class ReadOnlyCassetteError(PermissionError):
    """A cassette had something to save, but is read-only here. What is stored stays as it was.

    ``path``: the cassette's.
    """

    def __init__(self, message: str, *, path: str | None = None) -> None:
        super().__init__(message)
        self.path = path

    @classmethod
    def for_cassette(cls, path: str, cassette_dict: Data, writer: str) -> ReadOnlyCassetteError:
        """Make the error for ``cassette_dict``, which is not saved. ``writer``: the name of a persister that can save
        it."""
        return cls(
            f"the cassette {path} is read-only here and would have been changed: it was to hold "
            f"{len(cassette_dict['requests'])} interaction(s). Record it with {writer}, where it can be written, and "
            'keep the result; record_mode="none" refuses a request that is not in it before anything is sent',
            path=path,
        )


class ReadOnlyPersister:
    """Loads what another persister keeps, the filesystem's if none is given, and saves nothing.

    The record mode still decides what reaches the network: with any mode but ``none``, what is not in the cassette is
    sent, and closing the cassette raises ReadOnlyCassetteError. Nothing is locked, created or written, so there is no
    ``exclusive``, ``version`` or ``journal``.
    """

    def __init__(self, persister: Persister = FilesystemPersister) -> None:
        self._persister = persister

    def load_cassette(self, cassette_path: str | os.PathLike[str], serializer: Deserializer) -> object:
        """What the other persister returns for this path. Raises what the other persister raises."""
        return self._persister.load_cassette(cassette_path, serializer)

    def save_cassette(
        self,
        cassette_path: str | os.PathLike[str],
        cassette_dict: Mapping[str, object],
        serializer: Serializer,  # noqa: ARG002  (the interface's)
    ) -> NoReturn:
        """Raises ReadOnlyCassetteError."""
        writer = getattr(self._persister, "__name__", None) or repr(self._persister)
        raise ReadOnlyCassetteError.for_cassette(os.fspath(cassette_path), cassette_dict, f"the persister {writer}")
