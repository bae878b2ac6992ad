"""VCR.py's names in ``vcr.patch``, for programs that open a cassette by hand."""

from __future__ import annotations

import http.client
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

from .. import active
from ..cassette import Cassette
from ..patch import install, uninstall
from ..patch.custom import custom_replacements

_HTTPConnection = http.client.HTTPConnection
_HTTPSConnection = http.client.HTTPSConnection

#: No cassette is current inside: requests reach the network and are not recorded.
force_reset = active.outside


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
        install(cassette.skip_patchers)
        undo.callback(uninstall)
        for replacement in custom_replacements(cassette):
            replacement.apply()
            undo.callback(replacement.revert)
        undo.callback(active.leave, active.enter(cassette))
        yield
