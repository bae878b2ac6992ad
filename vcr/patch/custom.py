"""Turns a cassette's ``custom_patches`` into replacements. It must not know which cassette is current."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from types import new_class

from .._engine.cassette import Cassette
from ..stubs import VCRConnection
from .replace import Replacement


def custom_replacements(cassette: Cassette) -> Iterator[Replacement]:
    """The replacements that the cassette's ``custom_patches`` ask for. Instead of a stub class, a subclass whose
    attribute ``cassette`` is this cassette is put in place, as VCR.py does.

    Two kinds are left out, because the connections become stubs without them: vcr's own stub in the place of a
    connection class, and any stub in the place of a class in ``http.client``, whose code finds its base classes by
    those names.
    """
    own: dict[type, type] = {}
    for owner, name, new in cassette.custom_patches:
        if not (isinstance(new, type) and issubclass(new, VCRConnection)):
            yield Replacement(owner, name, new)
        elif not _is_stubbed_anyway(owner, getattr(owner, name, None), new):
            own.setdefault(new, _own(new, cassette))
            yield Replacement(owner, name, own[new])


def _own(stub: type[VCRConnection], cassette: Cassette) -> type:
    names = {"__module__": stub.__module__, "cassette": cassette}
    return new_class(stub.__name__, (stub,), exec_body=lambda namespace: namespace.update(names))


def _is_stubbed_anyway(owner: object, there: object, new: type[VCRConnection]) -> bool:
    is_connection = isinstance(there, type) and issubclass(there, http.client.HTTPConnection)
    return is_connection and (owner is http.client or new.__module__.startswith(VCRConnection.__module__))
