"""A serializer of Betamax's kind with a file: as the engine uses it, and as Betamax's programs do."""

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
    """A registered serializer as the engine uses one: plain data <-> text.

    ``stored``: the interactions in what was read last, as they stand in it; None when it is no cassette of Betamax's.
    """

    def __init__(self, serializer: BaseSerializer) -> None:
        self._serializer = serializer
        self.stored: list[Data] | None = None

    def serialize(self, plain: Data) -> Any:  # (text; bytes are for BinaryPersister alone)
        """The text, or bytes, of a cassette."""
        serializer = self._serializer
        return serializer.serialize(plain if isinstance(serializer, YAMLSerializer) else betamax.write(plain))

    def deserialize(self, text: str | bytes) -> object:
        """The data in it. Raises CassetteLoadError."""
        try:
            data = self._serializer.deserialize(text) or {"http_interactions": []}
        except CassetteLoadError:
            raise
        except ValueError as error:
            raise CassetteLoadError(f"not readable by the serializer {self._serializer.name!r}: {error}") from error
        self.stored = data.get("http_interactions") if isinstance(data, Mapping) else None
        return data


class SerializerProxy:
    """A serializer with the file of one cassette, for programs that read or write one by hand (Betamax's class).

    ``allow_serialization``: whether ``serialize`` writes.
    """

    def __init__(self, serializer: BaseSerializer, cassette_path: str, allow_serialization: bool = False) -> None:
        self.proxied_serializer = serializer
        self.cassette_path = cassette_path
        self.allow_serialization = allow_serialization

    def corrected_file_mode(self, base_mode: str) -> str:
        """The mode in which ``open`` takes what the serializer makes: ``base_mode``, for bytes with a ``b``."""
        return f"{base_mode}b" if self.proxied_serializer.stored_as_binary else base_mode

    def serialize(self, cassette_data: Mapping[str, object]) -> None:
        """Write the file, if that is allowed."""
        if not self.allow_serialization:
            return
        content: Any = self.proxied_serializer.serialize(cassette_data)
        os.makedirs(os.path.dirname(os.path.abspath(self.cassette_path)), exist_ok=True)
        with open(self.cassette_path, self.corrected_file_mode("w")) as file:
            file.write(content)

    def deserialize(self) -> object:
        """The data in the file; what the serializer makes of nothing when there is none."""
        try:
            with open(self.cassette_path, self.corrected_file_mode("r")) as file:
                content = file.read()
        except FileNotFoundError:
            content = b"" if self.proxied_serializer.stored_as_binary else ""
        return self.proxied_serializer.deserialize(content)


class BinaryPersister(FilesystemPersister):
    """Files of bytes, for serializers with ``stored_as_binary``."""

    @classmethod
    def load_cassette(cls, cassette_path: str | os.PathLike[str], serializer: Deserializer) -> Contents:
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
    def save_cassette(
        cassette_path: str | os.PathLike[str], cassette_dict: Mapping[str, object], serializer: Serializer
    ) -> None:
        """Write the file: the whole of it, or, when anything fails, nothing."""
        content: Any = serialize(cassette_dict, serializer)
        path = os.path.realpath(cassette_path)
        replace(path, [content], mode_of(path))
