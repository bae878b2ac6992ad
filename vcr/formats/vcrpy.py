"""Reads every version of VCR.py's format, and writes version 1. It must not know texts or files.

It reads every shape that VCR.py has written since 2012, also edited by hand or written by a serializer of the user's.
The other formats turn their data into version 1's, and this module reads that.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, TypeVar

from .._http.body import joined, kept
from .._http.uri import origin
from ..errors import CassetteLoadError, CassetteNotFoundError
from ..request import Headers, Request
from ..response import Response
from ..serializers import JSON, MAX_DEPTH, YAML, Data, Plain
from ..serializers.jsonserializer import from_base64
from . import cassetter
from .contents import Contents

VERSION = 1

#: The serializers that write this format, by name.
TEXTS = {"yaml": YAML, "json": JSON}

#: A function that says how a body is written.
WriteBody = Callable[[object], object]

_MAPPING = (dict, Mapping)  # most mappings are a dict, and isinstance is slow for Mapping


def claims(data: object) -> bool:
    """Whether ``data`` is in this format: a mapping with "interactions", or a list of interactions (before 1.0). True
    also for a mapping that is in no format."""
    if isinstance(data, list):
        return all(isinstance(one, Mapping) and not str(_method(one)).startswith(":") for one in data)
    if not isinstance(data, Mapping):
        return False
    return not cassetter.claims(data) and ("interactions" in data or not {"http_interactions", "log"} & data.keys())


def _method(interaction: Mapping[str, object]) -> object:
    request = interaction.get("request")
    return request.get("method") if isinstance(request, Mapping) else None


def read(data: object) -> Data:
    """Version 1's mapping from the data in a cassette of any version; the interactions in it stay as they are.

    Raises CassetteNotFoundError if the cassette is empty, CassetteLoadError if ``data`` is no cassette.
    """
    top: Any = {"interactions": data} if isinstance(data, list) else data
    if top is None or (isinstance(top, Mapping) and _is_empty(top)):
        raise CassetteNotFoundError("the cassette is empty")
    interactions = top.get("interactions") if isinstance(top, Mapping) else None
    if interactions != {} and not isinstance(interactions, list):
        raise CassetteLoadError('not a cassette: expected a mapping with a list under "interactions"')
    return top  # type: ignore[no-any-return]


def _is_empty(top: Mapping[str, object]) -> bool:
    """Whether ``top`` has no key but ``version``, and ``interactions`` with nothing under it."""
    return not {key for key, value in top.items() if key != "version" and not (key == "interactions" and value is None)}


#: The keys that version 1 has at the top of a cassette. Other keys are kept.
_TOP = ("version", "interactions", "metadata")


def read_top(top: Mapping[str, object]) -> Contents:
    """The contents of a cassette without its interactions. Raises CassetteLoadError."""
    metadata = top.get("metadata") or {}
    if not isinstance(metadata, Mapping):
        raise CassetteLoadError(f'expected a mapping under "metadata", not {_kind(metadata)}')
    try:
        beside = {key: value for key, value in top.items() if key not in _TOP}
        return Contents(_checked(dict(metadata)), beside=_checked(beside))
    except ValueError as error:
        raise CassetteLoadError(f"metadata: {error}") from error


def target(interaction: object) -> tuple[str, str] | None:
    """Method and URI of the request in an interaction, if it is certain that ``read_interaction`` can read it; None if
    that has to be tried."""
    data: Any = interaction
    try:
        request, response = data["request"], data["response"]
        method, uri, sent, asked = request["method"], request["uri"], request["headers"], request["body"]
        status, received, body = response["status"], response["headers"], response["body"]
        texts = (method, uri, asked or "", status["message"] or "", body["string"], data.get("recorded_at", ""))
        has_more = (len(request), len(response), len(status), len(body)) != (4, 3, 2, 1) or data.keys() - _KEYS
        is_plain = type(status["code"]) is int and all(map(_is_plain, texts))
    except (TypeError, KeyError, AttributeError):
        return None
    if has_more or not is_plain or not (_are_plain(sent) and _are_plain(received)):
        return None
    return (method, uri) if _TARGET.fullmatch(f"{method} {uri}") else None


_KEYS = {"request", "response", "recorded_at"}
#: A method and a URI that can be read.
_TARGET = re.compile(r"[A-Z]+ https?://[A-Za-z0-9.-]+(?::[0-9]{1,4})?/[!-~]*")


def _is_plain(text: object) -> bool:
    return type(text) is str and text.isascii()


def _are_plain(headers: object) -> bool:
    return type(headers) is dict and all(
        _is_plain(name) and type(values) is list and all(map(_is_plain, values)) for name, values in headers.items()
    )


def read_interaction(number: int, interaction: Any) -> tuple[Request, Response]:
    """The request and the response of one interaction. ``number``: its number in the cassette, from 1, for errors.

    Raises CassetteLoadError if there is no request, or nothing under "response". A response that cannot be replayed
    raises nothing here: see ``Response.fault``.
    """
    try:
        request = _request_from_data(_part(interaction, "request"))
        if "response" not in interaction:
            raise ValueError('expected a mapping under "response", not nothing')
        beside = {key: value for key, value in interaction.items() if key not in ("request", "response")}
        return request, Response(_response_from_data(interaction.get("response")), _copied(beside))
    except (ValueError, RecursionError) as error:
        raise CassetteLoadError(str(error), interaction=number) from error


# -- writing -----------------------------------------------------------------------------------------------------------


def write(cassette_dict: Data) -> Plain:
    """Version 1's plain data of ``{"requests": [Request], "responses": [dict]}``; for the other keys see
    ``vcr.serialize.serialize``. Raises ValueError for a request or a response that could not be read back."""
    write_body = _as_it_is if cassette_dict.get("preserve_exact_body_bytes") else _text_or_bytes
    first = 1 + cassette_dict.get("number_before", 0)
    interactions: list[dict[str, object]] = []
    for request, response in zip(cassette_dict["requests"], cassette_dict["responses"], strict=True):
        _check_readable(first + len(interactions), request, response)
        interactions.append(
            {"request": _request_to_data(request, write_body), "response": _response_to_data(response, write_body)}
        )
    data: Plain = {"version": VERSION, "interactions": interactions}
    beside = cassette_dict.get("beside", ())
    if len(beside) == len(data["interactions"]):  # they differ if a persister of the user's has changed the lists
        for interaction, others in zip(data["interactions"], beside, strict=True):
            interaction |= {key: str(value) if isinstance(value, date) else value for key, value in others.items()}
    if cassette_dict.get("metadata"):
        data["metadata"] = _checked(cassette_dict["metadata"])
    data |= cassette_dict.get("others", {})
    return data


def _check_readable(number: int, request: Request, response: object) -> None:
    """Raise ValueError for a request or a response, changed by a hook or the program, that ``read_interaction`` would
    refuse."""
    try:
        _check_method(request.method)
        _checked(_text(request.method))
        if not isinstance(request.uri, str):
            raise ValueError(f"the request's uri is {_kind(request.uri)}")
        _checked(request.uri)
        _ = request.port  # raises ValueError for a URI that cannot be split
        _checked(response)
    except (ValueError, AttributeError) as error:
        raise ValueError(
            f"interaction {number} could not be read back, so nothing is saved: {error}. A hook, or the program, has "
            "made it so"
        ) from error


def _request_to_data(request: Request, write_body: WriteBody) -> dict[str, object]:
    return {**request._to_dict(), "body": write_body(request.body)}


def _response_to_data(response: object, write_body: WriteBody) -> object:
    if not isinstance(response, Mapping):
        return response
    data = dict(response)
    body = data.get("body")
    if isinstance(body, Mapping):
        data["body"] = {key: write_body(value) for key, value in body.items()}
    return data


def _as_it_is(value: object) -> object:
    return value


def _text_or_bytes(value: object) -> object:
    """Bytes that are UTF-8 as text, so that a person can read the file; any other value as it is."""
    if not isinstance(value, bytes):
        return value
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value


# -- reading -----------------------------------------------------------------------------------------------------------


def _kind(value: object) -> str:
    return "nothing" if value is None else f"a {type(value).__name__}"


def _part(interaction: object, name: str) -> Mapping[str, object]:
    if not isinstance(interaction, _MAPPING):
        raise ValueError(f"expected a request with a response, not {_kind(interaction)}")
    part = interaction.get(name)
    if not isinstance(part, _MAPPING):
        raise ValueError(f'expected a mapping under "{name}", not {_kind(part)}')
    return part


def _request_from_data(data: Mapping[str, object]) -> Request:
    method = data.get("method")
    _check_method(method)
    headers = Headers.from_pairs(_fields(data.get("headers")))
    request = Request(_copied(_text(method)), _copied(_uri(data, headers)), _checked(data.get("body")), headers)
    _ = request.port  # raises ValueError for a URI that cannot be split
    # An alias in YAML puts one object into several interactions: each request gets a copy of its own.
    return request if request.body is None or isinstance(request.body, bytes) else request.copy()


def _check_method(method: object) -> None:
    if method is None or isinstance(method, (list, tuple, *_MAPPING)):
        raise ValueError(f"the request's method is {_kind(method)}")


def _uri(data: Data, headers: Headers) -> str:
    """The absolute URI of a request. VCR.py 0.1 to 0.7 recorded its parts, 0.0 only the path: that is completed by the
    Host header."""
    uri = data.get("uri", data.get("url"))
    if uri is None and "host" in data:
        scheme, port = data.get("protocol") or "http", data.get("port")
        return f"{origin(scheme, str(data['host']), port)}{data.get('path') or '/'}"
    if not isinstance(uri, str):
        raise ValueError(f"the request's uri is {_kind(uri)}")
    return f"http://{headers['Host']}{uri}" if uri.startswith("/") and "Host" in headers else uri


def _response_from_data(data: object) -> Any:
    """A copy of the response in ``data`` in the shape of version 1, with a body of bytes.

    A value that is no response of any version is copied as it is.
    """
    if not isinstance(data, _MAPPING):
        return _copied(data)
    response: dict[str, object] = {}
    status = data.get("status", data.get("status_code"))  # VCR.py 4 to 5 wrote "status_code" for httpx
    if status is not None:
        status = status if isinstance(status, _MAPPING) else {"code": status, "message": None}
        response["status"] = _copied(status, _LEVELS)
    if "headers" in data:
        response |= _headers(data["headers"])
    if "body" in data or "content" in data:
        response["body"] = _copied(_body(data.get("body", data.get("content"))), _LEVELS)
    version = _text(data.get("http_version") or "1.1").removeprefix("HTTP/")
    if version != "1.1":
        response["http_version"] = version
    others = {key: data[key] for key in data if key not in response and key not in _READ}
    return response | _copied(others) if others else response


#: Keys that are read and do not stay: VCR.py 4 to 5 wrote the first two for httpx, the third stays unless it is 1.1.
_READ = ("status_code", "content", "http_version")
#: How deep a part of a response may nest.
_LEVELS = MAX_DEPTH - 1


def _headers(headers: object) -> dict[str, object]:
    """A copy of the headers under ``headers``; and ``header_order``, if they are a list of fields in an order that a
    mapping cannot show."""
    if isinstance(headers, _MAPPING):
        return {"headers": {_text(name): _field(value) for name, value in headers.items()}}
    try:
        data = Response.of(200, None, Headers.from_pairs(_fields(headers)), b"").data
    except ValueError:
        return {"headers": _copied(headers, _LEVELS)}
    return {key: data[key] for key in ("headers", "header_order") if key in data}


def _field(value: object, levels: int = _LEVELS - 1) -> object:
    """A copy of the value of a header, without surrogates in its text."""
    if type(value) is list and levels:
        return [one if type(one) is str and one.isascii() else _field(one, levels - 1) for one in value]
    if isinstance(value, str):
        return value if value.isascii() else _without_surrogates(value)
    return _copied(value, levels)


def _body(body: object) -> object:
    content = dict(body) if isinstance(body, _MAPPING) else {"string": body}
    if "base64_string" in content and "string" not in content:
        # People copy bodies from cassettes of Betamax and Ruby VCR.
        content["string"] = from_base64(_text(content.pop("base64_string")))
    if "string" in content:
        content["string"] = _content(content["string"])
    return content


def _content(value: object) -> object:
    """The bytes of a response's body from any value in a file; a value without bytes as it is."""
    if isinstance(value, (int, float)):
        # Somebody has written the file by hand, and has left out the quotes.
        return json.dumps(value).encode("ascii")
    try:
        return joined(value) if isinstance(value, (list, tuple)) else kept(value)
    except ValueError:
        return value


