"""VCR.py's names for reading the header fields of ``http.client``'s messages."""

from __future__ import annotations

import http.client
import io
from collections.abc import Iterator
from email.message import Message


def get_header(message: Message, name: str) -> list[str]:
    """The values of the fields called ``name``."""
    return message.get_all(name, [])


def get_header_items(message: Message) -> Iterator[tuple[str, str]]:
    """Each field as ``(name, value)``."""
    return ((name, value) for name, values in get_headers(message) for value in values)


def get_headers(message: Message) -> Iterator[tuple[str, list[str]]]:
    """Each name with the values of its fields, as ``(name, values)``."""
    return ((name, message.get_all(name, [])) for name in dict.fromkeys(message.keys()))


def get_httpmessage(headers: bytes) -> http.client.HTTPMessage:
    """The message that a block of header lines describes."""
    return http.client.parse_headers(io.BytesIO(headers))
