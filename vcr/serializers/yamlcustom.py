"""A serializer that reads and writes Python objects with tags that a program chooses. It must not know what the data
means.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import yaml
from yaml.constructor import SafeConstructor
from yaml.representer import Representer, SafeRepresenter

from .yamlreader import read
from .yamltypes import TAGS, Tag
from .yamlwriter import PlainDumper, dump, represent_plain


class CustomTagSerializer:
    """The serializer that ``with_custom_tags`` returns."""

    def __init__(self, constructors: Mapping[str, Callable[..., object]]) -> None:
        class CustomDumper(PlainDumper):
            pass

        class CustomConstructor(_Constructor):
            pass

        def represent(dumper: Any, value: object) -> yaml.Node:
            node = Representer.represent_object(dumper, value)
            return node if node.tag in constructors else represent_plain(dumper, value)

        CustomDumper.add_multi_representer(object, represent)
        for tag, constructor in constructors.items():
            CustomConstructor.add_constructor(tag, constructor)
        self._dumper = CustomDumper
        self._tags: dict[str, Tag] = {
            **TAGS,
            **{tag: partial(_construct, CustomConstructor, tag) for tag in constructors},
        }

    def serialize(self, cassette_dict: Mapping[str, object]) -> str:
        """The cassette as YAML, with the objects of the custom tags."""
        return dump(cassette_dict, self._dumper)

    def deserialize(self, cassette_string: str) -> object:
        """The data in a YAML cassette, with the objects of the custom tags."""
        return read(cassette_string, self._tags)


class _Nodes(SafeRepresenter):
    """Turns data into the nodes that PyYAML's constructors ask for. An object that has been made goes into its node."""


class _Constructor(SafeConstructor):
    """The loader that a constructor of the user's is called with."""


_MADE = "!made"
_Nodes.add_multi_representer(object, lambda _, made: yaml.ScalarNode(_MADE, made))
_Constructor.add_constructor(_MADE, lambda _, node: node.value)


def _construct(constructor: type[SafeConstructor], tag: str, data: object) -> object:
    node = _Nodes().represent_data(data)
    node.tag = tag
    return constructor().construct_document(node)
