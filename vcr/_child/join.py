"""Opens the same cassette in a process that was started inside it, or one that refuses every request."""

from __future__ import annotations

from .. import _children
from .._context import Opening
from ..cassette import Cassette

_openings: list[Opening] = []


def join(option: str, directory: str) -> None:
    """Take part in the cassette, for as long as it is open in the parent. ``option``: its ``child_processes``."""
    opening = Opening(_cassette(option, _children.Shared(directory)))
    _openings.append(opening)  # for good: there is no block to leave
    opening.begin()


def _cassette(option: str, shared: _children.Shared) -> Cassette:
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
