"""``vcr convert``: from any format to any other, what that loses line by line."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from tests.cli.conftest import get
from tests.cli.running import CASSETTES, environment, in_terminal, piped, vcr
from tests.test_cassetter import TOML
from vcr._http.body import as_sent
from vcr.cli.reading import contents
from vcr.request import Request
from vcr.response import Response

FORMATS = ["yaml", "json", "betamax", "prettyjson", "ruby", "rubyjson", "har"]
#: What cannot be helped: Betamax and Ruby VCR want to know the date, and hold neither objects nor a project's keys.
KNOWN = (
    "whole seconds",
    "its date is that of the conversion",
    "object in the place of the body",
    "the key ",
    "the cassette: the key ",
)


def values(path, *, dated: bool = True) -> list[object]:
    found = []
    for one in contents(str(path)).interactions:
        request, response = one.pair()
        sent = as_sent(request.body) or None
        body = sent.encode() if isinstance(sent, str) else sent
        found.append(
            (
                (request.method, request.uri, body, request.headers.pairs()),
                (response.status, response.reason or "", response.headers.pairs(), response.body, response.pieces),
                (response.trailers.pairs(), response.incomplete, response.http_version, response.failure),
                response.recorded_at if dated else None,
            )
        )
    return found


def test_in_a_pipe(varied, tmp_path):
    done = piped("convert", varied, tmp_path / "x.har")
    assert done == (0, f"{tmp_path / 'x.har'}: 8 interactions, 0 losses\n", "")
    assert values(tmp_path / "x.har") == values(varied)


def test_in_a_terminal(tmp_path):
    done = in_terminal("convert", CASSETTES / "har_firefox_by_hand.har", tmp_path / "x.yaml", columns=400)
    assert done.status == 0
    assert done.out.splitlines() == [
        f"{tmp_path / 'x.yaml'}: 2 interactions, 1 loss",
        f"{CASSETTES / 'har_firefox_by_hand.har'}: entry 2: the body of the request, 99 bytes, is not in the archive",
    ]


@pytest.mark.parametrize("target", FORMATS)
def test_every_way_there_and_back(target, varied, tmp_path):
    first, second, back = tmp_path / "first", tmp_path / "second", tmp_path / "back"
    assert vcr("convert", varied, first, "--to", target) == (0, f"{first}: 8 interactions, 0 losses\n", "")
    assert values(first) == values(varied)
    for other in FORMATS:
        assert vcr("convert", first, second, "--to", other, "--force").err == ""
        assert vcr("convert", second, back, "--to", target, "--force").err == ""
        assert values(back) == values(varied)


@pytest.mark.parametrize("target", FORMATS)
def test_what_every_recorder_has_written_can_be_converted(target, tmp_path):
    for path in sorted(CASSETTES.iterdir()):
        done = vcr("convert", path, tmp_path / "x", "--to", target, "--force")
        if path.name == "by_hand.yaml" and done.status == 2:
            assert "this format cannot hold the response" in done.err
            continue
        assert done.status == 0, done.err
        assert values(tmp_path / "x", dated=False) == values(path, dated=False)
        lost = [line for line in done.err.splitlines() if not any(known in line for known in KNOWN)]
        assert [line for line in lost if ": entry " not in line] == []


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Python 3.10 reads no TOML")
def test_from_toml(tmp_path):
    """Which is cassetter's, and has no format here that it could be written in again."""
    (tmp_path / "x.toml").write_text(TOML + "\n[[ws_interactions]]\nuri = 'ws://h/'\n", encoding="utf-8")
    done = vcr("convert", tmp_path / "x.toml", tmp_path / "x.har")
    assert done.err == f"{tmp_path / 'x.toml'}: the cassette: its 1 interactions by WebSocket are left out\n"
    assert done.out == f"{tmp_path / 'x.har'}: 3 interactions, 1 loss\n"
    assert values(tmp_path / "x.har") == values(tmp_path / "x.toml")
    checked = vcr("check", "--schema", tmp_path)
    assert checked.out.splitlines()[0].endswith("x.har: it is in another format than version 1 [schema]")


