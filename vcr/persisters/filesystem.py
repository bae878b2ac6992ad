"""Keeps cassettes in files. A file on disk is always whole. It must not know what is in a cassette."""

from __future__ import annotations

import functools
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from ..errors import CassetteDecodeError, CassetteNotFoundError
from ..formats.contents import Contents
from .content import check_size, packed_parts, unpacked
from .journal import Journal
from .locking import alone_in

__all__ = ["CassetteDecodeError", "CassetteNotFoundError", "FilesystemPersister"]


class FilesystemPersister:
    """Keeps each cassette in the file of its path."""

    @staticmethod
    def version(cassette_path: str | os.PathLike[str]) -> tuple[int, int, int] | None:
        """What changes whenever the file does; None when there is none."""
        try:
            found = os.stat(cassette_path)
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size

    @staticmethod
    def nearby(cassette_path: str | os.PathLike[str]) -> tuple[str, list[str] | None]:
        """Where the file is, absolutely, and the most similar names in its directory; None when that does not exist."""
        import difflib

        path = os.path.abspath(cassette_path)
        directory, name = os.path.split(path)
        try:
            return path, difflib.get_close_matches(name, os.listdir(directory))
        except OSError:
            return path, None

    @classmethod
    def unwritable(cls, cassette_path: str | os.PathLike[str]) -> str | None:
        """Why no file can be written there, as far as can be told without trying; None when one can."""
        if cls.save_cassette is not FilesystemPersister.save_cassette:
            return None  # A derived persister may save elsewhere.
        directory = os.path.dirname(os.path.realpath(cassette_path))
        while not os.path.lexists(directory):  # It would be made.
            directory = os.path.dirname(directory)
        if not os.path.isdir(directory):
            return f"{directory} is not a directory"
        effective = os.access in os.supports_effective_ids
        if not os.access(directory, os.W_OK | os.X_OK, effective_ids=effective):
            return f"nothing can be written into the directory {directory}"
        return None

    @staticmethod
    @contextmanager
    def exclusive(cassette_path: str | os.PathLike[str]) -> Iterator[None]:
        """The files in this directory are this thread's alone."""
        directory = os.path.dirname(os.path.realpath(cassette_path))
        os.makedirs(directory, exist_ok=True)
        with alone_in(directory):
            yield

    journal = Journal

    @classmethod
    def load_cassette(cls, cassette_path: str | os.PathLike[str], serializer: Any) -> Contents:
        """The requests and responses in the file.

        Raises CassetteNotFoundError when there is no file or a blank one, CassetteLoadError when it cannot be read.
        """
        path = os.fspath(cassette_path)
        return unpacked(path, lambda: _read(path), serializer)

    @staticmethod
    def save_cassette(cassette_path: str | os.PathLike[str], cassette_dict: Mapping[str, Any], serializer: Any) -> None:
        """Write the file: the whole of it, or, when anything fails, nothing."""
        # A link is written through, so that what it points at changes and the link stays.
        path = os.path.realpath(cassette_path)
        content = packed_parts(path, cassette_dict, serializer)
        directory, name = os.path.split(path)
        os.makedirs(directory, exist_ok=True)
        # The name is known before there is a file, so that whatever is raised, the file can be taken away.
        temporary = os.path.join(directory, f".{name[:100]}.{os.urandom(8).hex()}.tmp")
        mode = _mode(path)
        try:
            opener = functools.partial(os.open, mode=0o666 if mode is None else 0o600)
            with open(temporary, "xb", opener=opener) as file:
                file.writelines(content)
                file.flush()
                os.fsync(file.fileno())
            if mode is not None:
                os.chmod(temporary, mode)
            os.replace(temporary, path)
        except BaseException:
            with suppress(FileNotFoundError):
                os.unlink(temporary)
            raise


def _read(path: str) -> bytes:
    """What is in the file. Raises OSError for what is not to be opened."""
    found = os.stat(path)
    # A pipe could keep its reader waiting, a device has no end; neither is ever to be replaced by a file.
    if not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
        raise OSError("it is not a regular file")
    check_size(path, found.st_size)
    with open(path, "rb") as file:
        return file.read()


def _mode(path: str) -> int | None:
    """The permission bits of the file; None when there is none."""
    try:
        return os.stat(path).st_mode & 0o7777
    except FileNotFoundError:
        return None
