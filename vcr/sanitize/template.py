"""Uses a recorded request with placeholders as a template: puts the placeholders into a new request where it has the
secrets. It must not know a rule.

A cassette masks a secret in all requests, even if only a later message has shown that the text is a secret. When such a
request comes again, that later message has not come yet, and the text is not known to be a secret. But the recorded
request shows where the secret stood, and the fingerprint in the placeholder shows whether a text may be the secret.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import unquote, unquote_plus

from .._http import content_coding
from .._http.text import as_bytes, as_text
from ..request import Request
from .lengths import correct_length
from .placeholder import PLACEHOLDER, may_stand_for

#: A placeholder, as it is or escaped as in a URI, a form or XML.
_NAME, _TAG = PLACEHOLDER.pattern.strip(b"<>").split(b":")
_PLACE = re.compile(rb"(?:<|&lt;|%%3[Cc])%b(?::|%%3[Aa])%b(?:>|&gt;|%%3[Ee])" % (_NAME, _TAG))
#: What separates the parameters of a URI or a form, and lines.
_SEPARATOR = re.compile(rb"([?&\r\n]+)")


class _Text:
    """A recorded text with placeholders. A new text is compared as a whole, then parameter by parameter."""

    def __init__(self, data: bytes) -> None:
        self._whole = data
        self._pieces = _PLACE.split(data)
        parts = _SEPARATOR.split(data) if len(self._pieces) > 1 else ()
        self._parts = [_Text(part) for part in parts if _PLACE.search(part)] if len(parts) > 1 else []

    @property
    def has_placeholder(self) -> bool:
        return len(self._pieces) > 1

    def filled(self, data: bytes) -> bytes:
        """``data`` with placeholders where it fits this text: the whole of it, or single parts."""
        if data == self._whole or self._fits(data):
            return self._whole
        if not self._parts:
            return data
        return b"".join(map(self._part, _SEPARATOR.split(data)))

    def _part(self, data: bytes) -> bytes:
        return next((part._whole for part in self._parts if part._fits(data)), data)

    def _fits(self, data: bytes) -> bool:
        """Whether ``data`` is this text with a possible secret in the place of each placeholder."""
        first, last, start = self._pieces[0], len(self._pieces) - 1, len(self._pieces[0])
        if not data.startswith(first) or not data.endswith(self._pieces[last]):
            return False
        for at in range(1, last, 3):
            literal = self._pieces[at + 2]
            end = len(data) - len(literal) if at + 2 == last else data.find(literal, start + 1)
            if end <= start or not _may_stand_for(self._pieces[at + 1], data[start:end]):
                return False
            start = end + len(literal)
        return start == len(data)


def _may_stand_for(tag: bytes, data: bytes) -> bool:
    return any(may_stand_for(as_text(tag), spelling) for spelling in _spellings(as_text(data)))


def _spellings(text: str) -> Iterator[str]:
    """The text as it is, and decoded as in a URI, in a form and in JSON."""
    yield from (text, unquote(text), unquote_plus(text))
    if "\\" in text:
        with suppress(ValueError):  # the text is not escaped as in JSON
            yield json.loads(f'"{text}"')


class Template:
    """A recorded request as a template. ``limit``: how many bytes may come out of a compressed body."""

    def __init__(self, recorded: Request, limit: int) -> None:
        self._limit = limit
        self._uri = _Text(as_bytes(recorded.uri))
        self._headers: dict[str, _Text] = {}
        for name, value in recorded.headers.pairs():
            text = _Text(as_bytes(value))
            if text.has_placeholder:
                self._headers.setdefault(name.lower(), text)
        self._body = _Text(_plain(recorded, limit))

    @property
    def has_placeholder(self) -> bool:
        """Whether there is a placeholder in the request."""
        return bool(self._headers) or self._uri.has_placeholder or self._body.has_placeholder

    def filled(self, request: Request) -> Request | None:
        """``request`` with the placeholders of the template in the place of secrets; None if nothing changes."""
        uri = as_text(self._uri.filled(as_bytes(request.uri))) if self._uri.has_placeholder else request.uri
        pairs = request.headers.pairs()
        headers = [(name, self._field(name, value)) for name, value in pairs] if self._headers else pairs
        before = _plain(request, self._limit) if self._body.has_placeholder else b""
        body = self._body.filled(before) if before else before
        if uri == request.uri and headers == pairs and body == before:
            return None
        kept = request.copy()
        kept.uri, kept.headers = uri, headers
        if body != before:
            kept.body = content_coding.encode(body, content_coding.of(request.headers)) or body
            correct_length(request, kept)
        return kept

    def _field(self, name: str, value: str) -> str:
        template = self._headers.get(name.lower())
        return value if template is None else as_text(template.filled(as_bytes(value)))


def _plain(request: Request, limit: int) -> bytes:
    """The body without its content codings; empty if it is not bytes."""
    body = request.body
    return content_coding.decode(body, content_coding.of(request.headers), limit)[0] if isinstance(body, bytes) else b""
