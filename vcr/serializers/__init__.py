"""Room: plain data <-> text. A serializer has ``serialize(dict) -> str`` and ``deserialize(str) -> dict``."""
