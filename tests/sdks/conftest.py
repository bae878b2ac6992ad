"""SDKs that ride on the supported clients, unmodified, against an imitation of their server on loopback.

They run where the SDKs are installed, in the tox environment ``sdks``.
"""

from __future__ import annotations

import asyncio
import inspect
import os
from collections.abc import Callable
from typing import Any

import pytest

import vcr

#: What the SDKs and their clients look for in the environment.
SETTINGS = ("ANTHROPIC_", "AWS_", "BOTO", "ELASTIC_", "GEMINI_", "GITHUB_", "GOOGLE_", "OPENAI_", "STRIPE_")
CERTIFICATES = ("CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE")


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch, tmp_path):
    """Keys, endpoints, proxies, and what is in the home directory: none of it is this machine's."""
    for name in list(os.environ):
        if name.upper().startswith((*SETTINGS, *CERTIFICATES)) or name.upper().endswith("_PROXY"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def _outcome(act: Callable[[str], Any], url: str) -> Any:
    """What ``act(url)`` returns, whether it is a coroutine function or not."""
    result = act(url)
    return asyncio.run(result) if inspect.iscoroutine(result) else result


@pytest.fixture
def twice(server, cassette_path):
    """``twice(act, **options of the cassette)``: the outcome of ``act(url)``, recorded.

    With the server gone it has to be the same again, and use up the cassette.
    """

    def twice(act: Callable[[str], Any], **options: Any) -> Any:
        with vcr.use_cassette(cassette_path, **options):
            recorded = _outcome(act, server.url)
        server.close()
        hits = server.hits
        with vcr.use_cassette(cassette_path, record_mode="none", **options) as cassette:
            replayed = _outcome(act, server.url)
        assert replayed == recorded
        assert cassette.all_played
        assert server.hits == hits == len(cassette)
        return recorded

    return twice


@pytest.fixture
def missed(server, cassette_path):
    """``missed(act, error)``: with nothing recorded and recording forbidden, the ``error`` that ``act(url)`` raises,
    and the paths of the requests that were refused."""

    def missed(act: Callable[[str], Any], error: type[Exception]) -> tuple[Exception, list[str]]:
        with vcr.use_cassette(cassette_path, record_mode="none") as cassette, pytest.raises(error) as caught:
            _outcome(act, server.url)
        assert server.connections == 0
        return caught.value, [request.path for request in cassette.refused]

    return missed
