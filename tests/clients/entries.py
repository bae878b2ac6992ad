"""The clients of the conformance suite, each behind the same face. A client is one class here; the rest is tests.

A class lists what it ``can`` do, so that a test which asks for more (``@having("cookies")``) is not collected for it:
keep-alive, redirects, cookies, basic, digest (authentication), proxies, proxy-auth, decodes (gzip, deflate), brotli,
streams, text (a str as request body).
"""

from __future__ import annotations

import importlib.util
import re
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import SplitResult, urlsplit, urlunsplit

import pytest

Fields = Mapping[str, Any] | None


@dataclass
class Result:
    """A response as a client shows it. ``version``: 10 or 11."""

    status: int
    reason: str
    version: int
    headers: list[tuple[str, str]]
    body: bytes

    def get_all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]


@dataclass
class Raised:
    """An error that a client raised: its class and what it says (without the addresses of objects)."""

    kind: type[Exception]
    text: str


def outcome(act: Callable[[], Any]) -> Any:
    """What ``act`` returns, or a Raised: a client's own errors have to be the same, whichever way it fails."""
    try:
        return act()
    except Exception as error:  # noqa: BLE001
        return Raised(type(error), re.sub(r"0x[0-9a-f]+", "0x", str(error)))


class Client:
    """One session of a client; ``with`` closes it.

    Options: ``ca_file`` to trust, ``proxy`` URL, ``auth`` as ``(user, password)``, ``digest`` instead of basic.
    """

    name: ClassVar[str]
    module: ClassVar[str]
    can: ClassVar[set[str]]
    #: The request headers that http.client adds on this client's behalf.
    automatic: ClassVar[set[str]]

    def __init__(
        self,
        *,
        ca_file: str | None = None,
        proxy: str | None = None,
        auth: tuple[str, str] | None = None,
        digest: bool = False,
        timeout: float = 20,
    ) -> None:
        self.ca_file, self.proxy, self.auth, self.digest, self.timeout = ca_file, proxy, auth, digest, timeout

    def fetch(self, method: str, url: str, headers: Fields = None, body: Any = None) -> Result:
        raise NotImplementedError

    def get(self, url: str, headers: Fields = None) -> Result:
        return self.fetch("GET", url, headers)

    def stream(self, url: str) -> AbstractContextManager[Iterator[bytes]]:
        """The body in pieces, none of which waits for the next to arrive; leaving closes the response."""
        raise NotImplementedError

    def close(self) -> None:
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class HttpClient(Client):
    name = "http.client"
    module = "http.client"
    can: ClassVar = {"keep-alive", "proxies", "streams", "text"}
    automatic: ClassVar = {"host", "accept-encoding"}

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
    can: ClassVar = {"redirects", "cookies", "basic", "digest", "proxies", "proxy-auth", "streams"}
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


class Urllib3(Client):
    name = "urllib3"
    module = "urllib3"
    can: ClassVar = {"keep-alive", "redirects", "proxies", "proxy-auth", "decodes", "brotli", "streams", "text"}
    automatic: ClassVar = {"host", "accept-encoding"}

    def __init__(self, **options: Any) -> None:
        import urllib3

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

    def fetch(self, method: str, url: str, headers: Fields = None, body: Any = None) -> Result:
        response = self._pools.request(method, url, headers=headers, body=body)
        return Result(response.status, response.reason, response.version, list(response.headers.items()), response.data)

    @contextmanager
    def stream(self, url: str) -> Iterator[Iterator[bytes]]:
        response = self._pools.request("GET", url, preload_content=False)
        try:
            yield response.stream(65536 if response.chunked else 1)
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


class Httplib2(Client):
    name = "httplib2"
    module = "httplib2"
    can: ClassVar = {"keep-alive", "redirects", "basic", "digest", "decodes", "text"}
    if importlib.util.find_spec("socks"):
        can |= {"proxies"}
    automatic: ClassVar = {"host"}

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


CLIENTS = (HttpClient, Urllib, Urllib3, Requests, RequestsSession, Httplib2)


def params(*capabilities: str) -> list[Any]:
    """The clients that have all these capabilities, as pytest parameters."""
    return [
        pytest.param(
            client,
            id=client.name,
            marks=pytest.mark.skipif(not _installed(client.module), reason=f"{client.module} is not installed"),
        )
        for client in CLIENTS
        if client.can.issuperset(capabilities)
    ]


def having(*capabilities: str) -> pytest.MarkDecorator:
    """Collect the test for the clients that have all these capabilities (without it: for every client)."""
    return pytest.mark.parametrize("client", params(*capabilities), indirect=True)


def _installed(module: str) -> bool:
    return importlib.util.find_spec(module.partition(".")[0]) is not None
