"""``python -m tests.secrets.check_rules RULES.toml``: the table of shapes beside the rules of gitleaks.

For each of its rules: which of ours is for it, and how many of 20 tokens that are made from its pattern ours finds; or
why there is none. Then our examples that no rule of gitleaks finds. The exit status is 1 when there is one of these, or
a rule for which there is neither a row nor a reason: it is new.
"""

from __future__ import annotations

import importlib
import random
import re
import string
import sys
from pathlib import Path
from typing import Any, NamedTuple

from tests.secrets.made import made
from vcr.sanitize import shapes
from vcr.sanitize.finding import Shapes

SAMPLES = 20
#: How a pattern of gitleaks begins that wants the name of the service beside the token.
_BESIDE = re.compile(r"(?:\(\?i\))?\[\\w\.-\]\{0,50\}\?")
BESIDE = "letters without a mark of their own: known by the name of the service beside them"
#: Why the others have no row.
LEFT_OUT = {
    "curl-auth-header": "a command line: the header is masked where it is one",
    "curl-auth-user": "a command line: the header is masked where it is one",
    "facebook-access-token": "no keyword: digits, a bar and letters; masked by the name of its field",
    "freemius-secret-key": "in files of PHP only",
    "gitlab-session-cookie": "the row of session cookies has its name",
    "jwt-base64": "a JWT is found in base64, as every shape is",
    "kubernetes-secret-yaml": "in files of YAML only; base64 is opened",
    "nuget-config-password": "in one file of NuGet only",
    "pkcs12-file": "a file's name",
    "sidekiq-sensitive-url": "user and password of a URI have a row",
}


class Line(NamedTuple):
    """What there is to say of one rule of gitleaks."""

    id: str
    ours: str
    found: str
    reason: str


def compare(rule: dict[str, Any]) -> Line:
    """What there is to say of one rule."""
    name = rule["id"]
    ours = [one for one in shapes.RULES if name in one.source.split(", ")]
    if not ours:
        reason = LEFT_OUT.get(name) or (BESIDE if _BESIDE.match(rule.get("regex", "")) else "")
        return Line(name, "", "", reason)
    pattern = in_python(rule["regex"])
    samples = [sample(pattern, random.Random(f"{name} {number}")) for number in range(SAMPLES)]
    found = sum(any(Shapes(ours).find(f"'{text}'".encode())) for text in samples)
    return Line(name, ", ".join(sorted({one.name for one in ours})), f"{found}/{SAMPLES}", "")


def not_accepted(rules: dict[str, dict[str, Any]]) -> list[str]:
    """Our rules with an example that none of the rules of gitleaks finds which they are for."""
    names = []
    for ours in shapes.RULES:
        theirs = [rules[name] for name in ours.source.split(", ") if name in rules]
        examples = [made(ours.vector, number) for number in range(SAMPLES)]
        if theirs and not all(any(_finds(rule, example) for rule in theirs) for example in examples):
            names.append(f"{ours.name} ({ours.vector})")
    return names


def _finds(rule: dict[str, Any], example: str) -> bool:
    """Whether it finds the example, alone or beside the name of the service."""
    beside = ["", f"{rule['id'].replace('-', '_')} = ", *(f"{word}_token = " for word in rule["keywords"])]
    pattern = re.compile(in_python(rule["regex"]))
    return any(pattern.search(f"{before}'{example}'") for before in beside)


def in_python(pattern: str) -> str:
    """A pattern of Go's as Python writes it: a flag in the middle counts to the end of its group."""
    pattern = pattern.replace("[[:alnum:]]", "[0-9A-Za-z]").replace(r"\z", r"\Z")
    while (at := pattern.find("(?i)", 1)) > 0:
        end = _end_of_group(pattern, at + 4)
        pattern = f"{pattern[:at]}(?i:{pattern[at + 4 : end]}){pattern[end:]}"
    return pattern


def _end_of_group(pattern: str, at: int) -> int:
    depth, in_class = 0, False
    while at < len(pattern):
        letter = pattern[at]
        if letter == "\\":
            at += 1
        elif in_class or letter == "[":
            in_class = letter != "]"
        elif letter == "(":
            depth += 1
        elif letter == ")":
            if not depth:
                return at
            depth -= 1
        at += 1
    return at


# -- a text that a pattern finds ---------------------------------------------------------------------------------------

_PRINTABLE = string.ascii_letters + string.digits + "_-+/=."


def sample(pattern: str, chance: random.Random) -> str:
    """A text made up from a pattern; what it wants around the token is left out where it can be."""
    parser: Any = importlib.import_module("re._parser" if sys.version_info >= (3, 11) else "sre_parse")
    return _sample(parser.parse(pattern), chance)


def _sample(items: Any, chance: random.Random) -> str:
    return "".join(_piece(str(kind), value, chance) for kind, value in items)


def _piece(kind: str, value: Any, chance: random.Random) -> str:
    match kind:
        case "LITERAL":
            return chr(value)
        case "NOT_LITERAL" | "ANY":
            return chance.choice(string.ascii_letters)
        case "IN":
            return chance.choice([letter for letter in _PRINTABLE if _is_in(value, letter)] or ["'"])
        case "SUBPATTERN":
            return _sample(value[-1], chance)
        case "BRANCH":
            return _sample(chance.choice(value[1]), chance)
        case "MAX_REPEAT" | "MIN_REPEAT":
            fewest, most, inner = value
            count = chance.randint(int(fewest), min(int(most), int(fewest) + 10))
            return "".join(_sample(inner, chance) for _ in range(count))
        case _:  # a place: the edge of a word, the end
            return ""


def _is_in(items: Any, letter: str) -> bool:
    negated = False
    for kind, value in items:
        match str(kind):
            case "NEGATE":
                negated = True
            case "LITERAL" if value == ord(letter):
                return not negated
            case "RANGE" if value[0] <= ord(letter) <= value[1]:
                return not negated
            case "CATEGORY" if _is_of(str(value), letter):
                return not negated
    return negated


def _is_of(category: str, letter: str) -> bool:
    is_one = {"WORD": letter.isalnum() or letter == "_", "DIGIT": letter.isdigit(), "SPACE": letter.isspace()}
    name = category.removeprefix("CATEGORY_")
    return not is_one[name[4:]] if name.startswith("NOT_") else is_one[name]


def main() -> int:
    import tomllib  # (of Python 3.11)

    rules = {rule["id"]: rule for rule in tomllib.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))["rules"]}
    lines = [compare(rule) for rule in rules.values()]
    print("| rule of gitleaks | ours | of its tokens, found |\n|---|---|---|")
    print(*(f"| {line.id} | {line.ours} | {line.found} |" for line in lines if line.ours), sep="\n")
    left_out = [line for line in lines if not line.ours]
    for reason in dict.fromkeys(line.reason for line in left_out):
        names = [line.id for line in left_out if line.reason == reason]
        print(f"\nLeft out, {len(names)} ({reason or 'NEW'}): {', '.join(names)}")
    own = [rule for rule in shapes.RULES if not rules.keys() & set(rule.source.split(", "))]
    print(f"\nNot from gitleaks, {len(own)}: {', '.join(f'{rule.name} ({rule.source})' for rule in own)}")
    odd = not_accepted(rules)
    print(f"\nExamples that no rule of gitleaks finds, {len(odd)}: {', '.join(odd)}")
    print(f"\n{len(lines)} rules: {len(lines) - len(left_out)} covered, {len(left_out)} left out.")
    return 1 if odd or any(not line.reason for line in left_out) else 0


if __name__ == "__main__":
    sys.exit(main())
