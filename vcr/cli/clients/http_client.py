"""Room: the demo of the standard library's clients. It knows no cassette."""

from __future__ import annotations

import contextlib
import http.client
import urllib.request
import xmlrpc.client
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from . import BODY, TIMEOUT, Client


def _http_client(url: str) -> Any:
    def ask(method: str, path: str, body: bytes | None = None) -> Any:
        connection.request(method, path, body)
        with connection.getresponse() as response:
            pieces = list(iter(response.read1, b""))
            return response.version, response.status, response.reason, response.getheaders(), pieces

    with contextlib.closing(http.client.HTTPConnection(urlsplit(url).netloc, timeout=TIMEOUT)) as connection:
        return [
            ask("GET", "/json"),
            ask("POST", "/json", BODY),
            ask("HEAD", "/json"),
            ask("GET", "/gzip"),
            ask("GET", "/redirect"),
            ask("GET", "/stream"),
        ]


def _urllib_request(url: str) -> Any:
    def ask(path: str, body: bytes | None = None) -> Any:
        with opener.open(url + path, body, TIMEOUT) as response:
            return response.status, response.url, response.headers.items(), list(iter(response.read1, b""))

    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    return [ask("/json"), ask("/json", BODY), ask("/gzip"), ask("/redirect"), ask("/stream")]


def _xmlrpc_client(url: str) -> Any:
    def failure(call: Callable[[], Any]) -> Any:
        try:
            return call()
        except xmlrpc.client.Fault as fault:
            return fault.faultCode, fault.faultString
        except xmlrpc.client.ProtocolError as error:
            return error.errcode, error.errmsg, error.headers.items()

    with (
        xmlrpc.client.ServerProxy(f"{url}/xmlrpc") as proxy,
        xmlrpc.client.ServerProxy(f"{url}/redirect") as moved,
    ):
        answers = [proxy.plain(1, "a"), proxy.packed(2, "b"), proxy.chunked(3, "c")]
        return answers, failure(proxy.none), failure(moved.any)


CLIENTS = (
    Client("http.client", _http_client, "httplib"),
    Client("urllib.request", _urllib_request, "httplib"),
    Client("xmlrpc.client", _xmlrpc_client, "httplib"),
)
