"""Replaces secrets by placeholders, in every spelling that HTTP gives them, and puts them back. It must not know a
cassette.

A secret may stand in a text as it is, URL-encoded, JSON-escaped, inside base64 (``Authorization: Basic``), or inside a
compressed body. Hiding replaces each of these, and revealing puts each back: what is replayed is what was recorded.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, quote_plus

from ._http import content_coding
from .request import Request
from .response import Response, ResponseDict

Pair = tuple[Request, ResponseDict]

_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{4,}={0,2}")

#: How a text may be spelled: by name, for a placeholder that its spelling does not change.
_SPELLINGS: dict[str, Callable[[str], str]] = {
    "plain": lambda text: text,
    "url": lambda text: quote(text, safe=""),
    "path": quote,
    "form": quote_plus,
    "json": lambda text: json.dumps(text)[1:-1],
    "utf8json": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
}


class Placeholder(NamedTuple):
    """``placeholder`` stands in the file where ``secret`` stood in the traffic."""

    placeholder: str
    secret: str

    def spelled(self) -> Iterable[tuple[bytes, bytes]]:
        """``(secret, placeholder)`` in each spelling that differs from those before it."""
        secrets: set[str] = set()
        taken: set[str] = set()
        for name, spell in _SPELLINGS.items():
            secret, placeholder = spell(self.secret), spell(self.placeholder)
            if secret in secrets:
                continue
            if placeholder in taken:
                placeholder = f"{self.placeholder}~{name}"
            secrets.add(secret)
            taken.add(placeholder)
            yield secret.encode(), placeholder.encode()


def resolve(
    pairs: Iterable[tuple[str, Any]], request: Request | None = None, response: ResponseDict | None = None
) -> list[Placeholder]:
    """``(placeholder, secret)`` pairs as given by a user: bytes become text, callables are asked. Left out are the
    empty: an unset environment variable hides nothing, and what an empty placeholder hides nobody could put back."""
    resolved = []
    for placeholder, given in pairs:
        secret = given(request, response) if callable(given) else given
        secret = secret.decode("utf-8") if isinstance(secret, bytes) else secret
        if secret and placeholder:
            resolved.append(Placeholder(str(placeholder), str(secret)))
    return resolved


def hide(placeholders: Iterable[Placeholder], request: Request, response: ResponseDict) -> Pair:
    """The two with each secret replaced by its placeholder; what is given is changed."""
    return _apply(_Exchange(spelled for one in placeholders for spelled in one.spelled()), request, response)


def reveal(placeholders: Iterable[Placeholder], request: Request, response: ResponseDict) -> Pair:
    """The two with each placeholder replaced by its secret; what is given is changed."""
    backwards = ((placeholder, secret) for one in placeholders for secret, placeholder in one.spelled())
    return _apply(_Exchange(backwards), request, response)


def mask(placeholders: Iterable[Placeholder], text: str) -> str:
    """``text``, for a person to read, without the secrets."""
    return _Exchange(spelled for one in placeholders for spelled in one.spelled()).text(text)


class _Exchange:
    """Replaces byte strings by others, all in one pass, the longest first (``abc`` does not eat into ``abcdef``)."""

    def __init__(self, pairs: Iterable[tuple[bytes, bytes]]) -> None:
        self._new = dict(pairs)
        longest_first = sorted(self._new, key=len, reverse=True)
        self._old = re.compile(b"|".join(map(re.escape, longest_first))) if longest_first else None
        cores = {core for old in longest_first for core in _base64_cores(old)}
        self._encoded = re.compile(b"|".join(map(re.escape, sorted(cores)))) if cores else None

    def replace(self, data: bytes) -> bytes:
        if self._old is None:
            return data
        data = self._old.sub(lambda found: self._new[found[0]], data)
        if self._encoded is not None and self._encoded.search(data):
            data = _BASE64.sub(lambda word: self._in_base64(word[0]), data)
        return data

    def _in_base64(self, word: bytes) -> bytes:
        letters = word.rstrip(b"=")
        url_safe = b"-" in word or b"_" in word
        try:
            inside = base64.b64decode(
                letters + b"=" * (-len(letters) % 4), altchars=b"-_" if url_safe else None, validate=True
            )
        except binascii.Error:
            return word
        assert self._old is not None
        changed = self._old.sub(lambda found: self._new[found[0]], inside)
        if changed == inside:
            return word
        encoded = base64.b64encode(changed, altchars=b"-_" if url_safe else None)
        # Where it is no padding, "=" is what follows the word: the next thing in a form, say.
        return encoded if len(word) % 4 == 0 else encoded.rstrip(b"=") + word[len(letters) :]

    def text(self, text: str) -> str:
        return self.replace(text.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")

    def field(self, value: str) -> str:
        """A header value: bytes, seen as latin-1."""
        try:
            return self.replace(value.encode("latin-1")).decode("latin-1")
        except UnicodeEncodeError:
            return self.text(value)

    def body(self, body: bytes, codings: list[str]) -> bytes:
        """A body, inside its content codings if it has any."""
        plain, left = content_coding.decode(body, codings)
        if left or plain is body:
            return self.replace(body)
        changed = self.replace(plain)
        coded = body if changed == plain else content_coding.encode(changed, codings)
        return changed if coded is None else coded


def _base64_cores(data: bytes) -> Iterable[bytes]:
    """What base64 makes of ``data`` wherever it starts in a longer text: the letters that only it decides."""
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + data)
        start = (0, 2, 3)[offset]
        end = (offset + len(data)) * 8 // 6
        core = encoded[start:end]
        if len(core) >= 4:
            yield core
            yield core.translate(bytes.maketrans(b"+/", b"-_"))


def _apply(exchange: _Exchange, request: Request, response: ResponseDict) -> Pair:
    request.uri = exchange.text(request.uri)
    request.headers = [(name, exchange.field(value)) for name, value in request.headers.pairs()]
    if isinstance(request.body, bytes):
        codings = content_coding.named(request.headers.get_all("Content-Encoding"))
        request.body = exchange.body(request.body, codings)
    codings = content_coding.named(Response(response).headers.get_all("Content-Encoding"))
    for part in ("headers", "trailers"):
        if response.get(part):
            response[part] = _fields(exchange, response[part])
    if isinstance(response.get("url"), str):  # Betamax's, where it is not the request's
        response["url"] = exchange.text(response["url"])
    body = response.get("body") or {}
    string = body.get("string")
    if isinstance(string, str):
        body["string"] = exchange.text(string)
    elif isinstance(string, bytes):
        body["string"] = exchange.body(string, codings)
    return request, response


def _fields(exchange: _Exchange, headers: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: [exchange.field(str(value)) for value in values]
        if isinstance(values, list)
        else exchange.field(str(values))
        for name, values in headers.items()
    }
