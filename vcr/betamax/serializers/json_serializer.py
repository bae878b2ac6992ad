"""The serializers ``json``, of Betamax, and ``prettyjson``, of betamax-serializers. They must not know a file."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping

from ...serializers import jsonserializer
from .base import BaseSerializer


class JSONSerializer(BaseSerializer):
    """Writes JSON in one line, into ``<name>.json``."""

    name = "json"

    @staticmethod
    def generate_cassette_name(cassette_library_dir: str, cassette_name: str) -> str:
        """The path of a cassette."""
        return os.path.join(cassette_library_dir, f"{cassette_name}.json")

    def serialize(self, cassette_data: Mapping[str, object]) -> str:
        """The cassette as JSON."""
        return json.dumps(cassette_data)

    def deserialize(self, cassette_data: str) -> object:
        """The data in the JSON; an empty dictionary for an empty text. Raises CassetteLoadError."""
        return jsonserializer.deserialize(cassette_data) if cassette_data.strip() else {}


class PrettyJSONSerializer(JSONSerializer):
    """Writes indented JSON, into ``<name>.json`` too."""

    name = "prettyjson"

    def serialize(self, cassette_data: Mapping[str, object]) -> str:
        """The cassette as indented JSON with sorted keys."""
        return json.dumps(cassette_data, sort_keys=True, indent=2, separators=(",", ": "))
