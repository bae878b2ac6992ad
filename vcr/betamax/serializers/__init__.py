"""The serializers that ``serialize_with`` names. They must not know a session.

``json`` writes Betamax's compact JSON, ``prettyjson`` the indented JSON of betamax-serializers, ``yaml`` VCR.py's
format. Each reads every format. A file that cannot be read is an error; it never counts as empty.
"""

from __future__ import annotations

from .base import BaseSerializer
from .json_serializer import JSONSerializer, PrettyJSONSerializer
from .proxy import SerializerProxy
from .yaml_serializer import YAMLSerializer

__all__ = [
    "BaseSerializer",
    "JSONSerializer",
    "PrettyJSONSerializer",
    "SerializerProxy",
    "YAMLSerializer",
    "serializer_registry",
]

#: The registered serializers, by the names that ``serialize_with`` takes.
serializer_registry: dict[str, BaseSerializer] = {
    str(cls.name): cls() for cls in (JSONSerializer, PrettyJSONSerializer, YAMLSerializer)
}
