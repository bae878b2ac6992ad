"""``vcr check``: what is wrong with cassettes, and where."""

from __future__ import annotations

import base64
import binascii
import gzip
import json
import shutil
import sys

import pytest
from jsonschema import Draft202012Validator

from tests.cli.conftest import get
from tests.cli.running import ANSI, CASSETTES, in_terminal, piped, plain, vcr
from vcr._http import content_coding
from vcr._http.failure import CONNECT, SYSTEM, Failure
from vcr.cli.checking import KINDS, schema_text
from vcr.request import Request
from vcr.response import Response

JSON, GZIP = {"Content-Type": "application/json"}, {"Content-Encoding": "gzip"}
CUT_OFF = gzip.compress(b"x" * 999)[:-9]


@pytest.fixture
def faulty(write):
    """A cassette with one fault in each interaction but the first."""
    return write(
        "faulty.yaml",
        get("/fine", JSON, b"{}"),
        get("/json", JSON, b"{broken"),
        get("/coded", GZIP, CUT_OFF),
        (Request("GET", "/relative"), Response.of(200, "OK", {}, b"")),
        get("/cut", JSON, b'{"half', incomplete=True),
        (Request("GET", "http://down.example/"), Response.failed(Failure(CONNECT, SYSTEM, "ECONNREFUSED", "refused"))),
        get("/fine", JSON, b"{}"),
        (Request("POST", "http://a.example/", b"{", JSON), Response.of(200, "OK", {}, b"")),
        beside=[{"recorded_at": f"2020-01-0{day}T00:00:00+00:00"} for day in range(1, 9)],
    )


def found(*arguments: object) -> list[tuple[int | None, str, str]]:
    """Interaction, kind and message of each finding."""
    done = vcr("check", "--json", *arguments)
    return [(one["interaction"], one["kind"], one["message"]) for one in json.loads(done.out)]


def test_each_finding_is_a_line_with_its_place(faulty):
    done = piped("check", faulty)

    assert (done.status, done.err) == (1, "")
    lines = [
        number for number, text in enumerate(faulty.read_text(encoding="utf-8").splitlines(), 1) if text == "- request:"
    ]
    *findings, summary = done.out.splitlines()
    assert [line.partition(": ")[0] for line in findings] == [f"{faulty}:{line}" for line in lines[1:]]
    assert findings[1] == (
        f"{faulty}:{lines[2]}: interaction 3: the body of the response cannot be decoded, "
        "though its Content-Encoding is gzip [wrong]"
    )
    assert summary == "1 cassette: 4 wrong, 1 incomplete, 1 failed, 1 duplicate"


def test_in_a_terminal_the_same_in_colour(faulty):
    done = in_terminal("check", faulty)
    assert done.status == 1
    assert ANSI.search(done.out)
    assert plain(done.out) == vcr("check", faulty).out


def test_what_is_found(faulty):
    assert found(faulty) == [
        (
            2,
            "wrong",
            "the body of the response is no JSON, though its Content-Type is application/json: "
            "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
        ),
        (3, "wrong", "the body of the response cannot be decoded, though its Content-Encoding is gzip"),
        (4, "wrong", "no request has the URI '/relative': it names no host"),
        (5, "incomplete", "the response ended too early"),
        (6, "failed", "failed at connecting: ECONNREFUSED"),
        (7, "duplicate", "it is the same as interaction 1"),
        (
            8,
            "wrong",
            "the body of the request is no JSON, though its Content-Type is application/json: "
            "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
        ),
    ]


def test_kinds_may_be_passed_over(faulty):
    ignored = [word for kind in KINDS if kind != "failed" for word in ("--ignore", kind)]
    assert found(faulty, *ignored) == [(6, "failed", "failed at connecting: ECONNREFUSED")]
    done = vcr("check", faulty, *ignored, "--ignore", "failed")
    assert (done.status, done.out) == (0, "1 cassette: nothing to report\n")


def test_what_was_recorded_long_ago(faulty):
    old = [one for one in found(faulty, "--older-than", "30") if one[1] == "old"]
    assert old[0] == (1, "old", "it was recorded at 2020-01-01 00:00+00:00")
    assert len(old) == 8


def test_a_response_that_cannot_be_replayed(write):
    path = write("odd.yaml", get("/", status=204))
    path.write_text(path.read_text(encoding="utf-8").replace("code: 204", "code: many"), encoding="utf-8")
    assert found(path) == [(1, "wrong", "the response cannot be replayed: its status code is 'many', a str")]


