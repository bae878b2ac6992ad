"""Headless Chromium, where there is one: on the path, or at ``VCR_CHROMIUM``."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

#: Nothing of these reaches the network.
SWITCHES = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
NAMES = ("chromium", "chromium-browser", "google-chrome")


@functools.cache
def find_browser() -> str:
    """The path of Chromium. Skips the test where there is none that starts."""
    found = os.environ.get("VCR_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip(f"there is no browser: none of {', '.join(NAMES)}, and VCR_CHROMIUM names none")
    # What has such a name may be a script that asks for another package.
    try:
        subprocess.run([found, "--version"], capture_output=True, check=True, timeout=60)
    except (OSError, subprocess.SubprocessError) as error:
        pytest.skip(f"the browser {found} does not start: {error}")
    return found


@contextmanager
def driven() -> Iterator[Any]:
    """Chromium, driven by Playwright. Skips the test where one of the two is missing."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = find_browser()
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=path, args=SWITCHES)
        yield browser
        browser.close()


def dumped(url: str, profile: object, *switches: str) -> str:
    """The page at ``url``, as Chromium has made it when it is loaded. ``profile``: a directory of the test's own."""
    done = subprocess.run(
        [find_browser(), "--headless", *SWITCHES, f"--user-data-dir={profile}", *switches, "--dump-dom", url],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
