"""For the tests of ``vcr.betamax``: what is registered or configured for everybody is as it was after each of them."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from vcr.betamax import Betamax
from vcr.betamax.cassette import Cassette
from vcr.betamax.configure import Configuration
from vcr.betamax.matchers import matcher_registry
from vcr.betamax.serializers import serializer_registry


@pytest.fixture(autouse=True)
def configuration(monkeypatch):
    """Everybody's configuration: cassettes are in ``library``."""
    monkeypatch.setattr(Configuration, "CASSETTE_LIBRARY_DIR", "library")
    monkeypatch.setattr(Configuration, "recording_hooks", copy.deepcopy(Configuration.recording_hooks))
    monkeypatch.setattr(Cassette, "hooks", copy.deepcopy(Cassette.hooks))
    monkeypatch.setattr(Cassette, "default_cassette_options", copy.deepcopy(Cassette.default_cassette_options))
    registries = [(registry, dict(registry)) for registry in (matcher_registry, serializer_registry)]
    yield Betamax.configure()
    for registry, before in registries:
        registry.clear()
        registry.update(before)


@pytest.fixture
def session():
    with requests.Session() as made:
        yield made


@pytest.fixture
def counter(server) -> str:
    """Answers 1, 2, 3 …"""
    return f"{server.url}/counter"


@pytest.fixture
def saved() -> Callable[[str], list[dict[str, Any]]]:
    """The interactions in a cassette of the library."""

    def read(name: str) -> list[dict[str, Any]]:
        return json.loads(Path(f"library/{name}.json").read_text(encoding="utf-8"))["http_interactions"]

    return read


@pytest.fixture
def write() -> Callable[[str, list[dict[str, Any]]], None]:
    """Puts a cassette into the library, as Betamax writes it."""

    def put(name: str, interactions: list[dict[str, Any]]) -> None:
        Path("library").mkdir(exist_ok=True)
        data = {"http_interactions": interactions, "recorded_with": "betamax/0.9.0"}
        Path(f"library/{name}.json").write_text(json.dumps(data), encoding="utf-8")

    return put


@pytest.fixture
def interaction() -> Callable[..., dict[str, Any]]:
    """One, as it stands in a cassette."""

    def make(uri: str, text: str = "", method: str = "GET", sent: str = "", **headers: str) -> dict[str, Any]:
        return {
            "request": {
                "body": {"encoding": "utf-8", "string": sent},
                "headers": {name.replace("_", "-"): [value] for name, value in headers.items()},
                "method": method,
                "uri": uri,
            },
            "response": {
                "body": {"encoding": "utf-8", "string": text},
                "headers": {"Content-Type": ["text/plain; charset=utf-8"], "Content-Length": [str(len(text))]},
                "status": {"code": 200, "message": "OK"},
                "url": uri,
            },
            "recorded_at": "2013-09-28T01:25:38",
        }

    return make
