"""``python -m benchmarks`` runs. What it measures is nobody's business here: a test that looks at the clock lies."""

from __future__ import annotations

from importlib import import_module

import pytest

from benchmarks.__main__ import main
from benchmarks.model import FLOOR, OURS, VCRPY, Limit, Results, Row, Task, at_most
from benchmarks.rows import PARTS, rows

TASK = Task("replay")


def results(**values: float) -> Results:
    taken = Results()
    for contender, value in values.items():
        taken.add(TASK, {"vcrpy": VCRPY}.get(contender, contender), {"cpu": value})
    return taken


def row(*limits: Limit) -> Row:
    return Row("replay", TASK, "s", (OURS, VCRPY, FLOOR), limits)


def verdicts(taken: Results, *limits: Limit) -> list[tuple[str, bool]]:
    return [(verdict.text, verdict.met) for verdict in taken.verdicts(row(*limits), [row(*limits)])]


@pytest.mark.parametrize("part", ["miss"])
def test_a_part_is_run_end_to_end_and_its_table_printed(part, capsys):
    main([part, "--quick", "--here"])
    head, _, *lines = capsys.readouterr().out.splitlines()
    assert [cell.strip() for cell in head.split("|")][3:8] == ["ours", "VCR.py", "Betamax", "cassetter", "floor"]
    measured = [[cell.strip() for cell in line.split("|")][1:4] for line in lines if line.startswith("|")]
    assert [(work, unit) for work, unit, _ in measured] == [(row.work, row.unit) for row in rows((part,))]
    assert all(float(ours) > 0 for *_, ours in measured)


def test_the_floor_is_measured_beside_ours(capsys):
    main(["open_tiny", "--quick", "--here"])
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("| open and close"))
    assert "x floor (≤ 1.3)" in line


@pytest.mark.parametrize("part", PARTS)
def test_every_part_has_rows_and_their_tasks_a_measure(part):
    assert rows((part,))
    assert all(callable(import_module(f"benchmarks.rows.{row.task.part}").measure) for row in rows((part,)))


def test_no_two_rows_are_of_the_same_name_where_one_is_looked_up():
    named = [limit.row for row in rows() for limit in row.limits if limit.row]
    assert named
    assert all([row.work for row in rows()].count(name) == 1 for name in named)


def test_a_part_that_is_not_there_is_named_with_those_that_are(capsys):
    with pytest.raises(SystemExit):
        main(["replya"])
    assert "no such part: replya (there are replay, " in capsys.readouterr().err


def test_ours_is_compared_with_the_floor():
    taken = results(ours=3.0, floor=2.0)
    assert verdicts(taken, Limit(1.6), Limit(1.4)) == [("1.50 x floor (≤ 1.6)", True), ("1.50 x floor (≤ 1.4)", False)]


def test_ours_may_be_so_much_more_than_the_floor():
    assert verdicts(results(ours=3.0, floor=2.0), Limit(at_most=0.5, more=True)) == [("floor +1 s (≤ +0.5)", False)]


def test_ours_is_held_to_an_amount():
    assert verdicts(results(ours=3.0), at_most(4)) == [("≤ 4 s", True)]


def test_whoever_has_no_figure_is_not_compared_with():
    assert verdicts(results(ours=3.0), Limit(1.6)) == []


def test_a_row_of_which_ours_has_no_figure_is_missed():
    assert verdicts(results(floor=2.0), Limit(1.6)) == [("ours has no figure", False)]


def test_to_fall_behind_vcrpy_is_to_miss():
    assert verdicts(results(ours=3.0, vcrpy=2.0)) == [("behind VCR.py", False)]


def test_the_median_counts():
    taken = Results()
    for value in (9.0, 1.0, 2.0):
        taken.add(TASK, OURS, {"cpu": value})
    assert taken.value(row(), OURS) == 2.0
