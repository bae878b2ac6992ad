"""The standard library's clients."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar
from urllib.parse import SplitResult, urlsplit, urlunsplit

from . import Client, Fields, Result


class HttpClient(Client):
    name = "http.client"
    module = "http.client"
    can: ClassVar = {"keep-alive", "proxies", "streams", "text", "errors", "nonsense"}
    automatic: ClassVar = {"host", "accept-encoding", "content-length"}

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._connections: dict[tuple[str, str], Any] = {}

    def fetch(self, method: str, url: str, headers: Fields = None, body: Any = None) -> Result:
        with self._send(method, url, headers, body) as response:
            return Result(response.status, response.reason, response.version, response.getheaders(), response.read())

    @contextmanager
    def stream(self, url: str) -> Iterator[Iterator[bytes]]:
        with self._send("GET", url) as response:
            yield iter(lambda: response.read1(65536), b"")

    def close(self) -> None:
        for connection in self._connections.values():
            connection.close()

    def _send(self, method: str, url: str, headers: Fields = None, body: Any = None) -> Any:
        parts = urlsplit(url)
        server = parts.scheme, parts.netloc
        if server not in self._connections:
            self._connections[server] = self._connection(parts)
        forwarded = self.proxy and parts.scheme == "http"
        target = url if forwarded else urlunsplit(("", "", parts.path or "/", parts.query, ""))
        self._connections[server].request(method, target, body, dict(headers or {}))
        return self._connections[server].getresponse()

    def _connection(self, parts: SplitResult) -> Any:
        from http.client import HTTPConnection, HTTPSConnection

        peer = urlsplit(self.proxy) if self.proxy else parts
        if parts.scheme == "http":
            return HTTPConnection(peer.hostname, peer.port, timeout=self.timeout)
        context = ssl.create_default_context(cafile=self.ca_file)
        connection = HTTPSConnection(peer.hostname, peer.port, timeout=self.timeout, context=context)
        if self.proxy:
            connection.set_tunnel(parts.hostname, parts.port)
        return connection


class Urllib(Client):
    name = "urllib.request"
    module = "urllib.request"
    can: ClassVar = {
        "redirects",
        "cookies",
        "basic",
        "digest",
        "proxies",
        "proxy-auth",
        "streams",
        "errors",
        "nonsense",
    }
    automatic: ClassVar = {"accept-encoding"}

    def __init__(self, **options: Any) -> None:
        from urllib import request

        super().__init__(**options)
        passwords = request.HTTPPasswordMgr()
        passwords.find_user_password = lambda realm, uri: self.auth or (None, None)
        authentication = request.HTTPDigestAuthHandler if self.digest else request.HTTPBasicAuthHandler
        self._opener = request.build_opener(
            *([request.HTTPSHandler(context=ssl.create_default_context(cafile=self.ca_file))] if self.ca_file else []),
            request.ProxyHandler({"http": self.proxy, "https": self.proxy} if self.proxy else {}),
            request.HTTPCookieProcessor(),
            authentication(passwords),
        )

    def fetch(self, method: str, url: str, headers: Fields = None, body: Any = None) -> Result:
        from urllib.error import HTTPError

        try:
            response = self._open(method, url, headers, body)
        except HTTPError as error:
            response = error
        with response:
            fields = response.headers.items()
            return Result(response.status, response.reason, response.version, fields, response.read())

    @contextmanager
    def stream(self, url: str) -> Iterator[Iterator[bytes]]:
        with self._open("GET", url, None, None) as response:
            yield iter(lambda: response.read1(65536), b"")

    def _open(self, method: str, url: str, headers: Fields, body: Any) -> Any:
        from urllib.request import Request

        return self._opener.open(Request(url, body, dict(headers or {}), method=method), timeout=self.timeout)


CLIENTS = (HttpClient, Urllib)
