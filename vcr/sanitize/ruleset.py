"""Sorts rules by the places in which they look. It must not know a message, or what takes the place of a secret."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Literal

from .._http.names import Names, end_of
from .finding import Shapes
from .paths import JsonPath
from .rule import Rule, Where


@functools.lru_cache(maxsize=1024)
def folded(name: str) -> str:
    """``name`` in the form in which names are compared: case, and ``-`` or ``_``, do not count."""
    return name.lower().replace("_", "-")


#: How many names that no rule has are cached.
_MOST_KNOWN = 1000


class _Named:
    """Rules for one kind of place, by name. A rule of a project counts before a default rule. Of the others, if two
    have the same name, the first counts; a whole name counts before an end (``*-token``), and a long end before a short
    one. ``without``: names of query parameters that do not count.

    ``whole``: the whole names; ``ends``: the ends, without the star.
    """

    def __init__(self, rules: Iterable[Rule], without: Collection[str] = ()) -> None:
        self.whole: dict[str, Rule] = {}
        self._ending: dict[str, Rule] = {}
        given = tuple(rules)
        self._add([rule for rule in given if not rule.is_default], without)
        own_ends = _longest_first(self._ending)
        self._add([rule for rule in given if rule.is_default], without, own_ends)
        self.ends = _longest_first(self._ending)
        self._any = self.whole.pop("*", None)
        self._known: dict[str, Rule | None] = dict(self.whole)

    def _add(self, rules: Iterable[Rule], without: Collection[str], own_ends: tuple[str, ...] = ()) -> None:
        """Add the names of ``rules``. A name that ends with one of ``own_ends`` has the rule of that end."""
        for rule in rules:
            for name in map(folded, rule.names):
                end = end_of(name, own_ends) if own_ends else None
                first = rule if end is None else self._ending[end]
                if name.startswith("*-"):
                    self._ending.setdefault(name[2:], first)
                elif rule.where != "query" or name not in without:
                    self.whole.setdefault(name, first)

    def of(self, name: str) -> Rule | None:
        """The rule for a name; else the rule for all names, if there is one."""
        try:
            return self._known[name]
        except KeyError:
            pass
        if len(self._known) > len(self.whole) + _MOST_KNOWN:
            self._known = dict(self.whole)
        rule = self.whole.get(folded(name)) or self._by_letters.get(name.lower())
        if rule is None and (end := end_of(name, self.ends)) is not None:
            rule = self._ending[end]
        self._known[name] = rule = rule or self._any
        return rule

    def named(self, name: str) -> Rule:
        """The rule for a name or an end (``*-token``) of this table, also for a name without its hyphens."""
        if name.startswith("*-"):
            return self._ending[name[2:]]
        return self.whole.get(folded(name)) or self._by_letters[name]

    @functools.cached_property
    def _by_letters(self) -> dict[str, Rule]:
        return {name.replace("-", ""): rule for name, rule in self.whole.items()}


class Side:
    """The rules for requests, or those for responses. If two rules have the same name, the first counts.

    The names of query parameters count for fields of a body, too, except for names in ``no_fields``: rules for fields
    that look only at the other side.
    """

    def __init__(self, rules: Sequence[Rule], no_fields: Sequence[Rule] = ()) -> None:
        self._by_where: dict[Where, tuple[Rule, ...]] = {}
        for rule in rules:
            self._by_where[rule.where] = (*self._by_where.get(rule.where, ()), rule)
        self._headers = _Named(self._of("header"))
        self._cookies = _Named(self._of("cookie"))
        self._parameters = _Named(self._of("query"))
        others = {folded(name) for rule in no_fields if rule.where == "field" for name in rule.names}
        self._fields = _Named((*self._of("field"), *self._of("query")), without=others)
        self.userinfo = next(iter(self._of("userinfo")), None)
        self.shapes = Shapes(self._of("shape"))
        self.paths = tuple((JsonPath(path), rule) for rule in self._of("json_path") for path in rule.names)
        self.has_cookies = bool(self._of("cookie"))
        fields = [one for name in self._fields.whole for one in _spellings(name)]
        listed = [name for name in self._headers.whole if name not in self._fields.whole or name == "authorization"]
        listed += ["cookie", "set-cookie"] if self.has_cookies else []
        self.fields = Names(fields, self._fields.ends, of_texts=True)
        #: The names of header fields that a body may list, which are names of no fields. (The value of
        #: ``Authorization`` has a scheme there.)
        self.listed = Names(listed, of_texts=True)
        self._in_bodies = Names((*fields, *listed), self._fields.ends)

    def _of(self, where: Where) -> tuple[Rule, ...]:
        return self._by_where.get(where, ())

    def header(self, name: str) -> Rule | None:
        """The rule for a header field."""
        return self._headers.of(name)

    def cookie(self, name: str) -> Rule | None:
        """The rule for a cookie with this name; else the rule for all cookies, if there is one."""
        return self._cookies.of(name)

    def parameter(self, name: str) -> Rule | None:
        """The rule for a query parameter with this name."""
        return self._parameters.of(name)

    def field(self, name: str) -> Rule:
        """The rule for a field of a body. ``name``: as ``fields.of`` returns it."""
        return self._fields.named(name)

    def may_have_fields(self, data: bytes) -> bool:
        """Whether the name of a secret field, or of a secret header field, may stand in a body. If this returns False,
        there is none."""
        return self._in_bodies.may_stand_in(data)


def _longest_first(ends: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(ends, key=len))[::-1]


def _spellings(name: str) -> Iterator[str]:
    yield name
    if "-" in name:
        yield name.replace("-", "_")
        yield name.replace("-", "")


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
        #: How the placeholders of environment variables begin.
        self.marks_of_variables = tuple({b"<%b:" % rule.name.encode("ascii") for rule in self._variables})
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
