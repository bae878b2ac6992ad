"""``vcr diff``: how two cassettes differ, and a cassette as text for ``git diff``."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
import sys

import pytest

from tests.cli.conftest import get, png
from tests.cli.running import ANSI, CASSETTES, environment, in_terminal, piped, plain, vcr
from vcr.cli import comparing
from vcr.request import Request
from vcr.response import Response

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def two(write):
    """Two recordings of the same program: ``two(pairs, pairs)`` gives their paths."""
    return lambda old, new: (write("a.yaml", *old), write("b.json", *new))


@pytest.fixture
def different(two):
    """Cassettes of which one interaction is the same, and the others are changed, removed, added and moved."""
    old = [
        get("/first", JSON, b'{"a": 1, "b": [1, 2]}'),
        get("/second", {}, b"same"),
        get("/gone", {}, b""),
        get("/third?page=1", {"Date": "Mon"}, b"old"),
        get("/moved", {}, b"x"),
    ]
    new = [
        get("/moved", {}, b"x"),
        get("/first", JSON, b'{"b": [1, 3], "a": 1}'),
        get("/second", {}, b"same"),
        get("/third?page=2", {"Date": "Tue"}, b"new"),
        get("/new", {}, b""),
    ]
    return two(old, new)


DIFFERENCE = """\
changed (1 -> 2): GET http://api.example/first
@@ -7,6 +7,6 @@
   "a": 1,
   "b": [
     1,
-    2
+    3
   ]
 }

removed (3): GET http://api.example/gone
changed (4 -> 4): GET http://api.example/third?page=1
@@ -1,5 +1,5 @@
-GET http://api.example/third?page=1
+GET http://api.example/third?page=2
~
 200 OK
~
-old
+new

