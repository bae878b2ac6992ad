"""The serializer for YAML. It makes Python objects from a file, or writes them, only with ``with_custom_tags``. It must
not know what the data means.

``serialize`` and ``deserialize`` are what every serializer has. The others are for large cassettes, and a serializer
may lack them: ``parts`` gives the text in parts, ``split`` cuts it into interactions, ``addition`` adds some to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress

from ..errors import CassetteLoadError
from . import jsonserializer, yamlentries
from .yamlcustom import CustomTagSerializer
from .yamlentries import Entries
from .yamlreader import read
from .yamltypes import plain_of_1_2
from .yamlwriter import PlainDumper, dump, write


def serialize(cassette_dict: Mapping[str, object]) -> str:
    """The cassette as YAML."""
    return dump(cassette_dict, PlainDumper)


def parts(cassette_dict: Mapping[str, object]) -> Iterator[str]:
    """The cassette as YAML, in parts that are never in memory all at once."""
    return write(cassette_dict, PlainDumper)


def deserialize(cassette_string: str) -> object:
    """The plain data in a cassette in YAML or JSON. Raises CassetteLoadError with the line for any other text."""
    if cassette_string.lstrip()[:1] in ("{", "["):
        # JSON is YAML, apart from its two escapes for an emoji. A text that is not JSON may be YAML in flow style.
        with suppress(CassetteLoadError):
            return jsonserializer.deserialize(cassette_string)
    return read(cassette_string)


def deserialize_1_2(cassette_string: str) -> object:
    """The plain data in a text in YAML 1.2, in which dates, and ``1:30``, are text.

    Raises CassetteLoadError with the line for a text that is not YAML.
    """
    return read(cassette_string, meaning=plain_of_1_2)


def split(cassette_string: str) -> Entries | None:
    """The cassette cut into entries, which are read when they are needed; None if its text may not be cut."""
    return yamlentries.split(cassette_string, deserialize)


def addition(cassette_string: str, cassette_dict: Mapping[str, object]) -> tuple[str, str] | None:
    """How to add interactions to the text of a cassette: the end of the text, and what is to replace that end.

    ``cassette_dict``: the interactions to add, and nothing else. None if the text has not the shape that ``serialize``
    writes.
    """
    end = yamlentries.usual_end(cassette_string)
    if end is None:
        return None
    return end, serialize(cassette_dict).removeprefix(yamlentries.OPENING)


def with_custom_tags(constructors: Mapping[str, Callable[..., object]]) -> CustomTagSerializer:
    """A serializer that reads and writes Python objects with these tags, and with no others.

    ``constructors``: for each full tag (``tag:yaml.org,2002:python/object/new:app.Header``) the function that makes the
    object, called as ``constructor(loader, node)``. Hand the result to ``VCR.register_serializer``.
    """
    return CustomTagSerializer(constructors)
