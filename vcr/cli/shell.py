"""The command line of curl, and the Python code, that makes a recorded request. It must not know a cassette.

What a program must not set is left out: the length and the framing of the body, and the host that the URI has anyway.
"""

from __future__ import annotations

import base64
import re
import shlex
from typing import NamedTuple

from .._http.body import as_sent
from .._http.text import as_bytes
from ..request import Request

#: Fields that the client sets when it sends the request.
_FRAMING = {"content-length", "transfer-encoding"}
#: The name of a field (RFC 9110 §5.1). curl takes ``@name`` for a file.
_NAME = re.compile(r"[\w!#$%&'*+.^`|~-]+", re.ASCII)
_UNPRINTABLE = re.compile(r"[^\x20-\x7e\xa0-\u2027\u2030-\u2065\u206a-\uffff\U00010000-\U0010ffff\n\t]")
_GLOBS = re.compile(r"[][{}]")
_DOTS = re.compile(r"/\.{1,2}(?:/|$)")


class _Sent(NamedTuple):
    """What a program has to give to its client."""

    headers: list[tuple[str, str]]
    body: bytes


def _sent(request: Request) -> _Sent:
    authority = request.parsed_uri.netloc.rpartition("@")[2]
    headers = [
        (name, value)
        for name, value in request.headers.pairs()
        if name.lower() not in _FRAMING
        and _NAME.fullmatch(name)
        and (name.lower() != "host" or value.lower() != authority.lower())
    ]
    body = as_sent(request.body)
    return _Sent(headers, body.encode("utf-8") if isinstance(body, str) else bytes(body or b""))


# -- curl --------------------------------------------------------------------------------------------------------------


def curl(request: Request) -> str:
    """The command for bash or zsh. A body that is no text is piped into curl from base64."""
    headers, body = _sent(request)
    names = {name.lower() for name, _ in headers}
    words = ["--head"] if request.method == "HEAD" and not body else []
    if not words and request.method != ("POST" if body else "GET"):
        words.append(f"--request {_quoted(request.method.encode())}")
    words += [f"--header {_quoted(_header(name, value))}" for name, value in headers]
    if body and "content-type" not in names:
        words.append("--header 'Content-Type:'")  # curl would say that the body is a form
    if "accept-encoding" in names:
        words.append("--compressed")
    path = request.uri.partition("?")[0]
    words += ["--globoff"] if _GLOBS.search(request.uri) else []
    words += ["--path-as-is"] if _DOTS.search(path) else []
    before = ""
    if body and _is_shell_text(body):
        words.append(f"--data-raw {_quoted(body)}")
    elif body:
        words.append("--data-binary @-")
        before = f"echo {base64.b64encode(body).decode('ascii')} | base64 --decode |\n  "
    words.append(f"--url {_quoted(as_bytes(request.uri))}")
    return before + "curl " + " \\\n  ".join(words)


def _header(name: str, value: str) -> bytes:
    # An empty value is marked by a semicolon: with a colon, curl takes the field out.
    line = f"{name}: {value}" if value else f"{name};"
    try:
        return line.encode("latin-1")
    except UnicodeEncodeError:
        return as_bytes(line)


def _is_shell_text(content: bytes) -> bool:
    if b"\0" in content:
        return False
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _quoted(content: bytes) -> str:
    """Bytes as one word: as they are where they can be read, else with escapes that bash and zsh know."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return "$'" + "".join(_escaped(chr(byte)) for byte in content) + "'"
    if _UNPRINTABLE.search(text) is None:
        return shlex.quote(text)
    return "$'" + "".join(_escaped(one) if one.isascii() else one for one in text) + "'"


_ESCAPES = {"\n": r"\n", "\r": r"\r", "\t": r"\t", "'": r"\'", "\\": r"\\"}


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    return character if " " <= character <= "~" else f"\\{ord(character):03o}"


# -- Python ------------------------------------------------------------------------------------------------------------

CLIENTS = ("requests", "httpx")


def python(request: Request, client: str) -> str:
    """A program for ``client``, one of CLIENTS, that makes the request and prints what comes back."""
    headers, body = _sent(request)
    arguments = [ascii(request.method), ascii(request.uri)]
    if headers and client == "requests":
        arguments.append(_block("headers={", [f"{name!a}: {value!a}" for name, value in _joined(headers)], "}"))
    elif headers:
        # Pairs, for a name may come twice; bytes, for httpx takes text for ASCII.
        lines = [f"({name!a}, {_value(value)})" for name, value in headers]
        arguments.append(_block("headers=[", lines, "]"))
    if body:
        arguments.append(f"{'data' if client == 'requests' else 'content'}={body!r}")
    if client == "requests":
        arguments.append("allow_redirects=False")
    call = _block(f"response = {client}.request(", arguments, ")", "")
    return f"import {client}\n\n{call}\nprint(response.status_code, response.text)"


def _block(opening: str, lines: list[str], closing: str, margin: str = "    ") -> str:
    inner = "".join(f"{margin}    {line},\n" for line in lines)
    return f"{opening}\n{inner}{margin}{closing}"


def _value(value: str) -> str:
    return ascii(value) if value.isascii() else repr(value.encode("latin-1", "replace"))


def _joined(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """One value for each name (RFC 9110 §5.2), for requests has no more."""
    joined: dict[str, tuple[str, str]] = {}
    for name, value in headers:
        low = name.lower()
        before = joined.get(low)
        separator = "; " if low == "cookie" else ", "
        joined[low] = (name, value) if before is None else (before[0], before[1] + separator + value)
    return list(joined.values())
