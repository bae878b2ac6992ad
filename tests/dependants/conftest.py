"""A project that uses a plugin, and a server for it: for the tests of plugins that are built on VCR.py.

They run where the plugin is installed, in the tox environment of its name.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import pytest

import vcr
from tests.server import Server

PREAMBLE = """
    import os
    import pytest
    import requests

    URL = os.environ["SERVER"]

    def fetch(path="/counter", **kwargs):
        return requests.get(URL + path, **kwargs).text
"""


@dataclass
class Project:
    """``write`` a test file, ``run`` it: each run is a process of its own, in which a warning is an error."""

    pytester: pytest.Pytester
    server: Server

    def write(self, source: str, name: str = "test_network") -> None:
        self.pytester.makepyfile(**{name: dedent(PREAMBLE) + dedent(source)})

    def run(self, *arguments: str, **outcomes: int) -> str:
        """What is printed. ``outcomes``: how many have ``passed``, ``failed`` …"""
        result = self.pytester.runpytest_subprocess("-Werror", *arguments, timeout=60)
        result.assert_outcomes(**outcomes)
        return "\n".join(result.outlines)

    @property
    def hits(self) -> int:
        """How many requests have reached the server since the last look."""
        count = self.server.hits
        self.server.requests.clear()
        return count

    def cassettes(self) -> list[str]:
        """Every cassette, relative to the project."""
        found = (file.relative_to(self.path).as_posix() for file in (self.path / "cassettes").rglob("*"))
        return sorted(name for name in found if (self.path / name).is_file())

    @property
    def path(self) -> Path:
        return self.pytester.path


@pytest.fixture
def project(pytester, server, monkeypatch):
    """An empty project whose tests find the server's address in the environment."""
    assert vcr.__version__.startswith("10."), "the plugin has brought VCR.py along"
    monkeypatch.setenv("SERVER", server.url)
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return Project(pytester, server)
