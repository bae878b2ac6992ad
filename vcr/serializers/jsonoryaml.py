"""The serializer for a cassette named ``.json`` when the user has chosen no serializer. It must not know files.

It writes JSON. It reads JSON and YAML, because VCR.py writes YAML into a file of any name.
"""

from __future__ import annotations

from . import jsonserializer
from .jsonserializer import serialize

__all__ = ["deserialize", "serialize"]


def deserialize(cassette_string: str) -> object:
    """The plain data in a cassette in JSON or YAML. Raises CassetteLoadError with the line for any other text."""
    if cassette_string.lstrip()[:1] in ("{", "["):
        return jsonserializer.deserialize(cassette_string)
    from . import yamlserializer

    return yamlserializer.deserialize(cassette_string)
