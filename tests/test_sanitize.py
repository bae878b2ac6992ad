"""The sanitizer: what its rules find, what stands in the place of a secret, and what stays as it was."""

from __future__ import annotations

import base64
import contextlib
import gzip
import http.client
import json
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote_plus

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from requests.utils import parse_header_links

import vcr
from vcr.request import Request
from vcr.response import Response
from vcr.sanitize import defaults
from vcr.sanitize.jwt import reshaped, stands_for_jwt
from vcr.sanitize.lengths import moved
from vcr.sanitize.masking import BLANK, Sanitizer
from vcr.sanitize.paths import JsonPath, replaced
from vcr.sanitize.placeholder import PLACEHOLDER, Known, fingerprint
from vcr.sanitize.rule import Rule

TOKEN = "AbCdEf0123456789ghij"
RULES = (
    Rule("ACCESS_TOKEN", "header", ("authorization", "proxy-authorization")),
    Rule("API_KEY", "header", ("x-api-key",)),
    Rule("COOKIE", "cookie", ("*",)),
    Rule("API_KEY", "query", ("api_key",)),
    Rule("ACCESS_TOKEN", "field", ("access_token",)),
    Rule("PASSWORD", "field", ("password",), chosen=True),
    Rule("PASSWORD", "userinfo", chosen=True),
    Rule("KNOWN_TOKEN", "shape", pattern=rb"known_[0-9A-Za-z]{20}", keywords=(b"known_",)),
)
OK = Response.of(200, "OK", [("Content-Type", "text/plain")], b"")


def masked(request: Request, response: Response = OK, *rules: Rule) -> tuple[Request, Response]:
    kept, data, _ = Sanitizer((*rules, *RULES)).pair(request, response)
    return kept, Response(data)


def with_body(body: bytes, kind: str = "application/json", **headers: str) -> Request:
    return Request("POST", "http://a.example/", body, {"Content-Type": kind, **headers})


def basic(pair: str) -> str:
    return base64.b64encode(pair.encode()).decode()


@pytest.mark.parametrize(
    ("secret", "page"),
    [
        ("R&D-b0b!x", "<p>your R&amp;D-b0b!x</p>"),
        ("R<D-b0b!x", "<p>your R&lt;D-b0b!x</p>"),
        ('R"D-b0b!x', "<p>your R&quot;D-b0b!x</p>"),
        ("Zo\u00eb-b0b!x", "<p>your Zo&euml;-b0b!x</p>"),
        ("correct horse b4", "you=correct+horse+b4"),
    ],
)
def test_a_secret_of_the_request_is_found_in_a_page_however_it_is_escaped_there(secret, page):
    answer = Response.of(200, "OK", [("Content-Type", "text/html")], page.encode())
    _, kept = masked(with_body(json.dumps({"password": secret}).encode()), answer)
    assert b"PASSWORD" in kept.body
    assert b"b4" not in kept.body
    assert b"b0b" not in kept.body


# -- what stands in the place of a secret ------------------------------------------------------------------------------


def test_the_same_secret_has_the_same_placeholder_whichever_rule_finds_it():
    one, other = Known(), Known()
    rule, another = RULES[0], RULES[1]
    assert one.placeholder(rule, TOKEN) == f"<ACCESS_TOKEN:{fingerprint(TOKEN)}>" == other.placeholder(rule, TOKEN)
    assert one.placeholder(another, TOKEN) == one.placeholder(rule, TOKEN)
    assert one.placeholder(rule, TOKEN + "k") != one.placeholder(rule, TOKEN)


@pytest.mark.parametrize(("rule", "secret"), [(RULES[5], "a long password of many words"), (RULES[0], "short")])
def test_what_people_choose_and_what_is_short_is_numbered(rule, secret):
    known = Known()
    assert known.placeholder(rule, secret) == f"<{rule.name}:1>"
    assert known.placeholder(rule, secret + "2") == f"<{rule.name}:2>"
    assert known.placeholder(rule, secret) == f"<{rule.name}:1>"


@pytest.mark.parametrize(
    "text",
    ["", "<API_KEY:3f9c>", "<PASSWORD:1>", "<KEY>", "REDACTED", "***", "[FILTERED]", "{{token}}", "of-a-project"],
)
def test_what_stands_in_the_place_of_a_secret_already_stays(text):
    assert Known(["of-a-project"]).placeholder(RULES[0], text) == text


def test_a_fingerprint_has_sixteen_bits():
    assert re.fullmatch("[0-9a-f]{4}", fingerprint(TOKEN))
    assert PLACEHOLDER.fullmatch(b"<API_KEY:" + fingerprint(TOKEN).encode() + b">")


