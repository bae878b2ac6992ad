"""What a run of the tests did not need: cassettes that no test uses, and interactions that no test has played.

It reads the report of ``pytest --vcr-report``, and takes things away. It must not know how that is shown.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Collection, Hashable
from pathlib import Path
from typing import NamedTuple

from ..errors import CassetteLoadError
from ..formats import vcrpy
from ..persisters.content import packed, unpacked
from ..persisters.whole import mode_of, read_only, replace
from ..serialize import Contents
from . import lines, reading


class ReportError(ValueError):
    """The file is no report, or one by which nothing may be removed."""


class Unneeded(NamedTuple):
    """What is to go of one file. ``digest``: of the file as the run left it. ``numbers``: of the interactions, from 1
    on; None: the whole file, which no test uses."""

    path: str
    digest: str
    numbers: list[int] | None


class Report(NamedTuple):
    """``unjudged``: the cassettes of which nothing can be told, and why."""

    unneeded: list[Unneeded]
    unjudged: list[tuple[str, str]]


class Change(NamedTuple):
    """What becomes of one file. ``content``: its new one; None: the file is deleted. ``removed``: method and URI of
    each interaction that goes; none where no test uses the file."""

    path: str
    content: bytes | None
    removed: list[str]

    def apply(self) -> None:
        """Make it so: the file is replaced whole, or not at all. Raises OSError."""
        if self.content is None:
            os.unlink(self.path)
        else:
            path = os.path.realpath(self.path)
            replace(path, [self.content], mode_of(path))


def read(path: str) -> Report:
    """The report at ``path``. Raises ReportError; OSError when it cannot be read."""
    try:
        pruning = json.loads(Path(path).read_text(encoding="utf-8"))["prune"]
        refused, orphans, unplayed = pruning["refused"], pruning["orphans"], pruning["unplayed"]
        unneeded = [Unneeded(one["path"], one["sha256"], None) for one in orphans]
        unneeded += [Unneeded(one["path"], one["sha256"], list(map(int, one["interactions"]))) for one in unplayed]
        unjudged = [(str(one["path"]), str(one["reason"])) for one in pruning["unjudged"]]
    except (ValueError, TypeError, KeyError) as error:
        raise ReportError(f"{path}: this is no report of `pytest --vcr-report={path}`") from error
    if refused is not None:
        raise ReportError(f"{path}: nothing is pruned by this report: {refused}; run all tests, until they pass")
    return Report(unneeded, unjudged)


def change(unneeded: Unneeded) -> Change:
    """What has to be done to one file, which is not touched yet.

    Raises CassetteLoadError or OSError for one of which nothing is removed.
    """
    path, digest, numbers = unneeded
    content = Path(path).read_bytes()
    if hashlib.sha256(content).hexdigest() != digest:
        raise CassetteLoadError("it has changed since the run; run the tests again", path=path)
    if read_only(path):
        raise CassetteLoadError("the file is read-only", path=path)
    if numbers is None:
        return Change(path, None, [])
    contents = reading.contents(path)
    removed = [" ".join(contents.interactions[number - 1].target) for number in numbers]
    contents.interactions = [one for number, one in enumerate(contents.interactions, 1) if number not in numbers]
    if not contents.interactions:
        return Change(path, None, removed)
    left = _cut(path, content, numbers)
    if left is None or _values(path, left) != [one.value() for one in contents.interactions]:
        left = _written_anew(path, content, contents)
    return Change(path, left, removed)


def _cut(path: str, content: bytes, numbers: Collection[int]) -> bytes | None:
    """The content without these interactions, every other byte as it is; None where that cannot be."""
    text = None if path.endswith(".zz") else lines.without(content.decode("utf-8"), numbers)
    return None if text is None else text.encode("utf-8")


def _values(path: str, content: bytes) -> list[Hashable] | None:
    try:
        return [one.value() for one in unpacked(path, lambda: content, reading.serializer_of(path)).interactions]
    except CassetteLoadError:
        return None  # (what has been cut out was needed by another: an anchor of YAML)


def _written_anew(path: str, content: bytes, contents: Contents) -> bytes:
    """A cassette of VCR.py's with what is left in it. Raises CassetteLoadError for another recorder's."""
    text = "" if path.endswith(".zz") else content.decode("utf-8")
    if not text or not vcrpy.claims(reading.serializer_of(path).deserialize(text)):
        raise CassetteLoadError("its interactions cannot be cut out of the text", path=path)
    return packed(path, contents.cassette_dict(), vcrpy.TEXTS["json" if text.lstrip()[:1] == "{" else "yaml"])
