"""The summary at the end of a run, the report for tools, and the cassettes that no test uses.

It reads the notes of a ``Reporter``. It must not know how a cassette was opened.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from . import options
from .noted import Entry
from .paths import SUFFIXES, shown

if TYPE_CHECKING:
    from .reporting import Reporter

#: How many lines of one kind are shown without ``-v``.
MOST_SHOWN = 10
NOT_ENDED = "the run did not come to its end"
_OPENS = re.compile(r"use_cassette|VCR\w*(?:TestCase|Mixin)")
ORPHANS = pytest.StashKey["list[Path] | str"]()


def command(config: pytest.Config, test: str, mode: str) -> str:
    """The command that records the cassette of a test, from the directory in which pytest was started."""
    file, colons, rest = test.partition("::")
    here = os.path.relpath(config.rootpath / file, config.invocation_params.dir)
    return f"pytest {shlex.quote(here + colons + rest)} --record-mode={mode}"


def finish(session: pytest.Session, reporter: Reporter) -> None:
    """Look for orphans, and write the report, where they are asked for."""
    config = session.config
    asked = config.option.vcr_orphans
    if asked:
        found = orphans(config, reporter) if _ended_well(session) else NOT_ENDED
        config.stash[ORPHANS] = found
        if asked == "delete" and not isinstance(found, str):
            for path in found:
                path.unlink()
    if config.option.vcr_report:
        Path(config.option.vcr_report).write_text(json.dumps(report(session, reporter), indent=1) + "\n", "utf-8")


def _ended_well(session: pytest.Session) -> bool:
    return not session.shouldstop and not session.shouldfail and session.exitstatus in (0, 1, 5)


# -- the lines ---------------------------------------------------------------------------------------------------------


def lines(config: pytest.Config, reporter: Reporter) -> list[str]:
    """The lines of the summary; none if nothing worth a line has happened."""
    is_verbose = config.option.verbose > 0
    last = list({(one["test"], one["path"]): one for one in reporter.entries}.values())  # of a test that was run again
    said: list[str] = []
    for kind in (_recorded, _not_saved, _refused, _unused):
        said += _some(list(kind(config, last)), is_verbose)
    said += _some([f"blocked: {one['test']} from {', '.join(one['hosts'])}" for one in reporter.blocked], is_verbose)
    found = config.stash.get(ORPHANS, [])
    if isinstance(found, str):
        return [*said, f"orphans: not looked for: {found}"]
    did = "deleted" if config.option.vcr_orphans == "delete" else "pytest --vcr-orphans=delete deletes it"
    return said + [f"orphaned: {shown(config, path)} ({did})" for path in found]


def _some(found: list[str], is_verbose: bool) -> list[str]:
    more = len(found) - MOST_SHOWN
    return found if is_verbose or more <= 0 else [*found[:MOST_SHOWN], f"  … and {more} more (-v shows them)"]


def _recorded(_: pytest.Config, entries: Iterable[Entry]) -> Iterator[str]:
    for one in entries:
        if one["recorded"] and one["saved"]:
            again = one["existed"] and one["mode"] in ("all", "rewrite")
            did = "re-recorded" if again else "recorded"
            yield f"{did}: {one['cassette']} ({_count(one['recorded'], 'interaction')})"


def _not_saved(config: pytest.Config, entries: Iterable[Entry]) -> Iterator[str]:
    for one in entries:
        if one["recorded"] and not one["saved"]:
            again = command(config, one["test"], one["mode"])
            yield f"not saved: {one['cassette']} (the test did not pass, or an exchange failed): {again}"


def _refused(config: pytest.Config, entries: Iterable[Entry]) -> Iterator[str]:
    for one in entries:
        if one["refused"] and not one["expected"]:
            more = f" and {len(one['refused']) - 1} more" if len(one["refused"]) > 1 else ""
            mend = command(config, one["test"], "rewrite" if one["existed"] else "once")
            yield f"refused: {one['refused'][0]}{more} ({one['cassette']}): {mend}"


def _unused(config: pytest.Config, entries: Sequence[Entry]) -> Iterator[str]:
    left = [one for one in entries if one["unused"] and not one["refused"]]
    if config.option.verbose <= 0 and "on_unused" not in config.stash[options.RUN].strict and len(left) > 1:
        total = sum(len(one["unused"]) for one in left)
        yield f"unused: {_count(total, 'interaction')} in {len(left)} cassettes (-v lists them)"
        return
    for one in left:
        mend = command(config, one["test"], "rewrite")
        yield f"unused: {_count(len(one['unused']), 'interaction')} of {one['cassette']}: {mend}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


# -- orphans -----------------------------------------------------------------------------------------------------------


def orphans(config: pytest.Config, reporter: Reporter) -> list[Path] | str:
    """The cassettes beside the tests that no test uses; or why that cannot be told."""
    if not is_whole(config, reporter):
        return "only a part of the tests was run"
    used = {_stem(path) for entry in reporter.entries for path in (entry["path"], *entry["borrowed"])}
    told = {entry["test"] for entry in reporter.entries}
    for use in reporter.uses:
        if use.path is not None:
            used.add(_stem(use.path))
        elif use.test not in told:
            return f"{use.test} chooses its cassette itself, and did not run"
    for test in sorted(reporter.did_not_pass - {use.test for use in reporter.uses}):
        if _opens_by_itself(config, test):
            return f"{test} did not pass, and its file opens cassettes without a mark"
    used |= {_stem(path) for path in reporter.opened}
    found = {path for tests in _directories(config, reporter) for path in _judged(config, reporter, tests)}
    return sorted(path for path in found if _stem(path) not in used)


def _opens_by_itself(config: pytest.Config, test: str) -> bool:
    """Whether the file of a test has code that opens a cassette (``use_cassette``, a class of ``vcr.unittest``)."""
    try:
        text = (config.rootpath / test.partition("::")[0]).read_text("utf-8", "replace")
    except OSError:
        return False
    return _OPENS.search(text) is not None


def _stem(path: str | Path) -> str:
    """A path without its suffix: the serializer may be the project's choice."""
    full = os.path.realpath(path)
    return os.path.splitext(full)[0] if full.endswith(SUFFIXES) else full


