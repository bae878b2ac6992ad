"""Plants one secret in each spelling and place, records it with a client, and searches what has been written."""

from __future__ import annotations

import asyncio
import base64
import gzip
import http.client
import json
import logging
import os
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode, urlsplit

import aiohttp
import httpx
import requests
import yaml

import vcr
from tests.secrets.search import decodings, spellings
from tests.server import Server
from tests.test_fields import BODIES
from tests.test_fields import SECRET as FIELD
from tests.test_placeholders import COMPRESSED, WAYS
from vcr.betamax import Betamax, BetamaxError
from vcr.errors import CannotOverwriteExistingCassetteException


class Case(NamedTuple):
    """One secret in one place: the request, and what is answered to it; ``pieces``: in these chunks."""

    what: str
    method: str = "POST"
    path: str = ""
    params: dict[str, str] | None = None
    headers: dict[str, str] | None = None
    body: bytes | None = None
    answer: bytes = b"ok"
    answer_headers: tuple[tuple[str, str | bytes], ...] = ()
    reason: str = "OK"
    status: int = 200
    pieces: tuple[bytes, ...] = ()


# -- clients -----------------------------------------------------------------------------------------------------------


def _http_client(url: str, case: Case) -> None:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port)
    query = parts.query + (f"{'&' * bool(parts.query)}{urlencode(case.params)}" if case.params else "")
    try:
        target = parts.path + (f"?{query}" if query else "") + (f"#{parts.fragment}" if parts.fragment else "")
        connection.request(case.method, target, case.body, case.headers or {})
        connection.getresponse().read()
    finally:
        connection.close()


def _requests(url: str, case: Case, session: requests.Session | None = None) -> None:
    arguments = {"params": case.params, "headers": case.headers, "data": case.body, "allow_redirects": False}
    send = requests.request if session is None else session.request
    send(case.method, url, stream=True, **arguments).raw.read(decode_content=False)


def _httpx(url: str, case: Case) -> None:
    with httpx.stream(case.method, url, params=case.params, headers=case.headers, content=case.body) as response:
        for _ in response.iter_raw():
            pass


def _aiohttp(url: str, case: Case) -> None:
    async def send() -> None:
        async with aiohttp.ClientSession(auto_decompress=False) as session:
            options = {"params": case.params, "headers": case.headers, "data": case.body, "allow_redirects": False}
            async with session.request(case.method, url, **options) as response:
                await response.read()

    asyncio.run(send())


CLIENTS: dict[str, Callable[[str, Case], None]] = {
    "http.client": _http_client,
    "requests": _requests,
    "httpx": _httpx,
    "aiohttp": _aiohttp,
}
#: Instead of a client: requests, recorded by the face of Betamax.
BETAMAX = "betamax"


# -- cases, by option --------------------------------------------------------------------------------------------------

PLAIN = "s3cr3t{:03}value"
MARKS = "p@ss/w+rd &\u00e9\"!{:03}'(x)*~"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def in_headers(secret: str) -> Iterator[Case]:
    for name in ("X-Key", "x-key", "X-KEY"):
        yield Case(name, headers={name: secret})
    basic = base64.b64encode(f"user:{secret}".encode()).decode()
    yield Case("Basic", headers={"Authorization": f"Basic {basic}"})
    yield Case("Bearer", headers={"authorization": f"Bearer {secret}"})
    yield Case("for a proxy", headers={"Proxy-Authorization": f"Basic {basic}"})
    yield Case("Cookie", headers={"Cookie": f"a={secret}"})


def in_queries(secret: str) -> Iterator[Case]:
    yield Case("params", params={"token": secret, "a": "1"})
    for query in (
        "?token={}", "?TOKEN={}", "?a=1;token={}", "?token[]={}", "?auth[token]={}", "?token=1&token={}", "?to%6ben={}",
        "?a=1?token={}", "?to%256ben={}", "?token%20={}", "?token%09={}", "?a=1&amp;token={}", "?a=1#token={}",
        "?a=http%3A%2F%2Fx%2F%3Ftoken%3D{}", ";token={}", "?user.token={}", "?json=%7B%22token%22:%22{}%22%7D",
    ):  # fmt: skip
        yield Case(query, path=query.format(secret))
    yield Case("Referer", headers={"Referer": f"http://h/?token={secret}"})
    yield Case("Location", answer_headers=(("Location", f"/next?a=1&token={secret}"),))


