"""The rules by where they look: made once for the same rules. It must not know a message, or what a secret becomes."""

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
    """Names that differ in case, or in ``-`` and ``_``, are one."""
    return name.lower().replace("_", "-")


class Side:
    """The rules for requests, or those for responses. Where two rules have a name, the first counts.

    A parameter's name is a field's, too, but for those of ``no_fields``: of rules for fields on the other side alone.
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
        """The rule for a header field of this name, which is folded."""
        return self._headers.get(name)

    def cookie(self, name: str) -> Rule | None:
        """The rule for a cookie of this name."""
        return self._cookies.get(folded(name)) or self._cookies.get("*")

    def parameter(self, name: str) -> Rule | None:
        """The rule for a parameter in a URI."""
        return self._parameters.get(folded(name))

    def field(self, name: str) -> Rule:
        """The rule for a field in a body, as ``fields`` spells its name."""
        rule = self._fields.get(folded(name))
        return self._by_letters[name] if rule is None else rule

    @functools.cached_property
    def _by_letters(self) -> dict[str, Rule]:
        return {name.replace("-", ""): rule for name, rule in self._fields.items()}

    def may_have_fields(self, data: bytes) -> bool:
        """Whether a name of a field may stand in a body."""
        if not any(mark in data for mark in _MARKS):
            return False
        low = data.lower()
        return any(stem in low for stem in self._stems)


#: One of these stands in every body that has fields.
_MARKS = (b"=", b'"', b"'", b"<")


def _spellings(name: str) -> Iterator[str]:
    yield name
    if "-" in name:
        yield name.replace("-", "_")
        yield name.replace("-", "")


def _stems(names: Sequence[str]) -> tuple[bytes, ...]:
    """Of the names, those in which no other one stands: one of them is in each."""
    stems: list[str] = []
    for name in sorted(set(names), key=len):
        if not any(stem in name for stem in stems):
            stems.append(name)
    return tuple(stem.encode("utf-8") for stem in stems)


def _side(side: Literal["request", "response"], rules: Sequence[Rule]) -> Side:
    at_work = [rule.of(side) for rule in rules if rule.is_at_work(side)]
    return Side(at_work, no_fields=[rule for rule in rules if not rule.is_at_work(side)])


class RuleSet:
    """Rules, those of a project first."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.request = _side("request", rules)
        self.response = _side("response", rules)
        self.hosts = tuple(rule for rule in rules if rule.where == "host")
        self._variables = tuple(rule for rule in rules if rule.where == "env")
        #: Whether a rule says that another secret makes a request another one.
        self.compare = any(rule.compare for rule in rules)

    def in_environment(self, environ: Mapping[str, str]) -> Iterator[tuple[Rule, str]]:
        """The values of environment variables that are secret."""
        for rule in self._variables:
            is_meant = _is_any_of(rule.names)
            for variable, value in environ.items():
                if is_meant(variable.lower()) and (len(value) >= SHORTEST_IN_ENVIRONMENT or variable in rule.names):
                    yield rule, value


#: With fewer characters, the value of a variable whose name only looks secret is none.
SHORTEST_IN_ENVIRONMENT = 12


def _is_any_of(names: Sequence[str]) -> Callable[[str], bool]:
    ends = tuple(name[1:].lower() for name in names if name.startswith("*"))
    whole = {name.lower() for name in names if not name.startswith("*")}
    return lambda name: name in whole or name.endswith(ends)


@functools.lru_cache(maxsize=16)
def rule_set(rules: tuple[Rule, ...]) -> RuleSet:
    """The same rules, made once."""
    return RuleSet(rules)
