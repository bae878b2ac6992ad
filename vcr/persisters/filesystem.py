"""Keeps cassettes in files. At any moment the file is whole, unless nothing can take its place (``whole.py``). It must
not know what is in a cassette.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from ..errors import CassetteDecodeError, CassetteNotFoundError
from ..formats.contents import Contents
from ..serializers import Deserializer, Serializer
from .content import check_size, packed_addition, packed_parts, unpacked
from .journal import Journal
from .locking import alone_in
from .whole import closed, mode_of, open_file, read_only, replace

__all__ = ["CassetteDecodeError", "CassetteNotFoundError", "FilesystemPersister"]


_READ_ONLY = 'the file is read-only. Make it writable, or open it with record_mode="none"'


class FilesystemPersister:
    """Keeps each cassette in the file of its path."""

    @staticmethod
    def version(cassette_path: str | os.PathLike[str]) -> tuple[int, int, int] | None:
        """A value that changes whenever the file does; None when there is no file."""
        try:
            found = os.stat(cassette_path)
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size

    @staticmethod
    def nearby(cassette_path: str | os.PathLike[str]) -> tuple[str, list[str] | None]:
        """The absolute path of the file, and the most similar names in its directory; None instead of names when there
        is no such directory."""
        import difflib

        path = os.path.abspath(cassette_path)
        directory, name = os.path.split(path)
        try:
            return path, difflib.get_close_matches(name, os.listdir(directory))
        except OSError:
            return path, None

    @classmethod
    def unwritable(cls, cassette_path: str | os.PathLike[str]) -> str | None:
        """Why the file cannot be written, as far as that is known without trying; None when it can."""
        if cls.save_cassette is not FilesystemPersister.save_cassette:
            return None  # A derived persister may save elsewhere.
        path = os.path.realpath(cassette_path)
        directory, parent = path, os.path.dirname(path)
        while parent != directory:  # Directories that are missing are made when the cassette is saved.
            directory, parent = parent, os.path.dirname(parent)
            if os.path.lexists(directory):
                break
        if not os.path.isdir(directory):
            return f"{directory} is not a directory"
        if closed(directory) and not os.path.exists(path):
            return f"nothing can be written into the directory {directory}"
        return _READ_ONLY if read_only(path) else None

    @staticmethod
    @contextmanager
    def exclusive(cassette_path: str | os.PathLike[str]) -> Iterator[None]:
        """A context in which no other thread or process stores in the directory of this file. Raises OSError."""
        directory = os.path.dirname(os.path.realpath(cassette_path))
        os.makedirs(directory, exist_ok=True)
        with alone_in(directory):
            yield

    journal = Journal

    @classmethod
    def load_cassette(cls, cassette_path: str | os.PathLike[str], serializer: Deserializer) -> Contents:
        """The requests and responses in the file.

        Raises CassetteNotFoundError when there is no file or a blank one, CassetteLoadError when it cannot be read.
        """
        path = os.fspath(cassette_path)
        return unpacked(path, lambda: _read(path), serializer)

    @staticmethod
    def save_cassette(
        cassette_path: str | os.PathLike[str], cassette_dict: Mapping[str, object], serializer: Serializer
    ) -> None:
        """Write the file: the whole of it, or, when anything fails, nothing.

        Raises PermissionError when the file is read-only: its owner wants to keep it. Raises OSError when it cannot be
        written.
        """
        # A link is written through, so that what it points at changes and the link stays.
        path = os.path.realpath(cassette_path)
        if read_only(path):
            raise PermissionError(errno.EACCES, f"the cassette is not saved: {_READ_ONLY}", path)
        content = packed_parts(path, cassette_dict, serializer)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        replace(path, content, mode_of(path))

    @classmethod
    def add_to_cassette(
        cls, cassette_path: str | os.PathLike[str], cassette_dict: Mapping[str, object], serializer: Serializer
    ) -> bool:
        """Append interactions to the file, whose text is copied and not parsed. Returns False, and changes nothing,
        where that is not possible: then the whole cassette has to be written.

        The old text and the new interactions are written to a new file, which then replaces the old one: a write at the
        end of the old file could be cut off in the middle.
        """
        if cls.save_cassette is not FilesystemPersister.save_cassette:
            return False  # A derived persister may save elsewhere.
        path = os.path.realpath(cassette_path)
        if read_only(path) or getattr(serializer, "addition", None) is None:
            return False
        content = packed_addition(path, _read(path), cassette_dict, serializer)
        if content is not None:
            replace(path, content, mode_of(path))
        return content is not None


def _read(path: str) -> bytes:
    """The bytes in the file. Raises OSError where there is no file, or no regular one."""
    if not path:
        raise OSError("its path is an empty text")
    found = os.stat(path)
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError("it is a directory, not a file")
    # Reading a pipe may wait for ever, and a device has no end. Neither must be replaced by a file.
    if not stat.S_ISREG(found.st_mode):
        raise OSError("it is not a regular file")
    check_size(path, found.st_size)
    with open_file(path, "rb") as file:
        return file.read()