# -- where secrets stand -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (f"Bearer {TOKEN}", "Bearer <ACCESS_TOKEN:{}>"),
        (f"token {TOKEN}", "token <ACCESS_TOKEN:{}>"),
        (TOKEN, "<ACCESS_TOKEN:{}>"),
        (f'Token token="{TOKEN}"', 'Token token="<ACCESS_TOKEN:{}>"'),
        (
            f"AWS4-HMAC-SHA256 Credential={TOKEN}/20260101/eu/s3/aws4_request, SignedHeaders=host, Signature=abc",
            "AWS4-HMAC-SHA256 Credential=<ACCESS_TOKEN:{}>/20260101/eu/s3/aws4_request, SignedHeaders=host, "
            "Signature=<SIGNATURE:1>",
        ),
        (
            'Digest username="joe", realm="r", nonce="n", uri="/a", qop=auth, nc=00000001, cnonce="c", response="6629"',
            'Digest username="joe", realm="r", nonce="n", uri="/a", qop=auth, nc=00000001, cnonce="c", '
            'response="<SIGNATURE:1>"',
        ),
        ("Basic not-base64!", "Basic <ACCESS_TOKEN:1>"),
        (f"Basic {basic('no colon')}", "Basic <ACCESS_TOKEN:1>"),
        (
            f"Basic {base64.b64encode('zoë:hunter2'.encode('latin-1')).decode()}",
            f"Basic {base64.b64encode('zoë:<PASSWORD:1>'.encode('latin-1')).decode()}",
        ),
        ("Negotiate", "<ACCESS_TOKEN:1>"),
        ("", ""),
    ],
)
def test_of_credentials_the_scheme_stays_and_what_is_not_secret(value, kept):
    request, _ = masked(Request("GET", "http://a.example/", None, {"Authorization": value}))
    assert request.headers["Authorization"] == kept.replace("{}", fingerprint(TOKEN))


@pytest.mark.parametrize(
    ("pair", "kept"), [("joe:hunter2", "joe:<PASSWORD:1>"), (f"{TOKEN}:", "<ACCESS_TOKEN:{}>:"), (":", ":")]
)
def test_of_basic_credentials_the_user_stays_unless_there_is_no_password(pair, kept):
    sanitizer = Sanitizer(RULES)
    request = Request("GET", "http://a.example/", None, {"Authorization": f"Basic {basic(pair)}"})
    for _ in range(2):
        request = sanitizer.pair(request, OK)[0]
        assert request.headers["Authorization"] == f"Basic {basic(kept.replace('{}', fingerprint(TOKEN)))}"


def test_cookies_keep_their_names_and_attributes():
    answer = Response.of(
        200, "OK", [("Set-Cookie", f"sid={TOKEN}; Path=/; Expires=Wed, 21 Oct 2026 07:28:00 GMT")], b""
    )
    request, response = masked(Request("GET", "http://a.example/", None, {"Cookie": f'a="{TOKEN}"; b=2'}), answer)
    placeholder = f"<COOKIE:{fingerprint(TOKEN)}>"
    assert request.headers["Cookie"] == f"a={placeholder}; b=<COOKIE:1>"
    assert response.headers["Set-Cookie"] == f"sid={placeholder}; Path=/; Expires=Wed, 21 Oct 2026 07:28:00 GMT"


@pytest.mark.parametrize(
    ("uri", "kept"),
    [
        (
            "http://joe:hunter2@a.example/?api_key=x%2Fy&b=a+b",
            "http://joe:<PASSWORD:1>@a.example/?api_key=<API_KEY:1>&b=a+b",
        ),
        ("http://a.example/?Api-Key=x&page=2", "http://a.example/?Api-Key=<API_KEY:1>&page=2"),
        ("http://a.example/@joe:2?q=a@b&key=x", "http://a.example/@joe:2?q=a@b&key=x"),
        ("http://a.example/?api_key=%3CAPI_KEY%3A3f9c%3E", "http://a.example/?api_key=<API_KEY:3f9c>"),
        ("http://joe@a.example/", "http://joe@a.example/"),
    ],
)
def test_in_a_uri_nothing_else_changes(uri, kept):
    assert masked(Request("GET", uri))[0].uri == kept


def test_in_a_link_only_the_parameter_changes_and_a_client_reads_it():
    link = '<http://a.example/?api_key={0}>; rel="next", <http://a.example/?api_key={0}&page=2>; rel="last"'
    answer = Response.of(200, "OK", [("Link", link.format("k"))], b"")
    kept = masked(Request("GET", "http://a.example/"), answer)[1].headers["Link"]
    assert kept == link.format("%3CAPI_KEY:1%3E")
    assert masked(Request("GET", parse_header_links(kept)[0]["url"]))[0].uri == "http://a.example/?api_key=<API_KEY:1>"


JSON, FORM = "application/json", "application/x-www-form-urlencoded"
PART = b'--x\r\nContent-Disposition: form-data; name="password"\r\n\r\n%b\r\n--x--\r\n'