def in_bodies(secret: str) -> Iterator[Case]:
    for what, (kind, coding, body) in BODIES.items():
        headers = {"Content-Type": kind, "Content-Encoding": coding}
        new = _with(body, secret.encode(), coding)
        if len(body) < 100_000:
            yield Case(what, headers={name: value for name, value in headers.items() if value}, body=new)


def _with(body: bytes, secret: bytes, coding: str | None) -> bytes:
    """A body of the tests of fields, with another secret."""
    if body.startswith(b"\x1f\x8b"):
        try:
            inner = zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(body)
        except zlib.error:
            return body
        new = gzip.compress(_with(inner, secret, None), mtime=0)
        return new[:-9] if gzip.compress(inner) != body and len(body) < len(gzip.compress(inner)) else new
    if body.startswith(b"\x78\x9c"):
        return zlib.compress(zlib.decompress(body).replace(FIELD, secret))
    if b"s\x003\0" in body or body.startswith(b"\xff\xfe"):
        return body.replace(FIELD.decode().encode("utf-16-le"), secret.decode().encode("utf-16-le"))
    return body.replace(FIELD, secret)


def of_sensitive_data(secret: str) -> Iterator[Case]:
    basic = base64.b64encode(f"user:{secret}".encode()).decode()
    plain = secret if secret.isascii() else quote(secret)
    yield Case("params", params={"a": secret})
    yield Case("path", path="/" + quote(secret, safe=""))
    yield Case("path, as a client makes it", path="/" + quote(secret))
    yield Case("header", headers={"X-Key": plain})
    yield Case("Basic", headers={"Authorization": f"Basic {basic}"})
    yield Case("Cookie", headers={"Cookie": f"a={plain}"})
    yield Case("form", headers=FORM, body=urlencode({"a": secret}).encode())
    yield Case("reason phrase", reason=f"No {secret}".replace("\u00e9", "e") if secret.isascii() else "OK")
    yield Case("header of a response", answer_headers=(("X-Key", secret.encode("latin-1")),))
    yield Case("cookie of a response", answer_headers=(("Set-Cookie", f"a={plain}; Path=/"),))
    if secret.isalnum():
        yield Case("name of a header", answer_headers=((f"X-{secret}", "1"),))
    for way, write in {**WAYS, **COMPRESSED}.items():
        text = write(secret.encode())
        yield Case(f"{way}, sent", headers={"Content-Type": "text/plain"}, body=b"a " + text if way in WAYS else text)
        yield Case(f"{way}, received", answer=b"a " + text + b" b" if way in WAYS else text)
    twice = {
        "URL-encoded twice": quote(quote(secret, safe=""), safe="").encode(),
        "base64 of base64": base64.b64encode(base64.b64encode(secret.encode())),
        "base64 of UTF-16": base64.b64encode(secret.encode("utf-16-le")),
        "JSON in JSON": json.dumps({"a": json.dumps({"b": secret})}).encode(),
        "base64 in JSON": json.dumps({"a": base64.b64encode(secret.encode()).decode()}).encode(),
        "gzip of base64": gzip.compress(base64.b64encode(b"xy" + secret.encode()), mtime=0),
        "base64 of gzip": base64.b64encode(gzip.compress(secret.encode(), mtime=0)),
    }
    for what, text in twice.items():
        yield Case(f"{what}, sent", body=text)
        yield Case(f"{what}, received", answer=text)
    for coding, write in (("gzip", gzip.compress), ("deflate", zlib.compress), ("foo", gzip.compress)):
        headers = (("Content-Encoding", coding),)
        yield Case(f"Content-Encoding: {coding}", answer=write(secret.encode()), answer_headers=headers)


