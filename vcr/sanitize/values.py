"""What is looked for in every text of a message, in whatever spelling: secrets that are known, what looks like one, and
placeholders. It must not know a message.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator
from contextlib import suppress

from .._http import known
from .._http.spellings import View
from .._placeholders import Placeholder
from .finding import Shapes
from .placeholder import LONGEST, PLACEHOLDER, SHORTEST
from .rule import Rule

#: How an escaped ``<`` begins.
_ESCAPED = (b"%3C", b"%3c", b"\\u003", b"\\x3", b"&lt;", b"&#")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


#: In what else than UTF-8 a secret may stand inside a text.
_CODINGS = ("latin-1", "utf-16-le", "utf-16-be")


def _written(view: View, start: int, end: int, placeholder: str) -> bytes:
    """A placeholder as a text has it in the place of ``view.data[start:end]``."""
    new = view.written(placeholder.encode("utf-8", "surrogateescape"), start, end)
    is_markup = view.outer is None and _MARKUP.match(view.data) and not PLACEHOLDER.match(view.data)
    return new.replace(b"<", b"&lt;").replace(b">", b"&gt;") if is_markup else new


class Spelled:
    """Known secrets in bytes, each with its placeholder. They are looked for one by one: to make a pattern for all of
    them, anew for each that is learned, takes longer than to look for some hundreds."""

    def __init__(self, secrets: tuple[Placeholder, ...]) -> None:
        found: dict[bytes, str] = {}
        for placeholder, secret in secrets:
            for data in _in_codings(secret):
                found.setdefault(data, placeholder)
        self.pairs = tuple(found.items())
        self.shortest, self.longest = min(map(len, found), default=1 << 30), max(map(len, found), default=0)
        #: Whether one has a character that is often escaped.
        self.may_be_escaped = any(not _OF_TOKENS.fullmatch(secret.secret) for secret in secrets)


def _in_codings(secret: str) -> Iterator[bytes]:
    yield secret.encode("utf-8", "surrogateescape")
    for coding in _CODINGS:
        with suppress(UnicodeEncodeError):
            yield secret.encode(coding)


_OF_TOKENS = re.compile(r"[\w.~+/=-]*", re.ASCII)


@functools.lru_cache(maxsize=32)
def spelled(secrets: tuple[Placeholder, ...]) -> Spelled:
    """The same secrets, made once."""
    return Spelled(secrets)


class Secrets(known.Values):
    """Known secrets and what looks like one, each to become ``put(rule, secret)``. Placeholders stay."""

    def __init__(self, secrets: Spelled, shapes: Shapes, put: Callable[[Rule, str], str]) -> None:
        self._shapes = shapes
        self._put = put
        self._known = secrets.pairs
        self._escapes = _ESCAPES if secrets.may_be_escaped else ()
        self.shortest = min(secrets.shortest, shapes.shortest)
        self.longest = max(secrets.longest, shapes.longest)

    def suspects(self, data: bytes) -> bool:
        """Whether anything may stand in ``data``, in any spelling."""
        if self._shapes.may_stand_in(data) or any(secret in data for secret, _ in self._known):
            return True
        return self._shapes.may_be_hidden_in(data) or any(one in data for one in self._escapes)

    def find(self, view: View) -> Iterator[tuple[int, int, known.New]]:
        """See ``known.Values``."""
        taken = [found.span() for found in PLACEHOLDER.finditer(view.data)] if b"<" in view.data else []
        found = [*self._shaped_in(view), *self._known_in(view)]
        # (Of two that overlap, the longer one is the secret.)
        for start, end, new in sorted(found, key=lambda one: one[0] - one[1]):
            if not _is_inside(taken, start, end):
                yield start, end, new

    def _shaped_in(self, view: View) -> Iterator[tuple[int, int, known.New]]:
        """What looks like a secret. It becomes known when it is replaced: what is only a part of one never does."""
        for start, end, rule in self._shapes.find(view.data):
            yield start, end, functools.partial(self._masked, view, start, end, rule)

    def _masked(self, view: View, start: int, end: int, rule: Rule) -> bytes | None:
        secret = _text(view.data[start:end])
        placeholder = self._put(rule, secret)
        return None if placeholder == secret else _written(view, start, end, placeholder)

    def _known_in(self, view: View) -> Iterator[tuple[int, int, known.New]]:
        for secret, placeholder in self._known:
            start = view.data.find(secret)
            while start >= 0:
                end = start + len(secret)
                yield start, end, _written(view, start, end, placeholder)
                start = view.data.find(secret, end)


#: How what is escaped in an unusual way gives itself away, where nothing is known of the letters of a secret.
_ESCAPES = (b"%", b"\\", b"&#")


#: How XML and HTML begin, where "<" begins a tag.
_MARKUP = re.compile(rb"(?:\xef\xbb\xbf)?\s*<")


def _is_inside(spans: list[tuple[int, int]], start: int, end: int) -> bool:
    return any(first < end and start < last for first, last in spans)


class Blanks(known.Values):
    """What looks like a secret, and placeholders: all to become the same text."""

    def __init__(self, shapes: Shapes, blank: str) -> None:
        self._shapes = shapes
        self._blank = blank.encode("ascii")
        self.shortest = min(shapes.shortest, SHORTEST)
        self.longest = max(shapes.longest, LONGEST)

    def suspects(self, data: bytes) -> bool:
        """Whether anything may stand in ``data``, in any spelling."""
        return (
            b"<" in data
            or any(one in data for one in _ESCAPED)
            or self._shapes.may_stand_in(data)
            or self._shapes.may_be_hidden_in(data)
        )

    def find(self, view: View) -> Iterator[tuple[int, int, known.New]]:
        """See ``known.Values``."""
        for found in PLACEHOLDER.finditer(view.data):
            yield *found.span(), self._blank
        for shaped in self._shapes.find(view.data):
            yield shaped.start, shaped.end, self._blank
