"""Keeps each interaction beside the cassette's file as soon as it is recorded, until the cassette is saved.

Each interaction is one line, written at once, with its end of line last: after a process was killed, the file can be
read up to its last whole line. A line is a cassette of one interaction, in JSON, whatever format the cassette has.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager

from .. import formats
from .._engine.interaction import Interaction
from ..errors import CassetteLoadError
from ..formats.contents import Contents
from ..request import Request
from ..response import ResponseDict
from ..serializers import jsonserializer
from .locking import alone_at
from .whole import mode_of, open_file, replace

_SUFFIX = ".partial"


class _Line:
    """JSON on one line."""

    deserialize = staticmethod(jsonserializer.deserialize)

    @staticmethod
    def serialize(cassette_dict: Mapping[str, object]) -> str:
        return json.dumps(cassette_dict, default=jsonserializer.encode) + "\n"


class Journal:
    """The journal of one recording session. Several sessions may write to the same file."""

    def __init__(self, cassette_path: str | os.PathLike[str]) -> None:
        self._cassette_path = os.fspath(cassette_path)
        self.path = self._cassette_path + _SUFFIX
        self._session = ""
        self._count = 0  # how many interactions this session has written
        self._found: set[bytes] = set()  # the lines that ``interactions`` has read

    def add(self, request: Request, response: ResponseDict, beside: Mapping[str, object] | None = None) -> None:
        """Write an interaction as it will stand in the cassette. Raises OSError."""
        started = bool(self._session)
        if not started:
            self._session = os.urandom(16).hex()
        contents: dict[str, object] = {"requests": [request], "responses": [response], "beside": [beside or {}]}
        contents["metadata"] = {"session": self._session}
        line = formats.write(contents, _Line).encode("ascii")
        os.makedirs(os.path.dirname(os.path.abspath(self.path)), exist_ok=True)
        with self._alone(), open_file(self.path, "ab", buffering=0) as file:
            # A process that was killed while it wrote may have left a line without its end: the new line starts behind
            # it.
            file.write(line if started or not file.tell() else b"\n" + line)
        self._count += 1

    def _alone(self) -> AbstractContextManager[None]:
        """A context in which no other session writes or removes anything. A new journal gets the permissions of the
        cassette."""
        return alone_at(self.path, mode_of(self._cassette_path))

    def discard(self) -> None:
        """Remove this session's interactions from the file: they are in the cassette, or not wanted."""
        if self._session and self.exists:
            with self._alone():
                others = [line for line, contents in self._lines() if contents.metadata.get("session") != self._session]
                self._keep(others)

    @property
    def was_recovered(self) -> bool:
        """Whether some of this session's interactions have been recovered meanwhile: they are in the cassette."""
        if not self._session:
            return False
        try:
            with open_file(self.path, "rb") as file:
                return file.read().count(self._session.encode("ascii")) < self._count
        except FileNotFoundError:
            return True

    # -- the interactions of interrupted sessions ---------------------------------------------------------------------

    @property
    def exists(self) -> bool:
        """Whether there is a journal: a session was interrupted, or goes on elsewhere."""
        return os.path.exists(self.path)

    def interactions(self) -> list[Interaction]:
        """The interactions in the journal, in the order in which their responses came."""
        lines = list(self._lines())
        self._found.update(line for line, _ in lines)
        return [contents.interactions[0] for _, contents in lines]

    def remove(self) -> None:
        """Remove what ``interactions`` has read. What another session has written since then stays."""
        with self._alone():
            self._keep([line for line, _ in self._lines() if line not in self._found])

    def _lines(self) -> Iterator[tuple[bytes, Contents]]:
        with open_file(self.path, "rb") as file:
            for line in file:
                try:
                    contents = formats.read(line.decode("ascii"), _Line)
                except (CassetteLoadError, UnicodeDecodeError):
                    continue  # The process that wrote this line was killed before its end.
                if len(contents.interactions) == 1:
                    yield line, contents

    def _keep(self, lines: list[bytes]) -> None:
        if not lines:
            os.unlink(self.path)
            return
        replace(os.path.realpath(self.path), lines, mode_of(self.path))
