"""The values that are looked for in every text of a message, escaped or encoded too: known secrets, text that looks
like a secret, and placeholders. It must not know a message.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator
from contextlib import suppress

from .._http import known
from .._http.text import as_bytes, as_text
from .._http.views import View
from .._placeholders import Placeholder
from .finding import Shapes
from .placeholder import LONGEST, PLACEHOLDER, SHORTEST, sized
from .rule import Rule

#: The first bytes of an escaped ``<``.
_ESCAPED = (b"%3C", b"%3c", b"\\u003", b"\\x3", b"&lt;", b"&#")


#: The encodings in which a secret is looked for, besides UTF-8.
_CODINGS = ("latin-1", "utf-16-le", "utf-16-be")


def _written(view: View, start: int, end: int, placeholder: str) -> bytes:
    """``placeholder``, escaped for the place of ``view.data[start:end]``; in XML and HTML its ``<`` is ``&lt;``; in
    binary data, such as MessagePack, it is as long as the secret, because the length stands before a text."""
    if view.outer is None and _is_binary(view.data):
        placeholder = sized(placeholder, end - start)
    new = view.escape(as_bytes(placeholder), start, end)
    is_markup = view.outer is None and _MARKUP.match(view.data) and not PLACEHOLDER.match(view.data)
    return new.replace(b"<", b"&lt;").replace(b">", b"&gt;") if is_markup else new


@functools.lru_cache(maxsize=4)
def _is_binary(data: bytes) -> bool:
    """Whether ``data`` is no text, and no multipart body, in which a part may be no text."""
    if data.startswith(b"--"):
        return False
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return True
    return _CONTROL.search(data) is not None


_CONTROL = re.compile(rb"[\0-\x08\x0e-\x1a\x1c-\x1f]")


#: The first bytes of escapes.
_ESCAPES = (b"%", b"\\", b"&")


class Spelled:
    """Known secrets as bytes in each encoding, each with its placeholder.

    Each secret is looked for by itself. One pattern for all of them would have to be compiled again for each new
    secret, and that takes longer than hundreds of searches.
    """

    def __init__(self, secrets: tuple[Placeholder, ...]) -> None:
        found: dict[bytes, str] = {}
        for placeholder, secret in secrets:
            for data in _in_codings(secret):
                found.setdefault(data, placeholder)
        self.pairs = tuple(found.items())
        self.shortest, self.longest = min(map(len, found), default=1 << 30), max(map(len, found), default=0)
        # Escapes are looked for if a secret has a character that programs escape.
        may_be_escaped = any(not _OF_TOKENS.fullmatch(secret.secret) for secret in secrets)
        has_blank = any(" " in secret.secret for secret in secrets)  # which a form writes as "+"
        self._looked_for = (*found, *(_ESCAPES if may_be_escaped else ()), *((b"+",) if has_blank else ()))

    def may_stand_in(self, data: bytes) -> bool:
        """Whether one of the secrets may stand in ``data``, as it is or escaped."""
        return any(one in data for one in self._looked_for)


def _in_codings(secret: str) -> Iterator[bytes]:
    yield as_bytes(secret)
    for coding in _CODINGS:
        with suppress(UnicodeEncodeError):
            yield secret.encode(coding)


_OF_TOKENS = re.compile(r"[\w.~+/=-]*", re.ASCII)


class Secrets(known.Values):
    """Known secrets, and text that looks like a secret; each is replaced by its placeholder. ``put(rule, secret)``
    returns the placeholder for a new secret. Placeholders stay."""

    def __init__(self, secrets: Spelled, shapes: Shapes, put: Callable[[Rule, str], str]) -> None:
        self._shapes = shapes
        self._put = put
        self._secrets = secrets
        self.shortest = min(secrets.shortest, shapes.shortest)
        self.longest = max(secrets.longest, shapes.longest)

    def suspects(self, data: bytes) -> bool:
        """Whether a secret may stand in ``data``, escaped or encoded too."""
        return self._shapes.suspects(data, self._secrets.may_stand_in)

    def find(self, view: View) -> Iterator[tuple[int, int, known.New]]:
        """See ``known.Values``."""
        taken = [found.span() for found in PLACEHOLDER.finditer(view.data)] if b"<" in view.data else []
        found = [*self._shaped_in(view), *self._known_in(view)]
        # The longest come first: of two that overlap, the longer one is replaced.
        for start, end, new in sorted(found, key=lambda one: one[0] - one[1]):
            if not _is_inside(taken, start, end):
                yield start, end, new

    def _shaped_in(self, view: View) -> Iterator[tuple[int, int, known.New]]:
        """The texts that look like a secret. ``put`` is called only when one is replaced, so that a text that is only a
        part of a longer secret never becomes known."""
        for start, end, rule in self._shapes.find(view.data):
            yield start, end, functools.partial(self._masked, view, start, end, rule)

    def _masked(self, view: View, start: int, end: int, rule: Rule) -> bytes | None:
        secret = as_text(view.data[start:end])
        placeholder = self._put(rule, secret)
        return None if placeholder == secret else _written(view, start, end, placeholder)

    def _known_in(self, view: View) -> Iterator[tuple[int, int, known.New]]:
        for secret, placeholder in self._secrets.pairs:
            start = view.data.find(secret)
            while start >= 0:
                end = start + len(secret)
                yield start, end, _written(view, start, end, placeholder)
                start = view.data.find(secret, end)


#: The beginning of XML and HTML, in which "<" would begin a tag.
_MARKUP = re.compile(rb"(?:\xef\xbb\xbf)?\s*<")


def _may_have_placeholder(data: bytes) -> bool:
    return b"<" in data or any(one in data for one in _ESCAPED)


def _is_inside(spans: list[tuple[int, int]], start: int, end: int) -> bool:
    return any(first < end and start < last for first, last in spans)


class Blanks(known.Values):
    """Text that looks like a secret, and placeholders; each is replaced by what ``blank`` returns for it."""

    def __init__(self, shapes: Shapes, blank: Callable[[str], str]) -> None:
        self._shapes = shapes
        self._blank = blank
        self.shortest = min(shapes.shortest, SHORTEST)
        self.longest = max(shapes.longest, LONGEST)

    def suspects(self, data: bytes) -> bool:
        """Whether a secret, or a placeholder, may stand in ``data``, escaped or encoded too."""
        return self._shapes.suspects(data, _may_have_placeholder)

    def find(self, view: View) -> Iterator[tuple[int, int, known.New]]:
        """See ``known.Values``."""
        for found in PLACEHOLDER.finditer(view.data):
            yield *found.span(), as_bytes(self._blank(as_text(found[0])))
        for start, end, _ in self._shapes.find(view.data):
            yield start, end, as_bytes(self._blank(as_text(view.data[start:end])))
