"""Turns a cassette's ``custom_patches`` into replacements. It must not know which cassette is current."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from types import new_class

from .._engine.cassette import Cassette
from ..stubs import VCRConnection
from .replace import Replacement


def custom_replacements(cassette: Cassette) -> Iterator[Replacement]:
    """The cassette's ``custom_patches``; each stub class among them as one of this cassette's own (as in VCR.py).

    Two are left out, for nothing is won by them. A stub of ours in the place of a connection class: that one becomes
    a stub by itself, and stays what it is. And ``http.client``'s own names: its code looks them up at each call, to
    find its base class.
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
