"""Finding secrets by their shape: what is certain, and what the quick looks may not miss."""

from __future__ import annotations

import base64
import gzip
import json
import random
import uuid

import pytest

from tests.secrets.made import made
from tests.test_placeholders import COMPRESSED, WAYS
from vcr.sanitize import shapes
from vcr.sanitize.finding import Shapes
from vcr.sanitize.rule import Rule

ALL = Shapes(shapes.RULES)
OWN = Rule("OWN", "shape", pattern=rb"own-(?P<secret>\d+)")


def tokens(count: int = 3):
    return [made(rule.vector, number).encode() for rule in shapes.RULES for number in range(count)]


def ordinary(number: int) -> bytes:
    """Text as it is in responses: words, numbers, identifiers, addresses, dates."""
    chance = random.Random(number)
    rows = [
        {
            "id": str(uuid.UUID(int=chance.getrandbits(128))),
            "sha": f"{chance.getrandbits(256):064x}",
            "url": f"https://api.example.com/v1/organizations/{chance.randrange(999)}/repositories",
            "created_at": "2026-01-02T03:04:05.123456+00:00",
            "text": "the quick brown fox jumps over the lazy dog",
            "someLongNameOfAField": chance.random(),
        }
        for _ in range(5)
    ]
    return json.dumps(rows).encode()


@pytest.mark.parametrize("way", [*WAYS, *COMPRESSED])
def test_a_text_that_hides_a_token_is_one_that_may(way):
    """Never a false "no", of which neither look would be taken."""
    for token in tokens():
        # (A token has no letter before or behind it: one way puts letters there.)
        spelled = {**WAYS, **COMPRESSED}[way](b": %b " % token if way == "base64 in longer text" else token)
        for text in (spelled, b'{"a": "' + spelled + b'"}', b"a=" + spelled + b"&b=c"):
            if way in COMPRESSED and text is not spelled:
                continue  # (a compressed body is one from its first byte on)
            assert ALL.suspects(text)


@pytest.mark.parametrize("escaped", [b"%2B", b"%2f", b"\\u002b", b"\\/"])
def test_a_token_that_an_escape_cuts_is_not_found_in_part(escaped):
    """It is found as a whole where the escape is taken off."""
    for token in (token for token in tokens() if b"+" in token or b"/" in token):
        text = token.replace(b"+", escaped).replace(b"/", escaped)
        assert all(text[found.end : found.end + 1] not in (b"%", b"\\") for found in ALL.find(text))


def test_inside_one_another():
    for token in tokens(1):
        for inner in (
            json.dumps({"a": token.decode()}).encode(),
            base64.b64encode(token),
            gzip.compress(token, mtime=0),
        ):
            assert ALL.suspects(base64.b64encode(inner))
            assert ALL.suspects(inner.hex().encode())


def test_what_has_none_is_not_looked_at_twice():
    for number in range(50):
        text = ordinary(number)
        assert not ALL.may_stand_in(text)
        assert not ALL.suspects(text)
        assert list(ALL.find(text)) == []


def test_a_placeholder_is_no_secret():
    for rule in shapes.RULES:
        for placeholder in (f"<{rule.name}:3f9c>", f"<{rule.name}:12>"):
            assert list(ALL.find(placeholder.encode())) == []
            assert list(ALL.find(rule.keywords[0] + placeholder.encode())) == []


def test_what_has_been_masked_is_not_found_again():
    for rule in shapes.RULES:
        text = (
            made(rule.vector).encode() + b" and so on, for a while, with this and that, and some more of it, to the end"
        )
        (found,) = ALL.find(text)
        masked = text[: found.start] + b"<%b:3f9c>" % rule.name.encode() + text[found.end :]
        assert list(ALL.find(masked)) == []


def test_a_rule_without_keywords_is_looked_for_in_every_text():
    some = Shapes([OWN])
    assert some.may_stand_in(b"own-1")
    assert not some.may_stand_in(b"own")
    assert some.suspects(b"")
    assert some.shortest == 1
    ((start, end, rule),) = some.find(b"an own-12 one")
    assert (start, end, rule) == (7, 9, OWN)


def test_where_two_would_overlap_the_first_is_found():
    some = Shapes([OWN, Rule("LONG", "shape", pattern=rb"an own-\d")])
    assert [found.rule.name for found in some.find(b"an own-12, own-3")] == ["LONG", "OWN"]
