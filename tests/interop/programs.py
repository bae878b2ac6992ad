"""Run by VCR.py's interpreter and by ours: ``python programs.py record|replay URL DIRECTORY [MATCHER ...]``.

Each program makes requests through one client, with a cassette of its own in the directory. Printed is, as JSON, what
became of each: ``{name: error or null}``. It needs nothing of this project.
"""

import asyncio
import http.client
import importlib.util
import io
import json
import sys
import urllib.parse
import urllib.request
from pathlib import Path

import vcr

FORM = {"a": "1", "b": "é"}
FORM_BYTES = urllib.parse.urlencode(FORM).encode()
JSON_BYTES = b'{"a": 1, "b": [2, null]}'
OWN = {"X-Own": "1", "Accept": "text/plain", "User-Agent": "own/1"}
FORM_TYPE = {"Content-Type": "application/x-www-form-urlencoded"}
JSON_TYPE = {"Content-Type": "application/json"}
PROGRAMS = {}


def program(needs=None):
    """Make the function one of the programs, where the module that it needs is installed."""

    def add(function):
        if needs is None or importlib.util.find_spec(needs) is not None:
            PROGRAMS[function.__name__] = function
        return function

    return add


def pieces():
    yield b"one"
    yield b"two"


# -- the standard library ---------------------------------------------------------------------------------------------


def _http_client(base, *arguments, **options):
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(base).netloc)
    connection.request(*arguments, **options)
    connection.getresponse().read()
    connection.close()


@program()
def http_client(base):
    _http_client(base, "GET", "/text")
    _http_client(base, "GET", "/text", headers=OWN)
    _http_client(base, "HEAD", "/text")
    _http_client(base, "DELETE", "/echo")
    _http_client(base, "POST", "/echo", FORM_BYTES, FORM_TYPE)
    _http_client(base, "POST", "/echo", JSON_BYTES, JSON_TYPE)
    _http_client(base, "POST", "/echo", "text")
    _http_client(base, "POST", "/echo")
    _http_client(base, "PUT", "/echo", JSON_BYTES, {"Content-Length": str(len(JSON_BYTES)), "Host": "own.test"})
    _http_client(base, "GET", "/text", headers={"Accept-Encoding": "gzip"})


@program()
def http_client_with_odd_values(base):
    _http_client(base, "POST", "/echo", b"")
    _http_client(base, "GET", "/text", headers={"X-Bytes": b"1", "X-Number": 2})


@program()
def http_client_with_a_body_of_pieces(base):
    _http_client(base, "POST", "/echo", pieces())
    _http_client(base, "POST", "/echo", io.BytesIO(b"content"))
    _http_client(base, "POST", "/echo", io.BytesIO(b"content"), {"Content-Length": "7"})


@program()
def http_client_by_hand(base):
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(base).netloc)
    connection.putrequest("POST", "/echo")
    connection.putheader("X-Tag", "1")
    connection.putheader("Content-Length", "4")
    connection.putheader("X-Other", "2")
    connection.endheaders(b"body")
    connection.getresponse().read()
    connection.putrequest("GET", "/text", skip_host=True, skip_accept_encoding=True)
    connection.putheader("Host", "own.test")
    connection.endheaders()
    connection.getresponse().read()
    connection.close()


@program()
def http_client_with_a_header_twice(base):
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(base).netloc)
    connection.putrequest("GET", "/text")
    connection.putheader("X-Tag", "1")
    connection.putheader("x-tag", "2")
    connection.putheader("X-Several", "1", "2")
    connection.endheaders()
    connection.getresponse().read()
    connection.close()


def _urllib(url, data=None, headers=(), method=None, opener=urllib.request.urlopen):
    with opener(urllib.request.Request(url, data, dict(headers), method=method)) as response:
        response.read()


@program()
def urllib_request(base):
    _urllib(base + "/text")
    _urllib(base + "/text", headers=OWN)
    _urllib(base + "/text", method="HEAD")
    _urllib(base + "/echo", FORM_BYTES)
    _urllib(base + "/echo", JSON_BYTES, JSON_TYPE)
    _urllib(base + "/echo", JSON_BYTES, JSON_TYPE, "PUT")
    _urllib(base + "/redirect/2")


@program()
def urllib_request_with_a_body_of_pieces(base):
    _urllib(base + "/echo", io.BytesIO(b"content"), {"Content-Type": "text/plain", "Content-Length": "7"})


@program()
def urllib_request_with_cookies_and_a_password(base):
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor()).open
    _urllib(base + "/cookies/set?a=1", opener=opener)
    _urllib(base + "/text", opener=opener)
    passwords = urllib.request.HTTPPasswordMgrWithPriorAuth()
    passwords.add_password(None, base, "user", "secret", is_authenticated=True)
    _urllib(base + "/text", opener=urllib.request.build_opener(urllib.request.HTTPBasicAuthHandler(passwords)).open)


# -- on http.client ---------------------------------------------------------------------------------------------------


