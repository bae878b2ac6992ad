"""``python -m tests.fuzz.exchanges <client> --count 1000 --seed 1``: whole exchanges, live, recorded and replayed.

Each exchange is made up from the seed and its number: a method, a response as bytes, how the connection ends, and how
the program reads. The client sees it twice live, once while it is recorded and once replayed. What the client shows has
to be the same each time; where live differs from live, chance decides, and the exchange is left out.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import http.client
import random
import re
import sys
import tempfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import vcr
from tests.server import Exchange, Server

#: What a client shows of one exchange, as pairs of a name and a value, in order.
Seen = list[tuple[str, Any]]

PLAIN = b"To be, or not to be,\nthat is the question.\r\n"
STATUSES = (*[200] * 8, 201, 202, 203, 204, 205, 206, 300, 304, 400, 401, 404, 410, 418, 500, 503, 599)
METHODS = (*["GET"] * 6, "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH")
FRAMINGS = (
    *["length", "chunks"] * 4,
    *("close", "close", "short", "long", "chunks cut", "chunks without the last", "trailers"),
    *("extensions", "bare line feeds", "no framing", "both", "no last line"),
)
CODINGS = (*[""] * 6, "gzip", "gzip", "deflate", "gzip, gzip", "a lie", "cut off", "unknown", "br, a lie", "identity")
SIZES = (0, 1, 5, 44, 100, 4096, 70_000)
READINGS = ("all", "all", "amounts", "some", "lines", "nothing", "raw", "twice", "again")
INTERIMS = (*[b""] * 9, b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")


@dataclass(frozen=True)
class Case:
    """One exchange. ``response``: all bytes of it. ``ends``: what the server does then: keep, close or reset."""

    name: str
    method: str
    response: bytes
    ends: str
    reading: str
    about: tuple[object, ...]


def case(seed: str) -> Case:
    """The exchange that this seed stands for."""
    dice = random.Random(seed)
    method, status, reading = dice.choice(METHODS), dice.choice(STATUSES), dice.choice(READINGS)
    framing, coding, size = dice.choice(FRAMINGS), dice.choice(CODINGS), dice.choice(SIZES)
    version, ends = dice.choice(["1.1"] * 5 + ["1.0"]), dice.choice(["keep"] * 3 + ["close"] * 2)
    connection = dice.choice([b""] * 4 + [b"Connection: close\r\n", b"Connection: keep-alive\r\n"])
    interim = dice.choice(INTERIMS)
    fields, content = _coded(coding, (PLAIN * (size // len(PLAIN) + 1))[:size])
    more, body = _framed(framing, content, dice)
    if method == "HEAD" or status in (204, 304):
        body = dice.choice([b"", b"", b"", body])
    if framing in ("close", "short", "chunks cut", "chunks without the last", "no framing", "no last line"):
        ends = "close" if dice.random() < 0.9 else "reset"
    elif method == "HEAD" or status in (204, 205, 304) or framing == "bare line feeds":
        ends = "close"  # some clients wait here for what does not come
    if ends != "keep" and reading == "again":
        reading = "all"  # (whether a client sees in time that its connection is gone is chance)
    head = b"HTTP/%s %d %s\r\n" % (version.encode(), status, dice.choice([b"OK", b"", b"Some Reason", b"caf\xe9"]))
    head += dice.choice([b"", b"X-One: 1\r\nX-one: 2\r\n", b"Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n", b"X-E:\r\n"])
    head += b"Content-Type: text/plain; charset=utf-8\r\n" + fields + more + connection + b"\r\n"
    about = (method, status, framing, coding, size, version, ends, reading, bool(interim), connection)
    return Case(seed, method, interim + head + body, ends, reading, about)


def _coded(coding: str, content: bytes) -> tuple[bytes, bytes]:
    """The header field, and the content with that coding."""
    zipped = gzip.compress(content, mtime=0)
    return {
        "": (b"", content),
        "gzip": (b"Content-Encoding: gzip\r\n", zipped),
        "deflate": (b"Content-Encoding: deflate\r\n", zlib.compress(content)),
        "gzip, gzip": (b"Content-Encoding: gzip, gzip\r\n", gzip.compress(zipped, mtime=0)),
        "a lie": (b"Content-Encoding: gzip\r\n", content),
        "br, a lie": (b"Content-Encoding: br\r\n", content),
        "cut off": (b"Content-Encoding: gzip\r\n", zipped[: len(zipped) * 2 // 3]),
        "unknown": (b"Content-Encoding: rot13\r\n", content),
        "identity": (b"Content-Encoding: identity\r\n", content),
    }[coding]


def _framed(framing: str, content: bytes, dice: random.Random) -> tuple[bytes, bytes]:
    """The header fields, and the body on the wire."""
    chunked, length = b"Transfer-Encoding: chunked\r\n", b"Content-Length: %d\r\n"
    cut = content[: len(content) // 2]
    if framing in ("close", "no framing"):
        return b"", content
    if framing == "length":
        return length % len(content), content
    if framing == "short":
        return length % (len(content) + 7), content
    if framing == "long":
        return length % len(cut), content
    newline = b"\n" if framing == "bare line feeds" else b"\r\n"
    extension = b";a=b" if framing == "extensions" else b""
    body, rest = b"", content
    while rest:
        size = min(len(rest), dice.choice([1, 10, 1000, 65536]) if len(content) < 5000 else 9000)
        body += b"%X%s%s%s%s" % (size, extension, newline, rest[:size], newline)
        rest = rest[size:]
    if framing == "chunks cut":
        return chunked, body[: len(body) * 2 // 3]
    if framing == "chunks without the last":
        return chunked, body
    last = b"0" + extension + newline
    if framing == "trailers":
        return chunked + b"Trailer: X-Sum\r\n", body + last + b"X-Sum: 42\r\n\r\n"
    if framing == "no last line":
        return chunked, body + last
    both = length % 3 if framing == "both" else b""
    return chunked + both, body + last + newline


# -- clients -----------------------------------------------------------------------------------------------------------


def _error(error: BaseException | None, url: str) -> list[str]:
    """The errors that led to each other, outermost first: class and text, without what is another each time."""
    told = []
    while error is not None:
        text = re.sub(r"0x[0-9a-f]+|port=\d+|:\d{4,5}\b", "…", str(error)).replace(url, "URL")
        told.append(f"{type(error).__module__}.{type(error).__qualname__}: {text}")
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return told


def _amounts(read: Callable[[int], bytes], size: int = 1000) -> Iterator[bytes]:
    while piece := read(size):
        yield piece


def _http_client(case: Case, url: str, see: Callable[..., None]) -> None:
    host, _, path = url.removeprefix("http://").partition("/")
    connection = http.client.HTTPConnection(host, timeout=20)
    try:
        for _ in range(2 if case.reading == "again" else 1):
            connection.request(case.method, f"/{path}", b"hello" if case.method in ("POST", "PUT") else None)
            response = connection.getresponse()
            see("head", response.status, response.reason, response.version, response.getheaders())
            see("framing", response.length, response.chunked, response.will_close)
            for piece in _http_client_pieces(case.reading, response):
                see("body", piece)
            see("closed", response.isclosed(), connection.sock is None)
            response.close()
    finally:
        connection.close()


def _http_client_pieces(reading: str, response: http.client.HTTPResponse) -> Iterator[Any]:
    if reading in ("all", "raw", "again"):
        yield response.read()
    elif reading == "amounts":
        yield from _amounts(response.read)
    elif reading == "some":
        yield response.read(10)
    elif reading == "lines":
        yield from response
    elif reading == "twice":
        yield response.read()
        yield response.read()


def _urllib3(case: Case, url: str, see: Callable[..., None]) -> None:
    import urllib3

    with urllib3.PoolManager(retries=False, timeout=20) as pool:
        for _ in range(2 if case.reading == "again" else 1):
            body = b"hello" if case.method in ("POST", "PUT") else None
            response = pool.request(case.method, url, body=body, preload_content=case.reading in ("all", "again"))
            see("head", response.status, response.reason, response.version, list(response.headers.items()))
            for piece in _urllib3_pieces(case.reading, response):
                see("body", piece)
            see("closed", response.closed)
            response.close()


def _urllib3_pieces(reading: str, response: Any) -> Iterator[Any]:
    if reading in ("all", "again"):
        yield response.data
    elif reading == "raw":
        yield response.read(decode_content=False)
    elif reading == "amounts":
        yield b"".join(response.stream(1000))
    elif reading == "some":
        yield response.read(10)
    elif reading == "lines":
        yield list(response)
    elif reading == "twice":
        yield response.read()
        yield response.read()


def _requests(case: Case, url: str, see: Callable[..., None]) -> None:
    import requests

    with requests.Session() as session:
        for _ in range(2 if case.reading == "again" else 1):
            data = b"hello" if case.method in ("POST", "PUT") else None
            with session.request(
                case.method, url, data=data, timeout=20, stream=case.reading not in ("all", "again")
            ) as response:
                see("head", response.status_code, response.reason, list(response.headers.items()), response.ok)
                see("cookies", dict(response.cookies), response.encoding)
                for piece in _requests_pieces(case.reading, response):
                    see("body", piece)


def _requests_pieces(reading: str, response: Any) -> Iterator[Any]:
    if reading in ("all", "again"):
        yield response.content
        yield response.text
    elif reading == "raw":
        yield response.raw.read()
    elif reading == "amounts":
        yield b"".join(response.iter_content(1000))
    elif reading == "some":
        yield next(response.iter_content(10), None)
    elif reading == "lines":
        yield list(response.iter_lines())
    elif reading == "twice":
        yield response.content
        yield response.content


def _httpx(case: Case, url: str, see: Callable[..., None]) -> None:
    import httpx

    with httpx.Client(timeout=20, trust_env=False, verify=False) as client:
        for _ in range(2 if case.reading == "again" else 1):
            content = b"hello" if case.method in ("POST", "PUT") else None
            with client.stream(case.method, url, content=content) as response:
                see("head", response.status_code, response.reason_phrase, response.http_version, response.headers.raw)
                for piece in _httpx_pieces(case.reading, response):
                    see("body", piece)
                see("closed", response.is_closed, response.is_stream_consumed)
                if case.reading != "some":  # (how much arrives together with the first bytes is chance)
                    see("size", response.num_bytes_downloaded)


def _httpx_pieces(reading: str, response: Any) -> Iterator[Any]:
    if reading in ("all", "again"):
        yield response.read()
        yield response.text
    elif reading == "raw":
        yield b"".join(response.iter_raw())
    elif reading == "amounts":
        yield b"".join(response.iter_bytes(1000))
    elif reading == "some":
        yield next(response.iter_bytes(10), None)
    elif reading == "lines":
        yield list(response.iter_lines())
    elif reading == "twice":
        yield response.read()
        yield response.read()


async def _aiohttp(case: Case, url: str, see: Callable[..., None]) -> None:
    import aiohttp

    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as session:
        for _ in range(2 if case.reading == "again" else 1):
            data = b"hello" if case.method in ("POST", "PUT") else None
            async with session.request(case.method, url, data=data) as response:
                see("head", response.status, response.reason, response.version, response.raw_headers)
                see("cookies", {name: cookie.value for name, cookie in response.cookies.items()})
                async for piece in _aiohttp_pieces(case.reading, response):
                    see("body", piece)


async def _aiohttp_pieces(reading: str, response: Any) -> Any:
    if reading in ("all", "again"):
        yield await response.read()
        yield await response.text()
    elif reading == "raw":
        yield b"".join([piece async for piece in response.content.iter_any()])
    elif reading == "amounts":
        yield b"".join([piece async for piece in response.content.iter_chunked(1000)])
    elif reading == "some":
        if response.content_length:  # (with the bytes of nothing an error may have come, or not: chance)
            yield await response.content.readexactly(min(10, response.content_length))
    elif reading == "lines":
        yield [line async for line in response.content]
    elif reading == "twice":
        yield await response.read()
        yield await response.read()


CLIENTS: dict[str, Callable[[Case, str, Callable[..., None]], Any]] = {
    "http.client": _http_client,
    "urllib3": _urllib3,
    "requests": _requests,
    "httpx": _httpx,
    "aiohttp": _aiohttp,
}


def visit(client: str, case: Case, server: Server) -> Seen:
    """Make the exchange with this client; all that it shows, the errors included."""
    seen: Seen = []
    url = f"{server.url}/fuzz/{case.name}"

    def see(name: str, *values: Any) -> None:
        if name == "body" and seen and seen[-1][0] == "body" and isinstance(values[0], bytes):
            last = seen[-1][1]
            if len(last) == 1 and isinstance(last[0], bytes):  # where a piece ends is chance
                values = (last[0] + values[0],)
                seen.pop()
        seen.append((name, values))

    try:
        made = CLIENTS[client](case, url, see)
        if made is not None:
            asyncio.run(made)
    except Exception as error:  # noqa: BLE001  (it is what the client shows)
        seen.append(("error", _error(error, server.url)))
    return seen


# -- live, recorded, replayed ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Difference:
    """An exchange that did not look the same. ``when``: while it was recorded, or replayed."""

    case: Case
    when: str
    live: Seen
    seen: Seen


def serve(cases: list[Case]) -> Server:
    """A server that answers these cases."""
    by_name = {case.name: case for case in cases}

    def handler(exchange: Exchange, name: str) -> None:
        case = by_name[name]
        exchange.send(case.response)
        if case.ends == "reset":
            exchange.reset()
        elif case.ends == "close":
            exchange.hang_up()

    server = Server()
    server.route("/fuzz", handler)
    return server


def differences(client: str, cases: list[Case], path: Path) -> tuple[list[Difference], int]:
    """What did not look the same, and how many exchanges were compared."""
    with serve(cases) as server:
        live = [(visit(client, case, server), visit(client, case, server)) for case in cases]
        cases = [case for case, (one, other) in zip(cases, live, strict=True) if one == other]
        expected = [one for one, other in live if one == other]
        with vcr.use_cassette(str(path), record_errors=True):
            recorded = [visit(client, case, server) for case in cases]
        hits = server.hits
        with vcr.use_cassette(str(path), record_mode="none"):
            replayed = [visit(client, case, server) for case in cases]
        assert server.hits == hits, "a replay has reached the server"
    found = []
    for case, seen, while_recording, on_replay in zip(cases, expected, recorded, replayed, strict=True):
        if while_recording != seen:
            found.append(Difference(case, "recorded", seen, while_recording))
        elif on_replay != seen:
            found.append(Difference(case, "replayed", seen, on_replay))
    return found, len(cases)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.exchanges", description=__doc__)
    parser.add_argument("client", choices=CLIENTS)
    parser.add_argument("--count", type=int, default=1000, help="how many exchanges (default: %(default)s)")
    parser.add_argument("--seed", default="1", help="of the first one (default: %(default)s)")
    parser.add_argument("--only", help="the name of one exchange, as a difference tells it")
    arguments = parser.parse_args()
    names = [arguments.only] if arguments.only else [f"{arguments.seed}-{n}" for n in range(arguments.count)]
    compared, found = 0, []
    with tempfile.TemporaryDirectory() as directory:
        for start in range(0, len(names), 100):
            cases = [case(name) for name in names[start : start + 100]]
            more, count = differences(arguments.client, cases, Path(directory, f"{start}.yaml"))
            compared += count
            found += more
    for difference in found:
        print(f"\n{difference.case.name} {difference.case.about} {difference.when}")
        for one, other in zip(difference.live + [("", "")] * 9, difference.seen + [("", "")] * 9, strict=False):
            if one != other:
                print(f"  live: {str(one)[:400]}\n  seen: {str(other)[:400]}")
                break
    print(f"\n{compared} exchanges compared, {len(found)} differ", Counter(one.when for one in found) or "")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
