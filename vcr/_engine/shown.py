"""A text as a person sees it, in a log or in an error: without secrets. It must not know what the secrets are."""

from __future__ import annotations

import re
from collections.abc import Callable

_USERINFO = re.compile(r"://[^/?#\s]+@")


class Shown:
    """Stands for a value in the arguments of a log record; its text is made when somebody reads it."""

    __slots__ = ("_mask", "_value")

    def __init__(self, value: object, mask: Callable[[str], str]) -> None:
        self._value = value
        self._mask = mask

    def __str__(self) -> str:
        return _USERINFO.sub("://***@", self._mask(str(self._value)))

    __repr__ = __str__
