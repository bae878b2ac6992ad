"""What stands for ``http.client``'s response behind a response made by hand: requests reads its cookies from there."""

from __future__ import annotations

from collections.abc import Mapping
from email.message import Message


class MockHTTPResponse:
    """A response's header fields (``msg``), open until it is closed. ``headers``: urllib3's ``HTTPHeaderDict``."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self.msg = Message()
        for name, value in headers.items():
            self.msg[name] = value
        self._closed = False

    def isclosed(self) -> bool:
        """Whether it has been closed."""
        return self._closed

    def close(self) -> None:
        """Close it."""
        self._closed = True
