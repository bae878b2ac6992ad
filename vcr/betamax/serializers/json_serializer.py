"""Betamax's ``json`` and betamax-serializers' ``prettyjson``: the data of a cassette <-> JSON. They know no file."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping

from ...serializers import jsonserializer
from .base import BaseSerializer


class JSONSerializer(BaseSerializer):
    """JSON in one line, in ``<name>.json``."""

    name = "json"

    @staticmethod
    def generate_cassette_name(cassette_library_dir: str, cassette_name: str) -> str:
        """The path of a cassette."""
        return os.path.join(cassette_library_dir, f"{cassette_name}.json")

    def serialize(self, cassette_data: Mapping[str, object]) -> str:
        """The cassette as JSON."""
        return json.dumps(cassette_data)

    def deserialize(self, cassette_data: str) -> object:
        """The data in the JSON. Raises CassetteLoadError."""
        return jsonserializer.deserialize(cassette_data) if cassette_data.strip() else {}


class PrettyJSONSerializer(JSONSerializer):
    """JSON for people to read, in ``<name>.json`` too."""

    name = "prettyjson"

    def serialize(self, cassette_data: Mapping[str, object]) -> str:
        """The cassette as JSON, keys sorted, indented."""
        return json.dumps(cassette_data, sort_keys=True, indent=2, separators=(",", ": "))
