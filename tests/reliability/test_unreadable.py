"""A cassette that cannot be read, for whatever reason, is one error that says which, where and why: in bounded time and
memory, with the file as it was, and nothing of it executed. (tests/test_persisters.py has the everyday cases.)"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

import vcr
from vcr.errors import CassetteLoadError
from vcr.record_mode import RecordMode
from vcr.request import Request

GOOD = """\
interactions:
- request:
    body: null
    headers: {Accept: ['*/*']}
    method: GET
    uri: http://h/
  response:
    body: {string: 'grün'}
    headers: {Content-Type: [text/plain]}
    status: {code: 200, message: OK}
version: 1
"""


def cassette(**changes: object) -> str:
    """A cassette of one interaction in JSON, with these values at these places (``request_uri``)."""
    data: dict = {
        "interactions": [
            {
                "request": {"method": "GET", "uri": "http://h/", "body": None, "headers": {}},
                "response": {"status": {"code": 200, "message": "OK"}, "headers": {}, "body": {"string": ""}},
            }
        ],
        "version": 1,
    }
    for place, value in changes.items():
        part, _, key = place.partition("_")
        (data["interactions"][0][part] if key else data)[key or part] = value
    return json.dumps(data)


def deep(levels: int) -> object:
    """Lists in lists."""
    value: object = []
    for _ in range(levels):
        value = [value]
    return value


def aliased(lines: int, *, width: int = 10, first: str = "x") -> str:
    """Lists of aliases of lists of aliases …"""
    rows = [f"a0: &a0 [{first}]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * width)}]" for n in range(1, lines))]
    return "\n".join(rows) + "\n"


#: What is in the file, the line that is to be named, and what is to be said.
UNREADABLE: dict[str, tuple[bytes, int | None, str]] = {
    "cut off": (GOOD.encode()[: GOOD.index("*/*")], 4, "not readable as YAML"),
    "cut off within a character": (GOOD.encode()[: GOOD.encode().index(b"\xc3") + 1], 8, "not UTF-8"),
    "cut off, in JSON": (cassette().encode()[:-9], 1, "not readable as"),
    "a merge conflict": (GOOD.replace("  response", "<<<<<<< HEAD\n  response").encode(), 7, "merge conflict"),
    "UTF-16": (GOOD.encode("utf-16"), 1, "not UTF-8"),
    "latin-1": (GOOD.encode("latin-1"), 8, "not UTF-8"),
    "zero bytes": (bytes(4096), 1, "not readable as YAML: character #x0"),
    "an image": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), 1, "not UTF-8"),
    "a list": (b"- 1\n- 2\n", None, "interaction 1: expected a request with a response"),
    "a number": (b"7", None, "not a cassette"),
    "interactions that are none": (b"interactions: 7\n", None, "not a cassette"),
    "a request that is none": (cassette(request_method=None).encode(), None, "the request's method is nothing"),
    "an address that is none": (cassette(request_uri="http://[::1").encode(), None, "interaction 1: Invalid IPv6 URL"),
    "a port that is none": (cassette(request_uri="http://h:99999/").encode(), None, "interaction 1: Port out of range"),
    "text that is none": (cassette(request_uri="http://h/\ud800").encode(), None, "interaction 1: .* surrogates not"),
    "a body that is none": (cassette(response_body={"base64_string": [7]}).encode(), None, "expected text"),
    "base64 that is none": (cassette(response_body={"base64_string": "ü"}).encode(), None, "only ASCII"),
    "a key that is a list": (b"interactions: []\nmetadata: {? !!python/tuple [1] : 2}\n", None, "a key is a list"),
    "a sum of very many digits": (b"version: !!int 1" + b":59" * 100_000, 1, "expected int"),
    "JSON that nests deep": (b"[" * 100_000, 1, "not readable as|nests deeper"),
    "JSON that nests deeper than a copy": (cassette(response_extra=deep(300)).encode(), None, "nests deeper than 200"),
    "headers that nest deep": (cassette(request_headers={"A": deep(300)}).encode(), None, "expected text"),
    "a form that nests deep": (cassette(request_body={"a": deep(300)}).encode(), None, "it nests deeper"),
    "a body that nests deep": (cassette(response_body={"a": deep(300)}).encode(), None, "it nests deeper"),
    "a method that nests deep": (cassette(request_method=deep(900)).encode(), None, "nests deeper|method is a list"),
    "metadata that nest deep": (cassette(metadata={"a": deep(300)}).encode(), None, "metadata: it nests deeper"),
    "YAML that nests deep": (b"a:\n" + b"- " * 100_000, 2, "nests deeper|not readable as YAML"),
    "YAML that nests deep in flow": (b"a:\n  " + b"{a: " * 100_000, 2, "nests deeper|not readable as YAML"),
    "aliases that nest deep": (aliased(300, width=1).encode(), 200, "nests deeper than 200 levels"),
    "aliases of very many values": (aliased(30).encode(), 7, "its aliases stand for more than 1,000,000 values"),
    "aliases of very much text": (aliased(30, first="x" * 100_000).encode(), 4, "its aliases stand for more than"),
    "an alias of what it is in": (b"a: &a [*a]\n", 1, "stands for nothing, or for what it is in"),
    "Python's tags": (b"version: 1\ninteractions: !!python/object/apply:os.mkdir [executed]\n", 2, "the tag !!python"),
    "Ruby's tags": (b"--- !ruby/object:Gem::Installer\ni: x\n", 1, "the tag !ruby/object:Gem::Installer"),
}

#: Each is to be refused with no more memory than this, of which Python and libyaml take some.
MEMORY = 400 * 2**20

READS = f"""
import resource, sys
import vcr
{{more}}
resource.setrlimit(resource.RLIMIT_AS, ({MEMORY}, {MEMORY}))
try:
    with vcr.use_cassette(sys.argv[1], record_mode="all"):
        print("read")