def _fields(headers: object) -> list[tuple[str, str]]:
    """The header fields as pairs of text. ``headers`` is a mapping, a list of pairs, or a list of lines (``"Name:
    value\\r\\n"``, VCR.py 0.6 and 0.7). A value is text, bytes, a number, or a list of these."""
    if headers is None:
        return []
    if not isinstance(headers, (*_MAPPING, list, tuple)):
        raise ValueError(f"the headers are {_kind(headers)}")
    pairs: list[tuple[str, str]] = []
    for name, value in headers.items() if isinstance(headers, _MAPPING) else map(_name_and_value, headers):
        for one in value if isinstance(value, (list, tuple)) else (value,):
            pairs.append((_text(name), _text(one)))
    return pairs


def _name_and_value(field: object) -> tuple[object, object]:
    if isinstance(field, str) and ":" in field:
        name, _, value = field.partition(":")
        return name, value.strip()
    if isinstance(field, (list, tuple)) and len(field) == 2:
        return field[0], field[1]
    raise ValueError(f"a header is {field!r}, not a name with a value")


def _text(value: object) -> str:
    if type(value) is str and value.isascii():
        return value
    if isinstance(value, (list, tuple, Mapping)):
        raise ValueError(f"expected text, not {_kind(value)}")
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, bool):
        return "true" if value else "false"
    text = "" if value is None else str(value)
    return text if text.isascii() else _without_surrogates(text)