def test_what_is_lost_is_told_line_by_line(write, tmp_path):
    path = write(
        "x.yaml",
        (Request("POST", "http://a.example/", {"a": "1"}), Response.of(200, "OK", {}, b"")),
        get("/2"),
        beside=[{"recorded_at": "2026-01-01T00:00:00.500+00:00", "note": "ours"}, {}],
    )
    path.write_text(path.read_text(encoding="utf-8") + "owner: us\nmetadata:\n  a: b\n", encoding="utf-8")

    done = vcr("convert", path, tmp_path / "x.json", "--to", "betamax")

    assert done.status == 0
    assert done.out == f"{tmp_path / 'x.json'}: 2 interactions, 5 losses\n"
    assert done.err.splitlines() == [
        f"{path}: the cassette: the key 'owner' is lost",
        f"{path}: interaction 1: the object in the place of the body of the request is lost",
        f"{path}: interaction 1: the date of the recording is given in whole seconds",
        f"{path}: interaction 1: the key 'note' is lost",
        f"{path}: interaction 2: its date is that of the conversion",
    ]


@pytest.mark.parametrize(("suffix", "start"), [("yaml", "interactions:\n"), ("json", "{\n"), ("har", '{\n  "log": {')])
def test_the_suffix_tells_the_format(suffix, start, varied, tmp_path):
    assert vcr("convert", varied, tmp_path / f"x.{suffix}").status == 0
    assert (tmp_path / f"x.{suffix}").read_text(encoding="utf-8").startswith(start)


def test_what_is_wrong_with_the_arguments(varied, tmp_path):
    unknown = vcr("convert", varied, tmp_path / "x.txt")
    assert (unknown.status, "Valid: betamax, har, json, prettyjson, ruby, rubyjson, yaml" in unknown.err) == (2, True)
    (tmp_path / "x.json").write_text("precious", encoding="utf-8")
    exists = vcr("convert", varied, tmp_path / "x.json")
    assert (exists.status, "x.json exists; --force replaces it" in exists.err) == (2, True)
    assert (tmp_path / "x.json").read_text(encoding="utf-8") == "precious"
    (tmp_path / "cassettes").mkdir()
    directory = vcr("convert", varied, tmp_path / "cassettes", "--to", "json", "--force")
    assert (directory.status, "cassettes: this is a directory; name a file in it" in directory.err) == (2, True)
    missing = vcr("convert", tmp_path / "y.yaml", tmp_path / "z.json")
    assert missing == (2, "", f"{tmp_path / 'y.yaml'}: there is no such file or directory\n")


def test_what_cannot_be_read_or_held_leaves_no_file(write, tmp_path):
    (tmp_path / "broken.yaml").write_text("interactions:\n- {", encoding="utf-8")
    broken = vcr("convert", tmp_path / "broken.yaml", tmp_path / "x.json")
    assert (broken.status, broken.err.startswith(f"{tmp_path / 'broken.yaml'}, line 3: not readable")) == (2, True)
    odd = write("odd.yaml", get("/", status=204))
    odd.write_text(odd.read_text(encoding="utf-8").replace("code: 204", "code: many"), encoding="utf-8")
    done = vcr("convert", odd, tmp_path / "x.har")
    assert done.status == 2
    assert done.err == f"{odd}: interaction 1: this format cannot hold the response: its status code is 'many', a str\n"
    assert not (tmp_path / "x.json").exists()
    assert not (tmp_path / "x.har").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_an_interrupt_leaves_the_old_file(varied, tmp_path):
    (tmp_path / "x.json").write_text("old", encoding="utf-8")
    script = """
import os, signal
os.fsync = lambda descriptor: (print("writing", flush=True), signal.pause())
from vcr.cli import main
main()
"""
    process = subprocess.Popen(
        [sys.executable, "-c", script, "convert", "--force", str(varied), str(tmp_path / "x.json")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
        text=True,
    )
    while process.stdout.readline() != "writing\n":
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60)[1].endswith("Interrupted.\n")
    assert (tmp_path / "x.json").read_text(encoding="utf-8") == "old"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["varied.yaml", "x.json"]