added (5): GET http://api.example/new
moved (5 -> 1): GET http://api.example/moved
Not compared: date
2 changed, 1 removed, 1 added, 1 moved
"""


def test_a_separator_inside_a_text_ends_no_line(two):
    a, b = two([get("/", JSON, '{"a": "x\u2028y\x85z"}'.encode())], [get("/", JSON, b'{"a": "x"}')])
    assert [line for line in vcr("diff", a, b).out.split("\n") if line[:1] in ("-", "+")] == [
        '-  "a": "x\u2028y\\x85z"',
        '+  "a": "x"',
    ]


def test_in_a_pipe_the_difference_is_plain(different):
    done = piped("diff", *different)
    assert (done.status, done.err) == (1, "")
    assert done.out == DIFFERENCE.replace("~", " ")


def test_in_a_terminal_it_is_in_colour(different):
    done = in_terminal("diff", *different)
    assert done.status == 1
    assert ANSI.search(done.out)
    assert [line.rstrip() for line in plain(done.out).splitlines() if line.strip()] == [
        line.rstrip() for line in DIFFERENCE.replace("~", "").splitlines() if line.strip()
    ]


def test_the_order_is_told_apart_from_the_content(two):
    pairs = [get(f"/{number}") for number in range(6)]
    paths = two(pairs, [pairs[number] for number in (5, 0, 1, 3, 2, 4)])

    done = vcr("diff", *paths)

    assert done.status == 1
    assert done.out.splitlines()[-1] == "2 moved"
    assert done.out.splitlines()[-2] == "moved (6 -> 1): GET http://api.example/5"
    assert vcr("diff", "--ignore-order", *paths) == (0, "No difference\n", "")


IMAGE = {"Content-Type": "image/png"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
PACKED = gzip.compress(b'{"a": [1], "b": 2}', mtime=0)


def post(body: bytes, headers: dict[str, str]):
    return Request("POST", "http://api.example/", body, headers), Response.of(200, "OK", {}, b"")


def multipart(boundary: str):
    content_type = f"multipart/form-data; boundary={boundary}"
    return post(
        f'--{boundary}\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--{boundary}--\r\n'.encode(),
        {"Content-Type": content_type},
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (post(b'{"a": [1], "b": 2}', JSON), post(b'{"b":2,"a":[1]}', JSON)),
        (post(b"a=1&b=%20", FORM), post(b"b=+&a=1", FORM)),
        (multipart("one"), multipart("two")),
        (get("/", {"X-B": "1", "X-a": "2"}), get("/", {"x-A": "2", "x-b": "1"})),
        (get("/", {"Date": "Mon", "X-Request-ID": "1"}), get("/", {"Date": "Tue"})),
        (
            get("/", {**JSON, "Content-Encoding": "gzip"}, PACKED),
            get("/", {**JSON, "Content-Encoding": "gzip"}, b'{"b": 2, "a": [1]}'),
        ),
        (get("/", {}, b"abc", chunks=(1, 2)), get("/", {}, b"abc")),
    ],
    ids=["json", "form", "multipart", "names", "volatile", "coding", "pieces"],
)
def test_what_is_no_difference(old, new, two):
    done = vcr("diff", *two([old], [new]))
    assert (done.status, done.out.splitlines()[-1]) == (0, "No difference")


@pytest.mark.parametrize(
    ("old", "new", "shown"),
    [
        (get("/", {"Date": "Mon"}), get("/", {"Date": "Tue"}), "--all-headers\n-date: Mon\n+date: Tue"),
        (get("/", {}, status=200), get("/", {}, status=404), "\n-200 OK\n+404 OK"),
        (get("/", {}, b"half", incomplete=True), get("/", {}, b"half"), "\n-# incomplete"),
        (get("/", {}, b"a", trailers={"Sum": "1"}), get("/", {}, b"a", trailers={"Sum": "2"}), "\n-sum: 1\n+sum: 2"),
        (get("/", IMAGE, png(1, 1)), get("/", IMAGE, png(1, 2)), "1 by 2 pixels"),
        (get("/", {}, b"\0\1"), get("/", {}, b"\0\2"), ", 2 bytes, sha256 "),
        (post(b"a=1", FORM), post(b"a=2", FORM), "\n-a = 1\n+a = 2"),
        (post(b"[1, 2]", JSON), post(b"[2, 1]", JSON), "+  2,"),
    ],
)  # fmt: skip
def test_what_is_a_difference(old, new, shown, two):
    option, _, shown = shown.rpartition("--all-headers")
    done = vcr("diff", *two([old], [new]), *(["--all-headers"] if option or "date" in shown else []))
    assert done.status == 1
    assert shown in done.out


def test_fields_may_be_left_out(two):
    paths = two([get("/", {"X-Build": "1", "Age": "1"})], [get("/", {"X-Build": "2", "Age": "2"})])
    assert vcr("diff", *paths).status == 1
    done = vcr("diff", *paths, "--ignore-header", "X-BUILD")
    assert (done.status, done.out) == (0, "Not compared: age, x-build\nNo difference\n")
    assert vcr("diff", "--list-volatile").out.splitlines() == sorted(comparing.VOLATILE)


def test_cassettes_of_different_recorders():
    done = vcr("diff", CASSETTES / "vcrpy_1.yaml", CASSETTES / "vcrpy_1.yaml")
    assert (done.status, done.out.splitlines()[-1]) == (0, "No difference")
    for path in CASSETTES.iterdir():
        assert vcr("diff", path, path).status == 0
        assert vcr("diff", "--textconv", path).status == 0


def test_very_long_bodies_are_compared_in_no_time(two):
    old, new = (json.dumps([number, *range(40_000)]).encode() for number in (-1, -2))
    done = vcr("diff", *two([get("/", JSON, old)], [get("/", JSON, new)]))
    assert "too many for all differences; the first @@\n-  -1,\n+  -2,\n" in done.out


def test_a_response_that_cannot_be_replayed_is_compared(write):
    path = write("odd.yaml", get("/", status=204))
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("code: 204", "code: many"), encoding="utf-8")
    other = write("fine.yaml", get("/", status=204))
    assert "-# cannot be replayed: its status code is 'many', a str" in vcr("diff", path, other).out


def test_what_cannot_be_read_is_no_difference(tmp_path, write):
    path = write("a.yaml", get("/"))
    (tmp_path / "b.yaml").write_text("interactions:\n- {", encoding="utf-8")
    done = vcr("diff", tmp_path / "b.yaml", tmp_path / "c.yaml")
    assert (done.status, done.out) == (2, "")
    assert done.err.splitlines()[0].startswith(f"{tmp_path / 'b.yaml'}, line 3: not readable")
    assert (
        done.err.splitlines()[1]
        == f"{tmp_path / 'c.yaml'}: there is no such file or directory; did you mean {tmp_path / 'b.yaml'}?"
    )
    assert vcr("diff", path).status == 2
    assert vcr("diff", "--textconv", path, path).status == 2


# -- git ---------------------------------------------------------------------------------------------------------------


def test_a_cassette_as_text(varied):
    out = vcr("diff", "--textconv", varied).out
    assert out.startswith(
        "GET http://api.example/json\n\n200 OK\ncontent-encoding: gzip\ncontent-type: application/json\n\n{\n"
        '  "list": [\n    1,\n    2\n  ],\n  "name": "grüß"\n}\n\nGET http://api.example/xml\n'
    )


def test_a_broken_cassette_is_text_as_it_is(tmp_path):
    (tmp_path / "x.yaml").write_text("interactions:\n- {", encoding="utf-8")
    done = vcr("diff", "--textconv", tmp_path / "x.yaml")
    assert done.status == 0
    assert done.out.endswith("interactions:\n- {\n")


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_git_shows_what_has_changed(tmp_path, write):
    def git(*arguments: str) -> str:
        settings = ["-c", "user.name=a", "-c", "user.email=a@b.example"]
        alone = environment(GIT_CONFIG_GLOBAL="/dev/null", GIT_CONFIG_SYSTEM="/dev/null")
        done = subprocess.run(
            ["git", *settings, *arguments],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            env=alone,
            timeout=60,
            check=True,
        )
        return done.stdout

    git("init", "--quiet")
    readme = (CASSETTES.parents[1] / "README.md").read_text(encoding="utf-8")
    (attributes,) = (line for line in readme.splitlines() if line.endswith("diff=cassette"))
    (tmp_path / ".gitattributes").write_text(attributes.replace("tests/cassettes/*", "*.yaml") + "\n", encoding="utf-8")
    assert 'git config diff.cassette.textconv "vcr diff --textconv"' in readme
    git("config", "diff.cassette.textconv", f"{sys.executable} -m vcr diff --textconv")
    write("x.yaml", get("/", {**JSON, "Content-Encoding": "gzip", "Date": "Mon"}, gzip.compress(b'{"a": 1}')))
    git("add", "."), git("commit", "--quiet", "-m", "x")
    write("x.yaml", get("/", {**JSON, "Content-Encoding": "gzip", "Date": "Tue"}, gzip.compress(b'{"a": 2}')))

    lines = git("diff").splitlines()

    assert [line for line in lines[4:] if line[0] in "+-"] == ['-  "a": 1', '+  "a": 2']
