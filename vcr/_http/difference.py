"""Says in text how two bodies differ: line by line, or by their sizes if they are not text.

This module knows bodies and headers. It must not know a matcher, a cassette or a client.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from urllib.parse import parse_qsl

from ..request import Request
from .fields import media_type
from .meaning import FORM

#: How many lines of a difference are shown, and how many characters of a line.
MAX_DIFF_LINES = 20
MAX_DIFF_LINE_LENGTH = 200


def of_bodies(request: Request, recorded: Request) -> str:
    """The difference from the recorded body to the request's, as a unified diff.

    Bodies that are not text are described by their sizes. Long lines and long differences are cut.
    """
    if not (_is_text(request.body) and _is_text(recorded.body)):
        sizes = f"{_size(request.body)} in this request, {_size(recorded.body)} recorded"
        return f"the bodies differ ({sizes})"
    old, new = _lines(recorded), _lines(request)
    diff = list(difflib.unified_diff(old, new, "recorded", "this request", lineterm="", n=1))
    if not diff:  # the bodies differ only in their line ends or in their type
        return f"{_shown(repr(request.body))} != {_shown(repr(recorded.body))}"
    shown = [_shown(line) for line in diff[:MAX_DIFF_LINES]]
    return "\n".join(shown + ([f"… ({len(diff) - MAX_DIFF_LINES} more lines)"] if len(diff) > MAX_DIFF_LINES else []))


def _shown(line: str) -> str:
    return line if len(line) <= MAX_DIFF_LINE_LENGTH else f"{line[:MAX_DIFF_LINE_LENGTH]}…"


def _is_text(body: object) -> bool:
    if not isinstance(body, bytes):
        return True
    try:
        return "\0" not in body.decode("utf-8")
    except UnicodeDecodeError:
        return False


def _size(body: object) -> str:
    return f"{len(body or b'')} bytes" if body is None or isinstance(body, bytes) else f"a {type(body).__name__}"


def _lines(request: Request) -> list[str]:
    """The body in lines that a person can compare: a form has a line for each field, JSON is indented."""
    body: object = request.body
    text = "" if body is None else str(body)
    if isinstance(body, bytes):
        text = body.decode("utf-8")
        if media_type(request.headers) == FORM:
            return [f"{name}={value}" for name, value in sorted(parse_qsl(text, keep_blank_values=True))]
        try:
            body = json.loads(text)
        except (ValueError, RecursionError):
            return text.splitlines()
    if isinstance(body, (Mapping, list, tuple)):
        try:
            return json.dumps(body, indent=2, sort_keys=True, ensure_ascii=False).splitlines()
        except (TypeError, ValueError, RecursionError):
            return repr(body).splitlines()
    return text.splitlines()
