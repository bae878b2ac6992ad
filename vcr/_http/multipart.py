"""Multipart bodies (RFC 2046 §5.1): their parts, and the values of their fields.

It knows bytes and a Content-Type, nothing else.
"""

from __future__ import annotations

from collections.abc import Callable


def _parameter(field: str, value: str, name: str) -> str | None:
    """One parameter of a header field."""
    from email.message import Message

    message = Message()
    message[field] = value
    found = message.get_param(name, header=field)
    return found if isinstance(found, str) else None


def _boundary(content_type: str) -> bytes | None:
    boundary = _parameter("Content-Type", content_type, "boundary")
    return boundary.encode("latin-1") if boundary else None


def split(body: bytes, content_type: str) -> list[bytes] | None:
    """What stands before the first delimiter, each part, and what stands after the last; None when it is no such body.

    The boundary, which is chosen afresh for each message, is in none of them.
    """
    boundary = _boundary(content_type)
    if boundary is None:
        return None
    first, *rest = (b"\r\n" + body).split(b"\r\n--" + boundary)
    if len(rest) < 2 or not rest[-1].startswith(b"--"):
        return None
    return [first[2:], *(part.partition(b"\r\n")[2] for part in rest[:-1]), rest[-1][2:]]


def replace_values(body: bytes, content_type: str, replace: Callable[[str, bytes], bytes | None]) -> bytes | None:
    """``body`` with each field's value as ``replace(name, value)`` has it; a field for which that is None goes.

    Everything else stays byte for byte, and a body that is cut off is read as far as it goes. None when the
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
    """The ``name`` in the Content-Disposition of a part's head (RFC 7578 §4.2); empty when it has none."""
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-disposition":
            return _parameter("Content-Disposition", value.strip().decode("utf-8", "replace"), "name") or ""
    return ""
