"""Runs the tests that another recorder's source distribution carries, unchanged, on this package.

Only the tests are unpacked, into a temporary directory that is removed again: none of the recorder's own code is, and
nothing of it is kept in this repository. The environment must hold what the tests need, and this package as it would be
installed. A list in the repository names each test that does not pass, with the reason.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

HERE = Path(__file__).parent

#: How long the whole of a suite may take, and one test of it, in seconds.
SUITE_SECONDS, TEST_SECONDS = 900, 30


class Suite(NamedTuple):
    """A suite, and how it is run.

    ``requirement``: the distribution, with its version, as pip spells it. ``known``: the list of the tests that do not
    pass, beside this file. ``folders``: what is unpacked. ``files``: what else is put beside the tests, by its path:
    configuration that the distribution does not carry. ``environ``: added to the environment variables.
    ``arguments``: of pytest.
    """

    requirement: str
    known: str
    folders: Sequence[str] = ("tests",)
    files: Mapping[str, str] = {}
    environ: Mapping[str, str] = {}
    arguments: Sequence[str] = ()


class Report(NamedTuple):
    """What became of each test, by its id (``tests/unit/test_x.py::test_name[parameter]``)."""

    passed: set[str]
    failed: dict[str, str]
    skipped: set[str]


def main(suite: Suite) -> int:
    """Run the suite, and compare what does not pass with the list. Returns 0 when the two agree, else 1."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        unpack(suite, root / "suite")
        report, output = run(suite, root / "suite", suite.folders)
        known = read_list(HERE / suite.known)
        if unexpected := [test for test in report.failed if entry_of(test, known) is None]:
            forgive(report, run(suite, root / "suite", unexpected)[0])
    listed = {test for test in report.failed if entry_of(test, known) is not None}
    for test, why in report.failed.items():
        if test not in listed:
            print(f"NOT LISTED  {test}: {why}")
    stale = known.keys() - {entry_of(test, known) for test in report.failed}
    for entry in sorted(stale):
        print(f"LISTED, BUT PASSES OR IS GONE  {entry}")
    agrees = len(listed) == len(report.failed) and not stale
    if not report.passed or not agrees:
        print(output[-20_000:])
    seconds = time.monotonic() - started
    counts = f"{len(report.passed)} passed, {len(report.failed)} listed" if agrees else "1 failed"
    print(f"{suite.requirement}: {len(report.passed)} of its tests pass, {len(report.skipped)} are skipped here")
    print(f"{counts} in {seconds:.2f}s")
    return 0 if agrees and report.passed else 1


def unpack(suite: Suite, root: Path) -> None:
    """Download the source distribution, and unpack its tests into ``root``."""
    root.mkdir()
    download = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary=:all:", "-d", str(root)]
    subprocess.run([*download, suite.requirement], check=True, timeout=300)
    (archive,) = root.glob("*.tar.gz")
    with tarfile.open(archive) as members:
        for member in members.getmembers():
            _, _, inside = member.name.partition("/")
            if inside.split("/")[0] in suite.folders:
                member.name = inside
                members.extract(member, root, filter="data")
    archive.unlink()
    for name, text in suite.files.items():
        (root / name).write_text(text, encoding="utf-8")


def forgive(report: Report, again: Report) -> None:
    """Count as passed each test of ``report`` that passed when it was run ``again``, by itself, and name it."""
    by_chance = again.passed & report.failed.keys()
    for test in sorted(by_chance):
        print(f"PASSES THE SECOND TIME  {test}: {report.failed[test]}")
        del report.failed[test]
    report.passed.update(by_chance)


def run(suite: Suite, root: Path, tests: Sequence[str]) -> tuple[Report, str]:
    """What became of ``tests`` (folders, or ids of tests) in ``root``, and what pytest printed."""
    results = root / "results.xml"
    command = [
        *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--timeout={TEST_SECONDS}"),
        *(f"--junitxml={results}", "-o", "junit_family=xunit1", *suite.arguments, *tests),
    ]
    environ = {**os.environ, **suite.environ}
    ended = subprocess.run(
        command,
        cwd=root,
        env=environ,
        timeout=SUITE_SECONDS,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    output = ended.stdout.decode("utf-8", "replace")
    if not results.exists():
        raise SystemExit(f"{suite.requirement}: pytest wrote no results\n{output}")
    return read_results(results), output


def read_results(results: Path) -> Report:
    """What is in pytest's JUnit file."""
    report = Report(set(), {}, set())
    for case in ElementTree.parse(results).getroot().iter("testcase"):
        file, name = case.get("file", ""), case.get("name", "")
        module = file.removesuffix(".py").replace("/", ".")
        classes = case.get("classname", "").removeprefix(module).strip(".").replace(".", "::")
        # What is wrong with a file that cannot be imported is told under the name of the module.
        test = "::".join(part for part in (file, classes, "" if name == module else name) if part)
        wrong = case.find("failure") if case.find("failure") is not None else case.find("error")
        if wrong is not None:
            report.failed[test] = (wrong.get("message") or "").partition("\n")[0][:200]
        elif case.find("skipped") is not None:
            report.skipped.add(test)
        else:
            report.passed.add(test)
    report.passed.difference_update(report.failed)  # a test whose tear-down fails stands there twice
    return report


def read_list(path: Path) -> dict[str, str]:
    """The reasons in a list, by test: lines ``test: reason``; blank lines and those that begin with ``#`` are left out.

    A test without parameters stands for each of its parameters.
    """
    entries = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.strip() and not line.startswith("#"):
            found = re.fullmatch(r"(\S+\.py(?:::.+?)?): (.+)", line)
            if found is None:
                raise SystemExit(f"{path.name}, line {number}: expected `test: reason`, got {line!r}")
            entries[found[1]] = found[2]
    return entries


def entry_of(test: str, known: Mapping[str, str]) -> str | None:
    """The entry of a list that names this test; None when none does."""
    return next((name for name in (test, test.partition("[")[0]) if name in known), None)
