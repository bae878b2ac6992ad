"""Beside other plugins: pytest-recording and pytest-vcr keep their marks, pytest-xdist shares the work; and what the
plugin costs a run that has no use for it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytest_plugins = ["pytester"]


@pytest.mark.parametrize(
    ("distribution", "entry_point", "option"),
    [("pytest-recording", "recording", "--record-mode"), ("pytest-vcr", "vcr", "--vcr-record")],
)
def test_where_another_has_the_marks_and_options_this_one_stands_aside(
    distribution, entry_point, option, project, monkeypatch
):
    module, version = distribution.replace("-", "_"), "1.0"
    site = project.path / "site"
    metadata = site / f"{module}-{version}.dist-info"
    metadata.mkdir(parents=True)
    (site / f"{module}.py").write_text(
        "def pytest_addoption(parser):\n"
        f"    parser.getgroup('theirs').addoption('{option}', action='store', dest='theirs', default=None)\n"
    )
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n")
    (metadata / "entry_points.txt").write_text(f"[pytest11]\n{entry_point} = {module}\n")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(site), os.environ["PYTHONPATH"]]))
    monkeypatch.delenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    project.write("def test_it(request): assert request.config.getoption('theirs') == 'once'\n")
    quiet = ["-p", "no:asyncio", "-p", "no:randomly", "-p", "no:anyio"]
    output = project.run(*quiet, f"{option}=once", passed=1)
    assert f"vcr: {distribution} is installed, and has the marks and options" in output
    # Where it is told to stay away, this one has them again.
    project.write("def test_it(request): assert request.config.getoption('record_mode') == 'once'\n")
    output = project.run(*quiet, "-p", f"no:{entry_point}", "--record-mode=once", passed=1)
    assert "vcr: record mode once (--record-mode)" in output


@pytest.mark.skipif("not __import__('importlib.util').util.find_spec('xdist')", reason="pytest-xdist is not installed")
def test_three_hundred_tests_on_four_processes(project):
    project.write(
        """
        import subprocess, sys

        @pytest.mark.vcr
        @pytest.mark.parametrize("number", range(100))
        def test_function(number):
            assert fetch(f"/text?number={number}")

        @pytest.mark.vcr
        class TestClass:
            @pytest.mark.parametrize("number", range(100))
            def test_method(self, number):
                assert fetch(f"/text?number={number}")
                assert fetch("/json")

        @pytest.mark.vcr
        @pytest.mark.default_cassette("shared")
        @pytest.mark.parametrize("number", range(100))
        def test_shared(number):
            assert fetch(f"/text?shared={number}")
        """
    )
    workers = ["-p", "xdist", "-n", "4"]
    output = project.run(*workers, "-v", "--record-mode=new_episodes", passed=300)
    assert output.count("(recorded)") == 300
    assert project.hits == 400
    assert len(project.cassettes()) == 201
    assert not [name for name in project.cassettes() if not name.endswith(".yaml")], "something half-written is left"
    project.server.close()
    output = project.run(*workers, "-v", "--block-network", passed=300)
    # The others asked for one of the hundred requests that are in the cassette they share.
    assert output.count("(hit)") == 200
    assert output.count("(unused)") == 100
    assert project.hits == 0


IMPORTED = """
import sys
import pytest
pytest.main(["-q", *sys.argv[1:]])
print(sorted(name for name in sys.modules if name.partition(".")[0] in ("vcr", "yaml", "wrapt", "requests")))
"""


def test_a_run_that_has_no_use_for_it_imports_next_to_nothing(project):
    project.write("def test_it(): ...\n")
    project.preamble = ""
    project.write("def test_it(): ...\n")
    run = subprocess.run(
        [sys.executable, "-c", IMPORTED, "--basetemp=of-the-child", *project.arguments],
        cwd=project.path,
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.stdout.splitlines()[-1] == str(
        [
            "vcr",
            "vcr.pytest_plugin",
            "vcr.pytest_plugin.collecting",
            "vcr.pytest_plugin.fixtures",
            "vcr.pytest_plugin.hooks",
            "vcr.pytest_plugin.marks",
            "vcr.pytest_plugin.noted",
            "vcr.pytest_plugin.options",
            "vcr.pytest_plugin.paths",
        ]
    )


def test_help_and_markers(project):
    output = project.run("--help")
    for text in ("--record-mode", "--vcr-record={", "--vcr-orphans", "--vcr-report=", "vcr_on_unused", "vcr_layout"):
        assert text in output
    output = project.run("--markers")
    for mark in ("vcr", "default_cassette", "block_network", "allowed_hosts"):
        assert f"@pytest.mark.{mark}(" in output
    output = project.run("--fixtures")
    assert "vcr_cassette_dir" in output


def test_every_fixture_says_what_it_is(project):
    assert "no docstring available" not in project.run("--fixtures", "-v", "-p", "no:doctest").partition("vcr")[2]


def test_strict_markers_and_config(project):
    project.write("@pytest.mark.vcr\n@pytest.mark.block_network\ndef test_it(): ...\n")
    project.pytester.makeini("[pytest]\nvcr_ordered = true\n")
    project.run("--strict-markers", "--strict-config", passed=1)
