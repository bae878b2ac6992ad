"""Puts the secrets of a new request into the recorded response, if the response repeats them: a server may return what
it was sent. It must not know a cassette, or how a secret is found.

A recorded request and the new request that matches it have the same places (headers, parameters, fields). Where the
recorded request has a placeholder, the new one has the secret, or another value in its place (``told``). Where a filter
of the project has removed the secret, the placeholder in the response tells which secret it was (``withheld``).
"""

from __future__ import annotations

import functools
import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping

from .._http import known
from .._http.everywhere import Everywhere, to_change
from .._http.text import as_bytes
from .._http.views import View
from ..request import Request
from ..response import Response
from .jwt import stands_for_jwt
from .lengths import correct_lengths
from .placeholder import PLACEHOLDER, has_number, is_fingerprint_of, is_placeholder
from .places import noted, secrets_of
from .ruleset import Side

_CREDENTIALS = ("Authorization", "Proxy-Authorization")
#: Texts that may stand for a secret: the name in a placeholder, escaped or not; the base64 of Basic; a JWT.
_MASKED = re.compile(
    rb"(?:<|%3[Cc]|\\u003[Cc]|&lt;)([A-Z][A-Z0-9_]*)(?::|%3[Aa])|\b[Bb]asic ([\w+/=-]+)|\b(eyJ[\w.-]+)"
)


def may_hide_any(recorded: Request) -> bool:
    """Whether there may be a placeholder in a recorded request. This check is quick; it may be wrong if it is True."""
    return bool(_words_of(recorded)) or _has_coded_body(recorded)


def may_repeat(recorded: Request, response: Response, head: str) -> bool:
    """Whether a placeholder of a recorded request may stand in the response, too. ``head``: its reason phrase and
    the values of its header fields."""
    if _has_coded_body(recorded):
        return True
    words = _words_of(recorded)
    if not words or "Content-Encoding" in response.headers:
        return bool(words)
    texts = (as_bytes(head), response.body)
    return any(word in text for text in texts for word in words)


def _has_coded_body(request: Request) -> bool:
    return bool(request.body) and "Content-Encoding" in request.headers


def _words_of(request: Request) -> set[bytes]:
    """For each text in a request that may stand for a secret, a word that is the same however the text is escaped."""
    words: set[bytes] = set()
    for text in (request.uri, *[value for _, value in request.headers.pairs()]):
        if "<" in text or "%3" in text or "&lt;" in text or "asic " in text or "eyJ" in text:
            words |= _words_of_text(text)
    body = request.body
    if isinstance(body, bytes) and any(mark in body for mark in (b"<", b"%3", b"&lt;", b"\\u003", b"eyJ")):
        words |= _words_in(body)
    return words


@functools.lru_cache(maxsize=256)
def _words_of_text(text: str) -> frozenset[bytes]:
    """``_words_in`` the head of a request, cached: the requests of a cassette have the same credentials."""
    return _words_in(as_bytes(text))


def _words_in(text: bytes) -> frozenset[bytes]:
    found = _MASKED.findall(text)
    words = {name or basic or jwt for name, basic, jwt in found}
    return frozenset(words | {b"PASSWORD"} if any(basic for _, basic, _ in found) else words)


def told(side: Side, limit: int, request: Request, recorded: Request) -> dict[str, str]:
    """The placeholders in a recorded request, each with the text that ``request`` has in its place."""
    asked = secrets_of(side, limit, request)
    if not asked:
        return {}
    pairs: dict[str, str] = {}
    for place, stored in secrets_of(side, limit, recorded).items():
        secrets = asked.get(place, [])
        if len(secrets) == len(stored):
            pairs.update((old, new) for old, new in zip(stored, secrets, strict=True) if old != new and _is_masked(old))
    if pairs:
        # A server that returns the request's headers returns the base64 of Basic as a whole.
        for name in _CREDENTIALS:
            old, new = recorded.headers.get(name), request.headers.get(name)
            if old and new and old != new:
                pairs[old.partition(" ")[2] or old] = new.partition(" ")[2] or new
    return pairs


def _is_masked(text: str) -> bool:
    return is_placeholder(text) or stands_for_jwt(text)


