"""Finds secrets in cassettes by the rules of the sanitizer, and masks them in place. It must not know how findings are
shown, and no finding holds a secret.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from .._engine.interaction import value_of
from ..errors import CassetteLoadError
from ..persisters.content import unpacked
from ..persisters.filesystem import FilesystemPersister
from ..persisters.whole import mode_of, read_only, replace
from ..request import Request
from ..response import Response
from ..sanitize.defaults import RULES
from ..sanitize.masking import Sanitizer
from ..sanitize.notes import Masked
from ..sanitize.placeholder import PLACEHOLDER
from . import paths
from .lines import lines_of
from .mending import LENGTHS, Edit, Masking, Secrets, bytes_of, changes_of, edits, mended
from .reading import serializer_of


class Finding(NamedTuple):
    """A secret in a cassette. ``line``, ``interaction``: from 1 on; None where that is not known.

    ``rule``: the kind of secret. ``place``: where it stands, such as ``request header Authorization``. ``mended``:
    whether it is masked now; None without ``--fix``. ``why``: why it is not.
    """

    path: str
    line: int | None
    interaction: int
    rule: str
    place: str
    mended: bool | None = None
    why: str = ""

    def __str__(self) -> str:
        line = "" if self.line is None else f":{self.line}"
        state = {None: "", True: "; masked", False: f"; not masked: {self.why}"}[self.mended]
        return f"{self.path}{line}: interaction {self.interaction}: secret in the {self.place}{state} [{self.rule}]"


class Scan(NamedTuple):
    """What there is to say of one cassette. ``errors``: one for each interaction that cannot be read, and one if the
    file cannot be written."""

    findings: list[Finding]
    errors: list[CassetteLoadError | OSError]


def scan(path: str, fix: bool = False) -> Scan:
    """Look for secrets in the cassette at ``path``; with ``fix``, mask them in place.

    Raises CassetteLoadError or OSError when it cannot be read, PathError when there is none.
    """
    paths.check_is_one(path)
    cassette = _Cassette(path)
    if not cassette.masked or not fix:
        return Scan(cassette.findings(lambda _: (None, "")), [*cassette.unread])
    try:
        with FilesystemPersister.exclusive(path):
            if Path(path).read_bytes() != cassette.content:  # somebody has changed it meanwhile
                cassette = _Cassette(path)
            refused = cassette.mend()
    except OSError as error:
        why = f"the file cannot be written: {error.strerror or error}"
        return Scan(cassette.findings(lambda _: (False, why)), [*cassette.unread, error])
    return Scan(cassette.findings(lambda number: (number not in refused, refused.get(number, ""))), [*cassette.unread])


class _Cassette:
    """A cassette that has been read, and its masked copy."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.content = Path(path).read_bytes()
        self.unread: list[CassetteLoadError] = []
        self._sanitizer = Sanitizer(RULES)
        self._pairs = self._read(self.content, self.unread)
        #: What was masked in which interaction, from 0 on.
        self.masked: dict[int, list[Masked]] = {}
        self._maskings: dict[int, Masking] = {}
        self._mask_all()

    def _mask_all(self) -> None:
        """Mask every interaction. What is found in one of them is secret in all of them.

        To mask a body takes long. So the secrets outside of the responses' bodies are looked for first, as they are
        when a cassette is saved, and an interaction is masked again only if a later one had a secret that was new.
        """
        pairs = [(number, pair) for number, pair in enumerate(self._pairs) if pair is not None]
        for _, (request, response) in pairs:
            self._sanitizer.pair(request, _without_body(response))
        last_with_new = -1
        for number, pair in pairs:
            before = len(self._sanitizer.secrets)
            self._mask(number, *pair)
            if len(self._sanitizer.secrets) > before:
                last_with_new = number
        for number, pair in pairs:
            if number <= last_with_new:
                self._mask(number, *pair)

    def _read(self, content: bytes, unread: list[CassetteLoadError]) -> list[tuple[Request, Response] | None]:
        if not content.strip():
            return []
        contents = unpacked(self.path, lambda: content, serializer_of(self.path))
        pairs: list[tuple[Request, Response] | None] = []
        for interaction in contents.interactions:
            try:
                pairs.append(interaction.pair())
            except CassetteLoadError as error:
                unread.append(error.at(self.path))
                pairs.append(None)
        return pairs

    def _mask(self, number: int, request: Request, response: Response) -> None:
        kept, data, masked = self._sanitizer.pair(request, response)
        masking = Masking(number, (request, response), (kept, Response(data)))
        masked += _echoes(masking, masked)
        if masked:
            self.masked[number] = masked
            self._maskings[number] = masking

    # -- where it stands ----------------------------------------------------------------------------------------------

    @cached_property
    def _text(self) -> str | None:
        """The text of the file, byte for byte; None where it is compressed."""
        try:
            return self.content.decode("utf-8")
        except UnicodeDecodeError:
            return None

    @cached_property
    def _edits(self) -> list[Edit]:
        """What is to be replaced in the text; nothing where that cannot be told."""
        if self._text is None:
            return []
        secrets = self._sanitizer.secrets
        anywhere = {secret: secrets[secret] for secret in secrets if len(secret) >= _SHORTEST_ANYWHERE}
        try:
            return edits(self._text, list(self._maskings.values()), Secrets(secrets, anywhere))
        except CassetteLoadError:
            return []

    def findings(self, state: Callable[[int], tuple[bool | None, str]]) -> list[Finding]:
        """A finding for all that was masked. ``state``: of an interaction, see ``Finding``."""
        lines = [] if self._text is None else lines_of(self._text, len(self._pairs))
        found = []
        for number, masked in sorted(self.masked.items()):
            mended, why = state(number)
            for one in masked:
                line = self._line(number, one) or (lines[number] if lines else None)
                found.append(Finding(self.path, line, number + 1, one.rule, one.place, mended, why))
        return found

    def _line(self, number: int, masked: Masked) -> int | None:
        side = masked.place.partition(" ")[0]
        for edit in self._edits:
            at = edit.new.find(masked.placeholder) if masked.placeholder else -1
            if (edit.interaction, edit.side) == (number, side) and at >= 0:
                assert self._text is not None
                return self._text.count("\n", 0, edit.start) + edit.new.count("\n", 0, at) + 1
        return None

    # -- masking in place ---------------------------------------------------------------------------------------------

    def mend(self) -> Mapping[int, str]:
        """Mask the file in place. In which interactions that cannot be done, from 0 on, and why."""
        if read_only(self.path):
            raise PermissionError(errno.EACCES, "the file is read-only", self.path)
        if self._text is None:
            return dict.fromkeys(self.masked, "the file is compressed, or no text")
        refused: dict[int, str] = {}
        for _ in range(2):  # again without those that did not become what they should
            made = [edit for edit in self._edits if edit.interaction not in refused]
            new = mended(self._text, made).encode("utf-8")
            refused |= dict.fromkeys(self._wrong(new), "it is written in a way that cannot be changed in place")
        if made and set(self.masked) - refused.keys():
            path = os.path.realpath(self.path)
            replace(path, [new], mode_of(path))
        return refused

    def _wrong(self, content: bytes) -> list[int]:
        """The interactions in this text that are not as their masked copies are, or as they were."""
        wanted = {number: masking.after for number, masking in self._maskings.items()}
        found = self._read(content, [])
        if len(found) != len(self._pairs):
            return list(self.masked)
        return [number for number in wanted if not _same(found[number], wanted[number])]


