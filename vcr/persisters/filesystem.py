"""Room: cassettes as files. UTF-8 always, compressed where the name ends in ``.zz``, as Ruby VCR has it; a file on disk
is always whole. It knows nothing of what is in them."""

from __future__ import annotations

import os
import stat
import sys
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ..errors import CassetteDecodeError, CassetteLoadError, CassetteNotFoundError
from ..locks import new_lock
from ..serialize import Contents, deserialize, serialize
from .journal import Journal

__all__ = ["CassetteDecodeError", "CassetteNotFoundError", "FilesystemPersister"]


if sys.platform != "win32":
    import fcntl

_one_at_a_time = new_lock()

_COMPRESSED = ".zz"

#: How many bytes a cassette may have, inflated: read, they take several times as much memory.
MAX_SIZE = 1 << 30


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
    @contextmanager
    def exclusive(cassette_path: str | os.PathLike[str]) -> Iterator[None]:
        """The files in this directory are this thread's and, where the platform locks directories, this process's."""
        directory = os.path.dirname(os.path.realpath(cassette_path))
        os.makedirs(directory, exist_ok=True)
        with _one_at_a_time, _locked(directory):
            yield

    journal = Journal

    @classmethod
    def load_cassette(cls, cassette_path: str | os.PathLike[str], serializer: Any) -> Contents:
        """The requests and responses in the file.

        Raises CassetteNotFoundError when there is no file or a blank one, CassetteLoadError when it cannot be read.
        """
        path = os.fspath(cassette_path)
        try:
            text = _text(path)
        except FileNotFoundError as error:
            raise CassetteNotFoundError(f"no cassette at {path}") from error
        except zlib.error as error:
            raise CassetteLoadError(f"not compressed, as its name says: {error}", path=path) from error
        except UnicodeDecodeError as error:
            line = error.object.count(b"\n", 0, error.start) + 1
            raise CassetteLoadError(f"not UTF-8 text: {error}", path=path, line=line) from error
        except OSError as error:
            raise CassetteLoadError(f"cannot be read: {error}", path=path) from error
        if not text.strip():
            raise CassetteNotFoundError(f"the cassette at {path} is blank")
        try:
            contents = deserialize(text, serializer)
        except CassetteLoadError as error:
            raise CassetteLoadError(str(error), path=path, line=error.line) from error
        contents.path = path
        return contents

    @staticmethod
    def save_cassette(cassette_path: str | os.PathLike[str], cassette_dict: Mapping[str, Any], serializer: Any) -> None:
        """Write the file: the whole of it, or, when anything fails, nothing."""
        import tempfile

        content = str.encode(serialize(cassette_dict, serializer), "utf-8")
        # A link is written through, so that what it points at changes and the link stays.
        path = os.path.realpath(cassette_path)
        directory, name = os.path.split(path)
        os.makedirs(directory, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(prefix=f".{name[:100]}.", suffix=".tmp", dir=directory)
        try:
            with open(descriptor, "wb") as file:
                file.write(zlib.compress(content) if path.endswith(_COMPRESSED) else content)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(temporary, _mode(path))
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise


def _text(path: str) -> str:
    """What is in the file."""
    found = os.stat(path)
    # A pipe could keep its reader waiting, a device has no end, and what stands in their place is never to be replaced.
    if not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
        raise CassetteLoadError("not a regular file", path=path)
    if found.st_size > MAX_SIZE:
        raise _too_large(path)
    if not path.endswith(_COMPRESSED):
        with open(path, encoding="utf-8") as file:
            return file.read()
    with open(path, "rb") as file:
        content = file.read()
    return _inflated(content, path).decode("utf-8") if content else ""


def _inflated(content: bytes, path: str) -> bytes:
    reader = zlib.decompressobj()
    inflated = reader.decompress(content, MAX_SIZE)
    if reader.unconsumed_tail:
        raise _too_large(path)
    if not reader.eof:
        raise zlib.error("it is cut off")
    return inflated


def _too_large(path: str) -> CassetteLoadError:
    return CassetteLoadError(f"it has more than {MAX_SIZE:,} bytes", path=path)


@contextmanager
def _locked(directory: str) -> Iterator[None]:
    if sys.platform == "win32":
        yield  # A directory cannot be locked there.
    else:
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def _mode(path: str) -> int:
    """The permission bits that the file has, or that a new file would get."""
    try:
        return os.stat(path).st_mode & 0o7777
    except FileNotFoundError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask
