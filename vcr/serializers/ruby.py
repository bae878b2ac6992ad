"""Room: plain data <-> the YAML of Ruby VCR, for Ruby's parser. What is read may be any cassette in YAML or JSON."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any

import yaml

from ..formats import ruby
from .yamlserializer import PlainDumper, deserialize, dump, represent_text

__all__ = ["deserialize", "serialize"]

#: Text that Ruby's parser takes for nothing else when it stands without quotes: not for a number (``1,000``), a symbol
#: (``:get``), a date …
_PLAIN = re.compile(r"(?!(?:true|false|yes|no|on|off|null|y|n)$)[a-z/].*", re.IGNORECASE | re.DOTALL)


class _Dumper(PlainDumper):
    """Strings and bytes as Ruby knows them."""


def _represent_text(dumper: PlainDumper, text: str) -> yaml.ScalarNode:
    node = represent_text(dumper, text)
    if node.style is None and not _PLAIN.fullmatch(text):
        node.style = "'"
    return node


def _represent_bytes(dumper: PlainDumper, content: bytes) -> yaml.ScalarNode:
    return dumper.represent_scalar("!binary", base64.encodebytes(content).decode("ascii"), style="|")


_Dumper.add_representer(str, _represent_text)
_Dumper.add_representer(bytes, _represent_bytes)


def serialize(cassette_dict: Mapping[str, Any]) -> str:
    """The cassette as Ruby VCR's YAML, in its order."""
    return "---\n" + dump(ruby.write(cassette_dict), _Dumper, sort=False)
