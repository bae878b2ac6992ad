"""A project that uses the plugin, and a server for it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.project import Project, settle_environment

PREAMBLE = """
    import os
    import urllib.request
    import pytest

    URL = os.environ["SERVER"]

    def fetch(path="/counter"):
        with urllib.request.urlopen(URL + path) as response:
            return response.read().decode()
"""


@pytest.fixture
def project(pytester, server, monkeypatch, counted):
    """An empty project whose tests find the server's address in the environment."""
    settle_environment(monkeypatch, server)
    root = str(Path(__file__).parents[2])
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([root, os.environ.get("PYTHONPATH", "")]))
    # The plugins of this environment are left out: what is tested with one of them loads it. (Loading ours twice is no
    # error: its entry point has the name of its module.)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    return Project(pytester, server, PREAMBLE, ["-p", "vcr.pytest_plugin", "-p", "no:cacheprovider"])
