"""Replaces secrets by placeholders, in every spelling that HTTP gives them, and puts them back. It must not know a
cassette.

A secret is found however a client or server has written it: URL-encoded, JSON-escaped, in HTML, in base64 or
hexadecimal, in UTF-16, in a compressed body, and in several of these at a time. Where the spelling is not a usual one,
a note behind the placeholder says which it was, so that the replay has the recorded bytes: ``<KEY>~~pa3b~`` is the
secret of ``<KEY>`` with its fourth character in percent encoding. The note tells nothing of the secret but which
characters are escaped.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple
from urllib.parse import quote, quote_plus

from ._http import content_coding, encoded, known, wrapping
from ._http.everywhere import Everywhere, Pair
from ._http.spellings import spelled, spelling
from ._http.text import as_bytes
from ._http.views import View
from .request import Request
from .response import ResponseDict

_LIMIT = content_coding.MOST_DECODED

#: The usual spellings of a text. The name stands behind a placeholder that looks the same in two spellings.
_SPELLINGS: dict[str, Callable[[str], bytes]] = {
    "plain": as_bytes,
    "url": lambda text: quote(text, safe="").encode("ascii"),
    "path": lambda text: quote(text).encode("ascii"),
    "form": lambda text: quote_plus(text).encode("ascii"),
    "json": lambda text: json.dumps(text)[1:-1].encode("ascii"),
    "utf8json": lambda text: as_bytes(json.dumps(text, ensure_ascii=False)[1:-1]),
    "latin1": lambda text: text.encode("latin-1"),
    "utf16le": lambda text: text.encode("utf-16-le", "surrogatepass"),
    "utf16be": lambda text: text.encode("utf-16-be", "surrogatepass"),
}


class Placeholder(NamedTuple):
    """``placeholder`` stands in the file where ``secret`` stood in the traffic."""

    placeholder: str
    secret: str

    def spelled(self) -> Iterable[tuple[bytes, bytes]]:
        """``(secret, placeholder)`` in each of the usual spellings that differs from those before it."""
        secrets: set[bytes] = set()
        taken: set[bytes] = set()
        for name, spell in _SPELLINGS.items():
            try:
                secret, placeholder = spell(self.secret), spell(self.placeholder)
            except UnicodeEncodeError:
                continue  # this spelling has no such characters
            if secret in secrets:
                continue
            if placeholder in taken:
                placeholder = as_bytes(f"{self.placeholder}~{name}")
            secrets.add(secret)
            taken.add(placeholder)
            yield secret, placeholder


def resolve(
    pairs: Iterable[tuple[str, object]], request: Request | None = None, response: ResponseDict | None = None
) -> list[Placeholder]:
    """Make placeholders of a user's ``(placeholder, secret)`` pairs: bytes are decoded, functions are called.

    A pair with an empty secret is left out (an environment variable may not be set), and one with an empty placeholder:
    the secret could not be put back.
    """
    resolved = []
    for placeholder, given in pairs:
        secret = given(request, response) if callable(given) else given
        secret = secret.decode("utf-8") if isinstance(secret, bytes) else secret
        if secret and placeholder:
            resolved.append(Placeholder(str(placeholder), str(secret)))
    return resolved


def mask(placeholders: Iterable[Placeholder], request: Request, response: ResponseDict, limit: int = _LIMIT) -> Pair:
    """Replace each secret in the request and the response by its placeholder. Both objects are changed, and
    returned."""
    return Everywhere(masking(tuple(placeholders)), limit).pair(request, response)


def unmask(placeholders: Iterable[Placeholder], request: Request, response: ResponseDict, limit: int = _LIMIT) -> Pair:
    """Replace each placeholder in the request and the response by its secret. Both objects are changed, and
    returned."""
    return Everywhere(_unmasking(tuple(placeholders)), limit).pair(request, response)


def masked_text(placeholders: Iterable[Placeholder], text: str) -> str:
    """``text``, for a person to read, without the secrets."""
    return Everywhere(masking(tuple(placeholders), for_people=True), _LIMIT).text(text)


# -- what is looked for ------------------------------------------------------------------------------------------------


def _any_of(texts: Iterable[bytes]) -> re.Pattern[bytes] | None:
    """A pattern for any of these texts. The longest is tried first: where ``abcdef`` stands, ``abc`` is not found."""
    known = {text for text in texts if text}
    return re.compile(_alternatives(known), re.DOTALL) if known else None


#: A pattern for hundreds of texts groups those that begin with the same byte, so that at each place only a few are
#: tried. More texts than this are grouped again by their next byte ...
_FEW = 4
#: ... and so on, down to this many bytes.
_DEEP = 6


def _alternatives(texts: Iterable[bytes], depth: int = 0) -> bytes:
    by_first: dict[bytes, list[bytes]] = {}
    for text in sorted(texts, key=len, reverse=True):
        by_first.setdefault(text[:1], []).append(text[1:])
    return b"|".join(
        re.escape(first)
        + (
            b"(?:%b)" % _alternatives(rest, depth + 1)
            if len(rest) > _FEW and first and depth < _DEEP
            else b"(?:%b)" % b"|".join(map(re.escape, rest))
        )
        for first, rest in by_first.items()
    )


#: Codings in which a secret may stand where escapes are undone, other than UTF-8: by the letter that says so.
_CODINGS = {"l": "latin-1", "v": "utf-16-le", "w": "utf-16-be"}


def _in_coding(text: str, coding: str) -> bytes | None:
    try:
        return text.encode(coding)
    except UnicodeEncodeError:
        return None


class _Masking(known.Values):
    """Finds secrets: in their usual spellings; and as they are, in a view with an escape undone."""

    def __init__(self, placeholders: tuple[Placeholder, ...], for_people: bool) -> None:
        self._usual = {secret: new for one in placeholders for secret, new in one.spelled()}
        self._plain: dict[bytes, tuple[str, Placeholder]] = {}
        for one in placeholders:
            self._plain[as_bytes(one.secret)] = ("", one)
        for one in placeholders:
            for letter, coding in _CODINGS.items():
                if (old := _in_coding(one.secret, coding)) is not None:
                    self._plain.setdefault(old, (letter, one))
        self._for_people = for_people
        self._in_text, self._in_view = _any_of(self._usual), _any_of(self._plain)
        self._new = _any_of(self._usual.values())
        lengths = [len(secret) for secret in self._plain]
        self.shortest, self.longest = min(lengths, default=0), max(lengths, default=0)

    def suspects(self, _: bytes) -> bool:
        return True

    def find(self, view: View) -> Iterator[tuple[int, int, known.New]]:
        if self._in_text is None or self._in_view is None:
            return
        if view.outer is None:
            for found in self._in_text.finditer(view.data):
                yield *found.span(), self._usual[found[0]]
        else:
            for found in self._in_view.finditer(view.data):
                yield *found.span(), self._spelled(view, found)

    def _spelled(self, view: View, found: re.Match[bytes]) -> bytes:
        coding, one = self._plain[found[0]]
        placeholder = as_bytes(one.placeholder)
        word = None if self._for_people else spelling(view, *found.span())
        return placeholder if word is None else b"%b~~%b~" % (placeholder, f"{coding}{word}".encode("ascii"))

    def noted(self, word: encoded.Word, inner: bytes) -> tuple[bytes, str]:
        """Note the style of an encoded word behind its first placeholder, where the word could not be made again
        without."""
        around = wrapping.around(inner)
        text = inner if around is None else around.inner
        found = None if self._new is None or self._for_people else self._new.search(text)
        if found is None or (not word.style and len(found[0]) >= _SHORT):
            return inner, word.style
        rest = text[found.end() :]
        rest = rest[2:] if rest.startswith(b"~~") else b"~" + rest
        text = b"%b~~%b%b" % (text[: found.end()], word.style.encode("ascii"), rest)
        return text if around is None else around.wrapped(text), word.style


#: Decoded base64 may contain a placeholder of fewer bytes by chance: there, only one with a note behind it counts.
_SHORT = 6
_NOTE = rb"~~([USN]*)([a-z0-9.]*)~"


class _Unmasking(known.Values):
    """Finds placeholders with their notes. ``inside``: in an encoded word, where a short one without a note does not
    count."""

    def __init__(self, placeholders: tuple[Placeholder, ...], inside: bool) -> None:
        self._placeholders = placeholders
        self._secrets = {new: secret for one in placeholders for secret, new in one.spelled()}
        self._plain = {as_bytes(one.placeholder): one.secret for one in placeholders}
        self._short = frozenset(new for new in self._secrets if inside and len(new) < _SHORT)
        any_of = _any_of(self._secrets)
        self._pattern = any_of and re.compile(b"(%b)(?:%b)?" % (any_of.pattern, _NOTE), re.DOTALL)
        lengths = [len(new) + (3 if len(new) < _SHORT else 0) for new in self._plain]
        self.shortest, self.longest = min(lengths, default=0), max(lengths, default=0)

    def inside(self) -> _Unmasking:
        return _unmasking(self._placeholders, inside=True)

    def suspects(self, _: bytes) -> bool:
        return True

    def find(self, view: View) -> Iterator[tuple[int, int, known.New]]:
        for found in self._pattern.finditer(view.data) if self._pattern and view.outer is None else ():
            if found[2] is None and found[1] in self._short:
                continue
            written = None if found[2] is None else self._written(found[1], found[3].decode("ascii"))
            if written is None:
                yield *found.span(1), self._secrets[found[1]]
            else:
                yield *found.span(), written

    def _written(self, placeholder: bytes, word: str) -> bytes | None:
        if not word or placeholder not in self._plain:
            return None if word else self._secrets[placeholder]
        secret = self._plain[placeholder]
        if word[0] not in _CODINGS:
            return spelled(as_bytes(secret), word)
        plain = _in_coding(secret, _CODINGS[word[0]])
        return None if plain is None else spelled(plain, word[1:])

    def noted(self, word: encoded.Word, inner: bytes) -> tuple[bytes, str]:
        assert self._pattern is not None
        around = wrapping.around(word.inner)
        text = word.inner if around is None else around.inner
        noted = next((found[2] for found in self._pattern.finditer(text) if found[2]), b"")
        return inner, noted.decode("ascii") or word.style


@functools.lru_cache(maxsize=32)
def masking(placeholders: tuple[Placeholder, ...], for_people: bool = False) -> known.Values:
    """What finds the secrets of these placeholders. ``for_people``: without notes, as nobody puts the secrets back."""
    return _Masking(placeholders, for_people)


@functools.lru_cache(maxsize=32)
def _unmasking(placeholders: tuple[Placeholder, ...], inside: bool = False) -> _Unmasking:
    return _Unmasking(placeholders, inside)
