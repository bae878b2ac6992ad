"""A request's body as a value: what a request keeps of the object that it was given as its body.

This module knows no request, no client and no file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def kept(body: Any) -> Any:
    """What a request keeps of a body.

    Text, files, buffers and iterables of pieces become bytes, so that they can be read again and again; an iterable of
    other things becomes a tuple. None, a mapping, a list, a number and an object of no known kind stay as they are:
    cassettes of VCR.py hold such bodies.
    """
    if body is None or isinstance(body, (bytes, list, Mapping)):
        return body
    if isinstance(body, str):
        return body.encode("utf-8")
    if hasattr(body, "read"):
        return kept(body.read())
    if _is_buffer(body):
        return bytes(body)
    if not isinstance(body, Iterable):
        return body
    pieces = tuple(body)
    try:
        return joined(pieces)
    except ValueError:
        return pieces


def joined(pieces: Iterable[Any]) -> bytes:
    """The bytes in pieces of a body: text, bytes, buffers, or the bytes as numbers.

    Raises ValueError when one piece is none of these.
    """
    content = bytearray()
    for piece in pieces:
        if isinstance(piece, str):
            content += piece.encode("utf-8")
        elif isinstance(piece, int):
            content.append(piece)
        elif _is_buffer(piece):
            content += bytes(piece)
        else:
            raise ValueError(f"Body type {type(piece)} not supported")
    return bytes(content)


def _is_buffer(value: Any) -> bool:
    try:
        memoryview(value)
    except TypeError:
        return False
    return True
