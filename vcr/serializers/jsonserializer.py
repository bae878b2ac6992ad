"""Room: plain data <-> JSON, laid out as VCR.py does. Bytes that are not text stand as ``{"base64_string": "..."}``,
as Betamax and Ruby VCR name it."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from ..errors import CassetteLoadError

_KEY = "base64_string"


def encode(value: Any) -> Any:
    """What stands for a value that JSON has no form for (``default=`` of ``json.dumps``)."""
    if isinstance(value, (bytes, bytearray)):
        return {_KEY: base64.b64encode(value).decode("ascii")}
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"a cassette cannot hold a {type(value).__name__} in JSON: {value!r}")


def _decode(data: dict[str, Any]) -> Any:
    if len(data) == 1 and isinstance(data.get(_KEY), str):
        return base64.b64decode("".join(data[_KEY].split()), validate=True)  # Ruby VCR breaks it into lines
    return data


def serialize(cassette_dict: Mapping[str, Any]) -> str:
    """The cassette as JSON."""
    return json.dumps(cassette_dict, indent=4, ensure_ascii=False, default=encode) + "\n"


def deserialize(cassette_string: str) -> Any:
    """The plain data in a JSON cassette. Raises CassetteLoadError with the line when it is not JSON."""
    try:
        return json.loads(cassette_string, object_hook=_decode)
    except json.JSONDecodeError as error:
        raise CassetteLoadError(f"not readable as JSON: {error.msg}", line=error.lineno) from error
    except (ValueError, RecursionError) as error:  # base64 that is none, a number of too many digits
        raise CassetteLoadError(f"not readable as JSON: {error}") from error
