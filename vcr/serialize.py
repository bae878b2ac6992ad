"""VCR.py's path of what turns a cassette into text, and back: ``serialize`` and ``deserialize``. The formats are in
``vcr/formats``. It must not know a file or a client.
"""

from __future__ import annotations

from collections.abc import Mapping

from . import formats
from .formats.contents import Contents
from .formats.vcrpy import VERSION as CASSETTE_FORMAT_VERSION
from .serializers import Deserializer, Serializer

__all__ = ["CASSETTE_FORMAT_VERSION", "Contents", "deserialize", "serialize"]


def serialize(cassette_dict: Mapping[str, object], serializer: Serializer) -> str:
    """``{"requests": [Request], "responses": [dict]}`` as a cassette's text.

    Optional keys are ``"metadata"``, a mapping; ``"beside"``, a list of what stands beside each request and response,
    such as when it was recorded; ``"others"``, a mapping of what else stands at the top of the cassette; and
    ``"preserve_exact_body_bytes"``. Raises ValueError for what could not be read back.
    """
    return formats.write(cassette_dict, serializer)


def deserialize(cassette_string: str, serializer: Deserializer) -> Contents:
    """The requests and the responses in the text of a cassette.

    Raises CassetteNotFoundError when the text says nothing (``---``, a comment alone, ``interactions:`` with nothing
    behind it): the cassette is new; CassetteLoadError when the text is no cassette. What cannot be replayed in a
    response is no error here: Response.fault tells of it.

    A cassette in Betamax's or Ruby VCR's format is known by its structure; saved, it is as the serializer has it.
    """
    return formats.read(cassette_string, serializer)
