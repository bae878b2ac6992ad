"""Room: the name under which VCR.py's users import, and patch, its aiohttp response. Importing it needs aiohttp."""

from __future__ import annotations

from aiohttp import ClientResponse


class MockClientResponse(ClientResponse):
    """aiohttp's own response under VCR.py's name. None is ever made here: what is patched on it has no effect."""
