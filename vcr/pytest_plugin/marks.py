"""What the marks of a test say about its cassette and about the network, and what is wrong with them.

It must not open a cassette.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import pytest

ACCEPTED = "It accepts only the following keyword arguments: `allowed_hosts`."


class Plan(NamedTuple):
    """``cassettes``: what is replayed beside the test's own cassette. ``options``: of ``use_cassette``."""

    cassettes: Sequence[str]
    options: dict[str, object]


def plan_of(node: pytest.Item | pytest.Collector) -> Plan | None:
    """What all marks ``vcr`` say together: the options of a narrower one win. None where there is none."""
    marks = list(node.iter_markers("vcr"))  # the closest first
    if not marks:
        return None
    cassettes = dict.fromkeys(os.fspath(path) for mark in marks for path in mark.args)
    options: dict[str, object] = {}
    for mark in reversed(marks):
        options.update(mark.kwargs)
    return Plan(list(cassettes), options)


def named(node: pytest.Item) -> str | None:
    """What the mark ``default_cassette`` names; None where there is none."""
    mark = node.get_closest_marker("default_cassette")
    return None if mark is None else str(mark.args[0])


def hosts_of(node: pytest.Item) -> object:
    """The allowed hosts that the marks name; None where they name none."""
    mark = node.get_closest_marker("block_network")
    if mark is not None and mark.kwargs.get("allowed_hosts") is not None:
        return mark.kwargs["allowed_hosts"]
    mark = node.get_closest_marker("allowed_hosts")
    if mark is None:
        return None
    return mark.args[0] if len(mark.args) == 1 else list(mark.args)


def problems(node: pytest.Item) -> Iterator[str]:
    """What is wrong with the marks of a test, one sentence each."""
    for mark in node.iter_markers():
        if mark.name == "vcr":
            yield from _problems_of_vcr(mark)
        elif mark.name == "default_cassette":
            if len(mark.args) != 1 or mark.kwargs or not isinstance(mark.args[0], (str, os.PathLike)):
                yield "Invalid arguments to `default_cassette`. It takes one name."
        elif mark.name == "block_network" and (mark.args or mark.kwargs.keys() - {"allowed_hosts"}):
            yield f"Invalid arguments to `block_network`. {ACCEPTED}"
    if any(node.iter_markers("block_network")):
        yield from _problems_of_hosts(hosts_of(node))


def _problems_of_vcr(mark: pytest.Mark) -> Iterator[str]:
    from .._options import checked, unknown_option

    for path in mark.args:
        if not isinstance(path, (str, os.PathLike)):
            yield f"Invalid arguments to `vcr`. Expected paths of cassettes, got {path!r}."
    for name, value in mark.kwargs.items():
        if message := unknown_option(name):
            yield f"Invalid arguments to `vcr`. {message}"
            continue
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # said when the cassette is opened
                checked({name: value})
        except (TypeError, ValueError) as error:
            yield f"Invalid arguments to `vcr`. {error}"


def _problems_of_hosts(hosts: Any) -> Iterator[str]:
    from .._hosts import rules

    try:
        rules(hosts)
    except (TypeError, ValueError) as error:
        yield f"Invalid allowed hosts. {error}"
