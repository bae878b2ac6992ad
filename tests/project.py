"""A project whose tests use a pytest plugin, and a server for it: each run of its tests is a process of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent

import pytest

from tests.server import Server

#: What the variables are called that say how the tests that are run here are to be run.
OUTSIDE = (
    "CI",
    "VCR_RECORD_MODE",
    "PYTEST_ADDOPTS",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
)


@dataclass
class Project:
    """``write`` a test file, ``run`` it: each run is a process of its own, in which a warning is an error.

    ``preamble``: stands at the top of each test file. ``arguments``: of each run.
    """

    pytester: pytest.Pytester
    server: Server
    preamble: str
    arguments: list[str] = field(default_factory=list)

    def write(self, source: str, name: str = "test_network") -> None:
        """Put a test file there; ``name`` may have directories."""
        file = self.path / f"{name}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(self.preamble) + dedent(source), "utf-8")

    def run(self, *arguments: str, **outcomes: int) -> str:
        """What is printed. ``outcomes``: how many have ``passed``, ``failed`` …; where none is given, any may have."""
        result = self.pytester.runpytest_subprocess("-Werror", *self.arguments, *arguments, timeout=120)
        output = "\n".join(result.outlines + result.errlines)
        if outcomes:
            result.assert_outcomes(**outcomes)
        return output

    @property
    def hits(self) -> int:
        """How many requests have reached the server since the last look."""
        count = self.server.hits
        self.server.requests.clear()
        return count

    def cassettes(self) -> list[str]:
        """Every cassette, relative to the project."""
        found = (file.relative_to(self.path) for file in self.path.rglob("*.*") if file.is_file())
        return sorted(file.as_posix() for file in found if "cassettes" in file.parts)

    @property
    def path(self) -> Path:
        """The project's directory."""
        return self.pytester.path


def settle_environment(monkeypatch: pytest.MonkeyPatch, server: Server) -> None:
    """Only what a test says counts in the processes that it starts; they find the server's address in ``SERVER``."""
    for name in OUTSIDE:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SERVER", server.url)
