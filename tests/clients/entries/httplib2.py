"""httplib2."""

from __future__ import annotations

import importlib.util
from typing import Any, ClassVar
from urllib.parse import urlsplit

from . import Client, Fields, Result


class Httplib2(Client):
    name = "httplib2"
    module = "httplib2"
    can: ClassVar = {"keep-alive", "redirects", "basic", "digest", "decodes", "text", "errors", "nonsense"}
    if importlib.util.find_spec("socks"):
        can |= {"proxies"}
    automatic: ClassVar = {"host", "content-length"}

    def __init__(self, **options: Any) -> None:
        import httplib2

        super().__init__(**options)
        peer = urlsplit(self.proxy) if self.proxy else None
        way = peer and httplib2.ProxyInfo(
            httplib2.socks.PROXY_TYPE_HTTP,
            peer.hostname,
            peer.port,
            proxy_user=peer.username,
            proxy_pass=peer.password,
        )
        self._http = httplib2.Http(ca_certs=self.ca_file, timeout=self.timeout, proxy_info=way)
        if self.auth:
            self._http.add_credentials(*self.auth)

    def fetch(self, method: str, url: str, headers: Fields = None, body: Any = None) -> Result:
        response, content = self._http.request(url, method, headers=headers, body=body)
        return Result(response.status, response.reason, response.version, list(response.items()), content)

    def close(self) -> None:
        self._http.close()


CLIENTS = (Httplib2,)
