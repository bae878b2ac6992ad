"""Looks at the collected tests: checks their marks, and adds the fixtures that open a cassette or block the network.

It must not open a cassette. For a test without marks it does nothing more.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pytest

from . import noted, options

if TYPE_CHECKING:
    from pathlib import Path

    from .paths import Place
    from .reporting import Reporter

#: The fixtures that open a cassette, or open one when they are called.
FIXTURES = ("vcr", "vcr_cassette", "vcr_class", "vcr_module", "vcr_session", "vcr_open")
_MARKS = ("vcr", "block_network")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Check the marks, and let cassette and block open before the test's own fixtures."""
    run = config.stash[options.RUN]
    marked = [item for item in items if _is_marked(item) or run.block_network]
    if not marked and not any(_brings_cassette(item) for item in items):
        return
    _judge(marked)
    for item in marked:
        if any(item.iter_markers("vcr")):
            _surround(item, "vcr")
        if run.block_network or any(item.iter_markers("block_network")):
            _surround(item, "block_network")
    using = [item for item in items if any(item.iter_markers("vcr")) or _brings_cassette(item)]
    if using:
        reporter(config)
        _find_places(config, using)


def pytest_deselected(items: Sequence[pytest.Item]) -> None:
    """Note that only a part of the tests runs."""
    if items:
        items[0].config.stash[noted.DESELECTED] = True


def reporter(config: pytest.Config) -> Reporter:
    """The ``Reporter`` of this run, registered when it is first needed."""
    from .reporting import Reporter

    found: Reporter | None = config.pluginmanager.get_plugin("vcr-reporter")
    if found is None:
        found = Reporter(config)
        config.pluginmanager.register(found, "vcr-reporter")
    return found


def _is_marked(item: pytest.Item) -> bool:
    return any(mark.name in _MARKS for mark in item.iter_markers())


def _brings_cassette(item: pytest.Item) -> bool:
    return not set(FIXTURES).isdisjoint(getattr(item, "fixturenames", ()))


def _surround(item: pytest.Item, name: str) -> None:
    """Put this fixture before the test's own, and after those of a wider scope, which live longer."""
    names: list[str] | None = getattr(item, "fixturenames", None)
    if names is None:
        return
    if name in names:
        names.remove(name)
    place = next((number for number, other in enumerate(names) if _is_of_function(item, other)), len(names))
    names.insert(place, name)


def _is_of_function(item: pytest.Item, name: str) -> bool:
    """Whether the fixture has the scope of a function."""
    info: Any = getattr(item, "_fixtureinfo", None)
    found = info.name2fixturedefs.get(name) if info is not None else None
    return found is None or found[-1].scope == "function"


# -- mistakes ---------------------------------------------------------------------------------------------------------


def _judge(items: Sequence[pytest.Item]) -> None:
    """Raise UsageError that names each test with a mark that cannot work."""
    from .marks import problems

    wrong = [f"{item.nodeid}: {problem}" for item in items for problem in problems(item)]
    if wrong:
        raise pytest.UsageError(*wrong)


def _find_places(config: pytest.Config, items: Sequence[pytest.Item]) -> None:
    """Note the path of each test's cassette. Raises UsageError when two tests would share one by accident."""
    uses = list(_uses(config, items))
    config.stash[noted.USES] = uses
    by_path: dict[str, str] = {}
    shared = []
    for item, use in zip(items, uses, strict=True):
        if use.path is None or item.get_closest_marker("default_cassette") is not None:
            continue
        other = by_path.setdefault(use.path, use.test)
        if other != use.test:
            shared.append((use.path, other, use.test))
    _judge_shared(config, shared)


def _judge_shared(config: pytest.Config, shared: Sequence[tuple[str, str, str]]) -> None:
    """Raise UsageError for each of these paths, unless the cassette exists: then the tests have shared it before."""
    from .paths import shown

    wrong = [
        f"{one} and {other} would share the cassette {shown(config, path)}. Give one of them "
        'pytest.mark.default_cassette("another name"), or both if they are to share it.'
        for path, one, other in shared
        if not os.path.exists(path)
    ]
    if wrong:
        raise pytest.UsageError(*wrong)


def _uses(config: pytest.Config, items: Sequence[pytest.Item]) -> Iterator[noted.Use]:
    from .marks import named, plan_of
    from .paths import default_name, file_name, place_of, suffix_of

    run = config.stash[options.RUN]
    places: dict[Path, Place] = {}
    for item in items:
        if _decides_itself(item):
            yield noted.Use(item.nodeid, None)
            continue
        place = places.get(item.path) or places.setdefault(item.path, place_of(item.path, run))
        plan = plan_of(item)
        suffix = suffix_of(plan.options if plan is not None else {})
        yield noted.Use(item.nodeid, str(place.directory / file_name(named(item) or default_name(item, place), suffix)))


#: The fixtures that say where a cassette is, and the options that do.
_PLACES = ("vcr_cassette_dir", "vcr_cassette_name", "default_cassette_name")
_PLACING = ("cassette_library_dir", "path_transformer", "func_path_generator", "persister")


def _decides_itself(item: pytest.Item) -> bool:
    """Whether a fixture of the project, or an option of a mark, says where the cassette is."""
    manager: Any = item.session._fixturemanager
    node = item if pytest.version_tuple >= (8, 1) else item.nodeid
    for name in _PLACES:
        found = manager.getfixturedefs(name, node)
        if found and getattr(found[-1].func, "__module__", "") != "vcr.pytest_plugin.fixtures":
            return True
    marks = item.iter_markers("vcr")
    return any(option in mark.kwargs for mark in marks for option in _PLACING)
