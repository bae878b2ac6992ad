"""Opens the same cassette in a process that was started inside it, or one that refuses every request; or enters the
same block of the network."""

from __future__ import annotations

from contextlib import suppress

from .. import _children
from .._context import Opening
from .._shared import BLOCK, Shared
from ..cassette import Cassette

_openings: list[Opening] = []


def join(option: str, directory: str) -> None:
    """Take part in the cassette, or the block, for as long as it is open in the parent. ``option``: what becomes of
    this process."""
    shared = Shared(directory)
    if option == BLOCK:
        from .block import Inherited  # (a cassette alone does not need it)

        with suppress(FileNotFoundError):  # it is over
            Inherited(shared).__enter__()
        return
    opening = Opening(_cassette(option, shared))
    _openings.append(opening)  # for good: there is no block to leave
    opening.begin()


def _cassette(option: str, shared: Shared) -> Cassette:
    path, reason = "", ""
    cassette: Cassette | None = None
    try:
        path, reason = shared.outline()
        if not reason:
            cassette = shared.cassette()
    except Exception as error:  # noqa: BLE001  (unpickling imports what the program has written)
        reason = f"one of the cassette's options is not found here ({type(error).__name__}: {error})"
    if cassette is None:
        cassette = Cassette(path)
        _children.make_refusing(cassette, f"cannot take part in it: {reason}", shared)
    elif option == "refuse":
        _children.make_refusing(cassette, _children.REFUSED_BY_OPTION, shared)
    else:
        _children.make_joined(cassette, shared)
    cassette.child_processes = option  # for processes that this one starts
    return cassette
