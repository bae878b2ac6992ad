"""The quick look at a message: it may never say that there is no secret where there is one."""

from __future__ import annotations

import json
from itertools import product

from tests.secrets.made import made
from tests.secrets.ordinary import everyday, ordinary
from tests.test_fields import BODIES
from tests.test_placeholders import COMPRESSED, WAYS
from vcr._http import known
from vcr._http.names import Names
from vcr._placeholders import Placeholder
from vcr.request import Request
from vcr.response import Response
from vcr.sanitize import shapes
from vcr.sanitize.defaults import RULES
from vcr.sanitize.glance import Glance
from vcr.sanitize.ruleset import RuleSet
from vcr.sanitize.values import Secrets, Spelled

SETS = RuleSet(RULES)
REQUESTS = Glance(SETS.request, Spelled(()), 1 << 20)
RESPONSES = Glance(SETS.response, Spelled(()), 1 << 20)


def message(rule, vector):
    """The URI, the fields and the body of a message with the example of a rule in it."""
    if rule.where in ("header", "cookie"):
        name, _, value = vector.partition(": ")
        return "http://a.example/", [(name, value)], b""
    if "://" in vector and rule.where in ("query", "userinfo"):
        return vector, [], b""
    return "http://a.example/", [], vector.encode()


def test_a_message_with_the_example_of_a_rule_is_looked_at_closely():
    for rule in RULES:
        if rule.where in ("env", "host"):
            continue  # (Their secrets are known before.)
        uri, fields, body = message(rule, made(rule.vector))
        if rule.vector and rule.on != "response":
            assert not REQUESTS.finds_none_in_request(Request("POST", uri, body, fields)), rule
        if rule.vector and rule.on != "request":
            answer = Response.of(302, "Found", [("Location", uri), *fields], body)
            assert not RESPONSES.finds_none_in_response(answer), rule


def test_ordinary_messages_need_no_closer_look():
    asked, answered = zip(*ordinary(200), strict=True)
    assert list(map(REQUESTS.finds_none_in_request, asked)).count(True) >= 160
    assert list(map(RESPONSES.finds_none_in_response, answered)).count(True) >= 100


class Unhurried(Secrets):
    """A search that no quick look cuts short."""

    def suspects(self, data):
        return True


#: What may stand around a text, as a format string of bytes.
AROUND = (b"%b", b'{"a": "%b"}', b"a=%b&b=c", b"<a>&quot;%b&quot;&nbsp;</a>", b"/path/%b/path", b"[%%20%b%%22]")
KNOWN = Spelled((Placeholder("<X:1>", "correct horse battery"), Placeholder("<Y:1>", "9a8b7c6d5e4f3a2b1c0d")))


def spelled(secret: bytes, number: int) -> bytes:
    """A secret in one way of writing it, or in two, one inside the other, with a text around it: for each number
    another."""
    ways = list(WAYS.values())
    number, first = divmod(number, len(ways))
    number, second = divmod(number, len(ways) + 1)
    text = ways[first](secret)
    if second < len(ways) and text.isascii():
        text = ways[second](text if second % 2 else b"id: %b." % text)
    return AROUND[number % len(AROUND)] % text


def test_no_look_is_quicker_than_it_is_right():
    """Where a look says that there is none, a search without any look replaces nothing."""
    secrets = [made(rule.vector).encode() for rule in shapes.RULES] + [
        b"correct horse battery",
        b"9a8b7c6d5e4f3a2b1c0d",
    ]
    all_spellings = len(WAYS) * (len(WAYS) + 1) * len(AROUND)
    texts = [spelled(secret, (at * 37 + 7) % all_spellings) for at, secret in enumerate(secrets * 12)]
    texts += [write(secret) for secret, write in product(secrets[::9], COMPRESSED.values())]
    texts += [answer.body[:3000] for _, answer in (*ordinary(10), *everyday())]
    found = 0
    for text in texts:
        put = Unhurried(KNOWN, SETS.response.shapes, lambda rule, secret: "<Z:1>")
        if known.replaced(text, put) != text:
            assert SETS.response.shapes.suspects(text, KNOWN.may_stand_in), text
            found += 1
    assert found > len(secrets) * 6


def test_a_field_is_seen_in_every_format():
    readable = {kind: body for kind, (_, _, body) in BODIES.items() if b"password" in body}
    assert len(readable) > 20
    for kind, body in readable.items():
        for name in (b"password", b"token", b"accessToken", b"my-api-key"):
            assert SETS.response.may_have_fields(body.replace(b"password", name)), (kind, name)


def test_a_known_secret_is_seen_in_every_part():
    glance = Glance(SETS.response, Spelled((Placeholder("<X:1>", "correct horse"),)), 1 << 20)
    for text in ("correct horse", "correct%20horse", "correct\\u0020horse"):
        body, field = Response.of(200, "OK", [], text.encode()), Response.of(200, "OK", [("X-A", text)], b"")
        trailer = Response({**Response.of(200, "OK", [], b"").data, "trailers": {"X-B": [text]}})
        assert not any(map(glance.finds_none_in_response, (body, field, trailer)))


def test_a_look_is_not_certain_of_what_is_no_text():
    """What a hook has put around a body may hold a secret that only a closer look can read."""
    plain = Response.of(200, "OK", [("X-A", "text")], b"text").data
    assert RESPONSES.finds_none_in_response(Response({**plain, "of_a_hook": {"a": [1, 2.0, None, True]}}))
    for odd in (b"text", ["text"], ("text",), {"text": "text"}, object()):
        for data in ({"headers": {"X-A": [odd]}}, {"of_a_hook": odd if isinstance(odd, bytes) else [odd]}):
            assert not RESPONSES.finds_none_in_response(Response({**plain, **data})), data
    for data in (None, b"text", [plain], {**plain, "headers": 1}, {**plain, "headers": ["X-A"]}):
        assert not RESPONSES.finds_none_in_response(Response(data))


SOME = Names(["access-token", "access_token", "my.key", "schlüssel", "s3key", "v2"], ["secret", "sha-256"])


def test_a_name_is_seen_behind_every_escape():
    for name in (
        "access_token",
        "ACCESS-TOKEN",
        "appSecret",
        "app_secret",
        "user[my.key]",
        "schlüssel",
        "S3Key",
        "v2",
        "a_sha256",
    ):
        for before in ("", '"', "\\n", '\\"', "\\\\u0022", "%22", "%5Cn", "&quot;", "&amp;", "&", "a.", "x:"):
            for behind in ('"', "=", "%22", "\\u0022", "&quot;", "]", ":", ">"):
                assert SOME.may_stand_in(f"a {before}{name}{behind} 1".encode()), (name, before, behind)
    assert not SOME.may_stand_in(b'{"tokens": "accessible", "secretary": 1, "access": "token"}')


def test_a_name_is_seen_wherever_a_long_text_is_cut():
    for at in range(16384 - 20, 16384 + 4):
        text = b"x " * (at // 2) + b"y" * (at % 2) + json.dumps({"app_secret": 1}).encode() + b" x" * 9000
        assert SOME.may_stand_in(text)
        assert not SOME.may_stand_in(text.replace(b"app_secret", b"secretarys"))
