"""The pytest plugin: a cassette for each marked test, and the network blocked where that is asked.

pytest loads this module in every run. Until a test uses a cassette it imports nothing of vcr but what is needed to read
options. Where pytest-recording or pytest-vcr is installed too, it leaves the marks and options to that plugin.
"""

from __future__ import annotations

import pytest

#: The plugin needs what an older pytest lacks. There it does nothing but say so in the header.
IS_SUPPORTED = getattr(pytest, "version_tuple", (0, 0)) >= (7, 4)
if IS_SUPPORTED:
    from . import options

MARKS = (
    "vcr(*cassettes, **options): record the test's HTTP traffic to a cassette, or replay it. Named cassettes are "
    "replayed too; the options are those of use_cassette.",
    "default_cassette(name): the name of the test's cassette.",
    "block_network(allowed_hosts=None): keep the test from the network, unless its cassette records.",
    "allowed_hosts(hosts): patterns of the hosts that block_network leaves alone.",
)


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Add the options, unless another plugin has the same."""
    if IS_SUPPORTED and options.other_plugin(pluginmanager) is None:
        options.add(parser)


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Add pytest-recording's hook, unless that plugin does."""
    if IS_SUPPORTED and options.other_plugin(pluginmanager) is None:
        from . import hooks

        pluginmanager.add_hookspecs(hooks)


def pytest_configure(config: pytest.Config) -> None:
    """Check the options of this run, and register the rest of the plugin."""
    if not (IS_SUPPORTED and options.are_added(config)):
        return
    config.stash[options.RUN] = options.read(config)
    for mark in MARKS:
        config.addinivalue_line("markers", mark)
    from . import collecting, fixtures

    config.pluginmanager.register(fixtures, "vcr-fixtures")
    config.pluginmanager.register(collecting, "vcr-collecting")
    if options.is_controller(config) or config.option.vcr_report or config.option.vcr_orphans:
        collecting.reporter(config)


def pytest_report_header(config: pytest.Config) -> str:
    """The record mode of this run, and why; or the name of the plugin that handles the marks instead."""
    if not IS_SUPPORTED:
        return f"vcr: pytest {pytest.__version__} is too old for marks and options; pytest 7.4 has what they need"
    if not options.are_added(config):
        other = options.other_plugin(config.pluginmanager)
        return f"vcr: {other} is installed, and has the marks and options; it runs on this package"
    run = config.stash[options.RUN]
    return (
        f"vcr: recording is disabled ({run.reason})" if run.disabled else f"vcr: record mode {run.mode} ({run.reason})"
    )
