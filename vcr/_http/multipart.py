"""Multipart bodies (RFC 2046 §5.1): their parts, and the values of their fields.

It must not know more than bytes and a Content-Type.
"""

from __future__ import annotations

from collections.abc import Callable


def _parameter(field: str, value: str, name: str) -> str | None:
    """The parameter ``name`` in the ``value`` of the header ``field``; None if there is none."""
    from email.message import Message

    message = Message()
    message[field] = value
    found = message.get_param(name, header=field)
    return found if isinstance(found, str) else None


def _boundary(content_type: str) -> bytes | None:
    boundary = _parameter("Content-Type", content_type, "boundary")
    return boundary.encode("latin-1") if boundary else None


def split(body: bytes, content_type: str) -> list[bytes] | None:
    """The preamble, each part, and the epilogue of a multipart body; None if ``body`` is not multipart.

    The boundary, which clients choose at random for each message, is in none of them: so two bodies can be compared.
    """
    boundary = _boundary(content_type)
    if boundary is None:
        return None
    first, *rest = (b"\r\n" + body).split(b"\r\n--" + boundary)
    if len(rest) < 2 or not rest[-1].startswith(b"--"):
        return None
    return [first[2:], *(part.partition(b"\r\n")[2] for part in rest[:-1]), rest[-1][2:]]


def replace_values(body: bytes, content_type: str, replace: Callable[[str, bytes], bytes | None]) -> bytes | None:
    """``body`` with the value of each field replaced by what ``replace(name, value)`` returns; None removes the field.

    All other bytes stay as they are. A body that is cut off is changed as far as it goes. Returns None if the
    Content-Type names no boundary.
    """
    boundary = _boundary(content_type)
    if boundary is None:
        return None
    delimiter = b"\r\n--" + boundary
    preamble, *parts = (b"\r\n" + body).split(delimiter)
    kept = [preamble]
    for part in parts:
        head, blank, value = part.partition(b"\r\n\r\n")
        new = replace(field_name(head), value) if blank and not part.startswith(b"--") else value
        if new is not None:
            kept.append(head + blank + new)
    return delimiter.join(kept)[2:]


def field_name(head: bytes) -> str:
    """The ``name`` in the Content-Disposition of a part's head (RFC 7578 §4.2); empty if there is none."""
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-disposition":
            return _parameter("Content-Disposition", value.strip().decode("utf-8", "replace"), "name") or ""
    return ""
