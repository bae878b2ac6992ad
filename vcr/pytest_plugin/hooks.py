"""The hooks that a project may implement in its ``conftest.py``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ..config import VCR


@pytest.hookspec
def pytest_recording_configure(config: pytest.Config, vcr: VCR) -> None:
    """Change the ``VCR`` of a test before its cassette is opened: register matchers, a serializer, a persister."""
