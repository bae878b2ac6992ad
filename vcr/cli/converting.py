"""What is lost when a cassette goes from one format to another. It must not know files, and it prints nothing.

The text in the new format is read again: what it then says otherwise is lost. What the reader of the old format has not
taken over (``Contents.losses``) was lost before that.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest

from .._engine.interaction import Interaction
from .._http.body import as_sent
from ..request import Request
from ..response import Response
from ..serialize import Contents

#: What each format spells in a way of its own, or what stands in another place.
_COMPARED = ("status", "headers", "header_order", "body", "recorded_at", "encoding", "http_version", "no_reason")


def lost_in_writing(before: Contents, after: Contents) -> Iterator[str]:
    """What a cassette no longer says after it has been written in another format and read again."""
    for name, old, new in (("metadata", before.metadata, after.metadata), ("beside", before.beside, after.beside)):
        for key in old:
            if old[key] != new.get(key):
                yield f"the cassette: the {'metadata' if name == 'metadata' else 'key'} {key!r} is lost"
    for number, (one, other) in enumerate(zip_longest(before.interactions, after.interactions), 1):
        if one is None or other is None:
            yield f"interaction {number}: it is lost" if other is None else f"interaction {number}: it is new"
        else:
            yield from (f"interaction {number}: {what}" for what in _lost(one, other))


def _lost(one: Interaction, other: Interaction) -> Iterator[str]:
    (request, response), (request2, response2) = one.pair(), other.pair()
    yield from _changed("request", _of_request(request), _of_request(request2))
    yield from _changed("response", _of_response(response, request.uri), _of_response(response2, request2.uri))
    if response.recorded_at != response2.recorded_at:
        known = response.recorded_at is not None
        yield "the date of the recording is given in whole seconds" if known else "its date is that of the conversion"
    for key in response.beside:
        if key != "recorded_at" and response.beside[key] != response2.beside.get(key):
            yield f"the key {key!r} is lost"


def _changed(whose: str, before: dict[str, object], after: dict[str, object]) -> Iterator[str]:
    for name, value in before.items():
        if value != after.get(name):
            is_gone = value and not after.get(name)
            yield f"the {name} of the {whose} {'is lost' if is_gone else 'is another'}"


def _of_request(request: Request) -> dict[str, object]:
    sent = as_sent(request.body) or b""
    return {
        "method": request.method,
        "URI": request.uri,
        "order or spelling of the headers": request.headers.pairs(),
        "body": sent.encode("utf-8") if isinstance(sent, str) else sent,
        "object in the place of the body": None if isinstance(request.body, bytes) else request.body or None,
    }


def _of_response(response: Response, uri: str) -> dict[str, object]:
    if response.fault is not None:
        return {"content": response.data}
    others = {key: value for key, value in response.data.items() if key not in _COMPARED}
    if others.get("url") == uri:  # which goes without saying
        del others["url"]
    return {
        "status": (response.status, response.reason or ""),
        "order or spelling of the headers": response.headers.pairs(),
        "body": response.body,
        "division into pieces": response.pieces,
        "cut chunk": response.cut_chunk,
        "HTTP version": response.http_version,
        **{f"key {key!r}": value for key, value in others.items()},
    }
