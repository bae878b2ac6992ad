"""What stands in the place of a secret, and which secrets are known. It must not know where a secret stands.

A placeholder shows the name of a rule and either a fingerprint of the secret or, for what people choose and for what is
short, a number: ``<ACCESS_TOKEN:3f9c>``, ``<PASSWORD:1>``. The fingerprint is 16 bits of a hash. It tells two tokens of
one cassette apart, and it is the same in every cassette. It is no help to somebody who guesses: a token of 16 letters
has far more than 16 bits, so that what is left to guess is as good as all of it, and one in 65,536 of all wrong guesses
has the same fingerprint. Of what can be guessed at all (a password) no bit is told.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from hashlib import blake2b
from urllib.parse import unquote

from .._locks import new_lock
from .._placeholders import Placeholder
from .jwt import reshaped, stands_for_jwt
from .rule import Rule

PLACEHOLDER = re.compile(rb"<([A-Z][A-Z0-9_]{0,63}):([0-9a-f]{4}|[1-9][0-9]{0,5})>")
_PLACEHOLDER = re.compile(PLACEHOLDER.pattern.decode("ascii"))
_FINGERPRINT_DIGITS = 4
#: In how many bytes a placeholder stands at least, and at most.
SHORTEST, LONGEST = 8, 72
#: With fewer characters a secret is numbered, whatever it is for.
_SHORTEST_FOR_FINGERPRINT = 16
#: With fewer characters what is secret in one place is no secret elsewhere; and so are words of one kind of character.
_SHORTEST_ANYWHERE, _SHORTEST_WORD = 8, 20
#: How many secrets that traffic has told are looked for everywhere: each costs time, and old ones come no more.
_MOST_RECENT = 200
_ONE_KIND = re.compile(r"[A-Za-z]*|[0-9]*")
#: What somebody has put in the place of a secret before.
_STAND_INS = re.compile(
    r"<[^<>]*>(~~.*)?|\[[^\[\]]*\]|\{[^{}]*\}|\{\{.*\}\}|\*+|x{3,}"
    r"|redacted|filtered|masked|sanitized|hidden|none|null|undefined",
    re.IGNORECASE | re.DOTALL,
)


def is_placeholder(text: str) -> bool:
    """Whether this is a placeholder, and nothing else."""
    return _PLACEHOLDER.fullmatch(text) is not None


def tag(text: str) -> str:
    """What tells a placeholder from others, whatever the rule is called that has made it: its fingerprint or number."""
    found = _PLACEHOLDER.fullmatch(text)
    return text if found is None else found[2]


def fingerprint(secret: str) -> str:
    """16 bits of a hash, as four hexadecimal digits."""
    data = secret.encode("utf-8", "surrogateescape")
    return blake2b(data, digest_size=2, person=b"vcr placeholder").hexdigest()


def may_stand_for(tag: str, text: str) -> bool:
    """Whether the placeholder with this fingerprint or number may stand for ``text``: a secret, or what stands in the
    place of another one. A number tells nothing of the secret but that it is no short word."""
    if is_placeholder(text):
        return True
    return fingerprint(text) == tag if len(tag) == _FINGERPRINT_DIGITS else _is_secret_anywhere(text)


class Known:
    """The secrets that have been found so far, each with what takes its place.

    ``stand_ins``: texts that a project has put in the place of secrets, beside those that look so.
    """

    def __init__(self, stand_ins: Iterable[str] = ()) -> None:
        self._stand_ins = frozenset(stand_ins)
        self._by_secret: dict[str, str] = {}
        self._count: Counter[str] = Counter()
        self._lock = new_lock()
        self._anywhere: tuple[Placeholder, ...] = ()
        self._always: tuple[Placeholder, ...] = ()  # what no traffic has told
        self._recent: tuple[Placeholder, ...] = ()

    def is_stand_in(self, text: str) -> bool:
        """Whether this stands in the place of a secret already."""
        return text in self._stand_ins or _STAND_INS.fullmatch(text) is not None or stands_for_jwt(text)

    def placeholder(self, rule: Rule, secret: str) -> str:
        """What takes the place of a secret: the same for the same secret, whichever rule has found it first."""
        known = self._by_secret.get(secret)
        if known is not None:
            return known
        if not secret or self.is_stand_in(secret):
            return secret
        if "%" in secret and is_placeholder(plain := unquote(secret)):
            return plain  # (A client has escaped what it was given.)
        with self._lock:
            return self._by_secret.get(secret) or self._add(rule, secret)

    def _add(self, rule: Rule, secret: str) -> str:
        if rule.replacement is not None:
            new = rule.replacement
        elif rule.chosen or len(secret) < _SHORTEST_FOR_FINGERPRINT:
            self._count[rule.name] += 1
            new = f"<{rule.name}:{self._count[rule.name]}>"
        else:
            new = f"<{rule.name}:{fingerprint(secret)}>"
            new = reshaped(secret, new) or new
        self._by_secret[secret] = new
        if rule.where in ("env", "host"):
            self._always = (*self._always, Placeholder(new, secret))
        elif _is_secret_anywhere(secret) and rule.of("response").fits(secret):
            self._recent = (*self._recent[1 - _MOST_RECENT :], Placeholder(new, secret))
        self._anywhere = (*self._always, *self._recent)
        return new

    @property
    def placeholders(self) -> dict[str, str]:
        """Each secret with what takes its place."""
        return dict(self._by_secret)

    @property
    def anywhere(self) -> tuple[Placeholder, ...]:
        """Those that are secret wherever they stand."""
        return self._anywhere


def _is_secret_anywhere(secret: str) -> bool:
    shortest = _SHORTEST_WORD if _ONE_KIND.fullmatch(secret) else _SHORTEST_ANYWHERE
    return len(secret) >= shortest
