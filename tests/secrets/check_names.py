"""``python -m tests.secrets.check_names``: our tables beside the names that others mask (``known_names.txt``).

For each name: which of our rules masks its value, or why none does. The exit status is 1 if there is a name with
neither (it is new), or with a reason that is no longer true.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from vcr.sanitize import names, shapes
from vcr.sanitize.defaults import RULES
from vcr.sanitize.rule import Rule
from vcr.sanitize.ruleset import RuleSet

LIST = Path(__file__).with_name("known_names.txt")
#: How a reason begins that names a rule by which the value is found, whatever its name.
_BY_SHAPE, _BY_RULE = "by shape: ", "rule: "
_SIDES = RuleSet(RULES)


class Known(NamedTuple):
    """A name from the list. ``reason``: why it is not masked by name; empty if it must be."""

    place: str
    source: str
    name: str
    reason: str


class Line(NamedTuple):
    """What becomes of a name. ``verdict``: ``masked``, ``left out``, ``by shape``, ``NEW`` or ``WRONG``."""

    known: Known
    verdict: str
    why: str


def known(text: str) -> Iterator[Known]:
    """The names in a list."""
    place = source = ""
    for line in text.splitlines():
        if line.startswith("["):
            place, _, source = line.strip("[]").partition(": ")
        elif line and not line.startswith("#"):
            listed, _, reason = line.partition(" = ")
            yield from (Known(place, source, name, reason) for name in listed.split())


def line(one: Known) -> Line:
    """What becomes of a name."""
    rules = {rule.name: rule for rule in found(one)}
    masked = ", ".join(name + ("" if not rule.pattern else " if it looks like one") for name, rule in rules.items())
    for start, tables in ((_BY_SHAPE, shapes.RULES), (_BY_RULE, names.RULES)):
        if one.reason.startswith(start):
            name, _, where = one.reason.removeprefix(start).partition(" as ")
            is_there = any(name in (rule.name, rule.where) and where in ("", rule.where) for rule in tables)
            return Line(one, "by shape" if is_there and not masked else "WRONG", one.reason)
    if one.reason:
        return Line(one, "WRONG" if masked else "left out", masked or one.reason)
    return Line(one, "masked" if masked else "NEW", masked)


def found(one: Known) -> Iterator[Rule]:
    """The rules that mask a value with this name."""
    for side in (_SIDES.request, _SIDES.response):
        if one.place == "header" and one.name.lower() in ("cookie", "set-cookie"):
            rule = side.cookie("any")
        elif one.place == "field":
            name = side.fields.of(one.name)
            rule = side.field(name) if name else None
        else:
            of = {"header": side.header, "cookie": side.cookie, "query": side.parameter}.get(one.place)
            rule = of(one.name) if of else None
        if rule is not None:
            yield rule


def lines() -> list[Line]:
    """What becomes of each name of the list."""
    return [line(one) for one in known(LIST.read_text(encoding="utf-8"))]


def main() -> int:
    """Print the table, the counts by source, and what is wrong."""
    table = lines()
    print("| place | source | name | | rule or reason |\n|---|---|---|---|---|")
    print(
        *(f"| {known.place} | {known.source} | {known.name} | {verdict} | {why} |" for known, verdict, why in table),
        sep="\n",
    )
    counts = Counter((one.known.source, one.verdict) for one in table)
    print(*(f"{source}: {count} {verdict}" for (source, verdict), count in counts.items()), sep="\n")
    wrong = [one for one in table if one.verdict in ("NEW", "WRONG")]
    print(*(f"{one.verdict}: {one.known.place} {one.known.name} ({one.why})" for one in wrong), sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
