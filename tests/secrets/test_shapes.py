"""The tables of shapes and of names: each row finds its example, and not what is like it."""

from __future__ import annotations

import re

import pytest

from tests.secrets.check_rules import LEFT_OUT, compare, in_python
from tests.secrets.made import made
from vcr.sanitize import names, shapes
from vcr.sanitize.finding import Shapes

ALL = Shapes(shapes.RULES)
AROUND = ((b"", b""), (b'{"a": "', b'"}'), (b"a=1&x=", b"&b=2"), (b"<a>", b"</a>"), (b"text\n", b"\ntext"))
IDS = [f"{rule.name} {rule.vector[:12]}" for rule in shapes.RULES]


@pytest.mark.parametrize("rule", shapes.RULES, ids=IDS)
def test_a_shape_is_found_by_its_own_rule_alone_and_what_is_like_it_by_none(rule):
    for number in range(5):
        for before, after in AROUND:
            token, other = (made(recipe, number).encode() for recipe in (rule.vector, rule.counter_example))
            assert [found.rule for found in ALL.find(before + token + after)] == [rule]
            assert list(ALL.find(before + other + after)) == []


def test_what_is_found_is_the_token_or_the_secret_part_of_it():
    rules = {rule.name: rule for rule in shapes.RULES}
    for name, whole in (("NPM_TOKEN", True), ("AZURE_KEY", False), ("PRIVATE_KEY", False)):
        text = made(rules[name].vector).encode()
        (found,) = ALL.find(text)
        assert (text[found.start : found.end] == text) is whole
    assert text[found.start : found.end].strip(b"=") == text.split(b"-----")[2].strip().strip(b"=")


def test_the_table_is_in_order_and_says_where_each_row_is_from():
    for table in (shapes.WORDS, shapes.BLOCKS):
        assert [rule.name for rule in table] == sorted(rule.name for rule in table)
    for rule in shapes.RULES:
        assert re.fullmatch(r"[A-Z][A-Z0-9_]+", rule.name)
        assert rule.where == "shape"
        assert rule.keywords
        assert rule.source
        assert min(map(len, rule.keywords)) >= 2


def test_no_token_stands_in_the_table_itself():
    """A scanner of a hosting service does not stop a push of it."""
    for module in (shapes, names):
        with open(module.__file__, "rb") as file:
            assert list(ALL.find(file.read())) == []


def test_a_rule_of_gitleaks_is_compared_with_ours():
    npm = {
        "id": "npm-access-token",
        "regex": r"""(?i)\b(npm_[a-z0-9]{36})(?:[\x60'"\s;]|\\[nr]|$)""",
        "keywords": ["npm_"],
    }
    assert compare(npm)[1:] == ("NPM_TOKEN", "20/20", "")
    beside = {
        "id": "acme-key",
        "regex": r"[\w.-]{0,50}?(?:acme)(?:[ \t\w.-]{0,20})([a-z0-9]{32})",
        "keywords": ["acme"],
    }
    assert compare(beside).reason
    assert compare({"id": "new", "regex": "new_[a-z]{20}"})[1:] == ("", "", "")
    assert not LEFT_OUT.keys() & {name for rule in shapes.RULES for name in rule.source.split(", ")}
    assert in_python(r"\b(SG\.(?i)[a-z0-9)]{66})x\z") == r"\b(SG\.(?i:[a-z0-9)]{66}))x\Z"


# -- names -------------------------------------------------------------------------------------------------------------


def _folded(name: str) -> str:
    return name.casefold().replace("-", "_")


def test_each_name_is_listed_once_for_each_place():
    seen = set()
    for rule in names.RULES:
        for name in rule.names:
            assert name == name.lower()
            assert (rule.where, _folded(name)) not in seen
            seen.add((rule.where, _folded(name)))
    assert {where for where, _ in seen} == {"header", "cookie", "query", "field", "env"}


def test_one_kind_is_the_same_wherever_it_stands():
    chosen, identifying = {}, {}
    for rule in names.RULES:
        assert chosen.setdefault(rule.name, rule.chosen) == rule.chosen
        assert identifying.setdefault(rule.name, rule.identifies) == rule.identifies
        assert rule.source
        assert rule.vector
        assert rule.counter_example
    assert {name for name, by_people in chosen.items() if by_people} == {"OTP", "PASSWORD"}


@pytest.mark.parametrize(
    "rule", [rule for rule in names.RULES if rule.names], ids=lambda rule: f"{rule.where} {rule.name}"
)
def test_the_example_of_a_name_has_it_and_the_other_has_not(rule):
    """(That the sanitizer masks them is tested where it is: ``python -m tests.secrets``.)"""
    words = [re.sub(r"_|\\-", "[_-]?", re.escape(name)).replace(r"\*", r"[\w.-]+") for name in rule.names]
    holds = re.compile(rf"(?i)(?<![\w-])(?:{'|'.join(words)})(?![\w-])[\"']?\s*[:=]\s*[\"']?([^\"'&;\s]+)")
    if rule.where == "env":
        return
    found = holds.search(made(rule.vector))
    assert found
    if rule.where == "cookie":
        assert rule.counter_example.startswith("Accept:") or rule.pattern
        return
    other = holds.search(made(rule.counter_example))
    assert other is None or (rule.pattern and not re.fullmatch(rule.pattern, other[1].encode()))
    assert not rule.pattern or re.fullmatch(rule.pattern, found[1].encode())
