"""What a body is, and how a person reads it: content codings taken off, text decoded, JSON, XML and forms laid out.

It knows bytes and header fields. It must not know a cassette, and it prints nothing.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl

from .._http import content_coding, multipart
from .._http.body import as_sent
from .._http.fields import media_type
from .._http.meaning import FORM, is_json
from ..request import Headers
from .images import dimensions

if TYPE_CHECKING:
    from xml.dom.minidom import Document

EMPTY, TEXT, BINARY, IMAGE = "empty", "text", "binary", "image"
JSON, XML, HTML, FORM_FIELDS, EVENTS, MULTIPART = "json", "xml", "html", "form", "events", "multipart"

_CHARSET = re.compile(r"""charset\s*=\s*["']?([^\s;"']+)""", re.IGNORECASE)
_META = re.compile(rb"""<meta[^>]{0,200}charset\s*=\s*["']?([\w-]+)""", re.IGNORECASE)
_UNPRINTABLE = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f]")  # (text in colour has the character ESC)
#: Beyond this many characters XML is shown as it is: to lay it out takes long.
_MAX_XML = 1_000_000
_HEXDUMP = 64  # bytes


class Body(NamedTuple):
    """A body that has been read.

    ``kind``: one of those above. ``content``: without content codings. ``text``: the content decoded; None when it is
    no text. ``size``: in bytes, as it stands in the cassette. ``codings``: what has been taken off; ``left``: what
    could not be.
    """

    kind: str
    media: str
    content: bytes
    text: str | None
    size: int
    codings: list[str]
    left: list[str]
    content_type: str = ""

    @property
    def description(self) -> str:
        """The type and the size, and of an image its measures."""
        words = [self.media or ("no type" if self.size else "no body")]
        measures = dimensions(self.content) if self.kind == IMAGE else None
        if measures is not None:
            words.append(f"{measures[0]} by {measures[1]} pixels")
        if self.size:
            words.append(f"{self.size:,} bytes")
        if self.codings:
            words.append(f"{', '.join(self.codings)} of {len(self.content):,} bytes")
        if self.left:
            words.append(f"not decoded: {', '.join(self.left)}")
        return ", ".join(words)


def read(headers: Headers, body: object) -> Body:
    """The body of a message with these header fields."""
    sent = as_sent(body)
    raw = sent.encode("utf-8") if isinstance(sent, str) else bytes(sent or b"")
    named = content_coding.of(headers)
    content, left = content_coding.decode(raw, named)
    media = media_type(headers)
    content_type = headers.get("Content-Type", "")
    text = None if left else _decoded(content, media, content_type)
    codings = named[len(left) :] if content != raw else []
    return Body(_kind(content, text, media), media, content, text, len(raw), codings, left, content_type)


def _decoded(content: bytes, media: str, content_type: str) -> str | None:
    if media.startswith(("image/", "audio/", "video/", "font/")) and not media.endswith("+xml"):
        return None
    found = _CHARSET.search(content_type)
    charset = found[1] if found else None
    if charset is None and "html" in media and (meta := _META.search(content[:2048])):
        charset = meta[1].decode("ascii")
    if charset is None and is_json(media):
        charset = json.detect_encoding(content)
    for name in (charset, "utf-8-sig", "latin-1" if media.startswith("text/") else None):
        try:
            text = codecs.decode(content, name or "ascii")
        except (LookupError, ValueError):
            continue
        return None if _UNPRINTABLE.search(text) else str(text)
    return None


def _kind(content: bytes, text: str | None, media: str) -> str:
    if not content:
        return EMPTY
    if media.startswith("image/") and text is None:
        return IMAGE
    if media.startswith("multipart/"):
        return MULTIPART
    if text is None:
        return BINARY
    if is_json(media) or (not media and text.lstrip()[:1] in ("{", "[") and _json(text) is not None):
        return JSON
    kinds = ((FORM, FORM_FIELDS), ("event-stream", EVENTS), ("html", HTML), ("xml", XML))
    return next((kind for name, kind in kinds if name in media), TEXT)


def language(body: Body) -> str:
    """The name of the language in which ``pretty`` is written, as pygments has it; empty for none."""
    return body.kind if body.kind in (JSON, XML, HTML) else ""


