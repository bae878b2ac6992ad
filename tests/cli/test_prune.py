"""``vcr prune``: what a run of the tests did not need goes, and nothing else."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from tests.cli.running import CASSETTES, in_terminal, piped, plain, vcr
from tests.project import Project, settle_environment
from vcr.cli.reading import contents

pytest_plugins = ["pytester"]

PREAMBLE = """
    import os
    import urllib.request
    import pytest
    import vcr as recorder

    URL = os.environ["SERVER"]
    ALL = os.environ.get("ALL")

    def fetch(path):
        urllib.request.urlopen(URL + path).close()
"""
#: With ALL it records more than it plays later.
TESTS = """
    @pytest.mark.vcr
    def test_two():
        fetch("/text?n=1")
        if ALL: fetch("/text?n=2")
        fetch("/text?n=3")

    @pytest.mark.vcr(serializer="json")
    def test_in_json():
        if ALL: fetch("/text?n=1")
        fetch("/text?n=2")
        if ALL: fetch("/text?n=3")

    @pytest.mark.vcr
    def test_nothing_left():
        if ALL: fetch("/text")

    @pytest.mark.vcr
    @pytest.mark.default_cassette("shared")
    @pytest.mark.parametrize("which", ["1", "2"])
    def test_shared(which):
        fetch("/text?n=" + which)
        if ALL and which == "2": fetch("/text?n=3")

    @pytest.mark.vcr
    def test_skipped():
        fetch("/text?n=1")
        if ALL: fetch("/text?n=2")
        if not ALL: pytest.skip("later")

    @pytest.mark.vcr("lent.yaml")
    def test_borrows():
        fetch("/text?n=1")
        if ALL: fetch("/text?n=2")

    def test_twice(vcr_open):
        for n in "12":
            with vcr_open("twice"): fetch("/text?n=" + n)

    @pytest.mark.vcr(allow_playback_repeats=True)
    def test_repeats():
        fetch("/text")
        fetch("/text")

    def test_by_hand():
        with recorder.use_cassette("cassettes/by_hand.yaml"):
            if ALL: fetch("/text")

    @pytest.mark.vcr
    def test_gone(): fetch("/text")
