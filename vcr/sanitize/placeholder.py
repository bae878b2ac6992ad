"""Makes placeholders, and keeps the secrets that are known. It must not know where a secret stands.

A placeholder shows the name of a rule and a fingerprint or a number: ``<ACCESS_TOKEN:3f9c>``, ``<PASSWORD:1>``. The
fingerprint is 16 bits of a hash of the secret. It tells two tokens of one cassette apart, and a token has the same one
in every cassette. It does not help to guess a token: a token of 16 letters has far more than 16 bits, and one wrong
guess in 65,536 has the same fingerprint. A secret that can be guessed, because a person chose it or because it is
short, gets a number, which tells nothing about it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container
from hashlib import blake2b
from urllib.parse import unquote

from .._http.text import as_bytes
from .._locks import new_lock
from .._placeholders import Placeholder
from .jwt import reshaped, stands_for_jwt
from .rule import Rule

PLACEHOLDER = re.compile(rb"<([A-Z][A-Z0-9_]{0,63}):([0-9a-f]{4}|[1-9][0-9]{0,5})>")
_PLACEHOLDER = re.compile(PLACEHOLDER.pattern.decode("ascii"))
_FINGERPRINT_DIGITS = 4
_LONGEST_NAME = 64
#: The bytes of the shortest and of the longest placeholder.
SHORTEST, LONGEST = 8, 72
#: A secret with fewer characters gets a number.
_SHORTEST_FOR_FINGERPRINT = 16
#: A secret with fewer characters is masked only in its place, not everywhere: the first number counts for a mix of
#: kinds of characters, the second for letters alone or digits alone, which may be an ordinary word or number.
_SHORTEST_ANYWHERE, _SHORTEST_WORD = 8, 20
#: How many secrets from messages are looked for everywhere, the newest ones: each takes time.
_MOST_RECENT = 200
_ONE_KIND = re.compile(r"[A-Za-z]*|[0-9]*")
#: Texts that somebody has written in the place of a secret: they are not masked again.
_MASKED = re.compile(
    r"<[^<>]*>(~~.*)?|\[[^\[\]]*\]|\{[^{}]*\}|\{\{.*\}\}|\*+|x{3,}"
    r"|redacted|filtered|masked|sanitized|hidden|none|null|undefined",
    re.IGNORECASE | re.DOTALL,
)


def is_placeholder(text: str) -> bool:
    """Whether ``text`` is a placeholder and nothing else."""
    return _PLACEHOLDER.fullmatch(text) is not None


def tag(text: str) -> str:
    """The fingerprint or the number in a placeholder, which do not depend on the name of a rule; any other text as it
    is."""
    found = _PLACEHOLDER.fullmatch(text)
    return text if found is None else found[2]


def sized(text: str, size: int) -> str:
    """A placeholder with ``size`` characters: its name is cut, or goes on with ``_``. Any other text, and a placeholder
    that cannot be so short, as it is."""
    found = _PLACEHOLDER.fullmatch(text)
    room = 0 if found is None else size - len(found[2]) - len("<:>")
    if found is None or room < 1:
        return text
    name = found[1][:room].ljust(min(room, _LONGEST_NAME), "_")
    return f"<{name}:{found[2]}>".ljust(size, "_")


def fingerprint(secret: str) -> str:
    """16 bits of a hash, as four hexadecimal digits."""
    data = as_bytes(secret)
    return blake2b(data, digest_size=2, person=b"vcr placeholder").hexdigest()


def is_fingerprint_of(placeholder: str, secret: str) -> bool:
    """Whether the placeholder has the fingerprint of this secret, and not a number."""
    return tag(placeholder) == fingerprint(secret)


def has_fingerprint(rule: Rule, secret: str) -> bool:
    """Whether the placeholder of a secret has a fingerprint, and not a number or a text of the rule's own."""
    return rule.replacement is None and not rule.chosen and len(secret) >= _SHORTEST_FOR_FINGERPRINT


