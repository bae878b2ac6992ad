"""Reads and writes the format of Ruby VCR, which is YAML or JSON. It must not know files.

It reads the cassettes of VCR 1.x (a list of structs), 2.x and later, also with parts left out by hand. A header value
is text in UTF-8 or bytes in Ruby, and text in latin-1 in this package: it is converted.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from .._http.text import as_bytes, as_text
from .._http.uri import without_default_port
from ..serializers import JSON, YAML, Data, Plain, Text
from . import http_interactions as shared

_RECORDED_WITH = "VCR 6.4.0"

#: The names of encodings that Ruby knows. Ruby VCR cannot read a body with any other.
_ENCODING = re.compile(
    r"UTF-8|UTF-(?:16|32)[BL]E|US-ASCII|ASCII-8BIT|BINARY|ISO-8859-\d\d?|Windows-(?:125\d|31J|874)|Shift_JIS|"
    r"EUC-(?:JP|KR|TW)|Big5|GB18030|GBK|GB2312|KOI8-[RU]|ISO-2022-JP",
    re.IGNORECASE,
)


def claims(data: object) -> bool:
    """Whether ``data`` is a cassette of Ruby VCR. VCR 1.x wrote a list, with symbols (``:get``) for methods."""
    if isinstance(data, Mapping):
        return "http_interactions" in data and shared.has_ruby_methods(data)
    return any(method.startswith(":") for method in shared.methods(data))


def read(data: Data | list[object]) -> Plain:
    """Version 1's plain data from the data in a cassette of Ruby VCR. Raises CassetteLoadError."""
    return shared.read_all({"http_interactions": data} if isinstance(data, list) else data, _read)


def write(plain: Mapping[str, object]) -> Plain:
    """The data of a cassette of Ruby VCR from version 1's plain data. Bodies that are given as bytes are written in
    base64, header values that are not UTF-8 as bytes."""
    return shared.write_all(plain, _interaction, _RECORDED_WITH)


def _read(interaction: object) -> object:
    read = shared.read_interaction(interaction, _to_latin1)
    request = read.get("request") if isinstance(read, dict) else None
    if isinstance(request, dict):
        method, uri = request["method"], request["uri"]
        if isinstance(method, str):
            request["method"] = method.removeprefix(":").upper()
        if isinstance(uri, str):
            request["uri"] = without_default_port(uri)  # VCR 1.x wrote the default port
    return read


def _to_latin1(value: object) -> object:
    if isinstance(value, str):
        value = as_bytes(value)
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _from_latin1(value: Any) -> object:
    """The bytes of a text in latin-1: as text if they are UTF-8, else as bytes. Any other value as it is."""
    try:
        content = value.encode("latin-1")
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content
    except (AttributeError, UnicodeEncodeError):
        return value


def _interaction(request: Plain, response: Plain) -> Plain:
    sent = shared.sent(request.get("body"))
    received, encoding = shared.received(response)
    kept = encoding if isinstance(encoding, str) and _ENCODING.fullmatch(encoding) else _encoding(received)
    status = response["status"]
    return {
        "request": {
            "method": request["method"].lower(),
            "uri": request["uri"],
            "body": shared.write_body(sent, _encoding(sent)),
            "headers": shared.write_headers(request.get("headers"), _from_latin1),
        },
        "response": {
            "status": {"code": status.get("code"), "message": _from_latin1(status.get("message"))},
            "headers": shared.write_headers(response.get("headers"), _from_latin1),
            "body": shared.write_body(received, kept),
            **shared.others(response),
        },
        "recorded_at": _http_date(shared.recorded_at(response)),
    }


_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _http_date(when: datetime) -> str:
    """A date in UTC as an HTTP date (RFC 9110 §5.6.7). It imports nothing, as ``email.utils`` and ``strftime`` do: a
    cassette may be saved while the interpreter exits."""
    day = f"{_DAYS[when.weekday()]}, {when.day:02} {_MONTHS[when.month - 1]} {when.year:04}"
    return f"{day} {when.hour:02}:{when.minute:02}:{when.second:02} GMT"


def _encoding(body: object) -> str:
    return "ASCII-8BIT" if isinstance(_from_latin1(_to_latin1(body)), bytes) else "UTF-8"


# -- texts -------------------------------------------------------------------------------------------------------------

#: Text that needs no quotes: Ruby's YAML parser reads it as text, not as a number (``1,000``), a symbol (``:get``) or a
#: date.
_PLAIN = re.compile(r"(?!(?:true|false|yes|no|on|off|null|y|n)$)[a-z/].*", re.IGNORECASE | re.DOTALL)


# What writes YAML is a part of the serializer ``YAML``, and is not imported here: that would import PyYAML in every
# program, and where it is used first, a cassette may be saved while the interpreter exits and imports nothing.
def _stands_unquoted(text: str) -> bool:
    """Whether ``text`` without quotes is read as text, both by Ruby's YAML parser and by PyYAML."""
    return _PLAIN.fullmatch(text) is not None and bool(YAML.PlainDumper.stands_unquoted(text))


@functools.cache
def _dumper() -> type:
    """The class that writes strings and bytes in YAML as Ruby does."""
    parts = {"binary": "!binary", "stands_unquoted": staticmethod(_stands_unquoted)}
    return type("RubyDumper", (YAML.PlainDumper,), parts)


def _as_yaml(plain: Mapping[str, object]) -> str:
    text: str = YAML.dump(write(plain), _dumper(), sort=False)
    return "---\n" + text


def _as_json(plain: Mapping[str, object]) -> str:
    return json.dumps(write(plain), indent=2, default=_as_text) + "\n"


def _as_text(value: object) -> str:
    """Bytes as text, because JSON has no bytes: a surrogate stands for each byte that is not UTF-8."""
    if isinstance(value, (bytes, bytearray)):
        return as_text(value)
    raise TypeError(f"a cassette cannot hold a {type(value).__name__} in JSON: {value!r}")


TEXTS = {"ruby": Text("ruby", YAML, _as_yaml), "rubyjson": Text("rubyjson", JSON, _as_json)}
