"""What a cassette holds stays what it is: no client sees a field that is not one field in the file."""

from __future__ import annotations

import pytest

import vcr
from vcr.request import Request

from .entries import Raised, outcome

#: Where a line break stands, in a response as it stands in a file.
LINE_BREAKS = {
    "in a value": {"headers": {"X-One": ["a\r\nX-Injected: 1"]}},
    "in a value, bare": {"headers": {"X-One": ["a\nX-Injected: 1"]}},
    "in a value, a return": {"headers": {"X-One": ["a\rX-Injected: 1"]}},
    "at the end of a value": {"headers": {"X-One": ["a\r\n\r\nX-Injected: 1"]}},
    "in a cookie": {"headers": {"Set-Cookie": ["a=1\r\nX-Injected: 1"]}},
    "in a name": {"headers": {"X-One: a\r\nX-Injected": ["1"]}},
    "in the reason": {"status": {"code": 200, "message": "OK\r\nX-Injected: 1"}},
    "in the version": {"http_version": "1.1 200 OK\r\nX-Injected: 1\r\nX-Other:"},
    "in a trailer": {
        "headers": {"Transfer-Encoding": ["chunked"]},
        "trailers": {"X-One": ["a\r\nX-Injected: 1"]},
    },
}


@pytest.mark.parametrize("response", LINE_BREAKS.values(), ids=LINE_BREAKS)
def test_a_line_break_begins_no_other_field(response, client, cassette_path):
    recorded = {"status": {"code": 200, "message": "OK"}, "headers": {}, "body": {"string": b"body"}, **response}
    url = "http://127.0.0.1:9/"
    with vcr.use_cassette(cassette_path) as cassette:
        cassette.append(Request("GET", url), recorded)
    with vcr.use_cassette(cassette_path, record_mode="none") as cassette, client() as session:
        result = outcome(lambda: session.get(url))
    assert not cassette.refused
    if not isinstance(result, Raised):
        assert "x-injected" not in [name.strip().lower() for name, _ in result.headers]
        assert result.body == b"body"
