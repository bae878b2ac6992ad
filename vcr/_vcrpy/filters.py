"""VCR.py's names in ``vcr.filters``, for programs that call its filters by hand."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType, ModuleType
from typing import Any

from .. import _placeholders
from .._fields import Replacements
from .._http import content_coding
from ..filters import replace_body_parameters, replace_headers, replace_query_parameters
from ..request import Request
from ..response import ResponseDict


def replace_post_data_parameters(request: Request, replacements: Replacements, recursive: bool = False) -> Request:
    """``replace_body_parameters`` for POST requests alone."""
    return replace_body_parameters(request, replacements, recursive) if request.method == "POST" else request


def remove_headers(request: Request, headers_to_remove: Iterable[str]) -> Request:
    """Remove request headers."""
    return replace_headers(request, headers_to_remove)


def remove_query_parameters(request: Request, query_parameters_to_remove: Iterable[str]) -> Request:
    """Remove parameters of the query."""
    return replace_query_parameters(request, query_parameters_to_remove)


def remove_post_data_parameters(request: Request, post_data_parameters_to_remove: Iterable[str]) -> Request:
    """Remove fields of the body of a POST request."""
    return replace_post_data_parameters(request, post_data_parameters_to_remove)


def decompress_gzip(body: bytes) -> bytes:
    """``body`` without its gzip coding; a body that has none stays as it is."""
    return content_coding.decode(body, ["gzip"])[0]


def decompress_deflate(body: bytes) -> bytes:
    """``body`` without its deflate coding; a body that has none stays as it is."""
    return content_coding.decode(body, ["deflate"])[0]


def decompress_brotli(body: bytes) -> bytes:
    """``body`` without its br coding; a body that has none stays as it is, and so does every one without a library."""
    return content_coding.decode(body, ["br"])[0]


#: What VCR.py decodes with. ``decode_response`` does not use it: to change it is an error.
AVAILABLE_DECOMPRESSORS = MappingProxyType(
    {"deflate": decompress_deflate, "gzip": decompress_gzip, "br": decompress_brotli}
)


def _brotli() -> ModuleType | None:
    for name in ("brotli", "brotlicffi"):
        try:
            return __import__(name)
        except ImportError:
            continue
    return None


#: The library that decodes br, or None.
brotli = _brotli()


def replace_text(obj: object, text: str, replacement: str) -> Any:
    """A copy of ``obj`` in which ``text`` is replaced: in text, bytes, BytesIO and, at any depth, in containers."""
    if isinstance(obj, str):
        return obj.replace(text, replacement)
    if isinstance(obj, (bytes, bytearray)):
        return bytes(obj).replace(text.encode(), replacement.encode())
    if isinstance(obj, io.BytesIO):
        return io.BytesIO(replace_text(obj.getvalue(), text, replacement))
    if isinstance(obj, Mapping):
        return {replace_text(key, text, replacement): replace_text(obj[key], text, replacement) for key in obj}
    if isinstance(obj, (list, tuple)):
        return type(obj)([replace_text(item, text, replacement) for item in obj])
    return obj


Hook = Callable[[Request, ResponseDict], tuple[Request, ResponseDict]]


def sensitive_data_hooks(sensitive_data: Iterable[tuple[str, object]] | Mapping[str, object]) -> tuple[Hook, Hook]:
    """Two hooks: one puts placeholders in the place of secrets, the other the secrets back."""
    pairs = tuple(sensitive_data.items() if isinstance(sensitive_data, Mapping) else sensitive_data)

    def hide(request: Request, response: ResponseDict) -> tuple[Request, ResponseDict]:
        return _placeholders.mask(_placeholders.resolve(pairs, request, response), request, response)

    def restore(request: Request, response: ResponseDict) -> tuple[Request, ResponseDict]:
        return _placeholders.unmask(_placeholders.resolve(pairs, request, response), request, response)

    return hide, restore
