"""The tests' own environment: where there is no terminal, when a child hangs, and what a test leaves behind."""

from __future__ import annotations

import ast
import fractions
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from tests.clients.entries import outcome
from tests.server import Server

TESTS = Path(__file__).parent
ROOT = TESTS.parent
#: What is interrupted in these: this process, a child.
SIGNALS = [
    "tests/reliability/test_files.py::test_an_interrupt_while_saving_leaves_the_old_cassette",
    "tests/reliability/test_signals_and_loops.py::test_control_c_in_the_middle_of_a_request_saves_what_was_recorded",
]


def pytest_in(directory: Path, *arguments: str, **options) -> subprocess.CompletedProcess[str]:
    plugins = [word for name in ("cacheprovider", "randomly", "hypothesispytest") for word in ("-p", f"no:{name}")]
    # (In the directory that all runs share this one would remove, before it ends, what earlier ones have left there.)
    temporary = ["--basetemp", os.path.abspath("of-the-child")]
    command = [sys.executable, "-m", "pytest", "-q", *temporary, *plugins, *arguments]
    return subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=120, check=False, **options)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="signals of POSIX")
def test_tests_that_interrupt_pass_where_interrupts_are_ignored():
    # As in the background of a script, or of a step of CI.
    run = pytest_in(ROOT, *SIGNALS, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN))
    assert run.returncode == 0, run.stdout
    assert f"{len(SIGNALS)} passed" in run.stdout


# -- what a test leaves ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["beside", "started"])
def test_a_test_that_leaves_a_file_fails(place, tmp_path):
    started = tmp_path / "started"
    started.mkdir()
    beside = tmp_path / "beside"
    beside.mkdir()
    (beside / "conftest.py").write_text("from tests.conftest import nothing_left_behind, pytest_runtest_makereport\n")
    (beside / "test_litter.py").write_text(
        dedent(f"""
        import pytest
        from pathlib import Path

        def test_tidy(tmp_path):
            Path("out.yaml").write_text("in the test's own directory")

        def test_litter():
            Path({str(tmp_path / place)!r}, "out.yaml").write_text("")

        @pytest.mark.xfail
        def test_expected_to_fail():
            Path({str(tmp_path / place)!r}, "other.yaml").write_text("")
            assert False
        """)
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    run = pytest_in(started, str(beside), env=environment)
    assert "2 passed, 1 xfailed, 2 errors" in run.stdout, run.stdout
    assert run.stdout.count("AssertionError: a file is left behind") == 2


def test_a_server_that_cannot_be_made_leaves_no_socket(tmp_path):
    with pytest.raises(OSError, match="No such file or directory"):
        Server(family=str(tmp_path / "none" / "server.sock"))


# -- what is compared --------------------------------------------------------------------------------------------------


def test_a_mistake_in_a_test_is_no_outcome():
    for mistake in (lambda: missing, lambda: None.attribute, lambda: {}["key"], lambda: len(1)):  # noqa: F821
        with pytest.raises((NameError, AttributeError, KeyError, TypeError)):
            outcome(mistake)
    assert outcome(lambda: fractions.Fraction(1, "2")).kind is TypeError  # what a client raises
    assert outcome(lambda: 1 / 0).kind is ZeroDivisionError


# -- children ----------------------------------------------------------------------------------------------------------


#: What waits for a process, and how many positional arguments it has when one of them is a limit.
WAITS = {
    "subprocess.run": None,
    "subprocess.check_call": None,
    "subprocess.check_output": None,
    "runpytest_subprocess": None,
    "communicate": None,
    "process.wait": 1,
    "job.result": 1,
}


def calls_without_a_limit(source: str) -> Iterator[int]:
    """The lines that wait for a process, for as long as it takes."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            name = next((name for name in WAITS if called == name or called.endswith(f".{name}")), None)
            if name and "timeout" not in {word.arg for word in node.keywords} and len(node.args) != WAITS[name]:
                yield node.lineno


def test_the_reader_of_waits_sees_those_without_a_limit():
    source = """
    subprocess.run(["a"], timeout=1)
    subprocess.run(["a"])
    run.communicate(timeout=1)
    run.communicate()
    [process.wait(60) for process in running]
    [process.wait() for process in running]
    pytester.runpytest_subprocess("-q")
    """
    assert sorted(calls_without_a_limit(dedent(source))) == [3, 5, 7, 8]


@pytest.mark.parametrize("file", sorted(TESTS.rglob("*.py")), ids=lambda file: str(file.relative_to(TESTS)))
def test_each_wait_for_a_process_has_a_limit(file):
    assert list(calls_without_a_limit(file.read_text(encoding="utf-8"))) == []
