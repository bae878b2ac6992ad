"""Room: the demo of httplib2. It knows no cassette."""

from __future__ import annotations

import contextlib
from typing import Any

from . import BODY, TIMEOUT, Client


def _httplib2(url: str) -> Any:
    import httplib2

    with contextlib.closing(httplib2.Http(timeout=TIMEOUT, proxy_info=None)) as client:
        return [
            client.request(f"{url}/json"),
            client.request(f"{url}/json", "POST", body=BODY),
            client.request(f"{url}/gzip"),
            client.request(f"{url}/redirect"),
            client.request(f"{url}/stream"),
        ]


CLIENTS = (Client("httplib2", _httplib2, "httplib2"),)
