"""Where the cassette of a test is: the two schemes of paths, and names that every file system allows.

It must not open a cassette. ``cassettes/<module>/<test>.yaml`` is pytest-recording's scheme, ``cassettes/<test>.yaml``
pytest-vcr's.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from .options import Run

#: Characters that Windows allows in no file name. pytest-recording writes a dash for each.
_FORBIDDEN = re.compile(r'[<>?%*:|"\'/\\]')
#: The longest name of a file, in bytes.
_LONGEST = 255
SUFFIXES = (".yaml", ".yml", ".json")


class Place(NamedTuple):
    """A directory of cassettes, and the scheme of the paths in it."""

    directory: Path
    layout: str


def place_of(test_file: Path, run: Run) -> Place:
    """Where the cassettes of a test file are: in the scheme of the ini setting, or of the cassettes that exist."""
    base = test_file.parent / run.cassette_dir
    layout = _layout_of(base, test_file) if run.layout == "auto" else run.layout
    return Place(base if layout == "pytest-vcr" else base / test_file.stem, layout)


def _layout_of(base: Path, test_file: Path) -> str:
    """The scheme of the cassettes in ``base``: pytest-vcr's when they are there, and no directory of a module is."""
    try:
        entries = list(os.scandir(base))
    except OSError:
        return "pytest-recording"
    flat = any(entry.name.lower().startswith("test") and entry.name.endswith(SUFFIXES) for entry in entries)
    modules = any(entry.is_dir() and (test_file.parent / f"{entry.name}.py").exists() for entry in entries)
    return "pytest-vcr" if flat and not modules else "pytest-recording"


def default_name(node: pytest.Item, place: Place) -> str:
    """The name of a test's cassette, without its suffix."""
    cls = getattr(node, "cls", None)
    name = f"{cls.__name__}.{node.name}" if cls is not None else node.name
    if place.layout == "pytest-vcr" and _FORBIDDEN.search(name):
        as_it_is = place.directory / f"{name}.yaml"  # pytest-vcr leaves every character in it
        if as_it_is.is_file() and place.directory.resolve() in as_it_is.resolve().parents:
            return name
    return _FORBIDDEN.sub("-", name)


def file_name(name: str, suffix: str) -> str:
    """The name of the file: one that is too long ends with a digest of all of it."""
    whole = name if name.endswith(suffix) else name + suffix
    if len(os.path.basename(whole).encode()) <= _LONGEST:
        return whole
    head, tail = os.path.split(name)
    end = f"...{hashlib.md5(tail.encode(), usedforsecurity=False).hexdigest()}{suffix}"
    kept = tail.encode()[: _LONGEST - len(end)].decode(errors="ignore")
    return os.path.join(head, kept + end)


def suffix_of(options: Mapping[str, object]) -> str:
    """The suffix of a cassette with these options of ``use_cassette``: the name of the serializer."""
    serializer = options.get("serializer", "yaml")
    return f".{serializer}" if isinstance(serializer, str) else ".yaml"


def shown(config: pytest.Config, path: str | os.PathLike[str]) -> str:
    """A path for people: relative to the directory that pytest was started in, if it is inside."""
    try:
        return Path(path).relative_to(config.invocation_params.dir).as_posix()
    except ValueError:
        return str(path)
