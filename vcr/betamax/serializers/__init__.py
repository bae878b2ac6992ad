"""Betamax's serializers, by name. Their data is Betamax's dictionary.

``json`` is Betamax's compact format, ``prettyjson`` that of betamax-serializers, ``yaml`` VCR.py's format as ``vcr``
writes it. Whatever is written, each reads every format. A file that cannot be read is an error, never empty.
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

#: What ``serialize_with`` may name.
serializer_registry: dict[str, BaseSerializer] = {
    str(cls.name): cls() for cls in (JSONSerializer, PrettyJSONSerializer, YAMLSerializer)
}
