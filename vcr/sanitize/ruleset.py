"""Sorts rules by the places in which they look. It must not know a message, or what takes the place of a secret."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal

from .._http.named import Names
from .finding import Shapes
from .paths import JsonPath
from .rule import Rule, Where


@functools.lru_cache(maxsize=1024)
def folded(name: str) -> str:
    """``name`` in the form in which names are compared: case, and ``-`` or ``_``, do not count."""
    return name.lower().replace("_", "-")


class Side:
    """The rules for requests, or those for responses. If two rules have the same name, the first counts.

    The names of query parameters count for fields of a body, too, except for names in ``no_fields``: rules for fields
    that look only at the other side.
    """

    def __init__(self, rules: Sequence[Rule], no_fields: Sequence[Rule] = ()) -> None:
        self._by_where: dict[Where, tuple[Rule, ...]] = {}
        for rule in rules:
            self._by_where[rule.where] = (*self._by_where.get(rule.where, ()), rule)
        self._headers = self._named("header")
        self._cookies = self._named("cookie")
        self._parameters = self._named("query")
        others = {folded(name) for rule in no_fields if rule.where == "field" for name in rule.names}
        parameters = {name: rule for name, rule in self._parameters.items() if name not in others}
        self._fields = {**parameters, **self._named("field")}
        self.userinfo = next(iter(self._of("userinfo")), None)
        self.shapes = Shapes(self._of("shape"))
        self.paths = tuple((JsonPath(path), rule) for rule in self._of("json_path") for path in rule.names)
        spelled = tuple(one for name in self._fields for one in _spellings(name))
        self.fields = Names(spelled, of_texts=True)
        self._stems = _stems(spelled)
        self.has_cookies = bool(self._cookies)

    def _of(self, where: Where) -> tuple[Rule, ...]:
        return self._by_where.get(where, ())

    def _named(self, where: Where) -> dict[str, Rule]:
        named: dict[str, Rule] = {}
        for rule in self._of(where):
            for name in rule.names:
                named.setdefault(folded(name), rule)
        return named

    def header(self, name: str) -> Rule | None:
        """The rule for a header field; ``name`` must be ``folded``."""
        return self._headers.get(name)

    def cookie(self, name: str) -> Rule | None:
        """The rule for a cookie with this name; else the rule for all cookies, if there is one."""
        return self._cookies.get(folded(name)) or self._cookies.get("*")

    def parameter(self, name: str) -> Rule | None:
        """The rule for a query parameter with this name."""
        return self._parameters.get(folded(name))

    def field(self, name: str) -> Rule:
        """The rule for a field of a body. ``name``: as ``fields.of`` returns it."""
        rule = self._fields.get(folded(name))
        return self._by_letters[name] if rule is None else rule

    @functools.cached_property
    def _by_letters(self) -> dict[str, Rule]:
        return {name.replace("-", ""): rule for name, rule in self._fields.items()}

    def may_have_fields(self, data: bytes) -> bool:
        """Whether the name of a secret field may stand in a body. If this returns False, there is none."""
        if not any(mark in data for mark in _MARKS):
            return False
        low = data.lower()
        return any(stem in low for stem in self._stems)


#: One of these stands in every body with fields.
_MARKS = (b"=", b'"', b"'", b"<")


def _spellings(name: str) -> Iterator[str]:
    yield name
    if "-" in name:
        yield name.replace("-", "_")
        yield name.replace("-", "")


def _stems(names: Sequence[str]) -> tuple[bytes, ...]:
    """The names that contain no other name: every name contains one of them, so they are enough to look for."""
    stems: list[str] = []
    for name in sorted(set(names), key=len):
        if not any(stem in name for stem in stems):
            stems.append(name)
    return tuple(stem.encode("utf-8") for stem in stems)


def _side(side: Literal["request", "response"], rules: Sequence[Rule]) -> Side:
    at_work = [rule.of(side) for rule in rules if rule.is_at_work(side)]
    return Side(at_work, no_fields=[rule for rule in rules if not rule.is_at_work(side)])


class RuleSet:
    """Rules, sorted for requests, for responses, for hosts and for the environment; those of a project come first."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.request = _side("request", rules)
        self.response = _side("response", rules)
        self.hosts = tuple(rule for rule in rules if rule.where == "host")
        self._variables = tuple(rule for rule in rules if rule.where == "env")
        #: Whether a rule has ``compare``.
        self.compare = any(rule.compare for rule in rules)

    def in_environment(self, environ: Mapping[str, str]) -> Iterator[tuple[Rule, str]]:
        """The secret values of environment variables, each with its rule."""
        for rule in self._variables:
            is_meant = _is_any_of(rule.names)
            for variable, value in environ.items():
                if is_meant(variable.lower()) and (len(value) >= SHORTEST_IN_ENVIRONMENT or variable in rule.names):
                    yield rule, value


#: A shorter value is no secret, if only the end of the variable's name says so (``*_KEY``).
SHORTEST_IN_ENVIRONMENT = 12


def _is_any_of(names: Sequence[str]) -> Callable[[str], bool]:
    ends = tuple(name[1:].lower() for name in names if name.startswith("*"))
    whole = {name.lower() for name in names if not name.startswith("*")}
    return lambda name: name in whole or name.endswith(ends)


@functools.lru_cache(maxsize=16)
def rule_set(rules: tuple[Rule, ...]) -> RuleSet:
    """The ``RuleSet`` of these rules, cached."""
    return RuleSet(rules)
