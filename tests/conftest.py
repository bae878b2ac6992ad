"""Fixtures of the whole suite. A test leaves no file, thread, descriptor or patch behind: every test is checked."""

from __future__ import annotations

import gc
import http.client
import os
import threading
from pathlib import Path

import pytest

from vcr import active, patch

_ORIGINALS = {
    (owner, name): vars(owner)[name]
    for owner, name in (
        (http.client.HTTPConnection, "__init__"),
        (http.client.HTTPConnection, "putrequest"),
        (http.client.HTTPConnection, "connect"),
        (http.client.HTTPSConnection, "connect"),
    )
}


def _descriptors() -> set[str]:
    listing = Path("/proc/self/fd")
    if not listing.exists():
        return set()
    found = set()
    for entry in listing.iterdir():
        try:
            found.add(f"{entry.name} -> {os.readlink(entry)}")
        except FileNotFoundError:
            continue  # the listing's own descriptor
    return found


@pytest.fixture(autouse=True)
def nothing_left_behind(tmp_path, monkeypatch):
    """No patch, open cassette, thread, descriptor or file in the working directory survives a test."""
    monkeypatch.chdir(tmp_path)
    gc.collect()
    threads, descriptors = set(threading.enumerate()), _descriptors()
    yield
    assert active._in_process == (), "a cassette is still open"
    assert patch._open == 0, "install() without uninstall()"
    for (owner, name), original in _ORIGINALS.items():
        assert vars(owner)[name] is original, f"{owner.__name__}.{name} is still replaced"
    gc.collect()
    assert set(threading.enumerate()) <= threads, "a thread still runs"
    assert _descriptors() <= descriptors, "a descriptor is still open"


@pytest.fixture
def cassette_path(tmp_path) -> str:
    """Where a test's cassette goes."""
    return str(tmp_path / "cassette.yaml")