def test_broken_cassettes_among_good_ones(tmp_path, write):
    write("good.yaml", get("/"))
    conflict = "interactions:\n<<<<<<< ours\n- request: a\n=======\n- request: b\n>>>>>>> theirs\nversion: 1\n"
    (tmp_path / "conflict.yaml").write_text(conflict, encoding="utf-8")
    (tmp_path / "part.json").write_text('{"interactions": [\n{"request": {}, "response": {}}]}', encoding="utf-8")
    one_of_two = write("two.yaml", get("/1"), get("/2"))
    one_of_two.write_text(
        one_of_two.read_text(encoding="utf-8").replace("method: GET", "method: [GET]", 1), encoding="utf-8"
    )

    done = vcr("check", tmp_path, tmp_path / "missing.yaml")

    assert done.status == 2
    assert done.out.splitlines() == [
        f"{tmp_path}/conflict.yaml:2: it has an unresolved merge conflict [unreadable]",
        f"{tmp_path}/part.json:2: interaction 1: the request's method is nothing [unreadable]",
        f"{tmp_path}/two.yaml:2: interaction 1: the request's method is a list [unreadable]",
        "4 cassettes: 3 unreadable",
    ]
    assert done.err == f"{tmp_path}/missing.yaml: there is no such file or directory\n"


def test_an_interaction_that_cannot_be_read_is_found_and_the_others_are_looked_at(write):
    path = write("x.yaml", get("/1", body=b"not to be read"), get("/2", JSON, b"{broken"))
    text = path.read_text(encoding="utf-8").replace("string: not to be read", "string: !!binary '###'", 1)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(binascii.Error) as in_words_of_python:  # which depend on its version
        base64.b64decode("###", validate=True)
    (unreadable, other) = found(path)
    assert unreadable[1:] == (
        "unreadable",
        f"not readable as YAML: not readable as base64: {in_words_of_python.value}",
    )
    assert other[:1] == (2,)


def test_an_entry_of_an_archive_that_cannot_be_read_is_found_by_its_place(tmp_path):
    path = tmp_path / "x.har"
    entries = [{"response": {"status": 0}}, {"request": {"url": "http://h/"}, "response": {"status": 200}}]
    path.write_text('{"log": {"entries": [\n' + ",\n".join(map(json.dumps, entries)) + "]}}", encoding="utf-8")
    ((interaction, kind, message),) = found(path)
    assert (interaction, kind, message) == (2, "unreadable", "not valid HAR 1.2: KeyError('method')")
    assert vcr("check", path).out.startswith(f"{path}:3: interaction 2: not valid HAR")


def test_a_blank_cassette_and_an_interrupted_session(tmp_path, write):
    path = write("x.yaml", get("/"))
    (tmp_path / "x.yaml.partial").write_text("", encoding="utf-8")
    (tmp_path / "blank.yaml").write_text("\n", encoding="utf-8")
    assert found(path) == [
        (None, "incomplete", f"a session was interrupted, and left {path}.partial; vcr.recover adds what it holds")
    ]
    assert found(tmp_path / "blank.yaml") == [(None, "wrong", "the file has no interactions")]


def test_old_formats_are_told():
    message = "VCR.py does not read this format any more; `vcr migrate` brings it to the present one"
    old = {path.name: one for path in CASSETTES.iterdir() if (None, "old", message) in (one := found(path))}
    assert sorted(old) == [
        "by_hand.yaml", "vcrpy_0.0.1.yaml", "vcrpy_0.1.0.yaml", "vcrpy_0.3.5.json", "vcrpy_0.6.0.json",
        "vcrpy_0.6.0.yaml",
        "vcrpy_0.7.0.yaml", "vcrpy_0.7.0_files.yaml", "vcrpy_4.1.1_httpx.yaml",
    ]  # fmt: skip


@pytest.mark.parametrize("suffix", ["yaml", "json"])
@pytest.mark.parametrize("version", ["7", '"new"', "null", "1", '"1"'])
def test_a_version_of_the_format_that_is_not_known_is_wrong(version, suffix, tmp_path):
    path = tmp_path / f"x.{suffix}"
    path.write_text(f'{{"interactions": [], "version": {version}}}', encoding="utf-8")
    message = f"version {json.loads(version)!r} of the format is not known: the cassette is read as version 1"
    assert found(path) == ([] if "1" in version else [(None, "wrong", message)])


