"""``vcr prune``: removes what a run of the tests did not need."""

from __future__ import annotations

from pathlib import Path

import click

from ...errors import CassetteLoadError
from ...persisters.filesystem import FilesystemPersister
from .. import output, paths, pruning, reading
from ..pruning import Change, Unneeded
from ..status import FINDINGS, FINE, USAGE


@click.command(
    "prune",
    short_help="Remove what a run of the tests did not need.",
    epilog="Example: pytest --vcr-report=report.json && vcr prune --dry-run report.json",
)
@click.argument("report", type=click.Path())
@click.option("--dry-run", is_flag=True, help="Write nothing; the exit status is 1 when something would be removed.")
def command(report: str, dry_run: bool) -> int:
    """Remove the interactions that no test has played, and the cassettes that no test uses.

    REPORT is what `pytest --vcr-report=REPORT` has written. Nothing is removed by the report of a part of the tests, or
    of a run in which one failed. A cassette is left alone that has changed since the run, or of which the run cannot
    tell (a test that uses it was skipped, opens it by hand, or has recorded it); these are named on the standard error.
    Each file is replaced whole or not at all.
    """
    try:
        paths.check_is_one(report)
        found = pruning.read(report)
    except (pruning.ReportError, OSError) as error:
        output.error(str(error))
        return USAGE
    for path, reason in found.unjudged:
        output.error(f"{_shown(path)}: not judged: {reason}")
    status, interactions, cassettes = FINE, 0, 0
    for one in reading.shown_progress(found.unneeded, "Pruning"):
        try:
            done = _do(one, dry_run)
        except (CassetteLoadError, OSError, ValueError) as error:
            output.error(str(error))
            status = USAGE
            continue
        _show(done)
        interactions += len(done.removed)
        cassettes += done.content is None
    counts = f"{output.counted(interactions, 'interaction')}, {output.counted(cassettes, 'cassette')}"
    output.line(f"{counts} {'to remove' if dry_run else 'removed'}")
    return max(status, FINDINGS if dry_run and interactions + cassettes else FINE)


def _do(unneeded: Unneeded, dry_run: bool) -> Change:
    if dry_run:
        return pruning.change(unneeded)
    with FilesystemPersister.exclusive(unneeded.path):
        change = pruning.change(unneeded)
        change.apply()
    return change


def _show(done: Change) -> None:
    path = _shown(done.path)
    for one in done.removed:
        output.line(f"{path}: {one}: not played")
    if done.content is None:
        output.line(f"{path}: {'nothing is left in it' if done.removed else 'no test uses it'}")


def _shown(path: str) -> str:
    """As it is typed here, where it is in this directory."""
    here = Path.cwd()
    return str(Path(path).relative_to(here)) if Path(path).is_relative_to(here) else path
