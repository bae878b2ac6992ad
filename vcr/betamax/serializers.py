"""Room: Betamax's serializers, and how the engine uses one. They know no engine: their data is Betamax's dictionary.

``json`` is Betamax's compact format, ``prettyjson`` that of betamax-serializers, ``yaml`` VCR.py's format as ``vcr``
writes it. Whatever is written, each reads every format. CHOICE: a file that cannot be read is an error, never empty.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any, ClassVar

from ..errors import CassetteLoadError, CassetteNotFoundError
from ..formats import betamax
from ..persisters.filesystem import FilesystemPersister
from ..serialize import deserialize, serialize
from ..serializers import jsonserializer, yamlserializer


class BaseSerializer:
    """What a serializer of the user's derives from. ``name``: what ``serialize_with`` calls it.

    Register the class with ``Betamax.register_serializer``; it is made once, without arguments. With
    ``stored_as_binary`` it writes and reads bytes.
    """

    name: ClassVar[str | None] = None
    stored_as_binary: ClassVar[bool] = False

    def __init__(self) -> None:
        if not self.name:
            raise ValueError("Serializers require a name")
        self.on_init()

    def on_init(self) -> None:
        """For subclasses: called when the serializer has been made."""

    @staticmethod
    def generate_cassette_name(cassette_library_dir: str, cassette_name: str) -> str:
        """The path of a cassette."""
        raise NotImplementedError("generate_cassette_name must be overridden")

    def serialize(self, cassette_data: Mapping[str, Any]) -> Any:
        """The text, or bytes, of a cassette."""
        raise NotImplementedError("serialize must be overridden")

    def deserialize(self, cassette_data: Any) -> Any:
        """The dictionary in it; empty when there is none."""
        raise NotImplementedError("deserialize must be overridden")


class JSONSerializer(BaseSerializer):
    """JSON in one line, in ``<name>.json``."""

    name = "json"

    @staticmethod
    def generate_cassette_name(cassette_library_dir: str, cassette_name: str) -> str:
        """The path of a cassette."""
        return os.path.join(cassette_library_dir, f"{cassette_name}.json")

    def serialize(self, cassette_data: Mapping[str, Any]) -> str:
        """The cassette as JSON."""
        return json.dumps(cassette_data)

    def deserialize(self, cassette_data: str) -> Any:
        """The data in the JSON. Raises CassetteLoadError."""
        return jsonserializer.deserialize(cassette_data) if cassette_data.strip() else {}


class PrettyJSONSerializer(JSONSerializer):
    """JSON for people to read, in ``<name>.json`` too."""

    name = "prettyjson"

    def serialize(self, cassette_data: Mapping[str, Any]) -> str:
        """The cassette as JSON, keys sorted, indented."""
        return json.dumps(cassette_data, sort_keys=True, indent=2, separators=(",", ": "))


class YAMLSerializer(BaseSerializer):
    """YAML as ``vcr`` and VCR.py write it, in ``<name>.yaml``: what it is given is not Betamax's dictionary."""

    name = "yaml"

    @staticmethod
    def generate_cassette_name(cassette_library_dir: str, cassette_name: str) -> str:
        """The path of a cassette."""
        return os.path.join(cassette_library_dir, f"{cassette_name}.yaml")

    def serialize(self, cassette_data: Mapping[str, Any]) -> str:
        """The cassette as YAML."""
        return yamlserializer.serialize(cassette_data)

    def deserialize(self, cassette_data: str) -> Any:
        """The data in the YAML. Raises CassetteLoadError."""
        return yamlserializer.deserialize(cassette_data)


#: What ``serialize_with`` may name.
serializer_registry: dict[str, BaseSerializer] = {
    str(cls.name): cls() for cls in (JSONSerializer, PrettyJSONSerializer, YAMLSerializer)
}


class SerializerProxy:
    """A registered serializer as the engine uses one: plain data <-> text."""

    def __init__(self, serializer: BaseSerializer) -> None:
        self.proxied_serializer = serializer

    def serialize(self, plain: Mapping[str, Any]) -> Any:
        """The text, or bytes, of a cassette."""
        serializer = self.proxied_serializer
        return serializer.serialize(plain if isinstance(serializer, YAMLSerializer) else betamax.write(plain))

    def deserialize(self, text: Any) -> Any:
        """The data in it. Raises CassetteLoadError."""
        try:
            return self.proxied_serializer.deserialize(text)
        except CassetteLoadError:
            raise
        except ValueError as error:
            name = self.proxied_serializer.name
            raise CassetteLoadError(f"not readable by the serializer {name!r}: {error}") from error


class BinaryPersister(FilesystemPersister):
    """Files of bytes, for serializers with ``stored_as_binary``."""

    @classmethod
    def load_cassette(cls, cassette_path: str | os.PathLike[str], serializer: Any) -> Any:
        """The requests and responses in the file. Raises CassetteNotFoundError when there is none, or an empty one."""
        try:
            with open(cassette_path, "rb") as file:
                content: Any = file.read()
        except FileNotFoundError:
            content = b""
        if not content:
            raise CassetteNotFoundError(f"no cassette at {cassette_path}")
        return deserialize(content, serializer)

    @staticmethod
    def save_cassette(cassette_path: str | os.PathLike[str], cassette_dict: Mapping[str, Any], serializer: Any) -> None:
        """Write the file: the whole of it, or, when anything fails, nothing."""
        content: Any = serialize(cassette_dict, serializer)
        temporary = f"{os.path.realpath(cassette_path)}.{os.getpid()}.tmp"
        with open(temporary, "wb") as file:
            file.write(content)
        os.replace(temporary, os.path.realpath(cassette_path))
