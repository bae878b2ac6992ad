"""A request's body as a value: what a request keeps of a body, and which bytes a body in the form of an object means.

VCR.py's aiohttp stub records the object that the program gave as ``data=`` or ``json=`` (a mapping, a list of pairs, a
number), not the bytes that were sent. Cassettes of VCR.py therefore have such objects as bodies. This module must not
know a request, a client or a file.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

from . import multipart


def kept(body: Any) -> object:
    """The value that a request keeps for a body.

    Text, files, buffers, and lists or iterators of pieces become bytes, so that they can be read more than once. An
    iterator of other objects becomes a tuple. None, mappings, numbers, objects of an unknown kind, and lists and tuples
    without any bytes in them stay as they are.
    """
    if body is None or isinstance(body, (bytes, Mapping)):
        return body
    if isinstance(body, (list, tuple)) and not any(map(_is_buffer, body)):
        return body
    if isinstance(body, str):
        return body.encode("utf-8")
    if hasattr(body, "read"):
        return kept(body.read())
    if _is_buffer(body):
        return bytes(body)
    if not isinstance(body, Iterable):
        return body
    pieces = body if isinstance(body, list) else tuple(body)
    try:
        return joined(pieces)
    except ValueError:
        return pieces


def joined(pieces: Iterable[Any]) -> bytes:
    """The pieces of a body joined to bytes. A piece is text, bytes, a buffer, or one byte as a number.

    Raises ValueError when a piece is none of these.
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


# -- objects as bodies -------------------------------------------------------------------------------------------------


def is_object(body: object) -> bool:
    """Whether a body is an object, which was recorded instead of the bytes that were sent."""
    return body is not None and not isinstance(body, bytes)


def stands_for(body: object, content: bytes | None) -> bool:
    """Whether a client that was given the object ``body`` may have sent the bytes ``content``.

    A client sends an object as its pieces, as JSON, or as a form, urlencoded or multipart. JSON is compared by value,
    a form field by field.
    """
    sent = content or b""
    return any(sent == pieces for pieces in _pieces(body)) or _is_json_of(body, sent) or _is_form_of(body, sent)


def as_sent(body: object) -> Any:
    """A body as bytes or text, for file formats without objects: a form is urlencoded, any other object becomes JSON.

    A list of pieces is joined. Bytes, text and None stay as they are.
    """
    if not is_object(body) or isinstance(body, (str, bytearray)):
        return body
    fields = _fields(body)
    if fields is not None:
        return urlencode(fields)
    pieces = next(_pieces(body), None)
    return json.dumps(body, default=str) if pieces is None else pieces


def same_object(one: object, other: object) -> bool:
    """Whether two objects as bodies are equal. A list equals a tuple with the same items."""
    return repr(_plain(one)) == repr(_plain(other))


def json_meaning(content: bytes | str) -> str:
    """A JSON text in a normal form: two texts have the same one if their values are equal. Raises ValueError if
    ``content`` is not JSON."""
    return json.dumps(json.loads(content, parse_float=_number), sort_keys=True)


def _number(text: str) -> int | float:
    number = float(text)
    return int(number) if number.is_integer() else number


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return sorted(((str(key), _plain(one)) for key, one in value.items()), key=lambda item: item[0])
    return [_plain(one) for one in value] if isinstance(value, (list, tuple)) else value


def _pieces(body: object) -> Iterator[bytes]:
    if isinstance(body, (list, tuple, Mapping)) and not body:
        yield b""
    elif isinstance(body, (list, tuple)):
        try:
            yield joined(body)
        except ValueError:
            return


def _is_json_of(body: object, content: bytes) -> bool:
    try:
        return json_meaning(content) == json_meaning(json.dumps(body))
    except (ValueError, TypeError, RecursionError):
        return False


def _is_form_of(body: object, content: bytes) -> bool:
    fields = _fields(body)
    if fields is None:
        # VCR.py records aiohttp's multidict as the list of the field names.
        names = body if isinstance(body, (list, tuple)) and all(isinstance(name, str) for name in body) else []
        return bool(names) and set(names) == {name for name, _ in _form(content)}
    if content.startswith(b"--") and b"\r\n" in content:  # a urlencoded form has no line break
        return sorted(fields) == sorted(_parts(content))
    return sorted(fields) == sorted((name, value.encode("utf-8")) for name, value in _form(content))


def _form(content: bytes) -> list[tuple[str, str]]:
    return parse_qsl(content.decode("utf-8", "replace"), keep_blank_values=True)


def _parts(content: bytes) -> Iterator[tuple[str, bytes]]:
    """The name and the value of each field of a multipart body. The first line of the body has the boundary."""
    boundary = content.partition(b"\r\n")[0][2:].decode("latin-1")
    for part in (multipart.split(content, f'multipart/form-data; boundary="{boundary}"') or [])[1:-1]:
        head, _, value = part.partition(b"\r\n\r\n")
        yield multipart.field_name(head), value


def _fields(body: object) -> list[tuple[str, bytes]] | None:
    """The fields of a form that was given as a mapping or as pairs; None if ``body`` is no form."""
    pairs = list(body.items()) if isinstance(body, Mapping) else body
    if not isinstance(pairs, (list, tuple)) or not all(isinstance(p, (list, tuple)) and len(p) == 2 for p in pairs):
        return None
    fields: list[tuple[str, bytes]] = []
    for name, value in pairs:
        for one in value if isinstance(value, (list, tuple)) else (value,):
            if isinstance(one, Mapping):
                return None
            fields.append((str(name), one if isinstance(one, bytes) else str(one).encode("utf-8")))
    return fields
