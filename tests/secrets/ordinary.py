"""Ordinary traffic, made up: what a sanitizer must leave alone, though it looks like a secret here and there.

``everyday.jsonl`` has a hundred interactions more, as a hundred services write them: a method and a URI, what is sent
(JSON, a form, or text), and what is answered.
"""

from __future__ import annotations

import base64
import gzip
import json
import random
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from vcr.request import Request
from vcr.response import Response

Made = tuple[Request, Response]
_TEXT = "the quick brown fox token jumps over a lazy secret dog key of pass word signature session author"
_WORDS = tuple(_TEXT.split(" "))


def _text(chance: random.Random, count: int = 12) -> str:
    return " ".join(chance.choices(_WORDS, k=count))


def _hex(chance: random.Random, digits: int) -> str:
    return f"{chance.getrandbits(digits * 4):0{digits}x}"


def _uuid(chance: random.Random) -> str:
    return str(uuid.UUID(int=chance.getrandbits(128), version=4))


def _base64(chance: random.Random, size: int) -> str:
    return base64.b64encode(chance.randbytes(size)).decode()


def _json(path: str, data: Any, **headers: str) -> Made:
    body = json.dumps(data).encode()
    return Request("GET", f"https://api.example.com{path}"), Response.of(
        200, "OK", {"Content-Type": "application/json", **headers}, body
    )


def _repositories(chance: random.Random) -> Made:
    rows = [
        {
            "id": chance.randrange(10**9),
            "node_id": base64.b64encode(f"010:Repository{chance.randrange(10**8)}".encode()).decode(),
            "full_name": "octo-org/some-repository-name-that-is-long",
            "html_url": f"https://github.example/octo/repo-{number}/tree/{_hex(chance, 40)}/src",
            "sha": _hex(chance, 40),
            "default_branch": "feature/token-refresh-for-sessions",
            "pushed_at": "2026-01-02T03:04:05Z",
            "private": False,
            "allow_forking": True,
        }
        for number in range(8)
    ]
    link = '<https://api.example.com/repos?page=2&per_page=8>; rel="next"'
    etag = f'W/"{_hex(chance, 64)}"'
    return _json("/repos?per_page=8", rows, Link=link, ETag=etag, **{"X-GitHub-Request-Id": "C0DE:1234:ABCDEF:0123456"})


def _pages(chance: random.Random) -> Made:
    cursor = base64.b64encode(json.dumps({"id": chance.randrange(10**9), "dir": "next"}).encode()).decode()
    data = {"items": [_uuid(chance) for _ in range(9)], "next_cursor": cursor, "page_token": _base64(chance, 24)}
    return _json(f"/items?page_token={_hex(chance, 24)}&key=name&code=US", data, **{"X-Request-Id": _uuid(chance)})


def _completion(chance: random.Random) -> Made:
    tokens = [{"token": word, "logprob": -chance.random(), "bytes": list(word.encode())} for word in _WORDS]
    message = {"role": "assistant", "content": _text(chance, 40)}
    choices = [{"index": 0, "message": message, "logprobs": {"content": tokens}}]
    usage = {"prompt_tokens": 12, "completion_tokens": 40, "max_tokens": 100}
    fingerprint = f"fp_{_hex(chance, 12)}"
    return _json(
        "/v1/chat/completions",
        {"id": f"chatcmpl-{_hex(chance, 29)}", "choices": choices, "usage": usage, "system_fingerprint": fingerprint},
        **{"openai-processing-ms": "120", "CF-RAY": f"{_hex(chance, 16)}-FRA"},
    )


def _settings(chance: random.Random) -> Made:
    return _json(
        "/me",
        {
            "password_changed_at": "2026-01-02T03:04:05Z",
            "token_type": "Bearer",
            "expires_in": 3600,
            "secret": False,
            "secrets_url": "https://api.example.com/secrets",
            "keys": ["name", "id"],
            "primary_key": "id",
            "has_password": True,
            "public_key": f"ssh-ed25519 {_base64(chance, 51)}",
            "avatar": f"https://cdn.example/{_hex(chance, 32)}.png?s=80&v=4",
            "session_count": 3,
            "author": _text(chance, 3),
            "authorization_url": "https://api.example.com/oauth/authorize?client_id=123&response_type=code",
        },
    )


def _bucket(chance: random.Random) -> Made:
    keys = "".join(
        f"<Contents><Key>data/{_uuid(chance)}.parquet</Key><ETag>&quot;{_hex(chance, 32)}&quot;</ETag></Contents>"
        for _ in range(9)
    )
    body = f'<?xml version="1.0"?><ListBucketResult><Name>bucket</Name>{keys}</ListBucketResult>'.encode()
    headers = {
        "Content-Type": "application/xml",
        "x-amz-id-2": _base64(chance, 56),
        "x-amz-request-id": "4442587FB7D0A2F9",
    }
    return Request("GET", "https://s3.example/bucket?list-type=2&prefix=data"), Response.of(200, "OK", headers, body)