# -- the schema --------------------------------------------------------------------------------------------------------


def test_the_schema_is_one_and_can_be_printed():
    assert vcr("check", "--print-schema").out == schema_text()
    Draft202012Validator.check_schema(json.loads(schema_text()))


def test_what_this_package_writes_is_as_the_schema_has_it(varied, faulty, write):
    trailers = Response.of(
        200, "", [("A", "1"), ("B", "2"), ("A", "3")], b"\xff\x00", chunks=(1, 1), trailers={"T": "1"}, http_version="2"
    )
    cut = Response.of(200, "OK", {}, b"ab", cut_chunk=(2, 5), incomplete=True)
    for name in ("all.yaml", "all.json"):
        path = write(
            name,
            (Request("PUT", "http://a.example/", b"\xff"), trailers),
            get("/"),
            (Request("GET", "http://a.example/"), cut),
        )
        assert [one for one in found("--schema", path) if one[1] == "schema"] == []
    assert [one for one in found("--schema", varied) if one[1] == "schema"] == []
    assert [one for one in found("--schema", faulty) if one[1] == "schema"] == [
        (4, "schema", "request.uri: '/relative' does not match '^[A-Za-z][A-Za-z0-9+.-]*://'")
    ]


@pytest.mark.parametrize(
    "name",
    [
        "vcrpy_1.json",
        "vcrpy_1.yaml",
        "vcrpy_3.0.0.yaml",
        "vcrpy_4.1.1_tornado.yaml",
        "vcrpy_9.4.2_aiohttp_bodies.json",
        "vcrpy_9.4.2_aiohttp_bodies.yaml",
    ],
)
def test_what_vcrpy_writes_is_as_the_schema_has_it(name):
    assert [one for one in found("--schema", CASSETTES / name) if one[1] == "schema"] == []


def test_what_is_not_as_the_schema_has_it(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_text(
        "interactions:\n"
        "- request:\n    method: GET\n    uri: http://a.example/\n"
        "  response:\n    status: {code: 20000}\n    headers: {A: {b: c}}\n    body: {string: x, chunks: a lot}\n",
        encoding="utf-8",
    )
    messages = {message.partition(":")[0] for number, kind, message in found("--schema", path) if kind == "schema"}
    assert messages == {"response.status.code", "response.headers.A", "response.body.chunks"}
    assert found("--schema", CASSETTES / "betamax_0.9.0.json") == [
        (None, "schema", "it is in another format than version 1")
    ]


def test_without_the_library_it_is_said_what_to_install(varied, monkeypatch):
    monkeypatch.setitem(sys.modules, "jsonschema", None)
    done = vcr("check", "--schema", varied)
    assert done.status == 2
    assert "--schema needs jsonschema, which this Python does not have: pip install 'vcrpy[cli]'" in done.err


def test_what_is_unreadable_is_not_compared_with_the_schema(tmp_path):
    (tmp_path / "x.yaml").write_text("interactions:\n- {", encoding="utf-8")
    assert [kind for _, kind, _ in found("--schema", tmp_path / "x.yaml")] == ["unreadable"]


def test_codings_that_are_no_fault_of_the_body(write, monkeypatch):
    """One that nobody knows, and one for which there is no library here."""
    path = write("x.yaml", get("/", {"Content-Encoding": "aws-chunked"}, b"x"), get("/2", GZIP, CUT_OFF))
    gone = content_coding.CODINGS["gzip"]._replace(
        decode=lambda body, limit: content_coding._library("no_such_library")
    )
    monkeypatch.setitem(content_coding.CODINGS, "gzip", gone)
    assert found(path) == []


def test_a_body_that_grows_without_end(write, monkeypatch):
    monkeypatch.setattr(content_coding, "MOST_DECODED", 1000)
    path = write("x.yaml", get("/", GZIP, gzip.compress(b"x" * 5000)))
    # (Bodies are read with the limit that was there when the package was imported.)
    monkeypatch.setattr("vcr.cli.bodies.content_coding.decode", lambda body, codings: (body, codings))
    assert found(path) == [
        (
            1,
            "wrong",
            "the body of the response is more than 1,000 bytes when it is decoded, though its Content-Encoding is gzip",
        )
    ]


def test_nothing_is_written(tmp_path):
    before = {}
    for path in CASSETTES.iterdir():
        shutil.copy(path, tmp_path)
        before[path.name] = path.read_bytes()
    vcr("check", tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
