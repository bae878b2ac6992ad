"""The formats of cassettes: one file a recorder, found here and not listed. And the way from the text of a cassette to
what is in it, and back. It must not know files.

A format is a module with ``claims(data)``, which says by the structure of the data whether it is in this format;
``read(data)``, which gives version 1's plain data; and ``TEXTS``, the serializers that write it, by name. Optional is
``losses(data)``: what of the data is in no cassette, as pairs of the number of a ``UNIT``, or None, and what is lost.
A file that another recorder has made, ``tests/cassettes/<module>_<version>``, is read by the tests of every command.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Mapping
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

#: What stands near the beginning of a YAML cassette of cassetter's, and of VCR.py's by accident only.
_TYPED_BODY, _BEGINNING = "\n    body:\n      type: ", 1 << 16
_MERGE_CONFLICT = re.compile(r"^(?:<{7}|>{7})(?: |$)", re.MULTILINE)


def found() -> Iterator[ModuleType]:
    """The formats, VCR.py's first."""
    yield vcrpy
    for module in iter_modules(__path__, f"{__name__}."):
        one = import_module(module.name)
        if hasattr(one, "claims") and one is not vcrpy:
            yield one


def serializers() -> dict[str, Serializer]:
    """The serializers that every ``VCR`` starts with, by name."""
    return {name: serializer for one in found() for name, serializer in one.TEXTS.items()}


# -- writing -----------------------------------------------------------------------------------------------------------


def write(cassette_dict: Mapping[str, object], serializer: Serializer) -> str:
    """The text of a cassette; see ``vcr.serialize.serialize``."""
    return serializer.serialize(vcrpy.write(cassette_dict))


def write_parts(cassette_dict: Mapping[str, object], serializer: Serializer) -> Iterable[str]:
    """The same in parts, where the serializer can give them. What cannot be written is an error before the first."""
    parts = getattr(serializer, "parts", None)
    return [write(cassette_dict, serializer)] if parts is None else parts(vcrpy.write(cassette_dict))


def addition(text: str, cassette_dict: Mapping[str, object], serializer: object) -> tuple[str, str] | None:
    """How these interactions are added to a cassette, without reading it: the end of its text, and what is to stand in
    its place. ``cassette_dict["number_before"]``: how many it has. None: it has to be written anew."""
    find = getattr(serializer, "addition", None)
    found: tuple[str, str] | None = None if find is None else find(text, vcrpy.write(cassette_dict))
    return found


# -- reading -----------------------------------------------------------------------------------------------------------


def read(text: str, serializer: Deserializer) -> Contents:
    """What is in the text of a cassette; see ``vcr.serialize.deserialize``."""
    if isinstance(text, str):
        text = text.removeprefix("\ufeff")
    try:
        return _read_pieces(text, serializer) or _read_whole(text, serializer)
    except RecursionError as error:
        raise CassetteLoadError(f"it nests deeper than {MAX_DEPTH} levels") from error


def _read_pieces(text: str, serializer: Deserializer) -> Contents | None:
    """A cassette whose interactions are read when they are needed, where the serializer can cut its text; None where a
    piece is no interaction: it may have been cut in the middle of a text."""
    split = getattr(serializer, "split", None)
    pieces = None if split is None or not isinstance(text, str) else split(text)
    if pieces is None or _may_be_cassetters(text):
        return None
    contents = vcrpy.read_top(pieces.rest)

    def read_one(index: int) -> tuple[Request, Response]:
        try:
            return vcrpy.read_interaction(index + 1, pieces.parse(index))
        except CassetteLoadError as error:
            raise error.at(contents.path) from error

    for index in range(len(pieces)):
        target, read_it = pieces.target(index), functools.partial(read_one, index)
        try:
            one = Interaction(*read_it()) if target is None else StoredInteraction(target, read_it)
        except CassetteLoadError:
            return None
        contents.interactions.append(one)
    return contents


def _read_whole(text: str, serializer: Deserializer) -> Contents:
    data = _parsed(text, serializer)
    recorder = next((one for one in found() if one.claims(data)), vcrpy)
    top = vcrpy.read(recorder.read(data))
    contents = vcrpy.read_top(top)
    for number, interaction in enumerate(top["interactions"], 1):
        contents.interactions.append(Interaction(*vcrpy.read_interaction(number, interaction)))
    if hasattr(recorder, "losses"):
        contents.losses = functools.partial(_losses, recorder, data)
    return contents


def _losses(recorder: ModuleType, data: object) -> Iterator[str]:
    for number, what in recorder.losses(data):
        yield f"{'the cassette' if number is None else f'{recorder.UNIT} {number}'}: {what}"


def _may_be_cassetters(text: str) -> bool:
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
