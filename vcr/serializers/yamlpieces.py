"""Cuts the text of a YAML cassette into its interactions without parsing it, if the text has the shape in which this
package and VCR.py write. It must not know what an interaction means.

So a large cassette opens in the time that it takes to find where each interaction begins. The text of an interaction,
a **piece**, is read when the interaction is needed: by regular expressions if they match all of the piece. The result
is always the same as if the whole text were parsed. A text of another shape is not cut. A piece that the expressions do
not match is parsed. If a piece cannot be parsed alone (it has an alias for something in another piece), the whole text
is parsed.
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
_REST = re.compile(r"\n[^\s#-]")  # the first key behind the interactions: all other lines start with a blank, # or -
_KEY = re.compile(r"[A-Za-z_]\w*:[ \n]")  # a key without anchor, tag or quotes
_VERSION = "version: 1\n"  # all that stands behind the interactions in most cassettes
#: Texts that forbid cutting: a merge conflict, the end of a document. The first of each pair is faster to look for.
_MARKS = (("<", "\n<<<<<<< "), (">", "\n>>>>>>> "), ("...", "\n..."), ("---", "\n---"))

# A value, without quotes or in single quotes, on one line or folded. %d: the indentation of its other lines.
_PLAIN = r"[A-Za-z0-9_/(+.][^\n]*(?:\n {%d}\S[^\n]*)*"
_QUOTED = r"'[^']*(?:''[^']*)*'"
_ITEM = rf"{_PLAIN % 8}|{_QUOTED}"
_FIELDS = rf" {{4}}headers:(?: \{{\}}\n|\n(?: {{6}}[A-Za-z0-9_-]+:\n(?: {{6}}- (?:{_ITEM})\n)+)+)"
_NAME_OR_ITEM = re.compile(rf" {{6}}(?:([A-Za-z0-9_-]+):|- ({_ITEM}))\n")

_NOT_PLAIN = re.compile(r":(?:\s|\Z)|\s#| \Z")
_UNINDENTED = re.compile(r"\n(?:[^ \n]|\Z)")
_BREAKS = re.compile(r"\n+")


class _Part:
    """A request or a response in a piece: the lines ``before`` its body, the body, and the lines ``after`` the body.
    The lines of a body that is a block are indented by ``margin`` blanks."""

    def __init__(self, before: str, margin: int, after: str) -> None:
        self._before = re.compile(before)
        self._margin = margin
        self._block = re.compile(rf"\|2?[-+]?\n|!!binary \|\n {{{margin}}}\S")
        self._after = re.compile(after)
        self._with_lines = re.compile(f"(?:{_PLAIN % margin}|{_QUOTED}){after}")

    def find(self, text: str, start: int, end: int) -> tuple[re.Match[str], re.Match[str]] | None:
        """The match of the lines before the body, and the match that ends with the lines after the body. None if the
        text between ``start`` and ``end`` is not exactly such a part."""
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
    """Whether all lines that begin between ``start`` and ``end`` are blank or indented by ``margin`` blanks."""
    # Counting is fast, and enough for a text without blank lines.
    if text.count("\n", start, end) == text.count("\n" + " " * margin, start, end):
        return True
    return re.compile(rf"\n(?! {{{margin}}}|\n|\Z)").search(text, start, end) is None


#: A request that the expressions can read: they match each of its lines, up to the first line of the response.
_SENT = _Part(
    r"- request:\n    body: ",
    6,
    rf"\n(?P<fields>{_FIELDS})"
    r" {4}method: (?P<method>[A-Z]+)\n {4}uri: (?P<uri>https?://[!$-&(-~]*[!$-&(-9;-~])\n  response:\n",
)
#: A response that the expressions can read.
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
    """The interaction in ``text[start:end]``; None if the expressions do not match all of it."""
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
    """A body, as the parser would read it. Raises ValueError if only the parser can read it."""
    if text.startswith("!", where.start):
        return binary(text, where.start + len("!!binary |"), where.stop)
    if text.startswith("|", where.start):
        header, _, lines = text[where].partition("\n")
        return _block(header, lines, margin)
    return _value(text[where])


def _text(value: object) -> str | bytes:
    if not isinstance(value, (str, bytes)):
        raise ValueError("a body that looks like a number stays text: the parser keeps it as it is written")
    return value


def _value(text: str) -> object:
    """A value that is no block, as the parser would read it. Raises ValueError if only the parser can read it."""
    _check_characters(text)
    if text[0] == "'":
        return _folded(text[1:-1]).replace("''", "'")
    if _NOT_PLAIN.search(text):
        raise ValueError("the value may end before its line does: a comment or a key may follow")
    return plain(_folded(text))


def _check_characters(text: str) -> None:
    # A character that is not printable may end a line in YAML 1.1, or may be forbidden.
    if not text.replace("\n", "").isprintable():
        raise ValueError("the text may have other line ends")


def _folded(text: str) -> str:
    """The lines of a folded value joined (YAML 1.2 §6.5). Raises ValueError if only the parser can join them."""
    if "\n" not in text:
        return text
    if _UNINDENTED.search(text):
        raise ValueError("a line without indentation may end the document")
    first, *between, last = text.split("\n")
    text = "\n".join([first.rstrip(" "), *[line.strip(" ") for line in between], last.lstrip(" ")])
    if "\n\n" in text:
        return _BREAKS.sub(lambda breaks: breaks[0][1:] or " ", text)
    return text.replace("\n", " ")


def _block(header: str, lines: str, margin: int) -> str:
    """The text of a block. ``header``: its first line (``|``, ``|2-``, ``|+`` …). Raises ValueError if only the parser
    can read it."""
    _check_characters(lines)
    indented = [line[margin:] for line in lines.split("\n")]
    if "2" not in header and indented[0][:1] in ("", " "):
        raise ValueError("the first line does not show the indentation of the block")
    text = "\n".join(indented)
    if not text.strip("\n"):
        raise ValueError("the block has only blank lines")
    if header.endswith("+"):
        return text + "\n"
    text = text.rstrip("\n")
    return text if header.endswith("-") else text + "\n"


class Pieces:
    """The interactions of a cassette as pieces of its text. ``rest``: the other keys at the top of the cassette."""

    def __init__(self, text: str, starts: list[int], rest: Mapping[str, object], read: Read) -> None:
        self._text = text
        self._starts = starts  # where each piece starts; and at last, where the last one ends
        self._read = read
        self._whole: list[object] | None = None
        self.rest = rest

    def __len__(self) -> int:
        return len(self._starts) - 1

    def target(self, index: int) -> tuple[str, str] | None:
        """Method and URI of the request in piece ``index``; None if only the parser can read them."""
        end = self._starts[index + 1]
        request = _SENT.find(self._text, self._starts[index], end)
        if request is None:
            return None
        start, last = request[1].end() - 1, self._text.rfind("\n", 0, end - 1)
        if not self._text.startswith("\n  recorded_at: ", last):
            last = end - 1
        # A line with less indentation may be a second key "request", and the parser would take that one.
        if not _is_indented(self._text, 4, start, last):
            return None
        return request[1].group("method", "uri")  # type: ignore[return-value]

    def parse(self, index: int) -> object:
        """The data of interaction ``index``, from 0. Raises CassetteLoadError with the line."""
        if self._whole is None:
            start, end = self._starts[index : index + 2]
            found = read_by_patterns(self._text, start, end)
            if found is not None:
                return found
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
        """Parse the whole text, and take all interactions from that from now on. Raises CassetteLoadError."""
        whole = self._read(self._text)
        interactions = whole.get("interactions") if isinstance(whole, Mapping) else None
        if not isinstance(interactions, list) or len(interactions) != len(self):
            raise CassetteLoadError('a quoted text in it has a line that starts with "- request:"; indent that line')
        self._whole = interactions


def usual_end(text: str) -> str | None:
    """The text behind the interactions, if ``text`` can be cut and has only the version there; None otherwise."""
    if not _may_be_cut(text) or not text.endswith("\n" + _VERSION):
        return None
    end = _REST.search(text, max(text.rfind(_NEXT), len(OPENING)))
    return _VERSION if end is not None and end.start() + 1 + len(_VERSION) == len(text) else None


def _may_be_cut(text: str) -> bool:
    return text.startswith(OPENING + _FIRST) and not any(sign in text and mark in text for sign, mark in _MARKS)


def split(text: str, read: Read) -> Pieces | None:
    """The pieces of the text of a cassette; None if the text has another shape. ``read``: parses YAML."""
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
