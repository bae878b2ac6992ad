"""What is looked for in every text of a message, in whatever spelling: secrets that are known, what looks like one, and
placeholders. It must not know a message.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator

from .._http import known
from .._http.encoded import Word
from .._http.spellings import View
from .._placeholders import Placeholder, hiding
from .finding import Shapes
from .placeholder import PLACEHOLDER
from .rule import Rule

#: In how many bytes a placeholder stands at least, and at most.
_SHORTEST_PLACEHOLDER, _LONGEST_PLACEHOLDER = 8, 72
#: How an escaped ``<`` begins.
_ESCAPED = (b"%3C", b"%3c", b"\\u003", b"\\x3", b"&lt;", b"&#")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


class Spelled:
    """Known secrets, in the spellings that are usual."""

    def __init__(self, secrets: tuple[Placeholder, ...]) -> None:
        self.values = hiding(secrets, for_people=True) if secrets else None
        self.plain = tuple(one for secret in secrets for one, _ in secret.spelled())
        self.shortest, self.longest = min(map(len, self.plain), default=1 << 30), max(map(len, self.plain), default=0)
        #: Whether one has a character that is often escaped.
        self.may_be_escaped = any(not _OF_TOKENS.fullmatch(secret.secret) for secret in secrets)


_OF_TOKENS = re.compile(r"[\w.~+/=-]*", re.ASCII)


@functools.lru_cache(maxsize=32)
def spelled(secrets: tuple[Placeholder, ...]) -> Spelled:
    """The same secrets, made once."""
    return Spelled(secrets)


class Secrets:
    """Known secrets and what looks like one, each to become ``put(rule, secret)``. Placeholders stay."""

    def __init__(self, secrets: Spelled, shapes: Shapes, put: Callable[[Rule, str], str]) -> None:
        self._shapes = shapes
        self._put = put
        self._known, self._plain = secrets.values, secrets.plain
        self._escapes = _ESCAPES if secrets.may_be_escaped else ()
        self.shortest = min(secrets.shortest, shapes.shortest)
        self.longest = max(secrets.longest, shapes.longest)

    def suspects(self, data: bytes) -> bool:
        """Whether anything may stand in ``data``, in any spelling."""
        if self._shapes.may_stand_in(data) or any(one in data for one in self._plain):
            return True
        return self._shapes.may_be_hidden_in(data) or any(one in data for one in self._escapes)

    def find(self, view: View) -> Iterator[tuple[int, int, bytes]]:
        """See ``known.Values``."""
        taken = [found.span() for found in PLACEHOLDER.finditer(view.data)] if b"<" in view.data else []
        found = [] if self._known is None else list(self._known.find(view))
        for start, end, rule in self._shapes.find(view.data):
            if not _is_inside(taken, start, end):
                secret = _text(view.data[start:end])
                placeholder = self._put(rule, secret)
                if placeholder != secret:
                    written = view.written(placeholder.encode("utf-8", "surrogateescape"), start, end)
                    found.append((start, end, written))
        # (Of two that overlap, the longer one is the secret.)
        is_markup = view.outer is None and _MARKUP.match(view.data) and not PLACEHOLDER.match(view.data)
        for start, end, new in sorted(found, key=lambda one: one[0] - one[1]):
            if not _is_inside(taken, start, end):
                yield start, end, new.replace(b"<", b"&lt;").replace(b">", b"&gt;") if is_markup else new

    def inside(self) -> known.Values:
        """See ``known.Values``."""
        return self

    def shape(self, word: Word, inner: bytes) -> tuple[bytes, str]:
        """See ``known.Values``."""
        return inner, word.shape


#: How what is escaped in an unusual way gives itself away, where nothing is known of the letters of a secret.
_ESCAPES = (b"%", b"\\", b"&#")


#: How XML and HTML begin, where "<" begins a tag.
_MARKUP = re.compile(rb"(?:\xef\xbb\xbf)?\s*<")


def _is_inside(spans: list[tuple[int, int]], start: int, end: int) -> bool:
    return any(first < end and start < last for first, last in spans)


class Blanks:
    """What looks like a secret, and placeholders: all to become the same text."""

    def __init__(self, shapes: Shapes, blank: str) -> None:
        self._shapes = shapes
        self._blank = blank.encode("ascii")
        self.shortest = min(shapes.shortest, _SHORTEST_PLACEHOLDER)
        self.longest = max(shapes.longest, _LONGEST_PLACEHOLDER)

    def suspects(self, data: bytes) -> bool:
        """Whether anything may stand in ``data``, in any spelling."""
        return (
            b"<" in data
            or any(one in data for one in _ESCAPED)
            or self._shapes.may_stand_in(data)
            or self._shapes.may_be_hidden_in(data)
        )

    def find(self, view: View) -> Iterator[tuple[int, int, bytes]]:
        """See ``known.Values``."""
        for found in PLACEHOLDER.finditer(view.data):
            yield *found.span(), self._blank
        for shaped in self._shapes.find(view.data):
            yield shaped.start, shaped.end, self._blank

    def inside(self) -> known.Values:
        """See ``known.Values``."""
        return self

    def shape(self, word: Word, inner: bytes) -> tuple[bytes, str]:
        """See ``known.Values``."""
        return inner, word.shape
