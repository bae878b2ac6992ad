"""Room: a YAML cassette in the shape that we and VCR.py write, cut into its interactions without being parsed.

Opening a large cassette takes as long as finding where each interaction begins; one is parsed when it is needed. What
comes out is what parsing the whole gives, always: a cassette of another shape is not cut, and where a piece turns out
not to stand by itself (it has an alias for something elsewhere), the whole is parsed after all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from ..errors import CassetteLoadError

Read = Callable[[str], Any]

_OPENING = "interactions:\n"
_FIRST = "- request:\n"
_NEXT = "\n- request:\n"
_REST = re.compile(r"^[A-Za-z]", re.MULTILINE)  # a key of the whole: nothing else starts in the first column
_CONFLICT = ("\n<<<<<<< ", "\n>>>>>>> ")

# A value that ends with its line: plain, or in single quotes.
_VALUE = r"(?:[A-Za-z0-9_/(+.][^\n]*|'(?:[^'\n]|'')*'|\*/\*)\n"
_BLOCK = r"(?:\|[-+0-9]*|!!binary \|)\n(?: {6}[^\n]*\n|\n)+"
#: A request of which there is nothing to doubt, up to its response: each line is known for what it is.
_REQUEST = re.compile(
    rf"- request:\n {{4}}body: (?:{_VALUE}|{_BLOCK})"
    rf" {{4}}headers:(?: \{{\}}\n|\n(?: {{6}}[A-Za-z0-9_-]+:\n(?: {{6}}- {_VALUE})+)+)"
    r" {4}method: (?P<method>[A-Z]+)\n"
    r" {4}uri: (?P<uri>https?://[^\s'\"#]*[^\s'\"#:])\n"
    r"  response:\n"
)


class Pieces:
    """The interactions of a cassette, as pieces of its text. ``rest``: what the cassette holds beside them."""

    def __init__(self, text: str, starts: list[int], rest: Mapping[str, Any], read: Read) -> None:
        self._text = text
        self._starts = starts  # and the end of the last
        self._read = read
        self._whole: list[Any] | None = None
        self.rest = rest

    def __len__(self) -> int:
        return len(self._starts) - 1

    def target(self, index: int) -> tuple[str, str] | None:
        """Method and URI of a request; None where only parsing can tell."""
        request = _REQUEST.match(self._text, self._starts[index], self._starts[index + 1])
        return None if request is None else (request["method"], request["uri"])

    def parse(self, index: int) -> Any:
        """An interaction. Raises CassetteLoadError with the line."""
        if self._whole is None:
            try:
                piece = self._read(self._text[self._starts[index] : self._starts[index + 1]])
            except CassetteLoadError:
                piece = None
            if isinstance(piece, list) and len(piece) == 1:
                return piece[0]
            self.parse_whole()
        assert self._whole is not None
        return self._whole[index]

    def parse_whole(self) -> None:
        """Take the interactions from the whole from now on."""
        whole = self._read(self._text)
        interactions = whole.get("interactions") if isinstance(whole, Mapping) else None
        if not isinstance(interactions, list) or len(interactions) != len(self):
            raise CassetteLoadError('a quoted text in it has a line that starts with "- request:"; indent that line')
        self._whole = interactions


def split(text: str, read: Read) -> Pieces | None:
    """The pieces of a cassette's text; None when it is not in the usual shape. ``read`` parses YAML."""
    if not text.startswith(_OPENING + _FIRST) or any(mark in text for mark in _CONFLICT):
        return None
    starts = [len(_OPENING)]
    while (found := text.find(_NEXT, starts[-1])) >= 0:
        starts.append(found + 1)
    end = _REST.search(text, starts[-1])
    if end is None:
        return None
    try:
        rest = read(text[end.start() :])
    except CassetteLoadError:
        return None
    if not isinstance(rest, Mapping) or "interactions" in rest or "http_interactions" in rest:
        return None
    return Pieces(text, [*starts, end.start()], rest, read)
