"""Corrects what depends on the bytes of a body after secrets in it have been replaced: ``Content-Length``, and the
lengths of the pieces. It must not know what was replaced.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import Any

from ..request import Request
from ..response import Response, ResponseDict, pack_lengths


def moved(pieces: Iterable[bytes], new: bytes) -> str:
    """The lengths of the pieces of ``new``, packed as in a cassette. Empty if ``new`` has another number of lines.

    Each piece ends in the same line as before: as many bytes from the start of the line or, if these bytes have
    changed, as many bytes from the end of the line.
    """
    old = b"".join(pieces := list(pieces))
    before, after = old.split(b"\n"), new.split(b"\n")
    if len(before) != len(after):
        return ""
    ends = list(_ends(accumulate(map(len, pieces)), before, after))
    return pack_lengths(end - start for start, end in zip([0, *ends], ends, strict=False) if end > start)


def _ends(offsets: Iterable[int], before: list[bytes], after: list[bytes]) -> Iterator[int]:
    number = start = new_start = last = 0
    for offset in offsets:
        while number < len(before) - 1 and offset > start + len(before[number]):
            start += len(before[number]) + 1
            new_start += len(after[number]) + 1
            number += 1
        last = max(last, new_start + _within(offset - start, before[number], after[number]))
        yield last


def _within(at: int, old: bytes, new: bytes) -> int:
    if old == new or old[:at] == new[:at]:
        return at if old == new else min(at, len(new))
    return max(0, len(new) - (len(old) - at))


def correct_length(before: Request, after: Request) -> None:
    """Correct the ``Content-Length`` of ``after``, if it was the length of the body of ``before``."""
    old, new = before.body, after.body
    if new != old and isinstance(new, bytes) and after.headers.get("Content-Length") == str(len(old)):
        after.headers["Content-Length"] = str(len(new))


def correct_lengths(request: Request, kept: Request, response: Response, data: ResponseDict) -> None:
    """Correct the lengths of a request and of its response, and the lengths of the response's pieces.

    ``request``, ``response``: as they were. ``kept``, ``data``: with secrets replaced; both are changed in place.
    """
    correct_length(request, kept)
    body: Any = data.get("body")
    old, new = response.body, Response(data).body
    if old == new:
        return
    headers: Any = {**data["headers"]}  # a copy: ``response`` may have the same mapping
    data["headers"] = headers
    for name, value in headers.items():
        if name.lower() == "content-length" and response.headers.get("Content-Length") == str(len(old)):
            headers[name] = [str(len(new))] if isinstance(value, list) else str(len(new))
    if body.get("chunks"):
        body["chunks"] = moved(response.pieces, new)
        if not body["chunks"]:
            del body["chunks"]
