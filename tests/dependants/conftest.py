"""A project that uses a plugin, and a server for it: for the tests of plugins that are built on VCR.py.

They run where the plugin is installed, in the tox environment of its name.
"""

from __future__ import annotations

import pytest

import vcr
from tests.project import Project, settle_environment

PREAMBLE = """
    import os
    import pytest
    import requests

    URL = os.environ["SERVER"]

    def fetch(path="/counter", **kwargs):
        return requests.get(URL + path, **kwargs).text
"""


@pytest.fixture
def project(pytester, server, monkeypatch):
    """An empty project whose tests find the server's address in the environment."""
    assert vcr.__version__.startswith("10."), "the plugin has brought VCR.py along"
    settle_environment(monkeypatch, server)
    return Project(pytester, server, PREAMBLE)