@pytest.mark.parametrize(
    ("kind", "body", "kept"),
    [
        (
            JSON,
            b'{"a": {"access_token":"t", "n": [1, null]} }',
            b'{"a": {"access_token":"<ACCESS_TOKEN:1>", "n": [1, null]} }',
        ),
        (JSON, b'{"accessToken": "t", "password": null}', b'{"accessToken": "<ACCESS_TOKEN:1>", "password": null}'),
        (JSON, b'{"password": {"password": "p"}, "x": 7}', b'{"password": {"password": "<PASSWORD:1>"}, "x": 7}'),
        (FORM, b"a=1&password=p%40ss+word&b=", b"a=1&password=<PASSWORD:1>&b="),
        ("text/xml", b"<a><password>p</password></a>", b"<a><password>&lt;PASSWORD:1&gt;</password></a>"),
        (
            "text/html",
            b'<input name="password" value="p">password: no',
            b'<input name="password" value="p">password: no',
        ),
        ("text/plain", b"the password: is none of a field", b"the password: is none of a field"),
        ("multipart/form-data; boundary=x", PART % b"p", PART % b"<PASSWORD:1>"),
        (
            FORM,
            b"password=%3CKEY%3E&b=%3CKEY+%26%3E&password=%3CKEY+%26%3E",
            b"password=<KEY>&b=%3CKEY+%26%3E&password=<KEY%20%26>",
        ),
        # A parameter in a text in JSON ends where that says.
        (JSON, rb'{"a": "GET \"/?api_key=k\" 200"}', rb'{"a": "GET \"/?api_key=%3CAPI_KEY:1%3E\" 200"}'),
        (JSON, rb'{"a": "/?api_key=k\u0026b=2"}', rb'{"a": "/?api_key=%3CAPI_KEY:1%3E\u0026b=2"}'),
        (
            JSON,
            rb'{"a": "{\"b\": \"/?api_key=k\\u0026c=\\\"\"}"}',
            rb'{"a": "{\"b\": \"/?api_key=%3CAPI_KEY:1%3E\\u0026c=\\\"\"}"}',
        ),
        (JSON, rb'{"a": "B=1\napi_key=k+%26/l==\nC=2"}', rb'{"a": "B=1\napi_key=%3CAPI_KEY:1%3E\nC=2"}'),
        (
            "text/event-stream",
            b'data: {"a": "<a href=\\"?api_key=k\\">"}\n\n',
            b'data: {"a": "<a href=\\"?api_key=%3CAPI_KEY:1%3E\\">"}\n\n',
        ),
        # What is secret as a whole is masked as a whole.
        (JSON, b'{"password": "a=1&api_key=k"}', b'{"password": "<PASSWORD:1>"}'),
        ("text/xml", b"<a><password>a=1;api_key=k</password></a>", b"<a><password>&lt;PASSWORD:1&gt;</password></a>"),
    ],
)
def test_of_a_body_nothing_changes_but_the_secret(kind, body, kept):
    request, _ = masked(with_body(body, kind))
    assert request.body == kept


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("Authorization", f"Bearer {TOKEN}", f"Bearer <ACCESS_TOKEN:{fingerprint(TOKEN)}>"),
        ("authorization", f"Basic {basic('joe:hunter2')}", f"Basic {basic('joe:<PASSWORD:1>')}"),
        ("Proxy-Authorization", "Bearer k3y", "Bearer <ACCESS_TOKEN:1>"),
        ("X-Vault-Token", "s.k3y", "<ACCESS_TOKEN:1>"),
        ("x-api-key", "k3y", "<API_KEY:1>"),
        ("Cookie", "theme=dark; sessionid=k3y", "theme=dark; sessionid=<SESSION:1>"),
        ("Set-Cookie", "sessionid=k3y; Path=/", "sessionid=<SESSION:1>; Path=/"),
        ("X-Vault-Token", "k3y<X>", "<ACCESS_TOKEN:1>"),
        ("Authorization", "Bearer {{token}}", "Bearer {{token}}"),
        ("X-Vault-Token", "<your token>", "<your token>"),
        ("Cookie", "two of them, with nuts", "two of them, with nuts"),
        ("cookie", "theme=dark", "theme=dark"),
        ("Cookies", "sessionid=k3y", "sessionid=k3y"),
        ("DEPLOY_SECRET", "registry", "registry"),
        ("Accept", "text/html", "text/html"),
    ],
)
def test_a_header_field_that_a_body_lists_is_masked_as_in_a_head(name, value, kept):
    for text in ('{"name": "%s", "value": "%s"}', '[{"value":"%s","type":"text","key":"%s"}]'):
        body, expected = (
            (text % ((name, one) if text.startswith("{") else (one, name))).encode() for one in (value, kept)
        )
        request, _, _ = Sanitizer(defaults.RULES).pair(with_body(body), OK)
        assert request.body == expected
        nested, _, _ = Sanitizer(defaults.RULES).pair(with_body(json.dumps({"a": body.decode()}).encode()), OK)
        assert json.loads(nested.body)["a"].encode() == expected


