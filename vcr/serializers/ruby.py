"""Writes the YAML of Ruby VCR, for Ruby's parser. It reads any cassette that is in YAML or JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..formats import ruby
from .yamlserializer import PlainDumper, deserialize, dump

__all__ = ["deserialize", "serialize"]

#: Text that Ruby's parser takes for nothing else when it stands without quotes: not for a number (``1,000``), a symbol
#: (``:get``), a date …
_PLAIN = re.compile(r"(?!(?:true|false|yes|no|on|off|null|y|n)$)[a-z/].*", re.IGNORECASE | re.DOTALL)


class _Dumper(PlainDumper):
    """Strings and bytes as Ruby knows them."""

    binary = "!binary"

    @staticmethod
    def stands_unquoted(text: str) -> bool:
        """Whether Ruby's parser takes it for nothing else."""
        return _PLAIN.fullmatch(text) is not None and PlainDumper.stands_unquoted(text)


def serialize(cassette_dict: Mapping[str, Any]) -> str:
    """The cassette as Ruby VCR's YAML, in its order."""
    return "---\n" + dump(ruby.write(cassette_dict), _Dumper, sort=False)
