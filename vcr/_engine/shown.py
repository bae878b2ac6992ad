"""A text as a log or an error shows it: without secrets. It must not know which texts are secrets."""

from __future__ import annotations

import re
from collections.abc import Callable

_USERINFO = re.compile(r"://[^/?#\s]+@")


class Shown:
    """An argument of a log record or a message. The text of ``value``, without secrets, is made when somebody reads
    it."""

    __slots__ = ("_mask", "_value")

    def __init__(self, value: object, mask: Callable[[str], str]) -> None:
        self._value = value
        self._mask = mask

    def __str__(self) -> str:
        return _USERINFO.sub("://***@", self._mask(str(self._value)))

    __repr__ = __str__
