"""``vcr ls``: a table of cassettes, or of the interactions of one."""

from __future__ import annotations

import json
import re
import shutil

import pytest
import yaml

from tests.cli.conftest import get
from tests.cli.running import ANSI, CASSETTES, ROOT, in_terminal, piped, plain, vcr
from vcr import formats
from vcr._http.failure import CONNECT, SYSTEM, Failure
from vcr.request import Request
from vcr.response import Response

REFUSED = Response.failed(Failure(CONNECT, SYSTEM, "ECONNREFUSED", "refused"))


def test_in_a_pipe_each_interaction_is_one_plain_line(varied):
    done = piped("ls", varied)

    assert (done.status, done.err) == (0, "")
    head, first, *_, form, cut = done.out.splitlines()
    assert head.split() == ["#", "method", "URI", "status", "type", "size", "recorded", "at", "remark"]
    assert first.split()[:5] == ["1", "GET", "http://api.example/json", "200", "application/json"]
    assert first.endswith("2026-01-01 12:30")
    assert form.split()[:5] == ["7", "POST", "http://api.example/login?next=[1]", "302", "0"]
    assert cut.endswith("2026-01-08 12:30  incomplete")
    assert ANSI.search(done.out) is None


def test_in_a_terminal_there_is_colour_and_no_line_is_wider(varied):
    done = in_terminal("ls", varied, columns=60)

    assert done.status == 0
    assert ANSI.search(done.out)
    lines = plain(done.out).splitlines()
    assert max(map(len, lines)) <= 60
    assert "incom" in plain(done.out)


def test_an_exchange_that_failed_and_a_response_that_is_none_are_told(write):
    path = write("odd.yaml", (Request("GET", "http://down.example/"), REFUSED), get("/", status=204))
    path.write_text(path.read_text(encoding="utf-8").replace("code: 204", "code: many"), encoding="utf-8")

    lines = vcr("ls", path).out.splitlines()

    assert lines[1].endswith("failed at connecting: ECONNREFUSED")
    assert lines[2].endswith("cannot be replayed: its status code is 'many', a str")


def test_several_cassettes_are_a_line_each(varied, write, tmp_path):
    other = write("deeper/other.json", (Request("GET", "http://down.example/"), REFUSED))
    (tmp_path / "package.json").write_text('{"name": "no cassette"}', encoding="utf-8")

    lines = vcr("ls", tmp_path).out.splitlines()

    assert [line.split()[:2] for line in lines[1:]] == [[str(other), "1"], [str(varied), "8"]]
    assert lines[1].endswith("1 failed")
    assert lines[2].endswith("2026-01-08 12:30  1 incomplete")


def test_interactions_of_several_cassettes(varied, write, tmp_path):
    other = write("other.json", get("/other"))

    out = vcr("ls", "-i", tmp_path).out

    assert out.startswith(f"{other}\n#  method")
    assert f"\n\n{varied}\n#  method" in out


def test_json_for_other_programs(varied):
    (cassette,) = json.loads(vcr("ls", "--json", varied).out)

    assert cassette["cassette"] == str(varied)
    assert cassette["interactions"][7] == {
        "number": 8,
        "method": "GET",
        "uri": "http://api.example/cut",
        "status": 200,
        "media": "text/plain",
        "size": 4,
        "recorded_at": "2026-01-08T12:30:59+00:00",
        "incomplete": True,
        "error": "",
    }


