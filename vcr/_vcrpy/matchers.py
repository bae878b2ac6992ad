"""VCR.py's names in ``vcr.matchers``, for programs that build matchers of their own on its built-in ones."""

from __future__ import annotations

import json
import xmlrpc.client
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

from .._http.difference import MAX_DIFF_LINE_LENGTH, MAX_DIFF_LINES
from .._http.wire import without_chunks
from ..matchers import Predicate
from ..request import Headers, Request

__all__ = ["MAX_DIFF_LINES", "MAX_DIFF_LINE_LENGTH"]


def get_assertion_message(assertion_details: str | None) -> str | None:
    """What a matcher said of a difference, as it is."""
    return assertion_details


def _evaluate_matcher(matcher_function: Predicate, *requests: Request) -> tuple[object, str | None]:
    """What a matcher made of two requests: ``(whether they are the same, what it said)``."""
    try:
        verdict = matcher_function(*requests)
    except AssertionError as error:
        return False, get_assertion_message(str(error))
    return (True if verdict is None else verdict), None


def _header_checker(value: str, header: str = "Content-Type") -> Callable[[Any], bool]:
    """Whether headers have ``value`` in one of them."""
    return lambda headers: value in _as_text(headers.get(header, "")).lower()


def _as_text(value: object) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _transform_json(body: Any) -> object:
    """The data in a JSON body."""
    return json.loads(body) if body else None


def _dechunk(body: object) -> object:
    return without_chunks(body, Headers({"Transfer-Encoding": "chunked"})) if isinstance(body, bytes) else body


def _transform_form(body: Any) -> object:
    return parse_qs(body.decode("ascii")) if body is not None else None


def _transform_xmlrpc(body: Any) -> object:
    return xmlrpc.client.loads(body) if body is not None else None


def _is_xmlrpc(headers: object) -> bool:
    return _header_checker("text/xml")(headers) and _header_checker("xmlrpc", header="User-Agent")(headers)


#: For each kind of body, what tells from the headers that it is of this kind, and what reads it.
_checker_transformer_pairs = (
    (_header_checker("chunked", header="Transfer-Encoding"), _dechunk),
    (_header_checker("application/x-www-form-urlencoded"), _transform_form),
    (_header_checker("application/json"), _transform_json),
    (_is_xmlrpc, _transform_xmlrpc),
)
