"""``vcr html``: what is written where, what the page holds, and that nothing in it can run. ``test_page.py`` has it in
a browser."""

from __future__ import annotations

import base64
import errno
import hashlib
import html
import json
import os
import re
import sys

import pytest

from tests.cli.conftest import get
from tests.cli.running import CASSETTES, in_terminal, piped, vcr
from vcr.cli import page
from vcr.request import Request
from vcr.response import Response


def block(text: str, name: str) -> str:
    """The data block of this name."""
    (found,) = re.findall(rf'<script type="[\w/+-]+" id="{name}">(.*?)</script>', text, re.DOTALL)
    return found


def in_full(text: str) -> list[dict]:
    return [json.loads(line) for line in block(text, "interactions").split("\n")]


# -- where it is written ----------------------------------------------------------------------------------------------


def test_in_a_pipe_the_page_is_printed(varied):
    done = piped("html", varied)
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith("<!doctype html>\n")
    assert done.out.endswith("</html>\n")
    assert vcr("html", varied, "-o", "-").out == done.out


def test_in_a_terminal_it_is_written_into_the_present_directory(varied, tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    done = in_terminal("html", varied)
    assert done.status == 0
    assert done.out == f"varied.html: 8 interactions, {os.path.getsize('varied.html'):,} bytes\n"
    assert in_terminal("html", tmp_path).out.startswith(f"{tmp_path.name}.html: 8 interactions, ")
    assert in_terminal("html", varied, str(tmp_path / "*.yaml")).out.startswith("cassettes.html: 8 interactions, ")


def test_a_page_is_replaced_and_another_file_only_with_force(varied, tmp_path):
    target = tmp_path / "x.html"
    assert vcr("html", varied, "-o", target).status == 0
    assert vcr("html", varied, "-o", target).status == 0
    target.write_text("<!doctype html>\nprecious", encoding="utf-8")
    refused = vcr("html", varied, "-o", target)
    assert (refused.status, f"{target} exists, and is no page of this command" in refused.err) == (2, True)
    assert target.read_text(encoding="utf-8") == "<!doctype html>\nprecious"
    assert vcr("html", varied, "-o", target, "--force").status == 0
    assert page.is_page(target.read_text(encoding="utf-8"))


def test_a_cassette_is_never_replaced_by_its_page(varied, tmp_path):
    before = varied.read_bytes()
    (tmp_path / "link.html").symlink_to(varied)
    for target in (varied, tmp_path / "link.html"):
        done = vcr("html", varied, "-o", target, "--force")
        assert (done.status, "is one of the cassettes" in done.err) == (2, True)
    assert varied.read_bytes() == before


@pytest.mark.parametrize(
    ("target", "said"), [("no/x.html", "there is no directory "), (".", "this is a directory; name a file in it")]
)
def test_a_place_where_nothing_can_be_written(target, said, varied, tmp_path):
    done = vcr("html", varied, "-o", target)
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith(f"{target}: {said}")
    assert [one.name for one in tmp_path.iterdir()] == ["varied.yaml"]


def test_what_cannot_be_written_whole_leaves_the_old_page(varied, tmp_path, monkeypatch):
    target = tmp_path / "x.html"
    assert vcr("html", varied, "-o", target).status == 0
    before = target.read_bytes()

    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    done = vcr("html", CASSETTES / "vcrpy_1.yaml", "-o", target)
    assert done == (2, "", f"{target}: not written: No space left on device\n")
    assert target.read_bytes() == before
    assert sorted(one.name for one in tmp_path.iterdir()) == ["varied.yaml", "x.html"]


def test_a_broken_cassette_among_good_ones_is_one_line(varied, tmp_path):
    (tmp_path / "broken.yaml").write_text("interactions:\n- {", encoding="utf-8")
    done = vcr("html", tmp_path, tmp_path / "missing.yaml", "-o", "x.html")
    assert done.status == 2
    assert [line.partition(":")[0] for line in done.err.splitlines()] == [
        f"{tmp_path / 'missing.yaml'}",
        f"{tmp_path / 'broken.yaml'}, line 3",
    ]
    assert len(in_full((tmp_path / "x.html").read_text(encoding="utf-8"))) == 8


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="names of files are text there")
def test_the_name_of_a_cassette_need_not_be_text(varied, tmp_path):
    os.rename(varied, os.fsencode(tmp_path) + b"/\xff.yaml")
    done = piped("html", os.fsdecode(os.fsencode(tmp_path) + b"/\xff.yaml"))
    assert (done.status, done.err) == (0, "")
    assert f"<title>{tmp_path}/?.yaml</title>" in done.out


def test_where_nothing_can_be_read_there_is_no_page(tmp_path):
    (tmp_path / "broken.yaml").write_text("interactions:\n- {", encoding="utf-8")
    done = vcr("html", tmp_path / "broken.yaml", "-o", "x.html")
    assert (done.status, done.out, done.err.count("\n")) == (2, "", 1)
    assert [one.name for one in tmp_path.iterdir()] == ["broken.yaml"]


# -- what is in it ----------------------------------------------------------------------------------------------------


