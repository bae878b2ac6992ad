"""Keeps secrets out of cassettes. Here are the functions with which a project writes rules of its own.

``sanitize=[vcr.sanitize.header("x-key"), vcr.sanitize.regex("key-(?P<secret>[0-9]+)")]`` adds rules to the default
ones. ``sanitize=vcr.sanitize.only(...)`` replaces the default ones. Each function returns a rule, and raises TypeError
or ValueError for arguments that could find no secret. Most functions take these options:

- ``on``: whether the rule looks at the ``"request"``, at the ``"response"``, or at ``"both"``.
- ``replacement``: the text to write instead of a placeholder.
- ``compare``: whether a request with another secret must not be answered from the recording.

It must not know a cassette, a file or a client.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Container, Iterable, Sequence
from typing import TYPE_CHECKING

from ..errors import choices
from .paths import JsonPath
from .rule import On, Rule, Where

if TYPE_CHECKING:
    from .masking import Sanitizer
    from .ruleset import RuleSet

__all__ = ["Only", "Rule", "cookie", "env", "form", "header", "host", "json_path", "only", "query", "regex"]


class Only(tuple[Rule, ...]):
    """Rules that replace the default rules."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"only({', '.join(map(repr, self))})"


def only(*rules: Rule) -> Only:
    """These rules, which replace the default rules."""
    return Only(checked(rules))


def checked(rules: Iterable[object]) -> tuple[Rule, ...]:
    """``rules`` as a tuple. Raises TypeError for an object that is not a rule."""
    given = tuple(rules)
    for rule in given:
        if not isinstance(rule, Rule):
            raise TypeError(f'expected rules, such as vcr.sanitize.header("x-key"), got {rule!r}')
    return tuple(rule for rule in given if isinstance(rule, Rule))


def given(value: object) -> bool | tuple[Rule, ...]:
    """The value of the option ``sanitize``, True, False, a rule or rules, as ``sanitizer`` takes it. Raises TypeError
    for another value."""
    if isinstance(value, (bool, Only)):
        return value
    if isinstance(value, str) or not isinstance(value, (Rule, Iterable)):
        raise TypeError(f'expected True, False, or rules such as vcr.sanitize.header("x-key"), got {value!r}')
    return checked((value,) if isinstance(value, Rule) else value)


def header(*names: str, on: On = "both", replacement: str | None = None, compare: bool = False) -> Rule:
    """Masks the values of header fields with these names. The scheme of credentials (``Bearer``) stays."""
    return _named("header", names, on, replacement, compare)


def cookie(*names: str, on: On = "both", replacement: str | None = None, compare: bool = False) -> Rule:
    """Masks the values of cookies with these names. ``"*"`` stands for all cookies."""
    return _named("cookie", names, on, replacement, compare)


def query(*names: str, on: On = "both", replacement: str | None = None, compare: bool = False) -> Rule:
    """Masks the values of query parameters with these names, in the URI and in header fields that hold a URI."""
    return _named("query", names, on, replacement, compare)


def form(*names: str, on: On = "both", replacement: str | None = None, compare: bool = False) -> Rule:
    """Masks the text in body fields with these names, at any depth, in forms of every kind, JSON and XML."""
    return _named("field", names, on, replacement, compare)


def json_path(path: str, *, on: On = "both", replacement: str | None = None, compare: bool = False) -> Rule:
    """Masks the strings at a path in JSON bodies, such as ``$.user.tokens[*].value`` or ``$..secret``."""
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
    """Masks what a regular expression finds, anywhere. If it has a group ``secret``, only that group is masked.

    ``name``: the name that placeholders show. Raises ValueError for a pattern that is not a regular expression, or that
    matches an empty text.
    """
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
    """Masks the values of these environment variables, anywhere. ``"*_KEY"`` stands for all variables whose names end
    with ``_KEY`` and whose values have 12 characters or more."""
    return _named("env", names, on, replacement, compare)


def host(*names: str, replacement: str | None = None) -> Rule:
    """Masks the names of these hosts, anywhere. ``host-1.invalid`` takes the place of the first host, and so on."""
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
    given: bool | tuple[Rule, ...], *, compares: bool, limit: int, own_placeholders: Container[str]
) -> Sanitizer:
    """The sanitizer for the option ``sanitize``, which is not False."""
    from .masking import Sanitizer

    return Sanitizer(_rule_set(given), limit=limit, own_placeholders=own_placeholders, compares=compares)


@functools.lru_cache(maxsize=16, typed=True)  # typed, because ``only(rule)`` equals ``(rule,)``
def _rule_set(given: bool | tuple[Rule, ...]) -> RuleSet:
    """The rules for the option ``sanitize``, cached."""
    from .defaults import RULES
    from .ruleset import rule_set

    own = given if isinstance(given, tuple) else ()
    return rule_set(own if isinstance(given, Only) else (*own, *RULES))
