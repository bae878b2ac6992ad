"""The command line and the ini settings, checked once for a run; and whether another plugin has the same ones.

It must not know a test. It imports nothing else of vcr, except for hosts and for the text of an error.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

MODES = ("none", "once", "new_episodes", "all", "rewrite")
#: The schemes of cassette paths, by the plugin that has them.
LAYOUTS = ("auto", "pytest-recording", "pytest-vcr")
#: The plugins with the same marks and options: the distribution, the name of its entry point, its module.
OTHERS = (("pytest-recording", "recording", "pytest_recording"), ("pytest-vcr", "vcr", "pytest_vcr"))


@dataclass(frozen=True)
class Run:
    """What this run was told.

    ``mode``: the record mode where no test says otherwise, and ``reason``: why. ``is_told``: whether the command line
    names it, which then wins over the marks; ``is_chosen``: whether anything does. ``strict``: options of cassettes.
    """

    mode: str
    reason: str
    is_told: bool
    is_chosen: bool
    of_environment: str | None
    disabled: bool
    block_network: bool
    allowed_hosts: Sequence[str]
    layout: str
    cassette_dir: str
    strict: Mapping[str, Any]


RUN = pytest.StashKey[Run]()


# -- standing aside ----------------------------------------------------------------------------------------------------


def other_plugin(pluginmanager: pytest.PytestPluginManager) -> str | None:
    """The distribution of the plugin that has the same marks and options in this run."""
    for distribution, entry_point, module in OTHERS:
        if _is_loaded(pluginmanager, module) or _will_be_loaded(pluginmanager, distribution, entry_point, module):
            return distribution
    return None


def _is_loaded(pluginmanager: pytest.PytestPluginManager, module: str) -> bool:
    return any(getattr(plugin, "__name__", "").partition(".")[0] == module for plugin in pluginmanager.get_plugins())


def _will_be_loaded(
    pluginmanager: pytest.PytestPluginManager, distribution: str, entry_point: str, module: str
) -> bool:
    if pluginmanager.is_blocked(entry_point):
        return False
    if os.environ.get("PYTEST_DISABLE_PLUGIN_AUTOLOAD"):
        return module in os.environ.get("PYTEST_PLUGINS", "")
    from importlib.util import find_spec

    if find_spec(module) is None:
        return False
    from importlib.metadata import PackageNotFoundError, version

    try:
        version(distribution)
    except PackageNotFoundError:  # its module is on the path, and nothing tells pytest to load it
        return False
    return True


def are_added(config: pytest.Config) -> bool:
    """Whether the options of this plugin are those of the run."""
    return hasattr(config.option, "vcr_orphans")


# -- adding ------------------------------------------------------------------------------------------------------------


class _Told(argparse.Action):
    """Keeps a value, and that the command line has it."""

    def __call__(self, _: object, namespace: argparse.Namespace, values: object, __: str | None = None) -> None:
        setattr(namespace, self.dest, values)
        namespace.vcr_mode_is_told = True


def add(parser: pytest.Parser) -> None:
    """Add the options and the ini settings."""
    group = parser.getgroup("recording", "recording and replaying HTTP traffic (vcr)")
    group.addoption(
        *("--record-mode", "--vcr-record"),
        action=_Told,
        choices=MODES,
        default="none",
        dest="record_mode",
        help="The record mode of every cassette; wins over the marks. Default: none.",
    )
    group.addoption(
        *("--disable-recording", "--disable-vcr"),
        action="store_true",
        dest="disable_recording",
        help="Open no cassette: requests go to the network.",
    )
    group.addoption("--block-network", action="store_true", help="Block the network, except for cassettes that record.")
    group.addoption("--allowed-hosts", help="Hosts that --block-network allows: patterns with commas between.")
    group.addoption(
        "--vcr-orphans",
        nargs="?",
        type=_orphans,
        const="list",
        metavar="delete",
        help="List the cassettes that no test uses; =delete deletes them.",
    )
    group.addoption("--vcr-report", metavar="FILE", help="Write what happened to the cassettes to a JSON file.")
    for name, kind, text in _INI:
        parser.addini(name, text, type=kind, default=None)


_INI: tuple[tuple[str, Any, str], ...] = (
    ("vcr_record_mode", "string", "the record mode, where neither the command line nor a test names one"),
    ("vcr_layout", "string", "paths of cassettes: pytest-recording, pytest-vcr, or auto (as the cassettes that exist)"),
    ("vcr_cassette_dir", "string", "where cassettes are, relative to each test's directory (default: cassettes)"),
    ("vcr_block_network", "bool", "block the network, as --block-network"),
    ("vcr_allowed_hosts", "args", "hosts that --block-network allows"),
    ("vcr_on_unused", "string", "interactions that a test did not play: ignore, warn or error"),
    ("vcr_on_refused", "string", "a refusal whose error the program caught: raise or ignore"),
    ("vcr_on_unrecordable", "string", "what no cassette can hold (WebSocket, sockets): allow, warn or error"),
    ("vcr_ordered", "bool", "whether requests must come in the recorded order"),
    ("vcr_save", "string", "when a cassette is saved: always, passed or 2xx"),
)


def _orphans(value: str) -> str:
    if value not in ("list", "delete"):
        raise argparse.ArgumentTypeError(f"{value!r}: write --vcr-orphans=list, or =delete, before a path")
    return value


def is_controller(config: pytest.Config) -> bool:
    """Whether other processes run the tests (pytest-xdist)."""
    return not hasattr(config, "workerinput") and getattr(config.option, "dist", "no") != "no"


# -- judging -----------------------------------------------------------------------------------------------------------


def read(config: pytest.Config) -> Run:
    """What the command line, the environment and the ini settings say. Raises UsageError for a wrong value."""
    of_environment = _one_of("the variable VCR_RECORD_MODE", os.environ.get("VCR_RECORD_MODE") or None, (*MODES, "any"))
    mode, reason, is_chosen = _mode(config, of_environment)
    disabled = config.option.disable_recording
    _check_report(config.option.vcr_report)
    return Run(
        mode=mode,
        reason="--disable-recording" if disabled else reason,
        is_told=getattr(config.option, "vcr_mode_is_told", False),
        is_chosen=is_chosen,
        of_environment=of_environment,
        disabled=disabled,
        block_network=config.option.block_network or _switch(config, "vcr_block_network"),
        allowed_hosts=_allowed_hosts(config),
        layout=_ini(config, "vcr_layout", LAYOUTS) or "auto",
        cassette_dir=config.getini("vcr_cassette_dir") or "cassettes",
        strict=_strict(config),
    )


def _mode(config: pytest.Config, of_environment: str | None) -> tuple[str, str, bool]:
    """The record mode, why, and whether anything names it."""
    if getattr(config.option, "vcr_mode_is_told", False):
        return config.option.record_mode, "--record-mode", True
    if of_environment:
        return of_environment, "VCR_RECORD_MODE", True
    if named := _ini(config, "vcr_record_mode", MODES):
        return named, "vcr_record_mode", True
    if os.environ.get("CI", "").lower() not in ("", "0", "false"):
        return "none", "CI is set; --record-mode names another", True
    if _ini(config, "vcr_layout", LAYOUTS) == "pytest-vcr":
        return "once", "as pytest-vcr's", False
    return "none", "the default; --record-mode=once records what is missing", False


def _strict(config: pytest.Config) -> dict[str, object]:
    chosen = {
        "on_unused": _ini(config, "vcr_on_unused", ("ignore", "warn", "error")),
        "on_refused": _ini(config, "vcr_on_refused", ("raise", "ignore")) or "raise",
        "on_unrecordable": _ini(config, "vcr_on_unrecordable", ("allow", "warn", "error")),
        "save": _ini(config, "vcr_save", ("always", "passed", "2xx")),
        "ordered": _switch(config, "vcr_ordered"),
    }
    return {name: value for name, value in chosen.items() if value}


def _allowed_hosts(config: pytest.Config) -> Sequence[str]:
    """The hosts that a block leaves alone. Raises UsageError for one that is neither a host nor a pattern."""
    named: str | None = config.option.allowed_hosts
    source = "--allowed-hosts" if named else "the ini setting vcr_allowed_hosts"
    hosts = named.split(",") if named else list(config.getini("vcr_allowed_hosts") or ())
    if hosts:
        from .._hosts import rules

        try:
            rules(hosts)
        except ValueError as error:
            raise pytest.UsageError(f"{source}: {error}") from error
    return hosts


def _check_report(path: str | None) -> None:
    """Raise UsageError where no report can be written: before the tests run, not after them."""
    if path is None:
        return
    directory = os.path.dirname(os.path.abspath(path))
    if not os.path.isdir(directory):
        raise pytest.UsageError(f"--vcr-report={path}: there is no directory {directory}")
    if os.path.isdir(path):
        raise pytest.UsageError(f"--vcr-report={path}: this is a directory; name a file in it")


def _switch(config: pytest.Config, name: str) -> bool:
    try:
        return bool(config.getini(name))
    except (ValueError, pytest.UsageError) as error:  # (which of the two depends on the version of pytest)
        raise pytest.UsageError(f"the ini setting {name}: {error}. Valid: true, false.") from error


def _ini(config: pytest.Config, name: str, valid: Iterable[str]) -> str | None:
    return _one_of(f"the ini setting {name}", config.getini(name) or None, valid)


def _one_of(what: str, value: str | None, valid: Iterable[str]) -> str | None:
    if value is None or value in (known := tuple(valid)):
        return value
    from ..errors import choices

    raise pytest.UsageError(f"{what}: {value!r} is not a valid value. {choices(value, known)}")
