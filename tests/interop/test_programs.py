"""The same program, through every client, recorded by VCR.py and here: the same requests, and each replays the other's.

See ``programs.py`` for the programs.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import vcr
from tests.server import Exchange, Server

CHILD = Path(__file__).with_name("programs.py")

#: Header fields of which only the presence is compared: time, chance, and what is installed make the value.
VARYING = {"accept-encoding", "amz-sdk-invocation-id", "authorization", "user-agent", "x-amz-date"}

#: Where the header fields of the requests are not the same, by the name of the program, and why.
DIFFERENT = {
    "aiohttp": {"content-type"},  # the body is kept in bytes here, which need it: VCR.py keeps an object
    "aiohttp_redirected": {"accept", "accept-encoding", "host", "user-agent"},  # VCR.py knows then what was sent
    "http_client_with_a_header_twice": {"x-tag", "x-several"},  # VCR.py keeps one of two
    "urllib3_without_its_headers": {"accept-encoding", "user-agent"},  # VCR.py keeps urllib3's word for "send none"
}

#: What does not replay, by who recorded it, and why.
REFUSED = {
    "theirs": {"http_client_with_a_header_twice"},  # VCR.py keeps one of two
    "ours": {
        "aiohttp",  # VCR.py compares the bytes of a body with the object that the program gives
        # VCR.py tells an empty body from none, which cannot be seen on the wire.
        *("http_client_by_hand", "http_client_with_odd_values", "tornado_with_an_empty_body"),
        # VCR.py compares the first of several values, with all of them joined.
        *("http_client_with_a_header_twice", "httpx_with_a_header_twice", "urllib3_with_a_header_twice"),
        "urllib3_without_its_headers",  # VCR.py compares urllib3's word for "send none"
    },
}

#: Every built-in matcher. (VCR.py 9.4.2's ``url`` raises AttributeError.)
MATCHERS = ("method", "scheme", "host", "port", "path", "query", "uri", "headers", "body", "raw_body")


@pytest.fixture
def server():
    with Server() as running:
        running.route("/bucket", bucket)
        yield running


def bucket(exchange: Exchange, *_: str) -> None:
    exchange.respond(200, [("ETag", '"1"')], b"content" if exchange.request.method == "GET" else b"")


@pytest.fixture
def clients(theirs):
    version, python = theirs
    if version < "9":
        pytest.skip("does not know all of these clients")
    return {"ours": sys.executable, "theirs": python}


def run(python: str, *arguments: object) -> dict[str, str | None]:
    done = subprocess.run(
        [python, str(CHILD), *map(str, arguments)], check=True, capture_output=True, text=True, timeout=240
    )
    return json.loads(done.stdout)


def requests_in(cassette: Path) -> list[tuple[str, str, dict[str, str]]]:
    """The method, the path and the header fields of each request in a cassette of either."""
    with vcr.use_cassette(cassette, record_mode="none") as opened:
        return [
            (request.method, request.path, {name.lower(): shown(name, request) for name in request.headers})
            for request in opened.requests
        ]


def shown(name: str, request) -> str:
    # VCR.py joins what is given twice; with or without a blank.
    return "(present)" if name.lower() in VARYING else re.sub(r",\s*", ",", ",".join(request.headers.get_all(name)))


def test_the_headers_recorded_are_those_that_vcrpy_records(clients, server, tmp_path):
    for one, python in clients.items():
        tmp_path.joinpath(one).mkdir()
        outcomes = run(python, "record", server.url, tmp_path / one)
        assert not any(outcomes.values()), outcomes
    names = [cassette.stem for cassette in tmp_path.joinpath("ours").iterdir()]
    assert len(names) >= 15
    differing = {}
    for name in names:
        ours, theirs = (requests_in(tmp_path / one / f"{name}.yaml") for one in clients)
        assert [request[:2] for request in ours] == [request[:2] for request in theirs]
        for (*_, one), (*_, other) in zip(ours, theirs, strict=True):
            for field in one.keys() | other.keys():
                if one.get(field) != other.get(field):
                    differing.setdefault(name, set()).add(field)
    assert differing == DIFFERENT


@pytest.mark.parametrize("recorder", ["ours", "theirs"])
def test_each_replays_the_others_cassettes_with_every_matcher(recorder, clients, server, tmp_path):
    (player,) = clients.keys() - {recorder}
    recorded = run(clients[recorder], "record", server.url, tmp_path)
    assert not any(recorded.values()), recorded
    tmp_path.joinpath("boto3.yaml").unlink()  # signs with the time: nothing matches it on headers
    server.close()
    replayed = run(clients[player], "replay", server.url, tmp_path, *MATCHERS)
    refused = {name: error for name, error in replayed.items() if error is not None}
    assert refused.keys() == REFUSED[recorder], refused
