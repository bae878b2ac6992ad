"""Values of named fields, in the formats that only the sanitizer reads. (``test_fields.py`` has those of filters.)"""

from __future__ import annotations

import pytest

from vcr._http import members, named
from vcr._http.names import Names

NAMES = Names(["password", "token"], ["api-key"], of_texts=True)


def changed(data: bytes, *readers: named.Reader) -> bytes:
    return named.replaced(data, NAMES, lambda _, text: "<X:1>" if text else text, readers)


@pytest.mark.parametrize(
    ("data", "kept"),
    [
        (b'[{"name": "password", "value": "p"}]', b'[{"name": "password", "value": "<X:1>"}]'),
        (b'{"key":"MY_API_KEY","value":"a\\"b","on":true}', b'{"key":"MY_API_KEY","value":"<X:1>","on":true}'),
        (b'{"Name": "token", "Value": "t"}', b'{"Name": "token", "Value": "<X:1>"}'),
        (b'{"name": "token", "on": true, "value": "t"}', b'{"name": "token", "on": true, "value": "<X:1>"}'),
        (b'{"value": "t", "a": "b", "key": "token"}', b'{"value": "<X:1>", "a": "b", "key": "token"}'),
        (b'{"type": "password", "value": "p", "a": 1}', b'{"type": "password", "value": "<X:1>", "a": 1}'),
        (b'{"value": "p", "type": "password"}', b'{"value": "<X:1>", "type": "password"}'),
        (b'{"type": "token", "value": "t"}', b'{"type": "token", "value": "t"}'),  # a parser has such tokens
        (b'{"name": "token"}, {"value": "t"}', b'{"name": "token"}, {"value": "t"}'),
        (b'{"name": "token", "a": {}, "value": "t"}', b'{"name": "token", "a": {}, "value": "t"}'),
        (b'{"name": "tokens", "value": "t"}', b'{"name": "tokens", "value": "t"}'),
        (b'{"name": "token", "value": 7}', b'{"name": "token", "value": 7}'),
        (
            b'{"a": "{\\"name\\": \\"token\\", \\"value\\": \\"t\\"}"}',
            b'{"a": "{\\"name\\": \\"token\\", \\"value\\": \\"<X:1>\\"}"}',
        ),
    ],
)
def test_an_entry_with_a_name_and_a_value(data, kept):
    assert changed(data, members.entries) == kept


@pytest.mark.parametrize(
    ("data", "kept"),
    [
        (
            b'mutation { login(user: "b", password: "p") { token } }',
            b'mutation { login(user: "b", password: "<X:1>") { token } }',
        ),
        (b'{"query": "{ a(password: \\"p\\") }"}', b'{"query": "{ a(password: \\"<X:1>\\") }"}'),
        (
            b"mutation L($password: String!) { login(password: $password) }",
            b"mutation L($password: String!) { login(password: $password) }",
        ),
    ],
)
def test_an_argument_of_graphql(data, kept):
    assert changed(data, members.arguments) == kept


@pytest.mark.parametrize(
    ("page", "kept"),
    [
        (b'<input name="token" value="t">', b'<input name="token" value="&lt;X:1&gt;">'),
        (b"<INPUT type=hidden value=t name=token />", b"<INPUT type=hidden value=&lt;X:1&gt; name=token />"),
        (b"<meta content='t' name='my-api-key'>", b"<meta content='&lt;X:1&gt;' name='my-api-key'>"),
        (b'<input name="password" placeholder="Password">', b'<input name="password" placeholder="Password">'),
        (b'<input name="a" value="token">', b'<input name="a" value="token">'),
        (
            b'<script>var s = {"token":"t", "n": {"password": null}}</script>',
            b'<script>var s = {"token":"<X:1>", "n": {"password": null}}</script>',
        ),
        (
            b"<p data-a='{&quot;token&quot;:&quot;t&quot;}'>",
            b"<p data-a='{&quot;token&quot;:&quot;&lt;X:1&gt;&quot;}'>",
        ),
        (
            b'<script>var token = "t";</script><p>password: p</p>',
            b'<script>var token = "t";</script><p>password: p</p>',
        ),
    ],
)
def test_a_page(page, kept):
    assert changed(page, *members.IN_PAGES) == kept


def test_a_short_name_stands_in_binary_data_by_chance():
    assert not Names(["a-b"]).stand_in_binary(b"\0 a-b \0")
    assert Names(["a-bc"]).stand_in_binary(b"\0 a-bc \0")
