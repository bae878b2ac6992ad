"""Reads and writes HTTP Archives (HAR 1.2), as the developer tools of browsers, mitmproxy and Playwright write them.

It must not know files.

What HAR has no place for (the pieces of a body, trailers, the coded bytes of a body) stands under the key ``_vcr``,
which other readers ignore. What version 1 has no place for (timings, pages) stands in a cassette under the key ``har``.
So a conversion, there and back, loses nothing. ``losses`` says what the archives of other programs lack.
"""

from __future__ import annotations

import base64
import contextlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

from .._http import content_coding
from .._http.meaning import FORM
from ..errors import CassetteLoadError
from ..request import Headers
from ..response import Response
from ..serializers import JSON, Data, Plain, Text
from ..serializers.jsonserializer import from_base64
from . import http_interactions as shared

#: What HAR calls an interaction.
UNIT = "entry"
_CREATOR = {"name": "vcr", "version": "10"}
#: The key in an archive for what only a cassette has.
_OURS = "_vcr"
#: The key in a cassette for what only an archive has: at the top, and beside each interaction.
_KEPT = "har"
#: The keys of an entry that are read; all others are kept as they are.
_READ_KEYS = ("request", "response", "startedDateTime", "_webSocketMessages")
_READ_LOG_KEYS = ("entries", "version")
_CHARSET = re.compile(r"""charset\s*=\s*["']?([^\s;"']+)""", re.IGNORECASE)
_HTTP = re.compile(r"https?://", re.IGNORECASE)
_SURROGATE = re.compile("[\ud800-\udfff]")
_STATUS_WITHOUT_BODY = (204, 304)


def claims(data: object) -> bool:
    """Whether ``data`` is an HTTP Archive."""
    log = data.get("log") if isinstance(data, Mapping) else None
    return isinstance(log, Mapping) and isinstance(log.get("entries"), list)


# -- reading -----------------------------------------------------------------------------------------------------------


def read(data: Data) -> Plain:
    """Version 1's plain data from an HTTP Archive. An entry that is no HTTP exchange with a response is left out.

    Raises CassetteLoadError.
    """
    log = data["log"]
    interactions = []
    for number, entry in enumerate(log["entries"], 1):
        try:
            if _why_left_out(entry) is None:
                interactions.append(_read_entry(entry))
        except (ValueError, TypeError, AttributeError, KeyError) as error:
            message = f"not valid HAR 1.2: {error!r}"
            raise CassetteLoadError(message, interaction=number, unit=UNIT) from error
    plain: Plain = {"version": 1, "interactions": interactions, **_mapping(log.get(_OURS))}
    kept = {key: value for key, value in log.items() if key not in (*_READ_LOG_KEYS, _OURS)}
    return {**plain, _KEPT: kept} if kept and kept != {"creator": _CREATOR} else plain


def losses(data: Data) -> Iterator[tuple[int, str]]:
    """What a cassette made from an HTTP Archive lacks: the number of the entry, from 1, and what is lost."""
    for number, entry in enumerate(data["log"]["entries"], 1):
        why = _why_left_out(entry)
        if why is not None:
            yield number, f"the entry is left out: {why}"
            continue
        if entry.get("_webSocketMessages"):
            yield number, f"its {len(entry['_webSocketMessages'])} WebSocket messages are lost"
        if _lacks_body(entry):
            content = _mapping(entry["response"].get("content"))
            where = f", but in the file {content['_file']}" if content.get("_file") else ""
            yield number, f"the body of the response is not in the archive{where}; its replay ends too early"
        size = _size_sent(entry["request"])
        if size and _read_request(entry["request"])["body"] is None:
            yield number, f"the body of the request, {size:,} bytes, is not in the archive"


def _size_sent(request: Data) -> int:
    """How many bytes the body of a request had; 0 if the archive does not say."""
    size = request.get("bodySize")
    length = Headers(_read_headers(request.get("headers"))).get("Content-Length", "")
    return size if isinstance(size, int) and size > 0 else int(length) if length.isdecimal() else 0