def test_a_broken_cassette_among_good_ones_costs_one_line(tmp_path, write):
    good = [write(f"{name}.yaml", get("/")) for name in "ace"]
    (tmp_path / "b.yaml").write_text("interactions:\n- request: {\n", encoding="utf-8")
    (tmp_path / "d.json").write_text('{"version": 1,\n "interactions": [}', encoding="utf-8")

    done = vcr("ls", tmp_path, tmp_path / "f.yaml")

    assert done.status == 2
    assert [line.split()[0] for line in done.out.splitlines()[1:]] == list(map(str, good))
    missing, yaml, json_ = done.err.splitlines()
    assert missing.startswith(f"{tmp_path / 'f.yaml'}: there is no such file or directory; did you mean ")
    assert yaml.startswith(f"{tmp_path / 'b.yaml'}, line 3: not readable as YAML: ")
    assert json_.startswith(f"{tmp_path / 'd.json'}, line 2: not readable as JSON: ")


def test_a_blank_cassette_has_no_interactions(tmp_path):
    (tmp_path / "blank.yaml").write_text("", encoding="utf-8")
    assert vcr("ls", tmp_path / "blank.yaml").out.split()[0] == "#"


def test_a_server_cannot_steer_the_terminal(write):
    path = write("hostile.yaml", get("/", {"Content-Type": "text/\x1b[2Jplain\u202e"}))
    out = vcr("ls", path).out
    assert "\x1b" not in out
    assert "text/\\x1b[2Jplain" in out


def test_every_format_that_the_package_reads_is_listed():
    done = vcr("ls", CASSETTES)
    assert done.status == 0
    assert len(done.out.splitlines()) == 1 + len(list(CASSETTES.iterdir()))


# -- paths -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def project(tmp_path, write):
    """A project with cassettes, other files, and tools' directories."""
    for name in ("tests/one.yaml", "tests/two.json", "tests/.tox/copy.yaml", "tests/node_modules/x.json", "tests/.x"):
        write(name, get("/"))
    (tmp_path / "tests" / "test_function").write_text("interactions: []\nversion: 1\n", encoding="utf-8")
    (tmp_path / "tests" / "config.yaml").write_text("key: value\n", encoding="utf-8")
    shutil.copy(CASSETTES / "ruby_vcr_5.0.0.zz", tmp_path / "tests" / "ruby.zz")
    return tmp_path


def listed(*arguments: object) -> list[str]:
    return [line.split()[0] for line in vcr("ls", *arguments).out.splitlines()[1:]]


def test_a_directory_is_searched_for_what_looks_like_a_cassette(project):
    tests = project / "tests"
    assert listed(tests) == [str(tests / name) for name in ("one.yaml", "ruby.zz", "test_function", "two.json")]


@pytest.mark.parametrize("serializer", sorted(formats.serializers()))
def test_what_each_serializer_writes_is_found_in_a_directory(serializer, varied, tmp_path):
    """The pytest plugin names a cassette after its serializer."""
    path = tmp_path / "cassettes" / f"x.{serializer}"
    path.parent.mkdir()
    assert vcr("convert", varied, path, "--to", serializer).status == 0
    assert listed("-i", path.parent)[-1] == "8"
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert re.search(hook["files"], path.relative_to(tmp_path).as_posix())


def test_a_json_cassette_in_one_line_is_found_in_a_directory(write, tmp_path):
    path = write("one.json", get("/"))
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8"))), encoding="utf-8")
    assert path.read_text(encoding="utf-8").startswith('{"version": 1, "interactions": [')
    assert listed("-i", tmp_path) == ["1"]


def test_a_pattern_names_files(project):
    assert listed(f"{project}/**/*.json", f"{project}/tests/one.yaml", f"{project}/tests/o*") == [
        str(project / "tests" / "node_modules" / "x.json"),
        str(project / "tests" / "two.json"),
        str(project / "tests" / "one.yaml"),
    ]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("tests/*.har.none", "no file matches this pattern"),
        ("empty", "there is no cassette in this directory"),
        ("nowhere/x.yaml", "there is no such file or directory"),
    ],
)
def test_a_path_that_stands_for_nothing(path, said, project):
    (project / "empty").mkdir()
    done = vcr("ls", project / path)
    assert (done.status, done.out) == (2, "")
    assert done.err == f"{project / path}: {said}\n"
