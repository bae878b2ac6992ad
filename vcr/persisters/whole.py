"""Writes a file whole or not at all, and keeps its permissions. It must not know what is in the file.

No function here imports a module: a cassette may be saved while the interpreter ends, when no module can be imported.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from contextlib import suppress

#: Kept here because ``open`` is the first builtin name that is removed when the interpreter ends.
open_file = open


def mode_of(path: str) -> int:
    """The permission bits that the file has, or that a new file would get."""
    try:
        return os.stat(path).st_mode & 0o7777
    except FileNotFoundError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask


def read_only(path: str) -> bool:
    """Whether there is a file that this process may not write to."""
    return os.path.exists(path) and not _may(os.W_OK, path)


def closed(directory: str) -> bool:
    """Whether this process may not make files in the directory. An empty text is the current one."""
    return not _may(os.W_OK | os.X_OK, directory or os.curdir)


def replace(path: str, content: Iterable[bytes], mode: int) -> None:
    """Put ``content`` in the place of the file at ``path``, which is no link, and give it the permissions ``mode``.

    The new file is written beside the old one, and then takes its place: at any moment there is a whole file. In a
    directory where no file can be made, or when the file is mounted, so that none can take its place, the old file is
    written over. Raises OSError, which names ``path``.
    """
    directory, name = os.path.split(path)
    if closed(directory) and os.path.exists(path):
        _write_over(path, b"".join(content))
        return
    temporary = os.path.join(directory, f".{name[:100]}.{os.urandom(6).hex()}.tmp")
    try:
        with open_file(temporary, "xb", opener=_for_its_owner_alone) as file:
            file.writelines(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, mode)
        _move(temporary, path)
    except BaseException as error:
        with suppress(OSError):  # (there may be no such file; and the first error counts)
            os.unlink(temporary)
        if isinstance(error, OSError) and error.errno is not None and error.filename in (temporary, None):
            raise OSError(error.errno, error.strerror, path) from error
        raise


def _move(temporary: str, path: str) -> None:
    try:
        os.replace(temporary, path)
    except OSError as error:
        if error.errno != errno.EBUSY:  # a file that is mounted alone, as a container's volume
            raise
        _write_over(path, _bytes_in(temporary))
        os.unlink(temporary)


def _write_over(path: str, content: bytes) -> None:
    """Write ``content`` into the file that is there. Where that fails, the file gets its old bytes back."""
    old = _bytes_in(path)
    try:
        _fill(path, content)
    except BaseException:
        _fill(path, old)
        raise


def _fill(path: str, content: bytes) -> None:
    with open_file(path, "r+b") as file:
        file.write(content)
        file.truncate()
        file.flush()
        os.fsync(file.fileno())


def _bytes_in(path: str) -> bytes:
    with open_file(path, "rb") as file:
        return file.read()


def _may(access: int, path: str) -> bool:
    return os.access(path, access, effective_ids=os.access in os.supports_effective_ids)


def _for_its_owner_alone(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
