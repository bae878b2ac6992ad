"""Warns of a well-known token that is written as it is, because somebody has turned the sanitizer off, into a file that
a version control keeps. It must not know a cassette, or why the sanitizer is off but by the words for that.
"""

from __future__ import annotations

from pathlib import Path

from .._http import content_coding
from ..errors import warn
from ..request import Request
from ..response import Response, ResponseDict
from . import shapes
from .masking import Sanitizer

#: What stands at the top of what a version control keeps.
_KEPT_BY = (".git", ".hg", ".jj")
#: The directories of version control for which this process has warned.
_told: set[Path] = set()


class Unmasked:
    """Looks at what is written, and warns once for each repository.

    ``off``: what has turned the sanitizer off, such as ``sanitize=False``. ``limit``: how many bytes may come out of a
    compressed body.
    """

    def __init__(self, off: str, limit: int = content_coding.MOST_DECODED) -> None:
        self._off = off
        self._limit = limit
        self._written: list[tuple[Request, ResponseDict]] = []

    def note(self, request: Request, response: ResponseDict) -> None:
        """This pair is written."""
        self._written.append((request, response))

    def tell(self, path: str) -> None:
        """What was noted has been written to ``path``: warn if a token is in it."""
        written, self._written = self._written, []
        kept_in = repository_of(path) if written and Path(path).is_file() else None
        if kept_in is None or kept_in in _told:
            return
        sanitizer = Sanitizer(shapes.RULES, limit=self._limit)
        for request, response in written:
            shown, _, masked = sanitizer.pair(request, Response(response))
            if masked:
                _told.add(kept_in)
                one = masked[0]
                warn(
                    f"{path} has a well-known token now ({one.rule}, in {one.place} of {shown.method} {shown.uri}): "
                    f"{self._off} leaves it there, and {kept_in} is under version control. "
                    "vcr scan finds such tokens, and vcr scan --fix masks them"
                )
                return


def repository_of(path: str) -> Path | None:
    """The directory, above the file at ``path``, that a version control keeps; None where none does."""
    for directory in Path(path).absolute().parents:
        if any((directory / name).exists() for name in _KEPT_BY):
            return directory
    return None
