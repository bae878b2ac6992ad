"""Which files the paths of a command stand for. It must not know what is in a cassette.

A path is a file, a directory, or a pattern with ``*``, ``?`` or ``[…]``. In a directory only the files that look like a
cassette count: a project has other YAML and JSON, too.
"""

from __future__ import annotations

import difflib
import glob
import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

#: The pytest plugin, as pytest-recording, names a cassette after its serializer.
_AFTER_SERIALIZERS = (".betamax", ".prettyjson", ".ruby", ".rubyjson")
#: A cassette has one of these suffixes, or none, as VCR.py names it after a function.
SUFFIXES = (".yaml", ".yml", ".json", ".har", ".toml", ".zz", *_AFTER_SERIALIZERS, "")
#: Directories of tools, which hold no cassette of the project.
_SKIPPED = re.compile(r"\..*|__pycache__|node_modules")
#: A key that each format of a cassette has near its beginning.
_KEY = re.compile(
    r"""^(?:[\s{\["'-]*:?(?:interactions|http_interactions|request|"log")["']?\s*:|\[\[interactions\]\])"""
    r"""|"(?:http_)?interactions"\s*:\s*\[""",  # (JSON may be one line)
    re.MULTILINE,
)
_BEGINNING = 65536  # bytes


class PathError(FileNotFoundError):
    """A path that stands for no cassette."""


def check_is_one(path: str) -> None:
    """Raises PathError when ``path`` is nothing that there is, or a directory."""
    _check_exists(path)
    if os.path.isdir(path):
        raise PathError(f"{path}: this is a directory; name one cassette (`vcr ls {shlex.quote(path)}` lists them)")


def _check_exists(path: str) -> None:
    if not os.path.lexists(path):
        raise PathError(f"{path}: there is no such file or directory{_nearest(path)}")


def files(path: str) -> list[str]:
    """The files that ``path`` stands for, sorted. Raises PathError when there is none."""
    if os.path.isdir(path):
        found = sorted(_cassettes(path))
        if not found:
            raise PathError(f"{path}: there is no cassette in this directory")
        return found
    if os.path.lexists(path):
        return [path]
    if not glob.has_magic(path):
        _check_exists(path)
    found = sorted(one for one in glob.glob(path, recursive=True) if os.path.isfile(one))
    if not found:
        raise PathError(f"{path}: no file matches this pattern")
    return found


def _cassettes(directory: str) -> Iterator[str]:
    for root, directories, names in os.walk(directory):
        directories[:] = [name for name in directories if not _SKIPPED.fullmatch(name)]
        for name in names:
            path = Path(root, name)
            if not name.startswith(".") and path.suffix in SUFFIXES and path.is_file() and _looks_like_cassette(path):
                yield str(path)


def _looks_like_cassette(path: Path) -> bool:
    if path.suffix == ".zz":  # compressed
        return True
    try:
        with path.open("rb") as file:
            beginning = file.read(_BEGINNING)
    except OSError:
        return True  # reading it says what is wrong
    return _KEY.search(beginning.decode("utf-8", "replace").removeprefix("\ufeff")) is not None


def _nearest(path: str) -> str:
    directory, name = os.path.split(path)
    try:
        near = difflib.get_close_matches(name, os.listdir(directory or "."), n=1)
    except OSError:
        near = []
    return f"; did you mean {os.path.join(directory, near[0])}?" if near else ""
