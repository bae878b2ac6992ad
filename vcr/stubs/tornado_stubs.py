"""VCR.py's name in its stub of tornado. This package itself does not need it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .._vcrpy import is_leftover
from .._vcrpy.patch import in_place

if TYPE_CHECKING:
    from ..cassette import Cassette


def vcr_fetch_impl(cassette: Cassette, real_fetch_impl: Callable[..., None]) -> Callable[..., None]:
    """A method for one of tornado's clients that calls ``real_fetch_impl`` inside ``cassette``."""

    @functools.wraps(real_fetch_impl)
    def fetch_impl(self: Any, request: Any, callback: Callable[..., None]) -> None:
        if hasattr(self, "_multi"):
            from .tornado_curl import fetch_door
        else:
            from .tornado import fetch_door
        with in_place(cassette):
            fetch_door(real_fetch_impl)(self, request, callback)

    return fetch_impl


is_leftover("stubs.tornado_stubs")