def _why_left_out(entry: object) -> str | None:
    """Why an entry is no interaction: it is not HTTP, or has no response. None if it is one."""
    request, response = _mapping(_mapping(entry).get("request")), _mapping(_mapping(entry).get("response"))
    url, status = str(request.get("url") or ""), response.get("status")
    if not _HTTP.match(url):
        return f"no HTTP request: {url[:80]}"
    if not isinstance(status, int) or status < 100:
        told = (response.get(key) for key in ("_error", "_failureText", "statusText"))
        return str(next(filter(None, told), "there is no response"))
    return None


def _read_entry(entry: Data) -> Plain:
    request, response = _read_request(entry["request"]), _read_response(entry)
    interaction: Plain = {"request": request, "response": response}
    if entry.get("startedDateTime"):
        interaction["recorded_at"] = str(entry["startedDateTime"])
    # Entries that this package has written have only zeros under the other keys.
    kept = {key: value for key, value in entry.items() if key not in _READ_KEYS and key != _OURS}
    if kept and kept != _NO_TIMES:
        interaction[_KEPT] = kept
    return {**interaction, **_mapping(entry.get(_OURS))}


def _read_request(data: Data) -> Plain:
    post = _mapping(data.get("postData"))
    headers = _read_headers(data.get("headers"))
    content_type = Headers(headers).get("Content-Type") or str(post.get("mimeType") or "")
    params = [(str(one.get("name")), str(one.get("value") or "")) for one in post.get("params") or ()]
    body: bytes | None = None
    if post.get("text"):
        body = _bytes(post, content_type, data.get("bodySize"))
    elif params and FORM in content_type.lower():
        body = urlencode(params).encode("ascii")
    return {
        "method": str(data["method"]),
        "uri": str(data["url"]).partition("#")[0],
        "headers": headers,
        "body": body,
    }


def _read_response(entry: Data) -> Plain:
    data = entry["response"]
    headers = _read_headers(data.get("headers"))
    content = _mapping(data.get("content"))
    content_type = Headers(headers).get("Content-Type") or str(content.get("mimeType") or "")
    body = _bytes(content, content_type, content.get("size"))
    ours = {**_mapping(data.get(_OURS))}
    details = _mapping(ours.pop("body", None))
    coded = from_base64(str(ours.pop("coded"))) if "coded" in ours else body
    # The body is coded as it came from the server, unless somebody has edited the text in the archive.
    if coded != body and content_coding.decode(coded, content_coding.of(Headers(headers)))[0] == body:
        body = coded
    response: Plain = {
        "status": {"code": data["status"], "message": str(data.get("statusText") or "")},
        "headers": headers,
        "body": {"string": body, **details},
    }
    version = _read_version(str(data.get("httpVersion") or ""))
    if version:
        response["http_version"] = version
    if _lacks_body(entry):
        response["incomplete"] = True
    return {**response, **ours}


def _lacks_body(entry: Data) -> bool:
    """Whether the response had a body that is not in the archive: the other program has dropped it, or has put it into
    a file of its own."""
    response = entry["response"]
    content = _mapping(response.get("content"))
    status, headers = response["status"], Headers(_read_headers(response.get("headers")))
    if (
        "text" in content
        or entry["request"]["method"] == "HEAD"
        or status in _STATUS_WITHOUT_BODY
        or 300 <= status < 400
    ):
        return False
    sizes = [str(size) for size in (content.get("size"), headers.get("Content-Length"))]
    return "_file" in content or any(size.isdecimal() and int(size) > 0 for size in sizes)


def _read_headers(headers: Iterable[Data] | None) -> list[tuple[str, str]]:
    """The header fields, without the pseudo-header fields of HTTP/2 (RFC 9113 §8.3). Chromium joins fields of one name
    with line feeds: they are separated."""
    pairs = [(str(one["name"]), str(one.get("value") or "")) for one in headers or ()]
    return [(name, _field(line)) for name, value in pairs if name[:1] != ":" for line in value.split("\n")]


