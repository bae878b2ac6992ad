"""Room: plain data <-> YAML. No Python tag is ever written, and none is ever executed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from ..errors import CassetteLoadError

if TYPE_CHECKING:
    from yaml import SafeDumper as Dumper
    from yaml import SafeLoader as Loader
else:
    # libyaml's classes when PyYAML was built with it: the same result, several times faster.
    Dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

WIDE = 2**31 - 1  # lines are never folded: a folded line cannot be read in a diff


class _Dumper(Dumper):
    """Text of several lines as a block, nothing by reference."""

    def ignore_aliases(self, _: Any) -> bool:
        return True


def _represent_text(dumper: Dumper, text: str) -> yaml.ScalarNode:
    # Where a block cannot hold the text exactly (tabs, control characters), the emitter falls back to quotes.
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if _fits_a_block(text) else None)


def _fits_a_block(text: str) -> bool:
    # YAML 1.1 also breaks lines at these; a block would turn them into plain line feeds.
    return "\n" in text and not any(mark in text for mark in "\r\x85\u2028\u2029")


_Dumper.add_representer(str, _represent_text)


class _Loader(Loader):
    """Plain data, and the tags that old VCR.py cassettes carry, read as what they stand for, never constructed."""


def serialize(cassette_dict: dict[str, Any]) -> str:
    """The cassette as YAML."""
    text: str = yaml.dump(
        cassette_dict, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=WIDE, default_flow_style=False
    )
    return text


def deserialize(cassette_string: str) -> Any:
    """The plain data in a YAML cassette. Raises CassetteLoadError with the line when it is not YAML."""
    try:
        return yaml.load(cassette_string, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = mark.line + 1 if mark is not None else None
        raise CassetteLoadError(f"not readable as YAML: {error.problem}", line=line) from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise CassetteLoadError(f"not readable as YAML: {error}") from error
