"""Reads and writes what the formats of Betamax and Ruby VCR have in common: the key ``http_interactions``, and bodies
that are text in an encoding, or base64. It must not know texts or files.

What neither format has a place for (the pieces of a body, trailers) stands under keys that both recorders ignore, so
nothing is lost. Data of an unknown shape is passed on unchanged: ``vcrpy.read_interaction`` says what is wrong with it.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timezone
from email.utils import parsedate_to_datetime
from http.client import responses as reasons

from .._http.body import as_sent
from ..errors import CassetteLoadError
from ..request import Headers, HeaderSource
from ..response import Response
from ..serializers import Data, Plain
from ..serializers.jsonserializer import from_base64

#: A function that reads or writes a header value or a reason phrase.
Field = Callable[[object], object]

#: Python's codecs for the names of encodings that Python does not know. Ruby gives the first five to bytes that are no
#: text; a body that is text under such a name is in UTF-8.
_CODECS = {
    **dict.fromkeys(("ascii-8bit", "binary", "us-ascii", "utf8-mac", "utf-8-mac"), "utf-8"),
    "windows-31j": "cp932",
    "windows-874": "cp874",
    "cp51932": "euc_jp",
    "eucjp-ms": "euc_jp",
}

_BODY = ("string", "base64_string", "encoding")
#: The key, beside the body, for the keys that only version 1 has in a body: Betamax refuses a body with unknown keys.
_DETAILS = "body_details"


# -- which of the two it is --------------------------------------------------------------------------------------------


def methods(interactions: object) -> list[str]:
    """The methods of the requests in a list of interactions; empty for any other object."""
    found = interactions if isinstance(interactions, (list, tuple)) else ()
    requests = [interaction.get("request") for interaction in found if isinstance(interaction, Mapping)]
    return [str(request.get("method")) for request in requests if isinstance(request, Mapping)]


def has_ruby_methods(data: Mapping[str, object]) -> bool:
    """Whether a method is in lower case, as in all cassettes of Ruby VCR."""
    return any(method.islower() for method in methods(data["http_interactions"]))


# -- reading -----------------------------------------------------------------------------------------------------------


def read_all(data: Mapping[str, object], read_one: Callable[[object], object]) -> Plain:
    """A cassette as version 1's plain data, each interaction read by ``read_one``. Raises CassetteLoadError."""
    found = data.get("http_interactions")
    if not isinstance(found, (list, tuple)):
        raise CassetteLoadError('not a cassette: expected a list under "http_interactions"')
    interactions = []
    for number, interaction in enumerate(found, 1):
        try:
            interactions.append(read_one(interaction))
        except ValueError as error:
            raise CassetteLoadError(str(error), interaction=number) from error
    plain: Plain = {"version": 1, "interactions": interactions}
    return {**plain, "metadata": data["metadata"]} if data.get("metadata") else plain


def read_interaction(interaction: object, field: Field) -> object:
    """One interaction in the shape of version 1. ``field`` reads each header value and the reason phrase."""
    if not isinstance(interaction, Mapping):
        return interaction
    request, response = interaction.get("request"), interaction.get("response")
    if isinstance(request, Mapping):
        request = _read_request(request, field)
    if isinstance(response, Mapping):
        response = _read_response(response, field)
        if interaction.get("recorded_at"):
            response["recorded_at"] = _iso(interaction["recorded_at"])
        if isinstance(request, Mapping) and response.get("url") == request["uri"]:
            response.pop("url", None)  # Betamax writes it; here it is only kept if it differs from the request's
    return {"request": request, "response": response}


def _read_request(data: Mapping[str, object], field: Field) -> Plain:
    body = data.get("body")
    if isinstance(body, Mapping):
        body = _content(body, "string", "base64_string")
    return {
        "method": text(data.get("method")),
        "uri": text(data.get("uri", data.get("url"))),
        "body": body or None,  # both formats write an empty body for no body
        "headers": _read_headers(data.get("headers"), field),
    }


def _read_response(data: Data, field: Field) -> Plain:
    response = {key: value for key, value in data.items() if key != _DETAILS}
    body = data.get("body")
    if isinstance(body, Mapping):
        others = {key: value for key, value in body.items() if key not in _BODY}
        encoding = {"encoding": body["encoding"]} if body.get("encoding") else {}
        content = {"string": _content(body, "base64_string", "string") or b"", **encoding, **others}
    else:
        content = {"string": body or b""}
    details = data.get(_DETAILS)
    response["body"] = {**content, **details} if isinstance(details, Mapping) else content
    response["headers"] = _read_headers(data.get("headers"), field)
    status = data.get("status")
    if isinstance(status, Mapping):
        response["status"] = {**status, "message": field(status.get("message"))}
    elif isinstance(data.get("status_code"), int):  # the first versions of Betamax recorded no reason phrase
        response["status"] = {"code": data["status_code"], "message": reasons.get(data["status_code"])}
    return response