def test_what_was_secret_in_one_place_is_in_every_other_and_in_each_spelling():
    request = Request("GET", "http://a.example/", None, {"Authorization": f"Bearer {TOKEN}"})
    echo = json.dumps({"echo": TOKEN, "inner": base64.b64encode(f"the token {TOKEN}".encode()).decode()}).encode()
    answer = Response.of(200, TOKEN, [("Content-Encoding", "gzip"), ("X-Echo", TOKEN)], gzip.compress(echo))
    _, response = masked(request, answer)
    assert TOKEN.encode() not in gzip.decompress(response.body) + str(response.data).encode()
    shown = json.loads(gzip.decompress(response.body))
    placeholder = f"<ACCESS_TOKEN:{fingerprint(TOKEN)}>"
    assert shown["echo"] == response.headers["X-Echo"] == response.reason == placeholder
    assert base64.b64decode(shown["inner"]).decode() == f"the token {placeholder}"


def test_in_xml_a_placeholder_is_escaped():
    body = f"<a><b>known_{TOKEN}</b></a>".encode()
    kept, again = masked(with_body(body, "text/xml"))[0], with_body(body, "text/xml")
    assert kept.body == f"<a><b>&lt;KNOWN_TOKEN:{fingerprint('known_' + TOKEN)}&gt;</b></a>".encode()
    assert masked(kept)[0].body == kept.body
    assert Sanitizer(RULES).blank(kept).body == Sanitizer(RULES).blank(again).body


def test_a_known_shape_gives_its_name_to_what_stands_under_another():
    token = "known_" + TOKEN
    request, response = masked(
        Request("GET", "http://a.example/", None, {"X-Api-Key": token}), Response.of(200, "OK", [], token.encode())
    )
    assert request.headers["X-Api-Key"] == response.body.decode() == f"<KNOWN_TOKEN:{fingerprint(token)}>"


def test_a_name_that_has_other_uses_is_secret_where_the_value_looks_so():
    rule = Rule("TOKEN", "field", ("token",), pattern=rb"[0-9a-f]{20}")
    body = b'{"token": "Hello", "a": {"token": "0123456789abcdef0123"}}'
    request, _ = masked(with_body(body), OK, rule)
    assert request.body == body.replace(
        b"0123456789abcdef0123", b"<TOKEN:%b>" % fingerprint("0123456789abcdef0123").encode()
    )


def test_a_rule_that_writes_the_value_itself_leaves_it():
    token = "q3erty12345678ASDFGH"
    request = with_body(b'{"access_token": "%b"}' % token.encode())
    assert token.encode() not in masked(request)[0].body
    assert masked(request, OK, vcr.sanitize.form("access_token", replacement=token))[0].body == request.body


def test_a_short_or_ordinary_password_is_not_looked_for_elsewhere():
    request = with_body(b'{"password": "password", "confirm": "password", "user": "hunter2"}')
    assert masked(request)[0].body == b'{"password": "<PASSWORD:1>", "confirm": "password", "user": "hunter2"}'


# -- shapes ------------------------------------------------------------------------------------------------------------


def part(data: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(data).encode()).decode().rstrip("=")


def test_a_jwt_stays_one_that_its_reader_can_check():
    claims = {
        "iss": "https://a.example",
        "aud": "me",
        "exp": 1900000000,
        "nonce": "n",
        "scp": "read",
        "roles": ["admin"],
    }
    claims |= {"sub": "joe", "groups": ["staff"]}
    token = f"{part({'alg': 'RS256', 'typ': 'JWT'})}.{part(claims)}.c2lnbmF0dXJl"
    new = reshaped(token, "<JWT:3f9c>")
    head, body, signature = new.split(".")
    assert head == token.split(".", maxsplit=1)[0]
    assert json.loads(base64.urlsafe_b64decode(body + "==")) == {
        **claims,
        "sub": "<JWT:3f9c>",
        "groups": ["<JWT:3f9c>"],
    }
    assert base64.urlsafe_b64decode(signature + "==") == b"<JWT:3f9c>"
    assert stands_for_jwt(new)
    assert not stands_for_jwt(token)


@pytest.mark.parametrize("text", ["a.b.c", "www.example.com", "1.22.333", "e30.e30"])
def test_what_is_no_jwt_is_none(text):
    assert reshaped(text, "<JWT:3f9c>") is None


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("$.a", '{"a": "*", "b": [{"c": "2"}, {"c": "3", "d": {"c": "4"}}], "e.f": "5"}'),
        ("$.b[*].c", '{"a": "1", "b": [{"c": "*"}, {"c": "*", "d": {"c": "4"}}], "e.f": "5"}'),
        ("$.b[1].c", '{"a": "1", "b": [{"c": "2"}, {"c": "*", "d": {"c": "4"}}], "e.f": "5"}'),
        ("$..c", '{"a": "1", "b": [{"c": "*"}, {"c": "*", "d": {"c": "*"}}], "e.f": "5"}'),
        ("$['e.f']", '{"a": "1", "b": [{"c": "2"}, {"c": "3", "d": {"c": "4"}}], "e.f": "*"}'),
        ("$.b", '{"a": "1", "b": [{"c": "2"}, {"c": "3", "d": {"c": "4"}}], "e.f": "5"}'),
    ],
)
def test_a_path_into_json_says_which_texts_are_secret(path, kept):
    body = b'{"a": "1", "b": [{"c": "2"}, {"c": "3", "d": {"c": "4"}}], "e.f": "5"}'
    assert replaced(body, JsonPath(path), lambda _: "*").decode() == kept


