"""Reads the text of a cassette in the format of any recorder, and writes VCR.py's. It must not know files.

Each format is a module of this package; the modules are found, not listed. A module has

- ``claims(data)``: whether ``data``, by its structure, is in this format,
- ``read(data)``: returns ``data`` as version 1's plain data,
- ``TEXTS``: the serializers that write this format, by name,
- optionally ``losses(data)`` and ``UNIT``: what is in ``data`` and in no cassette, as pairs: the number of the ``UNIT``
  (the format's word for an interaction), or None for the whole cassette; and what is lost.

A file that another recorder has made, ``tests/cassettes/<module>_<version>``, is read by the tests of every command.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

from .._engine.interaction import Interaction, StoredInteraction
from ..errors import CassetteLoadError
from ..request import Request
from ..response import Response
from ..serializers import MAX_DEPTH, YAML, Deserializer, Serializer
from . import cassetter, vcrpy
from .contents import Contents

#: A YAML cassette of cassetter has this text among its first ``_BEGINNING`` characters; one of VCR.py only by chance.
_TYPED_BODY, _BEGINNING = "\n    body:\n      type: ", 1 << 16
_MERGE_CONFLICT = re.compile(r"^(?:<{7}|>{7})(?: |$)", re.MULTILINE)


@functools.cache
def found() -> tuple[ModuleType, ...]:
    """The modules of the formats, VCR.py's first."""
    modules = [import_module(module.name) for module in iter_modules(__path__, f"{__name__}.")]
    return (vcrpy, *(one for one in modules if hasattr(one, "claims") and one is not vcrpy))


def serializers() -> dict[str, Serializer]:
    """The serializers that every ``VCR`` starts with, by name."""
    return {name: serializer for one in found() for name, serializer in one.TEXTS.items()}


# -- writing -----------------------------------------------------------------------------------------------------------


def write(cassette_dict: Mapping[str, object], serializer: Serializer) -> str:
    """The text of a cassette; see ``vcr.serialize.serialize``."""
    return serializer.serialize(vcrpy.write(cassette_dict))


def write_parts(cassette_dict: Mapping[str, object], serializer: Serializer) -> Iterable[str]:
    """The text of a cassette in parts, if the serializer can give them. What cannot be written raises ValueError before
    the first part."""
    parts = getattr(serializer, "parts", None)
    return [write(cassette_dict, serializer)] if parts is None else parts(vcrpy.write(cassette_dict))


def addition(text: str, cassette_dict: Mapping[str, object], serializer: object) -> tuple[str, str] | None:
    """How to add interactions to the ``text`` of a cassette without reading the text.

    Returns the end of ``text``, and what is to replace that end; None if the whole cassette has to be written anew.
    ``cassette_dict["number_before"]``: how many interactions the text has.
    """
    find = getattr(serializer, "addition", None)
    found: tuple[str, str] | None = None if find is None else find(text, vcrpy.write(cassette_dict))
    return found


# -- reading -----------------------------------------------------------------------------------------------------------


def read(text: str, serializer: Deserializer) -> Contents:
    """The contents of the text of a cassette; see ``vcr.serialize.deserialize``. Raises CassetteLoadError."""
    if isinstance(text, str):
        text = text.removeprefix("\ufeff")
    try:
        return _read_entries(text, serializer) or _read_whole(text, serializer)
    except RecursionError as error:
        raise CassetteLoadError(f"it nests deeper than {MAX_DEPTH} levels") from error


def _read_entries(text: str, serializer: Deserializer) -> Contents | None:
    """The contents of a text that the serializer can cut into interactions: each is read when it is needed.

    None if the serializer cannot cut the text, or if an entry is no interaction: the text may have been cut in quotes.
    """
    split = getattr(serializer, "split", None)
    if split is None or not isinstance(text, str) or _may_be_cassetters(text):
        return None
    entries = split(text)
    if entries is None:
        return None
    contents = vcrpy.read_top(entries.rest)
    for index in range(len(entries)):
        try:
            contents.interactions.append(_interaction(contents, entries.target(index), entries.parse, index))
        except CassetteLoadError:
            return None
    return contents


def _interaction(
    contents: Contents, target: tuple[str, str] | None, data_of: Callable[[int], object], index: int
) -> Interaction:
    """The interaction of ``contents`` whose data ``data_of(index)`` returns. It is read when it is needed; or now, if
    ``target``, its method and URI, is None."""
    read_it = functools.partial(_pair, contents, data_of, index)
    return Interaction(*read_it()) if target is None else StoredInteraction(target, read_it)


def _pair(contents: Contents, data_of: Callable[[int], object], index: int) -> tuple[Request, Response]:
    try:
        return vcrpy.read_interaction(index + 1, data_of(index))
    except CassetteLoadError as error:
        raise error.at(contents.path) from error


def _read_whole(text: str, serializer: Deserializer) -> Contents:
    data = _parsed(text, serializer)
    recorder = next((one for one in found() if one.claims(data)), vcrpy)
    top = vcrpy.read(recorder.read(data))
    contents = vcrpy.read_top(top)
    interactions = list(top["interactions"])
    for index, interaction in enumerate(interactions):
        target = vcrpy.target(interaction) if recorder is vcrpy else None
        contents.interactions.append(_interaction(contents, target, interactions.__getitem__, index))
    if hasattr(recorder, "losses"):
        contents.losses = functools.partial(_losses, recorder, data)
    return contents


def _losses(recorder: ModuleType, data: object) -> Iterator[str]:
    for number, what in recorder.losses(data):
        yield f"{'the cassette' if number is None else f'{recorder.UNIT} {number}'}: {what}"


def _may_be_cassetters(text: object) -> bool:
    return isinstance(text, str) and text.find(_TYPED_BODY, 0, _BEGINNING) >= 0


def _parsed(text: str, serializer: Deserializer) -> object:
    if _may_be_cassetters(text):
        with suppress(CassetteLoadError):
            data: object = YAML.deserialize_1_2(text)
            if cassetter.claims(data):
                return data
    try:
        return serializer.deserialize(text)
    except CassetteLoadError as error:
        conflict = _MERGE_CONFLICT.search(text)
        if conflict is None:
            raise
        line = text.count("\n", 0, conflict.start()) + 1
        raise CassetteLoadError("it has an unresolved merge conflict", line=line) from error
