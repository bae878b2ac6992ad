"""Keeps cassettes in a store that fsspec reaches: S3, GCS, HTTP and others. Importing it needs fsspec, and what fsspec
needs for that store. It must not know what is in a cassette.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import PurePath
from typing import Any

from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

from .. import _active
from .._locks import new_lock
from ..errors import CassetteLoadError
from ..formats.contents import Contents
from ..serializers import Deserializer, Serializer
from .content import packed, unpacked
from .filesystem import FilesystemPersister
from .readonly import ReadOnlyCassetteError

_one_at_a_time = new_lock()


class FsspecPersister:
    """Keeps each cassette under its path in a directory of a store.

    ``url``: the directory's, as fsspec has it (``s3://bucket/cassettes``). ``storage_options``: what fsspec is to be
    given with it. What passes between here and the store is in no cassette. HTTP stores can only be read.

    An object is stored whole; how other stores write is theirs, and so are the directories that some of them need.
    What several threads add to one cassette is merged, and on a local disk what several processes do. Other stores
    have no lock to offer: of two processes that save one cassette in the same instant, the last one wins.
    """

    def __init__(self, url: str, **storage_options: object) -> None:
        self._url = url
        self._storage_options = storage_options

    def __repr__(self) -> str:
        return f"FsspecPersister({self._shown()!r})"

    def version(self, cassette_path: str | os.PathLike[str]) -> str | None:
        """What changes whenever what is stored does: the store's own key of it. None when there is nothing.

        Raises CassetteLoadError when the store cannot be asked.
        """
        with self._reading(cassette_path):
            store, path = self._find(cassette_path)
            store.invalidate_cache(path)
            try:
                return str(store.ukey(path))
            except FileNotFoundError:
                return None

    @contextmanager
    def exclusive(self, cassette_path: str | os.PathLike[str]) -> Iterator[None]:
        """What is stored here is this thread's and, on a local disk, this process's."""
        store, path = self._find(cassette_path)
        with FilesystemPersister.exclusive(path) if isinstance(store, LocalFileSystem) else _one_at_a_time:
            yield

    def load_cassette(self, cassette_path: str | os.PathLike[str], serializer: Deserializer) -> Contents:
        """The requests and responses that are stored.

        Raises CassetteNotFoundError when nothing is, or what is blank; CassetteLoadError when it cannot be read.
        """
        return unpacked(self._shown(cassette_path), lambda: self._read(cassette_path), serializer)

    def save_cassette(
        self, cassette_path: str | os.PathLike[str], cassette_dict: Mapping[str, object], serializer: Serializer
    ) -> None:
        """Store it. Raises ReadOnlyCassetteError when the store can only be read, OSError when it fails."""
        store, path = self._find(cassette_path)
        if isinstance(store, LocalFileSystem):
            FilesystemPersister.save_cassette(path, cassette_dict, serializer)
            return
        content, shown = packed(path, cassette_dict, serializer), self._shown(cassette_path)
        read_only = ReadOnlyCassetteError.of(shown, cassette_dict, "a persister of the store behind it")
        if "http" in store.protocol:  # fsspec can PUT; a server that only hands out files may take that for anything
            raise read_only
        try:
            with _active.outside():
                store.pipe_file(path, content)
        except NotImplementedError as error:
            raise read_only from error
        except Exception as error:  # its own kinds: not every store's are OSErrors
            raise OSError(f"the cassette {shown} cannot be saved: {_said(error)}") from error

    def _find(self, cassette_path: str | os.PathLike[str]) -> tuple[Any, str]:
        """The store, and where in it the cassette is. fsspec keeps the store, one for each process: it knows forks."""
        with _active.outside():  # some ask for a token
            store, root = url_to_fs(self._url, **self._storage_options)
        return store, f"{root.rstrip('/')}/{_relative(cassette_path)}"

    def _shown(self, cassette_path: str | os.PathLike[str] = "") -> str:
        """The URL of a cassette, for people: without a password."""
        url = re.sub(r"//[^/@]*@", "//", self._url)
        return f"{url.rstrip('/')}/{_relative(cassette_path)}" if cassette_path else url

    def _read(self, cassette_path: str | os.PathLike[str]) -> bytes:
        with self._reading(cassette_path):
            store, path = self._find(cassette_path)
            return bytes(store.cat_file(path))

    @contextmanager
    def _reading(self, cassette_path: str | os.PathLike[str]) -> Iterator[None]:
        """Outside every cassette, where everything but "not found" is one kind of error."""
        shown = self._shown(cassette_path)
        try:
            with _active.outside():
                yield
        except FileNotFoundError:
            raise
        except Exception as error:  # its own kinds: not every store's are OSErrors
            raise CassetteLoadError(f"cannot be read: {_said(error)}", path=shown) from error


def _relative(cassette_path: str | os.PathLike[str]) -> str:
    """The path of a cassette within the store's directory."""
    path = posixpath.normpath(PurePath(cassette_path).as_posix())
    if PurePath(cassette_path).is_absolute() or path.startswith("/") or path.split("/")[0] == "..":
        raise ValueError(
            f"a cassette in a store has a path relative to the store's, not {os.fspath(cassette_path)!r}; give "
            "use_cassette a path, or func_path_generator"
        )
    return path


def _said(error: Exception) -> str:
    """Not its ``repr``, which may hold the headers of the request to the store."""
    return f"{type(error).__name__}: {error}"
