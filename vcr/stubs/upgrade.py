"""Requests that turn their connection into something else than HTTP, such as a WebSocket: no cassette can hold that.

It must not know a client.
"""

from __future__ import annotations

import logging
from urllib.parse import urlsplit

from .._engine.cassette import Cassette
from .._http.uri import DEFAULT_PORTS, bare

log = logging.getLogger(__name__)

#: The schemes of WebSockets, by their ports.
_PORTS = {**DEFAULT_PORTS, "ws": 80, "wss": 443}


def let_upgrade(cassette: Cassette, uri: str, protocol: str | None) -> None:
    """Such a request passes, and is not recorded, unless the cassette refuses it (UnsupportedProtocolError).

    ``protocol``: what its ``Upgrade`` field names; None where it has none, and is to become a WebSocket.
    """
    parts = urlsplit(uri)
    name = "WebSocket" if (protocol or "websocket").lower() == "websocket" else f"an upgrade to {protocol}"
    cassette.let_pass(name, parts.hostname or "", parts.port or _PORTS.get(parts.scheme))
    log.info("%s is to become another protocol than HTTP: not recorded", cassette.shown(bare(uri)))
