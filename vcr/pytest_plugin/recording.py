"""Opens the cassette of a test, or of a wider scope, with the options of marks and fixtures; closes it by the test's
outcome."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from .._context import CassetteContextDecorator
from .._engine.strict import judge, line_of, saves_failed, unplayed, unplayed_places
from ..cassette import Cassette
from ..config import VCR
from ..errors import SwallowedRefusalError, UnplayedInteractionsError
from . import collecting, options
from .marks import Plan
from .noted import Entry
from .paths import file_name, shown, suffix_of


class TestDidNotPass(Exception):  # noqa: N818  (a name for the end of a block)
    """The exception with which the cassette of a test that did not pass is closed."""

    __test__ = False


def mode_of(run: options.Run, chosen: Mapping[str, object], base: str, layout: str) -> str:
    """The record mode of a cassette.

    ``chosen``: what marks and ``vcr_config`` say. ``base``: the fixture ``record_mode``, which a project may replace.
    """
    named = chosen.get("record_mode")
    if run.is_told and base == run.mode:
        return base
    if named is not None:
        return str(named) if run.of_environment is None or str(named) == "none" else run.of_environment
    if not run.is_chosen and base == run.mode and layout == "pytest-vcr":
        return "once"
    return base


@contextmanager
def opened(
    config: pytest.Config,
    node: pytest.Item | pytest.Collector,
    *,
    directory: str,
    name: str,
    chosen: Mapping[str, Any],
    cassettes: tuple[str, ...] = (),
    did_not_pass: Callable[[], bool] = lambda: False,
) -> Iterator[Cassette]:
    """The cassette ``name`` in ``directory``, open; ``cassettes`` are replayed too. ``did_not_pass`` is asked at the
    end. ``chosen``: options of ``use_cassette``, the record mode among them."""
    collecting.reporter(config)  # it notes the outcome of the test
    run = config.stash[options.RUN]
    suffix = suffix_of(chosen)
    recorder = VCR(path_transformer=VCR.ensure_suffix(suffix), cassette_library_dir=directory, **run.strict)
    recorder.uses_mode_of_environment = False  # ``mode_of`` has read the variable
    node.ihook.pytest_recording_configure(config=config, vcr=recorder)
    path = name if "path_transformer" in chosen else file_name(name, suffix)
    context = recorder.use_cassette(path, **chosen)
    cassette = context.__enter__()
    existed = cassette.rewound
    cassette.is_file_of_block = _is_test_code(node)
    library = str(chosen.get("cassette_library_dir", directory))
    named = dict.fromkeys(os.path.abspath(os.path.join(library, path)) for path in cassettes)
    others = [path for path in named if path != os.path.abspath(cassette.path)]
    try:
        for path in others:
            cassette.borrow(path)
        yield cassette
    finally:
        _close(context, cassette, node, existed=existed, passed=not did_not_pass(), borrowed=others)


def _close(
    context: CassetteContextDecorator,
    cassette: Cassette,
    node: pytest.Item | pytest.Collector,
    *,
    existed: bool,
    passed: bool,
    borrowed: list[str],
) -> None:
    """Close the cassette by the outcome of its test, and note what has happened to it."""
    reporter = collecting.reporter(node.config)
    # The cassette of a test that passed is saved after its other fixtures: one of these may still fail.
    waits = passed and isinstance(node, pytest.Item) and not saves_failed(cassette)
    error = TestDidNotPass() if waits or not passed else None
    is_fine = False
    try:
        context.__exit__(None if error is None else TestDidNotPass, error, None)
        if waits:
            judge(cassette)
        is_fine = passed
    except (SwallowedRefusalError, UnplayedInteractionsError) as strict:
        pytest.fail(str(strict), pytrace=False)
    finally:
        entry = entry_of(cassette, node, existed)
        entry["passed"], entry["borrowed"] = is_fine, borrowed
        entry["expected"] = is_fine and cassette.strictness.on_refused == "raise"
        reporter.note(entry)
    if waits:
        reporter.save_when_passed(cassette, entry)


def _is_test_code(node: pytest.Item | pytest.Collector) -> Callable[[str], bool]:
    """Whether a file has tests: a test that catches a refusal expects it, any other code swallows it."""
    own = str(getattr(node, "path", ""))

    def is_test_code(file: str) -> bool:
        parts = file.replace(os.sep, "/").split("/")
        is_test = parts[-1].startswith(("test_", "conftest")) or not {"test", "tests"}.isdisjoint(parts[:-1])
        of_plugins = (getattr(plugin, "__file__", None) for plugin in node.config.pluginmanager.get_plugins())
        return file == own or is_test or file in of_plugins

    return is_test_code


def entry_of(cassette: Cassette, node: pytest.Item | pytest.Collector, existed: bool) -> Entry:
    """What has happened to a cassette that is closed now."""
    return {
        "test": node.nodeid,
        "cassette": shown(node.config, cassette.path),
        "path": os.path.abspath(cassette.path),
        "mode": str(cassette.record_mode),
        "existed": existed,
        "sent": len(cassette.sent),
        "played": len(cassette.played),
        "recorded": len(cassette.recorded),
        "saved": cassette.has_saved,
        "refused": [f"{cassette.mask(line_of(one.request))}, made at {one.place}" for one in cassette.refusals],
        "expected": False,
        "unused": unplayed(cassette),
        "passed": False,
        "unplayed": unplayed_places(cassette),
        "borrowed": [],
    }


def plan_with(plan: Plan | None, config: object) -> dict[str, object]:
    """The options of a test: those of the fixture ``vcr_config``, then those of its marks.

    Raises TypeError when the fixture returns anything but a mapping.
    """
    if not isinstance(config, Mapping):
        raise TypeError(
            f"the fixture vcr_config has to return a dict of options of use_cassette, and returned {config!r}"
        )
    return {**config, **(plan.options if plan is not None else {})}
