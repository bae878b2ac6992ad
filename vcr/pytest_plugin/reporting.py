"""Notes what happens to the cassettes of the tests, and shows it: a word for each test, a summary, a report for tools.

With pytest-xdist, a worker notes it; the report of a test, and the output of the worker, bring it to the process that
prints. This file must not open a cassette.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, Any

import pytest

from . import noted
from .noted import Blocked, Entry

if TYPE_CHECKING:
    from .._engine import cassette as engine
    from ..cassette import Cassette


class Reporter:
    """The plugin object of one process."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        #: What goes with the next report of a test.
        self._waiting: list[Entry] = []
        self._waiting_blocked: list[Blocked] = []
        self._unsaved: list[tuple[Cassette, Entry]] = []
        #: What has come to this process with reports.
        self.entries: list[Entry] = []
        self.blocked: list[Blocked] = []
        self.uses: set[noted.Use] = set()
        #: The files that tests were collected from.
        self.files: set[str] = set()
        self.is_part = False
        #: The tests that have failed, or could not be set up or taken down.
        self.failed: list[str] = []
        #: The tests that have failed, or were skipped.
        self.did_not_pass: set[str] = set()
        #: How often each path was opened, by the plugin or by hand; kept where that is asked for.
        self.opened: Counter[str] = Counter()
        if config.option.vcr_orphans or config.option.vcr_report:
            from .. import _active

            _active.watchers.append(self._see)
            config.add_cleanup(lambda: _active.watchers.remove(self._see))

    def _see(self, cassette: engine.Cassette) -> None:
        self.opened[os.path.abspath(cassette.path)] += 1

    def note(self, entry: Entry) -> None:
        """Remember what happened to a cassette."""
        self._waiting.append(entry)

    def note_blocked(self, test: str, hosts: Sequence[object]) -> None:
        """Remember the hosts that a test was kept from."""
        if hosts:
            self._waiting_blocked.append({"test": test, "hosts": list(dict.fromkeys(map(str, hosts)))})

    def save_when_passed(self, cassette: Cassette, entry: Entry) -> None:
        """Save a closed cassette at the end of the test that is being taken down, if nothing fails until then."""
        self._unsaved.append((cassette, entry))

    # -- each test --------------------------------------------------------------------------------------------------

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Add the word, the advice and the notes about the test's cassette to its report."""
        report: Any = yield
        if call.when == "setup":
            item.stash[noted.DID_NOT_PASS] = False  # the test may be run again
        if report.outcome != "passed":
            item.stash[noted.DID_NOT_PASS] = True
        cassette: Cassette | None = (getattr(item, "funcargs", None) or {}).get("vcr")
        if cassette is not None:
            if call.when == "call":
                report.vcr_word = word_of(cassette)
            if report.failed and cassette.refusals:
                report.sections.append(("vcr", self._advice(item, cassette)))
        advice = getattr(call.excinfo and call.excinfo.value, "advice", "")  # of a NetworkBlockedError
        if report.failed and advice:
            report.sections.append(("vcr", advice))
        if call.when == "teardown":
            report.vcr_entries, self._waiting = self._waiting, []
            report.vcr_blocked, self._waiting_blocked = self._waiting_blocked, []
        return report  # type: ignore[no-any-return]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(self) -> Generator[None, object, object]:
        """Save the cassettes that are saved only if nothing fails until the end of the test."""
        try:
            result = yield
            for cassette, entry in self._unsaved:
                from .._engine.strict import may_keep

                entry["saved"] = may_keep(cassette) and cassette.save()
        finally:
            self._unsaved.clear()
        return result

    def _advice(self, item: pytest.Item, cassette: Cassette) -> str:
        from .summary import command

        refused = [f"refused: {one.request.method} {one.request.uri}, made at {one.place}" for one in cassette.refusals]
        mode = "rewrite" if cassette.rewound else "once"
        return cassette.mask("\n".join([*refused, f"to record it: {command(self._config, item.nodeid, mode)}"]))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the notes that come with a report."""
        if report.failed:
            self.failed.append(report.nodeid)
        if report.failed or report.skipped:
            self.did_not_pass.add(report.nodeid)
        self.entries += getattr(report, "vcr_entries", ())
        self.blocked += getattr(report, "vcr_blocked", ())

    @pytest.hookimpl(wrapper=True)
    def pytest_report_teststatus(self, report: object) -> Generator[None, object, object]:
        """With ``-v``: what the cassette did, behind the word for the test."""
        status = yield
        word = getattr(report, "vcr_word", None)
        if word is None or self._config.option.verbose <= 0 or not isinstance(status, tuple):
            return status
        category, letter, verbose = status
        if isinstance(verbose, tuple):
            return category, letter, (f"{verbose[0]} ({word})", verbose[1])
        return category, letter, f"{verbose} ({word})"

    # -- the end ----------------------------------------------------------------------------------------------------

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Keep which cassettes there are tests for."""
        uses: list[noted.Use] = session.config.stash.get(noted.USES, [])
        self.uses.update(uses)
        self.files.update(str(item.path) for item in session.items)
        self.is_part |= session.config.stash.get(noted.DESELECTED, False)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """In a worker, send the notes to the main process; else look for orphans and write the report for tools."""
        output: dict[str, object] | None = getattr(session.config, "workeroutput", None)
        if output is not None:
            output["vcr_uses"] = [tuple(use) for use in self.uses]
            output["vcr_is_part"] = self.is_part
            output["vcr_files"] = sorted(self.files)
            output["vcr_opened"] = dict(self.opened)
            return
        from . import summary

        summary.finish(session, self)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: object) -> None:
        """Keep the notes that a worker of pytest-xdist sends at its end."""
        output = getattr(node, "workeroutput", None) or {}
        self.uses |= {noted.Use(*use) for use in output.get("vcr_uses", ())}
        self.is_part |= output.get("vcr_is_part", False)
        self.files.update(output.get("vcr_files", ()))
        self.opened.update(output.get("vcr_opened", {}))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the summary, if there is one."""
        from . import summary

        lines = summary.lines(self._config, self)
        if lines:
            terminalreporter.section("vcr")
            for line in lines:
                terminalreporter.write_line(line)

    def pytest_assertrepr_compare(self, op: str, left: Any, right: Any) -> list[str] | None:
        """``assert cassette.sent == [...]`` shows which requests differ."""
        strict = sys.modules.get("vcr._engine.strict")
        if strict is None or op != "==" or not any(isinstance(side, strict.Sent) for side in (left, right)):
            return None
        import difflib

        sent, expected = (left, right) if isinstance(left, strict.Sent) else (right, left)
        lines = [item if isinstance(item, str) else strict.line_of(item) for item in expected]
        diff = [line for line in difflib.ndiff(lines, sent.lines()) if line[0] in " -+"]
        return ["the requests are not those expected (- expected, + sent)", *diff]


def word_of(cassette: Cassette) -> str:
    """One word for what a cassette has done."""
    from .._engine.strict import unplayed

    if cassette.refusals:
        return "miss"
    if cassette.recorded:
        return "recorded"
    if not cassette.sent:
        return "none"
    return "unused" if unplayed(cassette) else "hit"
