"""Notes about the tests of one run and their cassettes: plain data. It must not know how a cassette is opened."""

from __future__ import annotations

from typing import NamedTuple, TypedDict

import pytest


class Entry(TypedDict):
    """What happened to one cassette. ``path`` is absolute; ``cassette`` is for people. ``expected``: whether the test
    itself has caught what was refused. ``passed``: whether the test had passed when the cassette was closed.
    ``unplayed``: where in the file what was not played stands, from 1 on; None where that cannot be told. ``borrowed``:
    the paths of the cassettes that were replayed beside it.
    """

    test: str
    cassette: str
    path: str
    mode: str
    existed: bool
    sent: int
    played: int
    recorded: int
    saved: bool
    refused: list[str]
    expected: bool
    unused: list[str]
    passed: bool
    unplayed: list[int] | None
    borrowed: list[str]


class Blocked(TypedDict):
    """The hosts that a test was kept from."""

    test: str
    hosts: list[str]


class Use(NamedTuple):
    """The cassette that a test will use. ``path`` is None when a fixture of the project decides."""

    test: str
    path: str | None


USES = pytest.StashKey[list[Use]]()
#: Whether a phase of a test has failed, or was skipped.
DID_NOT_PASS = pytest.StashKey[bool]()
#: Whether only a part of the tests runs.
DESELECTED = pytest.StashKey[bool]()