def _echoes(masking: Masking, masked: Sequence[Masked]) -> list[Masked]:
    """Secrets of another place, or of another interaction, that stand in this one, too."""
    echoes: dict[Masked, None] = {}
    for side, changes in changes_of(masking).items():
        noted = {one.placeholder.encode() for one in masked if one.place.startswith(side)}
        for (_, old), new in changes.items():
            for found in PLACEHOLDER.finditer(bytes_of(new)):
                if found[0] not in noted and found[0] not in bytes_of(old):
                    echoes[Masked(found[1].decode(), side, found[0].decode())] = None
        if changes and not noted and not echoes:
            echoes[Masked("SECRET", side, "")] = None
    return list(echoes)


#: With fewer characters, a secret is not looked for but where it was found.
_SHORTEST_ANYWHERE = 8


def _same(one: tuple[Request, Response] | None, other: tuple[Request, Response]) -> bool:
    return one is not None and value_of(*_without_lengths(*one)) == value_of(*_without_lengths(*other))


def _without_body(response: Response) -> Response:
    data = response.data
    return response if response.fault is not None else Response({**data, "body": {**data["body"], "string": b""}})


def _without_lengths(request: Request, response: Response) -> tuple[Request, Any]:
    """The two but for what follows from the lengths of their bodies: a format may not have it, a replay corrects it."""
    kept = request.copy()
    kept.headers = [pair for pair in request.headers.pairs() if pair[0].lower() not in LENGTHS]
    return kept, _without(response.data)


def _without(data: object) -> object:
    if isinstance(data, Mapping):
        return {key: _without(value) for key, value in data.items() if str(key).lower() not in LENGTHS}
    return data
