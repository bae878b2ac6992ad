"""Turns text into bytes and back so that no byte is lost: in UTF-8, with a surrogate for each byte that is not UTF-8.

It must not know what the text means.
"""

from __future__ import annotations


def as_bytes(text: str) -> bytes:
    """The bytes of ``text``. Raises UnicodeEncodeError for a surrogate that stands for no byte."""
    return text.encode("utf-8", "surrogateescape")


def as_text(data: bytes | bytearray) -> str:
    """The text of ``data``, from which ``as_bytes`` gives ``data`` back."""
    return data.decode("utf-8", "surrogateescape")