def withheld(side: Side, limit: int, request: Request, recorded: Request, response: Response) -> dict[str, str]:
    """The placeholders in the body of a recorded response that stand for secrets of ``request`` that the recorded
    request does not have, each with its secret. A number tells nothing about a secret: such a placeholder must be the
    only one of its rule, and the request must have one secret of that rule."""
    names: defaultdict[str, set[str]] = defaultdict(set)
    for found in PLACEHOLDER.finditer(response.body):
        names[found[1].decode("ascii")].add(found[0].decode("ascii"))
    if not names:
        return {}
    secrets = noted(side, limit, request).rules
    stored = noted(side, limit, recorded).rules
    left = {secret: rule.name for secret, rule in secrets.items() if secret not in stored}
    pairs: dict[str, str] = {}
    for name, placeholders in names.items():
        pairs.update((old, new) for old in placeholders for new in left if is_fingerprint_of(old, new))
        of_rule = [secret for secret, rule in left.items() if rule == name]
        if len(placeholders) == len(of_rule) == 1 and not any(old.startswith(f"<{name}:") for old in stored):
            pairs.update((old, of_rule[0]) for old in placeholders if old not in pairs and has_number(old))
    return pairs


def put_back(pairs: Mapping[str, str], request: Request, response: Response, limit: int) -> Response:
    """``response`` with the placeholders in ``pairs`` replaced by their secrets; the same object if it has none."""
    data = to_change(response.data)
    Everywhere(_Placeholders(pairs, _as_sent(request)), limit).response(data)
    if data == response.data:
        return response
    correct_lengths(request, request, response, data)
    return Response(data, response.beside)


def _as_sent(request: Request) -> bytes:
    body = request.body
    return as_bytes(request.uri) + b"\n" + (body if isinstance(body, bytes) else b"")


_WORD = re.compile(r"\w+", re.ASCII)


class _Placeholders(known.Values):
    """The placeholders that are looked for in a response, escaped or not. Each is replaced by its secret. ``sent``: the
    URI and the body of the request: a parameter in the response is encoded as there."""

    def __init__(self, pairs: Mapping[str, str], sent: bytes) -> None:
        self._sent = sent
        self._new = {as_bytes(old): new for old, new in pairs.items()}
        self._pattern = re.compile(b"|".join(re.escape(old) for old in sorted(self._new, key=len, reverse=True)))
        self._words = {max(_WORD.findall(old), key=len, default="").encode("ascii") for old in pairs}
        self.shortest, self.longest = min(map(len, self._new)), max(map(len, self._new))

    def suspects(self, data: bytes) -> bool:
        """Whether a placeholder may stand in ``data``: escapes leave the longest word of a placeholder as it is."""
        return any(word in data for word in self._words)

    def find(self, view: View) -> Iterator[tuple[int, int, known.New]]:
        """See ``known.Values``."""
        for found in self._pattern.finditer(view.data):
            new = self._new[found[0]]
            yield *found.span(), self._parameter(view, found.start(), new) or _written(view, *found.span(), new)

    def _parameter(self, view: View, start: int, secret: str) -> bytes | None:
        """``secret`` as the request has encoded it, if a parameter has it here; else None."""
        if secret.isalnum():
            return None
        while view.outer is not None:
            start, view = view.outer_span(start, start)[0], view.outer
        if not _PARAMETER.search(view.data, max(0, start - _LONGEST_NAME), start):
            return None
        encoded = re.search(b"".join(map(_encoded, as_bytes(secret))), self._sent)
        if encoded is None or encoded[0] == as_bytes(secret):
            # (Only the masking has encoded a text that the request has as it is.)
            return _written(view, start, start, secret) if encoded and view.data.startswith(b"%", start) else None
        return encoded[0]


def _encoded(byte: int) -> bytes:
    """A pattern for a byte of a parameter, as it is or encoded."""
    return b"(?:%b%b|(?i:%%%02x))" % (b"[+]|" if byte == ord(" ") else b"", re.escape(bytes((byte,))), byte)


def _written(view: View, start: int, end: int, secret: str) -> bytes:
    """``secret``, escaped for the place of ``view.data[start:end]``: as JSON in JSON, twice in JSON inside JSON."""
    data = view.data
    quote = data.rfind(b'"', 0, start) if view.outer is None and _JSON.match(data) else -1
    if quote >= 0:
        marks = quote - len(data[:quote].rstrip(b"\\"))
        for _ in range((marks + 1).bit_length()):
            secret = json.dumps(secret, ensure_ascii=data.isascii())[1:-1]
    return view.escape(as_bytes(secret), start, end)


_JSON = re.compile(rb"\s*[\[{\"]")
_PARAMETER = re.compile(rb"[\w\]%.-]=\Z")
_LONGEST_NAME = 200
