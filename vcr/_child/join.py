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
    """Take part in the parent's cassette or block until the parent ends it.

    ``option``: ``child_processes`` of the cassette, or ``block``. ``directory``: the path of the shared directory.
    """
    shared = Shared(directory)
    if option == BLOCK:
        from .block import Inherited  # (a cassette alone does not need it)

        with suppress(FileNotFoundError):  # the parent has ended the block
            Inherited(shared).__enter__()
        return
    opening = Opening(_cassette(option, shared))
    _openings.append(opening)  # kept until the process ends
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
