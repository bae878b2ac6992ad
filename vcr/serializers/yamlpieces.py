"""Room: a YAML cassette in the shape that we and VCR.py write, cut into its interactions without being parsed.

Opening a large cassette takes as long as finding where each interaction begins. One is read when it is needed: by
patterns, where they know all that is in it. What comes out is what parsing the whole gives, always: a cassette of
another shape is not cut, a piece with anything else in it is parsed, and where a piece turns out not to stand by itself
(it has an alias for something elsewhere), the whole is parsed after all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from ..errors import CassetteLoadError
from .yamlreader import binary, plain

Read = Callable[[str], Any]

_OPENING = "interactions:\n"
_FIRST = "- request:\n"
_NEXT = "\n- request:\n"
_REST = re.compile(r"^[A-Za-z]", re.MULTILINE)  # a key of the whole: nothing else starts in the first column
_CONFLICT = ("\n<<<<<<< ", "\n>>>>>>> ")

# A value: plain or in single quotes, on one line or folded; or a block. What %d says is how far in its other lines are.
_PLAIN = r"[A-Za-z0-9_/(+.][^\n]*(?:\n {%d}\S[^\n]*)*"
_QUOTED = r"'[^']*(?:''[^']*)*'"
_BLOCK = r"(?:\|2?[-+]?|!!binary \|)(?:\n(?: {%d}[^\n]*)?)*"
_ITEM = rf"{_PLAIN % 8}|{_QUOTED}"
_FIELDS = rf" {{4}}headers:(?: \{{\}}\n|\n(?: {{6}}[A-Za-z0-9_-]+:\n(?: {{6}}- (?:{_ITEM})\n)+)+)"
_REQUEST_LINES = (
    rf"- request:\n {{4}}body: (?P<sent>{_PLAIN % 6}|{_QUOTED}|{_BLOCK % 6})\n(?P<asked>{_FIELDS})"
    r" {4}method: (?P<method>[A-Z]+)\n {4}uri: (?P<uri>https?://[^\s'\"#]*[^\s'\"#:])\n"
)
_RESPONSE_LINES = (
    rf"  response:\n {{4}}body:\n {{6}}string: (?P<received>{_PLAIN % 8}|{_QUOTED}|{_BLOCK % 8})\n(?P<told>{_FIELDS})"
    rf" {{4}}status:\n {{6}}code: (?P<code>[1-9][0-9][0-9])\n {{6}}message: (?P<message>{_PLAIN % 8}|{_QUOTED})\n"
)
#: A request of which there is nothing to doubt, up to its response: each line is known for what it is.
_REQUEST = re.compile(_REQUEST_LINES + "  response:\n")
#: A whole interaction of that kind.
_INTERACTION = re.compile(_REQUEST_LINES + _RESPONSE_LINES)
_NAME_OR_ITEM = re.compile(rf" {{6}}(?:([A-Za-z0-9_-]+):|- ({_ITEM}))\n")

_NOT_PLAIN = re.compile(r":(?:\s|\Z)|\s#| \Z")
_BREAKS = re.compile(r"\n+")
_UNINDENTED = re.compile(r"\n(?:[^ \n]|\Z)")


def read_by_patterns(text: str) -> Any:
    """The interaction in ``text`` if there is nothing in it but what these patterns know, else None."""
    lines = _INTERACTION.fullmatch(text)
    # What cannot be printed may be a line's end in YAML 1.1, or nothing that may stand there.
    if lines is None or not text.replace("\n", "").isprintable():
        return None
    try:
        return {
            "request": {
                "body": _value(lines["sent"], 6),
                "headers": _fields(lines["asked"]),
                "method": plain(lines["method"]),
                "uri": lines["uri"],
            },
            "response": {
                "body": {"string": _value(lines["received"], 8)},
                "headers": _fields(lines["told"]),
                "status": {"code": int(lines["code"]), "message": _value(lines["message"], 8)},
            },
        }
    except ValueError:
        return None


def _fields(lines: str) -> dict[Any, list[Any]]:
    fields: dict[Any, list[Any]] = {}
    for name, item in _NAME_OR_ITEM.findall(lines):
        if name:
            items = fields[plain(name)] = []
        else:
            items.append(_value(item, 8))
    return fields


def _value(text: str, margin: int) -> Any:
    """A value, as the parser would read it; ValueError where only the parser can tell."""
    if text[0] == "'":
        return _folded(text[1:-1]).replace("''", "'")
    if text[0] == "|":
        return _block(*text.partition("\n")[::2], margin)
    if text[0] == "!":
        return binary(text.partition("\n")[2])
    if _NOT_PLAIN.search(text):
        raise ValueError("it may end before its line does")
    return plain(_folded(text))


def _folded(text: str) -> str:
    """Several lines as one (YAML 1.1, 7.3.3)."""
    if "\n" not in text:
        return text
    if _UNINDENTED.search(text):
        raise ValueError("it may be the end of the document")
    first, *between, last = text.split("\n")
    text = "\n".join([first.rstrip(" "), *[line.strip(" ") for line in between], last.lstrip(" ")])
    if "\n\n" in text:
        return _BREAKS.sub(lambda breaks: breaks[0][1:] or " ", text)
    return text.replace("\n", " ")


def _block(header: str, lines: str, margin: int) -> str:
    indented = [line[margin:] for line in lines.split("\n")]
    if "2" not in header and indented[0][:1] in ("", " "):
        raise ValueError("how far in it is, another line tells")
    text = "\n".join(indented)
    if not text.strip("\n"):
        raise ValueError("there is nothing in it")
    if header.endswith("+"):
        return text + "\n"
    text = text.rstrip("\n")
    return text if header.endswith("-") else text + "\n"


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
            text = self._text[self._starts[index] : self._starts[index + 1]]
            usual = read_by_patterns(text)
            if usual is not None:
                return usual
            try:
                piece = self._read(text)
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