def _directories(config: pytest.Config, reporter: Reporter) -> set[Path]:
    """The directories of the tests that use cassettes."""
    return {(config.rootpath / use.test.partition("::")[0]).parent for use in reporter.uses}


def _judged(config: pytest.Config, reporter: Reporter, tests: Path) -> Iterator[Path]:
    """The cassettes of a directory of tests, but for those that may belong to a file from which nothing was collected
    here (it may need another platform, or a package that is not installed)."""
    silent = {file.stem for file in tests.glob("*.py") if _has_tests(config, file)} - {
        Path(file).stem for file in reporter.files if Path(file).parent == tests
    }
    base = tests / config.stash[options.RUN].cassette_dir
    for path in base.rglob("*"):
        owner = path.relative_to(base).parts[0]
        is_known = owner not in silent if path.parent != base else not silent
        if is_known and path.suffix in SUFFIXES and path.is_file():
            yield path


def _has_tests(config: pytest.Config, file: Path) -> bool:
    return any(fnmatch(file.name, pattern) for pattern in config.getini("python_files"))


# -- the report --------------------------------------------------------------------------------------------------------


def report(session: pytest.Session, reporter: Reporter) -> dict[str, object]:
    """What ``--vcr-report`` writes."""
    config = session.config
    run = config.stash[options.RUN]
    found = orphans(config, reporter) if _ended_well(session) else NOT_ENDED
    orphaned = [] if isinstance(found, str) else [str(path) for path in found]
    why_not = found if isinstance(found, str) else _why_not_judged(reporter)
    unplayed, unjudged = _unplayed(reporter)
    return {
        "version": 1,
        "record_mode": run.mode,
        "reason": run.reason,
        "cassettes": reporter.entries,
        "blocked": reporter.blocked,
        "orphans": orphaned,
        "is_whole": is_whole(config, reporter),
        "used": sorted({entry["path"] for entry in reporter.entries} | {u.path for u in reporter.uses if u.path}),
        "prune": {
            "refused": why_not,
            "orphans": [{"path": path, "sha256": _digest(path)} for path in orphaned],
            "unplayed": [{"path": path, "sha256": _digest(path), "interactions": unplayed[path]} for path in unplayed],
            "unjudged": [{"path": path, "reason": reason} for path, reason in sorted(unjudged.items())],
        },
    }


def _why_not_judged(reporter: Reporter) -> str | None:
    """Why the run cannot tell what the tests do not need; None if it can."""
    failed = list(dict.fromkeys(reporter.failed))
    more = f" and {len(failed) - 1} more" if len(failed) > 1 else ""
    return f"{failed[0]}{more} failed" if failed else None


def _unplayed(reporter: Reporter) -> tuple[dict[str, list[int]], dict[str, str]]:
    """The places of the interactions that no test has played, by the path of the cassette; and the paths of the
    cassettes of which that cannot be told, with the reason."""
    left: dict[str, set[int]] = {}
    unjudged: dict[str, str] = {}
    closed = Counter(entry["path"] for entry in reporter.entries)
    passed = {(one["test"], one["path"]): one["passed"] for one in reporter.entries}  # (a test may be run again)
    for entry in reporter.entries:
        path = entry["path"]
        if not passed[entry["test"], path]:
            unjudged[path] = f"{entry['test']} did not pass"
        elif entry["saved"] or entry["unplayed"] is None:
            unjudged[path] = "what it holds was recorded in this run, or is hidden by a hook"
        elif reporter.opened[path] > closed[path]:
            unjudged[path] = "a test opens it by hand"
        else:
            left[path] = left.get(path, set(entry["unplayed"])) & set(entry["unplayed"])
        unjudged |= dict.fromkeys(entry["borrowed"], f"{entry['test']} replays it beside its own")
    ran = {entry["test"] for entry in reporter.entries}
    unjudged |= {use.path: f"{use.test} did not run" for use in reporter.uses if use.path and use.test not in ran}
    found = {path: sorted(places) for path, places in sorted(left.items()) if places and path not in unjudged}
    # (A persister of the project may keep a cassette in another place: no file of that name can be pruned.)
    in_files = {path: places for path, places in found.items() if os.path.isfile(path)}
    return in_files, {path: why for path, why in unjudged.items() if os.path.exists(path)}


def _digest(path: str) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def is_whole(config: pytest.Config, reporter: Reporter) -> bool:
    """Whether all tests of the project were collected and could run."""
    option = config.option
    part = option.keyword or option.markexpr or getattr(option, "lf", False) or getattr(option, "last_failed", False)
    named = any("::" in argument or argument.endswith(".py") for argument in config.args)
    return not (reporter.is_part or part or named or getattr(option, "maxfail", 0))
