"""Removes or replaces the fields of a request by their names, wherever a field stands: in a query, in a form, in JSON,
in multipart, or in text of an unknown kind. It must not know an option, a cassette or a client.

A body of a known structure is parsed, and changed in the same way as by VCR.py. Elsewhere a field is found in the text
itself (``vcr/_http/named.py``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import unquote_plus

from ._http import content_coding, multipart, named, wrapping
from ._http.fields import media_type
from ._http.meaning import FORM
from ._http.names import names_of
from ._http.text import as_bytes, as_text
from .request import Request

#: What takes a value's place: a string, None to remove it, or ``f(key, value, request)`` that returns either.
Replacement = str | Callable[..., object] | None
#: Names to remove, ``(name, replacement)`` pairs, or a mapping of names to replacements.
Replacements = Iterable[Any] | Mapping[str, Replacement]


def by_name(replacements: Replacements) -> Mapping[str, Replacement]:
    """``["a", ("b", "x")] -> {"a": None, "b": "x"}``: each spelling of replacements, as a mapping."""
    if isinstance(replacements, Mapping):
        return replacements
    return dict((item, None) if isinstance(item, str) else tuple(item) for item in replacements)


#: How often a text is filtered at most, until it no longer changes. A request is filtered when it is recorded, and
#: again when it is loaded: both results have to be the same.
_ROUNDS = 4


class Wanted:
    """The fields that a filter takes out of one request, and what takes the place of each value."""

    def __init__(self, replacements: Replacements, request: Request) -> None:
        self.by_name = by_name(replacements)
        self.names = names_of(tuple(self.by_name))
        self._request = request
        self._put: set[tuple[str, str]] = set()

    def key(self, name: object) -> str | None:
        """The wanted name that the name of a field spells; None when it spells none."""
        if not isinstance(name, str):
            return None
        return name if name in self.by_name else self.names.of(name)

    def new(self, key: str, value: object) -> Any:
        """The replacement of ``value``; None: the field is removed."""
        replacement = self.by_name[key]
        if not callable(replacement):
            return replacement
        return replacement(key=key, value=value, request=self._request)

    def put(self, key: str, written: str) -> None:
        """Note a value that has been written in the place of a field: it is not replaced again."""
        self._put.add((key, written))

    def in_bytes(self, data: bytes) -> bytes:
        """``data``, a text of any kind, without these fields; the same object when none is there."""
        for _ in range(_ROUNDS):
            new = named.replaced(data, self.names, self._in_its_place)
            if new == data:
                break
            data = new  # In broken text, a new value may turn its neighbours into a field.
        return data

    def _in_its_place(self, key: str, value: str) -> str | None:
        if (key, value) in self._put:
            return value
        new = _as_text(self.new(key, value))
        if new is not None:
            self.put(key, new)
        return new

    def in_text(self, text: str) -> str:
        """``text``, an address or a part of one, without these fields; the same object when none is there."""
        data = as_bytes(text)
        new = self.in_bytes(data)
        return text if new is data else as_text(new)


def _as_text(new: object) -> str | None:
    if new is None:
        return None
    return as_text(new) if isinstance(new, bytes) else str(new)


# -- JSON, as values ---------------------------------------------------------------------------------------------------


def without_keys(data: object, wanted: Wanted, recursive: bool) -> object:
    """``data``, which stays as it is, with these keys replaced or removed: those at the top, or at any depth."""
    if recursive:
        return _without_keys_anywhere(data, wanted)
    if not isinstance(data, Mapping):
        return data
    kept: dict[object, object] = {}
    for name, value in data.items():
        key = None if name in wanted.by_name else wanted.key(name)
        if key is None:
            if name not in wanted.by_name:
                kept[name] = value
        elif (new := wanted.new(key, value)) is not None:
            kept[name] = new
    for key in wanted.by_name:  # They come last, as in VCR.py's cassettes.
        if key in data and (new := wanted.new(key, data[key])) is not None:
            kept[key] = new
    return kept


def _without_keys_anywhere(data: object, wanted: Wanted) -> object:
    if isinstance(data, (list, tuple)):
        return [_without_keys_anywhere(item, wanted) for item in data]
    if not isinstance(data, Mapping):
        return data
    kept: dict[object, object] = {}
    for name, value in data.items():
        key = wanted.key(name)
        if key is None:
            kept[name] = _without_keys_anywhere(value, wanted)
        elif (new := wanted.new(key, value)) is not None:
            kept[name] = new
    return kept


class _NotJson(Exception):  # noqa: N818  (no error: what is read is tried as another kind)
    """The bytes are no JSON, or none that Python reads."""


def _loaded(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise _NotJson from error


def _is_json(body: bytes) -> bool:
    try:
        _loaded(body)
    except _NotJson:
        return False
    return True


# -- a body that is kept as an object ----------------------------------------------------------------------------------


def without_fields(body: Any, wanted: Wanted, recursive: bool) -> object:
    """A body that VCR.py's aiohttp stub stored as an object, without these fields: it has to match the filtered bytes
    of a request that is sent now."""
    if isinstance(body, Mapping) or not all(isinstance(pair, (list, tuple)) and len(pair) == 2 for pair in body):
        return without_keys(body, wanted, recursive)
    kept: list[object] = []
    for name, value in body:
        key = wanted.key(name)
        new = value if key is None else wanted.new(key, value)
        if new is not None or key is None:
            kept.append((name, new))
    return kept


# -- a body in bytes ---------------------------------------------------------------------------------------------------

#: Bodies of these types have no fields, or none with names.
_WITHOUT_FIELDS = ("image/", "audio/", "video/", "font/", "application/pdf", "application/zip")
#: Names that stand in ``Content-Encoding`` and are no content coding: the body is cut into chunks.
_FRAMINGS = frozenset({"aws-chunked"})
#: Characters that no name of a field in a form contains.
_NO_NAME = re.compile(r"[\s\"'{}<>:/?;]")


class BodyFilter:
    """Filters the body of one request: first as the structure that its Content-Type names, then as text."""

    def __init__(self, request: Request, wanted: Wanted, recursive: bool, limit: int, of_text: bool) -> None:
        """``of_text``: a body that is no text stays as it is, unless its type says what it is."""
        self._headers = request.headers
        self._of_text = of_text
        self._wanted = wanted
        self._recursive = recursive
        self._limit = limit

    def filtered(self, body: bytes) -> tuple[bytes, bool]:
        """``body`` without the fields, and whether it is certain that none is left in it."""
        codings = content_coding.of(self._headers)
        plain, left = content_coding.decode(body, codings, self._limit)
        if left:
            new = self._as_typed(body)
            return new, self._is_clear(new, is_coded=left[-1] not in _FRAMINGS)
        if plain is body:
            new = self._as_typed(body)
            return new, self._is_clear(new)
        new = self._as_typed(plain, rewrite=False)
        coded = body if new == plain else content_coding.encode(new, codings)
        return (body, False) if coded is None else (coded, self._is_clear(new))

    def _as_typed(self, body: bytes, rewrite: bool = True) -> bytes:
        """``rewrite``: JSON is written again though nothing in it changes, as VCR.py does."""
        kind = media_type(self._headers)
        if kind == "application/json" or kind.endswith("+json"):
            try:
                data = _loaded(body)
                new = self._json(data)
            except (_NotJson, RecursionError):
                pass  # It is not what its Content-Type says.
            else:
                return json.dumps(new).encode() if rewrite or new != data else body
        if kind == "multipart/form-data":
            replaced = multipart.replace_values(body, self._headers["Content-Type"], self._part)
            if replaced is not None and replaced != body:
                return self._text(replaced)
        is_form = kind == FORM or _may_be_form(body)
        if not is_form and self._of_text and not content_coding.is_text(body):
            return body
        new = self._text(self._form(body) if is_form else body)
        # It may have become a form, when a value with other characters was removed: then it is filtered as a form, too,
        # as it will be when it is loaded.
        return self._text(self._form(new)) if not is_form and new != body and _may_be_form(new) else new

    def _text(self, body: bytes) -> bytes:
        """A body of an unknown kind, or a part of one, without these fields."""
        if body.lstrip()[:1] in (b"{", b"["):
            try:
                data = _loaded(body)
                new = self._json(data)
            except (_NotJson, RecursionError):
                pass
            else:
                return body if new == data else json.dumps(new, ensure_ascii=False).encode("utf-8", "surrogatepass")
        around = wrapping.around(body, self._limit)
        if around is not None:
            inner = self._text(around.inner)
            return body if inner == around.inner else around.wrapped(inner)
        return self._wanted.in_bytes(body)

    def _json(self, data: object) -> object:
        return self._strings(without_keys(data, self._wanted, self._recursive))

    def _strings(self, data: object) -> object:
        """``data`` with these fields removed from each string in it, which may be a form, GraphQL or JSON itself."""
        if isinstance(data, str):
            return self._text(data.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")
        if isinstance(data, Mapping):
            return {key: self._strings(value) for key, value in data.items()}
        return [self._strings(one) for one in data] if isinstance(data, list) else data

    def _part(self, name: str, value: bytes) -> bytes | None:
        """The new value of a multipart field. A replacement that is a function gets text, or bytes where the value is
        no text."""
        key = self._wanted.key(name)
        if key is None:
            return value
        new = _as_text(self._wanted.new(key, value.decode() if content_coding.is_text(value) else value))
        if new is None:
            return None
        self._wanted.put(key, new)
        return as_bytes(new)

    def _form(self, body: bytes) -> bytes:
        """Replace or remove fields of ``a=1&b=2``; every other field stays as it is written.

        A replacement that is a function gets the value as it is written, still percent-encoded, and returns it so.
        """
        kept: list[str] = []
        for field in as_text(body).split("&"):
            name, equals, value = field.partition("=")
            key = self._field(name) if equals else None
            if key is None:
                kept.append(field)
            elif (new := _as_text(self._wanted.new(key, value))) is not None:
                written = new.replace("&", "%26")  # else the field would end there
                self._wanted.put(key, written)
                kept.append(f"{name}={written}")
        return as_bytes("&".join(kept))

    def _field(self, name: str) -> str | None:
        """The wanted name that the name of a form's field spells: as it is written, decoded, or otherwise."""
        for spelled in (name, unquote_plus(name)):
            if spelled in self._wanted.by_name:
                return spelled
        return None if _NO_NAME.search(name) else self._wanted.key(name)

    def _is_clear(self, body: bytes, is_coded: bool = False) -> bool:
        """Whether it is certain that no field is left in the body. ``is_coded``: the body has a content coding that
        could not be taken off."""
        around = wrapping.around(body, self._limit)
        if around is not None:
            return self._is_clear(around.inner)
        if content_coding.is_text(body) and b"\0" not in body:
            return not self._wanted.names.stand_unread_in(body) or all(map(_is_json, (body, *body.splitlines())))
        if is_coded:
            return False
        is_known = media_type(self._headers).startswith(_WITHOUT_FIELDS)
        is_multipart = multipart.split(body, self._headers.get("Content-Type", "")) is not None
        return is_known or is_multipart or not self._wanted.names.stand_in_binary(body)


def _may_be_form(body: bytes) -> bool:
    """Whether the names of all fields are text: such a body counts as a form, as in VCR.py."""
    fields = (field.partition(b"=") for field in body.split(b"&"))
    return all(content_coding.is_text(name) for name, equals, _ in fields if equals)
