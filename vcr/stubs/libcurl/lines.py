"""The lines of a head, as libcurl gives them to header callbacks, and the lines of its cookie file. This file must not
know a transfer.
"""

from __future__ import annotations

import email.utils
import re
import time
from collections.abc import Iterator

from ..._http.fields import field_bytes
from ...request import Headers, Request
from ...response import Response
from .abi import HTTP_VERSIONS

_LINE_BREAK = re.compile(r"[\r\n]+")
#: A line break that no blank follows: it does not fold a value, but begins another field, or ends the head.
_UNFOLDED = re.compile(r"\r?\n(?![ \t])|\r(?!\n)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def fields_in(lines: list[bytes]) -> Iterator[tuple[str, str]]:
    """The names and values in the field lines of a head. A value may be folded over several lines."""
    name, value = "", ""
    for line in (raw.decode("latin-1").rstrip("\r\n") for raw in lines):
        if line[:1] in (" ", "\t"):
            value += "\r\n" + line
            continue
        if name:
            yield name, value
        name, _, value = line.partition(":")
        value = value.lstrip(" \t")
    if name:
        yield name, value


def head_lines(response: Response, headers: Headers) -> Iterator[bytes]:
    """The lines of a head, with the blank line that ends it."""
    version, reason = response.http_version, _LINE_BREAK.sub(" ", response.reason or "")
    if version.startswith(("2", "3")):
        version, reason = version[0], ""  # libcurl writes "HTTP/2 200 ", with a blank at the end
    elif version not in HTTP_VERSIONS:
        version = "1.1"
    yield f"HTTP/{version} {response.status} {reason}\r\n".encode("latin-1", "replace")
    for name, value in headers.pairs():
        yield from field_line(name, value).splitlines(keepends=True)  # a folded field has several lines
    yield b"\r\n"


def field_line(name: str, value: str) -> bytes:
    """The line, or the folded lines, of one field. A line break that does not fold the value becomes a blank."""
    return field_bytes(f"{_LINE_BREAK.sub(' ', name)}: {_UNFOLDED.sub(' ', value)}\r\n")


def is_cookie(value: str) -> bool:
    """Whether libcurl keeps the cookie in the value of a ``Set-Cookie`` field: it refuses control characters."""
    return _CONTROL.search(value) is None


def cookie_line(value: str, request: Request) -> tuple[bytes, bool]:
    """The line that libcurl makes of a ``Set-Cookie`` field for its cookie file (in Netscape's format), and whether the
    field deletes the cookie. ``request``: the request to whose response the field belongs."""
    pair, *words = value.split(";")
    name, _, content = pair.strip().partition("=")
    given = {key.strip().lower(): text.strip() for key, _, text in (word.partition("=") for word in words)}
    domain = given.get("domain", "").lstrip(".").lower()
    path = given.get("path", "")
    if not path.startswith("/"):
        path = request.path.rpartition("/")[0] or "/"
    expires = _expires(given)
    is_over = expires is not None and expires <= time.time()
    prefix = "#HttpOnly_" if "httponly" in given else ""
    fields = (
        prefix + (f".{domain}" if domain else request.host or ""),
        "TRUE" if domain else "FALSE",
        path,
        "TRUE" if "secure" in given else "FALSE",
        str(1 if is_over else int(expires or 0)),
        name,
        content,
    )
    return "\t".join(fields).encode("latin-1", "replace"), is_over


def _expires(attributes: dict[str, str]) -> float | None:
    if attributes.get("max-age", "").lstrip("-").isdecimal():
        return time.time() + int(attributes["max-age"])
    date = email.utils.parsedate_tz(attributes.get("expires", ""))
    return None if date is None else email.utils.mktime_tz(date)