@program("urllib3")
def urllib3(base):
    import urllib3

    pool = urllib3.PoolManager()
    pool.request("GET", base + "/text")
    pool.request("GET", base + "/text", headers=OWN)
    pool.request("HEAD", base + "/text")
    pool.request("DELETE", base + "/echo")
    pool.request("GET", base + "/text", fields=FORM)
    pool.request("POST", base + "/echo", fields=FORM, encode_multipart=False)
    pool.request("POST", base + "/echo", body=JSON_BYTES, headers=JSON_TYPE)
    pool.request("POST", base + "/echo")
    pool.request("PUT", base + "/echo", body=b"bytes")
    pool.request("PUT", base + "/echo", body="text")
    pool.request("POST", base + "/echo", body=pieces())
    pool.request("POST", base + "/echo", body=io.BytesIO(b"content"))
    pool.request("POST", base + "/echo", body=io.BytesIO(b"content"), headers={"Content-Length": "7"})
    pool.request("POST", base + "/echo", body=b"bytes", chunked=True)
    pool.request("GET", base + "/redirect/2")
    pool.request("GET", base + "/text", headers=urllib3.make_headers(basic_auth="user:secret", accept_encoding=True))
    pool.clear()


@program("urllib3")
def urllib3_with_a_header_twice(base):
    import urllib3

    pool = urllib3.PoolManager()
    twice = urllib3.HTTPHeaderDict({"X-Tag": "1"})
    twice.add("x-tag", "2")
    pool.request("GET", base + "/text", headers=twice)
    pool.clear()


@program("urllib3")
def urllib3_without_its_headers(base):
    import urllib3

    pool = urllib3.PoolManager()
    skipped = {"User-Agent": urllib3.util.SKIP_HEADER, "Accept-Encoding": urllib3.util.SKIP_HEADER}
    pool.request("GET", base + "/text", headers=skipped)
    pool.clear()


@program("requests")
def requests(base):
    import requests

    with requests.Session() as session:
        session.get(base + "/text")
        session.get(base + "/text", headers=OWN)
        session.head(base + "/text")
        session.delete(base + "/echo")
        session.get(base + "/text", auth=("user", "secret"))
        session.get(base + "/text", params=FORM)
        session.post(base + "/echo", data=FORM)
        session.post(base + "/echo", json=FORM)
        session.post(base + "/echo", data=b"bytes")
        session.post(base + "/echo")
        session.put(base + "/echo", data=JSON_BYTES, headers=JSON_TYPE)
        session.post(base + "/echo", data=pieces())
        session.post(base + "/echo", data=io.BytesIO(b"content"))
        session.get(base + "/redirect/2")
        session.get(base + "/cookies/set?a=1")
        session.get(base + "/text")
        session.headers.update({"User-Agent": None, "X-Own": "1"})
        session.get(base + "/text")


@program("httplib2")
def httplib2(base):
    import httplib2

    client = httplib2.Http()
    client.request(base + "/text")
    client.request(base + "/text", headers=OWN)
    client.request(base + "/text", "HEAD")
    client.request(base + "/echo", "DELETE")
    client.request(base + "/echo", "POST", FORM_BYTES, FORM_TYPE)
    client.request(base + "/echo", "PUT", JSON_BYTES, JSON_TYPE)
    client.request(base + "/redirect/2")
    client.close()


@program("boto3")
def boto3(base):
    import boto3
    import botocore.config

    keys = {"aws_access_key_id": "key", "aws_secret_access_key": "secret", "region_name": "us-east-1"}
    config = botocore.config.Config(s3={"addressing_style": "path"}, retries={"max_attempts": 0})
    client = boto3.client("s3", endpoint_url=base, config=config, **keys)
    client.get_object(Bucket="bucket", Key="key")["Body"].read()
    client.put_object(Bucket="bucket", Key="key", Body=b"content")
    client.put_object(Bucket="bucket", Key="key", Body=io.BytesIO(b"content"), ContentType="text/plain")
    client.head_object(Bucket="bucket", Key="key")
    client.delete_object(Bucket="bucket", Key="key")
    client.close()


# -- the others -------------------------------------------------------------------------------------------------------


def _httpx(httpx, base):
    with httpx.Client(follow_redirects=True) as client:
        client.get(base + "/text")
        client.get(base + "/text", headers=OWN)
        client.head(base + "/text")
        client.delete(base + "/echo")
        client.get(base + "/text", auth=("user", "secret"))
        client.get(base + "/text", params=FORM)
        client.post(base + "/echo", data=FORM)
        client.post(base + "/echo", json=FORM)
        client.post(base + "/echo", content=b"bytes")
        client.post(base + "/echo")
        client.put(base + "/echo", content=JSON_BYTES, headers=JSON_TYPE)
        client.post(base + "/echo", content=io.BytesIO(b"content"))
        client.get(base + "/redirect/2")
        client.get(base + "/cookies/set?a=1")
        client.get(base + "/text")