def _read_headers(headers: object, field: Field) -> object:
    if not isinstance(headers, Mapping):
        return headers
    read = {text(name): [field(value) for value in _values(values)] for name, values in headers.items()}
    return {name: values for name, values in read.items() if values}


def _values(values: object) -> Iterable[object]:
    if isinstance(values, (list, tuple)):
        return values
    return () if values is None else (values,)


def text(value: object) -> object:
    """Bytes (Ruby's ``!binary``) as text in latin-1; any other value as it is."""
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _content(body: Mapping[str, object], *order: str) -> object:
    """The bytes under the first key of ``order`` that is not empty: Betamax writes an empty ``string`` beside
    ``base64_string``. A value of another type as it is; None if all are empty."""
    key = next((key for key in order if body.get(key)), None)
    value = None if key is None else body[key]
    if key == "base64_string":
        return _from_base64(str(text(value)))
    return encode(value, body.get("encoding")) if isinstance(value, str) else value


def _from_base64(string: str) -> bytes:
    try:
        return from_base64(string)
    except ValueError as error:
        raise ValueError(f"not readable as base64: {error}") from error


def encode(string: str, encoding: object) -> bytes:
    """The bytes of ``string`` in ``encoding``; in UTF-8 if there is no such encoding, or it cannot encode them."""
    name = str(encoding or "utf-8").lower()
    try:
        return string.encode(_CODECS.get(name, name))
    except (LookupError, ValueError):
        return string.encode("utf-8")


def _iso(recorded_at: object) -> str:
    """The date in ISO 8601, from ISO 8601 or from an HTTP date."""
    if isinstance(recorded_at, date):  # YAML reads a date without quotes as a date
        return recorded_at.isoformat()
    stamp = str(text(recorded_at))
    try:
        return parsedate_to_datetime(stamp).isoformat() if "," in stamp else stamp
    except (ValueError, OverflowError):
        return stamp


# -- writing -----------------------------------------------------------------------------------------------------------


def write_all(plain: Data, write_one: Callable[[Plain, Plain], Plain], recorded_with: str) -> Plain:
    """A cassette from version 1's plain data, each interaction written by ``write_one(request, response)``."""
    interactions = []
    for number, interaction in enumerate(plain["interactions"], 1):
        response = interaction["response"]
        check_response(number, response)
        if interaction.get("recorded_at"):  # version 1 has the date beside the response
            response = {**response, "recorded_at": interaction["recorded_at"]}
        interactions.append(write_one(interaction["request"], response))
    data: Plain = {
        "http_interactions": interactions,
        "recorded_with": recorded_with,
    }
    return {**data, "metadata": plain["metadata"]} if plain.get("metadata") else data


def check_response(number: int, response: Data) -> None:
    """Raise ValueError if the response of interaction ``number`` is not one that another recorder could replay."""
    fault = Response(response).fault
    if fault is not None:
        raise ValueError(f"interaction {number}: this format cannot hold the response: {fault}")


def write_body(string: str | bytes | bytearray | None, encoding: str | None) -> Plain:
    """A body as text, if it was given as text and ``encoding`` turns that text back into its bytes; else in base64."""
    if isinstance(string, str):
        content = string.encode("utf-8")
        text = decoded(content, encoding)
        if text is not None:
            return {"encoding": encoding, "string": text}
    else:
        content = b"" if string is None else bytes(string)
    return {"encoding": encoding, "base64_string": base64.b64encode(content).decode("ascii")}


def decoded(content: bytes, encoding: str | None) -> str | None:
    """The text that ``encode`` turns back into ``content``; None if there is no such text."""
    name = str(encoding or "utf-8").lower()
    try:
        text = content.decode(_CODECS.get(name, name))
    except (LookupError, ValueError):
        return None
    return text if encode(text, encoding) == content else None


def sent(body: object) -> str | bytes:
    """A request's body as text or bytes, even if VCR.py has recorded it as an object."""
    sent: str | bytes = as_sent(body) or ""
    return sent


def received(response: Data) -> tuple[str | bytes | None, str | None]:
    """A response's body, and the name of its encoding if one is recorded."""
    body = response.get("body")
    return (body.get("string"), body.get("encoding")) if isinstance(body, Mapping) else (body, None)


def others(response: Mapping[str, object]) -> Plain:
    """The keys of a response, and of its body, that neither format has a place for."""
    known = ("status", "headers", "body", "recorded_at")
    found = {key: value for key, value in response.items() if key not in known}
    body: object = response.get("body")
    details = {key: body[key] for key in body if key not in _BODY} if isinstance(body, Mapping) else {}
    return {**found, _DETAILS: details} if details else found


def write_headers(headers: HeaderSource, field: Field) -> dict[str, list[object]]:
    """The header fields: for each name the list of its values, each written by ``field``."""
    return {name: [field(value) for value in values] for name, values in Headers(headers).grouped().items()}


def recorded_at(response: Mapping[str, object]) -> datetime:
    """When a response was recorded, in UTC and whole seconds; now, if that is not known. Both formats need a date."""
    when = Response(response).recorded_at or datetime.now(timezone.utc)
    return when.replace(microsecond=0)