def _page(chance: random.Random) -> Made:
    links = "".join(
        f'<a href="/wiki/{_text(chance, 2)}?v={_hex(chance, 8)}&amp;q=1">{_text(chance)}</a>' for _ in range(20)
    )
    script = "var a=function(e,t){return s.getElementsByClassName(e).token+t.session.key};localStorage.getItem('theme')"
    image = f"data:image/png;base64,{_base64(chance, 600)}"
    body = f"<html><script>{script}</script><img src='{image}'>{links}&nbsp;&nbsp;&copy;</html>".encode()
    headers = {
        "Content-Type": "text/html; charset=utf-8",
        "Set-Cookie": "theme=dark; Path=/",
        "Content-Encoding": "gzip",
    }
    return Request("GET", "https://www.example.com/"), Response.of(200, "OK", headers, gzip.compress(body, mtime=0))


def _lock(chance: random.Random) -> Made:
    packages = {
        f"node_modules/some-package-{number}": {
            "version": "1.2.3",
            "resolved": f"https://registry.example/some-package-{number}/-/some-package-{number}-1.2.3.tgz",
            "integrity": f"sha512-{_base64(chance, 64)}",
        }
        for number in range(9)
    }
    return _json("/package-lock.json", {"packages": packages, "digest": f"sha256:{_hex(chance, 64)}"})


def _image(chance: random.Random) -> Made:
    headers = {"Content-Type": "image/png", "ETag": f'"{_hex(chance, 32)}"'}
    return Request("GET", "https://cdn.example/a.png"), Response.of(200, "OK", headers, chance.randbytes(9000))


def _upload(chance: random.Random) -> Made:
    trace = {"traceparent": f"00-{_hex(chance, 32)}-{_hex(chance, 16)}-01", "Idempotency-Key": _uuid(chance)}
    body = (
        f"name={_text(chance, 3).replace(' ', '+')}&page_token={_hex(chance, 20)}&client_id={_hex(chance, 20)}".encode()
    )
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": "lang=en; theme=dark", **trace}
    return Request("POST", "https://api.example.com/items", body, headers), Response.of(204, "No Content", {}, b"")


def _events(chance: random.Random) -> Made:
    events = "".join(
        f'id: {_uuid(chance)}\ndata: {{"delta": "{_text(chance, 2)}", "token_count": 3}}\n\n' for _ in range(20)
    )
    headers = {"Content-Type": "text/event-stream"}
    return Request("GET", "https://api.example.com/events"), Response.of(200, "OK", headers, events.encode())


KINDS: tuple[Callable[[random.Random], Made], ...] = (
    _repositories, _pages, _completion, _settings, _bucket, _page, _lock, _image, _upload, _events,
)  # fmt: skip


def ordinary(count: int) -> list[Made]:
    """So many interactions, of each kind in turn: the same ones each time."""
    return [KINDS[number % len(KINDS)](random.Random(number)) for number in range(count)]


def everyday() -> list[Made]:
    """The interactions of ``everyday.jsonl``."""
    text = Path(__file__).with_name("everyday.jsonl").read_text(encoding="utf-8")
    return [_interaction(*json.loads(line)) for line in text.splitlines()]


def _interaction(line: str, sent: Any, answered: Any) -> Made:
    method, uri = line.split(" ")
    request_id = "6f1d2c3b-4a59-4e87-9c10-b2d3e4f5a6b7"
    body, kind = _written(sent)
    request = Request(method, uri, None if sent is None else body, {"Content-Type": kind, "X-Request-Id": request_id})
    body, kind = _written(answered)
    return request, Response.of(200, "OK", {"Content-Type": kind, "ETag": f'"{request_id}"'}, body)


#: The type of a text, by its beginning.
_KINDS = {"<html": "text/html", "<form": "text/html", "<": "text/xml", "id,": "text/csv", "auth:": "application/yaml"}


def _written(data: Any) -> tuple[bytes, str]:
    """The bytes of a body, and its type."""
    if isinstance(data, dict) and data.keys() == {"form"}:
        return urlencode(dict(data["form"])).encode(), "application/x-www-form-urlencoded"
    if not isinstance(data, str):
        return json.dumps(data, ensure_ascii=False).encode(), "application/json"
    return data.encode(), next((kind for start, kind in _KINDS.items() if data.startswith(start)), "text/plain")
