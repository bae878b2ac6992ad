"""Plain data <-> the text of a cassette named ``.json`` for which no serializer was chosen.

JSON is written; YAML is read too, because VCR.py writes YAML whatever the name is.
"""

from __future__ import annotations

from . import jsonserializer
from .jsonserializer import serialize

__all__ = ["deserialize", "serialize"]


def deserialize(cassette_string: str) -> object:
    """The plain data in a cassette in JSON or YAML. Raises CassetteLoadError with the line when it is neither."""
    if cassette_string.lstrip()[:1] in ("{", "["):
        return jsonserializer.deserialize(cassette_string)
    from . import yamlserializer

    return yamlserializer.deserialize(cassette_string)
