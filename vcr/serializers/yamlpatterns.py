"""Reads one interaction of a YAML cassette by regular expressions, if it is written as this package and VCR.py write
interactions. It must not know where the interaction stands in the cassette, or what it means.

That takes a third of the parser's time, for an interaction of 30 lines. An interaction looks so::

    - request:
        body: ...              # a text in one or more lines, in quotes or not, a block, or base64
        headers: ...           # {} or names, each with a list of values
        method: GET
        uri: http://h/
      response:
        body:
          string: ...
        headers: ...
        status:
          code: 200
          message: OK
      recorded_at: '...'       # this key and some others may be missing

Why the result cannot be another than the parser's: the expressions match every line, from the first to the last, and
know every key. So no key is there twice, and there is no anchor, no alias, no comment, and no tag but ``!!binary``.
What can stand in a value is limited in the same way: a text with a character or an indentation that may mean something
else in YAML (``_checked``, ``_value``, ``_folded``) is left to the parser.
``tests/test_yamlpatterns.py`` compares a thousand such values with what the parser reads.
"""

from __future__ import annotations

import functools
import re
from typing import Any

from .yamltypes import binary, plain

# A value, without quotes or in single quotes, on one line or folded. %d: the indentation of its other lines.
_PLAIN = r"[A-Za-z0-9_/(+.][^\n]*(?:\n {%d}\S[^\n]*)*"
_QUOTED = r"'[^']*(?:''[^']*)*'"
_ITEM = rf"{_PLAIN % 8}|{_QUOTED}"
_FIELDS = rf" {{4}}headers:(?: \{{\}}\n|\n(?: {{6}}[A-Za-z0-9_-]+:\n(?: {{6}}- (?:{_ITEM})\n)+)+)"
# One value of a field; in front of the first one, the name. A text in quotes, with no quote in it, is a value as it is.
_FIELD = re.compile(rf"(?: {{6}}([A-Za-z0-9_-]+):\n)? {{6}}- (?:'([^'\n]+)'|({_ITEM}))\n")
#: The names of fields as the parser reads them, cached: all interactions have the same ones.
_name = functools.lru_cache(maxsize=1024)(plain)

_UNINDENTED = re.compile(r"\n(?:[^ \n]|\Z)")
_BREAKS = re.compile(r"\n+")


#: By margin: the end of a line before a line that is not blank, and that is indented by less than the margin.
_LESS_INDENTED = {margin: re.compile(rf"\n(?! {{{margin}}}|\n|\Z)") for margin in (4, 6, 8)}


class _Message:
    """A request or a response in an entry: the lines ``before`` its body, the body, and the lines ``after`` the body.
    The lines of a body that is a block are indented by ``margin`` blanks."""

    def __init__(self, before: str, margin: int, after: str) -> None:
        self._before = re.compile(before)
        self._margin = margin
        self._block = re.compile(rf"\|2?[-+]?\n|!!binary \|\n {{{margin}}}\S")
        self._after = re.compile(after)
        self._with_lines = re.compile(f"(?:{_PLAIN % margin}|{_QUOTED}){after}")

    def find(self, text: str, start: int, end: int) -> tuple[re.Match[str], re.Match[str]] | None:
        """The match of the lines before the body, and the match that ends with the lines after the body. None if the
        text between ``start`` and ``end`` is not exactly such a message."""
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
    return _LESS_INDENTED[margin].search(text, start, end) is None


#: A request, up to the first line of the response.
_SENT = _Message(
    r"- request:\n    body: ",
    6,
    rf"\n(?P<fields>{_FIELDS})"
    r" {4}method: (?P<method>[A-Z]+)\n {4}uri: (?P<uri>https?://[!$-&(-~]*[!$-&(-9;-~])\n  response:\n",
)
#: A response, up to the end of the entry.
_RECEIVED = _Message(
    r" {4}body:\n(?: {6}chunks: (?P<chunks>[0-9]+(?:[ *][0-9]+)+)\n)? {6}string: ",
    8,
    rf"\n(?P<fields>{_FIELDS})"
    r"(?: {4}http_version: '(?P<http_version>[0-9.]+)'\n)?"
    r"(?: {4}incomplete: (?P<incomplete>true)\n)?"
    r"(?: {4}no_reason: (?P<no_reason>true)\n)?"
    rf" {{4}}status:\n {{6}}code: (?P<code>[1-9][0-9][0-9])\n {{6}}message: (?P<message>{_ITEM})\n"
    r"(?:  recorded_at: '(?P<recorded_at>[0-9T:+.-]+)'\n)?\Z",
)


def read(text: str, start: int, end: int) -> object:
    """The interaction in ``text[start:end]``; None if it may be anything that the patterns do not know."""
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
                "status": {"code": int(answered["code"]), "message": _value(_checked(answered["message"]))},
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


def target(text: str, start: int, end: int) -> tuple[str, str] | None:
    """Method and URI of the request in the entry ``text[start:end]``, whose response is not read; None as for
    ``read``."""
    request = _SENT.find(text, start, end)
    if request is None:
        return None
    behind, last = request[1].end() - 1, text.rfind("\n", 0, end - 1)
    if not text.startswith("\n  recorded_at: ", last):
        last = end - 1
    # A line with less indentation may be a second key "request", and the parser would take that one.
    if not _is_indented(text, 4, behind, last):
        return None
    return request[1].group("method", "uri")  # type: ignore[return-value]


def _fields(lines: str) -> dict[object, list[object]]:
    fields: dict[object, list[object]] = {}
    for name, quoted, item in _FIELD.findall(_checked(lines)):
        if name:
            items = fields[_name(name)] = []
        items.append(quoted or _value(item))
    return fields


def _body(text: str, where: slice, margin: int) -> object:
    """A body, as the parser would read it. Raises ValueError if only the parser can read it."""
    if text.startswith("!", where.start):
        return binary(text, where.start + len("!!binary |"), where.stop)
    if text.startswith("|", where.start):
        header, _, lines = text[where].partition("\n")
        return _block(header, lines, margin)
    return _value(_checked(text[where]))


def _text(value: object) -> str | bytes:
    if not isinstance(value, (str, bytes)):
        raise ValueError("a body that looks like a number stays text: the parser keeps it as it is written")
    return value


def _value(text: str) -> object:
    """A value that is no block, ``_checked`` before, as the parser would read it. Raises ValueError if only the parser
    can read it."""
    if text[0] == "'":
        return _folded(text[1:-1]).replace("''", "'")
    if ": " in text or ":\n" in text or " #" in text or text[-1] in ": ":
        raise ValueError("the value may end before its line does: a comment or a key may follow")
    return plain(_folded(text))


def _checked(text: str) -> str:
    """``text`` itself. Raises ValueError for a character that is not printable: it may end a line in YAML 1.1, or be
    forbidden there."""
    if not text.replace("\n", "").isprintable():
        raise ValueError("the text may have other line ends")
    return text


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
    indented = [line[margin:] for line in _checked(lines).split("\n")]
    if "2" not in header and indented[0][:1] in ("", " "):
        raise ValueError("the first line does not show the indentation of the block")
    text = "\n".join(indented)
    if not text.strip("\n"):
        raise ValueError("the block has only blank lines")
    if header.endswith("+"):
        return text + "\n"
    text = text.rstrip("\n")
    return text if header.endswith("-") else text + "\n"
