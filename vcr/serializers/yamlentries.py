"""Cuts the text of a YAML cassette into its interactions without parsing it. It must not know what they mean.

::

    interactions:
    - request:             # an entry begins at each line that begins with "- request:"
        ...
    - request:             # and the next one here
        ...
    version: 1             # the last one ends before the first line that begins with something else

To find these lines takes little time, even in a large cassette. An **entry**, the text of one interaction, is read when
the interaction is needed: by patterns (``yamlpatterns``) or else by the parser.

Why the result cannot be another than that of parsing the whole text:

1. A line that is not indented ends everything that is indented, by the rules of YAML. So "- request:" at the start of a
   line begins an item of the list, unless the line stands in a text in quotes. This package and PyYAML indent the lines
   of such a text; a person may have edited it. Then the quote that opens the text is in one entry and the quote that
   closes it in the next, so neither can be parsed alone.
2. If an entry cannot be parsed alone, the whole text is parsed, and all interactions are taken from that. So it is
   if an entry has an alias for something in another entry. If the parser finds another number of interactions than
   there are entries (see 1), the cassette is refused, with a message that says what to mend.
3. A text is not cut at all (``split`` returns None) unless it begins with the lines above, has no line that ends a
   document or belongs to a merge conflict, and the rest behind the entries can be parsed alone.

``tests/test_yamlentries.py`` puts lines into cassettes, and takes lines out, and compares the entries with the whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from ..errors import CassetteLoadError
from . import yamlpatterns

#: Parses YAML. It raises CassetteLoadError.
Read = Callable[[str], object]

OPENING = "interactions:\n"
_FIRST = "- request:\n"
#: A line that begins an entry (1), a line that forbids cutting (2: a merge conflict, the end of a document), and a line
#: with a key at the top. All other lines begin with a blank, # or -.
_LINE = re.compile(r"\n(?! )(?:(- request:(?=\n))|(<{7} |>{7} |\.{3}|---)|[^\s#-])")
_KEY = re.compile(r"[A-Za-z_]\w*:[ \n]")  # a key without anchor, tag or quotes
_VERSION = "version: 1\n"  # all that stands behind the interactions in most cassettes


class Entries:
    """The entries of a text. ``rest``: the other keys at the top of the cassette."""

    def __init__(self, text: str, starts: list[int], rest: Mapping[str, object], read: Read) -> None:
        self._text = text
        self._starts = starts  # where each entry starts; and at last, where the last one ends
        self._read = read
        self._whole: list[object] | None = None
        self.rest = rest

    def __len__(self) -> int:
        return len(self._starts) - 1

    def target(self, index: int) -> tuple[str, str] | None:
        """Method and URI of the request in entry ``index``, from 0; None if only the parser can read them."""
        return yamlpatterns.target(self._text, *self._starts[index : index + 2])

    def parse(self, index: int) -> object:
        """The data of interaction ``index``, from 0. Raises CassetteLoadError with the line."""
        if self._whole is None:
            start, end = self._starts[index : index + 2]
            found = yamlpatterns.read(self._text, start, end)
            if found is not None:
                return found
            try:
                entry = self._read(self._text[start:end])
            except CassetteLoadError:
                entry = None
            if isinstance(entry, list) and len(entry) == 1:
                return entry[0]
            self.parse_whole()
        assert self._whole is not None
        return self._whole[index]

    def parse_whole(self) -> None:
        """Parse the whole text, and take all interactions from that from now on. Raises CassetteLoadError."""
        whole = self._read(self._text)
        interactions = whole.get("interactions") if isinstance(whole, Mapping) else None
        if not isinstance(interactions, list) or len(interactions) != len(self):
            raise CassetteLoadError('a quoted text in it has a line that starts with "- request:"; indent that line')
        self._whole = interactions


def usual_end(text: str) -> str | None:
    """The text behind the interactions, if ``text`` can be cut and has only the version there; None otherwise."""
    starts = _starts(text) if text.endswith("\n" + _VERSION) else None
    return _VERSION if starts is not None and starts[-1] + len(_VERSION) == len(text) else None


def _starts(text: str) -> list[int] | None:
    """Where each entry starts, and where the last one ends; None if the text may not be cut."""
    if not text.startswith(OPENING + _FIRST):
        return None
    starts, end = [len(OPENING)], -1
    for line in _LINE.finditer(text, len(OPENING)):
        if line[1]:
            starts.append(line.start() + 1)
            end = -1
        elif line[2]:
            return None
        elif end < 0:
            end = line.start() + 1
    return None if end < 0 else [*starts, end]


def split(text: str, read: Read) -> Entries | None:
    """The entries of the text of a cassette; None if it may not be cut. ``read``: parses YAML."""
    starts = _starts(text)
    if starts is None:
        return None
    others = text[starts[-1] :]
    if not _KEY.match(others):
        return None
    try:
        rest = {"version": 1} if others == _VERSION else read(others)
    except CassetteLoadError:
        return None
    if not isinstance(rest, Mapping) or "interactions" in rest or "http_interactions" in rest:
        return None
    return Entries(text, starts, rest, read)
