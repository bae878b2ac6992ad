"""What a serializer of the user's derives from. It must not know the serializers that there are, nor a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar


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

    def serialize(self, cassette_data: Mapping[str, object]) -> str | bytes:
        """The text, or bytes, of a cassette."""
        raise NotImplementedError("serialize must be overridden")

    def deserialize(self, cassette_data: Any) -> object:  # (str or bytes: a subclass takes one)
        """The dictionary in it; empty when there is none."""
        raise NotImplementedError("deserialize must be overridden")