"""
#: What is left of each, by the numbers in the query.
LEFT = {
    "by_hand.yaml": [""],
    "lent.yaml": ["1", "2"],
    "shared.yaml": ["1", "2"],
    "test_in_json.json": ["2"],
    "test_repeats.yaml": [""],
    "test_skipped.yaml": ["1", "2"],
    "test_two.yaml": ["1", "3"],
    "twice.yaml": ["1", "2"],
}


@pytest.fixture
def project(pytester, server, monkeypatch):
    settle_environment(monkeypatch, server)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    return Project(pytester, server, PREAMBLE, ["-p", "vcr.pytest_plugin", "-p", "no:cacheprovider"])


def held(project: Project) -> dict[str, list[str]]:
    return {
        Path(path).name: [
            one.request.uri.partition("?n=")[2] for one in contents(str(project.path / path)).interactions
        ]
        for path in project.cassettes()
    }


def test_what_no_test_has_played_goes_and_the_tests_pass_as_before(project, monkeypatch):
    project.write(TESTS)
    monkeypatch.setenv("ALL", "1")
    project.run("--record-mode=new_episodes", passed=11)
    monkeypatch.delenv("ALL")
    (project.path / "cassettes/test_network/test_borrows.yaml").rename("cassettes/test_network/lent.yaml")
    project.write(TESTS.partition("    @pytest.mark.vcr\n    def test_gone")[0])
    project.run("--vcr-report=report.json", passed=9, skipped=1)
    before = held(project)
    texts = {path: (project.path / path).read_text("utf-8") for path in project.cassettes()}

    dry = in_terminal("prune", "--dry-run", "report.json", columns=200)

    assert dry.status == 1
    assert held(project) == before
    done = piped("prune", "report.json")
    assert done.status == 0
    assert plain(dry.out).replace(" to remove", " removed") == done.err + done.out
    url = project.server.url
    assert done.out.splitlines() == [
        "cassettes/test_network/test_gone.yaml: no test uses it",
        f"cassettes/test_network/shared.yaml: GET {url}/text?n=3: not played",
        f"cassettes/test_network/test_in_json.json: GET {url}/text?n=1: not played",
        f"cassettes/test_network/test_in_json.json: GET {url}/text?n=3: not played",
        f"cassettes/test_network/test_nothing_left.yaml: GET {url}/text: not played",
        "cassettes/test_network/test_nothing_left.yaml: nothing is left in it",
        f"cassettes/test_network/test_two.yaml: GET {url}/text?n=2: not played",
        "5 interactions, 2 cassettes removed",
    ]
    assert done.err.splitlines() == [
        "cassettes/test_network/lent.yaml: not judged: test_network.py::test_borrows replays it beside its own",
        "cassettes/test_network/test_skipped.yaml: not judged: test_network.py::test_skipped did not pass",
    ]
    assert held(project) == LEFT
    for path in project.cassettes():  # what stays, stays as it was written
        assert set((project.path / path).read_text("utf-8").splitlines()) <= set(texts[path].splitlines())
    hits = project.server.hits
    project.run(passed=9, skipped=1)
    assert project.server.hits == hits


# -- reports by which nothing is removed -------------------------------------------------------------------------------


def test_a_part_of_the_tests_and_a_run_that_failed_are_refused(project):
    project.write("@pytest.mark.vcr\ndef test_it(): fetch('/text')\n\ndef test_other(): assert ALL\n")
    project.run("-k", "test_it", "--record-mode=once", "--vcr-report=part.json", passed=1)
    project.run("--vcr-report=failed.json", passed=1, failed=1)
    again = "; run all tests, until they pass\n"
    part, failed = vcr("prune", "part.json"), vcr("prune", "--dry-run", "failed.json")
    assert part == (2, "", f"part.json: nothing is pruned by this report: only a part of the tests was run{again}")
    assert failed == (
        2,
        "",
        f"failed.json: nothing is pruned by this report: test_network.py::test_other failed{again}",
    )


@pytest.mark.parametrize("text", ["", "[]", '{"version": 1}', '{"prune": {"refused": null}}'])
def test_what_is_no_report_is_told(text, tmp_path):
    path = tmp_path / "x.json"
    path.write_text(text, encoding="utf-8")
    assert vcr("prune", path) == (2, "", f"{path}: this is no report of `pytest --vcr-report={path}`\n")
    missing = tmp_path / "no.json"
    assert vcr("prune", missing) == (2, "", f"{missing}: there is no such file or directory; did you mean {path}?\n")


# -- each file whole or not at all -------------------------------------------------------------------------------------


def report_of(directory: Path, *unplayed: str | list[int]) -> Path:
    """One by which interactions are removed, as ``pytest`` writes it. ``unplayed``: names of files, each followed by
    the numbers of its interactions."""
    found = [
        {
            "path": str(directory / name),
            "sha256": hashlib.sha256((directory / name).read_bytes()).hexdigest(),
            "interactions": numbers,
        }
        for name, numbers in zip(unplayed[::2], unplayed[1::2], strict=True)
    ]
    path = directory / "report.json"
    pruning = {"refused": None, "orphans": [], "unplayed": found, "unjudged": []}
    path.write_text(json.dumps({"prune": pruning}), encoding="utf-8")
    return path


def test_a_file_that_has_changed_since_stays_and_the_others_are_done(varied, tmp_path):
    shutil.copy(varied, tmp_path / "other.yaml")
    path = report_of(tmp_path, "varied.yaml", [2], "other.yaml", [1, 3])
    varied.write_text(varied.read_text(encoding="utf-8") + "more: 1\n", encoding="utf-8")
    done = vcr("prune", path)
    assert done.status == 2
    assert done.err == f"{varied}: it has changed since the run; run the tests again\n"
    assert len(contents(str(varied)).interactions) == 8
    assert len(contents(str(tmp_path / "other.yaml")).interactions) == 6


@pytest.mark.parametrize("name", ["vcrpy_1.yaml", "betamax_0.9.0_pretty.json", "ruby_vcr_5.0.0.yml"])
def test_every_recorders_files_are_cut(name, tmp_path):
    shutil.copy(CASSETTES / name, tmp_path)
    before = [one.value() for one in contents(str(tmp_path / name)).interactions]
    assert vcr("prune", report_of(tmp_path, name, [1, 3])).status == 0
    after = [one.value() for one in contents(str(tmp_path / name)).interactions]
    assert after == [before[1], *before[3:]]
    lines = set((CASSETTES / name).read_text(encoding="utf-8").splitlines())
    assert set((tmp_path / name).read_text(encoding="utf-8").splitlines()) <= lines


def test_what_cannot_be_cut_is_written_anew_or_left(tmp_path):
    shared = "interactions:\n- request: &one {method: GET, uri: 'http://h/'}\n  response: &two {status: {code: 200}}\n"
    (tmp_path / "x.yaml").write_text(shared + "- {request: *one, response: *two}\nours: 1\n", encoding="utf-8")
    assert vcr("prune", report_of(tmp_path, "x.yaml", [1])).status == 0
    left = contents(str(tmp_path / "x.yaml"))
    assert [one.request.uri for one in left.interactions] == ["http://h/"]
    assert left.beside == {"ours": 1}

    shutil.copy(CASSETTES / "ruby_vcr_5.0.0.zz", tmp_path / "x.zz")
    before = (tmp_path / "x.zz").read_bytes()
    done = vcr("prune", report_of(tmp_path, "x.zz", [1]))
    assert (done.status, done.err) == (2, f"{tmp_path / 'x.zz'}: its interactions cannot be cut out of the text\n")
    assert (tmp_path / "x.zz").read_bytes() == before