def has_number(placeholder: str) -> bool:
    """Whether the placeholder has a number, and not a fingerprint."""
    return len(tag(placeholder)) != _FINGERPRINT_DIGITS


def may_stand_for(tag: str, text: str) -> bool:
    """Whether a placeholder with this fingerprint or number may stand for ``text``, a secret or another placeholder.

    A number tells nothing about its secret: any text that is not a short word may be the secret.
    """
    if is_placeholder(text):
        return True
    return fingerprint(text) == tag if len(tag) == _FINGERPRINT_DIGITS else _is_secret_anywhere(text)


class Known:
    """The secrets that have been found so far, each with the text that takes its place.

    ``own_placeholders``: texts that a project writes in the place of secrets, and that are not masked again.
    """

    def __init__(self, own_placeholders: Container[str] = ()) -> None:
        self._own_placeholders = own_placeholders
        self._left: set[str] = set()  # what hooks have written in the place of secrets
        self._by_secret: dict[str, str] = {}
        self._count: Counter[str] = Counter()
        self._lock = new_lock()
        self._anywhere: tuple[Placeholder, ...] = ()
        #: The values of environment variables, by their placeholders.
        self.variables: dict[str, str] = {}
        self._always: tuple[Placeholder, ...] = ()  # hosts, and values of environment variables
        self._recent: tuple[Placeholder, ...] = ()  # the newest secrets from messages

    def is_masked(self, text: str) -> bool:
        """Whether ``text`` stands in the place of a secret already: a placeholder, ``[redacted]`` and the like."""
        return (
            text in self._own_placeholders
            or text in self._left
            or _MASKED.fullmatch(text) is not None
            or stands_for_jwt(text)
        )

    def leave(self, texts: set[str]) -> None:
        """Do not mask these texts: somebody has written them in the place of secrets."""
        with self._lock:
            self._left.update(texts.difference(self._by_secret))

    def placeholder(self, rule: Rule, secret: str) -> str:
        """The text that takes the place of a secret. A secret keeps its text, whichever rule finds it later."""
        known = self._by_secret.get(secret)
        if known is not None:
            return known
        if not secret or self.is_masked(secret):
            return secret
        if "%" in secret and is_placeholder(plain := unquote(secret)):
            return plain  # a client has escaped a placeholder that it got from a replayed response
        with self._lock:
            return self._by_secret.get(secret) or self._add(rule, secret)

    def _add(self, rule: Rule, secret: str) -> str:
        if rule.replacement is not None:
            new = rule.replacement
        elif has_fingerprint(rule, secret):
            new = f"<{rule.name}:{fingerprint(secret)}>"
            new = reshaped(secret, new) or new
        else:
            self._count[rule.name] += 1
            new = f"<{rule.name}:{self._count[rule.name]}>"
        self._by_secret[secret] = new
        if rule.where == "env" and rule.replacement is None:
            self.variables[new] = secret
        if rule.where in ("env", "host"):
            self._always = (*self._always, Placeholder(new, secret))
        elif _is_secret_anywhere(secret) and (rule.chosen or rule.of("response").fits(secret)):
            self._recent = (*self._recent[1 - _MOST_RECENT :], Placeholder(new, secret))
        else:
            return new  # so that ``anywhere`` stays the same object: what is made of it can be used again
        self._anywhere = (*self._always, *self._recent)
        return new

    @property
    def placeholders(self) -> dict[str, str]:
        """Each secret with the text that takes its place."""
        return dict(self._by_secret)

    @property
    def anywhere(self) -> tuple[Placeholder, ...]:
        """The secrets that are masked everywhere, not only in their places."""
        return self._anywhere


def _is_secret_anywhere(secret: str) -> bool:
    shortest = _SHORTEST_WORD if _ONE_KIND.fullmatch(secret) else _SHORTEST_ANYWHERE
    return len(secret) >= shortest
