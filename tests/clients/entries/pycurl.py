"""pycurl: one easy handle, reset for each request, which keeps its connections and cookies."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from . import Client, Fields, Result

_VERSIONS = {1: 10, 2: 11, 3: 20}


class Pycurl(Client):
    name = "pycurl"
    module = "pycurl"
    can: ClassVar = {
        "keep-alive",
        "redirects",
        "cookies",
        "basic",
        "proxies",
        "proxy-auth",
        "decodes",
        "brotli",
        "text",
        "errors",
        "nonsense",
    }
    automatic: ClassVar = {"host", "user-agent", "accept", "accept-encoding", "content-length", "content-type"}

    def __init__(self, **options: Any) -> None:
        import pycurl

        super().__init__(**options)
        self._curl = pycurl.Curl()

    def fetch(self, method: str, url: str, headers: Fields = None, body: Any = None) -> Result:
        import pycurl

        curl, head, content = self._curl, [], []
        curl.reset()
        for option, value in self._options(url):
            curl.setopt(option, value)
        for option, value in _method(pycurl, method, body):
            curl.setopt(option, value)
        fields = [f"{name}: {value}".encode("latin-1") for name, value in (headers or {}).items()]
        curl.setopt(pycurl.HTTPHEADER, [*fields, b"Expect:"])
        curl.setopt(pycurl.HEADERFUNCTION, head.append)
        curl.setopt(pycurl.WRITEFUNCTION, content.append)
        curl.perform()
        reason, pairs = _parse(head)
        version = _VERSIONS[curl.getinfo(pycurl.INFO_HTTP_VERSION)]
        return Result(curl.getinfo(pycurl.RESPONSE_CODE), reason, version, pairs, b"".join(content))

    def close(self) -> None:
        self._curl.close()

    def _options(self, url: str) -> list[tuple[int, Any]]:
        import pycurl

        return [
            (pycurl.URL, url),
            (pycurl.FOLLOWLOCATION, 1),
            (pycurl.COOKIEFILE, ""),
            (pycurl.ACCEPT_ENCODING, ""),
            (pycurl.TIMEOUT_MS, int(self.timeout * 1000)),
            *([(pycurl.CAINFO, self.ca_file)] if self.ca_file else []),
            *([(pycurl.PROXY, self.proxy)] if self.proxy else []),
            *([(pycurl.USERPWD, ":".join(self.auth))] if self.auth else []),
        ]


def _method(pycurl: Any, method: str, body: Any) -> list[tuple[int, Any]]:
    if method == "HEAD":
        return [(pycurl.NOBODY, 1)]
    named = [(pycurl.CUSTOMREQUEST, method)] if method not in ("GET", "POST") else []
    if method == "POST" and body is None:
        body = b""
    if body is None:
        return named
    if isinstance(body, (bytes, str)):
        return [(pycurl.POSTFIELDS, body), *named]
    return [(pycurl.POST, 1), (pycurl.READFUNCTION, _reader(body)), *named]


def _reader(body: Any) -> Any:
    """What to read from: a file as it is, an iterable piece by piece."""
    if hasattr(body, "read"):
        return body.read
    rest, pieces = [b""], iter(body)

    def read(size: int) -> bytes:
        piece = rest.pop() or next(pieces, b"")
        rest.append(piece[size:])
        return piece[:size]

    return read


def _parse(lines: list[bytes]) -> tuple[str, list[tuple[str, str]]]:
    """The reason and the fields of the last head, without the trailers of its body."""
    texts = [line.decode("latin-1") for line in lines]
    start = max(place for place, text in enumerate(texts) if text.startswith("HTTP/"))
    pairs = []
    for text in texts[start + 1 :]:
        if not text.strip():
            break
        name, _, value = text.rstrip("\r\n").partition(":")
        pairs.append((name, value.lstrip()))
    reason = re.match(r"\S+ \d{3} (.*?)\r?\n", texts[start])
    return reason[1] if reason else "", pairs


CLIENTS = (Pycurl,)