# -- framing -----------------------------------------------------------------------------------------------------------


def test_lengths_are_those_of_what_is_kept():
    request = with_body(b'{"password": "hunter2"}', **{"Content-Length": "23"})
    answer = Response.of(200, "OK", [("content-length", "27")], b'{"access_token": "x", "a":1}'[:27])
    kept, response = masked(request, answer)
    assert kept.headers["Content-Length"] == str(len(kept.body)) != "23"
    assert response.headers["Content-Length"] == str(len(response.body)) != "27"


def test_pieces_end_in_the_same_lines():
    pieces = [b"data: 1\n\n", b"data: tok", b"en\n\ndata: 3\n", b"\n"]
    new = b"data: 1\n\ndata: <TOKEN:1>\n\ndata: 3\n\n"
    lengths = [9, 13, 12, 1]
    assert moved(pieces, new) == "9 13 12 1"
    assert sum(lengths) == len(new)
    assert moved(pieces, b"of one line") == ""


FRAME = (
    "a=1&password=%3D&b=2 Content-Type Content-Length Content-Disposition: form-data Content-Encoding application/json "
    '{"password": "", "n": [1, "x"]}'
)
#: What a secret may be made of that is written otherwise somewhere, or means something there.
ODD = (
    *"<>%&;\\+\"'=:~{}[]1P", "%3C", "&lt;", "\\u003c", "<PASSWORD:1>", "<secret>", "api_key=", "a=1&", '"n": [1', "xYz",
    "--", "eyJ", "known_", TOKEN, "\u0131", "\u2028", "\U0001f600",
)  # fmt: skip
LETTERS = st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"])
SECRETS = st.one_of(
    st.text(LETTERS, min_size=8, max_size=40),
    st.lists(st.sampled_from(ODD) | LETTERS, min_size=3, max_size=9).map("".join).filter(lambda text: len(text) >= 8),
)


@settings(deadline=None)
@given(SECRETS, st.sampled_from(["json", "form", "multipart", "gzip"]))
@example("<SECRET:3f9c>~~&amp;more", "form")
@example('api_key=\\"', "json")
@example("a=1&api_key=&nbsp;%00", "multipart")
@example("a\\napi_key=PFBBU1NXT1JEOjE+3f9c", "json")
@example('<n": [1, "x"&lt;>', "form")
@example("%3C 1&0>", "json")
def test_masking_is_idempotent_and_never_breaks_what_frames_a_body(secret, how):
    bodies = {
        "json": (json.dumps({"password": secret, "n": [1, "x"]}).encode(), "application/json"),
        "form": (f"a=1&password={quote_plus(secret)}&b=2".encode(), "application/x-www-form-urlencoded"),
        "multipart": (
            b'--xYz\r\nContent-Disposition: form-data; name="password"\r\n\r\n' + secret.encode() + b"\r\n--xYz--\r\n",
            "multipart/form-data; boundary=xYz",
        ),
        "gzip": (gzip.compress(json.dumps({"password": secret}).encode()), "application/json"),
    }
    body, kind = bodies[how]
    # A secret that is a part of the frame, as "Content-" or "ssword=", or has the field's name inside, is none; nor are
    # blanks.
    assume(all(part not in FRAME for part in (secret, *re.split("[=&]", secret)) if len(part) >= 8))
    assume("password" not in secret.casefold() and secret.strip())
    # (Is "&lt;" an entity in a text in which "\\n" may be an escape? Either way, the value is masked.)
    assume("api_key=&" not in secret or "\\" not in secret)
    coded = {"Content-Encoding": "gzip"} if how == "gzip" else {}
    request = with_body(body, kind, **{"Content-Length": str(len(body)), **coded})
    sanitizer = Sanitizer(RULES)
    kept, data, _ = sanitizer.pair(request, Response.of(200, "OK", [], secret.encode()))
    again, data_again, notes = sanitizer.pair(kept, Response(data))
    fresh, fresh_data, _ = Sanitizer(RULES).pair(request, Response.of(200, "OK", [], secret.encode()))
    assert (again.body, data_again, notes) == (kept.body, data, [])
    assert (fresh.body, fresh.headers, fresh_data) == (kept.body, kept.headers, data)
    assert kept.headers["Content-Length"] == str(len(kept.body))
    plain = gzip.decompress(kept.body) if how == "gzip" else kept.body
    if kind == "application/json":
        assert Known().is_masked(json.loads(plain)["password"])
    assert sanitizer.blank(request).body == sanitizer.blank(kept).body


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        (f"known_{TOKEN}".encode(), f"<KNOWN_TOKEN:{fingerprint('known_' + TOKEN)}>".encode()),
        (f"known_{TOKEN}", f"<KNOWN_TOKEN:{fingerprint('known_' + TOKEN)}>"),
        ([f"known_{TOKEN}"], [f"<KNOWN_TOKEN:{fingerprint('known_' + TOKEN)}>"]),
        ({"string": None}, {"string": None}),
        ({}, {}),
    ],
)
def test_a_response_that_a_hook_has_left_in_another_shape_is_masked_too(body, kept):
    data = {"status": {"code": 200, "message": "OK"}, "headers": {}, "body": body}
    assert Sanitizer(RULES).pair(Request("GET", "http://a.example/"), Response(data))[1] == {**data, "body": kept}