def test_the_page_holds_what_the_other_commands_say(varied):
    text = vcr("html", varied).out
    listed = json.loads(vcr("ls", varied, "--json").out)[0]["interactions"]
    index = json.loads(block(text, "index"))
    assert index["cassettes"] == [str(varied)]
    assert [{key: row[key] for key in listed[0]} for row in index["interactions"]] == listed
    assert index["volatile"] == vcr("diff", "--list-volatile").out.split()
    shown = json.loads(vcr("show", varied, "--json").out)
    for found, expected in zip(in_full(text), shown, strict=True):
        for message in ("request", "response"):
            body = found[message]["body"]
            assert {**found[message], "body": {key: body[key] for key in expected[message]["body"]}} == expected[
                message
            ]
    commands = [one["curl"] for one in in_full(text)]
    assert "\n\n".join(commands) + "\n" == vcr("show", varied, "--curl").out


def test_what_a_browser_need_not_find_out_is_there(varied):
    bodies = [one["response"]["body"] for one in in_full(vcr("html", varied).out)]
    assert bodies[1]["laid_out"] == '<a>\n  <b x="1">text</b>\n  <c/>\n</a>\n'
    assert bodies[2]["events"] == [{"lines": ["event: token"], "data": '{"n": 1}'}, {"lines": [], "data": "end"}]
    assert bodies[3]["description"] == "image/png, 3 by 2 pixels, 68 bytes"
    assert in_full(vcr("html", varied).out)[6]["request"]["body"]["fields"] == [["user", "zoë"], ["empty", ""]]


def test_times_are_those_of_the_recorder(write):
    timings = {"blocked": -1, "dns": 2.5, "send": 0, "wait": 10, "receive": 5, "_other": 7}
    har = {"time": 17.5, "timings": timings}
    odd = {"time": float("nan"), "timings": "none"}
    beside = [{"recorded_at": "2026-01-01T00:00:00.250+00:00", "har": har}, {"har": odd}, {"har": "odd"}]
    text = vcr("html", write("x.yaml", get("/1"), get("/2"), get("/3"), beside=beside)).out
    rows = json.loads(block(text, "index"))["interactions"]
    assert [(row["start"], row["duration"], row["received"]) for row in rows] == [
        (1767225600250, 17.5, 5),
        (None, None, None),
        (None, None, None),
    ]
    assert [one["timings"] for one in in_full(text)] == [{"dns": 2.5, "wait": 10, "receive": 5}, {}, {}]


def test_every_format_makes_a_page_and_always_the_same_one():
    first = vcr("html", CASSETTES)
    assert (first.status, first.err) == (0, "")
    assert len(json.loads(block(first.out, "index"))["cassettes"]) == len(list(CASSETTES.iterdir()))
    assert vcr("html", CASSETTES).out == first.out


# -- nothing in it can run ---------------------------------------------------------------------------------------------

HOSTILE = "</script><script>alert(1)</script><!--<script>\u2028\x7f]]>&lt;"


def test_no_text_of_a_cassette_becomes_markup(write, tmp_path):
    # (A charset may be any codec, and some make halves of characters, which UTF-8 does not have.)
    media = {"Content-Type": f"text/html; charset=unicode_escape; {HOSTILE}"}
    request = Request("GET", f"http://a.example/{HOSTILE}", HOSTILE.encode(), {f"X-{HOSTILE}": HOSTILE})
    path = write("x.json", (request, Response.of(200, HOSTILE, media, rb"\ud800</script><script>alert(1)</script>")))
    path = path.rename(tmp_path / "<img src=x onerror=alert(1)>.json")
    text = vcr("html", path).out
    blocks = [block(text, "index"), block(text, "interactions")]
    assert "<" not in "".join(blocks)
    (shown,) = in_full(text)
    assert shown["request"]["uri"] == request.uri
    assert shown["request"]["body"]["text"] == HOSTILE
    assert shown["response"]["body"]["text"] == "\ud800</script><script>alert(1)</script>"
    for one in blocks:
        text = text.replace(one, "")
    assert "alert(1)" not in text.replace(html.escape(str(path)), "")
    assert text.count("<script") == text.count("</script>") == 2 + len(page.SCRIPTS)


def test_the_policy_lets_run_and_load_nothing_but_what_is_there(varied):
    text = vcr("html", varied).out
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="(.*?)"', text)
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))

    def hashes(contents):
        return [f"'sha256-{base64.b64encode(hashlib.sha256(one.encode()).digest()).decode()}'" for one in contents]

    assert rules == {
        "default-src": "'none'",
        "script-src": " ".join(hashes(re.findall(r"<script>(.*?)</script>", text, re.DOTALL))),
        "style-src": " ".join(hashes(re.findall(r"<style>(.*?)</style>", text, re.DOTALL))),
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }
    assert text.index("Content-Security-Policy") < min(text.index("<style"), text.index("<script"))


@pytest.mark.parametrize("name", ["page.html", "page.css", *page.SCRIPTS])
def test_the_sources_are_readable_and_set_text_as_text(name):
    source = page.source(name)
    assert len(source.splitlines()) <= 450
    assert max(map(len, source.splitlines())) <= 120
    code = r"innerHTML|outerHTML|insertAdjacent|document\.write|DOMParser|eval\(|Function\(|</script|<!--|https?://"
    assert (
        re.findall(r"\son\w+=|\sstyle=|\s(?:src|href)=\"(?!data:)|https?://" if name == "page.html" else code, source)
        == []
    )
    if name.endswith(".js"):
        assert re.match(r'(?:// .*\n)+"use strict";\n', source), "a script says first what it does"