class Option(NamedTuple):
    """``given``: what the option is, for the secrets of all cases."""

    cases: Callable[[str], Iterator[Case]]
    secret: str
    given: Callable[[list[str]], dict[str, Any]]


def _hidden(secrets: list[str]) -> dict[str, Any]:
    return {"filter_sensitive_data": {f"<K{number}>": secret for number, secret in enumerate(secrets)}}


def _placeholders(secrets: list[str]) -> dict[str, Any]:
    pairs = enumerate(secrets)
    return {"placeholders": [{"placeholder": f"<K{number}>", "replace": secret} for number, secret in pairs]}


_NESTED = {"filter_post_data_parameters": ["password"], "filter_nested_post_data_parameters": True}
OPTIONS = {
    "filter_headers": Option(in_headers, PLAIN, lambda _: {"filter_headers": ["authorization", "x-key", "cookie"]}),
    "filter_query_parameters": Option(in_queries, PLAIN, lambda _: {"filter_query_parameters": ["token"]}),
    "filter_post_data_parameters": Option(
        in_bodies, PLAIN, lambda _: {"filter_post_data_parameters": [("password", "X")]}
    ),
    "the same, nested": Option(in_bodies, PLAIN, lambda _: _NESTED),
    "filter_sensitive_data, letters and digits": Option(of_sensitive_data, PLAIN, _hidden),
    "filter_sensitive_data, with marks": Option(of_sensitive_data, MARKS, _hidden),
    "placeholders": Option(of_sensitive_data, MARKS, _placeholders),
}

# -- planting and searching --------------------------------------------------------------------------------------------


class Leak(NamedTuple):
    """Where a secret was found."""

    what: str
    where: str


EACH = slice(None)


def planted(
    option: str, client: str, server: Server, directory: Path, *, filtered: bool = True, part: slice = EACH
) -> tuple[int, list[Leak]]:
    """How many secrets have been planted, and which of them were found in what was written. ``part``: of the cases."""
    number = sum(1 for _ in OPTIONS[option].cases(""))
    secrets = {index: OPTIONS[option].secret.format(index) for index in range(number)[part]}
    pairs = [(secret, list(OPTIONS[option].cases(secret))[index]) for index, secret in secrets.items()]
    given = OPTIONS[option].given(list(secrets.values())) if filtered else {}
    # (What the sanitizer would find too, these options have to find by themselves.)
    return len(pairs), leaks({"sanitize": False, **given}, pairs, client, server, directory)


def leaks(
    options: dict[str, Any], secrets: list[tuple[str, Case]], client: str, server: Server, directory: Path
) -> list[Leak]:
    """Which of these secrets are found in what is written, with these options. ``client``: one of ``CLIENTS``, or
    ``BETAMAX``."""
    cases = [case._replace(path=f"/planted/{index}{case.path}") for index, (_, case) in enumerate(secrets)]
    server.route("/planted", lambda exchange, number, *_: _answer(exchange, cases[int(number.partition(";")[0])]))
    if client == BETAMAX:
        written = _written_by_betamax(options, cases, server, directory)
    else:
        written = _written(options, cases, CLIENTS[client], server, directory / "c.yaml")
    found = []
    for where, data in written.items():
        text = b"\n".join(decodings(one) for one in dict.fromkeys(data))
        for secret, case in secrets:
            if any(spelled in text for spelled in spellings(secret)):
                found.append(Leak(case.what, where))
    return found


