"""Keeps secrets out of what is stored: rules of a project's own, beside those that are at work by default.

``sanitize=[vcr.sanitize.header("x-key"), vcr.sanitize.regex("key-(?P<secret>[0-9]+)")]`` adds rules, and
``sanitize=vcr.sanitize.only(...)`` takes the place of the defaults. Each function returns a rule, or raises TypeError
or ValueError for one that could find nothing. What they have in common: ``on``, the side on which the rule is at work;
``replacement``, what stands in the place of the secret instead of a placeholder; ``compare``: a request with another
secret is not answered.

It must not know a cassette, a file or a client.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ..errors import choices
from .paths import JsonPath
from .rule import On, Rule, Where

if TYPE_CHECKING:
    from .masking import Sanitizer
    from .ruleset import RuleSet

__all__ = ["Only", "Rule", "cookie", "env", "form", "header", "host", "json_path", "only", "query", "regex"]


class Only(tuple[Rule, ...]):
    """Rules that take the place of the defaults."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"only({', '.join(map(repr, self))})"


def only(*rules: Rule) -> Only:
    """These rules, in the place of the defaults."""
    return Only(checked(rules))


def checked(rules: Iterable[object]) -> tuple[Rule, ...]:
    """The rules. Raises TypeError for what is none."""
    given = tuple(rules)
    for rule in given:
        if not isinstance(rule, Rule):
            raise TypeError(f'expected rules, such as vcr.sanitize.header("x-key"), got {rule!r}')
    return tuple(rule for rule in given if isinstance(rule, Rule))


def header(*names: str, on: On = "both", replacement: str | None = None, compare: bool = False) -> Rule:
    """The values of header fields with these names; of credentials, the scheme stays."""
    return _named("header", names, on, replacement, compare)


def cookie(*names: str, on: On = "both", replacement: str | None = None, compare: bool = False) -> Rule:
    """The values of cookies with these names; ``"*"``: of all cookies."""
    return _named("cookie", names, on, replacement, compare)


def query(*names: str, on: On = "both", replacement: str | None = None, compare: bool = False) -> Rule:
    """The values of parameters with these names, in the URI and in other addresses."""
    return _named("query", names, on, replacement, compare)


def form(*names: str, on: On = "both", replacement: str | None = None, compare: bool = False) -> Rule:
    """The texts in fields with these names, in forms of every kind, JSON and XML, at any depth."""
    return _named("field", names, on, replacement, compare)


def json_path(path: str, *, on: On = "both", replacement: str | None = None, compare: bool = False) -> Rule:
    """The texts at a path in JSON bodies: ``$.user.tokens[*].value``, ``$..secret``."""
    name = _placeholder_name(re.split(r"[.\[\]]+", JsonPath(path).text))
    return Rule(name, "json_path", (path,), on=_side(on), replacement=replacement, compare=compare)


def regex(
    pattern: str | bytes | re.Pattern[str] | re.Pattern[bytes],
    *,
    name: str = "SECRET",
    on: On = "both",
    replacement: str | None = None,
    compare: bool = False,
) -> Rule:
    """What a pattern finds in any text; the group ``secret`` of it, where it has one. ``name``: for the placeholder."""
    written = pattern.pattern if isinstance(pattern, re.Pattern) else pattern
    flags = pattern.flags if isinstance(pattern, re.Pattern) else 0
    data = written.encode("utf-8") if isinstance(written, str) else written
    inline = "".join(letter for letter, flag in _FLAGS if flags & flag)
    data = b"(?%b:%b)" % (inline.encode("ascii"), data) if inline else data
    try:
        finds_nothing = re.compile(data).match(b"") is not None
    except re.error as error:
        raise ValueError(f"{written!r} is not a regular expression: {error}") from None
    if finds_nothing:
        raise ValueError(f"{written!r} finds a secret in an empty text")
    return Rule(
        _placeholder_name((name,)), "shape", pattern=data, on=_side(on), replacement=replacement, compare=compare
    )


_FLAGS = (("i", re.IGNORECASE), ("m", re.MULTILINE), ("s", re.DOTALL), ("x", re.VERBOSE))


def env(*names: str, on: On = "both", replacement: str | None = None, compare: bool = False) -> Rule:
    """The values of environment variables, wherever they stand; ``"*_KEY"``: of all whose names end so, and that have
    12 characters or more."""
    return _named("env", names, on, replacement, compare)


def host(*names: str, replacement: str | None = None) -> Rule:
    """The names of hosts, wherever they stand: ``host-1.invalid`` takes the place of the first."""
    return _named("host", names, "both", replacement, False)


def _named(where: Where, names: tuple[str, ...], on: On, replacement: str | None, compare: bool) -> Rule:
    for name in names:
        if not isinstance(name, str) or not name.strip():
            raise TypeError(f"expected names, got {name!r}")
    if not names:
        raise TypeError("expected a name")
    kept = names if where == "env" else tuple(name.lower() for name in names)
    shown = _placeholder_name(names[:1])
    return Rule(shown, where, kept, on=_side(on), replacement=replacement, compare=compare)


def _side(on: On) -> On:
    sides = ("request", "response", "both")
    if on not in sides:
        raise ValueError(f"{on!r} is not a side. {choices(on, sides)}")
    return on


def _placeholder_name(words: Sequence[str]) -> str:
    named = [re.sub(r"[^A-Z0-9]+", "_", word.upper()).strip("_") for word in words]
    name = next((word for word in reversed(named) if word[:1].isalpha()), "SECRET")
    return name[:64]


def sanitizer(
    given: bool | tuple[Rule, ...], *, compares: bool, limit: int, stand_ins: Iterable[str]
) -> Sanitizer | None:
    """What masks by the rules that the option ``sanitize`` says; None where that is off."""
    if given is False:
        return None
    from .masking import Sanitizer

    return Sanitizer(_rule_set(given), limit=limit, stand_ins=stand_ins, compares=compares)


@functools.lru_cache(maxsize=16, typed=True)  # (``only(rule)`` equals ``(rule,)``)
def _rule_set(given: bool | tuple[Rule, ...]) -> RuleSet:
    """The rules that the option says, made once."""
    from . import names, shapes
    from .ruleset import RuleSet

    own = given if isinstance(given, tuple) else ()
    return RuleSet(own if isinstance(given, Only) else (*own, *names.RULES, *shapes.RULES))