except vcr.errors.CassetteLoadError as error:
    print(error)
"""

posix = pytest.mark.skipif(not hasattr(os, "fork"), reason="limits and files of POSIX")


def said_with_little_memory(path: str, more: str = "") -> str:
    """The CassetteLoadError of opening this cassette where memory is short."""
    script = READS.replace("{more}", more)
    command = [sys.executable, "-c", script, path]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


@pytest.mark.parametrize("record_mode", [mode.value for mode in RecordMode])
@pytest.mark.parametrize("kind", UNREADABLE)
def test_it_is_one_error_and_the_file_stays_as_it_was(kind, record_mode, cassette_path, tmp_path):
    content, line, why = UNREADABLE[kind]
    Path(cassette_path).write_bytes(content)
    with (
        pytest.raises(CassetteLoadError, match=f"(?s)^[^\n]*: .*({why})") as caught,
        vcr.use_cassette(cassette_path, record_mode=record_mode),
    ):
        pytest.fail("the block must not run")
    assert caught.value.path == cassette_path
    assert caught.value.line == line
    assert str(caught.value).startswith(cassette_path)
    assert len(str(caught.value)) < 2_000
    assert Path(cassette_path).read_bytes() == content
    assert os.listdir(tmp_path) == [os.path.basename(cassette_path)]  # nothing was executed, and no journal begun


@posix
@pytest.mark.parametrize("kind", [kind for kind in UNREADABLE if "many" in kind or "much" in kind or "deep" in kind])
def test_it_takes_little_memory_to_say_so(kind, cassette_path):
    content, _, _ = UNREADABLE[kind]
    Path(cassette_path).write_bytes(content)
    assert said_with_little_memory(cassette_path).startswith(cassette_path)


@posix
def test_a_file_of_gigabytes_is_refused_before_it_is_read(cassette_path):
    with open(cassette_path, "wb") as file:
        file.truncate(2 * 2**30)
    assert said_with_little_memory(cassette_path) == (f"{cassette_path}: it has more than 1,073,741,824 bytes\n")
    assert os.path.getsize(cassette_path) == 2 * 2**30


@posix
def test_a_compressed_file_is_inflated_no_further_than_that(tmp_path):
    path = tmp_path / "cassette.zz"
    packer = zlib.compressobj()
    path.write_bytes(b"".join(packer.compress(bytes(2**20)) for _ in range(64)) + packer.flush())
    lower = "from vcr.persisters import content; content.MAX_SIZE = 2**24"
    assert "more than 16,777,216 bytes" in said_with_little_memory(str(path), lower)


def test_a_compressed_file_that_is_cut_off(tmp_path):
    path = tmp_path / "cassette.zz"
    path.write_bytes(zlib.compress(GOOD.encode() * 100)[:-20])
    with pytest.raises(CassetteLoadError, match=r"cassette\.zz: not compressed, .*cut off"), vcr.use_cassette(path):
        pytest.fail("the block must not run")


@posix
def test_a_pipe_is_not_waited_for(cassette_path):
    os.mkfifo(cassette_path)
    with pytest.raises(CassetteLoadError, match="not a regular file"), vcr.use_cassette(cassette_path):
        pytest.fail("the block must not run")


@posix
def test_a_device_is_not_replaced(tmp_path):
    link = tmp_path / "cassette.yaml"
    link.symlink_to(os.devnull)
    with (
        pytest.raises(CassetteLoadError, match="not a regular file"),
        vcr.use_cassette(link, record_mode="all") as recording,
    ):
        recording.append(vcr.Request("GET", "http://h/"), {"status": {"code": 200, "message": "OK"}})
    assert link.is_symlink()


@pytest.mark.parametrize("record_mode", [mode.value for mode in RecordMode])
def test_a_directory_is_no_cassette(record_mode, tmp_path):
    with (
        pytest.raises(CassetteLoadError, match="cannot be read") as caught,
        vcr.use_cassette(tmp_path, record_mode=record_mode),
    ):
        pytest.fail("the block must not run")
    assert caught.value.path == str(tmp_path)
    assert tmp_path.is_dir()


@pytest.mark.parametrize("blank", ["", " \n\n"])
def test_an_empty_file_counts_as_missing(blank, server, cassette_path):
    Path(cassette_path).write_text(blank, encoding="utf-8")
    with vcr.use_cassette(cassette_path, record_mode="once") as recording:
        recording.append(vcr.Request("GET", "http://h/"), {"status": {"code": 200, "message": "OK"}})
    with vcr.use_cassette(cassette_path, record_mode="none") as replay:
        assert len(replay) == 1


def test_bytes_that_aiohttp_saw_in_a_header_are_those_bytes(tmp_path):
    path = tmp_path / "cassette.json"
    path.write_text(cassette(response_headers={"X-Name": ["caf\udce9"]}), encoding="ascii")
    with vcr.use_cassette(path, serializer="json", record_mode="none") as replay:
        assert replay.responses[0]["headers"] == {"X-Name": ["café"]}


def test_a_number_in_json_of_more_digits_than_are_read(tmp_path):
    path = tmp_path / "cassette.json"
    path.write_text(cassette(version=7).replace("7", "7" * 10_000), encoding="ascii")
    with (
        pytest.raises(CassetteLoadError, match=r"cassette\.json: not readable as JSON: .*digits"),
        vcr.use_cassette(path, serializer="json"),
    ):
        pytest.fail("the block must not run")


@pytest.mark.parametrize("match_on", [["method", "uri"], ["method", "uri", "mine"]], ids=" ".join)
def test_an_interaction_that_cannot_be_read_is_an_error_only_where_it_is_asked_for(match_on, cassette_path):
    answer = {"status": {"code": 200, "message": "OK"}, "headers": {}, "body": {"string": "text"}}
    with vcr.use_cassette(cassette_path) as cassette:
        for uri in ("http://h/broken", "http://h/"):
            cassette.append(Request("GET", uri), answer)
    written = Path(cassette_path).read_text(encoding="utf-8")
    Path(cassette_path).write_text(written.replace("string: text", "string: !!binary '###'", 1), encoding="utf-8")
    recorder = vcr.VCR()
    recorder.register_matcher("mine", lambda one, other: one.uri == other.uri)
    with recorder.use_cassette(cassette_path, record_mode="none", match_on=match_on) as cassette:
        assert cassette.play_response(Request("GET", "http://h/"))["body"]["string"] == b"text"
        with pytest.raises(CassetteLoadError, match=r"line \d+: .*not readable as base64"):
            cassette.play_response(Request("GET", "http://h/broken"))
