"""Connects a registered serializer with the engine, with a file of bytes, and, for programs that use Betamax's
``SerializerProxy``, with the file of one cassette. It must not know a session or a recorder.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ...errors import CassetteLoadError, CassetteNotFoundError
from ...formats import betamax
from ...persisters.filesystem import FilesystemPersister
from ...persisters.whole import mode_of, replace
from ...serialize import Contents, deserialize, serialize
from ...serializers import Data, Deserializer, Serializer
from .base import BaseSerializer
from .yaml_serializer import YAMLSerializer


class EngineSerializer:
    """A registered serializer with the engine's interface: it turns plain data into text and back.

    ``stored``: Betamax's data of the interactions that were read last; None if they were not in Betamax's format.
    """

    def __init__(self, serializer: BaseSerializer) -> None:
        self._serializer = serializer
        self.stored: list[Data] | None = None

    def serialize(self, plain: Data) -> Any:  # text, or bytes for BinaryPersister
        """The text, or the bytes, of a cassette."""
        serializer = self._serializer
        return serializer.serialize(plain if isinstance(serializer, YAMLSerializer) else betamax.write(plain))

    def deserialize(self, text: str | bytes) -> object:
        """The data in the text, or the bytes, of a cassette. Raises CassetteLoadError."""
        try:
            data = self._serializer.deserialize(text) or {"http_interactions": []}
        except CassetteLoadError:
            raise
        except ValueError as error:
            raise CassetteLoadError(f"not readable by the serializer {self._serializer.name!r}: {error}") from error
        self.stored = data.get("http_interactions") if isinstance(data, Mapping) else None
        return data


class SerializerProxy:
    """A serializer with the file of one cassette. This is a class of Betamax, for programs that read or write a
    cassette by themselves.

    ``allow_serialization``: whether ``serialize`` writes the file.
    """

    def __init__(self, serializer: BaseSerializer, cassette_path: str, allow_serialization: bool = False) -> None:
        self.proxied_serializer = serializer
        self.cassette_path = cassette_path
        self.allow_serialization = allow_serialization

    def corrected_file_mode(self, base_mode: str) -> str:
        """The mode for ``open``: ``base_mode``, with a ``b`` if the serializer makes bytes."""
        return f"{base_mode}b" if self.proxied_serializer.stored_as_binary else base_mode

    def serialize(self, cassette_data: Mapping[str, object]) -> None:
        """Write the file, if ``allow_serialization`` is true."""
        if not self.allow_serialization:
            return
        content: Any = self.proxied_serializer.serialize(cassette_data)
        os.makedirs(os.path.dirname(os.path.abspath(self.cassette_path)), exist_ok=True)
        with open(self.cassette_path, self.corrected_file_mode("w")) as file:
            file.write(content)

    def deserialize(self) -> object:
        """The data in the file. If there is no file, the serializer is given an empty text, or no bytes."""
        try:
            with open(self.cassette_path, self.corrected_file_mode("r")) as file:
                content = file.read()
        except FileNotFoundError:
            content = b"" if self.proxied_serializer.stored_as_binary else ""
        return self.proxied_serializer.deserialize(content)


class BinaryPersister(FilesystemPersister):
    """The persister for serializers with ``stored_as_binary``: its files hold bytes."""

    @classmethod
    def load_cassette(cls, cassette_path: str | os.PathLike[str], serializer: Deserializer) -> Contents:
        """The contents of the file. Raises CassetteNotFoundError if there is no file, or an empty one."""
        try:
            with open(cassette_path, "rb") as file:
                content: Any = file.read()
        except FileNotFoundError:
            content = b""
        if not content:
            raise CassetteNotFoundError(f"no cassette at {cassette_path}")
        return deserialize(content, serializer)

    @staticmethod
    def save_cassette(
        cassette_path: str | os.PathLike[str], cassette_dict: Mapping[str, object], serializer: Serializer
    ) -> None:
        """Write the whole file. If anything fails, the old file stays as it is."""
        content: Any = serialize(cassette_dict, serializer)
        path = os.path.realpath(cassette_path)
        replace(path, [content], mode_of(path))
