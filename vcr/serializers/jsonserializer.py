"""Reads and writes JSON, with VCR.py's indentation. Bytes that are not UTF-8 are written as ``{"base64_string":
"..."}``, with the key of Betamax and Ruby VCR. It must not know what the data means.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import date
from json.encoder import encode_basestring
from typing import Any

from ..errors import CassetteLoadError

_KEY = "base64_string"


def encode(value: object) -> object:
    """What is written for a value that JSON does not have (``default=`` of ``json.dumps``). Raises TypeError for an
    object that is not plain data."""
    if isinstance(value, (bytes, bytearray)):
        return {_KEY: base64.b64encode(value).decode("ascii")}
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, date):  # YAML reads a date without quotes as a date
        return value.isoformat()
    if isinstance(value, (set, frozenset)):
        return list(value)
    raise TypeError(f"a cassette cannot hold a {type(value).__name__} in JSON: {value!r}")


def _decode(data: dict[str, Any]) -> object:
    if len(data) == 1 and isinstance(data.get(_KEY), str):
        return from_base64(data[_KEY])
    return data


def from_base64(text: str) -> bytes:
    """The bytes of a text in base64, which may be broken into lines, as by Ruby VCR. Raises ValueError."""
    return base64.b64decode("".join(text.split()), validate=True)


def serialize(cassette_dict: Mapping[str, object]) -> str:
    """The cassette as JSON."""
    return _laid_out(dict(cassette_dict), "\n") + "\n"


def _laid_out(value: Any, end: str) -> str:
    """The JSON of ``value``, as ``json.dumps(value, indent=4, ensure_ascii=False)`` writes it, but faster.

    ``end``: the line feed, and the blanks with which the next line begins.
    """
    kind = type(value)
    if kind is str:
        return encode_basestring(value)
    if kind is dict and {*map(type, value)} == {str}:
        inner = end + "    "
        items = [f"{encode_basestring(key)}: {_laid_out(item, inner)}" for key, item in value.items()]
        return f"{{{inner}{(',' + inner).join(items)}{end}}}"
    if kind is list and value:
        inner = end + "    "
        return f"[{inner}{(',' + inner).join([_laid_out(item, inner) for item in value])}{end}]"
    if kind is int:
        return repr(value)
    if value is None:
        return "null"
    return json.dumps(value, indent=4, ensure_ascii=False, default=encode).replace("\n", end)


def deserialize(cassette_string: str) -> object:
    """The plain data in a JSON cassette. Raises CassetteLoadError with the line for a text that is not JSON."""
    # Escapes (\u0062 ...) may write the key, too. To look for a single character first is faster.
    may_have_bytes = _KEY in cassette_string or ("\\" in cassette_string and "\\u" in cassette_string)
    try:
        return json.loads(cassette_string, object_hook=_decode if may_have_bytes else None)
    except json.JSONDecodeError as error:
        raise CassetteLoadError(f"not readable as JSON: {error.msg}", line=error.lineno) from error
    except (ValueError, RecursionError) as error:  # invalid base64, or a number with too many digits
        raise CassetteLoadError(f"not readable as JSON: {error}") from error