async def _httpx_async(httpx, base):
    async with httpx.AsyncClient(follow_redirects=True) as client:
        await client.get(base + "/text")
        await client.get(base + "/text", headers=OWN)
        await client.post(base + "/echo", data=FORM)
        await client.post(base + "/echo", json=FORM)
        await client.get(base + "/redirect/2")


@program("httpx")
def httpx(base):
    import httpx

    _httpx(httpx, base)


@program("httpx")
def httpx_with_a_body_of_pieces(base):
    import httpx

    with httpx.Client() as client:
        client.post(base + "/echo", content=pieces())


@program("httpx")
def httpx_with_a_header_twice(base):
    import httpx

    with httpx.Client() as client:
        client.get(base + "/text", headers=[("X-Tag", "1"), ("x-tag", "2")])


@program("httpx")
def httpx_async(base):
    import httpx

    asyncio.run(_httpx_async(httpx, base))


@program("httpx2")
def httpx2(base):
    import httpx2

    _httpx(httpx2, base)


@program("httpx2")
def httpx2_async(base):
    import httpx2

    asyncio.run(_httpx_async(httpx2, base))


@program("aiohttp")
def aiohttp(base):
    import aiohttp

    async def go():
        async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:

            async def ask(method, path, **options):
                async with session.request(method, base + path, **options) as response:
                    await response.read()

            await ask("GET", "/text")
            await ask("GET", "/text", headers=OWN)
            await ask("HEAD", "/text")
            await ask("DELETE", "/echo")
            await ask("GET", "/text", auth=aiohttp.BasicAuth("user", "secret"))
            await ask("GET", "/text", params=FORM)
            await ask("POST", "/echo", data=FORM)
            await ask("POST", "/echo", json=FORM)
            await ask("POST", "/echo", data=b"bytes")
            await ask("POST", "/echo", data="text")
            await ask("POST", "/echo")
            await ask("PUT", "/echo", data=JSON_BYTES, headers=JSON_TYPE)
            await ask("GET", "/cookies/set?a=1")
            await ask("GET", "/text")
            await ask("GET", "/text", skip_auto_headers=["User-Agent"])
        async with aiohttp.ClientSession(headers={"X-Session": "1"}, auth=aiohttp.BasicAuth("u", "p")) as session:
            await ask("GET", "/text")

    asyncio.run(go())


@program("aiohttp")
def aiohttp_redirected(base):
    import aiohttp

    async def go():
        async with aiohttp.ClientSession() as session, session.get(base + "/redirect/2") as response:
            await response.read()

    asyncio.run(go())


def _tornado(base, kind, *more):
    from tornado.httpclient import AsyncHTTPClient, HTTPRequest

    async def go():
        AsyncHTTPClient.configure(kind)
        client = AsyncHTTPClient()
        for path, options in [
            ("/text", {}),
            ("/text", {"headers": OWN}),
            ("/text", {"method": "HEAD"}),
            ("/text", {"auth_username": "user", "auth_password": "secret"}),
            ("/text", {"user_agent": "own/2"}),
            ("/text", {"decompress_response": False}),
            ("/echo", {"method": "DELETE"}),
            ("/echo", {"method": "POST", "body": FORM_BYTES, "headers": FORM_TYPE}),
            ("/echo", {"method": "POST", "body": FORM_BYTES}),
            ("/echo", {"method": "PUT", "body": JSON_BYTES, "headers": JSON_TYPE}),
            *more,
        ]:
            await client.fetch(HTTPRequest(base + path, **options))
        client.close()

    asyncio.run(go())


@program("tornado")
def tornado_simple(base):
    _tornado(base, "tornado.simple_httpclient.SimpleAsyncHTTPClient")


@program("pycurl")
def tornado_curl(base):
    _tornado(base, "tornado.curl_httpclient.CurlAsyncHTTPClient")


@program("tornado")
def tornado_with_an_empty_body(base):
    empty = ("/echo", {"method": "POST", "body": ""})
    _tornado(base, "tornado.simple_httpclient.SimpleAsyncHTTPClient", empty)


def outcome(name, base, cassette, options):
    """What goes wrong with a program, or None."""
    try:
        with vcr.use_cassette(cassette, **options) as opened:
            PROGRAMS[name](base)
        if options["record_mode"] == "none" and not opened.all_played:
            return "not all is played"
    except Exception as error:  # noqa: BLE001  (whatever it is, it is compared)
        return f"{type(error).__name__}: {error}"
    return None


def main(mode, base, directory, *matchers):
    options = {"record_mode": "once" if mode == "record" else "none"}
    if matchers:
        options["match_on"] = matchers
    names = [name for name in PROGRAMS if mode == "record" or Path(directory, f"{name}.yaml").exists()]
    print(json.dumps({name: outcome(name, base, str(Path(directory, f"{name}.yaml")), options) for name in names}))


if __name__ == "__main__":
    main(*sys.argv[1:])
