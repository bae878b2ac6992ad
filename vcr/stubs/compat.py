"""VCR.py's names for reading the header fields of ``http.client``'s messages."""

from __future__ import annotations

import http.client
import io
from collections.abc import Iterator
from email.message import Message


def get_header(message: Message, name: str) -> list[str]:
    """Every value of ``name``."""
    return message.get_all(name, [])


def get_header_items(message: Message) -> Iterator[tuple[str, str]]:
    """``(name, value)`` of every field."""
    return ((name, value) for name, values in get_headers(message) for value in values)


def get_headers(message: Message) -> Iterator[tuple[str, list[str]]]:
    """``(name, values)`` of every name."""
    return ((name, message.get_all(name, [])) for name in dict.fromkeys(message.keys()))


def get_httpmessage(headers: bytes) -> http.client.HTTPMessage:
    """The fields in a block of header lines."""
    return http.client.parse_headers(io.BytesIO(headers))
