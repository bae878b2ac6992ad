"""urllib3, and requests, which rides on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar
from urllib.parse import urlsplit

from . import Client, Fields, Result


class Urllib3(Client):
    name = "urllib3"
    module = "urllib3"
    can: ClassVar = {
        "keep-alive",
        "redirects",
        "proxies",
        "proxy-auth",
        "decodes",
        "brotli",
        "streams",
        "text",
        "errors",
        "nonsense",
    }
    automatic: ClassVar = {"host", "accept-encoding", "content-length", "user-agent"}

    def __init__(self, **options: Any) -> None:
        urllib3 = self._package()
        super().__init__(**options)
        kept = {
            "ca_certs": self.ca_file,
            "timeout": self.timeout,
            "retries": urllib3.Retry(connect=0, read=0, redirect=10),
        }
        if self.proxy:
            peer = urlsplit(self.proxy)
            fields = urllib3.make_headers(proxy_basic_auth=f"{peer.username}:{peer.password}") if peer.username else {}
            self._pools = urllib3.ProxyManager(
                f"{peer.scheme}://{peer.hostname}:{peer.port}", proxy_headers=fields, **kept
            )
        else:
            self._pools = urllib3.PoolManager(**kept)

    def _package(self) -> Any:
        import urllib3

        return urllib3

    def _piece_size(self, response: Any) -> int:
        return 65536 if response.chunked else 1

    def fetch(self, method: str, url: str, headers: Fields = None, body: Any = None) -> Result:
        response = self._pools.request(method, url, headers=headers, body=body)
        return Result(response.status, response.reason, response.version, list(response.headers.items()), response.data)

    @contextmanager
    def stream(self, url: str) -> Iterator[Iterator[bytes]]:
        response = self._pools.request("GET", url, preload_content=False)
        try:
            yield response.stream(self._piece_size(response))
        finally:
            response.close()

    def close(self) -> None:
        self._pools.clear()


class RequestsSession(Client):
    name = "requests.Session"
    module = "requests"
    can: ClassVar = Urllib3.can | {"cookies", "basic", "digest"}
    automatic: ClassVar = {"host"}

    def __init__(self, **options: Any) -> None:
        import requests

        super().__init__(**options)
        self._session = requests.Session()

    def fetch(self, method: str, url: str, headers: Fields = None, body: Any = None) -> Result:
        response = self._request(method, url, headers=headers, data=body)
        return Result(
            response.status_code,
            response.reason,
            response.raw.version,
            list(response.raw.headers.items()),
            response.content,
        )

    @contextmanager
    def stream(self, url: str) -> Iterator[Iterator[bytes]]:
        with self._request("GET", url, stream=True) as response:
            yield response.iter_content(None if response.raw.chunked else 1)

    def close(self) -> None:
        self._session.close()

    def _request(self, method: str, url: str, **options: Any) -> Any:
        from requests.auth import HTTPDigestAuth

        return self._call(
            method,
            url,
            verify=self.ca_file,
            proxies={"http": self.proxy, "https": self.proxy} if self.proxy else None,
            auth=HTTPDigestAuth(*self.auth) if self.auth and self.digest else self.auth,
            timeout=self.timeout,
            **options,
        )

    def _call(self, method: str, url: str, **options: Any) -> Any:
        return self._session.request(method, url, **options)


class Requests(RequestsSession):
    name = "requests"
    can: ClassVar = RequestsSession.can - {"keep-alive", "cookies"}

    def _call(self, method: str, url: str, **options: Any) -> Any:
        import requests

        return requests.request(method, url, **options)


CLIENTS = (Urllib3, Requests, RequestsSession)
