"""VCR.py's functions that turn the body of a response dictionary from text into bytes, and back. They must not know a
serializer.
"""

from __future__ import annotations

from typing import Any

from ..response import ResponseDict


def convert_to_bytes(resp: ResponseDict) -> ResponseDict:
    """Turn ``body.string`` from text into bytes. ``resp`` is changed in place and returned."""
    return convert_body_to_bytes(resp)


def convert_to_unicode(resp: ResponseDict) -> ResponseDict:
    """Turn a body that is UTF-8 from bytes into text. ``resp`` is changed in place and returned."""
    return convert_body_to_unicode(resp)


def convert_body_to_bytes(resp: ResponseDict) -> ResponseDict:
    """The same as ``convert_to_bytes``."""
    body: object = resp.get("body")
    if isinstance(body, dict) and isinstance(body.get("string"), str):
        body["string"] = body["string"].encode("utf-8")
    return resp


def convert_body_to_unicode(resp: ResponseDict) -> ResponseDict:
    """The same as ``convert_to_unicode``."""
    body: object = resp.get("body")
    if isinstance(body, dict) and "string" in body:
        body["string"] = _as_text(body["string"])
    elif "body" in resp:
        resp["body"] = _as_text(body)
    return resp


def _as_text(value: object) -> Any:
    try:
        return value.decode("utf-8") if isinstance(value, bytes) else value
    except UnicodeDecodeError:
        return value