def pretty(body: Body, *, in_order: bool = True) -> str:
    """The body as a person reads it. With ``in_order=False`` the keys of JSON and the fields of a form are sorted."""
    if body.kind == EMPTY:
        return ""
    if body.kind == MULTIPART:
        return _multipart(body, in_order) or _hexdump(body.content)
    if body.text is None:
        return "" if body.kind == IMAGE else _hexdump(body.content)
    layout = _LAYOUTS.get(body.kind)
    laid_out = layout(body.text, in_order) if layout is not None else None
    return body.text if laid_out is None else laid_out


def _json(text: str, in_order: bool = True) -> str | None:
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False, sort_keys=not in_order)
    except (ValueError, RecursionError):
        return None


def _xml(text: str, _: bool) -> str | None:
    # A document type may define entities that grow without end.
    if "<!" in text.replace("<!--", "").replace("<![CDATA[", "") or len(text) > _MAX_XML:
        return None
    from xml.dom import minidom
    from xml.parsers.expat import ExpatError

    try:
        document = minidom.parseString(text.encode("utf-8", "surrogatepass"))
        _strip(document)
        laid_out: str = document.toprettyxml(indent="  ")
    except (ExpatError, ValueError, RecursionError):  # RecursionError: minidom nests its calls as the elements nest
        return None
    return laid_out.removeprefix('<?xml version="1.0" ?>\n') if not text.startswith("<?xml") else laid_out


def _strip(node: Document) -> None:
    """Take out the blanks between elements, which are made anew."""
    waiting: list[Any] = [node]  # nodes of all kinds
    while waiting:
        for child in list(waiting.pop().childNodes):
            if child.nodeType == child.TEXT_NODE and not child.data.strip():
                child.parentNode.removeChild(child)
            else:
                waiting.append(child)


def form(text: str) -> list[tuple[str, str]]:
    """The fields of an urlencoded form, name and value, in order."""
    return parse_qsl(text, keep_blank_values=True)


def _form(text: str, in_order: bool) -> str:
    fields = form(text)
    return "\n".join(f"{name} = {value}" for name, value in (fields if in_order else sorted(fields)))


class Event(NamedTuple):
    """One event of a stream. ``lines``: those that are no data, as they are."""

    lines: list[str]
    data: str


def events(text: str) -> list[Event]:
    """The events of a stream, in order."""
    found = []
    for event in re.split(r"\r?\n\r?\n|\r\r", text):
        lines = event.splitlines()
        data = "\n".join(one[5:].removeprefix(" ") for one in lines if one.startswith("data:"))
        if event.strip():
            found.append(Event([one for one in lines if not one.startswith("data:")], data))
    return found


def _events(text: str, in_order: bool) -> str:
    """Each event of a stream with its number; the JSON in its data laid out."""
    return "\n\n".join(
        "\n".join([f"[{number}]", *lines, *([_json(data, in_order) or data] if data else [])])
        for number, (lines, data) in enumerate(events(text), 1)
    )


def _multipart(body: Body, in_order: bool) -> str | None:
    parts = multipart.split(body.content, body.content_type)
    if parts is None:
        return body.text
    shown = []
    for number, part in enumerate(parts[1:-1], 1):
        head, _, content = part.partition(b"\r\n\r\n")
        lines = head.decode("utf-8", "replace").splitlines()
        fields = Headers((name, value.strip()) for name, _, value in (one.partition(":") for one in lines))
        inner = read(fields, content)
        shown.append("\n".join([f"[{number}]", *lines, "", pretty(inner, in_order=in_order) or inner.description]))
    return "\n\n".join(shown)


def _hexdump(content: bytes) -> str:
    rows = []
    for start in range(0, min(len(content), _HEXDUMP), 16):
        row = content[start : start + 16]
        shown = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
        rows.append(f"{start:08x}  {row.hex(' '):<47}  {shown}")
    return "\n".join(rows + (["…"] if len(content) > _HEXDUMP else []))


_LAYOUTS: dict[str, Callable[[str, bool], str | None]] = {
    JSON: _json,
    XML: _xml,
    FORM_FIELDS: _form,
    EVENTS: _events,
}
