"""Requests that ask the server to speak another protocol than HTTP on the connection, such as WebSocket. No cassette
can hold what follows. This file must not know a client.
"""

from __future__ import annotations

import logging
from urllib.parse import urlsplit

from .._engine.cassette import Cassette
from .._http.uri import DEFAULT_PORTS, bare

log = logging.getLogger(__name__)

#: The default port of each scheme, those of WebSockets included.
_PORTS = {**DEFAULT_PORTS, "ws": 80, "wss": 443}


def let_upgrade(cassette: Cassette, uri: str, protocol: str | None) -> None:
    """Let such a request to ``uri`` pass without recording it. Raises UnsupportedProtocolError if the cassette refuses
    it (``on_unrecordable``).

    ``protocol``: what the ``Upgrade`` field of the request names; None if the request has no such field: it asks for a
    WebSocket.
    """
    parts = urlsplit(uri)
    name = "WebSocket" if (protocol or "websocket").lower() == "websocket" else f"an upgrade to {protocol}"
    cassette.let_pass(name, parts.hostname or "", parts.port or _PORTS.get(parts.scheme))
    log.info("%s is to become another protocol than HTTP: not recorded", cassette.shown(bare(uri)))
