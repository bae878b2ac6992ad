"""Keeps cassettes in a store that fsspec reaches: S3, GCS, HTTP and others. It needs fsspec, and the package that
fsspec needs for this store. It must not know what is in a cassette.
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

    ``url``: the URL of the directory, as fsspec takes it (``s3://bucket/cassettes``). ``storage_options``: keyword
    arguments for fsspec. Requests to the store are never recorded. A store that is reached by HTTP can only be read.

    An object store stores a cassette whole or not at all; on other stores that depends on the store, and some of them
    need the directory to exist. What several threads add to one cassette is merged; on a local disk, what several
    processes add is merged, too. Other stores have no lock: of two processes that save one cassette at the same moment,
    the last one wins.
    """

    def __init__(self, url: str, **storage_options: object) -> None:
        self._url = url
        self._storage_options = storage_options

    def __repr__(self) -> str:
        return f"FsspecPersister({self._shown()!r})"

    def version(self, cassette_path: str | os.PathLike[str]) -> str | None:
        """The store's key of a cassette, which changes whenever the cassette does; None when there is no cassette.

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
        """A context in which no other thread stores a cassette; on a local disk, no other process either."""
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
        """Store a cassette. Raises ReadOnlyCassetteError when the store can only be read, OSError when storing
        fails."""
        store, path = self._find(cassette_path)
        if isinstance(store, LocalFileSystem):
            FilesystemPersister.save_cassette(path, cassette_dict, serializer)
            return
        content, shown = packed(path, cassette_dict, serializer), self._shown(cassette_path)
        read_only = ReadOnlyCassetteError.for_cassette(shown, cassette_dict, "a persister of the store behind it")
        if "http" in store.protocol:  # fsspec can send PUT, but a server that only hands out files may misunderstand it
            raise read_only
        try:
            with _active.outside():
                store.pipe_file(path, content)
        except NotImplementedError as error:
            raise read_only from error
        except Exception as error:  # (not every store raises OSError)
            raise OSError(f"the cassette {shown} cannot be saved: {_said(error)}") from error

    def _find(self, cassette_path: str | os.PathLike[str]) -> tuple[Any, str]:
        """The store, and the path of the cassette in it. fsspec keeps one store for each process, also after a fork."""
        with _active.outside():  # some stores request a token
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
        """A context outside every cassette, which turns every error but FileNotFoundError into CassetteLoadError."""
        shown = self._shown(cassette_path)
        try:
            with _active.outside():
                yield
        except FileNotFoundError:
            raise
        except Exception as error:  # (not every store raises OSError)
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
    """The text of an error. Its ``repr`` may contain the headers of the request to the store."""
    return f"{type(error).__name__}: {error}"