# -- what is compared --------------------------------------------------------------------------------------------------


def test_requests_that_differ_in_secrets_alone_are_one_without_them():
    sanitizer = Sanitizer(RULES)
    one = Request("GET", f"http://a.example/?api_key={TOKEN}", None, {"Authorization": f"Bearer {TOKEN}"})
    other = Request("GET", "http://a.example/?api_key=dummy", None, {"Authorization": "Bearer dummy"})
    blank, same = sanitizer.blank(one), sanitizer.blank(other)
    assert (blank.uri, blank.headers) == (same.uri, same.headers)
    assert blank.headers["Authorization"] == f"Bearer {BLANK}"
    assert sanitizer.request(one).identity != sanitizer.request(other).identity
    assert one.headers["Authorization"] == f"Bearer {TOKEN}"


def test_a_text_for_people_has_no_secret():
    sanitizer = Sanitizer(RULES)
    sanitizer.request(Request("GET", "http://a.example/", None, {"X-Api-Key": TOKEN}))
    text = sanitizer.text(f"GET http://joe:hunter2@a.example/?api_key=qqq failed: {TOKEN} and known_{TOKEN}")
    assert text == (
        f"GET http://joe:<PASSWORD:1>@a.example/?api_key=<API_KEY:1> failed: <API_KEY:{fingerprint(TOKEN)}> and "
        f"<KNOWN_TOKEN:{fingerprint('known_' + TOKEN)}>"
    )


# -- a secret that only a later message tells --------------------------------------------------------------------------

NUMBERED = "pass-w0rd"
ESCAPED = "Zy9/xW+vU8tS7rQ6pO5n"
FORM_TYPE = {"Content-Type": FORM}
EARLY = {
    "path": ("GET", f"/notes/{TOKEN}", None, {}),
    "path, a short one": ("GET", f"/notes/{NUMBERED}/x", None, {}),
    "query": ("GET", f"/?b={TOKEN}&a=1", None, {}),
    "query, escaped": ("GET", f"/?a=1&b={quote_plus(ESCAPED)}", None, {}),
    "beside a secret": ("GET", f"/?b={TOKEN}&api_key=0123456789abcdefghij", None, {}),
    "JSON": ("POST", "/", b'{"a": [{"b": "%b"}], "c": "%b"}' % (TOKEN.encode(), NUMBERED.encode()), {}),
    "form": ("POST", "/", b"a=1&b=" + TOKEN.encode(), FORM_TYPE),
    "XML": ("POST", "/", f"<a><b>{TOKEN}</b></a>".encode(), {"Content-Type": "text/xml"}),
    "lines": ("POST", "/", f"one\r\ntwo {TOKEN}\r\n".encode(), {"Content-Type": "text/plain"}),
    "gzip": ("POST", "/", gzip.compress(f'{{"b": "{TOKEN}"}}'.encode(), mtime=0), {"Content-Encoding": "gzip"}),
    "header": ("GET", "/", None, {"X-Trace": f"trace-{TOKEN}"}),
}
LATE = ("POST", "/", b"password=" + NUMBERED.encode(), {**FORM_TYPE, "Cookie": f"sid={TOKEN}; session={ESCAPED}"})


def route(server):
    for path in ("/", "/notes"):
        server.route(path, lambda exchange, *_: exchange.text("ok"))


def exchanges(url, *requests):
    host = url.removeprefix("http://")
    statuses = []
    for method, path, body, headers in requests:
        with contextlib.closing(http.client.HTTPConnection(host)) as connection:
            connection.request(method, path, body, headers)
            statuses.append(connection.getresponse().status)
    return statuses


