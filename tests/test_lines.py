"""Values of named fields in texts that are made of lines."""

from __future__ import annotations

import pytest

from vcr._http import lines, named
from vcr._http.names import Names

NAMES = Names(["password", "token"], ["api-key"], of_texts=True)


def changed(data: bytes, reader: named.Reader, new: str = "<X:1>") -> bytes:
    return named.replaced(data, NAMES, lambda _, text: new if text.strip() else text, (reader,))


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        (b"password=p", b"password=<X:1>"),
        (b"[a]\r\n  password = p q\r\n", b"[a]\r\n  password = p q\r\n"),
        (b"[a]\r\nPassword = p;\r\nb=2", b"[a]\r\nPassword = p;\r\nb=2"),
        (b"a=1\nexport MY_API_KEY='p q'\n", b"a=1\nexport MY_API_KEY='<X:1>'\n"),
        (b'db.password = "p" # note', b'db.password = "<X:1>" # note'),
        (b"password = \r\ntoken = t \r\n", b"password = \r\ntoken = <X:1> \r\n"),
        (
            b'password = getpass()\nif token == "a":\ntoken = items["a"]',
            b'password = getpass()\nif token == "a":\ntoken = items["a"]',
        ),
        (b"say: password = p", b"say: password = p"),
        (b"tokens = 4\npassword_length=7", b"tokens = 4\npassword_length=7"),
    ],
)
def test_an_assignment(line, kept):
    assert changed(line, lines.assigned) == kept


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        (b"password: p", b'password: "<X:1>"'),
        (b"a:\n  - token: t  # note\n    b: 2\n", b'a:\n  - token: "<X:1>"  # note\n    b: 2\n'),
        (b"myApiKey: 'p q'\r\n", b"myApiKey: '<X:1>'\r\n"),
        (b"password: correct horse\nx: 1", b'password: "<X:1>"\nx: 1'),
        (b"password: *other\ntoken: |\n  t\npassword:\n  a: 1", b"password: *other\ntoken: |\n  t\npassword:\n  a: 1"),
        (b"password:p\ntokens: 2", b"password:p\ntokens: 2"),
    ],
)
def test_a_line_of_yaml(line, kept):
    assert changed(line, lines.yaml_lines) == kept


@pytest.mark.parametrize(
    ("table", "kept"),
    [
        (b"id,password,b\n1,p,2\n2,,3\n3,q", b"id,password,b\n1,<X:1>,2\n2,,3\n3,<X:1>"),
        (b'id;"Token";"b"\r\n1;"t;""t";2\r\n', b'id;"Token";"b"\r\n1;"<X:1>";2\r\n'),
        (b"my_api_key\tid\nk\t1\n", b"my_api_key\tid\n<X:1>\t1\n"),
        (b'id,token\n"a\nb",t\n1,t\n', b'id,token\n"a\nb",t\n1,t\n'),
        (b"id,tokens\n1,2\n", b"id,tokens\n1,2\n"),
        (b"", b""),
    ],
)
def test_a_column_of_a_table(table, kept):
    assert changed(table, lines.table) == kept


def test_what_takes_the_place_of_a_value_stays_one_value():
    assert changed(b"a,token\n1,t\n", lines.table, 'x,"y') == b'a,token\n1,"x,""y"\n'
    assert changed(b"token: t\n", lines.yaml_lines, 'x: "y') == b'token: "x: \\"y"\n'


def test_a_quote_in_a_quoted_cell_is_doubled_in_the_table_only():
    found = []

    def replace(_: str, text: str) -> str:
        found.append(text)
        return 'a"b'

    table = b'id,password\n1,"hunt""er2"\n'
    assert named.replaced(table, NAMES, replace, (lines.table,)) == b'id,password\n1,"a""b"\n'
    assert found == ['hunt"er2']
