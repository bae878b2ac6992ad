"""The quick look at a message: it may never say that there is no secret where there is one."""

from __future__ import annotations

import json

from tests.secrets.made import made
from tests.secrets.ordinary import ordinary
from vcr._http.names import Names
from vcr._placeholders import Placeholder
from vcr.request import Request
from vcr.response import Response
from vcr.sanitize import names, shapes
from vcr.sanitize.glance import Glance
from vcr.sanitize.ruleset import RuleSet
from vcr.sanitize.values import Spelled

RULES = RuleSet((*names.RULES, *shapes.RULES))
REQUESTS = Glance(RULES.request, Spelled(()), 1 << 20)
RESPONSES = Glance(RULES.response, Spelled(()), 1 << 20)


def message(rule, vector):
    """The URI, the fields and the body of a message with the example of a rule in it."""
    if rule.where in ("header", "cookie"):
        name, _, value = vector.partition(": ")
        return "http://a.example/", [(name, value)], b""
    if "://" in vector and rule.where in ("query", "userinfo"):
        return vector, [], b""
    return "http://a.example/", [], vector.encode()


def test_a_message_with_the_example_of_a_rule_is_looked_at_closely():
    for rule in (*names.RULES, *shapes.RULES):
        if rule.where in ("env", "host"):
            continue  # (Their secrets are known before.)
        uri, fields, body = message(rule, made(rule.vector))
        if rule.vector and rule.on != "response":
            assert not REQUESTS.finds_none_in_request(Request("POST", uri, body, fields)), rule
        if rule.vector and rule.on != "request":
            answer = Response.of(302, "Found", [("Location", uri), *fields], body)
            assert not RESPONSES.finds_none_in_response(answer), rule


def test_ordinary_messages_need_no_closer_look():
    found = [REQUESTS.finds_none_in_request(asked) for asked, _ in ordinary(200)]
    assert found.count(True) > 100


def test_a_known_secret_is_seen_in_every_part():
    glance = Glance(RULES.response, Spelled((Placeholder("<X:1>", "correct horse"),)), 1 << 20)
    for text in ("correct horse", "correct%20horse", "correct\\u0020horse"):
        body, field = Response.of(200, "OK", [], text.encode()), Response.of(200, "OK", [("X-A", text)], b"")
        trailer = Response({**Response.of(200, "OK", [], b"").data, "trailers": {"X-B": [text]}})
        assert not any(map(glance.finds_none_in_response, (body, field, trailer)))


SOME = Names(["access-token", "access_token", "my.key", "schlüssel"], ["secret"])


def test_a_name_is_seen_behind_every_escape():
    for name in ("access_token", "ACCESS-TOKEN", "appSecret", "app_secret", "user[my.key]", "schlüssel"):
        for before in ("", '"', "\\n", '\\"', "\\\\u0022", "%22", "%5Cn", "&quot;", "&amp;", "&", "a.", "x:"):
            for behind in ('"', "=", "%22", "\\u0022", "&quot;", "]", ":", ">"):
                assert SOME.may_stand_in(f"a {before}{name}{behind} 1".encode()), (name, before, behind)
    assert not SOME.may_stand_in(b'{"tokens": "accessible", "secretary": 1, "access": "token"}')


def test_a_name_is_seen_wherever_a_long_text_is_cut():
    for at in range(16384 - 20, 16384 + 4):
        text = b"x " * (at // 2) + b"y" * (at % 2) + json.dumps({"app_secret": 1}).encode() + b" x" * 9000
        assert SOME.may_stand_in(text)
        assert not SOME.may_stand_in(text.replace(b"app_secret", b"secretarys"))
