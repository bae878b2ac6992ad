"""Room: what VCR.py's users import from ``vcr.patch``, and what becomes of ``custom_patches``."""

from __future__ import annotations

import http.client
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from types import new_class
from typing import Any

from .. import active
from ..cassette import Cassette
from ..stubs import VCRConnection
from . import install, uninstall
from .replace import Replacement

#: No cassette is current inside: requests reach the network and are not recorded.
force_reset = active.outside


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


def _is_stubbed_anyway(owner: Any, there: Any, new: type[VCRConnection]) -> bool:
    is_connection = isinstance(there, type) and issubclass(there, http.client.HTTPConnection)
    return is_connection and (owner is http.client or new.__module__.startswith(VCRConnection.__module__))


class CassettePatcherBuilder:
    """What puts a cassette that was opened by hand in place: enter each of the contexts that ``build`` gives."""

    def __init__(self, cassette: Cassette) -> None:
        self._cassette = cassette

    def build(self) -> Iterable[AbstractContextManager[Any]]:
        """One context, in which the cassette is current."""
        return (_in_place(self._cassette),)


@contextmanager
def _in_place(cassette: Cassette) -> Iterator[None]:
    with ExitStack() as undo:
        install()
        undo.callback(uninstall)
        for replacement in custom_replacements(cassette):
            replacement.apply()
            undo.callback(replacement.revert)
        undo.callback(active.leave, active.enter(cassette))
        yield
