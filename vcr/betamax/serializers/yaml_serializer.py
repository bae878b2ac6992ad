"""The serializer ``yaml``, which writes VCR.py's format. It must not know a file."""

from __future__ import annotations

import os
from collections.abc import Mapping

from ...serializers import yamlserializer
from .base import BaseSerializer


class YAMLSerializer(BaseSerializer):
    """Writes VCR.py's format, into ``<name>.yaml``. Unlike the others it is given version 1's plain data, not Betamax's
    dictionary."""

    name = "yaml"

    @staticmethod
    def generate_cassette_name(cassette_library_dir: str, cassette_name: str) -> str:
        """The path of a cassette."""
        return os.path.join(cassette_library_dir, f"{cassette_name}.yaml")

    def serialize(self, cassette_data: Mapping[str, object]) -> str:
        """The cassette as YAML."""
        return yamlserializer.serialize(cassette_data)

    def deserialize(self, cassette_data: str) -> object:
        """The data in the YAML. Raises CassetteLoadError."""
        return yamlserializer.deserialize(cassette_data)
