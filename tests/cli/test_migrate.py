"""``vcr migrate``: old cassettes come to the present format, whole or not at all."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys

import pytest

from tests.cli.running import CASSETTES, environment, in_terminal, piped, plain, vcr
from vcr.cli.reading import contents

OLD = ["vcrpy_0.0.1.yaml", "vcrpy_0.3.5.json", "vcrpy_0.7.0_files.yaml", "vcrpy_4.1.1_httpx.yaml"]
OTHERS = ["vcrpy_1.yaml", "betamax_0.9.0.json", "ruby_vcr_1.yml", "ruby_vcr_5.0.0.yml", "vcrpy_6.0.2_httpx.yaml"]


@pytest.fixture
def project(tmp_path):
    for name in OLD + OTHERS:
        shutil.copy(CASSETTES / name, tmp_path)
    return tmp_path


def read(path) -> list[object]:
    return [
        (*one.target, one.request.headers, one.request.body, one.response.data)
        for one in contents(str(path)).interactions
    ]


def files(directory) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def test_old_cassettes_are_migrated_and_others_stay(project):
    before = files(project)

    done = piped("migrate", project)

    assert (done.status, done.err) == (0, "")
    assert done.out.splitlines() == [*(f"{project / name}: migrated" for name in OLD), "4 of 9 migrated"]
    after = files(project)
    assert after.keys() == before.keys()
    assert [name for name in after if after[name] != before[name]] == [name for name in after if name in OLD]
    for name in OLD:
        assert read(project / name) == read(CASSETTES / name)
        assert vcr("check", "--schema", project / name, "--ignore", "duplicate").status == 0
    assert vcr("migrate", project).out == "0 of 9 migrated\n"


def test_a_dry_run_writes_nothing_and_says_what_would_be(project):
    before = files(project)

    done = in_terminal("migrate", "--dry-run", project)

    assert done.status == 1
    shown = plain(done.out).splitlines()
    assert shown == [*(f"{project / name}: would be migrated" for name in OLD), "4 of 9 to migrate"]
    assert files(project) == before


def test_what_stands_beside_the_interactions_stays(tmp_path):
    path = tmp_path / "httpx.yaml"
    text = (CASSETTES / "vcrpy_4.1.1_httpx.yaml").read_text(encoding="utf-8")
    text = text.replace("- request:", "- recorded_at: '2020-01-01T00:00:00+00:00'\n  request:", 1)
    path.write_text(text.replace("version: 1", "metadata:\n  a: b\nours: kept\nversion: 1"), encoding="utf-8")

    assert vcr("migrate", path).status == 0

    after = contents(str(path))
    assert after.interactions[0].response.recorded_at.year == 2020
    assert (after.metadata, after.beside) == ({"a": "b"}, {"ours": "kept"})


def test_a_blank_cassette_needs_no_migration(tmp_path):
    path = tmp_path / "blank.yaml"
    path.write_text("", encoding="utf-8")
    done = vcr("migrate", path)
    assert (done.status, done.out, done.err) == (0, "0 of 1 migrated\n", "")


def test_a_broken_cassette_costs_a_line(project):
    (project / "a.yaml").write_text("interactions:\n- {", encoding="utf-8")
    done = vcr("migrate", project)
    assert done.status == 2
    assert done.err.startswith(f"{project / 'a.yaml'}, line 3: not readable as YAML")
    assert done.out.endswith("4 of 8 migrated\n") or done.out.endswith("4 of 9 migrated\n")


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_an_interrupt_leaves_no_half_written_file(project):
    before = files(project)
    # The command stops in the middle of writing: all has been written but the place it goes to.
    script = """
import os, signal
os.fsync = lambda descriptor: (print("writing", flush=True), signal.pause())
from vcr.cli import main
main()
"""
    process = subprocess.Popen(
        [sys.executable, "-c", script, "migrate", str(project)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
        text=True,
    )
    assert process.stdout.readline() == "writing\n"
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60)[1].endswith("Interrupted.\n")
    assert process.returncode == 130
    assert files(project) == before
