"""Room: the clients of the demo, each one function and one entry in CLIENTS. It knows no cassette.

A function is given the server's URL, makes a few requests, and returns all that it saw: that is compared. It must
read no proxy and no other setting from the environment: a demo talks to this machine only.
"""

from __future__ import annotations

import contextlib
import http.client
import importlib.metadata
import os
import platform
import urllib.request
import xmlrpc.client
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import urlsplit

TIMEOUT = 10
BODY = b'{"name": "demo"}'


class Client(NamedTuple):
    """One row of the demo. ``distribution``: what installs it; None for the standard library."""

    name: str
    run: Callable[[str], Any]
    distribution: str | None = None

    @property
    def version(self) -> str | None:
        """The version that is installed; None when there is none."""
        if self.distribution is None:
            return platform.python_version()
        try:
            return importlib.metadata.version(self.distribution)
        except importlib.metadata.PackageNotFoundError:
            return None


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


def _urllib3(url: str) -> Any:
    import urllib3

    with urllib3.PoolManager(timeout=TIMEOUT) as pool:
        answers = [
            pool.request("GET", f"{url}/json"),
            pool.request("POST", f"{url}/json", body=BODY),
            pool.request("GET", f"{url}/gzip"),
            pool.request("GET", f"{url}/redirect"),
        ]
        stream = pool.request("GET", f"{url}/stream", preload_content=False)
        pieces = list(stream.stream())
        stream.release_conn()
        return [(answer.status, list(answer.headers.items()), answer.data) for answer in answers], pieces


def _requests(url: str) -> Any:
    import requests

    with requests.Session() as session:
        session.trust_env = False
        answers = [
            session.get(f"{url}/json", timeout=TIMEOUT),
            session.post(f"{url}/json", data=BODY, timeout=TIMEOUT),
            session.get(f"{url}/gzip", timeout=TIMEOUT),
            session.get(f"{url}/redirect", timeout=TIMEOUT),
        ]
        with session.get(f"{url}/stream", stream=True, timeout=TIMEOUT) as stream:
            pieces = list(stream.iter_content(None))
        return [
            (answer.status_code, answer.url, list(answer.headers.items()), answer.text) for answer in answers
        ], pieces


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


def _boto3(url: str) -> Any:
    import boto3
    import botocore.config
    import botocore.exceptions
    import botocore.session

    # Nobody's own AWS settings: neither a profile nor files.
    nothing, no_file = (None, None, None, None), (None, None, os.devnull, None)
    bare = {"profile": nothing, "config_file": no_file, "credentials_file": no_file}
    session = boto3.session.Session(
        aws_access_key_id="demo",
        aws_secret_access_key="demo",
        region_name="us-east-1",
        botocore_session=botocore.session.Session(session_vars=bare),
    )
    config = botocore.config.Config(
        proxies={}, connect_timeout=TIMEOUT, read_timeout=TIMEOUT, retries={"total_max_attempts": 1}
    )
    with contextlib.closing(session.client("s3", endpoint_url=url, config=config)) as s3:
        where = {"Bucket": "bucket", "Key": "key"}
        put = s3.put_object(**where, Body=BODY * 1000)
        whole = s3.get_object(**where)["Body"].read()
        pieces = list(s3.get_object(**where)["Body"].iter_chunks(4096))
        head = s3.head_object(**where)
        try:
            missing: Any = s3.get_object(**{**where, "Key": "missing"})
        except botocore.exceptions.ClientError as error:
            missing = error.response
        return put, whole, pieces, head, missing


#: A client is one entry here. One that is not installed is shown as such.
CLIENTS: list[Client] = [
    Client("http.client", _http_client),
    Client("urllib.request", _urllib_request),
    Client("xmlrpc.client", _xmlrpc_client),
    Client("urllib3", _urllib3, "urllib3"),
    Client("requests", _requests, "requests"),
    Client("httplib2", _httplib2, "httplib2"),
    Client("boto3", _boto3, "boto3"),
]