def test_a_request_replays_that_came_before_its_secret_was_told(server, cassette_path):
    route(server)
    with vcr.use_cassette(cassette_path, sanitize=True):
        exchanges(server.url, *EARLY.values(), LATE)
    written = Path(cassette_path).read_bytes()
    assert TOKEN.encode() not in written
    assert NUMBERED.encode() not in written
    server.close()
    matched = ["method", "uri", "headers", "body"]
    for compare in (False, True):
        options = {"sanitize": True, "sanitize_compare": compare, "match_on": matched}
        with vcr.use_cassette(cassette_path, record_mode="none", **options) as cassette:
            for name, early in EARLY.items():
                assert exchanges(server.url, early) == [200], name
            assert exchanges(server.url, LATE) == [200]
            assert cassette.all_played


@pytest.mark.parametrize(
    "other",
    [
        ("GET", f"/notes/{TOKEN}x", None, {}),
        ("GET", "/notes/list", None, {}),
        ("GET", f"/notes/{TOKEN}/x", None, {}),
        ("POST", f"/notes/{TOKEN}", None, {}),
        ("GET", f"/other/{TOKEN}", None, {}),
    ],
)
def test_a_placeholder_stands_for_its_own_secret_alone(other, server, cassette_path):
    route(server)
    early = ("GET", f"/notes/{TOKEN}", None, {})
    with vcr.use_cassette(cassette_path, sanitize=True):
        exchanges(server.url, early, ("GET", "/", None, {"Cookie": f"a={TOKEN}"}))
    with vcr.use_cassette(cassette_path, record_mode="none", sanitize=True):
        with pytest.raises(vcr.errors.CannotOverwriteExistingCassetteException):
            exchanges(server.url, other)
        assert exchanges(server.url, early) == [200]
        with pytest.raises(vcr.errors.CannotOverwriteExistingCassetteException):
            exchanges(server.url, early)  # (It has been played.)


# -- rules of a project's own ------------------------------------------------------------------------------------------


def test_the_rules_of_a_project_come_first_and_find_what_they_say(monkeypatch):
    monkeypatch.setenv("OWN_SETTING", "value-of-a-variable")
    rules = (
        vcr.sanitize.header("X-Key"),
        vcr.sanitize.cookie("sid", replacement="gone"),
        vcr.sanitize.query("auth"),
        vcr.sanitize.form("pin"),
        vcr.sanitize.json_path("$.a[*].b"),
        vcr.sanitize.regex(r"order-(?P<secret>\d+)", name="order"),
        vcr.sanitize.env("OWN_SETTING"),
        vcr.sanitize.host("internal.example"),
    )
    request = Request(
        "POST",
        "http://internal.example/?auth=me",
        b'{"a": [{"b": "secret"}], "pin": "1234", "c": "order-77", "d": "value-of-a-variable"}',
        {"X-Key": "k", "Cookie": "sid=1; other=2", "Host": "internal.example"},
    )
    kept, _, notes = Sanitizer(rules).pair(request, OK)
    assert kept.uri == "http://host-1.invalid/?auth=<AUTH:1>"
    assert kept.headers.pairs() == [("X-Key", "<X_KEY:1>"), ("Cookie", "sid=gone; other=2"), ("Host", "host-1.invalid")]
    assert kept.body == (
        b'{"a": [{"b": "<B:1>"}], "pin": "<PIN:1>", "c": "order-<ORDER:1>", "d": "<OWN_SETTING:%b>"}'
        % fingerprint("value-of-a-variable").encode()
    )
    assert ("X_KEY", "request header X-Key", "<X_KEY:1>") in notes


@pytest.mark.parametrize("compares", [False, True])
def test_what_has_a_replacement_replays(compares, server, cassette_path):
    route(server)
    asked = ("GET", "/?tenant=me&lang=en", None, {})
    rules = [vcr.sanitize.query("tenant", replacement="TENANT"), vcr.sanitize.query("lang", compare=True)]
    options = {"sanitize": rules, "sanitize_compare": compares}
    with vcr.use_cassette(cassette_path, **options):
        exchanges(server.url, asked)
    server.close()
    with vcr.use_cassette(cassette_path, record_mode="none", **options) as cassette:
        assert exchanges(server.url, asked) == [200]
        assert cassette.all_played


def test_a_rule_for_one_side_leaves_the_other_alone():
    rule = vcr.sanitize.header("X-Key", on="response")
    answer = Response.of(200, "OK", [("X-Key", "k")], b"")
    kept, data, _ = Sanitizer([rule]).pair(Request("GET", "http://a.example/", None, {"X-Key": "other"}), answer)
    assert kept.headers["X-Key"] == "other"
    assert data["headers"] == {"X-Key": ["<X_KEY:1>"]}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (vcr.sanitize.header, "expected a name"),
        (lambda: vcr.sanitize.cookie(7), "expected names, got 7"),
        (lambda: vcr.sanitize.header("a", on="requests"), "'requests' is not a side.*request"),
        (lambda: vcr.sanitize.json_path("a.b"), "expected a path such as"),
        (lambda: vcr.sanitize.json_path("$.a[b"), r"is not a path into JSON: '\[b' cannot be read"),
        (lambda: vcr.sanitize.query("a", replacement="b", compare=True), "leave out replacement, or compare"),
        (lambda: vcr.sanitize.regex("(a"), "is not a regular expression"),
        (lambda: vcr.sanitize.regex("a*"), "finds a secret in an empty text"),
        (lambda: vcr.sanitize.only("x-key"), r'expected rules, such as vcr.sanitize.header\("x-key"\), got .x-key'),
    ],
)
def test_a_rule_that_can_find_nothing_is_an_error(make, message):
    with pytest.raises((TypeError, ValueError), match=message):
        make()


