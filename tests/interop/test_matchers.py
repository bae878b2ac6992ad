"""Whatever VCR.py's matchers take for equal, ours do: generated pairs of requests go through both."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from vcr import matchers
from vcr.matchers import agrees
from vcr.request import Request

pytest.importorskip("hypothesis")
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

CHILD = Path(__file__).with_name("matched.py")
NAMES = ("method", "scheme", "host", "port", "path", "query", "uri", "headers", "body", "raw_body")


@pytest.fixture
def theirs_say(theirs):
    """``theirs_say(matcher, request, request)``: what VCR.py's matcher says; None for an error of its own."""
    version, python = theirs
    if version < "9":
        pytest.skip("compares what the current version takes for equal")
    with subprocess.Popen([python, str(CHILD)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:

        def ask(*question: object) -> bool | None:
            child.stdin.write(json.dumps(question) + "\n")
            child.stdin.flush()
            return json.loads(child.stdout.readline())

        yield ask
        child.stdin.close()


def call(name: str, a: str, b: str) -> str:
    members = "".join(f"<member><name>{one}</name><value><int>1</int></value></member>" for one in (a, b))
    value = f"<value><struct>{members}</struct></value>"
    return f"<methodCall><methodName>{name}</methodName><params><param>{value}</param></params></methodCall>"


fields = st.sampled_from(
    ["a=1", "a=2", "a=%31", "a=", "a", "b=1", "b=%e9", "b=%e8", "b=\u00e9", "c=x+y", "c=x%20y", ""]
)
queries = st.lists(fields, max_size=3).map("&".join)
uris = st.builds(
    "{}://{}{}{}{}{}".format,
    st.sampled_from(["http", "https", "HTTP"]),
    st.sampled_from(["h", "H", "i", "u:p@h"]),
    st.sampled_from(["", ":80", ":443", ":81"]),
    st.sampled_from(
        ["", "/", "/p", "/p;v=1", "/p;v=2", "/p;v=1/q", "/p;v=2/q", "/a b", "/a%20b", "/%C3%A9", "/\u00e9"]
    ),
    queries.map(lambda query: query and f"?{query}") | st.just("?"),
    st.sampled_from(["", "", "#f"]),
)
values = st.recursive(
    st.sampled_from([None, True, False, 0, 1, 1.0, "1", "true", "", 1e300]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=4,
)
texts = st.one_of(
    st.none(),
    queries,
    st.builds(json.dumps, values, separators=st.sampled_from([(",", ":"), (", ", ": ")])),
    st.builds(call, st.sampled_from(["m", "n"]), *[st.sampled_from("ab")] * 2),
    st.sampled_from(["[1", '{"a": ["1"]}', "<x/>", "\xff", "--b\r\n\r\n1\r\n--b--\r\n", "NaN"]),
)
bodies = texts | texts.map(lambda text: f"{len(text or ''):x}\r\n{text or ''}\r\n0\r\n\r\n")
types = st.sampled_from(
    [
        *("application/json", "Application/JSON; charset=utf-8", "application/x+json", "text/json"),
        *("application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=utf-8"),
        *("text/xml", "text/plain", "multipart/form-data; boundary=b"),
    ]
)
optional = {
    "content-type": types,
    "Transfer-Encoding": st.sampled_from(["chunked", "gzip"]),
    "User-Agent": st.sampled_from(["xmlrpclib", "own/1"]),
    "X-Own": st.sampled_from(["1", "1, 2", ["1", "2"], ["2", "1"]]),
    "x-own": st.just("1"),
}
headers = st.fixed_dictionaries({}, optional=optional).map(
    # One spelling of a name in a request: of two in one dictionary, VCR.py keeps the last.
    lambda drawn: {name: value for name, value in drawn.items() if name != "x-own" or "X-Own" not in drawn}
)
requests = st.tuples(st.sampled_from(["GET", "get", "POST"]), uris, bodies, headers)
#: Two requests that have much in common, so that they are often equal.
pairs = st.tuples(requests, requests, st.sets(st.integers(0, 3))).map(
    lambda drawn: (
        drawn[0],
        tuple(one if place in drawn[2] else other for place, (one, other) in enumerate(zip(*drawn[:2], strict=True))),
    )
)


@pytest.mark.parametrize("name", NAMES)
def test_what_vcrpy_takes_for_equal_is_equal(name, theirs_say: Callable[..., bool | None]):
    equal = 0

    @settings(max_examples=600, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(pairs)
    def compare(pair):
        nonlocal equal
        if theirs_say(name, *pair):
            equal += 1
            one, other = (Request(*parts[:2], parts[2] and parts[2].encode("latin-1"), parts[3]) for parts in pair)
            assert agrees(getattr(matchers, name), one, other) == (True, "")

    compare()
    assert equal > 50