def _field(value: str) -> str:
    """A field value in latin-1: a character for each byte, as everywhere in this package.

    Chromium decodes the bytes of a value as windows-1252, mitmproxy as UTF-8. A value with characters that latin-1
    lacks is encoded again in the one of the two that fits.
    """
    try:
        value.encode("latin-1")
    except UnicodeEncodeError:
        for guess in (_from_windows, lambda text: text.encode("utf-8", "surrogateescape")):
            with contextlib.suppress(UnicodeError):
                return guess(value).decode("latin-1")
        return value.encode("utf-8", "replace").decode("latin-1")
    return value


def _from_windows(value: str) -> bytes:
    """The bytes of a text in UTF-8 that was read as windows-1252. Raises UnicodeError if ``value`` is no such text."""
    content = b"".join(one.encode("latin-1" if one < "\u0100" else "cp1252") for one in value)
    content.decode("utf-8")
    return content


def _read_version(version: str) -> str:
    """The HTTP version as version 1 writes it, from ``h2``, ``HTTP/2.0`` and the like; empty for 1.1, the default."""
    found = re.search(r"1\.0|[23]", version)
    return found[0] if found else ""


def _bytes(content: Mapping[str, object], content_type: str, size: object) -> bytes:
    """The bytes of a ``content`` or a ``postData``: base64, or text in the charset that its Content-Type names.

    If the Content-Type names no charset, a browser and mitmproxy have guessed one, and the archive does not say which.
    Then the charset is used that gives ``size`` bytes, the recorded number of bytes.
    """
    text = str(content.get("text") or "")
    if content.get("encoding") == "base64":
        return from_base64(text)
    found = []
    for charset in (_charset(content_type), "utf-8", "latin-1", "cp1252"):
        try:
            # mitmproxy writes a surrogate for a byte that is not UTF-8.
            found.append(text.encode(charset or "", "surrogateescape" if charset == "utf-8" else "strict"))
        except (LookupError, ValueError):
            continue
        if charset == _charset(content_type) or len(found[-1]) == size:
            return found[-1]
    return found[0] if found else text.encode("utf-8", "replace")


def _charset(content_type: str) -> str | None:
    found = _CHARSET.search(content_type)
    return found[1] if found else None


def _mapping(value: object) -> Data:
    return value if isinstance(value, Mapping) else {}


# -- writing -----------------------------------------------------------------------------------------------------------

_TIMINGS = {"send": 0, "wait": 0, "receive": 0}
_NO_TIMES: Plain = {"time": 0, "cache": {}, "timings": _TIMINGS}


def write(plain: Data) -> Plain:
    """An HTTP Archive from version 1's plain data."""
    entries = [_write_entry(number, one) for number, one in enumerate(plain["interactions"], 1)]
    kept = _mapping(plain.get(_KEPT))
    log: Plain = {"version": "1.2", "creator": _CREATOR, **kept, "entries": entries}
    ours = {key: value for key, value in plain.items() if key not in ("version", "interactions", _KEPT)}
    return {"log": {**log, _OURS: ours} if ours else log}


def _write_entry(number: int, interaction: Data) -> Plain:
    response = interaction["response"]
    shared.check_response(number, response)
    recorded_at = interaction.get("recorded_at")
    moment = recorded_at or shared.recorded_at(response).isoformat()
    known = ("request", "response", "recorded_at", _KEPT)
    ours = {key: value for key, value in interaction.items() if key not in known}
    entry: Plain = {
        "startedDateTime": str(moment),
        **_NO_TIMES,
        **_mapping(interaction.get(_KEPT)),
        "request": _write_request(interaction["request"], _version(response)),
        "response": _write_response(response),
    }
    return {**entry, _OURS: ours} if ours else entry


