"""Room: the name under which VCR.py's users import, and patch, its aiohttp response. Importing it needs aiohttp."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_ClientResponse: Any = import_module("aiohttp").ClientResponse


class MockClientResponse(_ClientResponse):  # type: ignore[misc]
    """aiohttp's own response under VCR.py's name. None is ever made here: what is patched on it has no effect."""