@pytest.mark.parametrize("value", ["x-key", 7, ["x-key"]])
def test_what_is_no_rule_is_an_error_when_the_cassette_is_opened(value, cassette_path):
    with (
        pytest.raises(TypeError, match=r"sanitize: expected .*vcr\.sanitize\.header"),
        vcr.use_cassette(cassette_path, sanitize=value),
    ):
        pass


def test_a_compiled_pattern_keeps_its_flags():
    rule = vcr.sanitize.regex(re.compile("KEY-[0-9]+", re.IGNORECASE))
    assert masked(with_body(b"the key-77", "text/plain"), OK, rule)[0].body == b"the <SECRET:1>"


def test_a_string_at_a_path_that_stays_keeps_its_escapes():
    body = rb'{"a": "\u002f \u00e9", "b": "secret"}'
    assert replaced(body, JsonPath("$.*"), lambda text: "new" if text == "secret" else text) == (
        rb'{"a": "\u002f \u00e9", "b": "new"}'
    )


def test_two_header_names_that_differ_in_a_secret_only_keep_both_values(monkeypatch):
    monkeypatch.setenv("FIRST_TOKEN", "first-secret-1")
    monkeypatch.setenv("SECOND_TOKEN", "second-secret-2")
    rules = [vcr.sanitize.env(name, replacement="<TOKEN>") for name in ("FIRST_TOKEN", "SECOND_TOKEN")]
    answer = Response.of(200, "OK", [("x-first-secret-1", "a"), ("x-second-secret-2", "b")], b"")
    kept = Sanitizer(rules).pair(Request("GET", "http://a.example/"), answer)[1]
    assert kept["headers"] == {"x-<TOKEN>": ["a", "b"]}


# -- what an opening costs ---------------------------------------------------------------------------------------------


def test_the_environment_is_read_when_the_first_secret_is_looked_for(monkeypatch):
    """A variable that is set after the cassette was opened is a secret, too; and an opening alone reads none."""
    sanitizer = Sanitizer(defaults.RULES)
    monkeypatch.setenv("MY_SERVICE_PASSWORD", "correct-horse-9")
    kept, _ = sanitizer.pair(Request("GET", "http://a.example/correct-horse-9"), Response.of(200, "OK", [], b""))[:2]
    assert "correct-horse-9" not in kept.uri


def test_rules_alone_and_rules_beside_the_defaults_are_two_rule_sets():
    rule = vcr.sanitize.header("X-Mine")
    request = Request("GET", "http://a.example/", headers={"X-Mine": "one", "X-Api-Key": "two"})
    for wanted, kept in ((vcr.sanitize.only(rule), "two"), ((rule,), "<API_KEY:1>")):
        made = vcr.sanitize.sanitizer(wanted, compares=False, limit=1 << 20, own_placeholders=())
        assert made is not None
        assert made.request(request).request.headers["X-Api-Key"] == kept


@pytest.mark.parametrize("size", [8, 12, 19, 40, 80])
def test_in_binary_data_a_placeholder_is_as_long_as_the_secret(size):
    """MessagePack, CBOR and protobuf say how long a text is: a shorter one would make the rest unreadable."""
    secret = "s3cret" + "x" * (size - 6)
    body = b"\x82\xa5note1\xd9" + bytes([size]) + secret.encode() + b"\xa2id\x07"
    kept, _ = masked(with_body(body, Authorization=f"Bearer {secret}"))
    assert secret.encode() not in kept.body
    assert (len(kept.body), kept.body[:8], kept.body[-4:]) == (len(body), body[:8], body[-4:])


IMPORTED_AGAIN = """
import sys
import vcr
kept = set(sys.modules)
for _ in range(2):
    with vcr.use_cassette(sys.argv[1], record_mode="new_episodes"):
        pass
    for name in set(sys.modules) - kept:
        if name.startswith("vcr.sanitize."):
            del sys.modules[name]
"""


def test_modules_that_are_imported_again_read_the_rules_that_are_cached(cassette_path):
    # pytester does so: it drops the modules that a test of a plugin has imported.
    subprocess.run([sys.executable, "-c", IMPORTED_AGAIN, cassette_path], check=True, timeout=60)
