"""Cuts a YAML cassette in the shape that this package and VCR.py write into its interactions, without parsing it.

So a large cassette opens in the time that it takes to find where each interaction begins. An interaction is read when
it is needed, by patterns where they know all that is in it. The result is always what parsing the whole text gives: a
cassette of another shape is not cut; a piece that the patterns do not know is parsed; and where a piece cannot be read
by itself (it has an alias for something elsewhere), the whole text is parsed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from ..errors import CassetteLoadError
from .yamlreader import binary, plain

Read = Callable[[str], object]

OPENING = "interactions:\n"
_FIRST = "- request:\n"
_NEXT = "\n- request:\n"
_REST = re.compile(r"\n[^\s#-]")  # a key of the whole: nothing but a comment or an interaction starts there too
_KEY = re.compile(r"[A-Za-z_]\w*:[ \n]")  # as it mostly looks: with an anchor before it, it would be another thing
_VERSION = "version: 1\n"  # mostly, there is no more to it
#: What makes the whole something else: a merge conflict, the end of a document. (To look for one character takes next
#: to no time.)
_MARKS = (("<", "\n<<<<<<< "), (">", "\n>>>>>>> "), ("...", "\n..."), ("---", "\n---"))

# A value: plain or in single quotes, on one line or folded. What %d says is how far in its other lines are.
_PLAIN = r"[A-Za-z0-9_/(+.][^\n]*(?:\n {%d}\S[^\n]*)*"
_QUOTED = r"'[^']*(?:''[^']*)*'"
_ITEM = rf"{_PLAIN % 8}|{_QUOTED}"
_FIELDS = rf" {{4}}headers:(?: \{{\}}\n|\n(?: {{6}}[A-Za-z0-9_-]+:\n(?: {{6}}- (?:{_ITEM})\n)+)+)"
_NAME_OR_ITEM = re.compile(rf" {{6}}(?:([A-Za-z0-9_-]+):|- ({_ITEM}))\n")

_NOT_PLAIN = re.compile(r":(?:\s|\Z)|\s#| \Z")
_UNINDENTED = re.compile(r"\n(?:[^ \n]|\Z)")
_BREAKS = re.compile(r"\n+")


class _Part:
    """A request or a response in a piece: ``before`` its body, the body, and the lines ``after`` it. If the body is a
    block, its lines are ``margin`` blanks in."""

    def __init__(self, before: str, margin: int, after: str) -> None:
        self._before = re.compile(before)
        self._margin = margin
        self._block = re.compile(rf"\|2?[-+]?\n|!!binary \|\n {{{margin}}}\S")
        self._after = re.compile(after)
        self._with_lines = re.compile(f"(?:{_PLAIN % margin}|{_QUOTED}){after}")

    def find(self, text: str, start: int, end: int) -> tuple[re.Match[str], re.Match[str]] | None:
        """The lines before the body, and what ends in the lines after it; None when there is anything to doubt."""
        before = self._before.match(text, start, end)
        if before is None:
            return None
        body = before.end()
        after = self._with_lines.match(text, body, end)
        if after is None and self._block.match(text, body, end):
            stop = self._end_of_block(text, body, end)
            after = None if stop < 0 else self._after.match(text, stop, end)
        return None if after is None else (before, after)

    def _end_of_block(self, text: str, start: int, end: int) -> int:
        found = text.find("\n    headers:", start, end)
        return found if found >= 0 and _is_indented(text, self._margin, start, found) else -1


def _is_indented(text: str, margin: int, start: int, end: int) -> bool:
    """Whether every line that begins there is ``margin`` blanks in, but for blank ones."""
    # Most texts have no blank lines, and counting is fast.
    if text.count("\n", start, end) == text.count("\n" + " " * margin, start, end):
        return True
    return re.compile(rf"\n(?! {{{margin}}}|\n|\Z)").search(text, start, end) is None


#: A request of which there is nothing to doubt, up to its response: each line is known for what it is.
_SENT = _Part(
    r"- request:\n    body: ",
    6,
    rf"\n(?P<fields>{_FIELDS})"
    r" {4}method: (?P<method>[A-Z]+)\n {4}uri: (?P<uri>https?://[!$-&(-~]*[!$-&(-9;-~])\n  response:\n",
)
#: A response of that kind.
_RECEIVED = _Part(
    r" {4}body:\n(?: {6}chunks: (?P<chunks>[0-9]+(?:[ *][0-9]+)+)\n)? {6}string: ",
    8,
    rf"\n(?P<fields>{_FIELDS})"
    r"(?: {4}http_version: '(?P<http_version>[0-9.]+)'\n)?"
    r"(?: {4}incomplete: (?P<incomplete>true)\n)?"
    r"(?: {4}no_reason: (?P<no_reason>true)\n)?"
    rf" {{4}}status:\n {{6}}code: (?P<code>[1-9][0-9][0-9])\n {{6}}message: (?P<message>{_ITEM})\n"
    r"(?:  recorded_at: '(?P<recorded_at>[0-9T:+.-]+)'\n)?\Z",
)


def read_by_patterns(text: str, start: int, end: int) -> object:
    """The interaction there, if there is nothing in it but what these patterns know, else None."""
    request = _SENT.find(text, start, end)
    response = None if request is None else _RECEIVED.find(text, request[1].end(), end)
    if request is None or response is None:
        return None
    (sent, asked), (received, answered) = request, response
    try:
        interaction: dict[str, Any] = {
            "request": {
                "body": _body(text, slice(sent.end(), asked.start("fields") - 1), 6),
                "headers": _fields(asked["fields"]),
                "method": plain(asked["method"]),
                "uri": asked["uri"],
            },
            "response": {
                "body": {"string": _text(_body(text, slice(received.end(), answered.start("fields") - 1), 8))},
                "headers": _fields(answered["fields"]),
                "status": {"code": int(answered["code"]), "message": _value(answered["message"])},
            },
        }
        if received["chunks"]:
            interaction["response"]["body"]["chunks"] = received["chunks"]
        if answered["http_version"]:
            interaction["response"]["http_version"] = answered["http_version"]
        interaction["response"].update((key, True) for key in ("incomplete", "no_reason") if answered[key])
        if answered["recorded_at"]:
            interaction["recorded_at"] = answered["recorded_at"]
    except ValueError:
        return None
    return interaction


def _fields(lines: str) -> dict[object, list[object]]:
    fields: dict[object, list[object]] = {}
    for name, item in _NAME_OR_ITEM.findall(lines):
        if name:
            items = fields[plain(name)] = []
        else:
            items.append(_value(item))
    return fields


def _body(text: str, where: slice, margin: int) -> object:
    """A body, as the parser would read it; ValueError where only the parser can tell."""
    if text.startswith("!", where.start):
        return binary(text, where.start + len("!!binary |"), where.stop)
    if text.startswith("|", where.start):
        header, _, lines = text[where].partition("\n")
        return _block(header, lines, margin)
    return _value(text[where])


def _text(value: object) -> str | bytes:
    if not isinstance(value, (str, bytes)):
        raise ValueError("the text of a body is no number; the parser keeps it as it is spelt")
    return value


def _value(text: str) -> object:
    """The same of a value that is no block."""
    _check_characters(text)
    if text[0] == "'":
        return _folded(text[1:-1]).replace("''", "'")
    if _NOT_PLAIN.search(text):
        raise ValueError("it may end before its line does")
    return plain(_folded(text))


def _check_characters(text: str) -> None:
    # What cannot be printed may be a line's end in YAML 1.1, or nothing that may stand there.
    if not text.replace("\n", "").isprintable():
        raise ValueError("it may have other line ends")


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
    _check_characters(lines)
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

    def __init__(self, text: str, starts: list[int], rest: Mapping[str, object], read: Read) -> None:
        self._text = text
        self._starts = starts  # and the end of the last
        self._read = read
        self._whole: list[object] | None = None
        self.rest = rest

    def __len__(self) -> int:
        return len(self._starts) - 1

    def target(self, index: int) -> tuple[str, str] | None:
        """Method and URI of a request; None where only parsing can tell."""
        end = self._starts[index + 1]
        request = _SENT.find(self._text, self._starts[index], end)
        if request is None:
            return None
        start, last = request[1].end() - 1, self._text.rfind("\n", 0, end - 1)
        if not self._text.startswith("\n  recorded_at: ", last):
            last = end - 1
        # A line that is less far in may be another key "request", which would be the one that counts.
        if not _is_indented(self._text, 4, start, last):
            return None
        return request[1].group("method", "uri")  # type: ignore[return-value]

    def parse(self, index: int) -> object:
        """An interaction. Raises CassetteLoadError with the line."""
        if self._whole is None:
            start, end = self._starts[index : index + 2]
            usual = read_by_patterns(self._text, start, end)
            if usual is not None:
                return usual
            try:
                piece = self._read(self._text[start:end])
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


def usual_end(text: str) -> str | None:
    """What stands behind the interactions in a cassette that is as it is written here, with nothing else beside them;
    None where a cassette is anything else."""
    if not _may_be_cut(text) or not text.endswith("\n" + _VERSION):
        return None
    end = _REST.search(text, max(text.rfind(_NEXT), len(OPENING)))
    return _VERSION if end is not None and end.start() + 1 + len(_VERSION) == len(text) else None


def _may_be_cut(text: str) -> bool:
    return text.startswith(OPENING + _FIRST) and not any(sign in text and mark in text for sign, mark in _MARKS)


def split(text: str, read: Read) -> Pieces | None:
    """The pieces of a cassette's text; None when it is not in the usual shape. ``read`` parses YAML."""
    if not _may_be_cut(text):
        return None
    starts = [len(OPENING)]
    while (found := text.find(_NEXT, starts[-1])) >= 0:
        starts.append(found + 1)
    end = _REST.search(text, starts[-1])
    if end is None:
        return None
    others = text[end.start() + 1 :]
    if not _KEY.match(others):
        return None
    try:
        rest = {"version": 1} if others == _VERSION else read(others)
    except CassetteLoadError:
        return None
    if not isinstance(rest, Mapping) or "interactions" in rest or "http_interactions" in rest:
        return None
    return Pieces(text, [*starts, end.start() + 1], rest, read)
