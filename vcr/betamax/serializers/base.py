"""The base class for serializers of the user's. It must not know other serializers, or a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar


class BaseSerializer:
    """The base class for serializers of the user's. ``name``: the name that ``serialize_with`` takes.

    Register the class with ``Betamax.register_serializer``: that makes one object of it, without arguments.
    ``stored_as_binary``: whether it writes and reads bytes, not text.
    """

    name: ClassVar[str | None] = None
    stored_as_binary: ClassVar[bool] = False

    def __init__(self) -> None:
        if not self.name:
            raise ValueError("Serializers require a name")
        self.on_init()

    def on_init(self) -> None:
        """Called when the serializer has been made; a subclass may do something here."""

    @staticmethod
    def generate_cassette_name(cassette_library_dir: str, cassette_name: str) -> str:
        """The path of a cassette."""
        raise NotImplementedError("generate_cassette_name must be overridden")

    def serialize(self, cassette_data: Mapping[str, object]) -> str | bytes:
        """The text, or the bytes, of a cassette. ``cassette_data``: Betamax's dictionary."""
        raise NotImplementedError("serialize must be overridden")

    def deserialize(self, cassette_data: Any) -> object:  # Any: a subclass takes either text or bytes
        """Betamax's dictionary in the text, or the bytes, of a cassette; an empty one for an empty cassette."""
        raise NotImplementedError("deserialize must be overridden")