def _write_request(request: Data, version: str) -> Plain:
    headers = Headers(request.get("headers"))
    body = _as_bytes(shared.sent(request.get("body")))
    content_type = headers.get("Content-Type", "")
    cookies = [one.strip().partition("=") for value in headers.get_all("Cookie") for one in value.split(";")]
    data: Plain = {
        "method": request["method"],
        "url": request["uri"],
        "httpVersion": version,
        "cookies": [{"name": name, "value": value} for name, _, value in cookies],
        "headers": _write_headers(headers),
        "queryString": _pairs(str(request["uri"]).partition("?")[2].partition("#")[0]),
        "headersSize": -1,
        "bodySize": len(body),
    }
    if body:
        params = _pairs(body.decode("latin-1")) if FORM in content_type.lower() else []
        data["postData"] = {"mimeType": content_type, "params": params, **_write_text(body, content_type)}
    return data


def _write_response(response: Data) -> Plain:
    headers = Response(dict(response)).headers
    content = response.get("body") or {}
    body = _as_bytes(content.get("string"))
    plain, left = content_coding.decode(body, content_coding.of(headers))
    if left:
        plain = body
    content_type = headers.get("Content-Type", "")
    status = response["status"]
    known = ("status", "headers", "header_order", "body", "http_version", "recorded_at")
    ours = {key: value for key, value in response.items() if key not in known}
    details = {key: value for key, value in content.items() if key != "string"}
    if details:
        ours["body"] = details
    if plain != body:
        ours["coded"] = base64.b64encode(body).decode("ascii")
    data: Plain = {
        "status": int(float(status["code"])),
        "statusText": status.get("message") or "",
        "httpVersion": _version(response),
        "cookies": [_cookie(value) for value in headers.get_all("Set-Cookie")],
        "headers": _write_headers(headers),
        "content": {
            "size": len(plain),
            "compression": len(plain) - len(body),
            "mimeType": content_type or "x-unknown",
            **_write_text(plain, content_type),
        },
        "redirectURL": headers.get("Location", ""),
        "headersSize": -1,
        "bodySize": len(body),
    }
    return {**data, _OURS: ours} if ours else data


def _version(response: Mapping[str, object]) -> str:
    return f"HTTP/{response.get('http_version') or '1.1'}"


def _as_bytes(value: Any) -> bytes:
    return value.encode("utf-8") if isinstance(value, str) else bytes(value or b"")


def _write_text(content: bytes, content_type: str) -> Plain:
    """The content as text, if its charset turns the text back into the bytes, and JSON can hold it; else in base64."""
    text = shared.decoded(content, _charset(content_type))
    if text is not None and _SURROGATE.search(text) is None:
        return {"text": text}
    return {"text": base64.b64encode(content).decode("ascii"), "encoding": "base64"}


def _write_headers(headers: Headers) -> list[Plain]:
    return [{"name": name, "value": value} for name, value in headers.pairs()]


def _pairs(query: str) -> list[Plain]:
    return [{"name": name, "value": value} for name, value in parse_qsl(query, keep_blank_values=True)]


def _cookie(field: str) -> Plain:
    """The value of a ``Set-Cookie`` field as a cookie of HAR."""
    first, *attributes = [one.strip() for one in field.split(";")]
    name, _, value = first.partition("=")
    named = {key.strip().lower(): text.strip() for key, _, text in (one.partition("=") for one in attributes)}
    cookie = {"name": name, "value": value}
    cookie |= {key: named[key] for key in ("path", "domain") if named.get(key)}
    return {**cookie, "httpOnly": "httponly" in named, "secure": "secure" in named}


# -- the text ----------------------------------------------------------------------------------------------------------


def _text(plain: Mapping[str, object]) -> str:
    return json.dumps(write(plain), indent=2, ensure_ascii=False, default=JSON.encode) + "\n"


TEXTS = {"har": Text("har", JSON, _text)}
