"""The comparison of a suite's results with its list."""

from __future__ import annotations

import pytest

from tests.interop.suite import Report, entry_of, forgive, read_list, read_results

RESULTS = """<testsuites><testsuite>
<testcase classname="tests.unit.test_a" name="test_one" file="tests/unit/test_a.py" />
<testcase classname="tests.unit.test_a.TestIt" name="test_two[x - y]" file="tests/unit/test_a.py">
  <failure message="assert 1 == 2&#10;more">...</failure></testcase>
<testcase classname="tests.unit.test_a" name="test_three" file="tests/unit/test_a.py"><skipped message="no"/></testcase>
<testcase classname="tests.unit.test_a" name="test_one" file="tests/unit/test_a.py"><error message="left"/></testcase>
<testcase classname="" name="tests.unit.test_b" file="tests/unit/test_b.py"><error message="ImportError"/></testcase>
<testcase classname="tests.unit.test_c" name="test_four" file="tests/unit/test_c.py" />
</testsuite></testsuites>"""


def test_results_are_read_by_the_ids_of_the_tests(tmp_path):
    results = tmp_path / "results.xml"
    results.write_text(RESULTS, encoding="utf-8")
    report = read_results(results)
    assert report.passed == {"tests/unit/test_c.py::test_four"}
    assert report.skipped == {"tests/unit/test_a.py::test_three"}
    assert report.failed == {
        "tests/unit/test_a.py::TestIt::test_two[x - y]": "assert 1 == 2",
        "tests/unit/test_a.py::test_one": "left",
        "tests/unit/test_b.py": "ImportError",
    }


def test_a_test_that_passes_when_it_is_run_again_has_passed_and_is_named(capsys):
    report = Report({"one"}, {"two": "timed out", "three": "assert 1 == 2"}, set())
    forgive(report, Report({"two"}, {"three": "assert 1 == 2"}, set()))
    assert report == Report({"one", "two"}, {"three": "assert 1 == 2"}, set())
    assert capsys.readouterr().out == "PASSES THE SECOND TIME  two: timed out\n"


def test_a_list_names_tests_with_a_reason(tmp_path):
    path = tmp_path / "list.txt"
    path.write_text("# why\n\ntests/a.py::test_one: reads a private name: x\ntests/b.py: mocks\n", encoding="utf-8")
    known = read_list(path)
    assert known == {"tests/a.py::test_one": "reads a private name: x", "tests/b.py": "mocks"}
    assert entry_of("tests/a.py::test_one[parameter]", known) == "tests/a.py::test_one"
    assert entry_of("tests/a.py::test_other", known) is None


@pytest.mark.parametrize("line", ["tests/a.py::test_one", "nonsense", "tests/a.py::test_one:"])
def test_a_line_without_a_reason_is_refused(line, tmp_path):
    path = tmp_path / "list.txt"
    path.write_text(f"\n{line}\n", encoding="utf-8")
    with pytest.raises(SystemExit, match="line 2: expected `test: reason`"):
        read_list(path)
