"""How texts escape characters: in percent encoding, in forms, in JSON, in HTML. It must not know a text: it escapes one
character at a time, and undoes one escape at a time.

Programs write the same escape in different styles: ``/`` is ``%2F`` or ``%2f``, ``é`` is ``\\u00e9`` or ``\\u00E9``.
Each style has a letter, so that a spelling can name it (``vcr/_http/spellings.py``).
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from html.entities import codepoint2name
from typing import NamedTuple
from urllib.parse import quote_from_bytes

from .text import as_bytes, as_text

#: A character in UTF-8, or a byte that is not UTF-8.
CHAR = re.compile(rb"[\xc0-\xff][\x80-\xbf]+|.", re.DOTALL)


class Escape(NamedTuple):
    """One kind of escape.

    ``pattern`` finds an escaped character in a text, and ``decode`` undoes it. ``styles``: by letter, the functions
    that escape a character, whatever character it is. ``usual`` escapes a character only if most programs do.
    ``of_bytes``: whether the functions take one byte, not one character in UTF-8. A function raises
    UnicodeDecodeError for what is not UTF-8.
    """

    pattern: re.Pattern[bytes]
    decode: Callable[[bytes], bytes]
    styles: dict[str, Callable[[bytes], bytes]]
    usual: Callable[[bytes], bytes]
    of_bytes: bool = False


def is_escape(data: bytes, at: int) -> bool:
    """Whether an escaped character begins at ``data[at]``."""
    return any(escape.pattern.match(data, at) for escape in ESCAPES.values())


_HEX = rb"[0-9A-Fa-f]"


def _code(char: bytes) -> int:
    return ord(char.decode("utf-8", "surrogatepass"))


# -- percent encoding --------------------------------------------------------------------------------------------------


def _decode_percent(escaped: bytes) -> bytes:
    return b" " if escaped == b"+" else bytes.fromhex(escaped[1:].decode("ascii"))


def _usual_percent(char: bytes) -> bytes:
    return quote_from_bytes(char, safe="").encode("ascii")


_PERCENT_STYLES: dict[str, Callable[[bytes], bytes]] = {
    "b": lambda char: b"%%%02X" % char[0],
    "c": lambda char: b"%%%02x" % char[0],
    "d": lambda char: b"%%%X%x" % divmod(char[0], 16),
    "e": lambda char: b"%%%x%X" % divmod(char[0], 16),
}
_PERCENT = Escape(re.compile(rb"%" + _HEX + rb"{2}"), _decode_percent, _PERCENT_STYLES, _usual_percent, of_bytes=True)
_FORM = _PERCENT._replace(
    pattern=re.compile(rb"%" + _HEX + rb"{2}|\+"), styles={"f": lambda _: b"+", **_PERCENT_STYLES}
)


# -- JSON --------------------------------------------------------------------------------------------------------------

_SHORT = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t"}
_LETTER_OF = {plain: letter for letter, plain in _SHORT.items()}


def _decode_json(escaped: bytes) -> bytes:
    kind = escaped[1:2]
    if kind not in b"ux":
        return _SHORT.get(kind, kind)
    units = [int(digits, 16) for digits in escaped.replace(b"\\x", b"\\u").split(b"\\u")[1:]]
    if len(units) == 2:
        units = [0x10000 + ((units[0] - 0xD800) << 10) + (units[1] - 0xDC00)]
    return chr(units[0]).encode("utf-8", "surrogatepass")


def _usual_json(char: bytes) -> bytes:
    return as_bytes(json.dumps(as_text(char), ensure_ascii=False)[1:-1])


def _units(char: bytes) -> list[int]:
    """The units of a character in UTF-16."""
    code = _code(char)
    return [code] if code < 0x10000 else [0xD800 + ((code - 0x10000) >> 10), 0xDC00 + ((code - 0x10000) & 0x3FF)]


_JSON = Escape(
    re.compile(
        rb"\\u[Dd][89ABab]" + _HEX + rb"{2}\\u[Dd][C-Fc-f]" + _HEX + rb"{2}"
        rb"|\\u" + _HEX + rb"{4}|\\x" + _HEX + rb'{2}|\\[bfnrt"\'/\\]'
    ),
    _decode_json,
    {
        "b": lambda char: b"".join(b"\\u%04x" % unit for unit in _units(char)),
        "c": lambda char: b"".join(b"\\u%04X" % unit for unit in _units(char)),
        "d": lambda char: b"\\" + _LETTER_OF.get(char, char),
        "e": lambda char: b"".join(b"\\x%02x" % unit for unit in _units(char)),
        "f": lambda char: b"".join(b"\\x%02X" % unit for unit in _units(char)),
    },
    _usual_json,
)


# -- HTML --------------------------------------------------------------------------------------------------------------


def _decode_html(escaped: bytes) -> bytes:
    return html.unescape(escaped.decode("ascii")).encode("utf-8", "surrogatepass")


def _usual_html(char: bytes) -> bytes:
    return as_bytes(html.escape(as_text(char)))


def _entity(char: bytes) -> bytes:
    code = _code(char)
    return f"&{'apos' if code == 0x27 else codepoint2name.get(code, '')};".encode("ascii")


_HTML = Escape(
    re.compile(rb"&(?:#[0-9]{1,7}|#[xX]" + _HEX + rb"{1,6}|[A-Za-z][A-Za-z0-9]{1,31});"),
    _decode_html,
    {
        "b": _entity,
        "c": lambda char: b"&#%d;" % _code(char),
        "d": lambda char: b"&#x%x;" % _code(char),
        "e": lambda char: b"&#x%X;" % _code(char),
        "f": lambda char: b"&#%03d;" % _code(char),
        "g": lambda char: b"&#x%02x;" % _code(char),
        "h": lambda char: b"&#x%02X;" % _code(char),
    },
    _usual_html,
)

#: Each escape by the letter that names it in a spelling, in the order in which escapes are undone: first those around a
#: whole text, as JSON and HTML have. A "%26" or a "+" that is undone before would end a value in such a text.
ESCAPES = {"j": _JSON, "h": _HTML, "p": _PERCENT, "f": _FORM}