def _written(
    options: dict[str, Any], cases: list[Case], send: Callable[[str, Case], None], server: Server, path: Path
) -> dict[str, list[bytes]]:
    """All that is written by a recording of these cases and by a refusal of each, by the place."""
    options = {**options, "match_on": ["method", "uri"]}
    written: dict[str, list[bytes]] = {}
    with _logged() as records, _temporary() as temporary:
        with vcr.use_cassette(str(path), journal=True, **options):
            for case in cases:
                send(f"{server.url}{case.path}", case)
            journals = [file.read_bytes() for file in path.parent.glob("*.partial*")]
            written["journal"] = [line for data in journals for line in _lines(data)]
        refusals = []
        with vcr.use_cassette(str(path), record_mode="none", **options) as cassette:
            for case in cases:
                with suppress(CannotOverwriteExistingCassetteException):
                    send(f"{server.url}{case.path}", case._replace(method="DELETE"))
                (refused,) = cassette.refused
                refusals.append(str(_refusal(cassette, refused)).encode("utf-8", "replace"))
                cassette.refused.clear()
        assert len(refusals) == len(cases)
        # What is replayed is in the log too.
        with vcr.use_cassette(str(path), record_mode="none", **options) as cassette:
            for case in cases:
                send(f"{server.url}{case.path}", case)
            assert cassette.play_count == len(cases)
    text = path.read_text(encoding="utf-8")
    written["file"] = [*_lines(text.encode()), *_values(yaml.safe_load(text))]
    written["temporary file"] = [line for data in temporary for line in _lines(data)]
    written["log"] = [record.getMessage().encode("utf-8", "replace") for record in records]
    written["refusal"] = refusals
    return written


def _written_by_betamax(
    options: dict[str, Any], cases: list[Case], server: Server, directory: Path
) -> dict[str, list[bytes]]:
    """The same by the face of Betamax, which keeps no journal."""
    written: dict[str, list[bytes]] = {"refusal": []}
    session = requests.Session()
    recorder = Betamax(session, str(directory))
    with session, _logged() as records, _temporary() as temporary:
        with recorder.use_cassette("c", record="once", **options):
            for case in cases:
                _requests(f"{server.url}{case.path}", case, session)
        hits = server.hits
        with recorder.use_cassette("c", record="none", **options):
            for case in cases:
                try:
                    _requests(f"{server.url}{case.path}", case._replace(method="DELETE"), session)
                except BetamaxError as refusal:
                    written["refusal"].append(str(refusal).encode("utf-8", "replace"))
                _requests(f"{server.url}{case.path}", case, session)
        assert (len(written["refusal"]), server.hits) == (len(cases), hits)
    text = (directory / "c.json").read_bytes()
    written["file"] = [*_lines(text), *_values(json.loads(text))]
    written["temporary file"] = [line for data in temporary for line in _lines(data)]
    written["log"] = [record.getMessage().encode("utf-8", "replace") for record in records]
    return written


def _refusal(cassette: Any, request: Any) -> CannotOverwriteExistingCassetteException:
    return CannotOverwriteExistingCassetteException(cassette=cassette, failed_request=request)


def _answer(exchange: Any, case: Case) -> None:
    if not case.pieces:
        exchange.respond(case.status, case.answer_headers, case.answer, reason=case.reason)
        return
    exchange.head(case.status, (*case.answer_headers, ("Transfer-Encoding", "chunked")))
    for piece in (*case.pieces, b""):
        exchange.chunk(piece)
    exchange.send(b"\r\n")


def _lines(data: bytes) -> list[bytes]:
    """The lines of a file, and all that is in it in base64."""
    return [*data.splitlines(), b"".join(re.findall(rb"^ +([A-Za-z0-9+/=]+)$", data, re.MULTILINE))]


def _values(data: Any) -> Iterator[bytes]:
    if isinstance(data, dict):
        for key, value in data.items():
            yield from _values(key)
            yield from _values(value)
    elif isinstance(data, list):
        for value in data:
            yield from _values(value)
    elif isinstance(data, (str, bytes)):
        yield data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data


@contextmanager
def _logged() -> Iterator[list[logging.LogRecord]]:
    records: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = records.append  # type: ignore[method-assign]
    logger = logging.getLogger("vcr")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        yield records
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


@contextmanager
def _temporary() -> Iterator[list[bytes]]:
    """What stood in each file that was put in the place of another."""
    seen: list[bytes] = []
    replace = os.replace

    def seeing(source: Any, *rest: Any, **options: Any) -> None:
        seen.append(Path(source).read_bytes())
        replace(source, *rest, **options)

    os.replace = seeing  # type: ignore[assignment]
    try:
        yield seen
    finally:
        os.replace = replace