def _without_surrogates(text: str) -> str:
    """``text`` in which aiohttp, or Ruby's JSON, has put surrogates for bytes that are not UTF-8: with all its bytes in
    latin-1 instead, as everywhere in this package. A text without surrogates as it is."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogateescape").decode("latin-1")
    return text


_Value = TypeVar("_Value")


def _checked(value: _Value) -> _Value:
    """``value`` itself. Raises ValueError if it cannot be saved; see ``_copied``."""
    _copied(value)
    return value


def _copied(value: object, levels: int = MAX_DEPTH) -> Any:
    """A copy of plain data, with lists for tuples. Raises ValueError for data that cannot be saved: text with
    surrogates, a list as a key, or more than ``levels`` levels of nesting."""
    if not levels:
        raise ValueError(f"it nests deeper than {MAX_DEPTH} levels")
    if isinstance(value, str):
        if not value.isascii():
            value.encode("utf-8")
        return value
    if value is None or isinstance(value, (bytes, int)):
        return value
    if isinstance(value, (list, tuple)):
        return [_copied(one, levels - 1) for one in value]
    if isinstance(value, _MAPPING):
        return {_key(key, levels - 1): _copied(one, levels - 1) for key, one in value.items()}
    return value


def _key(key: object, levels: int) -> object:
    if type(key) is str and key.isascii():
        return key
    if isinstance(key, tuple):
        raise ValueError("a key is a list, not text")
    _copied(key, levels)
    return key
