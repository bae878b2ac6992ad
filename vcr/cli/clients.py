"""The clients of the demo: a function for each, which makes a few requests and returns all that the client saw.

It must not know a cassette. No function reads a proxy, or any other setting, from the environment: a demo talks to this
machine only.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import http.client
import importlib
import os
import urllib.request
import xmlrpc.client
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, NamedTuple, TypeVar
from urllib.parse import urlsplit

from ..patch import supported

if TYPE_CHECKING:
    import curl_cffi
    import httpx

Answer = TypeVar("Answer")
#: All that a client saw, to be compared with what it sees in the replay.
Seen = object

TIMEOUT = 10  # seconds
BODY = b'{"name": "demo"}'
#: Method, path and body of what each client asks for.
REQUESTS = (("GET", "/json", None), ("POST", "/json", BODY), ("GET", "/gzip", None), ("GET", "/redirect", None))
STREAM = "/stream"


class Client(NamedTuple):
    """One row of the demo. ``client``: its name in ``vcr.clients()``."""

    name: str
    run: Callable[[str], Seen]
    client: str

    @property
    def version(self) -> str | None:
        """The version that is installed; None when there is none."""
        return supported()[self.client].version


def _http_client(url: str) -> Seen:
    def ask(method: str, path: str, body: bytes | None = None) -> Seen:
        connection.request(method, path, body)
        with connection.getresponse() as response:
            return response.version, response.status, response.getheaders(), list(iter(response.read1, b""))

    with contextlib.closing(http.client.HTTPConnection(urlsplit(url).netloc, timeout=TIMEOUT)) as connection:
        return [*(ask(*request) for request in REQUESTS), ask("HEAD", "/json"), ask("GET", STREAM)]


def _urllib_request(url: str) -> Seen:
    def ask(path: str, body: bytes | None = None) -> Seen:
        with opener.open(url + path, body, TIMEOUT) as response:
            return response.status, response.url, response.headers.items(), list(iter(response.read1, b""))

    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    return [*(ask(path, body) for _, path, body in REQUESTS), ask(STREAM)]


def _xmlrpc_client(url: str) -> Seen:
    with xmlrpc.client.ServerProxy(f"{url}/xmlrpc") as proxy:
        answers = [proxy.plain(1, "a"), proxy.packed(2, "b"), proxy.chunked(3, "c"), proxy.plain(4)]
        try:
            return answers, proxy.none()
        except xmlrpc.client.Fault as fault:
            return answers, fault.faultCode, fault.faultString


def _urllib3(url: str) -> Seen:
    import urllib3

    with urllib3.PoolManager(timeout=TIMEOUT) as pool:
        answers = [pool.request(method, url + path, body=body) for method, path, body in REQUESTS]
        stream = pool.request("GET", url + STREAM, preload_content=False)
        pieces = list(stream.stream())
        stream.release_conn()
        return [(answer.status, list(answer.headers.items()), answer.data) for answer in answers], pieces


def _requests(module: str, url: str) -> Seen:
    requests = importlib.import_module(module)
    with requests.Session() as session:
        session.trust_env = False
        answers = [session.request(method, url + path, data=body, timeout=TIMEOUT) for method, path, body in REQUESTS]
        with session.get(url + STREAM, stream=True, timeout=TIMEOUT) as stream:
            pieces = list(stream.iter_content(None))
        return [(one.status_code, one.url, list(one.headers.items()), one.text) for one in answers], pieces


def _httplib2(url: str) -> Seen:
    import httplib2

    with contextlib.closing(httplib2.Http(timeout=TIMEOUT, proxy_info=None)) as client:
        asked = [client.request(url + path, method, body=body) for method, path, body in REQUESTS]
        return [*asked, client.request(url + STREAM)]


def _boto3(url: str) -> Seen:
    import boto3
    import botocore.config
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
    config = botocore.config.Config(proxies={}, read_timeout=TIMEOUT, retries={"total_max_attempts": 1})
    with contextlib.closing(session.client("s3", endpoint_url=url, config=config)) as s3:
        where = {"Bucket": "bucket", "Key": "key"}
        whole = s3.get_object(**where)["Body"].read()
        pieces = list(s3.get_object(**where)["Body"].iter_chunks(4096))
        part = s3.get_object(**where, Range="bytes=0-9")["Body"].read()
        return whole, pieces, part, s3.put_object(**where, Body=BODY), s3.head_object(**where)


def _httpx(module: str, url: str) -> Seen:
    httpx = importlib.import_module(module)
    with httpx.Client(base_url=url, timeout=TIMEOUT, trust_env=False, follow_redirects=True) as client:
        answers = [client.request(method, path, content=body) for method, path, body in REQUESTS]
        with client.stream("GET", STREAM) as stream:
            return list(map(_seen_by_httpx, answers)), list(stream.iter_raw())


def _httpx_async(module: str, url: str) -> Seen:
    httpx = importlib.import_module(module)

    async def visit() -> Seen:
        async with httpx.AsyncClient(base_url=url, timeout=TIMEOUT, trust_env=False, follow_redirects=True) as client:
            answers = await _all_at_once(lambda method, path, body: client.request(method, path, content=body))
            async with client.stream("GET", STREAM) as stream:
                return list(map(_seen_by_httpx, answers)), [piece async for piece in stream.aiter_raw()]

    return asyncio.run(visit())


def _seen_by_httpx(response: httpx.Response) -> Seen:
    return response.http_version, response.status_code, response.headers.raw, response.content


def _all_at_once(ask: Callable[[str, str, bytes | None], Awaitable[Answer]]) -> Awaitable[list[Answer]]:
    """What the client gets for all of the requests, made side by side."""
    return asyncio.gather(*(ask(*request) for request in REQUESTS))


def _aiohttp(url: str) -> Seen:
    import aiohttp

    async def visit() -> Seen:
        async with aiohttp.ClientSession(url, timeout=aiohttp.ClientTimeout(total=TIMEOUT)) as session:

            async def ask(method: str, path: str, body: bytes | None = None) -> Seen:
                async with session.request(method, path, data=body) as answer:
                    pieces = [piece async for piece, _ in answer.content.iter_chunks() if piece]
                    return answer.version, answer.status, str(answer.url), answer.raw_headers, pieces

            return [*await _all_at_once(ask), await ask("GET", STREAM)]

    return asyncio.run(visit())


def _tornado(url: str) -> Seen:
    tornado = importlib.import_module("tornado.simple_httpclient")

    async def visit() -> Seen:
        async def ask(method: str, path: str, body: bytes | None = None) -> Seen:
            pieces: list[bytes] = []
            answer = await session.fetch(
                url + path,
                method=method,
                body=body,
                streaming_callback=pieces.append,
                request_timeout=TIMEOUT,
            )
            return answer.code, answer.effective_url, list(answer.headers.get_all()), b"".join(pieces)

        with contextlib.closing(tornado.SimpleAsyncHTTPClient(force_instance=True)) as session:
            return [*await _all_at_once(ask), await ask("GET", STREAM)]

    return asyncio.run(visit())


def _niquests_async(url: str) -> Seen:
    import niquests

    async def visit() -> Seen:
        async with niquests.AsyncSession(timeout=TIMEOUT) as session:
            session.trust_env = False
            answers = await _all_at_once(lambda method, path, body: session.request(method, url + path, data=body))
            async with await session.get(url + STREAM, stream=True) as stream:
                pieces = [piece async for piece in await stream.iter_content()]
            return [(one.status_code, one.url, list(one.headers.items()), one.text) for one in answers], pieces

    return asyncio.run(visit())


def _pycurl(url: str) -> Seen:
    pycurl = importlib.import_module("pycurl")

    def ask(method: str, path: str, body: bytes | None = None) -> Seen:
        head: list[bytes] = []
        pieces: list[bytes] = []
        curl.reset()
        for option, value in (
            (pycurl.URL, url + path),
            (pycurl.PROXY, ""),
            (pycurl.TIMEOUT, TIMEOUT),
            (pycurl.FOLLOWLOCATION, True),
            (pycurl.ACCEPT_ENCODING, ""),
            (pycurl.HEADERFUNCTION, head.append),
            (pycurl.WRITEFUNCTION, pieces.append),
            *([(pycurl.POSTFIELDS, body)] if method == "POST" else []),
        ):
            curl.setopt(option, value)
        curl.perform()
        infos = pycurl.RESPONSE_CODE, pycurl.EFFECTIVE_URL, pycurl.CONTENT_TYPE, pycurl.REDIRECT_COUNT
        return [curl.getinfo(info) for info in infos], head, b"".join(pieces)

    with contextlib.closing(pycurl.Curl()) as curl:
        return [*(ask(*request) for request in REQUESTS), ask("GET", STREAM)]


#: libcurl itself reads the environment, unless it is told that there is no proxy (CURLOPT_NOPROXY).
_CURL_CFFI = {"timeout": TIMEOUT, "trust_env": False, "curl_options": {10177: b"*"}}


def _curl_cffi(url: str) -> Seen:
    curl_cffi = importlib.import_module("curl_cffi")
    with curl_cffi.Session(**_CURL_CFFI) as session:
        answers = [session.request(method, url + path, data=body) for method, path, body in REQUESTS]
        with session.stream("GET", url + STREAM) as stream:
            body = b"".join(stream.iter_content())
        session.executor.shutdown()
        return list(map(_seen_by_curl_cffi, answers)), body


def _curl_cffi_async(url: str) -> Seen:
    curl_cffi = importlib.import_module("curl_cffi")

    async def visit() -> Seen:
        async with curl_cffi.AsyncSession(**_CURL_CFFI) as session:
            answers = await _all_at_once(lambda method, path, body: session.request(method, url + path, data=body))
            async with session.stream("GET", url + STREAM) as stream:
                body = b"".join([piece async for piece in stream.aiter_content()])
            return list(map(_seen_by_curl_cffi, answers)), body

    return asyncio.run(visit())


def _seen_by_curl_cffi(answer: curl_cffi.Response) -> Seen:
    return answer.http_version, answer.status_code, answer.url, list(answer.headers.multi_items()), answer.content


_partial = functools.partial
#: One that is not installed is shown as such.
CLIENTS = [
    Client("http.client", _http_client, "httplib"),
    Client("urllib.request", _urllib_request, "httplib"),
    Client("xmlrpc.client", _xmlrpc_client, "httplib"),
    Client("urllib3", _urllib3, "urllib3"),
    Client("requests", _partial(_requests, "requests"), "requests"),
    Client("boto3", _boto3, "boto3"),
    Client("httplib2", _httplib2, "httplib2"),
    Client("httpx", _partial(_httpx, "httpx"), "httpx"),
    Client("httpx, asynchronous", _partial(_httpx_async, "httpx"), "httpx"),
    Client("httpx2", _partial(_httpx, "httpx2"), "httpx2"),
    Client("httpx2, asynchronous", _partial(_httpx_async, "httpx2"), "httpx2"),
    Client("aiohttp", _aiohttp, "aiohttp"),
    Client("tornado", _tornado, "tornado"),
    Client("niquests", _partial(_requests, "niquests"), "niquests"),
    Client("niquests, asynchronous", _niquests_async, "niquests"),
    Client("pycurl", _pycurl, "pycurl"),
    Client("curl_cffi", _curl_cffi, "curl_cffi"),
    Client("curl_cffi, asynchronous", _curl_cffi_async, "curl_cffi"),
]
