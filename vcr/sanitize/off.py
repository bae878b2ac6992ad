"""Warns if the sanitizer is off and a well-known token is written into a file under version control. It must not know a
cassette, or the option that has turned the sanitizer off.
"""

from __future__ import annotations

from pathlib import Path

from .._http import content_coding
from ..errors import warn
from ..request import Request
from ..response import Response, ResponseDict
from . import shapes
from .masking import Sanitizer

#: The entry in the top directory of a repository of git, Mercurial or Jujutsu.
_REPOSITORY_MARKS = (".git", ".hg", ".jj")
#: The repositories for which this process has warned.
_warned: set[Path] = set()


class Unmasked:
    """Searches the interactions that are written, and warns once for each repository.

    ``off``: what has turned the sanitizer off, such as ``sanitize=False``. ``limit``: how many bytes may come out of a
    compressed body.
    """

    def __init__(self, off: str, limit: int = content_coding.MOST_DECODED) -> None:
        self._off = off
        self._limit = limit
        self._written: list[tuple[Request, ResponseDict]] = []

    def note(self, request: Request, response: ResponseDict) -> None:
        """Remember an interaction that is about to be written."""
        self._written.append((request, response))

    def tell(self, path: str) -> None:
        """Warn if a token is in the remembered interactions, which have been written to ``path``."""
        written, self._written = self._written, []
        repository = repository_of(path) if written and Path(path).is_file() else None
        if repository is None or repository in _warned:
            return
        sanitizer = Sanitizer(shapes.RULES, limit=self._limit)
        for request, response in written:
            shown, _, masked = sanitizer.pair(request, Response(response))
            if masked:
                _warned.add(repository)
                one = masked[0]
                warn(
                    f"{path} has a well-known token now ({one.rule}, in {one.place} of {shown.method} {shown.uri}): "
                    f"{self._off} leaves it there, and {repository} is under version control. "
                    "vcr scan finds such tokens, and vcr scan --fix masks them"
                )
                return


def repository_of(path: str) -> Path | None:
    """The top directory of the repository that has the file at ``path``; None if the file is in no repository."""
    for directory in Path(path).absolute().parents:
        if any((directory / name).exists() for name in _REPOSITORY_MARKS):
            return directory
    return None
